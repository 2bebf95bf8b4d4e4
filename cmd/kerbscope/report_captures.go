package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"kerbscope/analyze"
)

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
