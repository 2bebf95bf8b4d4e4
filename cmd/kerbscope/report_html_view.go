package main

import (
	"fmt"
	"html/template"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An htmlView is what the page template prints.
type htmlView struct {
	Head, Script template.HTML
	Title        string
	Read         string // what was read, one line
	When         string
	State        string // error, warning, note or ok
	StateWord    string
	Headline     string
	Lead         string
	Main         *findingView // nil: no problem found
	Summary      string       // without a main finding: what worked
	Roots        []*findingView
	MoreFindings []string
	Counts       []countView
	Nav          []navView

	Etypes    *matrixView
	Lives     *livesView
	Tickets   []ticketPage
	MoreTicks int
	Versions  []versionView
	Clocks    []clockView
	RC4       []rc4View
	RC4Counts []countView
	Blind     []blindView
	Captures  []captureView
	Hosts     []hostView
	Pages     []exchangePage
	Listed    string
	Rules     []ruleView
	Omitted   map[string]int
}

type countView struct {
	State, Word string
	N           int
}

type navView struct {
	ID, Name string
	N        int
}

// stateWords name severities for people; the sign beside them is drawn.
var stateWords = map[string]string{"error": "Error", "warning": "Warning", "note": "Note", "ok": "No problem found"}

func (h *htmlReport) view() *htmlView {
	v := &htmlView{Omitted: map[string]int{}}
	v.Head, v.Script = htmlHead()
	v.Read = h.headerWords()
	v.When = h.when()
	h.verdictView(v)
	v.Etypes = h.matrix(v)
	v.Lives = h.lives()
	h.ticketPages(v)
	v.Versions = h.versions(v)
	v.Clocks = h.clockViews()
	h.rc4Views(v)
	h.blindViews(v)
	h.captureViews(v)
	h.exchangePages(v)
	v.Rules = h.ruleViews()
	v.navigation()
	return v
}

// when is the day and time of the first capture, and the realm of times.
func (h *htmlReport) when() string {
	for _, c := range h.r.Captures {
		if t, ok := parseTime(c.First); ok {
			return t.UTC().Format("2 January 2006, 15:04:05 UTC")
		}
	}
	return ""
}

// verdictView fills what comes first: the answer.
func (h *htmlReport) verdictView(v *htmlView) {
	d := h.r.Verdict
	v.State = d.Severity
	if d.ID == "" {
		v.State = "ok"
		if h.r.Totals.Messages == 0 {
			v.State = "note"
		}
	}
	v.StateWord = stateWords[v.State]
	v.Headline = sentence(upperFirst(escape(d.Summary)))
	if r := findRule(d.Rule); r != nil {
		v.Headline = sentence(upperFirst(r.Title))
		v.Lead = sentence(escape(d.Summary))
	}
	v.Title = "kerbscope: " + strings.TrimSuffix(v.Headline, ".")
	if h.r.Totals.Messages == 0 && d.ID == "" {
		v.StateWord = "Nothing to judge"
	}
	v.Summary = h.summaryWords()
	main := h.textReport.main()
	left := htmlFindings
	n := map[string]int{}
	for i := range h.r.Findings {
		f := &h.r.Findings[i]
		n[string(f.Severity)]++
		if f.BecauseOf != "" && h.known(f.BecauseOf) {
			continue
		}
		if left <= 0 {
			v.MoreFindings = append(v.MoreFindings, escape(f.Summary))
			continue
		}
		fv := h.findingView(f, &left)
		if main != nil && f.ID == main.ID {
			fv.IsMain = true
			v.Main = fv
			v.Lead = fv.Summary
		}
		v.Roots = append(v.Roots, fv)
	}
	if more := len(v.MoreFindings); more > htmlRows {
		v.MoreFindings = append(v.MoreFindings[:htmlRows], fmt.Sprintf("and %d more, which --format json has", more-htmlRows))
	}
	for _, s := range []string{"error", "warning", "note"} {
		if n[s] > 0 {
			v.Counts = append(v.Counts, countView{s, strings.TrimPrefix(plural(uint64(n[s]), s), fmt.Sprint(n[s], " ")), n[s]})
		}
	}
}

// known tells whether a finding of that id is in the report.
func (h *htmlReport) known(id string) bool {
	for i := range h.r.Findings {
		if h.r.Findings[i].ID == id {
			return true
		}
	}
	return false
}

// upperFirst begins our own sentence with a capital; a name keeps its letters.
func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	word, _, _ := strings.Cut(s, " ")
	if n == 0 || strings.ContainsAny(word, "/.@$-0123456789") {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// navigation lists the sections that there are.
func (v *htmlView) navigation() {
	add := func(there bool, id, name string, n int) {
		if there {
			v.Nav = append(v.Nav, navView{id, name, n})
		}
	}
	add(true, "verdict", "Verdict", 0)
	if m := v.Main; m != nil {
		add(m.Diagram != nil, "happened", "What happened", 0)
		add(len(m.Fix) > 0, "todo", "What to do", 0)
		add(len(m.Evidence) > 0, "evidence", "How we know", 0)
	}
	n := 0
	for _, c := range v.Counts {
		n += c.N
	}
	add(len(v.Roots) > 0, "findings", "All findings", n)
	add(v.Etypes != nil, "etypes", "Encryption types", 0)
	add(v.Lives != nil, "tickets", "Ticket lives", 0)
	add(len(v.Versions) > 0, "kvno", "Key versions", 0)
	add(len(v.Clocks) > 0, "clocks", "Clocks", 0)
	add(len(v.RC4) > 0, "rc4", "Life without RC4", len(v.RC4))
	add(len(v.Blind) > 0, "blind", "Not visible", len(v.Blind))
	add(len(v.Captures) > 0, "captures", "Captures", len(v.Captures))
	exchanges := 0
	for _, p := range v.Pages {
		exchanges += len(p.Rows)
	}
	add(len(v.Pages) > 0, "exchanges", "Exchanges", exchanges)
	add(len(v.Rules) > 0, "rules", "Rules explained", len(v.Rules))
}

type ruleView struct {
	ID, Title string
	Doc       []string
	Rivals    []string
	Refs      []string
	Since     string
	Severity  string
}

// ruleViews explains the rules that fired, in the order of the findings.
func (h *htmlReport) ruleViews() (list []ruleView) {
	told := map[string]bool{}
	for i := range h.r.Findings {
		id := h.r.Findings[i].Rule
		r := findRule(id)
		if r == nil || told[id] {
			continue
		}
		told[id] = true
		list = append(list, ruleView{ID: r.ID, Title: upperFirst(r.Title), Doc: strings.Split(r.Doc, "\n\n"), Rivals: r.Rivals, Refs: r.Refs, Since: r.Since, Severity: string(r.Severity)})
	}
	return list
}
