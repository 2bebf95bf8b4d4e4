package analyze

import (
	"fmt"
	"slices"

	"kerbscope/decode"
)

// The steps differ by account: ktpass mends a service account and breaks a computer.
var (
	preauthComputerSteps = []string{
		`Computer account, on that computer, as administrator, in powershell.exe (pwsh has not got it): Test-ComputerSecureChannel -Verbose; if it says False: Test-ComputerSecureChannel -Repair -Credential DOMAIN\ADMIN. On a DC instead: netdom resetpwd /s:OTHERDC /ud:DOMAIN\ADMIN /pd:*`,
		`See when its password was set: Get-ADComputer NAME -Properties PasswordLastSet,msDS-KeyVersionNumber. A snapshot that was restored, a clone, or a second computer of that name comes with another password`,
		`Linux member: net ads testjoin, or adcli testjoin; when it fails: net ads join -U ADMIN, or adcli join DOMAIN -U ADMIN (net ads changetrustpw needs the password that does not work). On a Samba DC, for the keytab: samba-tool domain exportkeytab FILE --principal=NAME. No ktpass: it sets a password that the computer does not learn`,
		`Restart the computer, or klist -li 0x3e7 purge. Mended when klist -li 0x3e7 get krbtgt brings a ticket; Linux: kinit -kt FILE NAME`,
	}
	preauthUserSteps = []string{
		`User: Get-ADUser NAME -Properties PasswordLastSet,BadLogonCount,LastBadPasswordAttempt (the last two are each DC's own: -Server DC): was the password changed shortly before? Look for saved passwords (cmdkey /list, services, scheduled tasks, app pools)`,
		`Keytab: see what it holds: klist -kte FILE, and test it: kinit -kt FILE NAME`,
		`Make it again: ktpass /princ NAME@REALM /mapuser NAME /crypto ALL /ptype KRB5_NT_PRINCIPAL /pass * /out FILE sets a new password and logon name (UPN): whatever else uses the account needs it too. Samba DC: samba-tool domain exportkeytab FILE --principal=NAME changes none. MIT KDC: kadmin -q "cpw NAME" sets a password, kadmin -q "ktadd -k FILE NAME" makes new keys and puts them into FILE`,
	}
)

