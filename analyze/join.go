package analyze

import (
	"cmp"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// joined is what a Case holds beyond its parts once they are put together.
type joined struct {
	opts      JoinOptions
	clocks    []clock // by part
	rows      []*Row
	records   []*Record
	tickets   []*TicketLife
	byHash    map[string]*TicketLife
	sessions  []*SessionFact
	sightings []*SightingFact
	hosts     *hostTable
	kdcs      []*KDCFacts
	accounts  []*AccountKeys
	keys      []*KeySeen
	changes   []*Record
	times     []*HostClock
	captures  []CaptureFacts
	carriers  map[netip.AddrPort]string // outermost protocol of an acceptor's endpoint
	exchanges uint64
	messages  uint64
	issued    uint64
	limits    map[string]uint64
	roomless  uint64 // kept records that found no row in their part
}

// JoinOptions tell Join what the parts do not know.
type JoinOptions struct {
	// Captures are all captures by index, as FrameID has it.
	Captures []CaptureFacts
	// Part is the part that each capture belongs to.
	Part []int
	// Roles overrides who is who: role (mailbox, hub, kdc, dc, client,
	// service) to addresses, or names that the captures tie to some.
	Roles map[string][]string
}

// Join puts partial Cases together: clocks first, then what was seen at
// several points becomes one. The parts are not changed. What comes out
// depends on their order alone.
func Join(parts []*Case, o JoinOptions) *Case {
	j := &joiner{parts: parts, joined: &joined{opts: o, byHash: map[string]*TicketLife{}, limits: map[string]uint64{}}}
	j.clocks = relate(parts)
	j.mergeRecords()
	j.mergeTickets()
	j.resolve()
	j.healAgain()
	j.mergeRows()
	j.mergeSessions()
	j.mergeSightings()
	j.mergeHosts()
	j.count()
	j.captures = slices.Clone(o.Captures)
	for i := range j.captures {
		if i < len(o.Part) {
			k := &j.clocks[o.Part[i]]
			j.captures[i].First, j.captures[i].Last = k.ref(j.captures[i].First), k.ref(j.captures[i].Last)
			if j.captures[i].Truncated > 0 {
				j.captures[i].FirstCut = parts[o.Part[i]].cut[i].ref(k)
			}
		}
	}
	c := &Case{joined: j.joined}
	c.facts()
	c.assignRoles()
	return c
}

type joiner struct {
	*joined
	parts []*Case
	to    map[*Record]*Record // of a part to the joined one
	mine  [][]*Record         // retained, by part
}

// retained are the records that a partial Case still holds, in order of arrival.
func (c *Case) retained() []*Record {
	seen := map[*Record]bool{}
	var list []*Record
	add := func(r *Record) {
		if r != nil && !seen[r] {
			seen[r] = true
			list = append(list, r)
		}
	}
	for _, r := range c.list {
		add(r)
	}
	for _, row := range c.rows.rows {
		for _, r := range row.Exemplars {
			add(r)
		}
	}
	for _, t := range c.tickets.byHash {
		add(t.Issued)
		for _, p := range t.Presented {
			add(p.First)
			add(p.Last)
		}
	}
	for _, s := range c.sessions.list {
		for i := range s.Attempts {
			add(s.Attempts[i].Record)
		}
	}
	slices.SortFunc(list, func(a, b *Record) int { return cmp.Compare(a.rank, b.rank) })
	return list
}

func (f FrameRef) ref(k *clock) FrameRef {
	if f.Frame != 0 {
		f.Time = k.ref(f.Time)
	}
	return f
}

// copy is r with the times of the reference.
func (r *Record) copy(k *clock) *Record {
	n := *r
	n.row = nil
	n.Start, n.End = k.ref(r.Start), k.ref(r.End)
	n.HealedBy, n.TooBig = r.HealedBy.ref(k), r.TooBig.ref(k)
	n.Req.FrameRef = r.Req.FrameRef.ref(k)
	for _, f := range []**Failure{&n.Hint, &n.Error} {
		if *f != nil {
			v := **f
			v.FrameRef = v.FrameRef.ref(k)
			*f = &v
		}
	}
	if r.Reply != nil {
		v := *r.Reply
		v.FrameRef = v.FrameRef.ref(k)
		n.Reply = &v
	}
	if r.Word != nil {
		v := *r.Word
		v.FrameRef = v.FrameRef.ref(k)
		n.Word = &v
	}
	n.Steps = make([]Step, len(r.Steps))
	for i, s := range r.Steps {
		n.Steps[i] = Step{s.FrameRef.ref(k), s.What}
	}
	return &n
}

// maxApart is how far apart, by related clocks, two sightings of one request
// may be.
const maxApart = int64(5e9)

// mergeRecords makes one record of each request that several captures hold,
// then gives answers seen alone to requests seen alone.
func (j *joiner) mergeRecords() {
	type nth struct {
		twin uint64
		kind decode.Kind
		n    int
	}
	j.to = map[*Record]*Record{}
	first := map[nth]*Record{}
	part := map[*Record]int{}
	for p, c := range j.parts {
		list := c.retained()
		j.mine = append(j.mine, list)
		times := map[uint64]int{}
		for _, r := range list {
			n := r.copy(&j.clocks[p])
			if n.twin != 0 {
				id := nth{n.twin, n.Kind, times[n.twin]}
				times[n.twin]++
				if o := first[id]; o != nil && part[o] != p && j.twins(o, part[o], n, p) {
					o.merge(n)
					j.to[r] = o
					continue
				}
				if first[id] == nil {
					first[id] = n
				}
			}
			part[n] = p
			j.to[r] = n
			j.records = append(j.records, n)
		}
	}
	slices.SortStableFunc(j.records, byTime)
	if len(j.parts) > 1 {
		j.mergeHalves(part)
	}
}

// twins tells whether two records of the same request bytes are one packet.
// The same bytes to another acceptor, or much later, are a replay.
func (j *joiner) twins(a *Record, pa int, b *Record, pb int) bool {
	if a.To.Port() != b.To.Port() || a.To != b.To && a.From != b.From {
		return false
	}
	if j.clocks[pa].from == "none" && pa != 0 || j.clocks[pb].from == "none" && pb != 0 {
		return true
	}
	d := a.Start - b.Start
	return max(d, -d) <= maxApart+int64(j.clocks[pa].uncertainty+j.clocks[pb].uncertainty)
}

// mergeHalves joins a reply whose request another capture holds.
func (j *joiner) mergeHalves(part map[*Record]int) {
	type flow struct {
		kind     decode.Kind
		from, to netip.AddrPort
		udp      bool
	}
	id := func(r *Record) flow { return flow{r.Kind, r.From, r.To, r.Transport == decode.UDP} }
	open := map[flow][]*Record{}
	for _, r := range j.records {
		if r.Req.Frame != 0 && r.Reply == nil && r.Error == nil && (r.Ending == decode.NotCaptured || r.Ending == decode.Unanswered || r.Ending == decode.Unknown) {
			open[id(r)] = append(open[id(r)], r)
		}
	}
	gone := map[*Record]*Record{}
	for _, r := range j.records {
		if r.Req.Frame != 0 || r.Reply == nil && r.Error == nil {
			continue
		}
		var best *Record
		for _, q := range open[id(r)] {
			slack := int64(1e9) + int64(j.clocks[part[q]].uncertainty+j.clocks[part[r]].uncertainty)
			if part[q] != part[r] && q.Reply == nil && q.Error == nil && r.End >= q.Start-slack && r.End-q.Start < 30e9 {
				best = q
			}
		}
		if best != nil {
			best.merge(r)
			gone[r] = best
		}
	}
	if len(gone) == 0 {
		return
	}
	j.records = slices.DeleteFunc(j.records, func(r *Record) bool { return gone[r] != nil })
	for k, n := range j.to {
		if g := gone[n]; g != nil {
			j.to[k] = g
		}
	}
	slices.SortStableFunc(j.records, byTime)
}

// endingRank orders endings by how much they tell.
func endingRank(e decode.Ending) int {
	switch e {
	case decode.OK:
		return 6
	case decode.Failed:
		return 5
	case decode.Denied:
		return 4
	case decode.Unknown:
		return 3
	case decode.Unanswered:
		return 2
	}
	return 1
}

// merge takes into r what another capture, n, saw of the same exchange.
func (r *Record) merge(n *Record) {
	lost := n.Ending == decode.Unanswered && (r.Reply != nil || r.Error != nil) || r.Ending == decode.Unanswered && (n.Reply != nil || n.Error != nil)
	r.AnswerLost = r.AnswerLost || lost || n.AnswerLost
	if endingRank(n.Ending) > endingRank(r.Ending) {
		r.Ending, r.End = n.Ending, n.End
		if n.Reply != nil || n.Error != nil {
			r.Reply, r.Error = n.Reply, n.Error
		}
	}
	if r.Reply == nil && r.Error == nil {
		r.Reply, r.Error = n.Reply, n.Error
	}
	if r.Word == nil {
		r.Word = n.Word
	}
	if r.Hint == nil {
		r.Hint = n.Hint
	}
	if r.TooBig.Frame == 0 {
		r.TooBig = n.TooBig
	}
	if r.Req.Frame == 0 {
		r.Req, r.Presented = n.Req, n.Presented
	}
	if r.Presented == nil {
		r.Presented = n.Presented
	}
	if r.Issued == nil {
		r.Issued = n.Issued
	}
	if r.SessionEtype == nil {
		r.SessionEtype = n.SessionEtype
	}
	if r.Opened == nil {
		r.Opened = n.Opened
	}
	if r.OpenedIssued == nil {
		r.OpenedIssued = n.OpenedIssued
	}
	if r.Attempt == nil {
		r.Attempt = n.Attempt
	}
	if r.Client == "" {
		r.Client = n.Client
	}
	if r.Service == "" {
		r.Service = n.Service
	}
	r.Start = min(r.Start, n.Start)
	r.BothWays = r.BothWays || n.BothWays
	r.Resent = max(r.Resent, n.Resent)
	if n.Healed && !r.Healed {
		r.Healed, r.HealedBy, r.HealedAt, r.HealedWhat = true, n.HealedBy, n.HealedAt, n.HealedWhat
	}
	r.Steps = append(r.Steps, n.Steps...)
	slices.SortStableFunc(r.Steps, func(a, b Step) int { return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Frame, b.Frame)) })
}

