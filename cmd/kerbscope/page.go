package main

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A page is text output that is being laid out: sections of paragraphs, lists
// and tables, none wider than the screen.
type page struct {
	screen
	b strings.Builder
}

// heading begins a section.
func (p *page) heading(title, rest string) {
	p.blank()
	p.b.WriteString(p.paint(styleBold, title))
	if rest != "" {
		p.b.WriteString("  ")
		lines := wrap(rest, p.width-len(title)-2, p.width-2)
		p.b.WriteString(lines[0])
		for _, l := range lines[1:] {
			p.b.WriteString("\n  " + l)
		}
	}
	p.b.WriteByte('\n')
}

// blank ends a block with an empty line, but never two.
func (p *page) blank() {
	if p.b.Len() > 0 && !strings.HasSuffix(p.b.String(), "\n\n") {
		p.b.WriteByte('\n')
	}
}

// line writes one line as it is.
func (p *page) line(text string) {
	p.b.WriteString(strings.TrimRight(text, " "))
	p.b.WriteByte('\n')
}

// para writes text wrapped and indented.
func (p *page) para(indent int, text string) { p.hang(strings.Repeat(" ", indent), text) }

// hang writes text behind a first-line lead; further lines are indented by the
// lead's width.
func (p *page) hang(lead, text string) { p.hangStyled(lead, "", text) }

func (p *page) hangStyled(lead, style, text string) {
	lead = clip(lead, p.width/2)
	indent := utf8.RuneCountInString(lead)
	for i, l := range wrap(text, p.width-indent, p.width-indent) {
		if i == 0 {
			p.b.WriteString(p.paint(style, lead))
		} else {
			p.b.WriteString(strings.Repeat(" ", indent))
		}
		p.line(strings.ReplaceAll(l, glue, " "))
	}
}

// steps writes a numbered list.
func (p *page) steps(list []string) {
	for i, s := range list {
		p.hang(fmt.Sprintf("%3d. ", i+1), p.ours(glued(escape(s), p.width-5)))
	}
}

// bullets writes a list.
func (p *page) bullets(list []string) {
	for _, s := range list {
		p.hang("  - ", p.ours(glued(escape(s), p.width-4)))
	}
}

// glue stands for a blank at which a line is not broken. It is a control
// character, so no text that was escaped has it.
const glue = "\x1f"

// glued is a step whose commands stay on one line where they fit in width
// columns: they are copied from the screen.
func glued(s string, width int) string {
	var b strings.Builder
	for {
		start, end := nextCommand(s)
		command := s[start:end]
		if command == "" {
			break
		}
		if utf8.RuneCountInString(command)+2 <= width { // a bracket before it, a sign behind it
			command = strings.ReplaceAll(command, " ", glue)
		}
		b.WriteString(s[:start] + command)
		s = s[end:]
	}
	return b.String() + s
}

// wrap breaks text into lines at blanks: the first of at most first columns,
// the others of at most rest. A word that is longer than a line is cut.
func wrap(text string, first, rest int) []string {
	var lines []string
	width := max(first, 20)
	line, used := "", 0
	flush := func() {
		lines = append(lines, line)
		line, used, width = "", 0, max(rest, 20)
	}
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		if used > 0 && used+1+n > width {
			flush()
		}
		for n > width {
			cut := runeOffset(word, width)
			line = word[:cut]
			word, n = word[cut:], n-width
			flush()
		}
		if used > 0 {
			line += " "
			used++
		}
		line += word
		used += n
	}
	if used > 0 || len(lines) == 0 {
		flush()
	}
	return lines
}

// runeOffset is the byte offset of rune n of s.
func runeOffset(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// clip shortens text to n columns, marking what is left out.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	if n < 4 {
		return s[:runeOffset(s, n)]
	}
	return s[:runeOffset(s, n-2)] + ".."
}

// pad fills text up to n columns.
func pad(s string, n int) string {
	if d := n - utf8.RuneCountInString(s); d > 0 {
		return s + strings.Repeat(" ", d)
	}
	return s
}

// plural is "1 frame", "2 frames".
func plural(n uint64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
