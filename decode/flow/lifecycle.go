package flow

import "net/netip"

// newConn puts a connection into the table. client is the side of the client.
func (t *Tracker) newConn(key connKey, client uint8, at Seen) *Conn {
	for t.Known() >= t.lim.Conns {
		t.Evict()
	}
	t.ids++
	t.stats.Conns++
	a, b := netip.AddrPortFrom(key.a.Addr(), key.ap), netip.AddrPortFrom(key.b.Addr(), key.bp)
	if client == 1 {
		a, b = b, a
	}
	c := t.blank()
	c.ID, c.Client, c.Server, c.V6, c.First, c.Last = t.ids, a, b, !key.a.Is4() || !key.b.Is4(), at, at
	c.t, c.key, c.hash, c.flip, c.prev, c.lastAt = t, key, t.hash, client, t.table.get(t.hash, &key), t.clock.now
	c.half[0].c, c.half[1].c = c, c
	t.table.set(c)
	n := 1
	for x := c; x.prev != nil; x = x.prev {
		if n++; n > maxChain {
			old := x.prev
			t.end(old, EndReused)
			t.remove(old)
			break
		}
	}
	return c
}

// maxSpare is how many connections that are forgotten are kept for those to come.
const maxSpare = 1024

// blank returns memory for a connection.
func (t *Tracker) blank() *Conn {
	n := len(t.spare)
	if n == 0 {
		return new(Conn)
	}
	c := t.spare[n-1]
	t.spare = t.spare[:n-1]
	*c = Conn{}
	return c
}

// pickUp opens a connection in its middle.
func (t *Tracker) pickUp(key connKey, p *Packet, at Seen) *Conn {
	c := t.newConn(key, likelyClient(key, p), at)
	t.opens(c)
	t.h.New(c)
	return c
}

// likelyClient guesses the client's side: the server is the side with the
// lower port (well-known ports are low), or the one that did not speak first.
func likelyClient(key connKey, p *Packet) uint8 {
	switch {
	case key.ap < key.bp:
		return 1
	case key.ap > key.bp:
		return 0
	}
	_, side := keyOf(p)
	return side
}

// syn finds or opens the connection of a SYN.
func (t *Tracker) syn(newest *Conn, key connKey, side uint8, p *Packet, at Seen) *Conn {
	for c := newest; c != nil; c = c.prev {
		h := &c.half[side]
		switch {
		case c.ClientKnown && c.flip != side || !h.based:
		case h.synSeen && h.isn == p.Seq:
			c.noteSYN(p, at)
			return c
		case !h.synSeen && !c.ended && h.start()-p.Seq-1 <= earlyBytes:
			// Recorded after its own connection's first bytes.
			if !c.ClientKnown && c.flip != side {
				c.Swap()
			}
			c.ClientKnown = true
			h.synSeen, h.isn = h.start() == p.Seq+1, p.Seq
			c.noteSYN(p, at)
			return c
		}
	}
	for c := newest; c != nil; {
		older := c.prev // end may forget c
		t.end(c, EndReused)
		c = older
	}
	c := t.newConn(key, side, at)
	c.ClientKnown = true
	h := &c.half[side]
	h.setBase(p.Seq + 1)
	h.synSeen, h.isn = true, p.Seq
	c.noteSYN(p, at)
	t.opening.push(c)
	t.h.New(c)
	return c
}

// synACK finds or opens the connection of a SYN-ACK.
func (t *Tracker) synACK(newest *Conn, key connKey, side uint8, p *Packet, at Seen) *Conn {
	c := newest
	for ; c != nil; c = c.prev {
		h, o := &c.half[side], &c.half[1-side]
		if c.ClientKnown && c.flip == side || !o.based {
			continue
		}
		if c.ended {
			if h.synSeen && h.isn == p.Seq {
				return c
			}
		} else if p.Ack-o.start() <= maxSYNData {
			break
		}
	}
	if c == nil {
		c = t.newConn(key, 1-side, at)
		c.ClientKnown = true
		o := &c.half[1-side]
		o.setBase(p.Ack)
		o.synSeen, o.isn = true, p.Ack-1
		defer t.h.New(c)
	} else if !c.ClientKnown {
		if c.flip == side {
			c.Swap()
		}
		c.ClientKnown = true
	}
	h := &c.half[side]
	fp := fingerprint(p)
	switch {
	case !c.SYNACK.Ok():
		c.SYNACK, c.sackFP = at, fp
	case fp == c.sackFP:
		c.Twins++
	}
	switch {
	case !h.based, h.synSeen && h.end() == 0 && len(h.wait.list) == 0 && !h.finSet:
		h.setBase(p.Seq + 1)
		h.synSeen, h.isn = true, p.Seq
	case h.start() == p.Seq+1:
		h.synSeen, h.isn = true, p.Seq
	}
	if c.list == nil {
		t.opens(c)
	}
	return c
}

