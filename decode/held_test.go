package decode

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	floods "kerbscope/pcaps/big/hostile"
)

// nothing is a Sink that keeps nothing.
type nothing struct{ exchanges int }

func (*nothing) Message(*Message)     {}
func (n *nothing) Exchange(*Exchange) { n.exchanges++ }
func (*nothing) Session(*Session)     {}
func (*nothing) Sighting(*Sighting)   {}

// assertBounds reads a capture and holds what is counted to its bounds: never
// less than nothing, never much more than allowed, and nothing at the end.
func assertBounds(t *testing.T, src capture.Source) *Decoder {
	t.Helper()
	d := New(Options{}, &nothing{})
	pool := capture.NewPool(3)
	for {
		b := pool.Get()
		err := src.Next(b)
		if err == io.EOF {
			b.Release()
			break
		}
		require.NoError(t, err)
		d.Batch(0, b)
		for _, held := range []struct {
			what         string
			bytes, bound int
		}{{"sessions", d.kept, maxKept}, {"exchanges", d.kdc.kept, maxOpenBytes}, {"raw", d.rawKept, maxRawBytes}, {"talks", d.talks.kept, maxTalkBytes}} {
			require.GreaterOrEqual(t, held.bytes, 0, held.what)
			require.LessOrEqual(t, held.bytes, held.bound+4<<20, held.what)
		}
		require.LessOrEqual(t, d.kdc.n, maxOpenExchanges)
		require.LessOrEqual(t, len(d.kpw), maxRawUDP)
		require.LessOrEqual(t, len(d.talks.of), maxTalks)
	}
	d.Close()
	assert.Zero(t, d.kept, "sessions")
	assert.Zero(t, d.kdc.kept, "exchanges")
	assert.Zero(t, d.rawKept, "raw")
	assert.Zero(t, d.talks.kept, "talks")
	return d
}

func TestHeldBytesAreBounded(t *testing.T) {
	for _, c := range []struct {
		name  string
		n     int
		limit string // that bites
	}{
		{"big-requests", 800, "exchanges under way"}, {"elements", 800, "exchanges under way"}, {"kpasswd", 8000, "raw exchanges over UDP"},
		{"dns-talks", 6000, "talks over UDP"}, {"pipes", 700, "bytes of sessions"}, {"big-tokens", 900, "bytes of sessions"},
		{"attempts", 600, ""}, {"smtp", 500, ""}, {"long-names", 200, ""}, {"kdcs", 20000, "exchanges under way"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, floods.Find(c.name).Write(&b, c.n))
			src, err := capture.OpenReader(c.name, &b)
			require.NoError(t, err)
			d := assertBounds(t, src)
			if c.limit != "" {
				assert.NotZero(t, d.Stats(0).Limits[c.limit], "%v", d.Stats(0).Limits)
			}
		})
	}
}

// Half-open connections give way to what little else is under way.
func TestHalfOpenConnectionsGiveWay(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, floods.Find("port-scan").Write(&b, 400000))
	src, err := capture.OpenReader("port-scan", &b)
	require.NoError(t, err)
	defer src.Close()
	d := New(Options{}, &nothing{})
	pool := capture.NewPool(3)
	for err == nil {
		b := pool.Get()
		if err = src.Next(b); err == nil {
			d.Batch(0, b)
		}
	}
	require.ErrorIs(t, err, io.EOF)
	require.Greater(t, d.tracker.Live(), 30000)
	d.kept, d.rawKept, d.talks.kept = 6<<20, 6<<20, 6<<20
	d.shed()
	assert.LessOrEqual(t, d.underWay(), maxUnderWay)
	assert.Greater(t, d.tracker.Live(), 15000)
	assert.Equal(t, 18<<20, d.kept+d.rawKept+d.talks.kept)
}

// What is counted is taken back, whatever a capture holds.
func TestHeldBytesAreGivenBack(t *testing.T) {
	for _, f := range corpusFiles(t) {
		src, err := capture.Open(f)
		require.NoError(t, err)
		assertBounds(t, src)
		src.Close()
	}
}
