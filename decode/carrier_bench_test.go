package decode

import (
	"maps"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/decode/flow"
)

// carried is a conversation on a carrier.
type carried struct {
	path string
	ends [2]netip.AddrPort // the lesser first
	rows int
}

func endsOf(a, b netip.AddrPort) [2]netip.AddrPort {
	if b.Compare(a) < 0 {
		a, b = b, a
	}
	return [2]netip.AddrPort{a, b}
}

// carrierStreams are, of each carrier over TCP, the packets of the conversation
// of the corpus that holds most rows.
func carrierStreams(tb testing.TB) map[string]*capture.Batch {
	tb.Helper()
	best := map[string]carried{}
	for _, path := range corpusFiles(tb) {
		r := readFile(tb, path, Options{})
		rows := map[[2]netip.AddrPort]int{}
		names := map[[2]netip.AddrPort]string{}
		for _, s := range r.sessions {
			names[endsOf(s.Client, s.Server)] = s.Carrier
		}
		for _, m := range r.messages {
			if e := endsOf(m.Src, m.Dst); m.Transport == TCP {
				rows[e]++
				if names[e] == "" {
					names[e] = m.Carrier[0]
				}
			}
		}
		for e, name := range names {
			b, ok := best[name]
			if n := rows[e]; !ok || n > b.rows || n == b.rows && path == b.path && e[0].Compare(b.ends[0]) < 0 {
				best[name] = carried{path, e, n}
			}
		}
	}
	list := map[string]*capture.Batch{}
	for name, c := range best {
		var p flow.Packet
		all := slices.DeleteFunc(packets(tb, c.path), func(pk capture.Packet) bool {
			return flow.Peek(pk.Link, pk.Data, pk.Wire, &p) != flow.TCP || endsOf(p.SrcAddrPort(), p.DstAddrPort()) != c.ends
		})
		if len(all) > 0 {
			list[name] = batchOf(all)
		}
	}
	return list
}

// BenchmarkCarrier decodes a conversation of each carrier, again and again, as
// one that comes later.
func BenchmarkCarrier(b *testing.B) {
	list := carrierStreams(b)
	for _, name := range slices.Sorted(maps.Keys(list)) {
		batch := list[name]
		b.Run(name, func(b *testing.B) {
			s := &counter{}
			d := New(Options{}, s)
			b.ReportAllocs()
			b.SetBytes(int64(len(batch.Data)))
			for b.Loop() {
				repeated(d, batch)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(batch.Records)), "ns/packet")
			if s.messages > 0 {
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(s.messages), "ns/message")
			}
		})
	}
}

// TestCarrierStreams: the corpus has a conversation of each carrier, and another
// between the same ports, hours later, yields the same.
func TestCarrierStreams(t *testing.T) {
	list := carrierStreams(t)
	for i := range carriers {
		name := carriers[i].name
		batch := list[name]
		if slices.Contains([]string{"nmf", "nns", "rdp"}, name) {
			continue // no server of theirs is free
		}
		require.NotNil(t, batch, name)
		s := &counter{}
		d := New(Options{}, s)
		repeated(d, batch)
		once := s.messages
		repeated(d, batch)
		require.Equal(t, 2*once, s.messages, name)
	}
}
