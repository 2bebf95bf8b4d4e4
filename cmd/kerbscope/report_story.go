package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

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

// deciders are the short words of the table for who decided, and what they mean.
var deciders = map[string]string{
	"client list": "list", "client account": "account", "client": "client", "service account": "service", "KDC": "KDC", "trust": "trust", "unknown": "?",
}

// decidersMean explains them below the table.
var decidersMean = []struct{ word, means string }{
	{"list", "the client's request list"}, {"account", "the keys of the client's account"}, {"client", "the client, which had the choice"},
	{"service", "the service's account"}, {"KDC", "the KDC"}, {"trust", "the trust's account"}, {"?", "does not show"},
}

// etypes is the table of who asked for and got which encryption type.
func (t *textReport) etypes() {
	if len(t.r.Etypes) == 0 {
		return
	}
	t.heading("ETYPES", "encryption types: what the client asked for, what each part was encrypted with, who decided")
	legend := map[string]string{}
	name := func(e *int32, registered string) string {
		if e == nil {
			return "-"
		}
		if registered != "" {
			legend[shortEtype(*e)] = fmt.Sprintf("%s (%d)", registered, *e)
		}
		return shortEtype(*e)
	}
	table := [][]string{{"client", "service", "KDC", "asked for", "logon", "ticket", "reply", "session", "kvno", "by", "times"}}
	var shapes []string
	used := map[string]bool{}
	for i, r := range t.r.Etypes {
		if i == listedRows {
			break
		}
		asked := valueText(r.Requested)
		if r.ListShapeConfidence != "" {
			line := fmt.Sprintf("%s: %s: %s", asked, r.ListShape, r.ListShapeConfidence)
			if !slices.Contains(shapes, line) {
				shapes = append(shapes, line)
			}
		}
		kdc, kvno, by := "-", "-", "-"
		if r.KDC != nil {
			kdc = t.names.host(r.KDC.Address)
			by = deciders[r.DecidedBy]
			used[by] = true
		}
		if r.KVNO != nil {
			kvno = fmt.Sprint(*r.KVNO)
		}
		table = append(table, []string{
			clip(orDash(escape(withoutRealm(r.Client))), 16), clip(orDash(escape(withoutRealm(r.Service))), 24), clip(escape(kdc), 12), orDash(asked),
			name(r.Preauth, r.PreauthName), name(r.Ticket, r.TicketName), name(r.Reply, r.ReplyName), name(r.Session, r.SessionName), kvno, by, fmt.Sprint(r.Count),
		})
	}
	t.table(table, 3, []int{6, 10, 8}, []int{1, 0, 2})
	t.more(len(t.r.Etypes), listedRows)
	var keys []string
	for short, registered := range legend {
		keys = append(keys, short+" = "+registered)
	}
	slices.Sort(keys)
	if len(keys) > 0 {
		t.para(2, strings.Join(keys, "; "))
	}
	var means []string
	for _, d := range decidersMean {
		if used[d.word] {
			means = append(means, d.word+" = "+d.means)
		}
	}
	if len(means) > 0 {
		t.para(2, "by: who decided the logon key (rows for krbtgt: a logon) or the ticket's: "+strings.Join(means, "; "))
	}
	for _, s := range shapes {
		asked, rest, _ := strings.Cut(s, ": ")
		whose, confidence, _ := cutLast(rest, ": ")
		t.hang("  ", fmt.Sprintf("The list %s looks like %s (%s).", asked, escape(whose), confidence))
	}
}

// cutLast is strings.Cut at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// table writes rows under a head, as wide as it must be. Where that is too
// wide, the column folded is wrapped, then those of dropped are left out, then
// those of clipped are shortened, as far as needed, in that order.
func (t *textReport) table(rows [][]string, folded int, dropped, clipped []int) {
	const least = 9
	widths := make([]int, len(rows[0]))
	over := -t.width
	for c := range widths {
		for _, r := range rows {
			widths[c] = max(widths[c], utf8.RuneCountInString(r[c]))
		}
		over += widths[c] + 2
	}
	shorten := func(c int) {
		if over > 0 && widths[c] > least {
			to := max(widths[c]-over, least)
			over -= widths[c] - to
			widths[c] = to
		}
	}
	shorten(folded)
	for _, c := range dropped {
		if over > 0 {
			over -= widths[c] + 2
			widths[c] = 0
		}
	}
	for _, c := range clipped {
		shorten(c)
	}
	for i, r := range rows {
		for n, part := range wrapNarrow(r[folded], widths[folded]) {
			s := " "
			for c, v := range r {
				switch {
				case widths[c] == 0:
					continue
				case c == folded:
					v = part
				case n > 0:
					v = ""
				}
				s += " " + pad(clip(v, widths[c]), widths[c]) + " "
			}
			s = strings.TrimRight(s, " ")
			if i == 0 {
				s = t.paint(styleFaint, s)
			}
			t.line(s)
		}
	}
}

