package redact

import (
	"bytes"
	"strconv"
)

// least is the fewest digits of base64 that are taken for a token, where
// nothing around them says so.
const least = 24

// literalLength is how long the length of a literal can be: {4294967295+}.
const literalLength = 16

// lines makes a reader of lines: SMTP, IMAP, POP3, ManageSieve, XMPP. It
// redacts one line and returns its length.
func (r *Redactor) lines(s *side) func(b []byte, up bool) int {
	return func(b []byte, up bool) int {
		n := bytes.IndexByte(b, '\n') + 1
		if n == 0 {
			n = len(b)
		}
		switch {
		case s.content:
			blank(b[:n])
		case s.secret: // a literal of LOGIN
			s.secret = up && literal(bytes.TrimRight(b[:n], "\r\n"))
			if !s.secret {
				blank(b[:n])
				break
			}
			blank(b[:bytes.LastIndexByte(b[:n], '{')])
		case b[0] == 0 || b[0] >= 0x80: // a SASL security layer
			wipe(b)
			return len(b)
		default:
			r.line(s, b[:n], up)
		}
		return n
	}
}

// line redacts a line: its first word may be a command or a code.
func (r *Redactor) line(s *side, b []byte, up bool) {
	body := bytes.TrimRight(b, "\r\n")
	first, rest, _ := bytes.Cut(body, []byte(" "))
	low := string(asciiLower(first))
	switch {
	case up && (low == "data" || low == "bdat") && len(rest) < 16:
		s.content = true
		return
	case up && low == "pass", up && low == "apop":
		blank(rest)
		return
	case up && len(rest) > 0 && bytes.HasPrefix(asciiLower(rest), []byte("login ")): // IMAP
		r.words(first)
		if rest = rest[len("login "):]; literal(rest) {
			s.secret = true
			rest = rest[:bytes.LastIndexByte(rest, '{')]
		}
		blank(rest)
		return
	}
	if n := len(first); n == 3 && number(first) || n > 3 && number(first[:3]) && first[3] == '-' { // a code, and an enhanced one
		at := min(4, len(body))
		code, _, _ := bytes.Cut(body[at:], []byte(" "))
		if p := bytes.Split(code, []byte(".")); len(p) == 3 && len(code) <= 9 && number(p[0]) && number(p[1]) && number(p[2]) && len(p[0]) == 1 {
			at += len(code)
		}
		r.words(body[at:])
		return
	}
	if vocabulary[low] {
		r.words(rest)
		return
	}
	if !bytes.ContainsAny(body, " \t<>\"") && base64Like(body) { // a leg
		r.base64(body)
		return
	}
	r.words(body)
}

// literal tells whether the length of a literal stands at the end of a line.
func literal(line []byte) bool {
	i := bytes.LastIndexByte(line, '{')
	return i >= 0 && len(line)-i <= literalLength && bytes.HasSuffix(line, []byte("}")) && number(bytes.TrimRight(line[i+1:len(line)-1], "+"))
}

func number(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

func base64Like(b []byte) bool {
	b = bytes.TrimRight(b, "=")
	for _, c := range b {
		if !base64Digit(c) {
			return false
		}
	}
	return len(b) >= 4
}

func base64Digit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '+' || c == '/'
}

// words redacts text with tokens in it: runs of base64 that hold one, the
// lengths of literals ({310}), and all else as text.
func (r *Redactor) words(b []byte) {
	from := 0
	for at := 0; at < len(b); {
		switch c := b[at]; {
		case c == '{':
			end := bytes.IndexByte(b[at:min(at+literalLength, len(b))], '}')
			if end > 0 && number(bytes.TrimRight(b[at+1:at+end], "+")) {
				r.text(b[from:at])
				at += end + 1
				from = at
				continue
			}
			at++
		case base64Digit(c):
			to := at
			for to < len(b) && base64Digit(b[to]) {
				to++
			}
			end := to
			for end < len(b) && b[end] == '=' && end-to < 2 {
				end++
			}
			if to-at >= least && (r.isToken(b[at:to]) || to-at >= 3*least) {
				r.text(b[from:at])
				r.base64(b[at:end])
				from = end
			} else if secret := blankBefore(b, at); secret >= 0 && to-at >= 4 && (end == len(b) || b[end] == '\r' || b[end] == '"' || b[end] == '<') && saslSecret(b[:secret]) {
				r.text(b[from:at])
				r.base64(b[at:end])
				from = end
			}
			at = max(end, at+1)
		default:
			at++
		}
	}
	r.text(b[from:])
}

