package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// checksumRefused: the checksum, or its type, is not accepted.
var checksumRefused = &Rule{
	ID:    "checksum-refused",
	Title: "The checksum of a request is not accepted",
	Doc: `A KDC or service answered KRB_AP_ERR_INAPP_CKSUM (50) or KDC_ERR_SUMTYPE_NOSUPP (15): the checksum over the request is missing, not keyed, or of a type
that the receiver no more takes (RSA-MD4, MD5, CRC32, or HMAC-MD5 where RC4 is off). Ticket and authenticator were decrypted before that, so key and service name are right.`,
	Rivals: []string{
		`An old or hand-made client library that leaves the body checksum out: newer KDCs refuse a TGS-REQ without one.`,
		`RC4 was disabled on the receiver while the client's ticket has an RC4 session key: then session-key-downgrade or client-offers-no-aes stands beside it.`,
		`An attack tool asking for service tickets in numbers: kerberoast-pattern counts those.`,
	},
	Fix: []string{
		`Update the client's Kerberos library (the frames tell its address); old Java, Samba and Heimdal before 2022 are the usual ones`,
		`If it came with switching RC4 off: let the client offer AES, then klist purge on it`,
	},
	Refs:     []string{"RFC 4120 §7.5.9, §5.5.1", "RFC 3961 §4", "[MS-KILE] §3.3.5.7"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkChecksumRefused,
}

// Codes about checksums, RFC 4120 §7.5.9.
const (
	errSumtypeNosupp = 15
	errInappCksum    = 50
)

func checkChecksumRefused(c *Case) []Finding {
	var found []Finding
	for _, kind := range [...]decode.Kind{decode.TGS, decode.AP} {
		rows := c.rowsWhere(kind, func(r *Record) bool {
			return r.Ending == decode.Failed && (r.code() == errSumtypeNosupp || r.code() == errInappCksum)
		})
		found = append(found, c.each(rows, byQuestion, []string{"error_code", "authenticator_etype", "e_text"}, func(f *Finding, rows []*Row, r *Record) {
			f.Confidence = Certain
			who := c.HostName(r.To.Addr())
			if r.Kind == decode.AP {
				who = c.server(r.To)
			}
			f.FaultAt = []Fault{c.faultClient(r)}
			f.Summary = fmt.Sprintf("%s did not accept the checksum of %s %s: %s.", who, c.whoAll(rows), nTimes(total(rows)), codeText(r.code()))
			f.Cause = "The client's library makes no checksum, or one of a type that the receiver refuses."
			if r.Req.Authenticator != nil && isWeak(*r.Req.Authenticator) {
				f.Cause += " Its session key is " + shortEtype(*r.Req.Authenticator) + ", whose checksums are refused where RC4 is off."
			}
		})...)
	}
	return found
}
