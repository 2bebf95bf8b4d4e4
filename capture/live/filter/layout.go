package filter

import (
	"golang.org/x/net/bpf"

	"kerbscope/capture"
)

// A layout is where the headers of a link type stand.
type layout struct {
	link     Link
	network  uint32 // offset of the network header of a frame without VLAN tags
	ether    bool   // the EtherType stands at etherType, or on the side
	typeAt   uint32
	outside  bool // the outer tag is on the side
	stations bool // Ethernet addresses at 0 and 6
}

func newLayout(l Link) (layout, error) {
	lay := layout{link: l}
	switch {
	case l.Cooked:
		lay.ether = true
	case l.Type == capture.LinkEthernet:
		lay.ether, lay.stations, lay.typeAt, lay.network = true, true, 12, 14
	case l.Type == capture.LinkSLL:
		lay.ether, lay.typeAt, lay.network = true, 14, 16
	case l.Type == capture.LinkSLL2:
		lay.ether, lay.typeAt, lay.network = true, 0, 20
	case l.Type == capture.LinkRaw, l.Type == capture.LinkIPv4, l.Type == capture.LinkIPv6:
	case l.Type == capture.LinkNull, l.Type == capture.LinkLoop:
		lay.network = 4
	default:
		return lay, &Error{At: -1, What: "filters are not made for link type " + l.Type.String(), Hint: "capture without -f, or with a build that has libpcap (-tags libpcap)"}
	}
	return lay, nil
}

const (
	etherIPv4 = 0x0800
	etherARP  = 0x0806
	etherRARP = 0x8035
	etherIPv6 = 0x86dd

	protoICMP   = 1
	protoIGMP   = 2
	protoTCP    = 6
	protoUDP    = 17
	protoFrag6  = 44
	protoESP    = 50
	protoAH     = 51
	protoICMPv6 = 58
	protoSCTP   = 132
)

// tags returns how many VLAN tags stand in the frame before what is behind
// depth of them.
func (l *layout) tags(depth int) uint32 {
	if l.outside && depth > 0 {
		depth--
	}
	return uint32(depth)
}

// net returns the offset of the network header behind depth VLAN tags.
func (l *layout) net(depth int) uint32 { return l.network + 4*l.tags(depth) }

// carries tests the EtherType; where there is none, the version of IP.
func (l *layout) carries(depth int, etherType uint32) node {
	if !l.ether {
		switch etherType {
		case etherIPv4:
			return test{off: l.network, size: 1, mask: 0xf0, val: 0x40}
		case etherIPv6:
			return test{off: l.network, size: 1, mask: 0xf0, val: 0x60}
		}
		return always(false)
	}
	switch n := l.tags(depth); {
	case n > 0:
		return test{off: l.net(depth) - 2, size: 2, val: etherType}
	case l.link.Cooked:
		return test{load: loadProtocol, val: etherType}
	default:
		return test{off: l.typeAt, size: 2, val: etherType}
	}
}

// at tests a value in the network header.
func (l *layout) at(depth int, off uint32, size int, val uint32) test {
	return test{off: l.net(depth) + off, size: size, val: val}
}

// next tests the protocol in IP; with fragments, also that of an IPv6 packet's
// fragment header.
func (l *layout) next(depth int, etherType, proto uint32, fragments bool) node {
	switch {
	case etherType == etherIPv4:
		return l.at(depth, 9, 1, proto)
	case fragments:
		return some{l.at(depth, 6, 1, proto), all{l.at(depth, 6, 1, protoFrag6), l.at(depth, 40, 1, proto)}}
	}
	return l.at(depth, 6, 1, proto)
}

// port tests a TCP, UDP or SCTP port: off is 0 for the source's, 2 for the
// destination's.
func (l *layout) port(depth int, etherType uint32, off uint32, low, high uint32) node {
	t := test{off: l.net(depth) + 40 + off, size: 2, val: low}
	if etherType == etherIPv4 {
		t.load, t.base, t.off = loadTransport, l.net(depth), off
	}
	if low == high {
		return t
	}
	from, to := t, t
	from.cond = bpf.JumpGreaterOrEqual
	to.cond, to.val = bpf.JumpLessOrEqual, high
	return all{from, to}
}

// unfragmented: the packet is whole, or the first fragment.
func (l *layout) unfragmented(depth int) node {
	return test{off: l.net(depth) + 6, size: 2, mask: 0x1fff, val: 0}
}
