package flow

import (
	"encoding/binary"

	"kerbscope/capture"
)

// A Glance is what the gate wants to know of most frames.
type Glance struct {
	Brief            // of TCP
	SrcPort, DstPort uint16
	Payload          []byte // as Packet.Payload
}

// Look reads the frames that most captures consist of: TCP or UDP in IPv4
// without options, or in IPv6 without extension headers, not in fragments, in
// Ethernet with one VLAN tag at most. It returns TCP or UDP and fills g as Peek
// would a Packet, for a fraction of the cost. Of every other frame, a damaged
// one or a tunnel included, it returns UnknownLink, and Peek is to be asked.
func Look(link capture.LinkType, data []byte, g *Glance) Verdict {
	const least = 14 + 20 + 8 // the headers of the shortest frame
	if link != capture.LinkEthernet || len(data) < least {
		return UnknownLink
	}
	off, kind := 14, etherType(data, 12)
	if kind == etherVLAN {
		off, kind = 18, etherType(data, 16)
	}
	var src, dst IP
	var proto uint8
	var left int // on the wire behind the IP header
	switch kind {
	case etherIPv4:
		if len(data) < off+20 {
			return UnknownLink
		}
		h := (*[20]byte)(data[off:])
		total := int(binary.BigEndian.Uint16(h[2:]))
		if h[0] != 0x45 || total < 20 || binary.BigEndian.Uint16(h[6:])&0x3fff != 0 {
			return UnknownLink
		}
		proto = h[9]
		ends := binary.BigEndian.Uint64(h[12:])
		src, dst = IP{0, mapped4 | ends>>32}, IP{0, mapped4 | ends&(1<<32-1)}
		off, left = off+20, total-20
	case etherIPv6:
		if len(data) < off+40 {
			return UnknownLink
		}
		h := (*[40]byte)(data[off:])
		if left = int(binary.BigEndian.Uint16(h[4:])); h[0]>>4 != 6 || left == 0 {
			return UnknownLink
		}
		proto = h[6]
		src = IP{binary.BigEndian.Uint64(h[8:]), binary.BigEndian.Uint64(h[16:])}
		dst = IP{binary.BigEndian.Uint64(h[24:]), binary.BigEndian.Uint64(h[32:])}
		off += 40
	default:
		return UnknownLink
	}
	body := data[off:]
	if len(body) > left {
		body = body[:left]
	}
	switch proto {
	case protoTCP:
		return g.tcp(src, dst, body, left)
	case protoUDP:
		return g.udp(body, left)
	}
	return UnknownLink
}

func (g *Glance) tcp(src, dst IP, body []byte, left int) Verdict {
	if len(body) < 20 {
		return UnknownLink
	}
	h := (*[20]byte)(body)
	head := int(h[12]>>4) * 4
	if head < 20 || head > left {
		return UnknownLink
	}
	ports := binary.BigEndian.Uint32(h[:])
	g.SrcPort, g.DstPort = uint16(ports>>16), uint16(ports)
	g.Hash = hashFlow(src, dst, g.SrcPort, g.DstPort, protoTCP, Seed)
	g.Seq, g.Ack = binary.BigEndian.Uint32(h[4:]), binary.BigEndian.Uint32(h[8:])
	g.Flags = Flags(h[13])
	g.Side = sideOf(src, dst, g.SrcPort, g.DstPort)
	g.Wire = uint32(left - head)
	g.Whole = len(body) == left
	g.Payload = nil
	if len(body) > head {
		g.Payload = body[head:]
	} else if head == left {
		g.Whole = true // what is cut are options
	}
	return TCP
}

func (g *Glance) udp(body []byte, left int) Verdict {
	if len(body) < 8 {
		return UnknownLink
	}
	h := (*[8]byte)(body)
	ports := binary.BigEndian.Uint32(h[:])
	g.SrcPort, g.DstPort = uint16(ports>>16), uint16(ports)
	length := int(binary.BigEndian.Uint16(h[4:]))
	if length < 8 || length > left || mayTunnel(g.SrcPort, g.DstPort) {
		return UnknownLink
	}
	if len(body) > length {
		body = body[:length]
	}
	g.Payload = body[8:]
	return UDP
}
