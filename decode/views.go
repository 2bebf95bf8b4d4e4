package decode

import (
	"net/netip"
	"strconv"

	"kerbscope/decode/flow"
	"kerbscope/decode/krb5"
)

// maxViews bounds the host pairs and hosts remembered for judging what the
// capture could have seen.
const maxViews = 65536

// views remembers which directions the capture holds, for hosts whose packets
// passed the gate.
type views struct {
	pairs map[[2]flow.IP]struct{} // packets from [0] to [1]
	dsts  map[flow.IP]struct{}    // packets to this host
	// missed are pairs like those of pairs: packets went that way, as an
	// acknowledgement of them shows, and were not captured.
	missed map[[2]flow.IP]struct{}
}

func newViews() *views {
	return &views{pairs: map[[2]flow.IP]struct{}{}, dsts: map[flow.IP]struct{}{}, missed: map[[2]flow.IP]struct{}{}}
}

func (v *views) add(src, dst flow.IP) {
	k := [2]flow.IP{src, dst}
	if _, ok := v.pairs[k]; ok || len(v.pairs) >= maxViews {
		return
	}
	v.pairs[k] = struct{}{}
	v.dsts[dst] = struct{}{}
}

// miss notes that packets from src to dst passed uncaptured.
func (v *views) miss(src, dst netip.Addr) {
	if len(v.missed) < maxViews {
		v.missed[[2]flow.IP{flow.IPFrom(src), flow.IPFrom(dst)}] = struct{}{}
	}
}

// from tells whether any packet from src to dst is in the capture.
func (v *views) from(src, dst netip.Addr) bool {
	_, ok := v.pairs[[2]flow.IP{flow.IPFrom(src), flow.IPFrom(dst)}]
	return ok
}

// to tells whether any packet to dst is in the capture.
func (v *views) to(dst netip.Addr) bool {
	_, ok := v.dsts[flow.IPFrom(dst)]
	return ok
}

// answerable tells whether an answer from server to client would be in the
// capture: packets that way are, or packets to the client from anybody. A KDC
// that is down sends nothing by which its direction could be known; one whose
// packets were acknowledged unseen is not down.
func (v *views) answerable(client, server netip.Addr) bool {
	if v.from(server, client) {
		return true
	}
	if _, unseen := v.missed[[2]flow.IP{flow.IPFrom(server), flow.IPFrom(client)}]; unseen {
		return false
	}
	return v.to(client)
}

// silence is the ending of an exchange without an answer whose request was
// first sent at the given time: Unanswered only when an answer would have been
// seen, or when the client itself sent its request again, for then it had no
// answer either.
func (d *Decoder) silence(x *Exchange, sent int64) Ending {
	switch {
	case d.lastTime-sent < endGrace:
		return NotCaptured
	case x.Resent > 0, x.BothWays, d.views.answerable(x.Client.Addr(), x.Server.Addr()):
		return Unanswered
	}
	return NotCaptured
}

// errorStep is a KRB-ERROR's name in the list of steps: "KRB-ERROR 25".
func errorStep(e *krb5.KRBError) string {
	if !e.ErrorCode.OK {
		return "KRB-ERROR"
	}
	if c := e.ErrorCode.V; c >= 0 && int(c) < len(errorSteps) {
		return errorSteps[c]
	}
	return "KRB-ERROR " + strconv.Itoa(int(e.ErrorCode.V))
}

// errorSteps are the names of the codes in use (RFC 4120 §7.5.9 and later).
var errorSteps = func() (names [128]string) {
	for i := range names {
		names[i] = "KRB-ERROR " + strconv.Itoa(i)
	}
	return names
}()
