package flow

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// cuts splits [0, n) at random into parts of at most longest.
func cuts(rnd *rand.Rand, n, longest int) [][2]int {
	var out [][2]int
	for at := 0; at < n; {
		end := min(n, at+1+rnd.IntN(longest))
		out = append(out, [2]int{at, end})
		at = end
	}
	return out
}

// Any split of a stream, shuffled within a window, with parts sent twice and
// parts overlapping, gives the same bytes, and each byte the frame that brought
// it first; whatever the consumer leaves unread.
func TestAnySplit(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		streams := [2][]byte{make([]byte, rnd.IntN(3000)), make([]byte, rnd.IntN(3000))}
		isn := [2]uint32{rnd.Uint32(), -uint32(rnd.IntN(2000))} // the second wraps
		type part struct{ dir, from, to int }
		var parts []part
		for d, s := range streams {
			for i := range s {
				s[i] = byte(rnd.Uint32())
			}
			for _, c := range cuts(rnd, len(s), 1+rnd.IntN(200)) {
				parts = append(parts, part{d, c[0], c[1]})
				if rnd.IntN(4) == 0 {
					from := max(0, c[0]-rnd.IntN(50))
					parts = append(parts, part{d, from, min(len(s), c[1]+rnd.IntN(50))})
				}
			}
		}
		rnd.Shuffle(len(parts), func(i, j int) {
			if d := i - j; d < 30 && d > -30 {
				parts[i], parts[j] = parts[j], parts[i]
			}
		})

		first := [2][]uint64{make([]uint64, len(streams[0])), make([]uint64, len(streams[1]))}
		read := [2]int{}
		r := newRecorder()
		check := func(c *Conn, d Dir) {
			h := c.Half(d)
			b, off := h.Bytes(), int(h.Offset())
			require.Equal(t, read[d], off)
			require.True(t, bytes.Equal(streams[d][off:off+len(b)], b), "seed %d", seed)
			want := map[uint64]bool{}
			for i := range b {
				if h.FrameAt(i) != first[d][off+i] || h.TimeAt(i) != 1e18+int64(h.FrameAt(i)) {
					t.Fatalf("seed %d, byte %d: frame %d, not %d", seed, off+i, h.FrameAt(i), first[d][off+i])
				}
				want[h.FrameAt(i)] = true
			}
			require.Len(t, h.Frames(0, len(b)), len(want))
			_, gap := h.Gap()
			require.False(t, gap)
		}
		r.data = func(c *Conn, d Dir) {
			check(c, d)
			n := rnd.IntN(len(c.Half(d).Bytes()) + 1)
			c.Half(d).Discard(n)
			read[d] += n
			check(c, d)
		}
		tr := NewTracker(Limits{}, r)
		ends := [2]int{40000, 88}
		feed := func(frame uint64, dir int, seq uint32, flags Flags, data []byte) {
			c, s := addrPort(a4, uint16(ends[0])), addrPort(b4, uint16(ends[1]))
			if dir == 1 {
				c, s = s, c
			}
			ack := isn[1-dir] + 1
			tr.Add(segmentOf(c, s, seq, ack, flags, string(data), 0), frame, int64(1e18+frame))
		}
		feed(1, 0, isn[0], SYN, nil)
		feed(2, 1, isn[1], SYN|ACK, nil)
		for i, q := range parts {
			frame := uint64(i + 3)
			for k := q.from; k < q.to; k++ {
				if first[q.dir][k] == 0 {
					first[q.dir][k] = frame
				}
			}
			feed(frame, q.dir, isn[q.dir]+1+uint32(q.from), ACK, streams[q.dir][q.from:q.to])
		}
		require.Len(t, r.conns, 1)
		for d := range Dir(2) {
			h := r.conns[0].Half(d)
			require.EqualValues(t, len(streams[d]), h.PayloadBytes, "seed %d", seed)
			require.Equal(t, len(streams[d]), int(h.Offset())+len(h.Bytes()), "seed %d", seed)
		}
		tr.Flush()
	}
}

