package filter

import (
	"slices"

	"golang.org/x/net/bpf"

	"kerbscope/capture"
)

// Ports are those that a default filter lets through, of either end.
type Ports struct {
	TCP []uint16 // everything
	TLS []uint16 // over TCP, of which only the beginnings matter: handshake records, SYN, FIN and RST
	UDP []uint16 // everything
}

// Kerberos makes the filter that a capture begins with: it keeps what decode
// reads and drops the rest in the kernel. It keeps
//
//   - TCP and UDP of the ports,
//   - of TLS ports, segments that begin with a handshake record, and SYN, FIN and RST,
//   - on any other TCP port, segments that begin with a DCE/RPC PDU of a bind
//     exchange ([C706] §12.6.3: bind, bind_ack, bind_nak, alter_context, its
//     response, auth3), with a request, response or fault among the first 15
//     calls of an association, or with a Kerberos message behind its length,
//   - on any other UDP port, datagrams that begin as a Kerberos message does,
//   - errors of ICMP and ICMPv6,
//   - IPv4 and IPv6 fragments but the first: they tell no port,
//   - IPv6 packets with hop-by-hop, routing or destination options,
//
// each also behind up to two VLAN tags in the frame. It knows no flows: of a
// bind that comes in several segments on a dynamic port only the first is kept,
// unless the card or the kernel has put them together (GRO, TSO), or the port is
// one of Ports.TCP. Tunnels, MPLS and PPPoE are dropped.
//
// There is none (nil) for link types in which IP does not stand at a fixed
// place: everything is captured then.
func Kerberos(l Link, p Ports, snapLen uint32) ([]bpf.Instruction, error) {
	lay, err := newLayout(l)
	if err != nil {
		return nil, nil
	}
	c := &code{}
	k := kernel{code: c, keep: c.label(), toss: c.label(), ip4: c.label(), ip6: c.label(), transport: c.label()}
	k.link(&lay)
	k.network()
	k.transports(p)
	c.place(k.keep)
	c.ret(snapLen)
	c.place(k.toss)
	c.ret(0)
	return c.finish()
}

// kernel is that filter being written.
type kernel struct {
	*code
	keep, toss          label
	ip4, ip6, transport label
}

// when goes to yes if the accumulator equals val, and on if not.
func (k *kernel) when(val uint32, yes label) {
	next := k.label()
	k.jump(bpf.JumpEqual, val, yes, next)
	k.place(next)
}

// unless goes to no if the accumulator does not equal val.
func (k *kernel) unless(val uint32, no label) {
	next := k.label()
	k.jump(bpf.JumpEqual, val, next, no)
	k.place(next)
}

// link finds the IP header, whose offset X then holds.
func (k *kernel) link(l *layout) {
	at := func(off uint32, to label) {
		k.add(bpf.LoadConstant{Dst: bpf.RegX, Val: off})
		k.goTo(to)
	}
	if !l.ether {
		if l.link.Type == capture.LinkRaw || l.link.Type == capture.LinkNull || l.link.Type == capture.LinkLoop {
			k.add(bpf.LoadAbsolute{Off: l.network, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
		} else {
			k.add(bpf.LoadConstant{Dst: bpf.RegA, Val: 4})
			if l.link.Type == capture.LinkIPv6 {
				k.add(bpf.LoadConstant{Dst: bpf.RegA, Val: 6})
			}
		}
		k.add(bpf.LoadConstant{Dst: bpf.RegX, Val: l.network})
		k.when(4, k.ip4)
		k.unless(6, k.toss)
		k.goTo(k.ip6)
		return
	}
	if l.link.Cooked {
		k.add(bpf.LoadExtension{Num: bpf.ExtProto})
	} else {
		k.add(bpf.LoadAbsolute{Off: l.typeAt, Size: 2})
	}
	for tags := uint32(0); ; tags++ {
		off := l.network + 4*tags
		four, six, next := k.label(), k.label(), k.label()
		k.when(etherIPv4, four)
		k.when(etherIPv6, six)
		if tags == 2 {
			k.goTo(k.toss)
		} else {
			k.when(0x8100, next)
			k.when(0x88a8, next)
			k.unless(0x9100, k.toss)
			k.goTo(next)
		}
		k.place(four)
		at(off, k.ip4)
		k.place(six)
		at(off, k.ip6)
		if tags == 2 {
			return
		}
		k.place(next)
		k.add(bpf.LoadAbsolute{Off: off + 2, Size: 2})
	}
}

// ind loads size bytes at X + off.
func ind(off uint32, size int) bpf.Instruction { return bpf.LoadIndirect{Off: off, Size: size} }

// network passes the IP header: X is then the transport header's offset, and
// the accumulator the protocol.
func (k *kernel) network() {
	const proto = 0 // scratch memory
	remember, taken := bpf.StoreScratch{Src: bpf.RegA, N: proto}, bpf.LoadScratch{Dst: bpf.RegA, N: proto}
	known := func(protos ...uint32) {
		yes := k.label()
		for i, p := range protos {
			if i == len(protos)-1 {
				k.unless(p, k.toss)
			} else {
				k.when(p, yes)
			}
		}
		k.place(yes)
	}

	k.place(k.ip4)
	k.add(ind(9, 1))
	known(protoTCP, protoUDP, protoICMP)
	k.add(remember, ind(6, 2))
	first := k.label()
	k.jump(bpf.JumpBitsSet, 0x1fff, k.keep, first)
	k.place(first)
	k.add(ind(0, 1), bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x0f}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2},
		bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{}, taken)
	k.goTo(k.transport)

	k.place(k.ip6)
	fragment, pass := k.label(), k.label()
	k.add(ind(6, 1), remember)
	for _, options := range []uint32{0, 43, 60} {
		k.when(options, k.keep)
	}
	k.when(protoFrag6, fragment)
	known(protoTCP, protoUDP, protoICMPv6)
	k.add(bpf.TXA{}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 40})
	k.goTo(pass)
	k.place(fragment)
	k.add(ind(40, 1))
	known(protoTCP, protoUDP, protoICMPv6)
	k.add(remember, ind(42, 2))
	first = k.label()
	k.jump(bpf.JumpBitsSet, 0xfff8, k.keep, first)
	k.place(first)
	k.add(bpf.TXA{}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 48})
	k.place(pass)
	k.add(bpf.TAX{}, taken)
}