// blankBefore is where the last blank of the words just before at stands, -1 if
// there is none.
func blankBefore(b []byte, at int) int {
	from := max(0, at-64)
	if i := bytes.LastIndexAny(b[from:at], " >"); i >= 0 {
		return from + i
	}
	return -1
}

// saslSecret tells whether what follows a mechanism's name may hold a password.
func saslSecret(b []byte) bool {
	b = bytes.TrimRight(b, " \"'")
	switch word := string(asciiLower(b[bytes.LastIndexAny(b, " \"'>")+1:])); word {
	case "plain", "login", "basic", "bearer", "digest", "xoauth2", "oauthbearer", "cram-md5":
		return true
	}
	return false
}

// isToken tells whether base64 begins as that of a token does.
func (r *Redactor) isToken(b []byte) bool {
	var head [9]byte
	if _, err := base64Encoding.Decode(head[:], b[:12]); err != nil {
		return false
	}
	switch head[0] {
	case 0x60, 0x6e, 0x6f, 0x7e, 0xa0, 0xa1:
		return head[1] >= 0x80 && head[1] <= 0x84 || int(head[1]) <= len(b)
	case 'N':
		return string(head[:7]) == "NTLMSSP" || string(head[:8]) == "NEGOEXTS"
	case 5, 4:
		return head[1] == 4 && head[3] == 0xff
	}
	return false
}

// http makes a reader of HTTP/1.x (RFC 9112): a head, or a piece of a body.
func (r *Redactor) http(s *side) func(b []byte, up bool) int {
	return func(b []byte, up bool) int {
		switch {
		case s.left > 0:
			return r.httpBody(s, b, up)
		case s.chunked:
			return r.httpChunk(s, b)
		case b[0] == '\r' || b[0] == '\n':
			return 1
		}
		if !httpBegins(b) { // the rest of a body whose head is not there
			n := bytes.IndexByte(b, '\n') + 1
			if n == 0 {
				n = len(b)
			}
			blank(b[:n])
			return n
		}
		end := bytes.Index(b, []byte("\r\n\r\n"))
		if end < 0 {
			end = len(b)
		} else {
			end += 4
		}
		r.httpHead(s, b[:end])
		return end
	}
}

// httpBegins tells whether b begins as a head does, or a header with a token.
func httpBegins(b []byte) bool {
	line, _, _ := bytes.Cut(b[:min(len(b), 8192)], []byte("\n"))
	return bytes.HasPrefix(line, []byte("HTTP/1.")) || bytes.Contains(line, []byte(" HTTP/1.")) || bytes.Contains(asciiLower(line), []byte("authorization: ")) ||
		bytes.Contains(asciiLower(line), []byte("-authenticate: "))
}

