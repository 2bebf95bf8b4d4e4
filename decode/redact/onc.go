package redact

import (
	"encoding/binary"
)

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
