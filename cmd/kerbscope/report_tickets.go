package main

import (
	"fmt"
	"slices"
	"strings"

	"kerbscope/analyze"
)

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
