package capture

import (
	"bytes"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// mixed returns a file of many packets of the sizes that real traffic has.
func mixed(ng bool) ([]byte, int) {
	sizes := []int{66, 66, 1514, 1514, 60, 590, 1514, 120, 78, 350}
	frames := make([][]byte, len(sizes))
	for i, n := range sizes {
		frames[i] = frame(n, uint64(i))
	}
	var b []byte
	if ng {
		b = join(shb(le), idb(le, 1, 262144))
	} else {
		b = pcapHead(le, 0xa1b2c3d4, 262144, 1)
	}
	n := 0
	for ; len(b) < 16<<20; n++ {
		f := frames[n%len(frames)]
		if ng {
			b = append(b, epb(le, 0, t0*1e6+uint64(n), f, len(f))...)
		} else {
			b = append(b, pcapRec(le, t0, uint32(n%1e6), f, len(f))...)
		}
	}
	return b, n
}

// Reading and walking a file in memory, with one batch used again and again.
func benchmarkWalk(b *testing.B, ng bool) {
	file, packets := mixed(ng)
	var batch Batch
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		src, err := OpenReader("x", bytes.NewReader(file))
		require.NoError(b, err)
		n := 0
		for src.Next(&batch) == nil {
			n += len(batch.Records)
		}
		if n != packets {
			b.Fatal(n, packets)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*packets), "ns/packet")
}

func BenchmarkPcap(b *testing.B)   { benchmarkWalk(b, false) }
func BenchmarkPcapng(b *testing.B) { benchmarkWalk(b, true) }

// BenchmarkFile reads the file that KERBSCOPE_BIG names.
func BenchmarkFile(b *testing.B) {
	path := os.Getenv("KERBSCOPE_BIG")
	if path == "" {
		b.Skip("KERBSCOPE_BIG names no file")
	}
	var batch Batch
	b.ReportAllocs()
	var packets uint64
	for b.Loop() {
		src, err := Open(path)
		require.NoError(b, err)
		for err == nil {
			err = src.Next(&batch)
		}
		require.Equal(b, io.EOF, err)
		packets = src.Info().Frames
		st, err := os.Stat(path)
		require.NoError(b, err)
		b.SetBytes(st.Size())
		src.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(uint64(b.N)*packets), "ns/packet")
}

func BenchmarkWriter(b *testing.B) {
	f := frame(650, 1)
	w := NewWriter(io.Discard, Section{})
	_, err := w.AddInterface(Interface{Link: 1})
	require.NoError(b, err)
	b.SetBytes(int64(len(f)))
	b.ReportAllocs()
	for b.Loop() {
		w.WritePacket(Record{Time: t0 * 1e9, Wire: 650}, f, PacketOptions{Flags: 1})
	}
}

// Reading allocates per file, not per packet.
func TestNoAllocPerPacket(t *testing.T) {
	for _, ng := range []bool{false, true} {
		file, packets := mixed(ng)
		var batch Batch
		run := func() {
			src, err := OpenReader("x", bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			for src.Next(&batch) == nil {
			}
		}
		run() // fills the buffers
		allocs := testing.AllocsPerRun(2, run)
		require.Less(t, allocs, 100.0, "%d packets", packets)
	}
}
