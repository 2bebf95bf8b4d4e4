package decode

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/decode/flow"
)

// However many hosts pass in weeks, those that are there now are known.
func TestViewsForget(t *testing.T) {
	v := newViews()
	at := func(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}) }
	server := netip.MustParseAddr("192.0.2.1")
	for n := range 3 * maxViews {
		v.add(flow.IPFrom(at(n)), flow.IPFrom(server))
		v.add(flow.IPFrom(server), flow.IPFrom(at(n)))
		v.miss(server, at(n))
		require.True(t, v.from(at(n), server))
		require.True(t, v.to(at(n)))
		require.True(t, v.answerable(at(n), server))
		for _, held := range []int{v.pairs.now.n + v.pairs.before.n, v.dsts.now.n + v.dsts.before.n, v.missed.now.n + v.missed.before.n} {
			require.LessOrEqual(t, held, maxViews)
		}
	}
	last := 3*maxViews - 1
	require.True(t, v.from(at(last-maxViews/4+1), server), "of a quarter of the hosts ago")
	require.False(t, v.from(at(0), server))
	require.True(t, v.to(server), "met all the time")
	v.miss(server, at(last+1))
	v.add(flow.IPFrom(server), flow.IPFrom(at(0)))
	require.True(t, v.answerable(at(0), server))
	v.add(flow.IPFrom(at(5)), flow.IPFrom(at(last+1)))
	require.False(t, v.answerable(at(last+1), server), "its packets were acknowledged unseen")
}
