package flow

import (
	"cmp"
	"math"
	"slices"
)

// A Handler is told what the Tracker sees. It is called from Add, Tick and
// Flush, in capture order, and must not call them.
type Handler interface {
	// New is called when a connection opens, before its first Data.
	New(c *Conn)
	// Data is called when new contiguous bytes, a gap, a FIN or a RST stand at
	// the read position of direction d.
	Data(c *Conn, d Dir)
	// End is called once for every Conn. Bytes still unread can be read a last
	// time. A refused or reset connection ends only after Limits.Linger, as
	// retries and late segments may follow.
	End(c *Conn, why EndReason)
}

// Limits bound a Tracker. A zero field means its default. Times are capture
// time in ns.
type Limits struct {
	Conns        int   // connections held, ended ones kept for twins included; default 32768
	HalfBytes    int   // unread bytes of one half; default 1 MiB
	TotalBytes   int   // bytes held in all; default 48 MiB
	WaitBytes    int   // bytes that may wait behind missing ones; default 256 KiB
	WaitSegments int   // segments that may wait behind missing bytes; default 512
	Idle         int64 // a connection without a packet for so long, and up to 1/64 more, ends; default 30 min
	SynIdle      int64 // the same for one whose SYN nobody answered; default 60 s
	Linger       int64 // from RST, or both FINs, to End when something may still come; default 5 s
	Twin         int64 // how long an ended connection is kept to know its twin; default 60 s
}

// Stats count what a Tracker did, and what its limits cost.
type Stats struct {
	Conns      uint64 // opened
	Segments   uint64 // packets given to Add
	Duplicates uint64 // segments that brought nothing new
	Overlaps   uint64 // segments that brought old and new bytes
	Conflicts  uint64 // segments whose old bytes differed from those held
	Gaps       uint64
	GapBytes   uint64
	Stray      uint64 // segments without payload that fit no connection
	Evicted    uint64 // connections ended by Limits.Conns
	Overflows  uint64 // times a byte limit gave up bytes
	Dropped    uint64 // bytes given up so
}

// Scaled is lim with a share of the defaults of Conns and TotalBytes where it
// has none of its own.
func (lim Limits) Scaled(share float64) Limits {
	of := NewTracker(Limits{}, nil).lim
	lim.Conns = orElse(lim.Conns, max(64, int(float64(of.Conns)*share)))
	lim.TotalBytes = orElse(lim.TotalBytes, max(1<<20, int(float64(of.TotalBytes)*share)))
	return lim
}

// A Tracker follows TCP connections and puts their streams together. It takes
// packets in capture order and may start anywhere in a connection. A flow that
// stands twice in the capture is one flow: what comes again is dropped.
type Tracker struct {
	h     Handler
	lim   Limits
	stats Stats
	clock clock
	due   int64 // of the clock: nothing is over by it before
	ids   uint64
	hash  uint64    // of the packet in hand
	table connTable // the newest between two ports; Conn.prev leads to older ones

	calmTags []uint32   // upper half of the hash, odd; 0: the slot is free
	calm     []calmSlot // see Quick
	calmConn []*Conn    // whose the slots are

	opening connList // SYN, nothing from the server yet
	open    connList
	closing connList // RST or both FINs, more may come
	dead    connList // ended, kept to know their twins

	held    int
	holders holdList
	free    [][]byte
	spare   []*Conn // forgotten, for those to come
}

// NewTracker returns a Tracker that tells h.
func NewTracker(lim Limits, h Handler) *Tracker {
	lim.Conns = orElse(lim.Conns, 32768)
	lim.HalfBytes = orElse(lim.HalfBytes, 1<<20)
	lim.TotalBytes = orElse(lim.TotalBytes, 48<<20)
	lim.WaitBytes = orElse(lim.WaitBytes, 256<<10)
	lim.WaitSegments = orElse(lim.WaitSegments, 512)
	lim.Idle = orElse(lim.Idle, 1800*second)
	lim.SynIdle = orElse(lim.SynIdle, 60*second)
	lim.Linger = orElse(lim.Linger, 5*second)
	lim.Twin = orElse(lim.Twin, 60*second)
	return &Tracker{h: h, lim: lim, due: math.MinInt64, calmTags: make([]uint32, calmSlots), calm: make([]calmSlot, calmSlots), calmConn: make([]*Conn, calmSlots)}
}

const second = int64(1e9)

// Seed is what the hashes of packets that a Tracker takes are made with.
const Seed = 0x9e3779b97f4a7c15

// slack is how much later than it was last touched a connection may stand in
// the list: moving it with every packet costs more than the packet.
func (t *Tracker) slack() int64 { return t.lim.Idle / 64 }

func orElse[T int | int64](v, d T) T {
	if v <= 0 {
		return d
	}
	return v
}

// Add takes a packet for which Peek (or Fragments) said TCP. It returns the
// connection, ended already if the packet is a twin of one; or nil when the
// packet belongs to none and opens none (a stray ACK, FIN or RST).
func (t *Tracker) Add(p *Packet, frame uint64, time int64) *Conn {
	b := p.Brief()
	if t.Quick(&b, frame, time) {
		return t.Find(p)
	}
	return t.AddHashed(p, b.Hash, frame, time)
}

