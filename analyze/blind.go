package analyze

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kerbscope/decode"
)

// Rules that need what the acceptor said, what the KDC said, and what comes
// after an error.
var (
	acceptorRules = []string{"key-mismatch", "same-ticket-two-outcomes", "key-fault-one-identity", "acceptor-lacks-key", "ap-refused", "ap-unanswered", "ntlm-fallback"}
	issueRules    = []string{"ticket-downgrade", "kdcs-disagree", "stale-keytab", "key-fault-one-identity", "client-offers-no-aes"}
	clockRules    = []string{"clock-skew", "ticket-not-yet-valid", "ticket-expired"}
	silenceRules  = []string{"kdc-unreachable", "kdc-udp-unanswered", "tcp-88-blocked", "ap-unanswered"}
)

// blindSpots says what could not be seen.
func (c *Case) blindSpots() []BlindSpot {
	list := []BlindSpot{}
	list = append(list, c.blindTLS()...)
	list = append(list, c.blindSealed()...)
	list = append(list, c.blindFAST()...)
	list = append(list, c.blindCached()...)
	list = append(list, c.blindCaptures()...)
	return list
}

// blindSealed are the servers whose SMB connections were encrypted: pipes with
// DCE/RPC in them, and what was authenticated there, are not seen.
func (c *Case) blindSealed() []BlindSpot {
	var list []BlindSpot
	for _, g := range group(c.joined.sessions, func(s *SessionFact) string {
		if s.Sealed == 0 {
			return ""
		}
		return s.Server.String()
	}) {
		s := g[0]
		b := BlindSpot{Kind: "smb-encrypted", Count: uint64(len(g)), Rules: acceptorRules, Hosts: []string{c.HostName(s.Server.Addr())}}
		b.Summary = fmt.Sprintf("SMB to %s port %d is encrypted from frame %d on (SMB 3); the session's own authentication came before, what was authenticated in named pipes after it is unknown",
			c.HostName(s.Server.Addr()), s.Server.Port(), s.Sealed.Number())
		for _, s := range g {
			b.Captures = addOnce(b.Captures, c.CaptureName(s.Sealed))
		}
		list = append(list, b)
	}
	return list
}

func (c *Case) blindFAST() []BlindSpot {
	b := BlindSpot{Kind: "fast", Summary: "requests were armored with FAST (RFC 6113): inner error codes, preauthentication and key lists in them are encrypted",
		Rules: []string{"preauth-failed", "preauth-downgrade", "account-lacks-aes-keys"}}
	for _, w := range c.joined.rows {
		for _, r := range w.Exemplars {
			if r.Req.FAST && r.Kind == decode.AS {
				c.spot(&b, r)
			}
		}
		if r := w.Record(); r.Req.FAST && r.Kind == decode.AS {
			b.Count += w.Count
		}
	}
	return some(b)
}

// spot notes where a blind spot was met.
func (c *Case) spot(b *BlindSpot, r *Record) {
	b.Hosts = addOnce(b.Hosts, c.HostName(r.To.Addr()))
	for _, s := range r.Steps {
		b.Captures = addOnce(b.Captures, c.CaptureName(s.Frame))
	}
}

func some(b BlindSpot) []BlindSpot {
	if b.Count == 0 {
		return nil
	}
	slices.Sort(b.Hosts)
	slices.Sort(b.Captures)
	return []BlindSpot{b}
}

// blindCached are tickets presented whose issue is in no capture.
func (c *Case) blindCached() []BlindSpot {
	b := BlindSpot{Kind: "cached-tickets", Rules: issueRules}
	var names []string
	for _, t := range c.joined.tickets {
		if t.Issued != nil {
			continue
		}
		seen := false
		for _, p := range t.Presented {
			if p.Kind == decode.AP {
				seen = true
				c.spot(&b, p.First)
			}
		}
		if seen {
			b.Count++
			names = addOnce(names, t.Principal())
		}
	}
	if b.Count > 0 {
		b.Summary = fmt.Sprintf("tickets for %s were issued before the capture, or where nothing was captured: how they were asked for and issued is unknown; purge (klist purge) and capture again", join(names, 4))
	}
	return some(b)
}

