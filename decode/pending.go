package decode

import (
	"slices"

	"kerbscope/decode/flow"
	"kerbscope/decode/krb5"
)

// settleTime: an AP-REP is taken for the outcome when the carrier has not said
// otherwise for so long.
const settleTime = int64(2e9)

// Tick says that the capture's clock shows now, though no packet came: what
// waited too long is handed over. Live captures alone know that.
func (d *Decoder) Tick(now int64) {
	if now <= d.lastTime && d.lastTime != 0 {
		return
	}
	d.lastTime = now
	d.tracker.Tick(now)
	d.frags.Tick(now)
	d.kdc.expire(now)
	for k, x := range d.kpw {
		if now-x.Ended > waitReply {
			d.finishUDP(k, x)
		}
	}
	if now-d.talks.swept > talkQuiet {
		d.talks.swept = now
		d.endTalks(now - talkQuiet)
	}
}

// Now is the latest time that the Decoder knows of, of a packet or of Tick.
func (d *Decoder) Now() int64 { return d.lastTime }

// Pending gives to is what Close would hand over if the capture ended now, but
// for what is so young that an answer may be on its way. It changes nothing:
// all of it will be handed over for good later, as it is then. What is given
// is is's during the call only.
func (d *Decoder) Pending(is Sink) {
	for o := d.kdc.head; o != nil; o = o.next {
		typing := !o.waiting && o.x.Hint != nil && o.x.Reply == o.x.Hint // a password, perhaps
		if !typing && d.lastTime-o.last >= endGrace {
			x := d.kdc.ended(o, 0)
			is.Exchange(&x)
		}
	}
	var raw []*Exchange
	for _, x := range d.kpw {
		if d.lastTime-x.Ended >= endGrace {
			raw = append(raw, x)
		}
	}
	slices.SortFunc(raw, func(a, b *Exchange) int { return compareFrames(a.Steps[0].Frame, b.Steps[0].Frame) })
	for _, x := range raw {
		v := *x
		d.endUDP(&v)
		is.Exchange(&v)
	}
	var told []*flow.Conn
	d.tracker.Each(func(c *flow.Conn) {
		s, _ := c.User.(*stream)
		if s != nil && s.pends() || d.failedOpen(c) != 0 {
			told = append(told, c)
		}
	})
	slices.SortFunc(told, func(a, b *flow.Conn) int { return compareFrames(FrameID(a.ID), FrameID(b.ID)) })
	for _, c := range told {
		if s, _ := c.User.(*stream); s != nil {
			s.pending(is)
		}
		if kind := d.failedOpen(c); kind != 0 {
			is.Sighting(d.openSighting(c, kind))
		}
	}
	var talks []*stream
	for _, t := range d.talks.of {
		if t.s.pends() {
			talks = append(talks, t.s)
		}
	}
	slices.SortFunc(talks, func(a, b *stream) int {
		if d := compareFrames(FrameID(a.c.First.Frame), FrameID(b.c.First.Frame)); d != 0 {
			return d
		}
		return a.c.Client.Compare(b.c.Client)
	})
	for _, s := range talks {
		s.pending(is)
	}
}

func compareFrames(a, b FrameID) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// pends tells whether the stream holds anything that pending would give.
func (s *stream) pends() bool {
	if s.kpasswd != nil || len(s.live) > 0 {
		return true
	}
	v := &s.sess
	return s.car != nil && s.tells() && (len(v.Attempts)+len(v.Names) > 0 || v.TLS != 0 || v.Sealed != 0 || v.Anonymous != 0)
}

// pending gives what is under way on the connection.
func (s *stream) pending(is Sink) {
	young := map[*Attempt]bool{}
	for _, a := range s.live {
		if s.underWay(a) {
			young[a.Attempt] = true
			continue
		}
		if a.ap != nil {
			x := *a.ap
			s.endAP(&x, a.Attempt)
			is.Exchange(&x)
		}
	}
	if x := s.kpasswd; x != nil && s.d.lastTime-x.Ended >= endGrace {
		v := *x
		s.endPassword(&v)
		is.Exchange(&v)
	}
	if s.car == nil || !s.tells() {
		return
	}
	v := s.sess
	if len(young) > 0 {
		v.Attempts = slices.DeleteFunc(slices.Clone(v.Attempts), func(a *Attempt) bool { return young[a] })
	}
	s.sum(&v)
	if v.End == EndNoReply && s.d.failedOpen(s.c) == 0 {
		v.End = EndOpen
	}
	is.Session(&v)
}

// underWay tells whether the outcome of an attempt may still come.
func (s *stream) underWay(a *liveAttempt) bool {
	last := int64(0)
	if n := len(a.Tokens); n > 0 {
		last = a.Tokens[n-1].Time
	}
	if a.ap != nil && a.ap.Reply != nil {
		if a.ap.Reply.Type() == krb5.KRBErrorMsg {
			return false
		}
		return s.d.lastTime-last < settleTime
	}
	return s.d.lastTime-last < endGrace
}
