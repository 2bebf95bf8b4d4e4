package main

import (
	"fmt"
	"html/template"
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
	Rows           [][3]string
}

// A diagramView is a sequence diagram with its legend.
type diagramView struct {
	Wide, Narrow template.HTML
	Title        string
	Legend       []legendView
	Signs        []string // ok, no, mute: those that it uses
	Omitted      int
}

type legendView struct {
	Chip  template.HTML
	Name  string
	About string
}

// A storyView is one exchange in words.
type storyView struct {
	When, Outcome, Text, Frames string
	Chip                        template.HTML
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

// picture gives a finding its diagram and its story.
func (h *htmlReport) picture(v *findingView, f *analyze.Finding, effects []*analyze.Finding) {
	steps, omitted := h.steps(f, effects)
	if len(steps) == 0 || h.drawn >= htmlDiagrams {
		return
	}
	h.drawn++
	d := &diagramView{Omitted: omitted, Title: "Who asked whom, and what became of it"}
	var told []string
	used := map[int]bool{}
	signs := map[string]bool{}
	for _, s := range steps {
		stress, rest := h.answer(s)
		told = append(told, sentence(clock(s.x.Started)+" "+h.askWords(s)+"; "+stress+rest))
		for _, k := range []int{s.presents, s.issues} {
			if k >= 0 && !used[k] {
				used[k] = true
				d.Legend = append(d.Legend, h.legend(k))
			}
		}
		signs[map[string]string{"ok": "ok", "error": "no", "refused": "no", "unanswered": "mute"}[s.x.Outcome]] = true
	}
	for _, s := range []string{"ok", "no", "mute"} {
		if signs[s] {
			d.Signs = append(d.Signs, s)
		}
	}
	desc := strings.Join(told, " ")
	d.Wide = h.sequenceSVG(steps, f.FaultAt, v.Anchor+"-w", d.Title, desc, false)
	d.Narrow = h.sequenceSVG(steps, f.FaultAt, v.Anchor+"-n", d.Title, desc, true)
	v.Diagram = d
	h.storyOf(v, f)
}

func (h *htmlReport) legend(ticket int) legendView {
	k := &h.r.Tickets[ticket]
	about := ticketWords(&k.Etype, k.KVNO)
	if k.SessionEtype != nil {
		about += ", session key " + shortEtype(*k.SessionEtype)
	}
	if issue, ok := k.Issued.(*analyze.Issue); ok && issue != nil {
		about += ", issued by " + escape(h.names.endpoint(host(issue.KDC), nil))
	} else {
		about += ", issued before the capture"
	}
	return legendView{Chip: h.chipHTML(ticket), Name: orDash(escape(k.SName)), About: about}
}

// chipHTML is a ticket's sign in running text.
func (h *htmlReport) chipHTML(ticket int) template.HTML {
	l := h.letter(ticket)
	w := 20 + 8*float64(len(l)-1)
	return template.HTML(fmt.Sprintf(`<svg class="chip" role="img" aria-label="ticket %s" viewBox="0 0 %.0f 18" width="%.0f" height="18">%s</svg>`, l, w, w, chipAt(w/2, 9, l, h.hue(ticket))))
}

// storyOf lists the exchanges of the finding one by one.
func (h *htmlReport) storyOf(v *findingView, f *analyze.Finding) {
	for _, i := range h.byTime {
		x := &h.r.Exchanges[i]
		if !h.partOf(x, f) {
			continue
		}
		if len(v.Story) == htmlSteps {
			v.StoryMore++
			continue
		}
		if len(v.Story) == 0 {
			v.StoryNote = "Times in UTC"
			if d := day(x.Started); d != "-" {
				v.StoryNote += ", " + d
			}
			if len(h.r.Captures) > 1 {
				v.StoryNote += ", by the clock of " + escape(h.r.Captures[0].Name)
			}
		}
		s := storyView{When: clock(x.Started), Outcome: outcomeClass(x.Outcome), Text: h.stepWords(x), Frames: h.framesOf(x)}
		if k, ok := h.ticketAt[x.TicketHash]; ok && x.TicketHash != "" {
			s.Chip = h.chipHTML(k)
		}
		v.Story = append(v.Story, s)
	}
}

// outcomeClass is the look of an outcome: ok, no, mute or dim.
func outcomeClass(outcome string) string {
	switch outcome {
	case "ok":
		return "ok"
	case "error", "refused":
		return "no"
	case "unanswered":
		return "mute"
	}
	return "dim"
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
	c := f.Contrast
	if c == nil || len(c.Differs) == 0 {
		return nil
	}
	v := &contrastView{Failed: h.frameWord(c.Failed), Worked: h.frameWord(c.Worked)}
	for _, d := range c.Differs {
		v.Rows = append(v.Rows, [3]string{upperFirst(differenceWords[d.What]), h.differing(d.What, d.Failed), h.differing(d.What, d.Worked)})
	}
	if a, b := h.startOf(c.Failed), h.startOf(c.Worked); a != b {
		if day(a) != day(b) {
			v.Rows = append(v.Rows, [3]string{"Day", day(a), day(b)})
		}
		v.Rows = append(v.Rows, [3]string{"Time (UTC)", clock(a), clock(b)})
	}
	return v
}
