package flow

import "net/netip"

// A Dir is a direction in a connection.
type Dir uint8

// The directions.
const (
	ToServer Dir = iota // what the client sends
	ToClient            // what the server sends
)

// Other returns the opposite direction.
func (d Dir) Other() Dir { return d ^ 1 }

func (d Dir) String() string {
	if d == ToServer {
		return "to-server"
	}
	return "to-client"
}

// A Seen says at which frame and time something stood. Frame 0: not seen.
type Seen struct {
	Frame uint64
	Time  int64 // ns, capture time
}

// Ok tells whether it was seen at all.
func (s Seen) Ok() bool { return s.Frame != 0 }

// An EndReason says why a Conn ended.
type EndReason uint8

// The reasons.
const (
	EndClosed  EndReason = iota // FIN both ways, everything delivered
	EndReset                    // RST
	EndRefused                  // RST in answer to the SYN
	EndIdle                     // no packet for Limits.Idle
	EndReused                   // a new connection between the same ports
	EndEvicted                  // Limits.Conns reached, this was the oldest
	EndOfInput                  // Flush
)

var endNames = [...]string{"closed", "reset", "refused", "idle", "reused", "evicted", "end-of-input"}

func (r EndReason) String() string {
	if int(r) < len(endNames) {
		return endNames[r]
	}
	return "?"
}

// A Conn is one TCP connection. It may be read until Handler.End returns: its
// memory serves another connection later.
type Conn struct {
	connHot

	User        any  // the consumer's own; set to nil after Handler.End
	First, Last Seen // first and last packet given to the Tracker
	RST         Seen // first RST
	RSTFrom     Dir  // who sent it: ToServer = the client

	ID             uint64 // 1, 2, … in the order of first packets given to the Tracker
	Client, Server netip.AddrPort
	// ClientKnown: a SYN, a SYN-ACK or Swap told who the client is. If false,
	// the side with the well-known, else the lower, port is taken for the
	// server.
	ClientKnown bool
	V6          bool

	// SYNs are the client's SYNs that opened the connection: the first and its
	// retransmits, without capture twins; at most MaxSYNs are kept, SYNCount
	// counts all. Empty when the start was not captured.
	SYNs     []Seen
	SYNCount int
	SYNACK   Seen // first SYN-ACK
	FINs     [2]Seen

	Twins uint64 // packets that stood a second time in the capture (SYNs and SYN-ACKs only; data twins count as Half.Duplicates)

	synFPs  []uint64 // of SYNs
	syn0    [1]Seen  // where SYNs and synFPs begin: most connections have one
	fp0     [1]uint64
	sackFP  uint64 // of SYNACK
	holdPrv *Conn  // neighbours among those that hold bytes
	holdNxt *Conn
}

// connHot is what most packets of a connection need, in as few cache lines as
// can be. The runtime puts a word before a Conn, so that each half begins on a line.
type connHot struct {
	key     connKey
	prev    *Conn  // older connection between the same ports
	hash    uint64 // of its packets
	calm    uint32 // 1 + where it stands in Tracker.calm; 0: nowhere
	flip    uint8  // side of the client
	ignored bool
	ended   bool
	holding bool
	list    *connList
	lastAt  int64 // Tracker clock when last touched
	listAt  int64 // lastAt when it was put where it stands in open
	held    int
	t       *Tracker
	older   *Conn // neighbours in list
	newer   *Conn
	half    [2]Half // by side of key
}

// MaxSYNs is how many SYNs of one connection are kept with their frames.
const MaxSYNs = 8

// Half returns the stream in direction d.
func (c *Conn) Half(d Dir) *Half { return &c.half[uint8(d)^c.flip] }

// BothDirections tells whether packets of both directions were seen.
func (c *Conn) BothDirections() bool { return c.half[0].Packets > 0 && c.half[1].Packets > 0 }

// MidStream tells whether the start of the connection was not seen.
func (c *Conn) MidStream() bool { return c.SYNCount == 0 && !c.SYNACK.Ok() }

// Refused tells whether the SYN was answered by a RST.
func (c *Conn) Refused() bool {
	return c.SYNCount > 0 && c.RST.Ok() && c.RSTFrom == ToClient && !c.SYNACK.Ok() && c.Half(ToClient).PayloadBytes == 0
}

// Unanswered tells whether SYNs were seen, nothing from the server, and no sign
// that it sent anything. Whether that means anything the caller must judge: the
// capture may hold one direction only.
func (c *Conn) Unanswered() bool {
	return c.SYNCount > 0 && c.Half(ToClient).Packets == 0 && !c.ServerUnseen()
}

// ServerUnseen tells whether the server answered and the capture holds none of
// it: the client's SYN is there, the client acknowledges something (RFC 9293
// section 3.5: only after a SYN-ACK), and no packet of the server is.
func (c *Conn) ServerUnseen() bool {
	return c.SYNCount > 0 && c.Half(ToClient).Packets == 0 && c.Half(ToServer).acks
}

// Swap says that client and server are the other way round. Directions given
// to Handler.Data from then on, and Half, follow. ClientKnown becomes true.
func (c *Conn) Swap() {
	c.t.wake(c)
	c.Client, c.Server = c.Server, c.Client
	c.flip ^= 1
	c.FINs[0], c.FINs[1] = c.FINs[1], c.FINs[0]
	c.RSTFrom ^= 1
	c.half[0].TakePassed()
	c.half[1].TakePassed()
	c.ClientKnown = true
}

// Confirm says that client and server are as they stand: ClientKnown becomes
// true.
func (c *Conn) Confirm() { c.ClientKnown = true }

// Ignore says that the bytes of the connection are of no more interest: its
// buffers go, Data is no longer called, its packets cost a look-up. Packets,
// SYNs, FINs and RST are still noted, and End is called.
func (c *Conn) Ignore() {
	c.t.wake(c)
	c.ignored = true
	c.half[0].Ignore()
	c.half[1].Ignore()
}

// Resume takes Ignore back: the next segment given of each half is read as the
// first of a half picked up in mid-stream. Segments in between need not have
// been given.
func (c *Conn) Resume() {
	if !c.ignored || c.ended {
		return
	}
	c.ignored = false
	for i := range c.half {
		h := &c.half[i]
		h.ignored, h.based, h.acked = false, false, 0
		h.ackSegs = 0
	}
}

// Ignored tells whether Ignore was called.
func (c *Conn) Ignored() bool { return c.ignored }
