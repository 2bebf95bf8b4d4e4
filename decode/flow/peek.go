package flow

import "kerbscope/capture"

// Peek reads the headers of one frame into p: link, VLAN tags, IP with its
// options or extension headers, TCP or UDP. In tunnels it reads the innermost
// packet. Of a frame that holds several packets it reads the first: see
// Packet.Next. wire is the length the frame had
// on the wire. It allocates nothing; checksums are not looked at, as cards
// compute them after the capture point.
func Peek(link capture.LinkType, data []byte, wire uint32, p *Packet) Verdict {
	*p = Packet{}
	var off int
	var kind uint32
	switch link {
	case capture.LinkEthernet:
		if len(data) < 14 {
			return Cut
		}
		off, kind = 14, etherType(data, 12)
	case capture.LinkSLL:
		if len(data) < 16 {
			return Cut
		}
		off, kind = 16, etherType(data, 14)
	case capture.LinkSLL2:
		if len(data) < 20 {
			return Cut
		}
		off, kind = 20, etherType(data, 0)
	case capture.LinkRaw:
		return peekRaw(data, 0, wire, p)
	case capture.LinkIPv4:
		return peek4(data, 0, wire, p)
	case capture.LinkIPv6:
		return peek6(data, 0, wire, p)
	case capture.LinkNull, capture.LinkLoop:
		off, kind = nullHeader(data)
	default:
		return peekLink(link, data, wire, p)
	}
	if kind == etherVLAN && len(data) >= off+4 {
		off, kind = off+4, etherType(data, off+2)
	}
	switch kind {
	case etherIPv4:
		return peek4(data, off, wire, p)
	case etherIPv6:
		return peek6(data, off, wire, p)
	}
	return peekEther(data, off, kind, wire, p)
}

// peekRaw tells IPv4 from IPv6 by the version field.
func peekRaw(data []byte, off int, wire uint32, p *Packet) Verdict {
	if off >= len(data) {
		return Cut
	}
	switch data[off] >> 4 {
	case 4:
		return peek4(data, off, wire, p)
	case 6:
		return peek6(data, off, wire, p)
	}
	return NotIP
}

func be16(b []byte, i int) uint16 { return uint16(b[i])<<8 | uint16(b[i+1]) }

func be32(b []byte, i int) uint32 {
	_ = b[i+3]
	return uint32(b[i])<<24 | uint32(b[i+1])<<16 | uint32(b[i+2])<<8 | uint32(b[i+3])
}
