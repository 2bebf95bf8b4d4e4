package redact

import (
	"encoding/binary"
)

// kdc redacts a message behind its length of four bytes, RFC 4120 §7.2.2.
func (r *Redactor) kdc(b []byte, _ bool) int {
	if len(b) < 5 {
		return 0
	}
	n := int(binary.BigEndian.Uint32(b))
	if n > 1<<24 || !isMessage(b[4:min(4+n, len(b))]) {
		return 0
	}
	r.message(b[4:min(4+n, len(b))])
	return 4 + n
}

// bare redacts Kerberos messages with nothing around them, or little.
func (r *Redactor) bare(b []byte, up bool) int {
	if n := r.kdc(b, up); n > 0 {
		return n
	}
	if b[0]&0xe0 != 0x60 && b[0] != 0xa1 && b[0] != 0xa0 {
		return 0
	}
	e, ok := readElement(b)
	if !ok || e.size < 16 || len(e.body) == 0 || b[0]&0xe0 == 0x60 && b[0] != 0x60 && !isMessage(b[:e.size]) || e.body[0] != 0x30 && e.body[0] != 0x06 {
		return 0
	}
	r.elements(b[:e.size], within{field: -1, first: -1})
	return e.size
}

// kpasswd redacts a message of RFC 3244 §2, behind its length over TCP.
func (r *Redactor) kpasswd(b []byte, _ bool) int {
	if len(b) < 4 {
		return 0
	}
	n := int(binary.BigEndian.Uint32(b))
	if n < 6 || n > 1<<20 || len(b) < 10 || int(binary.BigEndian.Uint16(b[4:])) != n {
		return 0
	}
	r.kpasswdBody(b[4:min(4+n, len(b))])
	return 4 + n
}

func (r *Redactor) kpasswdBody(b []byte) {
	if len(b) < 6 {
		wipe(b)
		return
	}
	if v := binary.BigEndian.Uint16(b[2:]); v != 1 && v != 0xff80 && v != 0 {
		wipe(b)
		return
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	r.message(part(b, 6, n))
	r.message(part(b, 6+n, len(b)))
}
