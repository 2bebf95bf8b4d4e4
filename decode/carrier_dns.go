package decode

import (
	"encoding/binary"
	"slices"

	"kerbscope/decode/flow"
	"kerbscope/decode/gss"
)

// dnsCarrier is DNS where it carries GSS tokens: the TKEY exchange, RFC 2930,
// and updates signed by what came of it, GSS-TSIG, RFC 3645. Over UDP the same
// parser reads the datagrams.
var dnsCarrier = carrier{
	name:  "dns",
	ports: []uint16{portDNS},
	probe: probeDNS,
	open:  func(s *stream) parser { return newDNS(s) },
}

const (
	maxDNSAsked = 64 // requests that wait for their answers
	quietDNS    = 64 // messages without a key before the stream rests
)

// A dnsAsked is a request that waits for its answer.
type dnsAsked struct {
	id      uint16
	tkey    bool
	context uint64 // 0: an update without a signature
}

type dnsParser struct {
	framed
	asked []dnsAsked
	quiet int
}

func newDNS(s wire) *dnsParser { return &dnsParser{framed: framed{s: s}} }

func (p *dnsParser) feed(d dir) { p.run(d, p) }

func (p *dnsParser) missed(dir) {}

// resync finds a message about keys behind its length.
func (p *dnsParser) resync(d dir, b []byte) (int, bool) {
	for i := range b {
		switch dnsKeyedAt(b[i:]) {
		case yes:
			return i, true
		case needMore:
			return i, false
		}
	}
	return len(b), false
}

// dnsOpening is how much of a message tells whether it is about keys: header,
// name and type of the question.
const dnsOpening = 12 + 255 + 4

func (p *dnsParser) unit(d dir, b []byte, last bool) int {
	if len(b) < 2 {
		return 0
	}
	n := int(binary.BigEndian.Uint16(b))
	if n < 12 {
		p.lost[d] = true
		return 1
	}
	if len(b) < 2+min(n, dnsOpening) && !last {
		return 0
	}
	size := min(2+n, len(b))
	if !dnsKeyed(b[2:size], n) && !(d == toClient && size >= 4 && p.waits(binary.BigEndian.Uint16(b[2:]))) {
		if p.quiet++; p.quiet > quietDNS && len(p.asked) == 0 {
			p.over = true
			p.s.idle()
			return 0
		}
		p.skip[d] = uint64(2 + n - size)
		return size
	}
	if size < 2+n && !last {
		return 0
	}
	p.quiet = 0
	p.message(d, 2, b[2:size])
	return size
}

// datagram reads a message alone in a datagram.
func (p *dnsParser) datagram(d dir, b []byte) { p.message(d, 0, b) }

func (p *dnsParser) waits(id uint16) bool {
	return slices.ContainsFunc(p.asked, func(a dnsAsked) bool { return a.id == id })
}

func (p *dnsParser) ask(id uint16, tkey bool, context uint64) {
	if len(p.asked) >= maxDNSAsked {
		p.asked = slices.Delete(p.asked, 0, 1)
	}
	p.asked = append(p.asked, dnsAsked{id, tkey, context})
}

// message reads a message that stands at offset at.
func (p *dnsParser) message(d dir, at int, b []byte) {
	m, ok := readDNSKeys(b)
	if !ok || m.response != (d == toClient) {
		return
	}
	if m.response {
		p.answer(m, at, len(b))
		return
	}
	switch {
	case m.tkey && m.mode == tkeyGSS:
		c := dnsContext(m.name)
		p.ask(m.id, true, c)
		if len(m.key) > 0 {
			p.s.token(d, at+m.keyAt, len(m.key), m.key, tokenAt{verb: "TKEY", key: c})
		}
	case m.update && m.signed:
		c := dnsUpdateKey(m.signer, m.id)
		p.ask(m.id, false, c)
		p.s.afterAuth(d, at)
		p.s.attemptKeyed(d, at, "gss-tsig", tokenAt{verb: "UPDATE", key: c})
	case m.update:
		p.ask(m.id, false, 0)
	}
}

// dnsUpdateKey tells the updates of one context apart.
func dnsUpdateKey(signer string, id uint16) uint64 { return dnsContext(signer) + 1 + uint64(id) }

// answer reads a response of n bytes.
func (p *dnsParser) answer(m dnsKeys, at, n int) {
	i := slices.IndexFunc(p.asked, func(a dnsAsked) bool { return a.id == m.id })
	var asked dnsAsked
	if i >= 0 {
		asked = p.asked[i]
		p.asked = slices.Delete(p.asked, i, i+1)
	}
	switch {
	case m.tkey && m.mode == tkeyGSS || asked.tkey:
		context := asked.context
		if m.tkey {
			context = dnsContext(m.name)
		}
		p.tkeyAnswer(m, context, at, n)
	case !m.update:
	case asked.context != 0:
		p.updateAnswer(m, asked.context, at, n)
	case i >= 0 && m.rcode == 0:
		p.s.anonymous(toClient, at)
	}
}

