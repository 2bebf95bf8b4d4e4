package analyze

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/decode"
)

// A clock that is set, back or forth, in the middle of anything makes nobody
// look silent that is not.
func TestClockSet(t *testing.T) {
	for i, path := range liveCases(t) {
		if i%4 != 0 {
			continue
		}
		whole := NewLive(LiveOptions{Name: "x"})
		info := goLive(t, path, 1000, whole, nil)
		want := map[string]bool{}
		for _, f := range whole.Close(Facts{Info: info}).Findings(Rules()) {
			want[f.Rule] = true
		}
		for _, step := range []int64{int64(time.Hour), -int64(time.Hour)} {
			l := NewLive(LiveOptions{Name: "x"})
			src, err := capture.Open(path)
			require.NoError(t, err)
			var b capture.Batch
			n, messages := uint64(0), uint64(0)
			for src.Next(&b) == nil {
				for i := range b.Records {
					if n++; n == info.Frames/2 {
						messages = l.Counts().Stats.Messages
						l.Restart()
						require.Equal(t, messages, l.Counts().Stats.Messages)
					}
					one := capture.Batch{Data: b.Data, Records: slices.Clone(b.Records[i : i+1])}
					if n >= info.Frames/2 {
						one.Records[0].Time += step
					}
					l.Batch(&one)
					l.Tick(one.Records[0].Time + 1e6)
				}
			}
			require.NoError(t, src.Close())
			c := l.Close(Facts{Info: src.Info()})
			for _, f := range c.Findings(Rules()) {
				if slices.Contains(silent, f.Rule) && f.Severity == Error {
					assert.True(t, want[f.Rule], "%s, clock set by %v: %s", path, time.Duration(step), f.Summary)
				}
			}
			assert.Contains(t, kindsOf(c.Report(Options{})), "clock-set")
		}
	}
}

func TestStatsPlus(t *testing.T) {
	a := decode.Stats{Gaps: 1, Messages: 2, Limits: map[string]uint64{"x": 1}}
	b := decode.Stats{Gaps: 3, OtherGaps: 1, Limits: map[string]uint64{"x": 2, "y": 1}}
	require.Equal(t, decode.Stats{Gaps: 4, OtherGaps: 1, Messages: 2, Limits: map[string]uint64{"x": 3, "y": 1}}, a.Plus(b))
	require.Equal(t, map[string]uint64{"x": 1}, a.Limits, "nothing is changed")
	require.Equal(t, a, a.Plus(decode.Stats{}))
}
