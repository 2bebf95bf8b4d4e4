package krb5

// An Opt is a value that the wire may not carry: absent is not zero.
type Opt[T any] struct {
	V  T    // meaningless unless OK
	OK bool // on the wire, and readable
}

// Get returns the value and whether it was there.
func (o Opt[T]) Get() (T, bool) { return o.V, o.OK }

func some[T any](v T) Opt[T] { return Opt[T]{v, true} }

// fields walks the explicitly tagged fields of a SEQUENCE. Fields that come
// twice are passed over, fields out of order are noted.
type fields struct {
	r    reader
	seen uint32
	name string // of the SEQUENCE, for anomalies
}

func (f *fields) next(p *parser) (e element, ok bool) {
	for {
		e, ok = f.r.next(p)
		if !ok {
			return e, false
		}
		if e.id&0xe0 != 0xa0 || e.id&0x1f == 0x1f {
			p.notef(e.off, "%s: element 0x%02x is no field", f.name, e.id)
			continue
		}
		bit := uint32(1) << (e.id & 0x1f)
		if f.seen&bit != 0 {
			p.notef(e.off, "%s: field [%d] a second time", f.name, e.id&0x1f)
			continue
		}
		if f.seen > bit {
			p.notef(e.off, "%s: field [%d] out of order", f.name, e.id&0x1f)
		}
		f.seen |= bit
		return e, true
	}
}

// unknown notes a field that the RFC does not have.
func (f *fields) unknown(p *parser, e element) {
	p.notef(e.off, "%s: unknown field [%d]", f.name, e.id&0x1f)
}

// each walks the fields, as next does: for what a key opened. The wire's own messages are read with
// next, which the compiler keeps in registers.
func (f *fields) each(p *parser) func(yield func(element) bool) {
	return func(yield func(element) bool) {
		for {
			e, ok := f.next(p)
			if !ok || !yield(e) {
				return
			}
		}
	}
}

// want notes the mandatory fields (a bit mask by tag number) that did not come
// although the whole SEQUENCE was read.
func (f *fields) want(p *parser, mask uint32) {
	missing := mask &^ f.seen
	if missing == 0 || p.cut(f.r) || p.malformed != nil {
		return
	}
	for n := 0; n < 32; n++ {
		if missing&(1<<n) != 0 {
			p.notef(f.r.pos, "%s: mandatory field [%d] is missing", f.name, n)
		}
	}
}

// inner reads the one element that an explicit tag wraps.
func (p *parser) inner(e element, name string) (in element, ok bool) {
	r := e.body
	in, ok = r.next(p)
	if !ok {
		if p.rest(e.body) == 0 && !p.cut(e.body) {
			p.notef(e.off, "%s: empty field", name)
		}
		return in, false
	}
	if p.rest(r) > 0 {
		p.notef(r.pos, "%s: %d trailing bytes", name, p.rest(r))
	}
	return in, true
}

// plain are the contents of the element that e wraps, if that is of type id and
// nothing about it is to be noted: it is there in full, alone, and short. Nil
// says that it has to be read as any other.
func (p *parser) plain(e element, id byte) []byte {
	pos, end := e.body.pos, e.body.end
	if end > p.avail || end > len(p.buf) || end-pos < 3 {
		return nil
	}
	b := p.buf[pos:end:end]
	if b[0] != id || b[1] >= 0x80 || int(b[1]) != len(b)-2 {
		return nil
	}
	return b[2:]
}

// plainInteger is a plain INTEGER of up to 32 bits.
func (p *parser) plainInteger(e element) (v int32, ok bool) {
	b := p.plain(e, idInteger)
	if len(b) == 0 || len(b) > 4 {
		return 0, false
	}
	v = int32(int8(b[0]))
	if len(b) > 1 {
		if v == int32(int8(b[1]))>>7 {
			return 0, false // not in its shortest form
		}
		for _, c := range b[1:] {
			v = v<<8 | int32(c)
		}
	}
	return v, true
}

func (p *parser) typed(e element, id byte, name string) (in element, ok bool) {
	in, ok = p.inner(e, name)
	if ok && in.id != id {
		p.notef(in.off, "%s: element 0x%02x where 0x%02x should be", name, in.id, id)
		return in, false
	}
	return in, ok
}

// sequence opens the SEQUENCE in the explicitly tagged e.
func (p *parser) sequence(e element, name string) (fields, bool) {
	in, ok := p.typed(e, idSequence, name)
	return fields{r: in.body, name: name}, ok
}

