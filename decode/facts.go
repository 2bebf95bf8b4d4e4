package decode

import (
	"net/netip"

	"kerbscope/decode/flow"
)

func addrPort(a flow.IP, port uint16) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), port) }

// dns takes a DNS answer.
func (d *Decoder) dns(p *flow.Packet) {
	a, ok := parseDNS(p.Payload)
	if !ok {
		return
	}
	g := &Sighting{Kind: DNSAnswer, Frame: d.frame, Frames: []FrameID{d.frame}, Time: d.now,
		Src: p.SrcAddrPort(), Dst: p.DstAddrPort(), Transport: UDP, BothWays: true,
		Name: a.name, Addrs: a.addrs, Target: a.target, Code: a.rcode}
	if len(a.targets) > 1 {
		g.Targets = a.targets
	}
	d.sink.Sighting(g)
}

// cldap takes a DC locator answer, [MS-ADTS] §6.3.
func (d *Decoder) cldap(p *flow.Packet) {
	a, ok := parseCLDAP(p.Payload)
	if !ok {
		return
	}
	d.sink.Sighting(&Sighting{Kind: CLDAPAnswer, Frame: d.frame, Frames: []FrameID{d.frame}, Time: d.now,
		Src: p.SrcAddrPort(), Dst: p.DstAddrPort(), Transport: UDP, BothWays: true, Name: a.host, Target: a.domain})
}

// icmp takes an ICMP error about a packet to a port that matters.
func (d *Decoder) icmp(p *flow.Packet) {
	var e flow.ICMPError
	if !flow.ParseICMP(p, &e) || !e.HasPorts {
		return
	}
	t, name, by := TCP, "", p.SrcAddrPort().Addr().String()
	switch {
	case e.Proto == 6 && (portClasses[e.Dst.Port()] != portOther || portClasses[e.Src.Port()] != portOther):
	case e.Proto == 17 && (e.Dst.Port() == portKDC || e.Dst.Port() == portKpasswd || e.Src.Port() == portKDC):
		t = UDP
	case e.Proto == 17 && e.Dst.Port() == portDNS && e.Kind == flow.Unreachable:
		t, name, by = UDP, dnsAskedFor(e.Quoted), ""
	default:
		return
	}
	d.sink.Sighting(&Sighting{Kind: ICMPError, Frame: d.frame, Frames: []FrameID{d.frame}, Time: d.now,
		Src: e.Src, Dst: e.Dst, Transport: t, Name: name, Target: by, Code: int(e.Type)<<8 | int(e.Code), Count: 1, BothWays: true})
}

// fragmentsLost takes a datagram whose fragments never completed; it matters
// where a KDC is at one end.
func (d *Decoder) fragmentsLost(l *flow.Lost) {
	if l.Why == flow.LostLimit {
		d.limit("fragments")
	}
	if d.stat != nil {
		d.stat.Fragments++
	}
	if !l.HasPorts || l.Proto != 17 || l.SrcPort != portKDC && l.DstPort != portKDC {
		return
	}
	frames := make([]FrameID, 0, len(l.Frames))
	for _, f := range l.Frames {
		frames = append(frames, FrameID(f))
	}
	g := &Sighting{Kind: FragmentsLost, Time: l.First.Time, Frames: frames, Frame: FrameID(l.First.Frame),
		Src: addrPort(l.Src, l.SrcPort), Dst: addrPort(l.Dst, l.DstPort), Transport: UDP, Count: len(frames)}
	g.BothWays = d.views.from(g.Dst.Addr(), g.Src.Addr())
	d.sink.Sighting(g)
}

// connEnded takes the end of a TCP connection to a port that matters: its SYN
// may have gone unanswered, or been refused.
func (d *Decoder) connEnded(c *flow.Conn) {
	if kind := d.failedOpen(c); kind != 0 {
		d.sink.Sighting(d.openSighting(c, kind))
	}
}

// failedOpen tells how the opening of a connection to a port that matters
// failed; 0: it did not, or cannot be said to have.
func (d *Decoder) failedOpen(c *flow.Conn) SightingKind {
	switch {
	case portClasses[c.Server.Port()] == portOther || c.SYNCount == 0:
		return 0
	case c.Refused():
		return SYNRefused
	case c.Unanswered() && (c.SYNCount > 1 || d.lastTime-c.SYNs[0].Time >= endGrace):
		return SYNUnanswered
	}
	return 0
}

func (d *Decoder) openSighting(c *flow.Conn, kind SightingKind) *Sighting {
	g := &Sighting{Kind: kind, Time: c.SYNs[0].Time, Frame: FrameID(c.SYNs[0].Frame), Src: c.Client, Dst: c.Server, Transport: TCP,
		Count: c.SYNCount, BothWays: c.BothDirections() || d.views.answerable(c.Client.Addr(), c.Server.Addr())}
	for _, s := range c.SYNs {
		g.Frames = append(g.Frames, FrameID(s.Frame))
	}
	if c.Refused() {
		g.Frames = append(g.Frames, FrameID(c.RST.Frame))
	}
	return g
}
