package decode

import (
	"bytes"
	"strconv"

	"kerbscope/decode/gss"
	"kerbscope/decode/krb5"
)

// tokenAt says where in the carrier's protocol a token stood.
type tokenAt struct {
	verb   string // "AUTH GSSAPI"; empty: the carrier has one verb
	key    uint64 // tells concurrent authentications on one connection apart
	within string // the carrier inside the stream's that the token stood in: "dcerpc" in a pipe
}

// A liveAttempt is an Attempt that is not over.
type liveAttempt struct {
	*Attempt
	key    uint64
	within string
	ap     *Exchange // the AP exchange under way; nil before its AP-REQ
}

// token takes one leg of an authentication: tok, decoded from what stands at
// off to off+n of direction d. It makes the rows, and starts or continues the
// Attempt: a client's token starts one unless it can only be a later leg.
func (s *stream) token(d dir, off, n int, tok []byte, at tokenAt) {
	t := gss.Parse(tok)
	frame, when := s.where(d, off, n)
	leg := Token{Frame: frame, Time: when, FromClient: d == toServer, Len: len(tok), Kind: "other"}
	switch t.Kind {
	case gss.Kerberos, gss.IAKERB:
		if m := s.tokenMessage(d, off, n, tok, &t, at.within); m != nil {
			leg.Message = m
			leg.Kind = m.Type().String()
		}
	case gss.NTLM:
		leg.Kind = "NTLM " + t.NTLM.Type.String()
		m := s.row(d, off, n, inside(at.within, t.Path)...)
		m.NTLM = t.NTLM.Type.String()
		s.push(m)
		s.ntlmNames(d, frame, t.NTLM)
		if t.NTLM.Anonymous {
			s.anonymous(d, off)
		}
	case gss.State:
		leg.Kind = "SPNEGO"
	case gss.Wrap:
		leg.Kind = "wrap"
	case gss.MIC:
		leg.Kind = "mic"
	}
	if d == toClient && t.Form == gss.NegTokenInit && len(t.MechTypes) > 0 {
		// The server's hint of what it takes: an offer, not an attempt.
		s.offerMechs(t.MechTypes)
		if t.Kind != gss.Kerberos {
			return
		}
	}
	if s.udp != nil && s.udp.again {
		return
	}
	a := s.attemptFor(d, at, &t, leg.Message)
	if a == nil {
		return
	}
	if len(a.Tokens) < maxTokens {
		a.Tokens = append(a.Tokens, leg)
		s.keep(legCost + max(len(tok), leg.Message.held()))
	}
	switch {
	case t.Kind == gss.NTLM:
		a.Mech = "ntlm"
	case leg.Message != nil && a.Mech != "ntlm":
		a.Mech = "kerberos"
	case a.Mech == "":
		a.Mech = "spnego"
	}
	if d == toServer && len(t.MechTypes) > 0 {
		a.MechTypes = t.MechTypes
	}
	if t.NegState == gss.Reject {
		a.Rejected = true
	}
	if leg.Message != nil {
		s.apLeg(a, d, leg.Message)
	}
}

// tokenMessage makes the row of the Kerberos message in a token. Where the
// token stands in the stream as it is, its frames are those of its own bytes;
// where it was encoded, those of the encoded share.
func (s *stream) tokenMessage(d dir, off, n int, tok []byte, t *gss.Token, within string) *Message {
	if len(t.Kerberos) == 0 {
		return nil
	}
	from, size := t.At, len(t.Kerberos)
	if len(tok) != n && len(tok) > 0 {
		to := (from + size) * n / len(tok)
		from = from * n / len(tok)
		size = max(to-from, 1)
	}
	m := s.message(d, off+from, size, t.Kerberos, inside(within, t.Path)...)
	if m != nil {
		if h, ok := krb5.ParseIAKERBHeader(t.Proxy); ok {
			m.IAKERB = &krb5.IAKERBHeader{TargetRealm: bytes.Clone(h.TargetRealm), Cookie: bytes.Clone(h.Cookie)}
		}
		// The carrier gives its word on the whole token: the frame that
		// completes the token completes the message.
		if f, at := s.where(d, off, n); f > m.Frame && len(tok) != n {
			m.Frame, m.Time = f, at
			m.Frames = append(m.Frames, f)
		}
	}
	return m
}

// inside is a token's path behind the carrier that it stands in.
func inside(within string, path []string) []string {
	if within == "" {
		return path
	}
	return append([]string{within}, path...)
}

func (s *stream) offerMechs(oids []string) {
	names := make([]string, len(oids))
	for i, o := range oids {
		names[i] = gss.MechName(o)
	}
	s.offer(names...)
}

// attemptFor finds the attempt that a token belongs to, or starts one.
func (s *stream) attemptFor(d dir, at tokenAt, t *gss.Token, m *Message) *liveAttempt {
	var a *liveAttempt
	for _, l := range s.live {
		if l.key == at.key {
			a = l
		}
	}
	if d == toClient {
		if a == nil && m == nil && t.Kind != gss.NTLM {
			return nil
		}
		if a == nil {
			// The client's legs were not captured.
			a = s.begin(at)
		}
		return a
	}
	if a != nil && later(a, t, m) {
		return a
	}
	if a != nil {
		s.close(a)
	}
	return s.begin(at)
}

