package flow

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// frag4 and frag6 make fragments of a datagram of a protocol.
func frag4(t testing.TB, proto int, whole []byte, from, to int) *Packet {
	p, v := look(t, capture.LinkRaw, ipv4{src: a4, dst: b4, proto: proto, id: 77, fragOff: from, more: to < len(whole)}.bytes(whole[from:to]))
	require.Equal(t, Fragment, v)
	return &p
}

func frag6(t testing.TB, next int, whole []byte, from, to int) *Packet {
	more := 0
	if to < len(whole) {
		more = 1
	}
	p, v := look(t, capture.LinkRaw, ip6(a6, b6, 44, -1, cat([]byte{byte(next), 0}, u16(from|more), u32(77), whole[from:to])))
	require.Equal(t, Fragment, v)
	return &p
}

func TestFragments(t *testing.T) {
	body := bytes.Repeat([]byte("kerberos"), 100)
	whole := udp(1000, 88, body) // 808 bytes
	other := bytes.Repeat([]byte{'X'}, len(whole))
	v6 := cat([]byte{17, 0, 1, 4, 0, 0, 0, 0}, whole) // destination options come first
	cut := frag4(t, 17, whole, 400, 808)
	cut.Payload = cut.Payload[:100]
	middle := frag4(t, 17, whole, 400, 600)
	middle.Payload = middle.Payload[:100]
	tests := []struct {
		name    string
		frags   []*Packet
		frames  []uint64
		payload []byte // nil: never complete
		overlap bool
	}{
		{"in order", []*Packet{frag4(t, 17, whole, 0, 400), frag4(t, 17, whole, 400, 808)}, []uint64{1, 2}, body, false},
		{"backwards", []*Packet{frag4(t, 17, whole, 600, 808), frag4(t, 17, whole, 400, 600), frag4(t, 17, whole, 0, 400)}, []uint64{1, 2, 3}, body, false},
		{"each twice", []*Packet{frag4(t, 17, whole, 0, 400), frag4(t, 17, whole, 0, 400), frag4(t, 17, whole, 400, 808), frag4(t, 17, whole, 400, 808)}, []uint64{1, 3}, body, false},
		{"overlapping", []*Packet{frag4(t, 17, whole, 0, 400), frag4(t, 17, other, 200, 600), frag4(t, 17, whole, 600, 808)}, []uint64{1, 2, 3},
			cat(body[:392], bytes.Repeat([]byte{'X'}, 200), body[592:]), true},
		{"hole", []*Packet{frag4(t, 17, whole, 0, 392), frag4(t, 17, whole, 400, 808)}, []uint64{1, 2}, nil, false},
		{"no last", []*Packet{frag4(t, 17, whole, 0, 400), frag4(t, 17, whole, 400, 600)}, []uint64{1, 2}, nil, false},
		{"no first", []*Packet{frag4(t, 17, whole, 400, 808)}, []uint64{1}, nil, false},
		{"last one cut", []*Packet{frag4(t, 17, whole, 0, 400), cut}, []uint64{1, 2}, body[:492], false},
		{"middle one cut", []*Packet{middle, frag4(t, 17, whole, 600, 808), frag4(t, 17, whole, 0, 400)}, []uint64{1, 2, 3}, body[:492], false},
		{"v6", []*Packet{frag6(t, 60, v6, 400, 816), frag6(t, 60, v6, 0, 400)}, []uint64{1, 2}, body, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var lost []*Lost
			f := NewFragments(FragmentLimits{}, func(l *Lost) { lost = append(lost, l) })
			var got []*Datagram
			for i, p := range tt.frags {
				if d := f.Add(p, uint64(i+1), int64(i)); d != nil {
					got = append(got, d)
				}
			}
			f.Flush()
			require.Zero(t, f.Held())
			if tt.payload == nil {
				require.Empty(t, got)
				require.Len(t, lost, 1)
				assert.Equal(t, tt.frames, lost[0].Frames)
				assert.Equal(t, tt.frags[0].HasPorts, lost[0].HasPorts)
				assert.Equal(t, LostEnd, lost[0].Why)
				if lost[0].HasPorts {
					assert.EqualValues(t, 88, lost[0].DstPort)
				}
				return
			}
			require.Empty(t, lost)
			require.Len(t, got, 1)
			d := got[0]
			assert.Equal(t, UDP, d.Verdict)
			assert.Equal(t, string(tt.payload), string(d.Payload))
			assert.EqualValues(t, len(body), d.PayloadWire)
			assert.Equal(t, tt.frames, d.Frames)
			assert.Equal(t, tt.overlap, d.Overlap)
			assert.Equal(t, []uint16{1000, 88}, []uint16{d.SrcPort, d.DstPort})
			assert.Equal(t, tt.frags[0].Src, d.Src)
		})
	}
}

func TestFragmentsOfTCP(t *testing.T) {
	f := NewFragments(FragmentLimits{}, nil)
	whole := tcp(1, 88, 5, 6, ACK, bytes.Repeat([]byte("x"), 100))
	require.Nil(t, f.Add(frag4(t, 6, whole, 0, 64), 1, 1))
	d := f.Add(frag4(t, 6, whole, 64, 120), 2, 2)
	require.Equal(t, TCP, d.Verdict)
	require.EqualValues(t, 5, d.Seq)
	require.Len(t, d.Payload, 100)
}

