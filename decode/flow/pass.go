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
func (h *Half) Passed() (n uint64, at int64) { return h.passedAll, h.passedAt }

// calm tells whether nothing of h waits: no bytes, no gap, no end.
func (h *Half) calm() bool {
	return len(h.data) == 0 && h.gap == 0 && !h.finSet && len(h.wait.list) == 0 && (!h.based || h.acked <= h.end())
}

// calms notes whether the next segment of c may take the short way.
func (t *Tracker) calms(c *Conn) {
	c.calm = c.list == &t.open && !c.ignored && !c.ended && !c.RST.Ok() && c.half[0].calm() && c.half[1].calm()
}

// quick takes a packet of a calm connection that needs nothing but counting: an
// acknowledgment without payload, or bytes that the consumer passes over, in
// order. What it does is what segment would do.
func (t *Tracker) quick(c *Conn, side uint8, p *Packet, at Seen) bool {
	h, o := &c.half[side], &c.half[1-side]
	n := p.PayloadWire
	switch {
	case p.Flags&(SYN|FIN|RST) != 0, p.Seq != h.next, !h.based, n > h.pass, int(n) != len(p.Payload):
		return false
	case p.Flags&ACK == 0:
	case o.based && int32(p.Ack-o.next) > 0:
		return false
	default:
		h.acks = true
	}
	h.Packets++
	if n > 0 {
		h.PayloadBytes += uint64(n)
		h.off += int64(n)
		h.next += n
		h.pass -= n
		h.passed += uint64(n)
		h.passedAll += uint64(n)
		h.passedAt = at.Time
	}
	c.Last = at
	t.touch(c, side)
	return true
}
