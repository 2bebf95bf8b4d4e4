package analyze

import (
	"net/netip"

	"kerbscope/decode"
)

// A Record is what the Case keeps of one exchange: everything that rules and
// reports read, no bytes of messages. After Join it is the exchange as all
// captures saw it, and its times are the reference's. Pointers are nil, strings
// empty and slices nil for what was not captured or does not apply.
type Record struct {
	Kind decode.Kind
	// Client is the client principal with realm ("MAILBOX-1$@CONTOSO.COM").
	// For TGS and AP it comes from the ticket that was presented, so it is
	// empty when nothing in the captures tells whose ticket that is. With
	// S4U2self and S4U2proxy it is the service that asks.
	Client string
	// Service is the sname asked for or presented, with realm.
	Service   string
	From      netip.AddrPort // the client's end; the port is ephemeral
	To        netip.AddrPort // KDC or acceptor endpoint
	Transport decode.Transport
	Carrier   []string
	Ending    decode.Ending
	// Healed: the same client got what it asked for within 10 s, of the same
	// acceptor endpoint, or for AS and TGS of any KDC (HealedAt tells which).
	Healed   bool
	HealedBy FrameRef
	HealedAt netip.AddrPort
	// HealedWhat is the message, or the carrier's word, that says so.
	HealedWhat string
	// HealedUnsure: whose the failure or the success was is not in view.
	HealedUnsure bool
	// AnswerLost: one capture holds an answer that never came by another,
	// which had both directions in view.
	AnswerLost bool
	// Start and End are the times of first and last step, ns.
	Start, End int64
	// BothWays: packets from To to From were in view in some capture.
	BothWays bool
	// ClientHears: packets to From, whoever sent them, were in view in some capture.
	ClientHears bool
	Resent      int // identical requests sent again

	Req  Request
	Hint *Failure // PREAUTH_REQUIRED (25) or MORE_PREAUTH_DATA (91) on the way
	// OtherHint is Hint as another capture holds it, with other key types in its ETYPE-INFO2.
	OtherHint *Failure
	TooBig    FrameRef // RESPONSE_TOO_BIG (52) on the way
	// Unheard is the request over UDP that had no answer in view when the
	// client sent the same over TCP.
	Unheard FrameRef
	Reply   *Reply   // AS-REP, TGS-REP or AP-REP
	Error   *Failure // the KRB-ERROR that decided
	Word    *Word    // the carrier's last word on the attempt
	// Presented is the ticket of the AP-REQ, for TGS that in PA-TGS-REQ.
	Presented *TicketRef
	// Issued is the ticket in the reply.
	Issued *TicketRef
	// SessionEtype of the ticket presented (AP) or issued (AS, TGS): from an
	// authenticator or AP-REP of that ticket, never from the list.
	SessionEtype *int32
	// Opened tells what the keytabs made of the ticket presented, OpenedIssued
	// of the one in the reply; nil without keytabs.
	Opened, OpenedIssued *OpenResult

	// Attempt is the carrier's side of an AP exchange: its mechanism, verb
	// and what the SPNEGO layer said.
	Attempt *AttemptInfo
	Steps   []Step // in time order; each frame of each capture

	rank int    // order of arrival in its capture; ties of Start are broken by it
	row  *Row   // of the joined Case
	twin uint64 // hash of the request's (or lone reply's) bytes, 0: none
	part int32  // of the captures that it was first seen by; see joiner.group
}

// A FrameRef names one frame and its time. Frame 0: there is none.
type FrameRef struct {
	Frame decode.FrameID
	Time  int64 // ns, of the reference after Join
}

// A Step is one frame of a Record.
type Step struct {
	FrameRef
	What string // "AS-REQ", "KRB-ERROR 25", "AP-REQ", "535"
}

// A Request is what the client sent: the request that the outcome answers.
type Request struct {
	FrameRef
	Etypes        []int32 // KDC-REQ list in the client's order
	FirstEtypes   []int32 // list of the first request of the exchange, when it differs
	KDCOptions    uint32  // bit 0 is the highest
	APOptions     uint32
	SName         string // as asked, without realm
	SNameType     int32
	CName         string // AS only, without realm
	CNameType     int32
	Realm         string
	PADataTypes   []int32
	PreauthEtype  *int32 // of PA-ENC-TIMESTAMP or encrypted challenge
	Preauth       string // "timestamp", "challenge", "spake", "pkinit", "otp"; empty: no proof of a key in clear view
	FAST          bool   // PA-FX-FAST with an armored request: what is inside cannot be seen
	SupportedEnc  *uint32
	ForUser       string // S4U2Self: user@realm
	Nonce         uint32
	FirstNonce    uint32 // of the first request of the exchange, when it differs
	Authenticator *int32 // etype: AP-REQ, and that in a TGS-REQ
	Additional    []TicketRef
	Addresses     int // host addresses asked for
	Length        int // bytes of the request
	AuthHash      uint64
}

