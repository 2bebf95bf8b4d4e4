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
	stop      int // no element that starts at or behind this place in buf is read
	anomalies []Anomaly
	dropped   int
	malformed *Malformed
}

func newParser(buf []byte, base int) parser {
	return parser{buf: buf, base: base, stop: int(^uint(0) >> 1)}
}

// all is a reader over everything that p holds, with lack bytes missing behind it.
func (p *parser) all(lack int) reader { return reader{end: len(p.buf), lack: lack} }

// Places (pos, end, off, stop) are counted in buf; what is reported, in the message.

func (p *parser) note(off int, what string) { p.noteAt(p.base+off, what) }

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
	p.stop = min(p.stop, stop)
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

// A reader walks the elements of one BER value. It is a small value: copying
// it remembers a position.
type reader struct {
	pos, end int // what is left, as far as it is there
	lack     int // bytes that the lengths promise behind end but that are not there
}

func (r *reader) len() int { return r.end - r.pos }

// An element is one identifier, length and contents.
type element struct {
	id   byte
	off  int // of the identifier
	body reader
}

// cut says that not all contents of e are there.
func (e *element) cut() bool { return e.body.lack > 0 }

// bytes are what is left of r.
func (p *parser) bytes(r reader) []byte { return p.buf[r.pos:r.end:r.end] }

// peek is the identifier of the next element, 0 when there is none.
func (p *parser) peek(r reader) byte {
	if r.pos < r.end {
		return p.buf[r.pos]
	}
	return 0
}

// next reads one element. It returns false at the end of r, where the message
// was cut before the element's length, and where nothing can be read on; only
// in the last case a failure is recorded. The contents of an element that runs
// past the end of r are clipped.
func (r *reader) next(p *parser) (e element, ok bool) {
	b := p.buf[r.pos:r.end]
	if len(b) == 0 || r.pos >= p.stop {
		return e, false
	}
	e.id, e.off = b[0], r.pos
	var h, n int
	if len(b) > 1 && b[1] < 0x80 && b[0]&0x1f != 0x1f && b[0] != 0 {
		h, n = 2, int(b[1]) // by far the most common
	} else {
		var form lengthForm
		h, n, form = header(b)
		if form != lengthShort {
			if e, ok, done := r.odd(p, h, form); done {
				return e, ok
			}
		}
		if e.id == 0 {
			p.fail(r.pos, r.pos, "end-of-contents without an indefinite length")
			return e, false
		}
	}
	at, have := r.pos+h, len(b)-h
	if n <= have {
		e.body = reader{pos: at, end: at + n}
		r.pos = at + n
		return e, true
	}
	if n-have > r.lack {
		p.fail(r.pos, r.end, "length %d runs %d bytes past the end of what holds it", n, n-have-r.lack)
	}
	e.body = reader{pos: at, end: r.end, lack: n - have}
	r.pos = r.end
	return e, true
}

// odd deals with a length that is not definite and in its shortest form; done
// when there is no more to do.
func (r *reader) odd(p *parser, h int, form lengthForm) (e element, ok, done bool) {
	switch form {
	case lengthPadded:
		p.note(r.pos, "length is not in its shortest form")
		return e, false, false
	case lengthIndefinite:
		e, ok = r.indefinite(p, h)
		return e, ok, true
	case lengthCut:
		if r.lack == 0 {
			p.fail(r.pos, r.pos, "element header runs past the end of what holds it")
		}
		r.pos = r.end
	default:
		p.fail(r.pos, r.pos, "%s", form)
	}
	return e, false, true
}

// indefinite reads an element of indefinite length whose header has h bytes.
func (r *reader) indefinite(p *parser, h int) (e element, ok bool) {
	e.id, e.off = p.buf[r.pos], r.pos
	if e.id&constructed == 0 {
		p.fail(r.pos, r.pos, "indefinite length of a primitive element")
		return e, false
	}
	p.note(r.pos, "indefinite length")
	at := r.pos + h
	n, found, why := contents(p.buf[at:r.end])
	if found {
		e.body = reader{pos: at, end: at + n}
		r.pos = at + n + 2
		return e, true
	}
	e.body = reader{pos: at, end: r.end, lack: r.lack}
	if why != "" || r.lack == 0 {
		if why == "" {
			why = "indefinite length without its end"
		}
		p.fail(r.pos, r.end, "%s", why)
		e.body.lack = 1
	}
	r.pos = r.end
	return e, true
}

// Forms of a length that header tells.
type lengthForm string

const (
	lengthShort      lengthForm = ""
	lengthPadded     lengthForm = "padded"
	lengthIndefinite lengthForm = "indefinite"
	lengthCut        lengthForm = "cut"
	lengthReserved   lengthForm = "length octet 0xff is reserved"
	lengthHuge       lengthForm = "length over 2^31"
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
	if v > 1<<31-1 {
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
