package decode

import (
	"kerbscope/capture"
	"kerbscope/decode/flow"
)

// sifted is what Prepare makes of a batch: of the packets that may be of use,
// in their order, what the gate asks first.
type sifted struct {
	list    []brief
	ordered bool // no record's time is before that of an earlier one
	ready   bool // made of the batch that it stands in, and not decoded yet
}

// A brief is one packet.
type brief struct {
	flow.Brief
	record uint32 // index into Batch.Records
	kind   briefKind
	class  portClass
	marks  mark
	tail   uint8 // TCP on ports that mean nothing: see splitNeedle
}

// briefKind says how much a brief tells.
type briefKind uint8

const (
	briefTCP   briefKind = iota // all that the gate needs
	briefOther                  // to be looked at; Hash, odd, is that of the flow where it is TCP, else 0
)

// A mark says what a payload on a port that means nothing looks like.
type mark uint8

const (
	markTLS     mark = 1 << iota // a TLS record; not searched
	markOpening                  // a carrier's beginning
	markNeedle                   // it holds a needle
)

// Prepare does the part of decoding a batch that hangs on the packets alone and
// leaves it in the batch, for Decoder.Batch, which else does it itself. It is
// meant for capture.ReadAhead.
func Prepare(b *capture.Batch) {
	s, _ := b.Aside.(*sifted)
	if s == nil {
		s = &sifted{}
		b.Aside = s
	}
	list := s.list[:0]
	var g flow.Glance
	var p flow.Packet
	s.ordered = true
	last := capture.NoTime
	for i := range b.Records {
		r := &b.Records[i]
		s.ordered = s.ordered && r.Time >= last
		last = r.Time
		data := b.Data[r.Off : r.Off+r.Len : r.Off+r.Len]
		switch flow.Look(r.Link, data, &g) {
		case flow.TCP:
			list = append(list, brief{Brief: g.Brief, record: uint32(i), class: classOf(g.SrcPort, g.DstPort)})
			if e := &list[len(list)-1]; e.class == portOther {
				e.look(g.Payload)
			}
			continue
		case flow.UDP:
			if udpOfUse(g.SrcPort, g.DstPort, g.Payload) {
				list = append(list, brief{record: uint32(i), kind: briefOther})
			}
			continue
		}
		v := flow.Peek(r.Link, data, r.Wire, &p)
		n := len(list)
		switch {
		case p.More():
			list = append(list, brief{record: uint32(i), kind: briefOther})
			if v == flow.TCP {
				list[n].Hash = p.Hash(flow.Seed) | 1
			}
		case v == flow.TCP:
			list = append(list, briefOf(&p, uint32(i)))
		case v == flow.NotIP, v == flow.OtherIP, v == flow.Malformed, v == flow.UDP && !gateUDP(&p):
		default:
			list = append(list, brief{record: uint32(i), kind: briefOther})
		}
	}
	s.list, s.ready = list, true
}

// briefOf makes the brief of a TCP packet.
func briefOf(p *flow.Packet, record uint32) brief {
	e := brief{Brief: p.Brief(), record: record, class: classOf(p.SrcPort, p.DstPort)}
	if e.class == portOther {
		e.look(p.Payload)
	}
	return e
}

// look searches a payload on a port that means nothing.
func (e *brief) look(b []byte) {
	if len(b) < shortPayload {
		return
	}
	switch {
	case isTLS(b):
		e.marks = markTLS
	case opens(b):
		e.marks = markOpening
	case hasNeedle(b):
		e.marks = markNeedle
	default:
		e.tail = tailOf(b)
	}
}

// shortPayload is the length below which a payload says nothing by itself.
const shortPayload = 8
