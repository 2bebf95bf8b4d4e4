package redact

import (
	"bytes"
	"encoding/binary"
	"time"
)

// maxDepth is how deep elements are followed; what is deeper is wiped.
const maxDepth = 40

// A within is what an element stands in: what its neighbours tell of it.
type within struct {
	field int // number of the context tag around it; -1: none
	// of the SEQUENCE around that: the number of its first field, and the
	// INTEGER in it
	first   int
	integer bool
	number  int64
	padata  int64 // type of the PA-DATA that this is in, 0: none
	depth   int
	ldap    bool // of LDAP: text in OCTET STRINGs
}

// An element is the header of a BER element. body may be cut.
type element struct {
	tag  byte
	body []byte
	size int // of header and body, as far as they are there
	cut  bool
}

// element reads the element at the start of b; false when there is none.
func readElement(b []byte) (e element, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return e, false
	}
	e.tag = b[0]
	n, at := uint64(b[1]), 2
	if n == 0x80 {
		return e, false // indefinite
	}
	if n > 0x80 {
		octets := int(n & 0x7f)
		if octets > 4 || len(b) < 2+octets {
			return e, false
		}
		n, at = 0, 2+octets
		for _, c := range b[2:at] {
			n = n<<8 | uint64(c)
		}
	}
	if n > uint64(len(b)-at) {
		n, e.cut = uint64(len(b)-at), true
	}
	e.body, e.size = b[at:at+int(n)], at+int(n)
	return e, true
}

// whole tells whether b is elements from end to end, at least one.
func whole(b []byte) bool { return wholeWithin(b, 0) }

func wholeWithin(b []byte, depth int) bool {
	if len(b) < 2 || depth > maxDepth {
		return false
	}
	for len(b) > 0 {
		e, ok := readElement(b)
		if !ok || e.cut || b[0] == 0 || !plausible(e, false) || e.tag&0x20 != 0 && len(e.body) > 0 && !wholeWithin(e.body, depth+1) {
			return false
		}
		b = b[e.size:]
	}
	return true
}

// plausible tells elements from text that reads as such: one in UTF-16 is a row
// of empty elements of kinds that none of our protocols has, one of small
// letters is messages without what messages begin with.
func plausible(e element, ldap bool) bool {
	if len(e.body) == 0 && e.cut {
		return true
	}
	if e.tag&0xe0 == 0x60 && !ldap { // a message: small letters look like one that was cut
		return len(e.body) > 0 && (e.body[0] == 0x30 || e.tag == 0x60 && e.body[0] == 0x06)
	}
	if len(e.body) > 0 {
		return true
	}
	switch e.tag {
	case 0x03, 0x04, 0x05, 0x0c, 0x13, 0x16, 0x1b, 0x30, 0x31:
		return true
	case 0x42: // UnbindRequest, RFC 4511 §4.3
		return ldap
	}
	return e.tag&0xc0 == 0x80
}

// message redacts a Kerberos message; what is none is wiped.
func (r *Redactor) message(b []byte) {
	if !isMessage(b) {
		wipe(b)
		return
	}
	r.elements(b, within{field: -1, first: -1})
}

// isMessage tells whether b begins as a message of RFC 4120 §5.10 does, or one
// around others: [APPLICATION n] and a SEQUENCE in it.
func isMessage(b []byte) bool {
	e, ok := readElement(b)
	if !ok || !e.cut && e.size < len(b)-64 {
		return false
	}
	switch e.tag {
	case 0x61, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x74, 0x75, 0x76, 0x7e:
		return len(e.body) == 0 || e.body[0] == 0x30
	case 0x30: // KDC-PROXY-MESSAGE
		return len(e.body) > 0 && e.body[0] == 0xa0
	}
	return false
}

