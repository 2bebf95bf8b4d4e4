package decode

import (
	"bytes"
	"strings"
)

// smtpCarrier is SMTP with AUTH (RFC 5321, RFC 4954), and Exchange's X-EXPS
// and X-ANONYMOUSTLS ([MS-XOAUTH] and [MS-SMTPNTLM] describe their like).
var smtpCarrier = carrier{
	name:  "smtp",
	ports: []uint16{25, 587, 2525},
	probe: probeSMTP,
	open:  func(s *stream) parser { return newSMTP(s) },
}

// smtpVerb is what a command not yet answered was.
type smtpVerb uint8

const (
	smtpNone  smtpVerb = iota // nothing seen that this could answer
	smtpOther                 // any other command
	smtpHello
	smtpAuth // AUTH, X-EXPS, or a leg
	smtpMail
	smtpTLS
)

// maxSMTPPending bounds the commands waiting for their reply (PIPELINING).
const maxSMTPPending = 64

type smtpParser struct {
	framed
	sasl
	pending []smtpVerb
	wantLeg bool     // 334 was said
	spoken  bool     // the server's first reply was seen
	text    []byte   // of the lines of a reply before its last
	caps    []string // mechanisms in the lines of a reply
}

func newSMTP(s wire) *smtpParser {
	p := &smtpParser{framed: framed{s: s}, sasl: sasl{w: s}}
	p.lost = [2]bool{true, true}
	return p
}

func (p *smtpParser) feed(d dir) { p.run(d, p) }

func (p *smtpParser) missed(d dir) {
	if d == toClient { // a lost command is later than those that wait
		p.pending = p.pending[:0]
		p.text, p.caps = p.text[:0], nil
	} else {
		p.wantLeg = false
	}
}

func (p *smtpParser) resync(d dir, b []byte) (int, bool) {
	if d == toClient {
		if len(b) < 4 {
			return 0, false
		}
		if smtpCode(b) > 0 || isTLSRecord(b) {
			return 0, true
		}
	} else {
		line, whole := firstLine(b)
		switch {
		case isTLSRecord(b):
			return 0, true
		case !whole && len(b) < 24:
			return 0, false
		case smtpCommand(line) || p.isToken(line):
			return 0, true
		}
	}
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1, true
	}
	return len(b), false
}

func (p *smtpParser) unit(d dir, b []byte, last bool) int {
	switch {
	case isTLSRecord(b):
		p.startTLS(d, 0)
		return 0
	case d == toServer && p.accepted && (b[0] == 0 || b[0] >= 0x7f):
		p.done(0) // a SASL security layer
		return 0
	}
	n := bytes.IndexByte(b, '\n') + 1
	if n == 0 {
		switch {
		case len(b) > maxSASLLine:
			p.lost[d] = true
			return len(b)
		case !last:
			return 0
		}
		n = len(b)
		p.lost[d] = true
	}
	line := bytes.TrimRight(b[:n], "\r\n")
	if d == toServer {
		p.command(line)
	} else {
		p.reply(line, n)
	}
	return n
}

// startTLS ends reading; n bytes of d stand before the TLS records.
func (p *smtpParser) startTLS(d dir, n int) {
	p.over = true
	p.s.startTLS(d, 0)
	p.s.discard(d, n)
}

// done ends reading when mail goes over an authenticated connection.
func (p *smtpParser) done(off int) {
	p.over = true
	p.s.afterAuth(toServer, off)
	p.s.idle()
}

func (p *smtpParser) push(v smtpVerb) {
	if len(p.pending) >= maxSMTPPending {
		p.pending = p.pending[:0]
	}
	p.pending = append(p.pending, v)
}

// command reads a line of the client.
func (p *smtpParser) command(line []byte) {
	if p.wantLeg || p.isToken(line) {
		p.leg(line)
		return
	}
	verb, rest, _ := bytes.Cut(line, []byte(" "))
	switch asciiUpper(verb) {
	case "EHLO", "HELO", "LHLO":
		p.push(smtpHello)
		if name := strings.TrimSpace(text(rest)); hostLike(name) {
			p.s.name(toServer, 0, name, "ehlo")
		}
	case "AUTH", "X-EXPS":
		p.auth(asciiUpper(verb), line)
	case "MAIL":
		if p.accepted {
			p.done(0)
			return
		}
		p.push(smtpMail)
	case "BDAT":
		// Contents follow without waiting. They are searched only.
		p.over = true
		p.s.idle()
	case "STARTTLS", "X-ANONYMOUSTLS":
		p.push(smtpTLS)
	default:
		p.push(smtpOther)
	}
}

// auth reads AUTH and X-EXPS with or without an initial response. Exchange
// puts the hash's name before it: X-EXPS EXCHANGEAUTH SHA256 <base64>.
func (p *smtpParser) auth(verb string, line []byte) {
	args := bytes.Fields(line)[1:]
	p.push(smtpAuth)
	p.wantLeg = false
	if len(args) == 0 {
		p.start(0, verb, "")
		p.secret = true
		return
	}
	p.start(0, verb, asciiUpper(args[0]))
	if ir := args[len(args)-1]; len(args) > 1 && string(ir) != "SHA256" {
		p.sasl.leg(bytes.LastIndex(line, ir), ir)
	}
}

// leg reads a client's line after 334: base64, "*" to cancel, or nothing.
func (p *smtpParser) leg(line []byte) {
	p.push(smtpAuth)
	p.wantLeg = false
	p.sasl.leg(0, line)
}
