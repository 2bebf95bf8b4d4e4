package main

import (
	"html/template"
	"strings"

	"kerbscope/analyze"
)

// A diagramView is a sequence diagram with its legend.
type diagramView struct {
	Wide, Narrow template.HTML
	Title        string
	Legend       []legendView
	Signs        []string // ok, no, mute: those that it uses
	Omitted      int
	Marked       bool // a step is shaded: what the finding rests on
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
	d.Marked = strings.Contains(string(d.Wide), `class="band"`)
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
