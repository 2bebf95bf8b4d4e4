// Package decode turns packets into Kerberos messages, and messages into AS,
// TGS, AP and password exchanges, sessions of the carriers they travelled in,
// and sightings of what else a diagnosis needs.
//
// A packet goes through a gate that lets through what may carry Kerberos or
// what rules need to know; only that is defragmented, reassembled and read.
package decode

import (
	"kerbscope/capture"
	"kerbscope/decode/flow"
)

// A Sink takes what a Decoder yields. Messages come in the order of their
// completing frames; an Exchange comes when it is over, a Session when its
// connection is, a Sighting when it is certain. What is handed over is the
// Sink's to keep; it is not changed afterwards, except that a Session's
// Attempts are complete only when the Session itself comes.
type Sink interface {
	Message(*Message)
	Exchange(*Exchange)
	Session(*Session)
	Sighting(*Sighting)
}

// Options steer a Decoder.
type Options struct {
	Keys  *Keys // to open what is encrypted; nil: none
	Flows int   // TCP connections followed at a time; 0: 32,768
	Bytes int   // bytes of streams held in all; 0: 48 MiB
	// Share scales the limits of what is kept, these two where they are 0 among
	// them; 0: 1.
	Share float64
}

// Stats counts what became of the packets of one capture.
type Stats struct {
	Frames      uint64
	UnknownLink uint64            // frames of a link type that is not walked
	CutHeaders  uint64            // frames whose headers the snap length cut
	CutPayloads uint64            // frames of followed flows whose payload was cut
	Tunnels     uint64            // frames that hold a tunnel in IP that could not be opened
	Sealed      uint64            // frames encrypted below IP: 802.11, PPP
	Gaps        uint64            // places in followed streams where bytes are missing
	OtherGaps   uint64            // of them, on connections on ports that Ports does not list
	Fragments   uint64            // datagrams whose fragments never completed
	Messages    uint64            // Kerberos messages
	Limits      map[string]uint64 // what named limits cost, by limit; nil: none bit
}

// A Decoder reads the packets of one capture, or of one ring set of captures
// in time order. It is not safe for concurrent use.
type Decoder struct {
	sink Sink
	opts Options

	tracker  *flow.Tracker
	frags    *flow.Fragments
	judged   *flow.Judged
	hash     uint64 // of the flow of the TCP packet in hand
	kdc      *kdcPairs
	kpw      map[flowKey]*Exchange
	rawKept  int // bytes that those hold, see maxRawBytes
	talks    talks
	virtuals map[[16]byte]rpcVirtual
	kept     int // bytes, see maxKept
	most     limits
	views    *views
	twins    twins
	paths    [][]string
	opener   *opener // nil without keys

	rows  []*Message // room for those of a stream
	spare []*stream  // that are over, for those to come

	current, before heldBatch
	packet          flow.Packet // the packet in hand, once inHand was asked for it
	peeked          bool
	timed           int // records of the batch in hand whose times are in lastTime
	stats           map[int]*Stats
	stat            *Stats // of the capture in hand

	frame    FrameID // in hand
	now      int64   // its time
	alone    [1]FrameID
	lastTime int64 // latest time seen
}

// judgedFlows is how many flows the gate remembers a verdict of (8 bytes each).
const judgedFlows = 1 << 16

// New makes a Decoder that hands what it finds to sink.
func New(o Options, sink Sink) *Decoder {
	d := &Decoder{
		sink:   sink,
		opts:   o,
		judged: flow.NewJudged(judgedFlows),
		kpw:    map[flowKey]*Exchange{},
		views:  newViews(),
		twins:  newTwins(),
		stats:  map[int]*Stats{},
		most:   limitsOf(o.Share),
	}
	d.opener = newOpener(o.Keys, d.limit)
	d.kdc = newKDCPairs(d)
	streams, parts := flow.Limits{Conns: o.Flows, TotalBytes: o.Bytes}, flow.FragmentLimits{}
	if o.Share > 0 {
		streams, parts = streams.Scaled(o.Share), parts.Scaled(o.Share)
	}
	d.tracker = flow.NewTracker(streams, handler{d})
	d.frags = flow.NewFragments(parts, d.fragmentsLost)
	return d
}

