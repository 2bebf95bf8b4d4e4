package decode

import (
	"encoding/binary"
	"hash/fnv"
	"strings"
)

// Types of the records that carry and use keys: RFC 2930 §2, RFC 8945 §4.2.
const (
	dnsSOA  = 6
	dnsTKEY = 249
	dnsTSIG = 250
)

// Opcodes, in place in the third byte of a message.
const (
	dnsOpMask   = 0x78
	dnsOpQuery  = 0 << 3
	dnsOpNotify = 4 << 3
	dnsOpUpdate = 5 << 3 // RFC 2136
)

// leastTKEY is less than a query with a GSS token has: a name, a TKEY record
// (26 bytes, RFC 2930 §2, and its names) and the token. Most queries have less.
const leastTKEY = 96

// dnsKeyed tells whether a message of the given size that begins with b is an
// update, or a query for TKEY, or the answer to one of them.
func dnsKeyed(b []byte, size int) bool {
	if len(b) < 12 {
		return false
	}
	if op := b[2] & dnsOpMask; op != dnsOpQuery {
		return op == dnsOpUpdate
	}
	if size < leastTKEY && b[2]&0x80 == 0 {
		return false
	}
	at := 12
	for at < len(b) && b[at] != 0 {
		if b[at] >= 0x40 {
			return false
		}
		at += 1 + int(b[at])
	}
	return at+3 <= len(b) && b[at+1] == 0 && b[at+2] == dnsTKEY
}

// A dnsKeys is what a DNS message says about keys.
type dnsKeys struct {
	id       uint16
	response bool
	update   bool
	rcode    int
	// of its TKEY record
	tkey  bool
	name  string
	mode  uint16
	err   uint16
	key   []byte // as far as it is there
	keyAt int
	// of its TSIG record with an algorithm of GSS-TSIG
	signed bool
	signer string
	sigErr uint16
	mac    bool
}

// tkeyGSS is the mode of a TKEY record for GSS-API negotiation, RFC 2930 §2.5.
const tkeyGSS = 3

// readDNSKeys reads a message with its last records, where keys stand.
func readDNSKeys(b []byte) (m dnsKeys, ok bool) {
	if len(b) < 12 {
		return m, false
	}
	m.id = binary.BigEndian.Uint16(b)
	m.response = b[2]&0x80 != 0
	m.update = b[2]&dnsOpMask == dnsOpUpdate
	m.rcode = int(b[3] & 0xf)
	at := 12
	for range binary.BigEndian.Uint16(b[4:]) {
		if at = dnsSkipName(b, at); at < 0 || at+4 > len(b) {
			return m, true
		}
		at += 4
	}
	records := int(binary.BigEndian.Uint16(b[6:])) + int(binary.BigEndian.Uint16(b[8:])) + int(binary.BigEndian.Uint16(b[10:]))
	for range records {
		head := dnsSkipName(b, at)
		if head < 0 || head+10 > len(b) {
			break
		}
		typ, size := binary.BigEndian.Uint16(b[head:]), int(binary.BigEndian.Uint16(b[head+8:]))
		from := head + 10
		end := from + size
		switch typ {
		case dnsTKEY:
			m.readTKEY(b[:min(end, len(b))], at, from)
		case dnsTSIG:
			m.readTSIG(b[:min(end, len(b))], at, from)
		}
		if at = end; at > len(b) {
			break
		}
	}
	return m, true
}

// readTKEY reads the record whose name stands at index name and whose data from
// index at to the end of b, RFC 2930 §2.
func (m *dnsKeys) readTKEY(b []byte, name, at int) {
	owner, end := dnsName(b, name)
	if at = dnsSkipName(b, at); end < 0 || at < 0 || at+14 > len(b) {
		return
	}
	m.tkey, m.name = true, owner
	m.mode, m.err = binary.BigEndian.Uint16(b[at+8:]), binary.BigEndian.Uint16(b[at+10:])
	n := int(binary.BigEndian.Uint16(b[at+12:]))
	m.keyAt = at + 14
	m.key = b[m.keyAt:min(m.keyAt+n, len(b))]
}

// readTSIG reads a TSIG record, RFC 8945 §4.2.
func (m *dnsKeys) readTSIG(b []byte, name, at int) {
	algorithm, after := dnsName(b, at)
	owner, end := dnsName(b, name)
	if end < 0 || after < 0 || after+10 > len(b) || !gssTSIG(algorithm) {
		return
	}
	m.signed, m.signer = true, owner
	n := int(binary.BigEndian.Uint16(b[after+8:]))
	m.mac = n > 0
	if at = after + 10 + n; at+4 <= len(b) {
		m.sigErr = binary.BigEndian.Uint16(b[at+2:])
	}
}

// gssTSIG knows the algorithm of RFC 3645 §2.1, also as Windows 2000 calls it.
func gssTSIG(algorithm string) bool {
	return strings.EqualFold(algorithm, "gss-tsig") || strings.EqualFold(algorithm, "gss.microsoft.com")
}

// dnsSkipName is the offset behind the name at offset at, -1 when it is not all
// there.
func dnsSkipName(b []byte, at int) int {
	for at < len(b) {
		switch n := int(b[at]); {
		case n == 0:
			return at + 1
		case n >= 0xc0:
			if at+2 > len(b) {
				return -1
			}
			return at + 2
		case n >= 0x40:
			return -1
		default:
			at += 1 + n
		}
	}
	return -1
}

// dnsContext tells contexts apart by the names of their keys, which do not
// differ by case.
func dnsContext(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(strings.ToLower(name)))
	return h.Sum64()
}

// dnsCodes are the names of RCODEs, RFC 2136 §2.2 and RFC 6895 §2.3, and of the
// errors of TKEY and TSIG records, which go on where these end.
var dnsCodes = [...]string{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE",
	16: "BADSIG", 17: "BADKEY", 18: "BADTIME", 19: "BADMODE", 20: "BADNAME", 21: "BADALG", 22: "BADTRUNC"}

func dnsCode(code int) string {
	if code < 0 || code >= len(dnsCodes) {
		return ""
	}
	return dnsCodes[code]
}
