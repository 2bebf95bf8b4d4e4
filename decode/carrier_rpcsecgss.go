package decode

import (
	"encoding/binary"
	"slices"
)

// rpcsecGSSCarrier is ONC RPC, RFC 5531, where its credentials are contexts of
// the GSS-API: RPCSEC_GSS, RFC 2203 and RFC 5403, as NFS and kadmin use it, and
// the older AUTH_GSSAPI of kadmin. Over UDP the same parser reads the
// datagrams.
var rpcsecGSSCarrier = carrier{
	name:  "rpcsec_gss",
	ports: []uint16{2049, 749},
	probe: probeONC,
	open:  func(s *stream) parser { return newONC(s) },
}

// Limits of what is passed over before the stream rests.
const (
	quietONC      = 64
	quietONCBytes = 1 << 18
)

// An oncWait is a call that waits for its reply.
type oncWait struct {
	xid    uint32
	key    uint64
	flavor uint32
	verb   string
}

// An oncContext is a context half set up.
type oncContext struct {
	handle string
	key    uint64
}

type oncParser struct {
	framed
	calls    []oncWait
	contexts []oncContext
	keys     uint64 // given out
	heard    bool   // bytes of the client were seen
	accepted bool
	used     bool // told of data after that
	passed   int  // records without a context in them since the last one
	bytes    uint64
}

func newONC(s wire) *oncParser { return &oncParser{framed: framed{s: s}} }

func (p *oncParser) feed(d dir) { p.run(d, p) }

func (p *oncParser) missed(dir) {}

// resync finds a record that begins as a call or a reply does.
func (p *oncParser) resync(d dir, b []byte) (int, bool) {
	for i := range b {
		switch probeONCHalf(b[i:], d == toClient) {
		case yes:
			return i, true
		case needMore:
			return i, false
		}
	}
	return len(b), false
}

// oncFragment reads the mark of a record's fragment, RFC 5531 §11: its size
// without the mark, and whether it is the last.
func oncFragment(b []byte) (size int, last bool) {
	mark := binary.BigEndian.Uint32(b)
	return int(mark & 0x7fffffff), mark>>31 != 0
}

// oncSpan is how many bytes of b the record at its start takes, and whether
// that is all of it.
func oncSpan(b []byte) (n int, whole bool) {
	for n <= maxONCControl {
		if len(b)-n < 4 {
			return len(b), false
		}
		size, last := oncFragment(b[n:])
		switch {
		case size > maxONCRecord:
			return n, true // broken off
		case size > len(b)-n-4:
			return len(b), false
		}
		if n += 4 + size; last {
			break
		}
	}
	return n, true
}

func (p *oncParser) unit(d dir, b []byte, last bool) int {
	p.heard = p.heard || d == toServer
	if len(b) < 4 {
		return 0
	}
	size, one := oncFragment(b)
	if size > maxONCRecord {
		p.lost[d] = true
		return 1
	}
	const head = 4 + 40 // to gss_proc
	if len(b) < 4+min(size, head-4) && !last {
		return 0
	}
	n := min(4+size, len(b))
	if one && !p.wanted(d, b[4:n], size) || size > maxONCControl {
		return p.pass(d, b[4:n], n, 4+size)
	}
	whole := n == 4+size
	if !one {
		n, whole = oncSpan(b)
	}
	if n > maxONCControl {
		return p.pass(d, b[4:min(4+size, len(b))], min(4+size, len(b)), 4+size)
	}
	if !whole && !last {
		return 0
	}
	var m spliced
	for at := 0; at+4 <= n; {
		size, one := oncFragment(b[at:])
		m.add(b[at+4:min(at+4+size, n)], at+4)
		if at += 4 + size; one {
			break
		}
	}
	if p.wanted(d, m.data, len(m.data)) {
		p.record(d, &m, n)
	} else {
		p.idles(n)
	}
	if p.over {
		return 0
	}
	return n
}

// pass goes past a record of which n bytes are there.
func (p *oncParser) pass(d dir, b []byte, n, size int) int {
	p.data(d, b)
	if p.idles(size) {
		return 0
	}
	p.skip[d] = uint64(size - n)
	return n
}

// idles counts a record of no interest, and ends reading after many.
func (p *oncParser) idles(size int) bool {
	p.passed++
	if p.bytes += uint64(size); (p.passed > quietONC || p.bytes > quietONCBytes) && len(p.calls) == 0 || p.passed > 16*quietONC {
		p.over = true
		p.s.idle()
	}
	return p.over
}

// data notes a call under an accepted context.
func (p *oncParser) data(d dir, b []byte) {
	if p.accepted && !p.used && d == toServer && len(b) >= 40 && oncFlavor(b) != 0 {
		p.used = true
		p.s.afterAuth(d, 0)
	}
}