// integer reads INTEGER contents of up to 64 bits.
func (p *parser) integer(in element, name string) (v int64, ok bool) {
	if in.id != idInteger {
		p.notef(in.off, "%s: element 0x%02x where an INTEGER should be", name, in.id)
		return 0, false
	}
	b := p.bytes(in.body)
	if p.cut(in.body) {
		return 0, false
	}
	if len(b) == 0 || len(b) > 8 {
		p.notef(in.off, "%s: INTEGER of %d bytes", name, len(b))
		return 0, false
	}
	if len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
		p.notef(in.off, "%s: INTEGER is not in its shortest form", name)
	}
	v = int64(int8(b[0]))
	for _, c := range b[1:] {
		v = v<<8 | int64(c)
	}
	return v, true
}

func (p *parser) int32Of(in element, name string) (o Opt[int32]) {
	v, ok := p.integer(in, name)
	if !ok {
		return o
	}
	if v != int64(int32(v)) {
		if v < 0 || v > 1<<32-1 {
			p.notef(in.off, "%s: INTEGER beyond 32 bits", name)
			return o
		}
		p.notef(in.off, "%s: unsigned INTEGER where a signed one should be", name)
	}
	return some(int32(v))
}

// int32 reads an Int32, RFC 4120 §5.2.4.
func (p *parser) int32(e element, name string) (o Opt[int32]) {
	if v, ok := p.plainInteger(e); ok {
		return some(v)
	}
	if in, ok := p.inner(e, name); ok {
		return p.int32Of(in, name)
	}
	return o
}

// uint32 reads a UInt32, RFC 4120 §5.2.4. A negative INTEGER is its 32-bit
// two's complement, as RODCs send a kvno ([MS-KILE] §3.1.5.8).
func (p *parser) uint32(e element, name string) (o Opt[uint32]) {
	if v, ok := p.plainInteger(e); ok {
		return some(uint32(v))
	}
	in, ok := p.inner(e, name)
	if !ok {
		return o
	}
	v, ok := p.integer(in, name)
	if !ok {
		return o
	}
	if v < -1<<31 || v > 1<<32-1 {
		p.notef(in.off, "%s: INTEGER beyond 32 bits", name)
		return o
	}
	return some(uint32(v))
}

// boolean reads a BOOLEAN.
func (p *parser) boolean(e element, name string) (o Opt[bool]) {
	in, ok := p.typed(e, idBoolean, name)
	if !ok || p.cut(in.body) {
		return o
	}
	if p.rest(in.body) != 1 {
		p.notef(in.off, "%s: BOOLEAN of %d bytes", name, p.rest(in.body))
		return o
	}
	return some(p.buf[in.body.pos] != 0)
}

// flags reads KerberosFlags, RFC 4120 §5.2.8: bit 0 is the highest of the
// 32 returned; bits behind the 32nd are dropped.
func (p *parser) flags(e element, name string) (o Opt[uint32]) {
	if in, ok := p.typed(e, idBitString, name); ok {
		return p.flagsOf(in, name)
	}
	return o
}

// flagsOf reads the contents of KerberosFlags.
func (p *parser) flagsOf(in element, name string) (o Opt[uint32]) {
	if p.cut(in.body) {
		return o
	}
	b := p.bytes(in.body)
	if len(b) == 0 || b[0] > 7 || len(b) == 1 && b[0] != 0 {
		p.notef(in.off, "%s: not a BIT STRING", name)
		return o
	}
	if len(b) != 5 {
		p.notef(in.off, "%s: %d bytes of flags, not 4", name, len(b)-1)
	}
	var v uint32
	for i := 1; i < len(b) && i < 5; i++ {
		v |= uint32(b[i]) << (32 - 8*i)
	}
	return some(v)
}

// octets reads an OCTET STRING; cut says that only its start is there.
func (p *parser) octets(e element, name string) (b []byte, off int, cut bool) {
	in, ok := p.inner(e, name)
	if !ok {
		return nil, 0, p.cut(e.body)
	}
	switch in.id {
	case idOctetString:
		return p.bytes(in.body), in.body.pos, p.cut(in.body)
	case idOctetString | constructed:
		return p.joined(in, name)
	}
	p.notef(in.off, "%s: element 0x%02x where an OCTET STRING should be", name, in.id)
	return nil, 0, false
}

