package filter

import "strings"

// A token is a word or an operator of a filter.
type token struct {
	text string // "" at the end
	at   int
}

// lex takes a filter apart. Words are what names, numbers and addresses are
// made of.
func lex(text string) ([]token, *Error) {
	var list []token
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case strings.HasPrefix(text[i:], "&&"), strings.HasPrefix(text[i:], "||"):
			list = append(list, token{text[i : i+2], i})
			i += 2
			continue
		case c == '(' || c == ')' || c == '!' || c == '/':
			list = append(list, token{text[i : i+1], i})
			i++
			continue
		case !wordByte(c):
			e := &Error{Text: text, At: i, What: "a character that is not understood here", Hint: otherHint}
			if strings.IndexByte("[]<>=&|+*%^", c) >= 0 {
				e.What, e.Hint = "comparisons of bytes and numbers are not understood", libpcapHint
			}
			return nil, e
		}
		j := i
		for j < len(text) && wordByte(text[j]) {
			j++
		}
		list = append(list, token{text[i:j], i})
		i = j
	}
	return append(list, token{at: len(text)}), nil
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == ':' || c == '-' || c == '_' || c == '\\'
}

const (
	libpcapHint = "this build reads the common part of the pcap-filter language; one with libpcap (go build -tags libpcap) reads all of it"
	otherHint   = "for example: host 192.0.2.1 and (port 88 or 464)"
)
