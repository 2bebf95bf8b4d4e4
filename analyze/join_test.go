package analyze

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode"
)

// A view is a capture of what a synth played: with a clock of its own, at a
// place where only some packets pass.
type view struct {
	capture int
	shift   func(int64) int64
	c       *Case
}

func newView(capture int, offset time.Duration, ppm float64) *view {
	base := newSynth(nil).now
	return &view{capture: capture, c: NewCase(0), shift: func(t int64) int64 {
		if t == 0 {
			return 0
		}
		return t + int64(offset) + int64(ppm*float64(t-base)/1e6)
	}}
}

func (v *view) frame(f decode.FrameID) decode.FrameID {
	return decode.MakeFrameID(v.capture, f.Number()+uint64(100*v.capture))
}

func (v *view) message(m *decode.Message) *decode.Message {
	if m == nil {
		return nil
	}
	n := *m
	n.Frame, n.Time = v.frame(m.Frame), v.shift(m.Time)
	n.Frames = []decode.FrameID{n.Frame}
	return &n
}

// see hands x to the view's Case; keep tells which messages it holds.
func (v *view) see(x *decode.Exchange, keep func(*decode.Message) bool) {
	n := *x
	n.Steps = nil
	n.Request, n.Reply, n.Hint, n.TooBig = nil, nil, nil, nil
	for _, s := range x.Steps {
		if keep != nil && !keep(s.Msg) {
			continue
		}
		m := v.message(s.Msg)
		v.c.Message(m)
		n.Steps = append(n.Steps, decode.Step{Frame: m.Frame, Time: m.Time, What: s.What, Msg: m})
		switch s.Msg {
		case x.Request:
			n.Request = m
		case x.Reply:
			n.Reply = m
		case x.Hint:
			n.Hint = m
		}
	}
	if len(n.Steps) == 0 {
		return
	}
	n.Started, n.Ended = n.Steps[0].Time, n.Steps[len(n.Steps)-1].Time
	if x.Reply != nil && n.Reply == nil {
		n.Ending, n.BothWays = decode.NotCaptured, false
	}
	if x.Attempt != nil && x.Attempt.Result != nil {
		r := *x.Attempt.Result
		r.Frame, r.Time = v.frame(r.Frame), v.shift(r.Time)
		n.Attempt = &decode.Attempt{Mech: x.Attempt.Mech, Result: &r}
	}
	v.c.Exchange(&n)
}

func joinViews(views ...*view) *Case {
	var parts []*Case
	o := JoinOptions{}
	for i, v := range views {
		parts = append(parts, v.c)
		o.Captures = append(o.Captures, CaptureFacts{Name: fmt.Sprintf("%c.pcap", 'a'+i), Complete: true})
		o.Part = append(o.Part, i)
	}
	return Join(parts, o)
}

func toServer(port uint16) func(*decode.Message) bool {
	return func(m *decode.Message) bool { return m.Dst.Port() == port }
}

func TestClocksAreFittedThroughSharedPackets(t *testing.T) {
	tests := map[string]struct {
		offset  time.Duration
		ppm     float64
		minutes int
	}{
		"equal":                     {0, 0, 5},
		"offset":                    {90 * time.Second, 0, 5},
		"behind by hours":           {-7 * time.Hour, 0, 1},
		"drift":                     {-3 * time.Second, 40, 60},
		"too short to tell a drift": {time.Second, 0, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSynth(t)
			a, b := newView(0, 0, 0), newView(1, tt.offset, tt.ppm)
			var last *decode.Exchange
			for range 5 + 10*tt.minutes {
				last = s.ap(apX{to: "10.0.0.20:25", ticket: smtp5})
				a.see(last, nil)
				b.see(last, nil)
				if tt.minutes > 0 {
					s.later(6 * time.Second)
				}
			}
			c := joinViews(a, b)
			k := c.joined.clocks[1]
			assert.Equal(t, "packets", k.from)
			assert.InDelta(t, tt.ppm, k.drift*1e6, 0.1)
			assert.Less(t, k.uncertainty, 1e6)
			want := last.Started
			assert.InDelta(t, want, k.ref(b.shift(want)), 2000, "ns")
			require.Len(t, c.Records(), 5+10*tt.minutes, "each exchange once")
			for _, r := range c.Records() {
				require.Len(t, r.Steps, 4)
			}
		})
	}
}

