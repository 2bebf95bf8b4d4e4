package flow

import "math"

const (
	// maxJump is how far beyond the bytes seen a segment or an acknowledgment
	// is believed to belong to the same connection: more than any window in
	// use, and more than a capture loses while keeping the rest.
	maxJump = 64 << 20
	// earlyBytes is how far before the first segment seen of a mid-stream half
	// a segment still counts as a retransmit of that half.
	earlyBytes = 1 << 20
	// An acknowledgment can be recorded before the bytes it acknowledges, as
	// the two directions take different ways into a capture. Bytes
	// acknowledged and not seen are given up when so many segments of the
	// connection, or so much time, have passed, or when bytes after them stand
	// there already.
	ackGraceSegments = 4
	ackGraceTime     = second
	// maxChain is how many connections between the same two ports are kept.
	maxChain = 4
)

// fits tells whether the sequence number of a packet without SYN belongs to c.
func (c *Conn) fits(side uint8, p *Packet) bool {
	h := &c.half[side]
	n := int64(p.PayloadWire)
	if p.Flags&RST != 0 {
		// The RST that refuses a SYN has sequence number 0 (RFC 9293 §3.5.2).
		o := &c.half[1-side]
		if p.Flags&ACK != 0 && o.synSeen && o.PayloadBytes == 0 && p.Ack == o.isn+1 {
			return true
		}
	}
	if !h.based {
		return !c.ended
	}
	d := int64(int32(p.Seq - h.next))
	off := h.end() + d
	switch {
	case c.ended && n > 0: // a twin; anything else is a new connection
		return off >= -1 && off+n <= h.end()
	case d > maxJump:
		return false
	case c.ended:
		return off >= -1 && d <= 1
	case h.synSeen:
		return off >= -1 // a keep-alive stands one before
	}
	return off >= -earlyBytes
}

// segment does what a packet that belongs to c says.
func (t *Tracker) segment(c *Conn, side uint8, p *Packet, frame uint64, time int64) {
	h, o := &c.half[side], &c.half[1-side]
	if p.Flags&RST != 0 {
		t.reset(c, side, Seen{frame, time})
	} else {
		if p.Flags&ACK != 0 {
			t.acknowledged(c, o, p.Ack)
		}
		if p.Flags&FIN != 0 {
			if f := &c.FINs[side^c.flip]; !f.Ok() {
				*f = Seen{frame, time}
			}
		}
		if h.receive(p, frame, time) {
			t.tell(c, h)
		}
		t.limitHalf(c, h)
		t.checkAcked(c, h)
	}
	switch {
	case h.done() && o.done() && !c.RST.Ok():
		t.end(c, EndClosed)
	case c.list != &t.closing && (c.RST.Ok() || h.finSet && o.finSet):
		t.closing.push(c)
	}
	t.account(c)
	t.limitTotal()
}

// done tells whether everything up to the FIN was given out.
func (h *Half) done() bool { return h.finSet && h.finTold }

// tell calls Data until no gap stands.
func (t *Tracker) tell(c *Conn, h *Half) {
	for !h.ignored && !c.ended {
		h.skipped = false
		t.h.Data(c, c.dirOf(h))
		if h.gap == 0 {
			break
		}
		if !h.skipped {
			h.Skip()
			if len(h.data) == 0 && h.gap == 0 && !h.Closed() {
				break
			}
		}
	}
	if h.finSet && h.end() >= h.finOff {
		h.finTold = true
	}
	h.settle()
}

func (c *Conn) dirOf(h *Half) Dir {
	if h == &c.half[c.flip] {
		return ToServer
	}
	return ToClient
}

// reset notes a RST. Both halves are closed, but a refused client tries again,
// and segments may be recorded late.
func (t *Tracker) reset(c *Conn, side uint8, at Seen) {
	if c.RST.Ok() {
		return
	}
	c.RST, c.RSTFrom = at, Dir(side^c.flip)
	for _, h := range []*Half{&c.half[side], &c.half[1-side]} {
		if h.based && h.Closed() {
			t.tell(c, h)
		}
	}
}

// acknowledged notes what the other side acknowledges of h.
func (t *Tracker) acknowledged(c *Conn, h *Half, ack uint32) {
	if !h.based || h.ignored {
		return
	}
	d := int64(int32(ack - h.next))
	if d > maxJump {
		return
	}
	a := h.end() + d
	if h.finSet {
		a = min(a, h.finOff) // the FIN takes a number, too
	}
	h.acked = max(h.acked, a)
	t.checkAcked(c, h)
}

// checkAcked declares a gap when the other side has what the capture has not.
func (t *Tracker) checkAcked(c *Conn, h *Half) {
	for !h.ignored && !c.ended && h.acked > h.end() {
		end, to := h.end(), h.acked
		if len(h.wait.list) > 0 && h.wait.list[0].off <= to {
			to = h.wait.list[0].off
		} else {
			if h.ackEnd != end || h.ackSegs == 0 {
				h.ackEnd, h.ackSegs, h.ackAt = end, 0, t.clock.now
			}
			h.ackSegs = min(h.ackSegs+1, math.MaxInt32-1)
			// One byte may be a FIN that was not captured.
			if to-end == 1 || h.ackSegs <= ackGraceSegments && t.clock.now-h.ackAt <= ackGraceTime {
				return
			}
		}
		h.ackSegs = 0
		h.declare(to - end)
		t.tell(c, h)
	}
}

// limitHalf gives up missing bytes when too much waits behind them, and unread
// bytes when there are too many.
func (t *Tracker) limitHalf(c *Conn, h *Half) {
	for h.wait.cost > t.lim.WaitBytes || len(h.wait.list) > t.lim.WaitSegments {
		t.stats.Overflows++
		h.declare(h.wait.list[0].off - h.end())
		t.tell(c, h)
	}
	if len(h.data) > 0 && len(h.data)+markCost*len(h.marks) > t.lim.HalfBytes {
		h.drop()
		t.tell(c, h)
	}
}

// account brings the count of held bytes up to date. The consumer may have read
// from either half.
func (t *Tracker) account(c *Conn) {
	c.half[0].settle()
	c.half[1].settle()
	now := c.half[0].held() + c.half[1].held()
	t.held += now - c.held
	c.held = now
	if now > 0 && !c.holding {
		t.holders.push(c)
	} else if now == 0 && c.holding {
		t.holders.remove(c)
	}
}

// limitTotal takes the bytes of those that have held them longest.
func (t *Tracker) limitTotal() {
	for t.held > t.lim.TotalBytes && t.holders.first != nil {
		c := t.holders.first
		for i := range c.half {
			h := &c.half[i]
			h.drop()
			if h.gap > 0 {
				t.tell(c, h)
			}
		}
		t.account(c)
	}
}
