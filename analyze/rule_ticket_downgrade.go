package analyze

import (
	"fmt"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// ticketDowngrade: AES was listed, the ticket is not AES.
var ticketDowngrade = &Rule{
	ID:    "ticket-downgrade",
	Title: "The KDC issued an RC4 or DES ticket although the client offered AES",
	Doc: `The TGS-REQ listed AES, and the ticket in the TGS-REP is encrypted with RC4, DES or 3DES. The client's list does not choose the
ticket's etype: the KDC takes the strongest etype that it believes the service's account to have. So the reason is at the
service's account (no AES keys, msDS-SupportedEncryptionTypes), or in the KDC's defaults of its time: DCs up to March 2026
give RC4 tickets to accounts that say nothing (with an AES session key since November 2022); from April 2026 on they give AES.`,
	Rivals: []string{
		`This KDC has no AES at all: kdc-offers-no-aes says so, and this finding is its consequence.`,
		`The value KdcUseRequestedEtypesForTickets=1 on the DC lets the client's order decide: then the client lists RC4 first; the list is in the summary.`,
		`A service on a system without AES (Windows 2003, old appliances): RC4 is right for it; only its owner can say.`,
		`A referral ticket (krbtgt/OTHER): the trust's etypes decide, not an account; referral-etype speaks of those.`,
	},
	Fix: []string{
		`Get-ADObject -LDAPFilter "(servicePrincipalName=SPN)" -Properties sAMAccountName,msDS-SupportedEncryptionTypes,pwdLastSet,operatingSystem`,
		`Note the old value, then Set-ADUser NAME -KerberosEncryptionType AES128,AES256 (a Windows computer writes it itself, from the policy "Network security: Configure encryption types allowed for Kerberos"). AES keys come with a new password: Set-ADAccountPassword ACCOUNT -Reset; then make keytabs again and restart the service. Computer: Reset-ComputerMachinePassword on that computer, never from outside`,
		`On each DC: reg query HKLM\SYSTEM\CurrentControlSet\Services\KDC /v DefaultDomainSupportedEncTypes and /v KdcUseRequestedEtypesForTickets`,
		`Then on clients: klist purge; old tickets live up to 10 hours`,
		`Samba: ` + sambaPasswordStep,
	},
	Undo:     []string{etypesUndo},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4769", Meaning: "ticket encryption type 0x17; since the January 2025 updates also keys and attribute of the account"}, {Host: "DC", Log: "System", ID: "KDCSVC 201, 202, 206, 207", Meaning: "would be refused without RC4, DCs with updates of January 2026 and later"}},
	Refs:     []string{"[MS-KILE] §3.3.5.7, §2.2.7", "KB5021131 (November 2022)", "KB5073381 (January, April and July 2026)"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkTicketDowngrade,
}

func checkTicketDowngrade(c *Case) []Finding {
	rows := c.rowsWhere(decode.TGS, func(r *Record) bool {
		return r.Ending == decode.OK && r.Issued != nil && isWeak(r.Issued.Etype) && hasAES(r.Req.Etypes) &&
			r.Req.KDCOptions&krb5.KDCEncTktInSkey == 0 && !isTGT(r.Issued.SName)
	})
	key := func(r *Record) string { return lower(r.Issued.Principal()) + "|" + r.To.Addr().String() }
	var found []Finding
	for _, group := range groupRows(rows, func(row *Row) string { return key(row.Record()) }) {
		r := group[0].Record()
		f := c.about(group, "etypes", "issued.etype", "issued.kvno")
		f.Severity, f.Confidence = Warning, Certain
		f.Summary = fmt.Sprintf("%s issued %s for %s with %s, though the client offered %s.", c.HostName(r.To.Addr()),
			plural(total(group), "ticket"), r.Issued.SName, ticketText(r.Issued), shortEtypes(r.Req.Etypes))
		f.Cause = "The KDC chooses a ticket's etype by the service's account, not by the client's list: the account has no AES key or does not say that it supports AES, or the KDC's defaults or filters leave AES out."
		if weakFirst(r.Req.Etypes) {
			f.Cause += " The client lists " + shortEtype(r.Req.Etypes[0]) + " first, which decides on DCs up to Server 2016 and with KdcUseRequestedEtypesForTickets."
		}
		f.fill = []string{"SPN", r.Issued.SName}
		found = append(found, f)
	}
	return found
}
