package analyze

import (
	"fmt"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// mutualAuthMissing: the client asked the service to prove itself, and it did not.
var mutualAuthMissing = &Rule{
	ID:    "mutual-auth-missing",
	Title: "The service did not prove who it is",
	Doc: `Over SMB, LDAP or RPC the client's AP-REQ either does not ask for mutual authentication, which clients of these protocols normally do, or it asks, the service accepted, and no AP-REP came back.
Without an AP-REP the client has no proof that it talks to the holder of the service's key.`,
	Rivals: []string{
		`The AP-REP was not captured (gap, snap length, one direction): the rule is silent where the capture lost anything.`,
		`The client library chose to do without (old Samba, hand-made clients): then its AP-REQs to all services lack the option.`,
		`HTTP and others often do without an AP-REP: they are not counted.`,
	},
	Fix: []string{
		`Look which program on the client connects (the frames tell ports): netstat -abno; update it, or let it ask for mutual authentication (GSS_C_MUTUAL_FLAG, ISC_REQ_MUTUAL_AUTH)`,
		`UNC hardening makes Windows insist for shares: Group Policy "Hardened UNC Paths", RequireMutualAuthentication=1`,
	},
	Refs:     []string{"RFC 4120 §3.2.2, §3.2.4", "RFC 4121 §4.1.1.1", "[MS-KILE] §3.1.5.2"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkMutualAuthMissing,
}

func checkMutualAuthMissing(c *Case) []Finding {
	for _, k := range c.Captures() {
		if k.Truncated > 0 || k.Stats.Gaps > 0 {
			return nil
		}
	}
	rows := c.rowsWhere(decode.AP, func(r *Record) bool {
		if len(r.Carrier) == 0 || r.Ending != decode.OK || r.Reply != nil || !r.BothWays || r.Req.Frame == 0 || r.Word == nil || r.Word.Outcome != decode.Accepted {
			return false
		}
		switch r.Carrier[0] {
		case "smb2", "smb", "ldap", "dcerpc":
			return true
		}
		return false
	})
	return c.each(rows, func(r *Record) string { return byServiceAndServer(r) + "|" + r.From.Addr().String() }, []string{"ticket.sname", "carrier_result.code"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence, f.FaultAt = Certain, nil
		if r.Req.APOptions&krb5.APMutualRequired == 0 {
			f.Severity = Note
			f.Summary = fmt.Sprintf("%s did not ask %s to prove itself %s (no mutual-required), and was accepted.", c.whoAll(rows), c.server(r.To), nTimes(total(rows)))
			f.Cause = "The client's program or library does without mutual authentication."
			return
		}
		f.Severity, f.Confidence = Warning, Possible
		f.Summary = fmt.Sprintf("%s asked %s to prove itself %s; it was accepted without an AP-REP.", c.whoAll(rows), c.server(r.To), nTimes(total(rows)))
		f.Cause = "The service accepted the ticket and sent no proof of its key: it may not hold that key at all."
	})
}
