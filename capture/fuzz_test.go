package capture

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// survives reads whatever file is, and checks what holds for every input:
// no panic, an end, frames numbered without holes, packets inside their batch,
// bounded memory, and the same result for every block size and every time.
func survives(t testing.TB, file []byte) {
	var sums []string
	for _, block := range []int{minBlock, 1 << 10, DefaultBlock, DefaultBlock} {
		src, err := OpenReader("fuzz", bytes.NewReader(file), BlockSize(block))
		if err != nil {
			sums = append(sums, err.Error())
			continue
		}
		var b Batch
		var all bytes.Buffer
		var n, size uint64
		for {
			err := src.Next(&b)
			if err == io.EOF {
				break
			}
			ifaces := len(src.Info().Interfaces)
			if err != nil || len(b.Records) == 0 || cap(b.Data) > 2*(maxNgBlock+DefaultBlock) {
				t.Fatalf("%v, %d records, %d bytes", err, len(b.Records), cap(b.Data))
			}
			for i := range b.Records {
				p := b.Packet(i)
				n++
				if p.Frame != n || p.Len > p.Wire || int(p.Interface) >= ifaces {
					t.Fatalf("%+v after frame %d of %d interfaces", p.Record, n-1, ifaces)
				}
				size += uint64(p.Len)
				if all.Len() < 1<<20 {
					fmt.Fprintln(&all, p.Time, p.Wire, p.Interface, p.Link)
					all.Write(p.Data)
				}
			}
		}
		info := src.Info()
		require.Equal(t, n, info.Frames)
		require.Equal(t, size, info.Bytes)
		require.LessOrEqual(t, len(info.Interfaces), maxIfaces)
		require.LessOrEqual(t, len(info.Faults), maxFaults)
		require.NoError(t, src.Close())
		fmt.Fprintf(&all, "%+v", info)
		sums = append(sums, all.String())
	}
	for _, s := range sums[1:] {
		if s != sums[0] {
			t.Fatalf("one block size gives\n%q\nanother\n%q", sums[0], s)
		}
	}
}

func addSamples(f *testing.F, want func(format string) bool) {
	for _, s := range samples(f) {
		if len(s.file) < 20000 && want(s.format) {
			f.Add(s.file)
		}
	}
}

func FuzzPcap(f *testing.F) {
	addSamples(f, func(format string) bool { return format == "pcap" })
	f.Fuzz(func(t *testing.T, file []byte) {
		// The magic number is right, so that the reader is what is tried.
		if len(file) > 4 && !isPcap(append(file[:4:4], make([]byte, 40)...)) {
			file = append([]byte("\xd4\xc3\xb2\xa1\x02\x00"), file[4:]...)
		}
		survives(t, file)
	})
}

func FuzzPcapng(f *testing.F) {
	addSamples(f, func(format string) bool { return format == "pcapng" })
	f.Fuzz(func(t *testing.T, file []byte) {
		if !isPcapng(file) {
			file = append(shb(le), file...)
		}
		survives(t, file)
	})
}

func FuzzNetmon(f *testing.F) {
	addSamples(f, func(format string) bool { return format == "netmon" })
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) >= 6 {
			file = append([]byte("GMBU"), file[4:]...)
			file[5] = 2
		}
		survives(t, file)
	})
}

func FuzzOpen(f *testing.F) {
	addSamples(f, func(string) bool { return true })
	f.Fuzz(func(t *testing.T, file []byte) { survives(t, file) })
}

// Every prefix of a capture is read as far as it goes.
func TestPrefixes(t *testing.T) {
	for _, s := range samples(t) {
		if len(s.file) > 6000 {
			continue
		}
		whole, _ := readAll(t, s.file)
		for n := 0; n < len(s.file); n += 1 + len(s.file)/400 {
			src, err := OpenReader("x", bytes.NewReader(s.file[:n]))
			if err != nil {
				var fe *FormatError
				require.ErrorAs(t, err, &fe)
				continue
			}
			ps, info := drain(t, src)
			if s.faults == 0 && s.format != "etl" && s.name != "modified pcap, SuSE" && s.name != "pcap, Nokia" && s.name != "modified pcap, standard magic" {
				// No packet comes out that is not in the whole file. (What is cut
				// off an event trace is the last buffers, not the last packets.)
				require.LessOrEqual(t, len(ps), len(whole), "%s, %d bytes", s.name, n)
				require.True(t, slices.Equal(whole[:len(ps)], ps), "%s, %d bytes", s.name, n)
				require.LessOrEqual(t, info.Faulted, uint64(1))
			}
		}
	}
}

func TestCorpusPrefixes(t *testing.T) {
	files := corpus(t)
	for _, path := range files[:min(len(files), 10)] {
		src, err := Open(path)
		require.NoError(t, err)
		whole, _ := drain(t, src)
		require.NoError(t, src.Close())
		file := readFile(t, path)
		for n := 0; n < len(file); n += 1 + len(file)/20 {
			src, err := OpenReader(path, bytes.NewReader(file[:n]))
			if err != nil {
				continue
			}
			ps, _ := drain(t, src)
			require.True(t, slices.Equal(whole[:len(ps)], ps), "%s, %d bytes", path, n)
		}
	}
}
