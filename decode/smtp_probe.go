package decode

import "bytes"

// smtpCommand tells whether a line begins with a command that only SMTP (or
// LMTP) has.
func smtpCommand(line []byte) bool {
	verb, rest, space := bytes.Cut(line, []byte(" "))
	switch oneOf(smtpVerbs, verb) {
	case "EHLO", "HELO", "LHLO":
		return space
	case "AUTH", "X-EXPS":
		mech, _, _ := bytes.Cut(rest, []byte(" "))
		return space && (tokenMech(asciiUpper(mech)) || saslPassword(asciiUpper(mech)))
	case "MAIL":
		return prefixFold(rest, "FROM:")
	case "RCPT":
		return prefixFold(rest, "TO:")
	case "X-ANONYMOUSTLS":
		return true
	}
	return false
}

var smtpVerbs = []string{"EHLO", "HELO", "LHLO", "AUTH", "X-EXPS", "MAIL", "RCPT", "X-ANONYMOUSTLS"}

// probeSMTP knows SMTP by the client's commands, by a banner that says SMTP,
// and on its ports by any line of text.
func probeSMTP(up, down []byte, port uint16) verdict {
	home := port == 25 || port == 587 || port == 2525
	u, v := probeSMTPClient(up, home), probeSMTPServer(down, home)
	switch {
	case len(up) > 0 && u == no, len(down) > 0 && v == no:
		return no
	case u == yes || v == yes:
		return yes
	}
	return needMore
}

// probeSMTPClient judges what the client says. needMore: possible.
func probeSMTPClient(up []byte, home bool) verdict {
	if len(up) == 0 {
		return needMore
	}
	if !printable(up[:min(len(up), 16)]) || smtpCode(up) > 0 && len(up) > 3 {
		return no
	}
	line, whole := firstLine(up)
	switch {
	case smtpCommand(line) && (whole || len(line) > 8):
		return yes
	case !whole && len(up) < 24:
		return needMore
	case tokenLine(line[:len(line)&^3]):
		if home {
			return yes
		}
		return needMore // 334 or 235 must say so
	case home && whole:
		return yes
	case home && len(up) < maxProbe:
		return needMore
	}
	return no
}

// probeSMTPServer judges what the server says. needMore: possible.
func probeSMTPServer(down []byte, home bool) verdict {
	if len(down) < 4 {
		for i, c := range down {
			if c < '0' || c > '9' || i == 0 && (c < '2' || c > '5') {
				return no
			}
		}
		return needMore
	}
	code := smtpCode(down)
	line, whole := firstLine(down)
	switch {
	case code == 0:
		// A stream picked up in the middle of a reply.
		if home && printable(down[:min(len(down), 16)]) {
			return needMore
		}
		return no
	case home:
		return yes
	case code == 220 && containsFold(line[:min(len(line), 512)], "SMTP"):
		return yes
	case code == 334, code == 235, code == 535, code == 454:
		if whole {
			return yes
		}
	}
	return needMore
}

// printable tells whether b is ASCII text.
func printable(b []byte) bool {
	for _, c := range b {
		if (c < 0x20 || c > 0x7e) && c != '\r' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}
