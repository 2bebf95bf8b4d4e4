package decode

import (
	"bytes"
	"hash/maphash"
	"net/netip"
	"slices"

	"kerbscope/decode/krb5"
)

// Limits of pairing. All times are the capture's.
const (
	// maxOpenExchanges bounds the requests that wait for an answer, as
	// maxOpenBytes does; the oldest is handed over first. A busy DC has a few
	// hundred under way.
	maxOpenExchanges = 16384
	// waitReply is how long an answer may take. Windows gives a KDC up to 40 s
	// over all its retries, MIT 30 s; what comes later answers nobody.
	waitReply = 60e9
	// waitStep is how long a client may take after PREAUTH_REQUIRED: somebody
	// may be typing a password.
	waitStep = 300e9
	// waitUnseenStep is how soon a client that proves its key after a request
	// without proof must have been told to: sooner than any client gives up
	// waiting for an answer (MIT and Heimdal wait 1 s and more, Windows 5 s).
	waitUnseenStep = 900e6
	// endGrace: a request this close to the end of the capture may have been
	// answered after it (contract: not-captured).
	endGrace = 5e9
	// maxSteps bounds the steps kept of one exchange; the rest is counted in
	// Resent only.
	maxSteps = 32
)

// Error codes that are steps of an exchange, RFC 4120 §7.5.9, RFC 6113 §5.2.
const (
	errPreauthRequired = 25
	errTooBig          = 52
	errMorePreauth     = 91
)

// flowKey is one UDP conversation or TCP connection, client to server.
type flowKey struct {
	client, server netip.AddrPort
	transport      Transport
}

// openKDC is an AS or TGS exchange under way.
type openKDC struct {
	x        Exchange
	question uint64
	nonce    uint32
	waiting  bool     // a request has no answer yet
	latest   uint64   // flow of the latest request
	firstAt  int64    // when the latest request was first sent
	last     int64    // time of the latest step
	leg      *openKDC // the same request with another list of etypes, under way beside it
	kept     int      // bytes, see step
	prev     *openKDC
	next     *openKDC
	flows    []uint64
	steps    [4]Step   // where x.Steps begins: few exchanges have more
	flow     [2]uint64 // where flows begins
}

// doneFlow remembers the latest finished exchange of a flow, so that a second
// copy of the answer starts nothing new.
type doneFlow struct {
	at   int64
	kind Kind
}

// kdcPairs pairs KDC requests with their answers.
type kdcPairs struct {
	d     *Decoder
	seed  maphash.Seed
	flows map[uint64]waiting  // by flow
	done  recent[doneFlow]    // by flow
	names map[uint64]*openKDC // the latest open exchange of each question
	head  *openKDC            // least recently active
	tail  *openKDC
	n     int
	kept  int // bytes that the open exchanges hold
}

func newKDCPairs(d *Decoder) *kdcPairs {
	return &kdcPairs{
		d:     d,
		seed:  maphash.MakeSeed(),
		flows: map[uint64]waiting{},
		done:  recent[doneFlow]{most: d.most.openExchanges},
		names: map[uint64]*openKDC{},
	}
}

// add takes one message to or from a KDC; toKDC tells which.
func (p *kdcPairs) add(m *Message, toKDC bool) {
	p.expire(m.Time)
	if toKDC {
		if m.Krb.KDCReq != nil {
			p.request(m)
		}
		return
	}
	switch m.Type() {
	case krb5.ASRep, krb5.TGSRep, krb5.KRBErrorMsg:
		p.reply(m)
	}
}

