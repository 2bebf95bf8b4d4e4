package analyze

import (
	"cmp"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

func (f FrameRef) ref(k *clock) FrameRef {
	if f.Frame != 0 {
		f.Time = k.ref(f.Time)
	}
	return f
}

// maxApart is how far apart, by related clocks, two sightings of one request
// may be.
const maxApart = int64(5e9)

// mergeRecords makes one record of each request that several captures hold,
// then gives answers seen alone to requests seen alone.
func (j *joiner) mergeRecords() {
	total := 0
	for _, z := range j.parts {
		total += len(z.records)
	}
	j.to = make([]*Record, total)
	j.records = make([]*Record, 0, total)
	several := j.group(len(j.parts)-1) != 0
	alike := map[request][]*Record{} // of the captures before
	var fresh []*Record              // of the capture in hand
	taken := map[*Record]bool{}      // those that the capture in hand has seen
	for at, z := range j.parts {
		p := j.group(at)
		if p == at && several {
			for _, r := range fresh {
				alike[r.request()] = append(alike[r.request()], r)
			}
			fresh = fresh[:0]
			clear(taken)
		}
		unpack := packer{slabs: &j.slabs, dict: z.dict, clock: &j.clocks[p]}
		for i := range z.records {
			k := &z.records[i]
			n := &take(&j.slabs.records, 1)[0]
			k.into(n, &unpack)
			n.part = int32(p)
			j.to[k.number] = n
			if n.twin != 0 && several {
				if o := j.twinOf(n, alike[n.request()], taken); o != nil {
					taken[o] = true
					o.merge(n)
					j.to[k.number] = o
					continue
				}
				fresh = append(fresh, n)
			}
			j.records = append(j.records, n)
		}
	}
	slices.SortStableFunc(j.records, byTime)
	j.mergeHalves()
	if len(j.parts) > 1 {
		j.mergeFirst()
		j.mergeCut()
	}
}

// A request is what tells that two records may be one.
type request struct {
	twin uint64
	kind decode.Kind
}

func (r *Record) request() request { return request{r.twin, r.Kind} }

// twinOf is the one of the records with the same request bytes that is n as
// other captures saw it, nil: none. One between the same addresses goes before one
// behind NAT: a capture at a proxy holds the bytes twice.
func (j *joiner) twinOf(n *Record, alike []*Record, taken map[*Record]bool) *Record {
	var best *Record
	for _, o := range alike {
		if taken[o] || !j.twins(o, n) {
			continue
		}
		if o.From == n.From && o.To == n.To {
			return o
		}
		if best == nil {
			best = o
		}
	}
	return best
}

// twins tells whether two records of the same request bytes are one packet.
// The same bytes to another acceptor, or much later, are a replay.
func (j *joiner) twins(a, b *Record) bool {
	pa, pb := a.part, b.part
	if a.To.Port() != b.To.Port() || a.To != b.To && a.From != b.From {
		return false
	}
	if j.clocks[pa].from == "none" && pa != 0 || j.clocks[pb].from == "none" && pb != 0 {
		return true
	}
	d := a.Start - b.Start
	return max(d, -d) <= maxApart+int64(j.clocks[pa].uncertainty+j.clocks[pb].uncertainty)
}

// mergeHalves joins a reply whose request another capture holds, or the same
// one: a request that never becomes whole comes after its answer.
func (j *joiner) mergeHalves() {
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
			slack := int64(1e9) + int64(j.clocks[q.part].uncertainty+j.clocks[r.part].uncertainty)
			if q.part == r.part {
				slack = 0
			}
			if q.Reply == nil && q.Error == nil && r.End >= q.Start-slack && r.End-q.Start < 30e9 {
				best = q
			}
		}
		if best != nil {
			best.merge(r)
			gone[r] = best
		}
	}
	j.drop(gone)
}

// drop leaves out the records that were merged into others.
func (j *joiner) drop(gone map[*Record]*Record) {
	if len(gone) == 0 {
		return
	}
	j.records = slices.DeleteFunc(j.records, func(r *Record) bool { return gone[r] != nil })
	for i, n := range j.to {
		if g := gone[n]; g != nil {
			j.to[i] = g
		}
	}
	slices.SortStableFunc(j.records, byTime)
}

