package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// TestSameWhateverTheScheduling: reading ahead, decoding and folding go on at
// the same time, and captures beside each other; what comes out does not tell.
func TestSameWhateverTheScheduling(t *testing.T) {
	one := strung(t)
	rows := [][]string{
		{"analyze", "--quiet", "--format", "json", one},
		{"decode", "--quiet", "--format", "ndjson", one},
		{"analyze", "--quiet", "--format", "text", one,
			filepath.Join(corpusRoot, "all-carriers-healthy"), filepath.Join(corpusRoot, "kdc-failover"), filepath.Join(corpusRoot, "clock-skew-client")},
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, args := range rows {
		var first string
		for _, procs := range []int{1, 2, 8} {
			runtime.GOMAXPROCS(procs)
			var out, errs bytes.Buffer
			require.Equal(t, exitOK, run(args, nil, &out, &errs), errs.String())
			require.Greater(t, out.Len(), 1000)
			if first == "" {
				first = out.String()
			}
			require.True(t, first == out.String(), "%v with GOMAXPROCS %d", args, procs)
		}
	}
}

// strung writes the captures of the corpus, one after the other and some among
// each other, into one file that takes many blocks to read.
func strung(t *testing.T) string {
	t.Helper()
	cases, err := filepath.Glob(filepath.Join(corpusRoot, "*", "*.pcap*"))
	require.NoError(t, err)
	if raceDetector || testing.Short() {
		cases = cases[:len(cases)/4]
	}
	path := filepath.Join(t.TempDir(), "strung.pcapng")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	w := capture.NewWriter(f, capture.Section{})
	_, err = w.AddInterface(capture.Interface{Link: capture.LinkEthernet, TicksPS: 1e9})
	require.NoError(t, err)
	now := int64(1.7e18)
	var b [3]capture.Batch
	for len(cases) > 0 {
		// Three at a time, frame by frame in turn.
		var srcs []capture.Source
		for len(srcs) < len(b) && len(cases) > 0 {
			src, err := capture.Open(cases[0], capture.BlockSize(1<<20))
			require.NoError(t, err)
			srcs, cases = append(srcs, src), cases[1:]
		}
		most := 0
		for i, src := range srcs {
			if err := src.Next(&b[i]); err != nil {
				require.ErrorIs(t, err, io.EOF)
			}
			most = max(most, len(b[i].Records))
			require.NoError(t, src.Close())
		}
		for n := range most {
			for i := range srcs {
				if n >= len(b[i].Records) {
					continue
				}
				if p := b[i].Packet(n); p.Link == capture.LinkEthernet {
					now += 1e5
					require.NoError(t, w.WritePacket(capture.Record{Time: now, Wire: p.Wire}, p.Data, capture.PacketOptions{}))
				}
			}
		}
	}
	require.NoError(t, w.Flush())
	return path
}
