package flow

import (
	"encoding/binary"

	"kerbscope/capture"
)

// Headers that cards put before 802.11 frames.

// peekRadiotap passes a radiotap header (radiotap.org).
func peekRadiotap(data []byte, wire uint32, p *Packet) Verdict {
	if len(data) < 8 {
		return Cut
	}
	if data[0] != 0 {
		return NotIP
	}
	n := int(binary.LittleEndian.Uint16(data[2:]))
	if n < 8 {
		return Malformed
	}
	if len(data) < n {
		return Cut
	}
	const fcs, padded = 0x10, 0x20
	flags := radiotapFlags(data[:n])
	if flags&fcs != 0 && wire >= uint32(n)+4 {
		wire -= 4
		data = data[:min(len(data), max(n, int(wire)))]
	}
	pad := 0
	if flags&padded != 0 {
		pad = 4
	}
	return peekWiFi(data[n:], 0, wireAfter(wire, n), pad, p)
}

// radiotapFlags returns the field "flags"; 0 if there is none. It is the
// second of all fields, and the first is a time of 8 bytes, aligned.
func radiotapFlags(h []byte) byte {
	const time, flags, more = 1, 2, 1 << 31
	first := binary.LittleEndian.Uint32(h[4:])
	at := 8
	for word := first; word&more != 0; at += 4 {
		if len(h) < at+4 {
			return 0
		}
		word = binary.LittleEndian.Uint32(h[at:])
	}
	if first&flags == 0 {
		return 0
	}
	if first&time != 0 {
		at = (at+7)&^7 + 8
	}
	if len(h) <= at {
		return 0
	}
	return h[at]
}

// peekPrism passes the header of Prism II cards: a message with its length, in
// the byte order of the host; or the AVS header, which came to replace it
// under the same link type.
func peekPrism(data []byte, wire uint32, p *Packet) Verdict {
	if len(data) < 8 {
		return Cut
	}
	if be32(data, 0)&^3 == avsMagic&^3 {
		return peekAVS(data, wire, p)
	}
	n := binary.LittleEndian.Uint32(data[4:])
	if n > 0xffff {
		n = be32(data, 4)
	}
	return peekAfter(data, n, wire, p)
}

const avsMagic = 0x80211001 // version 1; later ones count on

// peekAVS passes the AVS capture header, big-endian.
func peekAVS(data []byte, wire uint32, p *Packet) Verdict {
	if len(data) < 8 {
		return Cut
	}
	return peekAfter(data, be32(data, 4), wire, p)
}

// peekAfter reads the 802.11 frame behind a header of n bytes.
func peekAfter(data []byte, n, wire uint32, p *Packet) Verdict {
	if n < 8 {
		return Malformed
	}
	if uint64(len(data)) < uint64(n) {
		return Cut
	}
	return peekWiFi(data[n:], 0, wireAfter(wire, int(n)), 0, p)
}

// peekPPI passes a Per-Packet Information header, which tells the link type of
// what follows it (CACE Technologies, PPI 1.0.7).
func peekPPI(data []byte, wire uint32, p *Packet) Verdict {
	if len(data) < 8 {
		return Cut
	}
	n, link := int(binary.LittleEndian.Uint16(data[2:])), capture.LinkType(binary.LittleEndian.Uint32(data[4:]))
	if n < 8 {
		return Malformed
	}
	if len(data) < n {
		return Cut
	}
	if link == capture.LinkPPI {
		return UnknownLink
	}
	return Peek(link, data[n:], wireAfter(wire, n), p)
}
