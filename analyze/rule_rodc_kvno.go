package analyze

import "fmt"

// rodcKVNO: a read-only DC issued the ticket.
var rodcKVNO = &Rule{
	ID:    "rodc-kvno",
	Title: "Tickets issued by a read-only domain controller",
	Doc: `The key version of a TGT has its upper 16 bits set: they are the number of the read-only DC's own krbtgt account (krbtgt_NNNNN). A writable DC takes such a TGT only for
accounts that the RODC may hold passwords of, and issues a new one else. It explains requests that are answered twice, or refused with 20 or 12. Entra ID has such an account in domains with Windows
Hello cloud trust or FIDO2 logons (krbtgt_AzureAD): its clients bring a TGT of it to any DC, which answers with one of its own. Where the domain has neither, such a kvno has no
honest source: then somebody made the ticket.`,
	Rivals: []string{
		`A domain without RODCs: the ticket is forged, or comes from a restored or foreign KDC. The wire does not tell which domain has RODCs; Get-ADDomainController does.`,
		`A KDC of another make that uses large kvnos of its own (65536 and more password changes): not in Active Directory.`,
		`A branch id in a service ticket instead of a TGT: Windows puts it only into krbtgt tickets, and the rule looks at those alone.`,
	},
	Fix: []string{
		`Get-ADDomainController -Filter {IsReadOnly -eq $true}: is there one with the krbtgt account of that number? Get-ADUser -Filter {SamAccountName -like "krbtgt_*"} shows Entra ID's as well (krbtgt_AzureAD)`,
		`If the RODC should serve this account: Get-ADDomainControllerPasswordReplicationPolicyUsage; add it to the allowed group. If there is no RODC: treat the TGT as forged, and renew krbtgt twice`,
	},
	Refs:     []string{"[MS-KILE] §3.1.5.8 (kvno), §3.3.5.6, §3.3.5.7.7"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkRODCKVNO,
}

func checkRODCKVNO(c *Case) []Finding {
	tgt := func(r *Record) *TicketRef {
		for _, t := range []*TicketRef{r.Issued, r.Presented} {
			if t != nil && isTGT(t.SName) && rodc(t.KVNO) {
				return t
			}
		}
		return nil
	}
	var found []Finding
	var rows []*Row
	for _, w := range c.Rows() {
		if tgt(w.Record()) != nil {
			rows = append(rows, w)
		}
	}
	for _, group := range groupRows(rows, func(w *Row) string {
		t := tgt(w.Record())
		return fmt.Sprint(lower(t.Realm), "|", *t.KVNO>>16)
	}) {
		r := group[0].Record()
		t := tgt(r)
		f := c.about(group, "issued.kvno", "ticket.kvno")
		f.Severity, f.Confidence, f.FaultAt = Note, Certain, nil
		f.Subject.Realm = t.Realm
		f.Summary = fmt.Sprintf("%s with a TGT of the read-only DC number %d in %s (%s): %s.", plural(total(group), "exchange"), *t.KVNO>>16, t.Realm, kvnoText(t.KVNO), c.whoAll(group))
		f.Cause = "A read-only DC issued it, with its own krbtgt key, or Entra ID, which has such a key too (Windows Hello cloud trust, FIDO2: the account krbtgt_AzureAD). If the domain has neither, the ticket has no honest source."
		found = append(found, f)
	}
	return found
}
