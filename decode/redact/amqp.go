package redact

import (
	"encoding/binary"
)

// amqp redacts a frame of AMQP 1.0 (part 5) or 0-9-1 (class connection).
func (r *Redactor) amqp(b []byte, _ bool) int {
	if len(b) >= 8 && string(b[:4]) == "AMQP" {
		return 8
	}
	if len(b) < 8 {
		return 0
	}
	if b[0] == 0 { // 1.0: size, doff, type, channel
		n := int(binary.BigEndian.Uint32(b))
		if n < 8 || b[4] < 2 || int(b[4])*4 > n || b[5] > 1 {
			return 0
		}
		body := b[8:min(n, len(b))]
		head := min(4*int(b[4])-8, len(body))
		wipe(body[:head])
		body = body[head:]
		if b[5] == 1 && len(body) > 2 && body[0] == 0 && (body[1] == 0x53 || body[1] == 0x80) { // SASL: a described list, §5.3.3
			r.amqpValues(body)
		} else {
			wipe(body)
		}
		return n
	}
	if b[0] > 3 && b[0] != 8 || b[3] > 0x10 {
		return 0
	}
	n := int(binary.BigEndian.Uint32(b[3:])) + 8
	body := b[7:min(n, len(b))]
	if len(body) > 0 && n <= len(b) {
		body = body[:len(body)-1] // frame-end
	}
	if b[0] == 1 && len(body) >= 4 && body[0] == 0 && body[1] == 10 {
		r.amqpMethod(body)
	} else {
		wipe(part(body, 4, len(body)))
	}
	return n
}

// amqpValues redacts typed values, AMQP 1.0 §1.2: numbers stay.
func (r *Redactor) amqpValues(b []byte) {
	for at := 0; at < len(b); {
		code := b[at]
		at++
		n := 0
		switch code >> 4 {
		case 0: // described: the descriptor follows
			continue
		case 4:
		case 5:
			n = 1
		case 6:
			n = 2
		case 7:
			n = 4
		case 8:
			n = 8
		case 9:
			n = 16
		case 0xa:
			if at >= len(b) {
				return
			}
			n = int(b[at])
			at++
		case 0xb:
			if at+4 > len(b) {
				wipe(b[at:])
				return
			}
			n = int(min(binary.BigEndian.Uint32(b[at:]), 1<<24))
			at += 4
		case 0xc: // list, map: size, count; what is in it follows
			at += 2
			continue
		case 0xd:
			at += 8
			continue
		case 0xe, 0xf: // array: size, count, one constructor
			wide := code>>4 == 0xf
			at = r.amqpArray(b, at, wide)
			continue
		default:
			wipe(b[at:])
			return
		}
		d := part(b, at, n)
		if code>>4 == 9 { // a UUID
			r.hide(d)
		}
		if code>>4 == 0xa || code>>4 == 0xb {
			if code&0xf == 0 { // binary
				r.token(d)
			} else {
				r.text(d)
			}
		}
		at += n
	}
}

func (r *Redactor) amqpArray(b []byte, at int, wide bool) int {
	head := 2
	if wide {
		head = 8
	}
	if at+head >= len(b) {
		return len(b)
	}
	size := int(b[at])
	if wide {
		size = int(min(binary.BigEndian.Uint32(b[at:]), 1<<24))
	}
	end := min(at+head/2+size, len(b))
	code := b[at+head]
	for at += head + 1; at < end; {
		n, l := 0, 1
		switch code >> 4 {
		case 0xa:
			n = int(b[at])
		case 0xb:
			if at+4 > end {
				break
			}
			n, l = int(min(binary.BigEndian.Uint32(b[at:]), 1<<24)), 4
		default:
			wipe(b[at:end])
			return end
		}
		if d := part(b[:end], at+l, n); len(d) > 0 {
			r.text(d)
		}
		at += l + n
	}
	return end
}

// amqpMethod redacts a method of the class connection, 0-9-1 §1.4: start,
// start-ok, secure, secure-ok, close.
func (r *Redactor) amqpMethod(b []byte) {
	at := 4
	long := func(do func([]byte)) {
		if at+4 > len(b) {
			at = len(b)
			return
		}
		n := int(min(binary.BigEndian.Uint32(b[at:]), 1<<24))
		if d := part(b, at+4, n); len(d) > 0 {
			do(d)
		}
		at = min(at+4+n, len(b))
	}
	short := func() {
		if at >= len(b) {
			return
		}
		n := int(b[at])
		if d := part(b, at+1, n); len(d) > 0 {
			r.text(d)
		}
		at = min(at+1+n, len(b))
	}
	switch method := b[3]; method {
	case 10: // start: version, server-properties, mechanisms, locales
		at += 2
		long(wipe)
		long(r.text)
		long(r.text)
	case 11: // start-ok: client-properties, mechanism, response, locale
		long(wipe)
		short()
		long(func(d []byte) { r.token(d) })
		short()
	case 20, 21:
		long(func(d []byte) { r.token(d) })
	case 50: // close: code, text, class, method
		at += 2
		short()
		at = min(at+4, len(b))
	case 30, 31, 41, 51: // tune, tune-ok, open-ok, close-ok
		at = min(at+8, len(b))
	case 40: // open
		short()
		at = min(at+2, len(b))
	}
	if at < len(b) {
		wipe(b[at:])
	}
}
