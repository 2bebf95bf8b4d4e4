package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// passwordChange: keys change here.
var passwordChange = &Rule{
	ID:    "password-change",
	Title: "A password was changed or set over Kerberos",
	Doc: `An exchange with the password service (port 464) was answered with an AP-REP and a KRB-PRIV. The result inside is encrypted; failures of the policy come in the same shape,
failures of authentication as KRB-ERROR; with a key that opens the answer a refusal is told as an error. From here on the account's kvno is one higher, its older tickets and keytabs age.`,
	Rivals: []string{
		`The KDC refused the new password by policy: encrypted in the KRB-PRIV, the same on the wire; a new kvno afterwards, or a success with the new password, tells.`,
		`A computer changed its own password over Netlogon: not Kerberos, not seen here.`,
		`An administrator set another account's password with kpasswd's set: the target is encrypted; the client shown is the one who asked.`,
	},
	Fix:      []string{`A refused one: Get-ADDefaultDomainPasswordPolicy, Get-ADUserResultantPasswordPolicy NAME (length, history, minimum age); MIT: kadmin getpol; Samba: samba-tool domain passwordsettings show`, `Otherwise nothing to do. Keytabs of that account must be made again; klist purge on clients that hold its tickets when something is refused afterwards`},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4723, 4724", Meaning: "password changed by its owner, set by someone else"}},
	Refs:     []string{"RFC 3244"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkPasswordChange,
}

func checkPasswordChange(c *Case) []Finding {
	var found []Finding
	for _, group := range groupRecords(c.PasswordChanges(), byClientAndKDC) {
		r := group[0]
		f := c.aboutRecords(group, "ap_rep", "ticket.sname", "request")
		f.Severity, f.Confidence = Note, Likely
		f.FaultAt = nil
		f.Summary = fmt.Sprintf("%s changed or set a password at %s %s.", c.who(r), c.HostName(r.To.Addr()), nTimes(uint64(len(group))))
		f.Cause = "The answer is encrypted; it is a success unless the password policy refused the new one. The account's kvno rises by one, its older tickets and keytabs age."
		found = append(found, f)
	}
	denied := c.rowsWhere(decode.Password, func(r *Record) bool { return r.Ending == decode.Denied })
	return append(found, c.each(denied, byClientAndKDC, []string{"ap_rep", "ticket.sname", "request"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence, f.FaultAt = Certain, nil
		if f.Severity != Note {
			f.Severity = Error
		}
		f.Summary = fmt.Sprintf("%s refused the password change of %s %s.", c.HostName(r.To.Addr()), c.whoAll(rows), nTimes(total(rows)))
		f.Cause = "The answer, which a key opened, says no: the password policy forbids it, or the right to change it is missing. Its words stand in the row of decode."
	})...)
}
