package redact

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// netbiosLength is where NetBIOS cuts a host's name, [MS-NBTE] §2.2.1.
const netbiosLength = 15

// maxLabels is how many labels are kept apart from each other; of more, two
// may get the same pseudonym.
const maxLabels = 1 << 20

// names gives labels their pseudonyms: what stands between the dots, slashes
// and blanks of names.
type names struct {
	r      *Redactor
	labels map[string]string // lower case to lower case
	used   map[string]bool
	realms map[string]bool // lower case
	owned  map[string]bool // words of protocols that were seen as somebody's name
}

func newNames(r *Redactor) names {
	return names{r: r, labels: map[string]string{}, used: map[string]bool{}, realms: map[string]bool{}, owned: map[string]bool{}}
}

// label puts the pseudonym of a label in its place: letters for letters, digits
// for digits, upper case where it was.
func (n *names) label(b []byte) {
	of := string(asciiLower(b))
	is, ok := n.labels[of]
	switch {
	case ok:
	case len(n.labels) < maxLabels:
		is = n.invent(of)
		n.labels[of], n.used[is] = is, true
	default:
		is = n.draw(of, "", 0)
	}
	for i := range b {
		c := is[i]
		if b[i] >= 'A' && b[i] <= 'Z' && c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		b[i] = c
	}
}

// invent makes a pseudonym that no other label has. What NetBIOS would cut off
// a longer name is cut off its pseudonym.
func (n *names) invent(of string) string {
	head := ""
	if len(of) > netbiosLength && utf8.ValidString(of[:netbiosLength]) {
		cut := []byte(of[:netbiosLength])
		n.label(cut)
		head = string(cut)
	}
	is := of
	for try := uint32(0); try < tries(of); try++ {
		is = head + n.draw(of, head, try)
		if is != of && !n.used[is] && !kept(is) {
			break
		}
	}
	return is
}

// tries is how often a pseudonym of a label is looked for: not long where there
// are few.
func tries(of string) uint32 {
	drawn := 0
	for i := range len(of) {
		if of[i] != '-' && of[i] != '_' {
			drawn++
		}
	}
	switch drawn {
	case 0:
		return 0
	case 1:
		return 256
	}
	return 4096
}

const (
	vowels     = "aeiou"
	consonants = "bcdfghjklmnprstvz"
	letters    = "abcdefghijklmnopqrstuvwxyz"
)

// draw draws a pseudonym for what stands behind head; the first tries can be
// spoken.
func (n *names) draw(of, head string, try uint32) string {
	var count [4]byte
	binary.BigEndian.PutUint32(count[:], try)
	random := n.r.sum("label", []byte(of), count[:])
	next := func(from int) int {
		if len(random) < 2 {
			random = n.r.sum("more", []byte(of), count[:], random)
		}
		v := int(binary.BigEndian.Uint16(random)) % from
		random = random[2:]
		return v
	}
	var b strings.Builder
	vowel := next(3) == 0
	for i := len(head); i < len(of); {
		c, size := utf8.DecodeRuneInString(of[i:])
		switch {
		case c >= 'a' && c <= 'z' && try < 64:
			set := consonants
			if vowel {
				set = vowels
			}
			vowel = !vowel
			b.WriteByte(set[next(len(set))])
		case c >= '0' && c <= '9':
			b.WriteByte(byte('0' + next(10)))
		case c < utf8.RuneSelf && !(c >= 'a' && c <= 'z'):
			b.WriteByte(byte(c))
		case size == 2:
			b.WriteRune(rune(0xe0 + next(23)))
		case size == 3:
			b.WriteRune(rune(0x4e00 + next(0x4000)))
		case size == 4:
			b.WriteRune(rune(0x20000 + next(0x4000)))
		default:
			b.WriteByte(letters[next(len(letters))])
		}
		i += size
	}
	return b.String()
}

func asciiLower(b []byte) []byte {
	l := bytes.Clone(b)
	for i, c := range l {
		if c >= 'A' && c <= 'Z' {
			l[i] = c + 'a' - 'A'
		}
	}
	return l
}

// inLabel tells the bytes of labels; all others stand between them.
func inLabel(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c >= utf8.RuneSelf
}