// mergeFirst joins a request that one capture holds alone, as where a switch
// sent a frame to all its ports, to the exchange that began with it in others:
// the exchange is known by its last request, so their bytes do not tell.
func (j *joiner) mergeFirst() {
	type question struct {
		kind   decode.Kind
		from   netip.Addr
		to     netip.AddrPort
		client string
	}
	id := func(r *Record) question { return question{r.Kind, r.From.Addr(), r.To, r.Client} }
	alone := map[question][]*Record{}
	for _, r := range j.records {
		if (r.Kind == decode.AS || r.Kind == decode.TGS) && len(r.Steps) == 1 && r.Req.Frame != 0 {
			alone[id(r)] = append(alone[id(r)], r)
		}
	}
	gone := map[*Record]*Record{}
	for _, o := range j.records {
		if !o.begun() {
			continue
		}
		for _, r := range alone[id(o)] {
			d, slack := r.Start-o.Start, int64(1e6+j.clocks[r.part].uncertainty+j.clocks[o.part].uncertainty)
			related := j.clocks[r.part].from != "none" && j.clocks[o.part].from != "none"
			if gone[r] == nil && r.part != o.part && related && max(d, -d) <= min(slack, maxApart) {
				lost := o.AnswerLost
				o.merge(r)
				o.AnswerLost = lost // the client went on from the first answer
				gone[r] = o
			}
		}
	}
	j.drop(gone)
}

// mergeCut joins the exchanges with a KDC that one capture holds only cut, so
// that no bytes tell that they are one: the same ports at the same time.
func (j *joiner) mergeCut() {
	type flow struct {
		kind     decode.Kind
		from, to netip.AddrPort
		udp      bool
	}
	last := map[flow]*Record{}
	gone := map[*Record]*Record{}
	for _, r := range j.records {
		if r.Kind != decode.AS && r.Kind != decode.TGS {
			continue
		}
		id := flow{r.Kind, r.From, r.To, r.Transport == decode.UDP}
		o := last[id]
		if o == nil || !j.sameCut(o, r) {
			last[id] = r
			continue
		}
		o.merge(r)
		gone[r] = o
	}
	j.drop(gone)
}

// sameCut tells whether two records of one flow are one exchange, seen by
// different captures, of which one holds the request cut.
func (j *joiner) sameCut(a, b *Record) bool {
	if a.Req.Nonce != 0 && b.Req.Nonce != 0 {
		return false
	}
	in := map[int]bool{}
	slack := float64(1e9)
	for _, s := range a.Steps {
		p := j.opts.Part[s.Frame.Capture()]
		if !in[p] {
			in[p] = true
			slack += j.clocks[p].uncertainty
		}
	}
	for _, s := range b.Steps {
		p := j.opts.Part[s.Frame.Capture()]
		if in[p] {
			return false
		}
		slack = max(slack, 1e9+j.clocks[p].uncertainty)
	}
	return float64(b.Start-a.Start) <= slack
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
	lost := func(a, b *Record) bool {
		return a.Ending == decode.Unanswered && a.BothWays && (b.Reply != nil || b.Error != nil)
	}
	r.AnswerLost = r.AnswerLost || n.AnswerLost || lost(n, r) || lost(r, n)
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
	switch {
	case r.Hint == nil:
		r.Hint = n.Hint
	case n.Hint != nil && n.Hint.Info2 != nil && r.Hint.Info2 != nil && n.Hint.Code == r.Hint.Code && infoKey(n.Hint.Info2) != infoKey(r.Hint.Info2):
		r.OtherHint = n.Hint
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
	r.ClientHears = r.ClientHears || n.ClientHears
	r.Resent = max(r.Resent, n.Resent)
	if r.Unheard.Frame == 0 {
		r.Unheard = n.Unheard
	}
	if n.Healed && !r.Healed {
		r.Healed, r.HealedBy, r.HealedAt, r.HealedWhat, r.HealedUnsure = true, n.HealedBy, n.HealedAt, n.HealedWhat, n.HealedUnsure
	}
	r.Steps = append(r.Steps, n.Steps...)
	slices.SortStableFunc(r.Steps, func(a, b Step) int { return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Frame, b.Frame)) })
}

// group is the index of the part whose capture and clock part p has: its own,
// unless it goes on with another part.
func (j *joiner) group(p int) int {
	for p > 0 && j.parts[p].goesOn {
		p--
	}
	return p
}
