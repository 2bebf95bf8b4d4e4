package analyze

import (
	"fmt"
	"slices"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// fastFailed: armored logon is demanded and not done, or the armor is not accepted.
var fastFailed = &Rule{
	ID:    "fast-failed",
	Title: "Armored logon (FAST) failed",
	Doc: `Kerberos armoring protects a logon with the computer's own ticket. Three pictures of its failing: the KDC offers no way to prove the key but FAST, and the client sends none; the KDC
cannot use the armor (31, 41, 44, 32 in answer to an armored AS-REQ are about the armor ticket); or it does not know a critical option (93). With armor the real reason of
an error stands encrypted inside; the outer code is all there is to see without keys.`,
	Rivals: []string{
		`An ordinary PREAUTH_REQUIRED that offers FAST (136) among others: that is every healthy KDC, and no finding.`,
		`The password is wrong: the KDC says 24 outside, and preauth-failed speaks.`,
		`The armor ticket was issued by another DC whose krbtgt key differs (replication, RODC): tgt-undecryptable tells when a TGS-REQ with that ticket fails too.`,
	},
	Fix: []string{
		`See the policy: on DCs "KDC support for claims, compound authentication and Kerberos armoring" (CbacAndArmorLevel: 3 fails unarmored requests), on clients "Kerberos client support for claims, compound authentication and Kerberos armoring" (EnableCbacAndArmor=1)`,
		`Armor needs a good computer ticket: on the client klist -li 0x3e7, Test-ComputerSecureChannel; klist -li 0x3e7 purge, then restart`,
		`MIT: kinit -T ARMOR_CCACHE NAME; Samba: kdc enable fast in smb.conf`,
	},
	Undo:     []string{`Set CbacAndArmorLevel back to "Supported" (1) while clients without armoring are left`},
	Refs:     []string{"RFC 6113 §5.4, §5.4.3 (errors)", "[MS-KILE] §3.1.5.9, §3.3.5.6"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkFASTFailed,
}

const errUnknownFASTOption = 93

// armorRefused tells an error that an armored logon gets for its armor.
func armorRefused(r *Record) bool {
	if r.Kind != decode.AS || r.Error == nil {
		return false
	}
	switch r.code() {
	case errUnknownFASTOption:
		return true
	case errBadIntegrity, errModified, errBadKeyVer, errTktExpired:
		return r.Req.FAST && r.Req.Preauth == ""
	}
	return false
}

// wantsFAST tells a PREAUTH_REQUIRED that leaves nothing but FAST.
func wantsFAST(r *Record) bool {
	if r.Kind != decode.AS || r.code() != errPreauthRequired || !r.asked() || r.Req.FAST || r.Error.Cut || !slices.Contains(r.Error.PAData, krb5.PAFXFAST) {
		return false
	}
	return !slices.ContainsFunc(r.Error.PAData, func(t int32) bool {
		switch t {
		case krb5.PAEncTimestamp, krb5.PAPKASReq, krb5.PAPKASReqOld, krb5.PASPAKE, krb5.PAEncryptedChallenge, krb5.PAOTPChallenge:
			return true
		}
		return false
	})
}

func checkFASTFailed(c *Case) []Finding {
	rows := c.rowsWhere(decode.AS, func(r *Record) bool { return r.Ending == decode.Failed && (armorRefused(r) || wantsFAST(r)) })
	return c.each(rows, func(r *Record) string { return fmt.Sprint(byClientAndKDC(r), "|", r.code()) }, []string{"error_code", "cname"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence, f.FaultAt = Certain, nil
		kdc, who := c.HostName(r.To.Addr()), c.whoAll(rows)
		switch {
		case wantsFAST(r):
			f.Confidence = Likely
			f.Summary = fmt.Sprintf("%s offers %s no way to log on without armor (FAST), and %s sent none %s.", kdc, who, c.HostName(r.From.Addr()), nTimes(total(rows)))
			f.Cause = "The KDC's policy fails unarmored logons, and the client does not armor: the policy is not on for it, it has no computer ticket, or its library cannot. " +
				"An MIT KDC answers the same when the account demands what a password is not (requires_hwauth: kadmin getprinc) or a method that is only offered inside armor (OTP), or not set up at the KDC."
		case r.code() == errUnknownFASTOption:
			f.Summary = fmt.Sprintf("%s does not know an option of the armored request of %s: %s.", kdc, who, codeText(r.code()))
			f.Cause = "The client demands a FAST feature that this KDC lacks."
		default:
			f.Confidence = Likely
			f.Summary = fmt.Sprintf("%s cannot use the armor of the logon of %s: %s %s.", kdc, who, codeText(r.code()), nTimes(total(rows)))
			f.Cause = "The code is about the ticket that the client armors with, its computer's TGT: expired, of another DC's krbtgt key, or broken."
		}
	})
}
