package decode

import "bytes"

// xmppCarrier is XMPP with SASL, RFC 6120 §6.
var xmppCarrier = carrier{
	name:  "xmpp",
	words: true,
	ports: []uint16{5222, 5269},
	probe: probeXMPP,
	open:  func(s *stream) parser { return newXMPP(s) },
}

// maxXMPPTag bounds a tag; text is bounded as lines are.
const maxXMPPTag = 1 << 13

type xmppParser struct {
	saslLines
	caps      []string // mechanisms of the features in hand
	inText    [2]bool  // what was passed over last is no tag
	failing   bool     // within <failure>
	condition string   // of the failure
	words     []byte   // its text
}

func newXMPP(s wire) *xmppParser { return &xmppParser{saslLines: newSASLLines(s)} }

func (p *xmppParser) feed(d dir) { p.run(d, p) }

func (p *xmppParser) missed(d dir) {
	p.saslLines.missed(d)
	if d == toClient {
		p.failing, p.caps = false, nil
	}
}

// resync finds the next tag.
func (p *xmppParser) resync(d dir, b []byte) (int, bool) {
	if b[0] == '<' {
		return 0, true
	}
	if !p.inText[d] {
		switch {
		case isTLSRecord(b):
			return 0, true
		case (b[0] == 0x16 || b[0] == 0x15) && len(b) < 3 && !p.s.atGap(d):
			return 0, false
		}
	}
	i := bytes.IndexByte(b, '<')
	if i < 0 {
		i = len(b)
	}
	p.inText[d] = true
	return i, i < len(b)
}

// unit reads a tag, with the text behind it where the text matters.
func (p *xmppParser) unit(d dir, b []byte, last bool) int {
	if !(p.inText[d] && isTLSRecord(b)) && p.before(d, b) {
		return 0
	}
	if b[0] != '<' { // TLS and the use of a connection begin behind a tag
		n, _ := p.resync(d, b)
		return n
	}
	p.inText[d] = false
	n := tagEnd(b)
	if n == 0 {
		switch {
		case len(b) > maxXMPPTag:
			p.lost[d] = true
			return 1
		case !last:
			return 0
		}
		p.lost[d] = true
		return len(b)
	}
	name, attrs := xmlTag(b[:n])
	at, end := n, n
	if b[n-2] != '/' && xmppTexts(name) {
		i := bytes.IndexByte(b[n:], '<')
		switch {
		case i >= 0:
			end = n + i
		case len(b) > maxSASLLine:
			p.lost[d] = true
			return len(b)
		case !last:
			return 0
		default:
			end = len(b)
			p.lost[d] = true
		}
	}
	p.quiet++
	body := bytes.Trim(b[at:end], " \t\r\n")
	if i := bytes.Index(b[at:end], body); i > 0 {
		at += i
	}
	if d == toServer {
		p.client(name, attrs, at, body)
		return end
	}
	if bytes.Contains(attrs, []byte("xmpp-tls")) && string(name) == "failure" {
		return end // of STARTTLS, RFC 6120 §5.4.2.2
	}
	p.server(name, at, body, end)
	if b[n-2] == '/' && string(name) == "failure" { // RFC 6120 §A.4: without a condition
		p.server([]byte("/failure"), at, body, end)
	}
	return end
}

// client reads an element of the client; body is the text in it, at off.
func (p *xmppParser) client(name, attrs []byte, off int, body []byte) {
	switch string(name) {
	case "auth":
		mech := asciiUpper(xmlAttr(attrs, "mechanism"))
		p.begin(0, mech, mech)
		p.leg(off, body)
	case "response":
		p.leg(off, body)
	case "abort":
		if p.open {
			p.cancelled = true
		}
	}
}

