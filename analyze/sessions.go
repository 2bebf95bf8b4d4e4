package analyze

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// A SessionFact is one connection on a carrier, in short.
type SessionFact struct {
	Client, Server netip.AddrPort
	SidesKnown     bool
	Carrier        string
	Begin, End     FrameRef // first and last frame seen
	Ended          decode.End
	EndFrame       decode.FrameID // FIN or RST, 0: none
	ServerEnded    bool           // the first of them was the server's
	BothWays       bool
	Gaps           int
	Offered        []string // mechanisms, in the carrier's own words
	TLS            decode.FrameID
	TLSName        string
	Tunnel         string         // host:port behind the proxy that Server is
	Sealed         decode.FrameID // SMB 3 encryption began
	Anonymous      decode.FrameID
	AfterAuth      decode.FrameID
	CutAfterAuth   bool          // the server reset it within a second of AfterAuth
	Attempts       []AttemptFact // in order
	More           int           // attempts beyond the limit
}

// An AttemptFact is one authentication on a carrier.
type AttemptFact struct {
	AttemptInfo
	Begin  FrameRef // first token; frame 0: none was seen
	NTLM   FrameRef // first NTLM token of the client; frame 0: none
	APReq  FrameRef // frame 0: none
	Word   *Word    // nil: none was seen
	Record *Record  // the AP exchange it belongs to; nil: no Kerberos in it
	kept   *kept    // the same, in a partial Case
}

// Outcome is the attempt's outcome in the carrier's word; 0 when there was none.
func (a *AttemptFact) Outcome() decode.Outcome {
	if a.Word == nil {
		return 0
	}
	return a.Word.Outcome
}

// A sessionTable is the connections of one capture. Sessions that tell nothing
// beyond their existence are counted, not kept.
type sessionTable struct {
	list     []*SessionFact
	attempts map[*decode.Attempt]*kept
	plain    uint64
	lost     uint64
	rolls    bool // the oldest make room
	mem      *holding
	most     int
	outer    *sessionTable // of the part that this one goes on with; nil: none
}

// attempt remembers the exchange of an attempt until its session comes.
func (t *sessionTable) attempt(a *decode.Attempt, r *kept) {
	if r != nil && len(t.attempts) < maxPending && !t.mem.full() {
		t.mem.hold(r)
		t.mem.release(t.attempts[a])
		t.attempts[a] = r
	}
}

func (t *sessionTable) add(s *decode.Session) {
	f := &SessionFact{
		Client: s.Client, Server: s.Server, SidesKnown: s.SidesKnown, Carrier: s.Carrier,
		Begin: FrameRef{s.Begin, s.First}, End: FrameRef{s.Ended, s.Last}, Ended: s.End, EndFrame: s.EndFrame, ServerEnded: s.ServerEnded,
		BothWays: s.BothWays, Gaps: s.Gaps, Offered: s.Offered, TLS: s.TLS, TLSName: s.TLSName, Tunnel: s.Tunnel, Sealed: s.Sealed,
		Anonymous: s.Anonymous, AfterAuth: s.AfterAuth, CutAfterAuth: s.CutAfterAuth,
	}
	for _, a := range s.Attempts {
		r := t.attempts[a]
		delete(t.attempts, a)
		t.mem.release(r)
		if r == nil && t.outer != nil {
			r = t.outer.attempts[a]
		}
		if len(f.Attempts) >= maxAttempts {
			f.More++
			continue
		}
		f.Attempts = append(f.Attempts, attemptFact(a, r))
	}
	if len(f.Attempts) == 0 && f.TLS == 0 && f.Sealed == 0 && f.Anonymous == 0 && f.Ended != decode.EndRefused && f.Ended != decode.EndNoReply {
		t.plain++
		return
	}
	if t.rolls && (len(t.list) >= t.most || t.mem.full() && len(t.list) > t.most/4) {
		t.prune(len(t.list) / 8)
	}
	if len(t.list) >= t.most || t.mem.full() {
		t.lost++
		return
	}
	t.list = append(t.list, f)
	t.mem.add(f.size())
	for i := range f.Attempts {
		t.mem.hold(f.Attempts[i].kept)
	}
}

// release counts f no more.
func (t *sessionTable) release(f *SessionFact) {
	t.mem.add(-f.size())
	for i := range f.Attempts {
		t.mem.release(f.Attempts[i].kept)
	}
}

