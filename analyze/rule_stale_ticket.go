package analyze

import (
	"fmt"
	"slices"

	"kerbscope/decode"
)

// staleTicket: the client shows a ticket older than the account's newest key.
var staleTicket = &Rule{
	ID:    "stale-ticket",
	Title: "The client presents a ticket from before the service's password changed",
	Doc: `The refused ticket's kvno is lower than the newest kvno that a KDC used for the same service: its password was changed, and the client still holds
a ticket for the old key. Windows services keep the previous password for a while, so one step behind normally works there; keytabs without
the old entry, and two changes in a row, do not.`,
	Rivals: []string{
		`The KDC that issued the old ticket is itself behind (replication): then it issued the lower kvno after the other one had issued the higher; kdcs-disagree says so.`,
		`The newer kvno belongs to another account's key (SPN moved between the two tickets): the accepted tickets of the host's other names tell; see spn-on-wrong-account.`,
		`An RODC's kvno (upper 16 bits) is not comparable: left out.`,
	},
	Fix: []string{
		`On the client: klist purge; for a service client klist -li 0x3e7 purge (LocalSystem), 0x3e4 (NetworkService), or restart it`,
		`If it must not happen again: change keytab passwords with both entries kept in the keytab until old tickets have expired (10 hours)`,
		`MIT: kdestroy, and keep the old kvno: ktutil addent, or samba-tool domain exportkeytab into a file that has the old entries`,
	},
	Events:   []Event{{Host: "client", Log: "System", ID: "Kerberos 4", Meaning: "KRB_AP_ERR_MODIFIED with server and SPN"}},
	Refs:     []string{"RFC 4120 §3.2.3", "[MS-KILE] §3.4.5 (previous key is tried too)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkStaleTicket,
}

func checkStaleTicket(c *Case) []Finding {
	var found []Finding
	taken := c.taken()
	for _, group := range groupShowings(c.showings(refusedOnce), byShownService) {
		said := false
		for _, s := range kinds(group) {
			newer := c.newerKey(s.life)
			if newer == nil {
				continue
			}
			good := acceptedWith(taken.sameService(s), newer.KVNO)
			// Without a Kerberos error, that the newer one is taken must be seen.
			if !keyRefused(s.p.First) && good == nil {
				continue
			}
			r := s.p.First
			f := c.aboutShowings(group, "ticket.sname", "ticket.kvno", "ticket.etype", "error_code", "carrier_result.code")
			f.Confidence = Likely
			// A ticket of unseen issue may be fresh from a DC that is behind.
			old := s.life.Issued != nil || tookBefore(s)
			if keyRefused(r) && old {
				f.Confidence = Certain
			}
			if healedAll(group) {
				f.Severity = Note
			}
			f.FaultAt = []Fault{c.faultClient(r)}
			c.cite(&f, newer.Example, "issued.kvno", "ticket.kvno")
			then := ""
			if good != nil {
				c.cite(&f, good.p.First, "ticket.kvno", "ap_rep", "carrier_result.code")
				then = ", and the service accepts tickets with that one"
			}
			f.Summary = fmt.Sprintf("%s presented a ticket for %s with %s to %s and was refused %s (%s); the account's key is at %s by now%s.", c.who(r),
				s.life.SName, kvnoText(s.life.KVNO), c.server(r.To), nTimes(shownTimes(group)), refusalText(r), kvnoText(newer.KVNO), then)
			f.Cause = "The ticket is from before the service's password was changed. The service no longer has the old key; the client has to get a new ticket."
			if t := newer.Example; old && s.life.Issued != nil && t.Issued != nil && t.Start-s.life.issuedAt() < fresh && *newer.KVNO-*s.life.KVNO > 1 {
				f.Cause = "The ticket is from before the service's password was changed, or rather, as one change raises the kvno by one, from before the service name was moved to the account that has it now. The service has not the key of that ticket; the client has to get a new one."
			}
			if !old {
				f.Cause = "The ticket is from before the service's password was changed, or from a DC that has not heard of the change: which one issued it no capture shows. The service no longer has the old key; the client has to get a new ticket. If new ones have the old kvno again, look at that DC's replication (repadmin /showrepl)."
			}
			f.fill = []string{"SPN", s.life.SName}
			found = append(found, f)
			said = true
			break
		}
		if f := c.behindKeytab(group); f != nil && !said {
			found = append(found, *f)
		}
	}
	return found
}

// behindKeytab is the finding that the service's keytab has moved on: it holds
// newer keys of the service, and not the ticket's; nil when it does not say so.
func (c *Case) behindKeytab(group []showing) *Finding {
	for _, s := range group {
		o := s.p.First.Opened
		if o == nil || o.Refusal != decode.NoKVNO || len(o.Has) == 0 || s.life.KVNO == nil || rodc(s.life.KVNO) || slices.Min(o.Has) <= *s.life.KVNO {
			continue
		}
		// A ticket just issued, or accepted elsewhere since, is not old: then
		// the keytab is ahead.
		if s.life.Issued != nil && !tookBefore(s) || takenSince(s) {
			continue
		}
		r := s.p.First
		f := c.aboutShowings(group, "ticket.sname", "ticket.kvno", "ticket.etype", "error_code", "carrier_result.code")
		f.Confidence = Likely
		if healedAll(group) {
			f.Severity = Note
		}
		f.FaultAt = []Fault{c.faultClient(r)}
		f.Summary = fmt.Sprintf("%s presented a ticket for %s with %s to %s and was refused %s (%s); the keytab given has newer keys only, the oldest kvno %d.", c.who(r),
			s.life.SName, kvnoText(s.life.KVNO), c.server(r.To), nTimes(shownTimes(group)), refusalText(r), slices.Min(o.Has))
		f.Cause = "The ticket is from before the service's password was changed, or from a DC that has not heard of the change. The service no longer has the old key; the client has to get a new ticket."
		f.fill = []string{"SPN", s.life.SName}
		return &f
	}
	return nil
}

// takenSince tells that some endpoint accepted the ticket after s refused it.
func takenSince(s showing) bool {
	return slices.ContainsFunc(s.life.Presented, func(p *Presented) bool {
		return accepted(s.life, p) && p.Last.Start >= s.p.First.Start
	})
}

// newerKey is a key of the ticket's service with a higher kvno, that no KDC
// used before the ticket was issued; nil: none, or the issuer was behind.
func (c *Case) newerKey(t *TicketLife) *KeySeen {
	var newest *KeySeen
	for _, k := range c.Keys(t.Principal()) {
		if !kvnoBelow(t.KVNO, k.KVNO) || k.Example == nil {
			continue
		}
		if t.Issued != nil && k.First < t.issuedAt() {
			return nil
		}
		if newest == nil || kvnoBelow(newest.KVNO, k.KVNO) {
			newest = k
		}
	}
	return newest
}

// acceptedWith is one of the accepted presentations whose ticket has that kvno.
func acceptedWith(list []showing, kvno *uint32) *showing {
	for i := range list {
		if k := list[i].life.KVNO; k != nil && kvno != nil && *k == *kvno {
			return &list[i]
		}
	}
	return nil
}
