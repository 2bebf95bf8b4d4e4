package analyze

import (
	"fmt"
	"strings"

	"kerbscope/decode"
)

// acceptorLacksKey: 44, 45, MIT's 35, or its keytab.
var acceptorLacksKey = &Rule{
	ID:    "acceptor-lacks-key",
	Title: "The service has no key for this ticket",
	Doc: `The acceptor said so: KRB_AP_ERR_BADKEYVER (44), no key of that version, KRB_AP_ERR_NOKEY (45), no key at all, or, from MIT, KRB_AP_ERR_NOT_US (35), no such name in its
keytab. Or a keytab that was given to kerbscope as the service's lacks the name, kvno or etype, or has the right key under another name, in other case, or
with another kvno: MIT looks keys up by their label (then the finding is likely at most). The summary says what the keytab must hold: name, kvno, etype.

When several ports of one host refuse tickets made with one key (the same etype and kvno of one name, of names of the computer's account, or of one account by the
keytab), and no port takes one, the findings are one cause: the most telling is the root of the others, also of a bare NO.`,
	Rivals: []string{
		`MIT answers 44 both for a kvno and for an etype that the keytab lacks: told apart only by other tickets of the same service there, or by the keytab.`,
		`The ticket is older than the keytab (stale-ticket) or the keytab older than the account (stale-keytab): those rules speak when kvnos show it.`,
		`The SPN is on another account with another kvno: the same 44; spn-on-wrong-account speaks when other names of the host are accepted with another kvno.`,
		`35 from a Windows acceptor or a KDC means another thing (ticket for another service): the rule takes 35 only from acceptors.`,
	},
	Fix: []string{
		`On the service's host: klist -kte FILE (Windows services have no keytab: look at the account the service runs as instead)`,
		`Compare with the account: Get-ADObject -LDAPFilter "(servicePrincipalName=SPN)" -Properties sAMAccountName,msDS-KeyVersionNumber,pwdLastSet`,
		`Make the keytab again with that name and all etypes. Samba DC: samba-tool domain exportkeytab FILE --principal=SPN writes the present key and changes no password. Windows DC: ` + ktpassStep,
		`Keytab of a computer account, on that host: net ads changetrustpw (with "kerberos method = secrets and keytab"), or adcli update --computer-password-lifetime=0`,
		`MIT compares names with case: smtp/host and SMTP/host are two entries. Restart the service, and make sure it can read the file`,
	},
	Refs:     []string{"RFC 4120 §3.2.3, §7.5.9", "MIT krb5 rd_req_dec.c (35, 44)", "openjdk PR 27298"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkAcceptorLacksKey,
}

func checkAcceptorLacksKey(c *Case) []Finding {
	rows := c.rowsWhere(decode.AP, func(r *Record) bool {
		switch {
		case r.Ending == decode.Failed:
			return r.code() == errBadKeyVer || r.code() == errNoKey || r.code() == errNotUs
		case r.Ending == decode.Denied:
			return r.Opened != nil && (r.Opened.Lacks || mislabelled(r))
		}
		return false
	})
	taken := c.taken()
	return c.each(rows, byServiceAndServer, []string{"error_code", "carrier_result.code", "ticket.sname", "ticket.kvno", "ticket.etype", "opened.why_not", "opened.own_why_not", "opened.key"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		if r.code() == errNotUs || r.Error == nil && mislabelled(r) {
			f.Confidence = Likely
		}
		f.FaultAt = []Fault{c.faultServer(r)}
		needs := ""
		if t := r.Presented; t != nil {
			needs = fmt.Sprintf(": it needs %s, %s", t.SName, ticketText(t))
		}
		f.Summary = fmt.Sprintf("%s has no key for the ticket that %s presented %s (%s)%s.", c.server(r.To), c.whoAll(rows), nTimes(total(rows)), refusalText(r), needs)
		f.Cause = "The service's keytab lacks this name, key version or etype. Old keytab, old ticket, or a service name on another account: kvnos in the report tell where they can."
		if r.code() == errNotUs {
			f.Cause = "The service's keytab does not have this name at all (MIT says 35 then), or the request went to the wrong service."
		}
		switch o := r.Opened; {
		case o == nil:
		case o.Lacks && o.Foreign:
			f.Cause += fmt.Sprintf(" Of the keys given: %s; the key of %s opens the ticket.", o.OwnWhyNot, o.Owner)
		case o.Lacks:
			f.Cause += " Of the keytab given: " + o.WhyNot + "."
		case mislabelled(r):
			f.Cause = fmt.Sprintf("The keytab given has the right key, but not under the label that the ticket asks for: %s. MIT krb5 and what is built on it (Cyrus SASL, mod_auth_gssapi, Samba) look keys up by name, kvno and etype; Windows and Java do not mind.", strings.Join(o.Differs, "; "))
		}
		if r.Opened == nil {
			f.Cause += c.takenBesideNote(taken, r)
		}
		f.fill = []string{"SPN", spnOf(r)}
		if r.Presented != nil {
			f.fill = append(f.fill, "REALM", r.Presented.Realm)
		}
	})
}

// takenBesideNote says that another endpoint of the host took the same ticket
// around that time.
func (c *Case) takenBesideNote(taken taken, r *Record) string {
	t := c.lifeOf(r.Presented)
	if t == nil || tookBefore(showing{t, &Presented{To: r.To, First: r}}) {
		return ""
	}
	for _, a := range taken.sameHostName(showing{life: t}) {
		d := r.Start - a.p.Last.Start
		if a.life == t && a.p.To != r.To && c.SameHost(a.p.To.Addr(), r.To.Addr()) && max(d, -d) < keyChangeTime {
			when := "before"
			if d < 0 {
				when = "later"
			}
			return fmt.Sprintf(" %s took the very same ticket %s %s: ticket and account are right, and what %s uses lacks the key, unless the host's keys were replaced in between.", c.server(a.p.To), seconds(max(d, -d)), when, c.server(r.To))
		}
	}
	return ""
}

// mislabelled tells that a keytab has the right key under a label that the
// ticket does not ask for. A password's key bears the account's name rightly.
func mislabelled(r *Record) bool {
	o := r.Opened
	return o != nil && o.Key != "" && r.Reply == nil && (o.Relabelled || o.Unnamed && !o.ByPassword)
}
