package analyze

import (
	"fmt"
	"slices"
)

// ticketRefusedEverywhere: this ticket nowhere, another one is fine.
var ticketRefusedEverywhere = &Rule{
	ID:    "ticket-refused-everywhere",
	Title: "One ticket is refused wherever it is shown, another one for the same service is accepted",
	Doc: `Every presentation of this ticket was refused because it did not decrypt (31, 41, 44, 45), at one or more endpoints, while another ticket for the same service was
accepted at the same host. So the service is able to accept tickets, and this one is for a key it does not have: an old
ticket, or one from a KDC that has another key for the account.`,
	Rivals: []string{
		`Its kvno is lower than the accepted one's: stale-ticket; higher: stale-keytab. This rule speaks for the pair with the same or no kvno.`,
		`The two tickets have different etypes: acceptor-lacks-etype-key says more.`,
		`They were issued by different KDCs: kdcs-disagree and the issuers in the tickets table.`,
	},
	Fix: []string{
		`On the client: klist purge (klist -li 0x3e7 purge for the computer's own tickets), and try again`,
		`If it comes back: compare the key on the DCs: repadmin /showobjmeta DC "DN" for unicodePwd of the service's account, on the two DCs that issued the tickets`,
	},
	Refs:     []string{"RFC 4120 §3.2.3"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkTicketRefusedEverywhere,
}

func checkTicketRefusedEverywhere(c *Case) []Finding {
	var found []Finding
	taken := c.taken()
	for _, group := range groupShowings(c.showings(refused), byShownService) {
		s := surest(group)
		if !keyRefused(s.p.First) || slices.ContainsFunc(s.life.Presented, func(p *Presented) bool { return accepted(s.life, p) }) {
			continue
		}
		good := taken.sameService(s)
		i := slices.IndexFunc(good, func(a showing) bool {
			return a.life != s.life && a.life.Etype == s.life.Etype && !kvnoDiffers(a.life.KVNO, s.life.KVNO)
		})
		if i < 0 {
			continue
		}
		r, ok := s.p.First, good[i].p.First
		f := c.aboutShowings(group, "ticket.hash", "ticket.kvno", "error_code")
		f.Confidence = Likely
		c.cite(&f, ok, "ticket.hash", "ticket.kvno", "ap_rep", "carrier_result.code")
		f.FaultAt = nil
		f.Summary = fmt.Sprintf("One ticket for %s was refused by %s %s (%s), another one of the same etype and kvno is accepted there.", s.life.SName,
			c.server(r.To), nTimes(shownTimes(group)), refusalText(r))
		f.Cause = "The service can decrypt tickets, but not this one: it is from before a change of keys, or from a KDC that has another key for the account."
		if i, j := s.life.Issued, good[i].life.Issued; i != nil && j != nil && !c.SameHost(i.To.Addr(), j.To.Addr()) {
			f.Cause = fmt.Sprintf("The refused one was issued by %s, the accepted one by %s: the two KDCs seem to have different keys for the account.", c.HostName(i.To.Addr()), c.HostName(j.To.Addr()))
			c.cite(&f, i, "issued.kvno")
			c.cite(&f, j, "issued.kvno")
		}
		f.fill = []string{"SPN", s.life.SName}
		found = append(found, f)
	}
	return found
}
