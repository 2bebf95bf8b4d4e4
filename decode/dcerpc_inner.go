package decode

// maxInnerHeld bounds what is kept of an unfinished PDU between the units that
// carry it: a PDU's length has 16 bits.
const maxInnerHeld = 1 << 16

// rpcCost is about what a connection takes before anything is kept of it.
const rpcCost = 1024

// An rpcInner is a DCE/RPC connection inside the units of another carrier: a
// named pipe of SMB. It is the wire of a dcerpcParser, whose bytes come unit by
// unit, and hands on what that finds as of the outer stream.
type rpcInner struct {
	wire  // the outer stream
	p     *dcerpcParser
	half  [2]innerHalf
	quiet bool // at rest: only another authentication is of interest
	held  int  // bytes that the outer stream counts for it
}

// An innerHalf is one direction.
type innerHalf struct {
	data []byte // unread
	kept int    // so many of them came in units that are gone
	off  int    // where the rest stands in the outer stream's bytes
	own  bool   // data is not a view of the stream
	cut  bool   // bytes behind data were not captured
}

// newRPCInner makes a connection whose authentications are told apart from
// others of the stream by base.
func newRPCInner(outer wire, base uint64) *rpcInner {
	r := &rpcInner{wire: outer}
	r.account(rpcCost)
	r.p = newDCERPC(r)
	r.p.base, r.p.within = base, "dcerpc"
	return r
}

// push gives the connection what a unit holds of it: b stands at off in the
// outer stream's bytes of direction d. With cut, more followed that was not
// captured.
func (r *rpcInner) push(d dir, b []byte, off int, cut bool) {
	defer r.account(rpcCost)
	h := &r.half[d]
	if r.quiet {
		if !startsAuth(b) {
			return
		}
		r.wake()
	}
	if len(h.data) > 0 {
		if len(h.data)+len(b) > maxInnerHeld {
			r.missed(d)
		}
		h.keep()
		h.data = append(h.data, b...)
	} else {
		*h = innerHalf{data: b[:len(b):len(b)]}
	}
	h.off, h.cut = off, cut
	r.p.feed(d)
	if cut {
		r.missed(d)
		return
	}
	h.keep()
}

// account tells the outer stream how much is kept here, beside n bytes.
func (r *rpcInner) account(n int) {
	for d := range r.half {
		if r.half[d].own {
			n += cap(r.half[d].data)
		}
	}
	if n != r.held {
		r.wire.keep(n - r.held)
		r.held = n
	}
}

// drop says that nothing will come any more.
func (r *rpcInner) drop() {
	r.half, r.quiet = [2]innerHalf{}, true
	r.account(0)
	r.p.reassembled(toServer, nil)
	r.p.reassembled(toClient, nil)
}

// keep makes what is left over the half's own: the unit that it came in goes.
func (h *innerHalf) keep() {
	if !h.own && len(h.data) > 0 {
		h.data, h.own = append([]byte(nil), h.data...), true
	}
	h.kept = len(h.data)
}

// missed says that bytes of direction d were not captured.
func (r *rpcInner) missed(d dir) {
	r.half[d] = innerHalf{}
	r.p.skip[d], r.p.lost[d] = 0, true
	r.p.missed(d)
}

// wake goes on after a rest.
func (r *rpcInner) wake() {
	r.quiet, r.p.over, r.p.requests = false, false, 0
	r.half = [2]innerHalf{}
	r.p.skip, r.p.lost = [2]uint64{}, [2]bool{}
	r.p.reassembled(toServer, nil)
	r.p.reassembled(toClient, nil)
}

// idle rests: the outer stream goes on.
func (r *rpcInner) idle() {
	r.quiet = true
	r.half = [2]innerHalf{}
}

func (r *rpcInner) bytes(d dir) []byte {
	if r.quiet {
		return nil
	}
	return r.half[d].data
}

func (r *rpcInner) discard(d dir, n int) {
	h := &r.half[d]
	n = min(n, len(h.data))
	h.data = h.data[n:]
	h.off += max(n-h.kept, 0)
	h.kept = max(h.kept-n, 0)
}

func (r *rpcInner) gap(dir) bool     { return false }
func (r *rpcInner) gapLen(dir) int   { return 0 }
func (r *rpcInner) atGap(d dir) bool { return r.half[d].cut }
func (r *rpcInner) skipGap(dir)      {}

// at is where off to off+n of direction d stand in the outer stream: as far as
// they came in the unit in hand.
func (r *rpcInner) at(d dir, off, n int) (int, int) {
	h := &r.half[d]
	from, to := max(off-h.kept, 0), max(off+n-h.kept, 0)
	return h.off + from, to - from
}

func (r *rpcInner) token(d dir, off, n int, tok []byte, at tokenAt) {
	off, n = r.at(d, off, n)
	r.wire.token(d, off, n, tok, at)
}

func (r *rpcInner) result(d dir, off, n int, key uint64, res Result) {
	off, n = r.at(d, off, n)
	r.wire.result(d, off, n, key, res)
}

func (r *rpcInner) attemptKeyed(d dir, off int, mech string, at tokenAt) {
	off, _ = r.at(d, off, 1)
	r.wire.attemptKeyed(d, off, mech, at)
}

func (r *rpcInner) afterAuth(d dir, off int) {
	off, _ = r.at(d, off, 1)
	r.wire.afterAuth(d, off)
}

// startsAuth tells whether b begins with the PDU of a client that begins an
// authentication or goes on with it.
func startsAuth(b []byte) bool {
	if len(b) < rpcHeaderSize || b[0] != 5 {
		return false
	}
	h, v := readRPCHeader(b)
	switch h.typ {
	case rpcBind, rpcAlter, rpcAuth3:
		return v == yes
	}
	return false
}
