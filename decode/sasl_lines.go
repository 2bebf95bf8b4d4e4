package decode

import "bytes"

// Limits of the protocols of lines.
const (
	// maxSASLLine bounds a line: base64 of the longest token that Windows makes
	// (65,535 bytes) and the command before it.
	maxSASLLine = 1 << 17
	// quietSASL is how many lines without an authentication are read before
	// the stream rests.
	quietSASL = 512
)

// A saslLines is what the parsers of line protocols with SASL share.
type saslLines struct {
	framed
	sasl
	quiet int // lines since the last authentication
}

func newSASLLines(s wire) saslLines {
	return saslLines{framed: framed{s: s, lost: [2]bool{true, true}}, sasl: sasl{w: s}}
}

// missed forgets the authentication whose answer may be lost.
func (p *saslLines) missed(d dir) {
	if d == toClient {
		p.reset()
	}
}

// resyncLine finds the start of a line that like knows, or else of the next.
func (p *saslLines) resyncLine(d dir, b []byte, like func(d dir, line []byte) bool) (int, bool) {
	if isTLSRecord(b) {
		return 0, true
	}
	line, whole := firstLine(b)
	switch {
	case !whole && !p.s.atGap(d):
		if len(b) > maxSASLLine {
			return len(b), false
		}
		return 0, false
	case like(d, line):
		return 0, true
	case !whole:
		return len(b), false
	}
	return bytes.IndexByte(b, '\n') + 1, true
}

// before deals with what may stand in place of a line: TLS, and the use of an
// authenticated connection. It tells whether that was it.
func (p *saslLines) before(d dir, b []byte) bool {
	switch {
	case isTLSRecord(b):
		p.toTLS(d, 0)
	case p.accepted && d == toServer:
		p.over = true
		p.s.afterAuth(d, 0)
		p.s.idle()
	case p.quiet > quietSASL && !p.open:
		p.over = true
		p.s.idle()
	default:
		return false
	}
	return true
}

// lineAt is the line at the start of b and its length with the line end; 0
// when it is not there yet. A line that is too long is passed over: nil.
func (p *saslLines) lineAt(d dir, b []byte, last bool) (line []byte, n int) {
	p.quiet++
	n = bytes.IndexByte(b, '\n') + 1
	if n == 0 {
		switch {
		case len(b) > maxSASLLine:
			p.lost[d] = true
			return nil, len(b)
		case !last:
			p.quiet--
			return nil, 0
		}
		n = len(b)
		p.lost[d] = true
	}
	return bytes.TrimRight(b[:n], "\r\n"), n
}

// toTLS ends reading; n bytes of d stand before the TLS records.
func (p *saslLines) toTLS(d dir, n int) {
	p.over = true
	p.s.startTLS(d, 0)
	p.s.discard(d, n)
}

// begin is start, and ends the quiet.
func (p *saslLines) begin(off int, verb, mech string) {
	p.quiet = 0
	p.start(off, verb, mech)
}

// bracketed takes the response code off the text behind a status word: NO
// [AUTHENTICATIONFAILED] text (RFC 9051 §7.1, RFC 2449 §8), NO (AUTH-TOO-WEAK)
// text (RFC 5804 §1.3). name is the word with the code, without arguments.
func bracketed(word string, rest []byte) (name string, txt []byte) {
	rest = bytes.TrimLeft(rest, " ")
	if len(rest) < 3 || rest[0] != '[' && rest[0] != '(' {
		return word, rest
	}
	end := byte(']')
	if rest[0] == '(' {
		end = ')'
	}
	i := bytes.IndexByte(rest, end)
	if i < 0 {
		return word, rest
	}
	code, _, _ := bytes.Cut(rest[1:i], []byte(" "))
	after := bytes.TrimLeft(rest[i+1:], " ")
	switch c := asciiUpper(code); c {
	case "", "CAPABILITY", "SASL":
		return word, after
	default:
		return word + " " + string(rest[0]) + c + string(end), after
	}
}
