package redact

import (
	"encoding/binary"
	"net/netip"

	"kerbscope/capture"
	"kerbscope/decode/flow"
)

// Packet gives a packet out: what takes its place, and the link type of that;
// false when it is not kept. Where only IP can be told from a frame (tunnels,
// radio, …) what takes its place is the IP packet within.
func (f *File) Packet(point int, pk capture.Packet) (data []byte, wire uint32, link capture.LinkType, ok bool) {
	p := &f.p
	v := flow.Peek(pk.Link, pk.Data, pk.Wire, p)
	body, ok := f.body(point, pk, p, v)
	for !ok && p.More() { // of the packets of a frame the first that is kept
		v = p.Next()
		body, ok = f.body(point, pk, p, v)
	}
	if !ok {
		return nil, 0, 0, false
	}
	if ip, plain := ipAt(pk, p); plain {
		data = f.r.frame(pk, ip, body)
		return data, pk.Wire, pk.Link, true
	}
	data, wire = f.r.bareIP(p, v, body)
	return data, wire, capture.LinkRaw, true
}

// body is the redacted transport header and payload of a packet, or ICMP
// message, or piece of a datagram; with its checksum where all of it is there.
func (f *File) body(point int, pk capture.Packet, p *flow.Packet, v flow.Verdict) ([]byte, bool) {
	src, dst := f.r.addrs.of(p.Src.Addr()).AsSlice(), f.r.addrs.of(p.Dst.Addr()).AsSlice()
	switch v {
	case flow.TCP:
		t, fromA := f.talkOf(point, p)
		if t == nil {
			return nil, false
		}
		from := sideOf(fromA)
		head := append([]byte(nil), p.TCPHeader()...)
		tcpOptions(head)
		b := append(head, make([]byte, len(p.Payload))...)
		if c := t.follow(p, from, false); c != nil && len(p.Payload) > 0 {
			seq := p.Seq
			if p.Flags&flow.SYN != 0 {
				seq++
			}
			c.half[from].at(int64(int32(seq-c.half[from].base)), b[len(head):])
		}
		if len(head) >= 18 {
			head, b[16], b[17] = b[:len(head)], 0, 0
			if !p.Truncated() && len(head) == int(head[12]>>4)*4 {
				binary.BigEndian.PutUint16(b[16:], upperSum(6, src, dst, b))
			}
		}
		return b, true
	case flow.UDP:
		carrier := udpCarrier(p.SrcPort, p.DstPort)
		if carrier == "" {
			k, _ := keyOf(point, p)
			t := f.talks[k]
			if t == nil {
				return nil, false
			}
			carrier = t.carrier
		}
		b := make([]byte, 8, 8+len(p.Payload))
		be := binary.BigEndian
		be.PutUint16(b, p.SrcPort)
		be.PutUint16(b[2:], p.DstPort)
		be.PutUint16(b[4:], uint16(min(p.PayloadWire+8, 0xffff)))
		b = append(b, p.Payload...)
		f.r.udp(carrier, b[8:])
		if !p.Truncated() {
			be.PutUint16(b[6:], upperSum(17, src, dst, b))
		}
		return b, true
	case flow.Fragment:
		d := f.datagramAt(fragmentOf(point, p), pk.Time)
		if d == nil || !d.hasPorts || d.carrier == "" {
			return nil, false
		}
		d.checksum(src, dst)
		b := make([]byte, len(p.Payload))
		d.ranges.at(int64(p.FragOff), b)
		return b, true
	case flow.ICMP:
		var e flow.ICMPError
		if !flow.ParseICMP(p, &e) || !e.HasPorts {
			return nil, false
		}
		k, _ := makeKey(point, e.Proto, e.Src, e.Dst)
		if f.talks[k] == nil && !ownPort(e.Src.Port()) && !ownPort(e.Dst.Port()) {
			return nil, false
		}
		b := append([]byte(nil), p.Payload...)
		f.r.icmp(b, p.V6)
		b[2], b[3] = 0, 0
		if !p.Truncated() {
			if p.V6 {
				binary.BigEndian.PutUint16(b[2:], upperSum(58, src, dst, b))
			} else {
				binary.BigEndian.PutUint16(b[2:], fold(sum16(0, b)))
			}
		}
		return b, true
	}
	return nil, false
}

