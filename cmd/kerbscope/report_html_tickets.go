package main

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"kerbscope/analyze"
)

// A livesView is the timeline of tickets: from issue to what became of each.
type livesView struct {
	Axis template.HTML
	Note string
	Rows []lifeView
}

type lifeView struct {
	Chip        template.HTML
	Name, About string
	From        string
	Strip       template.HTML
	Uses        []useView
	UsesMore    int
	Hash        string
}

type useView struct{ Outcome, Text, Frames string }

// ticketPage is a folded page of the list of all tickets.
type ticketPage struct {
	From, To int
	Rows     []ticketRow
}

type ticketRow struct {
	Letter, Name, About, From string
	Ok, No, Other             int
}

// lives puts the tickets of most interest on one axis: those that were
// refused, then those that were used most.
func (h *htmlReport) lives() *livesView {
	if len(h.r.Tickets) == 0 {
		return nil
	}
	order := make([]int, len(h.r.Tickets))
	for i := range order {
		order[i] = i
	}
	weight := func(i int) int {
		n := 0
		for _, p := range h.r.Tickets[i].Presented {
			switch outcomeClass(p.Outcome) {
			case "no", "mute":
				n += 10000
			default:
				n++
			}
		}
		return n
	}
	slices.SortStableFunc(order, func(a, b int) int { return weight(b) - weight(a) })
	order = order[:min(len(order), htmlLives)]
	slices.Sort(order)
	v := &livesView{}
	var first, last time.Time
	add := func(t time.Time) {
		if t.IsZero() {
			return
		}
		if first.IsZero() || t.Before(first) {
			first = t
		}
		if last.IsZero() || t.After(last) {
			last = t
		}
	}
	for _, i := range order {
		k := &h.r.Tickets[i]
		if issue, ok := k.Issued.(*analyze.Issue); ok && issue != nil {
			add(h.timeAt(issue.Capture, issue.Frame))
		}
		for _, p := range k.Presented {
			add(h.timeAt(p.Capture, p.Frame))
		}
	}
	for _, i := range order {
		v.Rows = append(v.Rows, h.life(i, first, last))
	}
	if !first.IsZero() {
		v.Axis = axisSVG(first, last)
		format := "15:04:05"
		if last.Sub(first) < 5*time.Second {
			format = "15:04:05.000"
		}
		until := last.UTC().Format(format)
		if first.UTC().Format(time.DateOnly) != last.UTC().Format(time.DateOnly) {
			until = last.UTC().Format(time.DateTime)
		}
		v.Note = "From " + first.UTC().Format(time.DateOnly+" "+format) + " to " + until + " UTC"
	}
	return v
}

// timeAt is when the exchange of a frame began; zero when that is not known.
func (h *htmlReport) timeAt(capture string, frame uint64) time.Time {
	if i, ok := h.at[stepKey{capture, frame}]; ok {
		if t, ok := parseTime(h.r.Exchanges[i].Started); ok {
			return t
		}
	}
	return time.Time{}
}

func (h *htmlReport) life(ticket int, first, last time.Time) lifeView {
	k := &h.r.Tickets[ticket]
	v := lifeView{Chip: h.chipHTML(ticket), Name: orDash(escape(k.SName)), About: ticketWords(&k.Etype, k.KVNO), From: "issued before the capture"}
	if k.SessionEtype != nil {
		v.About += ", session key " + shortEtype(*k.SessionEtype)
	}
	var issued time.Time
	if issue, ok := k.Issued.(*analyze.Issue); ok && issue != nil {
		issued = h.timeAt(issue.Capture, issue.Frame)
		v.From = fmt.Sprintf("issued by %s [%s]", escape(h.names.endpoint(host(issue.KDC), nil)), h.frame(issue.Capture, issue.Frame))
	}
	if len(k.Hash) >= 12 {
		v.Hash = k.Hash[:12]
	}
	showings := h.showings(k)
	uses := h.usesOf(k, showings)
	v.Uses = uses[:min(len(uses), 2*listedUses)]
	v.UsesMore = len(uses) - len(v.Uses)
	var marks []lifeMark
	for _, p := range showings {
		if !p.at.IsZero() {
			marks = append(marks, lifeMark{percent(p.at, first, last), outcomeClass(p.outcome)})
		}
	}
	v.Strip = h.strip(ticket, issued, first, last, marks)
	return v
}

