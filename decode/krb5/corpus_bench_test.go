package krb5_test

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// realMessages are the messages of the corpus that are whole, by type.
func realMessages(tb testing.TB) map[string][][]byte {
	tb.Helper()
	files, err := filepath.Glob("../../pcaps/*/*.pcap*")
	require.NoError(tb, err)
	list := map[string][][]byte{}
	for _, path := range files {
		src, err := capture.Open(path)
		require.NoError(tb, err)
		s := &sink{}
		d := decode.New(decode.Options{}, s)
		for {
			b := &capture.Batch{}
			if err := src.Next(b); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				break // broken on purpose
			}
			d.Batch(0, b)
		}
		d.Close()
		src.Close()
		for _, m := range s.messages {
			if m.Malformed == nil && len(m.Anomalies) == 0 {
				list[m.Type.String()] = append(list[m.Type.String()], m.Raw)
			}
		}
	}
	return list
}

// BenchmarkRealMessages parses the messages of the corpus without keys, one
// after the other: at most 2 µs and two allocations for any type.
func BenchmarkRealMessages(b *testing.B) {
	list := realMessages(b)
	names := make([]string, 0, len(list))
	for name := range list {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		b.Run(name, func(b *testing.B) {
			size := 0
			for _, m := range list[name] {
				size += len(m)
			}
			b.SetBytes(int64(size / len(list[name])))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				krb5.Parse(list[name][i%len(list[name])])
			}
		})
	}
}

// TestRealAllocations: one, two where lists are long, for any message of the corpus.
func TestRealAllocations(t *testing.T) {
	list := realMessages(t)
	require.Greater(t, len(list), 6)
	for name, messages := range list {
		for _, m := range messages[:min(len(messages), 200)] {
			n := testing.AllocsPerRun(5, func() { krb5.Parse(m) })
			if !assert.LessOrEqual(t, n, 2.0, "%s of %d bytes", name, len(m)) {
				break
			}
		}
	}
}
