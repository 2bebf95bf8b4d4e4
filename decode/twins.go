package decode

import (
	"hash/maphash"
	"net/netip"

	"kerbscope/decode/flow"
)

// Limits of telling a datagram's second copy from a second sending.
const (
	// maxTwins is how many recent Kerberos datagrams are remembered.
	maxTwins = 8192
	// twinTime: without an IP identification to go by, equal bytes within this
	// time are one packet. Clients wait a second before they send again.
	twinTime = 500e6
	// twinLate: with one, the copies of a merged capture may stand this far
	// apart.
	twinLate = 60e9
)

// twins knows the datagrams that stand twice in a capture (merged files, a
// mirror port that sees both ways through the switch): same addresses, same
// bytes and the same IP identification, or none and at the same time.
type twins struct {
	seed  maphash.Seed
	seen  map[uint64]twin
	queue []uint64
}

type twin struct {
	ipid uint32
	at   int64
}

// add remembers the datagram and tells whether it is a copy.
func (t *twins) add(p *flow.Packet, at int64) bool {
	if t.seen == nil {
		t.seed, t.seen = maphash.MakeSeed(), map[uint64]twin{}
	}
	h := maphash.Bytes(t.seed, p.Payload) ^ maphash.Comparable(t.seed, [2]netip.AddrPort{p.SrcAddrPort(), p.DstAddrPort()})
	o, ok := t.seen[h]
	if ok && o.ipid == p.IPID {
		gap := max(at-o.at, o.at-at)
		if p.IPID != 0 && gap < twinLate || gap < twinTime {
			return true
		}
	}
	if !ok {
		if len(t.queue) >= maxTwins {
			delete(t.seen, t.queue[0])
			t.queue = t.queue[1:]
		}
		t.queue = append(t.queue, h)
	}
	t.seen[h] = twin{p.IPID, at}
	return false
}