// server reads an element of the server that is n bytes long.
func (p *xmppParser) server(name []byte, off int, body []byte, n int) {
	switch string(name) {
	case "mechanisms":
		p.caps = nil
	case "mechanism":
		p.caps = mechList(p.caps, body)
	case "/mechanisms":
		if len(p.caps) > 0 {
			p.w.offer(p.caps...)
		}
		p.caps = nil
	case "proceed":
		p.toTLS(toClient, n)
	case "challenge":
		p.challenge(off, body)
		p.more(n, Result{CodeName: "challenge"})
	case "success":
		p.challenge(off, body)
		p.word(n, Result{Outcome: Accepted, CodeName: "success"})
	case "failure":
		p.failing, p.condition, p.words = true, "", p.words[:0]
	case "/failure":
		if p.failing {
			if p.condition == "" {
				p.condition = "failure"
			}
			p.word(n, Result{Outcome: Refused, CodeName: p.condition, Text: text(p.words)})
		}
		p.failing = false
	case "text":
		if p.failing {
			p.words = append(p.words[:0], body[:min(len(body), 1024)]...)
		}
	default:
		if p.failing && p.condition == "" && name[0] != '/' && len(name) <= 64 {
			p.condition = string(name)
		}
	}
}

// xmppTexts tells whether the text in an element matters.
func xmppTexts(name []byte) bool {
	switch string(name) {
	case "auth", "response", "challenge", "success", "mechanism", "text":
		return true
	}
	return false
}

// tagEnd is the length of the tag at the start of b, 0 when its end is not
// there. A '>' in quotes is none; comments are as good as tags here.
func tagEnd(b []byte) int {
	quote := byte(0)
	for i, c := range b[:min(len(b), maxXMPPTag)] {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>' && i > 1:
			return i + 1
		}
	}
	return 0
}

// xmlTag splits a tag into its name without prefix ("/failure" for an end) and
// its attributes.
func xmlTag(tag []byte) (name, attrs []byte) {
	tag = bytes.TrimSuffix(tag[1:len(tag)-1], []byte("/"))
	end := bytes.IndexAny(tag, " \t\r\n")
	if end < 0 {
		end = len(tag)
	}
	name, attrs = tag[:end], tag[end:]
	i := bytes.IndexByte(name, ':')
	switch {
	case len(name) == 0:
		return []byte{'?'}, attrs
	case i < 0:
	case i == len(name)-1:
		return []byte{'?'}, attrs
	case name[0] == '/':
		name = append([]byte{'/'}, name[i+1:]...)
	default:
		name = name[i+1:]
	}
	return name, attrs
}

// xmlAttr is the value of an attribute, nil when it is not there.
func xmlAttr(attrs []byte, name string) []byte {
	for len(attrs) > 0 {
		i := bytes.IndexByte(attrs, '=')
		if i < 0 || i+1 >= len(attrs) {
			return nil
		}
		key := bytes.Trim(attrs[:i], " \t\r\n")
		value := bytes.TrimLeft(attrs[i+1:], " \t\r\n")
		if len(value) == 0 {
			return nil
		}
		end := bytes.IndexByte(value[1:], value[0])
		if end < 0 {
			return nil
		}
		if string(key) == name {
			return value[1 : 1+end]
		}
		attrs = value[end+2:]
	}
	return nil
}

// probeXMPP knows XMPP by its stream header or its SASL namespace, and on its
// ports by any tag.
func probeXMPP(up, down []byte, port uint16) verdict {
	home := port == 5222 || port == 5269
	return bothWays(probeXMPPHalf(up, home), probeXMPPHalf(down, home), len(up) > 0, len(down) > 0)
}

func probeXMPPHalf(b []byte, home bool) verdict {
	b = bytes.TrimLeft(b, " \r\n\t")
	if len(b) == 0 {
		return needMore
	}
	window := b[:min(len(b), 1024)]
	switch {
	case home && (b[0] == '<' || printable(b[:min(len(b), 16)])):
		return yes
	case b[0] != '<':
		return no
	case bytes.Contains(window, []byte("<stream:stream")), bytes.Contains(window, []byte("urn:ietf:params:xml:ns:xmpp-")):
		return yes
	case len(b) < 1024:
		return needMore
	}
	return no
}
