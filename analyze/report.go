package analyze

// A Report is what an investigation found, ready to print; its JSON is
// kerbscope.report/1. A field that does not apply is absent.
type Report struct {
	Schema     string      `json:"schema"`
	Verdict    Verdict     `json:"verdict"`
	Findings   []Finding   `json:"findings"`
	Hosts      []Host      `json:"hosts"`
	Exchanges  []Exchange  `json:"exchanges"`
	Tickets    []Ticket    `json:"tickets"`
	Etypes     []EtypeRow  `json:"etypes"`
	RC4        []RC4Row    `json:"rc4"`
	Captures   []Capture   `json:"captures"`
	Totals     Totals      `json:"totals"`
	BlindSpots []BlindSpot `json:"blind_spots"`
}

// A Verdict is the first root finding when it is an error or a warning; else
// only the summary is set.
type Verdict struct {
	ID         string `json:"id,omitempty"`
	Rule       string `json:"rule,omitempty"`
	Severity   string `json:"severity,omitempty"`
	Confidence string `json:"confidence,omitempty"`
	Summary    string `json:"summary"`
}

// An Endpoint is one end of an exchange.
type Endpoint struct {
	Address string `json:"address"`
	Port    uint16 `json:"port,omitempty"` // 0: any, or not of interest
}

// A Finding is one statement of a rule about one subject. Its JSON alone on a
// line, with Schema set, is kerbscope.finding/1.
type Finding struct {
	Schema      string     `json:"schema,omitempty"`
	ID          string     `json:"id"`
	Rule        string     `json:"rule"`
	Severity    Severity   `json:"severity"`
	Confidence  Confidence `json:"confidence"`
	Summary     string     `json:"summary"`
	Cause       string     `json:"cause"`
	FaultAt     []Fault    `json:"fault_at,omitempty"`
	Client      string     `json:"client,omitempty"`
	Service     string     `json:"service,omitempty"`
	KDC         *Endpoint  `json:"kdc,omitempty"`
	Server      *Endpoint  `json:"server,omitempty"`
	Evidence    []Evidence `json:"evidence"`
	BecauseOf   string     `json:"because_of,omitempty"`
	Fix         []string   `json:"fix,omitempty"`
	Undo        []string   `json:"undo,omitempty"`
	CaptureNext []string   `json:"capture_next,omitempty"`
	Events      []Event    `json:"events,omitempty"`
	Filter      string     `json:"filter,omitempty"`
	Count       uint64     `json:"count"`
	First       string     `json:"first,omitempty"`
	Last        string     `json:"last,omitempty"`
	// Contrast is in what two exchanges of the same kind for the same service
	// differ, of which one worked; absent when only one of the two was seen.
	Contrast *Contrast `json:"contrast,omitempty"`
	// Issuers is in what the tickets of two KDCs for the same service differ, of a
	// finding that rests on such a ticket's etype or kvno and has no contrast.
	Issuers *IssuerContrast `json:"issuers,omitempty"`

	// Subject is what cause.go matches causes and effects by.
	Subject Subject `json:"-"`
	// fill puts names into the rule's steps: placeholder, name, …
	fill  []string
	cited []citedFlow
	// identity takes the place of the subject in the id, where what the
	// captures show of the subject depends on which of them there are.
	identity string
	// parts are the subjects of a finding that puts several together.
	parts []Subject
	// rows are the exchanges it is about; endTold: the rule itself says that
	// what was refused was granted later.
	rows    []*Row
	endTold bool
	first   int64
	last    int64
}

// A Fault is where the evidence puts the fault.
type Fault struct {
	Host     string    `json:"host"`
	Role     string    `json:"role,omitempty"`
	Endpoint *Endpoint `json:"endpoint,omitempty"`
}

// Evidence is one field of one frame that a finding rests on.
type Evidence struct {
	Capture   string `json:"capture"`
	Frame     uint64 `json:"frame"`
	Field     string `json:"field"` // path in decode's row: "ticket.kvno", "carrier_result.code"
	Value     any    `json:"value"`
	ValueName string `json:"value_name,omitempty"`
	Wireshark string `json:"wireshark,omitempty"` // a filter true in that frame; absent where Wireshark does not dissect it
}