// TestBothSidesOfAProxy: a capture at a proxy that hands on the same bytes
// between other addresses, and one behind it.
func TestBothSidesOfAProxy(t *testing.T) {
	s := newSynth(t)
	front := s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, code: 41})
	back := *front
	back.Client, back.Server = netip.MustParseAddrPort("10.0.0.20:41000"), netip.MustParseAddrPort("10.0.0.21:25")
	other := s.ap(apX{to: "10.0.0.20:2525", ticket: smtp5})
	for _, behind := range []bool{true, false} {
		a, b := newView(0, 0, 0), newView(1, 0, 0)
		a.see(front, nil)
		a.see(&back, nil)
		b.see(other, nil)
		a.see(other, nil)
		if behind {
			b.see(&back, nil)
		} else {
			b.see(front, nil)
		}
		c := joinViews(a, b)
		var got []string
		for _, r := range c.Records() {
			got = append(got, fmt.Sprint(r.From.Addr(), " ", r.To, " ", len(r.Steps), " ", r.Resent))
		}
		steps := [...]int{2, 4}
		if !behind {
			steps = [...]int{4, 2}
		}
		assert.ElementsMatch(t, []string{fmt.Sprint("10.0.0.30 10.0.0.20:25 ", steps[0], " 0"), fmt.Sprint("10.0.0.20 10.0.0.21:25 ", steps[1], " 0"), "10.0.0.30 10.0.0.20:2525 4 0"}, got)
	}
}

func TestClocksOverAThirdCapture(t *testing.T) {
	s := newSynth(t)
	as, tgs := s.logon()
	ap := s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, code: 31})
	dc, mbx, hub := newView(0, 0, 0), newView(1, 10*time.Second, 0), newView(2, -20*time.Second, 0)
	for _, x := range []*decode.Exchange{as, tgs} {
		dc.see(x, nil)
		mbx.see(x, nil)
	}
	mbx.see(ap, nil)
	hub.see(ap, nil)
	c := joinViews(dc, mbx, hub)
	assert.InDelta(t, -20e9, c.joined.clocks[2].offset, 1e3)
	require.Len(t, c.Records(), 3)
	r := c.Records()[2]
	assert.Equal(t, ap.Started, r.Start)
	assert.Equal(t, []int{1, 2}, []int{r.Steps[0].Frame.Capture(), r.Steps[1].Frame.Capture()})
	assert.Equal(t, "MAILBOX-1$@CONTOSO.COM", r.Client)
}

func TestClocksThroughAHostsOwnTime(t *testing.T) {
	s := newSynth(t)
	x := s.as(kdcX{client: "alice", list: aesList, hint: []int32{18}, preauth: 18})
	y := s.later(time.Minute).as(kdcX{client: "bob", list: aesList, hint: []int32{18}, preauth: 18})
	a, b := newView(0, 0, 0), newView(1, 5*time.Minute, 0)
	a.see(x, nil)
	b.see(y, nil)
	c := joinViews(a, b)
	k := c.joined.clocks[1]
	assert.Equal(t, "kerberos", k.from)
	assert.InDelta(t, 300e9, k.offset, 50e6)
	assert.GreaterOrEqual(t, k.uncertainty, 1e9, "a host's own time is no packet")

	alone := newView(1, time.Hour, 0)
	alone.see(s.ap(apX{to: "10.0.0.20:25", ticket: smtp5}), nil)
	c = joinViews(a, alone)
	assert.Equal(t, "none", c.joined.clocks[1].from)
	assert.Zero(t, c.joined.clocks[1].offset)
}

