package flow

// 802.11 frames (IEEE 802.11-2020 §9.2, §9.3.2).
const (
	wifiData    = 2 // type
	wifiNoData  = 4 // subtype bits: of a data frame that carries none
	wifiQoS     = 8
	wifiToDS    = 0x01 // flags, the second byte
	wifiFromDS  = 0x02
	wifiSecret  = 0x40
	wifiOrder   = 0x80
	qosAMSDU    = 0x80 // in the QoS control field
	wifiAddress = 24   // bytes of the header with three addresses
)

// peekWiFi reads the 802.11 frame at off. pad tells that the header is filled
// up to words of 4 bytes. Frames whose payload is encrypted are Sealed;
// Windows hands over the decrypted ones with the flag still set, and some
// cards leave the cipher's header in place.
func peekWiFi(data []byte, off int, wire uint32, pad int, p *Packet) Verdict {
	if len(data) < off+2 {
		return Cut
	}
	kind, flags := data[off]>>2&3, data[off+1]
	sub := data[off] >> 4
	if data[off]&3 != 0 || kind != wifiData || sub&wifiNoData != 0 {
		return NotIP
	}
	head := wifiAddress
	if flags&wifiToDS != 0 && flags&wifiFromDS != 0 {
		head += 6
	}
	qos := off + head
	if sub&wifiQoS != 0 {
		head += 2
		if flags&wifiOrder != 0 {
			head += 4 // HT control
		}
	}
	if pad > 0 {
		head = (head + pad - 1) / pad * pad
	}
	at := off + head
	if len(data) < at {
		return Cut
	}
	if data[off+22]&15 != 0 {
		return NotIP // a later fragment: nothing tells what it is of
	}
	aggregate := sub&wifiQoS != 0 && data[qos]&qosAMSDU != 0
	if flags&wifiSecret != 0 {
		n := openedWiFi(data[at:], aggregate)
		if n < 0 {
			return Sealed
		}
		at += n
	}
	if aggregate {
		return peekAMSDU(data[at:], wireAfter(wire, at), p)
	}
	return peekEther(data, at, etherLLC, wire, p)
}

// openedWiFi returns where a payload begins that has been decrypted already:
// at once, or behind the header of WEP (4 bytes), TKIP or CCMP (8); -1 if it
// is encrypted.
func openedWiFi(body []byte, aggregate bool) int {
	for _, n := range [...]int{0, 4, 8} {
		at := n
		if aggregate {
			at += 14
		}
		if len(body) >= at && isSNAP(body[at:]) {
			return n
		}
	}
	return -1
}

// peekAMSDU reads the first of the subframes that stand one behind another
// (§9.3.2.2.2): addresses, a length, LLC, filled up to words. The others are
// for Packet.Next.
func peekAMSDU(data []byte, wire uint32, p *Packet) Verdict {
	if len(data) < 14 {
		return Cut
	}
	length := int(be16(data, 12))
	end := min(14+length, len(data))
	if next := (14 + length + 3) &^ 3; len(data) >= next+14+8 { // an FCS is no subframe
		p.rest, p.restWire = data[next:], wireAfter(wire, next)
	}
	return peekEther(data[:end], 14, etherLLC, min(wire, uint32(14+length)), p)
}

// More tells whether the frame that p was read from holds further packets
// (802.11 A-MSDU), for Next.
func (p *Packet) More() bool { return len(p.rest) > 0 }

// Next reads the next packet of a frame that holds several; NotIP when there
// is none.
func (p *Packet) Next() Verdict {
	data, wire := p.rest, p.restWire
	*p = Packet{}
	if len(data) == 0 {
		return NotIP
	}
	return peekAMSDU(data, wire, p)
}

// wireAfter is what is left of a length on the wire.
func wireAfter(wire uint32, n int) uint32 { return wire - min(wire, uint32(n)) }
