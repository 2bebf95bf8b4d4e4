package decode

import (
	"net/netip"

	"kerbscope/decode/krb5"
)

// Kind is the kind of an Exchange.
type Kind uint8

// The kinds of exchange: RFC 4120 §3.1 (AS), §3.3 (TGS), §3.2 (AP), and a
// password change or set, RFC 3244.
const (
	AS Kind = iota + 1
	TGS
	AP
	Password
)

func (k Kind) String() string {
	switch k {
	case AS:
		return "AS"
	case TGS:
		return "TGS"
	case AP:
		return "AP"
	case Password:
		return "password"
	}
	return ""
}

// Ending is how an Exchange came out.
type Ending uint8

// The endings, as the report names them.
const (
	OK          Ending = iota + 1 // answered as asked
	Failed                        // "error": a KRB-ERROR
	Denied                        // "refused": the carrier's word alone
	Unanswered                    // both directions in view, and nothing came
	NotCaptured                   // the answer could not have been seen
	Unknown                       // AP without mutual authentication and without the carrier's word
)

func (e Ending) String() string {
	switch e {
	case OK:
		return "ok"
	case Failed:
		return "error"
	case Denied:
		return "refused"
	case Unanswered:
		return "unanswered"
	case NotCaptured:
		return "not-captured"
	case Unknown:
		return "unknown"
	}
	return ""
}

// A Step is one message, or one word of the carrier, in an Exchange.
type Step struct {
	Frame FrameID
	Time  int64
	What  string   // "AS-REQ", "KRB-ERROR 25", "AP-REQ", "535", "SYN" …
	Msg   *Message // nil for a carrier's word
}

// An Exchange is one question to a KDC, an acceptor or a password service,
// with everything that belongs to it in order: retransmissions, the step to
// preauthentication, the step from UDP to TCP, the carrier's word. Pairing is
// per capture; an Exchange seen at two points is joined in analyze.
type Exchange struct {
	Kind           Kind
	Client, Server netip.AddrPort
	Transport      Transport
	Carrier        []string
	Steps          []Step
	Ending         Ending
	// Request is the request that the outcome answers (the one with
	// preauthentication, where there were two); nil: not captured.
	Request *Message
	// Reply is the message that decided: AS-REP, TGS-REP, AP-REP or
	// KRB-ERROR; nil: none came, or only the carrier's word.
	Reply *Message
	// Hint is the KRB-ERROR PREAUTH_REQUIRED (25) or MORE_PREAUTH_DATA (91)
	// on the way, whose METHOD-DATA tells the account's keys; nil: none.
	Hint *Message
	// TooBig is the KRB-ERROR RESPONSE_TOO_BIG (52) on the way; nil: none.
	TooBig *Message
	// Unheard is the request over UDP that had no answer in view when the client
	// sent the same over TCP; nil: none.
	Unheard *Message
	// Attempt is the authentication on the carrier that an AP exchange is
	// part of; nil for raw AP-REQs and for AS and TGS.
	Attempt *Attempt
	// Resent counts identical requests sent again.
	Resent int
	// BothWays: the capture holds packets from Server to Client.
	BothWays bool
	// ClientHears: the capture holds packets to Client, whoever sent them.
	ClientHears bool
	// Incomplete: bytes that the server sent on the connection of an AP
	// exchange are missing in the capture; a KRB-ERROR or an AP-REP may have
	// been among them.
	Incomplete bool
	// Started and Ended are the times of the first and last step.
	Started, Ended int64
}

// Error is the KRB-ERROR that decided the exchange, nil when none did.
func (x *Exchange) Error() *krb5.KRBError {
	if x.Reply == nil || x.Reply.Krb == nil {
		return nil
	}
	return x.Reply.Krb.Error
}
