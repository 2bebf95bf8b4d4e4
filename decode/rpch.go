package decode

import "encoding/binary"

// The methods of the two channels that make a virtual connection of DCE/RPC
// over HTTP, [MS-RPCH] §2.1.2.1: what the client says goes in the body of the
// one request, what the server says in the body of the other's response.
const (
	rpcInData  = "RPC_IN_DATA"
	rpcOutData = "RPC_OUT_DATA"
)

// An rpcBody is the PDUs in the bodies of such a connection.
type rpcBody struct {
	rpc    *rpcInner
	at     wire      // what it tells; another stream's once the channels are joined
	left   [2]uint64 // of the body that is being read
	joined bool
	cookie [16]byte // of the virtual connection
	known  bool     // the cookie is
}

// rpcOpens begins a body of n bytes in direction d.
func (p *httpParser) rpcOpens(d dir, n uint64) {
	if p.rpc == nil {
		p.rpc = &rpcBody{rpc: newRPCInner(p.s, 1<<32), at: p.s}
	}
	p.rpc.left[d] = n
}

// rpcUnit reads one PDU in a body.
func (p *httpParser) rpcUnit(d dir, b []byte, last bool) int {
	r := p.rpc
	if uint64(len(b)) > r.left[d] {
		b = b[:r.left[d]]
		last = true
	}
	h, v := readRPCHeader(b)
	switch {
	case v == needMore && !last:
		return 0
	case v != yes:
		r.left[d] -= uint64(len(b))
		p.skip[d], r.left[d] = r.left[d], 0
		return len(b)
	case len(b) < h.size && !last:
		return 0
	}
	n := min(h.size, len(b))
	rest := min(uint64(h.size), r.left[d]) - uint64(n)
	r.left[d] -= uint64(n) + rest
	p.skip[d] = rest
	if h.typ == rpcRTS {
		p.rpcCookie(h, b[:n])
		return n
	}
	p.rpcJoin(d)
	r.rpc.wire = r.at
	r.rpc.push(d, b[:n], 0, n < h.size)
	if r.rpc.quiet {
		p.over = true
		p.s.idle()
	}
	return n
}

// rpcCookie takes the cookie of the virtual connection from an RTS PDU: the
// first one in CONN/A1 and CONN/B1, [MS-RPCH] §2.2.4.
func (p *httpParser) rpcCookie(h rpcHeader, b []byte) {
	if p.rpc.known || len(b) < rpcHeaderSize+4 {
		return
	}
	count := int(h.order.Uint16(b[rpcHeaderSize+2:]))
	for b = b[rpcHeaderSize+4:]; count > 0 && len(b) >= 4; count-- {
		typ := h.order.Uint32(b)
		n, ok := rtsCommandSize(typ, b[4:])
		if !ok || len(b) < 4+n {
			return
		}
		if typ == 3 {
			p.rpc.known = true
			copy(p.rpc.cookie[:], b[4:])
			return
		}
		b = b[4+n:]
	}
}

// rtsCommandSize is the length of an RTS command behind its type, [MS-RPCH]
// §2.2.3.5.
func rtsCommandSize(typ uint32, b []byte) (n int, ok bool) {
	switch typ {
	case 0, 2, 4, 5, 6, 13, 14: // ReceiveWindowSize … Version, Destination, PingTrafficSentNotify
		return 4, true
	case 1: // FlowControlAck
		return 24, true
	case 3, 12: // Cookie, AssociationGroupId
		return 16, true
	case 7, 9, 10: // Empty, NegativeANCE, ANCE
		return 0, true
	case 8: // Padding
		if len(b) >= 4 {
			return 4 + int(min(binary.LittleEndian.Uint32(b), 1<<16)), true
		}
	case 11: // ClientAddress: IPv4 or IPv6, and 12 bytes
		if len(b) >= 4 && binary.LittleEndian.Uint32(b) == 1 {
			return 4 + 16 + 12, true
		}
		return 4 + 4 + 12, true
	}
	return 0, false
}

// rpcJoin ties the channel to the other one: the client's PDUs and the server's
// are of one DCE/RPC connection, in two TCP connections.
func (p *httpParser) rpcJoin(d dir) {
	r := p.rpc
	if r.joined {
		return
	}
	if d == toServer {
		r.joined = true
		p.s.inChannel(r.cookie, r.known, r.rpc)
		return
	}
	if rpc, at := p.s.outChannel(r.cookie, r.known); rpc != nil {
		r.rpc, r.at, r.joined = rpc, at, true
	}
}

// rpcMidstream tells whether b begins with a PDU of an authentication: the
// middle of a channel whose request was not captured, or that had come to rest.
func rpcMidstream(d dir, b []byte) bool {
	if len(b) < rpcHeaderSize || b[0] != 5 {
		return false
	}
	if d == toServer {
		return startsAuth(b)
	}
	h, v := readRPCHeader(b)
	return v == yes && (h.typ == rpcBindAck || h.typ == rpcAlterResp) && h.auth > 0
}
