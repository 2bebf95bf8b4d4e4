package etl

import (
	"hash/maphash"
)

// One packet is logged at every layer that it crosses. Where pktmon numbers
// packets, a number tells its copies; elsewhere equal bytes at another layer a
// moment later do. A packet that one layer sees twice is two packets.
const (
	copyTime   = 20e6 // ns within which equal bytes are a copy
	numberTime = 2e9  // ns within which the same packet number is
	holdTime   = 20e6 // ns for which a packet waits for a better copy
	maxHeld    = 4096 // packets that wait
	maxWaiting = 8 << 20
	maxKnown   = 1 << 15
	maxLayers  = 16
	maxAlike   = 16 // packets that begin alike
)

// A packetID is what pktmon calls a packet; given is false where it does not.
type packetID struct {
	group  uint64
	number uint16
	part   uint16 // of several frames in one 802.11 frame
	given  bool
}

// A layer is where a packet was seen.
type layer struct {
	kind     byte
	id, port uint32
	natural  bool // the network card itself, not a filter above it
}

// A copyKey is what all copies have in common, however they were cut.
type copyKey struct {
	id        packetID
	hash      uint64
	length    int
	etherType uint16
}

// A known packet has been seen less than its time ago.
type known struct {
	key   copyKey
	whole uint64 // hash of all of it; 0: only cut copies were seen
	next  *known // another one with the same key
	time  int64  // when it was last kept
	kept  int    // times that it was kept
	held  *held  // the last of these, while it waits
	rank  int
	times [maxLayers]struct {
		at layer
		n  int
	}
	layers int
}

// find returns the packet of which one with this key is a copy; nil if there
// is none. whole is 0 for a cut one.
func (c *copies) find(key copyKey, whole uint64) *known {
	for k := c.known[key]; k != nil; k = k.next {
		if whole == 0 || k.whole == 0 || whole == k.whole {
			return k
		}
	}
	return nil
}

// remember adds a packet to those known, and forgets those of long ago.
func (c *copies) remember(key copyKey, time int64) *known {
	if key.id.given {
		c.memory = numberTime
	}
	for c.recent.len() > 0 && (c.recent.len() > maxKnown || c.recent.first().time < c.now-c.memory) {
		c.forget(c.recent.pop())
	}
	k := take(&c.old)
	k.key, k.time = key, time
	if time != NoTime {
		k.next = c.known[key]
		last := k
		for range maxAlike {
			if last.next == nil {
				break
			}
			last = last.next
		}
		last.next = nil
		c.known[key] = k
		c.recent.push(k)
	}
	return k
}

func (c *copies) forget(old *known) {
	c.unlink(old)
	if old.held != nil {
		old.held.known = nil
	}
	*old = known{}
	c.old = append(c.old, old)
}

func (c *copies) unlink(old *known) {
	first := c.known[old.key]
	if first == old {
		if old.next == nil {
			delete(c.known, old.key)
		} else {
			c.known[old.key] = old.next
		}
		return
	}
	for k := first; k != nil; k = k.next {
		if k.next == old {
			k.next = old.next
			return
		}
	}
}

// count returns how often the packet was seen at a layer, this time included.
func (k *known) count(at layer) int {
	for i := range k.times[:k.layers] {
		if k.times[i].at == at {
			k.times[i].n++
			return k.times[i].n
		}
	}
	if k.layers == maxLayers {
		return 1
	}
	k.times[k.layers].at, k.times[k.layers].n = at, 1
	k.layers++
	return 1
}

// A held packet waits for its turn.
type held struct {
	p     Packet
	known *known
	dead  bool // a better copy took its place
}

// copies are the packets of the last moments.
type copies struct {
	seed   maphash.Seed
	known  map[copyKey]*known
	recent fifo[*known] // by time
	queue  fifo[*held]  // by time
	bytes  int          // in queue
	now    int64
	memory int64 // ns for which packets are known
	spare  []*held
	old    []*known
}

// A fifo is a queue that uses its memory again.
type fifo[T any] struct {
	list []T
	head int
}

func (f *fifo[T]) len() int { return len(f.list) - f.head }
func (f *fifo[T]) push(v T) {
	if f.head > 64 && 2*f.head > len(f.list) {
		n := copy(f.list, f.list[f.head:])
		clear(f.list[n:])
		f.list, f.head = f.list[:n], 0
	}
	f.list = append(f.list, v)
}
func (f *fifo[T]) first() T { return f.list[f.head] }
func (f *fifo[T]) pop() (v T) {
	v, f.list[f.head] = f.list[f.head], v
	f.head++
	return v
}

