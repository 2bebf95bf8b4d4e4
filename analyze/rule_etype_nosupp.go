package analyze

import (
	"fmt"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// etypeNosupp: 14, and it stayed.
var etypeNosupp = &Rule{
	ID:    "etype-nosupp",
	Title: "Client and KDC have no encryption type in common",
	Doc: `KDC_ERR_ETYPE_NOSUPP (14), and the same request did not succeed afterwards. In an AS exchange none of the etypes that the client
listed has a key of the client's account (or the KDC allows none of them); in a TGS exchange the service's account is
meant, and the client's list for the session key. The summary gives the list; what the account has is told where the capture shows it.`,
	Rivals: []string{
		`A forwarded TGT asked with AES256 alone at an old DC: a step, the client asks again with a longer list; never reported here.`,
		`The KDC refuses RC4 by policy or by the updates of April and July 2026, though the account has an RC4 key: only the KDC's events (203, 204, 208, 209) tell that from a missing key.`,
		`A member of Protected Users may not use RC4 or DES: the account's group, not its keys; not on the wire.`,
		`The KDC wants something else (a policy of the service account with a lone flag bit and no etype): also answered with 14 by Windows.`,
	},
	Fix:      etypeNosuppSteps,
	Undo:     []string{etypesUndo, `A DC's policy or registry value: set what was noted, gpupdate /force`},
	Events:   []Event{{Host: "DC", Log: "System", ID: "KDC 14, 16, 26, 27", Meaning: "no key in common; the text lists requested and available etypes"}, {Host: "DC", Log: "System", ID: "KDCSVC 203, 204, 208, 209", Meaning: "RC4 blocked, DCs with updates of January 2026 and later"}, {Host: "DC", Log: "Security", ID: "4768, 4769", Meaning: "result code 0xE"}},
	Refs:     []string{"RFC 4120 §3.1.3, §3.3.3, §7.5.9", "[MS-KILE] §3.3.5.6, §3.3.5.7", "KB977321 (events 16 and 27)", "KB5021131, KB5073381 (what unset accounts get)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkEtypeNosupp,
}

var etypeNosuppSteps = []string{
	`On the client, and on KDC-NAME, whose own policy filters what it uses: reg query HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\Kerberos\Parameters /v SupportedEncryptionTypes (a sum, in hex: 0x4 RC4, 0x8 AES128, 0x10 AES256; not there: no policy). On the client also reg query HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v DefaultEncryptionType`,
	`On each DC: reg query HKLM\SYSTEM\CurrentControlSet\Services\KDC /v DefaultDomainSupportedEncTypes (the same sum); it is not replicated, and mostly not there. Where that value or a DC's policy lacks AES, note it and add AES128 and AES256, without taking RC4 from those who need it: the policy is "Network security: Configure encryption types allowed for Kerberos", for the Domain Controllers; then gpupdate /force there. A DC before 2008 has no AES at all`,
	`Does another DC say the same? On the client, as administrator: klist add_bind DOMAIN OTHERDC, klist purge, log on again; klist purge_bind ends it. If that works, the fault is at KDC-NAME, not in the account`,
	`On the account (the client's at a logon, the service's for a service ticket): Get-ADObject -LDAPFilter "(|(sAMAccountName=NAME)(servicePrincipalName=SPN))" -Properties sAMAccountName,msDS-SupportedEncryptionTypes,pwdLastSet (4: RC4, 8: AES128, 16: AES256, 24: both AES; empty: the DC's default). Note the value`,
	`Allow AES on the account: Set-ADUser NAME -KerberosEncryptionType AES128,AES256 (a computer: Set-ADComputer). Windows writes that of its own computer itself, from the same policy: then set it there`,
	`AES keys come with a new password. User or service account: Set-ADAccountPassword ACCOUNT -Reset, and then everything that uses it: services, tasks, keytabs. Computer: Reset-ComputerMachinePassword -Credential DOMAIN\ADMIN on that computer, in powershell.exe, never from outside`,
	etypeBridge,
	`MIT: permitted_enctypes in krb5.conf on both sides; kadmin -q "getprinc NAME" shows the keys. Samba: net ads enctypes list NAME; ` + sambaPasswordStep,
	`Mended when the client gets its ticket: klist purge, log on again, klist`,
}

// etypeBridge helps only a client that offers RC4.
const etypeBridge = `Only as a bridge, for that one account, and a client that offers RC4 (23): Set-ADUser NAME -Replace @{'msDS-SupportedEncryptionTypes'=28} also allows RC4 (a computer: Set-ADComputer)`

func checkEtypeNosupp(c *Case) []Finding {
	rows := c.rowsWhere(decode.AS, etypeRefused)
	rejected := map[netip.Addr][]string{} // accounts, by KDC
	for _, row := range rows {
		if r := row.Record(); slices.ContainsFunc(r.Req.Etypes, isAES) {
			rejected[c.hostOf(r.To.Addr())] = addOnce(rejected[c.hostOf(r.To.Addr())], lower(r.Client))
		}
	}
	rows = append(rows, c.rowsWhere(decode.TGS, etypeRefused)...)
	return c.each(rows, byQuestion, []string{"error_code", "etypes", "e_text"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		what := "the account of " + bare(r.Client)
		if r.Kind == decode.TGS {
			what = "the account of " + serviceText(r)
		} else if r.Client == "" {
			what = "the client's account"
		}
		offer, list := "", "the client's types" // the request may not be captured
		if len(r.Req.Etypes) > 0 {
			list = shortEtypes(r.Req.Etypes)
			offer = ", which offered " + list + ","
		}
		f.Summary = fmt.Sprintf("%s refused %s%s with KDC_ERR_ETYPE_NOSUPP (14) %s: no encryption type in common with %s.",
			c.HostName(r.To.Addr()), c.whoAll(rows), offer, nTimes(total(rows)), what)
		f.Cause = fmt.Sprintf("None of %s is usable at this KDC for %s: a key is missing, or the KDC's settings or updates do not allow it.", list, what)
		if keys := c.keysElsewhere(r); keys != nil {
			f.Summary += fmt.Sprintf(" Elsewhere the account shows %s.", keysText(keys.Keys))
			c.cite(f, keys.Example, "hint.etype_info2")
		}
		if k := c.KDC(r.To.Addr()); r.Kind == decode.AS && len(rejected[c.hostOf(r.To.Addr())]) > 1 && k != nil && !hasAESForOthers(k) {
			f.Cause += fmt.Sprintf(" %s refused %d accounts that offered AES, and used AES for nobody in view: look at it first, its policy, updates and age, and then at the accounts.",
				c.HostName(r.To.Addr()), len(rejected[c.hostOf(r.To.Addr())]))
		}
		f.fill = []string{"SPN", spnOf(r), "KDC-NAME", c.HostName(r.To.Addr())}
		if r.Kind == decode.AS { // of a service ticket the service's account is meant, whose name does not show
			f.fill = append(f.fill, accountFill(bare(r.Client))...)
		}
		if len(r.Req.Etypes) > 0 && !slices.ContainsFunc(r.Req.Etypes, isRC4) {
			f.Fix = fillIn(slices.DeleteFunc(slices.Clone(etypeNosuppSteps), func(s string) bool { return s == etypeBridge }), f.fill)
		}
	})
}

// etypeRefused tells a 14 that stayed and is no forwarded TGT's step.
func etypeRefused(r *Record) bool {
	return r.Ending == decode.Failed && r.code() == errEtypeNosupp && !r.Healed && len(r.Req.Etypes) > 0 && !loneForwarded(r)
}

// keysElsewhere is what some KDC told about the keys of the client of r.
func (c *Case) keysElsewhere(r *Record) *AccountKeys {
	if r.Kind != decode.AS || r.Client == "" {
		return nil
	}
	for _, a := range c.Accounts() {
		if a.Example != nil && len(a.Keys) > 0 && samePrincipal(a.Principal, r.Client) {
			return a
		}
	}
	return nil
}

// spnOf is the service of r when it is one that setspn knows.
func spnOf(r *Record) string {
	if r.Service == "" || isTGT(r.Service) {
		return ""
	}
	return bare(r.Service)
}