// resolve gives names and session etypes that only other exchanges tell: whose
// a presented ticket is, under what name the KDC knows a client.
func (j *joiner) resolve() {
	aliases := map[string]string{}
	for _, c := range j.parts {
		for k, v := range c.aliases {
			if _, ok := aliases[k]; !ok {
				aliases[k] = v
			}
		}
	}
	for _, r := range j.records {
		if r.Presented != nil && r.Presented.Hash != "" {
			if t := j.byHash[r.Presented.Hash]; t != nil {
				if t.Client == "" && r.Kind == decode.TGS && r.Req.ForUser == "" && r.Req.KDCOptions&optConstrained == 0 {
					t.Client = r.Client
				}
			}
		}
	}
	for _, r := range j.records {
		if r.Client == "" && r.Presented != nil {
			if t := j.byHash[r.Presented.Hash]; t != nil {
				r.Client = t.Client
			}
		}
		if r.Kind == decode.AS && r.Reply == nil {
			if a := aliases[lower(r.Client)]; a != "" {
				r.Client = a
			}
		}
		if r.SessionEtype == nil && r.Issued != nil {
			if t := j.byHash[r.Issued.Hash]; t != nil {
				r.SessionEtype = t.SessionEtype
			}
		}
	}
	for _, t := range j.tickets {
		if t.Issued != nil && t.Client == "" {
			t.Client = t.Issued.Client
		}
	}
}

