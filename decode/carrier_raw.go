package decode

import (
	"bytes"

	"kerbscope/decode/krb5"
)

// rawCarrier reads what no carrier claims: it finds Kerberos messages by their
// content wherever they stand in the stream. It is no row of the table, as it
// claims nothing.
var rawCarrier = carrier{
	name: "raw",
	open: func(s *stream) parser { return &rawParser{s: s} },
}

// rawWindow is how much may wait in front of a message that is not complete.
const rawWindow = 256 << 10

// rawQuiet is how many bytes without a message are read before the gate alone
// searches what follows.
const rawQuiet = 16 << 10

type rawParser struct {
	s     *stream
	quiet int // bytes since the last message
}

func (p *rawParser) feed(d dir) {
	s := p.s
	for {
		b := s.bytes(d)
		if len(b) == 0 {
			if s.gap(d) {
				s.skipGap(d)
				continue
			}
			return
		}
		at, size, ok := findMessage(b)
		if i := base64Token(b); i >= 0 && (!ok || i < at) {
			if !p.base64(d, b, i) {
				return
			}
			continue
		}
		if !ok {
			// The last bytes may be the beginning of a needle's surroundings,
			// or of base64.
			keep := min(len(b), headRoom+len(needle)-1)
			if s.atGap(d) {
				keep = 0
			}
			s.discard(d, len(b)-keep)
			if p.quiet += len(b) - keep; p.quiet > rawQuiet && s.udp == nil {
				s.idle()
				return
			}
			if keep == 0 {
				continue
			}
			return
		}
		if at+size > len(b) {
			if !s.atGap(d) && at+size <= rawWindow {
				s.discard(d, tokenStart(b, at))
				return
			}
			size = len(b) - at
		}
		start := tokenStart(b, at)
		tok := b[start : at+size]
		p.quiet = 0
		s.token(d, start, len(tok), tok, tokenAt{})
		s.discard(d, at+size)
	}
}

// base64 reads a token in base64 at index i of b, of text whose beginning was
// not captured. It returns false if more of it is to come.
func (p *rawParser) base64(d dir, b []byte, i int) bool {
	s := p.s
	tok, n := decodeBase64(nil, b[i:])
	if i+n == len(b) && !s.atGap(d) && n <= rawWindow {
		s.discard(d, i)
		return false
	}
	p.quiet = 0
	s.token(d, i, n, tok, tokenAt{})
	s.discard(d, i+n)
	return true
}

// headRoom is how far before its pvno a Kerberos message, with its GSS header,
// can start.
const headRoom = 48

// findMessage finds the first Kerberos message in b by its needle: where it
// starts and how long it is, which may be beyond b.
func findMessage(b []byte) (at, size int, ok bool) {
	for from := 0; ; {
		i := bytes.Index(b[from:], needle)
		if i < 0 {
			return 0, 0, false
		}
		i += from
		from = i + 1
		// 6X len 30 len a0|a1 [03 02 01 05]: the tag stands 5 to 13 bytes before.
		for j := i - 5; j >= max(0, i-14); j-- {
			if n, v := krb5.Probe(b[j:]); v == krb5.Yes {
				return j, n, true
			}
		}
	}
}

// tokenStart finds the GSS header that stands right before the Kerberos
// message at index at: 60 length 06 length OID, two bytes of token id.
func tokenStart(b []byte, at int) int {
	for j := at - 15; j >= max(0, at-headRoom); j-- {
		if b[j] != 0x60 {
			continue
		}
		h := 2
		if b[j+1]&0x80 != 0 {
			h += int(b[j+1] & 0x7f)
		}
		if j+h+2 > at || b[j+h] != 0x06 {
			continue
		}
		if j+h+2+int(b[j+h+1])+2 == at {
			return j
		}
	}
	return at
}
