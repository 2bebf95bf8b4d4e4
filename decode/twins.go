package decode

import (
	"hash/maphash"

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
	seed maphash.Seed
	seen recent[twin]
}

type twin struct {
	ipid uint32
	at   int64
}

func newTwins() twins { return twins{maphash.MakeSeed(), recent[twin]{most: maxTwins}} }

// hash is that of bytes, by which they are known when they come again.
func (t *twins) hash(b []byte) uint64 { return maphash.Bytes(t.seed, b) }

// add remembers the datagram and tells whether it is a copy.
func (t *twins) add(p *flow.Packet, at int64) bool {
	var buf [40]byte
	ends := appendEnd(appendEnd(buf[:0], p.SrcAddrPort()), p.DstAddrPort())
	h := t.hash(p.Payload) ^ t.hash(ends)
	o := t.seen.get(h)
	if o != nil && o.ipid == p.IPID {
		gap := max(at-o.at, o.at-at)
		if p.IPID != 0 && gap < twinLate || gap < twinTime {
			return true
		}
	}
	t.seen.put(h, twin{p.IPID, at})
	return false
}