// healAgain finds what healed across captures.
func (j *joiner) healAgain() {
	list := slices.Clone(j.records)
	slices.SortStableFunc(list, func(a, b *Record) int { return cmp.Or(cmp.Compare(a.End, b.End), byTime(a, b)) })
	var h healing
	for _, r := range list {
		switch {
		case r.healable():
			h.wait(r)
		case r.answers():
			for _, f := range h.by(r) {
				f.heal(r)
			}
		}
		h.expire(r.End)
	}
}

// mergeRows counts every exchange once, in the row that tells most of it.
func (j *joiner) mergeRows() {
	rows := map[rowKey]*Row{}
	row := func(k rowKey) *Row {
		r := rows[k]
		if r == nil {
			r = &Row{key: k, First: 1<<63 - 1, Last: -1 << 63}
			rows[k] = r
		}
		return r
	}
	// Those kept one by one.
	for _, r := range j.records {
		w := row(keyOf(r))
		r.row = w
		w.Count++
		w.First, w.Last = min(w.First, r.Start), max(w.Last, r.Start)
		w.Exemplars = append(w.Exemplars, r)
	}
	// Those of which the rows alone know: by the twins of their requests while
	// there are twins, beyond that the most that any capture holds.
	best := map[uint64]*Row{}
	beyond := map[*Row]uint64{}
	kept := map[uint64]bool{} // twins of those kept one by one, in any part
	for _, r := range j.records {
		kept[r.twin] = true
	}
	for p, c := range j.parts {
		here := map[*Row]uint64{}
		known := map[uint64]bool{}
		for _, r := range j.mine[p] {
			known[r.twin] = true
			if r.row != nil {
				here[r.row]++
			} else {
				j.roomless++
			}
		}
		for _, old := range sortedRows(c.rows.rows) {
			var more []uint64
			for t := range old.seen {
				if !known[t] {
					more = append(more, t)
				}
			}
			over := old.Count - min(old.Count, here[old]+uint64(len(more)))
			if len(more) == 0 && over == 0 {
				continue
			}
			w := row(j.target(old))
			for _, t := range more {
				if b := best[t]; !kept[t] && (b == nil || endingRank(w.key.ending) > endingRank(b.key.ending)) {
					best[t] = w
				}
			}
			beyond[w] = max(beyond[w], over)
			w.First, w.Last = min(w.First, j.clocks[p].ref(old.First)), max(w.Last, j.clocks[p].ref(old.Last))
		}
	}
	for _, w := range best {
		w.Count++
	}
	for w, n := range beyond {
		w.Count += n
	}
	for _, w := range rows {
		if w.Count == 0 || len(w.Exemplars) == 0 {
			continue
		}
		slices.SortStableFunc(w.Exemplars, byTime)
		if n := len(w.Exemplars); n > headRecords+tailRecords {
			w.Exemplars = append(slices.Clone(w.Exemplars[:headRecords]), w.Exemplars[n-tailRecords:]...)
		}
		j.rows = append(j.rows, w)
	}
	slices.SortFunc(j.rows, byRow)
}

// target is the joined row of a part's row: that of its last exemplar.
func (j *joiner) target(old *Row) rowKey {
	if n := len(old.Exemplars); n > 0 {
		if r := j.to[old.Exemplars[n-1]]; r != nil {
			return keyOf(r)
		}
	}
	return old.key
}

func byRow(a, b *Row) int {
	if d := cmp.Or(cmp.Compare(a.First, b.First), byTime(a.Exemplars[0], b.Exemplars[0])); d != 0 {
		return d
	}
	return cmp.Compare(a.key.text(), b.key.text())
}

func sortedRows(rows map[rowKey]*Row) []*Row {
	list := make([]*Row, 0, len(rows))
	for _, r := range rows {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *Row) int {
		if d := cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last)); d != 0 {
			return d
		}
		return cmp.Compare(a.key.text(), b.key.text())
	})
	return list
}
