package redact

import (
	"bytes"
	"encoding/binary"
)

// tds redacts a packet of [MS-TDS] §2.2.3. A message is taken to begin with a
// packet; further packets of a message hold only what is hidden.
func (r *Redactor) tds(s *side) func(b []byte, up bool) int {
	return func(b []byte, up bool) int {
		if len(b) < 8 || b[1] > 0x1f || b[7] != 0 || b[0] > 0x13 || b[0] == 0 {
			return 0
		}
		size := int(binary.BigEndian.Uint16(b[2:]))
		if size < 8 {
			return 0
		}
		body := b[8:min(size, len(b))]
		more := s.more
		s.more = b[1]&1 == 0
		switch {
		case more && b[0] != 0x12: // of a message whose beginning is before
			r.hide(body)
		case isTLS(body) && b[0] == 0x12:
			for at := body; len(at) > 0; {
				if !isTLS(at) {
					wipe(at)
					break
				}
				at = at[r.tls(at):]
			}
		case b[0] == 0x12: // PRELOGIN: options; of their data nothing but version and numbers
			r.prelogin(body)
		case b[0] == 0x10:
			r.login7(body)
		case b[0] == 0x11:
			r.token(body)
		case b[0] == 4 && isPrelogin(body):
			r.prelogin(body)
		case b[0] == 4:
			r.tdsAnswer(body)
		default:
			wipe(body)
		}
		return size
	}
}

func isPrelogin(b []byte) bool {
	return len(b) >= 6 && b[0] == 0 && b[1] == 0 && b[2] >= 6 && b[3] == 0 && b[4] == 6
}

func (r *Redactor) prelogin(b []byte) {
	at := 0
	kept := make([]bool, len(b))
	for at+5 <= len(b) && b[at] != 0xff {
		if b[at] > 7 { // none that [MS-TDS] §2.2.6.5 has
			wipe(b)
			return
		}
		off, n := int(binary.BigEndian.Uint16(b[at+1:])), int(binary.BigEndian.Uint16(b[at+3:]))
		if b[at] == 0 || b[at] == 1 || b[at] == 4 { // VERSION, ENCRYPTION, MARS
			for i := off; i < min(off+min(n, 6), len(b)); i++ {
				kept[i] = true
			}
		}
		at += 5
	}
	for i := at + 1; i < len(b); i++ {
		if !kept[i] {
			b[i] = 0
		}
	}
}

// login7 redacts a LOGIN7, [MS-TDS] §2.2.6.4.
func (r *Redactor) login7(b []byte) {
	if len(b) < 94 {
		wipe(b)
		return
	}
	le := binary.LittleEndian
	known := make([]bool, len(b))
	text := func(at int, do func([]byte)) {
		off, n := int(le.Uint16(b[at:])), 2*int(le.Uint16(b[at+2:]))
		if off < 94 {
			return
		}
		d := part(b, off, n)
		for i := range d {
			known[off+i] = true
		}
		if len(d) > 0 {
			wide(d, do)
		}
	}
	text(36, r.name)     // host
	text(40, r.name)     // user
	text(44, blank)      // password
	text(48, r.text)     // program
	text(52, r.hostSpec) // server
	text(60, r.text)     // library
	text(64, r.text)     // language
	text(68, r.name)     // database
	wipe(b[72:78])       // MAC
	off, n := int(le.Uint16(b[78:])), int(le.Uint16(b[80:]))
	if long := le.Uint32(b[90:]); n == 0xffff && long > 0 && long < 1<<20 {
		n = int(long)
	}
	if d := part(b, off, n); off >= 94 && len(d) > 0 {
		for i := range d {
			known[off+i] = true
		}
		r.token(d)
	}
	for i := 94; i < len(b); i++ {
		if !known[i] {
			b[i] = 0
		}
	}
}

// hostSpec redacts what a client calls a server: tcp:host\instance,port.
func (r *Redactor) hostSpec(b []byte) {
	if i := bytes.IndexByte(b, ':'); i >= 0 && i < 5 {
		b = b[i+1:]
	}
	r.name(b)
}

// tdsAnswer redacts the tokens of an answer to a login, §2.2.7.
func (r *Redactor) tdsAnswer(b []byte) {
	le := binary.LittleEndian
	for len(b) > 0 {
		at, n := 0, 0
		switch b[0] {
		case 0xaa, 0xab, 0xad, 0xe3, 0xed:
			if len(b) < 3 {
				wipe(b)
				return
			}
			at, n = 3, int(le.Uint16(b[1:]))
		case 0xe4, 0xee:
			if len(b) < 5 {
				wipe(b)
				return
			}
			at, n = 5, int(min(le.Uint32(b[1:]), 1<<20))
		case 0xfd, 0xfe, 0xff:
			at, n = 1, 12
		default:
			wipe(b)
			return
		}
		d := part(b, at, n)
		switch b[0] {
		case 0xaa, 0xab:
			r.tdsError(d)
		case 0xad: // LOGINACK: interface, version, name
			if len(d) > 6 {
				name := part(d, 6, 2*int(d[5]))
				wide(name, r.text)
				wipe(part(d, 6+len(name)+4, len(d)))
			}
		case 0xed:
			r.token(d)
		case 0xfd, 0xfe, 0xff:
		case 0xe3, 0xe4, 0xee:
			wipe(part(d, 1, len(d)))
		}
		b = b[min(at+n, len(b)):]
	}
}

// tdsError redacts an ERROR or INFO token, §2.2.7.10.
func (r *Redactor) tdsError(b []byte) {
	if len(b) < 8 {
		wipe(b)
		return
	}
	n := 2 * int(binary.LittleEndian.Uint16(b[6:]))
	wide(part(b, 8, n), r.text)
	for at := 8 + n; at < len(b); { // server, procedure
		n := 2 * int(b[at])
		if d := part(b, at+1, n); len(d) > 0 {
			wide(d, r.name)
		}
		if at += 1 + n; at+4 >= len(b) {
			break
		}
	}
}
