package decode

import (
	"bytes"
	"encoding/binary"
)

// amqpCarrier is AMQP with SASL: 1.0 (OASIS AMQP 1.0 part 5) and 0-9-1
// (section 1.4, class connection).
var amqpCarrier = carrier{
	name:  "amqp",
	ports: []uint16{5672},
	probe: probeAMQP,
	open:  func(s *stream) parser { return newAMQP(s) },
}

// maxAMQPFrame bounds a frame that holds a leg; longer ones are passed over.
const maxAMQPFrame = 1 << 18

type amqpParser struct {
	framed
	sasl
	quiet int
}

func newAMQP(s wire) *amqpParser { return &amqpParser{framed: framed{s: s}, sasl: sasl{w: s}} }

func (p *amqpParser) feed(d dir) {
	p.run(d, p)
	// A server that knows nothing better closes the connection (0-9-1 §1.4.2.3).
	if d == toClient && p.open && !p.over && len(p.s.bytes(toClient)) == 0 && !p.s.gap(toClient) && p.s.atGap(toClient) && !p.s.atGap(toServer) {
		p.word(0, Result{Outcome: Refused, CodeName: "connection closed"})
	}
}

func (p *amqpParser) missed(d dir) {
	if d == toClient {
		p.reset()
	}
}

func (p *amqpParser) resync(d dir, b []byte) (int, bool) {
	for i := range b {
		switch amqpStart(b[i:]) {
		case yes:
			return i, true
		case needMore:
			return i, false
		}
	}
	return len(b), false
}

func (p *amqpParser) unit(d dir, b []byte, last bool) int {
	switch {
	case isTLSRecord(b):
		p.over = true
		p.s.startTLS(d, 0)
		return 0
	case p.accepted && d == toServer && !amqpAfterTune(b), p.quiet > quietSASL && !p.open:
		p.over = true
		if p.accepted {
			p.s.afterAuth(d, 0)
		}
		p.s.idle()
		return 0
	case p.accepted && d == toServer && len(b) < 11 && !last:
		return 0
	}
	switch {
	case len(b) < 8:
		return 0
	case b[0] == 'A' && amqpStart(b) == yes:
		return 8
	}
	n, ok := amqpFrameSize(b)
	switch {
	case !ok:
		p.lost[d] = true
		return 1
	case n > maxAMQPFrame:
		p.quiet++
		m := min(n, len(b))
		p.skip[d] = uint64(n - m)
		return m
	case n > len(b) && !last:
		return 0
	}
	p.quiet++
	body := b[:min(n, len(b))]
	if b[0] == 0 {
		p.frame1(d, body)
	} else {
		p.frame09(d, body)
	}
	return len(body)
}

// amqpFrameSize is the length of the frame at the start of b: AMQP 1.0 §2.3.1
// (size first, its high byte is 0), 0-9-1 §2.3.5 (type, channel, size, payload,
// frame-end).
func amqpFrameSize(b []byte) (int, bool) {
	if b[0] == 0 {
		n := int(binary.BigEndian.Uint32(b))
		return n, n >= 8 && b[4] >= 2 && int(b[4])*4 <= n && b[5] <= 1
	}
	if b[0] > 3 && b[0] != 8 || b[3] > 0x10 {
		return 0, false
	}
	return int(binary.BigEndian.Uint32(b[3:])) + 8, true
}

// amqpAfterTune tells whether a frame of the client ends the handshake of
// 0-9-1 and is no use yet: tune-ok.
func amqpAfterTune(b []byte) bool {
	if len(b) < 11 {
		return b[0] == 1
	}
	return b[0] == 1 && string(b[7:11]) == "\x00\x0a\x00\x1f"
}

// amqpStart tells whether b begins a protocol header or a frame of a handshake.
func amqpStart(b []byte) verdict {
	const head = "AMQP"
	if n := min(len(b), len(head)); string(b[:n]) == head[:n] {
		switch {
		case len(b) < 8:
			return needMore
		case b[4] <= 3 && b[5] <= 1:
			return yes
		}
		return no
	}
	switch {
	case b[0] == 0: // size, doff 2, type SASL, two bytes, descriptor 0x40 to 0x44
		for i, want := range [...]int{0, -1, -1, -1, 2, 1, 0, 0, 0, 0x53} {
			if i >= len(b) {
				return needMore
			}
			if want >= 0 && int(b[i]) != want {
				return no
			}
		}
		switch {
		case len(b) == 10:
			return needMore
		case b[10] >= 0x40 && b[10] <= 0x44:
			return yes
		}
		return no
	case b[0] == 1: // method, channel 0, size, class connection
		for i, want := range [...]int{1, 0, 0, 0, -1, -1, -1, 0, 10, 0} {
			if i >= len(b) {
				return needMore
			}
			if want >= 0 && int(b[i]) != want {
				return no
			}
		}
		return yes
	}
	return no
}

