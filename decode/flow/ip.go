package flow

// IP protocol numbers (IANA "Assigned Internet Protocol Numbers").
const (
	protoHopByHop = 0
	protoICMP     = 1
	protoIPIP     = 4
	protoTCP      = 6
	protoUDP      = 17
	protoIPv6     = 41
	protoRouting  = 43
	protoFragment = 44
	protoGRE      = 47
	protoAH       = 51
	protoICMPv6   = 58
	protoDestOpts = 60
	protoEtherIP  = 97
	protoL2TP     = 115
	protoMPLS     = 137
)

// maxExtensions is how many IPv6 extension headers are passed in one packet.
const maxExtensions = 16

// peek4 reads an IPv4 header (RFC 791 §3.1) at off.
func peek4(data []byte, off int, wire uint32, p *Packet) Verdict {
	if len(data) < off+20 {
		if len(data) > off && data[off]>>4 != 4 {
			return Malformed
		}
		return Cut
	}
	h := data[off : off+20 : off+20]
	if h[0]>>4 != 4 || h[0]&15 < 5 {
		return Malformed
	}
	p.Proto = h[9]
	p.Src = IP{0, mapped4 | uint64(be32(h, 12))}
	p.Dst = IP{0, mapped4 | uint64(be32(h, 16))}
	p.IPID = uint32(be16(h, 4))
	head := int(h[0]&15) * 4
	total := int(be16(h, 2))
	end := len(data)
	left := int64(wire) - int64(off+head) // on the wire after the header
	switch {
	case total == 0: // large send offload: to the end of the frame
	case total < head:
		return Malformed
	default:
		left = int64(total - head)
		end = min(end, off+total) // Ethernet pads short frames
	}
	off += head
	if off > len(data) {
		return Cut
	}
	body := data[off:max(off, end)]
	left = max(left, int64(len(body)))
	if frag := be16(h, 6); frag&0x3fff != 0 {
		p.FragOff, p.FragMore = uint32(frag&0x1fff)*8, frag&0x2000 != 0
		return fragment(body, uint32(left), p)
	}
	return upper(body, uint32(left), p)
}

// peek6 reads an IPv6 header (RFC 8200 §3) at off.
func peek6(data []byte, off int, wire uint32, p *Packet) Verdict {
	if len(data) < off+40 {
		if len(data) > off && data[off]>>4 != 6 {
			return Malformed
		}
		return Cut
	}
	h := data[off : off+40 : off+40]
	if h[0]>>4 != 6 {
		return Malformed
	}
	p.V6 = true
	p.Proto = h[6]
	p.Src = IP{uint64(be32(h, 8))<<32 | uint64(be32(h, 12)), uint64(be32(h, 16))<<32 | uint64(be32(h, 20))}
	p.Dst = IP{uint64(be32(h, 24))<<32 | uint64(be32(h, 28)), uint64(be32(h, 32))<<32 | uint64(be32(h, 36))}
	off += 40
	body := data[off:]
	left := int64(wire) - int64(off)
	if n := int(be16(h, 4)); n != 0 { // 0: large send offload or a jumbogram
		left = int64(n)
		body = body[:min(n, len(body))]
	}
	return upper6(body, uint32(max(left, int64(len(body)))), p)
}

// upper6 passes IPv6 extension headers (RFC 8200 §4), the first of which is
// p.Proto.
func upper6(body []byte, wire uint32, p *Packet) Verdict {
	for range maxExtensions {
		n := 0
		switch p.Proto {
		case protoHopByHop, protoRouting, protoDestOpts:
			if len(body) >= 2 {
				n = int(body[1])*8 + 8
			}
		case protoAH: // RFC 4302 §2.2: in words of 4 bytes, less 2
			if len(body) >= 2 {
				n = int(body[1])*4 + 8
			}
		case protoFragment:
			n = 8
		default:
			return upper(body, wire, p)
		}
		if n == 0 || len(body) < n {
			if uint32(max(n, 2)) > wire {
				return Malformed
			}
			return Cut
		}
		was, head := p.Proto, body[:n]
		p.Proto = head[0]
		body, wire = body[n:], wire-uint32(n)
		if was != protoFragment {
			continue
		}
		p.IPID = be32(head, 4)
		// An atomic fragment is a whole datagram (RFC 6946).
		if place := be16(head, 2); place&0xfff9 != 0 {
			p.FragOff, p.FragMore = uint32(place&0xfff8), place&1 != 0
			return fragment(body, wire, p)
		}
	}
	return Malformed
}
