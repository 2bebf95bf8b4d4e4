package etl_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture/etl"
	. "kerbscope/capture/etl/etltest"
)

// Damage costs what it hits, and is told.
func TestDamage(t *testing.T) {
	frames := lab(t, "key-mismatch/mailbox.pcapng")
	file := Trace{}.Bytes(netsh(frames))
	const size = 8 << 10
	zeroed := func(from, n int) []byte {
		b := bytes.Clone(file)
		clear(b[from:][:n])
		return b
	}
	set := func(at int, v uint32) []byte {
		b := bytes.Clone(file)
		binary.LittleEndian.PutUint32(b[at:], v)
		return b
	}
	for _, c := range []struct {
		name string
		file []byte
		what string
		none bool // nothing is lost
	}{
		{"a buffer never written", zeroed(2*size, size), "", false},
		{"zeros behind the end", append(bytes.Clone(file), make([]byte, 3*size+5)...), "", true},
		{"a header damaged", set(2*size, 0x77777777), "its header is damaged", false},
		{"a header emptied", zeroed(2*size, 0x48), "", false},
		{"a record damaged", set(2*size+0x48, 0x11111111), "a damaged record", false},
		{"cut inside a buffer", file[:5*size+999], "the file ends inside a buffer of 8192 bytes: 999 of it are there", false},
		{"cut inside a buffer header", file[:5*size+9], "the file ends inside a buffer header: 9 bytes", false},
		{"the used length too long", set(2*size+4, 0x7fffffff), "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			packets, r := read(t, c.file, etl.Options{})
			assert.Equal(t, c.none, len(packets) == len(frames))
			assert.NotEmpty(t, packets)
			if c.what == "" {
				assert.Empty(t, r.Faults)
				return
			}
			require.NotEmpty(t, r.Faults)
			assert.Contains(t, r.Faults[0].What, c.what)
		})
	}
}

// A small file that would decompress without end is given up.
func TestBomb(t *testing.T) {
	rec := bytes.Repeat([]byte("\x10\x00\x0e\x80 nothing her"), 60000)
	file := Trace{Compressed: true, Buffer: 1 << 20}.Bytes([]Event{{Time: 1e18, Raw: rec}})
	const head = 0x400
	for range 8 {
		file = append(file, file[head:]...)
	}
	packets, r := read(t, file, etl.Options{})
	assert.Empty(t, packets)
	assert.Less(t, len(file), 100_000)
	require.EqualValues(t, 1, r.Faulted)
	assert.Contains(t, r.Faults[0].What, "decompresses to more than 1000 times its size")
}

// Every prefix, and every kind of damage, is survived: an end, no panic, the
// same again.
func TestHostile(t *testing.T) {
	frames := spread(lab(t, "key-mismatch/hub.pcap"))[:30]
	rnd := rand.New(rand.NewPCG(7, 7))
	for _, file := range map[string][]byte{
		"netsh":      Trace{Buffer: 2 << 10}.Bytes(netsh(frames)),
		"fragments":  Trace{Buffer: 2 << 10}.Bytes(Fragments(frames[0], 5, 0, 1)),
		"pktmon":     Trace{Compressed: true}.Bytes(layers(frames, true, 0, true)),
		"pktmon new": Trace{Buffer: 4 << 10}.Bytes(layers(frames, false, 128, false)),
	} {
		for range 50 {
			survives(t, file[:rnd.IntN(len(file))])
		}
		for range 500 {
			b := bytes.Clone(file)
			for range 1 + rnd.IntN(4) {
				at := rnd.IntN(len(b))
				switch rnd.IntN(3) {
				case 0:
					b[at] = byte(rnd.Uint32())
				case 1:
					b[at] ^= 1 << rnd.IntN(8)
				default:
					copy(b[at:], []byte{0xff, 0xff, 0xff, 0x7f}[:min(4, len(b)-at)])
				}
			}
			survives(t, b)
		}
	}
}

// survives reads whatever file is, twice.
func survives(t testing.TB, file []byte) {
	var sums [2]string
	for i := range sums {
		for _, all := range []bool{false, true} {
			r, err := etl.NewReader(bytes.NewReader(file), int64(len(file)), etl.Options{AllCopies: all})
			if err != nil {
				sums[i] += err.Error()
				continue
			}
			list := drain(t, r)
			why, _ := r.NoPackets()
			sums[i] += fmt.Sprint(list, r.Header, r.Counts, r.Faults, r.Interfaces(), why)
			for _, f := range r.Faults {
				require.NotContains(t, f.What, "%!")
			}
		}
	}
	if sums[0] != sums[1] {
		t.Fatal("not the same twice")
	}
}

func FuzzETL(f *testing.F) {
	frames := spread(lab(f, "key-mismatch/hub.pcap"))[:4]
	f.Add(Trace{Buffer: 1 << 10}.Bytes(netsh(frames)))
	f.Add(Trace{Narrow: true}.Bytes(Fragments(frames[0], 5, 0, 1)))
	f.Add(Trace{Compressed: true}.Bytes(layers(frames, true, 0, true)))
	f.Add(Trace{Buffer: 1 << 10}.Bytes(layers(frames, false, 60, false)))
	f.Add(Trace{}.Bytes([]Event{SwitchPort(frames[0], 0, 5, 3, "dc1", 2, 42), Netsh(Frame{Data: ToAMSDU(frames[0].Data, frames[1].Data)}, 0, WiFi, 1, 1)}))
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 0x50 { // what tells the format is right, so that the reader is what is tried
			file = bytes.Clone(file)
			file[0x36], file[0x37], file[0x4b], file[0x4e], file[0x4f] = 4, 0, 0xc0, 0, 0
			file[0x4a] = 1 + file[0x4a]&1
		}
		survives(t, file)
	})
}
