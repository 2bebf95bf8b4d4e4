package decode

import (
	"hash/maphash"
	"net/netip"
	"strconv"

	"kerbscope/decode/flow"
	"kerbscope/decode/krb5"
)

// maxViews bounds the host pairs and hosts remembered for judging what the
// capture could have seen. Those that were met longest ago are forgotten.
const maxViews = 65536

// views remembers which directions the capture holds, for hosts whose packets
// passed the gate. Pairs and hosts are known by hashes of 64 bits with a seed of
// the Decoder's own.
type views struct {
	seed  uint64
	pairs latest // packets from the first to the second
	dsts  latest // packets to this host
	// missed are pairs like those of pairs: packets went that way, as an
	// acknowledgement of them shows, and were not captured.
	missed latest
}

func newViews() *views { return &views{seed: maphash.Bytes(maphash.MakeSeed(), nil)} }

// latest is a set of hashes: the last maxViews/2 at least, maxViews at most.
type latest struct {
	now, before hashSet
}

// add tells whether h is new, or was not met for long.
func (l *latest) add(h uint64) bool {
	if !l.now.add(h) {
		return false
	}
	if l.now.n >= maxViews/2 {
		l.before, l.now = l.now, hashSet{}
	}
	return true
}

func (l *latest) has(h uint64) bool { return l.now.has(h) || l.before.has(h) }

func (v *views) pair(src, dst flow.IP) uint64 { return dst.Hash(src.Hash(v.seed)) }

func (v *views) add(src, dst flow.IP) {
	if v.pairs.add(v.pair(src, dst)) {
		v.dsts.add(dst.Hash(v.seed))
	}
}

// miss notes that packets from src to dst passed uncaptured.
func (v *views) miss(src, dst netip.Addr) {
	v.missed.add(v.pair(flow.IPFrom(src), flow.IPFrom(dst)))
}

// from tells whether any packet from src to dst is in the capture.
func (v *views) from(src, dst netip.Addr) bool {
	return v.pairs.has(v.pair(flow.IPFrom(src), flow.IPFrom(dst)))
}

// to tells whether any packet to dst is in the capture.
func (v *views) to(dst netip.Addr) bool { return v.dsts.has(flow.IPFrom(dst).Hash(v.seed)) }

// answerable tells whether an answer from server to client would be in the
// capture: packets that way are, or packets to the client from anybody. A KDC
// that is down sends nothing by which its direction could be known; one whose
// packets were acknowledged unseen is not down.
func (v *views) answerable(client, server netip.Addr) bool {
	if v.from(server, client) {
		return true
	}
	if v.missed.has(v.pair(flow.IPFrom(server), flow.IPFrom(client))) {
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
