package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"kerbscope/analyze"
)

// statusLine sums a capture up on one line, for standard error.
func statusLine(s *captureStatus) string {
	line := fmt.Sprintf("%s: %s, %s, %s", clockText(s.Running), plural(s.Frames, "packet"), plural(s.Messages, "Kerberos message"), plural(s.Exchanges, "exchange"))
	if o := outcomesText(s.Outcomes); o != "" {
		line += " (" + o + ")"
	}
	line += "; " + plural(uint64(len(s.Findings)), "finding")
	if len(s.Findings) > 0 {
		line += ": " + findingsText(s.Findings)
	}
	line += "; " + lostText(s.Lost)
	if len(s.Down) > 0 {
		line += "; down: " + strings.Join(s.Down, ", ")
	}
	return line
}

// outcomesText counts exchanges by how they ended: "ok 41, error 3".
func outcomesText(outcomes map[analyze.Outcome]uint64) string {
	sum := map[string]uint64{}
	for o, n := range outcomes {
		sum[o.Ending.String()] += n
	}
	var parts []string
	for _, name := range []string{"ok", "error", "refused", "unanswered", "not-captured", "unknown"} {
		if n := sum[name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", name, n))
		}
	}
	return strings.Join(parts, ", ")
}

// kindsText counts exchanges by kind and how they ended.
func kindsText(outcomes map[analyze.Outcome]uint64) string {
	sums := map[analyze.Outcome]uint64{}
	for o, n := range outcomes {
		sums[analyze.Outcome{Kind: o.Kind, Ending: o.Ending}] += n
	}
	keys := make([]analyze.Outcome, 0, len(sums))
	for o := range sums {
		keys = append(keys, o)
	}
	slices.SortFunc(keys, func(a, b analyze.Outcome) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Ending, b.Ending))
	})
	var parts []string
	for i, o := range keys {
		text := fmt.Sprintf("%s %d", o.Ending, sums[o])
		if i == 0 || keys[i-1].Kind != o.Kind {
			text = o.Kind.String() + " " + text
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "  ")
}

// findingsText names the rules of findings, the gravest first, and how many
// there are of one where it is more.
func findingsText(list []*analyze.Finding) string {
	count := map[string]int{}
	var names []string
	for _, f := range list {
		if count[f.Rule]++; count[f.Rule] == 1 {
			names = append(names, f.Rule)
		}
	}
	for i, rule := range names {
		if i == 6 {
			names = append(names[:i], fmt.Sprintf("%d more rules", len(names)-i))
			break
		}
		if n := count[rule]; n > 1 {
			names[i] += fmt.Sprintf(" (%d)", n)
		}
	}
	return strings.Join(names, ", ")
}

// clockText is a duration as people read it: 42 s, 3 min, 5 h 12 min.
func clockText(d time.Duration) string {
	switch s := int(d / time.Second); {
	case s < 120:
		return fmt.Sprintf("%d s", s)
	case s < 7200:
		return fmt.Sprintf("%d min", s/60)
	case s < 48*3600:
		return fmt.Sprintf("%d h %d min", s/3600, s%3600/60)
	default:
		return fmt.Sprintf("%d days %d h", s/86400, s%86400/3600)
	}
}
