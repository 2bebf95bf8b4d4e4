package flow

// fragment takes the part of a datagram; ports are read from the first one.
func fragment(body []byte, wire uint32, p *Packet) Verdict {
	p.Payload, p.PayloadWire = body, wire
	if p.FragOff == 0 && (p.Proto == protoTCP || p.Proto == protoUDP) && len(body) >= 4 {
		p.SrcPort, p.DstPort, p.HasPorts = be16(body, 0), be16(body, 2), true
	}
	return Fragment
}

// upper reads the header above IP. wire is never less than len(body).
func upper(body []byte, wire uint32, p *Packet) Verdict {
	switch p.Proto {
	case protoTCP:
		return peekTCP(body, wire, p)
	case protoUDP:
		return peekUDP(body, wire, p)
	}
	p.Payload, p.PayloadWire = body, wire
	switch p.Proto {
	case protoICMP:
		if !p.V6 {
			return ICMP
		}
	case protoICMPv6:
		if p.V6 {
			return ICMP
		}
	case protoIPIP, protoIPv6, protoGRE, protoEtherIP, protoL2TP, protoMPLS, protoAH:
		return tunneled(body, wire, p)
	}
	return OtherIP
}

// peekTCP reads a TCP header (RFC 9293 §3.1). A snap length that cuts the
// options or less is no hindrance.
func peekTCP(body []byte, wire uint32, p *Packet) Verdict {
	if wire < 20 {
		return Malformed
	}
	if len(body) < 14 {
		return Cut
	}
	head := int(body[12]>>4) * 4
	if head < 20 || uint32(head) > wire {
		return Malformed
	}
	p.SrcPort, p.DstPort, p.HasPorts = be16(body, 0), be16(body, 2), true
	p.Seq, p.Ack = be32(body, 4), be32(body, 8)
	p.Flags = Flags(body[13])
	p.PayloadWire = wire - uint32(head)
	if len(body) > head {
		p.Payload = body[head:]
	}
	p.tcpHeader = body[:min(head, len(body))]
	return TCP
}

// peekUDP reads a UDP header (RFC 768). A length of 0, or one beyond the IP
// packet, is read as "to the end of the IP packet".
func peekUDP(body []byte, wire uint32, p *Packet) Verdict {
	if wire < 8 {
		return Malformed
	}
	if len(body) < 8 {
		return Cut
	}
	p.SrcPort, p.DstPort, p.HasPorts = be16(body, 0), be16(body, 2), true
	length := uint32(be16(body, 4))
	switch {
	case length == 0 || length > wire:
		length = wire
	case length < 8:
		return Malformed
	}
	p.Payload = body[8:max(8, min(int(length), len(body)))]
	p.PayloadWire = length - 8
	if mayTunnel(p.SrcPort, p.DstPort) {
		return tunneledUDP(p)
	}
	return UDP
}
