package redact

import (
	"bytes"
	"encoding/binary"
)

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
	data := func(fixed, off, n int, do func([]byte)) { only(b, 64+fixed, off, n, do) }
	pipe := r.pdus(up)
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

// only wipes b from at on, but for n bytes at off, which do redacts.
func only(b []byte, at, off, n int, do func([]byte)) {
	d := part(b, off, n)
	if off < at || len(d) == 0 {
		wipe(part(b, at, len(b)))
		return
	}
	wipe(b[at:off])
	do(d)
	wipe(part(b, off+len(d), len(b)))
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
	keep := func(off, n int, do func([]byte)) { only(b, at, off, n, do) }
	pipe := r.pdus(up)
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
