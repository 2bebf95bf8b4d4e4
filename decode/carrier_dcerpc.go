package decode

import (
	"bytes"

	"kerbscope/decode/gss"
)

// dcerpcCarrier is connection-oriented DCE/RPC over TCP (C706 chapter 12,
// [MS-RPCE]), known by its content on any port.
var dcerpcCarrier = carrier{
	name:  "dcerpc",
	ports: []uint16{135},
	probe: probeDCERPC,
	open:  func(s *stream) parser { return newDCERPC(s) },
}

// PDU types, C706 §12.6.4.
const (
	rpcRequest   = 0
	rpcResponse  = 2
	rpcFault     = 3
	rpcBind      = 11
	rpcBindAck   = 12
	rpcBindNak   = 13
	rpcAlter     = 14
	rpcAlterResp = 15
	rpcAuth3     = 16
	rpcRTS       = 20 // of RPC over HTTP, [MS-RPCH] §2.2.3.6.1; either way
)

// Values of auth_type, [MS-RPCE] §2.2.1.1.7.
const (
	rpcSPNEGO   = 9
	rpcNTLM     = 10
	rpcSchannel = 14
	rpcKerberos = 16
	rpcNetlogon = 68
)

const (
	rpcHeaderSize  = 16
	rpcTrailerSize = 8
	// maxRPCContexts bounds the security contexts of a connection that are
	// under way.
	maxRPCContexts = 16
	// maxRPCToken bounds a token put together from fragments.
	maxRPCToken = 1 << 17
	quietRPC    = 256 // requests without a response before the stream rests
)

type dcerpcParser struct {
	framed
	base     uint64 // of the keys
	within   string // "dcerpc" inside another carrier
	contexts []rpcContext
	parts    [2][]byte // of a token in fragments
	requests int       // without a response
}

func newDCERPC(s wire) *dcerpcParser { return &dcerpcParser{framed: framed{s: s}} }

func (p *dcerpcParser) feed(d dir) { p.run(d, p) }

func (p *dcerpcParser) missed(d dir) { p.reassembled(d, nil) }

// reassembled says what there is now of a token in fragments.
func (p *dcerpcParser) reassembled(d dir, part []byte) {
	if n := cap(part) - cap(p.parts[d]); n != 0 {
		p.s.keep(n)
	}
	p.parts[d] = part
}

func (p *dcerpcParser) resync(d dir, b []byte) (int, bool) {
	for i := 0; i < len(b); i++ {
		k := bytes.IndexByte(b[i:], 5)
		if k < 0 {
			break
		}
		i += k
		switch h, v := readRPCHeader(b[i:]); {
		case v == needMore:
			return i, false
		case v == yes && rpcFromServer(h.typ) == (d == toClient):
			return i, true
		}
	}
	return len(b), false
}

// rpcHTTPBanner is what an RPC over HTTP endpoint mapper says first, [MS-RPCH]
// §2.1.1.
const rpcHTTPBanner = "ncacn_http/1.0"

func (p *dcerpcParser) unit(d dir, b []byte, last bool) int {
	if d == toClient && bytes.HasPrefix(b, []byte(rpcHTTPBanner)) {
		return len(rpcHTTPBanner)
	}
	h, v := readRPCHeader(b)
	switch v {
	case needMore:
		return 0
	case no:
		if d == toClient && bytes.HasPrefix([]byte(rpcHTTPBanner), b) && !last {
			return 0
		}
		p.lost[d] = true
		return 1
	}
	if h.typ == rpcRequest || h.typ == rpcResponse {
		if h.typ == rpcRequest {
			if p.several() { // whose it is stands in the trailer
				if len(b) < h.size && !last {
					return 0
				}
				p.asked(h, b[:min(h.size, len(b))])
			}
			p.request(d)
		} else {
			p.answered(d, h, rpcHeaderSize)
		}
		if p.over {
			return 0
		}
		n := min(h.size, len(b))
		p.skip[d] = uint64(h.size - n)
		return n
	}
	if len(b) < h.size && !last {
		return 0
	}
	n := min(h.size, len(b))
	p.pdu(d, h, b[:n])
	return n
}

