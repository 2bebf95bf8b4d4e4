package flow

// Pass says that the consumer will pass over the next n bytes of the stream
// without looking at them: in-order segments of them need not be told of by
// Data, and are counted for TakePassed. It holds until TakePassed, for as long
// as nothing happens to the connection but segments and acknowledgments in
// order.
func (h *Half) Pass(n uint64) { h.pass = uint32(min(n, 1<<31)) }

// TakePassed returns how many bytes were passed over since the last call, and
// ends what Pass began.
func (h *Half) TakePassed() (n uint64) {
	n, h.passed, h.pass = h.passed, 0, 0
	return n
}

// Passed returns how many bytes of the half were passed over in all, and the
// time of the latest of them, 0: none.
func (h *Half) Passed() (n uint64, at int64) {
	if h.c != nil {
		h.c.t.wake(h.c)
	}
	return h.passedAll, h.passedAt
}

// calm tells whether nothing of h waits: no bytes, no gap, no end.
func (h *Half) calm() bool {
	return len(h.data) == 0 && h.gap == 0 && !h.finSet && len(h.wait.list) == 0 && (!h.based || h.acked <= h.end())
}

// A Brief is what the Tracker needs of most TCP packets.
type Brief struct {
	Hash     uint64 // Packet.Hash with Seed
	Seq, Ack uint32
	Wire     uint32 // PayloadWire
	Flags    Flags
	Side     uint8 // Packet.Side
	Whole    bool  // the payload was captured in full
}

// Brief returns what a Tracker needs of p, a packet for which Peek said TCP.
func (p *Packet) Brief() Brief {
	return Brief{Hash: p.Hash(Seed), Seq: p.Seq, Ack: p.Ack, Wire: p.PayloadWire, Flags: p.Flags, Side: p.Side(), Whole: !p.Truncated()}
}

// Side tells the two directions of a connection apart: 0 from the lesser end.
func (p *Packet) Side() uint8 { return sideOf(p.Src, p.Dst, p.SrcPort, p.DstPort) }

func sideOf(src, dst IP, srcPort, dstPort uint16) uint8 {
	if dst.less(src) || src == dst && dstPort < srcPort {
		return 1
	}
	return 0
}

// A calmSlot holds in one cache line what the packets of a connection need as
// long as nothing happens on it but acknowledgments and bytes that the consumer
// passes over, in order. What it counts goes into the Conn when that wakes.
type calmSlot struct {
	packets  [2]uint16 // calmUnseen: no packet of this side was seen yet
	next     [2]uint32
	left     [2]uint32 // bytes to be passed over
	last     Seen
	passedAt [2]int64
	until    int64 // of the Tracker's clock: the Conn's place among the open ones is to be renewed
}

// calmSlots is a power of two. Two flows share a place of two slots; a third
// takes one over.
const (
	calmSlots  = 1 << 13
	calmUnseen = 1<<16 - 1
)

func calmPlace(hash uint64) uint32 { return uint32(hash) & (calmSlots - 1) }

func calmTag(hash uint64) uint32 { return uint32(hash>>32) | 1 }

// Calm tells whether Quick may take packets with that Hash.
func (t *Tracker) Calm(hash uint64) bool {
	i, tag := calmPlace(hash), calmTag(hash)
	return t.calmTags[i] == tag || t.calmTags[i^1] == tag
}

// Quick takes a packet of a connection that it knows to be calm, if the packet
// needs nothing but counting; if it returns false the packet is still to be
// given to Add. What it does is what Add would do.
func (t *Tracker) Quick(b *Brief, frame uint64, time int64) bool {
	i, tag := calmPlace(b.Hash), calmTag(b.Hash)
	if t.calmTags[i] != tag {
		if i ^= 1; t.calmTags[i] != tag {
			return false
		}
	}
	s := &t.calm[i]
	side, n := b.Side&1, b.Wire
	if b.Seq != s.next[side] || n > s.left[side] || b.Flags&(SYN|FIN|RST) != 0 || !b.Whole ||
		b.Flags&ACK != 0 && int32(b.Ack-s.next[1-side]) > 0 && s.packets[1-side] != calmUnseen ||
		s.packets[side] >= calmUnseen-1 || t.clock.now > s.until {
		return false
	}
	// The clock may end the very connection.
	t.Tick(time)
	if t.clock.now > s.until || t.calmTags[i] != tag {
		return false
	}
	t.stats.Segments++
	s.packets[side]++
	if n > 0 {
		s.next[side] += n
		s.left[side] -= n
		s.passedAt[side] = time
	}
	s.last = Seen{frame, time}
	return true
}

// rest notes that c is calm, if it is.
func (t *Tracker) rest(c *Conn) {
	if c.list != &t.open || c.ignored || c.ended || c.RST.Ok() || !c.half[0].restful() || !c.half[1].restful() {
		return
	}
	i := calmPlace(c.hash)
	if t.calmTags[i] != 0 && t.calmTags[i^1] == 0 {
		i ^= 1
	}
	if o := t.calmConn[i]; o != nil {
		t.wake(o)
	}
	t.calmConn[i], t.calmTags[i], c.calm = c, calmTag(c.hash), i+1
	s := &t.calm[i]
	*s = calmSlot{last: c.Last, until: c.listAt + t.slack()}
	for k := range c.half {
		h := &c.half[k]
		s.next[k], s.left[k], s.passedAt[k] = h.next, h.pass, h.passedAt
		if !h.based {
			s.packets[k] = calmUnseen
		}
	}
}

// restful tells whether the next packets of h, if any came yet, can be counted
// without a look: it is calm, and acknowledges already.
func (h *Half) restful() bool { return (!h.based || h.acks) && h.calm() }

// wake brings what was counted while c was calm into it.
func (t *Tracker) wake(c *Conn) {
	if c.calm == 0 {
		return
	}
	i := c.calm - 1
	s := &t.calm[i]
	for k := range c.half {
		h := &c.half[k]
		if s.packets[k] == calmUnseen {
			continue
		}
		n := h.pass - s.left[k]
		h.Packets += uint64(s.packets[k])
		h.PayloadBytes += uint64(n)
		h.off += int64(n)
		h.next, h.pass = s.next[k], s.left[k]
		h.passed += uint64(n)
		h.passedAll += uint64(n)
		h.passedAt = s.passedAt[k]
	}
	c.Last = s.last
	t.calmConn[i], t.calmTags[i], c.calm = nil, 0, 0
}