// tkeyAnswer takes the server's word on a token: RFC 3645 §4.1.3. Error 0 comes
// with the last token and with one that wants another.
func (p *dnsParser) tkeyAnswer(m dnsKeys, context uint64, at, n int) {
	var g gss.Token
	if len(m.key) > 0 {
		g = gss.Parse(m.key)
		p.s.token(toClient, at+m.keyAt, len(m.key), m.key, tokenAt{verb: "TKEY", key: context})
	}
	r := Result{Outcome: Accepted, CodeName: dnsCode(0)}
	switch {
	case m.rcode != 0:
		r = Result{Outcome: Refused, Code: int64(m.rcode), CodeName: dnsCode(m.rcode)}
	case m.err != 0:
		r = Result{Outcome: Refused, Code: int64(m.err), CodeName: dnsCode(int(m.err))}
	case !m.tkey:
		return // cut, or truncated to be asked for again over TCP
	case rejects(&g):
		return // the error speaks for itself
	case g.NegState == gss.AcceptIncomplete, g.NegState == gss.RequestMIC,
		g.Kind == gss.NTLM:
		r.Outcome = Continue
	}
	p.s.result(toClient, at, n, context, r)
}

// updateAnswer takes the word on a signed update. Where the server got as far
// as the update itself, the signature was good.
func (p *dnsParser) updateAnswer(m dnsKeys, context uint64, at, n int) {
	r := Result{Outcome: Refused, Code: int64(m.rcode), CodeName: dnsCode(m.rcode)}
	switch m.rcode {
	case 0, 3, 6, 7, 8: // done, or a prerequisite does not hold, RFC 2136 §2.2
		r.Outcome = Accepted
	case 5:
	case 9: // NOTAUTH is also the word on a zone that the server does not serve
		if m.sigErr == 0 && m.signed && m.mac {
			return
		}
	default:
		return
	}
	if m.sigErr != 0 {
		r = Result{Outcome: Refused, Code: int64(m.sigErr), CodeName: dnsCode(int(m.sigErr)), Text: r.CodeName}
	}
	p.s.result(toClient, at, n, context, r)
}

// dnsOverUDP gives a message about keys to its talk.
func (d *Decoder) dnsOverUDP(p *flow.Packet, frames []FrameID) {
	b := p.Payload
	way := toServer
	if b[2]&0x80 != 0 {
		way = toClient
	}
	d.talking(p, frames, way, &dnsCarrier, way == toServer || b[2]&dnsOpMask == dnsOpQuery)
}

// probeDNS knows DNS by its port, on another one by a question for TKEY.
func probeDNS(up, down []byte, port uint16) verdict {
	u, v := probeDNSHalf(up, false, port), probeDNSHalf(down, true, port)
	switch {
	case len(up) > 0 && u == no, len(down) > 0 && v == no:
		return no
	case u == yes || v == yes:
		return yes
	}
	return needMore
}

func probeDNSHalf(b []byte, response bool, port uint16) verdict {
	if len(b) < 8 {
		if len(b) > 4 && (b[4]&0x80 != 0) != response || len(b) > 1 && b[0] == 0 && b[1] < 12 {
			return no
		}
		return needMore
	}
	op := b[4] & dnsOpMask
	if b[0] == 0 && b[1] < 12 || (b[4]&0x80 != 0) != response || b[5]&0x40 != 0 || b[6] != 0 || b[7] > 1 ||
		op != dnsOpQuery && op != dnsOpUpdate && op != dnsOpNotify {
		return no
	}
	if port == portDNS {
		return yes
	}
	return dnsKeyedAt(b)
}

// dnsKeyedAt tells whether a message with one question, that for TKEY or the
// zone of an update, begins behind two bytes of length.
func dnsKeyedAt(b []byte) verdict {
	for i, c := range b[:min(len(b), 8)] {
		switch {
		case i == 1 && b[0] == 0 && c < 24,
			i == 4 && c&dnsOpMask != dnsOpQuery && c&dnsOpMask != dnsOpUpdate,
			i == 5 && c&0x40 != 0,
			i == 6 && c != 0, i == 7 && c != 1:
			return no
		}
	}
	for at := 14; at < len(b) && at < 14+256; {
		switch n := int(b[at]); {
		case n >= 0x40:
			return no
		case n > 0:
			at += 1 + n
			continue
		}
		if at+5 > len(b) {
			return needMore
		}
		typ, class := binary.BigEndian.Uint16(b[at+1:]), binary.BigEndian.Uint16(b[at+3:])
		if b[4]&dnsOpMask == dnsOpUpdate && typ == dnsSOA && class == 1 || b[4]&dnsOpMask == dnsOpQuery && typ == dnsTKEY {
			return yes
		}
		return no
	}
	if len(b) >= 14+256 {
		return no
	}
	return needMore
}
