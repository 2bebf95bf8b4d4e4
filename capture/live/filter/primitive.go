package filter

import (
	"encoding/binary"

	"golang.org/x/net/bpf"
)

// A node is part of an expression: all, some, not, a primitive, or what
// primitives become, tests and constants.
type node interface{}

type (
	all    []node
	some   []node
	not    struct{ of node }
	always bool
)

// what a primitive is about.
type what uint8

const (
	isEther     what = iota // carries EtherType num
	isProto                 // IP protocol num, in proto or in both
	hasHost                 // IPv4 or IPv6 address, or network
	hasPort                 // num to high
	hasStation              // Ethernet address
	isVLAN                  // num, or any with high 0
	isMulticast             // of proto
	isBroadcast
	atMost // length
	atLeast
)

// dir says which ends a primitive is about.
type dir uint8

const (
	either dir = iota
	source
	destination
	both
)

// A primitive is one question, as it stood in the text.
type primitive struct {
	what  what
	depth int    // keywords vlan before it
	proto uint32 // EtherType or IP protocol that it is limited to; 0: none
	dir   dir
	num   uint32
	high  uint32
	addr  []byte // 4, 6 or 16 bytes
	mask  []byte // as long
	at    int    // in the text
}

// tests returns what p is in frames of the layout.
func (l *layout) tests(p primitive) (node, error) {
	d := p.depth
	switch p.what {
	case isEther:
		return l.carries(d, p.num), nil
	case isProto:
		var n some
		for _, e := range []uint32{etherIPv4, etherIPv6} {
			if p.proto == 0 || p.proto == e {
				n = append(n, all{l.carries(d, e), l.next(d, e, p.num, true)})
			}
		}
		return n, nil
	case hasHost:
		return l.host(p), nil
	case hasPort:
		return l.ports(p), nil
	case hasStation, isBroadcast:
		if !l.stations {
			return nil, p.fail("the interface has no Ethernet addresses")
		}
		return ends(p.dir, func(far bool) node { return station(p.addr, far) }), nil
	case isVLAN:
		if !l.ether {
			return nil, p.fail("the interface has no VLAN tags")
		}
		return l.vlan(p), nil
	case isMulticast:
		switch p.proto {
		case etherIPv4:
			t := l.at(d, 16, 1, 224)
			t.cond = bpf.JumpGreaterOrEqual
			return all{l.carries(d, etherIPv4), t}, nil
		case etherIPv6:
			return all{l.carries(d, etherIPv6), l.at(d, 24, 1, 255)}, nil
		}
		if !l.stations {
			return nil, p.fail("the interface has no Ethernet addresses")
		}
		return test{off: 0, size: 1, cond: bpf.JumpBitsSet, val: 1}, nil
	case atMost:
		return test{load: loadLength, cond: bpf.JumpLessOrEqual, val: p.num}, nil
	default:
		return test{load: loadLength, cond: bpf.JumpGreaterOrEqual, val: p.num}, nil
	}
}

func (p *primitive) fail(what string) error {
	return &Error{At: p.at, What: what}
}

// ends combines the questions to the source (far false) and the destination.
func ends(d dir, of func(far bool) node) node {
	switch d {
	case source:
		return of(false)
	case destination:
		return of(true)
	case both:
		return all{of(false), of(true)}
	}
	return some{of(false), of(true)}
}

// host: IPv4 addresses are those of ARP and RARP too, unless it is said of what.
func (l *layout) host(p primitive) node {
	var n some
	add := func(etherType, src, dst uint32) {
		if p.proto == 0 || p.proto == etherType {
			n = append(n, all{l.carries(p.depth, etherType), ends(p.dir, func(far bool) node {
				off := src
				if far {
					off = dst
				}
				return l.address(p, off)
			})})
		}
	}
	if len(p.addr) == 16 {
		add(etherIPv6, 8, 24)
		return n
	}
	add(etherIPv4, 12, 16)
	add(etherARP, 14, 24)
	add(etherRARP, 14, 24)
	return n
}

// address compares an address word by word.
func (l *layout) address(p primitive, off uint32) node {
	var n all
	for i := 0; i < len(p.addr); i += 4 {
		v, m := binary.BigEndian.Uint32(p.addr[i:]), binary.BigEndian.Uint32(p.mask[i:])
		if m == 0 {
			continue
		}
		t := l.at(p.depth, off+uint32(i), 4, v)
		if m != 0xffffffff {
			t.mask = m
		}
		n = append(n, t)
	}
	if len(n) == 0 {
		return always(true)
	}
	return n
}

// station compares an Ethernet address: the destination's stands first.
func station(mac []byte, far bool) node {
	off := uint32(6)
	if far {
		off = 0
	}
	return all{
		test{off: off + 2, size: 4, val: binary.BigEndian.Uint32(mac[2:])},
		test{off: off, size: 2, val: uint32(binary.BigEndian.Uint16(mac))},
	}
}

func (l *layout) ports(p primitive) node {
	var n some
	for _, e := range []uint32{etherIPv4, etherIPv6} {
		var protos some
		for _, proto := range []uint32{protoTCP, protoUDP, protoSCTP} {
			if p.proto == 0 || p.proto == proto {
				protos = append(protos, l.next(p.depth, e, proto, false))
			}
		}
		one := all{l.carries(p.depth, e), protos}
		if e == etherIPv4 {
			one = append(one, l.unfragmented(p.depth))
		}
		n = append(n, append(one, ends(p.dir, func(far bool) node {
			off := uint32(0)
			if far {
				off = 2
			}
			return l.port(p.depth, e, off, p.num, p.high)
		})))
	}
	return n
}

// vlan: p.depth tags stand before the one in question.
func (l *layout) vlan(p primitive) node {
	if l.outside && p.depth == 0 {
		if p.high == 0 {
			return always(true)
		}
		return test{load: loadTag, mask: 0x0fff, val: p.num}
	}
	var n some
	for _, tpid := range []uint32{0x8100, 0x88a8, 0x9100} {
		n = append(n, l.carries(p.depth, tpid))
	}
	if p.high == 0 {
		return n
	}
	return all{n, test{off: l.net(p.depth), size: 2, mask: 0x0fff, val: p.num}}
}