func (p *kdcPairs) request(m *Message) {
	q := m.Krb.KDCReq
	kind := AS
	if m.Type() == krb5.TGSReq {
		kind = TGS
	}
	fk, question := p.flow(m.Src, m.Dst, m.Transport), p.question(m, kind)
	p.done.remove(fk)

	o := p.names[question]
	if o != nil && o.leg != nil && !sameList(o.x.Request, m) && sameList(o.leg.x.Request, m) {
		o = o.leg
	}
	if o != nil && !o.waiting && startsAnew(o, m) {
		p.finish(o, 0)
		o = nil
	}
	var leg *openKDC
	if o != nil && o.waiting && !slices.Contains(o.flows, fk) && rewritten(o.x.Request, m) {
		o, leg = nil, o
	}
	again := o != nil && bytes.Equal(o.x.Request.Krb.Raw, m.Krb.Raw)
	switch {
	case again && o.waiting && o.x.Transport == m.Transport:
		// The same bytes the same way again: the client has no answer yet.
		o.x.Resent++
	case o != nil && !o.waiting, o != nil && (again || q.Nonce.OK && o.nonce == q.Nonce.V),
		o != nil && kind == AS && m.Time-o.last < waitUnseenStep && !hasPreauth(o.x.Request) && hasPreauth(m),
		o != nil && o.x.Transport == UDP && m.Transport == TCP && kind == AS && !slices.Contains(o.flows, fk):
		// The step after PREAUTH_REQUIRED, or the same over TCP. Where the
		// answer between is not in view it may be lost, or not captured: that
		// the client goes on proves neither.
		if o.waiting && o.x.Transport == UDP && m.Transport == TCP && (again || q.Nonce.OK && o.nonce == q.Nonce.V) {
			o.x.Unheard = o.x.Request
		}
		o.x.Request = m
		o.firstAt = m.Time
		if !again {
			o.x.Resent = 0
		}
	default:
		o = &openKDC{x: Exchange{Kind: kind, Client: m.Src, Server: m.Dst, Transport: m.Transport,
			Carrier: m.Carrier, Request: m, Started: m.Time},
			question: question, firstAt: m.Time}
		o.x.Steps, o.flows = o.steps[:0], o.flow[:0]
		p.names[question] = o
		if leg != nil && leg.leg == nil {
			o.leg, leg.leg = leg, o
		}
		p.n++
		o.kept = 512
		p.kept += o.kept
	}
	if q.Nonce.OK {
		o.nonce = q.Nonce.V
	}
	o.waiting, o.latest = true, fk
	o.x.Client, o.x.Server, o.x.Transport = m.Src, m.Dst, m.Transport
	p.step(o, m, m.Type().String())
	if !slices.Contains(o.flows, fk) && len(o.flows) < maxSteps {
		o.flows = append(o.flows, fk)
	}
	p.wait(fk, o)
	p.touch(o, m.Time)
	p.shed()
}

func (p *kdcPairs) reply(m *Message) {
	fk := p.flow(m.Dst, m.Src, m.Transport)
	o := p.answered(fk, m)
	if o == nil {
		p.loneReply(m, fk)
		return
	}
	what := m.Type().String()
	if e := m.Krb.Error; e != nil {
		what = errorStep(e)
	}
	if o.x.Unheard != nil && m.Transport == UDP {
		o.x.Unheard = nil // late, but heard
	}
	p.step(o, m, what)
	o.x.BothWays = true
	if u := o.x.Unheard; u != nil && u.Transport == m.Transport && u.Src == m.Dst {
		o.x.Unheard = nil // heard, after all
	}
	if e := m.Krb.Error; e != nil {
		if o.waiting && o.x.Request != nil && fk != o.latest && stepError(e.ErrorCode.V) {
			p.shed()
			return // the late answer to a request that the client has gone on from
		}
		switch code := e.ErrorCode.V; {
		case code == errTooBig && m.Transport == UDP:
			o.x.TooBig = m
			o.waiting = false
		case o.x.Kind == AS && (code == errMorePreauth || code == errPreauthRequired && !hasPreauth(o.x.Request)):
			o.x.Hint = m
			o.waiting = false
		}
		if !o.waiting {
			o.x.Reply = m
			p.touch(o, m.Time)
			p.shed()
			return
		}
	}
	o.x.Reply = m
	if m.Krb.Error != nil {
		p.finish(o, Failed)
	} else {
		p.finish(o, OK)
	}
	p.remember(fk, m.Time, o.x.Kind)
}

// stepError tells a code that asks the client for something more.
func stepError(code int32) bool {
	return code == errPreauthRequired || code == errTooBig || code == errMorePreauth
}

