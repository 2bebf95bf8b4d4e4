package decode

import (
	"kerbscope/capture"
	"kerbscope/decode/flow"
)

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

// Verdicts on flows that are not followed, kept in flow.Judged.
const (
	judgedFollow uint8 = iota + 1 // followed: every packet goes to the tracker
	judgedSkip                    // nothing of use will come but the end: TLS, or given up
	judgedIdle                    // authentication is over: payloads are searched only
)

// passage is what the gate does with a TCP packet.
type passage uint8

const (
	drop     passage = iota
	follow           // to the tracker
	lookBack         // to the tracker, after the earlier packets of its flow
)

// gateTCP decides whether a TCP packet is of use: it is when its flow is
// followed, when a port of it is a carrier's, or when its payload looks like
// Kerberos or the beginning of a carrier. Anything else costs a few
// comparisons and, for payloads that are not TLS, one search.
func (d *Decoder) gateTCP(p *flow.Packet) passage {
	hash := p.Hash(flow.Seed)
	d.hash = hash
	v, _ := d.judged.Get(hash)
	switch v {
	case judgedFollow:
		return follow
	case judgedSkip, judgedIdle:
		if p.Flags&(flow.SYN|flow.FIN|flow.RST) != 0 {
			return follow
		}
		if v == judgedSkip || !hasNeedle(p.Payload) {
			return drop
		}
		d.judged.Set(hash, judgedFollow)
		return lookBack
	}
	if portClasses[p.SrcPort] != portOther || portClasses[p.DstPort] != portOther {
		d.judged.Set(hash, judgedFollow)
		return follow
	}
	b := p.Payload
	if len(b) < 8 || isTLS(b) || !looksUseful(b) {
		return drop
	}
	d.judged.Set(hash, judgedFollow)
	return lookBack
}

// looksUseful tells whether a payload on a port that means nothing may be, or
// begin, something that carries Kerberos.
func looksUseful(b []byte) bool {
	switch {
	case b[0] == 5 && b[1] == 0 && (b[2] >= 11 && b[2] <= 16 && b[2] != 13):
		return true // DCE/RPC bind and what follows it, [C706] §12.6.3
	case b[0] == 0 && b[4] >= 0xfe && b[5] == 'S' && b[6] == 'M' && b[7] == 'B':
		return true // SMB1 or SMB2 behind its length
	case b[0] == tdsPrelogin && isTDSPrelogin(b[tdsHeaderSize:]):
		return true // a named instance listens anywhere, and its login may be encrypted
	case b[0] == 'E' || b[0] == 'e' || b[0] == '2' || b[0] == 'A' || b[0] == 'X':
		if smtpOpening(b) {
			return true
		}
	case b[0] == 'G' || b[0] == 'P' || b[0] == 'C' || b[0] == 'O' || b[0] == 'H':
		if httpOpening(b) {
			return true
		}
	}
	return hasNeedle(b)
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
func (d *Decoder) retrace(p *flow.Packet, upTo int) {
	var from FrameID
	if c := d.tracker.Find(p); c != nil {
		s := c.User.(*stream)
		if !s.idling {
			return // followed all along; the gate had forgotten
		}
		from = s.idleAt
		s.resume()
	}
	hash := d.hash | 1
	var q flow.Packet
	for _, b := range [...]*heldBatch{&d.before, &d.current} {
		if b.batch == nil {
			continue
		}
		n := len(b.batch.Records)
		if b == &d.current {
			n = upTo
		}
		for i, h := range b.index(n) {
			if h != hash {
				continue
			}
			pk := b.batch.Packet(i)
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

// heldBatch is a batch and the capture it belongs to.
type heldBatch struct {
	batch   *capture.Batch
	capture int
	flows   []uint64 // of the first records: the hash of the flow, odd, or 0 where there is no TCP
}

// index is flows of the first n records. It is made when the first flow is
// traced back, so that many of them do not read the batch many times.
func (b *heldBatch) index(n int) []uint64 {
	var q flow.Packet
	for i := len(b.flows); i < n; i++ {
		var h uint64
		if pk := b.batch.Packet(i); flow.Peek(pk.Link, pk.Data, pk.Wire, &q) == flow.TCP {
			h = q.Hash(flow.Seed) | 1
		}
		b.flows = append(b.flows, h)
	}
	return b.flows[:n]
}
