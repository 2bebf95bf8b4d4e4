package decode

// A recent remembers a value for each of the latest so many keys, which are
// hashes. Its memory grows with what it holds.
type recent[V any] struct {
	most  int
	list  []recentEntry[V] // in the order in which they came; a ring once there are most
	next  int              // the oldest of a ring
	index []uint32         // open addressing by key: 1 + the place in list, 0: free
	n     int              // of index in use
}

type recentEntry[V any] struct {
	key   uint64
	value V
}

// find returns where in index the key is, or would be.
func (r *recent[V]) find(key uint64) (slot int, ok bool) {
	mask := len(r.index) - 1
	for i := int(key) & mask; ; i = (i + 1) & mask {
		switch place := r.index[i]; {
		case place == 0:
			return i, false
		case r.list[place-1].key == key:
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
	return &r.list[r.index[slot]-1].value
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
		if slot, ok := r.find(r.list[place].key); ok && int(r.index[slot]) == place+1 {
			r.free(slot)
		}
		r.list[place] = e
		r.next = (place + 1) % r.most
	}
	if 2*(r.n+1) > len(r.index) {
		r.grow()
	}
	slot, _ := r.find(key)
	r.index[slot] = uint32(place + 1)
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
	for j := (slot + 1) & mask; r.index[j] != 0; j = (j + 1) & mask {
		if home := int(r.list[r.index[j]-1].key) & mask; (j-home)&mask >= (j-slot)&mask {
			r.index[slot] = r.index[j]
			slot = j
		}
	}
	r.index[slot] = 0
	r.n--
}

func (r *recent[V]) grow() {
	old := r.index
	r.index = make([]uint32, max(64, 2*len(old)))
	mask := len(r.index) - 1
	for _, place := range old {
		if place == 0 {
			continue
		}
		i := int(r.list[place-1].key) & mask
		for r.index[i] != 0 {
			i = (i + 1) & mask
		}
		r.index[i] = place
	}
}
