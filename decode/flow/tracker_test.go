package flow

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// A recorder is a Handler that reads everything and writes down what it saw.
type recorder struct {
	events []string
	conns  []*Conn
	got    map[string]string    // by "id dir"; a gap is written as <n>
	marks  map[string][]mark    // of every byte
	data   func(c *Conn, d Dir) // instead of reading
}

func newRecorder() *recorder {
	return &recorder{got: map[string]string{}, marks: map[string][]mark{}}
}

func (r *recorder) New(c *Conn) {
	r.conns = append(r.conns, c)
	r.events = append(r.events, fmt.Sprintf("new %d %s>%s", c.ID, c.Client, c.Server))
}

func (r *recorder) Data(c *Conn, d Dir) {
	if r.data != nil {
		r.data(c, d)
		return
	}
	h, key := c.Half(d), fmt.Sprint(c.ID, " ", d)
	for {
		b := h.Bytes()
		for i := range b {
			r.marks[key] = append(r.marks[key], mark{int64(h.Offset()) + int64(i), h.FrameAt(i), h.TimeAt(i)})
		}
		r.got[key] += string(b)
		if len(b) > 0 {
			r.events = append(r.events, fmt.Sprintf("%s %q", key, b))
		}
		h.Discard(len(b))
		n, gap := h.Gap()
		if !gap {
			break
		}
		r.got[key] += fmt.Sprintf("<%d>", n)
		r.events = append(r.events, fmt.Sprintf("%s gap %d", key, n))
		h.Skip()
	}
	if h.Closed() {
		r.events = append(r.events, key+" closed")
	}
}

func (r *recorder) End(c *Conn, why EndReason) {
	r.events = append(r.events, fmt.Sprintf("end %d %s", c.ID, why))
}

// A script feeds a Tracker with segments of one connection, a frame each.
type script struct {
	t     testing.TB
	tr    *Tracker
	frame uint64
	now   int64
	c, s  netip.AddrPort
	id    uint32
}

func newScript(t testing.TB, lim Limits, h Handler) *script {
	return &script{t: t, tr: NewTracker(lim, h), now: 1e18, c: addrPort(a4, 40000), s: addrPort(b4, 88)}
}

func (s *script) send(fromClient bool, seq, ack uint32, flags Flags, payload string, cut int) *Conn {
	s.frame++
	s.now += 1e6
	src, dst := s.c, s.s
	if !fromClient {
		src, dst = dst, src
	}
	s.id++
	p := segmentOf(src, dst, seq, ack, flags, payload, cut)
	p.IPID = s.id
	return s.tr.Add(p, s.frame, s.now)
}

// segmentOf makes a Packet whose last cut bytes were not captured.
func segmentOf(src, dst netip.AddrPort, seq, ack uint32, flags Flags, payload string, cut int) *Packet {
	return &Packet{Src: IPFrom(src.Addr()), Dst: IPFrom(dst.Addr()), SrcPort: src.Port(), DstPort: dst.Port(), Proto: 6, HasPorts: true,
		Seq: seq, Ack: ack, Flags: flags, Payload: []byte(payload)[:len(payload)-cut], PayloadWire: uint32(len(payload)),
		tcpHeader: tcp(int(src.Port()), int(dst.Port()), seq, ack, flags, nil)}
}

func (s *script) C(seq, ack uint32, flags Flags, payload string) *Conn {
	return s.send(true, seq, ack, flags, payload, 0)
}

func (s *script) S(seq, ack uint32, flags Flags, payload string) *Conn {
	return s.send(false, seq, ack, flags, payload, 0)
}

// open does the handshake with initial sequence numbers 100 and 500.
func (s *script) open() {
	s.C(100, 0, SYN, "")
	s.S(500, 101, SYN|ACK, "")
	s.C(101, 501, ACK, "")
}

const opened = "new 1 10.0.0.1:40000>10.0.0.2:88"