// A showing is a ticket being shown to someone.
type showing struct {
	outcome, where string
	capture        string
	frame          uint64
	at             time.Time
}

// showings are those that the exchanges with services tell, one by one, and
// those that the ticket's own list adds: uses at a KDC, and what is not listed.
func (h *htmlReport) showings(k *analyze.Ticket) (list []showing) {
	told := map[int]bool{}
	for _, i := range h.shownIn[k.Hash] {
		x := &h.r.Exchanges[i]
		told[i] = true
		s := showing{outcome: x.Outcome, where: h.names.endpoint(x.Server, x.Carrier), at: h.started(i)}
		for j, f := range x.Frames { // the last to see it is next to the service
			if j == 0 || strings.HasSuffix(f.Step, "-REQ") {
				s.capture, s.frame = f.Capture, f.Frame
			}
		}
		list = append(list, s)
	}
	for _, p := range k.Presented {
		i, known := h.at[stepKey{p.Capture, p.Frame}]
		if known && told[i] {
			continue
		}
		list = append(list, showing{outcome: p.Outcome, where: h.names.endpoint(&p.To, p.Carrier), capture: p.Capture, frame: p.Frame, at: h.timeAt(p.Capture, p.Frame)})
	}
	return list
}

// started is when an exchange began.
func (h *htmlReport) started(exchange int) time.Time {
	t, _ := parseTime(h.r.Exchanges[exchange].Started)
	return t
}

// usesOf puts showings that are alike into one line each.
func (h *htmlReport) usesOf(ticket *analyze.Ticket, showings []showing) (list []useView) {
	type key struct{ outcome, where string }
	at := map[key]int{}
	count := []uint64{}
	all := map[key]uint64{} // the ticket's list counts those that are not listed one by one
	for _, p := range ticket.Presented {
		all[key{outcomeWords(p.Outcome), h.names.endpoint(&p.To, p.Carrier)}] += p.Count
	}
	for _, s := range showings {
		k := key{outcomeWords(s.outcome), s.where}
		i, ok := at[k]
		if !ok {
			i = len(list)
			at[k] = i
			list = append(list, useView{Outcome: outcomeClass(s.outcome)})
			count = append(count, 0)
		}
		count[i]++
		u := &list[i]
		switch {
		case count[i] > listedFrames+1 || s.capture == "":
		case count[i] > listedFrames:
			u.Frames += " ..."
		case count[i] == 1:
			u.Frames = h.frame(s.capture, s.frame)
		default:
			u.Frames += ", " + h.frame(s.capture, s.frame)
		}
	}
	for k, i := range at {
		times := ""
		if n := max(all[k], count[i]); n > 1 {
			times = fmt.Sprintf(" %d times", n)
		}
		list[i].Text = k.outcome + times + " by " + k.where
	}
	return list
}

// A lifeMark is one presentation on the timeline.
type lifeMark struct {
	at      float64 // percent
	outcome string
}

// percent places t between first and last, with room for marks at the ends.
func percent(t, first, last time.Time) float64 {
	all := last.Sub(first)
	if all <= 0 {
		return 50
	}
	return 8 + 88*float64(t.Sub(first))/float64(all)
}

