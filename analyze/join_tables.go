package analyze

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// text orders keys that everything else leaves equal.
func (k rowKey) text() string { return fmt.Sprintf("%+v", k) }

// mergeTickets puts together what each capture saw of a ticket. Presentations
// of one capture add up, those of several are the same ones.
func (j *joiner) mergeTickets() {
	for _, c := range j.parts {
		for _, old := range c.tickets.sorted() {
			t := j.byHash[old.Hash]
			if t == nil {
				t = &TicketLife{TicketRef: old.TicketRef}
				j.byHash[old.Hash] = t
				j.tickets = append(j.tickets, t)
			}
			if t.Client == "" {
				t.Client = old.Client
			}
			if t.SessionEtype == nil {
				t.SessionEtype = old.SessionEtype
			}
			if t.Issued == nil && old.Issued != nil {
				t.Issued = j.to[old.Issued]
			}
			t.Forgotten = max(t.Forgotten, old.Forgotten)
			here := map[*Presented]uint64{}
			for _, p := range old.Presented {
				q := t.presented(j.to[p.First], j.to[p.Last])
				here[q] += p.Count
			}
			for q, n := range here {
				if c.before != nil {
					q.Count += n
					continue
				}
				q.Count = max(q.Count, n)
			}
		}
		j.issued += c.tickets.lost
	}
	for _, t := range j.tickets {
		slices.SortStableFunc(t.Presented, func(a, b *Presented) int { return byTime(a.First, b.First) })
	}
	slices.SortStableFunc(j.tickets, func(a, b *TicketLife) int {
		return cmp.Or(cmp.Compare(a.since(), b.since()), cmp.Compare(a.Hash, b.Hash))
	})
}

// since is the first time that a ticket was seen.
func (t *TicketLife) since() int64 {
	at := int64(1<<63 - 1)
	if t.Issued != nil {
		at = t.Issued.Start
	}
	if len(t.Presented) > 0 {
		at = min(at, t.Presented[0].First.Start)
	}
	return at
}

func (t *ticketTable) sorted() []*TicketLife {
	return slices.SortedFunc(maps.Values(t.byHash), func(a, b *TicketLife) int {
		return cmp.Or(cmp.Compare(a.since(), b.since()), cmp.Compare(a.Hash, b.Hash))
	})
}

// presented is the presentation of t that two joined records belong to.
func (t *TicketLife) presented(first, last *Record) *Presented {
	var code *int32
	if first.Error != nil {
		code = &first.Error.Code
	}
	for _, p := range t.Presented {
		if p.alike(first, code) {
			if byTime(first, p.First) < 0 {
				p.First = first
			}
			if byTime(last, p.Last) > 0 {
				p.Last = last
			}
			return p
		}
	}
	p := &Presented{From: first.From.Addr(), To: first.To, Kind: first.Kind, Ending: first.Ending, Code: code, First: first, Last: last}
	t.Presented = append(t.Presented, p)
	return p
}

// sessionsApart is how far apart two captures may see the begin of one connection.
const sessionsApart = int64(2e9)

// mergeSessions makes one of each connection that several captures hold; what
// the capture with more attempts saw comes first.
func (j *joiner) mergeSessions() {
	type ends struct {
		client, server netip.AddrPort
		carrier        string
	}
	by := map[ends][]*SessionFact{}
	from := map[*SessionFact]int{}
	for at, c := range j.parts {
		k, p := &j.clocks[at], j.group(at)
		for _, old := range c.sessions.list {
			s := *old
			s.Begin, s.End = old.Begin.ref(k), old.End.ref(k)
			s.Attempts = make([]AttemptFact, len(old.Attempts))
			for i, a := range old.Attempts {
				a.Begin, a.NTLM, a.APReq = a.Begin.ref(k), a.NTLM.ref(k), a.APReq.ref(k)
				if a.Word != nil {
					w := *a.Word
					w.FrameRef = w.FrameRef.ref(k)
					a.Word = &w
				}
				a.Record = j.to[a.Record]
				s.Attempts[i] = a
			}
			id := ends{s.Client, s.Server, s.Carrier}
			var twin *SessionFact
			for _, o := range by[id] {
				if from[o] != p && s.Begin.Time <= o.End.Time+sessionsApart && o.Begin.Time <= s.End.Time+sessionsApart {
					twin = o
					break
				}
			}
			if twin != nil {
				twin.merge(&s)
				continue
			}
			by[id] = append(by[id], &s)
			from[&s] = p
			j.sessions = append(j.sessions, &s)
		}
	}
	slices.SortStableFunc(j.sessions, func(a, b *SessionFact) int {
		return cmp.Or(cmp.Compare(a.Begin.Time, b.Begin.Time), cmp.Compare(a.Begin.Frame, b.Begin.Frame))
	})
}