// maxSYNData bounds the data a SYN carries (TCP Fast Open, RFC 7413), which its
// SYN-ACK may acknowledge.
const maxSYNData = 1500

// touch notes that c is alive.
func (t *Tracker) touch(c *Conn, side uint8) {
	if c.list == &t.closing {
		return
	}
	c.lastAt = t.clock.now
	if c.list == &t.opening && side == c.flip {
		t.opening.push(c)
	} else if c.list != &t.open || c.lastAt-c.listAt > t.slack() {
		t.opens(c)
	}
}

// opens puts c where those that were touched last stand.
func (t *Tracker) opens(c *Conn) {
	t.open.push(c)
	c.listAt = c.lastAt
}

// end gives out what waits, tells that c is over and keeps it to know its twins.
func (t *Tracker) end(c *Conn, why EndReason) {
	if c.ended {
		return
	}
	t.over(c, why)
	c.lastAt = t.clock.now
	t.dead.push(c)
	if t.dead.n > t.lim.Conns/8 {
		t.remove(t.dead.oldest)
	}
}

// over gives out what waits and tells that c is over.
func (t *Tracker) over(c *Conn, why EndReason) {
	t.wake(c)
	t.giveOut(c)
	switch {
	case c.Refused():
		why = EndRefused
	case c.RST.Ok():
		why = EndReset
	case c.half[0].finSet && c.half[1].finSet && why != EndEvicted:
		why = EndClosed
	}
	t.h.End(c, why)
	c.ended, c.User = true, nil
	for i := range c.half {
		h := &c.half[i]
		h.off = h.end()
		if len(h.data) == 0 {
			h.settle()
		}
		h.clearData()
		h.wait = pieces{}
	}
	t.account(c)
}

// giveOut declares every gap before c ends, the one whose bytes were recorded
// first first.
func (t *Tracker) giveOut(c *Conn) {
	for {
		var h *Half
		for i := range c.half {
			x := &c.half[i^int(c.flip)]
			if len(x.wait.list) > 0 && (h == nil || x.wait.list[0].frame < h.wait.list[0].frame) {
				h = x
			}
		}
		if h == nil {
			break
		}
		h.declare(h.wait.list[0].off - h.end())
		t.tell(c, h)
	}
	for i := range c.half {
		h := &c.half[i^int(c.flip)]
		to := h.acked
		if h.finSet {
			to = h.finOff
		}
		if !h.ignored && h.based && (to-h.end() > 1 || h.finSet && to > h.end()) {
			h.declare(to - h.end())
			t.tell(c, h)
		}
	}
}

// Evict forgets the connection that is missed least, and ends it if it has not
// ended: ended ones go first, then unanswered SYNs. It is false when there is
// none. Not to be called by a Handler.
func (t *Tracker) Evict() bool {
	for _, l := range []*connList{&t.dead, &t.opening, &t.closing, &t.open} {
		if c := l.oldest; c != nil {
			if !c.ended {
				t.stats.Evicted++
				t.end(c, EndEvicted)
			}
			t.remove(c)
			return true
		}
	}
	return false
}

// Shed ends the established connection that was quiet longest, for a consumer
// that holds too much; it is false when there is none. Not to be called by a
// Handler.
func (t *Tracker) Shed() bool {
	for _, l := range []*connList{&t.open, &t.closing} {
		if c := l.oldest; c != nil {
			t.end(c, EndEvicted)
			return true
		}
	}
	return false
}

// remove forgets an ended connection, if that was not done yet.
func (t *Tracker) remove(c *Conn) {
	if c.list == nil {
		return
	}
	c.list.remove(c)
	if first := t.table.get(c.hash, &c.key); first == c {
		if c.prev == nil {
			t.table.remove(c)
		} else {
			t.table.set(c.prev)
		}
	} else {
		for x := first; x != nil; x = x.prev {
			if x.prev == c {
				x.prev = c.prev
				break
			}
		}
	}
	c.prev = nil
	// Not cleared yet: it may be the connection of the packet in hand.
	if len(t.spare) < maxSpare {
		t.spare = append(t.spare, c)
	}
}