// elements redacts elements one behind the other; what is none is wiped.
func (r *Redactor) elements(b []byte, in within) {
	for len(b) > 0 {
		e, ok := readElement(b)
		if !ok || in.depth > maxDepth || !plausible(e, in.ldap) {
			if len(b) > 2 || b[0]&0xe0 != 0xa0 && b[0] != 0x30 { // but for the beginning of one that was cut
				wipe(b)
			}
			return
		}
		sub := in
		sub.depth++
		switch {
		case e.tag == 0x60 && len(e.body) > 2 && e.body[0] == 0x06:
			r.framed(e.body, sub)
		case e.tag == 0x30 || e.tag == 0x31:
			sub.field, sub.first, sub.integer, sub.number = -1, -1, false, 0
			if f, ok := readElement(e.body); ok && f.tag&0xe0 == 0xa0 {
				sub.first = int(f.tag & 0x1f)
				if v, ok := readElement(f.body); ok && v.tag == 0x02 && len(v.body) <= 5 {
					sub.integer, sub.number = true, signed(v.body)
				}
			}
			if in.field == 1 && in.first == 0 && in.padata == 0 && r.components(e.body) {
				break
			}
			r.elements(e.body, sub)
		case e.tag&0xe0 == 0xa0:
			sub.field = int(e.tag & 0x1f)
			r.elements(e.body, sub)
		case e.tag&0x20 != 0:
			sub.field, sub.first = -1, -1
			r.elements(e.body, sub)
		default:
			r.leaf(e, sub)
		}
		b = b[e.size:]
	}
}

func signed(b []byte) (n int64) {
	for i, c := range b {
		if i == 0 {
			n = int64(int8(c))
		} else {
			n = n<<8 | int64(c)
		}
	}
	return n
}

// components redacts the name-string of a PrincipalName, RFC 4120 §5.2.2; false
// when these are not strings.
func (r *Redactor) components(b []byte) bool {
	var list [][]byte
	for at := b; len(at) > 0; {
		e, ok := readElement(at)
		if !ok || e.tag != 0x1b && e.tag != 0x0c {
			return false
		}
		list = append(list, e.body)
		at = at[e.size:]
	}
	r.principal(list)
	return len(list) > 0
}

// leaf redacts an element without others in it.
func (r *Redactor) leaf(e element, in within) {
	b := e.body
	switch e.tag {
	case 0x01, 0x05, 0x0a: // BOOLEAN, NULL, ENUMERATED
		if len(b) > 4 {
			wipe(b)
		}
	case 0x06:
		switch {
		case len(b) > 24 || printable(b) && len(b) > 4 || in.depth < 2:
			wipe(b)
		case bytes.HasPrefix(b, templateOID) && len(b) > len(templateOID):
			r.arcs(b[len(templateOID):])
		case bytes.HasPrefix(b, enterpriseOID) && !bytes.HasPrefix(b[len(enterpriseOID):], []byte{0x82, 0x37}) && !bytes.HasPrefix(b[len(enterpriseOID):], []byte{0xa9, 0x4a}):
			r.arcs(b[len(enterpriseOID):])
		}
	case 0x02:
		if len(b) > 5 {
			r.hide(b[1:])
		}
	case 0x03:
		switch {
		case len(b) <= 5: // flags
		case b[0] == 0 && whole(b[1:]):
			r.elements(b[1:], in)
		default:
			r.hide(b[1:])
		}
	case 0x04:
		r.octets(b, in)
	case 0x17, 0x18:
		r.time(b)
	case 0x1b, 0x0c, 0x13, 0x16, 0x14, 0x1a:
		switch {
		case in.padata == 19 || in.padata == 11:
			r.salt(b)
		case in.field == 11 && in.first == 0: // e-text
			r.text(b)
		case in.first == 0 && in.number == 5, in.field == 2 && in.first == 0 || in.field == 9 || in.field == 7 || in.field == 3 || in.field == 1:
			r.realm(b)
		case bytes.Contains(b, []byte("not_defined_in_RFC4178")):
			r.text(b)
		default:
			r.name(b)
		}
	case 0x1e: // BMPString: big-endian
		wipe(b)
	default:
		switch {
		case in.ldap && e.tag == 0x87: // serverSaslCreds; the key of an extended request
			r.token(b)
		case whole(b) && len(b) > 4:
			r.elements(b, in)
		case e.tag == 0x80 && in.ldap && oidText(b): // the name of an extended request
		case in.ldap:
			blank(b) // simple passwords
		case printable(b):
			r.name(b)
		default:
			r.hide(b)
		}
	}
}

