package analyze

import (
	"fmt"
)

// staleKeytab: the acceptor's keys are older than the ticket's.
var staleKeytab = &Rule{
	ID:    "stale-keytab",
	Title: "The service's keytab or stored password is older than the account's key",
	Doc: `The refused ticket has a higher kvno than the last one that this acceptor took for the service, or the acceptor itself answered 44 (no such kvno) to a
ticket whose key the KDC is still issuing: the account's password was changed in the directory, and the service still works with the old key.

When several ports of one host refuse tickets made with one key (the same etype and kvno of one name, of names of the computer's account, or of one account by the
keytab), and no port takes one, the findings are one cause: the most telling is the root of the others, also of a bare NO.`,
	Rivals: []string{
		`The SPN was moved to another account whose kvno happens to be higher: the same on the wire unless other names of the host show the host account's kvno; setspn -Q tells.`,
		`The acceptor's keytab never had this name or etype: 44 is also MIT's answer to an etype that the keytab lacks for that kvno; then acceptor-lacks-key stands alone.`,
		`A kvno that rose with the same key (the same password set again): Java and Windows accept that; no refusal, no finding.`,
		`One of several service hosts got the new keytab, this one not: told by same-ticket-two-outcomes.`,
	},
	Fix: []string{
		`See what the account has: Get-ADObject -LDAPFilter "(servicePrincipalName=SPN)" -Properties msDS-KeyVersionNumber,pwdLastSet; and on HOST what the service has (a keytab): klist -kte FILE. The kvno of the refused ticket is what it lacks`,
		`A Windows service with a domain account: on HOST type the account's present password into the service's logon properties (SQL Server: with its Configuration Manager; IIS: the application pool's identity), and restart it; a computer account: Reset-ComputerMachinePassword on that host, in powershell.exe, and restart it`,
		`Keytab of a service account, on a DC: ` + ktpassStep,
		`Keytab of a computer account, on HOST: net ads changetrustpw (with "kerberos method = secrets and keytab"), or adcli update --computer-password-lifetime=0 (without it nothing happens for 30 days)`,
		`Samba DC: samba-tool domain exportkeytab FILE --principal=SPN writes the present key and changes no password`,
		`Restart the service. After a new password also throw away the clients' tickets: klist purge, for computers klist -li 0x3e7 purge, on MIT kdestroy. Mended when klist -kte FILE has the kvno of a new ticket`,
		`Better for the future: a group managed service account, or a keytab that its own host renews (adcli, msktutil)`,
	},
	Undo: []string{
		`A password does not go back; keep the old keytab: its entries may stay beside the new ones`,
	},
	Events:   []Event{{Host: "service host", Log: "Security", ID: "4625", Meaning: "failed network logon with NULL SID"}, {Host: "DC", Log: "Security", ID: "4724, 4742", Meaning: "password of the account was reset or changed, and when"}},
	Refs:     []string{"RFC 4120 §3.2.3, §7.5.9", "[MS-KILE] §3.1.5.8 (kvno)", "openjdk PR 27298 (kvno mismatch hidden behind \"checksum failed\")"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkStaleKeytab,
}

func checkStaleKeytab(c *Case) []Finding {
	var found []Finding
	taken := c.taken()
	for _, group := range groupShowings(c.showings(refusedOnce), byShownService) {
		for _, s := range kinds(group) {
			old := lowerTaken(taken.sameService(s), s)
			if old == nil {
				continue
			}
			r := s.p.First
			f := c.aboutShowings(group, "ticket.sname", "ticket.kvno", "ticket.etype", "error_code", "carrier_result.code", "opened.why_not")
			f.Confidence = Likely
			if r.Opened != nil && r.Opened.Lacks {
				f.Confidence = Certain
			}
			if healedAll(group) {
				f.Severity = Note
			}
			f.FaultAt = []Fault{c.faultServer(r)}
			c.cite(&f, old.p.Last, "ticket.sname", "ticket.kvno", "ap_rep", "carrier_result.code")
			if s.life.Issued != nil {
				c.cite(&f, s.life.Issued, "issued.kvno")
			}
			f.Summary = fmt.Sprintf("%s accepted %s with %s, and refused it with %s %s (%s): its keytab or password is older than the account's.", c.server(r.To),
				s.life.SName, kvnoText(old.life.KVNO), kvnoText(s.life.KVNO), nTimes(shownTimes(group)), refusalText(r))
			f.Cause = "The password of the service's account was changed in the directory, and the service still works with the old key. If the service name was moved to another account in between, that is the cause instead: setspn -Q tells."
			f.fill = []string{"SPN", s.life.SName, "REALM", s.life.Realm, "HOST", c.HostName(r.To.Addr())}
			found = append(found, f)
			break
		}
	}
	return found
}

// lowerTaken is the last ticket for the same service that the endpoint took,
// when its kvno is lower than the refused one's and the endpoint took none
// with the refused one's.
func lowerTaken(list []showing, s showing) *showing {
	var last *showing
	for i := range list {
		a := &list[i]
		if a.life.KVNO != nil && s.life.KVNO != nil && *a.life.KVNO >= *s.life.KVNO {
			return nil
		}
		if kvnoBelow(a.life.KVNO, s.life.KVNO) && a.p.First.Start < s.p.Last.Start && (last == nil || a.p.Last.Start > last.p.Last.Start) {
			last = a
		}
	}
	return last
}
