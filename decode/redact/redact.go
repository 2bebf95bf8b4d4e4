// Package redact makes captures fit to be given away: names, addresses and
// whatever is secret or not understood are taken out of packets, lengths and
// what diagnoses rest on stay.
//
// It works by a list of what may stay: bytes that no reader here knows are
// wiped. Names become others of the same length and shape, the same everywhere;
// bytes that are encrypted, hashed or random become others of the same length,
// equal ones equal. Nothing of it can be undone without the key, which is
// random unless it is given.
package redact

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"time"
)

// A Redactor holds what takes the place of what. It is not safe for concurrent
// use: which pseudonym a name gets depends on those that came before it.
type Redactor struct {
	key   [sha256.Size]byte
	shift time.Duration
	names names
	addrs addrs

	nested int // tokens within each other that are being read
}

// New makes a Redactor. Equal seeds give equal results for equal input, and
// whoever has the seed can guess names; without one the key is random. All
// times that are read are shifted by a duration.
func New(seed string, shift time.Duration) *Redactor {
	r := &Redactor{shift: shift.Truncate(time.Second)}
	if seed == "" {
		rand.Read(r.key[:])
	} else {
		r.key = sha256.Sum256([]byte("kerbscope redact\x00" + seed))
	}
	r.names = newNames(r)
	r.addrs = addrs{r: r, known: map[netip.Addr]netip.Addr{}, back: map[string]string{}}
	return r
}

// Shift is what all times are shifted by.
func (r *Redactor) Shift() time.Duration { return r.shift }

// Map is every pseudonym with what it stands for: labels of names in lower
// case, and addresses.
func (r *Redactor) Map() map[string]string {
	m := map[string]string{}
	for of, is := range r.names.labels {
		m[is] = of
	}
	for is, of := range r.addrs.back {
		m[is] = of
	}
	return m
}

// sum is a keyed hash of parts, of a kind.
func (r *Redactor) sum(kind string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, r.key[:])
	h.Write([]byte(kind))
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write(p)
	}
	return h.Sum(nil)
}

// hide puts other bytes in place of b; equal bytes become equal ones.
func (r *Redactor) hide(b []byte) {
	if len(b) == 0 {
		return
	}
	seed := r.sum("bytes", b)
	var n [4]byte
	for at, i := 0, uint32(0); at < len(b); i++ {
		binary.BigEndian.PutUint32(n[:], i)
		h := sha256.New()
		h.Write(seed)
		h.Write(n[:])
		at += copy(b[at:], h.Sum(nil))
	}
}

// wipe takes out bytes that nothing is known of.
func wipe(b []byte) { clear(b) }

// blank takes out text, but for the ends of its lines.
func blank(b []byte) {
	for i, c := range b {
		if c != '\r' && c != '\n' {
			b[i] = 'x'
		}
	}
}

// part is b from an offset on, n bytes or as many as there are; nil when it
// begins beyond the end.
func part(b []byte, off, n int) []byte {
	if off < 0 || n <= 0 || off >= len(b) {
		return nil
	}
	return b[off : off+min(n, len(b)-off)]
}