func (s *SessionFact) words() (n int) {
	for i := range s.Attempts {
		n++
		if s.Attempts[i].Word != nil {
			n++
		}
	}
	return n
}

func (s *SessionFact) merge(o *SessionFact) {
	if o.words() > s.words() {
		*s, *o = *o, *s
	}
	if s.TLS == 0 {
		s.TLS, s.TLSName = o.TLS, cmp.Or(s.TLSName, o.TLSName)
	}
	s.Sealed = cmp.Or(s.Sealed, o.Sealed)
	s.Tunnel = cmp.Or(s.Tunnel, o.Tunnel)
	s.Anonymous = cmp.Or(s.Anonymous, o.Anonymous)
	s.AfterAuth = cmp.Or(s.AfterAuth, o.AfterAuth)
	s.BothWays = s.BothWays || o.BothWays
	s.SidesKnown = s.SidesKnown || o.SidesKnown
	s.Gaps = min(s.Gaps, o.Gaps)
	if s.Ended == decode.EndOpen {
		s.Ended, s.EndFrame, s.ServerEnded = o.Ended, o.EndFrame, o.ServerEnded
	}
	if len(s.Offered) == 0 {
		s.Offered = o.Offered
	}
}

func (j *joiner) mergeSightings() {
	by := map[sightingKey]*SightingFact{}
	for p, c := range j.parts {
		k := &j.clocks[p]
		var list []*SightingFact
		for _, f := range c.sightings.byKey {
			list = append(list, f)
		}
		slices.SortFunc(list, bySighting)
		for _, old := range list {
			f := *old
			f.Time, f.Last = k.ref(f.Time), k.ref(f.Last)
			id := keyOfSighting(&f.Sighting)
			o := by[id]
			if o == nil {
				by[id] = &f
				j.sightings = append(j.sightings, &f)
				continue
			}
			if c.before != nil {
				o.Seen += f.Seen
			} else {
				o.Seen = max(o.Seen, f.Seen)
			}
			o.BothWays = o.BothWays || f.BothWays
			// What both hold is as late here as there, but for what the clocks leave open.
			if slack := int64(1e6 + k.uncertainty + j.clockOf(o.LastFrame.Capture()).uncertainty); f.Last > o.Last+slack {
				o.Last, o.LastFrame = f.Last, f.LastFrame
			}
		}
	}
	slices.SortStableFunc(j.sightings, bySighting)
}

func (j *joiner) mergeHosts() {
	claims := map[claim]uint64{}
	for _, c := range j.parts {
		for k, n := range c.claims.seen {
			claims[k] = max(claims[k], n)
		}
	}
	var addrs []netip.Addr
	for _, w := range j.rows {
		r := w.Record()
		addrs = append(addrs, r.From.Addr().Unmap(), r.To.Addr().Unmap())
	}
	for _, s := range j.sessions {
		addrs = append(addrs, s.Client.Addr().Unmap(), s.Server.Addr().Unmap())
	}
	addrs = slices.DeleteFunc(addrs, func(a netip.Addr) bool { return !a.IsValid() })
	j.hosts = hostsOf(claims, addrs)
}

// count adds up totals, and what named limits cost.
func (j *joiner) count() {
	for _, w := range j.rows {
		j.exchanges += w.Count
	}
	for _, c := range j.parts {
		j.messages += c.messages
		for name, n := range map[string]uint64{
			"rows": c.rows.lost, "tickets": c.tickets.lost, "sessions": c.sessions.lost,
			"sightings": c.sightings.lost, "names": c.claims.lost, "pending": c.heal.lost,
		} {
			if n > 0 {
				j.limits[name] += n
			}
		}
		j.exchanges += c.rows.lost + c.rows.gone
		j.issued += c.tickets.gone
	}
	j.exchanges -= min(j.exchanges, j.roomless)
	j.issued += uint64(len(j.tickets))
}
