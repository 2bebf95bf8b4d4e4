package decode

import (
	"bytes"
	"strings"
)

// reply reads a line of the server, which is n bytes long with its end.
func (p *smtpParser) reply(line []byte, n int) {
	code := smtpCode(line)
	if code == 0 {
		return
	}
	rest := line[min(4, len(line)):]
	if code == 250 {
		p.capability(rest)
	}
	if len(line) > 3 && line[3] == '-' {
		if len(p.text) < 1024 {
			p.text = append(append(p.text, rest[:min(len(rest), 1024)]...), ' ')
		}
		return
	}
	whole := rest
	if len(p.text) > 0 {
		p.text = append(p.text, rest[:min(len(rest), 1024)]...)
		whole = p.text
	}
	p.answer(code, rest, text(whole), n)
	p.text, p.caps = p.text[:0], nil
}

// answer takes a whole reply; rest is the text of its last line.
func (p *smtpParser) answer(code int64, rest []byte, txt string, n int) {
	to := smtpNone
	if len(p.pending) > 0 {
		to = p.pending[0]
	}
	first := !p.spoken
	p.spoken = true
	if first && code == 220 && to != smtpTLS {
		if host, _, _ := strings.Cut(txt, " "); hostLike(host) {
			p.s.name(toClient, 0, host, "banner")
		}
		return
	}
	if to != smtpNone {
		p.pending = append(p.pending[:0], p.pending[1:]...)
	}
	switch {
	case to == smtpTLS && code == 220:
		p.startTLS(toClient, n)
	case code == 334 && (to == smtpAuth || to == smtpNone):
		p.wantLeg = true
		p.challenge(4, rest)
		p.more(n, Result{Code: code})
	case to == smtpAuth && (code == 235 || code >= 400), to == smtpNone && (p.open && code >= 400 || authCode(code)):
		p.last(code, rest, txt, n)
	case to == smtpMail && code/100 == 2 && !p.accepted:
		p.s.anonymous(toClient, 0)
	case code == 354:
		p.over = true // contents of a mail
		p.s.idle()
	}
	if len(p.caps) > 0 {
		p.s.offer(p.caps...)
	}
}

// last takes the server's last word on an authentication.
func (p *smtpParser) last(code int64, rest []byte, txt string, n int) {
	r := Result{Outcome: Refused, Code: code, Text: txt}
	if code == 235 {
		r.Outcome = Accepted
		if p.challenge(4, rest) {
			r.Text = ""
		}
	}
	p.word(n, r)
	p.wantLeg = false
}

// capability reads a line of a reply to EHLO for mechanisms.
func (p *smtpParser) capability(rest []byte) {
	key, mechs := rest, []byte(nil)
	if i := bytes.IndexAny(rest, " ="); i >= 0 {
		key, mechs = rest[:i], rest[i+1:]
	}
	prefix := ""
	switch asciiUpper(key) {
	case "AUTH":
	case "X-EXPS":
		prefix = "X-EXPS "
	default:
		return
	}
next:
	for _, m := range strings.Fields(strings.ReplaceAll(text(mechs), "=", " ")) {
		m = prefix + strings.ToUpper(m)
		for _, c := range p.caps {
			if c == m {
				continue next
			}
		}
		if len(p.caps) < 32 {
			p.caps = append(p.caps, m)
		}
	}
}

// smtpCode is the code that a line of a server begins with, 0 if none.
func smtpCode(line []byte) int64 {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' {
		return 0
	}
	if len(line) > 3 && line[3] != ' ' && line[3] != '-' && line[3] != '\r' && line[3] != '\n' {
		return 0
	}
	code := int64(0)
	for _, c := range line[:3] {
		if c < '0' || c > '9' {
			return 0
		}
		code = code*10 + int64(c-'0')
	}
	return code
}

// authCode tells whether a code can only be the answer to an authentication:
// RFC 4954 §4 and §6. 454 is also said to STARTTLS, which is then pending.
func authCode(code int64) bool {
	switch code {
	case 235, 432, 454, 534, 535, 538:
		return true
	}
	return false
}

// hostLike tells whether a word can be a host's name: letters, and nothing
// that is not in names. Address literals are no names.
func hostLike(s string) bool {
	letter := false
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			letter = true
		case c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_':
		default:
			return false
		}
	}
	return letter && len(s) <= 255
}

// isTLSRecord tells whether b begins with a TLS handshake or alert record.
func isTLSRecord(b []byte) bool {
	return len(b) >= 3 && (b[0] == 0x16 || b[0] == 0x15) && b[1] == 3 && b[2] <= 4
}

// firstLine is b up to its first line end, and whether it has one.
func firstLine(b []byte) (line []byte, whole bool) {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return bytes.TrimRight(b[:i], "\r"), true
	}
	return b, false
}

// asciiUpper is a short word in upper case; longer ones are cut, as no word
// that is compared with is so long.
func asciiUpper(b []byte) string {
	const most = 32
	if len(b) > most {
		b = b[:most]
	}
	return string(bytes.ToUpper(b))
}
