package analyze

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"kerbscope/capture"
	"kerbscope/decode"
)

// Report runs the rules and puts everything together for printing. It changes
// nothing.
func (c *Case) Report(o Options) *Report {
	j := c.joined
	r := &Report{Schema: "kerbscope.report/1"}
	rules := rulesOf(o)
	found := make([][]Finding, len(rules))
	var first []Exchange
	jobs := []func(){
		func() { first = c.firstExchanges(o.MaxExchanges) },
		func() { r.Tickets = c.ticketReport() },
		func() { r.Etypes = c.etypeRows() },
		func() { r.RC4 = c.rc4Rows() },
		func() { r.Hosts = c.hostReport() },
		func() { r.Captures = c.captureReport() },
		func() { r.BlindSpots = c.blindSpots() },
	}
	for i, rule := range rules {
		jobs = append(jobs, func() { found[i] = c.check(rule) })
	}
	beside(jobs)
	r.Findings = c.explain(rules, found)
	r.Exchanges = c.citedExchanges(first, r.Findings)
	r.contrasts()
	spoken(r.BlindSpots, r.Findings)
	r.Totals = Totals{Exchanges: j.exchanges, Tickets: j.issued, Messages: j.messages}
	r.Totals.Omitted = j.exchanges - min(j.exchanges, uint64(len(r.Exchanges)))
	r.Verdict = verdict(r.Findings, r.Captures, j.messages)
	return r
}

// Evidence is of a Report no more than some findings of the Case rest on, those
// with the given ids: with their contrasts, which are entered in findings too,
// the exchanges that they cite or may be set beside, and those of the same
// tickets. It costs a small part of what Report does.
func (c *Case) Evidence(findings []Finding, ids map[string]bool) *Report {
	r := &Report{Hosts: c.hostReport(), Tickets: c.ticketReport(), Captures: c.captureReport()}
	var from []int
	for i := range findings {
		if ids[findings[i].ID] {
			r.Findings, from = append(r.Findings, findings[i]), append(from, i)
		}
	}
	r.Exchanges = c.exchangesAround(r.Findings)
	r.contrasts()
	for i, n := range from {
		findings[n].Contrast, findings[n].Issuers = r.Findings[i].Contrast, r.Findings[i].Issuers
	}
	return r
}

// beside does jobs in their order on as many goroutines as there are processors,
// and returns when all are done.
func beside(jobs []func()) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(jobs)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(jobs) {
					return
				}
				jobs[i]()
			}
		})
	}
	wg.Wait()
}

func (c *Case) hostReport() []Host {
	list := []Host{}
	for _, h := range c.joined.hosts.list {
		if len(h.roles) == 0 {
			continue
		}
		out := Host{Names: h.names, Roles: h.roles}
		for _, a := range h.addrs {
			out.Addresses = append(out.Addresses, a.String())
			if k := c.Clock(a); k != nil && out.ClockOffset == nil {
				u := float64(k.Max-k.Min) / 2e9
				if k.Coarse {
					u += 1
				}
				out.ClockOffset = &ClockOffset{Seconds: round(float64(k.Offset)/1e9, 6), Uncertainty: round(u, 6), From: "kerberos"}
			}
		}
		list = append(list, out)
	}
	return list
}

func (c *Case) captureReport() []Capture {
	list := []Capture{}
	for i, f := range c.joined.captures {
		k := clock{from: "none"}
		if i < len(c.joined.opts.Part) {
			k = c.joined.clocks[c.joined.opts.Part[i]]
			if i > 0 && c.joined.opts.Part[i] == c.joined.opts.Part[0] {
				k.from = "packets" // of one ring set with the reference: they are of one clock
			}
		}
		out := Capture{
			Name: f.Name, Format: f.Info.Format, LinkTypes: linkTypes(f.Info), Frames: f.Info.Frames, Bytes: f.Info.Bytes,
			ClockOffset: k.report(), Problem: f.Problem,
		}
		if f.Info.Frames > 0 {
			// In the capture's own time.
			out.First, out.Last = stampPlaces(f.Info.First, f.Info.Digits), stampPlaces(f.Info.Last, f.Info.Digits)
		}
		lost := map[string]uint64{}
		for name, n := range map[string]uint64{
			"truncated": f.Truncated, "gaps": f.Stats.Gaps, "unknown_link": f.Stats.UnknownLink, "unreadable": f.Info.Faulted,
			"fragments": f.Stats.Fragments, "cut_headers": f.Stats.CutHeaders, "tunnels": f.Stats.Tunnels,
			"sealed": f.Stats.Sealed,
		} {
			if n > 0 {
				lost[name] = n
			}
		}
		for name, n := range f.Stats.Limits {
			if n > 0 {
				lost["limit: "+name] = n
			}
		}
		for _, n := range f.Info.Lost {
			lost[n.Name] += n.N
		}
		if len(lost) > 0 {
			out.Lost = lost
		}
		for _, n := range f.Info.LeftOut {
			if out.LeftOut == nil {
				out.LeftOut = map[string]uint64{}
			}
			out.LeftOut[n.Name] = n.N
		}
		list = append(list, out)
	}
	return list
}

