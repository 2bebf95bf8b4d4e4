package analyze

import (
	"cmp"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// mergeTickets puts together what each capture saw of a ticket. Presentations
// of one capture add up, those of several are the same ones.
func (j *joiner) mergeTickets() {
	for _, z := range j.parts {
		for i := range z.tickets {
			old := &z.tickets[i]
			hash := j.slabs.hashOf(&old.sum)
			t := j.byHash[hash]
			if t == nil {
				t = &TicketLife{TicketRef: TicketRef{Hash: hash, SName: old.sname, Realm: old.realm, Etype: old.etype, KVNO: old.kvno.pointer()}}
				j.byHash[hash] = t
				j.tickets = append(j.tickets, t)
			}
			if t.Client == "" {
				t.Client = old.client
			}
			if t.SessionEtype == nil {
				t.SessionEtype = old.session.pointer()
			}
			if t.Issued == nil {
				t.Issued = j.of(old.issued)
			}
			t.Forgotten = max(t.Forgotten, old.forgotten)
			here := make([]uint64, len(t.Presented), len(t.Presented)+len(old.shown))
			for _, p := range old.shown {
				n := t.presented(j.of(p.first), j.of(p.last))
				if n == len(here) {
					here = append(here, 0)
				}
				here[n] += p.count
			}
			for n, count := range here {
				q := t.Presented[n]
				if z.goesOn {
					q.Count += count
					continue
				}
				q.Count = max(q.Count, count)
			}
		}
		j.issued += z.lost["tickets"]
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

// presented is the number of the presentation of t that two joined records
// belong to.
func (t *TicketLife) presented(first, last *Record) int {
	var code *int32
	if first.Error != nil {
		code = &first.Error.Code
	}
	for i, p := range t.Presented {
		if p.alike(first, code) {
			if byTime(first, p.First) < 0 {
				p.First = first
			}
			if byTime(last, p.Last) > 0 {
				p.Last = last
			}
			return i
		}
	}
	t.Presented = append(t.Presented, &Presented{From: first.From.Addr(), To: first.To, Kind: first.Kind, Ending: first.Ending, Code: code, First: first, Last: last})
	return len(t.Presented) - 1
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
	for at, z := range j.parts {
		k, p := &j.clocks[at], j.group(at)
		attempts := z.attempts
		for _, old := range z.sessions {
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
				a.Record, a.kept, attempts = j.of(attempts[0]), nil, attempts[1:]
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
	for p, z := range j.parts {
		k := &j.clocks[p]
		for i := range z.sightings {
			old := &z.sightings[i]
			f := *old
			f.Time, f.Last = k.ref(f.Time), k.ref(f.Last)
			id := keyOfSighting(&f.Sighting)
			o := by[id]
			if o == nil {
				by[id] = &f
				j.sightings = append(j.sightings, &f)
				continue
			}
			if z.goesOn {
				o.Seen += f.Seen
			} else {
				o.Seen = max(o.Seen, f.Seen)
			}
			o.BothWays = o.BothWays || f.BothWays
			if len(o.Addrs) == 0 {
				o.Addrs = f.Addrs
			}
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
	for _, z := range j.parts {
		for k, n := range z.claims {
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
	for _, z := range j.parts {
		j.messages += z.messages
		for name, n := range z.lost {
			if n > 0 {
				j.limits[name] += n
			}
		}
		if z.rowsRoomed > 0 {
			j.limits["rows"] += z.rowsRoomed
		}
		j.exchanges += z.lost["rows"] + z.rowsGone
		j.issued += z.ticketsGone
	}
	j.exchanges -= min(j.exchanges, j.roomless)
	j.issued += uint64(len(j.tickets))
}
