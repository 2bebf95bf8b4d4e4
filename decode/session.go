package decode

import "net/netip"

// A Session is one connection on a carrier: who offered and tried which
// mechanism, what came of it, and whether it went into TLS. It is handed on
// when it ended, expired or the capture did.
type Session struct {
	Client, Server netip.AddrPort
	// SidesKnown is false when the connection was picked up in mid-stream and
	// nothing told which end began it.
	SidesKnown bool
	// FromSYN: the first packet of it in the capture is the client's SYN.
	FromSYN      bool
	Carrier      string  // "smtp", "http", "ldap", "smb2", "smb", "dcerpc", "kdc", "kpasswd" …
	Begin, Ended FrameID // first and last frame seen
	First, Last  int64   // their times
	// BothWays: packets of both directions are in the capture.
	BothWays bool
	// Gaps is the number of places where bytes were not captured.
	Gaps int
	// Offered lists the mechanisms the server offered in clear, in order and
	// in the carrier's own words ("GSSAPI", "NTLM", "Negotiate").
	Offered  []string
	Attempts []*Attempt
	// TLS is the frame in which TLS began, 0: never. TLSName is the server
	// name of the ClientHello, when it carries one.
	TLS     FrameID
	TLSName string
	// Tunnel is the host and port behind the proxy that Server is, once CONNECT
	// was granted (RFC 9110 §9.3.6); what follows on the connection, TLS too, is
	// with that host. Empty: no tunnel.
	Tunnel string
	// Sealed is the first frame of SMB 3 encryption ([MS-SMB2] §2.2.41), 0:
	// none. What is in named pipes from there on is not seen.
	Sealed FrameID
	// Anonymous is the first frame in which the carrier's service was used
	// without any authentication before it (SMTP MAIL accepted, LDAP
	// anonymous bind, SMB anonymous session); 0: not seen.
	Anonymous FrameID
	Names     []NameClaim
	End       End
	// EndFrame is the FIN or RST, 0 when there was none.
	EndFrame FrameID
	// ServerEnded: the first FIN or RST was the server's.
	ServerEnded bool
	// AfterAuth is the first frame with application bytes after the last
	// accepted attempt; CutAfterAuth tells that the server reset the
	// connection within a second of it, the client not having closed it.
	AfterAuth    FrameID
	CutAfterAuth bool
}

// A NameClaim ties a name to one end of a connection.
type NameClaim struct {
	Addr   netip.Addr
	Name   string
	Source string // "ehlo", "banner", "ntlm", "smb", "dns", "tls-sni", "http-host", "cldap" …
	Frame  FrameID
}

// End says how a connection ended.
type End uint8

// The ways a connection ends in a capture.
const (
	EndOpen    End = iota // still open when the capture ended, or expired
	EndFIN                // closed
	EndRST                // reset after being established
	EndRefused            // SYN answered by RST or ICMP
	EndNoReply            // SYN never answered
)

// An Attempt is one authentication on a carrier, from its first token to the
// carrier's word.
type Attempt struct {
	Session *Session
	// Mech is what the tokens showed: "kerberos", "ntlm", "spnego" (an offer
	// without a token), or the carrier's word for another ("PLAIN").
	Mech string
	// Verb is the carrier's verb where it has several ("AUTH GSSAPI",
	// "X-EXPS GSSAPI", "Authorization", "GSS-SPNEGO").
	Verb string
	// MechTypes are the OIDs of the NegTokenInit, first choice first.
	MechTypes []string
	Tokens    []Token
	// Result is the carrier's last word; nil: none was seen.
	Result *Result
	// Rejected: a SPNEGO negState reject was seen.
	Rejected bool
}

// A Token is one leg of an Attempt.
type Token struct {
	Frame      FrameID
	Time       int64
	FromClient bool
	// Kind is a Kerberos message type ("AP-REQ", …), "NTLM negotiate" …,
	// "SPNEGO" for a leg with a state only, or "other".
	Kind    string
	Message *Message // the Kerberos message, nil if the token holds none
	Len     int      // bytes of the token as carried, before base64
}

// Outcome is a carrier's word on an authentication.
type Outcome uint8

// What a carrier can say.
const (
	Continue Outcome = iota + 1 // another leg is wanted
	Accepted
	Refused
)

func (o Outcome) String() string {
	switch o {
	case Continue:
		return "continue"
	case Accepted:
		return "accepted"
	case Refused:
		return "refused"
	}
	return ""
}

// A Result is a carrier's own word on an authentication: 535, 401, NTSTATUS,
// bind_nak, an LDAP result code.
type Result struct {
	Outcome Outcome
	Code    int64 // as the carrier numbers it; NTSTATUS as unsigned 32 bits
	// NoCode: the carrier speaks in words alone (IMAP's NO); CodeName has them.
	NoCode bool
	// Split: the unit that holds the word goes on in later packets.
	Split    bool
	CodeName string // "STATUS_LOGON_FAILURE", "invalidCredentials"; empty: no registered name
	Text     string // the rest of the reply line or the diagnostic message, as on the wire
	Frame    FrameID
	Time     int64
}
