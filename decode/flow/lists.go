package flow

// A connKey is the two ends of a connection, the lesser first.
type connKey struct {
	a, b   IP
	ap, bp uint16
}

// keyOf returns the key of a packet and the side that sent it: 0 = a, 1 = b.
func keyOf(p *Packet) (connKey, uint8) {
	if p.Side() == 1 {
		return connKey{p.Dst, p.Src, p.DstPort, p.SrcPort}, 1
	}
	return connKey{p.Src, p.Dst, p.SrcPort, p.DstPort}, 0
}

// A connList is in the order in which its connections came in or were last
// touched.
type connList struct {
	oldest, newest *Conn
	n              int
}

func (l *connList) push(c *Conn) {
	if c.list != nil {
		c.list.remove(c)
	}
	c.list, c.older, c.newer = l, l.newest, nil
	if l.newest != nil {
		l.newest.newer = c
	} else {
		l.oldest = c
	}
	l.newest = c
	l.n++
}

func (l *connList) remove(c *Conn) {
	if c.older != nil {
		c.older.newer = c.newer
	} else {
		l.oldest = c.newer
	}
	if c.newer != nil {
		c.newer.older = c.older
	} else {
		l.newest = c.older
	}
	c.list, c.older, c.newer = nil, nil, nil
	l.n--
}

// A holdList is those that hold bytes, the one that has held longest first.
type holdList struct{ first, last *Conn }

func (l *holdList) push(c *Conn) {
	c.holding, c.holdPrv, c.holdNxt = true, l.last, nil
	if l.last != nil {
		l.last.holdNxt = c
	} else {
		l.first = c
	}
	l.last = c
}

func (l *holdList) remove(c *Conn) {
	if c.holdPrv != nil {
		c.holdPrv.holdNxt = c.holdNxt
	} else {
		l.first = c.holdNxt
	}
	if c.holdNxt != nil {
		c.holdNxt.holdPrv = c.holdPrv
	} else {
		l.last = c.holdPrv
	}
	c.holding, c.holdPrv, c.holdNxt = false, nil, nil
}