// pdu reads a PDU that carries or answers an authentication.
func (p *dcerpcParser) pdu(d dir, h rpcHeader, b []byte) {
	if rpcFromServer(h.typ) != (d == toClient) {
		return
	}
	tr, ok := readRPCTrailer(h, b)
	if !ok {
		switch h.typ {
		case rpcBindNak:
			p.nak(h, b)
		case rpcFault:
			p.fault(h, b)
		case rpcBindAck, rpcAlterResp:
			p.acknowledged(h, rpcTrailer{}, nil, len(b))
		}
		return
	}
	switch h.typ {
	case rpcFault:
		p.fault(h, b)
		return
	case rpcBind, rpcAlter, rpcAuth3, rpcBindAck, rpcAlterResp:
	default:
		return
	}
	tok := tr.token
	if !h.first || !h.last { // [MS-RPCE] §2.2.2.13: a token may be spread over fragments
		if h.first {
			p.reassembled(d, nil)
		}
		if len(p.parts[d])+len(tok) > maxRPCToken {
			return
		}
		p.reassembled(d, append(p.parts[d], tok...))
		if !h.last {
			return
		}
		tok = p.parts[d]
		p.reassembled(d, nil)
	}
	tr.token = tok
	if d == toServer {
		p.leg(h, tr)
	} else {
		p.acknowledged(h, tr, tok, len(b))
	}
}

// leg takes a token of the client.
func (p *dcerpcParser) leg(h rpcHeader, t rpcTrailer) {
	c := p.context(t.id)
	if c == nil || h.typ == rpcBind || c.judged || c.typ != t.typ {
		c = p.newContext(t.id, t.typ)
	}
	c.legs++
	c.call, c.waits, c.asks = h.call, h.typ != rpcAuth3, false
	verb := rpcTypeName(h.typ)
	switch t.typ {
	case rpcSPNEGO, rpcNTLM, rpcKerberos:
		if len(t.token) > 0 {
			p.s.token(toServer, t.at, t.n, t.token, p.at(verb, t.id))
		}
	case rpcSchannel, rpcNetlogon:
		if c.legs == 1 {
			mech := "Schannel"
			if t.typ == rpcNetlogon {
				mech = "Netlogon"
			}
			p.s.attemptKeyed(toServer, t.at, mech, p.at(verb, t.id))
		}
	}
}

// acknowledged takes bind_ack and alter_context_resp: n is the PDU's length.
func (p *dcerpcParser) acknowledged(h rpcHeader, t rpcTrailer, tok []byte, n int) {
	c := p.waiting(h.call)
	if c == nil && tok != nil {
		if c = p.context(t.id); c == nil {
			c = p.newContext(t.id, t.typ)
			c.legs = 1 // not captured
		}
	}
	if c == nil {
		return
	}
	c.waits = false
	if c.typ != rpcSPNEGO && c.typ != rpcNTLM && c.typ != rpcKerberos {
		if c.typ == rpcNetlogon { // the server's leg is all there is to it
			p.word(c, n, Result{Outcome: Accepted, CodeName: rpcTypeName(h.typ)})
		}
		return
	}
	var g gss.Token
	if len(tok) > 0 {
		g = gss.Parse(tok)
		p.s.token(toClient, t.at, t.n, tok, p.at("", c.id))
	}
	r := Result{CodeName: rpcTypeName(h.typ)}
	switch {
	case g.NegState == gss.Reject:
		r = Result{Outcome: Refused, Code: 2, CodeName: "reject", Text: r.CodeName} // negState, RFC 4178 §4.2.2
	case rejects(&g):
		return // the error speaks for itself, and the client may try again
	case g.NegState == gss.AcceptCompleted,
		// Kerberos without SPNEGO: the client's own AP-REP came before.
		h.typ == rpcAlterResp && c.typ == rpcKerberos && c.legs > 1 && len(g.Kerberos) == 0:
		r.Outcome = Accepted
	case g.NegState == gss.AcceptIncomplete, len(tok) > 0:
		r.Outcome = Continue
	default:
		return // to be told by the first response
	}
	p.word(c, n, r)
}

