package decode

import (
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// null is a Sink that keeps nothing.
type null struct{ messages int }

func (n *null) Message(*Message)   { n.messages++ }
func (n *null) Exchange(*Exchange) {}
func (n *null) Session(*Session)   {}
func (n *null) Sighting(*Sighting) {}

// BenchmarkFile decodes the capture named in KERBSCOPE_BIG (pcaps/big makes
// one) from the page cache.
func BenchmarkFile(b *testing.B) {
	path := os.Getenv("KERBSCOPE_BIG")
	if path == "" {
		b.Skip("decodes the large capture named in KERBSCOPE_BIG; pcaps/big makes one")
	}
	runs := 0
	for b.Loop() {
		runs++
		src, err := capture.Open(path)
		require.NoError(b, err)
		d := New(Options{}, &null{})
		pool := capture.NewPool(3)
		for {
			batch := pool.Get()
			err := src.Next(batch)
			if err == io.EOF {
				break
			}
			require.NoError(b, err)
			d.Batch(0, batch)
		}
		d.Close()
		info := src.Info()
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(runs)/float64(info.Frames), "ns/frame")
		src.Close()
	}
}
