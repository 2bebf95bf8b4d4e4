package analyze

import (
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// A showing is one ticket's presentations at one endpoint that came out alike.
type showing struct {
	life *TicketLife
	p    *Presented
}

// showings are the presentations of service tickets that satisfy is.
func (c *Case) showings(is func(*TicketLife, *Presented) bool) (list []showing) {
	for _, t := range c.Tickets() {
		if isTGT(t.SName) {
			continue
		}
		for _, p := range t.Presented {
			if p.First != nil && p.First.Kind == decode.AP && is(t, p) {
				list = append(list, showing{t, p})
			}
		}
	}
	return list
}

// taken is the presentations that were accepted, by what is looked for.
type taken struct {
	at   map[string][]showing // by service and endpoint
	host map[string][]showing // by host of the service name
	by   map[netip.AddrPort][]showing
}

func (c *Case) taken() taken {
	t := taken{at: map[string][]showing{}, host: map[string][]showing{}, by: map[netip.AddrPort][]showing{}}
	for _, a := range c.showings(accepted) {
		k := byShownService(a)
		t.at[k] = append(t.at[k], a)
		t.by[a.p.To] = append(t.by[a.p.To], a)
		if h := spnHost(a.life.SName); h != "" {
			t.host[h] = append(t.host[h], a)
		}
	}
	return t
}

// sameService are the accepted presentations for the service of s where s was refused.
func (t taken) sameService(s showing) []showing { return t.at[byShownService(s)] }

// sameHostName are those for any service of its host name.
func (t taken) sameHostName(s showing) []showing { return t.host[spnHost(s.life.SName)] }

// kinds leaves one presentation of each kvno and etype, those with a KRB-ERROR first.
func kinds(list []showing) []showing {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b showing) int {
		switch x, y := keyRefused(a.p.First), keyRefused(b.p.First); {
		case x && !y:
			return -1
		case y && !x:
			return 1
		}
		return 0
	})
	var out []showing
	for _, s := range list {
		if !slices.ContainsFunc(out, func(o showing) bool {
			return o.life.Etype == s.life.Etype && num(o.life.KVNO) == num(s.life.KVNO)
		}) {
			out = append(out, s)
		}
	}
	return out
}

// accepted tells a presentation that proves that the ticket was decrypted: by
// an AP-REP, or by the yes of a carrier that asks for authentication before it
// says so. An HTTP server may serve a page without having looked at the token.
func accepted(_ *TicketLife, p *Presented) bool {
	r := p.First
	return p.Ending == decode.OK && (r.Reply != nil || len(r.Carrier) > 0 && r.Carrier[0] != "http")
}

// refused tells a presentation that stayed refused in a way that leaves the
// key in doubt: by a KRB-ERROR that says so, or by the carrier alone.
func refused(_ *TicketLife, p *Presented) bool {
	if p.First.Healed && p.Last.Healed {
		return false
	}
	return refusedAP(p.First)
}

// refusedOnce is refused, healed or not.
func refusedOnce(_ *TicketLife, p *Presented) bool { return refusedAP(p.First) }

// healedAll tells whether every refusal healed.
func healedAll(list []showing) bool {
	return !slices.ContainsFunc(list, func(s showing) bool { return refused(s.life, s.p) })
}

// records are the exemplars of a presentation.
func (p *Presented) records() []*Record {
	if p.First == p.Last || p.Last == nil {
		return []*Record{p.First}
	}
	return []*Record{p.First, p.Last}
}

// groupShowings puts together what one finding is about.
func groupShowings(list []showing, key func(showing) string) [][]showing {
	at := map[string]int{}
	var groups [][]showing
	for _, s := range list {
		k := key(s)
		i, ok := at[k]
		if !ok {
			i = len(groups)
			at[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], s)
	}
	return groups
}

func byShownService(s showing) string {
	return lower(s.life.Principal()) + "|" + s.p.To.String()
}

// aboutShowings begins a finding about refused presentations.
func (c *Case) aboutShowings(list []showing, fields ...string) Finding {
	var recs []*Record
	var n uint64
	for _, s := range list {
		recs = append(recs, s.p.records()...)
		n += s.p.Count
	}
	slices.SortStableFunc(recs, byTime)
	f := c.aboutRecords(recs, fields...)
	f.Count = n
	for _, s := range list {
		f.Subject.Tickets = addOnce(f.Subject.Tickets, s.life.Hash)
	}
	return f
}

// shownTimes counts presentations.
func shownTimes(list []showing) (n uint64) {
	for _, s := range list {
		n += s.p.Count
	}
	return n
}

// sure tells whether one of the refusals is a KRB-ERROR that leaves no other
// explanation than the key.
func sure(list []showing) bool {
	return slices.ContainsFunc(list, func(s showing) bool { return keyRefused(s.p.First) })
}

// surest is the presentation to speak of: one with a KRB-ERROR, else the first.
func surest(list []showing) showing {
	for _, s := range list {
		if keyRefused(s.p.First) {
			return s
		}
	}
	return list[0]
}

// keyChangeTime is how soon after a refusal an acceptance elsewhere leaves no
// room for somebody to have changed keys in between.
const keyChangeTime = int64(60e9)

// sameTime tells that a ticket was accepted while it was refused elsewhere:
// between two refusals, or right after one. An acceptance before all refusals
// shows another time: the key may have been changed since.
func sameTime(refused, accepted showing) bool {
	a, r := accepted.p, refused.p
	if a.Last.Start < r.First.Start {
		return false
	}
	return a.First.Start <= r.Last.Start || a.First.Start-r.Last.Start <= keyChangeTime
}

// keyGone tells a refusal (44, 45: the acceptor has no such key any more) that
// an acceptance at an earlier time explains: the key was replaced since.
func keyGone(refused, accepted showing) bool {
	code := refused.p.First.code()
	return (code == errBadKeyVer || code == errNoKey) && accepted.p.Last.Start < refused.p.First.Start
}