// An Event is an event-log entry to look up.
type Event struct {
	Host    string `json:"host"` // "DC", "client", "service host", or a name
	Log     string `json:"log"`
	ID      string `json:"id"`
	Meaning string `json:"meaning"`
}

// A Host is one machine as the captures show it.
type Host struct {
	Addresses   []string     `json:"addresses"`
	Names       []HostName   `json:"names,omitempty"`
	Roles       []string     `json:"roles,omitempty"`
	ClockOffset *ClockOffset `json:"clock_offset,omitempty"`
}

// A HostName is a name and what tied it to the host.
type HostName struct {
	Name   string `json:"name"`
	Source string `json:"source"`
}

// A ClockOffset is what to subtract from a capture's (a host's) times to get
// the reference's.
type ClockOffset struct {
	Seconds     float64 `json:"seconds"`
	DriftPPM    float64 `json:"drift_ppm"`
	Uncertainty float64 `json:"uncertainty"`
	From        string  `json:"from"` // "packets", "kerberos" or "none"
}

// An Exchange is one AS, TGS, AP or password exchange, joined over captures.
type Exchange struct {
	Kind                string      `json:"kind"`
	Client              string      `json:"client,omitempty"`
	Service             string      `json:"service,omitempty"`
	ClientAddress       *Endpoint   `json:"client_address,omitempty"`
	KDC                 *Endpoint   `json:"kdc,omitempty"`
	Server              *Endpoint   `json:"server,omitempty"`
	Carrier             []string    `json:"carrier,omitempty"`
	Outcome             string      `json:"outcome"`
	ErrorCode           *int32      `json:"error_code,omitempty"`
	ErrorCodeName       string      `json:"error_code_name,omitempty"`
	Refusal             *Refusal    `json:"refusal,omitempty"`
	RequestedEtypes     []int32     `json:"requested_etypes,omitempty"`
	RequestedEtypeNames []string    `json:"requested_etypes_names,omitempty"`
	PreauthEtype        *int32      `json:"preauth_etype,omitempty"`
	PreauthEtypeName    string      `json:"preauth_etype_name,omitempty"`
	TicketEtype         *int32      `json:"ticket_etype,omitempty"`
	TicketEtypeName     string      `json:"ticket_etype_name,omitempty"`
	TicketKVNO          *uint32     `json:"ticket_kvno,omitempty"`
	TicketHash          string      `json:"ticket_hash,omitempty"`
	ReplyEtype          *int32      `json:"reply_etype,omitempty"`
	ReplyEtypeName      string      `json:"reply_etype_name,omitempty"`
	SessionEtype        *int32      `json:"session_etype,omitempty"`
	SessionEtypeName    string      `json:"session_etype_name,omitempty"`
	Started             string      `json:"started,omitempty"`
	TookMS              *float64    `json:"took_ms,omitempty"`
	Frames              []StepFrame `json:"frames"`
}

// A Refusal is the carrier's word that refused an AP exchange.
type Refusal struct {
	Code     *int64 `json:"code,omitempty"` // nil: the carrier speaks in words alone
	CodeName string `json:"code_name,omitempty"`
	Text     string `json:"text,omitempty"`
}

// A StepFrame is one frame of an exchange.
type StepFrame struct {
	Capture string `json:"capture"`
	Frame   uint64 `json:"frame"`
	Step    string `json:"step"`
}

// A Ticket is one ticket's life, by the hash of its cipher.
type Ticket struct {
	Hash             string         `json:"hash"`
	SName            string         `json:"sname"`
	Realm            string         `json:"realm"`
	Etype            int32          `json:"etype"`
	EtypeName        string         `json:"etype_name,omitempty"`
	KVNO             *uint32        `json:"kvno,omitempty"`
	SessionEtype     *int32         `json:"session_etype,omitempty"`
	SessionEtypeName string         `json:"session_etype_name,omitempty"`
	Issued           any            `json:"issued"` // *Issue, or "before the capture"
	Presented        []Presentation `json:"presented"`
	// NotListed counts the uses beyond the limit of a ticket's list; else absent.
	NotListed uint64 `json:"not_listed,omitempty"`
}