func TestTracker(t *testing.T) {
	tests := []struct {
		name string
		do   func(s *script)
		want string
	}{
		{"request and reply", func(s *script) {
			s.open()
			s.C(101, 501, ACK, "ask")
			s.S(501, 104, ACK, "answer")
			s.C(104, 507, ACK|FIN, "")
			s.S(507, 105, ACK|FIN, "")
		}, `1 to-server "ask"; 1 to-client "answer"; 1 to-server closed; 1 to-client closed; end 1 closed`},
		{"data with the FIN", func(s *script) {
			s.open()
			s.C(101, 501, ACK|FIN, "bye")
			s.S(501, 105, ACK|FIN, "ok")
		}, `1 to-server "bye"; 1 to-server closed; 1 to-client "ok"; 1 to-client closed; end 1 closed`},
		{"data in the SYN", func(s *script) {
			s.C(100, 0, SYN, "early")
			s.S(500, 106, SYN|ACK, "")
			s.C(106, 501, ACK, " late")
		}, `1 to-server "early"; 1 to-server " late"; end 1 end-of-input`},
		{"out of order", func(s *script) {
			s.open()
			s.C(104, 501, ACK, "def")
			s.C(110, 501, ACK, "jkl")
			s.C(107, 501, ACK, "ghi")
			s.C(101, 501, ACK, "abc")
		}, `1 to-server "abcdefghijkl"; end 1 end-of-input`},
		{"retransmits", func(s *script) {
			s.open()
			for range 3 {
				s.C(101, 501, ACK, "abc")
			}
			s.C(104, 501, ACK, "def")
			s.C(101, 501, ACK, "abc")
		}, `1 to-server "abc"; 1 to-server "def"; end 1 end-of-input`},
		{"overlap keeps the first", func(s *script) {
			s.open()
			s.C(101, 501, ACK, "abc")
			s.C(102, 501, ACK, "XYdef")
			s.C(110, 501, ACK, "jkl")
			s.C(106, 501, ACK, "fghiJKLmno")
		}, `1 to-server "abc"; 1 to-server "def"; 1 to-server "ghijklmno"; end 1 end-of-input`},
		{"gap by acknowledgment", func(s *script) {
			s.open()
			s.C(101, 501, ACK, "abc")
			s.C(107, 501, ACK, "ghi")
			s.S(501, 110, ACK, "ok")
		}, `1 to-server "abc"; 1 to-server gap 3; 1 to-server "ghi"; 1 to-client "ok"; end 1 end-of-input`},
		{"reply lost, nothing behind it", func(s *script) {
			s.open()
			s.C(101, 501, ACK, "ask")
			for range 5 {
				s.C(104, 531, ACK, "")
			}
			s.C(104, 531, ACK, "next")
		}, `1 to-server "ask"; 1 to-client gap 30; 1 to-server "next"; end 1 end-of-input`},
		{"acknowledged before recorded", func(s *script) {
			s.open()
			s.C(101, 507, ACK, "ask")
			s.S(501, 104, ACK, "answer")
		}, `1 to-server "ask"; 1 to-client "answer"; end 1 end-of-input`},
		{"gap at the end", func(s *script) {
			s.open()
			s.C(105, 501, ACK, "efg")
			s.C(118, 501, ACK|FIN, "")
		}, `1 to-server gap 4; 1 to-server "efg"; 1 to-server gap 10; 1 to-server closed; end 1 end-of-input`},
		{"cut by the snap length", func(s *script) {
			s.open()
			s.send(true, 101, 501, ACK, "abcdefgh", 5)
			s.C(109, 501, ACK, "ijk")
			s.send(true, 112, 501, ACK|FIN, "lmn", 3)
		}, `1 to-server "abc"; 1 to-server gap 5; 1 to-server "ijk"; 1 to-server gap 3; 1 to-server closed; end 1 end-of-input`},
		{"cut and out of order", func(s *script) {
			s.open()
			s.send(true, 104, 501, ACK, "defgh", 2)
			s.send(true, 101, 501, ACK, "abc", 1)
			s.C(109, 501, ACK, "ijk")
		}, `1 to-server "ab"; 1 to-server gap 1; 1 to-server "def"; 1 to-server gap 2; 1 to-server "ijk"; end 1 end-of-input`},
		{"reset", func(s *script) {
			s.open()
			s.C(101, 501, ACK, "ask")
			s.S(501, 104, RST|ACK, "")
		}, `1 to-server "ask"; 1 to-client closed; 1 to-server closed; end 1 reset`},
		{"reset recorded early", func(s *script) {
			s.open()
			s.S(506, 101, RST, "")
			s.S(501, 101, ACK, "error")
		}, `1 to-client closed; 1 to-server closed; 1 to-client "error"; 1 to-client closed; end 1 reset`},
		{"a reset from elsewhere", func(s *script) {
			s.open()
			require.Nil(s.t, s.S(900000000, 5, RST, ""))
			s.C(101, 501, ACK, "ask")
		}, `1 to-server "ask"; end 1 end-of-input`},
		{"refused", func(s *script) {
			for range 3 {
				s.C(100, 0, SYN, "")
				s.S(0, 101, RST|ACK, "")
			}
		}, `1 to-server closed; end 1 refused`},
		{"unanswered", func(s *script) {
			s.C(100, 0, SYN, "")
			s.now += 30 * second
			s.C(100, 0, SYN, "")
			s.now += 61 * second
			s.tr.Tick(s.now)
		}, `end 1 idle`},
		{"ports used again", func(s *script) {
			s.open()
			s.C(101, 501, ACK, "one")
			s.C(70000, 0, SYN, "")
			s.S(90000, 70001, SYN|ACK, "")
			s.C(70001, 90001, ACK, "two")
			s.C(101, 501, ACK, "one") // twin of the older one
		}, `1 to-server "one"; end 1 reused; new 2 10.0.0.1:40000>10.0.0.2:88; 2 to-server "two"; end 2 end-of-input`},
		{"ports used again after the end, SYN not captured", func(s *script) {
			s.open()
			s.C(101, 501, ACK|FIN, "one")
			s.S(501, 105, ACK|FIN, "")
			s.C(105, 502, ACK, "")
			s.C(70001, 90001, ACK, "two")
			s.S(90001, 70004, ACK, "ok")
		}, `1 to-server "one"; 1 to-server closed; 1 to-client closed; end 1 closed; new 2 10.0.0.1:40000>10.0.0.2:88; 2 to-server "two"; 2 to-client "ok"; end 2 end-of-input`},
		{"goes on after idling out", func(s *script) {
			s.open()
			s.C(101, 501, ACK, "one")
			s.now += 599 * second
			s.tr.Tick(s.now)
			s.now += 599 * second
			s.tr.Tick(s.now)
			s.now += 599 * second
			s.tr.Tick(s.now)
			s.now += 599 * second
			s.tr.Tick(s.now)
			s.C(104, 501, ACK, "two")
		}, `1 to-server "one"; end 1 idle; new 2 10.0.0.1:40000>10.0.0.2:88; 2 to-server "two"; end 2 end-of-input`},
		{"one broken time stamp", func(s *script) {
			s.open()
			was := s.now
			s.now += 100000 * second
			s.C(101, 501, ACK, "one")
			s.now = was
			s.C(104, 501, ACK, "two")
		}, `1 to-server "one"; 1 to-server "two"; end 1 end-of-input`},
		{"mid-stream", func(s *script) {
			s.S(9000, 77, ACK, "answer")
			s.C(77, 9006, ACK, "ask")
			s.S(8990, 77, ACK, "too early!")
		}, `1 to-client "answer"; 1 to-server "ask"; end 1 end-of-input`},
		{"mid-stream, one direction", func(s *script) {
			s.S(9000, 77, ACK, "ans")
			s.S(9006, 77, ACK, "wer")
		}, `1 to-client "ans"; 1 to-client gap 3; 1 to-client "wer"; end 1 end-of-input`},
		{"SYN not captured", func(s *script) {
			s.S(500, 101, SYN|ACK, "")
			s.C(104, 501, ACK, "def")
			s.C(101, 501, ACK, "abc")
		}, `1 to-server "abcdef"; end 1 end-of-input`},
		{"SYN recorded after the SYN-ACK", func(s *script) {
			s.S(500, 101, SYN|ACK, "")
			s.C(100, 0, SYN, "")
			s.C(101, 501, ACK, "abc")
		}, `1 to-server "abc"; end 1 end-of-input`},
		{"SYN recorded after data", func(s *script) {
			s.C(101, 501, ACK, "abc")
			s.C(100, 0, SYN, "")
			s.S(500, 101, SYN|ACK, "")
			s.S(501, 104, ACK, "ok")
		}, `1 to-server "abc"; 1 to-client "ok"; end 1 end-of-input`},
		{"keep-alive", func(s *script) {
			s.open()
			s.C(101, 501, ACK, "abc")
			s.C(103, 501, ACK, "c")
			s.S(500, 104, ACK, "")
			s.C(104, 501, ACK, "def")
		}, `1 to-server "abc"; 1 to-server "def"; end 1 end-of-input`},
		{"strays open nothing", func(s *script) {
			require.Nil(s.t, s.C(5, 5, ACK, ""))
			require.Nil(s.t, s.C(5, 5, RST, ""))
			require.Nil(s.t, s.C(5, 5, ACK|FIN, ""))
		}, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecorder()
			s := newScript(t, Limits{}, r)
			tt.do(s)
			s.tr.Flush()
			got := strings.TrimPrefix(strings.Join(r.events, "; "), opened+"; ")
			assert.Equal(t, tt.want, got)
			assert.Zero(t, s.tr.Held())
			assert.Zero(t, s.tr.Live())
			assert.Zero(t, s.tr.table.n)
			assert.Nil(t, s.tr.holders.first)
		})
	}
}