func TestOneExchangeSeenAtTwoPlacesCountsOnce(t *testing.T) {
	s := newSynth(t)
	a, b := newView(0, 0, 0), newView(1, time.Second, 0)
	for range 30 {
		x := s.later(time.Minute).ap(apX{to: "10.0.0.20:25", ticket: smtp5, code: 31})
		a.see(x, nil)
		b.see(x, nil)
	}
	only := s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, code: 31})
	b.see(only, nil)
	c := joinViews(a, b)
	require.Len(t, c.Rows(), 1)
	assert.EqualValues(t, 31, c.Rows()[0].Count)
	require.Len(t, c.Tickets(), 1)
	assert.EqualValues(t, 31, c.Tickets()[0].Presented[0].Count)

	// Beyond what is kept one by one the requests' twins still tell.
	a, b = newView(0, 0, 0), newView(1, time.Second, 0)
	a.c, b.c = NewCase(2), NewCase(2)
	for i := range 60 {
		x := s.later(time.Minute).ap(apX{to: "10.0.0.20:25", ticket: smtp5, code: 31})
		a.see(x, nil)
		if i%2 == 0 {
			b.see(x, nil)
		}
	}
	c = joinViews(a, b)
	assert.EqualValues(t, 60, c.Rows()[0].Count)
}

func TestHalvesAreJoined(t *testing.T) {
	s := newSynth(t)
	out, back := newView(0, 0, 0), newView(1, 2*time.Second, 0)
	for range 3 { // what both see tells the clocks
		x := s.ap(apX{to: "10.0.0.20:2525", ticket: smtp5})
		out.see(x, nil)
		back.see(x, nil)
	}
	x := s.later(time.Second).tgs(kdcX{list: windowsList, ticket: smtp5})
	out.see(x, toServer(88))
	back.see(x, func(m *decode.Message) bool { return m.Src.Port() == 88 })
	c := joinViews(out, back)
	rows := c.Rows(decode.TGS)
	require.Len(t, rows, 1)
	r := rows[0].Record()
	assert.EqualValues(t, 1, rows[0].Count)
	assert.Equal(t, decode.OK, r.Ending)
	assert.Equal(t, windowsList, r.Req.Etypes)
	require.NotNil(t, r.Issued)
	assert.Len(t, r.Steps, 2)
}

func TestTheFullerViewWins(t *testing.T) {
	s := newSynth(t)
	x := s.tgs(kdcX{list: windowsList, sname: smtpSPN, code: 7})
	half, full := newView(0, 0, 0), newView(1, 0, 0)
	half.see(x, toServer(88))
	full.see(x, nil)
	for _, order := range [][]*view{{half, full}, {full, half}} {
		c := joinViews(order...)
		require.Len(t, c.Rows(), 1)
		assert.EqualValues(t, 1, c.Rows()[0].Count)
		assert.Equal(t, decode.Failed, c.Rows()[0].Record().Ending)
		assert.Equal(t, int32(7), c.Rows()[0].Record().Error.Code)
	}
}

// The same authenticator at another acceptor is a replay, not a twin.
func TestAReplayIsNoTwin(t *testing.T) {
	s := newSynth(t)
	x := s.ap(apX{to: "10.0.0.20:25", ticket: smtp5})
	a, b := newView(0, 0, 0), newView(1, 0, 0)
	a.see(x, nil)
	y := *x
	y.Client, y.Server = netip.MustParseAddrPort("10.9.9.9:1"), netip.MustParseAddrPort("10.0.0.21:25")
	b.see(&y, nil)
	assert.Len(t, joinViews(a, b).Records(), 2)
}

func TestJoinChangesNothingAndIsDeterministic(t *testing.T) {
	s := newSynth(t)
	a, b := newView(0, 0, 0), newView(1, 3*time.Second, 0)
	for i := range 40 {
		as := s.as(kdcX{client: fmt.Sprint("user", i%7), list: windowsList, hint: []int32{18, 23}, preauth: 18})
		tg := s.tgs(kdcX{list: rc4List, ticket: tkt{smtpSPN, 18, i % 3, ""}, client: fmt.Sprint("user", i%7)})
		ap := s.ap(apX{to: fmt.Sprintf("10.0.0.%d:25", 20+i%2), ticket: tkt{smtpSPN, 18, i % 3, ""}, code: []int32{0, 31, 44}[i%3]})
		a.see(as, nil)
		a.see(tg, nil)
		b.see(tg, nil)
		b.see(ap, nil)
		s.later(time.Duration(i) * time.Second)
	}
	print := func() string {
		out, err := json.Marshal(joinViews(a, b).Report(Options{}))
		require.NoError(t, err)
		return string(out)
	}
	first := print()
	assert.Contains(t, first, `"findings":[{`)
	for range 5 {
		require.Equal(t, first, print())
	}
}