// linkTypes are the link types of the capture's interfaces, each once.
func linkTypes(info capture.Info) []string {
	list := []string{}
	for _, i := range info.Interfaces {
		list = addOnce(list, linkName(i.Link))
	}
	return list
}

func linkName(l capture.LinkType) string {
	switch l {
	case capture.LinkNull:
		return "null"
	case capture.LinkEthernet:
		return "ethernet"
	case capture.LinkPPP:
		return "ppp"
	case capture.LinkRaw:
		return "raw"
	case capture.LinkLoop:
		return "loop"
	case capture.LinkSLL:
		return "linux-sll"
	case capture.LinkTokenRing:
		return "token-ring"
	case capture.LinkFDDI:
		return "fddi"
	case capture.LinkPPPHDLC:
		return "ppp-hdlc"
	case capture.LinkPPPoE:
		return "pppoe"
	case capture.LinkWiFi:
		return "802.11"
	case capture.LinkPrism:
		return "802.11-prism"
	case capture.LinkRadiotap:
		return "802.11-radiotap"
	case capture.LinkAVS:
		return "802.11-avs"
	case capture.LinkPPI:
		return "ppi"
	case capture.LinkIPv4:
		return "ipv4"
	case capture.LinkIPv6:
		return "ipv6"
	case capture.LinkSLL2:
		return "linux-sll2"
	}
	return fmt.Sprintf("linktype %d", l)
}

// firstExchanges lists exchanges in start order up to the limit.
func (c *Case) firstExchanges(limit int) []Exchange {
	if limit <= 0 {
		limit = defaultKeep
	}
	first := c.joined.records[:min(limit, len(c.joined.records))]
	list := make([]Exchange, len(first))
	for i, r := range first {
		list[i] = c.exchange(r)
	}
	return list
}

// citedExchanges adds to the first exchanges those of the rest that findings cite.
func (c *Case) citedExchanges(list []Exchange, findings []Finding) []Exchange {
	rest := c.joined.records[len(list):]
	if len(rest) == 0 {
		return list
	}
	cited := citedFrames(findings)
	for _, r := range rest {
		if c.cites(cited, r) {
			list = append(list, c.exchange(r))
		}
	}
	return list
}

// exchangesAround are, in start order, the exchanges that findings cite, those of
// the same kind and service that worked, and those of any of their tickets.
func (c *Case) exchangesAround(findings []Finding) (list []Exchange) {
	frames := citedFrames(findings)
	kindOf := func(r *Record) string { return r.Kind.String() + "|" + lower(r.Service) }
	wanted := make([]bool, len(c.joined.records))
	kinds := map[string]bool{}
	for i, r := range c.joined.records {
		wanted[i] = c.cites(frames, r)
		if wanted[i] && r.Service != "" {
			kinds[kindOf(r)] = true
		}
	}
	tickets := map[string]bool{}
	for i, r := range c.joined.records {
		wanted[i] = wanted[i] || r.Ending == decode.OK && r.Service != "" && kinds[kindOf(r)]
		if t := r.ticket(); wanted[i] && t != nil && t.Hash != "" {
			tickets[t.Hash] = true
		}
	}
	for i, r := range c.joined.records {
		if t := r.ticket(); wanted[i] || t != nil && tickets[t.Hash] {
			list = append(list, c.exchange(r))
		}
	}
	return list
}

// cites tells whether a frame of r is among those cited.
func (c *Case) cites(frames map[Evidence]bool, r *Record) bool {
	return slices.ContainsFunc(r.Steps, func(s Step) bool {
		return frames[Evidence{Capture: c.CaptureName(s.Frame), Frame: s.Frame.Number()}]
	})
}

