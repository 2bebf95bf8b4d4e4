package decode

import (
	"slices"

	"kerbscope/decode/flow"
	"kerbscope/decode/gss"
)

// offer notes the mechanisms that the server offers in clear.
func (s *stream) offer(names ...string) {
	if !slices.Equal(s.sess.Offered, names) {
		s.keep(textSize(names) - textSize(s.sess.Offered))
		s.sess.Offered = slices.Clone(names)
	}
}

// textSize is about how many bytes of memory a list of strings takes.
func textSize(list []string) int {
	n := 0
	for _, s := range list {
		n += 16 + len(s)
	}
	return n
}

// anonymous notes that the service was used without authentication.
func (s *stream) anonymous(d dir, off int) {
	if s.lastOK == nil && s.sess.Anonymous == 0 {
		s.sess.Anonymous, _ = s.where(d, off, 1)
	}
}

// afterAuth notes application traffic after an accepted attempt.
func (s *stream) afterAuth(d dir, off int) {
	if s.lastOK != nil && s.sess.AfterAuth == 0 {
		s.sess.AfterAuth, s.usedAt = s.where(d, off, 1)
	}
}

// maxNames bounds the name claims of one session.
const maxNames = 16

// name notes that the sender of direction d claims a name, or, for what a
// client says of the server it talks to ("http-host", "smb", "tls-sni"), that
// the server is called so.
func (s *stream) name(d dir, off int, name, source string) {
	addr := s.c.Client.Addr()
	if d == toClient {
		addr = s.c.Server.Addr()
	}
	f, _ := s.where(d, off, 1)
	s.claim(NameClaim{Addr: addr, Name: name, Source: source, Frame: f})
}

func (s *stream) claim(n NameClaim) {
	if n.Name == "" || len(n.Name) > 255 {
		return
	}
	if s.sess.Tunnel != "" && n.Addr == s.c.Server.Addr() {
		return // of the far end, not of the proxy
	}
	for _, o := range s.sess.Names {
		if o.Addr == n.Addr && o.Name == n.Name && o.Source == n.Source {
			return
		}
	}
	if len(s.sess.Names) < maxNames {
		n.Name = string([]byte(n.Name))
		s.sess.Names = append(s.sess.Names, n)
		s.keep(96 + len(n.Name))
	}
}

// startTLS notes that from byte off of direction d on the connection is TLS.
func (s *stream) startTLS(d dir, off int) {
	if s.inTLS {
		return
	}
	s.inTLS = true
	s.sess.TLS, _ = s.where(d, off, 1)
	s.closeAttempts()
	s.parse(tlsParser{s})
}

// hidden notes that the authentication which begins at byte off of direction d
// goes on inside TLS that the carrier wraps in its own units, while the stream
// goes on in clear. name is the server name of the ClientHello.
func (s *stream) hidden(d dir, off int, name string) {
	if s.sess.TLS != 0 {
		return
	}
	f, _ := s.where(d, off, 1)
	s.sess.TLS, s.sess.TLSName = f, string([]byte(name))
	s.keep(len(name))
	s.claim(NameClaim{Addr: s.c.Server.Addr(), Name: name, Source: "tls-sni", Frame: f})
}

// sealed notes that from byte off of direction d on the carrier encrypts its
// units.
func (s *stream) sealed(d dir, off int) {
	if s.sess.Sealed == 0 {
		s.sess.Sealed, _ = s.where(d, off, 1)
	}
}

// sum enters into v what the connection shows as a whole.
func (s *stream) sum(v *Session) {
	c := s.c
	switch {
	case c.RST.Ok():
		v.End, v.EndFrame = EndRST, FrameID(c.RST.Frame)
	case c.FINs[0].Ok():
		v.End, v.EndFrame = EndFIN, FrameID(c.FINs[0].Frame)
	case c.FINs[1].Ok():
		v.End, v.EndFrame = EndFIN, FrameID(c.FINs[1].Frame)
	case c.Unanswered():
		v.End = EndNoReply
	}
	v.ServerEnded = serverEnded(c)
	v.CutAfterAuth = v.AfterAuth != 0 && c.RST.Ok() && c.RSTFrom == flow.ToClient && !c.FINs[flow.ToServer].Ok() && c.RST.Time-s.usedAt < 1e9
	v.SidesKnown = c.ClientKnown
	v.FromSYN = c.SYNCount > 0 && c.SYNs[0].Frame == c.First.Frame
	v.Begin, v.Ended = FrameID(c.First.Frame), FrameID(c.Last.Frame)
	v.First, v.Last = c.First.Time, c.Last.Time
	v.BothWays = c.BothDirections()
	v.Gaps = int(s.half(toServer).Gaps + s.half(toClient).Gaps)
}

// tells says whether the session holds anything worth handing on: one with a
// KDC is told by its exchanges.
func (s *stream) tells() bool {
	switch s.sess.Carrier {
	case "kdc":
		return false
	case "raw":
		return len(s.sess.Attempts) > 0
	}
	return true
}

// ntlmNames takes the names that NTLM tokens carry.
func (s *stream) ntlmNames(d dir, frame FrameID, t *gss.NTLMMessage) {
	addr := s.c.Client.Addr()
	if d == toClient {
		addr = s.c.Server.Addr()
	}
	for _, n := range [...]string{t.DNSComputer, t.NetBIOSComputer} {
		s.claim(NameClaim{Addr: addr, Name: n, Source: "ntlm", Frame: frame})
	}
	if t.Workstation != "" && d == toServer {
		s.claim(NameClaim{Addr: addr, Name: t.Workstation, Source: "ntlm", Frame: frame})
	}
}

// serverEnded tells whether the first FIN or RST of a connection was the server's.
func serverEnded(c *flow.Conn) bool {
	first := func(d flow.Dir) (at uint64) {
		for _, e := range [...]struct {
			seen flow.Seen
			mine bool
		}{{c.FINs[d], true}, {c.RST, c.RSTFrom == d}} {
			if e.mine && e.seen.Ok() && (at == 0 || e.seen.Frame < at) {
				at = e.seen.Frame
			}
		}
		return at
	}
	server, client := first(flow.ToClient), first(flow.ToServer)
	return server != 0 && (client == 0 || server < client)
}
