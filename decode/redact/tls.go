package redact

import (
	"encoding/binary"
	"time"
)

const httpTimeLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

func httpTime(b []byte) (time.Time, error) { return time.Parse(httpTimeLayout, string(b)) }

// isTLS tells whether b begins with a record of TLS.
func isTLS(b []byte) bool {
	return len(b) >= 5 && b[0] >= 0x14 && b[0] <= 0x17 && b[1] == 3 && b[2] <= 4
}

// tls redacts a record: its header stays, of a ClientHello what was offered
// and the server's name by its pseudonym, of all others nothing.
func (r *Redactor) tls(b []byte) int {
	n := min(5+int(binary.BigEndian.Uint16(b[3:])), len(b))
	body := b[5:n]
	switch {
	case b[0] == 0x16 && len(body) > 38 && body[0] == 1 && body[1] == 0 && body[4] == 3 && body[5] <= 4 && body[38] <= 32:
		r.clientHello(body)
	case b[0] == 0x16 && len(body) > 38 && body[0] == 2 && body[4] == 3: // ServerHello
		wipe(body[6:])
	case b[0] == 0x15 && len(body) == 2: // an alert in clear
	default:
		wipe(body)
	}
	return n
}

// clientHello redacts one, RFC 8446 §4.1.2.
func (r *Redactor) clientHello(b []byte) {
	at := 4 + 2
	r.hide(part(b, at, 32))
	at += 32
	if at < len(b) {
		n := int(b[at])
		wipe(part(b, at+1, n))
		at += 1 + n
	}
	if at+2 > len(b) {
		wipe(part(b, at, len(b)))
		return
	}
	suites := part(b, at+2, int(binary.BigEndian.Uint16(b[at:])))
	for i := 0; i < len(suites); i += 2 {
		if i+1 == len(suites) || !cipherSuite(suites[i], suites[i+1]) {
			wipe(part(suites, i, 2))
		}
	}
	at += 2 + int(binary.BigEndian.Uint16(b[at:]))
	if at < len(b) {
		n := int(b[at])
		wipe(part(b, at+1, n)) // compression: what is left is none
		at += 1 + n
	}
	at += 2
	for at+4 <= len(b) {
		kind, n := binary.BigEndian.Uint16(b[at:]), int(binary.BigEndian.Uint16(b[at+2:]))
		v := part(b, at+4, n)
		if kind == 0 && len(v) > 5 && v[2] == 0 { // server_name, RFC 6066 §3
			r.name(v[5:])
		} else {
			wipe(v)
		}
		at += 4 + n
	}
	if at < len(b) {
		wipe(b[at:])
	}
}

// cipherSuite tells numbers that IANA's registry has suites under, and those of
// GREASE (RFC 8701).
func cipherSuite(hi, lo byte) bool {
	switch hi {
	case 0x00, 0x13, 0x56, 0xc0, 0xc1, 0xcc, 0xd0, 0xfe:
		return true
	}
	return hi&0x0f == 0x0a && hi == lo
}
