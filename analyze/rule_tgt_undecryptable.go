package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// tgtUndecryptable: a KDC cannot open the TGT it is shown.
var tgtUndecryptable = &Rule{
	ID:    "tgt-undecryptable",
	Title: "A KDC cannot decrypt the TGT",
	Doc: `A TGS-REQ answered with KRB_AP_ERR_BAD_INTEGRITY (31), MODIFIED (41), BADKEYVER (44) or NOKEY (45): the KDC has not the key that the TGT, or
the referral ticket, in the request was encrypted with, or the request's authenticator does not fit. Within one realm the DCs
do not share the krbtgt key (replication, a DC restored from backup, krbtgt reset twice in a row); across realms it is the trust's password.`,
	Rivals: []string{
		`A DC without AES (etype of the TGT not supported there) answers 44 to an AES256 TGT that another DC issued: the TGT's etype and the issuer are in the summary.`,
		`A forged TGT (golden ticket with an old krbtgt key): the TGT's issue is not in the capture and its kvno is unlike others; the rule does not accuse, it names both kvnos.`,
		`A PAC signature that does not verify (41 from a DC in a delegation request): then the request carries another ticket as evidence (additional-tickets), which is said.`,
		`Bytes changed on the way: the TGT's hash at both capture points tells.`,
	},
	Fix: []string{
		`On the client: klist purge, then log on again; if that cures it the TGT was from before a krbtgt reset`,
		`repadmin /showobjmeta DC "CN=krbtgt,CN=Users,DC=…" on every DC: the version of unicodePwd must be the same`,
		`A trust: netdom trust THIS /domain:OTHER /verify, then netdom trust … /resetpwd on both sides`,
		`A DC that was restored or cloned: netdom resetpwd /server:PDC /userd:… on it, or demote and promote it again`,
		`Samba: samba-tool drs showrepl; MIT: the K/M and krbtgt keys of primary and replica (kadmin getprinc krbtgt/REALM)`,
	},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4769", Meaning: "result code 0x1F or 0x29"}, {Host: "DC", Log: "System", ID: "KDC 28", Meaning: "inter-realm key version not found"}},
	Refs:     []string{"RFC 4120 §3.3.2, §7.5.9", "[MS-KILE] §3.3.5.7"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkTGTUndecryptable,
}

// trustSteps are for the key of a trust.
var trustSteps = []string{
	`Set the password of the trust anew, the same on both sides: netdom trust THIS /domain:OTHER /verify, then netdom trust … /resetpwd on both sides`,
	`MIT: in both realms kadmin cpw -pw PASSWORD krbtgt/OTHER@THIS with the same password, and the same kvno (kadmin getprinc tells it; addprinc anew begins with 1), and the same for the other direction; Samba: samba-tool domain trust validate OTHER`,
	`On the client: klist purge (MIT: kdestroy), since the old cross-realm ticket is in the cache; then log on again`,
}

// tgtNotProcessed tells MIT's answer to a TGT of a kvno that it does not have: a
// generic error whose text names the step that failed.
func tgtNotProcessed(r *Record) bool {
	return r.Kind == decode.TGS && r.code() == errGeneric && r.Presented != nil && r.Error.EText == "PROCESS_TGS"
}

func checkTGTUndecryptable(c *Case) []Finding {
	rows := c.rowsWhere(decode.TGS, func(r *Record) bool {
		// With a ticket as evidence, or for another user, the refusal may be about that.
		return r.Ending == decode.Failed && (keyInDoubt(r.code()) || tgtNotProcessed(r)) && len(r.Req.Additional) == 0 && r.Req.ForUser == ""
	})
	return c.each(rows, byClientAndKDC, []string{"error_code", "ticket.sname", "ticket.etype", "ticket.kvno"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		tgt := "the TGT"
		if t := r.Presented; t != nil {
			tgt = fmt.Sprintf("the TGT %s (%s)", t.SName, ticketText(t))
		}
		f.FaultAt = []Fault{c.faultKDC(r)}
		f.Summary = fmt.Sprintf("%s cannot decrypt %s that %s presented %s: %s.", c.HostName(r.To.Addr()), tgt, c.whoAll(rows), nTimes(total(rows)), codeText(r.code()))
		if tgtNotProcessed(r) {
			f.Confidence = Likely
			f.Summary = fmt.Sprintf("%s could not make use of %s that %s presented %s: %s %q.", c.HostName(r.To.Addr()), tgt, c.whoAll(rows), nTimes(total(rows)), codeText(r.code()), r.Error.EText)
		}
		f.Cause = "This KDC has not the key that the TGT was made with: the DCs do not share the krbtgt key, or, for a TGT of another realm, the two sides of the trust do not agree on its password."
		if t := r.Presented; t != nil && isReferral(t.Principal()) {
			there := lastComponent(t.SName)
			f.Cause = fmt.Sprintf("The TGT is the one by which %s sends its users to %s: the two sides of that trust do not agree on its password or its kvno, or %s has no %s key for it. It was changed, or set up, on one side alone.", t.Realm, there, there, shortEtype(t.Etype))
			f.Fix = fillIn(trustSteps, []string{"THIS", t.Realm, "OTHER", there})
			f.FaultAt = nil
		}
		if t := c.lifeOf(r.Presented); t != nil && t.Issued != nil {
			f.Cause = fmt.Sprintf("The TGT was issued by %s. ", c.HostName(t.Issued.To.Addr())) + f.Cause
			c.cite(f, t.Issued, "issued.etype", "issued.kvno")
			if t.Issued.To.Addr() == r.To.Addr() {
				f.FaultAt = nil
			}
		}
	})
}