func TestConnFacts(t *testing.T) {
	r := newRecorder()
	s := newScript(t, Limits{}, r)
	s.C(100, 0, SYN, "")
	s.now += 3 * second
	s.C(100, 0, SYN, "") // frame 2, retransmit
	s.S(500, 101, SYN|ACK, "")
	s.C(101, 501, ACK, "ask")
	s.S(501, 104, ACK, "answer")
	s.S(501, 104, ACK, "answer")
	s.S(502, 104, ACK, "NSWERS")
	s.C(104, 508, FIN|ACK, "")
	s.S(508, 104, RST, "")
	s.tr.Flush()
	require.Len(t, r.conns, 1)
	c := r.conns[0]
	assert.True(t, c.ClientKnown)
	assert.False(t, c.MidStream())
	assert.True(t, c.BothDirections())
	assert.Equal(t, 2, c.SYNCount)
	assert.Equal(t, []uint64{1, 2}, []uint64{c.SYNs[0].Frame, c.SYNs[1].Frame})
	assert.EqualValues(t, 3, c.SYNACK.Frame)
	assert.EqualValues(t, 9, c.RST.Frame)
	assert.Equal(t, ToClient, c.RSTFrom)
	assert.EqualValues(t, 8, c.FINs[ToServer].Frame)
	assert.False(t, c.FINs[ToClient].Ok())
	assert.EqualValues(t, 1, c.First.Frame)
	assert.EqualValues(t, 9, c.Last.Frame)
	h := c.Half(ToClient)
	assert.Equal(t, []uint64{5, 7, 1}, []uint64{h.Packets, h.PayloadBytes, uint64(h.Duplicates)})
	assert.EqualValues(t, 1, s.tr.Stats().Overlaps)
	assert.False(t, c.Refused())
	assert.False(t, c.Unanswered())
	assert.Equal(t, "1:"+CommunityID(c.Client, c.Server, 6)[2:], CommunityID(c.Server, c.Client, 6))
}

