package analyze

import (
	"net/netip"

	"kerbscope/decode"
)

// A TicketLife is one ticket from issue to every presentation.
type TicketLife struct {
	TicketRef
	Client       string // principal it was issued to; "" unknown
	SessionEtype *int32
	// Issued is the exchange whose reply carried it; nil: before the capture,
	// or where nothing was captured.
	Issued     *Record
	IssuedTime int64 // ns; 0 with Issued nil
	Presented  []*Presented
	// Forgotten presentations went beyond the limit and are not listed.
	Forgotten uint64

	lastUse int64
}

// A Presented is the presentations of one ticket that are alike: same client
// address, endpoint, ending and error code.
type Presented struct {
	From        netip.Addr
	To          netip.AddrPort
	Ending      decode.Ending
	Code        *int32 // KRB-ERROR code
	Count       uint64
	First, Last *Record // Last may be First
}

// KDCFacts is what the captures tell of one KDC.
type KDCFacts struct {
	Addr netip.Addr
	// Realms it answered for, in order of appearance.
	Realms []string
	// Counts by etype: tickets issued (all, and TGTs alone), entries of ETYPE-INFO2 sent, client
	// keys used in replies.
	Tickets, TGTs, Offered, Replies map[int32]uint64
	// AskedAES counts answered AS and TGS requests whose list had 17, 18, 19
	// or 20; Asked all answered requests.
	AskedAES, Asked uint64
	// EText is true when its errors carry an e-text: MIT, Heimdal, Samba; Windows sends none.
	EText   bool
	Errors  map[int32]uint64  // KRB-ERRORs sent, by code, steps too
	OK      uint64            // AS-REP and TGS-REP sent
	Silent  uint64            // requests unanswered with both directions in view
	First   *Record           // exemplars: a first answer …
	Example map[int32]*Record // … and a first ticket of each etype
}

// AccountKeys is what one KDC told about the keys of one principal, in
// ETYPE-INFO2 (or ETYPE-INFO) of a 25, 24, 91 or AS-REP, for one request list.
type AccountKeys struct {
	Principal string
	KDC       netip.Addr
	Asked     []int32 // the request list
	Keys      []KeyInfo
	// FromError: in a KRB-ERROR, which lists all usable keys; an AS-REP lists
	// one entry, the reply key.
	FromError bool
	Count     uint64
	First     int64
	Last      int64
	Example   *Record
}

// A KeySeen is one key of a service as one KDC used it for tickets.
type KeySeen struct {
	Service     string     // sname@realm
	KDC         netip.Addr // invalid: the ticket was issued before the capture
	Etype       int32
	KVNO        *uint32
	Count       uint64
	First, Last int64
	Example     *Record
}

// A HostClock is what a host's own time stamps (stime of KRB-ERRORs) tell of
// its clock against the reference capture's.
type HostClock struct {
	Addr netip.Addr
	// Offset is host clock minus capture clock, ns, median of the readings;
	// stime has whole seconds with the microseconds beside it.
	Offset   int64
	Min, Max int64
	Count    uint64
	Example  *Record
}

// A SessionFact is one connection on a carrier, in short.
type SessionFact struct {
	Client, Server netip.AddrPort
	SidesKnown     bool
	Carrier        string
	Begin          FrameRef
	End            FrameRef // last frame seen
	Ended          decode.End
	EndFrame       decode.FrameID
	BothWays       bool
	Gaps           int
	Offered        []string
	TLS            FrameRef // frame 0: never
	TLSName        string
	Anonymous      FrameRef
	AfterAuth      FrameRef
	Attempts       []AttemptFact // in order
	More           int           // attempts beyond the limit
}

// An AttemptFact is one authentication on a carrier.
type AttemptFact struct {
	AttemptInfo
	Begin  FrameRef // first token
	NTLM   FrameRef // first NTLM token of the client
	APReq  FrameRef
	Word   *Word   // nil: none was seen
	Record *Record // the AP exchange it belongs to; nil: no Kerberos in it
}

// A SightingFact is the sightings that are alike: same kind, hosts, port,
// name and code.
type SightingFact struct {
	decode.Sighting        // the first one
	Seen            uint64 // how many
	Last            int64
	LastFrame       decode.FrameID
}

// CaptureFacts is what a rule may ask about one capture.
type CaptureFacts struct {
	Name        string
	First, Last int64 // ns, reference clock
	Stats       decode.Stats
	Truncated   uint64 // frames cut by the snap length
	Complete    bool   // read to its end without faults
}
