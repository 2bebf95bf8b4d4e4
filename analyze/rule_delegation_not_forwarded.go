package analyze

import (
	"fmt"
	"net/netip"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// delegationNotForwarded: the second hop goes without the user.
var delegationNotForwarded = &Rule{
	ID:    "delegation-not-forwarded",
	Title: "The service went on without the user's identity (double hop)",
	Doc: `A user authenticated to a service with Kerberos, the client asked for no forwarded TGT, and shortly after the service's host connected to a third host anonymously or without Kerberos in its own name. That is the picture of
the double hop: the service may not act for the user (its account is not trusted for delegation, or the ticket lacks ok-as-delegate), so the next server sees nobody. The flag itself is inside encrypted parts; only the picture is seen.`,
	Rivals: []string{
		`The service connects to the third host for itself, not for the user: ordinary background traffic; the rule looks at the ten seconds after the logon only, and says possible.`,
		`The user is marked sensitive or is in Protected Users: then delegation works for other users.`,
		`The service uses S4U (constrained delegation): then its TGS-REQs name the user, and the rule is silent.`,
	},
	Fix: []string{
		`Prefer constrained delegation, SERVICE being the account that the service in the middle runs as: Get-ADObject -LDAPFilter "(sAMAccountName=SERVICE)" | Set-ADObject -Add @{'msDS-AllowedToDelegateTo'='SPN'}`,
		`Or resource-based, at the third host's account: Get-ADComputer TARGET -Properties PrincipalsAllowedToDelegateToAccount shows the list; Set-ADComputer TARGET -PrincipalsAllowedToDelegateToAccount SERVICE replaces the whole list: name those already there too, with commas between`,
		`On the client: klist, and look for ok_as_delegate at the service's ticket, and for a forwarded TGT in the service's logon session`,
		`MIT: kinit -f and a client that passes GSS_C_DELEG_FLAG`,
	},
	Undo:     []string{`Get-ADObject -LDAPFilter "(sAMAccountName=SERVICE)" | Set-ADObject -Remove @{'msDS-AllowedToDelegateTo'='SPN'}; Set-ADComputer TARGET -PrincipalsAllowedToDelegateToAccount OLDLIST ($null when it was empty)`},
	Refs:     []string{"RFC 4120 §2.6, §2.8 (ok-as-delegate)", "[MS-SFU] §1.3", "[MS-KILE] §3.3.5.7.6"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkDelegationNotForwarded,
}

func checkDelegationNotForwarded(c *Case) []Finding {
	inName := map[netip.Addr]bool{} // hosts that act for users by S4U
	forwards := map[netip.Addr]bool{}
	for _, w := range c.Rows(decode.TGS) {
		r := w.Record()
		if s4u(r) {
			inName[r.From.Addr()] = true
		}
		if r.Req.KDCOptions&krb5.KDCForwarded != 0 {
			forwards[r.From.Addr()] = true
		}
	}
	logons := map[netip.Addr][]*Record{} // to the services of a host
	for _, r := range c.Records() {
		if r.Kind == decode.AP && r.Ending == decode.OK && r.Client != "" && !isComputer(bare(r.Client)) && !forwards[r.From.Addr()] {
			logons[r.To.Addr()] = append(logons[r.To.Addr()], r)
		}
	}
	var found []Finding
	seen := map[string]bool{}
	for _, s := range c.Sessions() {
		host := s.Client.Addr()
		if s.Anonymous == 0 || inName[host] || s.Carrier != "smb2" && s.Carrier != "smb" && s.Carrier != "ldap" {
			continue
		}
		for _, r := range logons[host] {
			d := s.Begin.Time - r.End
			if d < 0 || d > atOnce || c.SameHost(s.Server.Addr(), r.From.Addr()) || c.SameHost(s.Server.Addr(), host) || c.HasRole(s.Server.Addr(), "kdc") {
				continue
			}
			k := byServiceAndServer(r) + s.Server.String()
			if seen[k] {
				break
			}
			seen[k] = true
			f := c.aboutRecords([]*Record{r}, "ticket.sname", "carrier_result.code")
			f.Severity, f.Confidence, f.FaultAt = Note, Possible, nil
			c.citeFrame(&f, s.Anonymous, "anonymous", s.Server.String(), "", fmt.Sprintf("tcp.port == %d", s.Server.Port()))
			f.Summary = fmt.Sprintf("%s logged on to %s, which %s later connected to %s anonymously.", c.who(r), c.server(r.To), seconds(d), c.server(s.Server))
			f.Cause = "The service may not act for the user: no TGT was forwarded to it, and it did not ask for tickets in the user's name."
			f.fill = []string{"SPN", "cifs/" + c.FullName(s.Server.Addr())}
			found = append(found, f)
			break
		}
	}
	return found
}
