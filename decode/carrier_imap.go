package decode

import "bytes"

// imapCarrier is IMAP (RFC 9051) with AUTHENTICATE, RFC 9051 §6.2.2 and
// SASL-IR (RFC 4959).
var imapCarrier = carrier{
	name:  "imap",
	words: true,
	ports: []uint16{143},
	probe: probeIMAP,
	open:  func(s *stream) parser { return newIMAP(s) },
}

type imapParser struct {
	saslLines
	tag    string // of the authentication that waits; "": not seen
	tlsTag string // of STARTTLS
	lit    uint64 // bytes that the client sends once the server says "+"
}

func newIMAP(s wire) *imapParser { return &imapParser{saslLines: newSASLLines(s)} }

func (p *imapParser) feed(d dir) { p.run(d, p) }

func (p *imapParser) resync(d dir, b []byte) (int, bool) {
	return p.resyncLine(d, b, func(d dir, line []byte) bool {
		if d == toClient {
			return imapReply(line)
		}
		_, verb, _ := imapCommand(line)
		return verb != "" || p.isToken(line)
	})
}

func (p *imapParser) unit(d dir, b []byte, last bool) int {
	if p.before(d, b) {
		return 0
	}
	line, n := p.lineAt(d, b, last)
	switch {
	case len(line) == 0 && !(d == toServer && p.open):
	case d == toServer:
		p.command(line)
		p.literal(line)
	default:
		p.reply(line, n)
	}
	return n
}

// literal passes over the literal that a line of the client announces at its
// end, RFC 9051 §4.3: contents, and perhaps a password. {5+} follows at once
// (RFC 7888), {5} when the server says so.
func (p *imapParser) literal(line []byte) {
	p.lit = 0
	n, ok := literalSize(line)
	switch {
	case !ok:
	case line[len(line)-2] == '+':
		p.skip[toServer] = uint64(n)
	default:
		p.lit = uint64(n)
	}
}

// command reads a line of the client.
func (p *imapParser) command(line []byte) {
	tag, verb, rest := imapCommand(line)
	switch verb {
	case "AUTHENTICATE":
		mech, ir, _ := bytes.Cut(rest, []byte(" "))
		p.tag = text(tag)
		p.begin(0, "AUTHENTICATE", asciiUpper(mech))
		if len(ir) > 0 {
			p.leg(len(line)-len(ir), ir)
		}
	case "LOGIN":
		p.tag = text(tag)
		p.begin(0, "LOGIN", "LOGIN")
	case "STARTTLS":
		p.tlsTag = text(tag)
	case "":
		if p.open || p.isToken(line) {
			p.leg(0, line)
		}
	}
}

// reply reads a line of the server, which is n bytes long with its end.
func (p *imapParser) reply(line []byte, n int) {
	word, rest, _ := bytes.Cut(line, []byte(" "))
	switch string(word) {
	case "+":
		p.skip[toServer], p.lit = p.skip[toServer]+p.lit, 0
		if p.challenge(len(line)-len(rest), rest) || p.open {
			p.more(n, Result{CodeName: "+"})
		}
	case "*":
		status, rest, _ := bytes.Cut(rest, []byte(" "))
		switch asciiUpper(status) {
		case "CAPABILITY":
			p.capability(rest)
		case "OK", "PREAUTH":
			p.code(rest)
		case "BYE":
			if p.open {
				p.last("BYE", rest, n)
			}
		}
	default:
		status, rest, _ := bytes.Cut(rest, []byte(" "))
		p.tagged(word, asciiUpper(status), rest, n)
	}
}

// tagged reads the end of a command.
func (p *imapParser) tagged(tag []byte, status string, rest []byte, n int) {
	switch status {
	case "OK", "NO", "BAD":
	default:
		return
	}
	p.code(rest)
	switch {
	case p.tlsTag != "" && p.tlsTag == string(tag):
		p.tlsTag = ""
		if status == "OK" {
			p.toTLS(toClient, n)
		}
	case p.open && (p.tag == "" || p.tag == string(tag)):
		p.last(status, rest, n)
	}
}

// last takes the server's last word on an authentication.
func (p *imapParser) last(status string, rest []byte, n int) {
	r := Result{Outcome: Refused}
	if status == "OK" {
		r.Outcome = Accepted
	}
	name, txt := bracketed(status, rest)
	r.CodeName, r.Text = name, text(txt)
	p.word(n, r)
	p.tag = ""
}

