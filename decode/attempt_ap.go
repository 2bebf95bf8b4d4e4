package decode

import (
	"kerbscope/decode/flow"
	"kerbscope/decode/krb5"
)

// apLeg follows the AP exchange inside an attempt.
func (s *stream) apLeg(a *liveAttempt, d dir, m *Message) {
	step := Step{Frame: m.Frame, Time: m.Time, What: m.Type().String(), Msg: m}
	if m.Krb.Error != nil {
		step.What = errorStep(m.Krb.Error)
	}
	if d == toServer && m.Type() == krb5.APReqMsg {
		if a.ap != nil {
			s.finishAP(a)
		}
		a.ap = s.newAP(a.Attempt, m)
	}
	if a.ap == nil {
		if d == toClient && (m.Type() == krb5.APRepMsg || m.Type() == krb5.KRBErrorMsg) {
			a.ap = s.newAP(a.Attempt, nil)
			a.ap.Carrier, a.ap.Started = m.Carrier, m.Time
		} else {
			return
		}
	}
	x := a.ap
	if len(x.Steps) < maxSteps {
		x.Steps = append(x.Steps, step)
	}
	x.Ended = m.Time
	if d == toClient && (m.Type() == krb5.APRepMsg || m.Type() == krb5.KRBErrorMsg) {
		x.Reply = m
	}
}

func (s *stream) newAP(a *Attempt, req *Message) *Exchange {
	x := &Exchange{Kind: AP, Client: s.c.Client, Server: s.c.Server, Transport: s.transport(), Request: req, Attempt: a}
	if req != nil {
		x.Carrier, x.Started = req.Carrier, req.Time
	}
	return x
}

// finishAP decides how an AP exchange came out and hands it over.
func (s *stream) finishAP(a *liveAttempt) {
	x := a.ap
	a.ap = nil
	s.endAP(x, a.Attempt)
	if len(s.rows) > 0 {
		s.flushRows()
	}
	s.d.sink.Exchange(x)
}

// endAP decides how an AP exchange came out.
func (s *stream) endAP(x *Exchange, a *Attempt) {
	x.BothWays = s.bothWays()
	x.Incomplete = s.half(toClient).Gaps > 0
	r := a.Result
	switch {
	case x.Reply != nil && x.Reply.Krb.Error != nil:
		x.Ending = Failed
	case r != nil && r.Outcome == Refused:
		x.Ending = Denied
	case r != nil && r.Outcome == Accepted, x.Reply != nil:
		x.Ending = OK
	default:
		x.Ending = s.apSilence(x)
	}
}

// apSilence is the ending of an AP exchange that nothing answered.
func (s *stream) apSilence(x *Exchange) Ending {
	down := s.half(toClient)
	switch {
	case s.halfTalk:
		if s.answered(x) {
			return Unknown
		}
		return NotCaptured
	case !s.bothWays() || down.Gaps > 0:
		return NotCaptured
	case s.answered(x):
		return Unknown
	case s.c.RST.Ok() || s.c.FINs[flow.ToClient].Ok():
		return Unanswered
	case s.d.lastTime-x.Started < endGrace:
		return NotCaptured
	}
	return Unanswered
}

// answered tells whether the server said anything on the connection after the
// AP-REQ, understood or not.
func (s *stream) answered(x *Exchange) bool {
	_, passed := s.half(toClient).Passed()
	return max(s.lastDown, passed) > x.Started
}
