package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everyFormat is every way to print what a capture holds.
var everyFormat = [][]string{
	{"analyze"}, {"analyze", "--brief"}, {"analyze", "--format", "json"}, {"analyze", "--format", "ndjson"}, {"analyze", "--format", "html"},
	{"decode"}, {"decode", "-V"}, {"decode", "--format", "json"}, {"decode", "--format", "ndjson"}, {"decode", "--filter", "sname=*a*"},
}

// injected are bytes of 7 that take the place of a name's.
var injected = []string{"\x1b[2J\x1b[H", "<script", "\u202e\u2066a", "\r\nXX: y", "\xff\xfe\x80\x00\x07\x9b\x1b", `"';--><`, "\x00\x08\x7f\xc2\x9b\xc2\x85"}

// TestInjection: names of the wire, of every kind, and of files, do nothing to
// terminals, lines, JSON and pages. In captures of the corpus each name is
// overwritten where it stands, so that all lengths hold.
func TestInjection(t *testing.T) {
	if raceDetector {
		t.Skip("one goroutine, and minutes: the run without the race detector has it")
	}
	victims := []struct{ file, name string }{
		{goodFolder + "/mailbox.pcapng", "hub-1.contoso.com"}, {goodFolder + "/mailbox.pcapng", "MAILBOX-1$"}, {goodFolder + "/mailbox.pcapng", "CONTOSO.COM"},
		{goodFolder + "/mailbox.pcapng", "5.7.8 "}, {goodFolder + "/mailbox.pcapng", "ESMTP"},
	}
	scripted := regexp.MustCompile(`(?i)<script[^>]*>window|onerror=`)
	for _, v := range victims {
		b, err := os.ReadFile(v.file)
		require.NoError(t, err)
		if !bytes.Contains(b, []byte(v.name)) {
			continue
		}
		for _, evil := range injected {
			for len(evil) < len(v.name) {
				evil += "a"
			}
			evil = evil[:len(v.name)]
			dirty := bytes.ReplaceAll(b, []byte(v.name), []byte(evil))
			path := filepath.Join(t.TempDir(), "x\x1b[31m\u202e<script>\n.pcapng")
			require.NoError(t, os.WriteFile(path, dirty, 0o644))
			for _, args := range everyFormat {
				out, errs, status := execute(t, slices.Concat(args, []string{path})...)
				if status == exitUsage {
					t.Fatal(args, errs)
				}
				assertHarmless(t, out, args)
				assertHarmless(t, errs, args)
				assert.NotRegexp(t, scripted, out, args)
				if slices.Contains(args, "html") {
					assert.NotContains(t, out, "x\\x1b[31m\\u202e<script>", args)
				}
			}
		}
	}
	// A file name in an error.
	_, errs, _ := execute(t, "decode", "no\x1b[2J\u202e\nfile")
	assertHarmless(t, errs, nil)
	assert.Equal(t, 1, strings.Count(errs, "\n"), errs)
}

// assertHarmless: valid UTF-8 without a character that is obeyed, not shown.
func assertHarmless(t *testing.T, s string, args []string) {
	t.Helper()
	assert.True(t, utf8.ValidString(s), args)
	for i, r := range s {
		if r != '\n' && (r < 0x20 || r == 0x7f || hidden(r)) {
			assert.Fail(t, "a character that is obeyed", "%v: %q in %q", args, r, s[max(0, i-60):min(len(s), i+20)])
			return
		}
	}
}
