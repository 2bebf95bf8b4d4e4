package redact

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// dns redacts a DNS message, RFC 1035 §4.1.
func (r *Redactor) dns(b []byte) {
	if len(b) < 12 {
		wipe(b)
		return
	}
	be := binary.BigEndian
	at := 12
	for range be.Uint16(b[4:]) {
		if at = r.dnsName(b, at); at < 0 || at+4 > len(b) {
			wipe(b[min(max(at, 0), len(b)):])
			return
		}
		at += 4
	}
	records := int(be.Uint16(b[6:])) + int(be.Uint16(b[8:])) + int(be.Uint16(b[10:]))
	for range records {
		from := at
		if at = r.dnsName(b, at); at < 0 || at+10 > len(b) {
			wipe(b[min(max(at, from), len(b)):])
			return
		}
		kind, n := be.Uint16(b[at:]), int(be.Uint16(b[at+8:]))
		r.dnsData(b, kind, at+10, min(n, len(b)-at-10))
		at = min(at+10+n, len(b))
	}
	wipe(b[at:])
}

// dnsData redacts the data of a record, which stands at at.
func (r *Redactor) dnsData(b []byte, kind uint16, at, n int) {
	data := b[at : at+n]
	head := 0
	switch kind {
	case 1, 28: // A, AAAA
		r.addrs.bytes(data)
		if len(data) != 4 && len(data) != 16 {
			wipe(data)
		}
		return
	case 2, 5, 12, 39: // NS, CNAME, PTR, DNAME
	case 15:
		head = 2
	case 33:
		head = 6
	case 6: // SOA: two names, five numbers
		if end := r.dnsName(b[:at+n], at); end >= 0 {
			r.dnsName(b[:at+n], end)
		}
		return
	case 249: // TKEY, RFC 2930 §2: algorithm, times, mode, error, key
		if end := r.dnsName(b[:at+n], at); end >= 0 && end+14 <= at+n {
			size := int(binary.BigEndian.Uint16(b[end+12:]))
			key := part(b[:at+n], end+14, size)
			r.token(key)
			wipe(b[end+14+len(key) : at+n])
			return
		}
		wipe(data)
		return
	case 250: // TSIG, RFC 8945 §4.2: algorithm, time, fudge, MAC, id, error, other
		if end := r.dnsName(b[:at+n], at); end >= 0 && end+10 <= at+n {
			mac := part(b[:at+n], end+10, int(binary.BigEndian.Uint16(b[end+8:])))
			r.hide(mac)
			wipe(b[min(end+10+len(mac)+6, at+n) : at+n])
			return
		}
		wipe(data)
		return
	case 41: // OPT
		wipe(data)
		return
	default:
		wipe(data)
		return
	}
	if n > head {
		r.dnsName(b[:at+n], at+head)
	}
}

// dnsName redacts the name at offset at of b as it stands there, and returns
// the offset behind it; -1 when it is broken. Of a name that is an address the
// digits follow the address.
func (r *Redactor) dnsName(b []byte, at int) int {
	var labels [][]byte
	end := -1
	for end < 0 {
		if at >= len(b) {
			return -1
		}
		switch n := int(b[at]); {
		case n == 0:
			end = at + 1
		case n >= 0xc0:
			if at+2 > len(b) {
				return -1
			}
			end = at + 2
		case n >= 0x40 || at+1+n > len(b):
			return -1
		default:
			labels = append(labels, b[at+1:at+1+n])
			at += 1 + n
		}
	}
	if r.reverse(labels) {
		return end
	}
	last := len(labels) - 1
	for i, l := range labels {
		low := string(asciiLower(l))
		switch {
		case reserved[low], locator[low], i == last && i > 0 && topLevel[low]:
		case i < last && string(asciiLower(labels[i+1])) == "_msdcs" && (low == "dc" || low == "gc" || low == "pdc" || low == "domains"):
		case len(l) > 20 && bytes.Count(l, []byte("-")) >= 4, bytes.ContainsAny(l, " ."): // a GUID, the key's name of GSS-TSIG
			eachLabel(l, func(from, to int) { r.names.label(l[from:to]) })
		case low == "gss-tsig" || low == "gss" || low == "microsoft":
		default:
			eachLabel(l, func(from, to int) {
				r.names.own(string(asciiLower(l[from:to])), false)
				r.names.label(l[from:to])
			})
		}
	}
	return end
}

// reverse redacts the labels of a name in in-addr.arpa; false when it is none,
// or not of four numbers.
func (r *Redactor) reverse(labels [][]byte) bool {
	if n := len(labels); n > 2 && n <= 34 && string(asciiLower(labels[n-2])) == "ip6" {
		return r.reverse6(labels[:n-2])
	}
	if len(labels) != 6 || string(asciiLower(labels[4])) != "in-addr" {
		return false
	}
	text := bytes.Join([][]byte{labels[3], labels[2], labels[1], labels[0]}, []byte("."))
	if !r.address(text) {
		return false
	}
	for i, p := range bytes.Split(text, []byte(".")) {
		if i < 4 && len(p) == len(labels[3-i]) {
			copy(labels[3-i], p)
		}
	}
	return true
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

// reverse6 redacts the digits of an address, or of its beginning, that stand
// one a label and the last first (RFC 3596 §2.5); false when there are others.
func (r *Redactor) reverse6(digits [][]byte) bool {
	var a [16]byte
	for i, d := range digits {
		if len(d) != 1 || !hexDigit(d[0]) {
			return false
		}
		at := len(digits) - 1 - i
		a[at/2] |= digitOf(d[0]) << (4 * (1 - at%2))
	}
	a = r.addrs.of(netip.AddrFrom16(a)).As16()
	for i, d := range digits {
		at := len(digits) - 1 - i
		d[0] = "0123456789abcdef"[a[at/2]>>(4*(1-at%2))&15]
	}
	return true
}

func digitOf(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}