func citedFrames(findings []Finding) map[Evidence]bool {
	cited := map[Evidence]bool{}
	for i := range findings {
		for _, e := range findings[i].Evidence {
			cited[Evidence{Capture: e.Capture, Frame: e.Frame}] = true
		}
	}
	return cited
}

func (c *Case) exchange(r *Record) Exchange {
	x := Exchange{
		Kind: r.Kind.String(), Client: r.Client, Service: r.Service, ClientAddress: endpointOf(r.From), Carrier: r.Carrier,
		Outcome: r.Ending.String(), RequestedEtypes: r.Req.Etypes, RequestedEtypeNames: etypeNames(r.Req.Etypes),
		Started: stamp(r.Start), Frames: []StepFrame{},
	}
	switch r.Kind {
	case decode.AS, decode.TGS:
		x.KDC = endpointOf(r.To)
	default:
		x.Server = endpointOf(r.To)
	}
	if r.Error != nil {
		code := r.Error.Code
		x.ErrorCode, x.ErrorCodeName = &code, errorName(code)
	}
	if r.Word != nil && r.Word.Outcome == decode.Refused {
		x.Refusal = &Refusal{CodeName: r.Word.CodeName, Text: r.Word.Text}
		if !r.Word.NoCode {
			x.Refusal.Code = &r.Word.Code
		}
	}
	x.PreauthEtype, x.PreauthEtypeName = namedEtype(r.Req.PreauthEtype)
	if t := r.ticket(); t != nil {
		if e := t.Etype; e != 0 {
			x.TicketEtype, x.TicketEtypeName = namedEtype(&e)
		}
		x.TicketKVNO, x.TicketHash = t.KVNO, t.Hash
	}
	if r.Reply != nil {
		x.ReplyEtype, x.ReplyEtypeName = namedEtype(r.Reply.Etype)
	}
	x.SessionEtype, x.SessionEtypeName = namedEtype(r.SessionEtype)
	if len(r.Steps) > 1 {
		took := round(float64(r.End-r.Start)/1e6, 3)
		x.TookMS = &took
	}
	for _, s := range r.Steps {
		x.Frames = append(x.Frames, StepFrame{Capture: c.CaptureName(s.Frame), Frame: s.Frame.Number(), Step: s.What})
	}
	return x
}

// ticket is the ticket that stands for the exchange: what a KDC issued, or what
// a service was shown; nil: none.
func (r *Record) ticket() *TicketRef {
	if r.Issued == nil && r.Kind != decode.AS && r.Kind != decode.TGS {
		return r.Presented
	}
	return r.Issued
}

func namedEtype(e *int32) (*int32, string) {
	if e == nil {
		return nil, ""
	}
	return e, etypeName(*e)
}

func (c *Case) ticketReport() []Ticket {
	list := []Ticket{}
	for _, t := range c.joined.tickets {
		out := Ticket{
			Hash: t.Hash, SName: t.SName, Realm: t.Realm, Etype: t.Etype, EtypeName: etypeName(t.Etype), KVNO: t.KVNO,
			Issued: any("before the capture"), Presented: []Presentation{},
		}
		out.SessionEtype, out.SessionEtypeName = namedEtype(t.SessionEtype)
		if i := t.Issued; i != nil && i.Reply != nil {
			out.Issued = &Issue{KDC: endpointOf(i.To), Capture: c.CaptureName(i.Reply.Frame), Frame: i.Reply.Frame.Number()}
		}
		for _, p := range t.Presented {
			both := p.both()
			for i, r := range both {
				n := max(p.Count, 1)
				if len(both) == 2 {
					n = [...]uint64{max(p.Count, 2) - 1, 1}[i]
				}
				out.Presented = append(out.Presented, Presentation{
					To: *endpointOf(p.To), Carrier: r.Carrier, Capture: c.CaptureName(r.Req.Frame), Frame: r.Req.Frame.Number(), Outcome: r.Ending.String(), Count: n,
				})
			}
		}
		out.NotListed = t.Forgotten
		list = append(list, out)
	}
	return list
}

// both are the first and the last presentation, where there are two.
func (p *Presented) both() []*Record {
	if p.Last == p.First {
		return []*Record{p.First}
	}
	return []*Record{p.First, p.Last}
}
