package main

import (
	"net/netip"

	"kerbscope/capture"
	"kerbscope/decode"
	"kerbscope/decode/flow"
)

// Bounds of what --kerberos remembers.
const (
	maxKerberosFlows  = 1 << 20
	maxKerberosPieces = 1 << 18
	pieceAge          = int64(60e9) // ns; an IP identification may come again after it
)

// kerberosFlows are the flows to keep. Of --kerberos: those of which decode
// lists a row, and whatever goes to or from the ports of KDCs and password
// servers, as a KDC that does not answer is Kerberos too. Of --evidence: those
// of the frames that findings cite, in the captures in which they are cited:
// of a conversation that stands in a file twice, Wireshark takes one half for
// retransmissions, and shows no Kerberos in it. A flow is its
// protocol, addresses and ports, in both directions.
type kerberosFlows struct {
	flows  map[uint64]struct{}
	pieces map[datagramID]uint64 // the flow of each datagram whose first fragment was seen
	cited  map[stepKey]bool      // of --evidence; nil: --kerberos
	point  int                   // number of the capture in hand, with --evidence
	lost   uint64                // messages of flows beyond the limit
	p      flow.Packet
}

// A datagramID tells which fragments belong together.
type datagramID struct {
	src, dst flow.IP
	id       uint32
	proto    uint8
	v6       bool
	when     int64 // time / pieceAge
	point    int
}

// flowSeed makes hashes of flows; output does not depend on it.
const flowSeed = 0x6b657262

// findFlows reads all inputs for the flows to keep.
func (c *converter) findFlows() *kerberosFlows {
	k := &kerberosFlows{flows: map[uint64]struct{}{}, pieces: map[datagramID]uint64{}}
	pool := capture.NewPool(4)
	for rest := c.inputs; len(rest) > 0 && c.a.ctx.Err() == nil; {
		set := ringSet(rest)
		d := decode.New(decode.Options{}, k)
		for i, in := range set {
			// What cannot be read is told when it is converted.
			c.a.readInput(in, pool, c.p, func(b *capture.Batch, _ capture.Info) error {
				k.fragments(b)
				d.Batch(i, b)
				return nil
			})
		}
		d.Close()
		rest = rest[len(set):]
	}
	k.prune()
	return k
}

// Message keeps the flow of a row.
func (k *kerberosFlows) Message(m *decode.Message) {
	proto := uint8(protoTCP)
	if m.Transport == decode.UDP {
		proto = protoUDP
	}
	k.keep(k.flowHash(proto, m.Src, m.Dst))
}

func (k *kerberosFlows) keep(h uint64) {
	if _, ok := k.flows[h]; ok {
		return
	}
	if len(k.flows) == maxKerberosFlows {
		k.lost++
		return
	}
	k.flows[h] = struct{}{}
}

func (k *kerberosFlows) Exchange(*decode.Exchange) {}
func (k *kerberosFlows) Session(*decode.Session)   {}
func (k *kerberosFlows) Sighting(*decode.Sighting) {}

// IP protocol numbers.
const (
	protoTCP = 6
	protoUDP = 17
)

func (k *kerberosFlows) flowHash(proto uint8, a, b netip.AddrPort) uint64 {
	return k.hash(&flow.Packet{Src: flow.IPFrom(a.Addr()), Dst: flow.IPFrom(b.Addr()), SrcPort: a.Port(), DstPort: b.Port(), Proto: proto})
}

func (k *kerberosFlows) hash(p *flow.Packet) uint64 { return p.Hash(flowSeed + uint64(k.point)) }

// in says which capture the packets that follow are of.
func (k *kerberosFlows) in(point int) {
	if k.cited != nil {
		k.point = point
	}
}

// kdcPort tells the ports that are Kerberos's own: 88, RFC 4120 §7.2.3.1, and
// 464, RFC 3244 §2.
func kdcPort(p uint16) bool { return p == 88 || p == 464 }

// ownPort tells whether a packet's ports are reason enough to keep it.
func (k *kerberosFlows) ownPort(a, b uint16) bool {
	return k.cited == nil && (kdcPort(a) || kdcPort(b))
}

// has tells whether the flow of a packet with ports is kept.
func (k *kerberosFlows) has(hash uint64) bool {
	_, ok := k.flows[hash]
	return ok
}

// kdcFlow stands for every flow of a KDC port.
const kdcFlow = 0

// fragments notes the flows of datagrams whose first fragments are in b.
func (k *kerberosFlows) fragments(b *capture.Batch) {
	p := &k.p
	for i := range b.Records {
		pk := b.Packet(i)
		for v := flow.Peek(pk.Link, pk.Data, pk.Wire, p); ; v = p.Next() {
			if v == flow.Fragment && p.FragOff == 0 && p.HasPorts {
				hash := k.hash(p)
				if k.ownPort(p.SrcPort, p.DstPort) {
					hash = kdcFlow
				}
				if len(k.pieces) == maxKerberosPieces {
					k.prune()
				}
				if len(k.pieces) < maxKerberosPieces {
					k.pieces[k.datagramOf(p, pk.Time/pieceAge)] = hash
				}
			}
			if !p.More() {
				break
			}
		}
	}
}

// prune forgets datagrams of flows without Kerberos.
func (k *kerberosFlows) prune() {
	for id, hash := range k.pieces {
		if hash != kdcFlow && !k.has(hash) {
			delete(k.pieces, id)
		}
	}
}

func (k *kerberosFlows) datagramOf(p *flow.Packet, when int64) datagramID {
	id := datagramID{p.Src, p.Dst, p.IPID, p.Proto, p.V6, when, k.point}
	if p.V6 {
		id.proto = 0 // RFC 8200 §4.5: the identification alone tells
	}
	return id
}

// wanted tells whether a frame holds a packet of a flow that is kept, a
// fragment of one, or an ICMP error about one.
func (k *kerberosFlows) wanted(label string, point int, pk capture.Packet) bool {
	k.in(point)
	if k.cited[stepKey{label, pk.Frame}] {
		return true
	}
	p := &k.p
	for v := flow.Peek(pk.Link, pk.Data, pk.Wire, p); ; v = p.Next() {
		switch v {
		case flow.TCP, flow.UDP:
			if k.ownPort(p.SrcPort, p.DstPort) || k.has(k.hash(p)) {
				return true
			}
		case flow.Fragment:
			when := pk.Time / pieceAge
			for _, w := range [...]int64{when, when - 1, when + 1} {
				if _, ok := k.pieces[k.datagramOf(p, w)]; ok {
					return true
				}
			}
		case flow.ICMP:
			var e flow.ICMPError
			if flow.ParseICMP(p, &e) && e.HasPorts && (k.ownPort(e.Src.Port(), e.Dst.Port()) || k.has(k.flowHash(e.Proto, e.Src, e.Dst))) {
				return true
			}
		}
		if !p.More() {
			return false
		}
	}
}
