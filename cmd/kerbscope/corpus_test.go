package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

var update = flag.Bool("update", false, "rewrite the wants of the corpus and the README's table of rules")

// corpusRoot holds the cases of the corpus, one folder each.
const corpusRoot = "../../pcaps"

// notCases are the folders beside the cases.
var notCases = []string{"lab", "big"}

// TestCorpus: every case gives the report and the text in its wants. With
// KERBSCOPE_CORPUS=DIR the cases of DIR are run as well.
func TestCorpus(t *testing.T) {
	for _, root := range corpusRoots() {
		cases := corpusCases(t, root)
		require.NotEmpty(t, cases, "no cases in %s", root)
		for _, dir := range cases {
			t.Run(filepath.Base(dir), func(t *testing.T) {
				t.Parallel()
				require.NotEmpty(t, capturesIn(t, dir), "no capture in %s", dir)
				want(t, dir, "want", nil)
				if keytabs := keytabsIn(t, dir); len(keytabs) > 0 {
					want(t, dir, "want.keytab", keytabs)
				}
			})
		}
	}
}

// corpusRoots are the corpus and the user's own.
func corpusRoots() []string {
	roots := []string{corpusRoot}
	if private := os.Getenv("KERBSCOPE_CORPUS"); private != "" {
		roots = append(roots, private)
	}
	return roots
}

// want compares, or rewrites, the report and the text of one run of a case.
func want(t *testing.T, dir, base string, keytabs []string) {
	for _, format := range []string{"json", "text"} {
		path := filepath.Join(dir, base+"."+strings.Replace(format, "text", "txt", 1))
		got := analyzeCase(t, dir, format, keytabs)
		if *update {
			require.NoError(t, os.WriteFile(path, got, 0o644))
			continue
		}
		have, err := os.ReadFile(path)
		require.NoError(t, err, "go test ./cmd/... -run Corpus -update writes it")
		// A checkout on Windows may have turned line ends.
		assert.Equal(t, strings.ReplaceAll(string(have), "\r\n", "\n"), string(got), "%s; after looking at the change: go test ./cmd/... -run Corpus -update", path)
		if format == "json" {
			assertSchema(t, "report", got)
		}
	}
}

// analyzeCase runs analyze on a folder and returns what it prints.
func analyzeCase(t *testing.T, dir, format string, keytabs []string) []byte {
	t.Helper()
	args := []string{"analyze", "--format", format}
	for _, k := range keytabs {
		args = append(args, "--keytab", k)
	}
	var out, errs bytes.Buffer
	require.Equal(t, exitOK, run(append(args, dir), nil, &out, &errs), errs.String())
	assert.Empty(t, errs.String())
	return out.Bytes()
}

// corpusCases lists the folders of a corpus.
func corpusCases(t *testing.T, root string) []string {
	t.Helper()
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	var dirs []string
	for _, e := range entries {
		if e.IsDir() && !slices.Contains(notCases, e.Name()) && !strings.HasPrefix(e.Name(), ".") {
			dirs = append(dirs, filepath.Join(root, e.Name()))
		}
	}
	return dirs
}

// capturesIn lists the captures of a case.
func capturesIn(t *testing.T, dir string) []string {
	t.Helper()
	inputs, err := capture.Expand([]string{dir})
	require.NoError(t, err)
	var paths []string
	for _, in := range inputs {
		require.NoError(t, in.Err)
		paths = append(paths, in.Path)
	}
	return paths
}

// keytabsIn lists the keytabs that stand beside captures of the same name.
func keytabsIn(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	for _, c := range capturesIn(t, dir) {
		base, _, _ := strings.Cut(filepath.Base(c), ".")
		k := filepath.Join(dir, base+".keytab")
		if _, err := os.Stat(k); err == nil && !slices.Contains(list, k) {
			list = append(list, k)
		}
	}
	return list
}
