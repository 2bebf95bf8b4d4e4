package flow

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The table holds what a map does, also when hashes meet.
func TestConnTable(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 5))
	var tab connTable
	want := map[connKey]*Conn{}
	for range 50000 {
		n := rnd.Uint64N(900)
		c := &Conn{connHot: connHot{key: connKey{ap: uint16(n)}, hash: n % 300 * 7}}
		switch got := tab.get(c.hash, &c.key); {
		case got != want[c.key]:
			t.Fatal("another connection")
		case got == nil || rnd.IntN(4) == 0:
			tab.set(c)
			want[c.key] = c
		default:
			tab.remove(c)
			delete(want, c.key)
		}
		require.Equal(t, len(want), tab.n)
	}
	require.Less(t, len(tab.slots), 4096)
}

// passer passes over what it is given and as much again.
type passer struct {
	read, passed uint64
	calls        int
}

func (p *passer) New(*Conn) {}
func (p *passer) Data(c *Conn, d Dir) {
	h := c.Half(d)
	p.calls++
	p.passed += h.TakePassed()
	p.read += uint64(len(h.Bytes()))
	h.Discard(len(h.Bytes()))
	h.Pass(100)
}
func (p *passer) End(c *Conn, _ EndReason) {
	p.passed += c.half[0].TakePassed() + c.half[1].TakePassed()
}

// Bytes passed over are not told of, and counted; the first that goes beyond,
// comes out of order or ends the stream is told of again.
func TestPass(t *testing.T) {
	p := &passer{}
	tr := NewTracker(Limits{}, p)
	seg := func(seq uint32, n int, f Flags) *Packet {
		return &Packet{Src: IP{0, 1}, Dst: IP{0, 2}, SrcPort: 40000, DstPort: 445, Proto: protoTCP, Flags: f, Seq: seq, Payload: make([]byte, n), PayloadWire: uint32(n)}
	}
	seq, frame := uint32(1000), uint64(0)
	add := func(n int, f Flags) {
		frame++
		tr.Add(seg(seq, n, f), frame, int64(frame))
		seq += uint32(n)
	}
	add(50, ACK)
	require.Equal(t, 1, p.calls)
	add(60, ACK)
	add(0, ACK)
	add(40, ACK)
	require.Equal(t, 1, p.calls, "passed over")
	add(1, ACK)
	require.Equal(t, 2, p.calls, "beyond what was to be passed over")
	require.EqualValues(t, 100, p.passed)
	frame++
	tr.Add(seg(seq+10, 10, ACK), frame, int64(frame))
	require.Equal(t, 2, p.calls, "out of order: it waits")
	add(10, ACK)
	require.Equal(t, 3, p.calls)
	seq += 10
	add(30, ACK)
	require.Equal(t, 3, p.calls)
	c := tr.Find(seg(seq, 0, ACK))
	n, at := c.Half(ToServer).Passed()
	require.EqualValues(t, 130, n)
	require.EqualValues(t, frame, at)
	require.Equal(t, Seen{frame, int64(frame)}, c.Last)
	add(0, FIN|ACK)
	require.Equal(t, 4, p.calls, "the end is told of")
	tr.Flush()
	require.EqualValues(t, 130, p.passed)
	require.EqualValues(t, 71, p.read)
}

// Packets that are only counted cost no memory.
func TestPassAllocatesNothing(t *testing.T) {
	p := &passer{}
	tr := NewTracker(Limits{}, p)
	q := &Packet{Src: IP{0, 1}, Dst: IP{0, 2}, SrcPort: 40000, DstPort: 445, Proto: protoTCP, Flags: ACK, Seq: 7, Payload: make([]byte, 9), PayloadWire: 9}
	tr.Add(q, 1, 1)
	q.Seq, q.Payload, q.PayloadWire = 16, nil, 0
	require.Zero(t, testing.AllocsPerRun(100, func() { tr.Add(q, 2, 2) }))
}
