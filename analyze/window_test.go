package analyze

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kerbscope/decode"
)

// lone is an exchange with a KDC of which nothing but its ends is known.
func lone(i int, at int64) *decode.Exchange {
	client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1024)
	return &decode.Exchange{Kind: decode.AS, Client: client, Server: netip.MustParseAddrPort("10.9.9.9:88"), Transport: decode.UDP,
		Carrier: []string{"kdc"}, Ending: decode.Unanswered, Started: at, Ended: at,
		Steps: []decode.Step{{Frame: decode.MakeFrameID(0, uint64(i+1)), Time: at, What: "AS-REQ"}}}
}

// Weeks of traffic: no table grows beyond its limit, every exchange is counted,
// and what came last is there.
func TestWindow(t *testing.T) {
	l := NewLive(LiveOptions{Name: "x", Window: time.Hour})
	const n = 100_000
	at := int64(1e18)
	for i := range n {
		at += int64(100 * time.Millisecond)
		l.part.Exchange(lone(i, at))
		l.part.sightings.add(&decode.Sighting{Kind: decode.SYNUnanswered, Frame: decode.MakeFrameID(0, uint64(i+1)), Time: at,
			Src: netip.MustParseAddrPort(fmt.Sprintf("10.1.%d.%d:1", i>>8&255, i&255)), Dst: netip.MustParseAddrPort("10.9.9.9:88")})
		l.part.sessions.add(&decode.Session{Ended: decode.MakeFrameID(0, uint64(i+1)), Last: at, TLS: 1})
		if i%1000 == 0 {
			l.part.sweep(at)
			require.LessOrEqual(t, len(l.part.rows.rows), maxRows)
			require.LessOrEqual(t, len(l.part.list), defaultKeep)
			require.LessOrEqual(t, len(l.part.sessions.list), maxSessions)
			require.LessOrEqual(t, len(l.part.sightings.byKey), maxSightings)
		}
	}
	require.Zero(t, l.part.rows.lost+l.part.sessions.lost+l.part.sightings.lost)
	c := l.Snapshot(Facts{})
	require.EqualValues(t, n, c.joined.exchanges)
	list := c.Records()
	require.Equal(t, at, list[len(list)-1].Start)
	// An hour and a minute later all of it is gone, and still counted.
	l.part.sweep(at + int64(62*time.Minute))
	require.Empty(t, l.part.rows.rows)
	require.Empty(t, l.part.list)
	require.Empty(t, l.part.sessions.list)
	require.Empty(t, l.part.sightings.byKey)
	require.EqualValues(t, n, l.Snapshot(Facts{}).joined.exchanges)
}

// Failures make room after what went well: a few of them stay in view however
// much else passes, with the tickets that were refused.
func TestFailuresMakeRoomLast(t *testing.T) {
	l := NewLive(LiveOptions{Name: "x", Window: time.Hour})
	at := int64(1e18)
	for i := range 5 * maxRows {
		at += int64(time.Millisecond)
		x := lone(i, at)
		if x.Ending = decode.OK; i < 100 {
			x.Ending = decode.Failed
		}
		l.part.Exchange(x)
		life := l.part.tickets.get(&[32]byte{byte(i >> 16), byte(i >> 8), byte(i)}, &TicketRef{})
		if i < 100 {
			x.Kind = decode.AP
			life.present(l.part.read.record(x), &l.part.tickets, l.part.hand.kept)
		}
	}
	require.Len(t, l.part.rows.rows, maxRows/liveShare)
	require.Equal(t, 100, l.part.rows.failed)
	require.Len(t, l.part.tickets.bySum, maxTickets/liveShare)
	require.Equal(t, 100, l.part.tickets.refused)
	require.Zero(t, l.part.rows.until, "no failure made room")
	c := l.Snapshot(Facts{})
	require.EqualValues(t, 5*maxRows, c.joined.exchanges)
	require.EqualValues(t, 5*maxRows-maxRows/liveShare, c.joined.limits["rows"], "what made room is told")
}
