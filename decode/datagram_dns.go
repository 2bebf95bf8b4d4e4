package decode

import (
	"encoding/binary"
	"net/netip"
	"strings"
)

// A dnsAnswer is what a DNS response says (RFC 1035 §4.1).
type dnsAnswer struct {
	name   string       // of the question, without the last dot
	qtype  uint16       // of the question
	rcode  int          // 0 NOERROR, 3 NXDOMAIN
	addrs  []netip.Addr // of A and AAAA records, in order
	target string       // the last CNAME's or PTR's, or the first SRV's
	// targets are those of all SRV records, in order.
	targets   []string
	truncated bool // TC is set, or the datagram ends early
}

// Types of resource records.
const (
	dnsA     = 1
	dnsCNAME = 5
	dnsPTR   = 12
	dnsAAAA  = 28
	dnsSRV   = 33
)

// maxDNSRecords bounds the records looked at in one response.
const maxDNSRecords = 128

// parseDNS reads a response with one question; false for anything else.
func parseDNS(b []byte) (a dnsAnswer, ok bool) {
	if len(b) < 12 {
		return a, false
	}
	flags := binary.BigEndian.Uint16(b[2:])
	if flags&0x8000 == 0 || flags&0x7800 != 0 || binary.BigEndian.Uint16(b[4:]) != 1 {
		return a, false
	}
	a.rcode = int(flags & 0xf)
	a.truncated = flags&0x0200 != 0
	name, at := dnsName(b, 12)
	if at < 0 || at+4 > len(b) {
		return a, false
	}
	a.name = name
	a.qtype = binary.BigEndian.Uint16(b[at:])
	at += 4
	records := int(binary.BigEndian.Uint16(b[6:])) // answers only: authority and additional may be about others
	for range min(records, maxDNSRecords) {
		if at = a.record(b, at); at < 0 {
			a.truncated = true
			break
		}
	}
	if a.target == "" && len(a.targets) > 0 {
		a.target = a.targets[0]
	}
	return a, true
}

// dnsAskedFor is the name in a query; "" when it is none, or was cut before its
// name's end.
func dnsAskedFor(b []byte) string {
	if len(b) < 12 || b[2]&0xf8 != 0 || binary.BigEndian.Uint16(b[4:]) != 1 {
		return ""
	}
	name, _ := dnsName(b, 12)
	return name
}

// record reads the resource record at offset at and returns the offset behind
// it, -1 when it is not all there.
func (a *dnsAnswer) record(b []byte, at int) int {
	_, at = dnsName(b, at)
	if at < 0 || at+10 > len(b) {
		return -1
	}
	typ := binary.BigEndian.Uint16(b[at:])
	size := int(binary.BigEndian.Uint16(b[at+8:]))
	at += 10
	if at+size > len(b) {
		return -1
	}
	switch {
	case typ == dnsA && size == 4, typ == dnsAAAA && size == 16:
		addr, _ := netip.AddrFromSlice(b[at : at+size])
		a.addrs = append(a.addrs, addr)
	case typ == dnsCNAME, typ == dnsPTR:
		if name, end := dnsName(b, at); end >= 0 {
			a.target = name
		}
	case typ == dnsSRV && size > 6:
		if name, end := dnsName(b, at+6); end >= 0 {
			a.targets = append(a.targets, name)
		}
	}
	return at + size
}

// dnsName reads the name at offset at, following compression pointers (RFC
// 1035 §4.1.4), which may only point backwards. It returns the offset behind
// the name as it stands, -1 when it is broken.
func dnsName(b []byte, at int) (string, int) {
	var sb strings.Builder
	end, limit := -1, at
	for {
		if at >= len(b) {
			return "", -1
		}
		n := int(b[at])
		switch {
		case n == 0:
			if end < 0 {
				end = at + 1
			}
			return sb.String(), end
		case n < 0x40:
			if at+1+n > len(b) || sb.Len()+n+1 > 255 {
				return "", -1
			}
			if sb.Len() > 0 {
				sb.WriteByte('.')
			}
			sb.Write(b[at+1 : at+1+n])
			at += 1 + n
		case n >= 0xc0:
			if at+2 > len(b) {
				return "", -1
			}
			if end < 0 {
				end = at + 2
			}
			to := int(binary.BigEndian.Uint16(b[at:]) & 0x3fff)
			if to >= limit {
				return "", -1
			}
			at, limit = to, to
		default:
			return "", -1
		}
	}
}
