package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// ticketNotYetValid: 33.
var ticketNotYetValid = &Rule{
	ID:    "ticket-not-yet-valid",
	Title: "The ticket is not yet valid",
	Doc: `KRB_AP_ERR_TKT_NYV (33): the ticket's start time lies in the future by the clock of the one who checks it. Its clock is behind the KDC's, or the ticket is
postdated. It could decrypt the ticket: keys, kvno and SPN are right. The stime in the error against the KDC's gives the difference.`,
	Rivals: []string{
		`The KDC's clock is ahead instead: the other KDCs and hosts in the clock table tell which one stands alone.`,
		`A postdated ticket: the request has a start time and the option; AD does not issue those.`,
		`An S4U or renewed ticket with an odd start time: encrypted, not visible without keys.`,
	},
	Fix: []string{
		`w32tm /stripchart /computer:DC /samples:3 on the host that refused; w32tm /query /source; w32tm /resync /rediscover`,
		`Linux: chronyc tracking, chronyc makestep`,
	},
	Refs:     []string{"RFC 4120 §3.2.3, §7.5.9"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkTicketNotYetValid,
}

func checkTicketNotYetValid(c *Case) []Finding {
	is := func(r *Record) bool { return r.code() == errTktNotYetValid && r.Ending == decode.Failed }
	rows := append(c.rowsWhere(decode.TGS, is), c.rowsWhere(decode.AP, is)...)
	return c.each(rows, byQuestion, []string{"error_code", "stime", "ticket.sname"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		if r.Kind == decode.AP { // whose ticket it is, shows only where it was issued
			f.identity = r.From.Addr().String() + "|" + r.To.Addr().String() + "|" + lower(r.Service)
		}
		f.FaultAt = nil
		f.Summary = fmt.Sprintf("%s finds the ticket of %s not yet valid %s (33).", c.server(r.To), c.whoAll(rows), nTimes(total(rows)))
		f.Cause = "Its clock is behind the KDC's that issued the ticket, or that one is ahead."
		t := c.lifeOf(r.Presented)
		if t == nil || t.Issued == nil || r.Error.STime == nil {
			return
		}
		c.cite(f, t.Issued, "issued.kvno")
		kdc := t.Issued.To.Addr()
		acceptor := *r.Error.STime - r.Error.Time
		f.Cause = fmt.Sprintf("The ticket was issued by %s %s before.", c.HostName(kdc), seconds(r.Start-t.issuedAt()))
		k := c.Clock(kdc)
		if k == nil || k.Offset-acceptor < int64(1e9) {
			return
		}
		f.Cause += fmt.Sprintf(" The clock of %s is %s.", c.HostName(r.To.Addr()), aheadOf(acceptor-k.Offset, "that of "+c.HostName(kdc)))
		switch with, against := c.capturesAgreeing(acceptor), c.capturesAgreeing(k.Offset); {
		case with > against:
			f.FaultAt = []Fault{{Host: c.HostName(kdc), Role: "kdc", Endpoint: &Endpoint{Address: kdc.String()}}}
			f.Cause += fmt.Sprintf(" The other clocks in view agree with %s: that of %s is the odd one.", c.HostName(r.To.Addr()), c.HostName(kdc))
		case against > with:
			f.FaultAt = []Fault{c.faultServer(r)}
			f.Cause += fmt.Sprintf(" The other clocks in view agree with %s: that of %s is the odd one.", c.HostName(kdc), c.HostName(r.To.Addr()))
		}
	})
}

// capturesAgreeing counts the captures whose clock is within two minutes of one
// that stands so far from the reference.
func (c *Case) capturesAgreeing(offset int64) (n int) {
	for i := range c.Captures() {
		o := int64(0)
		if i < len(c.joined.opts.Part) {
			k := c.joined.clocks[c.joined.opts.Part[i]]
			if i > 0 && k.from == "none" {
				continue
			}
			o = int64(k.offset)
		}
		if d := o - offset; d < clocksAgree && d > -clocksAgree {
			n++
		}
	}
	return n
}
