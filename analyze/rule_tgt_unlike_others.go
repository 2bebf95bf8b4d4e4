package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// tgtUnlikeOthers: a TGT that no DC in view would have issued.
var tgtUnlikeOthers = &Rule{
	ID:    "tgt-unlike-others",
	Title: "A TGT unlike every other one of the realm",
	Doc: `A ticket-granting ticket was presented whose issue is not in the captures and whose etype or kvno no other TGT of that realm shares, neither issued nor presented.
All TGTs of a realm are made with the same few keys of krbtgt, so one that differs was issued before a change of that key, by a read-only or
foreign DC, or by nobody (a forged "golden" ticket, often RC4 where the DCs use AES). The rule only points at it.`,
	Rivals: []string{
		`The krbtgt password was changed within the last ten hours: then the kvno differs by one, older tickets show the smaller, and more of them appear.`,
		`A DC of another functional level or of another make issued it: then others of its tickets appear too, with captures of that DC.`,
		`A read-only DC: the kvno's upper half is set, rodc-kvno speaks, and this rule is silent.`,
	},
	Fix: []string{
		`On the DCs: event 4768 for this account and client address within the ticket's life; a TGT without a 4768 anywhere was not issued by them`,
		`Get-ADUser krbtgt -Properties PasswordLastSet,msDS-KeyVersionNumber: which kvno is current and since when`,
		`If it stays unexplained: change the krbtgt password twice, ten hours apart`,
	},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4768, 4769", Meaning: "a 4769 without a 4768 before it"}},
	Refs:     []string{"RFC 4120 §5.3", "[MS-KILE] §3.1.5.8"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkTGTUnlikeOthers,
}

// fewTGTs is from how many others on one may be called unlike them.
const fewTGTs = 5

func checkTGTUnlikeOthers(c *Case) []Finding {
	type kind struct {
		etype int32
		kvno  int64
	}
	counts := map[string]map[kind]int{} // by realm: tickets of each kind
	id := func(t *TicketLife) kind { return kind{t.Etype, num(t.KVNO)} }
	for _, t := range c.Tickets() {
		if isTGT(t.SName) && !isReferral(t.Principal()) {
			m := counts[lower(t.Realm)]
			if m == nil {
				m = map[kind]int{}
				counts[lower(t.Realm)] = m
			}
			m[id(t)]++
		}
	}
	var found []Finding
	for _, t := range c.Tickets() {
		if t.Issued != nil || !isTGT(t.SName) || isReferral(t.Principal()) || rodc(t.KVNO) || len(t.Presented) == 0 || t.Presented[0].First.Kind != decode.TGS {
			continue
		}
		m := counts[lower(t.Realm)]
		others, alike := 0, 0
		var usual kind
		for k, n := range m {
			if k == id(t) {
				alike = n
				continue
			}
			others += n
			if n > m[usual] || m[usual] == 0 {
				usual = k
			}
		}
		if alike != 1 || others < fewTGTs || len(m) != 2 {
			continue // one odd ticket among many alike, and nothing else
		}
		if n := id(t).kvno - usual.kvno; t.Etype == usual.etype && (n == 1 || n == -1) {
			continue // the krbtgt password was changed
		}
		r := t.Presented[0].First
		f := c.aboutRecords([]*Record{r}, "ticket.etype", "ticket.kvno")
		f.Severity, f.Confidence, f.FaultAt = Note, Possible, nil
		f.Summary = fmt.Sprintf("%s presented a TGT of %s with %s; all %d others in view have %s.", c.who(r), t.Realm, ticketText(&TicketRef{Etype: t.Etype, KVNO: t.KVNO}), others, c.kindText(usual.etype, usual.kvno))
		f.Cause = "It was issued before the captures by a KDC with another key, or it was not issued by a KDC of this realm at all."
		found = append(found, f)
	}
	return found
}

func (c *Case) kindText(etype int32, kvno int64) string {
	if kvno == none {
		return shortEtype(etype)
	}
	k := uint32(kvno)
	return ticketText(&TicketRef{Etype: etype, KVNO: &k})
}
