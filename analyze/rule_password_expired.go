package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// passwordExpired: 23.
var passwordExpired = &Rule{
	ID:    "password-expired",
	Title: "The password has expired or must be changed",
	Doc: `KDC_ERR_KEY_EXPIRED (23): the account is fine, its password is past its age or marked to be changed at the next logon. NTSTATUS
C0000071 says expired, C0000224 must change. It heals when a ticket for the wanted service follows; an AS-REP for
kadmin/changepw alone is only the first half of the change.`,
	Rivals: []string{
		`Expired by age, or marked by an administrator: only the NTSTATUS tells.`,
		`The krbtgt or service entry expired instead of the client's: that is KDC_ERR_SERVICE_EXP (2), another code.`,
		`The user changed the password right away: then a password change on port 464 and a successful logon follow, and the finding is a note.`,
	},
	Fix: []string{
		`The user changes it at the logon screen, or: Set-ADAccountPassword NAME -Reset`,
		`Service accounts should not have expiring passwords: use a group managed service account, or Set-ADUser NAME -PasswordNeverExpires $true as a stopgap`,
		`See the policy that applies: Get-ADUserResultantPasswordPolicy NAME; net accounts /domain`,
		`MIT: kpasswd NAME; Samba: samba-tool user setpassword NAME`,
	},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4768", Meaning: "TGT request failed, result code 0x17"}},
	Refs:     []string{"RFC 4120 §7.5.9", "[MS-KILE] §3.3.5.6", "RFC 3244 (change password)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkPasswordExpired,
}

func checkPasswordExpired(c *Case) []Finding {
	rows := c.rowsWhere(decode.AS, func(r *Record) bool { return r.code() == errKeyExpired && r.Ending == decode.Failed })
	return c.each(rows, byClientAndKDC, []string{"error_code", "e_data.ntstatus", "e_text", "cname"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		what := "has expired or must be changed"
		if s := r.Error.NTStatus; s != nil {
			switch *s {
			case 0xC0000071:
				what = "has expired"
			case 0xC0000224:
				what = "must be changed at the next logon"
			}
		}
		f.Summary = fmt.Sprintf("The password of %s %s: %s gave no ticket %s (23).", orUnknown(bare(r.Client)), what, c.HostName(r.To.Addr()), nTimes(total(rows)))
		f.Cause = "The account is in order, its password is not accepted for anything but changing it."
		f.fill = []string{"NAME", bare(r.Client)}
	})
}