// loneReply handles an answer whose request is not in the capture, or a
// second copy of one.
func (p *kdcPairs) loneReply(m *Message, fk uint64) {
	kind := AS
	if m.Type() == krb5.TGSRep {
		kind = TGS
	}
	if e := m.Krb.Error; e != nil {
		// A KDC names the service asked for. A step to preauthentication is
		// part of AS; of others the kind cannot be told from the error alone,
		// except that an AS is about krbtgt.
		if string(e.SName.Component(0)) != "krbtgt" && e.ErrorCode.V != errPreauthRequired && e.ErrorCode.V != errMorePreauth {
			kind = TGS
		}
	}
	if d := p.done.get(fk); d != nil && m.Time-d.at < waitReply && (d.kind == kind || m.Krb.Error != nil) {
		return
	}
	alone := &struct {
		Exchange
		step [1]Step
	}{Exchange: Exchange{Kind: kind, Client: m.Dst, Server: m.Src, Transport: m.Transport, Carrier: m.Carrier,
		Reply: m, Started: m.Time, Ended: m.Time, BothWays: false, Ending: OK}}
	x := &alone.Exchange
	what := m.Type().String()
	if e := m.Krb.Error; e != nil {
		x.Ending = Failed
		what = errorStep(e)
		switch e.ErrorCode.V {
		case errPreauthRequired, errMorePreauth:
			x.Hint = m
		case errTooBig:
			x.TooBig = m
		}
	}
	x.Steps = append(alone.step[:0], Step{Frame: m.Frame, Time: m.Time, What: what, Msg: m})
	p.remember(fk, m.Time, kind)
	p.d.sink.Exchange(x)
}

func (p *kdcPairs) remember(fk uint64, at int64, kind Kind) {
	p.done.put(fk, doneFlow{at, kind})
}

// fits tells whether a reply can answer a request of that kind.
func fits(m *Message, k Kind) bool {
	switch m.Type() {
	case krb5.ASRep:
		return k == AS
	case krb5.TGSRep:
		return k == TGS
	}
	return true
}

// hasPreauth tells whether an AS-REQ carried proof of a key: PA-ENC-TIMESTAMP
// (2), PA-PK-AS-REQ (16, 14), PA-ENCRYPTED-CHALLENGE (138), OTP (142), SPAKE
// (151). Under FAST (136) the proof is inside.
func hasPreauth(m *Message) bool {
	if m == nil || m.Krb.KDCReq == nil {
		return false
	}
	for i := range m.Krb.KDCReq.PAData {
		switch m.Krb.KDCReq.PAData[i].Type {
		case 2, 14, 16, 138, 142, 151:
			return true
		}
	}
	return false
}

// startsAnew tells whether a request after PREAUTH_REQUIRED is not the step that
// the error asks for but another attempt: it brings no proof either, and has a
// nonce of its own.
func startsAnew(o *openKDC, m *Message) bool {
	q := m.Krb.KDCReq
	e := o.x.Reply
	if o.x.Kind != AS || e == nil || e.Krb.Error == nil || e.Krb.Error.ErrorCode.V != errPreauthRequired {
		return false
	}
	fast := slices.ContainsFunc(q.PAData, func(pa krb5.PAData) bool { return pa.Type == krb5.PAFXFAST })
	return !hasPreauth(m) && !fast && q.Nonce.OK && o.nonce != q.Nonce.V
}

// rewritten tells that b is the request a with another list of encryption types:
// a client that asks for others has a nonce of its own for that. So somebody
// between the two changed it, and the capture holds both sides.
func rewritten(a, b *Message) bool {
	if a == nil || a.Krb.KDCReq == nil || a.Krb.Truncated || b.Krb.Truncated {
		return false
	}
	x, y := a.Krb.KDCReq, b.Krb.KDCReq
	samePA := slices.EqualFunc(x.PAData, y.PAData, func(p, q krb5.PAData) bool { return p.Type == q.Type && bytes.Equal(p.Value, q.Value) })
	return x.Nonce.OK && y.Nonce.OK && x.Nonce.V == y.Nonce.V && samePA && !sameList(a, b)
}

// sameList tells whether two requests ask for the same encryption types.
func sameList(a, b *Message) bool {
	return a != nil && a.Krb.KDCReq != nil && slices.Equal(a.Krb.KDCReq.ETypes, b.Krb.KDCReq.ETypes)
}

// step notes what comes next in o, and counts the bytes that o holds with it.
func (p *kdcPairs) step(o *openKDC, m *Message, what string) {
	o.last = m.Time
	if len(o.x.Steps) < maxSteps {
		o.x.Steps = append(o.x.Steps, Step{Frame: m.Frame, Time: m.Time, What: what, Msg: m})
		n := stepCost + m.held()
		o.kept += n
		p.kept += n
	} else if n := o.x.held(); n > o.kept {
		p.kept += n - o.kept
		o.kept = n
	}
	o.x.Ended = m.Time
}
