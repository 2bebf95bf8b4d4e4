package analyze

import (
	"fmt"
	"slices"

	"kerbscope/decode"
)

// wrongRealm: the KDC sends the client to another realm.
var wrongRealm = &Rule{
	ID:    "wrong-realm",
	Title: "The KDC sent the client to another realm",
	Doc: `KDC_ERR_WRONG_REALM (68) with the name of a realm in crealm is a referral of the logon: the account lives in another domain of the forest or in a trusted one, and the client is to ask
there. A step in most logons with a UPN. It is an error only when nothing shows that the client went there, or came through, though the capture goes on long enough and holds the client's words with other hosts.`,
	Rivals: []string{
		`The client went to the other realm's KDC by a way that this capture does not see: then the rule says likely, and names the realm.`,
		`The UPN suffix is routed to a wrong forest: the other realm then answers 6; client-unknown speaks of that.`,
		`A client library without support for referrals of logons (no canonicalize option in its request): it stops here.`,
	},
	Fix: []string{
		`Log on with the account's own realm: NAME@REALM; kinit -C (canonicalize) for UPNs`,
		`nltest /dsgetdc:REALM on the client: can it find a DC there? See the name suffix routing of the trust in Active Directory Domains and Trusts`,
		`MIT: canonicalize = true in [libdefaults], and dns_lookup_kdc or a [realms] entry for the other realm`,
	},
	Refs:     []string{"RFC 6806 §7", "[MS-KILE] §3.3.5.6.1"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkWrongRealm,
}

const errWrongRealm = 68

func checkWrongRealm(c *Case) []Finding {
	rows := c.rowsWhere(decode.AS, func(r *Record) bool { return r.Ending == decode.Failed && r.code() == errWrongRealm })
	last := c.lastSeen()
	return c.each(rows, byClientAndKDC, []string{"error_code", "cname", "realm"}, func(f *Finding, rows []*Row, r *Record) {
		f.Severity, f.Confidence, f.FaultAt = Note, Certain, nil
		there := r.Error.CRealm
		if there == "" {
			there = "another realm"
		}
		f.Summary = fmt.Sprintf("%s sent %s to %s %s (68).", c.HostName(r.To.Addr()), c.whoAll(rows), there, nTimes(total(rows)))
		f.Cause = "A step: the account is not of this realm."
		f.fill = []string{"REALM", r.Error.CRealm}
		if x := c.wentTo(r); x != nil {
			c.cite(f, x, "realm", "issued.etype", "error_code")
			return
		}
		if last-r.End > atOnce && c.seenElsewhere(r) {
			f.Severity, f.Confidence = Error, Likely
			f.Cause = "Nothing shows that the client asked there: it cannot find a KDC of that realm, or its library does not follow referrals of logons."
		}
	})
}

// seenElsewhere tells whether the captures hold the client's words with other
// hosts than the KDC: one made at the KDC never shows where the client went.
func (c *Case) seenElsewhere(r *Record) bool {
	return slices.ContainsFunc(c.RecordsFrom(r.From.Addr()), func(x *Record) bool { return x.Req.Frame != 0 && !c.SameHost(x.To.Addr(), r.To.Addr()) })
}

// wentTo is the client's next logon, in the realm that r's error names or, when
// it names none, in another realm or at another KDC.
func (c *Case) wentTo(r *Record) *Record {
	for _, x := range c.RecordsFrom(r.From.Addr()) {
		if x.Kind == decode.AS && x.Start >= r.Start && x.Start-r.End < windowsRetryTimeout && x != r &&
			(lower(x.Req.Realm) == lower(r.Error.CRealm) || r.Error.CRealm == "" && (lower(x.Req.Realm) != lower(r.Req.Realm) || x.To.Addr() != r.To.Addr())) {
			return x
		}
	}
	return nil
}
