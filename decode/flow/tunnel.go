package flow

// maxTunnels is how many tunnels in one another are opened in one frame.
const maxTunnels = 6

// UDP ports of tunnels (IANA).
const (
	portGTPU        = 2152
	portTeredo      = 3544
	portVXLAN       = 4789
	portVXLANGPE    = 4790
	portGeneve      = 6081
	portVXLANBefore = 8472 // of Linux before the number was assigned
)

// tunnelPorts has the bits of the destination ports, modulo 64, set: most
// datagrams are told by it to be none of them.
const tunnelPorts uint64 = 1<<(portGTPU&63) | 1<<(portTeredo&63) | 1<<(portVXLAN&63) | 1<<(portVXLANGPE&63) |
	1<<(portGeneve&63) | 1<<(portVXLANBefore&63)

// mayTunnel tells whether a datagram between these ports may hold a tunnel.
func mayTunnel(src, dst uint16) bool {
	if tunnelPorts>>(dst&63)&1 != 0 {
		switch dst {
		case portGTPU, portTeredo, portVXLAN, portVXLANGPE, portGeneve, portVXLANBefore:
			return true
		}
	}
	return src == portTeredo
}

// tunneled opens the tunnel whose IP protocol is p.Proto and reads the packet
// in it into p. What cannot be read is Tunnel, with the fields of the outer
// packet.
func tunneled(body []byte, wire uint32, p *Packet) Verdict {
	if p.depth < maxTunnels {
		outer, v := p.enter(), Tunnel
		switch outer.Proto {
		case protoIPIP:
			v = peek4(body, 0, wire, p)
		case protoIPv6:
			v = peek6(body, 0, wire, p)
		case protoGRE:
			v = peekGRE(body, wire, p)
		case protoMPLS:
			v = peekEther(body, 0, etherMPLS, wire, p)
		case protoEtherIP: // RFC 3378 §3
			if len(body) >= 2 && body[0]>>4 == 3 {
				v = peekEther(body, 2, etherBridged, wire, p)
			}
		case protoAH:
			v = peekAH(body, wire, &outer, p)
		}
		if v != Malformed && v != Sealed && (v != Tunnel || p.Proto != 0) {
			return v
		}
		*p = outer
	}
	p.Payload, p.PayloadWire = body, wire
	if p.Proto == protoAH {
		return OtherIP
	}
	return Tunnel
}

// peekAH passes an authentication header (RFC 4302 §2) of an IPv4 packet: what
// follows it is of the same packet.
func peekAH(body []byte, wire uint32, outer, p *Packet) Verdict {
	if len(body) < 12 {
		return Malformed
	}
	n := int(body[1])*4 + 8
	if n < 12 || len(body) < n {
		return Malformed
	}
	*p = *outer
	p.depth++
	p.Proto = body[0]
	return upper(body[n:], wireAfter(wire, n), p)
}

// tunneledUDP opens the tunnel that a UDP datagram of such a port may hold. If
// it holds none, it is a datagram as any other.
func tunneledUDP(p *Packet) Verdict {
	if p.depth >= maxTunnels {
		return UDP
	}
	var outer Packet
	v := NotIP
	switch p.DstPort {
	case portVXLAN, portVXLANBefore, portVXLANGPE:
		outer = p.enter()
		v = peekVXLAN(outer.Payload, outer.PayloadWire, p)
	case portGeneve:
		outer = p.enter()
		v = peekGeneve(outer.Payload, outer.PayloadWire, p)
	case portGTPU:
		outer = p.enter()
		v = peekGTPU(outer.Payload, outer.PayloadWire, p)
	default:
		if p.SrcPort != portTeredo && p.DstPort != portTeredo {
			return UDP
		}
		outer = p.enter()
		v = peekTeredo(outer.Payload, outer.PayloadWire, p)
	}
	switch v {
	case TCP, UDP, ICMP, Fragment, Tunnel, OtherIP:
		return v
	case Cut:
		if p.Src != (IP{}) { // an IP header was there
			return Cut
		}
	}
	*p = outer
	return UDP
}

// enter makes p ready for the packet in the tunnel and returns what it was.
func (p *Packet) enter() (outer Packet) {
	outer = *p
	*p = Packet{depth: outer.depth + 1}
	return outer
}
