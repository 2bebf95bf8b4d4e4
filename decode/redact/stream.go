package redact

import (
	"cmp"
	"net/netip"
	"slices"

	"kerbscope/capture"
	"kerbscope/decode/flow"
)

// Bounds of what is held of one capture.
const (
	maxStream    = 1 << 21 // bytes of one direction that are looked into; what is beyond is wiped
	maxHeld      = 1 << 30 // bytes of all streams and fragments together
	maxFragments = 1 << 16 // datagrams in fragments
	maxTalks     = 1 << 20 // conversations; others are left out
	maxConns     = 1 << 12 // connections of one, between the same ports
	fragmentAge  = int64(30e9)
)

// A flowKey is one conversation at one capture point, the same from both ends.
type flowKey struct {
	point        int
	proto        uint8
	a, b         flow.IP
	aPort, bPort uint16
}

// keyOf gives the key of a packet's flow, and whether its source is the a end.
func keyOf(point int, p *flow.Packet) (k flowKey, fromA bool) {
	return makeKey(point, p.Proto, p.SrcAddrPort(), p.DstAddrPort())
}

func makeKey(point int, proto uint8, src, dst netip.AddrPort) (k flowKey, fromA bool) {
	k = flowKey{point, proto, flow.IPFrom(src.Addr()), flow.IPFrom(dst.Addr()), src.Port(), dst.Port()}
	if src.Compare(dst) <= 0 {
		return k, true
	}
	k.a, k.b, k.aPort, k.bPort = k.b, k.a, k.bPort, k.aPort
	return k, false
}

// A talk is a conversation that is kept: its connections one after the other.
type talk struct {
	carrier string
	serverB bool // the b end is the server
	sided   bool // that is known
	conns   []*conn
	at      int // of conns, when packets are given out
}

// A conn is one TCP connection.
type conn struct {
	half [2]half // from the a end, from the b end
}

// A half is what was captured of one direction.
type half struct {
	begun  bool
	base   uint32 // sequence number of offset 0
	pieces []piece
	ranges []piece // without gaps, redacted
}

// A piece is bytes and their offset in the stream.
type piece struct {
	off  int64
	data []byte
}

// A side is what a carrier's reader knows of its direction.
type side struct {
	content bool // what follows is a mail
	secret  bool // what follows is a literal with a password
	left    int  // bytes of a body
	chunked bool
	kkdcp   bool
	rpc     bool
	more    bool // TDS: the message goes on in the next packet
}

// A File redacts the captures of one investigation: first Keep tells which
// flows are wanted, then Collect takes every packet of every capture, Seal
// redacts what was collected, and Packet gives the packets out in the same
// order.
type File struct {
	r         *Redactor
	talks     map[flowKey]*talk
	order     []*talk
	fragments map[fragmentSlot]*datagram
	pieced    []*datagram // in the order of their first packets
	held      int
	p         flow.Packet
}

// Of makes a File.
func (r *Redactor) Of() *File {
	return &File{r: r, talks: map[flowKey]*talk{}, fragments: map[fragmentSlot]*datagram{}}
}

// Keep keeps a flow, and says what it carries ("smtp", "ldap", …; "": nothing
// that is known) and, with sided, that dst is the server.
func (f *File) Keep(point int, proto uint8, src, dst netip.AddrPort, carrier string, sided bool) {
	k, fromA := makeKey(point, proto, src, dst)
	t := f.talks[k]
	if t == nil {
		if len(f.talks) == maxTalks {
			return
		}
		t = &talk{}
		f.talks[k] = t
		f.order = append(f.order, t)
	}
	if carrier != "" {
		t.carrier = carrier
	}
	if sided && !t.sided {
		t.sided, t.serverB = true, fromA
	}
}

// ownPort tells the ports of KDCs and password servers.
func ownPort(p uint16) bool { return p == 88 || p == 464 }

// talkOf is the conversation of a packet, nil if it is not kept.
func (f *File) talkOf(point int, p *flow.Packet) (*talk, bool) {
	k, fromA := keyOf(point, p)
	t := f.talks[k]
	if t == nil && len(f.talks) < maxTalks && (ownPort(p.SrcPort) || ownPort(p.DstPort)) {
		t = &talk{carrier: "kdc"}
		if p.SrcPort == 464 || p.DstPort == 464 {
			t.carrier = "kpasswd"
		}
		f.talks[k] = t
		f.order = append(f.order, t)
	}
	if t != nil && !t.sided {
		switch {
		case p.Flags&(flow.SYN|flow.ACK) == flow.SYN:
			t.sided, t.serverB = true, fromA
		case p.Flags&(flow.SYN|flow.ACK) == flow.SYN|flow.ACK:
			t.sided, t.serverB = true, !fromA
		default:
			t.serverB = (p.DstPort < p.SrcPort) == fromA
		}
	}
	return t, fromA
}

// follow is the connection that a packet is of; with grow it is begun when
// there is none. Both passes decide alike.
func (t *talk) follow(p *flow.Packet, from int, grow bool) *conn {
	if len(t.conns) == 0 {
		if !grow {
			return nil
		}
		t.conns = append(t.conns, &conn{})
	}
	c := t.conns[min(t.at, len(t.conns)-1)]
	h := &c.half[from]
	if p.Flags&flow.SYN != 0 && h.begun && h.base != p.Seq+1 && p.Flags&flow.ACK == 0 && t.at < maxConns {
		t.at++
		if t.at == len(t.conns) {
			if !grow {
				return nil
			}
			t.conns = append(t.conns, &conn{})
		}
		c = t.conns[t.at]
	}
	return c
}

