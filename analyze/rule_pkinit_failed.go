package analyze

import (
	"fmt"
	"slices"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// pkinitFailed: a logon with a certificate was refused.
var pkinitFailed = &Rule{
	ID:    "pkinit-failed",
	Title: "The logon with a certificate or smart card was refused",
	Doc: `The AS-REQ carries PA-PK-AS-REQ, and the KDC answered with an error of certificate logon (RFC 4556): the client's certificate is not trusted, revoked or mapped
to no account (62, 71 to 75), the KDC has no usable certificate (16, 63), signature, key agreement or hash algorithm do not suit it (64, 65, 66, 76 to 81). The
code names the class; which certificate it was stands in decode's row of the request, where it is not hidden inside FAST.

A client that does not trust the KDC's certificate says nothing: it drops the AS-REP. Three logons with a certificate within a minute that were
granted, and of which no TGT was ever shown to a KDC, suggest that (a note: a probe looks the same).`,
	Rivals: []string{
		`The KDC does not do PKINIT for anybody (16): then no request with a certificate succeeds there, and other users' fail alike.`,
		`Only its view of revocation lists is broken (74, 72): the certificate may be good; the KDC's event 19, 29 or CAPI2 log tells.`,
		`The account's mapping is too weak for the strong mapping of May 2022 and later (62, 66, 75): KDC events 39 to 41 tell it from an untrusted chain.`,
	},
	Fix: []string{
		`On the DC: certutil -dcinfo verify (its own certificate), certutil -viewstore -enterprise NTAuth (is the issuer there), certutil -verify -urlfetch CERTFILE for the client's`,
		`Mapping: Get-ADUser NAME -Properties altSecurityIdentities,userPrincipalName; Windows events Kerberos-Key-Distribution-Center 39, 40, 41 say when a strong mapping lacks`,
		`Key agreement (65) and hashes (78, 80): update the client, or allow a larger group: MIT pkinit_dh_min_bits; Windows Group Policy "Configure hash algorithms for certificate logon"`,
		`MIT: KRB5_TRACE=/dev/stderr kinit -X X509_user_identity=FILE:cert.pem,key.pem NAME; check pkinit_anchors on both sides`,
	},
	Events:   []Event{{Host: "DC", Log: "System", ID: "Kerberos-Key-Distribution-Center 19, 21, 29, 32", Meaning: "no or unusable KDC certificate; client certificate not valid"}, {Host: "DC", Log: "System", ID: "Kerberos-Key-Distribution-Center 39, 40, 41", Meaning: "certificate without a strong mapping"}},
	Refs:     []string{"RFC 4556 §3.1.3, §3.2.2", "RFC 8636", "[MS-PKCA] §3.1.5", "KB5014754"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkPKINITFailed,
}

// pkinitError tells a code of RFC 4556 §3.1.3 and RFC 8636 §4; 16 only for a request
// with a certificate.
func pkinitError(r *Record) bool {
	code := r.code()
	switch {
	case r.Kind != decode.AS || r.Error == nil:
		return false
	case code == 16:
		return withCertificate(r)
	}
	return code >= 62 && code <= 66 || code >= 70 && code <= 81
}

func withCertificate(r *Record) bool {
	return slices.ContainsFunc(r.Req.PADataTypes, func(t int32) bool { return t == krb5.PAPKASReq || t == krb5.PAPKASReqOld })
}

func checkPKINITFailed(c *Case) []Finding {
	rows := c.rowsWhere(decode.AS, func(r *Record) bool { return r.Ending == decode.Failed && pkinitError(r) })
	return append(c.droppedByClient(), c.each(rows, func(r *Record) string { return fmt.Sprint(byClientAndKDC(r), "|", r.code()) }, []string{"error_code", "cname", "e_text", "e_data.ntstatus"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		f.Summary = fmt.Sprintf("%s refused the certificate logon of %s %s: %s.", c.HostName(r.To.Addr()), c.whoAll(rows), nTimes(total(rows)), codeText(r.code()))
		switch code := r.code(); code {
		case 16, 63:
			f.Cause = "The KDC has no certificate that it, or the client, can use for this."
			f.FaultAt = []Fault{c.faultKDC(r)}
		case 62, 70, 71, 75, 66:
			f.Cause = "The client's certificate is not trusted by the KDC, or mapped to no account or to another one."
			f.FaultAt = []Fault{c.faultClient(r)}
		case 72, 73, 74:
			f.Cause = "The certificate is revoked, or the KDC could not find out whether it is."
			f.FaultAt = nil
		case 65, 76, 78, 79, 80:
			f.Cause = "The two sides agree on no Diffie-Hellman group, key or hash algorithm."
			f.FaultAt = nil
		default:
			f.Cause = "A signature or use of the certificate is not accepted."
			f.FaultAt = nil
		}
		if t := r.Error.EText; t != "" {
			f.Cause += fmt.Sprintf(" The KDC says %q.", t)
		}
		f.fill = []string{"NAME", bare(r.Client)}
	})...)
}

// droppedAgain logons within droppedWithin, of whose TGTs none is used, are taken
// for such as the client threw away: a client that likes its TGT needs no next one.
const (
	droppedAgain  = 3
	droppedWithin = int64(60e9)
)

// droppedByClient are certificate logons granted again and again in vain.
func (c *Case) droppedByClient() []Finding {
	var unused []*Record
	for _, row := range c.rowsWhere(decode.AS, func(r *Record) bool { return r.answers() && withCertificate(r) }) {
		unused = append(unused, row.Exemplars...)
	}
	slices.SortStableFunc(unused, byTime)
	var found []Finding
	for _, list := range groupRecords(unused, byClientAndKDC) {
		last := list[len(list)-1]
		n := len(list)
		if n < droppedAgain || last.Start-list[n-droppedAgain].Start > droppedWithin || slices.ContainsFunc(list, func(r *Record) bool {
			t := c.lifeOf(r.Issued)
			return t == nil || len(t.Presented) > 0 || t.Forgotten > 0
		}) || slices.ContainsFunc(c.RecordsFrom(last.From.Addr()), func(x *Record) bool {
			return x.Kind == decode.TGS && samePrincipal(x.Client, last.Client) && x.Start > list[0].Start
		}) {
			continue
		}
		f := c.aboutRecords(list, "issued.sname", "cname")
		f.Severity, f.Confidence = Note, Possible
		f.FaultAt = []Fault{c.faultClient(last)}
		f.Summary = fmt.Sprintf("%s granted the certificate logon of %s %s, and none of those TGTs was used.", c.HostName(last.To.Addr()), c.who(last), nTimes(uint64(n)))
		f.Cause = "A client that does not trust the KDC's certificate (its issuer, its key usage, its name) drops the answer without a word and tries again: which certificates it trusts is set on the client (MIT: pkinit_anchors, pkinit_kdc_hostname, pkinit_eku_checking; Windows: the NTAuth store and the KDC's root). Unless the TGTs were used where nothing was captured."
		f.fill = []string{"NAME", bare(last.Client)}
		found = append(found, f)
	}
	return found
}