// blindCaptures are losses of single captures.
func (c *Case) blindCaptures() []BlindSpot {
	var list []BlindSpot
	one, why := c.blindSides()
	add := func(kind, name, summary string, n uint64, rules []string) {
		if n > 0 {
			list = append(list, BlindSpot{Kind: kind, Summary: summary, Captures: []string{name}, Count: n, Rules: rules})
		}
	}
	for i, f := range c.joined.captures {
		list = append(list, blindLoss(&f)...)
		list = append(list, c.blindFilter(i, &f)...)
		add("one-sided", f.Name, fmt.Sprintf("%s holds requests without the direction that answers come from: whether they were answered is unknown%s", f.Name, why[i]), one[i], silenceRules)
		if f.Truncated > 0 {
			how := "record whole packets (-s 0, --pkt-size 0)"
			if f.Info.Advice != "" {
				how = f.Info.Advice
			}
			add("snaplen", f.Name, fmt.Sprintf("%d frames of %s were cut by the snap length; %s", f.Truncated, f.Name, how), f.Stats.CutPayloads+f.Stats.CutHeaders, nil)
		}
		gaps := f.Stats.Gaps
		if ours, _ := f.filters(); ours {
			gaps -= min(gaps, f.Stats.OtherGaps)
		}
		add("gaps", f.Name, fmt.Sprintf("bytes are missing in %d places of the connections followed in %s%s", gaps, f.Name, f.besideLoss()), gaps, acceptorRules)
		add("clock-set", f.Name, fmt.Sprintf("the clock was set %s while %s was captured: times before and after cannot be compared, and what was under way then is seen as cut", plural(uint64(f.ClockSet), "time"), f.Name), uint64(f.ClockSet), nil)
		add("unknown-link", f.Name, fmt.Sprintf("%d frames of %s are of a link type that is not read", f.Stats.UnknownLink, f.Name), f.Stats.UnknownLink, nil)
		add("tunnels", f.Name, fmt.Sprintf("%d frames of %s hold a tunnel that is not opened", f.Stats.Tunnels, f.Name), f.Stats.Tunnels, nil)
		add("sealed", f.Name, fmt.Sprintf("%d frames of %s are encrypted below IP (Wi-Fi, PPP): capture on the host itself, or on the wire", f.Stats.Sealed, f.Name), f.Stats.Sealed, nil)
		if f.Info.LocalTime && f.Info.Frames > 0 {
			silent := clockRules
			if f.ZoneTold {
				silent = nil
			}
			add("local-times", f.Name, f.localTimes(), 1, silent)
		}
		if f.Problem != "" {
			add("unreadable", f.Name, fmt.Sprintf("%s was not read in full: %s", f.Name, f.Problem), 1, nil)
		}
		if i > 0 && i < len(c.joined.opts.Part) {
			if k := c.joined.clocks[c.joined.opts.Part[i]]; c.joined.opts.Part[i] != 0 && k.from == "none" && f.Stats.Messages > 0 {
				add("clocks", f.Name, fmt.Sprintf("%s shares no packet that was sent once, and no host's time, with %s, by way of others neither: its times cannot be compared", f.Name, c.CaptureName(0)), 1, nil)
			}
		}
	}
	limits, bit := c.limitsBit()
	add("limits", "", "what did not fit into memory limits was counted, not kept one by one: "+bit, limits, nil)
	if limits > 0 {
		list[len(list)-1].Captures = nil
	}
	return list
}

// limitsBit names the limits of the decoder and of the Case that something did
// not fit into, with how many did not, and their sum.
func (c *Case) limitsBit() (sum uint64, names string) {
	bit := maps.Clone(c.joined.limits)
	if bit == nil {
		bit = map[string]uint64{}
	}
	for i := range c.joined.captures {
		for name, n := range c.joined.captures[i].Stats.Limits {
			bit[name] += n
		}
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(bit)) {
		if bit[name] > 0 {
			list = append(list, fmt.Sprintf("%s (%d)", name, bit[name]))
			sum += bit[name]
		}
	}
	return sum, strings.Join(list, ", ")
}
