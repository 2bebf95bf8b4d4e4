package decode

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// plain is one IPv4 frame on Ethernet.
func plain(proto uint8, sport, dport uint16, flags uint8, payload []byte) []byte {
	head := 20
	if proto == 17 {
		head = 8
	}
	f := make([]byte, 34+head, 34+head+len(payload))
	f[12], f[14], f[23] = 8, 0x45, proto
	be := binary.BigEndian
	be.PutUint16(f[16:], uint16(20+head+len(payload)))
	copy(f[26:], []byte{10, 0, 0, byte(sport), 10, 0, 1, byte(dport)})
	be.PutUint16(f[34:], sport)
	be.PutUint16(f[36:], dport)
	if proto == 17 {
		be.PutUint16(f[38:], uint16(8+len(payload)))
	} else {
		f[46], f[47] = 5<<4, flags
	}
	return append(f, payload...)
}

// unrelated are batches of packets that have nothing to do with Kerberos, by
// what the gate must do to know.
func unrelated() map[string]*capture.Batch {
	rnd := rand.New(rand.NewPCG(4, 4))
	noise := make([]byte, 650)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	noise[len(noise)-1] = 0
	record := append([]byte{0x17, 3, 3, 2, 133}, noise[5:]...)
	batch := func(frame func(port uint16) []byte) *capture.Batch {
		b := &capture.Batch{}
		for i := range 400 {
			f := frame(uint16(50000 + i%100))
			b.Records = append(b.Records, capture.Record{Time: int64(i), Frame: uint64(i + 1), Off: uint32(len(b.Data)), Len: uint32(len(f)), Wire: uint32(len(f)), Link: capture.LinkEthernet})
			b.Data = append(b.Data, f...)
		}
		return b
	}
	return map[string]*capture.Batch{
		"UDP":            batch(func(p uint16) []byte { return plain(17, p, 5004, 0, noise) }),
		"Acknowledgment": batch(func(p uint16) []byte { return plain(6, p, 22, 0x10, nil) }),
		"TLSRecord":      batch(func(p uint16) []byte { return plain(6, p, 4433, 0x18, record) }),
		"Searched":       batch(func(p uint16) []byte { return plain(6, p, 22, 0x18, noise) }),
	}
}

// BenchmarkGate is what a packet that is of no use costs, its headers included.
func BenchmarkGate(b *testing.B) {
	for name, batch := range unrelated() {
		b.Run(name, func(b *testing.B) {
			d := New(Options{}, &null{})
			b.ReportAllocs()
			for b.Loop() {
				Prepare(batch)
				d.Batch(0, batch)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(batch.Records)), "ns/packet")
		})
	}
}

// TestGateAllocatesNothing: nor does it let any of them through.
func TestGateAllocatesNothing(t *testing.T) {
	for name, batch := range unrelated() {
		d := New(Options{}, &null{})
		decode := func() {
			Prepare(batch)
			d.Batch(0, batch)
		}
		decode()
		require.Zero(t, testing.AllocsPerRun(10, decode), name)
		require.Zero(t, d.tracker.Stats().Segments, name)
	}
}
