package analyze

import (
	"cmp"
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

// kdcAnswers is what KDCs answered, by what silences are compared with.
type kdcAnswers struct {
	byQuestion map[digest][]*Record
	byClient   map[netip.Addr][]*Record
	byNonce    map[uint32][]*Record
	// used are the times at which tickets without an issue in view were
	// presented first, ascending.
	used map[usedTicket][]int64
	same map[netip.Addr]netip.Addr // sameAsker
}

// A usedTicket is the address that presented a ticket, and the ticket's service:
// "" for that of a TGT, which an AS request asks for by many names.
type usedTicket struct {
	from    netip.Addr
	service string // lower case
}

// client is the one address that stands for those of a client.
func (a kdcAnswers) client(addr netip.Addr) netip.Addr {
	if one, ok := a.same[addr]; ok {
		return one
	}
	return addr
}

// question is what r asks, whichever of its addresses the client asks from.
func (a kdcAnswers) question(r *Record) digest {
	if one, ok := a.same[r.From.Addr()]; ok {
		x := *r
		x.From = netip.AddrPortFrom(one, r.From.Port())
		return questionOf(&x)
	}
	return questionOf(r)
}

func (c *Case) answersOf(same map[netip.Addr]netip.Addr) kdcAnswers {
	a := kdcAnswers{map[digest][]*Record{}, map[netip.Addr][]*Record{}, map[uint32][]*Record{}, map[usedTicket][]int64{}, same}
	for _, r := range c.Records() {
		if (r.Kind == decode.AS || r.Kind == decode.TGS) && (r.Reply != nil || r.Error != nil) {
			q := a.question(r)
			a.byQuestion[q] = append(a.byQuestion[q], r)
			client := a.client(r.From.Addr())
			a.byClient[client] = append(a.byClient[client], r)
			for _, n := range [...]uint32{r.Req.Nonce, r.Req.FirstNonce} {
				if l := a.byNonce[n]; n != 0 && (len(l) == 0 || l[len(l)-1] != r) {
					a.byNonce[n] = append(l, r)
				}
			}
		}
	}
	for _, t := range c.Tickets() {
		if t.Issued == nil && len(t.Presented) > 0 {
			p := t.Presented[0]
			k := usedTicket{p.From, lower(t.Principal())}
			a.used[k] = append(a.used[k], p.First.Start)
			if isTGT(t.SName) {
				k.service = ""
				a.used[k] = append(a.used[k], p.First.Start)
			}
		}
	}
	for _, times := range a.used {
		slices.Sort(times)
	}
	return a
}

// wentOn tells whether the client of r used, after it, a ticket as r asks for
// and whose issue no capture shows: then r was answered out of view.
func (a kdcAnswers) wentOn(r *Record) bool {
	k := usedTicket{from: r.From.Addr()}
	if r.Kind == decode.TGS {
		k.service = lower(r.Service)
	}
	times := a.used[k]
	i, _ := slices.BinarySearch(times, r.Start)
	return i < len(times) && times[i]-r.Start < windowsRetryTimeout
}

// to is the answer that the client of r got to the same question soon after,
// from any KDC; nil: none.
func (a kdcAnswers) to(r *Record) *Record {
	list := a.byQuestion[a.question(r)] // in time order, as Records are
	i, _ := slices.BinarySearchFunc(list, r.Start, func(x *Record, at int64) int { return cmp.Compare(x.Start, at) })
	if i < len(list) && list[i].Start-r.Start <= windowsRetryTimeout {
		return list[i]
	}
	return nil
}

// elsewhere is the answer that another KDC address gave to the very request r
// (the nonce tells), asked again there: it proves that r itself had no answer,
// whatever the capture shows. nil: none.
func (a kdcAnswers) elsewhere(r *Record) *Record {
	if r.Req.Nonce == 0 {
		return nil
	}
	for _, x := range a.byNonce[r.Req.Nonce] {
		if x.Kind == r.Kind && x.To.Addr() != r.To.Addr() && x.End > r.Start && x.Start-r.Start <= windowsRetryTimeout && lower(x.Req.CName) == lower(r.Req.CName) {
			return x
		}
	}
	return nil
}

// waited is how long a client waited from the given time before it asked by's
// KDC the same; 0 when that was asked before.
func waited(since int64, by *Record) int64 {
	for _, s := range by.Steps {
		if s.Time > since {
			return s.Time - since
		}
	}
	return max(0, by.Start-since)
}

// after is an answered request of the client within the time that it takes to
// try all KDCs.
func (a kdcAnswers) after(g *SightingFact) *Record {
	for _, x := range a.byClient[a.client(g.Src.Addr())] {
		if x.End >= g.Time && x.Start-g.Last <= windowsRetryTimeout {
			return x
		}
	}
	return nil
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