// A SYN without an answer is no sign of silence when the client goes on to
// acknowledge one.
func TestServerUnseen(t *testing.T) {
	for _, tt := range []struct {
		name               string
		talk               func(*script)
		unanswered, unseen bool
	}{
		{"silence", func(s *script) { s.C(100, 0, SYN, ""); s.C(100, 0, SYN, "") }, true, false},
		{"client gives up", func(s *script) { s.C(100, 0, SYN, ""); s.C(101, 0, RST|ACK, "") }, true, false},
		{"one direction", func(s *script) { s.C(100, 0, SYN, ""); s.C(101, 501, ACK, "ask") }, false, true},
		{"both", func(s *script) { s.open(); s.C(101, 501, ACK, "ask") }, false, false},
		{"mid-stream", func(s *script) { s.C(101, 501, ACK, "ask") }, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecorder()
			s := newScript(t, Limits{}, r)
			tt.talk(s)
			s.tr.Flush()
			require.Len(t, r.conns, 1)
			assert.Equal(t, tt.unanswered, r.conns[0].Unanswered())
			assert.Equal(t, tt.unseen, r.conns[0].ServerUnseen())
		})
	}
}

func TestConflictsAreNoted(t *testing.T) {
	r := newRecorder()
	r.data = func(*Conn, Dir) {}
	s := newScript(t, Limits{}, r)
	s.open()
	s.C(101, 501, ACK, "abc")
	s.C(101, 501, ACK, "abc")
	s.C(101, 501, ACK, "aXc")
	s.C(110, 501, ACK, "jkl")
	s.C(108, 501, ACK, "hijkX")
	h := r.conns[0].Half(ToServer)
	assert.EqualValues(t, 2, h.Duplicates)
	stats := s.tr.Stats()
	assert.Equal(t, []uint64{2, 1, 2}, []uint64{stats.Duplicates, stats.Overlaps, stats.Conflicts})
	assert.Equal(t, "abc", string(h.Bytes()))
}