func (k *kernel) transports(p Ports) {
	k.place(k.transport)
	udp, icmp4, icmp6, tls, other := k.label(), k.label(), k.label(), k.label(), k.label()
	k.when(protoUDP, udp)
	k.when(protoICMP, icmp4)
	k.when(protoICMPv6, icmp6)

	table := map[uint16]label{}
	for _, n := range p.TLS {
		table[n] = tls
	}
	for _, n := range p.TCP {
		table[n] = k.keep
	}
	for _, off := range []uint32{0, 2} {
		next := k.label()
		k.add(ind(off, 2))
		k.ports(table, next)
		k.place(next)
	}
	k.payload()
	k.goTo(other)
	k.place(tls)
	k.add(ind(13, 1))
	data := k.label()
	k.jump(bpf.JumpBitsSet, 0x07, k.keep, data) // FIN, SYN, RST
	k.place(data)
	k.payload()
	k.add(ind(0, 1))
	k.jump(bpf.JumpEqual, 0x16, k.keep, k.toss) // handshake, RFC 8446 §5.1
	k.place(other)
	k.unknownTCP()

	k.place(udp)
	table = map[uint16]label{}
	for _, n := range p.UDP {
		table[n] = k.keep
	}
	for _, off := range []uint32{0, 2} {
		next := k.label()
		k.add(ind(off, 2))
		k.ports(table, next)
		k.place(next)
	}
	k.message(8)

	k.place(icmp4)
	k.add(ind(0, 1))
	for _, t := range []uint32{3, 4, 5, 11} { // RFC 792: unreachable, quench, redirect, time exceeded
		k.when(t, k.keep)
	}
	k.jump(bpf.JumpEqual, 12, k.keep, k.toss) // parameter problem
	k.place(icmp6)
	k.add(ind(0, 1))
	k.jump(bpf.JumpGreaterThan, 127, k.toss, k.keep) // RFC 4443 §2.1: errors are below 128
}

// payload moves X from the TCP header to what is behind it.
func (k *kernel) payload() {
	k.add(ind(12, 1), bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2},
		bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{})
}

// unknownTCP keeps the segments of ports without a meaning that begin with
// something of use. X is the payload's offset. A load behind the packet's end
// drops it.
func (k *kernel) unknownTCP() {
	rpc, bind, framed := k.label(), k.label(), k.label()
	k.add(ind(0, 2))
	k.when(0x0500, rpc)
	k.unless(0, k.toss)
	k.goTo(framed)
	k.place(rpc)
	k.add(ind(2, 1))
	k.jump(bpf.JumpGreaterThan, 16, k.toss, bind)
	k.place(bind)
	call := k.label()
	k.jump(bpf.JumpGreaterOrEqual, 11, k.keep, call)
	k.place(call)
	k.when(1, k.toss)
	early := k.label()
	k.jump(bpf.JumpGreaterThan, 3, k.toss, early)
	k.place(early)
	// call_id in the byte order of the PDU: 0x10 in the first byte of its
	// data representation is little-endian.
	big := k.label()
	k.add(ind(4, 1))
	k.unless(0x10, big)
	k.add(ind(12, 4), bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf0ffffff})
	k.jump(bpf.JumpEqual, 0, k.keep, k.toss)
	k.place(big)
	k.add(ind(12, 4))
	k.jump(bpf.JumpGreaterThan, 15, k.toss, k.keep)
	k.place(framed)
	k.message(4)
}

// message keeps what has a Kerberos message at X + off, RFC 4120 §5.10: an
// application tag, a length in two bytes, a SEQUENCE. It ends the program.
func (k *kernel) message(off uint32) {
	k.add(ind(off, 1), bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xe0})
	k.unless(0x60, k.toss)
	k.add(ind(off+1, 1))
	k.unless(0x82, k.toss)
	k.add(ind(off+4, 1))
	k.jump(bpf.JumpEqual, 0x30, k.keep, k.toss)
}

// ports goes where the table says of the port in the accumulator, or to none.
func (k *kernel) ports(table map[uint16]label, none label) {
	var list []uint16
	for p := range table {
		list = append(list, p)
	}
	slices.Sort(list)
	k.search(list, table, none)
}

// search halves the list, so that a port costs few comparisons.
func (k *kernel) search(list []uint16, table map[uint16]label, none label) {
	if len(list) > 3 {
		mid := len(list) / 2
		low, high := k.label(), k.label()
		k.jump(bpf.JumpGreaterThan, uint32(list[mid-1]), high, low)
		k.place(low)
		k.search(list[:mid], table, none)
		k.place(high)
		k.search(list[mid:], table, none)
		return
	}
	for i, p := range list {
		if i == len(list)-1 {
			k.jump(bpf.JumpEqual, uint32(p), table[p], none)
			return
		}
		k.when(uint32(p), table[p])
	}
	k.goTo(none)
}