// probeAMQP knows AMQP by its protocol header, or a frame of its handshake.
func probeAMQP(up, down []byte, port uint16) verdict {
	u, v := needMore, needMore
	if len(up) > 0 {
		u = amqpStart(up)
	}
	if len(down) > 0 {
		v = amqpStart(down)
	}
	return bothWays(u, v, len(up) > 0, len(down) > 0)
}

// amqpCodes are the sasl-codes of AMQP 1.0 §5.3.3.6.
var amqpCodes = [...]string{"ok", "auth", "sys", "sys-perm", "sys-temp"}

// frame1 reads a SASL frame of AMQP 1.0 §5.3.3.
func (p *amqpParser) frame1(d dir, b []byte) {
	at := int(b[4]) * 4
	if b[5] != 1 || at > len(b) {
		return
	}
	r := amqpReader{b: b, at: at}
	code, ok := r.descriptor()
	if !ok || !r.list() {
		return
	}
	switch {
	case code == 0x40 && d == toClient: // sasl-mechanisms
		if mechs := r.symbols(); len(mechs) > 0 {
			p.w.offer(mechs...)
		}
	case code == 0x41 && d == toServer: // sasl-init
		mech, _ := r.binary()
		p.start(0, asciiUpper(mech), asciiUpper(mech))
		p.quiet = 0
		if tok, off := r.binary(); len(tok) > 0 {
			p.rawLeg(off, len(tok), tok)
		}
	case code == 0x42 && d == toClient: // sasl-challenge
		tok, off := r.binary()
		p.rawChallenge(off, len(tok), tok)
		p.more(len(b), Result{CodeName: "challenge"})
	case code == 0x43 && d == toServer: // sasl-response
		tok, off := r.binary()
		p.rawLeg(off, len(tok), tok)
	case code == 0x44 && d == toClient: // sasl-outcome
		code, ok := r.ubyte()
		if !ok {
			return
		}
		if tok, off := r.binary(); len(tok) > 0 {
			p.rawChallenge(off, len(tok), tok)
		}
		w := Result{Outcome: Refused, Code: int64(code)}
		if int(code) < len(amqpCodes) {
			w.CodeName = amqpCodes[code]
		}
		if code == 0 {
			w.Outcome = Accepted
		}
		p.word(len(b), w)
	}
}

// frame09 reads a method frame of class connection, AMQP 0-9-1 §1.4.
func (p *amqpParser) frame09(d dir, b []byte) {
	if b[0] != 1 || len(b) < 11 || binary.BigEndian.Uint16(b[7:]) != 10 {
		return
	}
	r := amqpReader{b: b, at: 11}
	switch method := binary.BigEndian.Uint16(b[9:]); {
	case method == 10 && d == toClient: // start: version, server-properties, mechanisms
		r.at += 2
		r.longstr()
		mechs, _ := r.longstr()
		if list := mechList(nil, mechs); len(list) > 0 {
			p.w.offer(list...)
		}
	case method == 11 && d == toServer: // start-ok: client-properties, mechanism, response
		r.longstr()
		mech, _ := r.shortstr()
		p.start(0, asciiUpper(mech), asciiUpper(mech))
		p.quiet = 0
		tok, off := r.longstr()
		p.rawLeg(off, len(tok), tok)
	case method == 20 && d == toClient: // secure
		tok, off := r.longstr()
		p.rawChallenge(off, len(tok), tok)
		p.more(len(b), Result{CodeName: "secure"})
	case method == 21 && d == toServer: // secure-ok
		tok, off := r.longstr()
		p.rawLeg(off, len(tok), tok)
	case method == 30 && d == toClient: // tune
		if p.open {
			p.word(len(b), Result{Outcome: Accepted, CodeName: "tune"})
		}
	case method == 50 && d == toClient: // close: reply-code, reply-text
		if code, ok := r.u16(); ok && p.open {
			txt, _ := r.shortstr()
			name, rest, cut := bytes.Cut(txt, []byte(" - ")) // "ACCESS_REFUSED - text" is RabbitMQ's
			if !cut {
				name, rest = nil, txt
			}
			w := Result{Outcome: Refused, Code: int64(code), Text: text(rest)}
			if code == 403 || code == 530 || code == 541 || code == 320 || code == 501 {
				w.CodeName = amqpReplyName(code)
			} else {
				w.CodeName = text(name)
			}
			p.word(len(b), w)
		}
	}
}

// amqpReplyName are the reply codes of 0-9-1 §1.2 that end a handshake.
func amqpReplyName(code uint16) string {
	switch code {
	case 320:
		return "CONNECTION_FORCED"
	case 403:
		return "ACCESS_REFUSED"
	case 501:
		return "FRAME_ERROR"
	case 530:
		return "NOT_ALLOWED"
	case 541:
		return "INTERNAL_ERROR"
	}
	return ""
}