// Arcs below which an OID tells whose it is: certificate templates, which are
// numbered by forest, and enterprises (but for Microsoft's, 311, and that of the
// mechanisms of GSS-EAP, 5322).
var (
	enterpriseOID = []byte("\x2b\x06\x01\x04\x01")
	templateOID   = []byte("\x2b\x06\x01\x04\x01\x82\x37\x15\x08")
)

// arcs puts other numbers of as many octets into the end of an OID.
func (r *Redactor) arcs(b []byte) {
	more := bytes.Clone(b)
	r.hide(b)
	for i := range b {
		b[i] = b[i]&0x7f | more[i]&0x80
		if b[i] == 0x80 { // no leading zeros
			b[i] = 0x81
		}
	}
}

// octets redacts an OCTET STRING.
func (r *Redactor) octets(b []byte, in within) {
	switch {
	case in.ldap:
		r.ldapString(b)
	case in.first == 1 && in.field == 2 && in.integer: // PA-DATA, KERB-ERROR-DATA
		r.padata(in.number, b, in)
	case in.first == 0 && in.field == 2 && in.integer: // EncryptedData; s2kparams
		if len(b) > 4 {
			r.hide(b)
		}
	case in.first == 0 && in.field == 1 && in.padata == 11:
		r.salt(b)
	case in.first == 0 && in.field == 1 && (in.number == 2 && len(b) == 4 || in.number == 24 && len(b) == 16): // HostAddress
		r.addrs.bytes(b)
	case in.first == 0 && in.field == 1 && in.number == 20 && len(b) == 16: // NetBIOS, padded with blanks
		r.name(bytes.TrimRight(b[:15], " "))
	case len(b) > 8 && int(binary.BigEndian.Uint32(b)) == len(b)-4 && whole(b[4:]): // KDC-PROXY-MESSAGE, [MS-KKDCP] §2.2.2
		r.elements(b[4:], within{field: -1, first: -1, depth: in.depth})
	default:
		r.token(b)
	}
}

// padata redacts the value of a PA-DATA.
func (r *Redactor) padata(kind int64, b []byte, in within) {
	switch {
	case kind == 3 && (len(b) < 8 || binary.LittleEndian.Uint32(b[4:]) != 0): // PW-SALT, unless Windows puts a status there
		r.salt(b)
	case kind == 3 && len(b) <= 12, kind == 165 && len(b) <= 4, kind >= 1 && kind <= 3 && len(b) == 12 && !whole(b):
	case whole(b):
		r.elements(b, within{field: -1, first: -1, padata: kind, depth: in.depth})
	case len(b) > 2 && b[0] == 0x30 && kind != 133: // cut
		r.elements(b, within{field: -1, first: -1, padata: kind, depth: in.depth})
	default:
		r.hide(b)
	}
}

// time shifts a UTCTime or a GeneralizedTime; what is none is wiped.
func (r *Redactor) time(b []byte) {
	layout := "20060102150405Z"
	if len(b) == 13 {
		layout = "060102150405Z"
	}
	if len(b) > len(layout) && b[14] == '.' && b[len(b)-1] == 'Z' { // a fraction
		for _, c := range b[15 : len(b)-1] {
			if c < '0' || c > '9' {
				wipe(b)
				return
			}
		}
		z := append(bytes.Clone(b[:14]), 'Z')
		r.time(z)
		copy(b, z[:14])
		return
	}
	t, err := time.Parse(layout, string(b))
	if err != nil {
		wipe(b)
		return
	}
	if r.shift != 0 {
		copy(b, t.Add(r.shift).Format(layout))
	}
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return false
		}
	}
	return len(b) > 0
}

// oidText tells an OID as LDAP has it, from digits that are a password.
func oidText(b []byte) bool {
	if !bytes.HasPrefix(b, []byte("1.3.6.1.")) && !bytes.HasPrefix(b, []byte("1.2.840.")) && !bytes.HasPrefix(b, []byte("2.16.840.")) {
		return false
	}
	for _, c := range b {
		if c != '.' && (c < '0' || c > '9') {
			return false
		}
	}
	return len(b) > 0
}