// oncFlavor is the flavor of a call's credential if it is one of the GSS-API,
// else 0.
func oncFlavor(b []byte) uint32 {
	switch f := binary.BigEndian.Uint32(b[oncHeaderSize:]); f {
	case oncGSS, oncGSSAPI:
		return f
	}
	return 0
}

// wanted tells whether a record of the given size, which begins with b, is
// about a context.
func (p *oncParser) wanted(d dir, b []byte, size int) bool {
	if len(b) < 16 {
		return false
	}
	if d == toServer {
		return oncSetUp(b)
	}
	if p.waiting(binary.BigEndian.Uint32(b)) >= 0 {
		return true
	}
	if binary.BigEndian.Uint32(b[8:]) == 1 {
		return p.accepted && size <= 24
	}
	return !p.heard && size >= leastONCRecord+20 && size <= 1<<13
}

// oncSetUp tells whether a call is about a context: a procedure of RPCSEC_GSS
// other than data, or a message of AUTH_GSSAPI.
func oncSetUp(b []byte) bool {
	return len(b) >= 40 && binary.BigEndian.Uint64(b[4:]) == 2 && oncFlavor(b) != 0 && binary.BigEndian.Uint32(b[36:]) != 0
}

func (p *oncParser) waiting(xid uint32) int {
	return slices.IndexFunc(p.calls, func(w oncWait) bool { return w.xid == xid })
}

// record reads a call or reply that takes n bytes of the stream.
func (p *oncParser) record(d dir, m *spliced, n int) {
	if d == toServer {
		p.call(m)
	} else {
		p.reply(m, n)
	}
}

// datagram reads a call or reply alone in a datagram.
func (p *oncParser) datagram(d dir, b []byte) {
	p.heard = p.heard || d == toServer
	if !p.wanted(d, b, len(b)) {
		p.data(d, b)
		return
	}
	var m spliced
	m.add(b, 0)
	p.record(d, &m, len(b))
}

func (p *oncParser) call(m *spliced) {
	c, ok := readONCCall(m.data)
	if !ok {
		return
	}
	if !c.setsUp() {
		return
	}
	key := uint64(0)
	for _, o := range p.contexts {
		if !c.first() && o.handle == string(c.handle) {
			key = o.key
		}
	}
	i := p.waiting(c.xid)
	switch {
	case i >= 0 && key == 0:
		key = p.calls[i].key // sent again
	case key == 0:
		p.keys++
		key = p.keys
	}
	if i >= 0 {
		p.calls = slices.Delete(p.calls, i, i+1)
	} else if len(p.calls) >= maxONCContext {
		p.calls = slices.Delete(p.calls, 0, 1)
	}
	p.calls = append(p.calls, oncWait{c.xid, key, c.flavor, c.verb()})
	p.passed, p.bytes = 0, 0
	if len(c.token) > 0 {
		off, size := m.span(c.tokenAt, len(c.token))
		p.s.token(toServer, off, size, c.token, tokenAt{verb: c.verb(), key: key})
	}
}

// reply reads the reply to a call that sets a context up, or one that tells
// that the server has no such context.
func (p *oncParser) reply(m *spliced, n int) {
	r, ok := readONCReply(m.data)
	if !ok {
		return
	}
	w := oncWait{flavor: oncGSS, verb: "RPCSEC_GSS"}
	i := p.waiting(r.xid)
	if i >= 0 {
		w = p.calls[i]
		p.calls = slices.Delete(p.calls, i, i+1)
	}
	word, refused := r.refusal()
	if refused {
		// Without its call, only what RPCSEC_GSS alone says.
		if i >= 0 || r.denied && r.why == rejectAuth && (word.CodeName == "RPCSEC_GSS_CREDPROBLEM" || word.CodeName == "RPCSEC_GSS_CTXPROBLEM") {
			p.s.result(toClient, 0, n, w.key, word)
		}
		return
	}
	init, ok := readONCInit(m.data, r.body, w.flavor)
	if !ok {
		return
	}
	if i < 0 { // the call was not captured
		if !tokenLike(init.token) || len(init.handle) > maxONCOpaque || gssMajorName(init.major) == "" {
			return
		}
		p.keys++
		w.key = p.keys
	}
	if len(init.token) > 0 {
		off, size := m.span(init.tokenAt, len(init.token))
		p.s.token(toClient, off, size, init.token, tokenAt{verb: w.verb, key: w.key})
	}
	word = init.word()
	p.contexts = slices.DeleteFunc(p.contexts, func(c oncContext) bool {
		if c.key == w.key {
			p.s.keep(-64 - len(c.handle))
		}
		return c.key == w.key
	})
	switch word.Outcome {
	case Accepted:
		p.accepted, p.used = true, false
	case Continue:
		if len(p.contexts) < maxONCContext && len(init.handle) <= maxONCOpaque {
			p.contexts = append(p.contexts, oncContext{string(init.handle), w.key})
			p.s.keep(64 + len(init.handle))
		}
	}
	p.s.result(toClient, 0, n, w.key, word)
}