// A stream of more than 4 GiB: sequence numbers come round, positions do not.
func TestWraparound(t *testing.T) {
	r := newRecorder()
	r.data = func(c *Conn, d Dir) {
		h := c.Half(d)
		h.Discard(len(h.Bytes()))
		if _, ok := h.Gap(); ok {
			h.Skip()
			h.Discard(len(h.Bytes()))
		}
	}
	s := newScript(t, Limits{}, r)
	s.open()
	seq := uint32(101)
	for range 160 { // 32 MiB each, most of it lost
		seq += 32 << 20
		s.C(seq-1, 501, ACK, "x")
		s.S(501, seq, ACK, "")
	}
	h := r.conns[0].Half(ToServer)
	require.Len(t, r.conns, 1)
	require.EqualValues(t, uint64(160*32<<20), h.Offset())
	require.EqualValues(t, 160, h.Gaps)
}

// fuzzed reads a script of segments from bytes; the consumer's whims, too.
type fuzzed struct {
	t      testing.TB
	tr     *Tracker
	log    strings.Builder
	whims  []byte
	whim   int
	ended  map[uint64]bool
	opened uint64
}

func (f *fuzzed) next() byte {
	if len(f.whims) == 0 {
		return 0
	}
	f.whim++
	return f.whims[f.whim%len(f.whims)]
}

func (f *fuzzed) New(c *Conn) {
	if f.opened++; c.ID != f.opened {
		f.t.Fatalf("connection %d is the %dth", c.ID, f.opened)
	}
	fmt.Fprintln(&f.log, "new", c.ID, c.Client, c.Server, c.ClientKnown)
}

func (f *fuzzed) Data(c *Conn, d Dir) {
	if f.ended[c.ID] {
		f.t.Fatal("Data after End")
	}
	h := c.Half(d)
	n, gap := h.Gap()
	fmt.Fprintln(&f.log, "data", c.ID, d, h.Offset(), len(h.Bytes()), n, gap, h.Closed(), h.Frames(0, len(h.Bytes())))
	for i := range h.Bytes() {
		if h.FrameAt(i) == 0 {
			f.t.Fatal("a byte without a frame")
		}
	}
	was := h.Offset()
	switch f.next() % 8 {
	case 0, 1, 2:
		h.Discard(len(h.Bytes()))
	case 3:
		h.Discard(int(f.next()))
	case 4:
		h.Skip()
	case 5:
		if f.next()%8 == 0 {
			h.Ignore()
		}
	case 6:
		if f.next()%16 == 0 {
			c.Ignore()
		} else if f.next()%4 == 0 {
			c.Swap()
		}
	case 7:
		c.Half(d.Other()).Discard(int(f.next()))
	}
	if h.Offset() < was {
		f.t.Fatal("position goes back")
	}
}

func (f *fuzzed) End(c *Conn, why EndReason) {
	if f.ended[c.ID] {
		f.t.Fatal("End twice")
	}
	f.ended[c.ID] = true
	fmt.Fprintln(&f.log, "end", c.ID, why, c.Half(0).PayloadBytes, c.Half(1).PayloadBytes)
}

var fuzzLimits = Limits{Conns: 6, HalfBytes: 600, TotalBytes: 1500, WaitBytes: 700, WaitSegments: 5}

