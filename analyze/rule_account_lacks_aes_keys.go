package analyze

import (
	"fmt"
)

// accountLacksAESKeys: the same DC has AES for others, not for this account.
var accountLacksAESKeys = &Rule{
	ID:    "account-lacks-aes-keys",
	Title: "The account has no AES key",
	Doc: `The client listed AES, and the KDC's ETYPE-INFO2 for this account holds RC4 (or DES) only, while the same KDC offers AES to another
account. The domain can do AES, this account cannot: its password is older than the domain's AES (functional level 2008), or its
msDS-SupportedEncryptionTypes or "use DES" flag excludes AES. Without a second account to compare with, the
rule stays silent and kdc-offers-no-aes may speak.`,
	Rivals: []string{
		`This DC offers AES to nobody: then it is kdc-offers-no-aes, and this rule is silent.`,
		`A compromised DC (skeleton key) answers with RC4 only for accounts that do have AES keys: suspect it when many accounts with fresh passwords show this at one DC and not at another.`,
		`The client asked for AES128 or AES-SHA2 only, which the account lacks while AES256 is there: the rule asks for 18 in the client's list.`,
	},
	Fix: []string{
		`Get-ADUser NAME -Properties PasswordLastSet,msDS-SupportedEncryptionTypes,userAccountControl (a computer: Get-ADComputer); compare PasswordLastSet with the day the domain went to level 2008`,
		`Set the password anew, for very old accounts twice (the first may be stored by an old DC): Set-ADAccountPassword ACCOUNT -Reset; computer: Reset-ComputerMachinePassword on that computer, never from outside`,
		`Allow AES on the account: Set-ADUser NAME -KerberosEncryptionType AES128,AES256 (a computer: Set-ADComputer), and clear USE_DES_KEY_ONLY: Set-ADAccountControl NAME -UseDESKeyOnly $false`,
		`Whatever uses the account needs the new password: services, tasks, application pools; keytabs must be made again, the kvno rises`,
		`Samba: ` + sambaPasswordStep,
	},
	Undo:     []string{etypesUndo},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4768", Meaning: "since the January 2025 updates: msDS-SupportedEncryptionTypes and available keys of the account"}, {Host: "DC", Log: "System", ID: "Kerberos-Key-Distribution-Center 14", Meaning: "no key in common with the client (AS)"}},
	Refs:     []string{"RFC 4120 §5.2.7.5", "[MS-SAMR] §3.1.1.8.11.6 (AES keys from functional level 2008)", "[MS-KILE] §2.2.7, §3.3.5.6"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkAccountLacksAESKeys,
}

func checkAccountLacksAESKeys(c *Case) []Finding {
	var found []Finding
	altered := c.alteredRequests()
	for _, a := range c.Accounts() {
		if a.Example == nil || len(a.Keys) == 0 || hasAES(etypesOf(a.Keys)) || !hasEtype(a.Asked, 18) {
			continue
		}
		if altered[a.Example] || len(a.Keys) == 1 && prefersTo(a.Asked, a.Keys[0].Etype) {
			continue // the KDC saw another list; or it names the one key that the client likes best, as MIT's and Samba's do
		}
		k := c.KDC(a.KDC)
		if k == nil {
			continue
		}
		confidence := Likely
		if anyAES(k.Offered) {
			confidence = Certain
		} else if !anyAES(k.TGTs) && !anyAES(k.Tickets) {
			continue // this KDC may have no AES at all
		} else if e := a.Example; e.Hint != nil && e.Hint.HasInfo || e.Error != nil && e.Error.HasInfo {
			continue // ETYPE-INFO beside a list with AES: that may not be the list that the KDC saw (RFC 4120 section 5.2.7.5)
		}
		r := a.Example
		f := c.aboutRecords([]*Record{r}, "etypes", "hint.etype_info2", "error.etype_info2")
		f.Count, f.Confidence = a.Count, confidence
		f.Client, f.Subject.Client = a.Principal, a.Principal
		f.FaultAt = []Fault{c.faultKDC(r)}
		beside := "where other accounts have AES keys"
		if confidence == Likely {
			beside = "which issues AES tickets"
		}
		f.Summary = fmt.Sprintf("%s has only %s keys at %s, %s; the client asked for %s.",
			bare(a.Principal), keysText(a.Keys), c.HostName(a.KDC), beside, shortEtypes(a.Asked))
		f.Cause = "The account has no AES key there: its password is older than the domain's AES, or its msDS-SupportedEncryptionTypes or DES flag excludes AES. If many accounts with fresh passwords show this at one DC only, that DC may be compromised (skeleton key)."
		f.fill = accountFill(bare(a.Principal))
		found = append(found, f)
	}
	return found
}

// prefersTo tells whether a request's list names etype before any AES.
func prefersTo(list []int32, etype int32) bool {
	for _, e := range list {
		if e == etype || isAES(e) {
			return e == etype
		}
	}
	return false
}