// A merged capture: the same flow twice, seconds apart, or each packet twice.
func TestMergedTwice(t *testing.T) {
	type seg struct {
		c        bool
		seq, ack uint32
		flags    Flags
		data     string
	}
	flow := []seg{
		{true, 100, 0, SYN, ""}, {false, 500, 101, SYN | ACK, ""}, {true, 101, 501, ACK, ""}, {true, 101, 501, ACK, "ask"},
		{false, 501, 104, ACK, "ans"}, {false, 504, 104, ACK, "wer"}, {true, 104, 507, ACK | FIN, ""}, {false, 507, 105, ACK | FIN, ""}, {true, 105, 508, ACK, ""},
	}
	want := []string{opened, `1 to-server "ask"`, `1 to-client "ans"`, `1 to-client "wer"`, "1 to-server closed", "1 to-client closed", "end 1 closed"}
	run := func(order []int) {
		r := newRecorder()
		s := newScript(t, Limits{}, r)
		for _, i := range order {
			s.id = uint32(i)
			s.send(flow[i].c, flow[i].seq, flow[i].ack, flow[i].flags, flow[i].data, 0)
			if len(order) > 9 && i == len(flow)-1 {
				s.now += 5 * second
			}
		}
		s.tr.Flush()
		require.Equal(t, want, r.events)
		require.EqualValues(t, 1, r.conns[0].SYNCount)
		require.Equal(t, len(order) > len(flow), r.conns[0].Twins > 0)
	}
	once := []int{0, 1, 2, 3, 4, 5, 6, 7, 8}
	run(once)
	run(append(append([]int{}, once...), once...))
	run([]int{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8})
	run([]int{0, 1, 0, 2, 3, 1, 4, 2, 5, 3, 6, 4, 7, 5, 8, 6, 7, 8})
}

func TestMidStreamDirection(t *testing.T) {
	r := newRecorder()
	s := newScript(t, Limits{}, r)
	s.s = addrPort(b4, 50000) // the client has the lower port
	s.C(1, 1, ACK, "ask")
	c := r.conns[0]
	require.False(t, c.ClientKnown)
	require.True(t, c.MidStream())
	require.Equal(t, s.c, c.Server)
	c.Swap()
	require.True(t, c.ClientKnown)
	require.Equal(t, s.c, c.Client)
	s.C(4, 1, ACK, " more")
	s.S(1, 9, ACK|FIN, "reply")
	require.True(t, c.FINs[ToClient].Ok())
	require.Equal(t, `1 to-client "reply"`, r.events[len(r.events)-2])
	require.EqualValues(t, 2, c.Half(ToServer).Packets)
}

