package main

import (
	"strings"
	"unicode/utf8"
)

// boldWidth is how much wider bold text is.
const boldWidth = 1.13

// advance is how far the letters from blank to ~ take a line, in hundredths of
// the font's size, in DejaVu Sans, the widest of the fonts that systems have
// for their own words.
var advance = [95]uint8{
	32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37, 32, 34, // blank to /
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 54, // 0 to ?
	100, 69, 69, 70, 78, 64, 58, 78, 76, 30, 30, 66, 56, 87, 75, 79, // @ to O
	61, 79, 70, 64, 62, 74, 69, 99, 69, 62, 69, 40, 34, 40, 84, 50, // P to _
	50, 62, 64, 55, 64, 62, 36, 64, 64, 28, 28, 58, 28, 98, 64, 62, // ` to o
	64, 64, 42, 53, 40, 64, 60, 82, 60, 60, 53, 64, 34, 64, 84, // p to ~
}

// textWidth is about what text takes at most; a report cannot know which font
// it will be shown in. Some systems round each letter's width to whole pixels.
func textWidth(s string, size float64) float64 {
	w := 0
	for _, r := range s {
		switch {
		case r >= ' ' && r <= '~':
			w += int(advance[r-' '])
		case r >= 0x1100 || r == '…':
			w += 100
		default:
			w += 80
		}
	}
	return float64(w) * size / 97
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
