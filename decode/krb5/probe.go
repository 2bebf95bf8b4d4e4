package krb5

// A Verdict is what Probe says.
type Verdict uint8

const (
	No       Verdict = iota // no Kerberos message starts here
	Yes                     // one does
	NeedMore                // so far it looks like one
)

// maxMessage is the longest message that Probe believes in. Tickets with the largest PACs
// stay far below it.
const maxMessage = 1 << 20

// Probe says whether a Kerberos message starts at b[0], from its tag, the
// lengths of tag and SEQUENCE agreeing, pvno 5 and the msg-type of that tag: 16 bytes or so.
// With Yes, length is that of the whole message, which may go on behind b.
// For use on bytes that may be anything: what it says No to Parse may still read.
func Probe(b []byte) (length int, v Verdict) {
	if len(b) == 0 {
		return 0, NeedMore
	}
	t := MsgType(b[0] & 0x1f)
	inner := b
	switch {
	case b[0]&0xe0 == 0x60 && t.tagged():
		h, n, v := plausible(b)
		if v != Yes {
			return 0, v
		}
		length = h + n
		inner = b[h:]
		if len(inner) == 0 {
			return 0, NeedMore
		}
		if inner[0] != idSequence {
			return 0, No
		}
		h2, n2, v := plausible(inner)
		if v != Yes {
			return 0, v
		}
		if h2+n2 != n {
			return 0, No
		}
		inner = inner[h2:]
	case b[0] == idSequence:
		h, n, v := plausible(b)
		if v != Yes {
			return 0, v
		}
		length, inner, t = h+n, b[h:], 0
	default:
		return 0, No
	}
	return length, leads(inner, t)
}

// plausible reads the header of b if its length is definite and not beyond
// what a message can have.
func plausible(b []byte) (h, n int, v Verdict) {
	h, n, form := header(b)
	switch {
	case form == lengthCut && (len(b) < 2 || b[1]&0x7f <= 4):
		return 0, 0, NeedMore
	case form != lengthShort && form != lengthPadded, h+n > maxMessage, n < 10:
		return 0, 0, No
	}
	return h, n, Yes
}

// leads says whether b begins with the fields pvno and msg-type of t; of
// TGT-REQ or TGT-REP when t is 0.
func leads(b []byte, t MsgType) Verdict {
	first := byte(0)
	if t == ASReq || t == TGSReq {
		first = 1
	}
	lead := [...]byte{ctx(first), 3, idInteger, 1, 5, ctx(first + 1), 3, idInteger, 1}
	for i, c := range lead {
		if i == len(b) {
			return NeedMore
		}
		if b[i] != c {
			return No
		}
	}
	if len(b) == len(lead) {
		return NeedMore
	}
	got := MsgType(b[len(lead)])
	if t != 0 && got == t || t == 0 && (got == TGTReqMsg || got == TGTRepMsg) {
		return Yes
	}
	return No
}