// word tells the carrier's word on a context; n bytes from the start of the
// PDU stand for it.
func (p *dcerpcParser) word(c *rpcContext, n int, r Result) {
	c.judged = r.Outcome != Continue
	p.s.result(toClient, 0, n, p.base|uint64(c.id), r)
}

// at says where a token of that context stands.
func (p *dcerpcParser) at(verb string, id uint32) tokenAt {
	return tokenAt{verb: verb, key: p.base | uint64(id), within: p.within}
}

// nak takes a bind_nak: provider_reject_reason, C706 §12.6.4.5.
func (p *dcerpcParser) nak(h rpcHeader, b []byte) {
	if len(b) < 18 {
		return
	}
	reason := h.order.Uint16(b[16:])
	c := p.waiting(h.call)
	if c == nil {
		if reason != 8 && reason != 9 {
			return // no authentication was asked, and it is not about one
		}
		c = p.newContext(0, 0)
	}
	c.waits = false
	p.word(c, len(b), Result{Outcome: Refused, Code: int64(reason), CodeName: rpcRejectName(reason), Text: "bind_nak"})
}

// fault takes a fault's status, C706 §12.6.4.7: of an alter_context, or of the
// first request after a third leg that has no answer of its own.
func (p *dcerpcParser) fault(h rpcHeader, b []byte) {
	if len(b) < 28 {
		return
	}
	status := h.order.Uint32(b[24:])
	c := p.waiting(h.call)
	if c == nil {
		if c = p.unjudged(h.call); c == nil || !rpcSecurityFault(status) {
			return
		}
	}
	c.waits = false
	p.word(c, len(b), Result{Outcome: Refused, Code: int64(status), CodeName: rpcFaultName(status), Text: "fault"})
}

// request takes a request of the client.
func (p *dcerpcParser) request(d dir) {
	if d != toServer {
		return
	}
	if p.requests++; p.requests > quietRPC {
		p.over = true
		p.s.idle()
		return
	}
	for i := range p.contexts {
		if p.contexts[i].judged {
			p.s.afterAuth(d, 0)
			break
		}
	}
}

// answered takes a response: whoever is served was let in. The stream rests
// then; another authentication wakes it.
func (p *dcerpcParser) answered(d dir, h rpcHeader, n int) {
	if d != toClient {
		return
	}
	if c := p.unjudged(h.call); c != nil && !c.waits {
		p.word(c, n, Result{Outcome: Accepted, CodeName: "response"})
	}
	if p.open() {
		return
	}
	p.over = true
	p.s.idle()
}

// probeDCERPC knows DCE/RPC by the header of a PDU that fits its direction.
func probeDCERPC(up, down []byte, port uint16) verdict {
	u, v := needMore, needMore
	if len(up) > 0 {
		h, x := readRPCHeader(up)
		if u = x; x == yes && rpcFromServer(h.typ) {
			u = no
		}
	}
	switch {
	case len(down) == 0:
	case bytes.HasPrefix(down, []byte(rpcHTTPBanner)):
		v = yes
	case bytes.HasPrefix([]byte(rpcHTTPBanner), down):
	default:
		h, x := readRPCHeader(down)
		if v = x; x == yes && !rpcFromServer(h.typ) {
			v = no
		}
	}
	switch {
	case u == no || v == no:
		return no
	case u == yes || v == yes:
		return yes
	}
	return needMore
}
