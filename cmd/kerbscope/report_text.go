package main

import (
	"fmt"
	"slices"
	"strings"

	"kerbscope/analyze"
)

// Lists of the text report stop here; the JSON report has everything.
const (
	listedSteps    = 30
	listedFindings = 20
	listedRows     = 20
	briefLines     = 23 // --brief: one screen of 24 lines, the prompt is the last
)

// A textReport lays out one report.
type textReport struct {
	page
	r     *analyze.Report
	names directory
	at    map[stepKey]int // exchange by capture and frame
}

type stepKey struct {
	capture string
	frame   uint64
}

func newTextReport(r *analyze.Report, s screen) *textReport {
	t := &textReport{page: page{screen: s}, r: r, names: directoryOf(r.Hosts), at: map[stepKey]int{}}
	for i := range r.Exchanges {
		for _, f := range r.Exchanges[i].Frames {
			t.at[stepKey{f.Capture, f.Frame}] = i
		}
	}
	return t
}

// reportText is the report as people read it: the first screen says what is
// wrong and what to do, the rest is for whoever checks it.
func reportText(r *analyze.Report, s screen, brief bool) string {
	t := newTextReport(r, s)
	if brief {
		return t.brief()
	}
	t.header()
	t.verdict()
	main := t.main()
	if main != nil {
		t.howWeKnow(main)
		t.contrast(main)
		t.whatToDo(main)
	} else {
		t.summary()
	}
	t.story(main)
	t.otherFindings()
	t.etypes()
	t.tickets()
	t.clocks()
	t.rc4()
	t.notVisible()
	t.captures()
	return t.b.String()
}

// main is the finding that the verdict names; nil when all is well.
func (t *textReport) main() *analyze.Finding {
	if t.r.Verdict.ID == "" {
		return nil
	}
	for i := range t.r.Findings {
		if t.r.Findings[i].ID == t.r.Verdict.ID {
			return &t.r.Findings[i]
		}
	}
	return nil
}

// header is one line on what was read.
func (t *textReport) header() { t.para(0, "kerbscope: "+t.headerWords()) }

func (t *textReport) headerWords() string {
	var frames uint64
	var first, last float64
	seen := false
	unread := uint64(0)
	for _, c := range t.r.Captures {
		frames += c.Frames
		if c.Frames == 0 && c.Problem != "" {
			unread++
		}
		a, ok1 := parseTime(c.First)
		b, ok2 := parseTime(c.Last)
		if !ok1 || !ok2 {
			continue
		}
		x := float64(a.UnixNano())/1e9 - c.ClockOffset.Seconds
		y := float64(b.UnixNano())/1e9 - c.ClockOffset.Seconds
		if !seen {
			first, last, seen = x, y, true
		}
		first, last = min(first, x), max(last, y)
	}
	s := plural(uint64(len(t.r.Captures))-unread, "capture")
	if unread > 0 {
		s += fmt.Sprintf(" (and %d that could not be read)", unread)
	}
	s += ", " + plural(frames, "frame")
	if seen {
		s += ", " + span(last-first) + " of traffic"
	}
	if c := t.clocksInShort(); c != "" {
		s += "; " + c
	}
	return s
}

// clocksInShort says how the clocks of several captures stand to each other.
func (t *textReport) clocksInShort() string {
	var low, high float64
	n := 0
	for _, c := range t.r.Captures {
		o := c.ClockOffset
		if c.Frames == 0 {
			continue
		}
		if n++; n == 1 {
			continue // the reference
		}
		if o.From == "none" {
			return "how their clocks stand to each other is not known"
		}
		low, high = min(low, o.Seconds-o.Uncertainty), max(high, o.Seconds+o.Uncertainty)
	}
	if n < 2 {
		return ""
	}
	if high-low < 1 {
		return "clocks agree within " + span(high-low)
	}
	return "their clocks are up to " + span(high-low) + " apart, which is taken into account"
}

// verdict is the answer: what is wrong in plain words, the rule's title, and
// then with the names and numbers of this case.
func (t *textReport) verdict() {
	t.blank()
	v := t.r.Verdict
	style := styleGreen
	switch v.Severity {
	case string(analyze.Error):
		style = styleRed
	case string(analyze.Warning):
		style = styleYellow
	}
	if t.r.Totals.Messages == 0 && v.ID == "" {
		style = styleYellow // nothing was seen, which is no good news
	}
	headline := escape(v.Summary)
	if r := findRule(v.Rule); r != nil {
		headline = t.ours(r.Title)
	}
	t.hangStyled("VERDICT  ", style, sentence(headline))
	if v.ID == "" {
		return
	}
	t.line("         " + t.paint(styleFaint, fmt.Sprintf("%s, %s, %s", v.Rule, v.Severity, v.Confidence)))
	t.blank()
	text := sentence(escape(v.Summary))
	if f := t.main(); f != nil && f.Cause != "" {
		text += " " + sentence(escape(f.Cause))
	}
	t.para(2, text)
}

// sentence ends with a full stop. It does not begin with a capital where that
// would change a name.
func sentence(s string) string {
	if strings.HasPrefix(s, "no Kerberos ") || strings.HasPrefix(s, "nothing could be read ") {
		s = "N" + s[1:]
	}
	if s != "" && !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "?") {
		s += "."
	}
	return s
}

