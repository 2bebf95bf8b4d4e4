package flow

// Protocol types of GRE that are no EtherTypes of their own kind.
const (
	greERSPAN  = 0x88be // types I and II, draft-foschiano-erspan
	greERSPAN3 = 0x22eb
)

// peekGRE reads what a GRE packet holds: version 0 (RFC 2784, RFC 2890), or
// version 1 with PPP in it (PPTP, RFC 2637 §4.1).
func peekGRE(data []byte, wire uint32, p *Packet) Verdict {
	if len(data) < 4 {
		return Malformed
	}
	const checksum, routing, key, sequence, acknowledged = 0x8000, 0x4000, 0x2000, 0x1000, 0x0080
	flags, kind := be16(data, 0), etherType(data, 2)
	off := 4
	switch flags & 7 {
	case 0:
		if flags&routing != 0 {
			return Tunnel // RFC 1701, out of use
		}
		if flags&checksum != 0 {
			off += 4
		}
	case 1:
		if kind != etherPPP {
			return Tunnel
		}
		if flags&acknowledged != 0 {
			off += 4
		}
	default:
		return Tunnel
	}
	if flags&key != 0 {
		off += 4
	}
	if flags&sequence != 0 {
		off += 4
	}
	switch {
	case kind == greERSPAN:
		// Type I has no header of its own, and no sequence number.
		if flags&sequence != 0 {
			off += 8
		}
		kind = etherBridged
	case kind == greERSPAN3:
		if len(data) < off+12 {
			return Cut
		}
		last := be16(data, off+10)
		if off += 12; last&1 != 0 {
			off += 8 // platform-specific
		}
		switch last >> 10 & 31 { // frame type
		case 0:
			kind = etherBridged
		case 2:
			kind = etherRaw
		default:
			return Tunnel
		}
	case kind == 0: // a keepalive
		return NotIP
	case flags&7 == 1 && len(data) <= off: // an acknowledgment alone
		return NotIP
	}
	switch kind {
	case etherIPv4, etherIPv6, etherBridged, etherRaw, etherPPP, etherMPLS, etherMPLSMC, etherVLAN, etherQinQ:
		return peekEther(data, off, kind, wire, p)
	}
	return Tunnel
}

// TunnelName names the tunnel in a packet for which Peek said Tunnel; "" if
// its protocol is none.
func (p *Packet) TunnelName() string {
	switch p.Proto {
	case protoIPIP:
		return "ipip"
	case protoIPv6:
		return "6in4"
	case protoGRE:
		if len(p.Payload) >= 4 && p.Payload[1]&7 == 1 && be16(p.Payload, 2) == etherPPP {
			return "pptp"
		}
		return "gre"
	case protoEtherIP:
		return "etherip"
	case protoL2TP:
		return "l2tpv3"
	case protoMPLS:
		return "mpls-in-ip"
	}
	return ""
}
