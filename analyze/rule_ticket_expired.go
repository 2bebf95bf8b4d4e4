package analyze

import (
	"fmt"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// ticketExpired: 32.
var ticketExpired = &Rule{
	ID:    "ticket-expired",
	Title: "The ticket has expired",
	Doc: `KRB_AP_ERR_TKT_EXPIRED (32): the ticket is past its end by the clock of the one who checks it. Clients normally see that and get a new one: then it is a note. When the
client goes on with the old ticket, or got it only minutes ago (the clock of the refusing host is ahead), it fails. The refusing host
could decrypt the ticket.`,
	Rivals: []string{
		`The clock of the refusing host is hours ahead: the age of the ticket, when its issue is in the capture, and the stime tell.`,
		`A long connection that authenticates again (SMB): the client gets a new ticket at once; a note.`,
		`The ticket could not be renewed because the TGT is at its end: AS or TGS failures stand before it.`,
	},
	Fix: []string{
		`On the client: klist shows the end times; klist purge, log on again; services: restart them or klist -li 0x3e7 purge`,
		`A daemon with a keytab: renew with k5start, or kinit -kt from a timer, or let GSS-API use the client keytab (KRB5_CLIENT_KTNAME)`,
		`Check the clock of the refusing host: w32tm /stripchart /computer:DC /samples:3`,
	},
	Refs:     []string{"RFC 4120 §3.2.3, §7.5.9"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkTicketExpired,
}

func checkTicketExpired(c *Case) []Finding {
	is := func(r *Record) bool { return r.code() == errTktExpired && r.Ending == decode.Failed }
	rows := append(c.rowsWhere(decode.TGS, is), c.rowsWhere(decode.AP, is)...)
	return c.each(rows, byQuestion, []string{"error_code", "stime", "ticket.sname"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		f.FaultAt = nil
		f.Summary = fmt.Sprintf("%s finds the ticket of %s expired %s (32).", c.server(r.To), c.whoAll(rows), nTimes(total(rows)))
		f.Cause = "The client went on with a ticket past its end. The ticket was decrypted: keys and names are right."
		if r.Req.KDCOptions&krb5.KDCRenew != 0 {
			f.Cause = "The client asked for a renewal after the TGT's end, which no KDC grants. The ticket was decrypted: keys and names are right."
			if x := c.logonAfter(rows, bare(r.Client), windowsRetryTimeout); x != nil && r.Client != "" {
				f.Severity = Note
				f.Cause += " It logged on anew."
				c.cite(f, x, "request", "issued.etype")
			}
		}
		if t := c.lifeOf(r.Presented); t != nil && t.Issued != nil && c.comparable(r, t.Issued) && r.Start-t.issuedAt() < fresh {
			f.Cause = fmt.Sprintf("The ticket is only %s old, so the clock of %s is ahead, or the ticket's life is very short.", seconds(r.Start-t.issuedAt()), c.HostName(r.To.Addr()))
			c.cite(f, t.Issued, "issued.etype")
		}
	})
}