// preauthFailed: 24.
var preauthFailed = &Rule{
	ID:    "preauth-failed",
	Title: "Preauthentication failed: the client used a wrong password or key",
	Doc: `KDC_ERR_PREAUTH_FAILED (24) after the client sent preauthentication, and no success of the same client within ten seconds.
The KDC could not open the encrypted timestamp with the key of that account: the password, or the key made from it
in a keytab, is not the one the KDC has. Old MIT KDCs say 31, some KDCs 60 with a text about preauthentication.

For a computer account it means that the machine and the domain no longer agree on the machine's password.`,
	Rivals: []string{
		`A typing error: one 24 and then an AS-REP; that is preauth-failed-recovered.`,
		`Right password, wrong salt: a keytab made with another salt (renamed account, wrong case of the realm). RC4 has no salt, so RC4 works and AES fails; the salt that the KDC announces is in the evidence.`,
		`The keytab is older than the last password change: its kvno is not on the wire in an AS-REQ made with it, except where the client writes it into the encrypted timestamp.`,
		`The password was just changed and this DC does not know it yet: a success at another KDC, or right after at the PDC, tells.`,
		`A 24 of e-text PREAUTH_FAILED inside error 91 is a healthy step of SPAKE and is not counted.`,
	},
	Fix:      slices.Concat(preauthComputerSteps, preauthUserSteps),
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4771", Meaning: "preauthentication failed, code 0x18, with the client's address"}, {Host: "client", Log: "System", ID: "NETLOGON 3210", Meaning: "a computer account: the computer could not authenticate to its domain"}},
	Refs:     []string{"RFC 4120 §3.1.1, §5.2.7, §7.5.9", "[MS-KILE] §3.1.1.2 (salt)", "KB918442 (2003: 0x18 right after a computer password change)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkPreauthFailed,
}

func checkPreauthFailed(c *Case) []Finding {
	withRC4 := map[string]*Record{}
	good := map[string][]*Record{} // by account
	for _, row := range c.rowsWhere(decode.AS, (*Record).answers) {
		if x := row.Record(); x.Req.PreauthEtype != nil && isRC4(*x.Req.PreauthEtype) && x.Client != "" {
			withRC4[byClient(x)] = x
		}
		if x := row.Record(); x.Req.PreauthEtype != nil && x.Client != "" {
			good[lower(x.Client)] = append(good[lower(x.Client)], x)
		}
	}
	lockouts := c.rowsWhere(decode.AS, lockout)
	rows := c.rowsWhere(decode.AS, func(r *Record) bool { return preauthRefused(r) && !r.Healed })
	return c.each(rows, byClientAndKDC, []string{"error_code", "cname", "preauth_etype", "e_text", "error.etype_info2", "hint.etype_info2"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		if r.code() != errPreauthFailed {
			f.Confidence = Likely
		}
		f.FaultAt = []Fault{c.faultClient(r)}
		with := ""
		if r.Req.PreauthEtype != nil {
			with = " made with " + shortEtype(*r.Req.PreauthEtype)
		}
		f.Summary = fmt.Sprintf("%s could not verify the preauthentication of %s%s %s (%d): wrong password or key.", c.HostName(r.To.Addr()), c.whoAll(rows), with, nTimes(total(rows)), r.code())
		f.Cause = "The password or keytab in use on the client is not the account's at this KDC."
		if isComputer(r.Client) {
			f.Cause = "The computer and the domain no longer agree on the computer's password (broken secure channel), or its keytab is old."
		}
		// RC4 keys have no salt.
		if x := withRC4[byClient(r)]; x != nil && r.Req.PreauthEtype != nil && isAES(*r.Req.PreauthEtype) {
			f.Cause += fmt.Sprintf(" With %s the same account was accepted: the password is right, and the key of the other etype was made with a wrong salt.", shortEtype(*x.Req.PreauthEtype))
			c.cite(f, x, "preauth_etype", "issued.etype")
		}
		for _, x := range good[lower(r.Client)] {
			if r.Req.PreauthEtype != nil && *x.Req.PreauthEtype == *r.Req.PreauthEtype && x.From.Addr().Is4() == r.From.Addr().Is4() && !c.SameHost(x.From.Addr(), r.From.Addr()) {
				f.Cause += fmt.Sprintf(" From %s the same account logged on with the same kind of key: what %s uses is another password, an old one, or a key made with a wrong salt.", c.HostName(x.From.Addr()), c.HostName(r.From.Addr()))
				c.cite(f, x, "preauth_etype", "issued.etype")
				break
			}
		}
		if n := c.lockedAfter(r, lockouts); n > 0 {
			f.Cause += fmt.Sprintf(" Afterwards %s refused the account itself %s with %s, from whichever host: it seems to have been locked by this.", c.HostName(r.To.Addr()), nTimes(n), codeText(errClientRevoked))
		}
		name, realm := splitPrincipal(r.Client)
		f.fill = []string{"NAME", name, "REALM", realm}
		switch {
		case isComputer(r.Client):
			f.Fix = fillIn(preauthComputerSteps, f.fill)
		case r.Client != "":
			f.Fix = fillIn(preauthUserSteps, f.fill)
		}
	})
}

// lockedAfter counts those of the refused, which are lockouts, that are of r's
// account, from any host, at its KDC, and later.
func (c *Case) lockedAfter(r *Record, refused []*Row) (n uint64) {
	for _, row := range refused {
		if x := row.Record(); x.End >= r.Start && c.SameHost(x.To.Addr(), r.To.Addr()) && samePrincipal(x.Client, r.Client) {
			n += row.Count
		}
	}
	return n
}

// lockout tells a logon refused because the account is locked, or without saying why.
func lockout(r *Record) bool {
	if r.Ending != decode.Failed || r.code() != errClientRevoked {
		return false
	}
	reason := revokedReason(r)
	return reason == "" || reason == isLocked
}

// preauthRefused tells a logon refused for its preauthentication. Old MIT KDCs
// answer 31, some KDCs 60 with a text.
func preauthRefused(r *Record) bool {
	if r.Kind != decode.AS || r.Ending != decode.Failed {
		return false
	}
	switch r.code() {
	case errPreauthFailed:
		return r.Req.Frame == 0 || r.Req.Preauth != "" || r.Req.FAST
	case errBadIntegrity:
		return r.Req.Preauth != ""
	case errGeneric:
		return r.Req.Preauth != "" && mentions(r.Error.EText, "preauth")
	}
	return false
}