func TestIgnore(t *testing.T) {
	r := newRecorder()
	var c *Conn
	r.data = func(x *Conn, d Dir) {
		c = x
		x.Ignore()
	}
	s := newScript(t, Limits{}, r)
	s.open()
	s.C(101, 501, ACK, "tls")
	r.data = func(*Conn, Dir) { t.Fatal("Data of an ignored connection") }
	s.S(501, 104, ACK, strings.Repeat("x", 5000))
	s.C(204, 501, ACK|FIN, strings.Repeat("x", 5000)) // 100 bytes lost before it
	require.Zero(t, s.tr.Held())
	require.Nil(t, c.Half(ToServer).Bytes())
	s.S(5501, 5205, ACK|FIN, "")
	require.Equal(t, "end 1 closed", r.events[len(r.events)-1])
	require.EqualValues(t, 5000, c.Half(ToClient).PayloadBytes)
}

func TestLeftovers(t *testing.T) {
	r := newRecorder()
	s := newScript(t, Limits{}, r)
	var last []byte
	r.data = func(c *Conn, d Dir) {
		h := c.Half(d)
		last = append([]byte(nil), h.Bytes()...)
		if len(last) > 5 {
			require.Equal(t, []uint64{4, 5, 6}, h.Frames(0, len(last)))
			require.Equal(t, []uint64{5}, h.Frames(3, 3))
			require.EqualValues(t, 5, h.FrameAt(3))
			h.Discard(4)
			require.EqualValues(t, 5, h.FrameAt(0))
			require.EqualValues(t, 4, h.Offset())
		}
	}
	s.open()
	s.C(101, 501, ACK, "abc") // frame 4
	s.C(107, 501, ACK, "ghi") // 5, then the hole is filled
	require.Equal(t, "abc", string(last))
	h := r.conns[0].Half(ToServer)
	require.Equal(t, "abc", string(h.Bytes()))
	r.data = func(c *Conn, d Dir) { last = append([]byte(nil), c.Half(d).Bytes()...) }
	s.C(104, 501, ACK, "def") // 6
	require.Equal(t, "abcdefghi", string(last))
	require.Equal(t, []uint64{4, 5, 6}, h.Frames(0, 9))
	require.Equal(t, []uint64{6}, h.Frames(3, 3))
	require.Equal(t, []uint64{5, 6}, h.AppendFrames(nil, 5, 100))
	require.Nil(t, h.Frames(9, 1))
	require.Nil(t, h.Frames(-1, 1))
	require.Zero(t, h.FrameAt(9))
	require.EqualValues(t, 5, h.FrameAt(6))
	h.Discard(5)
	require.Equal(t, "fghi", string(h.Bytes()))
	require.Equal(t, []uint64{5, 6}, h.Frames(0, 4))
	require.EqualValues(t, 6, h.FrameAt(0))
	h.Discard(100)
	require.EqualValues(t, 9, h.Offset())
	require.Zero(t, h.Skip())
}

// A consumer that leaves a gap standing is taken over it.
func TestGapNotSkipped(t *testing.T) {
	r := newRecorder()
	var seen []string
	r.data = func(c *Conn, d Dir) {
		n, _ := c.Half(d).Gap()
		seen = append(seen, fmt.Sprintf("%d %q <%d>", c.Half(d).Offset(), c.Half(d).Bytes(), n))
	}
	s := newScript(t, Limits{}, r)
	s.open()
	s.C(101, 501, ACK, "abc")
	s.send(true, 107, 501, ACK, "ghi", 1)
	s.C(110, 501, ACK, "jkl")
	s.S(501, 113, ACK, "")
	require.Equal(t, []string{`0 "abc" <0>`, `0 "abc" <3>`, `6 "gh" <1>`, `9 "jkl" <0>`}, seen)
}

