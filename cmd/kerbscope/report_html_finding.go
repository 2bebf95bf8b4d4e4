package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kerbscope/analyze"
)

// A findingView is a finding as the page shows it, with what it causes inside.
type findingView struct {
	Anchor, ID, Rule, Title string
	Severity, Confidence    string
	SeverityWord            string
	Summary, Cause          string
	Facts                   []factView
	Diagram                 *diagramView
	Story                   []storyView
	StoryMore               int
	StoryNote               string
	Columns                 []columnView
	Evidence                []evidenceView
	Filters                 []filterView
	Contrast                *contrastView
	Fix                     []segments
	Undo, CaptureNext       []segments
	Events                  []segments
	Effects                 []*findingView
	EffectsMore             int
	IsMain                  bool
	Explained               bool // the rule is in the page
}

type factView struct{ Name, Value string }

type columnView struct{ Short, Full string }

type evidenceView struct {
	Outcome, Text string
	Facts         []string
	Cells         []string // one a column
}

type filterView struct{ Label, Expr string }

type contrastView struct {
	Failed, Worked string
	Issuers        bool // the two columns are two KDCs that issued
	Rows           [][3]string
}

// findingView shows f and what it causes; left counts down the findings that
// may still be shown.
func (h *htmlReport) findingView(f *analyze.Finding, left *int) *findingView {
	*left--
	v := &findingView{
		ID: f.ID, Anchor: h.anchor(f.ID), Rule: f.Rule, Severity: string(f.Severity), Confidence: string(f.Confidence), SeverityWord: stateWords[string(f.Severity)],
		Summary: sentence(escape(f.Summary)), Cause: escape(f.Cause),
	}
	if v.Cause != "" {
		v.Cause = sentence(upperFirst(v.Cause))
	}
	if r := findRule(f.Rule); r != nil {
		v.Title, v.Explained = upperFirst(r.Title), true
	}
	h.factsOf(v, f)
	var effects []*analyze.Finding
	for _, i := range h.effects[f.ID] {
		effects = append(effects, &h.r.Findings[i])
	}
	if f.BecauseOf == "" || !h.known(f.BecauseOf) {
		h.picture(v, f, h.allEffects(f.ID))
	}
	h.evidenceViews(v, f)
	v.Contrast = h.contrastView(f)
	for _, s := range f.Fix {
		v.Fix = append(v.Fix, segmentsOf(escape(s)))
	}
	for _, s := range f.Undo {
		v.Undo = append(v.Undo, segmentsOf(escape(s)))
	}
	for _, s := range f.CaptureNext {
		v.CaptureNext = append(v.CaptureNext, segmentsOf(escape(s)))
	}
	for _, e := range f.Events {
		v.Events = append(v.Events, segmentsOf(escape(fmt.Sprintf("%s, %s, %s: %s", e.Host, e.Log, e.ID, e.Meaning))))
	}
	for _, e := range effects {
		if *left <= 0 {
			v.EffectsMore++
			continue
		}
		v.Effects = append(v.Effects, h.findingView(e, left))
	}
	return v
}

// allEffects are the findings that follow from one, at any distance.
func (h *htmlReport) allEffects(id string) (list []*analyze.Finding) {
	queue := []string{id}
	seen := map[string]bool{id: true}
	for len(queue) > 0 {
		for _, i := range h.effects[queue[0]] {
			f := &h.r.Findings[i]
			if !seen[f.ID] {
				seen[f.ID] = true
				list, queue = append(list, f), append(queue, f.ID)
			}
		}
		queue = queue[1:]
	}
	return list
}

// anchor is an id for the page, made of the finding's.
func (h *htmlReport) anchor(id string) string {
	a := "f-" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, id)
	for h.ids[a] {
		a += "x"
	}
	h.ids[a] = true
	return a
}

func (h *htmlReport) factsOf(v *findingView, f *analyze.Finding) {
	add := func(name, value string) {
		if value != "" {
			v.Facts = append(v.Facts, factView{name, value})
		}
	}
	var at []string
	for _, p := range f.FaultAt {
		s := escape(p.Host)
		if p.Endpoint != nil && p.Endpoint.Port != 0 {
			s = h.names.endpoint(p.Endpoint, h.carrierOf(p.Endpoint))
		}
		if !slices.Contains(at, s) {
			at = append(at, s)
		}
	}
	add("Fault at", join(at))
	add("Client", escape(f.Client))
	add("Service", escape(f.Service))
	if f.KDC != nil {
		add("KDC", escape(h.names.host(f.KDC.Address)))
	}
	if f.Server != nil && len(f.FaultAt) == 0 {
		add("Server", h.names.endpoint(f.Server, h.carrierOf(f.Server)))
	}
	times := plural(f.Count, "time")
	if f.Count == 1 {
		times = "once"
	}
	if a, ok := parseTime(f.First); ok {
		times += ", " + a.UTC().Format("2006-01-02 15:04:05")
		if b, ok := parseTime(f.Last); ok && b.Sub(a).Seconds() >= 1 {
			times += " to " + b.UTC().Format("15:04:05")
			if day(f.First) != day(f.Last) {
				times = strings.TrimSuffix(times, b.UTC().Format("15:04:05")) + b.UTC().Format("2006-01-02 15:04:05")
			}
		}
		times += " UTC"
	}
	add("Seen", upperFirst(times))
}

