package redact

import (
	"bytes"
	"encoding/binary"
)

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
	case 11, 14: // bind, alter_context: contexts with their UUIDs
	case 12, 15: // bind_ack, alter_context_resp: a port or a pipe stands between
		if len(body) >= 10 {
			n := int(order.Uint16(body[8:]))
			r.text(part(body, 10, n))
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
	case 16, 17, 18, 19:
		wipe(part(body, 4, len(body)))
	case 20: // RTS, [MS-RPCH] §2.2.3.6
		r.rts(body, order)
	default:
		wipe(body)
	}
	return size
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

// smb redacts a message of SMB behind its length, or one of the NetBIOS session
// service, and returns how long it is; 0 when it is none.
func (r *Redactor) smb(b []byte, up bool) int {
	if len(b) < 4 || b[0] != 0 && (b[0] < 0x81 || b[0] > 0x85) {
		return 0
	}
	size := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	m := b[4:min(4+size, len(b))]
	switch {
	case b[0] != 0:
		wipe(m)
	case len(m) < 4:
		if size < 32 {
			return 0
		}
		wipe(m)
	case bytes.HasPrefix(m, []byte("\xfeSMB")):
		for len(m) >= 64 {
			next := int(binary.LittleEndian.Uint32(m[20:]))
			one := m
			if next >= 64 && next < len(m) {
				one = m[:next]
			}
			r.smb2(one, up)
			m = m[len(one):]
		}
		wipe(m)
	case bytes.HasPrefix(m, []byte("\xffSMB")):
		r.smb1(m, up)
	case bytes.HasPrefix(m, []byte("\xfdSMB")), bytes.HasPrefix(m, []byte("\xfcSMB")):
		wipe(part(m, 4, 16))
		wipe(part(m, 52, len(m)))
	default:
		return 0
	}
	return 4 + size
}

// smb2 redacts one message, [MS-SMB2] §2.2: the header but for its signature,
// of the body what logging on and named pipes need.
func (r *Redactor) smb2(b []byte, up bool) {
	le := binary.LittleEndian
	wipe(b[48:64])
	body := b[64:]
	// the data that the fields at these offsets of the body point to
	data := func(fixed, off, n int, do func([]byte)) {
		at := 64 + fixed
		if len(b) < at {
			return
		}
		d := part(b, off, n)
		if off < at || len(d) == 0 {
			wipe(b[at:])
			return
		}
		wipe(b[at:off])
		do(d)
		wipe(part(b, off+len(d), len(b)))
	}
	pipe := func(d []byte) {
		for len(d) > 0 {
			n := r.dcerpc(d, up)
			if n <= 0 {
				wipe(d)
				return
			}
			d = d[min(n, len(d)):]
		}
	}
	token := func(d []byte) { r.token(d) }
	switch command := le.Uint16(b[12:]); {
	case command == 0 && up && len(body) >= 36: // NEGOTIATE: dialects behind 36 bytes
		r.hide(body[12:28])
		end := min(36+2*int(le.Uint16(body[2:])), len(body))
		wipe(body[28:36])
		wipe(body[end:])
	case command == 0 && !up && len(body) >= 64:
		r.hide(body[8:24])
		r.fileTime(body[40:48])
		r.fileTime(body[48:56])
		wipe(body[60:64])
		le.PutUint16(body[6:], 0) // contexts are not kept
		data(64, int(le.Uint16(body[56:])), int(le.Uint16(body[58:])), token)
	case command == 1 && up && len(body) >= 24:
		data(24, int(le.Uint16(body[12:])), int(le.Uint16(body[14:])), token)
	case command == 1 && !up && len(body) >= 8:
		data(8, int(le.Uint16(body[4:])), int(le.Uint16(body[6:])), token)
	case command == 3 && up && len(body) >= 8:
		data(8, int(le.Uint16(body[4:])), int(le.Uint16(body[6:])), func(d []byte) { wide(d, r.text) })
	case command == 9 && up && len(body) >= 48:
		data(48, int(le.Uint16(body[2:])), int(le.Uint32(body[4:])), pipe)
	case command == 8 && !up && len(body) >= 16:
		data(16, int(body[2]), int(le.Uint32(body[4:])), pipe)
	case command == 11 && up && len(body) >= 56:
		data(56, int(le.Uint32(body[24:])), int(le.Uint32(body[28:])), pipe)
	case command == 11 && !up && len(body) >= 48:
		data(48, int(le.Uint32(body[32:])), int(le.Uint32(body[36:])), pipe)
	case command == 5 && up && len(body) >= 56: // CREATE: the name of a pipe
		data(56, int(le.Uint16(body[44:])), int(le.Uint16(body[46:])), func(d []byte) { wide(d, r.text) })
	case command == 6 && up, command == 8 && up: // CLOSE, READ: of which file
		wipe(part(body, 48, len(body)))
	case command == 3 && !up: // TREE_CONNECT: what kind of share it is
		wipe(part(body, 16, len(body)))
	default:
		wipe(part(body, 2, len(body)))
	}
}

