package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"kerbscope/analyze"
)

// A liveView shows on a terminal how a capture goes, on a few lines that it
// draws again at most once a second.
type liveView struct {
	w      *os.File
	screen screen
	name   string
	lines  int // on the screen now
	keys   chan byte
	in     *os.File
	old    *term.State // of the terminal that keys come from; nil: it is as it was
	since  map[string]time.Time
}

// newLiveView shows nothing unless standard error is a terminal.
func (a *app) newLiveView(s *captureSettings, name string) *liveView {
	f, ok := a.stderr.(*os.File)
	if s.quiet || !ok || !isTerminal(f) || s.format == "ndjson" && isTerminal(a.stdout) && s.output == "" || os.Getenv("TERM") == "dumb" {
		return nil
	}
	v := &liveView{w: f, screen: screenOf(f, s.color), name: name, keys: make(chan byte, 1), since: map[string]time.Time{}}
	if in, ok := a.stdin.(*os.File); ok && s.read != "-" && isTerminal(in) {
		v.in = in
		v.raw()
		go v.read()
	}
	return v
}

// raw makes keys come one by one.
func (v *liveView) raw() {
	if v.in == nil || v.old != nil {
		return
	}
	if old, err := term.MakeRaw(int(v.in.Fd())); err == nil {
		v.old = old
	}
}

// restore leaves the terminal as it was found.
func (v *liveView) restore() {
	if v != nil && v.old != nil {
		_ = term.Restore(int(v.in.Fd()), v.old)
		v.old = nil
	}
}

func (v *liveView) read() {
	var b [1]byte
	for {
		if n, err := v.in.Read(b[:]); err != nil {
			return
		} else if n == 1 {
			v.keys <- b[0]
		}
	}
}

// pressed is where keys come from; nil without a view.
func (v *liveView) pressed() <-chan byte {
	if v == nil {
		return nil
	}
	return v.keys
}

// clear takes the view away, so that something else can be written there.
func (v *liveView) clear() {
	if v == nil {
		return
	}
	if v.lines > 0 {
		fmt.Fprintf(v.w, "\x1b[%dA\r\x1b[J", v.lines)
		v.lines = 0
	}
}

// maxAges bounds the findings of which the view knows since when they are there.
const maxAges = 1 << 12

// finding notes when a finding came.
func (v *liveView) finding(state string, f *analyze.Finding) {
	switch state {
	case stateNew:
		if len(v.since) < maxAges {
			v.since[f.ID] = time.Now()
		}
	case stateWithdrawn:
		delete(v.since, f.ID)
	}
}

// draw shows a status.
func (v *liveView) draw(s *captureStatus) {
	if v == nil {
		return
	}
	v.screen.width = screenOf(v.w, "never").width
	height := 24
	if _, h, err := term.GetSize(int(v.w.Fd())); err == nil && h > 0 {
		height = h
	}
	lines := viewLines(s, v.screen, v.name, v.in != nil, min(height-1, 20), v.age)
	v.clear()
	_, _ = io.WriteString(v.w, strings.Join(lines, "\r\n")+"\r\n")
	v.lines = len(lines)
}

func (v *liveView) age(f *analyze.Finding) string {
	at, ok := v.since[f.ID]
	if !ok {
		return ""
	}
	return clockText(time.Since(at))
}

// viewLines are the lines of the view, at most height of them.
func viewLines(s *captureStatus, sc screen, name string, keys bool, height int, age func(*analyze.Finding) string) []string {
	width := sc.width - 1
	help := ""
	if keys {
		help = "   r report  q end"
	}
	head := fmt.Sprintf("kerbscope on %s, %s: %.0f packets/s, %.0f messages/s, %.0f exchanges/s", escape(name), clockText(s.Running), s.PacketRate, s.MessageRate, s.ExchangeRate)
	lines := []string{
		sc.paint(styleBold, clip(head, max(width-len(help), 20))+help),
		clip(fmt.Sprintf("%s, %s, %s", plural(s.Frames, "packet"), plural(s.Messages, "message"), plural(s.Tickets, "ticket")), width),
	}
	if k := kindsText(s.Outcomes); k != "" {
		lines = append(lines, clip(k, width))
	}
	lost := lostText(s.Lost)
	if len(s.Down) > 0 {
		lost += "; down: " + strings.Join(s.Down, ", ")
	}
	lines = append(lines, clip(escape(lost), width))
	if len(s.Findings) == 0 {
		return append(lines, "no finding so far")
	}
	for i, f := range s.Findings {
		if len(lines) >= height-1 && i < len(s.Findings)-1 {
			lines = append(lines, fmt.Sprintf("and %s", plural(uint64(len(s.Findings)-i), "more finding")))
			break
		}
		text := fmt.Sprintf("%-7s %-8s %6s %9s  %s: ", f.Severity, f.Confidence, fmt.Sprintf("x%d", f.Count), age(f), f.Rule)
		lines = append(lines, sc.paint(styleOf(f.Severity), clip(text+sc.ours(escape(f.Summary)), width)))
	}
	return lines
}

func styleOf(s analyze.Severity) string {
	switch s {
	case analyze.Error:
		return styleRed
	case analyze.Warning:
		return styleYellow
	}
	return ""
}

// again goes on showing after something else was written.
func (v *liveView) again() {
	if v != nil {
		v.raw()
	}
}
