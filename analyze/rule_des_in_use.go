package analyze

import (
	"strings"
)

// desInUse: DES.
var desInUse = &Rule{
	ID:    "des-in-use",
	Title: "DES is in use",
	Doc: `A ticket, reply, session key or preauthentication is encrypted with single DES (1, 2, 3), or a request lists nothing but DES. DES keys can be
broken in hours by anybody who recorded the traffic. Windows 7 and Server 2008 R2 switched it off by default; Windows Server
2025 and Windows 11 24H2 lost it with the updates of September 2025.`,
	Rivals: []string{
		`Listed is not used: Windows up to 10 and 2022 lists 3 at the end of its AS-REQ; not counted.`,
		`A DES session key beside an RC4 ticket (Windows XP and 2003 do that): the account need not be DES-only; the evidence says which of the parts is DES.`,
		`Captured long ago: the capture's date is in the finding.`,
	},
	Fix: []string{
		`Get-ADUser -Filter "UserAccountControl -band 2097152" lists accounts with "Use only Kerberos DES encryption types"; Set-ADAccountControl NAME -UseDESKeyOnly $false, and set the password anew`,
		`Get-ADObject -LDAPFilter "(msDS-SupportedEncryptionTypes:1.2.840.113556.1.4.804:=3)" lists those whose attribute has DES bits; -Replace the value with 24 (AES128 and AES256)`,
		`Remove allow_weak_crypto = true from krb5.conf, and DES entries from keytabs (klist -kte)`,
	},
	Events:   []Event{{Host: "DC", Log: "System", ID: "KDC 16, 27", Meaning: "DES asked for or the only key, and disabled"}},
	Refs:     []string{"RFC 6649 (DES in Kerberos is deprecated)", "KB977321", "Windows Server 2025, September 2025 updates: DES removed"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkDESInUse,
}

func checkDESInUse(c *Case) []Finding {
	return c.etypeUses(isDES, func(f *Finding, u *etypeUse) {
		f.Severity, f.Confidence = Warning, Certain
		f.Summary = bare(u.principal) + " uses DES as " + u.role + ": " + strings.Join(u.parts, ", ") + "."
		f.Cause = "A flag (use only Kerberos DES encryption types), msDS-SupportedEncryptionTypes, allow_weak_crypto or an old system. DES can be broken in hours."
		f.fill = []string{"NAME", bare(u.principal)}
	})
}