// A Reply is an AS-REP, TGS-REP or AP-REP.
type Reply struct {
	FrameRef
	What    string // message type
	Etype   *int32 // of its enc-part
	KVNO    *uint32
	Info2   []KeyInfo // ETYPE-INFO2 (else ETYPE-INFO) in its padata
	PAData  []int32
	CName   string // with realm
	TwoWays bool   // AP: the client answered with an AP-REP of its own (DCE style)
}

// A Failure is a KRB-ERROR.
type Failure struct {
	FrameRef
	Code     int32
	Cut      bool // not all of it was captured: what its e-data lists is not all
	EText    string
	STime    *int64 // ns by the sender's clock
	CTime    *int64
	NTStatus *uint32
	// SkewRecovery: KERB-ERROR-DATA of type 2, the client is to retry with the server's time.
	SkewRecovery bool
	Info2        []KeyInfo // ETYPE-INFO2, else ETYPE-INFO, of its METHOD-DATA
	HasInfo      bool      // ETYPE-INFO (11) is there too
	PAData       []int32   // padata types of its METHOD-DATA
	CRealm       string    // names the realm to go to, with WRONG_REALM
	Realm, SName string    // as the error names them
	CName        string    // without realm; copied from the request (RFC 4120 §5.9.1), often absent
}

// A KeyInfo is one entry of ETYPE-INFO2 or ETYPE-INFO.
type KeyInfo struct {
	Etype   int32
	Salt    string // "" when absent
	HasSalt bool
}

// A Word is a carrier's word on an authentication.
type Word struct {
	FrameRef
	Outcome  decode.Outcome
	Code     int64
	NoCode   bool // CodeName says it all
	Split    bool // Wireshark shows it in the frame that completes the carrier's unit
	CodeName string
	Text     string
}

// A TicketRef names a ticket as a message carries it.
type TicketRef struct {
	Hash  string // SHA-256 of the cipher, lower-case hex; "" when cut
	SName string // without realm
	Realm string
	Etype int32 // 0 when absent
	KVNO  *uint32

	life *partTicket // in a partial Case: its sum stands for Hash
}

// Principal is sname@realm.
func (t *TicketRef) Principal() string { return at(t.SName, t.Realm) }

// An AttemptInfo is the carrier's side of an AP exchange.
type AttemptInfo struct {
	Mech      string   // "kerberos", "ntlm", "spnego", …
	Verb      string   // "AUTH GSSAPI", "X-EXPS GSSAPI", …
	MechTypes []string // OIDs of the NegTokenInit
	Rejected  bool     // SPNEGO negState reject
	TokenLen  int      // bytes of the token with the AP-REQ
}

// An OpenResult is what keytabs made of a ticket, and of the authenticator
// beside it. Times are ns.
type OpenResult struct {
	Key     string         // "principal kvno etype" of the key that opened it; "": none did
	Refusal decode.Refusal // why none did
	WhyNot  string         // the same in words
	// Lacks: the keytab has the service, but not this kvno or etype.
	Lacks bool
	// Misfit: the keytab has service, kvno and etype, and that key does not open the ticket.
	Misfit bool
	// Owner is the principal whose key opens the ticket. Foreign: it is not the
	// service that the ticket is for; then Lacks and Misfit tell of the service's own
	// entries, and OwnWhyNot says why those do not open it.
	Owner      string
	Foreign    bool
	OwnWhyNot  string
	Unnamed    bool     // Foreign, and the keytab has no entry of the service's name
	ByPassword bool     // the key was made of a password
	Relabelled bool     // the key is right, and kvno or case of its label are not the ticket's
	Has        []uint32 // kvnos that the keytab has for the service
	Differs    []string // what the opening key's label says otherwise than the ticket
	Client     string   // the ticket's owner
	Session    *int32   // etype of the session key
	Auth       *int64   // authtime
	Start      *int64   // starttime
	End        *int64   // endtime
	CTime      *int64   // the client's clock, in the authenticator
	Subkey     *int32   // etype of the authenticator's subkey
	BadAuth    string   // why the authenticator does not open although the ticket does
}
