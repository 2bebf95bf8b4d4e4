package analyze

import (
	"fmt"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// delegationRefused: S4U2Self or S4U2Proxy answered with an error.
var delegationRefused = &Rule{
	ID:    "delegation-refused",
	Title: "The KDC does not let the service act for the user",
	Doc: `A service asked for a ticket in a user's name: for itself (S4U2Self: PA-FOR-USER or PA-S4U-X509-USER), or with the user's ticket for another
service (S4U2Proxy: the option cname-in-addl-tkt, constrained delegation), and the KDC answered KDC_ERR_BADOPTION (13),
KDC_ERR_POLICY (12), KDC_ERR_SERVER_NOMATCH (26) or a generic error. The code and the NTSTATUS beside it tell some causes
apart: C0000272 no such right for that target, C00000BB not supported, C000006E an account restriction.

Certain that it was refused; which of the settings refuses it is told by the NTSTATUS only.`,
	Rivals: []string{
		`No right: the target is not in msDS-AllowedToDelegateTo of the service, and the target does not name the service in msDS-AllowedToActOnBehalfOfOtherIdentity.`,
		`The user's ticket is not forwardable: the service lacks "use any authentication protocol" (TRUSTED_TO_AUTH_FOR_DELEGATION), so its S4U2Self ticket is not. The flag is inside the encrypted part: not told apart from the wire.`,
		`The user may not be delegated: "account is sensitive" or the group Protected Users; another user then works with the same service.`,
		`The option was for something else (renewal, a forwarded TGT, user to user): such requests are not counted here.`,
	},
	Fix: delegationSteps,
	Undo: []string{
		`Get-ADObject -LDAPFilter "(sAMAccountName=SERVICE)" | Set-ADObject -Remove @{'msDS-AllowedToDelegateTo'='SPN'}; Set-ADAccountControl SERVICE -TrustedToAuthForDelegation $false, when it was so before`,
		`Set-ADComputer TARGET -PrincipalsAllowedToDelegateToAccount OLDLIST ($null when it was empty)`,
	},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4769", Meaning: "service ticket request with Transited Services; result code 0xD or 0xC"}},
	Refs:     []string{"[MS-SFU] §3.2.5.1, §3.2.5.2", "[MS-KILE] §2.2.2", "RFC 4120 §7.5.9"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkDelegationRefused,
}

var delegationSteps = []string{
	`See what the service's account, which asked, may do, and note it: Get-ADObject -LDAPFilter "(sAMAccountName=SERVICE)" -Properties msDS-AllowedToDelegateTo,userAccountControl; and whom the target allows: Get-ADComputer TARGET -Properties PrincipalsAllowedToDelegateToAccount (Get-ADUser for a user account)`,
	`Constrained delegation: Get-ADObject -LDAPFilter "(sAMAccountName=SERVICE)" | Set-ADObject -Add @{'msDS-AllowedToDelegateTo'='SPN'}. Only when users come to the service without Kerberos (protocol transition) also Set-ADAccountControl SERVICE -TrustedToAuthForDelegation $true: the service may then speak there for every user, unasked`,
	`Resource-based instead, at the target, the account that setspn -Q SPN names: Set-ADComputer TARGET -PrincipalsAllowedToDelegateToAccount SERVICE (Set-ADUser for a user account). It replaces the whole list: name those of step 1 too, with commas between`,
	`If it fails for some users only: Get-ADUser NAME -Properties AccountNotDelegated,MemberOf; Samba: samba-tool user sensitive NAME show`,
	`Samba: samba-tool delegation show SERVICE, samba-tool delegation add-service SERVICE SPN; MIT: kadmin -q "modprinc +ok_to_auth_as_delegate SERVICE" and the KDC's LDAP attribute krbAllowedToDelegateTo`,
	`After a change let the service's host forget the tickets that it has in users' names: klist -li 0x3e7 purge there, or restart the service (Linux: kdestroy); let the DCs replicate`,
}

// onBehalf is the user in whose name r asks, as far as it shows: the request names
// him (S4U2Self), or it did when the ticket that r brings along was issued; "": it
// does not.
func (c *Case) onBehalf(r *Record) string {
	if r.Req.ForUser != "" {
		return r.Req.ForUser
	}
	for i := range r.Req.Additional {
		if t := c.lifeOf(&r.Req.Additional[i]); t != nil && t.Issued != nil {
			return t.Issued.Req.ForUser
		}
	}
	return ""
}

// delegatedFor is a ticket like the one refused to r that the same service got in
// another user's name; nil: none in view.
func (c *Case) delegatedFor(r *Record, user string) *Record {
	if user == "" || r.Req.KDCOptions&krb5.KDCConstrainedDeleg == 0 {
		return nil
	}
	for _, x := range c.RecordsFrom(r.From.Addr()) {
		if x.Kind == decode.TGS && x.answers() && x.Req.KDCOptions&krb5.KDCConstrainedDeleg != 0 && lower(x.Req.SName) == lower(r.Req.SName) {
			if o := c.onBehalf(x); o != "" && !samePrincipal(o, user) {
				return x
			}
		}
	}
	return nil
}

// s4u tells a request of a service in a user's name.
func s4u(r *Record) bool {
	return r.Kind == decode.TGS && (r.Req.ForUser != "" || r.Req.KDCOptions&krb5.KDCConstrainedDeleg != 0)
}

func checkDelegationRefused(c *Case) []Finding {
	rows := c.rowsWhere(decode.TGS, func(r *Record) bool {
		if r.Ending != decode.Failed || !s4u(r) {
			return false
		}
		switch r.code() {
		case errPolicy, errBadOption, errServerNomatch, errGeneric:
			return true
		}
		return false
	})
	return c.each(rows, byQuestion, []string{"error_code", "e_data.ntstatus", "sname", "kdc_options"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		what, user := "in a user's name", c.onBehalf(r)
		if user != "" {
			what = "in the name of " + user
		}
		f.Summary = fmt.Sprintf("%s refused %s a ticket for %s %s, %s: %s.", c.HostName(r.To.Addr()), c.whoAll(rows), orUnknown(r.Service), what, nTimes(total(rows)), codeText(r.code()))
		f.Cause = "The right to delegate to that service is missing, the user's ticket is not forwardable, or the user may not be delegated."
		if s := r.Error.NTStatus; s != nil && *s == 0xC0000272 {
			f.Cause = "The KDC found no right to delegate to that service (STATUS_NO_MATCH)."
		}
		if x := c.delegatedFor(r, user); x != nil {
			f.Cause = fmt.Sprintf("The same service got a ticket for %s in the name of %s, so it has the right to delegate there: it is %s that may not be delegated (\"account is sensitive and cannot be delegated\", the group Protected Users).", bare(x.Service), c.onBehalf(x), user)
			f.Confidence = Likely
			c.cite(f, x, "sname", "issued.etype")
			f.Fix = fillIn([]string{delegationSteps[3], delegationSteps[5]}, []string{"SPN", r.Req.SName, "NAME", bare(user)})
		}
		f.fill = []string{"SPN", r.Req.SName, "SERVICE", bare(r.Client)}
	})
}
