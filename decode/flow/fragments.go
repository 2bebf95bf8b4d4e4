package flow

// FragmentLimits bound Fragments. A zero field means its default.
type FragmentLimits struct {
	Datagrams int   // in progress; default 1024
	Pieces    int   // fragments of one datagram; default 2048
	Bytes     int   // held in all, bookkeeping included; default 16 MiB
	Age       int64 // ns of capture time from the first fragment seen to giving up; default 30 s
	Done      int   // datagrams whose twins are still known; default 256
}

// maxDatagram is the longest payload a datagram can have: lengths and offsets
// are 16 bits (RFC 791, RFC 8200 §4.5).
const maxDatagram = 65535

// A Datagram is a whole datagram put together from fragments. It owns its
// bytes. Payload ends where the snap length first cut a fragment; PayloadWire
// is the whole length.
type Datagram struct {
	Packet            // as Peek would have read it
	Verdict   Verdict // TCP, UDP, ICMP, Tunnel, OtherIP; NotIP, Cut and Malformed as for Peek; Fragment of a datagram in a tunnel
	Frames    []uint64
	FirstTime int64 // capture time of the fragment seen first, ns
	Overlap   bool  // fragments overlapped; the bytes first seen stand
}

// A Lost is a datagram whose fragments never completed.
type Lost struct {
	Src, Dst         IP
	SrcPort, DstPort uint16
	HasPorts         bool // the first fragment was seen
	V6               bool
	Proto            uint8
	IPID             uint32
	Frames           []uint64 // of its fragments, ascending as given
	First, Last      Seen
	Have             uint32 // payload bytes seen
	Whole            uint32 // payload bytes of the whole; 0 when the last fragment was not seen
	Why              LostWhy
}

// A LostWhy says why a datagram was given up.
type LostWhy uint8

// The reasons.
const (
	LostAge   LostWhy = iota // FragmentLimits.Age
	LostLimit                // another limit
	LostEnd                  // Flush
)

func (w LostWhy) String() string {
	if int(w) < len(lostNames) {
		return lostNames[w]
	}
	return "?"
}

var lostNames = [...]string{"age", "limit", "end-of-input"}

// Fragments puts IPv4 and IPv6 fragments together: out of order, overlapping,
// and standing twice in the capture.
type Fragments struct {
	lim      FragmentLimits
	lost     func(*Lost)
	clock    clock
	table    map[fragKey]*partial
	oldest   *partial
	newest   *partial
	held     int
	done     map[fragKey]*partial // completed ones, without their bytes
	doneKeys []fragKey            // a ring, in the order of completion
	doneAt   int
}

type fragKey struct {
	src, dst IP
	id       uint32
	proto    uint8 // IPv4 only (RFC 791); IPv6 fragments go by the id alone
	v6       bool
}

// A partial is a datagram in progress.
type partial struct {
	key          fragKey
	head         Packet // of the first fragment in the datagram, else of the first seen
	hasHead      bool
	got          pieces
	have         int64 // wire bytes in got
	whole        int64 // -1 until the last fragment came
	frames       []uint64
	sums         []uint64 // of the fragments, to know their twins
	first, last  Seen
	firstAt      int64 // clock
	overlap      bool
	older, newer *partial
}

const partialCost = 512

// NewFragments returns a reassembler. lost, which may be nil, is called for
// each datagram given up, from Add, Tick and Flush.
func NewFragments(lim FragmentLimits, lost func(*Lost)) *Fragments {
	lim.Datagrams = orElse(lim.Datagrams, 1024)
	lim.Pieces = orElse(lim.Pieces, 2048)
	lim.Bytes = orElse(lim.Bytes, 16<<20)
	lim.Age = orElse(lim.Age, 30*second)
	lim.Done = orElse(lim.Done, 256)
	if lost == nil {
		lost = func(*Lost) {}
	}
	return &Fragments{lim: lim, lost: lost, table: make(map[fragKey]*partial), done: make(map[fragKey]*partial), doneKeys: make([]fragKey, lim.Done)}
}

// Scaled is lim with a share of the defaults of Datagrams and Bytes where it
// has none of its own.
func (lim FragmentLimits) Scaled(share float64) FragmentLimits {
	of := NewFragments(FragmentLimits{}, nil).lim
	lim.Datagrams = orElse(lim.Datagrams, max(64, int(float64(of.Datagrams)*share)))
	lim.Bytes = orElse(lim.Bytes, max(1<<20, int(float64(of.Bytes)*share)))
	return lim
}

