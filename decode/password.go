package decode

import "kerbscope/decode/krb5"

// passwordLeg pairs the messages of a password change over TCP, RFC 3244:
// AP-REQ and KRB-PRIV there, AP-REP and KRB-PRIV or a KRB-ERROR back.
func (s *stream) passwordLeg(d dir, m *Message) {
	step := Step{Frame: m.Frame, Time: m.Time, What: m.Type().String(), Msg: m}
	if d == toServer && m.Type() == krb5.APReqMsg {
		s.closePassword()
		s.kpasswd = &Exchange{Kind: Password, Client: s.c.Client, Server: s.c.Server, Transport: TCP,
			Carrier: m.Carrier, Request: m, Started: m.Time}
		s.keep(s.kpasswd.held())
	}
	x := s.kpasswd
	if x == nil {
		return
	}
	before := x.held()
	if m.Krb.Error != nil {
		step.What = errorStep(m.Krb.Error)
	}
	if len(x.Steps) < maxSteps {
		x.Steps = append(x.Steps, step)
	}
	x.Ended = m.Time
	if d == toClient && (m.Type() == krb5.APRepMsg || m.Type() == krb5.KRBErrorMsg) {
		x.Reply = m
	}
	s.keep(x.held() - before)
}

// closePassword hands the password exchange under way over.
func (s *stream) closePassword() {
	x := s.kpasswd
	if x == nil {
		return
	}
	s.kpasswd = nil
	s.keep(-x.held())
	s.endPassword(x)
	s.d.sink.Exchange(x)
}

// endPassword decides how a password exchange came out.
func (s *stream) endPassword(x *Exchange) {
	x.BothWays = s.c.BothDirections()
	switch {
	case x.Reply == nil:
		x.Ending = s.apSilence(x)
	case x.Reply.Krb.Error != nil:
		x.Ending = Failed
	case passwordRefused(x):
		x.Ending = Denied
	default:
		x.Ending = OK
	}
}

// passwordRefused tells that a key opened the answer, and that the answer is no.
func passwordRefused(x *Exchange) bool {
	for _, step := range x.Steps {
		if step.Msg == nil || step.Msg.Opened == nil {
			continue
		}
		if p := step.Msg.Opened.Priv; p != nil && p.Result != nil && p.Result.Outcome == Refused {
			return true
		}
	}
	return false
}
