package redact

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// text puts pseudonyms into text for people or programs: the words of protocols
// stay, unless they stand in a name or are known as one; those that are not known
// do not.
func (r *Redactor) text(b []byte) {
	var done [][2]int // addresses, with their ports
	for from := 0; from < len(b); {
		to := from
		for to < len(b) && (b[to] == '.' || b[to] == ':' || hexDigit(b[to])) {
			to++
		}
		if to-from >= 3 && (from == 0 || !inLabel(b[from-1])) && (to == len(b) || !inLabel(b[to])) {
			word := bytes.TrimRight(b[from:to], ".:")
			bare := word
			if i := bytes.IndexByte(word, ':'); i > 0 && bytes.IndexByte(word[i+1:], ':') < 0 {
				bare = word[:i]
			}
			if r.address(bare) {
				done = append(done, [2]int{from, from + len(word)})
			}
		}
		from = max(to, from+1)
	}
	host := dotted{b: b}
	eachLabel(b, func(from, to int) {
		for len(done) > 0 && done[0][1] <= from {
			done = done[1:]
		}
		if len(done) > 0 && done[0][0] <= from {
			return
		}
		for from < to && (b[from] == '-' || b[from] == '_') { // -ERR
			from++
		}
		low := string(asciiLower(b[from:to]))
		switch inName := host.holds(from, to); {
		case top(b, from, to), inName && reserved[low]:
		case inName:
			r.names.own(low, false)
			r.names.label(b[from:to])
		case !kept(low), r.names.owned[low] && !verbs[low]:
			r.names.label(b[from:to])
		}
	})
}

// A dotted finds words that stand in names: mail in mail.contoso.com, user in
// user@contoso.com.
type dotted struct {
	b        []byte
	from, to int // the run that was looked at last
	named    bool
}

// holds tells whether the label stands in a run of labels, with a dot or an @
// between each two, of which one is no word of protocols.
func (d *dotted) holds(from, to int) bool {
	if from >= d.to {
		d.from, d.to, d.named = from, from, false
		for at, labels, foreign := from, 0, false; ; at++ {
			start := at
			for at < len(d.b) && inLabel(d.b[at]) {
				at++
			}
			if at == start {
				break
			}
			labels++
			low := asciiLower(d.b[start:at])
			foreign = foreign || !kept(string(low)) && !number(low) && !top(d.b, start, at)
			d.to, d.named = at, foreign && labels > 1
			if at+1 >= len(d.b) || d.b[at] != '.' && d.b[at] != '@' || !inLabel(d.b[at+1]) {
				break
			}
		}
	}
	return d.named && from >= d.from && to <= d.to
}

func hexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// address puts another address in place of one in text; false when b is none.
func (r *Redactor) address(b []byte) bool {
	if len(b) < 3 || len(b) > 45 {
		return false
	}
	a, err := netip.ParseAddr(string(b))
	if err != nil || a.Zone() != "" {
		return false
	}
	if s := r.addrs.of(a).String(); len(s) == len(b) && !strings.ContainsAny(string(b), "ABCDEF") {
		copy(b, s)
	} else {
		r.names.label(b) // spelt otherwise than usual
	}
	return true
}

// wide does to UTF-16 what is done to text or names.
func wide(b []byte, do func([]byte)) {
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	narrow := true
	for _, c := range u {
		narrow = narrow && c < utf8.RuneSelf
	}
	if narrow {
		s := make([]byte, len(u))
		for i, c := range u {
			s[i] = byte(c)
		}
		do(s)
		for i, c := range s {
			u[i] = uint16(c)
		}
	} else {
		s := []byte(string(utf16.Decode(u)))
		do(s)
		v := utf16.Encode([]rune(string(s)))
		for i := range u {
			u[i] = 'x'
			if i < len(v) {
				u[i] = v[i]
			}
		}
	}
	for i, c := range u {
		binary.LittleEndian.PutUint16(b[2*i:], c)
	}
	if len(b)%2 == 1 {
		b[len(b)-1] = 0
	}
}