// eachLabel calls what with every label of b and its offset.
func eachLabel(b []byte, what func(from, to int)) {
	for at := 0; at < len(b); at++ {
		if !inLabel(b[at]) {
			continue
		}
		from := at
		for at < len(b) && inLabel(b[at]) {
			at++
		}
		what(from, at)
	}
}

// name puts pseudonyms into a name: of a realm, a principal's component, a host,
// a user. Words that name no one stay: the last label of a domain, those of the
// locator.
func (r *Redactor) name(b []byte) {
	if r.address(b) {
		return
	}
	sentence := bytes.IndexByte(b, ' ') >= 0
	eachLabel(b, func(from, to int) {
		l := b[from:to]
		low := asciiLower(l)
		switch {
		case reserved[string(low)], top(b, from, to):
		case len(l) > 1 && l[0] == '_' && locator[string(low)]:
		default:
			r.names.own(string(low), sentence)
			r.names.label(l)
		}
	})
}

// own remembers a word of protocols that is a name here; not one of a sentence
// (the issuer of a certificate).
func (n *names) own(label string, sentence bool) {
	if !sentence && kept(label) {
		n.owned[label] = true
	}
}

// top tells whether a label is the last of a domain and says nothing of whose
// it is.
func top(b []byte, from, to int) bool {
	return from > 1 && b[from-1] == '.' && inLabel(b[from-2]) && !(to+1 < len(b) && b[to] == '.' && inLabel(b[to+1])) && topLevel[string(asciiLower(b[from:to]))]
}

// principal puts pseudonyms into the components of a name: the class of a
// service stays.
func (r *Redactor) principal(components [][]byte) {
	for i, c := range components {
		low := string(asciiLower(c))
		if len(components) > 1 && i == 0 && serviceClass[low] || i == 1 && low == "admin" && string(asciiLower(components[0])) == "kadmin" {
			continue
		}
		if at := bytes.IndexByte(c, '/'); at > 0 && serviceClass[string(asciiLower(c[:at]))] {
			c = c[at:] // an SPN in one component
		}
		r.name(c)
	}
}

// realm is name, and remembers that salts may begin with it.
func (r *Redactor) realm(b []byte) {
	if len(r.names.realms) < 4096 {
		r.names.realms[string(asciiLower(b))] = true
	}
	r.name(b)
}

// salt puts pseudonyms into a salt: the realm, then what stands behind it: the
// components of a principal without anything between them (RFC 4120 §4), or
// "host" and the name of a machine ([MS-KILE] §3.1.1.2).
func (r *Redactor) salt(b []byte) {
	low := asciiLower(b)
	at := 0
	for of := range r.names.realms {
		if len(of) > at && bytes.HasPrefix(low, []byte(of)) {
			at = len(of)
		}
	}
	r.name(b[:at])
	rest := b[at:]
	end := bytes.IndexByte(rest, '.')
	if end < 0 {
		end = len(rest)
	}
	for _, n := range r.split(string(low[at : at+end])) {
		if !serviceClass[string(low[at:at+n])] || n == end {
			r.name(rest[:n])
		}
		rest, at = rest[n:], at+n
	}
	r.name(rest)
}

// split takes a label apart into known labels and classes of services, the
// fewest there can be; it is left whole when it is known or that fails.
func (r *Redactor) split(label string) []int {
	const most = 128
	if r.known(label) || len(label) > most {
		return []int{len(label)}
	}
	var from, parts [most + 1]int
	for to := 1; to <= len(label); to++ {
		parts[to] = most
		for at := range to {
			if parts[at] < most && parts[at]+1 < parts[to] && (r.known(label[at:to]) || serviceClass[label[at:to]]) {
				parts[to], from[to] = parts[at]+1, at
			}
		}
	}
	if parts[len(label)] == most {
		return []int{len(label)}
	}
	var sizes []int
	for to := len(label); to > 0; to = from[to] {
		sizes = append([]int{to - from[to]}, sizes...)
	}
	return sizes
}

// known tells whether a label was seen elsewhere, or names nobody.
func (r *Redactor) known(label string) bool {
	_, ok := r.names.labels[label]
	return ok || reserved[label]
}
