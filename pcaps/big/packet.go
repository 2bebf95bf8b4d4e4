package main

import "encoding/binary"

// Bytes of headers, with valid checksums.

const (
	protoTCP = 6
	protoUDP = 17
	maxSeg   = 1460 // TCP payload bytes of a full frame over IPv4
)

const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
)

// sum adds b to a one's complement sum (RFC 1071).
func sum(s uint64, b []byte) uint64 {
	for ; len(b) >= 8; b = b[8:] {
		v := binary.BigEndian.Uint64(b)
		s += v>>32 + v&0xffffffff
	}
	for ; len(b) >= 2; b = b[2:] {
		s += uint64(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	return s
}

func fold(s uint64) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// network writes the Ethernet and IP headers of a packet whose transport part
// follows in b at the returned place.
func network(b []byte, e *endpoints, fromServer bool, proto uint8, length int, id uint16) int {
	src, dst := &e.client, &e.server
	if fromServer {
		src, dst = dst, src
	}
	copy(b, dst.mac[:])
	copy(b[6:], src.mac[:])
	be := binary.BigEndian
	if e.v6 {
		be.PutUint16(b[12:], 0x86dd)
		ip := b[14:54]
		be.PutUint32(ip, 6<<28)
		be.PutUint16(ip[4:], uint16(length))
		ip[6], ip[7] = proto, 64
		copy(ip[8:], src.ip[:])
		copy(ip[24:], dst.ip[:])
		return 54
	}
	be.PutUint16(b[12:], 0x0800)
	ip := b[14:34]
	ip[0], ip[1] = 0x45, 0
	be.PutUint16(ip[2:], uint16(20+length))
	be.PutUint16(ip[4:], id)
	be.PutUint16(ip[6:], 0x4000)
	ip[8], ip[9] = 64, proto
	be.PutUint16(ip[10:], 0)
	copy(ip[12:], src.ip[:4])
	copy(ip[16:], dst.ip[:4])
	be.PutUint16(ip[10:], ^fold(sum(0, ip)))
	return 34
}

// pseudo is the sum over the pseudo header of TCP and UDP.
func pseudo(e *endpoints, proto uint8, length int) uint64 {
	n := 4
	if e.v6 {
		n = 16
	}
	return sum(sum(uint64(proto)+uint64(length), e.client.ip[:n]), e.server.ip[:n])
}

// tcpFrame builds a frame in b and returns it.
func tcpFrame(b []byte, e *endpoints, fromServer bool, seq, ack uint32, flags uint8, payload []byte) []byte {
	length := 20 + len(payload)
	at := network(b, e, fromServer, protoTCP, length, uint16(seq))
	h := b[at : at+length]
	be := binary.BigEndian
	sport, dport := e.client.port, e.server.port
	if fromServer {
		sport, dport = dport, sport
	}
	be.PutUint16(h, sport)
	be.PutUint16(h[2:], dport)
	be.PutUint32(h[4:], seq)
	be.PutUint32(h[8:], ack)
	h[12], h[13] = 5<<4, flags
	be.PutUint16(h[14:], 64240)
	be.PutUint32(h[16:], 0)
	copy(h[20:], payload)
	be.PutUint16(h[16:], ^fold(sum(pseudo(e, protoTCP, length), h)))
	return padded(b, at+length)
}

func udpFrame(b []byte, e *endpoints, fromServer bool, id uint16, payload []byte) []byte {
	length := 8 + len(payload)
	at := network(b, e, fromServer, protoUDP, length, id)
	h := b[at : at+length]
	be := binary.BigEndian
	sport, dport := e.client.port, e.server.port
	if fromServer {
		sport, dport = dport, sport
	}
	be.PutUint16(h, sport)
	be.PutUint16(h[2:], dport)
	be.PutUint16(h[4:], uint16(length))
	be.PutUint16(h[6:], 0)
	copy(h[8:], payload)
	be.PutUint16(h[6:], ^fold(sum(pseudo(e, protoUDP, length), h)))
	return padded(b, at+length)
}

// padded fills short frames up to Ethernet's least length.
func padded(b []byte, n int) []byte {
	for n < 60 {
		b[n] = 0
		n++
	}
	return b[:n]
}
