package main

import (
	"kerbscope/capture"
	"kerbscope/decode/flow"
)

// findCited reads all inputs for the flows of the frames cited.
func (c *converter) findCited(cited map[stepKey]bool) *kerberosFlows {
	k := &kerberosFlows{flows: map[uint64]struct{}{}, pieces: map[datagramID]uint64{}, cited: cited}
	if len(cited) == 0 {
		return k
	}
	var open []datagramID // cited fragments whose first was not seen yet
	pool := capture.NewPool(4)
	for i, in := range c.inputs {
		if i == 0 || !c.sameRing(i-1, i) {
			k.in(i)
		}
		// What cannot be read is told when it is converted.
		c.a.readInput(in, pool, c.p, func(b *capture.Batch, _ capture.Info) error {
			k.fragments(b)
			for i := range b.Records {
				if cited[stepKey{in.Label, b.Records[i].Frame}] {
					open = append(open, k.cite(b.Packet(i))...)
				}
			}
			b.Release()
			return nil
		})
	}
	for _, id := range open {
		if hash, ok := k.pieces[id]; ok {
			k.keep(hash)
		}
	}
	k.prune()
	return k
}

// cite keeps the flows that a frame is of, or an ICMP error in it is about. It
// returns the datagrams that it holds fragments of.
func (k *kerberosFlows) cite(pk capture.Packet) (pieces []datagramID) {
	p := &k.p
	for v := flow.Peek(pk.Link, pk.Data, pk.Wire, p); ; v = p.Next() {
		switch v {
		case flow.TCP, flow.UDP:
			k.keep(k.hash(p))
		case flow.Fragment:
			when := pk.Time / pieceAge
			for _, w := range [...]int64{when, when - 1, when + 1} {
				pieces = append(pieces, k.datagramOf(p, w))
			}
		case flow.ICMP:
			var e flow.ICMPError
			if flow.ParseICMP(p, &e) && e.HasPorts {
				k.keep(k.flowHash(e.Proto, e.Src, e.Dst))
			}
		}
		if !p.More() {
			return pieces
		}
	}
}