// An Issue says which KDC issued a ticket and where that was seen.
type Issue struct {
	KDC     *Endpoint `json:"kdc"`
	Capture string    `json:"capture"`
	Frame   uint64    `json:"frame"`
}

// A Presentation is one use of a ticket, or several that are alike: by the same
// client at the same endpoint with the same outcome and error code. Of those the first and the last
// are listed, and the first stands for all but the last.
type Presentation struct {
	To      Endpoint `json:"to"`
	Carrier []string `json:"carrier"`
	Capture string   `json:"capture"`
	Frame   uint64   `json:"frame"`
	Outcome string   `json:"outcome"`
	Count   uint64   `json:"count"` // uses that it stands for: the counts of a ticket add up to all its uses
}

// An EtypeRow is the etypes of one client, service and KDC.
type EtypeRow struct {
	Client         string    `json:"client,omitempty"`
	Service        string    `json:"service,omitempty"`
	KDC            *Endpoint `json:"kdc,omitempty"`
	Requested      []int32   `json:"requested,omitempty"`
	RequestedNames []string  `json:"requested_names,omitempty"`
	// ListShape is whose list the request looks like, "unknown" when nobody's;
	// absent without a list. ListShapeConfidence is absent when unknown.
	ListShape           string     `json:"list_shape,omitempty"`
	ListShapeConfidence Confidence `json:"list_shape_confidence,omitempty"`
	Preauth             *int32     `json:"preauth,omitempty"`
	PreauthName         string     `json:"preauth_name,omitempty"`
	Ticket              *int32     `json:"ticket,omitempty"`
	TicketName          string     `json:"ticket_name,omitempty"`
	Reply               *int32     `json:"reply,omitempty"`
	ReplyName           string     `json:"reply_name,omitempty"`
	Session             *int32     `json:"session,omitempty"`
	SessionName         string     `json:"session_name,omitempty"`
	KVNO                *uint32    `json:"kvno,omitempty"`
	DecidedBy           string     `json:"decided_by,omitempty"`
	Count               uint64     `json:"count"`
}

// An RC4Row says whether one principal is ready for life without RC4.
type RC4Row struct {
	Principal   string   `json:"principal"`
	Role        string   `json:"role"`
	Uses        []string `json:"uses"`
	Etypes      []int32  `json:"etypes"`
	EtypesNames []string `json:"etypes_names"`
	Breaks      string   `json:"breaks"`
	Why         string   `json:"why"`
	Change      string   `json:"change"`
	// WouldTell is what would settle a "cannot-tell"; else absent.
	WouldTell string `json:"would_tell,omitempty"`
	Count     uint64 `json:"count"`
}

// A Capture is one capture file as it was read.
type Capture struct {
	Name        string            `json:"name"`
	Format      string            `json:"format"`
	LinkTypes   []string          `json:"link_types"`
	Frames      uint64            `json:"frames"`
	Bytes       uint64            `json:"bytes"`
	First       string            `json:"first,omitempty"`
	Last        string            `json:"last,omitempty"`
	ClockOffset ClockOffset       `json:"clock_offset"`
	Lost        map[string]uint64 `json:"lost,omitempty"`     // truncated, gaps, unknown_link, unreadable, …
	LeftOut     map[string]uint64 `json:"left_out,omitempty"` // in the file and not needed: copies, dropped_by_host, …
	Problem     string            `json:"problem,omitempty"`  // why reading it ended early
}

// Totals counts over all captures; Omitted is the number of exchanges that
// are not listed.
type Totals struct {
	Exchanges uint64 `json:"exchanges"`
	Tickets   uint64 `json:"tickets"`
	Messages  uint64 `json:"messages"`
	Omitted   uint64 `json:"omitted"`
}

// A BlindSpot is something that could not be seen, and the rules that could
// not speak because of it.
type BlindSpot struct {
	Kind     string   `json:"kind"`
	Summary  string   `json:"summary"`
	Captures []string `json:"captures,omitempty"`
	Hosts    []string `json:"hosts,omitempty"`
	Count    uint64   `json:"count"`
	Rules    []string `json:"rules,omitempty"`
	// Tickets are those that were fetched for what could not be seen, as far as
	// they are known; nil: none.
	Tickets []BlindTicket `json:"tickets,omitempty"`
}
