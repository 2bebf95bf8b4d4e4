package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kerbscope/analyze"
)

// Limits of a sequence diagram. What does not fit stands in the lists.
const (
	drawnSteps = 12
	drawnHosts = 7
	drawnPorts = 5 // of one host; more share one lifeline
)

// A seqStep is an exchange in a diagram, with those that are like it: same
// ends, names, ticket and outcome.
type seqStep struct {
	x        *analyze.Exchange
	n        int
	last     string // when the last of them began
	requests int    // sent without an answer
	from, to string // addresses; "" for an end that does not show
	presents int    // ticket shown; -1 for none that is known
	issues   int    // ticket issued; -1 likewise
	cited    bool   // what the finding rests on, or one of its effects
	weight   int    // steps of little weight go first when there are too many
}

// failed tells steps that did not get what was wanted.
func (s *seqStep) failed() bool {
	return s.x.Outcome == "error" || s.x.Outcome == "refused" || s.x.Outcome == "unanswered"
}

// steps are what the diagram of a finding shows, in order of time, and how
// many exchanges it leaves out. effects are the findings that it causes.
func (h *htmlReport) steps(f *analyze.Finding, effects []*analyze.Finding) (list []*seqStep, omitted int) {
	weight := map[int]int{}
	cite := func(f *analyze.Finding, w int) {
		for _, e := range f.Evidence {
			if i, ok := h.at[stepKey{e.Capture, e.Frame}]; ok {
				weight[i] = max(weight[i], w)
			}
		}
	}
	for _, e := range effects {
		cite(e, 3)
	}
	cite(f, 4)
	var contrasted []analyze.FramePlace
	if c := f.Contrast; c != nil {
		contrasted = append(contrasted, c.Failed, c.Worked)
	}
	if c := f.Issuers; c != nil {
		contrasted = append(contrasted, c.One, c.Other)
	}
	for _, p := range contrasted {
		if i, ok := h.at[stepKey{p.Capture, p.Frame}]; ok {
			weight[i] = max(weight[i], 4)
		}
	}
	for i := range weight { // where the tickets in question come from
		if k, ok := h.ticketAt[h.r.Exchanges[i].TicketHash]; ok {
			if issue, ok := h.r.Tickets[k].Issued.(*analyze.Issue); ok && issue != nil {
				if j, ok := h.at[stepKey{issue.Capture, issue.Frame}]; ok && weight[j] == 0 {
					weight[j] = 2
				}
			}
		}
	}
	alike := map[string]*seqStep{}
	var all []*seqStep
	for _, i := range h.byTime {
		x := &h.r.Exchanges[i]
		w := weight[i]
		if w == 0 && !h.partOf(x, f) {
			continue
		}
		s := h.stepOf(x)
		key := fmt.Sprint(x.Kind, "|", x.Client, "|", x.Service, "|", s.from, "|", s.to, "|", h.port(s), "|", x.TicketHash, "|", s.presents, "|", x.Outcome, "|", answerWords(x), "|", x.RequestedEtypes)
		if x.Kind != "AP" && x.Outcome == "ok" {
			key += "|" + strconv.Itoa(len(all)) // each has brought a ticket of its own
		}
		same := alike[key]
		if same == nil {
			alike[key] = s
			all = append(all, s)
			same = s
		} else {
			same.last = x.Started
			same.requests += s.requests
		}
		same.n++
		same.weight = max(same.weight, w)
		same.cited = same.weight >= 3
	}
	return h.fewSteps(h.withNTLM(all, append([]*analyze.Finding{f}, effects...)))
}

// withNTLM adds a step for each server where NTLM took the place of Kerberos,
// which no exchange tells of.
func (h *htmlReport) withNTLM(all []*seqStep, findings []*analyze.Finding) []*seqStep {
	for _, f := range findings {
		if f.Server == nil || !slices.ContainsFunc(f.Evidence, func(e analyze.Evidence) bool { return e.Field == "ntlm" }) {
			continue
		}
		x := &analyze.Exchange{Kind: kindNTLM, Client: f.Client, Service: f.Service, Server: f.Server, Started: f.First, Outcome: "unknown"}
		for _, s := range all {
			if s.x.Client == f.Client && s.x.ClientAddress != nil {
				x.ClientAddress = s.x.ClientAddress
			}
		}
		s := h.stepOf(x)
		s.n, s.weight = 1, 4
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b *seqStep) int { return compareTimes(a.x.Started, b.x.Started) })
	return all
}

// kindNTLM is the kind of a step that is no exchange of Kerberos.
const kindNTLM = "NTLM"

// compareTimes orders times of a report; those that do not show stay in place.
func compareTimes(a, b string) int {
	x, ok1 := parseTime(a)
	y, ok2 := parseTime(b)
	if !ok1 || !ok2 {
		return 0
	}
	return x.Compare(y)
}

// atAcceptor tells steps with a service from those with a KDC.
func (s *seqStep) atAcceptor() bool { return s.x.Kind == "AP" || s.x.Kind == kindNTLM }