// Batch decodes the packets of b, which belong to the capture of that index.
// b is the Decoder's until it released it, at the next but one call or Close.
func (d *Decoder) Batch(captureIndex int, b *capture.Batch) {
	if d.before.batch != nil {
		d.before.batch.Release()
	}
	s, _ := b.Aside.(*sifted)
	if s == nil || !s.ready {
		Prepare(b)
		s = b.Aside.(*sifted)
	}
	s.ready = false
	d.before = d.current
	d.current = heldBatch{b, captureIndex, s}
	d.stat = d.statsOf(captureIndex)
	d.stat.Frames += uint64(len(b.Records))
	d.timed = 0
	for i := range s.list {
		e := &s.list[i]
		if e.kind == briefOther {
			d.other(e)
			continue
		}
		r := &b.Records[e.record]
		frame := MakeFrameID(captureIndex, r.Frame)
		if d.tracker.Calm(e.Hash) {
			d.frame, d.now = frame, r.Time
			if d.tracker.Quick(&e.Brief, uint64(frame), r.Time) {
				continue
			}
		}
		d.peeked = false
		if way := d.gate(e); way != drop {
			d.timesUpTo(e.record)
			d.pass(e, way, frame, r.Time)
		}
	}
	d.timesUpTo(uint32(len(b.Records)))
}

// heldBatch is a batch and the capture it belongs to.
type heldBatch struct {
	batch   *capture.Batch
	capture int
	sifted  *sifted
}

// timesUpTo brings lastTime up to date, for the records before the given one
// and that one.
func (d *Decoder) timesUpTo(record uint32) {
	recs := d.current.batch.Records
	n := min(int(record)+1, len(recs))
	if d.current.sifted.ordered && d.timed < n {
		d.timed = n - 1
	}
	last := d.lastTime
	for ; d.timed < n; d.timed++ {
		last = max(last, recs[d.timed].Time) // NoTime is less than any
	}
	d.lastTime = last
}

// inHand returns the packet of e.
func (d *Decoder) inHand(e *brief) *flow.Packet {
	if !d.peeked {
		pk := d.current.batch.Packet(int(e.record))
		flow.Peek(pk.Link, pk.Data, pk.Wire, &d.packet)
		d.peeked = true
	}
	return &d.packet
}

// pass takes a TCP packet that the gate lets through.
func (d *Decoder) pass(e *brief, way passage, frame FrameID, time int64) {
	p := d.inHand(e)
	d.hash = e.Hash
	if way == lookBack {
		d.retrace(p, e.record)
	}
	d.frame, d.now = frame, time
	d.tcp(p)
}

// Close ends the capture: what is still open is handed over.
func (d *Decoder) Close() {
	d.tracker.Flush()
	d.frags.Flush()
	s := d.tracker.Stats()
	d.limits("connections", s.Evicted)
	d.limits("bytes of streams", s.Overflows)
	d.kdc.flush()
	d.flushPasswords()
	d.endTalks(1<<63 - 1)
	for _, h := range [...]*heldBatch{&d.before, &d.current} {
		if h.batch != nil {
			h.batch.Release()
		}
		*h = heldBatch{}
	}
}

// Stats tells what was counted so far for the capture of that index.
func (d *Decoder) Stats(captureIndex int) Stats { return *d.statsOf(captureIndex) }

func (d *Decoder) statsOf(captureIndex int) *Stats {
	s := d.stats[captureIndex]
	if s == nil {
		s = &Stats{}
		d.stats[captureIndex] = s
	}
	return s
}

// limit counts what a named limit cost.
func (d *Decoder) limit(name string) { d.limits(name, 1) }

