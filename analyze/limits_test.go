package analyze

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode"
)

// heap is what lives after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Many exchanges (in CI a million) of thousands of clients, each with its own
// ticket, and then another quarter: what is kept does not grow any more.
func TestMemoryIsBounded(t *testing.T) {
	t.Logf("a Record is %d bytes", unsafe.Sizeof(Record{}))
	s := newSynth(t)
	like := s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, word: "no"})
	c := NewCase(0)
	n := 0
	fold := func(count int) {
		for range count {
			n++
			x := *like
			from := made(n, 40_000)
			x.Client, x.Server, x.Started, x.Ended = from.Client, from.Server, from.Started, from.Ended
			x.Steps = []decode.Step{{Frame: decode.MakeFrameID(0, uint64(n)), Time: from.Started, What: "AP-REQ"}}
			r := c.read.record(&x)
			// Each a ticket and a request of its own, without the cost of hashing.
			r.twin = uint64(n) * 0x9e3779b97f4a7c15
			r.Presented = &TicketRef{SName: smtpSPN, Realm: realm, Etype: 18}
			r.Presented.life = c.tickets.get(&[32]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, r.Presented)
			c.arrived++
			r.rank = c.arrived
			c.fold(r)
			c.twins.see(r.twin, r.Start)
			c.Session(&decode.Session{Client: x.Client, Server: x.Server, Carrier: "smtp", SidesKnown: true, First: r.Start, Last: r.End, Attempts: []*decode.Attempt{from.Attempt}})
			c.heal.expire(r.Start)
		}
	}
	many := 200_000
	if os.Getenv("KERBSCOPE_CI") != "" {
		many = 1_000_000
	}
	fold(many)
	first := heap()
	fold(many / 4)
	grown := int64(heap()) - int64(first)
	assert.Less(t, first, uint64(200<<20), "bytes")
	assert.Less(t, grown, int64(4<<20), "bytes more after another quarter")

	assert.LessOrEqual(t, len(c.rows.rows), maxRows)
	assert.LessOrEqual(t, c.rows.seen, maxSeen)
	assert.LessOrEqual(t, len(c.list), defaultKeep)
	assert.LessOrEqual(t, len(c.tickets.bySum), maxTickets)
	assert.LessOrEqual(t, c.tickets.shown, maxShown)
	assert.LessOrEqual(t, c.heal.queue.len(), maxPending)
	assert.LessOrEqual(t, len(c.sessions.list), maxSessions)
	assert.LessOrEqual(t, len(c.sessions.attempts), maxPending)
	assert.LessOrEqual(t, len(c.twins.at), maxTwins)

	began := time.Now()
	j := Join([]*Case{c}, JoinOptions{Captures: []CaptureFacts{{Name: "big.pcap"}}, Part: []int{0}})
	t.Logf("heap %d MiB; Join took %v", first>>20, time.Since(began))
	assert.EqualValues(t, n, j.joined.exchanges, "what found no room is counted")
	require.NotEmpty(t, j.joined.limits)
	began = time.Now()
	r := j.Report(Options{})
	t.Logf("Report of %d findings took %v", len(r.Findings), time.Since(began))
}

// Two captures keep the same sample of what they share, however full they are.
func TestTwinsAreSampledAlike(t *testing.T) {
	a, b := twinTable{at: map[uint64]twin{}}, twinTable{at: map[uint64]twin{}}
	key := func(i int) uint64 { return hash64(hashMessage, fmt.Append(nil, i)) }
	for i := range 400_000 {
		a.see(key(i), int64(i)*1e6)
	}
	for i := 350_000; i < 420_000; i++ {
		b.see(key(i), int64(i)*1e6+5e9)
	}
	assert.LessOrEqual(t, len(a.at), maxTwins)
	k, points, ok := fit(&a, &b)
	require.True(t, ok)
	assert.Greater(t, points, 1000)
	assert.InDelta(t, 5e9, k.offset, 1)
}

func TestOutliersDoNotMoveAClock(t *testing.T) {
	a, b := twinTable{at: map[uint64]twin{}}, twinTable{at: map[uint64]twin{}}
	for i := range 200 {
		at := int64(i) * 1e9
		a.see(uint64(i+1), at)
		d := int64(7e9) + int64(i%5)*10_000
		if i%10 == 0 {
			d += 3e9 // what was lost before one capture and sent again
		}
		b.see(uint64(i+1), at+d)
	}
	a.see(3, 99e9) // seen twice: tells nothing
	k, points, ok := fit(&a, &b)
	require.True(t, ok)
	assert.Equal(t, 199, points)
	assert.InDelta(t, 7e9, k.offset, 50_000)
	assert.Zero(t, k.drift)
}

func BenchmarkFold(b *testing.B) {
	s := newSynth(&testing.T{})
	s.c = NewCase(0)
	as, tgs := s.logon()
	list := []*decode.Exchange{
		as, tgs,
		s.ap(apX{to: "10.0.0.20:25", ticket: smtp5}),
		s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, code: 31}),
	}
	c := NewCase(0)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		x := list[i%len(list)]
		for _, st := range x.Steps {
			if st.Msg != nil {
				c.Message(st.Msg)
			}
		}
		c.Exchange(x)
	}
}

func BenchmarkJoin(b *testing.B) {
	s := newSynth(&testing.T{})
	one, two := newView(0, 0, 0), newView(1, time.Second, 20)
	for i := range 2000 {
		x := s.ap(apX{to: fmt.Sprintf("10.0.%d.20:25", i%50), ticket: tkt{smtpSPN, 18, 5, fmt.Sprint(i % 100)}, code: int32(31 * (i % 2))})
		one.see(x, nil)
		two.see(x, nil)
		s.later(time.Second)
	}
	b.ReportAllocs()
	for b.Loop() {
		joinViews(one, two)
	}
}
