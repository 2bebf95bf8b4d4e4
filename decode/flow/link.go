package flow

// EtherTypes (IEEE 802 Numbers, IANA).
const (
	etherIPv4   = 0x0800
	etherIPv6   = 0x86dd
	etherVLAN   = 0x8100 // 802.1Q
	etherQinQ   = 0x88a8 // 802.1ad
	etherQinQ2  = 0x9100 // the usual tag before 802.1ad
	etherMPLS   = 0x8847
	etherMPLSMC = 0x8848
	etherPPPoE  = 0x8864 // session stage, RFC 2516

	// Values below 0x600 are 802.3 lengths, so these cannot be meant by a frame
	// that is walked on.
	etherNone = 0 // nothing to walk
	etherCut  = 1 // the frame ends in the headers
	etherRaw  = 2 // IPv4 or IPv6, by the version field
)

const maxTags = 8 // VLAN tags and MPLS labels on one frame

// etherWalk passes VLAN tags, MPLS labels and PPPoE and returns where the next
// header begins and what it is.
func etherWalk(data []byte, off int, kind uint16) (int, uint16) {
	for range maxTags {
		switch kind {
		case etherVLAN, etherQinQ, etherQinQ2:
			if len(data) < off+4 {
				return off, etherCut
			}
			off, kind = off+4, be16(data, off+2)
		case etherPPPoE:
			if len(data) < off+8 {
				return off, etherCut
			}
			off, kind = pppProtocol(data, off+6)
		case etherMPLS, etherMPLSMC:
			if len(data) < off+4 {
				return off, etherCut
			}
			if data[off+2]&1 != 0 { // bottom of stack, RFC 3032 §2.1
				return off + 4, etherRaw
			}
			off += 4
		case etherIPv4, etherIPv6, etherCut:
			return off, kind
		default:
			return off, etherNone
		}
	}
	return off, etherNone
}

// nullHeader reads the address family of BSD loopback, in either byte order:
// the host's that captured is not told.
func nullHeader(data []byte) (int, uint16) {
	if len(data) < 4 {
		return 0, etherCut
	}
	family := be32(data, 0)
	if family > 0xffff {
		family = uint32(data[0]) | uint32(data[1])<<8 | uint32(data[2])<<16 | uint32(data[3])<<24
	}
	switch family {
	case 2:
		return 4, etherIPv4
	case 10, 23, 24, 28, 30: // AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS
		return 4, etherIPv6
	}
	return 4, etherNone
}

// pppHeader reads PPP with or without HDLC address and control (RFC 1662 §3.1).
func pppHeader(data []byte, off int) (int, uint16) {
	if len(data) >= off+2 && data[off] == 0xff && data[off+1] == 0x03 {
		off += 2
	}
	return pppProtocol(data, off)
}

// pppProtocol reads a PPP protocol field of two bytes, or one when compressed
// (RFC 1661 §6.5).
func pppProtocol(data []byte, off int) (int, uint16) {
	if len(data) < off+2 {
		return off, etherCut
	}
	proto, n := be16(data, off), 2
	if data[off]&1 != 0 {
		proto, n = uint16(data[off]), 1
	}
	switch proto {
	case 0x0021:
		return off + n, etherIPv4
	case 0x0057:
		return off + n, etherIPv6
	}
	return off + n, etherNone
}
