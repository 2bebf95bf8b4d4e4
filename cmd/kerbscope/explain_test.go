package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

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
