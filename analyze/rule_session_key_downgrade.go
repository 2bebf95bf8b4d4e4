package analyze

import "fmt"

// sessionKeyDowngrade: strong ticket, weak session key.
var sessionKeyDowngrade = &Rule{
	ID:    "session-key-downgrade",
	Title: "An AES ticket was issued with an RC4 session key",
	Doc: `The ticket is encrypted with AES, and the authenticator sent with it (or the acceptor's AP-REP) with RC4 or DES: that is the etype of the
session key inside. Who sees only "AES256" in the ticket does not notice. The KDC takes the first etype of the client's list that
the service supports, so the client's list or its order is the usual reason, the service's account the other.`,
	Rivals: []string{
		`The client offers no AES or lists RC4 first: client-offers-no-aes or client-prefers-rc4 is then the cause, and this its consequence.`,
		`The service's account has only the RC4 bit, with an AES key in use for the ticket: the client's list begins with AES then; the cause names which of the two was seen.`,
		`A program asked for the ticket with its own short list: another ticket of the same client and service has an AES session key; both hashes are listed.`,
	},
	Fix: []string{
		`Look at the client's list first: reg query HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v DefaultEncryptionType and the policy "Configure encryption types allowed for Kerberos"; klist shows "Session Key Type" of each ticket`,
		`Then at the service's account: Get-ADObject -LDAPFilter "(servicePrincipalName=SPN)" -Properties msDS-SupportedEncryptionTypes; bit 0x20 asks for AES session keys`,
		`klist purge, and klist -li 0x3e7 purge for the computer's own tickets`,
		`MIT: default_tgs_enctypes and permitted_enctypes in krb5.conf; since 1.21 RC4 session keys are off by default`,
	},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4769", Meaning: "since the January 2025 updates: session key encryption type"}},
	Refs:     []string{"RFC 4120 §3.3.3, §5.5.1", "[MS-KILE] §2.2.7 (0x20)", "KB5021131"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkSessionKeyDowngrade,
}

func checkSessionKeyDowngrade(c *Case) []Finding {
	byClient := func(t *TicketLife) string {
		if t.Client == "" && len(t.Presented) > 0 {
			return t.Presented[0].From.String()
		}
		return lower(t.Client)
	}
	return c.sessionKeys(byClient, func(t *TicketLife) bool {
		return isAES(t.Etype) && t.SessionEtype != nil && isWeak(*t.SessionEtype)
	}, func(f *Finding, list []*TicketLife) {
		t := list[0]
		f.Confidence = Certain
		var names []string
		for _, t := range list {
			names = addOnce(names, t.SName)
		}
		f.Summary = fmt.Sprintf("%s of %s encrypted with AES, but with an %s session key inside: %s.", plural(uint64(len(list)), "ticket"), clientOr(t, c),
			shortEtype(*t.SessionEtype), join(names, 3))
		f.Cause = "The session key follows the client's list: the first etype in it that the service supports."
		if t.Issued != nil && len(t.Issued.Req.Etypes) > 0 {
			f.Cause += " Here the list is " + shortEtypes(t.Issued.Req.Etypes) + "."
			if isAES(t.Issued.Req.Etypes[0]) {
				f.Cause += " It begins with AES, so the reason is at the service's account or the KDC."
			}
			c.cite(f, t.Issued, "etypes", "issued.etype")
		}
		if len(names) == 1 {
			f.fill = []string{"SPN", t.SName}
		}
	})
}

// clientOr names the client of a ticket, or the host that presented it.
func clientOr(t *TicketLife, c *Case) string {
	if t.Client == "" && len(t.Presented) > 0 {
		return c.HostName(t.Presented[0].From)
	}
	return bare(t.Client)
}

// sessionKeys makes one finding of the tickets that satisfy is and have the
// same key. The session key's etype is seen where a ticket is used, so each
// has such an exchange.
func (c *Case) sessionKeys(key func(*TicketLife) string, is func(*TicketLife) bool, say func(*Finding, []*TicketLife)) (found []Finding) {
	for _, list := range group(c.Tickets(), func(t *TicketLife) string {
		if !is(t) || len(t.Presented) == 0 {
			return ""
		}
		return key(t)
	}) {
		var recs []*Record
		same := true
		for _, t := range list {
			recs = append(recs, t.Presented[0].First)
			same = same && samePrincipal(t.Principal(), list[0].Principal())
		}
		f := c.aboutRecords(recs, "ticket.etype", "authenticator_etype")
		f.identity = key(list[0])
		f.Count = uint64(len(list))
		t := list[0]
		f.Client, f.Service = t.Client, ""
		if f.Client == "" {
			f.Client = f.Subject.ClientIP
		}
		if same {
			f.Service = t.Principal()
		}
		f.Subject.Client, f.Subject.Service = t.Client, f.Service
		// It is a matter of client, service and KDC, not of where it was shown.
		f.Server, f.Subject.Server, f.FaultAt = nil, "", nil
		f.Subject.Tickets = nil
		for _, t := range list {
			f.Subject.Tickets = addOnce(f.Subject.Tickets, t.Hash)
		}
		say(&f, list)
		found = append(found, f)
	}
	return found
}
