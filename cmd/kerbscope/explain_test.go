package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
)

// TestExplain: the list has every rule, each rule all that its value holds, and
// a finding's id leads to its rule.
func TestExplain(t *testing.T) {
	list := runOK(t, "explain")
	for _, r := range analyze.Rules() {
		assert.Contains(t, list, "  "+r.ID+" ")
		text := runOK(t, "explain", r.ID)
		for _, heading := range []struct {
			title string
			wants int
		}{{"WHAT ELSE COULD LOOK THE SAME", len(r.Rivals)}, {"WHAT TO DO", len(r.Fix)}, {"TO UNDO", len(r.Undo)}, {"EVENT LOGS", len(r.Events)}, {"SOURCES", len(r.Refs)}} {
			assert.Equal(t, heading.wants > 0, strings.Contains(text, "\n"+heading.title+"\n"), "%s %s", r.ID, heading.title)
		}
		assert.Equal(t, text, runOK(t, "explain", r.ID+"/0123abcd"))
	}
}

// TestExplainCapturing: how to record names every tool, whole packets and the
// caches to empty.
func TestExplainCapturing(t *testing.T) {
	text := runOK(t, "explain", "capturing")
	for _, s := range []string{"netsh trace start", "pktmon start --capture --pkt-size 0", "dumpcap -i", "tshark -i", "tcpdump -i", "klist purge", "klist -li 0x3e7 purge"} {
		assert.Contains(t, text, s)
	}
}

// TestGuides: every guide is in the list, and its kerbscope commands are ones
// that this version takes.
func TestGuides(t *testing.T) {
	list := runOK(t, "explain")
	n := 0
	for _, g := range guides {
		assert.Contains(t, list, "\n  "+g.name+" ")
		text := runOK(t, "explain", g.name)
		assert.Equal(t, guide(g.name), text)
		for _, line := range strings.Split(text, "\n") {
			command, ok := strings.CutPrefix(strings.TrimLeft(line, " "), "kerbscope ")
			if !ok || !strings.HasPrefix(line, "  ") {
				continue
			}
			command, _, _ = strings.Cut(command, "  ") // what it does
			for _, word := range strings.Fields(command) {
				if word == "|" || word == "&" {
					break
				}
				if flag, ok := strings.CutPrefix(word, "--"); ok {
					flag, _, _ = strings.Cut(flag, "=")
					name := strings.Fields(command)[0]
					if findCommand(name) == nil {
						name = "analyze"
					}
					assert.Contains(t, flagNames(name), flag, line)
					n++
				}
			}
		}
	}
	assert.Greater(t, n, 10)
}

func TestColor(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	for _, args := range [][]string{{goodFolder}, {"decode", goodFolder}, {"explain", "key-mismatch"}} {
		plain := runOK(t, args...)
		assert.NotContains(t, plain, "\x1b", "no terminal, no colour")
		painted := runOK(t, append(args, "--color", "always")...)
		assert.Contains(t, painted, "\x1b[")
		for _, style := range []string{styleBold, styleRed, styleYellow, styleGreen, styleFaint} {
			painted = strings.ReplaceAll(painted, "\x1b["+style+"m", "")
		}
		assert.Equal(t, plain, strings.ReplaceAll(painted, "\x1b[0m", ""), "colour changes nothing else")
	}
	t.Setenv("NO_COLOR", "1")
	assert.NotContains(t, runOK(t, goodFolder), "\x1b")
}

// Green is for captures in which Kerberos was seen to work; where nothing was
// seen nothing is well.
func TestNothingSeenIsNotGreen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "note.pcap")
	require.NoError(t, os.WriteFile(file, []byte("no capture\n"), 0o600))
	out, _, status := execute(t, "--color", "always", file)
	assert.Equal(t, exitPartial, status)
	assert.Contains(t, out, "\x1b["+styleYellow+"mVERDICT  \x1b[0mNothing could be read of note.pcap.")
}