// summary says what worked, where there is nothing that did not.
func (t *textReport) summary() {
	if s := t.summaryWords(); s != "" {
		t.blank()
		t.para(2, s)
	}
	var names []string
	for _, r := range t.r.RC4 {
		if r.Breaks == "yes" && !slices.Contains(names, r.Principal) {
			names = append(names, r.Principal)
		}
	}
	if len(names) > 0 {
		s := withoutRealm(names[0])
		if len(names) > 1 {
			s += fmt.Sprintf(" and %d more", len(names)-1)
		}
		t.blank()
		t.para(2, escape(s)+" would fail in a domain without RC4: see RC4 below.")
	}
}

func (t *textReport) summaryWords() string {
	all := len(t.r.Exchanges)
	if all == 0 {
		if t.r.Totals.Messages == 0 {
			return "Where and how to record so that Kerberos is in the capture: kerbscope explain capturing"
		}
		return ""
	}
	n := map[string]int{}
	for i := range t.r.Exchanges {
		n[t.r.Exchanges[i].Outcome]++
	}
	var parts []string
	for _, o := range []struct{ outcome, words string }{
		{"ok", "succeeded"}, {"error", "ended in a Kerberos error that is a step, healed, or stands in the notes"}, {"refused", "refused"}, {"unanswered", "unanswered"},
		{"not-captured", "with the answer outside the capture"}, {"unknown", "without an outcome that shows"},
	} {
		if n[o.outcome] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[o.outcome], o.words))
		}
	}
	switch {
	case n["ok"] == all && all == 1:
		return "The one Kerberos exchange in it succeeded."
	case n["ok"] == all:
		return fmt.Sprintf("All %d Kerberos exchanges succeeded.", all)
	}
	return fmt.Sprintf("%s: %s.", plural(uint64(all), "Kerberos exchange"), strings.Join(parts, ", "))
}

// whatToDo is the finding's fix, how to take it back, and what would settle
// what is left open.
func (t *textReport) whatToDo(f *analyze.Finding) {
	if len(f.Fix) > 0 {
		t.heading("WHAT TO DO", "")
		t.steps(f.Fix)
	}
	for _, u := range f.Undo {
		t.hang("     To undo: ", t.ours(escape(u)))
	}
	for _, c := range f.CaptureNext {
		t.hang("     To be sure: ", t.ours(escape(c)))
	}
	if len(f.Events) == 0 {
		return
	}
	t.blank()
	t.line("  Event logs to look into:")
	for _, e := range f.Events {
		t.hang("  - ", t.ours(escape(fmt.Sprintf("%s, %s, %s: %s", e.Host, e.Log, e.ID, e.Meaning))))
	}
}

// otherFindings lists what the verdict leaves out, consequences with their cause.
func (t *textReport) otherFindings() {
	var rest []*analyze.Finding
	for i := range t.r.Findings {
		if f := &t.r.Findings[i]; f.ID != t.r.Verdict.ID {
			rest = append(rest, f)
		}
	}
	if len(rest) == 0 {
		return
	}
	title := "OTHER FINDINGS"
	if t.r.Verdict.ID == "" {
		title = "FINDINGS"
	}
	t.heading(title, "")
	for i, f := range rest {
		if i == listedFindings {
			break
		}
		t.finding(f)
	}
	t.more(len(rest), listedFindings)
	t.para(2, "What each means and what to do about it: kerbscope explain RULE")
}

func (t *textReport) finding(f *analyze.Finding) {
	style := ""
	switch f.Severity {
	case analyze.Error:
		style = styleRed
	case analyze.Warning:
		style = styleYellow
	}
	lead := "  " + pad(string(f.Severity), 9)
	t.hangStyled(lead, style, sentence(escape(f.Summary)))
	about := fmt.Sprintf("%s, %s", f.Rule, f.Confidence)
	if f.Count > 1 {
		about += fmt.Sprintf(", %d times", f.Count)
	}
	if f.BecauseOf != "" {
		rule, _, _ := strings.Cut(f.BecauseOf, "/")
		about += ", because of " + rule
	}
	if frames := t.citedFrames(f); frames != "" {
		about += "; " + frames
	}
	t.para(len(lead), about)
}

// citedFrames is "mailbox.pcapng frame 12 14".
func (t *textReport) citedFrames(f *analyze.Finding) string {
	if len(f.Evidence) == 0 {
		return ""
	}
	name := f.Evidence[0].Capture
	var frames []string
	for _, n := range framesIn(f, name) {
		frames = append(frames, fmt.Sprint(n))
	}
	return escape(name) + " frame " + strings.Join(frames, " ")
}

// brief is one screen: the verdict, why, and the first steps.
func (t *textReport) brief() string {
	t.header()
	t.verdict()
	f := t.main()
	if f == nil {
		t.summary()
	} else {
		if frames := t.citedFrames(f); frames != "" {
			t.para(2, "Seen in "+frames+".")
		}
		if len(f.Fix) > 0 {
			t.heading("WHAT TO DO", "")
			t.steps(f.Fix)
		}
	}
	lines := strings.Split(strings.TrimRight(t.b.String(), "\n"), "\n")
	last := "More, with frames and steps: the same without --brief"
	if n := len(t.r.Findings); f != nil && n > 1 {
		last = fmt.Sprintf("%s and the other %s: the same without --brief", last[:strings.IndexByte(last, ':')], plural(uint64(n-1), "finding"))
	}
	if len(lines) > briefLines-2 {
		lines = append(lines[:briefLines-3], "     ...")
	}
	return strings.Join(lines, "\n") + "\n\n" + last + "\n"
}