func TestLimits(t *testing.T) {
	t.Run("segments waiting", func(t *testing.T) {
		r := newRecorder()
		s := newScript(t, Limits{WaitSegments: 3}, r)
		s.open()
		for i := range uint32(4) {
			s.C(111+2*i, 501, ACK, "x")
		}
		require.Equal(t, "<10>x", r.got["1 to-server"])
		s.tr.Flush()
		require.Equal(t, "<10>x<1>x<1>x<1>x", r.got["1 to-server"])
	})
	t.Run("bytes waiting", func(t *testing.T) {
		r := newRecorder()
		s := newScript(t, Limits{WaitBytes: 2000}, r)
		s.open()
		s.C(111, 501, ACK, strings.Repeat("x", 1000))
		s.C(1111, 501, ACK, strings.Repeat("y", 1000))
		require.True(t, strings.HasPrefix(r.got["1 to-server"], "<10>x"))
		require.Len(t, r.got["1 to-server"], 2004)
	})
	t.Run("unread in a half", func(t *testing.T) {
		r := newRecorder()
		var gaps []uint64
		r.data = func(c *Conn, d Dir) {
			if n, ok := c.Half(d).Gap(); ok {
				require.Empty(t, c.Half(d).Bytes())
				gaps = append(gaps, n)
				c.Half(d).Skip()
			}
		}
		s := newScript(t, Limits{HalfBytes: 1000}, r)
		s.open()
		for i := range uint32(7) {
			s.C(101+300*i, 501, ACK, strings.Repeat("x", 300))
			require.LessOrEqual(t, s.tr.Held(), 1000)
		}
		require.Equal(t, []uint64{1200}, gaps)
		h := r.conns[0].Half(ToServer)
		require.EqualValues(t, 1200, h.Offset())
		require.Len(t, h.Bytes(), 900)
		require.EqualValues(t, 1200, s.tr.Stats().Dropped)
	})
	t.Run("bytes in all", func(t *testing.T) {
		r := newRecorder()
		r.data = func(*Conn, Dir) {}
		s := newScript(t, Limits{TotalBytes: 5000}, r)
		for i := range uint16(50) {
			s.c = addrPort(a4, 40000+i)
			s.C(1, 1, ACK, strings.Repeat("x", 400))
			s.C(1001, 1, ACK, strings.Repeat("x", 100))
			require.LessOrEqual(t, s.tr.Held(), 5000)
		}
		require.Zero(t, r.conns[0].held)
		require.EqualValues(t, 1100, r.conns[0].Half(ToServer).Offset(), "the oldest lost its bytes")
		require.Len(t, r.conns[49].Half(ToServer).Bytes(), 400)
		require.NotZero(t, s.tr.Stats().Dropped)
	})
	t.Run("connections", func(t *testing.T) {
		r := newRecorder()
		s := newScript(t, Limits{Conns: 10}, r)
		for i := range uint16(100) {
			s.c = addrPort(a4, 40000+i)
			s.open()
			s.C(101, 501, ACK, "x")
			require.LessOrEqual(t, s.tr.table.n, 10)
		}
		require.EqualValues(t, 90, s.tr.Stats().Evicted)
		s.c = addrPort(a4, 40090)
		require.EqualValues(t, 91, s.C(102, 501, ACK, "y").ID)
		require.True(t, s.tr.Find(segmentOf(s.s, s.c, 1, 1, ACK, "", 0)) != nil)
		s.c = addrPort(a4, 40089)
		require.False(t, s.tr.Find(segmentOf(s.s, s.c, 1, 1, ACK, "", 0)) != nil)
	})
	t.Run("between the same ports", func(t *testing.T) {
		r := newRecorder()
		s := newScript(t, Limits{}, r)
		for i := range uint32(100) {
			s.C(i*1<<27+5, 1, ACK, "x")
			n := 0
			for c := s.tr.table.get(r.conns[0].hash, &r.conns[0].key); c != nil; c = c.prev {
				n++
			}
			require.LessOrEqual(t, n, maxChain)
		}
	})
	t.Run("one connection", func(t *testing.T) {
		r := newRecorder()
		s := newScript(t, Limits{Conns: 1}, r)
		for i := range uint32(100) {
			s.c = addrPort(a4, 40000+uint16(i%3))
			s.C(i*1<<27+5, 1, []Flags{ACK, SYN, SYN | ACK, FIN | ACK, RST}[i%5], "x")
		}
		s.tr.Flush()
	})
}

