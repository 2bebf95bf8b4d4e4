package krb5

import "fmt"

// Limits on what one message may make us do, whatever it claims.
const (
	maxAnomalies = 16   // kept; further ones are counted in one last entry
	maxOpen      = 32   // indefinite lengths open within each other
	maxList      = 1024 // elements of one SEQUENCE OF
	maxTickets   = 32   // tickets of one message; a ticket struct is large
)

// Identifier octets used by Kerberos (X.690 §8.1.2). Context tags are ctx(n).
const (
	idBoolean         = 0x01
	idInteger         = 0x02
	idBitString       = 0x03
	idOctetString     = 0x04
	idOID             = 0x06
	idEnumerated      = 0x0a
	idUTF8String      = 0x0c
	idNumericString   = 0x12
	idVisibleString   = 0x1a
	idGeneralString   = 0x1b
	idGeneralizedTime = 0x18
	idSequence        = 0x30
	idSet             = 0x31

	constructed = 0x20
)

// ctx is the identifier octet of the explicit context tag [n].
func ctx(n byte) byte { return 0xa0 | n }

// app is the identifier octet of the explicit tag [APPLICATION n], n < 31.
func app(n byte) byte { return 0x60 | n }

// An Anomaly is something readable that is not as it should be: a length in a
// form that DER forbids, an unknown field, trailing bytes, a cut message.
type Anomaly struct {
	Offset int    // byte in the message, from its first
	What   string // ASCII, no bytes of the message in it
}

// Malformed says why a message could not be read on. What was read before the
// byte, and within the element that starts there, stands.
type Malformed struct {
	Offset int
	What   string
}

// A parser holds the bytes of one message, or of one value encapsulated in
// it, and collects what is wrong with them while readers walk them.
type parser struct {
	buf       []byte
	base      int // offset of buf[0] in the message
	avail     int // end of what can be read in buf: where it was cut, or where reading failed
	anomalies []Anomaly
	dropped   int
	malformed *Malformed
	room      room
}

// A room is memory beside the struct that is read into, so that a message takes
// one allocation: for the first list of each kind, and for one AP-REQ.
type room struct {
	padata    []PAData
	int32s    []int32
	addresses []HostAddress
	apReq     *APReq
}

func newParser(buf []byte, base int) parser {
	return parser{buf: buf, base: base, avail: len(buf)}
}

// Places (pos, end, off, avail) are counted in buf; what is reported, in the message.

// all is a reader over everything that p holds. With cut, any number of bytes
// is missing behind it.
func (p *parser) all(cut bool) reader {
	if cut {
		return reader{end: len(p.buf) + 2*maxLength}
	}
	return reader{end: len(p.buf)}
}

func (p *parser) note(off int, what string) { p.noteAt(p.base+min(off, len(p.buf)), what) }

func (p *parser) noteAt(off int, what string) {
	if len(p.anomalies) >= maxAnomalies {
		p.dropped++
		return
	}
	p.anomalies = append(p.anomalies, Anomaly{off, what})
}

func (p *parser) notef(off int, format string, args ...any) {
	if len(p.anomalies) >= maxAnomalies {
		p.dropped++
		return
	}
	p.note(off, fmt.Sprintf(format, args...))
}

// fail ends reading at stop. The first failure is the one reported.
func (p *parser) fail(off, stop int, format string, args ...any) {
	if p.malformed == nil {
		p.malformed = &Malformed{p.base + off, fmt.Sprintf(format, args...)}
	}
	p.avail = min(p.avail, stop)
}

// found returns the anomalies, with one more for those beyond the limit.
func (p *parser) found() []Anomaly {
	if p.dropped > 0 {
		last := p.anomalies[len(p.anomalies)-1].Offset
		p.anomalies = append(p.anomalies, Anomaly{last, fmt.Sprintf("and %d more anomalies", p.dropped)})
		p.dropped = 0
	}
	return p.anomalies
}

// adopt takes over what was found in a value that is encapsulated in this
// message. A failure in there does not end the reading out here.
func (p *parser) adopt(sub *parser, where string) {
	for _, a := range sub.found() {
		p.noteAt(a.Offset, where+": "+a.What)
	}
	if m := sub.malformed; m != nil {
		p.noteAt(m.Offset, where+": malformed: "+m.What)
	}
}

// A reader walks the elements of one BER value: what is left of it, by the
// lengths that are claimed, which may be more than what is there. It is a small value (the
// compiler keeps it in registers); copying it remembers a position.
type reader struct {
	pos, end int
}

// An element is one identifier, length and contents.
type element struct {
	id   byte
	off  int // of the identifier
	body reader
}

// cut says that not all of r is there.
func (p *parser) cut(r reader) bool { return r.end > p.avail }

// rest is the number of bytes that are left of r and there.
func (p *parser) rest(r reader) int { return max(0, min(r.end, p.avail)-r.pos) }

// bytes are what is left of r and there.
func (p *parser) bytes(r reader) []byte {
	end := r.pos + p.rest(r)
	return p.buf[r.pos:end:end]
}

// peek is the identifier of the next element, 0 when there is none.
func (p *parser) peek(r reader) byte {
	if p.rest(r) > 0 {
		return p.buf[r.pos]
	}
	return 0
}

