package analyze

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"kerbscope/capture"
	"kerbscope/capture/live/filter"
	"kerbscope/decode"
)

// maxLossTimes is how many times of losses a summary names.
const maxLossTimes = 3

// blindLoss is what the recorder of a capture lost.
func blindLoss(f *CaptureFacts) []BlindSpot {
	b := BlindSpot{Kind: "lost", Captures: []string{f.Name}}
	var parts []string
	for _, what := range []string{capture.DroppedByKernel, capture.DroppedByInterface, "events", "buffers", "partial_packets", "damaged_events"} {
		var list []Loss
		var n uint64
		for _, l := range f.Losses {
			if l.What == what {
				list = append(list, l)
				n += l.N
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s%s", plural(n, lossWords[what]), lossAgents[what], lossTimes(list)))
			b.Count += n
		}
	}
	if b.Count == 0 {
		return nil
	}
	b.Summary = fmt.Sprintf("%s lacks %s: what was in them is unknown, and what is concluded from silence near them is less sure", f.Name, strings.Join(parts, ", "))
	for _, l := range f.Losses {
		if l.What == capture.DroppedByKernel {
			b.Summary += "; a narrower capture filter loses less"
			break
		}
	}
	return []BlindSpot{b}
}

// lossTimes tells when: " at 10:00:01", the longest known ones first of many.
func lossTimes(list []Loss) string {
	var at []string
	for _, l := range list {
		if l.To-l.From > vagueLoss {
			return ", it is not known when"
		}
		at = addOnce(at, time.Unix(0, l.From).UTC().Format("2006-01-02 15:04:05"))
	}
	more := ""
	if n := len(at) - maxLossTimes; n > 0 {
		at, more = at[:maxLossTimes], fmt.Sprintf(" and %s more", plural(uint64(n), "time"))
	}
	return " at " + strings.Join(at, ", ") + " UTC" + more
}

// filters are the capture filters of a capture's interfaces: whether ours is
// among them, and those that people wrote.
func (f *CaptureFacts) filters() (ours bool, own []string) {
	for _, i := range f.Info.Interfaces {
		switch i.Filter {
		case "":
		case capture.KerberosFilter:
			ours = true
		default:
			own = addOnce(own, i.Filter)
		}
	}
	return ours, own
}

// besideLoss says that losses may be why packets are not there.
func (f *CaptureFacts) besideLoss() string {
	if len(f.Losses) > 0 {
		return "; it lost packets"
	}
	return ""
}

// maxOneWay is how many different requests are tried against a capture filter.
const maxOneWay = 64

// oneWay is the filter of a capture that is why answers to r are not in it; "":
// none is.
func (f *CaptureFacts) oneWay(r *Record) string {
	_, own := f.filters()
	for _, text := range own {
		if filter.OneWay(text, r.From, r.To, r.Transport == decode.UDP) {
			return text
		}
	}
	return ""
}

// maxOtherPorts is how many ports a summary names.
const maxOtherPorts = 8

// blindSides are the captures that hold requests without the direction that
// answers come from, but for those of which our own filter is why.
func (c *Case) blindSides() (count map[int]uint64, why map[int]string) {
	count, why = map[int]uint64{}, map[int]string{}
	tried := 0
	// Of a request that its client sent elsewhere too, or that an ICMP error
	// came for, it is known: it had no answer.
	known := map[*Record]bool{}
	for _, s := range c.silences() {
		for _, r := range s.records {
			known[r] = s.answeredBy != nil
		}
	}
	said := map[[2]netip.Addr]bool{}
	for _, g := range c.Sightings(decode.ICMPError) {
		said[[2]netip.Addr{g.Src.Addr(), g.Dst.Addr()}] = g.unreachable() != ""
	}
	for _, w := range c.joined.rows {
		r := w.Record()
		if len(r.Steps) == 0 || known[r] || said[[2]netip.Addr{r.From.Addr(), r.To.Addr()}] {
			continue
		}
		i := r.Steps[0].Frame.Capture()
		if !notCaptured(r, i) || i >= len(c.joined.captures) {
			continue
		}
		f := &c.joined.captures[i]
		if ours, _ := f.filters(); ours && byOurFilter(r) {
			continue
		}
		count[i] += w.Count
		if why[i] == "" && tried < maxOneWay {
			if text := f.oneWay(r); text != "" {
				why[i] = fmt.Sprintf("; the capture filter %q let no answers through: capture with one that names no direction", text)
			}
			tried++
		}
	}
	for i := range count {
		if why[i] == "" {
			why[i] = c.joined.captures[i].besideLoss()
		}
	}
	return count, why
}

// blindFilter are the connections of capture i of which our own capture filter
// lets single packets through alone: those on ports where Kerberos is not
// expected.
func (c *Case) blindFilter(i int, f *CaptureFacts) []BlindSpot {
	if ours, _ := f.filters(); !ours {
		return nil
	}
	b := BlindSpot{Kind: "filter", Rules: acceptorRules, Captures: []string{f.Name}}
	count := map[uint16]uint64{}
	for _, w := range c.joined.rows {
		if r := w.Record(); notCaptured(r, i) && byOurFilter(r) {
			count[r.To.Port()] += w.Count
			b.Count += w.Count
			b.Hosts = addOnce(b.Hosts, c.HostName(r.To.Addr()))
		}
	}
	for _, s := range c.joined.sessions {
		if s.Begin.Frame.Capture() != i || s.Gaps == 0 || decode.Expects(s.Server.Port()) || decode.Expects(s.Client.Port()) {
			continue
		}
		for _, a := range s.Attempts {
			at := s.Server
			switch {
			case a.Record != nil:
				at = a.Record.To // in mid-stream, its AP-REQ tells which side is the server's
			case !s.SidesKnown:
				continue
			}
			count[at.Port()] += 0
			b.Hosts = addOnce(b.Hosts, c.HostName(at.Addr()))
		}
	}
	b.Count = max(b.Count, f.Stats.OtherGaps)
	if b.Count == 0 {
		return nil
	}
	var ports []uint16
	for p := range count {
		ports = append(ports, p)
	}
	slices.SortFunc(ports, func(a, b uint16) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	names := make([]string, min(len(ports), maxOtherPorts))
	for i := range names {
		names[i] = fmt.Sprint(ports[i])
	}
	where, how := "ports where Kerberos is not expected", "--all-ports, or -f FILTER,"
	switch {
	case len(names) == 1:
		where, how = "port "+names[0], fmt.Sprintf("--all-ports, or -f 'port 88 or tcp port %s',", names[0])
	case len(names) > 1:
		where, how = "ports "+join(names, maxOtherPorts), fmt.Sprintf("--all-ports, or -f 'port 88 or tcp port %s',", strings.Join(names, " or "))
	}
	b.Summary = fmt.Sprintf("of connections on %s the capture filter of kerbscope capture let through to %s only packets that show Kerberos; answers without it are not there; %s captures them whole", where, f.Name, how)
	slices.Sort(b.Hosts)
	return []BlindSpot{b}
}

// notCaptured tells whether the answers to r are missing in capture i because
// of their direction.
func notCaptured(r *Record, i int) bool {
	return r.Ending == decode.NotCaptured && !r.BothWays && len(r.Steps) > 0 && r.Steps[0].Frame.Capture() == i
}

// byOurFilter tells whether our capture filter lets only single packets of the
// connection through that r came on.
func byOurFilter(r *Record) bool {
	return r.Kind == decode.AP && r.Transport == decode.TCP && !decode.Expects(r.To.Port()) && !decode.Expects(r.From.Port())
}

// spoken leaves out of blind spots the rules that found something in what the
// spot is about: they could speak.
func spoken(spots []BlindSpot, findings []Finding) {
	for i := range spots {
		b := &spots[i]
		b.Rules = slices.DeleteFunc(slices.Clone(b.Rules), func(rule string) bool {
			return slices.ContainsFunc(findings, func(f Finding) bool { return f.Rule == rule && about(&f, b) })
		})
	}
}

// about tells whether a finding rests on a capture and concerns a host of b's.
func about(f *Finding, b *BlindSpot) bool {
	host := len(b.Hosts) == 0
	for _, at := range f.FaultAt {
		host = host || slices.Contains(b.Hosts, at.Host)
	}
	return host && (len(b.Captures) == 0 || slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return slices.Contains(b.Captures, e.Capture) }))
}
