package analyze

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/decode"
)

// goLive gives the packets of a file to a Live, a few at a time, and calls
// after with each lot.
func goLive(t testing.TB, path string, few int, l *Live, after func(info capture.Info)) capture.Info {
	t.Helper()
	src, err := capture.Open(path)
	require.NoError(t, err)
	defer src.Close()
	for {
		var b capture.Batch
		err := src.Next(&b)
		if errors.Is(err, io.EOF) {
			return src.Info()
		}
		require.NoError(t, err)
		for i := 0; i < len(b.Records); i += few {
			part := capture.Batch{Data: b.Data, Records: b.Records[i:min(i+few, len(b.Records))]}
			l.Batch(&part)
			if after != nil {
				after(src.Info())
			}
		}
	}
}

// liveCases are the captures that tests run as if live: all of the corpus that
// keep the time of UTC.
func liveCases(t testing.TB) []string {
	files, err := filepath.Glob("../pcaps/*/*.pcap*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func asJSON(t testing.TB, v any) string {
	b, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	return string(b)
}

// What a Live says at the end is what a file with the same packets says,
// however often it was asked on the way, and however the packets came in.
func TestLiveLikeFile(t *testing.T) {
	for i, path := range liveCases(t) {
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		in := []capture.Input{{Path: path, Label: name}}
		want, problems := Investigate(context.Background(), in, Options{})
		for _, few := range []int{1, 7} {
			l := NewLive(LiveOptions{Name: name})
			n := 0
			info := goLive(t, path, few, l, func(info capture.Info) {
				if n++; few == 7 && n%3 == 0 || few == 1 && (n+i)%40 == 0 {
					l.Snapshot(Facts{Info: info}).Report(Options{})
				}
			})
			got := l.Close(Facts{Info: info}).Report(Options{})
			if len(problems) > 0 {
				got.Captures[0].Problem = want.Captures[0].Problem
			}
			require.Equal(t, asJSON(t, want), asJSON(t, got), "%s by %d", path, few)
		}
	}
}

// A snapshot after the last packet says what the end of the capture says, but
// for what is too young: most of the corpus.
func TestSnapshotAtTheEnd(t *testing.T) {
	for _, path := range liveCases(t) {
		l := NewLive(LiveOptions{Name: "x"})
		info := goLive(t, path, 1000, l, nil)
		l.Tick(info.Last + int64(6*time.Second))
		before := l.Snapshot(Facts{Info: info}).Report(Options{})
		again := l.Snapshot(Facts{Info: info}).Report(Options{})
		require.Equal(t, asJSON(t, before), asJSON(t, again), path)
		after := l.Close(Facts{Info: info}).Report(Options{})
		var have []string
		for _, f := range before.Findings {
			have = append(have, f.ID)
		}
		for _, f := range after.Findings {
			if f.Severity == Error && f.Confidence == Certain {
				require.Contains(t, have, f.ID, path)
			}
		}
	}
}

// Trouble is news a few times, and the like of it later is not; what is well is none.
func TestTrouble(t *testing.T) {
	l := NewLive(LiveOptions{})
	from, to := netip.MustParseAddrPort("10.0.0.1:4000"), netip.MustParseAddrPort("10.0.0.2:88")
	step := func(x decode.Exchange) uint64 {
		before := l.Trouble()
		l.trouble.exchange(&x)
		return l.Trouble() - before
	}
	require.Zero(t, step(decode.Exchange{Kind: decode.AS, Client: from, Server: to, Ending: decode.OK}))
	for i := range 100 {
		want := uint64(0)
		if i < newsUntil {
			want = 1
		}
		require.Equal(t, want, step(decode.Exchange{Kind: decode.AS, Client: from, Server: to, Ending: decode.Failed}), i)
	}
	require.EqualValues(t, 1, step(decode.Exchange{Kind: decode.AS, Client: from, Server: to, Ending: decode.Unanswered}))
	require.EqualValues(t, 1, step(decode.Exchange{Kind: decode.TGS, Client: from, Server: to, Ending: decode.Failed}))
	require.EqualValues(t, 1, step(decode.Exchange{Kind: decode.AS, Client: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.9"), 1), Server: to, Ending: decode.Failed}))
	l.trouble.session(&decode.Session{Client: from, Server: to, Attempts: []*decode.Attempt{{Mech: "kerberos", Result: &decode.Result{Outcome: decode.Accepted}}}})
	l.trouble.sighting(&decode.Sighting{Kind: decode.DNSAnswer})
	require.EqualValues(t, newsUntil+3, l.Trouble())
	l.trouble.session(&decode.Session{Client: from, Server: to, Attempts: []*decode.Attempt{{Mech: "ntlm", Result: &decode.Result{Outcome: decode.Accepted}}}})
	l.trouble.sighting(&decode.Sighting{Kind: decode.SYNUnanswered})
	require.EqualValues(t, newsUntil+5, l.Trouble())
	for i := range 3 * maxTroubles {
		step(decode.Exchange{Kind: decode.AP, Client: from, Server: netip.AddrPortFrom(to.Addr(), uint16(i)), Ending: decode.Denied})
		require.LessOrEqual(t, len(l.trouble.seen), maxTroubles)
	}
}