// wrapNarrow is wrap for columns too narrow for text.
func wrapNarrow(s string, width int) []string {
	var lines []string
	line := ""
	for _, w := range strings.Fields(s) {
		if line != "" && len(line)+1+len(w) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	return append(lines, line)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (t *textReport) more(all, listed int) {
	if all > listed {
		t.para(2, fmt.Sprintf("... and %d more: --format json has them all", all-listed))
	}
}

// tickets lists each ticket from issue to every use of it.
func (t *textReport) tickets() {
	if len(t.r.Tickets) == 0 {
		return
	}
	t.heading("TICKETS", "each from its issue to what became of it where it was shown; in brackets: frames")
	for i := range t.r.Tickets {
		if i == listedRows {
			break
		}
		t.ticket(&t.r.Tickets[i])
	}
	t.more(len(t.r.Tickets), listedRows)
}

func (t *textReport) ticket(k *analyze.Ticket) {
	words := ticketWords(&k.Etype, k.KVNO)
	if k.SessionEtype != nil {
		words += ", session key " + shortEtype(*k.SessionEtype)
	}
	from := "issued before the capture"
	if issue, ok := k.Issued.(*analyze.Issue); ok && issue != nil {
		from = fmt.Sprintf("issued by %s [%s]", t.names.endpoint(host(issue.KDC), nil), t.frame(issue.Capture, issue.Frame))
	}
	if len(k.Hash) >= 12 {
		from += ", hash " + k.Hash[:12]
	}
	t.hang("  ", fmt.Sprintf("%s: %s; %s", orDash(escape(k.SName)), words, from))
	uses := t.uses(k)
	for i, u := range uses {
		if i == listedUses {
			t.para(6, fmt.Sprintf("... and at %d more: --format json has them all", len(uses)-i))
			break
		}
		times := ""
		if u.count > 1 {
			times = fmt.Sprintf(" %d times", u.count)
		}
		t.hang("      ", fmt.Sprintf("%s%s by %s [%s]", u.outcome, times, u.where, strings.Join(u.frames, " ")))
	}
	if k.NotListed > 0 {
		t.para(6, fmt.Sprintf("... and %s beyond what is kept of one ticket", plural(k.NotListed, "use")))
	}
}

const (
	listedUses   = 6 // of one ticket
	listedFrames = 4 // of one use
)

// A use is what one endpoint did with a ticket, however often.
type use struct {
	outcome, where string
	capture        string
	frames         []string
	count          uint64
	listed         int // presentations that the report lists, which may stand for more
}

func (t *textReport) uses(k *analyze.Ticket) []*use {
	var list []*use
	for _, p := range k.Presented {
		outcome, where := outcomeWords(p.Outcome), t.names.endpoint(&p.To, p.Carrier)
		i := slices.IndexFunc(list, func(u *use) bool { return u.outcome == outcome && u.where == where })
		if i < 0 {
			i = len(list)
			list = append(list, &use{outcome: outcome, where: where})
		}
		u := list[i]
		u.count += p.Count
		u.listed++
		switch {
		case u.listed > listedFrames+1:
		case u.listed > listedFrames:
			u.frames = append(u.frames, "...")
		case u.capture == p.Capture:
			u.frames = append(u.frames, fmt.Sprint(p.Frame))
		default:
			u.capture = p.Capture
			u.frames = append(u.frames, t.frame(p.Capture, p.Frame))
		}
		if p.Count > 1 && u.listed <= listedFrames {
			u.frames = append(u.frames, "...") // those between it and the last
		}
	}
	return list
}

// frame is "hub 33"; with a single capture "33".
func (t *textReport) frame(capture string, n uint64) string {
	if len(t.r.Captures) == 1 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s %d", columnName(capture), n)
}

func outcomeWords(outcome string) string {
	switch outcome {
	case "ok":
		return "accepted"
	case "error":
		return "refused with a Kerberos error"
	case "unanswered":
		return "not answered"
	case "not-captured":
		return "answer outside the capture:"
	case "unknown":
		return "answer does not show:"
	}
	return outcome
}

// clocks tells how far apart the clocks of captures and hosts are.
func (t *textReport) clocks() {
	var lines [][2]string
	if len(t.r.Captures) > 1 {
		for i, c := range t.r.Captures {
			lines = append(lines, [2]string{escape(c.Name), offsetWords(c.ClockOffset, i == 0)})
		}
	}
	for _, h := range t.r.Hosts {
		if h.ClockOffset != nil && len(h.Addresses) > 0 && abs(h.ClockOffset.Seconds) >= 1 {
			lines = append(lines, [2]string{"host " + escape(t.names.host(h.Addresses[0])), offsetWords(*h.ClockOffset, false)})
		}
	}
	if len(lines) == 0 {
		return
	}
	t.heading("CLOCKS", "of captures, and of hosts that are a second or more off, against the first capture's")
	for i, l := range lines {
		if i == listedRows {
			break
		}
		t.hang("  "+pad(clip(l[0], 24), 24)+"  ", l[1])
	}
	t.more(len(lines), listedRows)
}

func offsetWords(o analyze.ClockOffset, reference bool) string {
	switch {
	case reference:
		return "the reference"
	case o.From == "none":
		return "not known: nothing ties it to the others"
	}
	way := "ahead"
	if o.Seconds < 0 {
		way = "behind"
	}
	s := span(o.Seconds) + " " + way
	if abs(o.Seconds) < 0.0005 {
		s = "the same"
	}
	s += ", within " + span(o.Uncertainty)
	if o.From == "kerberos" {
		s += ", from times in Kerberos messages"
	} else if o.From == "packets" {
		s += ", from packets that both captures hold"
	}
	return s
}

func abs(f float64) float64 { return max(f, -f) }

// rc4 tells what would stop working without RC4, those that would first.
func (t *textReport) rc4() {
	if len(t.r.RC4) == 0 {
		return
	}
	t.heading("RC4", "who uses it, and what a domain without RC4 would break")
	wide := 0
	for i, r := range t.r.RC4 {
		if i < listedRows {
			wide = max(wide, utf8.RuneCountInString(rc4Who(&r)))
		}
	}
	wide = min(wide, 34)
	told := map[string]bool{}
	for i, r := range t.r.RC4 {
		if i == listedRows {
			break
		}
		breaks := map[string]string{"yes": "BREAKS", "no": "stays", "cannot-tell": "unclear"}[r.Breaks]
		text := fmt.Sprintf("%s with RC4, %s; %s", join(r.Uses), plural(r.Count, "time"), sentence(escape(r.Why)))
		// What would tell and what to do stand once, however many need it.
		for _, more := range []struct{ lead, text string }{{"Would tell: ", r.WouldTell}, {"To do: ", r.Change}} {
			if more.text != "" && !told[more.text] {
				told[more.text] = true
				text += " " + more.lead + sentence(t.ours(escape(more.text)))
			}
		}
		t.hang("  "+pad(breaks, 7)+"  "+pad(clip(rc4Who(&r), wide), wide)+"  ", text)
	}
	t.more(len(t.r.RC4), listedRows)
}

func rc4Who(r *analyze.RC4Row) string {
	return escape(withoutRealm(r.Principal)) + " (" + r.Role + ")"
}

// join is "a", "a and b", "a, b and c".
func join(list []string) string {
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return strings.Join(list, "")
}

// notVisible is what nobody could have seen in these captures.
func (t *textReport) notVisible() {
	if len(t.r.BlindSpots) == 0 {
		return
	}
	t.heading("NOT VISIBLE", "")
	for i, b := range t.r.BlindSpots {
		if i == listedRows {
			break
		}
		text := sentence(escape(b.Summary))
		if len(b.Rules) > 0 {
			text += " Rules that could not speak: " + strings.Join(b.Rules, ", ") + "."
		}
		t.hang("  - ", text)
	}
	t.more(len(t.r.BlindSpots), listedRows)
}

// captures tells what was read, and what of it was lost.
func (t *textReport) captures() {
	if len(t.r.Captures) == 0 {
		return
	}
	t.heading("CAPTURES", "")
	for i, c := range t.r.Captures {
		if i == 2*listedRows {
			break
		}
		text := plural(c.Frames, "frame")
		if c.Format != "" {
			text = c.Format + ", " + text
		}
		if len(c.LinkTypes) > 0 {
			text += ", " + strings.Join(c.LinkTypes, " ")
		}
		if a, ok := parseTime(c.First); ok {
			text += a.UTC().Format(", from 2006-01-02 15:04:05 UTC")
			if b, ok := parseTime(c.Last); ok {
				text += " for " + span(b.Sub(a).Seconds())
			}
		}
		if lost := countList(c.Lost); len(lost) > 0 {
			text += "; lost: " + escape(strings.Join(lost, ", "))
		}
		if len(c.LeftOut) > 0 {
			text += "; left out: " + escape(strings.Join(countList(c.LeftOut), ", "))
		}
		if c.Problem != "" {
			text += "; " + escape(c.Problem)
		}
		t.hang("  "+pad(clip(escape(c.Name), 24), 16)+"  ", text)
	}
	t.more(len(t.r.Captures), 2*listedRows)
}

// countList writes counts in the order of their names.
func countList(counts map[string]uint64) (list []string) {
	for name, n := range counts {
		if n > 0 {
			list = append(list, fmt.Sprintf("%s %d", strings.ReplaceAll(name, "_", " "), n))
		}
	}
	slices.Sort(list)
	return list
}
