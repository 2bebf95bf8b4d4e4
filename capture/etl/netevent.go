package etl

import "encoding/binary"

// Network Monitor and Message Analyzer keep an event of a trace in a frame of
// its own: EVENT_HEADER, then processor, logger, two lengths, items of extended
// data, and what the provider wrote.
const (
	netEventItems = 0x54 // number of items
	netEventBody  = 0x59
	netEventItem  = 8 // of an item: before its bytes
	maxNetItems   = 64
)

// NetEvent finds the packet in such a frame: frame[off:off+n] is a packet of
// the link type, of which wire bytes were on the wire. ok is false for events of
// other providers, and for packets in several events.
func NetEvent(frame []byte) (off, n, wire, link int, ok bool) {
	le := binary.LittleEndian
	if len(frame) < netEventBody {
		return 0, 0, 0, 0, false
	}
	at := netEventBody
	for range min(int(le.Uint16(frame[netEventItems:])), maxNetItems) {
		if len(frame) < at+netEventItem {
			return 0, 0, 0, 0, false
		}
		at += netEventItem + int(le.Uint16(frame[at+6:]))
	}
	if at > len(frame) {
		return 0, 0, 0, 0, false
	}
	id, keyword := le.Uint16(frame[0x28:]), le.Uint64(frame[0x30:])
	d := frame[at:] // the user data, to the end of the frame
	switch guid(frame[0x18:0x28]) {
	case ndisCapture:
		if id != ndisPacket || len(d) < 12 || keyword&keyStart == 0 || keyword&keyEnd == 0 {
			return 0, 0, 0, 0, false
		}
		off, n, link = at+12, int(int32(le.Uint32(d[8:]))), LinkEthernet
		switch {
		case keyword&keyWiFi != 0:
			link = LinkWiFi
		case keyword&(keyWWAN|keyTunnel) != 0:
			link = LinkRaw
		}
	case pktmon:
		if id != pktmonPacket || len(d) < pktmonHead {
			return 0, 0, 0, 0, false
		}
		off, n, wire = at+pktmonHead, int(le.Uint16(d[32:])), int(le.Uint16(d[30:]))
		switch le.Uint16(d[14:]) {
		case 1:
			link = LinkEthernet
		case 2:
			if link = LinkWiFi; ethernetLike(frame[off:]) {
				link = LinkEthernet
			}
		case 3:
			link = LinkRaw
		default:
			return 0, 0, 0, 0, false
		}
	}
	if n <= 0 || n > len(frame)-off {
		return 0, 0, 0, 0, false
	}
	return off, n, max(n, wire), link, true
}
