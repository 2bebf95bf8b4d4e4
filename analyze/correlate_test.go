package analyze

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode"
)

// traffic is what a KDC and a service answer all day: clients that ask for a
// ticket and show it, each now and then refused. The messages are parsed once,
// and told with other addresses, frames and times.
func traffic(tb testing.TB) []*decode.Exchange {
	s := &synth{tb: tb, c: NewCase(0), port: 1024, now: 1e18}
	var list []*decode.Exchange
	for i := range 50 {
		client := fmt.Sprint("user", i)
		service := tkt{fmt.Sprintf("smtp/h%d.contoso.com", i%7), 18, 5, fmt.Sprint("c", i)}
		list = append(list,
			s.as(kdcX{client: client, list: windowsList, hint: []int32{18, 23}, preauth: 18, ticket: tgt1}),
			s.tgs(kdcX{client: client, list: windowsList, ticket: service}),
			s.ap(apX{to: "10.0.0.20:25", ticket: service}))
	}
	return append(list, s.tgs(kdcX{list: windowsList, sname: "cifs/nowhere", code: 7}), s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, code: 31}))
}

// foldTraffic folds exchanges of ten thousand clients, the from-th to the to-th.
func foldTraffic(c *Case, list []*decode.Exchange, from, to int) {
	x := decode.Exchange{}
	for i := from; i < to; i++ {
		steps := x.Steps[:0]
		x = *list[i%len(list)]
		at := int64(1e18) + int64(i)*1e5
		client := netip.AddrFrom4([4]byte{10, 7, byte(i % 10_000 >> 8), byte(i % 10_000)})
		x.Client = netip.AddrPortFrom(client, uint16(i))
		x.Ended += at - x.Started
		for _, s := range x.Steps {
			steps = append(steps, decode.Step{Frame: decode.MakeFrameID(0, uint64(4*i+len(steps)+1)), Time: s.Time + at - x.Started, What: s.What, Msg: s.Msg})
			c.Message(s.Msg)
		}
		x.Steps, x.Started = steps, at
		c.Exchange(&x)
	}
}

// correlate joins what was folded, and looks for what is wrong.
func correlate(tb testing.TB, c *Case, n int) {
	j := Join([]*Case{c}, JoinOptions{Captures: []CaptureFacts{{Name: "dc1"}}, Part: []int{0}})
	require.EqualValues(tb, n, j.joined.exchanges)
	require.NotEmpty(tb, j.Findings(Rules()))
}

// When its tables are full, an exchange that a Case takes in costs few
// allocations; what Join and all rules cost hangs on what is kept alone.
func TestCorrelationAllocates(t *testing.T) {
	list := traffic(t)
	c := NewCase(0)
	cost := func(do func()) (mallocs, bytes float64) {
		var a, b runtime.MemStats
		runtime.ReadMemStats(&a)
		do()
		runtime.ReadMemStats(&b)
		return float64(b.Mallocs - a.Mallocs), float64(b.TotalAlloc - a.TotalAlloc)
	}
	const full, more = 20_000, 10_000
	foldTraffic(c, list, 0, full)
	mallocs, bytes := cost(func() { foldTraffic(c, list, full, full+more) })
	t.Logf("one more: %.1f allocations, %.0f bytes", mallocs/more, bytes/more)
	assert.Less(t, mallocs/more, 10.0, "allocations for one more exchange")
	assert.Less(t, bytes/more, 1000.0, "bytes for one more exchange")
	kept := len(freeze([]*Case{c})[0].records)
	mallocs, bytes = cost(func() { correlate(t, c, full+more) })
	t.Logf("each of %d kept: %.1f allocations, %.0f bytes", kept, mallocs/float64(kept), bytes/float64(kept))
	assert.Less(t, mallocs/float64(kept), 40.0, "allocations of Join and rules, for each of the %d exchanges kept", kept)
	assert.Less(t, bytes/float64(kept), 8_000.0, "bytes")
}

// BenchmarkCorrelation folds, joins and judges a million exchanges.
func BenchmarkCorrelation(b *testing.B) {
	list := traffic(b)
	const n = 1_000_000
	b.ReportAllocs()
	for b.Loop() {
		c := NewCase(0)
		foldTraffic(c, list, 0, n)
		correlate(b, c, n)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/exchange")
}
