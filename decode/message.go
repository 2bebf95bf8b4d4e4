package decode

import (
	"bytes"
	"net/netip"

	"kerbscope/decode/krb5"
)

// A FrameID names one frame of one capture: the capture's index in the
// investigation in the upper 24 bits, its frame number as Wireshark counts it
// in the lower 40. Comparing two of the same capture compares frame numbers.
type FrameID uint64

// MakeFrameID puts a capture index and a 1-based frame number together.
func MakeFrameID(capture int, number uint64) FrameID {
	return FrameID(uint64(capture)<<40 | number&(1<<40-1))
}

// Capture is the index of the capture that holds the frame.
func (f FrameID) Capture() int { return int(f >> 40) }

// Number is the frame's number in its capture, 1-based; 0: no frame.
func (f FrameID) Number() uint64 { return uint64(f) & (1<<40 - 1) }

// Transport is the transport protocol a message came over.
type Transport uint8

// The transports that carry Kerberos.
const (
	TCP Transport = 6
	UDP Transport = 17
)

func (t Transport) String() string {
	if t == UDP {
		return "udp"
	}
	return "tcp"
}

// A Message is one row of the decode: a Kerberos message where it stood, or a
// carrier's own word or an NTLM token that came without one (Krb is nil). It
// owns its bytes.
type Message struct {
	Frame     FrameID   // the frame that completes it
	Frames    []FrameID // every frame with a byte of it, ascending
	Time      int64     // ns since 1970 UTC, of Frame, by the capture's clock
	Src, Dst  netip.AddrPort
	Transport Transport
	// Carrier is the path from the outside in: ["kdc"], ["smb2","spnego","gss"].
	Carrier []string
	// Krb is the Kerberos message; nil on a row for a carrier's word or NTLM.
	Krb *krb5.Message
	// Result is the carrier's word, when it stands in the same frame.
	Result *Result
	// NTLM is the NTLM message type: "negotiate", "challenge",
	// "authenticate"; empty when the row holds none.
	NTLM string
	// IAKERB is the header in front of a message that a service is to pass on
	// to a KDC, or passes back; nil for others.
	IAKERB *krb5.IAKERBHeader
	// Opened is what the given keys made of the message; nil without keys or
	// when the message holds nothing that they could open.
	Opened *Opened
	// Anomalies are those of the way here (gap, cut by snaplen); those of the
	// message itself are in Krb.
	Anomalies []krb5.Anomaly
}

// messageRoom is a Message with the Kerberos message that it is about, and room
// for the frames that most have: all three live equally long.
type messageRoom struct {
	Message
	krb    krb5.Message
	frames [2]FrameID
}

// newMessage reads the Kerberos message at the start of b, which it copies; nil
// when there is none. What of Message hangs on where it stood is left to the
// caller, Frames has room.
func newMessage(b []byte) *Message {
	k, _ := krb5.Parse(bytes.Clone(b))
	if k.Type == 0 {
		return nil
	}
	r := &messageRoom{krb: k}
	r.Krb, r.Frames = &r.krb, r.frames[:0]
	return &r.Message
}

// Type is the message type, 0 on a row without Kerberos.
func (m *Message) Type() krb5.MsgType {
	if m == nil || m.Krb == nil {
		return 0
	}
	return m.Krb.Type
}