func attemptFact(a *decode.Attempt, r *kept) AttemptFact {
	f := AttemptFact{AttemptInfo: AttemptInfo{Mech: a.Mech, Verb: a.Verb, MechTypes: a.MechTypes, Rejected: a.Rejected}, Word: word(a.Result), kept: r}
	for i := range a.Tokens {
		t := &a.Tokens[i]
		ref := FrameRef{t.Frame, t.Time}
		if i == 0 {
			f.Begin = ref
		}
		if t.FromClient && f.NTLM.Frame == 0 && len(t.Kind) > 4 && t.Kind[:4] == "NTLM" {
			f.NTLM = ref
		}
		if t.Kind == "AP-REQ" && f.APReq.Frame == 0 {
			f.APReq = ref
			f.TokenLen = t.Len
		}
	}
	if f.Begin.Frame == 0 && f.Word != nil {
		f.Begin = f.Word.FrameRef
	}
	return f
}

// sessionTwin identifies a connection across captures. Ports come round
// again: twins that a capture holds twice are not used.
func sessionTwin(s *decode.Session) uint64 {
	c, _ := s.Client.MarshalBinary()
	v, _ := s.Server.MarshalBinary()
	return hash64(hashSession, append(c, v...))
}

// A SightingFact is the sightings that are alike: same kind, hosts, server
// port, name, target and code.
type SightingFact struct {
	decode.Sighting        // the first one; its Time is the reference's after Join
	Seen            uint64 // how many
	Last            int64
	LastFrame       decode.FrameID
}

type sightingKey struct {
	kind         decode.SightingKind
	src          netip.Addr
	dst          netip.AddrPort
	transport    decode.Transport
	name, target string
	code         int
}

type sightingTable struct {
	byKey map[sightingKey]*SightingFact
	most  int
	lost  uint64
	rolls bool // those not seen for longest make room
}

const keepSightingFrames = 8

func (t *sightingTable) add(s *decode.Sighting) {
	if t.byKey == nil {
		t.byKey = map[sightingKey]*SightingFact{}
	}
	k := keyOfSighting(s)
	f := t.byKey[k]
	if f == nil {
		if len(t.byKey) >= t.most && t.rolls {
			t.prune(t.most / 8)
		}
		if len(t.byKey) >= t.most {
			t.lost++
			return
		}
		f = &SightingFact{Sighting: *s, LastFrame: s.Frame}
		f.Frames = slices.Clone(s.Frames[:min(len(s.Frames), keepSightingFrames)])
		f.Addrs = slices.Clone(s.Addrs[:min(len(s.Addrs), keepSightingFrames)])
		f.Targets = slices.Clone(s.Targets[:min(len(s.Targets), keepSightingFrames)])
		t.byKey[k] = f
	}
	f.Seen++
	f.BothWays = f.BothWays || s.BothWays
	if len(f.Addrs) == 0 { // no AAAA record came first
		f.Addrs = slices.Clone(s.Addrs[:min(len(s.Addrs), keepSightingFrames)])
	}
	if s.Time >= f.Last {
		f.Last, f.LastFrame = s.Time, s.Frame
	}
}

func keyOfSighting(s *decode.Sighting) sightingKey {
	k := sightingKey{s.Kind, s.Src.Addr(), s.Dst, s.Transport, s.Name, s.Target, s.Code}
	if s.Kind == decode.DNSAnswer || s.Kind == decode.CLDAPAnswer {
		// The client's port is ephemeral.
		k.dst = netip.AddrPortFrom(s.Dst.Addr(), 0)
	}
	return k
}

func bySighting(a, b *SightingFact) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Frame, b.Frame), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name),
		a.Src.Compare(b.Src), a.Dst.Compare(b.Dst), cmp.Compare(a.Transport, b.Transport), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Code, b.Code))
}

// anonymousNote says that the endpoint also served somebody who did not
// authenticate, on the host's own word: it tells why some traffic still passes
// where Kerberos fails. Empty when the captures hold no such session.
func (c *Case) anonymousNote(to netip.AddrPort) string {
	for _, s := range c.Sessions() {
		if s.Server == to && s.Anonymous != 0 {
			return fmt.Sprintf(" What comes without authentication passes there (%s frame %d): Kerberos has no part in that, so it is no evidence against this.",
				c.CaptureName(s.Anonymous), s.Anonymous.Number())
		}
	}
	return ""
}
