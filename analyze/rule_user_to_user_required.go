package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// userToUserRequired: 27.
var userToUserRequired = &Rule{
	ID:    "user-to-user-required",
	Title: "The KDC wants user-to-user authentication for this service",
	Doc: `KDC_ERR_MUST_USE_USER2USER (27): the name belongs to an account without an SPN, a user who logged on rather than a service. Windows asks
the target for its TGT and tries again with it (option enc-tkt-in-skey). With that success it is a step; without
it the client got no ticket.`,
	Rivals: []string{
		`The service should have an SPN and has none: the name asked is then the account's own name; setspn tells.`,
		`The client asked on purpose for user-to-user (remote desktop between workgroup-like peers, Azure AD joined machines): then the second request follows.`,
		`Another KDC answers 7 for the same account: some DCs do that for names of users; told by spn-unknown.`,
	},
	Fix: []string{
		`If a service runs under this account: setspn -S SERVICE/HOST ACCOUNT, and connect by that name`,
		`Otherwise nothing: the client switches by itself`,
	},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4769", Meaning: "result code 0x1B"}},
	Refs:     []string{"RFC 4120 §2.9.2, §3.3.3, §7.5.9", "[MS-KILE] §3.3.5.7"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkUserToUserRequired,
}

func checkUserToUserRequired(c *Case) []Finding {
	rows := c.rowsWhere(decode.TGS, func(r *Record) bool { return r.code() == errMustUseU2U && r.Ending == decode.Failed })
	return c.each(rows, byQuestion, []string{"error_code", "sname", "kdc_options"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		f.Summary = fmt.Sprintf("%s wants user-to-user authentication for %s; %s asked %s (27).", c.HostName(r.To.Addr()), serviceText(r), c.whoAll(rows), nTimes(total(rows)))
		f.Cause = "The name belongs to an account without a service name. The client then asked again in user-to-user form: a step."
		if f.Severity != Note {
			f.Severity = Warning
			f.Cause = "The name belongs to an account without a service name, and the client did not ask again in user-to-user form: it got no ticket."
		}
		f.fill = []string{"SPN", spnOf(r)}
	})
}
