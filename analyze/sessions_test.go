package analyze

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode"
)

func session(capture int, port uint16, at int64, change func(*decode.Session)) *decode.Session {
	s := &decode.Session{
		Client: netip.AddrPortFrom(mailboxIP, port), Server: netip.AddrPortFrom(hubIP, 25), SidesKnown: true, Carrier: "smtp",
		Begin: decode.MakeFrameID(capture, 1), Ended: decode.MakeFrameID(capture, 9), First: at, Last: at + 1e9,
	}
	change(s)
	return s
}

func TestOneConnectionSeenAtTwoPlaces(t *testing.T) {
	at := newSynth(t).now
	refusal := &decode.Result{Outcome: decode.Refused, Code: 535, Frame: decode.MakeFrameID(1, 5), Time: at + 5e8}
	a, b := NewCase(0), NewCase(0)
	a.Session(session(0, 4000, at, func(s *decode.Session) {
		s.Attempts = []*decode.Attempt{{Mech: "ntlm"}}
		s.TLS = decode.MakeFrameID(0, 7)
		s.Gaps = 2
	}))
	b.Session(session(1, 4000, at, func(s *decode.Session) {
		s.Attempts = []*decode.Attempt{{Mech: "ntlm", Result: refusal, Tokens: []decode.Token{{Frame: decode.MakeFrameID(1, 4), FromClient: true, Kind: "NTLM authenticate"}}}}
		s.Offered = []string{"GSSAPI", "NTLM"}
		s.BothWays = true
	}))
	// The same ports an hour later are another connection.
	b.Session(session(1, 4000, at+3600e9, func(s *decode.Session) { s.Anonymous = decode.MakeFrameID(1, 20) }))
	// A connection that tells nothing is not kept.
	a.Session(session(0, 4001, at, func(*decode.Session) {}))
	assert.EqualValues(t, 1, a.sessions.plain)

	c := Join([]*Case{a, b}, JoinOptions{Captures: []CaptureFacts{{Name: "a"}, {Name: "b"}}, Part: []int{0, 1}})
	require.Len(t, c.Sessions(), 2)
	s := c.Sessions()[0]
	require.Len(t, s.Attempts, 1)
	assert.Equal(t, decode.Refused, s.Attempts[0].Outcome(), "from the capture that saw more")
	assert.Equal(t, decode.MakeFrameID(1, 4), s.Attempts[0].NTLM.Frame)
	assert.Equal(t, decode.MakeFrameID(0, 7), s.TLS)
	assert.Equal(t, []string{"GSSAPI", "NTLM"}, s.Offered)
	assert.True(t, s.BothWays)
	assert.Zero(t, s.Gaps)
	assert.NotZero(t, c.Sessions()[1].Anonymous)
}

func TestAttemptsKnowTheirExchange(t *testing.T) {
	s := newSynth(t)
	s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, word: "no"})
	c := s.joined()
	require.Len(t, c.Sessions(), 1)
	require.Len(t, c.Sessions()[0].Attempts, 1)
	a := c.Sessions()[0].Attempts[0]
	require.NotNil(t, a.Record)
	assert.Same(t, c.Records()[0], a.Record)
	assert.Equal(t, decode.Refused, a.Outcome())
	assert.Empty(t, s.c.sessions.attempts, "nothing waits any more")
}

func TestSightingsAlikeAreOne(t *testing.T) {
	s := newSynth(t)
	for range 20 {
		s.sighting(decode.SYNUnanswered, dc1IP, 3)
	}
	s.sighting(decode.SYNUnanswered, dc2IP, 1)
	s.dns("dc1.contoso.com", dc1IP)
	c := s.joined()
	list := c.Sightings(decode.SYNUnanswered)
	require.Len(t, list, 2)
	assert.EqualValues(t, 20, list[0].Seen)
	assert.Less(t, list[0].Time, list[0].Last)
	assert.Equal(t, []netip.Addr{dc1IP}, c.HostsOf("dc1"))
}

// The first packet of a connection tells a clock only where it is the same
// packet: the SYN.
func TestConnectionsThatTellTheClock(t *testing.T) {
	at := newSynth(t).now
	for _, fromSYN := range []bool{true, false} {
		a, b := NewCase(0), NewCase(0)
		a.Session(session(0, 4000, at, func(s *decode.Session) { s.FromSYN = true }))
		b.Session(session(1, 4000, at+20e9, func(s *decode.Session) { s.FromSYN = fromSYN }))
		k := relate(freeze([]*Case{a, b}))
		if fromSYN {
			assert.Equal(t, clock{offset: 20e9, base: at + 20e9, uncertainty: 1000, from: "packets"}, k[1])
		} else {
			assert.Equal(t, "none", k[1].from)
		}
	}
}
