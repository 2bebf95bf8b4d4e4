package etl

import (
	"bytes"
	"encoding/binary"
)

// LINKTYPE_ numbers of what comes out.
const (
	LinkEthernet = 1
	LinkRaw      = 101
	LinkWiFi     = 105
)

const (
	etherIPv4 = 0x0800
	etherARP  = 0x0806
	etherIPv6 = 0x86dd
)

// snap are the LLC and SNAP headers before an EtherType.
var (
	snap       = []byte{0xaa, 0xaa, 3, 0, 0, 0}
	snapBridge = []byte{0xaa, 0xaa, 3, 0, 0, 0xf8}
)

// ethernetLike tells whether b begins with an Ethernet header and IP or ARP.
func ethernetLike(b []byte) bool {
	if len(b) < 15 {
		return false
	}
	switch binary.BigEndian.Uint16(b[12:]) {
	case etherIPv4:
		return b[14]>>4 == 4
	case etherIPv6:
		return b[14]>>4 == 6
	case etherARP:
		return true
	}
	return false
}

// A wifiHeader is the header of an 802.11 data frame.
type wifiHeader struct {
	to, from []byte // destination and source address
	size     int
	frames   bool // holds several frames (A-MSDU)
}

// wifiData reads the header of an 802.11 data frame that can be read by
// itself; false for any other frame.
func wifiData(b []byte) (h wifiHeader, ok bool) {
	const data, null = 2, 4 // frame type; bit of the subtype
	if len(b) < 24 || b[0]>>2&3 != data || b[0]>>4&null != 0 || b[0]&3 != 0 {
		return h, false
	}
	if b[22]&0x0f != 0 { // a later fragment
		return h, false
	}
	toDS, fromDS := b[1]&1 != 0, b[1]&2 != 0
	h.size = 24
	switch {
	case toDS && fromDS:
		h.size += 6
		if len(b) < h.size {
			return h, false
		}
		h.to, h.from = b[16:22], b[24:30]
	case toDS:
		h.to, h.from = b[16:22], b[10:16]
	case fromDS:
		h.to, h.from = b[4:10], b[16:22]
	default:
		h.to, h.from = b[4:10], b[10:16]
	}
	if b[0]>>4&8 != 0 { // QoS
		if len(b) < h.size+2 {
			return h, false
		}
		h.frames = b[h.size]&0x80 != 0
		h.size += 2
		if b[1]&0x80 != 0 {
			h.size += 4
		}
	}
	return h, len(b) > h.size
}

// isWiFi tells an 802.11 data frame from an Ethernet frame that is called one,
// as pktmon does around the filter that turns one into the other.
func isWiFi(b []byte) bool {
	if !ethernetLike(b) {
		return true
	}
	h, ok := wifiData(b)
	return ok && !h.frames && bytes.HasPrefix(b[h.size:], snap)
}

// fromWiFi turns a decrypted 802.11 data frame into Ethernet frames, one after
// the other in r.frame, and calls f for each with the bytes that it had on the
// air more than are there. It returns false for a frame that holds none.
func (r *Reader) fromWiFi(b []byte, missing uint32, f func(frame []byte, missing uint32)) bool {
	h, ok := wifiData(b)
	if !ok {
		return false
	}
	body := b[h.size:]
	if !h.frames {
		eth, ok := r.ethernet(h.to, h.from, body, missing)
		if ok {
			f(eth, missing)
		}
		return ok
	}
	any := false
	for len(body) >= 14 {
		n := int(binary.BigEndian.Uint16(body[12:]))
		var lost uint32
		sub := body[14:]
		if n > len(sub) {
			lost = uint32(n - len(sub))
		} else {
			sub = sub[:n]
		}
		if eth, ok := r.ethernet(body[:6], body[6:12], sub, lost); ok {
			f(eth, lost)
			any = true
		}
		if n == 0 {
			break
		}
		body = body[min(len(body), (14+n+3)&^3):]
	}
	return any
}

// ethernet puts an Ethernet header before what stands behind an LLC header.
func (r *Reader) ethernet(to, from, body []byte, missing uint32) ([]byte, bool) {
	r.frame = append(append(r.frame[:0], to...), from...)
	switch {
	case bytes.HasPrefix(body, snap) && len(body) >= 8, bytes.HasPrefix(body, snapBridge) && len(body) >= 8:
		return append(r.frame, body[6:]...), true
	case len(body) >= 3 && len(body)+int(missing) < 1536 && body[0]&0xfe == body[1]&0xfe && body[2] == 3:
		// LLC of another kind: an 802.3 frame.
		r.frame = binary.BigEndian.AppendUint16(r.frame, uint16(len(body)+int(missing)))
		return append(r.frame, body...), true
	}
	return nil, false
}

// network returns the packet of the network layer in a frame, cut at its own
// length as far as it tells one, its EtherType, and the length that it had on
// the wire; ok is false without one.
func network(link int, b []byte) (etherType uint16, p []byte, wire int, ok bool) {
	switch link {
	case LinkRaw:
		if len(b) == 0 {
			return 0, nil, 0, false
		}
		etherType = etherIPv4
		if b[0]>>4 == 6 {
			etherType = etherIPv6
		}
	case LinkEthernet:
		if len(b) < 14 {
			return 0, nil, 0, false
		}
		etherType, p = binary.BigEndian.Uint16(b[12:]), b[14:]
		for tags := 0; tags < 4 && (etherType == 0x8100 || etherType == 0x88a8 || etherType == 0x9100); tags++ {
			if len(p) < 4 {
				return 0, nil, 0, false
			}
			etherType, p = binary.BigEndian.Uint16(p[2:]), p[4:]
		}
		b = p
	default:
		return 0, nil, 0, false
	}
	p, wire = b, len(b)
	switch {
	case etherType == etherIPv4 && len(b) >= 20 && b[0]>>4 == 4:
		if n := int(binary.BigEndian.Uint16(b[2:])); n >= 20 { // 0: a large send
			wire = n
		}
	case etherType == etherIPv6 && len(b) >= 40 && b[0]>>4 == 6:
		if n := int(binary.BigEndian.Uint16(b[4:])); n > 0 {
			wire = 40 + n
		}
	case etherType == etherARP && len(b) >= 28:
		wire = 28
	}
	return etherType, p[:min(wire, len(p))], wire, true
}
