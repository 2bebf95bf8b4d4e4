package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// OIDs as DER has them: the mechanisms whose tokens begin with an id of two
// bytes (RFC 4121 §4.1).
var kerberosOIDs = []string{
	"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02",     // Kerberos
	"\x2a\x86\x48\x82\xf7\x12\x01\x02\x02",     // as Windows misspells it
	"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x03", // user-to-user
	"\x2b\x05\x01\x05\x02",                     // before RFC 1964
	"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x02", // Kerberos 5 version 2
	"\x2b\x06\x01\x05\x02\x05",                 // IAKERB
}

// base64Encoding takes what senders leave in the last bits.
var base64Encoding = base64.RawStdEncoding

// framed redacts what is in the GSS header, RFC 2743 §3.1.
func (r *Redactor) framed(b []byte, in within) {
	oid, ok := readElement(b)
	if !ok {
		wipe(b)
		return
	}
	rest := b[oid.size:]
	for _, k := range kerberosOIDs {
		if string(oid.body) == k && len(rest) >= 2 {
			r.mech(rest, in)
			return
		}
	}
	if len(rest) > 0 && (rest[0] == 0xa0 || rest[0] == 0xa1 || rest[0] == 0x60) {
		in.field, in.first, in.padata = -1, -1, 0
		r.elements(rest, in)
		return
	}
	r.token(rest)
}

// mech redacts a token of Kerberos behind its OID.
func (r *Redactor) mech(b []byte, in within) {
	in.field, in.first, in.padata, in.ldap = -1, -1, 0, false
	switch binary.BigEndian.Uint16(b) {
	case 0x0100, 0x0200, 0x0300, 0x0400, 0x0401, 0x0501:
		r.elements(b[2:], in)
	default:
		if b[0] == 0x6e || b[0] == 0x6f || b[0] == 0x7e {
			r.elements(b, in)
			return
		}
		r.wrapped(b)
	}
}

// wrapped redacts a per-message token, RFC 4121 §4.2.6: its header stays.
func (r *Redactor) wrapped(b []byte) {
	if len(b) > 16 {
		r.hide(b[16:])
	}
}

// maxNested is how many tokens are followed within each other.
const maxNested = 16

// token redacts what a carrier hands to the GSS-API, SSPI or SASL, and tells
// whether it is known to be that; what is not known is hidden.
func (r *Redactor) token(b []byte) bool {
	if len(b) < 2 || r.nested == maxNested {
		wipe(b)
		return false
	}
	r.nested++
	defer func() { r.nested-- }()
	in := within{field: -1, first: -1}
	switch {
	case bytes.HasPrefix(b, []byte("NTLMSSP\x00")):
		r.ntlm(b)
	case bytes.HasPrefix(b, []byte("NEGOEXTS")):
		r.hide(b[8:])
	case (b[0] == 0x60 || b[0] == 0xa0 || b[0] == 0xa1 || b[0]&0xe0 == 0x60) && header(b):
		r.elements(b, in)
	case len(b) >= 16 && (b[0] == 5 || b[0] == 4) && b[1] == 4 && b[3] == 0xff:
		r.wrapped(b)
	case whole(b) && (len(b) > 4 || b[0] == 0x30 && b[1] == 0 || b[0] == 0x03 && b[1] == 2 && b[2] < 8): // of certificates also basicConstraints and keyUsage, RFC 5280 §4.2.1
		r.elements(b, in)
	case len(b) > 20 && int(binary.BigEndian.Uint32(b)) == len(b)-4 && b[4] == 5 && b[5] == 4: // with its length before it
		r.wrapped(b[4:])
	default:
		r.hide(b)
		return false
	}
	return true
}

// header tells whether b begins as an element of about its own length does.
func header(b []byte) bool {
	e, ok := readElement(b)
	return ok && (e.cut || e.size >= len(b)-16) && len(e.body) >= min(4, len(b)-2)
}

