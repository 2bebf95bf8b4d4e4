package flow

// A connTable finds the newest connection between two ports by the hash of its
// packets (Packet.Hash): an open-addressing table with linear probing, in which
// a removed entry leaves no grave. The hash alone decides nothing: the ends are
// compared.
type connTable struct {
	slots []connSlot // a power of two
	n     int
}

type connSlot struct {
	hash uint64
	c    *Conn // nil: empty
}

const tableMin = 256

// get returns the connection of a key, nil if there is none.
func (t *connTable) get(hash uint64, key *connKey) *Conn {
	if t.n == 0 {
		return nil
	}
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; t.slots[i].c != nil; i = (i + 1) & mask {
		if s := &t.slots[i]; s.hash == hash && s.c.key == *key {
			return s.c
		}
	}
	return nil
}

// set enters c, instead of the connection of the same key if there is one.
func (t *connTable) set(c *Conn) {
	if 2*(t.n+1) > len(t.slots) {
		t.grow()
	}
	mask := uint64(len(t.slots) - 1)
	i := c.hash & mask
	for ; t.slots[i].c != nil; i = (i + 1) & mask {
		if s := &t.slots[i]; s.hash == c.hash && s.c.key == c.key {
			s.c = c
			return
		}
	}
	t.slots[i] = connSlot{c.hash, c}
	t.n++
}

// remove takes the entry of c's key out. Those behind it that it displaced move
// up.
func (t *connTable) remove(c *Conn) {
	if t.n == 0 {
		return
	}
	mask := uint64(len(t.slots) - 1)
	i := c.hash & mask
	for ; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.c == nil {
			return
		}
		if s.hash == c.hash && s.c.key == c.key {
			break
		}
	}
	for j := (i + 1) & mask; t.slots[j].c != nil; j = (j + 1) & mask {
		// An entry may stand anywhere from its home on, round the end.
		if home := t.slots[j].hash & mask; (j-home)&mask >= (j-i)&mask {
			t.slots[i] = t.slots[j]
			i = j
		}
	}
	t.slots[i] = connSlot{}
	t.n--
}

func (t *connTable) grow() {
	old := t.slots
	t.slots = make([]connSlot, max(tableMin, 2*len(old)))
	mask := uint64(len(t.slots) - 1)
	for _, s := range old {
		if s.c == nil {
			continue
		}
		i := s.hash & mask
		for t.slots[i].c != nil {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}
