package analyze

import (
	"net/netip"
	"slices"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// healWithin is how long after a failure a success of the same still heals it.
const healWithin = int64(10e9)

// A question is what a client wants, whatever became of it. For AP the
// endpoint belongs to it: success at another one heals nothing, it is the
// control experiment. For AS and TGS any KDC may answer the same request.
type question struct {
	kind    decode.Kind
	from    netip.Addr
	to      netip.AddrPort
	service string
	who     string // AS: client; S4U2Self: the user
	options uint32
}

// healOptions make a different question. User-to-user does not: Windows
// retries with it after MUST_USE_USER2USER (27).
const healOptions = krb5.KDCForwarded | krb5.KDCConstrainedDeleg

func questionOf(r *Record) question {
	switch r.Kind {
	case decode.AP, decode.Password:
		return question{kind: r.Kind, from: r.From.Addr(), to: r.To}
	case decode.AS:
		if r.code() == errSkew {
			return clockQuestion(r)
		}
		if !r.asked() {
			return looseQuestion(r)
		}
		// As asked: the reply may spell it otherwise.
		return question{kind: r.Kind, from: r.From.Addr(), service: lower(r.Req.SName), who: lower(at(r.Req.CName, r.Req.Realm))}
	}
	if !r.asked() {
		return looseQuestion(r)
	}
	return question{kind: r.Kind, from: r.From.Addr(), service: lower(at(r.Req.SName, r.Req.Realm)), who: lower(r.Req.ForUser), options: r.Req.KDCOptions & healOptions}
}

// asked tells whether the request is in view, and what it asks for.
func (r *Record) asked() bool { return r.Req.Frame != 0 && r.Req.SName != "" }

// looseQuestion stands for a request to a KDC that is not in view, or was cut
// before its names: a success of that client soon after may be its answer.
func looseQuestion(r *Record) question {
	return question{kind: r.Kind, from: r.From.Addr(), who: "unseen"}
}

// clockQuestion stands for a host whose clock a KDC refused: whoever of it is
// let in next shows that its clock was corrected.
func clockQuestion(r *Record) question {
	return question{kind: decode.AS, from: r.From.Addr(), who: "its clock"}
}

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

// oneClient tells whether nothing speaks against one client behind both.
func oneClient(a, b *Record) bool {
	return a.Client == "" || b.Client == "" || samePrincipal(a.Client, b.Client)
}

// healing waits for what may still heal, and remembers what went well for a
// while: an unanswered request is known as such only long after it was sent.
type healing struct {
	open  map[question][]*Record
	near  map[netip.Addr][]*Record // of open those about KDCs, by client; the latest few
	queue []*Record                // in order of arrival
	good  map[question][]*Record
	goodQ []goodEntry
	lost  uint64
	of    *Record     // what asks was made of
	asks  [3]question // see answersTo
	nasks int
}

// A goodEntry is a success remembered under one question that it answers.
type goodEntry struct {
	question
	*Record
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

func (h *healing) remember(r *Record) {
	if h.good == nil {
		h.good = map[question][]*Record{}
	}
	for _, q := range h.answersTo(r) {
		h.rememberAs(q, r)
	}
}

func (h *healing) rememberAs(q question, r *Record) {
	list := h.good[q]
	if n := len(list); n > 0 && r.End-list[n-1].End < goodEvery && r.End >= list[n-1].End {
		return
	}
	for len(h.goodQ) > 0 && (len(h.goodQ) >= maxPending || len(list) >= maxGood || r.End-h.goodQ[0].Record.End > goodFor) {
		old := h.goodQ[0].question
		if l := h.good[old][1:]; len(l) > 0 {
			h.good[old] = l
		} else {
			delete(h.good, old)
		}
		h.goodQ[0] = goodEntry{}
		h.goodQ = h.goodQ[1:]
		list = h.good[q]
	}
	h.good[q] = append(list, r)
	h.goodQ = append(h.goodQ, goodEntry{q, r})
}

// after returns a success that healed f before f was known to have failed.
func (h *healing) after(f *Record) *Record {
	for _, r := range h.good[questionOf(f)] {
		if heals(r, f) {
			return r
		}
	}
	return nil
}

func heals(r, f *Record) bool {
	return r.End >= f.End && r.End-f.End <= healWithin && (oneClient(f, r) || f.Kind == decode.AS && f.code() == errSkew)
}

func (h *healing) wait(r *Record) {
	if h.open == nil {
		h.open = map[question][]*Record{}
	}
	if len(h.queue) >= maxPending {
		h.drop(h.queue[0])
		h.queue = h.queue[1:]
		h.lost++
	}
	q := questionOf(r)
	list := h.open[q]
	if len(list) >= maxOneQuestion {
		list = slices.Delete(list, 0, 1)
		h.lost++
	}
	h.open[q] = append(list, r)
	h.queue = append(h.queue, r)
	if r.Kind == decode.AS || r.Kind == decode.TGS {
		if h.near == nil {
			h.near = map[netip.Addr][]*Record{}
		}
		near := h.near[r.From.Addr()]
		if len(near) >= maxNear {
			near = slices.Delete(near, 0, 1)
		}
		h.near[r.From.Addr()] = append(near, r)
	}
}

// expire gives up on what ended too long before now.
func (h *healing) expire(now int64) {
	for len(h.queue) > 0 && now-h.queue[0].End > goodFor {
		h.drop(h.queue[0])
		h.queue[0] = nil
		h.queue = h.queue[1:]
	}
}

func (h *healing) drop(r *Record) {
	h.forget(r)
	q := questionOf(r)
	list := h.open[q]
	if i := slices.Index(list, r); i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	if len(list) == 0 {
		delete(h.open, q)
	} else {
		h.open[q] = list
	}
}

// forget takes r out of near.
func (h *healing) forget(r *Record) {
	from := r.From.Addr()
	near := h.near[from]
	if i := slices.Index(near, r); i >= 0 {
		near = slices.Delete(near, i, i+1)
	}
	if len(near) == 0 {
		delete(h.near, from)
	} else {
		h.near[from] = near
	}
}

// by returns what r heals.
func (h *healing) by(r *Record) []*Record {
	if !r.answers() || len(h.open) == 0 {
		return nil
	}
	var healed []*Record
	for _, q := range h.answersTo(r) {
		healed = append(healed, h.healedOf(q, r)...)
	}
	if !r.asked() && r.Kind != decode.AP && r.Kind != decode.Password {
		for _, f := range slices.Clone(h.near[r.From.Addr()]) {
			if f.Kind == r.Kind && heals(r, f) && !slices.Contains(healed, f) {
				healed = append(healed, f)
				h.drop(f)
			}
		}
	}
	return healed
}

// answersTo are the questions that a success answers, or may answer.
func (h *healing) answersTo(r *Record) []question {
	if h.of == r {
		return h.asks[:h.nasks]
	}
	list := append(h.asks[:0], questionOf(r))
	switch r.Kind {
	case decode.AS:
		list = append(list, clockQuestion(r))
		fallthrough
	case decode.TGS:
		if r.asked() {
			list = append(list, looseQuestion(r))
		}
	}
	h.of, h.nasks = r, len(list)
	return list
}

// healedOf takes out what r heals of one question.
func (h *healing) healedOf(q question, r *Record) []*Record {
	list := h.open[q]
	if !slices.ContainsFunc(list, func(f *Record) bool { return heals(r, f) }) {
		return nil
	}
	var healed, rest []*Record
	for _, f := range list {
		if heals(r, f) {
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

func (r *Record) heal(by *Record) {
	r.Healed, r.HealedAt = true, by.To
	r.HealedBy = by.outcome()
	r.HealedUnsure = (r.Kind == decode.AS || r.Kind == decode.TGS) && (r.Client == "" || by.Client == "")
	switch {
	case by.Reply != nil:
		r.HealedWhat = by.Reply.What
	case by.Word != nil:
		r.HealedWhat = by.Word.Outcome.String()
	}
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