// fileTime shifts a FILETIME, [MS-DTYP] §2.3.3.
func (r *Redactor) fileTime(b []byte) {
	if v := binary.LittleEndian.Uint64(b); v != 0 {
		binary.LittleEndian.PutUint64(b, v+uint64(r.shift.Nanoseconds()/100))
	}
}

// smb1 redacts one message, [MS-CIFS] §2.2.3: its header, parameters, and of
// its data a token, a share's name, or what goes through a pipe.
func (r *Redactor) smb1(b []byte, up bool) {
	if len(b) < 33 {
		wipe(part(b, 4, len(b)))
		return
	}
	le := binary.LittleEndian
	wipe(b[14:22])
	words := 2 * int(b[32])
	if 33+words+2 > len(b) {
		wipe(b[33:])
		return
	}
	w := b[33 : 33+words]
	at := 33 + words + 2
	data := b[at:]
	keep := func(off, n int, do func([]byte)) {
		d := part(b, off, n)
		if off < at || len(d) == 0 {
			wipe(data)
			return
		}
		wipe(b[at:off])
		do(d)
		wipe(part(b, off+len(d), len(b)))
	}
	pipe := func(d []byte) {
		for len(d) > 0 {
			n := r.dcerpc(d, up)
			if n <= 0 {
				wipe(d)
				return
			}
			d = d[min(n, len(d)):]
		}
	}
	switch command := b[4]; {
	case command == 0x72 && up: // NEGOTIATE: dialects
		r.text(data)
	case command == 0x72 && len(w) >= 34:
		r.fileTime(w[23:31])
		r.hide(part(data, 0, 16))
		r.token(part(data, 16, len(data)))
	case command == 0x73 && up && words == 24:
		n := int(le.Uint16(w[14:]))
		keep(at, n, func(d []byte) { r.token(d) })
	case command == 0x73 && !up && words >= 8:
		n := int(le.Uint16(w[6:]))
		keep(at, n, func(d []byte) { r.token(d) })
	case command == 0x73 && up && words == 26: // without tokens
		wipe(w[8:12])
		wipe(data)
	case command == 0x75 && up && words >= 8: // TREE_CONNECT: password, path
		n := int(le.Uint16(w[6:]))
		wipe(part(data, 0, n))
		if rest := part(data, n, len(data)); b[11]&0x80 != 0 {
			pad := (at + n) & 1
			path := part(rest, pad, len(rest))
			if end := bytes.Index(path, []byte("\x00\x00\x00")); end > 0 {
				wipe(path[min(end+3, len(path)):])
				path = path[:(end+1)&^1]
			}
			wide(path, r.text)
		} else {
			r.text(rest)
		}
	case command == 0x75 && !up: // what kind of share it is
		kind, rest, _ := bytes.Cut(data, []byte{0})
		r.text(kind)
		wipe(rest)
	case command == 0x2f && up && words >= 24: // WRITE_ANDX
		off, n := int(le.Uint16(w[22:])), int(le.Uint16(w[20:]))
		if le.Uint16(w[14:])&0x0c == 0x0c {
			off, n = off+2, n-2
			if off-2 >= at && off <= len(b) {
				length := bytes.Clone(b[off-2 : off])
				keep(off, n, pipe)
				copy(b[off-2:], length)
				break
			}
		}
		keep(off, n, pipe)
	case command == 0x2e && !up && words >= 24: // READ_ANDX
		keep(int(le.Uint16(w[12:])), int(le.Uint16(w[10:])), pipe)
	case command == 0x25 && up && words >= 32: // TRANSACTION
		keep(int(le.Uint16(w[24:])), int(le.Uint16(w[22:])), pipe)
	case command == 0x25 && !up && words >= 20:
		keep(int(le.Uint16(w[14:])), int(le.Uint16(w[12:])), pipe)
	default:
		wipe(data)
	}
}
