package main

import (
	"strings"
	"unicode/utf8"
)

// boldWidth is how much wider bold text is.
const boldWidth = 1.12

// textWidth is about what text takes in the wider of the usual system fonts;
// a report cannot know which font it will be shown in.
func textWidth(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case strings.ContainsRune("iljtfrI.,:;'|! ()[]/\\-", r):
			w += 0.42
		case strings.ContainsRune("mwMW@%<>=+#~^&…", r), r >= 0x1100:
			w += 1.0
		case r >= 'A' && r <= 'Z', r > 0x7f:
			w += 0.76
		case r == '_':
			w += 0.54
		default:
			w += 0.66 // some systems round every letter's width up
		}
	}
	return w * size
}

func clipWidth(s string, room, size float64) string {
	if textWidth(s, size) <= room {
		return s
	}
	for s != "" && textWidth(s+"…", size) > room {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s + "…"
}

// A textLine is a line of a label, of which the first bytes are bold.
type textLine struct {
	text string
	bold int
}

// wrapWidth breaks a text that begins with stressed words at blanks into lines
// that fit; a word that does not is cut.
func wrapWidth(stress, rest string, room, size float64) []textLine {
	text := strings.Join(strings.Fields(stress+rest), " ")
	bold := len(strings.Join(strings.Fields(stress), " "))
	var lines []textLine
	var line textLine
	used, at := 0.0, 0
	for _, word := range strings.Fields(text) {
		factor := 1.0
		if at < bold {
			factor = boldWidth
		}
		width := textWidth(word+" ", size*factor)
		if line.text != "" && used+width > room {
			lines = append(lines, line)
			line, used = textLine{}, 0
		}
		if line.text != "" {
			line.text += " "
		}
		begin := len(line.text)
		line.text += clipWidth(word, room-used, size*factor)
		switch {
		case at+len(word) <= bold:
			line.bold = len(line.text)
		case at < bold:
			line.bold = min(begin+bold-at, len(line.text))
			for line.bold < len(line.text) && !utf8.RuneStart(line.text[line.bold]) {
				line.bold++
			}
		}
		used += width
		at += len(word) + 1
	}
	return append(lines, line)
}
