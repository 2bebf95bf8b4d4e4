package analyze

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/capture/netmontest"
)

// netmonOf writes a capture of the corpus as a NetMon file with local times.
func netmonOf(t *testing.T, path string, zone time.Duration) string {
	src, err := capture.Open(path)
	require.NoError(t, err)
	f := netmontest.File{Minor: 1, Zone: zone}
	var b capture.Batch
	for {
		err := src.Next(&b)
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		for i := range b.Records {
			p := b.Packet(i)
			f.Frames = append(f.Frames, netmontest.Frame{Time: p.Time, Data: append([]byte(nil), p.Data...), Wire: int(p.Wire), Media: 1})
		}
	}
	f.Start = f.Frames[0].Time
	out := filepath.Join(t.TempDir(), "local.cap")
	require.NoError(t, os.WriteFile(out, f.Bytes(), 0o644))
	return out
}

// The zone of a capture of local times is told by the errors that carry their
// sender's time; what is found is what UTC gives.
func TestLocalTime(t *testing.T) {
	const utc = "../pcaps/key-mismatch/mailbox.pcapng"
	investigate := func(path string) *Report {
		r, errs := Investigate(t.Context(), []capture.Input{{Label: "x", Path: path}}, Options{})
		require.Empty(t, errs)
		return r
	}
	want := investigate(utc)
	for _, zone := range []time.Duration{0, -7 * time.Hour, 5*time.Hour + 45*time.Minute, 13 * time.Hour} {
		got := investigate(netmonOf(t, utc, zone))
		require.Len(t, got.Findings, len(want.Findings))
		for i, f := range got.Findings {
			assert.Equal(t, want.Findings[i].Rule, f.Rule)
			assert.Equal(t, want.Findings[i].Summary, f.Summary)
		}
		assert.Equal(t, want.Captures[0].First[:23], got.Captures[0].First[:23])
		n := 0
		for _, b := range got.BlindSpots {
			if b.Kind == "local-times" {
				n++
				assert.True(t, strings.Contains(b.Summary, "by the times that hosts tell"), b.Summary)
			}
		}
		assert.Equal(t, 1, n)
	}
	// Nobody tells UTC.
	c, errs := Read(context.Background(), []capture.Input{{Label: "x", Path: netmonOf(t, "../pcaps/tcp-88-blocked/"+firstCapture(t, "../pcaps/tcp-88-blocked"), time.Hour)}}, Options{})
	require.Empty(t, errs)
	facts := c.Report(Options{}).BlindSpots
	told := ""
	for _, b := range facts {
		if b.Kind == "local-times" {
			told = b.Summary
		}
	}
	assert.NotEmpty(t, told)
}

func firstCapture(t *testing.T, dir string) string {
	m, err := filepath.Glob(dir + "/*.pcap*")
	require.NoError(t, err)
	require.NotEmpty(t, m)
	return filepath.Base(m[0])
}
