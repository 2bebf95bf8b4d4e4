package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// preauthDowngrade: AES was on offer from both ends, and the timestamp is RC4.
var preauthDowngrade = &Rule{
	ID:    "preauth-downgrade",
	Title: "The client preauthenticated with RC4 although AES was offered",
	Doc: `The KDC offered an AES key of the account (ETYPE-INFO2), the client listed AES too, and yet it encrypted its timestamp with RC4 or DES.
On Windows that is what DefaultEncryptionType=23 asks for; otherwise the program holds only the RC4 key (the NT hash) of
the account: an RC4-only keytab, or a stolen hash.`,
	Rivals: []string{
		`An RC4-only keytab whose client lists AES all the same: same picture; klist -kte on the client tells.`,
		`Pass-the-hash: an attacker has the NT hash and not the AES key; cannot be told apart on the wire, so the security team should know the host.`,
		`The client had saved an older ETYPE-INFO2 of the account and did not ask again: only counted when the offer of the same exchange held AES.`,
	},
	Fix: []string{
		`On the client: reg query HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v DefaultEncryptionType, and delete it unless someone can say why it is there`,
		`Keytab clients: klist -kte FILE; make it again with AES keys (ktpass /crypto ALL, or samba-tool domain exportkeytab)`,
		`If the host has neither: treat it as a possible use of a stolen hash, and look at 4768 and 4624 of the account from this address`,
	},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4768", Meaning: "since the January 2025 updates: preauthentication etype, available keys, advertized etypes"}},
	Refs:     []string{"RFC 4120 §5.2.7.2, §5.2.7.5", "KB837361 (DefaultEncryptionType: default etype for preauthentication)"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkPreauthDowngrade,
}

func checkPreauthDowngrade(c *Case) []Finding {
	rows := c.rowsWhere(decode.AS, func(r *Record) bool {
		if r.Req.PreauthEtype == nil || !isWeak(*r.Req.PreauthEtype) || r.Hint == nil {
			return false
		}
		for _, k := range r.Hint.Info2 {
			if isAES(k.Etype) && hasEtype(r.Req.Etypes, k.Etype) {
				return true
			}
		}
		return false
	})
	var found []Finding
	for _, group := range groupRows(rows, func(row *Row) string { return byClient(row.Record()) }) {
		r := group[0].Record()
		f := c.about(group, "etypes", "hint.etype_info2", "preauth_etype")
		f.Confidence = Certain
		f.FaultAt = []Fault{c.faultClient(r)}
		f.Summary = fmt.Sprintf("%s preauthenticated with %s %s, although %s offered %s and the client listed %s.", c.who(r),
			shortEtype(*r.Req.PreauthEtype), nTimes(total(group)), c.HostName(r.To.Addr()), keysText(r.Hint.Info2), shortEtypes(r.Req.Etypes))
		f.Cause = "The client chose the weaker key by itself: DefaultEncryptionType on Windows, a keytab or program that holds only the RC4 key, or somebody who has only the NT hash. The wire does not tell which."
		found = append(found, f)
	}
	return found
}
