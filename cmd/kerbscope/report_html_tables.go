package main

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"kerbscope/analyze"
)

// A clockView is how far one clock is off.
type clockView struct {
	Name, Words string
	Bar         template.HTML
}

// clockViews are the clocks of captures and of hosts, as in the text report,
// each with a bar when one is off by enough to see.
func (h *htmlReport) clockViews() (list []clockView) {
	type item struct {
		name, words string
		o           analyze.ClockOffset
	}
	var items []item
	if len(h.r.Captures) > 1 {
		for i, c := range h.r.Captures {
			items = append(items, item{escape(c.Name), offsetWords(c.ClockOffset, i == 0), c.ClockOffset})
		}
	}
	for _, x := range h.r.Hosts {
		if x.ClockOffset != nil && len(x.Addresses) > 0 && abs(x.ClockOffset.Seconds) >= 1 {
			items = append(items, item{"host " + escape(h.names.host(x.Addresses[0])), offsetWords(*x.ClockOffset, false), *x.ClockOffset})
		}
	}
	items = items[:min(len(items), htmlRows)]
	most := 0.0
	for _, i := range items {
		most = max(most, abs(i.o.Seconds)+i.o.Uncertainty)
	}
	for _, i := range items {
		v := clockView{Name: i.name, Words: i.words}
		if most >= 0.5 && i.o.From != "none" {
			v.Bar = clockBar(i.o, most)
		}
		list = append(list, v)
	}
	return list
}

// clockBar draws an offset around zero: behind to the left, ahead to the right.
func clockBar(o analyze.ClockOffset, most float64) template.HTML {
	at := 50 + 46*o.Seconds/most
	a, b := min(50, at), max(50, at)
	spread := 46 * o.Uncertainty / most
	return template.HTML(fmt.Sprintf(`<svg class="clockbar" width="100%%" height="18" aria-hidden="true"><line class="base" x1="0" x2="100%%" y1="9" y2="9"/><line class="base" x1="50%%" x2="50%%" y1="2" y2="16"/><line class="off" x1="%.1f%%" x2="%.1f%%" y1="9" y2="9"/><line class="spread" x1="%.1f%%" x2="%.1f%%" y1="9" y2="9"/><circle class="end" cx="%.1f%%" cy="9" r="5"/></svg>`,
		a, b, max(0, at-spread), min(100, at+spread), at))
}

type rc4View struct {
	State, Word string // no: breaks, ok: stays, dim: unclear
	Who, Role   string
	Uses, Why   string
	Tell, Do    segments
	Count       uint64
}

func (h *htmlReport) rc4Views(v *htmlView) {
	n := map[string]int{}
	told := map[string]bool{}
	for i := range h.r.RC4 {
		r := &h.r.RC4[i]
		n[r.Breaks]++
		if i >= htmlRows {
			continue
		}
		w := rc4View{Who: escape(withoutRealm(r.Principal)), Role: r.Role, Uses: join(r.Uses), Why: sentence(upperFirst(escape(r.Why))), Count: r.Count}
		switch r.Breaks {
		case "yes":
			w.State, w.Word = "no", "Breaks"
		case "no":
			w.State, w.Word = "ok", "Stays"
		default:
			w.State, w.Word = "dim", "Unclear"
		}
		// What would tell and what to do stand once, however many need it.
		if r.WouldTell != "" && !told[r.WouldTell] {
			told[r.WouldTell] = true
			w.Tell = segmentsOf(sentence(upperFirst(escape(r.WouldTell))))
		}
		if r.Change != "" && !told[r.Change] {
			told[r.Change] = true
			w.Do = segmentsOf(sentence(upperFirst(escape(r.Change))))
		}
		v.RC4 = append(v.RC4, w)
	}
	v.Omitted["rc4"] = max(0, len(h.r.RC4)-htmlRows)
	for _, c := range []struct{ breaks, state, word string }{{"yes", "no", "would break"}, {"cannot-tell", "dim", "unclear"}, {"no", "ok", "would stay"}} {
		if n[c.breaks] > 0 {
			v.RC4Counts = append(v.RC4Counts, countView{c.state, c.word, n[c.breaks]})
		}
	}
}

type blindView struct {
	Summary string
	Rules   string
}

func (h *htmlReport) blindViews(v *htmlView) {
	for i, b := range h.r.BlindSpots {
		if i == htmlRows {
			break
		}
		v.Blind = append(v.Blind, blindView{Summary: sentence(upperFirst(escape(b.Summary))), Rules: strings.Join(b.Rules, ", ")})
	}
}

type captureView struct {
	Name, Format, Links, Frames, Size, When, Lost, LeftOut, Problem string
}

type hostView struct{ Name, Addresses, Names, Roles string }