func TestSYNTwins(t *testing.T) {
	syn := func(v6 bool, id uint32, options []byte) *Packet {
		c, s := addrPort(a4, 40000), addrPort(b4, 88)
		if v6 {
			c, s = addrPort(a6, 40000), addrPort(b6, 88)
		}
		p := segmentOf(c, s, 100, 0, SYN, "", 0)
		p.IPID, p.V6 = id, v6
		p.tcpHeader = append(p.tcpHeader, options...)
		return p
	}
	stamp := func(v byte) []byte { return []byte{1, 1, 8, 10, 0, 0, 0, v, 0, 0, 0, 0} }
	tests := []struct {
		name   string
		first  *Packet
		second *Packet
		after  int64
		twin   bool
	}{
		{"same IP id, seconds later", syn(false, 7, nil), syn(false, 7, nil), 3 * second, true},
		{"next IP id", syn(false, 7, nil), syn(false, 8, nil), 3 * second, false},
		{"no IP id, seconds later", syn(false, 0, nil), syn(false, 0, nil), 3 * second, false},
		{"no IP id, at once", syn(false, 0, nil), syn(false, 0, nil), 1000, true},
		{"v6, same time stamp", syn(true, 0, stamp(1)), syn(true, 0, stamp(1)), 3 * second, true},
		{"v6, later time stamp", syn(true, 0, stamp(1)), syn(true, 0, stamp(2)), 3 * second, false},
		{"v6, no time stamp", syn(true, 0, []byte{2, 4, 5, 0xb4}), syn(true, 0, []byte{2, 4, 5, 0xb4}), 3 * second, false},
		{"no time at all", syn(true, 0, nil), syn(true, 0, nil), capture.NoTime, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecorder()
			tr := NewTracker(Limits{}, r)
			tr.Add(tt.first, 1, 1e18)
			at := 1e18 + tt.after
			if tt.after == capture.NoTime {
				at = capture.NoTime
			}
			c := tr.Add(tt.second, 2, at)
			require.Equal(t, tt.twin, c.Twins == 1)
			require.Equal(t, !tt.twin, c.SYNCount == 2)
		})
	}
}

// A connection that takes the memory of one that was forgotten is as new.
func TestForgottenConnectionsServeAgain(t *testing.T) {
	states := func(reuse bool) (list []string, again int) {
		seen := map[*Conn]bool{}
		r := newRecorder()
		r.data = func(c *Conn, d Dir) { c.Half(d).Discard(1) }
		s := newScript(t, Limits{Twin: 1e6}, r)
		for i := range uint16(50) {
			s.c = addrPort(a4, 40000+i)
			s.open()
			s.C(101, 501, ACK, "abc")
			c := s.S(501, 104, ACK|FIN, "defg")
			if seen[c] {
				again++
			}
			seen[c] = true
			x := *c
			list = append(list, fmt.Sprint(x.ID, x.Client, x.SYNs, x.SYNACK, x.FINs, x.First, x.Last, x.Twins, x.half[0].data, x.half[1].data, x.half[0].marks, x.half[1].PayloadBytes, x.ended))
			s.C(104, 506, RST, "")
			s.now += 10e9
			if !reuse {
				s.tr.spare = nil
			}
		}
		return list, again
	}
	fresh, none := states(false)
	reused, again := states(true)
	assert.Equal(t, fresh, reused)
	assert.Zero(t, none)
	assert.Greater(t, again, 40)
}
