package decode

// A recent remembers a value for each of the latest so many keys, which are
// hashes. Its memory grows with what it holds.
type recent[V any] struct {
	most  int
	list  []recentEntry[V] // in the order in which they came; a ring once there are most
	next  int              // the oldest of a ring
	index []recentSlot     // open addressing by key
	n     int              // of index in use
}

// A recentSlot holds enough of the key that most others are told from it.
type recentSlot struct {
	tag   uint32
	place uint32 // 1 + that in list; 0: free
}

type recentEntry[V any] struct {
	key   uint64
	value V
}

// find returns where in index the key is, or would be.
func (r *recent[V]) find(key uint64) (slot int, ok bool) {
	mask, tag := len(r.index)-1, uint32(key>>32)
	for i := int(key) & mask; ; i = (i + 1) & mask {
		switch s := r.index[i]; {
		case s.place == 0:
			return i, false
		case s.tag == tag && r.list[s.place-1].key == key:
			return i, true
		}
	}
}

// get returns the value of key, nil: not known. It may be changed until the
// next put.
func (r *recent[V]) get(key uint64) *V {
	if r.n == 0 {
		return nil
	}
	slot, ok := r.find(key)
	if !ok {
		return nil
	}
	return &r.list[r.index[slot].place-1].value
}

// put sets the value of key. One that is new takes the place of the oldest.
func (r *recent[V]) put(key uint64, v V) {
	if o := r.get(key); o != nil {
		*o = v
		return
	}
	e := recentEntry[V]{key, v}
	place := r.next
	if len(r.list) < r.most {
		place = len(r.list)
		r.list = append(r.list, e)
	} else {
		// What was removed may stand in the index again, at another place.
		if slot, ok := r.find(r.list[place].key); ok && int(r.index[slot].place) == place+1 {
			r.free(slot)
		}
		r.list[place] = e
		r.next = (place + 1) % r.most
	}
	if 2*(r.n+1) > len(r.index) {
		r.grow()
	}
	slot, _ := r.find(key)
	r.index[slot] = recentSlot{uint32(key >> 32), uint32(place + 1)}
	r.n++
}

// remove forgets key.
func (r *recent[V]) remove(key uint64) {
	if r.n == 0 {
		return
	}
	if slot, ok := r.find(key); ok {
		r.free(slot)
	}
}

// free empties a slot. Those behind it that it displaced move up.
func (r *recent[V]) free(slot int) {
	mask := len(r.index) - 1
	for j := (slot + 1) & mask; r.index[j].place != 0; j = (j + 1) & mask {
		if home := int(r.list[r.index[j].place-1].key) & mask; (j-home)&mask >= (j-slot)&mask {
			r.index[slot] = r.index[j]
			slot = j
		}
	}
	r.index[slot] = recentSlot{}
	r.n--
}

func (r *recent[V]) grow() {
	old := r.index
	r.index = make([]recentSlot, max(64, 2*len(old)))
	mask := len(r.index) - 1
	for _, s := range old {
		if s.place == 0 {
			continue
		}
		i := int(r.list[s.place-1].key) & mask
		for r.index[i].place != 0 {
			i = (i + 1) & mask
		}
		r.index[i] = s
	}
}