func runFuzzed(t testing.TB, script, whims []byte) string {
	f := &fuzzed{t: t, whims: whims, ended: map[uint64]bool{}}
	f.tr = NewTracker(fuzzLimits, f)
	var seqs [8]uint32
	now := int64(1e18)
	fill := bytes.Repeat([]byte("abcdefghijklmnopqrstuvwxyz0123456789"), 8)
	for frame := uint64(1); len(script) >= 8; frame++ {
		op := script[:8]
		script = script[8:]
		flow, dir := op[0]>>1&3, op[0]&1
		src, dst := addrPort(a4, 40000+uint16(flow)), addrPort(b4, 88)
		if flow == 3 {
			dst = src // to itself
		}
		if dir == 1 {
			src, dst = dst, src
		}
		at, ack := &seqs[flow<<1|dir], seqs[flow<<1|1-dir]
		n := int(op[1])
		seq := *at + uint32(int8(op[2]))*uint32(op[3]>>4)
		if op[3]&15 == 15 {
			seq += uint32(op[4]) << 24
		} else {
			*at = seq + uint32(n)
		}
		ack += uint32(int8(op[5])) * 16
		now += int64(int8(op[6])) * 1e9
		p := segmentOf(src, dst, seq, ack, Flags(op[7]), string(fill[:n]), min(n, int(op[4]>>6)*int(op[4]&7)))
		f.tr.Add(p, frame, now)
		check(t, f.tr)
	}
	f.tr.Flush()
	if f.tr.Held() != 0 || f.tr.Live() != 0 || f.tr.table.n != 0 || f.tr.holders.first != nil || uint64(len(f.ended)) != f.opened {
		t.Fatal("something is left")
	}
	return f.log.String()
}

// check holds the Tracker's books against what it holds.
func check(t testing.TB, tr *Tracker) {
	held, n := 0, 0
	for _, s := range tr.table.slots {
		c := s.c
		for ; c != nil; c = c.prev {
			n++
			if c.list == nil {
				t.Fatal("a connection in no list")
			}
			for i := range c.half {
				h := &c.half[i]
				held += h.held()
				if h.gap != 0 || h.borrowed || (len(h.marks) > 0) != (len(h.data) > 0) || (h.own != nil) != (len(h.data) > 0) {
					t.Fatal("a half is not settled")
				}
				at := h.end()
				for k, q := range h.wait.list {
					if q.off < at || q.end <= q.off || k == 0 && q.off == at {
						t.Fatal("pieces overlap or are due")
					}
					at = q.end
				}
				if len(h.wait.list) > tr.lim.WaitSegments || h.wait.cost > tr.lim.WaitBytes || len(h.data) > tr.lim.HalfBytes {
					t.Fatal("over a limit")
				}
			}
		}
	}
	if held != tr.held || held > tr.lim.TotalBytes {
		t.Fatalf("%d bytes held, %d in the books", held, tr.held)
	}
	if n > tr.lim.Conns || n != tr.Live()+tr.dead.n {
		t.Fatalf("%d connections, %d in lists", n, tr.Live()+tr.dead.n)
	}
}

func FuzzTracker(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x01\x02\x01\x00\x00\x00\x00\x00\x01\x12\x00\x20\x01\x10\x00\x00\x01\x10\x01\x20\x00\x00\x00\x01\x01\x11"), []byte{0, 3, 9})
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		b := make([]byte, 800)
		for i := range b {
			b[i] = byte(rnd.Uint32())
			switch i % 8 {
			case 2, 5, 6:
				b[i] = byte(rnd.IntN(5) - 1)
			case 7:
				b[i] = []byte{2, 18, 16, 16, 16, 17, 4, 24}[rnd.IntN(8)]
			}
		}
		f.Add(b, b[700:])
	}
	f.Fuzz(func(t *testing.T, script, whims []byte) {
		script = script[:min(len(script), 8000)]
		if a, b := runFuzzed(t, script, whims), runFuzzed(t, script, whims); a != b {
			t.Fatal("not the same twice")
		}
	})
}