// Add takes a packet for which Peek said Fragment. It returns the datagram it
// completes, or nil.
func (f *Fragments) Add(p *Packet, frame uint64, time int64) *Datagram {
	f.Tick(time)
	key := fragKey{src: p.Src, dst: p.Dst, id: p.IPID, proto: p.Proto, v6: p.V6}
	if p.V6 {
		key.proto = 0
	}
	off, end := int64(p.FragOff), int64(p.FragOff)+int64(p.PayloadWire)
	if end > maxDatagram || end == off {
		return nil
	}
	sum := fragmentSum(p)
	d := f.table[key]
	if d == nil {
		if old := f.done[key]; old != nil && f.clock.now-old.firstAt <= f.lim.Age && old.knows(sum) {
			return nil // a twin of one that is complete
		}
		d = f.begin(key, p, Seen{frame, time})
	}
	d.last = Seen{frame, time}
	if d.knows(sum) {
		return nil
	}
	if off == 0 && !d.hasHead {
		d.head, d.hasHead = *p, true
		d.head.Payload, d.head.tcpHeader = nil, nil
	}
	if !p.FragMore && d.whole < 0 {
		d.whole = end
	}
	before := d.got.cost
	added, conflict := d.got.insert(off, end, p.Payload, frame, time)
	d.overlap = d.overlap || conflict || added < end-off
	d.have += added
	d.frames, d.sums = append(d.frames, frame), append(d.sums, sum)
	f.held += d.got.cost - before + 16
	if d.complete() {
		return f.finish(d)
	}
	if len(d.sums) >= f.lim.Pieces {
		f.giveUp(d, LostLimit)
	}
	for f.held > f.lim.Bytes || len(f.table) > f.lim.Datagrams {
		f.giveUp(f.oldest, LostLimit)
	}
	return nil
}

// Tick gives up what is too old at the time of a packet. Add does so itself.
func (f *Fragments) Tick(time int64) {
	now := f.clock.at(time)
	for f.oldest != nil && now-f.oldest.firstAt > f.lim.Age {
		f.giveUp(f.oldest, LostAge)
	}
}

// Flush gives up everything, oldest first.
func (f *Fragments) Flush() {
	for f.oldest != nil {
		f.giveUp(f.oldest, LostEnd)
	}
}

// Held returns the bytes held in all, bookkeeping included.
func (f *Fragments) Held() int { return f.held }

func (f *Fragments) begin(key fragKey, p *Packet, at Seen) *partial {
	d := &partial{key: key, head: *p, whole: -1, first: at, firstAt: f.clock.now, older: f.newest}
	d.head.Payload, d.head.tcpHeader = nil, nil
	if f.newest != nil {
		f.newest.newer = d
	} else {
		f.oldest = d
	}
	f.newest = d
	f.table[key] = d
	f.held += partialCost
	return d
}

func (f *Fragments) remove(d *partial) {
	if d.older != nil {
		d.older.newer = d.newer
	} else {
		f.oldest = d.newer
	}
	if d.newer != nil {
		d.newer.older = d.older
	} else {
		f.newest = d.older
	}
	d.older, d.newer = nil, nil
	delete(f.table, d.key)
	f.held -= d.got.cost + 16*len(d.sums) + partialCost
}

func (f *Fragments) giveUp(d *partial, why LostWhy) {
	f.remove(d)
	l := &Lost{Src: d.head.Src, Dst: d.head.Dst, SrcPort: d.head.SrcPort, DstPort: d.head.DstPort, HasPorts: d.hasHead && d.head.HasPorts,
		V6: d.key.v6, Proto: d.head.Proto, IPID: d.key.id, Frames: d.frames, First: d.first, Last: d.last, Have: uint32(d.have), Why: why}
	if d.whole >= 0 {
		l.Whole = uint32(d.whole)
	}
	f.lost(l)
}

// complete tells whether every byte on the wire was seen up to the end.
func (d *partial) complete() bool {
	return d.whole >= 0 && d.hasHead && d.have >= d.whole && d.got.list[0].off == 0 && d.got.reach() >= d.whole
}

// knows tells whether a fragment is there already, byte for byte.
func (d *partial) knows(sum uint64) bool {
	for _, s := range d.sums {
		if s == sum {
			return true
		}
	}
	return false
}

// finish puts a complete datagram together and keeps what tells its twins.
func (f *Fragments) finish(d *partial) *Datagram {
	f.remove(d)
	out := &Datagram{Packet: d.head, Frames: d.frames, FirstTime: d.first.Time, Overlap: d.overlap}
	var body []byte
	for _, q := range d.got.list {
		if q.off != int64(len(body)) || q.off >= d.whole {
			break // after what the snap length cut
		}
		body = append(body, q.data...)
	}
	body = body[:min(int64(len(body)), d.whole)]
	p := &out.Packet
	p.FragOff, p.FragMore, p.HasPorts, p.SrcPort, p.DstPort = 0, false, false, 0, 0
	if p.V6 {
		out.Verdict = upper6(body, uint32(d.whole), p)
	} else {
		out.Verdict = upper(body, uint32(d.whole), p)
	}
	if out.Verdict == Fragment && p.depth == d.head.depth { // fragments within fragments
		out.Verdict = Malformed
	}
	slot := f.doneAt % len(f.doneKeys)
	if f.doneAt >= len(f.doneKeys) {
		delete(f.done, f.doneKeys[slot])
	}
	f.doneKeys[slot] = d.key
	f.doneAt++
	d.got, d.frames = pieces{}, nil
	f.done[d.key] = d
	return out
}

// reach returns where the bytes from the first piece on end without a hole.
func (l *pieces) reach() int64 {
	end := l.list[0].end
	for _, q := range l.list[1:] {
		if q.off != end {
			break
		}
		end = q.end
	}
	return end
}

// fragmentSum hashes (FNV-1a) a fragment's place and bytes.
func fragmentSum(p *Packet) uint64 {
	h := uint64(14695981039346656037) ^ uint64(p.FragOff)<<1
	if p.FragMore {
		h ^= 1
	}
	h = (h ^ uint64(p.PayloadWire)<<17) * 1099511628211
	for _, b := range p.Payload {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}
