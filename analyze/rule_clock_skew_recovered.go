package analyze

import (
	"fmt"
	"slices"
)

// clockSkewRecovered: 37, then it worked.
var clockSkewRecovered = &Rule{
	ID:    "clock-skew-recovered",
	Title: "Clocks differ, but the client corrected itself",
	Doc: `KRB_AP_ERR_SKEW (37), and within ten seconds the same client succeeded at the same place. Windows and MIT clients take the
time from the error and try again with it. Nothing failed, but the clocks do differ, and software that does
not correct itself fails between the same two hosts.`,
	Rivals: []string{
		`The second attempt carried an authenticator with the old time and the acceptor's clock was set meanwhile: same cure, same note.`,
		`The success belongs to other software on the same host with its own clock correction: then the one that got the 37 may still fail; the note names the frames of both.`,
		`MIT clients with kdc_timesync correct themselves from any KDC answer and never get a 37: this rule cannot see that skew, the clock table can.`,
	},
	Fix: []string{
		`Set the clock right before something less forgiving meets it: w32tm /stripchart /computer:DC /samples:3, w32tm /query /source, w32tm /resync /rediscover`,
		`Linux: chronyc tracking, chronyc makestep`,
	},
	Refs:     []string{"[MS-KILE] §3.2.5.8", "RFC 4120 §3.2.3"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkClockSkewRecovered,
}

func checkClockSkewRecovered(c *Case) []Finding {
	return c.skews(true, func(f *Finding, s *skew) {
		f.Severity, f.Confidence = Note, Certain
		c.cite(f, s.rows[0].Record(), "healed_by")
		f.Summary = fmt.Sprintf("%s refused %s %s for its clock (37); the client corrected itself and succeeded.", join(s.senders(c), 3), c.whoAll(s.rows), nTimes(total(s.rows)))
		if !slices.ContainsFunc(s.rows, func(row *Row) bool { return !row.Record().HealedUnsure }) {
			f.Confidence = Likely
			f.Summary = fmt.Sprintf("%s refused %s %s for its clock (37); a request of the same host succeeded soon after.", join(s.senders(c), 3), c.whoAll(s.rows), nTimes(total(s.rows)))
		}
		f.Cause = "The two clocks differ by more than Kerberos allows, and the client took the time from the error. Software that does not do that fails between the same hosts."
	})
}