// Twins of a complete datagram are dropped; the same id with other bytes is
// another datagram.
func TestFragmentTwins(t *testing.T) {
	f := NewFragments(FragmentLimits{Done: 2}, func(*Lost) { t.Fatal("lost") })
	one, two := udp(1, 88, bytes.Repeat([]byte("1"), 100)), udp(1, 88, bytes.Repeat([]byte("2"), 100))
	n := 0
	for i, whole := range [][]byte{one, one, two, two, one} {
		for k, p := range []*Packet{frag4(t, 17, whole, 0, 56), frag4(t, 17, whole, 56, 108)} {
			if f.Add(p, uint64(2*i+k), int64(i)) != nil {
				n++
			}
		}
	}
	f.Flush()
	require.Equal(t, 3, n)
}

func TestFragmentLimits(t *testing.T) {
	count := map[LostWhy]int{}
	f := NewFragments(FragmentLimits{Datagrams: 10, Bytes: 20000, Pieces: 5}, func(l *Lost) { count[l.Why]++ })
	whole := udp(1, 88, make([]byte, 5000))
	add := func(id uint32, from, to int, time int64) {
		p := frag4(t, 17, whole, from, to)
		p.IPID = id
		f.Add(p, 1, time)
		require.LessOrEqual(t, f.Held(), 20000)
		require.LessOrEqual(t, len(f.table), 10)
	}
	for id := range uint32(20) {
		add(id, 0, 8, 0)
	}
	require.Equal(t, map[LostWhy]int{LostLimit: 10}, count)
	for id := range uint32(20) {
		add(100+id, 0, 4000, 0)
	}
	require.Greater(t, count[LostLimit], 20)
	f.Flush()
	clear(count)
	for i := range 5 {
		add(500, i*16, i*16+8, 0)
	}
	require.Equal(t, map[LostWhy]int{LostLimit: 1}, count)
	add(501, 0, 8, 0)
	f.Tick(31 * second)
	require.Equal(t, map[LostWhy]int{LostLimit: 1, LostAge: 1}, count)
	require.Zero(t, f.Held())
	add(502, 0, 8, 32*second)
	p := frag4(t, 17, whole, 0, 8)
	p.FragOff = 65528
	p.PayloadWire = 8
	require.Nil(t, f.Add(p, 1, 33*second), "beyond the longest datagram")
}

func TestAnyFragmentation(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		body := make([]byte, 1+rnd.IntN(5000))
		for i := range body {
			body[i] = byte(rnd.Uint32())
		}
		whole := udp(1000, 88, body)
		var frags []*Packet
		for _, c := range cuts(rnd, (len(whole)+7)/8, 1+rnd.IntN(100)) {
			from, to := c[0]*8, min(c[1]*8, len(whole))
			if from == 0 && to == len(whole) {
				continue
			}
			frags = append(frags, frag4(t, 17, whole, from, to))
			if rnd.IntN(3) == 0 {
				frags = append(frags, frag4(t, 17, whole, max(0, from-8), to))
			}
		}
		if len(frags) < 2 {
			continue
		}
		rnd.Shuffle(len(frags), func(i, j int) { frags[i], frags[j] = frags[j], frags[i] })
		f := NewFragments(FragmentLimits{}, nil)
		var d *Datagram
		for i, p := range frags {
			if got := f.Add(p, uint64(i+1), 5); got != nil && d == nil {
				d = got
			}
		}
		require.NotNil(t, d, "seed %d", seed)
		require.True(t, bytes.Equal(body, d.Payload), "seed %d", seed)
	}
}

func FuzzFragments(f *testing.F) {
	f.Add([]byte("\x00\x00\x08\x01\x00\x01\x08\x00\x01\x00\x08\x01"))
	f.Add(bytes.Repeat([]byte("\x11\x05\x30\x03\x12\x00\x20\x01"), 20))
	f.Fuzz(func(t *testing.T, script []byte) {
		script = script[:min(len(script), 4000)]
		run := func() string {
			var log bytes.Buffer
			fill := bytes.Repeat([]byte("\x00\x11\x00\x58\x00\x00\x00\x00"), 40)
			fr := NewFragments(FragmentLimits{Datagrams: 4, Pieces: 20, Bytes: 8000, Done: 3}, func(l *Lost) { fmt.Fprintln(&log, "lost", l.Frames, l.Have, l.Whole, l.Why) })
			now := int64(0)
			for frame := uint64(1); len(script) >= int(frame)*4; frame++ {
				op := script[frame*4-4 : frame*4]
				wire := int(op[2])
				p := Packet{Src: IP{0, 1}, Dst: IP{0, 2}, Proto: []byte{17, 6, 60, 44}[op[0]>>2&3], V6: op[0]&16 != 0, IPID: uint32(op[0] & 3),
					FragOff: uint32(op[1]) * 8, FragMore: op[3]&1 != 0, PayloadWire: uint32(wire), Payload: fill[op[3]>>5:][:wire-min(wire, int(op[3]>>1&7))]}
				now += int64(op[3]>>4) * 1e9
				if d := fr.Add(&p, frame, now); d != nil {
					if len(d.Payload) > int(d.PayloadWire) || len(d.Frames) == 0 {
						t.Fatal("a datagram longer than itself")
					}
					fmt.Fprintln(&log, d.Verdict, d.Frames, d.Payload, d.PayloadWire)
				}
				held := 0
				for _, d := range fr.table {
					held += d.got.cost + 16*len(d.sums) + partialCost
				}
				if held != fr.Held() || held > 8000 || len(fr.table) > 4 || len(fr.done) > 3 {
					t.Fatalf("%d bytes held, %d in the books", held, fr.Held())
				}
			}
			fr.Flush()
			if fr.Held() != 0 || len(fr.table) != 0 {
				t.Fatal("something is left")
			}
			return log.String()
		}
		first := run()
		if first != run() {
			t.Fatal("not the same twice")
		}
	})
}