func BenchmarkTracker(b *testing.B) {
	payload := strings.Repeat("x", 1400)
	r := &discarder{}
	client, server := addrPort(a4, 40000), addrPort(b4, 88)
	b.Run("segment", func(b *testing.B) {
		b.ReportAllocs()
		tr := NewTracker(Limits{}, r)
		p := segmentOf(client, server, 1, 1, ACK, payload, 0)
		for i := range b.N {
			p.Seq += 1400
			tr.Add(p, uint64(i), int64(i))
		}
	})
	b.Run("ignored", func(b *testing.B) {
		b.ReportAllocs()
		tr := NewTracker(Limits{}, r)
		p := segmentOf(client, server, 1, 1, ACK, payload, 0)
		tr.Add(p, 1, 1).Ignore()
		for i := range b.N {
			p.Seq += 1400
			tr.Add(p, uint64(i), int64(i))
		}
	})
	b.Run("scattered", func(b *testing.B) { // over so many connections that none is in the cache
		b.ReportAllocs()
		tr := NewTracker(Limits{}, r)
		const conns = 1 << 14
		src, dst := IPFrom(client.Addr()), IPFrom(server.Addr())
		for i := range b.N {
			n := uint32(i) * 0x9e3779b1 % conns
			p := Packet{Src: src, Dst: dst, SrcPort: uint16(n), DstPort: 88, Proto: protoTCP, Seq: 1 + uint32(i/conns)*4, Flags: ACK, Payload: []byte("abcd"), PayloadWire: 4}
			tr.AddHashed(&p, p.Hash(Seed), uint64(i+1), int64(i))
		}
	})
	b.Run("kdc-exchange", func(b *testing.B) { // 9 segments a connection
		b.ReportAllocs()
		tr := NewTracker(Limits{}, r)
		segs := []*Packet{
			segmentOf(client, server, 100, 0, SYN, "", 0), segmentOf(server, client, 500, 101, SYN|ACK, "", 0), segmentOf(client, server, 101, 501, ACK, "", 0),
			segmentOf(client, server, 101, 501, ACK, payload, 0), segmentOf(server, client, 501, 1501, ACK, payload, 0), segmentOf(client, server, 1501, 1901, ACK|FIN, "", 0),
			segmentOf(server, client, 1901, 1502, ACK|FIN, "", 0), segmentOf(client, server, 1502, 1902, ACK, "", 0), segmentOf(server, client, 501, 1501, ACK, payload, 0),
		}
		for i := range b.N {
			s := *segs[i%len(segs)]
			port := uint16(i / len(segs))
			if s.DstPort == 88 {
				s.SrcPort = port
			} else {
				s.DstPort = port
			}
			shift := uint32(i/len(segs)) << 12
			s.Seq, s.Ack = s.Seq+shift, s.Ack+shift
			tr.Add(&s, uint64(i), int64(i)*1e4)
		}
		b.ReportMetric(float64(tr.Stats().Conns), "conns")
	})
}

// A scan and an unread flood cost no more per packet as they go on, and no more
// memory than the limits say.
func TestFloods(t *testing.T) {
	tr := NewTracker(Limits{Conns: 1000, TotalBytes: 1 << 20}, &sleeper{})
	payload := strings.Repeat("x", 700)
	for i := range 200000 {
		client, server := addrPort(a4, uint16(i)), addrPort(b4, uint16(i>>16))
		tr.Add(segmentOf(client, server, uint32(i), 0, SYN, "", 0), uint64(i+1), int64(i)*1e3)
		if i%4 == 0 {
			tr.Add(segmentOf(client, server, uint32(i)+1+uint32(i%3), 0, ACK, payload, 0), uint64(i+1), int64(i)*1e3)
		}
		if tr.table.n > 1000 || tr.Held() > 1<<20 {
			t.Fatal("over a limit")
		}
	}
	tr.Flush()
	require.Zero(t, tr.Held())
}

// A sleeper reads nothing.
type sleeper struct{}

func (*sleeper) New(*Conn)            {}
func (*sleeper) Data(*Conn, Dir)      {}
func (*sleeper) End(*Conn, EndReason) {}

// A discarder reads and forgets.
type discarder struct{}

func (*discarder) New(*Conn) {}
func (*discarder) Data(c *Conn, d Dir) {
	h := c.Half(d)
	h.Discard(len(h.Bytes()))
}
func (*discarder) End(*Conn, EndReason) {}
