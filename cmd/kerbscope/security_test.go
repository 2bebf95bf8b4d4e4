package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSecurityPage: the limits that SECURITY.md lists are those of the code,
// and the tests that it names exist.
func TestSecurityPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(repoRoot, "SECURITY.md"))
	require.NoError(t, err)
	source, tests := map[string]string{}, ""
	for _, path := range goFiles(t) {
		b, err := os.ReadFile(filepath.Join(repoRoot, path))
		require.NoError(t, err)
		if strings.HasSuffix(path, "_test.go") {
			tests += string(b)
		} else {
			source[filepath.ToSlash(filepath.Dir(path))] += string(b)
		}
	}
	rows := regexp.MustCompile("(?m)^\\| [^|]+ \\| ([^|]+) \\| `([a-z0-9/]+)` ([A-Za-z.]+) \\|").FindAllStringSubmatch(string(page), -1)
	require.Greater(t, len(rows), 10)
	for _, r := range rows {
		value, dir, name := regexp.QuoteMeta(strings.ReplaceAll(r[1], " ", "")), r[2], r[3]
		set := regexp.MustCompile(name + `=` + value + `\b`)
		if _, field, ok := strings.Cut(name, "."); ok {
			set = regexp.MustCompile(`\.` + field + `=orElse\([a-z]+\.` + field + `,` + value + `\)`)
		}
		assert.True(t, set.MatchString(strings.NewReplacer(" ", "", "\t", "").Replace(source[dir])), "%s of %s is not %s", name, dir, r[1])
	}
	for _, name := range regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z]+)`").FindAllStringSubmatch(string(page), -1) {
		assert.Contains(t, tests, "func "+name[1]+"(", "named in SECURITY.md")
	}
}

// TestNoNetwork: nothing but live capture and its metrics touches a network,
// and nothing asks a resolver.
func TestNoNetwork(t *testing.T) {
	calls := regexp.MustCompile(`\bnet\.(Dial|Lookup|Listen|Resolve|DefaultResolver)|\bnet/http\b|\bhttp\.(Get|Post|Client)`)
	for _, path := range goFiles(t) {
		metrics := strings.HasPrefix(path, "capture/live/") || strings.HasPrefix(path, "cmd/kerbscope/cmd_capture") || strings.HasPrefix(path, "cmd/kerbscope/metrics")
		if strings.HasSuffix(path, "_test.go") || metrics || strings.HasPrefix(path, "pcaps/") || strings.HasPrefix(path, ".ci/") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(repoRoot, path))
		require.NoError(t, err)
		assert.Empty(t, calls.FindString(string(b)), path)
	}
}
