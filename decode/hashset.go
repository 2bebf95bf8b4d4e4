package decode

// A hashSet is a set of hashes, eight bytes each: an open-addressing table with
// linear probing. The empty one is ready for use.
type hashSet struct {
	slots []uint64 // a power of two; 0: free
	n     int
}

const hashSetMin = 64

// has tells whether h is in the set.
func (s *hashSet) has(h uint64) bool {
	if s.n == 0 {
		return false
	}
	_, found := s.find(h | 1)
	return found
}

// add takes h into the set and tells whether it is new there.
func (s *hashSet) add(h uint64) bool {
	if 2*(s.n+1) > len(s.slots) {
		old := s.slots
		s.slots = make([]uint64, max(hashSetMin, 2*len(old)))
		for _, h := range old {
			if h != 0 {
				i, _ := s.find(h)
				s.slots[i] = h
			}
		}
	}
	i, found := s.find(h | 1)
	if found {
		return false
	}
	s.slots[i] = h | 1
	s.n++
	return true
}

// find returns where h, which is not 0, stands or belongs. Its low bit, always
// set, takes no part in the place.
func (s *hashSet) find(h uint64) (at int, found bool) {
	mask := uint64(len(s.slots) - 1)
	i := h >> 1 & mask
	for ; s.slots[i] != 0; i = (i + 1) & mask {
		if s.slots[i] == h {
			return int(i), true
		}
	}
	return int(i), false
}
