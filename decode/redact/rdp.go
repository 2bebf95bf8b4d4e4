package redact

import (
	"bytes"
	"encoding/binary"
)

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
	at := 0
	if len(body) >= 8 && body[0] >= 1 && body[0] <= 3 && body[2] == 8 && body[3] == 0 { // what is negotiated, [MS-RDPBCGR] §2.2.1.1.1
		at = 8
	}
	wipe(body[at:])
	return n
}
