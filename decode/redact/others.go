package redact

import (
	"bytes"
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

// dnsTCP redacts a DNS message behind its length, RFC 1035 §4.2.2.
func (r *Redactor) dnsTCP(b []byte, _ bool) int {
	if len(b) < 2 {
		return 0
	}
	n := int(binary.BigEndian.Uint16(b))
	if n < 12 {
		return 0
	}
	r.dns(b[2:min(2+n, len(b))])
	return 2 + n
}

// rdp redacts an X.224 PDU behind its TPKT header, [MS-RDPBCGR] §2.2.1.1; the
// cookie goes.
func (r *Redactor) rdp(b []byte, _ bool) int {
	if len(b) < 11 || b[0] != 3 || b[1] != 0 {
		return 0
	}
	n := min(int(binary.BigEndian.Uint16(b[2:])), len(b))
	if n < 11 {
		return 0
	}
	body := b[11:n]
	if i := bytes.Index(body, []byte("\r\n")); i >= 0 && (len(body) < 8 || body[0] < 1 || body[0] > 3) {
		r.text(body[:i])
		body = body[i+2:]
	}
	wipe(part(body, 8, len(body)))
	return n
}

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
		off, n := int(binary.BigEndian.Uint16(b[at+1:])), int(binary.BigEndian.Uint16(b[at+3:]))
		if b[at] == 0 || b[at] == 1 || b[at] == 4 { // VERSION, ENCRYPTION, MARS
			for i := off; i < min(off+n, len(b)); i++ {
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
				wide(part(d, 6, 2*int(d[5])), r.text)
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

// onc redacts a record of ONC RPC (RFC 5531 §11): of calls and replies what
// RPCSEC_GSS and AUTH_GSSAPI need.
func (r *Redactor) onc(b []byte, up bool) int {
	if len(b) < 12 {
		return 0
	}
	n := int(binary.BigEndian.Uint32(b) & 0x7fffffff)
	if n < 20 || n > 1<<26 || binary.BigEndian.Uint32(b[8:]) > 1 {
		return 0
	}
	r.oncMessage(b[4:min(4+n, len(b))])
	return 4 + n
}

func (r *Redactor) oncMessage(b []byte) {
	be := binary.BigEndian
	at := 0
	u32 := func() uint32 {
		if at+4 > len(b) {
			at = len(b)
			return 0
		}
		at += 4
		return be.Uint32(b[at-4:])
	}
	opaque := func(do func([]byte)) {
		n := int(min(u32(), 1<<26))
		if d := part(b, at, n); len(d) > 0 && do != nil {
			do(d)
		}
		at = min(at+(n+3)&^3, len(b))
	}
	verifier := func() { // flavor, body: of a MIC or a checksum
		u32()
		opaque(r.hide)
	}
	at = 4
	if u32() == 0 { // CALL
		at = 24
		flavor := u32()
		proc := uint32(0)
		opaque(func(d []byte) {
			switch {
			case flavor == 6 && len(d) >= 20:
				proc = be.Uint32(d[4:])
				r.hide(part(d, 20, len(d)))
			case flavor == 300001 && len(d) >= 12:
				proc = be.Uint32(d[4:])
				r.hide(part(d, 12, len(d)))
			default:
				wipe(d)
			}
		})
		verifier()
		if flavor == 300001 && proc != 0 {
			u32()
		}
		if (flavor == 6 && (proc == 1 || proc == 2) || flavor == 300001 && proc != 0) && at < len(b) {
			opaque(func(d []byte) { r.token(d) })
		}
		wipe(b[at:])
		return
	}
	if u32() == 1 { // MSG_DENIED
		u32()
		u32()
		wipe(b[at:])
		return
	}
	verifier()
	u32() // accept_stat
	start := at
	// rpc_gss_init_res, RFC 2203 §5.2.3.1: handle, major, minor, window, token;
	// auth_gssapi_init_res: version, handle, major, minor, token, …
	for _, form := range [...]struct{ head, words int }{{4, 8}, {0, 12}} {
		at = start + form.head
		n := u32()
		off := at + int(n+3)&^3 + form.words
		size := part(b, off, 4)
		if n > 64 || len(size) < 4 {
			continue
		}
		if tok := part(b, off+4, int(min(be.Uint32(size), 1<<26))); len(tok) > 0 && !header(tok) || len(tok) == 0 && off+36 < len(b) {
			continue
		}
		at -= 4
		opaque(r.hide)
		at += form.words
		opaque(func(d []byte) { r.token(d) })
		wipe(b[at:])
		return
	}
	wipe(b[start:])
}

// nmf redacts a record of [MC-NMF] §2.2.3, or a frame of [MS-NNS] §2.2.
func (r *Redactor) nmf(b []byte, _ bool) int {
	if len(b) < 2 {
		return 0
	}
	switch b[0] {
	case 0x14, 0x15, 0x16:
		if len(b) < 5 || b[1] != 1 {
			return 0
		}
		n := int(binary.BigEndian.Uint16(b[3:]))
		d := part(b, 5, n)
		if b[0] != 0x15 || len(d) != 8 { // an error is a number
			r.token(d)
		}
		return 5 + n
	case 0:
		return 3
	case 1, 3:
		return 2
	case 2, 4, 8, 9:
		n, at, shift := 0, 1, 0
		for ; at < len(b) && at < 6; at++ {
			n |= int(b[at]&0x7f) << shift
			shift += 7
			if b[at]&0x80 == 0 {
				at++
				break
			}
		}
		d := part(b, at, n)
		if b[0] == 2 {
			r.target(d)
		} else {
			r.text(d)
		}
		return at + n
	case 7, 10, 11, 12:
		return 1
	}
	return 0
}

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
		if b[5] != 1 {
			wipe(body)
		} else {
			r.amqpValues(body)
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
		if d := part(b, at, n); code>>4 == 0xa || code>>4 == 0xb {
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