// Collect takes a packet of a capture.
func (f *File) Collect(point int, pk capture.Packet) {
	p := &f.p
	for v := flow.Peek(pk.Link, pk.Data, pk.Wire, p); ; v = p.Next() {
		switch v {
		case flow.TCP:
			f.collectTCP(point, p)
		case flow.UDP:
			if carrier := udpCarrier(p.SrcPort, p.DstPort); carrier != "" { // names that stand in other places as words
				f.r.udp(carrier, slices.Clone(p.Payload))
			}
		case flow.Fragment:
			f.collectFragment(point, p, pk.Time)
		}
		if !p.More() {
			return
		}
	}
}

func (f *File) collectTCP(point int, p *flow.Packet) {
	t, fromA := f.talkOf(point, p)
	if t == nil {
		return
	}
	from := sideOf(fromA)
	h := &t.follow(p, from, true).half[from]
	seq := p.Seq
	if p.Flags&flow.SYN != 0 {
		seq++
		h.begun, h.base = true, seq // of a connection reused after RST the same
	}
	if !h.begun {
		h.begun, h.base = true, seq
	}
	off := int64(int32(seq - h.base))
	if len(p.Payload) == 0 || off < -maxStream || off > maxStream || f.held > maxHeld {
		return
	}
	f.held += len(p.Payload)
	h.pieces = append(h.pieces, piece{off, slices.Clone(p.Payload)})
}

func sideOf(a bool) int {
	if a {
		return 0
	}
	return 1
}

// Seal redacts what was collected, and goes back to the first packet. All of it
// is read twice: a word that is nobody's name may be a host's further on.
func (f *File) Seal() {
	for _, learn := range [...]bool{true, false} {
		for _, t := range f.order {
			for _, c := range t.conns {
				up := 0 // the client's side
				if !t.serverB {
					up = 1
				}
				for _, i := range [...]int{up, 1 - up} {
					h := &c.half[i]
					if learn {
						h.join()
						h = h.clone()
					}
					f.r.stream(t.carrier, h, i == up)
				}
			}
			t.at = 0
		}
	}
	for _, d := range f.pieced {
		f.r.datagram(d)
	}
}

// join puts pieces together; of bytes that came twice the first ones count.
func (h *half) join() {
	slices.SortStableFunc(h.pieces, func(a, b piece) int { return cmp.Compare(a.off, b.off) })
	for _, p := range h.pieces {
		if n := len(h.ranges); n > 0 {
			last := &h.ranges[n-1]
			if end := last.off + int64(len(last.data)); p.off <= end {
				if over := end - p.off; over < int64(len(p.data)) {
					last.data = append(last.data, p.data[over:]...)
				}
				continue
			}
		}
		h.ranges = append(h.ranges, p)
	}
	h.pieces = nil
}

func (h *half) clone() *half {
	c := &half{ranges: make([]piece, len(h.ranges))}
	for i, p := range h.ranges {
		c.ranges[i] = piece{p.off, slices.Clone(p.data)}
	}
	return c
}

// at copies what stands at an offset of the redacted stream to b; the rest of b
// is wiped.
func (h *half) at(off int64, b []byte) {
	wipe(b)
	first, _ := slices.BinarySearchFunc(h.ranges, off, func(p piece, off int64) int {
		return cmp.Compare(p.off+int64(len(p.data)), off+1)
	})
	for _, p := range h.ranges[first:] {
		if p.off >= off+int64(len(b)) {
			return
		}
		if p.off >= off {
			copy(b[p.off-off:], p.data)
		} else {
			copy(b, p.data[off-p.off:])
		}
	}
}

// stream redacts one direction of a carrier.
func (r *Redactor) stream(carrier string, h *half, up bool) {
	s := &side{}
	var unit func(b []byte, up bool) int
	switch carrier {
	case "kdc":
		unit = r.kdc
	case "kpasswd":
		unit = r.kpasswd
	case "smtp", "imap", "pop", "sieve", "xmpp":
		unit = r.lines(s)
	case "http":
		unit = r.http(s)
	case "ldap":
		unit = r.ldap
	case "smb", "smb2":
		unit = r.smb
	case "dcerpc":
		unit = r.dcerpc
	case "dns":
		unit = r.dnsTCP
	case "tds":
		unit = r.tds(s)
	case "rpcsec_gss":
		unit = r.onc
	case "nmf", "nns":
		unit = r.nmf
	case "amqp":
		unit = r.amqp
	case "rdp":
		unit = r.rdp
	case "tls":
		unit = func([]byte, bool) int { return 0 }
	default:
		unit = r.bare
	}
	for _, p := range h.ranges {
		for b := p.data; len(b) > 0; {
			n := 0
			if isTLS(b) && s.left == 0 {
				n = r.tls(b)
			} else {
				n = unit(b, up)
			}
			if n <= 0 {
				b[0], n = 0, 1
			}
			b = b[min(n, len(b)):]
		}
		s.left, s.chunked, s.more = 0, false, false // a gap
	}
}
