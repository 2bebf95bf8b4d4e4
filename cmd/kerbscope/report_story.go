package main

import (
	"fmt"
	"slices"
	"strings"

	"kerbscope/analyze"
)

// story is one line for each exchange of the verdict's client or service, in
// order of time; without a verdict, of all.
func (t *textReport) story(f *analyze.Finding) {
	var steps []*analyze.Exchange
	for i := range t.r.Exchanges {
		if x := &t.r.Exchanges[i]; f == nil || t.partOf(x, f) {
			steps = append(steps, x)
		}
	}
	if len(steps) == 0 {
		return
	}
	slices.SortStableFunc(steps, func(a, b *analyze.Exchange) int {
		x, ok1 := parseTime(a.Started)
		y, ok2 := parseTime(b.Started)
		if !ok1 || !ok2 {
			return 0
		}
		return x.Compare(y)
	})
	day := "times in UTC"
	if d, ok := parseTime(steps[0].Started); ok {
		day = d.UTC().Format("2006-01-02") + ", " + day
	}
	if len(t.r.Captures) > 1 {
		day += " by the clock of " + escape(t.r.Captures[0].Name)
	}
	t.heading("STORY", day)
	shown := steps
	if len(steps) > listedSteps {
		shown = steps[:listedSteps]
	}
	for _, x := range shown {
		t.hang("  "+clock(x.Started)+"  ", t.stepWords(x)+"  ["+t.framesOf(x)+"]")
	}
	if len(shown) < len(steps) {
		t.para(2, fmt.Sprintf("... and %d more: --format json has them all", len(steps)-len(shown)))
	}
}

// partOf tells the exchanges that belong to a finding's client and service.
func (t *textReport) partOf(x *analyze.Exchange, f *analyze.Finding) bool {
	for _, e := range f.Evidence {
		for _, s := range x.Frames {
			if s.Capture == e.Capture && s.Frame == e.Frame {
				return true
			}
		}
	}
	switch {
	case f.Service != "" && f.Client != "":
		return x.Client == f.Client && (x.Service == f.Service || x.Kind == "AS") || x.Client == "" && x.Service == f.Service
	case f.Service != "":
		return x.Service == f.Service
	case f.Client != "":
		return x.Client == f.Client
	}
	return f.KDC != nil && x.KDC != nil && f.KDC.Address == x.KDC.Address
}

// framesOf is "mailbox 60 > 62, hub 16 > 18".
func (t *textReport) framesOf(x *analyze.Exchange) string {
	cells := cellsOf(x)
	var parts []string
	for _, c := range t.r.Captures {
		frames := cells[c.Name]
		if len(frames) == 0 {
			continue
		}
		if len(t.r.Captures) == 1 {
			return cell(frames)
		}
		parts = append(parts, columnName(c.Name)+" "+cell(frames))
	}
	return strings.Join(parts, ", ")
}