// stepOf is an exchange alone.
func (h *htmlReport) stepOf(x *analyze.Exchange) *seqStep {
	s := &seqStep{x: x, presents: -1, issues: -1}
	if x.ClientAddress != nil {
		s.from = x.ClientAddress.Address
	}
	switch {
	case x.Server != nil:
		s.to = x.Server.Address
	case x.KDC != nil:
		s.to = x.KDC.Address
	}
	ticket := -1
	if k, ok := h.ticketAt[x.TicketHash]; ok && x.TicketHash != "" {
		ticket = k
	}
	if x.Kind == "AP" {
		s.presents = ticket
	} else {
		s.issues = ticket
	}
	seen := map[string]int{}
	for _, f := range x.Frames {
		if x.Kind == "TGS" && s.presents < 0 {
			if k, ok := h.shown[stepKey{f.Capture, f.Frame}]; ok && k != ticket {
				s.presents = k
			}
		}
		if strings.HasSuffix(f.Step, "-REQ") {
			seen[f.Capture]++
			s.requests = max(s.requests, seen[f.Capture])
		}
	}
	return s
}

// fewSteps leaves as many steps as a diagram takes: those of most weight.
func (h *htmlReport) fewSteps(all []*seqStep) (list []*seqStep, omitted int) {
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(a, b *seqStep) int { return cmp.Compare(b.weight, a.weight) })
	hosts := map[string]bool{}
	keep := map[*seqStep]bool{}
	for _, s := range order {
		a, b := h.hostKey(s.from), h.hostKey(s.to)
		more := len(hosts)
		if !hosts[a] {
			more++
		}
		if !hosts[b] && a != b {
			more++
		}
		if len(keep) < drawnSteps && more <= drawnHosts {
			keep[s] = true
			hosts[a], hosts[b] = true, true
		}
	}
	for _, s := range all {
		if keep[s] {
			list = append(list, s)
		} else {
			omitted += s.n
		}
	}
	return list, omitted
}

// port is the acceptor's port, or 0 for a KDC, whose ports are all one.
func (h *htmlReport) port(s *seqStep) uint16 {
	if s.atAcceptor() && s.x.Server != nil {
		return s.x.Server.Port
	}
	return 0
}

// hostKey is the same for all addresses of one host.
func (h *htmlReport) hostKey(address string) string {
	if i, ok := h.hostAt[address]; ok {
		return "host " + strconv.Itoa(i)
	}
	return address
}

// askWords says what is sent in a step.
func (h *htmlReport) askWords(s *seqStep) string {
	x := s.x
	who := orSomebody(escape(withoutRealm(x.Client)))
	offers := ""
	if len(x.RequestedEtypes) > 0 && x.Kind != "AP" {
		offers = "; offers " + etypeList(x.RequestedEtypes, 6)
	}
	shows := ""
	if s.presents >= 0 {
		shows = "ticket " + h.letter(s.presents)
	}
	switch {
	case x.Kind == "AS" && (x.Service == "" || strings.HasPrefix(x.Service, "krbtgt/")):
		return who + " logs on" + offers
	case x.Kind == "AS":
		return who + " logs on for a " + ticketFor(x) + offers
	case x.Kind == "TGS":
		s := who + " asks for a " + ticketFor(x)
		if shows != "" {
			s += ", shows " + shows
		}
		return s + offers
	case x.Kind == "AP":
		if shows == "" {
			shows = "a ticket"
		}
		if x.Service != "" {
			shows += " for " + escape(withoutRealm(x.Service))
		}
		return who + " shows " + shows
	}
	if x.Kind == kindNTLM {
		return who + " uses NTLM instead of Kerberos at " + h.names.endpoint(x.Server, nil)
	}
	return who + " changes a password"
}

// answer is what came back: a word to stress, and the rest.
func (h *htmlReport) answer(s *seqStep) (stress, rest string) {
	x := s.x
	ticket := ""
	if s.presents >= 0 && x.Kind == "AP" {
		ticket = " ticket " + h.letter(s.presents)
	}
	by := escape(h.names.endpoint(host(x.KDC), nil))
	if x.Server != nil {
		by = h.names.endpoint(x.Server, x.Carrier)
	}
	times := ""
	if s.n > 1 {
		times = fmt.Sprintf(", %d times, last %s", s.n, clock(s.last))
	}
	switch x.Outcome {
	case "ok":
		switch {
		case s.issues >= 0:
			k := &h.r.Tickets[s.issues]
			w := " ticket " + h.letter(s.issues)
			if realm, ok := strings.CutPrefix(k.SName, "krbtgt/"); ok && x.Service != "" && !strings.HasPrefix(x.Service, "krbtgt/") {
				w += ", a referral to " + escape(realm)
			}
			if t := ticketWords(&k.Etype, k.KVNO); t != "" {
				w += ": " + t
			}
			if k.SessionEtype != nil {
				w += "; session key " + shortEtype(*k.SessionEtype)
			}
			return by + " issues", w + times
		case x.Kind == "AS" || x.Kind == "TGS":
			return by + " issues a ticket", strings.TrimSuffix(": "+ticketWords(x.TicketEtype, x.TicketKVNO), ": ") + times
		case x.Kind == "AP":
			return by + " accepts" + ticket, times
		}
		return by + " accepts", times
	case "error", "refused":
		return by + " REFUSES" + ticket, escape(answerWords(x)) + times
	case "unanswered":
		if s.requests > 1 {
			times = fmt.Sprintf(" to %d requests", s.requests) + times
		}
		return "NO ANSWER from " + by, times
	case "not-captured":
		return "", "the answer is not in the capture" + times
	}
	if x.Kind == kindNTLM {
		return "", "no ticket is shown here"
	}
	return "", "the answer does not show" + times
}

// etypeList is "AES256 AES128 RC4", cut after most of them.
func etypeList(list []int32, most int) string {
	var parts []string
	for i, e := range list {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		parts = append(parts, shortEtype(e))
	}
	return strings.Join(parts, ", ")
}
