package analyze

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// slabs are where Records that live and die together come from: a few large
// pieces are less work than many small ones.
type slabs struct {
	records      []Record
	steps        []Step
	failures     []Failure
	replies      []Reply
	carrierWords []Word
	tickets      []TicketRef
	attempts     []AttemptInfo
	opened       []OpenResult
	keys         []KeyInfo
	strings      []string
	int32s       []int32
	uint32s      []uint32
	int64s       []int64

	hashes map[[sha256.Size]byte]string // in hex
	texts  map[string]string            // strings that no dictionary has
}

// slabLen is how many of a kind are made at a time.
const slabLen = 256

// take is n zero values of their own: nothing can be appended to them in place.
func take[T any](slab *[]T, n int) []T {
	if len(*slab) < n {
		*slab = make([]T, max(n, slabLen))
	}
	list := (*slab)[:n:n]
	*slab = (*slab)[n:]
	return list
}

// hashOf is a SHA-256 as people read it, once for all that are equal.
func (s *slabs) hashOf(sum *[sha256.Size]byte) string {
	text, ok := s.hashes[*sum]
	if !ok {
		if s.hashes == nil {
			s.hashes = map[[sha256.Size]byte]string{}
		}
		text = hex.EncodeToString(sum[:])
		s.hashes[*sum] = text
	}
	return text
}

// own is a copy of text, one for all that are equal.
func (s *slabs) own(text string) string {
	own, ok := s.texts[text]
	if !ok {
		if s.texts == nil {
			s.texts = map[string]string{}
		}
		own = strings.Clone(text)
		s.texts[own] = own
	}
	return own
}
