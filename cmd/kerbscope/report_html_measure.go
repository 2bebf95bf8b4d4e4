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
			w += 0.4
		case strings.ContainsRune("mwMW@%_<>=+#~^&…", r), r >= 0x1100:
			w += 1.0
		case r >= 'A' && r <= 'Z', r > 0x7f:
			w += 0.76
		default:
			w += 0.64
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

// wrapWidth breaks text at blanks into lines that fit; a word that does not is
// cut. A line is joined to the next by the one blank that went.
func wrapWidth(s string, room, size float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && textWidth(line+" "+word, size) > room {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += clipWidth(word, room-textWidth(line, size), size)
	}
	return append(lines, line)
}