// tcpOptions leaves of the options of a header those of everyday use (RFC 9293
// §3.2, RFC 7323, RFC 2018); what takes the place of others is nothing.
func tcpOptions(head []byte) {
	for at := 20; at < len(head); {
		n := 1
		switch head[at] {
		case 0:
			wipe(head[at:])
			return
		case 1:
		default:
			if at+1 < len(head) {
				n = max(int(head[at+1]), 2)
			}
			if !everyday(head[at], n) {
				for i := at; i < min(at+n, len(head)); i++ {
					head[i] = 1
				}
			}
		}
		at += n
	}
}

// everyday tells options that say nothing: MSS, window scale, SACK, timestamps,
// as long as they should be.
func everyday(kind byte, n int) bool {
	switch kind {
	case 2:
		return n == 4
	case 3:
		return n == 3
	case 4:
		return n == 2
	case 5:
		return n%8 == 2 && n <= 34
	case 8:
		return n == 10
	}
	return false
}

// icmp redacts an ICMP error: of the packet that it quotes the addresses and
// what is beyond its ports, or beyond the window of a TCP header.
func (r *Redactor) icmp(b []byte, v6 bool) {
	if len(b) < 8 {
		wipe(part(b, 4, 4))
		return
	}
	switch { // of the word before the quotation only the MTU stays: others hold addresses, pointers, or nothing
	case !v6 && b[0] == 3 && b[1] == 4: // RFC 1191 §4
		wipe(b[4:6])
	case v6 && b[0] == 2: // RFC 4443 §3.2
	default:
		wipe(b[4:8])
	}
	q := b[8:]
	switch {
	case len(q) >= 20 && q[0]>>4 == 4:
		head := int(q[0]&15) * 4
		r.ip4(q[:min(max(head, 20), len(q))])
		quoted(q[min(head, len(q)):], q[9], q[12:16], q[16:20], len(q) == int(binary.BigEndian.Uint16(q[2:])))
	case len(q) >= 40 && q[0]>>4 == 6:
		r.addrs.bytes(q[8:24])
		r.addrs.bytes(q[24:40])
		quoted(q[40:], q[6], q[8:24], q[24:40], len(q) == 40+int(binary.BigEndian.Uint16(q[4:])))
	default:
		wipe(q)
	}
}

// quoted redacts a transport header that an ICMP error quotes between
// addresses, and what is behind it. Its checksum is put right where the whole
// packet is quoted; else it tells of what is not there any more.
func quoted(b []byte, proto byte, src, dst []byte, whole bool) {
	sum, head := 0, 8
	switch proto {
	case 6:
		sum, head = 16, 20
		wipe(part(b, sum, len(b)))
	case 17:
		sum = 6
		wipe(part(b, sum, len(b)))
	default:
		wipe(part(b, head, len(b)))
		return
	}
	if whole && len(b) >= head {
		binary.BigEndian.PutUint16(b[sum:], upperSum(proto, src, dst, b))
	}
}

// ip4 redacts an IPv4 header and puts its checksum right.
func (r *Redactor) ip4(h []byte) {
	r.addrs.bytes(h[12:16])
	r.addrs.bytes(h[16:20])
	for i := 20; i < len(h); i++ {
		h[i] = 1 // no operation
	}
	h[10], h[11] = 0, 0
	binary.BigEndian.PutUint16(h[10:], fold(sum16(0, h)))
}

// ipAt is where the IP header of a frame stands, if nothing but an everyday
// link header is before it and nothing unusual between it and the transport.
func ipAt(pk capture.Packet, p *flow.Packet) (at int, ok bool) {
	d := pk.Data
	kind := -1
	switch pk.Link {
	case capture.LinkEthernet:
		if len(d) < 14 {
			return 0, false
		}
		at, kind = 14, int(binary.BigEndian.Uint16(d[12:]))
	case capture.LinkSLL:
		if len(d) < 16 {
			return 0, false
		}
		at, kind = 16, int(binary.BigEndian.Uint16(d[14:]))
	case capture.LinkSLL2:
		if len(d) < 20 {
			return 0, false
		}
		at, kind = 20, int(binary.BigEndian.Uint16(d))
	case capture.LinkNull, capture.LinkLoop:
		at = 4
	case capture.LinkRaw, capture.LinkIPv4, capture.LinkIPv6:
	default:
		return 0, false
	}
	for range 2 {
		if (kind == 0x8100 || kind == 0x88a8) && len(d) >= at+4 {
			at, kind = at+4, int(binary.BigEndian.Uint16(d[at+2:]))
		}
	}
	if len(d) <= at || kind >= 0 && kind != 0x0800 && kind != 0x86dd {
		return 0, false
	}
	var src, dst netip.Addr
	switch h := d[at:]; {
	case h[0]>>4 == 4 && len(h) >= 20 && h[9] == p.Proto:
		src, dst = netip.AddrFrom4([4]byte(h[12:16])), netip.AddrFrom4([4]byte(h[16:20]))
	case h[0]>>4 == 6 && len(h) >= 40 && (h[6] == p.Proto || h[6] == 44 && len(h) >= 48 && h[40] == p.Proto):
		src, dst = netip.AddrFrom16([16]byte(h[8:24])), netip.AddrFrom16([16]byte(h[24:40]))
	default:
		return 0, false
	}
	return at, src.Unmap() == p.Src.Addr().Unmap() && dst.Unmap() == p.Dst.Addr().Unmap()
}

