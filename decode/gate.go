package decode

import "kerbscope/decode/flow"

// portClass says what a TCP port means to the gate.
type portClass uint8

const (
	portOther   portClass = iota
	portCarrier           // a carrier's: followed from the first byte
	portTLS               // followed for its ClientHello only
)

// portClasses is the carriers' ports by number.
var portClasses = func() (t [1 << 16]portClass) {
	for i := range carriers {
		c := portCarrier
		if carriers[i].name == "tls" {
			c = portTLS
		}
		for _, p := range carriers[i].ports {
			t[p] = c
		}
	}
	return t
}()

// portsMeant has a bit for each port of a class other than portOther.
var portsMeant = func() (t [1 << 10]uint64) {
	for p, c := range portClasses {
		if c != portOther {
			t[p>>6] |= 1 << (p & 63)
		}
	}
	return t
}()

// classOf is the class of a TCP connection's ports. Most mean nothing, which a
// small table tells.
func classOf(src, dst uint16) portClass {
	if (portsMeant[src>>6]>>(src&63)|portsMeant[dst>>6]>>(dst&63))&1 == 0 {
		return portOther
	}
	return max(portClasses[src], portClasses[dst])
}

// Verdicts on flows, kept in flow.Judged.
const (
	judgedFollow uint8 = iota + 1 // followed: every packet goes to the tracker
	judgedSkip                    // nothing of use will come but the end: TLS, or given up
	judgedIdle                    // authentication is over: payloads are searched only
	judgedSplit                   // not followed; and what follows, a state of splitNeedle
)

// passage is what the gate does with a TCP packet.
type passage uint8

const (
	drop     passage = iota
	follow           // to the tracker
	lookBack         // to the tracker, after the earlier packets of its flow
)

// gate decides whether a TCP packet is of use: it is when its flow is
// followed, when a port of it is a carrier's, or when its payload looks like
// Kerberos or the beginning of a carrier. Most other packets cost a look-up;
// their bytes are not touched.
func (d *Decoder) gate(e *brief) passage {
	v, _ := d.judged.Get(e.Hash)
	switch v {
	case judgedFollow:
		return follow
	case judgedSkip, judgedIdle:
		if e.Flags&(flow.SYN|flow.FIN|flow.RST) != 0 {
			if e.Flags&(flow.SYN|flow.ACK) == flow.SYN {
				d.judged.Set(e.Hash, judgedFollow) // another connection between the same ports, if the tracker does not know better
			}
			return follow
		}
		if v == judgedSkip || e.Wire == 0 || !d.needled(e) {
			return drop
		}
		d.judged.Set(e.Hash, judgedFollow)
		return lookBack
	}
	switch {
	case e.class != portOther:
		d.judged.Set(e.Hash, judgedFollow)
		return follow
	case e.Wire == 0 || !d.splitOrWhole(e, v):
		return drop
	}
	d.judged.Set(e.Hash, judgedFollow)
	return lookBack
}

// needled tells whether the payload holds a needle.
func (d *Decoder) needled(e *brief) bool {
	switch {
	case e.class == portOther && e.marks == 0:
		return false
	case e.marks == markNeedle:
		return true
	}
	return hasNeedle(d.inHand(e).Payload)
}

// splitOrWhole tells whether a payload on a port that means nothing is of use,
// or what it ends in the middle of may be. v is the verdict on its flow.
func (d *Decoder) splitOrWhole(e *brief, v uint8) bool {
	if e.marks != 0 {
		return e.marks != markTLS
	}
	before, now := splitNone, e.tail
	if v >= judgedSplit {
		before = v - judgedSplit
	}
	if before != splitNone || e.Wire < shortPayload || !e.Whole {
		b := d.inHand(e).Payload
		switch {
		case len(b) < shortPayload:
			now = splitNeedle(before, b)
		case before != splitNone && joinsNeedle(before, b):
			return true
		}
	}
	if now != before && now != splitFound {
		d.judged.Set(e.Hash, judgedSplit+now)
	}
	return now == splitFound
}

// opens tells whether a payload on a port that means nothing may be the
// beginning of something that carries Kerberos.
func opens(b []byte) bool {
	switch {
	case b[0] == 5 && b[1] == 0 && (b[2] >= 11 && b[2] <= 16 && b[2] != 13):
		return true // DCE/RPC bind and what follows it, [C706] §12.6.3
	case b[0] == 0 && b[4] >= 0xfe && b[5] == 'S' && b[6] == 'M' && b[7] == 'B':
		return true // SMB1 or SMB2 behind its length
	case b[0] == tdsPrelogin && isTDSPrelogin(b[tdsHeaderSize:]):
		return true // a named instance listens anywhere, and its login may be encrypted
	case b[0] == 'E' || b[0] == 'e' || b[0] == '2' || b[0] == 'A' || b[0] == 'X':
		return smtpOpening(b)
	case b[0] == 'G' || b[0] == 'P' || b[0] == 'C' || b[0] == 'O' || b[0] == 'H':
		return httpOpening(b)
	}
	return false
}

// smtpOpening tells whether a payload begins as an SMTP conversation does.
func smtpOpening(b []byte) bool {
	switch string(b[:4]) {
	case "220 ", "220-", "EHLO", "ehlo":
		return true
	}
	return len(b) >= 7 && (string(b[:7]) == "X-EXPS " || string(b[:5]) == "AUTH ")
}

// httpOpening tells whether a payload begins as an HTTP request does: its
// Authorization may come in pieces too small for a needle. Of a response the
// request came before it, or is not there.
func httpOpening(b []byte) bool {
	switch string(b[:4]) {
	case "GET ", "POST", "PUT ", "CONN", "OPTI", "HEAD", "PROP":
		return true
	}
	return false
}

// retrace hands the tracker the earlier packets of p's flow in the batch in
// hand and the one before it: a message found by its needle may have begun in
// them. Of a flow that was idle these are the packets since. upTo is the
// record in hand.
func (d *Decoder) retrace(p *flow.Packet, upTo uint32) {
	var from FrameID
	if c := d.tracker.Find(p); c != nil {
		s := c.User.(*stream)
		if !s.idling {
			return // followed all along; the gate had forgotten
		}
		from = s.idleAt
		s.resume()
	}
	var q flow.Packet
	for _, b := range [...]*heldBatch{&d.before, &d.current} {
		if b.batch == nil {
			continue
		}
		for i := range b.sifted.list {
			e := &b.sifted.list[i]
			if b == &d.current && e.record >= upTo {
				break
			}
			if e.Hash|uint64(e.kind) != d.hash|uint64(e.kind) { // odd where it may be 0
				continue
			}
			pk := b.batch.Packet(int(e.record))
			id := MakeFrameID(b.capture, pk.Frame)
			if id <= from || flow.Peek(pk.Link, pk.Data, pk.Wire, &q) != flow.TCP || !sameConn(p, &q) {
				continue
			}
			d.frame, d.now = id, pk.Time
			d.tracker.AddHashed(&q, d.hash, uint64(d.frame), d.now)
		}
	}
}

// sameConn tells whether two packets are of one connection.
func sameConn(p, q *flow.Packet) bool {
	return p.Src == q.Src && p.Dst == q.Dst && p.SrcPort == q.SrcPort && p.DstPort == q.DstPort ||
		p.Src == q.Dst && p.Dst == q.Src && p.SrcPort == q.DstPort && p.DstPort == q.SrcPort
}
