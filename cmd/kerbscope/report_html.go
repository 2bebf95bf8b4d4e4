package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"kerbscope/analyze"
)

// The page, its style and its script, which only serves comfort.
//
//go:embed html/*.tmpl html/report.css html/report.js
var htmlFiles embed.FS

// Limits of the HTML report; the JSON report has everything.
const (
	htmlFindings  = 120   // in full; further ones as a line
	htmlDiagrams  = 40    // root findings with a diagram
	htmlLives     = 12    // tickets on the timeline
	htmlTickets   = 1000  // listed
	htmlExchanges = 10000 // listed
	htmlRows      = 100   // of the other tables
	htmlPage      = 200   // rows of one folded page
	htmlSteps     = 40    // of one story
)

// An htmlReport prepares one report for the page. It says things in the words
// of the text report.
type htmlReport struct {
	*textReport
	ticketAt map[string]int   // by hash
	shown    map[stepKey]int  // ticket that a frame shows
	shownIn  map[string][]int // exchanges with services, by the ticket that they show
	hostAt   map[string]int   // by address
	byTime   []int            // exchanges in order of time
	effects  map[string][]int // findings by the id of their cause
	drawn    int              // diagrams so far
	ids      map[string]bool
}

func newHTMLReport(r *analyze.Report) *htmlReport {
	h := &htmlReport{
		textReport: newTextReport(r, screen{width: 1 << 20, utf8: true}),
		ticketAt:   map[string]int{}, shown: map[stepKey]int{}, hostAt: map[string]int{}, shownIn: map[string][]int{}, effects: map[string][]int{}, ids: map[string]bool{},
	}
	for i := range r.Tickets {
		k := &r.Tickets[i]
		h.ticketAt[k.Hash] = i
		for _, p := range k.Presented {
			h.shown[stepKey{p.Capture, p.Frame}] = i
		}
	}
	for i, host := range r.Hosts {
		for _, a := range host.Addresses {
			h.hostAt[a] = i
		}
	}
	for i := range r.Exchanges {
		h.byTime = append(h.byTime, i)
	}
	slices.SortStableFunc(h.byTime, func(a, b int) int {
		return compareTimes(r.Exchanges[a].Started, r.Exchanges[b].Started)
	})
	for _, i := range h.byTime {
		if x := &r.Exchanges[i]; x.Kind == "AP" && x.TicketHash != "" {
			h.shownIn[x.TicketHash] = append(h.shownIn[x.TicketHash], i)
		}
	}
	for i := range r.Findings {
		if c := r.Findings[i].BecauseOf; c != "" {
			h.effects[c] = append(h.effects[c], i)
		}
	}
	return h
}

// letter names a ticket within the report: A to Z, then AA, AB …
func (h *htmlReport) letter(ticket int) string {
	s := ""
	for n := ticket; ; n = n/26 - 1 {
		s = string(rune('A'+n%26)) + s
		if n < 26 {
			return s
		}
	}
}

// hue is a ticket's colour, the same in the whole report.
func (h *htmlReport) hue(ticket int) int { return ticket % hues }

// hues is the number of colours for tickets in report.css.
const hues = 6

// writeReportHTML writes the report as one page that needs nothing else.
func writeReportHTML(w io.Writer, r *analyze.Report) error {
	t, err := htmlTemplate()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "page", newHTMLReport(r).view()); err != nil {
		return err
	}
	_, err = w.Write(showHidden(b.Bytes()))
	return err
}

// showHidden is the second door: what came from the wire is escaped where it
// is put into words, and no character that a reader would not see, or that
// turns the writing's direction, leaves in any case.
func showHidden(b []byte) []byte {
	var out []byte
	from := 0
	for i := 0; i < len(b); {
		r, n := rune(b[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(b[i:])
		}
		if r < ' ' && r != '\n' || r == 0x7f || hidden(r) || r == utf8.RuneError && n == 1 {
			out = append(out, b[from:i]...)
			out = append(out, escape(string(b[i:i+n]))...)
			from = i + n
		}
		i += n
	}
	if from == 0 {
		return b
	}
	return append(out, b[from:]...)
}

var htmlTemplate = sync.OnceValues(func() (*template.Template, error) {
	return template.New("report").Funcs(template.FuncMap{"words": words, "dict": dict}).ParseFS(htmlFiles, "html/*.tmpl")
})

// dict passes several values to a template.
func dict(values ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(values); i += 2 {
		m[fmt.Sprint(values[i])] = values[i+1]
	}
	return m
}

// words joins a list.
func words(list []string) string { return strings.Join(list, ", ") }

// htmlHead is the policy that forbids everything but our own style and script,
// then the style.
func htmlHead() (head, script template.HTML) {
	css, js := embedded("report.css"), embedded("report.js")
	policy := fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'", sourceHash(css), sourceHash(js))
	return template.HTML(`<meta http-equiv="Content-Security-Policy" content="` + policy + `"/>` + "\n<style>" + css + "</style>"), template.HTML("<script>" + js + "</script>")
}

func embedded(name string) string {
	b, err := htmlFiles.ReadFile("html/" + name)
	if err != nil {
		panic(err) // it is part of this program
	}
	// A checkout on Windows may have turned line ends; a browser turns them back before it hashes.
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}

// sourceHash is a hash source of a content security policy.
func sourceHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