// frame puts a redacted frame together: the link header with other addresses,
// the IP header likewise, and body. What stands behind it is padding.
func (r *Redactor) frame(pk capture.Packet, ip int, body []byte) []byte {
	out := make([]byte, len(pk.Data))
	copy(out, pk.Data[:ip])
	switch pk.Link {
	case capture.LinkEthernet:
		r.mac(out[0:])
		r.mac(out[6:])
	case capture.LinkSLL:
		wipe(out[12:14])
		if binary.BigEndian.Uint16(out[4:]) == 6 {
			r.mac(out[6:])
		} else {
			wipe(out[6:14])
		}
	case capture.LinkSLL2:
		if out[11] == 6 {
			r.mac(out[12:])
			wipe(out[18:20])
		} else {
			wipe(out[12:20])
		}
	}
	h := pk.Data[ip:]
	n := 40
	if h[0]>>4 == 4 {
		n = max(int(h[0]&15)*4, 20)
	} else if h[6] == 44 {
		n = 48
	}
	n = min(n, len(h))
	copy(out[ip:], h[:n])
	if h[0]>>4 == 4 {
		r.ip4(out[ip : ip+n])
	} else {
		r.addrs.bytes(out[ip+8 : ip+24])
		r.addrs.bytes(out[ip+24 : ip+40])
	}
	copy(out[ip+n:], body)
	return out
}

// bareIP makes an IP packet of what Peek read.
func (r *Redactor) bareIP(p *flow.Packet, v flow.Verdict, body []byte) ([]byte, uint32) {
	missing := uint32(0)
	if p.Truncated() {
		missing = p.PayloadWire - uint32(len(p.Payload))
	}
	be := binary.BigEndian
	src, dst := r.addrs.of(p.Src.Addr()), r.addrs.of(p.Dst.Addr())
	if !p.V6 {
		h := make([]byte, 20)
		h[0], h[8], h[9] = 0x45, 64, p.Proto
		be.PutUint16(h[2:], uint16(min(uint32(20+len(body))+missing, 0xffff)))
		be.PutUint16(h[4:], uint16(p.IPID))
		if v == flow.Fragment {
			place := uint16(p.FragOff / 8)
			if p.FragMore {
				place |= 0x2000
			}
			be.PutUint16(h[6:], place)
		}
		copy(h[12:], src.AsSlice())
		copy(h[16:], dst.AsSlice())
		be.PutUint16(h[10:], fold(sum16(0, h)))
		return append(h, body...), uint32(20+len(body)) + missing
	}
	h := make([]byte, 40)
	h[0], h[6], h[7] = 0x60, p.Proto, 64
	s, d := src.As16(), dst.As16()
	copy(h[8:], s[:])
	copy(h[24:], d[:])
	if v == flow.Fragment {
		place := uint16(p.FragOff)
		if p.FragMore {
			place |= 1
		}
		x := []byte{p.Proto, 0, 0, 0, 0, 0, 0, 0}
		be.PutUint16(x[2:], place)
		be.PutUint32(x[4:], p.IPID)
		h[6] = 44
		h = append(h, x...)
	}
	be.PutUint16(h[4:], uint16(min(uint32(len(h)-40+len(body))+missing, 0xffff)))
	return append(h, body...), uint32(len(h)+len(body)) + missing
}

// sum16 adds b in words of 16 bits, RFC 1071.
func sum16(sum uint32, b []byte) uint32 {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
		sum = sum&0xffff + sum>>16
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return sum
}

func fold(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

// upperSum is the checksum of TCP, UDP and ICMPv6, with the pseudo-header.
func upperSum(proto uint8, src, dst, b []byte) uint16 {
	var tail [8]byte
	binary.BigEndian.PutUint32(tail[:], uint32(len(b)))
	tail[7] = proto
	s := fold(sum16(sum16(sum16(sum16(0, src), dst), tail[:]), b))
	if s == 0 && proto == 17 {
		return 0xffff
	}
	return s
}