// later tells whether a client's token continues attempt a.
func later(a *liveAttempt, t *gss.Token, m *Message) bool {
	switch {
	case t.Form == gss.NegTokenInit:
		return false
	case t.Form == gss.NegTokenResp:
		return true
	case t.Kind == gss.Wrap, t.Kind == gss.MIC, t.Kind == gss.Empty, t.Kind == gss.Other:
		return true
	case t.Kind == gss.NTLM:
		return t.NTLM.Type == gss.Authenticate && a.Mech == "ntlm"
	case m != nil:
		return m.Type() == krb5.APRepMsg || a.Mech == "" || len(a.Tokens) == 0 ||
			a.Tokens[len(a.Tokens)-1].Kind == krb5.TGTRepMsg.String()
	}
	return false
}

func (s *stream) begin(at tokenAt) *liveAttempt {
	a := &liveAttempt{Attempt: &Attempt{Session: &s.sess, Verb: at.verb}, key: at.key, within: at.within}
	if len(s.sess.Attempts) < maxAttempts {
		s.sess.Attempts = append(s.sess.Attempts, a.Attempt)
		s.keep(legCost + len(at.verb))
	} else {
		s.d.limit("attempts of a session")
	}
	if len(s.live) >= maxTokens {
		s.close(s.live[0])
	}
	s.live = append(s.live, a)
	return a
}

// attemptOther notes an attempt by a mechanism whose tokens are not ours.
func (s *stream) attemptOther(d dir, off int, mech, verb string) {
	s.attemptKeyed(d, off, mech, tokenAt{verb: verb})
}

// attemptKeyed is attemptOther where several may be under way.
func (s *stream) attemptKeyed(d dir, off int, mech string, at tokenAt) {
	if s.udp != nil && s.udp.again {
		return
	}
	a := s.begin(at)
	a.Mech = mech
	s.keep(len(mech))
	f, when := s.where(d, off, 1)
	a.Tokens = append(a.Tokens, Token{Frame: f, Time: when, FromClient: d == toServer, Kind: "other"})
}

// result takes the carrier's word on the attempt of that key. Frame and Time
// of r are filled in. A word without an attempt is a row only.
func (s *stream) result(d dir, off, n int, key uint64, r Result) {
	frame, at := s.where(d, off, n)
	r.Frame, r.Time = frame, at
	r.NoCode = r.Code == 0 && s.car.words
	r.Text = string([]byte(r.Text))
	var a *liveAttempt
	for _, l := range s.live {
		if l.key == key {
			a = l
		}
	}
	s.resultRow(d, off, n, &r, a)
	if a == nil || s.udp != nil && s.udp.again {
		return
	}
	if r.Outcome == Continue {
		if a.Attempt.Result == nil {
			a.Attempt.Result = &r
			s.keep(len(r.Text))
		}
		return
	}
	a.Attempt.Result = &r
	s.keep(len(r.Text))
	if a.ap != nil {
		if len(a.ap.Steps) < maxSteps {
			a.ap.Steps = append(a.ap.Steps, Step{Frame: r.Frame, Time: r.Time, What: s.resultStep(&r, a.within)})
		}
		a.ap.Ended = r.Time
	}
	if r.Outcome == Accepted {
		s.lastOK = a.Attempt
	}
	s.close(a)
}

// resultRow puts the carrier's word on the row of the message that it came
// with in one frame, else on a row of its own.
func (s *stream) resultRow(d dir, off, n int, r *Result, a *liveAttempt) {
	c := s.conn()
	src := c.Client
	if d == toClient {
		src = c.Server
	}
	for i := len(s.rows) - 1; i >= 0; i-- {
		if m := s.rows[i]; m.Frame == r.Frame && m.Src == src && m.Result == nil {
			m.Result = r
			return
		}
	}
	var within []string
	if a != nil {
		within = inside(a.within, nil)
	}
	m := s.row(d, off, n, within...)
	m.Result = r
	s.push(m)
}

// resultStep is a carrier's word in the list of steps: "STATUS_SUCCESS"; the
// number where people know that: "535", "401".
func (s *stream) resultStep(r *Result, within string) string {
	if r.CodeName != "" && (within != "" || s.car.name != "http" && s.car.name != "smtp") {
		return r.CodeName
	}
	return strconv.FormatInt(r.Code, 10)
}

// close ends an attempt and hands its AP exchange over.
func (s *stream) close(a *liveAttempt) {
	if a.ap != nil {
		s.finishAP(a)
	}
	for i, l := range s.live {
		if l == a {
			s.live = append(s.live[:i], s.live[i+1:]...)
			return
		}
	}
}

func (s *stream) closeAttempts() {
	for len(s.live) > 0 {
		s.close(s.live[0])
	}
}

// path returns the shared carrier path of carrier and what is inside it.
func (d *Decoder) path(carrier string, inner []string) []string {
	for _, p := range d.paths {
		if p[0] == carrier && equalPath(p[1:], inner) {
			return p
		}
	}
	p := append([]string{carrier}, inner...)
	if len(d.paths) < maxRows {
		d.paths = append(d.paths, p)
	}
	return p
}

func equalPath(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// hasNeedle tells whether bytes may hold Kerberos or NTLM: pvno or tkt-vno in
// its context tag, base64 of a token, or NTLMSSP.
func hasNeedle(b []byte) bool {
	if len(b) < 8 {
		return false
	}
	if bytes.Contains(b, needle) {
		return true
	}
	if isText(b) {
		return base64Token(b) >= 0 || bytes.Contains(b, ntlmBase64)
	}
	return bytes.Contains(b, ntlmSignature)
}
