package analyze

import (
	"iter"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// A silence is what one client sent to one KDC without an answer.
type silence struct {
	client     netip.Addr
	kdc        netip.AddrPort
	records    []*Record       // requests unanswered
	sightings  []*SightingFact // connections that did not come about
	answeredBy *Record         // the same question, answered later by whom
	laterOK    bool            // this KDC answered this client at another time
}

// silences are the requests and connections to port 88 that nobody answered,
// by client and KDC; a question that was answered later apart from those that
// were not.
func (c *Case) silences() []*silence {
	j := c.joined
	j.silencesOnce.Do(func() { j.silences = c.listen() })
	return j.silences
}

// silencesOf are those of one client.
func (c *Case) silencesOf(client netip.Addr) []*silence {
	j := c.joined
	j.silencesOfOnce.Do(func() {
		j.silencesOf = map[netip.Addr][]*silence{}
		for _, s := range c.silences() {
			j.silencesOf[s.client] = append(j.silencesOf[s.client], s)
		}
	})
	return j.silencesOf[client]
}

func (c *Case) listen() []*silence {
	type key struct {
		client, kdc netip.Addr
		by          netip.AddrPort
	}
	at := map[key]*silence{}
	var list []*silence
	same := c.sameAsker()
	answers := c.answersOf(same)
	pieces := c.Sightings(decode.FragmentsLost)
	kdcs := map[any]netip.Addr{} // the first address of each KDC host
	get := func(client netip.Addr, kdc netip.AddrPort, by *Record) *silence {
		if a, ok := same[client]; ok {
			client = a
		}
		k := key{client: client, kdc: kdc.Addr()}
		id := c.hostID(k.kdc)
		if first, ok := kdcs[id]; ok {
			k.kdc = first
		} else {
			kdcs[id] = k.kdc
		}
		if by != nil {
			k.by = by.To
		}
		s := at[k]
		if s == nil {
			s = &silence{client: client, kdc: kdc, answeredBy: by}
			at[k] = s
			list = append(list, s)
		}
		return s
	}
	for _, r := range c.Records() {
		if r.Kind != decode.AS && r.Kind != decode.TGS || answers.wentOn(r) || inPieces(pieces, r) {
			continue
		}
		by := answers.to(r)
		if by == nil {
			by = answers.elsewhere(r)
		}
		if r.Ending == decode.Unanswered || r.Ending == decode.NotCaptured && by != nil && by == answers.elsewhere(r) {
			s := get(r.From.Addr(), r.To, by)
			s.records = append(s.records, r)
		}
	}
	for _, kind := range []decode.SightingKind{decode.SYNUnanswered, decode.SYNRefused, decode.ICMPError} {
		for _, g := range c.Sightings(kind) {
			if g.Dst.Port() != kdcPort || g.reassembly() || kind == decode.SYNUnanswered && g.Count < 2 && !g.BothWays {
				continue
			}
			s := get(g.Src.Addr(), g.Dst, answers.after(g))
			s.sightings = append(s.sightings, g)
		}
	}
	for _, s := range list {
		s.laterOK = slices.ContainsFunc(answers.byClient[s.client], func(r *Record) bool { return c.SameHost(r.To.Addr(), s.kdc.Addr()) })
	}
	return list
}

// reassembly tells the receiver's word that fragments of a datagram did not come
// in time: ICMP time exceeded, code 1 (RFC 792; RFC 4443 §3.3).
func (g *SightingFact) reassembly() bool {
	return g.Kind == decode.ICMPError && (g.Code == 11<<8|1 && g.Src.Addr().Unmap().Is4() || g.Code == 3<<8|1 && !g.Src.Addr().Unmap().Is4())
}

// inPieces tells that the KDC of r sent its client a datagram at that time of
// which only fragments are in view: an answer, but not a whole one.
// udp-fragments-lost speaks of it.
func inPieces(pieces []*SightingFact, r *Record) bool {
	for _, g := range pieces {
		if g.Src == r.To && g.Dst.Addr() == r.From.Addr() && g.Last >= r.Start && g.Time-r.End < atOnce {
			return true
		}
	}
	return false
}

// sameAsker maps the addresses of a client that asked the same from several of
// them (IPv4 and IPv6) to the first: the nonce of the request tells.
func (c *Case) sameAsker() map[netip.Addr]netip.Addr {
	j := c.joined
	j.askerOnce.Do(func() {
		j.asker = c.askers()
		j.askerOf = map[netip.Addr][]netip.Addr{}
		for a, first := range j.asker {
			j.askerOf[first] = append(j.askerOf[first], a)
		}
	})
	return j.asker
}

// recordsOfClient are the kept exchanges of all addresses of a client: of its
// host, and those that sameAsker ties to it; of one address after the other.
func (c *Case) recordsOfClient(client netip.Addr) iter.Seq[*Record] {
	same := c.sameAsker()
	list := []netip.Addr{client}
	add := func(a netip.Addr) {
		if !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	if h := c.joined.hosts.byAddr[client.Unmap()]; h != nil {
		for _, a := range h.addrs {
			add(a)
		}
	}
	one := client
	if first, ok := same[client]; ok {
		one = first
	}
	add(one)
	for _, a := range c.joined.askerOf[one] {
		add(a)
	}
	return func(yield func(*Record) bool) {
		for _, a := range list {
			for _, r := range c.RecordsFrom(a) {
				if !yield(r) {
					return
				}
			}
		}
	}
}

func (c *Case) askers() map[netip.Addr]netip.Addr {
	first := map[uint32]*Record{}
	same := map[netip.Addr]netip.Addr{}
	for _, r := range c.Records() {
		if r.Kind != decode.AS && r.Kind != decode.TGS || r.Req.Nonce == 0 {
			continue
		}
		f := first[r.Req.Nonce]
		if f == nil {
			first[r.Req.Nonce] = r
			continue
		}
		a, b := f.From.Addr(), r.From.Addr()
		if a != b && a.Is4() != b.Is4() && f.Kind == r.Kind && r.Start-f.Start < windowsRetryTimeout {
			if _, ok := same[b]; !ok && same[a] != b {
				same[b] = a
			}
		}
	}
	return same
}

func (s *silence) count() (n uint64) {
	for _, r := range s.records {
		n += 1 + uint64(r.Resent)
	}
	for _, g := range s.sightings {
		n += g.Seen
	}
	return n
}

// plain tells whether the silence is the network's and not the capture's: one
// lone datagram without an answer may as well be a lone packet that the capture
// missed. A client without an answer sends again, or asks elsewhere the same.
func (s *silence) plain() bool {
	if len(s.sightings) > 0 || len(s.records) > 1 {
		return true
	}
	r := s.records[0]
	return r.Resent > 0 || r.Transport == decode.TCP || s.answeredBy != nil && r.Req.Nonce != 0 && s.answeredBy.Req.Nonce == r.Req.Nonce
}

// answerable tells whether any capture shows packets that came to the client.
func (s *silence) answerable() bool {
	return slices.ContainsFunc(s.records, func(r *Record) bool { return r.ClientHears }) || slices.ContainsFunc(s.sightings, func(g *SightingFact) bool { return g.BothWays || g.Kind != decode.SYNUnanswered })
}

func (s *silence) refusedSYN() bool {
	for _, g := range s.sightings {
		if g.Kind == decode.SYNRefused {
			return true
		}
	}
	return false
}

// what tells what was sent in vain.
func (s *silence) what() string {
	var parts []string
	var udp, tcp, syn, rst, icmp uint64
	for _, r := range s.records {
		if r.Transport == decode.UDP {
			udp += 1 + uint64(r.Resent)
		} else {
			tcp += 1 + uint64(r.Resent)
		}
	}
	for _, g := range s.sightings {
		switch g.Kind {
		case decode.SYNRefused:
			rst += g.Seen
		case decode.ICMPError:
			icmp += g.Seen
		default:
			syn += g.Seen
		}
	}
	add := func(n uint64, one string) {
		if n > 0 {
			parts = append(parts, plural(n, one))
		}
	}
	add(udp, "UDP request")
	add(tcp, "TCP request")
	add(syn, "TCP connection")
	s2 := join(parts, 4)
	if s2 != "" {
		s2 += " without answer"
	}
	parts = nil
	if rst > 0 {
		parts = append(parts, plural(rst, "TCP connection")+" refused")
	}
	if icmp > 0 {
		parts = append(parts, plural(icmp, "ICMP error"))
	}
	if rest := join(parts, 4); rest != "" {
		if s2 != "" {
			s2 += ", "
		}
		s2 += rest
	}
	return s2
}

// aboutSilence begins a finding that has sightings only.
func (c *Case) aboutSilence(s *silence) Finding {
	f := Finding{KDC: &Endpoint{s.kdc.Addr().String(), s.kdc.Port()}}
	f.Subject = Subject{ClientIP: s.client.String(), KDC: s.kdc.Addr().String()}
	f.first, f.last = s.sightings[0].Time, s.sightings[0].Last
	for _, g := range s.sightings {
		f.first, f.last = min(f.first, g.Time), max(f.last, g.Last)
	}
	return f
}

// citeSighting adds the first and the last frame of a sighting as evidence.
func (c *Case) citeSighting(f *Finding, g *SightingFact) {
	field := "syn"
	switch g.Kind {
	case decode.SYNRefused:
		field = "syn_refused"
	case decode.ICMPError:
		field = "icmp"
	case decode.FragmentsLost:
		field = "fragment"
	}
	filter := "tcp.flags.syn == 1"
	switch {
	case g.Kind == decode.ICMPError:
		filter = "icmp || icmpv6"
	case g.Kind == decode.FragmentsLost && g.Dst.Addr().Unmap().Is4():
		filter = "ip.flags.mf == 1 || ip.frag_offset > 0"
	case g.Kind == decode.FragmentsLost:
		filter = "ipv6.fraghdr"
	}
	c.citeFrame(f, g.Frame, field, g.Dst.String(), "", filter)
	if g.LastFrame != 0 && g.LastFrame != g.Frame {
		c.citeFrame(f, g.LastFrame, field, g.Dst.String(), "", filter)
	}
	f.citeFlow(citedFlow{g.Src.Addr(), g.Dst, decode.AS, ""})
}