func (h *htmlReport) captureViews(v *htmlView) {
	for _, c := range h.r.Captures[:min(len(h.r.Captures), htmlRows)] {
		w := captureView{Name: escape(c.Name), Format: escape(c.Format), Links: escape(words(c.LinkTypes)), Frames: fmt.Sprint(c.Frames), Size: bytesWords(c.Bytes),
			Lost: escape(words(countList(c.Lost))), LeftOut: escape(words(countList(c.LeftOut))), Problem: escape(c.Problem)}
		if a, ok := parseTime(c.First); ok {
			w.When = a.UTC().Format("2006-01-02 15:04:05 UTC")
			if b, ok := parseTime(c.Last); ok {
				w.When += ", for " + span(b.Sub(a).Seconds())
			}
		}
		v.Captures = append(v.Captures, w)
	}
	for _, x := range h.r.Hosts[:min(len(h.r.Hosts), htmlRows)] {
		w := hostView{Addresses: words(x.Addresses), Roles: rolesWords(x.Roles)}
		if len(x.Addresses) > 0 {
			w.Name = escape(h.names.host(x.Addresses[0]))
		}
		var names []string
		for _, n := range x.Names {
			s := escape(n.Name) + " (" + escape(n.Source) + ")"
			if !slices.Contains(names, s) && len(names) < 8 {
				names = append(names, s)
			}
		}
		w.Names = strings.Join(names, ", ")
		v.Hosts = append(v.Hosts, w)
	}
	v.Omitted["hosts"] = max(0, len(h.r.Hosts)-htmlRows)
}

func bytesWords(n uint64) string {
	switch {
	case n < 10_000:
		return fmt.Sprintf("%d bytes", n)
	case n < 10_000_000:
		return fmt.Sprintf("%d kB", n/1000)
	case n < 10_000_000_000:
		return fmt.Sprintf("%d MB", n/1_000_000)
	}
	return fmt.Sprintf("%d GB", n/1_000_000_000)
}

// An exchangePage is a folded page of the list of exchanges.
type exchangePage struct {
	From, To    int
	First, Last string
	Failed      int
	Open        bool
	Rows        []exchangeRow
}

type exchangeRow struct {
	When, Kind, Client, Service, At string
	Ticket                          string
	Outcome, Word                   string
	Frames, Filter                  string
}

func (h *htmlReport) exchangePages(v *htmlView) {
	list := h.byTime[:min(len(h.byTime), htmlExchanges)]
	for from := 0; from < len(list); from += htmlPage {
		p := exchangePage{From: from + 1, To: min(from+htmlPage, len(list)), Open: len(list) <= 50}
		for _, i := range list[from:p.To] {
			x := &h.r.Exchanges[i]
			r := h.exchangeRow(x)
			if r.Outcome == "no" || r.Outcome == "mute" {
				p.Failed++
			}
			p.Rows = append(p.Rows, r)
		}
		p.First, p.Last = p.Rows[0].When, p.Rows[len(p.Rows)-1].When
		v.Pages = append(v.Pages, p)
	}
	if more := h.r.Totals.Omitted + uint64(len(h.byTime)-len(list)); more > 0 {
		v.Listed = plural(more, "further exchange") + " not listed here: --max-exchanges and --format json have more."
	}
}

func (h *htmlReport) exchangeRow(x *analyze.Exchange) exchangeRow {
	r := exchangeRow{When: clock(x.Started), Kind: x.Kind, Client: orDash(escape(withoutRealm(x.Client))), Service: orDash(escape(withoutRealm(x.Service))), At: "-", Outcome: outcomeClass(x.Outcome)}
	switch {
	case x.Server != nil:
		r.At = h.names.endpoint(x.Server, x.Carrier)
	case x.KDC != nil:
		r.At = escape(h.names.host(x.KDC.Address))
	}
	if k, ok := h.ticketAt[x.TicketHash]; ok && x.TicketHash != "" {
		r.Ticket = h.letter(k)
	}
	if t := ticketWords(x.TicketEtype, x.TicketKVNO); t != "" {
		r.Ticket = strings.TrimSpace(r.Ticket + " " + t)
	}
	r.Word = strings.TrimPrefix(answerWords(x), ": ")
	if r.Word == "" || x.Outcome == "ok" {
		r.Word = x.Outcome
	}
	r.Frames = strings.ReplaceAll(h.framesOf(x), " > ", " → ")
	cells := cellsOf(x)
	for _, c := range h.r.Captures {
		if f := cells[c.Name]; len(f) > 0 {
			r.Filter = frameNumbers(slices.Compact(f))
			break
		}
	}
	return r
}

func rolesWords(roles []string) string {
	words := map[string]string{"kdc": "KDC"}
	var list []string
	for _, r := range roles {
		if w := words[r]; w != "" {
			r = w
		}
		list = append(list, r)
	}
	return strings.Join(list, ", ")
}
