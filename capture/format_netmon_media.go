package capture

import (
	"encoding/binary"
	"fmt"
)

// Media types of NetMon frames.
const (
	netmonEthernet = 1
	netmonWAN      = 4
	netmonWiFi     = 6      // 802.11 behind a radio header
	netmonPcap     = 0xe000 // and a LINKTYPE_ number
	netmonMA       = 0xe080 // from here on to 0xe08a what Message Analyzer writes
	netmonEvent    = 0xffe0 // an ETW event
	netmonUnknown  = 0xfff0 // here: any other
	// netmonUnreadable stands here for frames that are not there.
	netmonUnreadable = 0xfff1
)

// netmonUnnumbered tells what Wireshark does not number: payloads put together
// from other frames, network information, the DNS cache.
func netmonUnnumbered(media uint16) bool { return media >= 0xfffc && media <= 0xfffe }

// netmonLink returns the link type of a media type; LinkUser15 for what holds
// no packet that is read. seen is the media type, or one that stands for many.
func netmonLink(media uint16, data []byte) (link LinkType, seen uint16) {
	switch media {
	case 0, netmonEthernet: // NetMon 3.4 writes 0 for Ethernet of a VPN
		return LinkEthernet, netmonEthernet
	case 2:
		return LinkTokenRing, media
	case 3:
		return LinkFDDI, media
	case netmonWAN:
		// NDIS gives a WAN the header of Ethernet, and ATM one of the same
		// length with VPI and VCI instead of the EtherType.
		if len(data) >= 14 && (binary.BigEndian.Uint16(data[12:]) == 0x0800 || binary.BigEndian.Uint16(data[12:]) == 0x86dd) {
			return LinkEthernet, netmonEthernet
		}
	case netmonWiFi:
		if netmonRadio(data) > 0 {
			return LinkWiFi, media
		}
		return LinkUser15, netmonUnknown
	case 7, 8, 9: // tunnel, mobile broadband, raw
		return LinkRaw, 9
	case netmonMA:
		return LinkWiFi, media
	case netmonEvent, 5, 0xfffb, 0xffff:
	default:
		switch {
		case media > netmonMA && media <= 0xe08a:
		case media&0xf000 == netmonPcap:
			return linkOfDLT(uint32(media & 0xfff)), media
		default:
			return LinkUser15, netmonUnknown
		}
	}
	return LinkUser15, media
}

// netmonRadio returns the length of the radio header before an 802.11 frame;
// 0 if there is none.
func netmonRadio(data []byte) uint32 {
	if len(data) < 32 || data[0] != 2 {
		return 0
	}
	n := uint32(binary.LittleEndian.Uint16(data[1:]))
	if n < 32 || n > uint32(len(data)) {
		return 0
	}
	return n
}

// netmonKind names what a frame without a packet holds.
func netmonKind(media uint16) string {
	switch media {
	case netmonWAN:
		return "ATM"
	case 5:
		return "IP over IEEE 1394"
	case netmonEvent:
		return "event"
	case netmonUnknown:
		return "unknown media type"
	case netmonUnreadable:
		return "unreadable frame"
	case 0xfffb:
		return "network information"
	case 0xffff:
		return "filter"
	}
	return fmt.Sprintf("Message Analyzer record %#x", media)
}
