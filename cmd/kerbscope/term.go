package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// maxWidth is the widest line of text output, also on wider terminals.
const maxWidth = 100

// A screen is what text output can make use of.
type screen struct {
	width int  // columns, 60 to 100
	color bool // SGR sequences are understood and wanted
	utf8  bool // a terminal that says that it takes UTF-8
}

// screenOf looks at where output goes. Anything but a terminal gets plain
// ASCII of the full width, so that files and pipes are the same everywhere.
func screenOf(w io.Writer, when string) screen {
	s := screen{width: maxWidth, color: when == "always"}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return s
	}
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
		s.width = min(max(columns, 60), maxWidth)
	}
	s.utf8 = takesUTF8()
	if when == "auto" && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" {
		s.color = takesColor(f)
	}
	return s
}

// isTerminal tells whether people look at w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Styles: the parameters of an SGR sequence (ECMA-48 §8.3.117).
const (
	styleBold   = "1"
	styleRed    = "1;31"
	styleYellow = "1;33"
	styleGreen  = "1;32"
	styleFaint  = "2"
)

func (s screen) paint(style, text string) string {
	if !s.color || style == "" || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// ours is text that kerbscope brings itself, in what the screen can show.
func (s screen) ours(text string) string {
	if s.utf8 {
		return text
	}
	return typography.Replace(text)
}

// saysUTF8 reads the locale of the environment as POSIX does: the first of
// the three that is set counts.
func saysUTF8() bool {
	for _, v := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if l := os.Getenv(v); l != "" {
			l = strings.ToLower(l)
			return strings.Contains(l, "utf-8") || strings.Contains(l, "utf8")
		}
	}
	return false
}
