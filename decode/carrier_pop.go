package decode

import "bytes"

// popCarrier is POP3 (RFC 1939) with AUTH, RFC 5034.
var popCarrier = carrier{
	name:  "pop",
	words: true,
	ports: []uint16{110},
	probe: probePOP,
	open:  func(s *stream) parser { return newPOP(s) },
}

// popVerb is what a command not yet answered was.
type popVerb uint8

const (
	popNone popVerb = iota // nothing seen that this could answer
	popOther
	popAuth
	popPass
	popList // CAPA, and AUTH without a mechanism: lines up to "." follow
	popTLS
)

// maxPOPPending bounds the commands waiting for their reply (RFC 2449 §6.6).
const maxPOPPending = 64

type popParser struct {
	saslLines
	pending []popVerb
	listing bool     // lines up to "." are being read
	caps    []string // mechanisms in them
}

func newPOP(s wire) *popParser { return &popParser{saslLines: newSASLLines(s)} }

func (p *popParser) feed(d dir) { p.run(d, p) }

func (p *popParser) missed(d dir) {
	p.saslLines.missed(d)
	if d == toClient {
		p.pending, p.listing, p.caps = p.pending[:0], false, nil
	}
}

func (p *popParser) resync(d dir, b []byte) (int, bool) {
	return p.resyncLine(d, b, func(d dir, line []byte) bool {
		if d == toClient {
			return popReply(line)
		}
		verb, _ := popCommand(line)
		return verb != "" || p.isToken(line)
	})
}

func (p *popParser) unit(d dir, b []byte, last bool) int {
	if p.before(d, b) {
		return 0
	}
	line, n := p.lineAt(d, b, last)
	switch {
	case len(line) == 0 && !(d == toServer && p.open):
	case d == toServer:
		p.command(line)
	default:
		p.reply(line, n)
	}
	return n
}

func (p *popParser) push(v popVerb) {
	if len(p.pending) >= maxPOPPending {
		p.pending = p.pending[:0]
	}
	p.pending = append(p.pending, v)
}

// command reads a line of the client.
func (p *popParser) command(line []byte) {
	verb, rest := popCommand(line)
	switch verb {
	case "AUTH":
		mech, ir, _ := bytes.Cut(rest, []byte(" "))
		if len(mech) == 0 {
			p.push(popList)
			return
		}
		p.push(popAuth)
		p.begin(0, "AUTH", asciiUpper(mech))
		if len(ir) > 0 {
			p.leg(len(line)-len(ir), ir)
		}
	case "PASS", "APOP":
		p.push(popPass)
		mech := "USER"
		if verb == "APOP" {
			mech = verb
		}
		p.begin(0, mech, mech)
	case "CAPA":
		p.push(popList)
	case "STLS":
		p.push(popTLS)
	case "":
		switch {
		case p.open || p.isToken(line):
			p.leg(0, line)
		default:
			p.push(popOther)
		}
	default:
		p.push(popOther)
	}
}

// reply reads a line of the server, which is n bytes long with its end.
func (p *popParser) reply(line []byte, n int) {
	if p.listing {
		p.item(line)
		return
	}
	word, rest, _ := bytes.Cut(line, []byte(" "))
	ok := false
	switch string(word) {
	case "+":
		if p.challenge(len(line)-len(rest), rest) || p.open {
			p.more(n, Result{CodeName: "+"})
		}
		return
	case "+OK":
		ok = true
	case "-ERR":
	default:
		return
	}
	to := popNone
	if len(p.pending) > 0 {
		to = p.pending[0]
		p.pending = append(p.pending[:0], p.pending[1:]...)
	}
	switch {
	case to == popAuth, to == popPass, to == popNone && p.open:
		r := Result{Outcome: Refused}
		if ok {
			r.Outcome = Accepted
		}
		name, txt := bracketed(string(word), rest)
		r.CodeName, r.Text = name, text(txt)
		p.word(n, r)
	case to == popList && ok:
		p.listing = true
	case to == popTLS && ok:
		p.toTLS(toClient, n)
	}
}

// item reads a line of the answer to CAPA (RFC 5034 §3: "SASL GSSAPI NTLM"), or
// to AUTH alone, where each line is a mechanism.
func (p *popParser) item(line []byte) {
	word, rest, more := bytes.Cut(line, []byte(" "))
	switch {
	case string(line) == ".":
		p.listing = false
		if len(p.caps) > 0 {
			p.w.offer(p.caps...)
		}
		p.caps = nil
	case more && asciiUpper(word) == "SASL":
		p.caps = mechList(p.caps, rest)
	case !more && (tokenMech(asciiUpper(word)) || saslPassword(asciiUpper(word))):
		p.caps = mechList(p.caps, word)
	}
}

// popCommand splits a line of the client; verb is "" when it is no command of
// POP3.
func popCommand(line []byte) (verb string, rest []byte) {
	word, rest, _ := bytes.Cut(line, []byte(" "))
	if v := oneOf(popVerbs, word); v != "" {
		return v, rest
	}
	return "", nil
}

var popVerbs = []string{"AUTH", "USER", "PASS", "APOP", "CAPA", "STLS", "STAT", "LIST", "UIDL", "RETR", "DELE", "TOP", "QUIT", "NOOP", "RSET"}

// popReply tells whether a line is one of a POP3 server that begins a reply.
func popReply(line []byte) bool {
	word, _, _ := bytes.Cut(line, []byte(" "))
	switch string(word) {
	case "+OK", "-ERR", "+":
		return true
	}
	return false
}

// probePOP knows POP3 by the words of its server, and on its port by any line
// of text. SMTP has AUTH too: the server, or the port, must say that this is
// not it.
func probePOP(up, down []byte, port uint16) verdict {
	home := port == 110
	u, v := needMore, needMore
	if len(up) > 0 && !printable(up[:min(len(up), 16)]) || len(down) > 0 && !printable(down[:min(len(down), 16)]) {
		return no
	}
	if len(up) > 0 {
		line, whole := firstLine(up)
		verb, _ := popCommand(line)
		switch {
		case whole && (verb == "STLS" || verb == "CAPA" || home):
			u = yes
		case whole && verb == "" && len(down) == 0 && !tokenLine(line):
			u = no
		}
	}
	if len(down) > 0 {
		line, whole := firstLine(down)
		switch {
		case bytes.HasPrefix(line, []byte("+OK")), bytes.HasPrefix(line, []byte("-ERR")):
			v = yes
		case home && whole:
			v = yes
		case home, bytes.HasPrefix([]byte("+OK"), line), bytes.HasPrefix([]byte("-ERR"), line):
		case bytes.HasPrefix(line, []byte("+ ")):
		default:
			v = no
		}
	}
	return bothWays(u, v, len(up) > 0, len(down) > 0)
}
