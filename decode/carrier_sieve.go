package decode

import "bytes"

// sieveCarrier is ManageSieve (RFC 5804) with AUTHENTICATE, §2.1.
var sieveCarrier = carrier{
	name:  "sieve",
	words: true,
	ports: []uint16{4190},
	probe: probeSieve,
	open:  func(s *stream) parser { return newSieve(s) },
}

type sieveParser struct {
	saslLines
	tls   bool        // STARTTLS waits for its answer
	words []sieveWord // of the line in hand
}

func newSieve(s wire) *sieveParser { return &sieveParser{saslLines: newSASLLines(s)} }

func (p *sieveParser) feed(d dir) { p.run(d, p) }

func (p *sieveParser) resync(d dir, b []byte) (int, bool) {
	return p.resyncLine(d, b, func(d dir, line []byte) bool {
		if len(line) > 0 && line[0] == '{' { // a literal, whose bytes line does not hold
			return true
		}
		words := sieveWords(nil, line)
		if len(words) == 0 {
			return false
		}
		w := &words[0]
		if d == toClient {
			return w.quoted || w.is("OK") || w.is("NO") || w.is("BYE")
		}
		return sieveVerb(w) || w.quoted && p.isToken(w.b)
	})
}

func (p *sieveParser) unit(d dir, b []byte, last bool) int {
	if p.before(d, b) {
		return 0
	}
	n, whole := sieveLine(b)
	if !whole {
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
	p.quiet++
	p.words = sieveWords(p.words[:0], b[:n])
	switch {
	case len(p.words) == 0:
	case d == toServer:
		p.command()
	default:
		p.reply(n)
	}
	return n
}

// command reads a line of the client.
func (p *sieveParser) command() {
	w := &p.words[0]
	switch {
	case w.quoted:
		if p.open || p.isToken(w.b) {
			p.leg(w.at, w.b)
		}
	case w.is("AUTHENTICATE") && len(p.words) > 1:
		p.begin(0, "AUTHENTICATE", asciiUpper(p.words[1].b))
		if len(p.words) > 2 {
			p.leg(p.words[2].at, p.words[2].b)
		}
	case w.is("STARTTLS"):
		p.tls = true
	}
}

// reply reads a line of the server, which is n bytes long with its end.
func (p *sieveParser) reply(n int) {
	w := &p.words[0]
	switch {
	case w.quoted && len(p.words) == 1:
		if p.challenge(w.at, w.b) || p.open && !sieveCapability(w) {
			p.more(n, Result{})
		}
	case w.quoted:
		if w.is("SASL") {
			if mechs := mechList(nil, p.words[1].b); len(mechs) > 0 {
				p.w.offer(mechs...)
			}
		}
	case p.open && (w.is("OK") || w.is("NO") || w.is("BYE")):
		p.last(n)
	case p.tls && w.is("OK"):
		p.toTLS(toClient, n)
	case w.is("NO"):
		p.tls = false
	}
}

// last takes the server's last word on an authentication: OK (SASL "base64"),
// NO (AUTH-TOO-WEAK) "text", RFC 5804 §1.2 and §1.3.
func (p *sieveParser) last(n int) {
	status := asciiUpper(p.words[0].b)
	r := Result{Outcome: Refused, CodeName: status}
	if status == "OK" {
		r.Outcome = Accepted
	}
	for i := range p.words[1:] {
		switch w := &p.words[1+i]; {
		case i == 0 && w.inside && w.is("SASL"):
		case i == 0 && w.inside:
			r.CodeName += " (" + asciiUpper(w.b) + ")"
		case w.inside && p.words[1].is("SASL"):
			p.challenge(w.at, w.b)
		case !w.inside && w.quoted:
			r.Text = text(w.b)
		}
	}
	p.word(n, r)
}

// A sieveWord is an atom, or a string without its quotes or its length.
type sieveWord struct {
	b      []byte
	at     int  // in the line
	quoted bool // a string, quoted or literal
	inside bool // in parentheses: part of a response code
}

func (w *sieveWord) is(s string) bool { return len(w.b) == len(s) && asciiUpper(w.b) == s }

// sieveLine is the length of the line at the start of b with the literals in
// it (RFC 5804 §4: {5} or {5+}, a line end, and as many bytes).
func sieveLine(b []byte) (n int, whole bool) {
	for {
		i := bytes.IndexByte(b[n:], '\n')
		if i < 0 {
			return 0, false
		}
		size, ok := literalSize(b[n : n+i])
		n += i + 1
		if !ok {
			return n, true
		}
		if size > len(b)-n {
			return 0, false
		}
		n += size
	}
}

// literalSize reads the length that a line announces at its end.
func literalSize(line []byte) (int, bool) {
	line = bytes.TrimSuffix(line, []byte("\r"))
	i := bytes.LastIndexByte(line, '{')
	if i < 0 || len(line) < i+3 || line[len(line)-1] != '}' {
		return 0, false
	}
	n, ok := decimal(bytes.TrimSuffix(line[i+1:len(line)-1], []byte("+")))
	return int(min(n, 1<<30)), ok
}

// maxSieveWords bounds what is read of a line; those with a meaning here are
// short.
const maxSieveWords = 8

// sieveWords splits a line.
func sieveWords(to []sieveWord, b []byte) []sieveWord {
	inside := false
	for i := 0; i < len(b) && len(to) < maxSieveWords; {
		switch c := b[i]; c {
		case ' ', '\t', '\r', '\n':
			i++
		case '(', ')':
			inside = c == '('
			i++
		case '"':
			end := i + 1
			for end < len(b) && b[end] != '"' {
				if b[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end, len(b))
			to = append(to, sieveWord{bytes.TrimRight(b[i+1:end], "\r\n"), i + 1, true, inside})
			i = end + 1
		case '{':
			line, whole := firstLine(b[i:])
			size, ok := literalSize(line)
			if !whole || !ok {
				return to
			}
			from := i + bytes.IndexByte(b[i:], '\n') + 1
			end := min(from+size, len(b))
			to = append(to, sieveWord{b[from:end], from, true, inside})
			i = end
		default:
			end := i
			for end < len(b) && bytes.IndexByte([]byte(" \t\r\n()\""), b[end]) < 0 {
				end++
			}
			to = append(to, sieveWord{b[i:end], i, false, inside})
			i = end
		}
	}
	return to
}

// sieveVerb tells whether a word is a command of RFC 5804 §2 that other
// protocols of lines do not begin with.
func sieveVerb(w *sieveWord) bool {
	switch asciiUpper(w.b) {
	case "AUTHENTICATE", "STARTTLS", "CAPABILITY", "LOGOUT", "HAVESPACE", "PUTSCRIPT", "LISTSCRIPTS", "SETACTIVE", "GETSCRIPT", "DELETESCRIPT", "NOOP":
		return !w.quoted
	}
	return false
}

// sieveCapability tells whether a lone string is a capability without a value.
func sieveCapability(w *sieveWord) bool { return w.is("STARTTLS") || w.is("UNAUTHENTICATE") }

// probeSieve knows ManageSieve by its greeting, by AUTHENTICATE with a quoted
// mechanism, and on its port by any line of text.
func probeSieve(up, down []byte, port uint16) verdict {
	home := port == 4190
	u, v := needMore, needMore
	if len(up) > 0 {
		line, whole := firstLine(up)
		switch {
		case !printable(up[:min(len(up), 16)]):
			u = no
		case prefixFold(line, `AUTHENTICATE "`):
			u = yes
		case home && whole:
			u = yes
		case !home && (whole || len(line) > 24) && len(down) == 0:
			u = no
		}
	}
	if len(down) > 0 {
		const greeting = `"IMPLEMENTATION" `
		line, whole := firstLine(down)
		switch {
		case !printable(down[:min(len(down), 16)]):
			v = no
		case bytes.HasPrefix(line, []byte(greeting)), home && whole:
			v = yes
		case home, bytes.HasPrefix([]byte(greeting), line), line[0] == '"' && whole && len(up) > 0:
		default:
			v = no
		}
	}
	return bothWays(u, v, len(up) > 0, len(down) > 0)
}
