package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escape makes text from a capture safe to print: control characters (also
// newline and ESC), marks that change the writing direction, invisible
// characters and bytes that are no UTF-8 become \n, \x1b, \u202e, \xff.
func escape(s string) string {
	if plainASCII(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		case hidden(r):
			if r > 0xffff {
				fmt.Fprintf(&b, `\U%08x`, r)
			} else {
				fmt.Fprintf(&b, `\u%04x`, r)
			}
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// hidden tells characters beyond ASCII that a terminal obeys or does not show:
// C1 controls, format characters (bidirectional marks, joiners, the byte order
// mark), line and paragraph separators, and what is not assigned or private.
func hidden(r rune) bool {
	if r < 0x7f {
		return false
	}
	return !unicode.IsGraphic(r) || unicode.Is(unicode.Cf, r) || r == 0x2028 || r == 0x2029 ||
		r == 0xa0 || r != ' ' && unicode.Is(unicode.Zs, r)
}

// escapeJSON writes hidden characters of JSON text as \uXXXX. They can stand
// in strings only, so the value stays the same, and a terminal that the JSON
// is looked at on obeys none of them.
func escapeJSON(b []byte) []byte {
	if plainJSON(b) {
		return b
	}
	out := make([]byte, 0, len(b)+len(b)/16)
	for len(b) > 0 {
		plain := 0
		for plain < len(b) && b[plain] < 0x7f {
			plain++
		}
		out = append(out, b[:plain]...)
		if b = b[plain:]; len(b) == 0 {
			break
		}
		r, n := utf8.DecodeRune(b)
		switch {
		case r != '\n' && (r == 0x7f || hidden(r)) && r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		case r == 0x7f || hidden(r):
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return out
}

func plainJSON(b []byte) bool {
	for _, c := range b {
		if c >= 0x7f {
			return false
		}
	}
	return true
}

// typography gives the ASCII spelling of the signs that our own texts use.
var typography = strings.NewReplacer(
	"…", "...", "–", "-", "—", "-", "→", "->", "▶", ">", "≥", ">=", "≤", "<=", "×", "x", "µ", "u", "±", "+/-",
	"“", `"`, "”", `"`, "‘", "'", "’", "'", "§§", "sections ", "§ ", "section ", "§", "section ", "·", "-", "≠", "!=", " ", " ")

// quote puts an argument into a message.
func quote(s string) string { return `"` + escape(s) + `"` }
