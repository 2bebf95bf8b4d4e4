package decode

import (
	"slices"

	"kerbscope/decode/flow"
)

// Limits of what is under way over UDP.
const (
	// maxTalks bounds the talks remembered, as maxTalkBytes does.
	maxTalks = 4096
	// talkQuiet is how long a talk may be silent before it is over.
	talkQuiet = int64(60e9)
	// talkCost is about what a talk takes before anything is kept of it.
	talkCost = 2048
)

// A udpTalk is what a client and a server of a carrier say to each other in
// datagrams between two ports: the UDP twin of a TCP connection. Its stream
// has no bytes of its own: offsets are those of the datagram in hand.
type udpTalk struct {
	s      *stream
	frames []FrameID // of the datagram in hand
	again  bool      // it was read before: a row, no more
	asked  uint64    // hash of the latest request, by which it is known when sent again
}

// A datagramParser reads a carrier's datagrams.
type datagramParser interface {
	parser
	datagram(d dir, b []byte)
}

// talks are the talks under way.
type talks struct {
	of    map[flowKey]*udpTalk
	swept int64 // when those that went silent were last looked for
	kept  int   // bytes that they hold
}

// talking gives a datagram to its talk, which begins with it if begin is set.
func (d *Decoder) talking(p *flow.Packet, frames []FrameID, dir dir, car *carrier, begin bool) {
	k := flowKey{p.SrcAddrPort(), p.DstAddrPort(), UDP}
	if dir == toClient {
		k = flowKey{k.server, k.client, UDP}
	}
	t := d.talks.of[k]
	if t != nil && d.now-t.s.c.Last.Time > talkQuiet {
		d.endTalk(k, t)
		t = nil
	}
	if t == nil {
		if !begin {
			return
		}
		t = d.newTalk(k, car)
	}
	s := t.s
	t.frames, t.again = append(t.frames[:0], frames...), d.twins.add(p, d.now)
	if !t.again && dir == toServer {
		h := d.twins.hash(p.Payload)
		if t.again = t.asked == h; t.again {
			for _, a := range s.live {
				if a.ap != nil {
					a.ap.Resent++
				}
			}
		}
		t.asked = h
	}
	if s.c.First.Frame == 0 {
		s.c.First = flow.Seen{Frame: uint64(d.frame), Time: d.now}
	}
	s.c.Last = flow.Seen{Frame: uint64(d.frame), Time: d.now}
	s.half(dir).Packets++
	if dir == toClient {
		s.lastDown = d.now
	}
	s.p.(datagramParser).datagram(dir, p.Payload)
	s.flushRows()
	d.shedTalks(d.most.allTalks, d.most.talks)
}

func (d *Decoder) newTalk(k flowKey, car *carrier) *udpTalk {
	if d.talks.of == nil {
		d.talks.of = map[flowKey]*udpTalk{}
	}
	if d.now-d.talks.swept > talkQuiet {
		d.talks.swept = d.now
		d.endTalks(d.now - talkQuiet)
	}
	s := newStream(d, &flow.Conn{Client: k.client, Server: k.server, ClientKnown: true})
	t := &udpTalk{s: s}
	s.udp = t
	s.take(car)
	s.keep(talkCost)
	d.talks.of[k] = t
	return t
}

// shedTalks ends the talks that began first when they are more, or hold more
// bytes, than this: enough of them that it need not do so again soon.
func (d *Decoder) shedTalks(most, bytes int) {
	if len(d.talks.of) <= most && d.talks.kept <= bytes {
		return
	}
	for _, k := range d.talkKeys(1<<63 - 1) {
		if len(d.talks.of) <= most/2 && d.talks.kept <= bytes/2 {
			break
		}
		d.limit("talks over UDP")
		d.endTalk(k, d.talks.of[k])
	}
}

// endTalks ends the talks that said nothing since the given time, oldest first.
func (d *Decoder) endTalks(since int64) {
	for _, k := range d.talkKeys(since) {
		d.endTalk(k, d.talks.of[k])
	}
}

// talkKeys are the flows of the talks that said nothing since the given time,
// oldest first.
func (d *Decoder) talkKeys(since int64) []flowKey {
	var over []flowKey
	for k, t := range d.talks.of {
		if t.s.c.Last.Time < since {
			over = append(over, k)
		}
	}
	slices.SortFunc(over, func(a, b flowKey) int {
		x, y := d.talks.of[a].s.c.First.Frame, d.talks.of[b].s.c.First.Frame
		if x != y {
			return int(min(max(int64(x)-int64(y), -1), 1))
		}
		return a.client.Compare(b.client)
	})
	return over
}

func (d *Decoder) endTalk(k flowKey, t *udpTalk) {
	delete(d.talks.of, k)
	t.s.end(flow.EndIdle)
}

// transport is what the stream's bytes came over.
func (s *stream) transport() Transport {
	if s.udp != nil {
		return UDP
	}
	return TCP
}

// bothWays tells whether an answer would be in the capture.
func (s *stream) bothWays() bool {
	return s.c.BothDirections() || s.udp != nil && s.d.views.answerable(s.c.Client.Addr(), s.c.Server.Addr())
}
