package redact

import "encoding/binary"

// dcerpc redacts a PDU of DCE/RPC (C706 §12.6) and returns how long it is; 0
// when it is none. What is asked for and answered is wiped.
func (r *Redactor) dcerpc(b []byte, _ bool) int {
	if len(b) < 16 || b[0] != 5 || b[1] > 1 || b[2] > 20 {
		return 0
	}
	var order binary.ByteOrder = binary.BigEndian
	if b[4]&0x10 != 0 {
		order = binary.LittleEndian
	}
	size, auth := int(order.Uint16(b[8:])), int(order.Uint16(b[10:]))
	if size < 16 || auth > size {
		return 0
	}
	n := min(size, len(b))
	end := n // of the body
	if auth > 0 {
		end = size - auth - 8
		if end < 16 {
			wipe(b[16:n])
			return size
		}
		r.token(part(b[:n], end+8, auth))
		end = min(end, n)
	}
	body := b[16:end]
	switch b[2] {
	case 11, 14: // bind, alter_context
		wipe(body[contexts(body):])
	case 12, 15: // bind_ack, alter_context_resp: a port or a pipe, results with their UUIDs
		if len(body) < 10 {
			wipe(body)
			break
		}
		n := int(order.Uint16(body[8:]))
		r.text(part(body, 10, n))
		results := (10 + n + 3) &^ 3
		wipe(part(body, 10+n, results-10-n))
		if results < len(body) {
			wipe(part(body, results+4+24*int(body[results]), len(body)))
		}
	case 13: // bind_nak
		wipe(part(body, 16, len(body)))
	case 3: // fault
		wipe(part(body, 16, len(body)))
	case 0:
		head := 8
		if b[3]&0x80 != 0 { // an object's UUID
			r.hide(part(body, 8, 16))
			head += 16
		}
		wipe(part(body, head, len(body)))
	case 2:
		wipe(part(body, 8, len(body)))
	case 20: // RTS, [MS-RPCH] §2.2.3.6
		r.rts(body, order)
	default:
		wipe(body)
	}
	return size
}

// contexts is how long what a bind offers is: sizes, a group, and of each
// context its number and the UUIDs of its interface and transfer syntaxes (C706
// §12.6.4.3).
func contexts(b []byte) int {
	if len(b) < 12 {
		return min(8, len(b))
	}
	at := 12
	for range b[8] {
		if at+24 > len(b) {
			return at
		}
		if at += 24 + 20*int(b[at+2]); at > len(b) {
			return len(b)
		}
	}
	return at
}

// pdus redacts PDUs one behind the other, as they go through a named pipe.
func (r *Redactor) pdus(up bool) func([]byte) {
	return func(b []byte) {
		for len(b) > 0 {
			n := r.dcerpc(b, up)
			if n <= 0 {
				wipe(b)
				return
			}
			b = b[min(n, len(b)):]
		}
	}
}

// rts redacts the commands of an RTS PDU: cookies stay what they are to each
// other, addresses go.
func (r *Redactor) rts(b []byte, order binary.ByteOrder) {
	if len(b) < 4 {
		wipe(b)
		return
	}
	at := 4
	for range order.Uint16(b[2:]) {
		if at+4 > len(b) {
			break
		}
		kind := order.Uint32(b[at:])
		at += 4
		n := 4
		switch kind {
		case 1:
			n = 24
		case 3:
			n = 16
			if at+16 <= len(b) {
				r.hide(b[at : at+16])
			}
		case 6, 8:
			n = 0
		case 7, 12: // padding, association group
			if kind == 12 {
				n = 16
				if at+16 <= len(b) {
					r.hide(b[at : at+16])
				}
			} else if at+4 <= len(b) {
				n = 4 + int(order.Uint32(b[at:]))
				wipe(part(b, at+4, n-4))
			}
		case 11:
			if at+4 <= len(b) {
				n = 4 + 12 + 4
				if order.Uint32(b[at:]) == 1 {
					n += 12
				}
				wipe(part(b, at+4, n-4))
			}
		}
		if n < 0 || n > len(b) {
			break
		}
		at += n
	}
	if at < len(b) {
		wipe(b[at:])
	}
}