// AddHashed is Add for a packet that Quick did not take and whose Hash, with
// Seed, is known.
func (t *Tracker) AddHashed(p *Packet, hash, frame uint64, time int64) *Conn {
	t.stats.Segments++
	t.Tick(time)
	key, side := keyOf(p)
	newest := t.table.get(hash, &key)
	for c := newest; c != nil; c = c.prev {
		t.wake(c)
	}
	t.hash = hash
	var c *Conn
	switch {
	case p.Flags&(SYN|RST|ACK) == SYN:
		c = t.syn(newest, key, side, p, Seen{frame, time})
	case p.Flags&(SYN|RST|ACK) == SYN|ACK:
		c = t.synACK(newest, key, side, p, Seen{frame, time})
	default:
		for c = newest; c != nil && !c.fits(side, p); c = c.prev {
		}
		if c == nil && (p.PayloadWire == 0 || p.Flags&RST != 0) {
			t.stats.Stray++
			return nil
		}
		if c == nil {
			c = t.pickUp(key, p, Seen{frame, time})
		}
	}
	h := &c.half[side]
	h.Packets++
	h.acks = h.acks || p.Flags&(SYN|RST|ACK) == ACK
	c.Last = Seen{frame, time}
	if c.ended {
		h.Duplicates++
		t.stats.Duplicates++
		return c
	}
	t.touch(c, side)
	t.segment(c, side, p, frame, time)
	t.rest(c)
	return c
}

// Find returns the newest live connection with p's addresses and ports; nil
// when there is none.
func (t *Tracker) Find(p *Packet) *Conn {
	key, _ := keyOf(p)
	for c := t.table.get(p.Hash(Seed), &key); c != nil; c = c.prev {
		if !c.ended {
			t.wake(c)
			return c
		}
	}
	return nil
}

// Tick moves the clock on to a packet's time and ends what is idle by it. Add
// does so itself.
func (t *Tracker) Tick(time int64) {
	now := t.clock.at(time)
	if now <= t.due {
		return
	}
	for c := t.opening.oldest; c != nil && now-c.lastAt > t.lim.SynIdle; c = t.opening.oldest {
		t.end(c, EndIdle)
	}
	for c := t.open.oldest; c != nil && now-c.listAt > t.lim.Idle+t.slack(); c = t.open.oldest {
		t.end(c, EndIdle)
	}
	for c := t.closing.oldest; c != nil && now-c.lastAt > t.lim.Linger; c = t.closing.oldest {
		t.end(c, EndIdle)
	}
	for c := t.dead.oldest; c != nil && now-c.lastAt > t.lim.Twin; c = t.dead.oldest {
		t.remove(c)
	}
	// What comes into a list from now on is over no sooner than after the
	// list's time; what stands in one, by its oldest.
	t.due = now + min(t.lim.SynIdle, t.lim.Idle+t.slack(), t.lim.Linger, t.lim.Twin)
	if c := t.opening.oldest; c != nil {
		t.due = min(t.due, c.lastAt+t.lim.SynIdle)
	}
	if c := t.open.oldest; c != nil {
		t.due = min(t.due, c.listAt+t.lim.Idle+t.slack())
	}
	if c := t.closing.oldest; c != nil {
		t.due = min(t.due, c.lastAt+t.lim.Linger)
	}
	if c := t.dead.oldest; c != nil {
		t.due = min(t.due, c.lastAt+t.lim.Twin)
	}
}

// Flush gives out what still waits and ends every connection, in the order
// they opened. The Tracker is empty afterwards.
func (t *Tracker) Flush() {
	type opened struct {
		id uint64
		c  *Conn
	}
	live := make([]opened, 0, t.Live())
	for _, l := range []*connList{&t.opening, &t.open, &t.closing} {
		for c := l.oldest; c != nil; c = c.newer {
			live = append(live, opened{c.ID, c})
		}
	}
	slices.SortFunc(live, func(a, b opened) int { return cmp.Compare(a.id, b.id) })
	for _, o := range live {
		t.over(o.c, EndOfInput)
	}
	// What still knows one of them keeps no others.
	for _, l := range []*connList{&t.opening, &t.open, &t.closing, &t.dead} {
		for c := l.oldest; c != nil; {
			newer := c.newer
			c.list, c.older, c.newer, c.prev = nil, nil, nil, nil
			c = newer
		}
		*l = connList{}
	}
	t.table = connTable{}
}

// Stats returns the counts so far.
func (t *Tracker) Stats() Stats { return t.stats }

// Live returns the number of connections that have not ended.
func (t *Tracker) Live() int { return t.opening.n + t.open.n + t.closing.n }

// Known returns the number of connections held, ended ones kept for twins included.
func (t *Tracker) Known() int { return t.Live() + t.dead.n }

// Held returns the bytes of streams held in all, bookkeeping included.
func (t *Tracker) Held() int { return t.held }

// buffer returns memory for what a consumer leaves unread.
func (t *Tracker) buffer() []byte {
	if n := len(t.free); n > 0 {
		b := t.free[n-1]
		t.free = t.free[:n-1]
		return b
	}
	return nil
}

func (t *Tracker) release(b []byte) {
	if cap(b) <= 64<<10 && len(t.free) < 64 {
		t.free = append(t.free, b[:0])
	}
}
