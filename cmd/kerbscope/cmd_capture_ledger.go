package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kerbscope/analyze"
	"kerbscope/capture"
)

// A captureStatus is what a capture counts: for the live view, the lines on
// standard error, and whoever else watches.
type captureStatus struct {
	analyze.Counts
	Running  time.Duration
	Bytes    uint64
	Newest   int64             // time of the newest packet, by the capture's clock; 0: none came
	Lost     map[string]uint64 // packets not looked at or not kept, by cause
	Down     []string          // interfaces that are down or gone
	Findings []*analyze.Finding
	// Rates are of the last while, a second.
	PacketRate, MessageRate, ExchangeRate float64
}

// A ledger counts what was lost, and when.
type ledger struct {
	known  map[string]uint64
	losses []capture.Loss
	last   int64 // of the capture's clock, when it was last looked at
}

// look compares the counts of what a source loses with those of the last look.
// now is the time of the look, by the clock that stamps packets. It returns
// what was lost since.
func (l *ledger) look(counts []capture.Count, now int64) (fresh []capture.Loss) {
	if l.known == nil {
		l.known = map[string]uint64{}
	}
	for _, c := range counts {
		if n := c.N - min(c.N, l.known[c.Name]); n > 0 {
			from := l.last
			if from == 0 || from > now { // a clock that was set back
				from = now
			}
			fresh = append(fresh, capture.Loss{From: from, To: now, N: n, What: c.Name})
			l.losses = capture.AddLoss(l.losses, fresh[len(fresh)-1])
			l.known[c.Name] = c.N
		}
	}
	l.last = now
	return fresh
}

// lostOf lists what was lost of a capture, with what the source and the
// decoder tell.
func lostOf(info capture.Info, c *analyze.Counts) map[string]uint64 {
	lost := map[string]uint64{}
	for _, n := range info.Lost {
		lost[n.Name] += n.N
	}
	s := &c.Stats
	for name, n := range map[string]uint64{
		"truncated": info.Truncated, "gaps": s.Gaps, "unknown_link": s.UnknownLink, "unreadable": info.Faulted,
		"fragments": s.Fragments, "cut_headers": s.CutHeaders, "tunnels": s.Tunnels, "sealed": s.Sealed,
	} {
		if n > 0 {
			lost[name] = n
		}
	}
	for name, n := range s.Limits {
		lost["limit: "+name] = n
	}
	return lost
}

// lostText is the ledger on one line; "nothing lost" when it is empty.
func lostText(lost map[string]uint64) string {
	var names []string
	for name := range lost {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", strings.ReplaceAll(name, "_", " "), lost[name])
	}
	if len(names) == 0 {
		return "nothing lost"
	}
	return "lost: " + strings.Join(names, ", ")
}