// next reads one element. It returns false at the end of r, where the message
// was cut before the element's length, and where nothing can be read on; only
// in the last case a failure is recorded. Of an element that runs past the end of r, what
// is in r can still be read.
func (r *reader) next(p *parser) (e element, ok bool) {
	pos, end := r.pos, min(r.end, p.avail)
	if pos >= end || end > len(p.buf) {
		return element{}, false
	}
	b := p.buf[pos:end]
	if len(b) < 2 || b[0]&0x1f == 0x1f || b[0] == 0 {
		return r.long(p, b)
	}
	body, n := pos+2, int(b[1])
	if n >= 0x80 {
		switch {
		case n == 0x82 && len(b) >= 4 && b[2] != 0:
			body, n = pos+4, int(b[2])<<8|int(b[3])
		case n == 0x81 && len(b) >= 3 && b[2] >= 0x80:
			body, n = pos+3, int(b[2])
		default:
			return r.long(p, b)
		}
	}
	at := body + n
	if at > r.end {
		p.overrun(r, pos, at)
	}
	r.pos = min(at, r.end)
	return element{b[0], pos, reader{body, at}}, true
}

// long is next for what does not have a tag of one byte and a length of one
// byte, or of two or three in the shortest form.
func (r *reader) long(p *parser, b []byte) (e element, ok bool) {
	pos := r.pos
	h, n, form := header(b)
	switch form {
	case lengthShort:
	case lengthPadded:
		p.note(pos, "length is not in its shortest form")
	case lengthIndefinite:
		return r.indefinite(p, h)
	case lengthCut:
		if r.end <= p.avail {
			p.fail(pos, pos, "element header runs past the end of what holds it")
		}
		r.pos = r.end
		return e, false
	default:
		p.fail(pos, pos, "%s", form)
		return e, false
	}
	if b[0] == 0 {
		p.fail(pos, pos, "end-of-contents without an indefinite length")
		return e, false
	}
	at := pos + h + n
	if at > r.end {
		p.overrun(r, pos, at)
	}
	r.pos = min(at, r.end)
	return element{b[0], pos, reader{pos + h, at}}, true
}

// overrun records that the element at pos ends at end, behind the end of r.
// Nothing behind r can be trusted then.
func (p *parser) overrun(r *reader, pos, end int) {
	p.fail(pos, r.end, "element runs %d bytes past the end of what holds it", end-r.end)
}

// indefinite reads an element of indefinite length whose header has h bytes.
func (r *reader) indefinite(p *parser, h int) (e element, ok bool) {
	pos, end := r.pos, min(r.end, p.avail)
	if p.buf[pos]&constructed == 0 {
		p.fail(pos, pos, "indefinite length of a primitive element")
		return e, false
	}
	p.note(pos, "indefinite length")
	e = element{p.buf[pos], pos, reader{pos + h, r.end}}
	n, found, why := contents(p.buf[pos+h : end])
	if found {
		e.body.end = pos + h + n
		r.pos = pos + h + n + 2
		return e, true
	}
	if why == "" && r.end <= p.avail {
		why = "indefinite length without its end"
	}
	if why != "" {
		p.fail(pos, r.end, "%s", why)
		e.body.end = r.end + 1
	}
	r.pos = r.end
	return e, true
}

// maxLength is the greatest length believed in: places of elements are an int,
// of 32 bits too.
const maxLength = 1<<29 - 1

// Forms of a length that header tells.
type lengthForm string

const (
	lengthShort      lengthForm = ""
	lengthPadded     lengthForm = "padded"
	lengthIndefinite lengthForm = "indefinite"
	lengthCut        lengthForm = "cut"
	lengthReserved   lengthForm = "length octet 0xff is reserved"
	lengthHuge       lengthForm = "length over 2^29"
	tagHuge          lengthForm = "tag number over 2^28"
)

// header reads the identifier and length octets at the start of b: h of them,
// n bytes of contents promised.
func header(b []byte) (h, n int, form lengthForm) {
	if len(b) < 2 {
		return 0, 0, lengthCut
	}
	h = 1
	if b[0]&0x1f == 0x1f {
		for {
			if h == len(b) {
				return 0, 0, lengthCut
			}
			h++
			if b[h-1]&0x80 == 0 {
				break
			}
			if h > 4 {
				return 0, 0, tagHuge
			}
		}
		if h == len(b) {
			return 0, 0, lengthCut
		}
	}
	l := b[h]
	h++
	switch {
	case l < 0x80:
		return h, int(l), lengthShort
	case l == 0x80:
		return h, 0, lengthIndefinite
	case l == 0xff:
		return 0, 0, lengthReserved
	}
	k := int(l & 0x7f)
	if k > 8 {
		return 0, 0, lengthHuge
	}
	if len(b)-h < k {
		return 0, 0, lengthCut
	}
	var v uint64
	for _, c := range b[h : h+k] {
		v = v<<8 | uint64(c)
	}
	if v > maxLength {
		return 0, 0, lengthHuge
	}
	form = lengthShort
	if b[h] == 0 || v < 0x80 {
		form = lengthPadded
	}
	return h + k, int(v), form
}

// contents finds the end-of-contents octets that belong to an indefinite
// length whose contents start at b: n bytes before them.
func contents(b []byte) (n int, found bool, why string) {
	open := 1
	for n+2 <= len(b) {
		if b[n] == 0 && b[n+1] == 0 {
			if open--; open == 0 {
				return n, true, ""
			}
			n += 2
			continue
		}
		h, l, form := header(b[n:])
		switch form {
		case lengthShort, lengthPadded:
			if l > len(b)-n-h {
				return 0, false, ""
			}
			n += h + l
		case lengthIndefinite:
			if open++; open > maxOpen {
				return 0, false, "indefinite lengths nested too deep"
			}
			n += h
		case lengthCut:
			return 0, false, ""
		default:
			return 0, false, string(form)
		}
	}
	return 0, false, ""
}
