package decode

import (
	"encoding/binary"
	"strings"
)

// A cldapAnswer is a domain controller's answer to a locator ping over UDP
// 389, [MS-ADTS] §6.3.1.9.
type cldapAnswer struct {
	host   string // DNS name of the DC
	domain string // DNS name of its domain
	forest string
	// netbios and netbiosDomain are the short names.
	netbios, netbiosDomain string
	site, clientSite       string
	flags                  uint32 // DS_FLAG, [MS-ADTS] §6.3.1.2
}

// Opcodes of netlogon responses, [MS-ADTS] §6.3.1.3.
const (
	logonSAMResponseEx    = 23
	logonSAMUserUnknownEx = 25
)

// parseCLDAP reads a SearchResultEntry with a Netlogon attribute that holds a
// NETLOGON_SAM_LOGON_RESPONSE_EX; false for anything else.
func parseCLDAP(b []byte) (cldapAnswer, bool) {
	m, _, ok := readLDAP(b)
	if !ok || m.op != ldapSearchEntry {
		return cldapAnswer{}, false
	}
	var blob []byte
	ldapAttributes(m.body, func(name, value []byte) {
		if blob == nil && strings.EqualFold(string(name), "netlogon") {
			blob = value
		}
	})
	return parseNetlogon(blob)
}

// parseNetlogon reads Opcode, Sbz, Flags, DomainGuid, then eight names
// compressed as in RFC 1035 with offsets from the start of the structure.
func parseNetlogon(b []byte) (a cldapAnswer, ok bool) {
	if len(b) < 25 {
		return a, false
	}
	if op := binary.LittleEndian.Uint16(b); op != logonSAMResponseEx && op != logonSAMUserUnknownEx {
		return a, false
	}
	a.flags = binary.LittleEndian.Uint32(b[4:])
	at := 24
	var user string
	for _, s := range [...]*string{&a.forest, &a.domain, &a.host, &a.netbiosDomain, &a.netbios, &user, &a.site, &a.clientSite} {
		if *s, at = dnsName(b, at); at < 0 {
			break
		}
	}
	return a, a.host != ""
}
