package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzRun: whatever a capture holds, both commands end with status 0 or 3,
// print the same bytes twice, JSON as the schema says, and text that is no
// wider than a page and steers no terminal.
func FuzzRun(f *testing.F) {
	captures, err := filepath.Glob(corpusRoot + "/*/hub.pcap*")
	require.NoError(f, err)
	for _, path := range captures {
		b, err := os.ReadFile(path)
		require.NoError(f, err)
		if len(b) < 20_000 {
			f.Add(b)
			f.Add(b[:len(b)/2])
		}
	}
	f.Fuzz(func(t *testing.T, capture []byte) {
		for _, args := range [][]string{{"decode", "--format", "json", "-"}, {"decode", "-"}, {"--format", "json", "-"}, {"-"}} {
			var out, again bytes.Buffer
			status := run(args, bytes.NewReader(capture), &out, &bytes.Buffer{})
			require.Contains(t, []int{exitOK, exitPartial}, status)
			run(args, bytes.NewReader(capture), &again, &bytes.Buffer{})
			require.Equal(t, out.String(), again.String())
			switch {
			case args[0] == "--format":
				assertSchema(t, "report", out.Bytes())
			case len(args) == 1:
				for _, line := range strings.Split(out.String(), "\n") {
					assert.LessOrEqual(t, utf8.RuneCountInString(line), maxWidth, line)
				}
			}
			assert.Equal(t, strings.ReplaceAll(escape(out.String()), `\n`, "\n"), strings.ReplaceAll(out.String(), `\n`, "\n"), "nothing that a terminal obeys")
		}
	})
}
