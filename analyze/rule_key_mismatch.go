package analyze

import (
	"fmt"
	"slices"
	"strings"

	"kerbscope/decode"
)

// keyMismatch: 31 or 41 from the acceptor, or its keytab.
var keyMismatch = &Rule{
	ID:    "key-mismatch",
	Title: "The service cannot decrypt the ticket",
	Doc: `The acceptor answered KRB_AP_ERR_MODIFIED (41, Windows) or KRB_AP_ERR_BAD_INTEGRITY (31, MIT and others): the ticket, or the authenticator inside the request, did not
decrypt with the key it used. Or the carrier refused, and a keytab given as the service's has the name, kvno and etype and its key does not open the
ticket. The KDC encrypted the ticket with the key of the account that carries the SPN; the acceptor uses another key. Which of the two
is wrong, this rule does not say: more specific rules do when the capture shows more.

When several ports of one host refuse tickets made with one key (the same etype and kvno of one name, of names of the computer's account, or of one account by the
keytab), and no port takes one, the findings are one cause: the most telling is the root of the others, also of a bare NO.`,
	Rivals: []string{
		`The SPN is on another account than the service runs as (setspn -Q), or a DNS alias leads to another host: spn-on-wrong-account and the host's names in the report.`,
		`The password changed and one side is behind: stale-ticket and stale-keytab, when kvnos show it.`,
		`The key of one process or logon session is wrong on an otherwise right host: key-fault-one-identity, when another endpoint took the ticket.`,
		`The acceptor (MIT) has the right key and may not use its etype: permitted_enctypes in krb5.conf of its host answers with 31 as well; all services of that host refuse then.`,
		`The request was damaged on the way: the same AP-REQ at two capture points with other bytes; TCP makes that rare.`,
	},
	Fix: []string{
		`Who has the SPN: setspn -Q SPN. Who does the service run as: Get-CimInstance Win32_Service | select Name,StartName. They must be the same account (LocalSystem and NetworkService are the computer's)`,
		`Is the host the right one: Resolve-DnsName HOST must lead to the machine that runs the service`,
		`Throw old tickets away on the client: klist purge; klist -li 0x3e7 purge for the computer's own`,
		`Computer account: Test-ComputerSecureChannel -Verbose on the service's host; Reset-ComputerMachinePassword repairs its key`,
		`MIT and Samba: klist -kte FILE: kvno and etype as in the summary? kvno SPN shows the account's; is the etype in permitted_enctypes of krb5.conf on HOST, where that is set; make the keytab again: samba-tool domain exportkeytab FILE --principal=SPN`,
	},
	Events:   []Event{{Host: "client", Log: "System", ID: "Kerberos 4", Meaning: "KRB_AP_ERR_MODIFIED with server and SPN"}, {Host: "service host", Log: "Security", ID: "4625", Meaning: "failed network logon with NULL SID"}},
	Refs:     []string{"RFC 4120 §3.2.3, §7.5.9", "[MS-KILE] §3.4.5", "KB558115"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkKeyMismatch,
}

// mendedNote says that the endpoint took the refused ticket itself after the
// last refusal.
func (c *Case) mendedNote(taken taken, rows []*Row, r *Record) string {
	t := c.lifeOf(r.Presented)
	if t == nil {
		return ""
	}
	last := r.Start
	for _, row := range rows {
		for _, x := range row.Exemplars {
			last = max(last, x.Start)
		}
	}
	for _, a := range taken.sameService(showing{t, &Presented{To: r.To}}) {
		if a.life == t && a.p.First.Start > last {
			return fmt.Sprintf(" %s took this very ticket %s later: its key, or a setting, was put right in between.", c.server(r.To), durationText(a.p.First.Start-last))
		}
	}
	return ""
}

// etypeTaken tells that a service of the same host name accepted a ticket of the
// etype of r's: the host may use that etype.
func (c *Case) etypeTaken(taken taken, r *Record) bool {
	t := c.lifeOf(r.Presented)
	return t != nil && slices.ContainsFunc(taken.sameHostName(showing{life: t}), func(a showing) bool {
		return a.life.Etype == t.Etype && c.SameHost(a.p.To.Addr(), r.To.Addr()) && (a.p.To != r.To || a.p.First.Start < r.Start)
	})
}

func checkKeyMismatch(c *Case) []Finding {
	rows := c.rowsWhere(decode.AP, func(r *Record) bool {
		switch {
		case r.Ending == decode.Failed:
			return r.code() == errBadIntegrity || r.code() == errModified
		case r.Ending == decode.Denied:
			return r.Opened != nil && r.Opened.Misfit
		}
		return false
	})
	taken := c.taken()
	return c.each(rows, byServiceAndServer, []string{"error_code", "carrier_result.code", "ticket.sname", "ticket.kvno", "ticket.etype", "ticket.hash", "opened.why_not", "opened.own_why_not", "opened.key"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		f.FaultAt = []Fault{c.faultServer(r)}
		with := ""
		if r.Presented != nil {
			with = " (" + ticketText(r.Presented) + ")"
		}
		f.Summary = fmt.Sprintf("%s could not decrypt the ticket for %s%s that %s presented %s: %s.", c.server(r.To), serviceText(r), with, c.whoAll(rows), nTimes(total(rows)), refusalText(r))
		f.Cause = "The KDC encrypted the ticket with the key of the account that carries the service name; the service uses another key."
		if r.code() == errBadIntegrity && (r.Opened == nil || !r.Opened.Misfit) && !c.etypeTaken(taken, r) {
			f.Cause = strings.TrimSuffix(f.Cause, ".") + ", or (MIT) has this one and may not use it: permitted_enctypes in its krb5.conf."
		}
		switch o := r.Opened; {
		case o != nil && o.Foreign && o.Misfit:
			f.Cause = fmt.Sprintf("The key of %s opens the ticket, so the KDC has the service name on that account; %s.", o.Owner, o.OwnWhyNot)
		case o != nil && o.Key != "" && r.Error != nil:
			f.Cause = "The KDC encrypted the ticket with the key of the account that carries the service name." + fmt.Sprintf(" The key given as %s opens the ticket: that is the right one, and the process behind %s does not use it, or may not (MIT: permitted_enctypes in krb5.conf).", o.Key, c.server(r.To))
		case r.Error == nil:
			f.Cause = "The refusal says nothing, but the given keytab has this name, kvno and etype, and its key does not open the ticket. " + f.Cause
		}
		if t := c.lifeOf(r.Presented); t != nil && t.Issued != nil {
			kdc := c.HostName(t.Issued.To.Addr())
			if age := r.Start - t.issuedAt(); !c.comparable(r, t.Issued) {
				f.Cause += fmt.Sprintf(" %s had issued the ticket.", kdc)
			} else if age > fresh {
				f.Cause += fmt.Sprintf(" %s had issued the ticket %s before.", kdc, durationText(age))
			} else {
				f.Cause += fmt.Sprintf(" The ticket was fresh from %s.", kdc)
			}
			c.cite(f, t.Issued, "issued.etype", "issued.kvno")
		}
		mended := c.mendedNote(taken, rows, r)
		f.endTold = mended != ""
		f.Cause += mended + c.siblingNote(taken, r) + c.otherKeyNote(taken, r, true) + c.anonymousNote(r.To)
		f.fill = []string{"SPN", spnOf(r), "HOST", spnHost(r.Service)}
	})
}