// joined puts together an OCTET STRING in segments (X.690 §8.7.3), one level deep.
// Offsets within it are those of the first segment.
func (p *parser) joined(in element, name string) (b []byte, off int, cut bool) {
	p.notef(in.off, "%s: OCTET STRING in segments", name)
	b = make([]byte, 0, p.rest(in.body))
	off = in.body.pos
	r := in.body
	for {
		seg, ok := r.next(p)
		if !ok {
			return b, off, cut || p.cut(in.body)
		}
		if seg.id != idOctetString {
			p.notef(seg.off, "%s: element 0x%02x in an OCTET STRING", name, seg.id)
			continue
		}
		if len(b) == 0 {
			off = seg.body.pos
		}
		b = append(b, p.bytes(seg.body)...)
		cut = cut || p.cut(seg.body)
	}
}

// textOf reads a KerberosString; nil when it is cut or no string at all.
func (p *parser) textOf(in element, name string) []byte {
	switch in.id {
	case idGeneralString:
	case idUTF8String, idVisibleString, idOctetString, 0x12, 0x13, 0x14, 0x16:
		p.notef(in.off, "%s: string type 0x%02x instead of GeneralString", name, in.id)
	default:
		p.notef(in.off, "%s: element 0x%02x where a GeneralString should be", name, in.id)
		return nil
	}
	if p.cut(in.body) {
		return nil
	}
	return p.bytes(in.body)
}

// text reads a KerberosString, RFC 4120 §5.2.1.
func (p *parser) text(e element, name string) []byte {
	if b := p.plain(e, idGeneralString); b != nil {
		return b
	}
	if in, ok := p.inner(e, name); ok {
		return p.textOf(in, name)
	}
	return nil
}

// time reads a KerberosTime, RFC 4120 §5.2.3, as seconds since 1970 UTC. A
// fraction, which the RFC forbids, is dropped; a missing Z is taken as UTC.
func (p *parser) time(e element, name string) (o Opt[int64]) {
	in, ok := p.typed(e, idGeneralizedTime, name)
	if !ok || p.cut(in.body) {
		return o
	}
	b := p.bytes(in.body)
	if len(b) < 14 {
		p.notef(in.off, "%s: not a KerberosTime", name)
		return o
	}
	var d [14]int
	for i := range d {
		if b[i] < '0' || b[i] > '9' {
			p.notef(in.off, "%s: not a KerberosTime", name)
			return o
		}
		d[i] = int(b[i] - '0')
	}
	year := d[0]*1000 + d[1]*100 + d[2]*10 + d[3]
	month, day := d[4]*10+d[5], d[6]*10+d[7]
	hour, minute, second := d[8]*10+d[9], d[10]*10+d[11], d[12]*10+d[13]
	if month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 {
		p.notef(in.off, "%s: not a KerberosTime", name)
		return o
	}
	rest := b[14:]
	if len(rest) > 0 && (rest[0] == '.' || rest[0] == ',') {
		n := 1
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		rest = rest[n:]
		p.notef(in.off, "%s: fraction of a second", name)
	}
	switch {
	case len(rest) == 0:
		p.notef(in.off, "%s: time without Z", name)
	case len(rest) > 1 || rest[0] != 'Z':
		p.notef(in.off, "%s: time not in UTC", name)
		return o
	}
	return some(int64(daysSince1970(year, month, day))*86400 + int64(hour*3600+minute*60+second))
}

// daysSince1970 counts in the proleptic Gregorian calendar. Years begin in
// March here, so that the leap day is the last of its year.
func daysSince1970(year, month, day int) int {
	if month < 3 {
		year, month = year-1, month+12
	}
	era := year
	if year < 0 {
		era -= 399
	}
	era /= 400
	yoe := year - era*400
	doy := (153*(month-3)+2)/5 + day - 1
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}

// int32s reads a SEQUENCE OF Int32 in order, repeats kept. A list that is cut
// or holds something else is absent: half a list would tell something false.
func (p *parser) int32s(e element, name string) []int32 {
	in, ok := p.typed(e, idSequence, name)
	if !ok || p.cut(in.body) {
		return nil
	}
	return p.int32sOf(in.body, name)
}

func (p *parser) int32sOf(r reader, name string) []int32 {
	list, n := p.room.int32s, min(p.rest(r)/3, maxList)
	if p.room.int32s = nil; n > cap(list) || n == 0 {
		list = make([]int32, 0, n)
	}
	for p.rest(r) > 0 {
		if len(list) == maxList {
			p.notef(r.pos, "%s: more than %d entries", name, maxList)
			return list
		}
		in, ok := r.next(p)
		if !ok {
			return nil
		}
		v := p.int32Of(in, name)
		if !v.OK {
			return nil
		}
		list = append(list, v.V)
	}
	return list
}
