package flow

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
	TotalBytes   int   // bytes held in all; default 64 MiB
	WaitBytes    int   // bytes that may wait behind missing ones; default 256 KiB
	WaitSegments int   // segments that may wait behind missing bytes; default 512
	Idle         int64 // a connection without a packet for so long ends; default 30 min
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

// A Tracker follows TCP connections and puts their streams together. It takes
// packets in capture order and may start anywhere in a connection.
type Tracker struct {
	h     Handler
	lim   Limits
	stats Stats
	clock clock
	table map[connKey]*Conn
}

// NewTracker returns a Tracker that tells h.
func NewTracker(lim Limits, h Handler) *Tracker { return &Tracker{} }

// Add takes a packet for which Peek (or Fragments) said TCP. It returns the
// connection, or nil when the packet belongs to none and opens none (a stray
// ACK or RST).
func (t *Tracker) Add(p *Packet, frame uint64, time int64) *Conn { return nil }

// Has tells whether a live connection has p's addresses and ports.
func (t *Tracker) Has(p *Packet) bool { return false }

// Tick moves the clock on to a packet's time and ends what is idle by it. Add
// does so itself.
func (t *Tracker) Tick(time int64) {}

// Flush gives out what still waits and ends every connection, in the order
// they opened. The Tracker is empty afterwards.
func (t *Tracker) Flush() {}

// Stats returns the counts so far.
func (t *Tracker) Stats() Stats { return t.stats }

// Live returns the number of connections not ended, and Held the bytes held.
func (t *Tracker) Live() int { return 0 }

// Held returns the bytes held in all, bookkeeping included.
func (t *Tracker) Held() int { return 0 }
