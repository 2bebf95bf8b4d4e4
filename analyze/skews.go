package analyze

import (
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// A skew is one wrong clock, or two of which nothing tells the wrong one, and
// the 37s that it led to.
type skew struct {
	odd      netip.Addr // host whose clock is off, by its first address; invalid: either of two
	proven   bool       // other clocks say so
	presumed bool       // the client, as it was a KDC that refused it
	several  int        // hosts that a KDC refused, serving no other: then its own clock is suspected
	pair     [2]netip.Addr
	rows     []*Row

	// Of the refusal that tells most:
	record    *Record
	off       int64 // clock of the host that refused minus the reference
	cluster   int
	witnesses clockWitnesses
}

// hostOf is the address that stands for the host at addr: one host over IPv4
// and IPv6 is one.
func (c *Case) hostOf(addr netip.Addr) netip.Addr {
	if h := c.joined.hosts.byAddr[addr.Unmap()]; h != nil {
		return slices.MinFunc(h.addrs, netip.Addr.Compare)
	}
	return addr.Unmap()
}

// skews makes one finding for each wrong clock, or each pair of hosts of which
// one has a wrong clock, from the 37s that healed or from those that did not.
func (c *Case) skews(healed bool, say func(*Finding, *skew)) (found []Finding) {
	is := func(r *Record) bool { return r.code() == errSkew && r.Ending == decode.Failed && r.Healed == healed }
	var list []*skew
	for _, kind := range []decode.Kind{decode.AS, decode.TGS, decode.AP, decode.Password} {
		for _, row := range c.rowsWhere(kind, is) {
			list = append(list, c.skewOf(row))
		}
	}
	c.severalRefused(list)
	for _, s := range mergeSkews(list) {
		f := c.about(s.rows, "error_code", "stime", "ctime")
		f.parts = c.skewSubjects(s)
		f.identity = "clock of " + s.odd.String()
		if !s.odd.IsValid() {
			f.identity = "clocks of " + s.pair[0].String() + " and " + s.pair[1].String()
		}
		say(&f, s)
		found = append(found, f)
	}
	return found
}

// skewOf reads one refusal.
func (c *Case) skewOf(row *Row) *skew {
	r := row.Record()
	sender, client := c.hostOf(r.To.Addr()), c.hostOf(r.From.Addr())
	s := &skew{rows: []*Row{row}, record: r, pair: [2]netip.Addr{sender, client}}
	if client.Less(sender) {
		s.pair = [2]netip.Addr{client, sender}
	}
	if r.Error.STime != nil {
		s.off, s.cluster = *r.Error.STime-r.Error.Time, c.clusterOf(r.Error.Frame)
		s.witnesses = c.clockWitnesses(r, s.off, s.cluster)
	}
	switch w := s.witnesses; {
	case len(w.agree) > 0 && len(w.differ) == 0:
		s.odd, s.proven = client, true
	case len(w.differ) > 0 && len(w.agree) == 0 && (w.kdc || len(w.differ) > 1):
		s.odd, s.proven = sender, true
	case len(w.differ) == 0 && (r.Kind == decode.AS || r.Kind == decode.TGS):
		s.odd, s.presumed = client, true
	}
	return s
}

// severalRefused looks at KDCs for which only the clock of a capture speaks, that
// may have been taken there: one that refuses several hosts and serves no other
// is more likely to have the wrong clock than all of them.
func (c *Case) severalRefused(list []*skew) {
	clients := map[netip.Addr][]netip.Addr{}
	for _, s := range list {
		r := s.record
		if kdc := c.hostOf(r.To.Addr()); s.witnesses.capture && (r.Kind == decode.AS || r.Kind == decode.TGS) {
			if client := c.hostOf(r.From.Addr()); !slices.Contains(clients[kdc], client) {
				clients[kdc] = append(clients[kdc], client)
			}
		}
	}
	for _, s := range list {
		kdc := c.hostOf(s.record.To.Addr())
		if n := len(clients[kdc]); n > 1 && s.witnesses.capture && !c.serves(kdc) {
			s.odd, s.proven, s.presumed, s.several = kdc, false, false, n
		}
	}
}

// serves tells whether a KDC gave anybody a ticket.
func (c *Case) serves(kdc netip.Addr) bool {
	return slices.ContainsFunc(c.Rows(decode.AS, decode.TGS), func(row *Row) bool {
		r := row.Record()
		return r.Ending == decode.OK && c.hostOf(r.To.Addr()) == kdc
	})
}

// mergeSkews puts together what one wrong clock led to. A refusal that does
// not tell by itself which of two clocks is wrong is of the one that others
// show wrong.
func mergeSkews(list []*skew) (merged []*skew) {
	wrong := map[netip.Addr]bool{}
	for _, s := range list {
		if s.proven {
			wrong[s.odd] = true
		}
	}
	for _, s := range list {
		if s.proven {
			continue
		}
		if a, b := wrong[s.pair[0]], wrong[s.pair[1]]; a != b {
			s.odd, s.presumed = s.pair[0], false
			if b {
				s.odd = s.pair[1]
			}
		}
	}
	type id struct {
		odd  netip.Addr
		pair [2]netip.Addr
	}
	by := map[id]*skew{}
	for _, s := range list {
		k := id{odd: s.odd}
		if !s.odd.IsValid() {
			k.pair = s.pair
		}
		o := by[k]
		if o == nil {
			by[k] = s
			merged = append(merged, s)
			continue
		}
		rows := append(o.rows, s.rows...)
		if s.rank() > o.rank() {
			*o = *s
		}
		o.rows = rows
	}
	return merged
}

// rank orders skews by how much they tell: whose clock it is, and by how much.
func (s *skew) rank() (n int) {
	if s.proven {
		n += 2
	}
	if s.proven && s.witnesses.agree == nil || s.record.Error.CTime != nil {
		n++
	}
	return n
}

// skewSubjects are the subjects of a skew's refusals, each of which other
// findings may share.
func (c *Case) skewSubjects(s *skew) (list []Subject) {
	for _, row := range s.rows {
		x := c.subject(row.Record())
		if !slices.ContainsFunc(list, func(o Subject) bool {
			return o.Client == x.Client && o.ClientIP == x.ClientIP && o.KDC == x.KDC && o.Server == x.Server && o.Service == x.Service
		}) {
			list = append(list, x)
		}
	}
	return list
}

// refusals says who refused whom, and how often. The odd host's name stands
// in the sentence already.
func (s *skew) refusals(c *Case) (list []string) {
	for _, rows := range groupRows(s.rows, func(row *Row) string { return c.HostName(row.Record().To.Addr()) }) {
		r := rows[0].Record()
		sender, whom := c.HostName(r.To.Addr()), c.whoAll(rows)
		if s.proven {
			switch s.odd {
			case c.hostOf(r.To.Addr()):
				sender = "it"
			case c.hostOf(r.From.Addr()):
				whom = "it"
			}
		}
		list = append(list, sender+" refused "+whom+" "+nTimes(total(rows)))
	}
	return list
}

// senders names the hosts that refused.
func (s *skew) senders(c *Case) (list []string) {
	for _, row := range s.rows {
		list = addOnce(list, c.HostName(row.Record().To.Addr()))
	}
	return list
}

// onlySender tells whether the odd host refused, and was never refused.
func (s *skew) onlySender(c *Case) bool {
	return !slices.ContainsFunc(s.rows, func(row *Row) bool { return c.hostOf(row.Record().To.Addr()) != s.odd })
}

// endpoints counts the endpoints that refused.
func (s *skew) endpoints() int {
	seen := map[netip.AddrPort]bool{}
	for _, row := range s.rows {
		seen[row.Record().To] = true
	}
	return len(seen)
}

// clockWitnesses are the clocks that have no part in a refusal.
type clockWitnesses struct {
	agree, differ []string // names of those that agree with the sender's clock, and of the others
	differBy      int64    // offset of the first that differs
	kdc           bool     // a KDC is among those that differ
	capture       bool     // what agrees is a capture's clock: no witness if it was taken on that host
}

// clockWitnesses looks at the other clocks in view, the sender's clock having
// the given offset to the reference of the cluster.
func (c *Case) clockWitnesses(r *Record, off int64, cluster int) (w clockWitnesses) {
	sender, client := r.To.Addr(), r.From.Addr()
	agree, differ := map[string]bool{}, map[string]bool{} // named already
	for _, k := range c.Clocks() {
		if k.cluster != cluster || c.SameHost(k.Addr, sender) || c.SameHost(k.Addr, client) {
			continue
		}
		name := c.HostName(k.Addr)
		if d := k.Offset - off; d < clocksAgree && d > -clocksAgree {
			if !agree[name] && name != "" {
				agree[name], w.agree = true, append(w.agree, name)
			}
			continue
		}
		if w.differ == nil {
			w.differBy = k.Offset
		}
		if !differ[name] && name != "" {
			differ[name], w.differ = true, append(w.differ, name)
		}
		w.kdc = w.kdc || c.HasRole(k.Addr, "kdc")
	}
	// With no other host, only the clocks of captures are left. They speak for a
	// sender that they agree with and that is not where they were taken, which for
	// a KDC is likely enough; never against one.
	if w.agree == nil && w.differ == nil && c.HasRole(sender, "kdc") {
		for i, f := range c.Captures() {
			if c.clusterOfCapture(i) != cluster {
				continue
			}
			if d := c.clockOf(i).at(r.Error.Time) - off; d < clocksAgree && d > -clocksAgree {
				name := "the clock of the capture"
				if len(c.Captures()) > 1 {
					name = "the clock of " + f.Name
				}
				w.agree, w.capture = append(w.agree, name), true
				break
			}
		}
	}
	return w
}

// recordedThere finds a capture that holds refusals of the odd host as a
// client and whose clock is off as well: the recording host's clock is the capture's.
func (c *Case) recordedThere(s *skew) (name string, by int64, ok bool) {
	if c.SameHost(s.odd, s.record.To.Addr()) {
		return "", 0, false
	}
	for _, step := range s.record.Steps {
		i := step.Frame.Capture()
		if c.clusterOfCapture(i) != s.cluster {
			continue
		}
		if d := c.clockOf(i).at(s.record.Error.Time) - s.off; d > maxSkew || d < -maxSkew {
			return c.CaptureName(step.Frame), d, true
		}
	}
	return "", 0, false
}
