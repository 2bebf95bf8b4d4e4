package analyze

import (
	"fmt"
	"strings"

	"kerbscope/decode"
)

// preauthFailedRecovered: 24, then an AS-REP.
var preauthFailedRecovered = &Rule{
	ID:    "preauth-failed-recovered",
	Title: "Preauthentication failed once, then worked",
	Doc: `KDC_ERR_PREAUTH_FAILED (24), and within ten seconds the same client got a ticket from the same KDC, or from another for the
same request. A typing error, a second saved password, or a DC that asked the PDC for a new password.`,
	Rivals: []string{
		`Someone guesses the password and hit it: many 24s before the success; the count says so.`,
		`Two programs of the same user, one with an old password: the 24s come again and again between successes; the note's count and times show it.`,
		`A client that tries a weaker or older key first (renamed account, new salt): the etypes of both attempts are in the evidence.`,
	},
	Fix: []string{
		`Nothing to do for one occurrence. If it repeats, find the old password: cmdkey /list, services, scheduled tasks; Security event 4771 on the DC names the client's address`,
	},
	Refs:     []string{"RFC 4120 §3.1.1", "KB918442"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkPreauthFailedRecovered,
}

func checkPreauthFailedRecovered(c *Case) []Finding {
	rows := c.rowsWhere(decode.AS, func(r *Record) bool { return preauthRefused(r) && r.Healed })
	return c.each(rows, byClientAndKDC, []string{"error_code", "cname", "preauth_etype"}, func(f *Finding, rows []*Row, r *Record) {
		f.Severity, f.Confidence = Note, Certain
		f.Summary = fmt.Sprintf("%s failed to preauthenticate at %s %s and then succeeded.", c.whoAll(rows), c.HostName(r.To.Addr()), nTimes(total(rows)))
		if r.HealedUnsure {
			f.Confidence = Possible
			f.Summary = fmt.Sprintf("%s failed to preauthenticate at %s %s; a logon of the same host succeeded soon after, and whether it was of the same account was not captured.", c.whoAll(rows), c.HostName(r.To.Addr()), nTimes(total(rows)))
			f.Cause = "A wrong password or key, corrected or not."
			return
		}
		f.Cause = "A typing error, a second saved password, or a DC that had to ask for the new password."
		if c.healedElsewhere(rows) {
			at := c.HostName(r.HealedAt.Addr())
			f.Summary = strings.TrimSuffix(f.Summary, ".") + " at " + at + "."
			f.Cause = fmt.Sprintf("A typing error or a second saved password; or the password was changed, and %s had not heard of it yet: then replication to it is slow, and whoever asks it meanwhile is refused.", c.HostName(r.To.Addr()))
			f.Fix = []string{"repadmin /showrepl, when it comes again after a change of the password (samba-tool drs showrepl; MIT: kproplog -h): has the KDC that refused heard of the change?"}
		}
	})
}

// healedElsewhere tells whether all of rows got from other KDCs what theirs
// refused, those of the first from the one that its record names.
func (c *Case) healedElsewhere(rows []*Row) bool {
	for _, row := range rows {
		r := row.Record()
		if !r.HealedAt.IsValid() || !r.To.IsValid() || c.SameHost(r.HealedAt.Addr(), r.To.Addr()) {
			return false
		}
	}
	return true
}
