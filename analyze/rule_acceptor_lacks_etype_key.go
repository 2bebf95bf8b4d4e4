package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// acceptorLacksEtypeKey: fine with one etype, refused with another.
var acceptorLacksEtypeKey = &Rule{
	ID:    "acceptor-lacks-etype-key",
	Title: "The acceptor takes one encryption type and refuses another for the same service",
	Doc: `The same acceptor accepted a ticket for the service with one etype and refused one with another etype because it could not decrypt it (31, 41, 44, 45): it
has no right key of the second etype. A keytab with RC4 only, or made before AES was allowed on the account, is the usual reason.`,
	Rivals: []string{
		`The two tickets have different kvnos: then it is the key version and not the etype; the rule asks for the same kvno where both are known.`,
		`Two KDCs issued them and one of them is behind: the confidence is lower then, and both KDCs are named.`,
		`The salt differs (keytab made with the wrong salt: its AES keys are wrong, RC4 has no salt): missing and wrong cannot be told apart without the keytab when the code is 31 or 41.`,
	},
	Fix: []string{
		`A keytab: klist -kte FILE on the service's host: is the etype there, with the kvno of the ticket that was refused?`,
		`Make it again with all etypes. Samba DC: samba-tool domain exportkeytab FILE --principal=SPN writes the present keys and changes no password. Windows DC: ` + ktpassStep,
		`A renamed account: set its password anew first, so that its salt fits the new name`,
		`Windows service: Get-ADObject -LDAPFilter "(servicePrincipalName=SPN)" -Properties sAMAccountName,msDS-SupportedEncryptionTypes: the account must not promise what the host cannot do (4: RC4, 8: AES128, 16: AES256, 24: both AES; empty: the DC's default). A service under a domain account: type the account's present password into its logon properties, and restart it`,
		`Java: the JRE must know the etype (allow_weak_crypto for RC4 from 17 on)`,
	},
	Refs:     []string{"RFC 4120 §3.2.3", "RFC 3961 (keys are made for one etype)", "[MS-KILE] §3.1.1.2 (salts)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkAcceptorLacksEtypeKey,
}

func checkAcceptorLacksEtypeKey(c *Case) []Finding {
	var found []Finding
	taken := c.taken()
	for _, group := range groupShowings(c.showings(refused), byShownService) {
		if !sure(group) {
			continue
		}
		s := surest(group)
		var control *showing
		etype := false
		for _, a := range taken.sameService(s) {
			etype = etype || a.life.Etype == s.life.Etype
			if control == nil && a.life.Etype != s.life.Etype && !kvnoDiffers(a.life.KVNO, s.life.KVNO) {
				control = &a
			}
		}
		if control == nil || etype {
			continue
		}
		r := s.p.First
		f := c.aboutShowings(group, "ticket.sname", "ticket.etype", "ticket.kvno", "error_code", "opened.why_not")
		f.Confidence = Certain
		if i, j := s.life.Issued, control.life.Issued; i == nil || j == nil || !c.SameHost(i.To.Addr(), j.To.Addr()) {
			f.Confidence = Likely
		}
		f.FaultAt = []Fault{c.faultServer(r)}
		c.cite(&f, control.p.First, "ticket.etype", "ticket.kvno", "ap_rep", "carrier_result.code")
		f.Summary = fmt.Sprintf("%s accepts tickets for %s with %s and refused one with %s %s (%s).", c.server(r.To), s.life.SName,
			shortEtype(control.life.Etype), shortEtype(s.life.Etype), nTimes(shownTimes(group)), refusalText(r))
		f.Cause = fmt.Sprintf("The service has no right %s key: it is missing in its keytab or key store, or wrong there (for AES, made with a wrong salt).", shortEtype(s.life.Etype))
		switch o := r.Opened; {
		case o == nil:
		case o.Refusal == decode.NoEType:
			f.Confidence = Certain
			f.Cause = fmt.Sprintf("The service has no %s key: %s.", shortEtype(s.life.Etype), o.WhyNot)
		case o.Refusal == decode.WrongSecret:
			f.Confidence = Certain
			f.Cause = fmt.Sprintf("The service's %s key is wrong: %s. A key made of the right password with a wrong salt looks like this; whether it is that, or an old password, a keytab cannot tell.", shortEtype(s.life.Etype), o.WhyNot)
		}
		f.fill = []string{"SPN", s.life.SName, "REALM", s.life.Realm}
		found = append(found, f)
	}
	return found
}