func (d *Decoder) limits(name string, n uint64) {
	if d.stat == nil || n == 0 {
		return
	}
	if d.stat.Limits == nil {
		d.stat.Limits = map[string]uint64{}
	}
	d.stat.Limits[name] += n
}

// other takes a packet that is not TCP, or a frame of several packets.
func (d *Decoder) other(e *brief) {
	d.timesUpTo(e.record)
	pk := d.current.batch.Packet(int(e.record))
	frame := MakeFrameID(d.current.capture, pk.Frame)
	p := &d.packet
	for v := flow.Peek(pk.Link, pk.Data, pk.Wire, p); ; v = p.Next() {
		switch v {
		case flow.TCP:
			t := briefOf(p, e.record)
			d.peeked = true
			if way := d.gate(&t); way != drop {
				d.pass(&t, way, frame, pk.Time)
			}
		case flow.UDP:
			if gateUDP(p) {
				d.frame, d.now = frame, pk.Time
				d.alone[0] = frame
				d.datagram(p, d.alone[:])
			}
		case flow.ICMP:
			d.frame, d.now = frame, pk.Time
			d.icmp(p)
		case flow.Fragment:
			d.frame, d.now = frame, pk.Time
			whole := *p
			d.fragment(p)
			*p = whole
		case flow.UnknownLink:
			d.stat.UnknownLink++
		case flow.Cut:
			d.stat.CutHeaders++
		case flow.Tunnel:
			d.stat.Tunnels++
		case flow.Sealed:
			d.stat.Sealed++
		}
		if !p.More() {
			return
		}
	}
}

func (d *Decoder) tcp(p *flow.Packet) {
	if p.Truncated() {
		d.stat.CutPayloads++
	}
	if p.Flags&(flow.SYN|flow.RST) != 0 {
		d.views.add(p.Src, p.Dst)
	}
	c := d.tracker.AddHashed(p, d.hash, uint64(d.frame), d.now)
	if p.Flags&flow.FIN != 0 && (c == nil || c.Ignored()) { // else Data was told
		d.views.add(p.Src, p.Dst)
	}
	if d.kept > d.most.sessions || d.underWay() > d.most.all {
		d.shed()
	}
	if c == nil || !c.Ignored() {
		return
	}
	v := judgedSkip
	if s, ok := c.User.(*stream); ok && s.idling {
		v = judgedIdle
	}
	d.judged.Set(d.hash, v)
}

// fragment takes an IP fragment and reads the datagram it completes.
func (d *Decoder) fragment(p *flow.Packet) {
	g := d.frags.Add(p, uint64(d.frame), d.now)
	if g == nil {
		return
	}
	switch g.Verdict {
	case flow.Fragment: // of a datagram in a tunnel whose own packets were fragments; so deep only as tunnels are opened
		d.fragment(&g.Packet)
	case flow.Tunnel:
		d.stat.Tunnels++
	case flow.TCP:
		t := briefOf(&g.Packet, 0)
		d.packet, d.peeked = g.Packet, true
		if d.gate(&t) != drop {
			d.hash = t.Hash
			d.tcp(&g.Packet)
		}
	case flow.UDP:
		if !gateUDP(&g.Packet) {
			return
		}
		frames := make([]FrameID, len(g.Frames))
		for i, f := range g.Frames {
			frames[i] = FrameID(f)
		}
		d.datagram(&g.Packet, frames)
	case flow.ICMP:
		d.icmp(&g.Packet)
	}
}

// emit hands a row over.
func (d *Decoder) emit(m *Message) {
	if m.Krb != nil {
		if c := m.Frame.Capture(); c == d.current.capture && d.stat != nil {
			d.stat.Messages++
		} else {
			d.statsOf(c).Messages++
		}
	}
	d.sink.Message(m)
}

// kdcMessage pairs a message that came to or from a KDC.
func (d *Decoder) kdcMessage(m *Message) {
	d.kdc.add(m, m.Krb.KDCReq != nil)
}