// carrierOf is how that endpoint was spoken to.
func (h *htmlReport) carrierOf(e *analyze.Endpoint) []string {
	for i := range h.r.Exchanges {
		if x := &h.r.Exchanges[i]; x.Server != nil && *x.Server == *e {
			return x.Carrier
		}
	}
	return nil
}

func (h *htmlReport) evidenceViews(v *findingView, f *analyze.Finding) {
	rows := h.evidenceRows(f)
	var captures []string
	for _, c := range h.r.Captures {
		if slices.ContainsFunc(rows, func(r evidenceRow) bool { return len(r.cells[c.Name]) > 0 }) {
			captures = append(captures, c.Name)
			v.Columns = append(v.Columns, columnView{columnName(c.Name), escape(c.Name)})
		}
	}
	for _, r := range rows {
		e := evidenceView{Text: r.text, Facts: r.facts, Outcome: "dim"}
		if r.x != nil {
			e.Outcome = outcomeClass(r.x.Outcome)
		}
		for _, c := range captures {
			e.Cells = append(e.Cells, strings.ReplaceAll(cell(r.cells[c]), " > ", " → "))
		}
		v.Evidence = append(v.Evidence, e)
	}
	for _, c := range captures {
		if expr := framesFilter(framesIn(f, c)); expr != "" {
			v.Filters = append(v.Filters, filterView{"These frames in " + escape(c), expr})
		}
	}
	if f.Filter != "" {
		v.Filters = append(v.Filters, filterView{"The same traffic in every capture", escape(f.Filter)})
	}
}

// framesFilter is Wireshark's display filter for frames of one capture.
func framesFilter(frames []uint64) string {
	if len(frames) == 0 {
		return ""
	}
	return "frame.number in {" + frameNumbers(frames) + "}"
}

func frameNumbers(frames []uint64) string {
	var numbers []string
	for _, n := range frames {
		numbers = append(numbers, strconv.FormatUint(n, 10))
	}
	return strings.Join(numbers, ", ")
}

// frameWord is "hub frame 46"; with a single capture "frame 46".
func (h *htmlReport) frameWord(p analyze.FramePlace) string {
	if len(h.r.Captures) == 1 {
		return fmt.Sprintf("frame %d", p.Frame)
	}
	return fmt.Sprintf("%s frame %d", columnName(p.Capture), p.Frame)
}

func (h *htmlReport) contrastView(f *analyze.Finding) *contrastView {
	switch c, k := f.Contrast, f.Issuers; {
	case c != nil && len(c.Differs) > 0:
		v := &contrastView{Failed: h.frameWord(c.Failed), Worked: h.frameWord(c.Worked)}
		for _, d := range c.Differs {
			v.add(h, d.What, d.Failed, d.Worked)
		}
		v.Rows = append(v.Rows, h.timesOf(c.Failed, c.Worked)...)
		return v
	case k != nil && len(k.Differs) > 0:
		one, other := h.issuerNames(k)
		v := &contrastView{Issuers: true, Failed: one + ", " + h.frameWord(k.One), Worked: other + ", " + h.frameWord(k.Other)}
		for _, d := range k.Differs {
			if d.What != "kdc" {
				v.add(h, d.What, d.One, d.Other)
			}
		}
		v.Rows = append(v.Rows, h.timesOf(k.One, k.Other)...)
		return v
	}
	return nil
}

func (v *contrastView) add(h *htmlReport, what, one, other string) {
	v.Rows = append(v.Rows, [3]string{upperFirst(differenceWords[what]), h.differing(what, one), h.differing(what, other)})
}

// timesOf are when the exchanges of two frames began, where that differs.
func (h *htmlReport) timesOf(one, other analyze.FramePlace) (rows [][3]string) {
	a, b := h.startOf(one), h.startOf(other)
	if a == b {
		return nil
	}
	if day(a) != day(b) {
		rows = append(rows, [3]string{"Day", day(a), day(b)})
	}
	return append(rows, [3]string{"Time (UTC)", clock(a), clock(b)})
}