// add takes a packet as it was logged.
func (r *Reader) add(p *Packet, data []byte, from layer, id packetID) {
	c := &r.copies
	if p.Time != NoTime {
		c.now = p.Time
	}
	h := r.hold(p, data)
	if r.options.AllCopies {
		c.enqueue(h)
		return
	}
	key, whole, within := copyKey{id: id}, uint64(0), int64(numberTime)
	if !id.given {
		key, whole = r.content(p, data)
		within = copyTime
	}
	rank := rankOf(p, from)
	k := c.find(key, whole)
	if k == nil || p.Time == NoTime || p.Time-k.time > within || p.Time < k.time-within {
		k = c.remember(key, p.Time)
	}
	if whole != 0 {
		k.whole = whole
	}
	n := k.count(from)
	if id.given && k.kept > 0 {
		n = k.kept
	}
	switch {
	case n > k.kept:
		k.kept, k.time = n, p.Time
	case n == k.kept && k.held != nil && rank > k.rank:
		k.held.dead = true
		k.held.known = nil
		r.Counts.Copies++
	default:
		r.Counts.Copies++
		r.release(h)
		return
	}
	k.rank, k.held, h.known = rank, h, k
	c.enqueue(h)
}

// enqueue puts a packet where its time belongs: one that was logged in parts
// comes when its last part does.
func (c *copies) enqueue(h *held) {
	c.queue.push(h)
	list := c.queue.list[c.queue.head:]
	for i := len(list) - 1; i > 0 && h.p.Time != NoTime && list[i-1].p.Time > h.p.Time; i-- {
		list[i], list[i-1] = list[i-1], list[i]
	}
}

// rankOf orders copies: whole ones first, then those with a link header, then
// those of the card itself.
func rankOf(p *Packet, from layer) (rank int) {
	if int(p.Wire) <= len(p.Data) {
		rank += 8
	}
	if p.Link == LinkEthernet {
		rank += 4
		if !p.iface.wifi && p.iface.kind != ifaceWiFi {
			rank += 2
		}
	}
	if from.natural {
		rank++
	}
	return rank
}

// take returns one of those that are free, or a new one.
func take[T any](free *[]*T) *T {
	if n := len(*free); n > 0 {
		v := (*free)[n-1]
		*free = (*free)[:n-1]
		return v
	}
	return new(T)
}

// hold copies a packet.
func (r *Reader) hold(p *Packet, data []byte) *held {
	c := &r.copies
	h := take(&c.spare)
	buf := append(h.p.Data[:0], data...)
	*h = held{p: *p}
	h.p.Data = buf
	c.bytes += len(buf)
	*p = h.p
	return h
}

func (r *Reader) release(h *held) {
	r.copies.bytes -= len(h.p.Data)
	if cap(h.p.Data) <= 4096 || len(r.copies.spare) < 16 {
		r.copies.spare = append(r.copies.spare, h)
	}
}

// due returns the next packet whose turn it is; nil if it may still be bettered.
func (r *Reader) due(end bool) *held {
	c := &r.copies
	for c.queue.len() > 0 {
		h := c.queue.first()
		waits := h.p.Time != NoTime && h.p.Time <= c.now && h.p.Time > c.now-holdTime
		if !h.dead && waits && !end && c.queue.len() <= maxHeld && c.bytes <= maxWaiting {
			return nil
		}
		c.queue.pop()
		if !h.dead {
			if h.known != nil {
				h.known.held = nil
			}
			return h
		}
		r.release(h)
	}
	return nil
}

// content returns what copies of a packet have in common: of its network layer
// the beginning, as copies are cut at different places of it; and a hash of
// all of it unless it is cut.
func (r *Reader) content(p *Packet, data []byte) (key copyKey, whole uint64) {
	etherType, b, wire, ok := network(p.Link, data)
	if !ok {
		b, wire = data, int(p.Wire)
	}
	key = copyKey{length: wire, etherType: etherType}
	if wire <= len(b) {
		whole = max(1, r.hash(etherType, b))
	}
	for _, n := range []int{60, 40, 20} {
		if len(b) >= n {
			b = b[:n]
			break
		}
	}
	key.hash = r.hash(etherType, b)
	return key, whole
}

// hash leaves out the checksums, which the card fills in.
func (r *Reader) hash(etherType uint16, b []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(r.copies.seed)
	at := 0
	for _, skip := range checksums(etherType, b) {
		if skip > 0 && skip+2 <= len(b) {
			h.Write(b[at:skip])
			at = skip + 2
		}
	}
	h.Write(b[at:])
	return h.Sum64()
}

// checksums returns where those of IPv4, and of TCP or UDP, stand; 0: nowhere.
func checksums(etherType uint16, b []byte) (at [2]int) {
	var proto byte
	var payload int
	switch {
	case etherType == etherIPv4 && len(b) >= 20:
		at[0] = 10
		if b[6]&0x1f != 0 || b[7] != 0 {
			return at
		}
		proto, payload = b[9], int(b[0]&15)*4
	case etherType == etherIPv6 && len(b) >= 40:
		proto, payload = b[6], 40
	}
	switch {
	case payload < 20:
	case proto == 6:
		at[1] = payload + 16
	case proto == 17:
		at[1] = payload + 6
	}
	return at
}
