package analyze

import (
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// healWithin is how long after a failure a success of the same still heals it.
const healWithin = int64(10e9)

func failed(e decode.Ending) bool {
	return e == decode.Failed || e == decode.Denied || e == decode.Unanswered
}

// answers tells whether r is what its question asked for; a referral is a step.
func (r *Record) answers() bool {
	if r.Ending != decode.OK {
		return false
	}
	return !(r.Kind == decode.TGS && r.Issued != nil && isTGT(r.Issued.SName) && !isTGT(r.Req.SName))
}

// healable tells whether r failed in a way that a later success undoes.
func (r *Record) healable() bool {
	return failed(r.Ending) && !r.Healed
}

// healing waits for what may still heal, and remembers what went well for a
// while: an unanswered request is known as such only long after it was sent.
type healing struct {
	open  map[digest][]*failure
	near  map[netip.Addr][]*failure // of open those about KDCs, by client; the latest few
	queue fifo[*failure]            // in order of arrival
	good  map[digest][]*success
	goodQ fifo[goodEntry]
	most  int // failures that wait, and successes that are remembered
	mem   *holding
	lost  uint64
}

// A failure is a record that may still heal.
type failure struct {
	question digest
	from     netip.Addr
	end      int64
	kind     decode.Kind
	skew     bool
	client   string
	host     string  // see hostAsked
	kept     *kept   // of a partial Case
	record   *Record // of a joined one
}

// A success is what heals need to know of the record that heals.
type success struct {
	healed
	end    int64
	client string
	host   string // see hostAsked
}

// hostAsked is the host of the name that an AP exchange is for: what a server refuses
// under one name is not mended by what it takes under that of another host.
// "" for other kinds.
func hostAsked(r *Record) string {
	if r.Kind != decode.AP {
		return ""
	}
	return shortName(spnHost(r.Service))
}

func failureOf(r *Record, k *kept) *failure {
	return &failure{question: questionOf(r), from: r.From.Addr(), end: r.End, kind: r.Kind, skew: r.Kind == decode.AS && r.code() == errSkew, client: r.Client, host: hostAsked(r), kept: k, record: r}
}

func successOf(r *Record) *success {
	s := &success{healed: healed{by: r.outcome(), at: r.To}, end: r.End, client: r.Client, host: hostAsked(r)}
	switch {
	case r.Reply != nil:
		s.what = r.Reply.What
	case r.Word != nil:
		s.what = r.Word.Outcome.String()
	}
	return s
}

// heals is what s says of f.
func (s *success) of(f *failure) *healed {
	h := s.healed
	h.unsure = (f.kind == decode.AS || f.kind == decode.TGS) && (f.client == "" || s.client == "")
	return &h
}

// A goodEntry is a success remembered under one question that it answers.
type goodEntry struct {
	question digest
	end      int64
}

// Successes of one question are remembered at most one a second, and for as
// long as a request may wait for its answer and then heal.
const (
	goodEvery = int64(1e9)
	goodFor   = int64(90e9)
	maxGood   = 64

	maxOneQuestion = 1 << 10 // failures of one question that wait
	maxNear        = 16      // failures of one client that a success without its request may heal
)

// heals tells whether s undoes f, as far as their times and clients tell.
func (s *success) heals(f *failure) bool {
	if s.host != "" && f.host != "" && s.host != f.host {
		return false
	}
	return s.end >= f.end && s.end-f.end <= healWithin && (f.skew || s.client == "" || f.client == "" || samePrincipal(s.client, f.client))
}

// An asks is the questions that a success answers, or may answer.
type asks struct {
	list  [3]digest
	n     int
	clock digest // of them; see clockQuestion
}

func (a *asks) questions() []digest { return a.list[:a.n] }

func (a *asks) add(q digest) {
	a.list[a.n] = q
	a.n++
}

func answersTo(r *Record) (a asks) {
	a.add(questionOf(r))
	switch r.Kind {
	case decode.AS:
		a.clock = clockQuestion(r)
		a.add(a.clock)
		fallthrough
	case decode.TGS:
		if r.asked() {
			a.add(looseQuestion(r))
		}
	}
	return a
}

// remember keeps the success r in mind. What is let in next at a host whose clock
// was refused needs no place of its own: it is what a request unseen may have had.
func (h *healing) remember(r *Record, a *asks) {
	if h.good == nil {
		h.good = map[digest][]*success{}
	}
	var s *success
	for _, q := range a.questions() {
		if q == a.clock {
			continue
		}
		list := h.good[q]
		if n := len(list); n > 0 && r.End-list[n-1].end < goodEvery && r.End >= list[n-1].end {
			continue
		}
		if s == nil {
			s = successOf(r)
		}
		for h.goodQ.len() > 0 && (h.goodQ.len() >= h.mostOpen() || len(list) >= maxGood || r.End-h.goodQ.first().end > goodFor) {
			old := h.goodQ.pop().question
			if l := h.good[old][1:]; len(l) > 0 {
				h.good[old] = l
			} else {
				delete(h.good, old)
			}
			list = h.good[q]
		}
		h.good[q] = append(list, s)
		h.goodQ.push(goodEntry{q, s.end})
	}
}

func (h *healing) mostOpen() int {
	if h.most > 0 {
		return h.most
	}
	return maxPending
}

// after returns a success that healed f before f was known to have failed.
func (h *healing) after(f *failure) *success {
	q := f.question
	if f.skew {
		q = questionText{decode.AS, f.from}.bare(loose)
	}
	for _, s := range h.good[q] {
		if s.heals(f) {
			return s
		}
	}
	return nil
}

func (h *healing) wait(f *failure) {
	if h.open == nil {
		h.open = map[digest][]*failure{}
	}
	if h.mem.full() && f.kept.long() {
		h.lost++
		return
	}
	for h.queue.len() >= h.mostOpen() || h.mem.full() && h.queue.len() > h.mostOpen()/4 {
		h.drop(h.pop())
		h.lost++
	}
	list := h.open[f.question]
	if len(list) >= maxOneQuestion {
		list = slices.Delete(list, 0, 1)
		h.lost++
	}
	h.open[f.question] = append(list, f)
	h.queue.push(f)
	h.mem.hold(f.kept)
	if f.kind == decode.AS || f.kind == decode.TGS {
		if h.near == nil {
			h.near = map[netip.Addr][]*failure{}
		}
		near := h.near[f.from]
		if len(near) >= maxNear {
			near = slices.Delete(near, 0, 1)
		}
		h.near[f.from] = append(near, f)
	}
}

// expire gives up on what ended too long before now.
func (h *healing) expire(now int64) {
	for h.queue.len() > 0 && now-(*h.queue.first()).end > goodFor {
		h.drop(h.pop())
	}
}

// pop takes the first of the queue out.
func (h *healing) pop() *failure {
	f := h.queue.pop()
	h.mem.release(f.kept)
	return f
}

func (h *healing) drop(f *failure) {
	h.forget(f)
	list := h.open[f.question]
	if i := slices.Index(list, f); i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	if len(list) == 0 {
		delete(h.open, f.question)
	} else {
		h.open[f.question] = list
	}
}

// forget takes f out of near.
func (h *healing) forget(f *failure) {
	near := h.near[f.from]
	if i := slices.Index(near, f); i >= 0 {
		near = slices.Delete(near, i, i+1)
	}
	if len(near) == 0 {
		delete(h.near, f.from)
	} else {
		h.near[f.from] = near
	}
}

// by returns what r heals, and r as what heals it.
func (h *healing) by(r *Record, a *asks) (healed []*failure, s *success) {
	if len(h.open) == 0 {
		return nil, nil
	}
	for _, q := range a.questions() {
		list := h.open[q]
		if len(list) == 0 {
			continue
		}
		if s == nil {
			s = successOf(r)
		}
		healed = append(healed, h.healedOf(q, list, s)...)
	}
	if !r.asked() && r.Kind != decode.AP && r.Kind != decode.Password && len(h.near[r.From.Addr()]) > 0 {
		if s == nil {
			s = successOf(r)
		}
		for _, f := range slices.Clone(h.near[r.From.Addr()]) {
			if f.kind == r.Kind && s.heals(f) && !slices.Contains(healed, f) {
				healed = append(healed, f)
				h.drop(f)
			}
		}
	}
	return healed, s
}

// healedOf takes out what s heals of one question.
func (h *healing) healedOf(q digest, list []*failure, s *success) []*failure {
	if !slices.ContainsFunc(list, s.heals) {
		return nil
	}
	var healed, rest []*failure
	for _, f := range list {
		if s.heals(f) {
			healed = append(healed, f)
			h.forget(f)
		} else {
			rest = append(rest, f)
		}
	}
	if len(rest) == 0 {
		delete(h.open, q)
	} else {
		h.open[q] = rest
	}
	return healed
}

// outcome is the frame that decided.
func (r *Record) outcome() FrameRef {
	switch {
	case r.Reply != nil:
		return r.Reply.FrameRef
	case r.Error != nil:
		return r.Error.FrameRef
	case r.Word != nil && r.Word.Frame != 0:
		return r.Word.FrameRef
	case len(r.Steps) > 0:
		return r.Steps[len(r.Steps)-1].FrameRef
	}
	return r.Req.FrameRef
}
