package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
)

// readmeTable is the README's table of rules, between its two marks.
var readmeTable = regexp.MustCompile(`(?s)(<!-- rules: go test ./cmd/\.\.\. -run Readme -update -->\n).*?(<!-- end of rules -->)`)

// TestReadmeRules: the table of rules is the list of rules.
func TestReadmeRules(t *testing.T) {
	var b strings.Builder
	b.WriteString("| rule | usually | what it finds |\n| --- | --- | --- |\n")
	for _, r := range analyze.Rules() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.ID, r.Severity, r.Title)
	}
	text := readREADME(t)
	require.Regexp(t, readmeTable, text)
	want := readmeTable.ReplaceAllStringFunc(text, func(s string) string {
		m := readmeTable.FindStringSubmatch(s)
		return m[1] + b.String() + m[2]
	})
	if *update {
		require.NoError(t, os.WriteFile(filepath.Join(repoRoot, "README.md"), []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, text, "go test ./cmd/... -run Readme -update")
}

// TestReadmeTranscript: what the README shows before line 20 is what the
// command prints.
func TestReadmeTranscript(t *testing.T) {
	lines := strings.Split(readREADME(t), "\n")
	at := -1
	for i, l := range lines {
		if l == "$ kerbscope --brief pcaps/seed-story" {
			at = i
			break
		}
	}
	require.True(t, at >= 0 && at < 20, "a transcript before line 20")
	var shown []string
	for _, l := range lines[at+1:] {
		if l == "```" {
			break
		}
		shown = append(shown, l)
	}
	want := strings.TrimRight(runOK(t, "--brief", corpusRoot+"/seed-story"), "\n")
	if *update {
		text := strings.Join(lines[:at+1], "\n") + "\n" + want + "\n" + strings.Join(lines[at+1+len(shown):], "\n")
		require.NoError(t, os.WriteFile(filepath.Join(repoRoot, "README.md"), []byte(text), 0o644))
		return
	}
	assert.Equal(t, want, strings.Join(shown, "\n"), "go test ./cmd/... -run Readme -update")
}