// code reads the response code CAPABILITY behind a status word.
func (p *imapParser) code(rest []byte) {
	const c = "[CAPABILITY "
	if i := bytes.IndexByte(rest, ']'); i > len(c) && asciiUpper(rest[:len(c)]) == c {
		p.capability(rest[len(c):i])
	}
}

// capability reads a list of capabilities for mechanisms.
func (p *imapParser) capability(list []byte) {
	var mechs []string
	for _, w := range bytes.Fields(list) {
		if len(w) > 5 && asciiUpper(w[:5]) == "AUTH=" {
			mechs = mechList(mechs, w[5:])
		}
	}
	if len(mechs) > 0 {
		p.w.offer(mechs...)
	}
}

// imapCommand splits a line of the client; verb is "" when it is no command
// that tells IMAP from other protocols of lines.
func imapCommand(line []byte) (tag []byte, verb string, rest []byte) {
	tag, rest, _ = bytes.Cut(line, []byte(" "))
	if len(tag) == 0 || len(tag) > 32 || bytes.ContainsAny(tag, "*+(){%\\\"") {
		return nil, "", nil
	}
	word, rest, _ := bytes.Cut(rest, []byte(" "))
	if v := oneOf(imapArgued, word); v != "" && len(rest) > 0 {
		return tag, v, rest
	}
	if v := oneOf(imapVerbs, word); v != "" {
		return tag, v, rest
	}
	return nil, "", nil
}

// The commands that imapCommand knows; those of imapArgued have arguments.
var (
	imapArgued = []string{"AUTHENTICATE", "LOGIN", "SELECT", "EXAMINE", "ENABLE"}
	imapVerbs  = []string{"STARTTLS", "CAPABILITY", "LOGOUT", "NAMESPACE", "NOOP", "ID", "LIST", "LSUB", "STATUS", "IDLE", "UID", "FETCH", "APPEND"}
)

// imapReply tells whether a line is one of an IMAP server.
func imapReply(line []byte) bool {
	word, rest, _ := bytes.Cut(line, []byte(" "))
	switch {
	case string(word) == "*", string(word) == "+":
		return true
	case len(word) == 0, len(word) > 32:
		return false
	}
	status, _, _ := bytes.Cut(rest, []byte(" "))
	return oneOf(imapStatuses, status) != ""
}

var imapStatuses = []string{"OK", "NO", "BAD"}

// probeIMAP knows IMAP by a tagged command, a greeting that says so, and on
// its port by any line of text.
func probeIMAP(up, down []byte, port uint16) verdict {
	home := port == 143
	u, v := needMore, needMore
	if len(up) > 0 && !printable(up[:min(len(up), 16)]) || len(down) > 0 && !printable(down[:min(len(down), 16)]) {
		return no
	}
	if len(up) > 0 {
		line, whole := firstLine(up)
		_, verb, _ := imapCommand(line)
		switch {
		case verb != "" && verb != "LOGIN" && verb != "ID" && verb != "LIST" && (whole || verb == "AUTHENTICATE"):
			u = yes
		case home && whole:
			u = yes
		case !whole && len(up) < maxProbe:
		case len(down) == 0 && !home:
			u = no
		}
	}
	if len(down) > 0 {
		line, whole := firstLine(down)
		greets := bytes.HasPrefix(line, []byte("* OK")) || bytes.HasPrefix(line, []byte("* PREAUTH"))
		switch {
		case bytes.HasPrefix(line, []byte("* OK [CAPABILITY IMAP")), greets && whole && containsFold(line[:min(len(line), 512)], "IMAP"):
			v = yes
		case greets, home && !whole:
		case home:
			v = yes
		case bytes.HasPrefix(down, []byte("* CAPABILITY ")):
			v = yes
		case whole && imapReply(line), bytes.HasPrefix([]byte("* OK"), line), bytes.HasPrefix([]byte("* PREAUTH"), line):
		case !whole && len(down) < 40:
		default:
			v = no
		}
	}
	return bothWays(u, v, len(up) > 0, len(down) > 0)
}

// bothWays puts the verdicts on the two directions of a connection together;
// of one without bytes there is none.
func bothWays(u, v verdict, up, down bool) verdict {
	switch {
	case up && u == no, down && v == no:
		return no
	case up && u == yes, down && v == yes:
		return yes
	}
	return needMore
}
