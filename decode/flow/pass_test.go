package flow

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A skipper is a consumer of units, the first byte of which tells their length,
// that passes over the rest of them. It notes where they begin.
type skipper struct {
	log  []string
	skip map[[2]uint64]uint64
}

func (p *skipper) New(c *Conn) {}

func (p *skipper) Data(c *Conn, d Dir) {
	h := c.Half(d)
	k := [2]uint64{c.ID, uint64(d)}
	p.skip[k] -= min(p.skip[k], h.TakePassed())
	for len(h.Bytes()) > 0 {
		if n := min(p.skip[k], uint64(len(h.Bytes()))); n > 0 {
			p.skip[k] -= n
			h.Discard(int(n))
			continue
		}
		p.log = append(p.log, fmt.Sprintf("%d %v at %d, frame %d", c.ID, d, h.Offset(), h.FrameAt(0)))
		p.skip[k] = uint64(h.Bytes()[0]) * 40
		h.Discard(1)
	}
	if _, gap := h.Gap(); gap {
		p.skip[k] = 0
	}
	h.Pass(p.skip[k])
}

func (p *skipper) End(c *Conn, why EndReason) {
	s := fmt.Sprintf("%d %v %v %v", c.ID, why, c.Last, c.FINs)
	for _, d := range []Dir{ToServer, ToClient} {
		h := c.Half(d)
		s += fmt.Sprintf(" %d %d %d %d %d", h.Packets, h.PayloadBytes, h.Duplicates, h.Gaps, h.Offset())
	}
	p.log = append(p.log, s)
}

// TestQuickIsAdd: packets that Quick takes leave everything as Add would. The
// packets of a few connections come in and out of order, twice or not at all.
func TestQuickIsAdd(t *testing.T) {
	quick := 0
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		var ps []Packet
		for conn := range 6 {
			var mine []Packet
			seq := [2]uint32{rnd.Uint32(), rnd.Uint32()}
			for range 60 {
				side := rnd.IntN(2)
				p := Packet{Src: IP{0, mapped4 | 1}, Dst: IP{0, mapped4 | 2}, SrcPort: uint16(40000 + conn), DstPort: 445, Proto: protoTCP,
					Flags: ACK, Seq: seq[side], Ack: seq[1-side]}
				if side == 1 {
					p.Src, p.Dst, p.SrcPort, p.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
				}
				if rnd.IntN(3) > 0 {
					p.Payload = make([]byte, 1+rnd.IntN(900))
					p.Payload[0] = byte(rnd.IntN(256))
					p.PayloadWire = uint32(len(p.Payload))
					if rnd.IntN(40) == 0 {
						p.PayloadWire += 10
					}
				}
				seq[side] += p.PayloadWire
				if rnd.IntN(60) == 0 {
					p.Flags |= FIN
				}
				switch rnd.IntN(25) {
				case 0:
				case 1:
					mine = append(mine, p, p)
				case 2:
					mine = append(mine, p)
					if i := len(mine) - 1; i > 0 {
						mine[i], mine[i-1] = mine[i-1], mine[i]
					}
				default:
					mine = append(mine, p)
				}
			}
			ps = append(ps, mine...)
		}
		// In turn, each connection's in its own order.
		mixed := make([]Packet, 0, len(ps))
		for queues := queuesOf(ps); len(queues) > 0; {
			i := rnd.IntN(len(queues))
			mixed = append(mixed, queues[i][0])
			if queues[i] = queues[i][1:]; len(queues[i]) == 0 {
				queues = slices.Delete(queues, i, i+1)
			}
		}
		ps = mixed
		run := func(useQuick bool) []string {
			h := skipper{skip: map[[2]uint64]uint64{}}
			tr := NewTracker(Limits{}, &h)
			now := int64(1e18)
			for i := range ps {
				p := ps[i]
				now += int64(time.Millisecond) * int64(1+i%7)
				if i%97 == 0 {
					now += int64(20 * time.Second)
				}
				b := p.Brief()
				if useQuick && tr.Calm(b.Hash) && tr.Quick(&b, uint64(i+1), now) {
					quick++
					continue
				}
				tr.AddHashed(&p, b.Hash, uint64(i+1), now)
			}
			tr.Flush()
			return h.log
		}
		require.Equal(t, run(false), run(true), seed)
	}
	require.Greater(t, quick, 1000)
}

// queuesOf are the packets of each connection.
func queuesOf(ps []Packet) (queues [][]Packet) {
	at := map[uint16]int{}
	for _, p := range ps {
		port := max(p.SrcPort, p.DstPort)
		if _, ok := at[port]; !ok {
			at[port] = len(queues)
			queues = append(queues, nil)
		}
		queues[at[port]] = append(queues[at[port]], p)
	}
	return queues
}
