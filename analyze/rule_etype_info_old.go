package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// etypeInfoOld: a KDC answers with ETYPE-INFO, as for clients of before RFC 4120.
var etypeInfoOld = &Rule{
	ID:    "etype-info-old",
	Title: "The KDC speaks to the client in the old way (ETYPE-INFO)",
	Doc: `The error that asks for preauthentication carries PA-ETYPE-INFO (11). RFC 4120 has a KDC send it only to a client whose request
names no etype newer than DES, 3DES and RC4; to all others it sends ETYPE-INFO2 alone. So the KDC took this client for an old one, which agrees
with a request list without AES; or the KDC itself is older than RFC 4120 and sends both to everyone.`,
	Rivals: []string{
		`The client's list is forced to RC4: client-offers-no-aes says so, and this note is its consequence.`,
		`The KDC is of before 2005 or sends ETYPE-INFO whatever the list: then clients with AES in their lists get it too, and the summary says so.`,
		`A middlebox took AES out of the list on its way to the KDC: etype-list-altered tells, where captures of both sides are there.`,
	},
	Fix: []string{
		`Let the client offer AES: see kerbscope explain client-offers-no-aes`,
		`If the KDC is the old one: Get-ADDomainController -Filter * | select Name,OperatingSystem, and replace it`,
	},
	Refs:     []string{"RFC 4120 §5.2.7.4, §5.2.7.5"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkEtypeInfoOld,
}

func checkEtypeInfoOld(c *Case) []Finding {
	old := func(r *Record) bool {
		return r.Hint != nil && r.Hint.HasInfo || r.Error != nil && r.Error.HasInfo
	}
	var found []Finding
	for _, group := range groupRows(c.rowsWhere(decode.AS, old), func(w *Row) string { return byClientAndKDC(w.Record()) }) {
		r := group[0].Record()
		f := c.about(group, "etypes", "hint.error_code", "error_code")
		f.Severity, f.Confidence = Note, Certain
		f.Summary = fmt.Sprintf("%s answered %s with ETYPE-INFO %s, as for a client of before RFC 4120; it asked for %s.",
			c.HostName(r.To.Addr()), c.whoAll(group), nTimes(total(group)), shortEtypes(r.Req.Etypes))
		f.Cause = "The request list names nothing newer than RC4."
		if hasAES(r.Req.Etypes) {
			f.Cause = "The list names AES, so the KDC sends ETYPE-INFO to everyone: its software is old, or the list was altered on the way to it."
		}
		found = append(found, f)
	}
	return found
}