// strip draws a ticket's life. Places are percentages, so that the strip
// fits every width; marks that would cover each other become one.
func (h *htmlReport) strip(ticket int, issued, first, last time.Time, marks []lifeMark) template.HTML {
	var b strings.Builder
	from, to := 0.0, 0.0
	if !issued.IsZero() {
		from = percent(issued, first, last)
	}
	to = from
	for _, m := range marks {
		to = max(to, m.at)
	}
	letter := h.letter(ticket)
	fmt.Fprintf(&b, `<svg class="strip" width="100%%" height="30" aria-hidden="true"><line class="base" x1="0" x2="100%%" y1="15" y2="15"/><line class="tl k%d" x1="%.2f%%" x2="%.2f%%" y1="15" y2="15"/>`, h.hue(ticket), from, to)
	if !issued.IsZero() {
		fmt.Fprintf(&b, `<svg x="%.2f%%" y="15" overflow="visible" class="dot">%s</svg>`, from, chipAt(-21-4*float64(len(letter)-1), 0, letter, h.hue(ticket)))
	}
	var drawn []lifeMark
	for _, outcome := range []string{"no", "mute", "ok", "dim"} { // what went wrong is never hidden by what went well
		for _, m := range marks {
			if m.outcome != outcome ||
				slices.ContainsFunc(drawn, func(d lifeMark) bool { return abs(d.at-m.at) < 1.6 }) {
				continue
			}
			drawn = append(drawn, m)
			switch outcome {
			case "ok", "no":
				fmt.Fprintf(&b, `<svg x="%.2f%%" y="15" overflow="visible" class="dot">%s</svg>`, m.at, markAt(0, 0, outcome))
			default:
				fmt.Fprintf(&b, `<circle class="badge %s" cx="%.2f%%" cy="15" r="6"/>`, outcome, m.at)
			}
		}
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// axisSVG is the scale above the strips.
func axisSVG(first, last time.Time) template.HTML {
	var b strings.Builder
	b.WriteString(`<svg class="axis" width="100%" height="26" aria-hidden="true"><line class="base" x1="8%" x2="96%" y1="22" y2="22"/>`)
	format := "15:04:05"
	all := last.Sub(first)
	if all < 5*time.Second {
		format = "15:04:05.0"
	} else if all > 36*time.Hour {
		format = "01-02 15:04"
	}
	for i, x := range []float64{0, 0.5, 1} {
		t := first.Add(time.Duration(float64(all) * x)).UTC()
		place := 8 + 88*x
		anchor := []string{"start", "middle", "end"}[i]
		if all <= 0 {
			if i != 1 {
				continue
			}
			t = first.UTC()
		}
		fmt.Fprintf(&b, `<line class="base" x1="%.0f%%" x2="%.0f%%" y1="17" y2="22"/><text class="tick" x="%.0f%%" y="13" text-anchor="%s">%s</text>`, place, place, place, anchor, t.Format(format))
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// ticketPages lists all tickets when the timeline cannot hold them.
func (h *htmlReport) ticketPages(v *htmlView) {
	if len(h.r.Tickets) <= htmlLives {
		return
	}
	all := min(len(h.r.Tickets), htmlTickets)
	v.MoreTicks = len(h.r.Tickets) - all
	for from := 0; from < all; from += htmlPage {
		p := ticketPage{From: from + 1, To: min(from+htmlPage, all)}
		for i := from; i < p.To; i++ {
			k := &h.r.Tickets[i]
			r := ticketRow{Letter: h.letter(i), Name: orDash(escape(k.SName)), About: ticketWords(&k.Etype, k.KVNO), From: "before"}
			if issue, ok := k.Issued.(*analyze.Issue); ok && issue != nil {
				r.From = escape(h.names.endpoint(host(issue.KDC), nil)) + " [" + h.frame(issue.Capture, issue.Frame) + "]"
			}
			for _, u := range h.showings(k) {
				switch outcomeClass(u.outcome) {
				case "ok":
					r.Ok++
				case "no":
					r.No++
				default:
					r.Other++
				}
			}
			p.Rows = append(p.Rows, r)
		}
		v.Tickets = append(v.Tickets, p)
	}
}