// ntlm redacts an NTLM message, [MS-NLMP] §2.2.1: numbers stay, names get
// pseudonyms, responses and keys are hidden.
func (r *Redactor) ntlm(b []byte) {
	known := make([]bool, len(b))
	mark := func(off, n int) []byte {
		p := part(b, off, n)
		for i := range p {
			known[off+i] = true
		}
		return p
	}
	field := func(at int, do func([]byte)) {
		f := mark(at, 8)
		if len(f) < 8 {
			return
		}
		if p := mark(int(binary.LittleEndian.Uint32(f[4:])), int(binary.LittleEndian.Uint16(f))); len(p) > 0 {
			do(p)
		}
	}
	mark(0, 12)
	if len(b) >= 12 {
		flags := func(at int) bool {
			f := mark(at, 4)
			return len(f) == 4 && f[0]&1 != 0 // Unicode
		}
		name := func(unicode bool) func([]byte) {
			if unicode {
				return func(p []byte) { wide(p, r.name) }
			}
			return r.name
		}
		switch binary.LittleEndian.Uint32(b[8:]) {
		case 1:
			flags(12)
			field(16, r.name)
			field(24, r.name)
		case 2:
			unicode := flags(20)
			r.hide(mark(24, 8))
			field(12, name(unicode))
			field(40, r.avPairs)
		case 3:
			unicode := len(b) < 64 || flags(60)
			field(12, r.hide)
			field(20, r.response)
			field(28, name(unicode))
			field(36, name(unicode))
			field(44, name(unicode))
			field(52, r.hide)
		}
	}
	for i, k := range known {
		if !k {
			b[i] = 0
		}
	}
}

// response redacts an NTLM response: the challenge's names stand in one of
// version 2 (§2.2.2.8).
func (r *Redactor) response(b []byte) {
	if len(b) < 44 || b[16] != 1 || b[17] != 1 {
		r.hide(b)
		return
	}
	r.hide(b[:16])
	wipe(b[18:32])
	r.hide(b[32:40])
	r.avPairs(b[44:])
}

// avPairs redacts a list of AV_PAIRs, §2.2.2.1.
func (r *Redactor) avPairs(b []byte) {
	for len(b) >= 4 {
		id, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		v := part(b, 4, n)
		switch {
		case id >= 1 && id <= 5:
			wide(v, r.name)
		case id == 9: // the name that the client asked for: an SPN
			wide(v, r.spn)
		case id == 6 && len(v) <= 4:
		default:
			r.hide(v)
		}
		if b = b[min(4+n, len(b)):]; id == 0 {
			break
		}
	}
	wipe(b)
}

// spn redacts a service principal name in one string.
func (r *Redactor) spn(b []byte) { r.principal([][]byte{b}) }

// base64 puts a redacted token in place of the base64 of one; what is none is
// wiped.
func (r *Redactor) base64(b []byte) bool {
	digits := bytes.TrimRight(b, "=")
	tok := make([]byte, base64Encoding.DecodedLen(len(digits)))
	use := digits
	if len(use)%4 == 1 {
		use = use[:len(use)-1]
	}
	n, err := base64Encoding.Decode(tok, use)
	if err != nil || n == 0 {
		for i := range digits {
			digits[i] = 'A'
		}
		return false
	}
	tok = tok[:n]
	if looksText(tok) && !bytes.HasPrefix(tok, []byte("NTLMSSP\x00")) || !r.token(tok) {
		for i := range digits {
			digits[i] = 'A'
		}
		return false
	}
	base64Encoding.Encode(use, tok)
	for i := len(use); i < len(digits); i++ {
		digits[i] = 'A'
	}
	return true
}

// looksText tells passwords and user names from tokens.
func looksText(b []byte) bool {
	return utf8.Valid(b) && strings.IndexFunc(string(b), func(c rune) bool { return c < 0x20 && c != 0 }) < 0
}
