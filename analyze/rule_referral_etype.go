package analyze

import (
	"fmt"
	"strings"

	"kerbscope/decode"
)

// referralEtype: the trust between two realms has no AES.
var referralEtype = &Rule{
	ID:    "referral-etype",
	Title: "The trust between two realms has no AES, or the other realm refuses its etype",
	Doc: `A referral ticket (krbtgt/OTHER issued by this realm's KDC) is encrypted with the key of the trust. Here it is encrypted with RC4 or DES although the client
offered AES: the trust object holds no AES key or does not say that the other side supports AES. Works, and breaks when RC4 goes. It is an error
when the other realm's KDC refused such a ticket for its etype (14).`,
	Rivals: []string{
		`This realm's KDC has no AES for anyone: kdc-offers-no-aes, and this finding is its consequence.`,
		`The two sides have different keys for the trust: then the other KDC says 31 or 41, not 14, and tgt-undecryptable speaks.`,
		`The other realm refuses because the service there has no etype in common: its 14 then comes for one service and not for others; the cause says so.`,
	},
	Fix: []string{
		`In both domains: Active Directory Domains and Trusts, the trust's properties, "The other domain supports Kerberos AES Encryption"; or ksetup /setenctypeattr OTHERREALM AES128-CTS-HMAC-SHA1-96 AES256-CTS-HMAC-SHA1-96`,
		`Then set the trust's password anew: netdom trust THISREALM /domain:OTHERREALM /resetOneSide /passwordT:NEW /userO:ADMIN /passwordO:*, and the same on the other side`,
		`To an MIT realm: both krbtgt/OTHER@THIS principals need AES keys from the same password: cpw -e aes256-cts:normal,aes128-cts:normal krbtgt/OTHERREALM@THISREALM`,
		`Samba: samba-tool domain trust modify OTHERREALM --use-aes-keys`,
	},
	Undo:     []string{`ksetup /setenctypeattr OTHERREALM RC4-HMAC-MD5 AES128-CTS-HMAC-SHA1-96 AES256-CTS-HMAC-SHA1-96`},
	Events:   []Event{{Host: "DC", Log: "System", ID: "Kerberos-Key-Distribution-Center 16, 27", Meaning: "no etype in common for a TGS request; the krbtgt of the other realm is named"}},
	Refs:     []string{"RFC 6806 §8", "[MS-KILE] §3.3.5.7.5 (cross-domain trust), §2.2.7", "KB4492348"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkReferralEtype,
}

// otherRealm is the realm that a referral or cross-realm TGT leads to.
func otherRealm(principal string) string {
	name, _ := splitPrincipal(principal)
	_, realm, _ := strings.Cut(name, "/")
	return realm
}

func checkReferralEtype(c *Case) []Finding {
	weak := c.rowsWhere(decode.TGS, func(r *Record) bool {
		return r.Ending == decode.OK && r.Issued != nil && isReferral(r.Issued.Principal()) && isWeak(r.Issued.Etype) && hasAES(r.Req.Etypes)
	})
	refused := c.rowsWhere(decode.TGS, func(r *Record) bool {
		return r.code() == errEtypeNosupp && !r.Healed && r.Presented != nil && isReferral(r.Presented.Principal()) && isWeak(r.Presented.Etype)
	})
	trust := func(w *Row) string {
		r := w.Record()
		if r.Issued != nil {
			return lower(r.Issued.Principal())
		}
		return lower(r.Presented.Principal())
	}
	var found []Finding
	for _, group := range groupRows(append(weak, refused...), trust) {
		r := group[0].Record()
		t := r.Issued
		if t == nil {
			t = r.Presented
		}
		f := c.about(group, "etypes", "issued.etype", "issued.kvno", "ticket.etype", "error_code")
		f.Severity, f.Confidence = Warning, Certain
		f.Service, f.Subject.Service = t.Principal(), t.Principal()
		_, here := splitPrincipal(t.Principal())
		there := otherRealm(t.Principal())
		f.Summary = fmt.Sprintf("The trust from %s to %s uses %s: %s, though the client offered %s.", here, there, shortEtype(t.Etype), plural(total(group), "referral"), shortEtypes(r.Req.Etypes))
		f.Cause = "The trust object holds no AES key, or does not say that the other realm supports AES."
		if x := firstRefused(group); x != nil {
			f.Severity, f.Confidence = Error, Likely
			f.Summary = fmt.Sprintf("%s refused a ticket of the trust from %s to %s, which is encrypted with %s: KDC_ERR_ETYPE_NOSUPP (14).", c.HostName(x.To.Addr()), here, there, shortEtype(t.Etype))
			f.Cause += " The other realm no more takes that etype; unless it is the service there that has no etype in common, which a request for another service of that realm would show."
			f.FaultAt = []Fault{c.faultKDC(x)}
		} else {
			f.FaultAt = []Fault{c.faultKDC(r)}
		}
		f.fill = []string{"THISREALM", here, "OTHERREALM", there}
		found = append(found, f)
	}
	return found
}

func firstRefused(group []*Row) *Record {
	for _, w := range group {
		if r := w.Record(); r.code() == errEtypeNosupp {
			return r
		}
	}
	return nil
}
