package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// clientPrefersRC4: AES is listed, behind RC4.
var clientPrefersRC4 = &Rule{
	ID:    "client-prefers-rc4",
	Title: "The client lists RC4 before AES",
	Doc: `The request lists AES, but RC4 (23) or DES stands before it. KDCs choose the session key by the client's order, so session keys
become RC4 although both ends know AES; the ticket itself follows the service's account and may well be AES256.`,
	Rivals: []string{
		`Order from a keytab: kinit -k of MIT puts the etypes that the keytab holds first, so a keytab that begins with RC4 reorders one program's AS-REQ; order alone is then no administrator's choice, and the confidence is "likely" at most.`,
		`A tool with its own order (impacket lists 23, 16, 3 and then the TGT's etype): when the same host sends other lists too, it is one program.`,
		`The client reordered its list for the etype of the TGT's session key: cause and effect turned round; the AS-REQ list, which is free of that, is named first.`,
	},
	Fix: []string{
		`MIT and Heimdal: remove default_tkt_enctypes, default_tgs_enctypes and permitted_enctypes from krb5.conf, or put aes256-cts-hmac-sha1-96 first; make the keytab again with AES keys`,
		`Windows lists AES first by itself: reg query HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v DefaultEncryptionType, and delete it`,
		`Then throw old tickets away: klist purge (Windows), kdestroy (MIT)`,
	},
	Refs:     []string{"RFC 4120 §3.1.3, §3.3.3 (the client's order decides the session key)", "Samba etype_tests.py, written to pass against Windows"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkClientPrefersRC4,
}

func checkClientPrefersRC4(c *Case) []Finding {
	prefers := func(r *Record) bool { return hasAES(r.Req.Etypes) && weakFirst(r.Req.Etypes) }
	rows := append(c.rowsWhere(decode.AS, prefers), c.rowsWhere(decode.TGS, prefers)...)
	var found []Finding
	for _, group := range groupRows(rows, func(row *Row) string { return row.Record().From.Addr().String() }) {
		r := group[0].Record()
		f := c.about(group, "etypes")
		f.Confidence = Likely
		f.FaultAt = []Fault{c.faultClient(r)}
		f.Summary = fmt.Sprintf("%s lists %s before AES in %s (%s): session keys become %s.", c.HostName(r.From.Addr()),
			shortEtype(r.Req.Etypes[0]), plural(total(group), "request"), join(c.clientsOf(group), 3), shortEtype(r.Req.Etypes[0]))
		f.Cause = "KDCs choose the session key by the client's order. The order comes from krb5.conf, from a keytab that begins with RC4 (kinit -k lists what the keytab holds first), or from the program itself." + looksLike(group)
		found = append(found, f)
	}
	return found
}

// weakFirst tells a list with RC4, DES or 3DES before its first AES etype.
func weakFirst(list []int32) bool {
	for _, e := range list {
		if isAES(e) {
			return false
		}
		if isWeak(e) {
			return true
		}
	}
	return false
}
