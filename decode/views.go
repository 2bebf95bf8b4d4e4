package decode

import (
	"net/netip"
	"strconv"

	"kerbscope/decode/krb5"
)

// maxViews bounds the host pairs and hosts remembered for judging what the
// capture could have seen.
const maxViews = 65536

// views remembers which directions the capture holds, for hosts whose packets
// passed the gate.
type views struct {
	pairs map[[2]netip.Addr]struct{} // packets from [0] to [1]
}

func newViews() *views {
	return &views{pairs: map[[2]netip.Addr]struct{}{}}
}

func (v *views) add(src, dst netip.Addr) {
	k := [2]netip.Addr{src, dst}
	if _, ok := v.pairs[k]; ok || len(v.pairs) >= maxViews {
		return
	}
	v.pairs[k] = struct{}{}
}

// from tells whether any packet from src to dst is in the capture.
func (v *views) from(src, dst netip.Addr) bool {
	_, ok := v.pairs[[2]netip.Addr{src, dst}]
	return ok
}

// silence is the ending of an exchange without an answer whose request was
// first sent at the given time: Unanswered only when an answer would have been
// seen: the capture holds packets from the server to the client, or the client
// itself sent its request again, for then it had no answer either.
func (d *Decoder) silence(x *Exchange, sent int64) Ending {
	switch {
	case d.lastTime-sent < endGrace:
		return NotCaptured
	case x.Resent > 0, x.BothWays:
		return Unanswered
	}
	return NotCaptured
}

// errorStep is a KRB-ERROR's name in the list of steps: "KRB-ERROR 25".
func errorStep(e *krb5.KRBError) string {
	if !e.ErrorCode.OK {
		return "KRB-ERROR"
	}
	return "KRB-ERROR " + strconv.Itoa(int(e.ErrorCode.V))
}
