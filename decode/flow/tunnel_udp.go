package flow

// peekVXLAN reads a frame in VXLAN (RFC 7348 §5), with Cisco's group policy or
// not, or in its generic extension, which tells what it holds.
func peekVXLAN(data []byte, wire uint32, p *Packet) Verdict {
	const instance, next = 0x08, 0x04
	if len(data) < 8 || data[0]&instance == 0 || data[7] != 0 {
		return NotIP
	}
	kind := uint32(etherBridged)
	if data[0]&next != 0 {
		switch data[3] {
		case 1:
			kind = etherIPv4
		case 2:
			kind = etherIPv6
		case 3:
		default:
			return NotIP
		}
	}
	return peekEther(data, 8, kind, wire, p)
}

// peekGeneve reads a frame in Geneve (RFC 8926 §3.4).
func peekGeneve(data []byte, wire uint32, p *Packet) Verdict {
	if len(data) < 8 || data[0]>>6 != 0 || data[7] != 0 {
		return NotIP
	}
	switch kind := etherType(data, 2); kind {
	case etherBridged, etherIPv4, etherIPv6:
		return peekEther(data, 8+4*int(data[0]&0x3f), kind, wire, p)
	}
	return NotIP
}

// maxGTPExtensions is how many extension headers are passed in one packet.
const maxGTPExtensions = 8

// peekGTPU reads a user's packet in GTP version 1 (3GPP TS 29.281 §5).
func peekGTPU(data []byte, wire uint32, p *Packet) Verdict {
	const isGTP1, userPacket, optional, extension = 0x30, 255, 7, 4
	if len(data) < 8 || data[0]&0xf0 != isGTP1 || data[1] != userPacket {
		return NotIP
	}
	off, next := 8, byte(0)
	if data[0]&optional != 0 {
		if len(data) < 12 {
			return Cut
		}
		off = 12
		if data[0]&extension != 0 {
			next = data[11]
		}
	}
	for range maxGTPExtensions {
		if next == 0 {
			return peekRaw(data, off, wire, p)
		}
		if len(data) <= off || data[off] == 0 {
			return NotIP
		}
		if off += 4 * int(data[off]); len(data) < off {
			return Cut
		}
		next = data[off-1]
	}
	return NotIP
}

// peekTeredo reads IPv6 in UDP behind the indications of Teredo (RFC 4380 §5.1.1).
func peekTeredo(data []byte, wire uint32, p *Packet) Verdict {
	off := 0
	if len(data) >= 4 && data[0] == 0 && data[1] == 1 { // authentication
		off = 13 + int(data[2]) + int(data[3])
	}
	if len(data) >= off+8 && data[off] == 0 && data[off+1] == 0 { // origin
		off += 8
	}
	if len(data) < off+40 || data[off]>>4 != 6 {
		return NotIP
	}
	return peek6(data, off, wire, p)
}