func (r *Redactor) httpHead(s *side, b []byte) {
	s.kkdcp, s.rpc = false, false
	length := -1
	for i, at := 0, 0; at < len(b); i++ {
		n := bytes.IndexByte(b[at:], '\n') + 1
		if n == 0 {
			n = len(b) - at
		}
		line := bytes.TrimRight(b[at:at+n], "\r\n")
		at += n
		name, value, ok := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.HasPrefix(line, []byte("HTTP/1.")):
			if len(line) > 12 && !number(line[9:12]) {
				r.words(line[7:])
				break
			}
			r.words(part(line, 12, len(line))) // behind the status
		case i == 0 && bytes.Contains(line, []byte(" HTTP/1.")):
			s.kkdcp = bytes.HasPrefix(line, []byte("POST ")) && bytes.Contains(asciiLower(line), []byte("/kdcproxy"))
			s.rpc = bytes.HasPrefix(line, []byte("RPC_"))
			end := bytes.LastIndex(line, []byte(" HTTP/1."))
			if sp := bytes.IndexByte(line, ' '); sp < end {
				r.text(line[:sp])
				r.target(line[sp+1 : end])
			}
		case !ok:
			r.words(line)
		default:
			if !kept(string(asciiLower(name))) { // a header's name names no host
				r.text(name)
			}
			r.httpField(s, string(asciiLower(name)), value, &length)
		}
	}
	if length > 0 {
		s.left = length
	}
}

// target redacts what a request asks for; the port of a host stays.
func (r *Redactor) target(b []byte) {
	if host, port, ok := bytes.Cut(b, []byte(":")); ok && number(port) {
		r.name(host)
		return
	}
	r.text(b)
}

func (r *Redactor) httpField(s *side, name string, value []byte, length *int) {
	v := bytes.TrimSpace(value)
	switch name {
	case "content-length":
		n, err := strconv.Atoi(string(v))
		if err != nil || n < 0 {
			r.words(value)
			return
		}
		*length = n
	case "transfer-encoding":
		s.chunked = string(asciiLower(v)) == "chunked"
		r.text(value)
	case "host":
		if bytes.IndexByte(v, ':') < 0 {
			r.name(v)
		} else {
			r.target(v)
		}
	case "date":
		r.httpDate(v)
	case "content-type":
		s.kkdcp = s.kkdcp || string(v) == "application/kerberos"
		s.rpc = s.rpc || string(v) == "application/rpc"
		r.text(value)
	case "authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate":
		scheme, rest, _ := bytes.Cut(v, []byte(" "))
		if low := string(asciiLower(scheme)); low == "negotiate" || low == "kerberos" || low == "ntlm" {
			if rest = bytes.TrimSpace(rest); base64Like(rest) {
				r.base64(rest)
				return
			}
			r.words(rest)
			return
		} else if vocabulary[low] {
			if name == "authorization" || name == "proxy-authorization" {
				if i := len(rest); base64Like(rest[:i]) {
					r.base64(rest)
				} else {
					blank(rest)
				}
				return
			}
			r.words(rest)
			return
		}
		r.words(value)
	default:
		r.words(value)
	}
}

// httpDate shifts an IMF-fixdate, RFC 9110 §5.6.7.
func (r *Redactor) httpDate(b []byte) {
	t, err := httpTime(b)
	if err != nil {
		r.text(b)
		return
	}
	copy(b, t.Add(r.shift).Format(httpTimeLayout))
}

// httpBody redacts a piece of a body: of a KDC proxy (its message), of a
// channel of DCE/RPC (a PDU), or of no interest.
func (r *Redactor) httpBody(s *side, b []byte, up bool) int {
	b = b[:min(len(b), s.left)]
	n := len(b)
	switch {
	case s.kkdcp && b[0] == 0x30:
		r.message(b)
	case s.rpc || len(b) > 16 && b[0] == 5 && b[1] == 0 && b[2] <= 20:
		if n = min(r.dcerpc(b, up), len(b)); n <= 0 {
			b[0], n = 0, 1
		}
	default:
		blank(b)
	}
	s.left -= n
	return n
}

// httpChunk redacts a line between chunks (RFC 9112 §7.1).
func (r *Redactor) httpChunk(s *side, b []byte) int {
	n := bytes.IndexByte(b, '\n') + 1
	if n == 0 {
		blank(b)
		return len(b)
	}
	line := bytes.TrimRight(b[:n], "\r\n")
	if len(line) == 0 {
		return n
	}
	size, err := strconv.ParseUint(string(line), 16, 31)
	if err != nil {
		s.chunked = false
		return 0
	}
	s.left = int(size)
	if size == 0 {
		s.chunked = false
	}
	return n
}
