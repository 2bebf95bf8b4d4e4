package main

import (
	"strings"
	"unicode/utf8"
)

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
