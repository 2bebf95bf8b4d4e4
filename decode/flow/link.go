package flow

import "kerbscope/capture"

// EtherTypes (IEEE 802 Numbers, IANA).
const (
	etherIPv4    = 0x0800
	etherIPv6    = 0x86dd
	etherBridged = 0x6558 // Transparent Ethernet Bridging: a whole Ethernet frame
	etherVLAN    = 0x8100 // 802.1Q
	etherQinQ    = 0x88a8 // 802.1ad
	etherQinQ2   = 0x9100 // the usual tag before 802.1ad
	etherVNTag   = 0x8926 // Cisco VN-Tag
	etherMPLS    = 0x8847
	etherMPLSMC  = 0x8848
	etherPPPoE   = 0x8864 // session stage, RFC 2516
	etherPPP     = 0x880b // in GRE, RFC 2637 §4.1

	etherMin = 0x600 // lowest EtherType, IEEE 802.3 §3.2.6: less is a length, and LLC follows

	// What is no EtherType on the wire.
	etherNone   = 1<<16 + iota // nothing to walk
	etherCut                   // the frame ends in the headers
	etherRaw                   // IPv4 or IPv6, by the version field
	etherSealed                // encrypted, or compressed
	etherLLC                   // LLC
)

// maxTags is how many headers between link and IP are passed in one frame:
// VLAN tags, MPLS labels, bridged Ethernet, …
const maxTags = 12

// etherWalk passes what stands between an Ethernet header and IP and returns
// where the next header begins and what it is.
func etherWalk(data []byte, off int, kind uint32) (int, uint32) {
	for range maxTags {
		switch kind {
		case etherVLAN, etherQinQ, etherQinQ2:
			if len(data) < off+4 {
				return off, etherCut
			}
			off, kind = off+4, etherType(data, off+2)
		case etherVNTag:
			if len(data) < off+6 {
				return off, etherCut
			}
			off, kind = off+6, etherType(data, off+4)
		case etherBridged:
			if len(data) < off+14 {
				return off, etherCut
			}
			off, kind = off+14, etherType(data, off+12)
		case etherPPPoE:
			if len(data) < off+8 {
				return off, etherCut
			}
			off, kind = pppProtocol(data, off+6)
		case etherPPP:
			off, kind = pppHeader(data, off)
		case etherMPLS, etherMPLSMC:
			off, kind = mplsLabel(data, off)
		case etherLLC:
			off, kind = llcHeader(data, off)
		case etherIPv4, etherIPv6, etherRaw, etherCut, etherSealed:
			return off, kind
		default:
			if kind >= etherMin {
				return off, etherNone
			}
			kind = etherLLC
		}
	}
	return off, etherNone
}

func etherType(b []byte, i int) uint32 { return uint32(be16(b, i)) }

// peekEther reads the packet at off, which kind tells the beginning of.
func peekEther(data []byte, off int, kind uint32, wire uint32, p *Packet) Verdict {
	switch off, kind = etherWalk(data, off, kind); kind {
	case etherIPv4:
		return peek4(data, off, wire, p)
	case etherIPv6:
		return peek6(data, off, wire, p)
	case etherRaw:
		return peekRaw(data, off, wire, p)
	case etherCut:
		return Cut
	case etherSealed:
		return Sealed
	}
	return NotIP
}

// peekLink reads frames of the less usual link types.
func peekLink(link capture.LinkType, data []byte, wire uint32, p *Packet) Verdict {
	switch link {
	case capture.LinkPPP, capture.LinkPPPHDLC:
		return peekEther(data, 0, etherPPP, wire, p)
	case capture.LinkPPPoE:
		return peekEther(data, 0, etherPPPoE, wire, p)
	case capture.LinkWiFi:
		return peekWiFi(data, 0, wire, 0, p)
	case capture.LinkRadiotap:
		return peekRadiotap(data, wire, p)
	case capture.LinkPrism:
		return peekPrism(data, wire, p)
	case capture.LinkAVS:
		return peekAVS(data, wire, p)
	case capture.LinkPPI:
		return peekPPI(data, wire, p)
	case capture.LinkTokenRing:
		// Access and frame control, then addresses; the top bit of the source
		// tells of a routing field (802.5 §3.2.4).
		if len(data) < 16 {
			return Cut
		}
		off := 14
		if data[8]&0x80 != 0 {
			off += int(data[14] & 0x1f)
		}
		return peekEther(data, off, etherLLC, wire, p)
	case capture.LinkFDDI:
		return peekEther(data, 13, etherLLC, wire, p)
	}
	return UnknownLink
}

// llcHeader reads LLC, and SNAP behind it (IEEE 802.2, RFC 1042).
func llcHeader(data []byte, off int) (int, uint32) {
	if len(data) < off+3 {
		return off, etherCut
	}
	switch data[off] {
	case 0x06: // IP itself is rare, but has a number
		if data[off+1] == 0x06 && data[off+2] == 0x03 {
			return off + 3, etherIPv4
		}
	case 0xaa:
		if len(data) < off+8 {
			return off, etherCut
		}
		if isSNAP(data[off:]) {
			if kind := etherType(data, off+6); kind >= etherMin {
				return off + 8, kind
			}
		}
	}
	return off, etherNone
}

// isSNAP tells whether b begins with LLC and a SNAP header of which the last
// two bytes are an EtherType: RFC 1042, or 802.1H.
func isSNAP(b []byte) bool {
	return len(b) >= 8 && string(b[:3]) == "\xaa\xaa\x03" && (string(b[3:6]) == "\x00\x00\x00" || string(b[3:6]) == "\x00\x00\xf8")
}

// nullHeader reads the address family of BSD loopback, in either byte order:
// the host's that captured is not told.
func nullHeader(data []byte) (int, uint32) {
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
