// Package flow turns captured frames into datagrams and TCP streams. It walks
// link, IP and transport headers (Peek), puts IP fragments together
// (Fragments) and reassembles TCP (Tracker). It knows nothing of what the
// streams carry. Everything in it goes by the capture's own times, is bounded
// by named limits, and gives the same result for the same input.
package flow

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// An IP is an IPv4 or IPv6 address in a compact, comparable form; an IPv4
// address is kept as its IPv4-mapped IPv6 address. The zero IP is "::".
type IP struct{ hi, lo uint64 }

const mapped4 = 0xffff << 32 // ::ffff:0:0/96, RFC 4291 §2.5.5.2

// IPFrom converts a into the compact form; a zone is dropped.
func IPFrom(a netip.Addr) IP {
	b := a.As16()
	return IP{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

// Addr returns the address in its netip form, an IPv4 address as such.
func (a IP) Addr() netip.Addr {
	if a.Is4() {
		return netip.AddrFrom4([4]byte{byte(a.lo >> 24), byte(a.lo >> 16), byte(a.lo >> 8), byte(a.lo)})
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return netip.AddrFrom16(b)
}

// Is4 tells whether a is an IPv4 address.
func (a IP) Is4() bool { return a.hi == 0 && a.lo>>32 == 0xffff }

// String returns the usual text form.
func (a IP) String() string { return a.Addr().String() }

// Hash returns a hash of the address.
func (a IP) Hash(seed uint64) uint64 { return hashEnd(a, 0, seed) }

func (a IP) less(b IP) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

// Flags are the TCP flags (RFC 9293 §3.1), low bit first.
type Flags uint8

// The flags that matter here.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
)

// A Verdict says what Peek found in a frame.
type Verdict uint8

// The verdicts. Which fields of Packet hold after each is said there.
const (
	UnknownLink Verdict = iota // a link type that is not walked
	NotIP                      // ARP, LLC, LLDP, …
	Cut                        // the snap length cut the headers
	Malformed                  // headers that contradict themselves
	Sealed                     // encrypted below IP: 802.11, or PPP
	TCP
	UDP
	ICMP     // ICMP or ICMPv6
	Fragment // of an IPv4 or IPv6 datagram: for Fragments.Add
	Tunnel   // a tunnel in IP (Proto: 4, 41, 47, …) that could not be opened
	OtherIP  // any other IP protocol
)

var verdictNames = [...]string{"unknown-link", "not-ip", "cut", "malformed", "sealed", "tcp", "udp", "icmp", "fragment", "tunnel", "other-ip"}

func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return "?"
}

// A Packet is what Peek reads from the headers of a frame. It is reused from
// frame to frame; Payload points into the frame.
//
//	verdict                  fields that hold
//	TCP                      all but Frag*
//	UDP                      Src Dst Proto V6 IPID SrcPort DstPort Payload PayloadWire
//	ICMP, Tunnel, OtherIP    Src Dst Proto V6 IPID Payload PayloadWire
//	Fragment                 the same, Frag*, and the ports if HasPorts
//	Cut, Malformed           Src Dst Proto V6 when the IP header was read, else zero
//	UnknownLink, NotIP, Sealed  none
type Packet struct {
	Src, Dst         IP
	SrcPort, DstPort uint16
	Proto            uint8 // IP protocol number above IP (and above IPv6 extension headers): 6, 17, 1, 58, …
	Flags            Flags // TCP
	V6               bool  // carried by IPv6
	HasPorts         bool  // SrcPort and DstPort were read
	Seq, Ack         uint32
	// Payload is the captured part of: the data of TCP and UDP; the ICMP
	// message from its type on; what follows the IP headers for Tunnel and
	// OtherIP; what follows the fragment header for Fragment.
	Payload []byte
	// PayloadWire is the length Payload had on the wire, by the IP and UDP
	// headers. Never less than len(Payload); greater when the snap length cut.
	PayloadWire uint32
	IPID        uint32 // IPv4 identification, or that of the IPv6 fragment header; else 0
	FragOff     uint32 // bytes into the datagram at which Payload belongs
	FragMore    bool   // more fragments follow

	depth    uint8  // tunnels opened
	rest     []byte // of the frame: further packets, for Next
	restWire uint32

	tcpHeader []byte // the TCP header with its options as captured, to tell twins from retransmits
}

// SrcAddrPort returns the source address and port.
func (p *Packet) SrcAddrPort() netip.AddrPort { return netip.AddrPortFrom(p.Src.Addr(), p.SrcPort) }

// DstAddrPort returns the destination address and port.
func (p *Packet) DstAddrPort() netip.AddrPort { return netip.AddrPortFrom(p.Dst.Addr(), p.DstPort) }

// Truncated tells whether the snap length cut the payload.
func (p *Packet) Truncated() bool { return uint32(len(p.Payload)) < p.PayloadWire }

// Hash returns a hash of protocol, addresses and ports that is the same for
// both directions. seed keeps those who write packets from choosing the hash.
func (p *Packet) Hash(seed uint64) uint64 {
	return hashFlow(p.Src, p.Dst, p.SrcPort, p.DstPort, p.Proto, seed)
}

func hashFlow(src, dst IP, srcPort, dstPort uint16, proto uint8, seed uint64) uint64 {
	a, b := hashEnd(src, srcPort, seed), hashEnd(dst, dstPort, seed)
	h, l := bits.Mul64((a+b)^0x9e3779b97f4a7c15, (a^b)|1)
	return h ^ l ^ uint64(proto)*0xff51afd7ed558ccd
}

func hashEnd(a IP, port uint16, seed uint64) uint64 {
	h, l := bits.Mul64(a.hi^seed^0xa0761d6478bd642f, a.lo^bits.RotateLeft64(seed, 32)^uint64(port)<<40^0xe7037ed1a0b428db)
	return h ^ l
}
