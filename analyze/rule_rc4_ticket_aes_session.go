package analyze

import (
	"fmt"
)

// rc4TicketAESSession: what DCs give to accounts that say nothing.
var rc4TicketAESSession = &Rule{
	ID:    "rc4-ticket-aes-session",
	Title: "An RC4 ticket carries an AES session key",
	Doc: `The ticket is RC4, and the authenticator sent with it is AES. That is what DCs with the updates of November 2022 to March 2026 give for
a service account that does not say what it supports. It works, and it is the very set of services that stops getting RC4 tickets
with the defaults of April 2026: most of them simply get AES tickets then, those with RC4-only keys or keytabs fail.`,
	Rivals: []string{
		`The account says RC4 plus AES session keys (0x24) on purpose: the same on the wire; the attribute tells.`,
		`A non-Windows KDC with its own mix (MIT with an RC4 service key): the same on the wire.`,
		`The authenticator's etype is of a subkey: no, a subkey never encrypts the authenticator (RFC 4120 §5.5.1); nothing to tell apart.`,
	},
	Fix: []string{
		`Get-ADObject -LDAPFilter "(servicePrincipalName=SPN)" -Properties msDS-SupportedEncryptionTypes,pwdLastSet`,
		`When the service's host and keytab can do AES: Set-ADUser NAME -KerberosEncryptionType AES128,AES256 (Set-ADComputer for a computer), a new password, a new keytab`,
	},
	Refs:     []string{"KB5021131 (default 0x27: RC4 tickets, AES session keys)", "KB5073381 (default 0x18 from April 2026)"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkRC4TicketAESSession,
}

func checkRC4TicketAESSession(c *Case) []Finding {
	byService := func(t *TicketLife) string { return lower(t.Principal()) }
	return c.sessionKeys(byService, func(t *TicketLife) bool {
		return isRC4(t.Etype) && t.SessionEtype != nil && isAES(*t.SessionEtype)
	}, func(f *Finding, list []*TicketLife) {
		t := list[0]
		f.Severity, f.Confidence = Note, Certain
		f.Summary = fmt.Sprintf("%s for %s is RC4 with an %s session key.", plural(uint64(len(list)), "ticket"), t.SName, shortEtype(*t.SessionEtype))
		f.Cause = "Ordinary for a service account that does not say what it supports, on DCs with the updates of November 2022 to March 2026; a candidate for trouble or for AES tickets when RC4 goes."
		switch {
		case isReferral(t.Principal()):
			f.Cause = "It is a referral ticket: the key of the trust is RC4."
		case isTGT(t.SName):
			f.Cause = "The key of krbtgt that it is made with is RC4: one from before the domain had AES, or of a KDC without; or the ticket is not from a KDC of the realm."
		}
		f.fill = []string{"SPN", t.SName}
	})
}
