package capture

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAddLoss(t *testing.T) {
	var l []Loss
	l = AddLoss(l, Loss{10e9, 11e9, 5, DroppedByKernel})
	l = AddLoss(l, Loss{11e9, 11e9 + 1e8, 2, DroppedByKernel})
	l = AddLoss(l, Loss{30e9, 31e9, 1, DroppedByKernel})
	l = AddLoss(l, Loss{31e9, 31e9, 1, DroppedByInterface})
	l = AddLoss(l, Loss{3e9, 4e9, 1, DroppedByInterface}) // a clock that was set back
	require.Equal(t, []Loss{{10e9, 11e9 + 1e8, 7, DroppedByKernel}, {30e9, 31e9, 1, DroppedByKernel}, {31e9, 31e9, 1, DroppedByInterface}, {3e9, 4e9, 1, DroppedByInterface}}, l)
	for i := range int64(5000) {
		l = AddLoss(l, Loss{i * 2e9, i * 2e9, 1, "x"})
	}
	require.LessOrEqual(t, len(l), maxLosses)
	require.EqualValues(t, 4999*2e9, l[len(l)-1].To)
}

// Statistics blocks say what was lost between one and the next, an interface's
// first since its start or the first packet.
func TestStatistics(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, Section{})
	eth, err := w.AddInterface(Interface{Name: "eth0", Link: LinkEthernet, TicksPS: 1e9, Filter: "port 88"})
	require.NoError(t, err)
	other, err := w.AddInterface(Interface{Name: "eth1", Link: LinkEthernet, TicksPS: 1e9, Filter: KerberosFilter})
	require.NoError(t, err)
	at := func(sec int64) int64 { return (t0 + sec) * 1e9 }
	for _, s := range []struct {
		iface uint32
		at    int64
		s     Statistics
	}{
		{eth, 1, Statistics{}}, {other, 2, Statistics{Dropped: 4}}, {eth, 10, Statistics{Dropped: 3, Comment: "x"}}, {eth, 11, Statistics{Dropped: 3, DroppedByCards: 2}},
		{eth, 20, Statistics{Dropped: math.MaxUint64}}, {eth, 21, Statistics{Dropped: 1}},
	} {
		if s.at == 2 {
			require.NoError(t, w.WritePacket(Record{Time: at(0), Interface: eth}, frame(60, 1), PacketOptions{}))
		}
		require.NoError(t, w.WriteStatistics(s.iface, at(s.at), s.s))
	}
	require.Error(t, w.WriteStatistics(2, 0, Statistics{}))
	require.NoError(t, w.Flush())
	_, info := readAll(t, out.Bytes())
	require.Equal(t, "port 88", info.Interfaces[0].Filter)
	require.Equal(t, KerberosFilter, info.Interfaces[1].Filter)
	require.Equal(t, []Count{{DroppedByKernel, 8}, {DroppedByInterface, 2}}, info.Lost)
	require.Equal(t, []Loss{
		{at(0), at(10), 7, DroppedByKernel}, {at(10), at(11), 2, DroppedByInterface}, {at(20), at(21), 1, DroppedByKernel},
	}, info.Losses)
	require.Zero(t, info.Faulted)
}
