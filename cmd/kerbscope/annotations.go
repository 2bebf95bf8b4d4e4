package main

import (
	"fmt"
	"slices"
	"strings"

	"kerbscope/analyze"
)

// Annotations are a report's findings as comments for the frames that prove
// them, and one for the section header of the file that these are written to.
type annotations struct {
	section string // the verdict, then the findings
	frames  map[stepKey][]string
}

// annotationsOf makes the comments of a report. What the report names
// "capture frame 12" stays so named, whatever number the frame gets where it
// is written.
func annotationsOf(r *analyze.Report) *annotations {
	t := newTextReport(r, screen{width: 1 << 16})
	a := &annotations{section: sectionComment(r), frames: map[stepKey][]string{}}
	for i := range r.Findings {
		f := &r.Findings[i]
		var order []stepKey
		facts := map[stepKey][]string{}
		for _, e := range f.Evidence {
			k := stepKey{e.Capture, e.Frame}
			if facts[k] == nil {
				order = append(order, k)
			}
			facts[k] = append(facts[k], fact(e))
		}
		for _, k := range order {
			a.frames[k] = append(a.frames[k], fmt.Sprintf("kerbscope: %s, %s, %s: %s [%s frame %d, %s]",
				f.Rule, f.Severity, f.Confidence, t.frameWords(k, facts[k]), escape(k.capture), k.frame, f.ID))
		}
	}
	return a
}

// of lists the comments for a frame of a capture, by the capture's name in the
// report.
func (a *annotations) of(capture string, frame uint64) []string {
	return a.frames[stepKey{capture, frame}]
}

// frameWords says in one sentence what a frame shows of a finding: what is
// going on in it, and the fields that are cited.
func (t *textReport) frameWords(k stepKey, facts []string) string {
	list := strings.Join(facts, "; ")
	i, ok := t.at[k]
	if !ok {
		return list
	}
	x := &t.r.Exchanges[i]
	what := ""
	for _, s := range x.Frames {
		if s.Capture == k.capture && s.Frame == k.frame {
			what = s.Step
		}
	}
	if what == "" {
		return t.stepWords(x) + "; this frame: " + list
	}
	return t.stepWords(x) + "; this frame: " + escape(what) + ", " + list
}

// sectionComment is the verdict and the list of findings.
func sectionComment(r *analyze.Report) string {
	v := &r.Verdict
	var b strings.Builder
	b.WriteString("kerbscope " + release + ": ")
	if v.ID != "" {
		fmt.Fprintf(&b, "%s, %s, %s: ", v.Rule, v.Severity, v.Confidence)
	}
	b.WriteString(escape(v.Summary))
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.ID == v.ID {
			continue
		}
		line := fmt.Sprintf("\n%s, %s, %s: %s", f.Rule, f.Severity, f.Confidence, escape(f.Summary))
		if b.Len()+len(line) > maxSectionComment {
			fmt.Fprintf(&b, "\nand %s more", plural(uint64(len(r.Findings)-i), "finding"))
			break
		}
		b.WriteString(line)
	}
	return b.String()
}

// maxSectionComment is how long a section's comment gets; an option of pcapng
// holds 65,535 bytes.
const maxSectionComment = 32 << 10

// citedFrames are the frames of a report that its findings rest on, whole
// exchanges at a time: those that evidence stands in, what they are set beside,
// the issue of each ticket that was shown there, and where a ticket issued
// there was refused. An exchange recorded in several captures is taken from
// those in which it is cited, or else the first.
func citedFrames(r *analyze.Report) map[stepKey]bool {
	at := map[stepKey][]int{}
	tickets := map[string][]int{} // exchanges that issued or showed a ticket
	for i := range r.Exchanges {
		x := &r.Exchanges[i]
		for _, s := range x.Frames {
			k := stepKey{s.Capture, s.Frame}
			at[k] = append(at[k], i)
		}
		if x.TicketHash != "" {
			tickets[x.TicketHash] = append(tickets[x.TicketHash], i)
		}
	}
	frames := map[stepKey]bool{}
	var chosen []int
	known := map[int]bool{}
	take := func(x int, capture string) {
		for _, s := range r.Exchanges[x].Frames {
			if s.Capture == capture {
				frames[stepKey{s.Capture, s.Frame}] = true
			}
		}
		if !known[x] {
			known[x] = true
			chosen = append(chosen, x)
		}
	}
	cite := func(k stepKey) {
		frames[k] = true
		for _, x := range at[k] {
			take(x, k.capture)
		}
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		for _, e := range f.Evidence {
			cite(stepKey{e.Capture, e.Frame})
		}
		if c := f.Contrast; c != nil {
			cite(stepKey{c.Failed.Capture, c.Failed.Frame})
			cite(stepKey{c.Worked.Capture, c.Worked.Frame})
		}
		if c := f.Issuers; c != nil {
			cite(stepKey{c.One.Capture, c.One.Frame})
			cite(stepKey{c.Other.Capture, c.Other.Frame})
		}
	}
	for _, i := range slices.Clone(chosen) {
		for _, j := range tickets[r.Exchanges[i].TicketHash] {
			x := &r.Exchanges[j]
			if !known[j] && len(x.Frames) > 0 && (x.Kind != "AP" || x.Outcome == "error" || x.Outcome == "refused") {
				take(j, x.Frames[0].Capture)
			}
		}
	}
	return frames
}
