package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
)

const repoRoot = "../.."

// layers is the one direction of imports: a package knows those behind it in
// the list, never one before. Packages on one line know nothing of each other.
var layers = [][]string{
	{"cmd/kerbscope"},
	{"analyze"},
	{"decode/redact"},
	{"decode"},
	{"decode/flow", "decode/gss", "decode/krb5"},
	{"capture/live"},
	{"capture/live/filter"},
	{"capture"},
	{"capture/etl"},
	{"capture/etl/etltest", "capture/netmontest"},
}

// homes are the only places of a library, tests aside: elsewhere we use our
// own types, and what the library cannot be trusted with stays behind one door.
var homes = map[string][]string{
	"github.com/google/gopacket":    {"capture/live/"},
	"github.com/jcmturner/gokrb5":   {"decode/open_etypes.go"},
	"github.com/spf13/pflag":        {"cmd/"},
	"github.com/prometheus":         {"cmd/"},
	"github.com/BurntSushi/toml":    {"cmd/"},
	"kernel.org/pub/linux":          {"cmd/"},
	"golang.org/x/term":             {"cmd/"},
	"github.com/klauspost/compress": {"capture/"},
	"github.com/stretchr/testify":   {},
	"github.com/santhosh-tekuri":    {},
	"kerbscope/capture/etl/etltest": {},
	"kerbscope/capture/netmontest":  {},
}

func TestImports(t *testing.T) {
	rank := map[string]int{}
	for i, layer := range layers {
		for _, p := range layer {
			rank["kerbscope/"+p] = i
		}
	}
	for _, path := range goFiles(t) {
		dir := filepath.ToSlash(filepath.Dir(path))
		test := strings.HasSuffix(path, "_test.go")
		self, known := rank["kerbscope/"+dir]
		if !known && !strings.HasPrefix(dir, "pcaps/") && dir != "." {
			assert.Fail(t, "package in no layer", dir)
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(repoRoot, path), nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if other, ours := rank[name]; ours && known && !test {
				assert.Greater(t, other, self, "%s imports %s", path, name)
			}
			for library, places := range homes {
				if !strings.HasPrefix(name, library) || test {
					continue
				}
				at := slices.ContainsFunc(places, func(p string) bool { return strings.HasPrefix(path, p) })
				assert.True(t, at || strings.HasPrefix(dir, "pcaps/"), "%s imports %s", path, name)
			}
		}
	}
}

// goFiles lists the Go files of the module, by their path in it.
func goFiles(t *testing.T) []string {
	t.Helper()
	var list []string
	require.NoError(t, filepath.WalkDir(repoRoot, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && strings.HasPrefix(e.Name(), ".") && e.Name() != ".." && path != repoRoot {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			rel, err := filepath.Rel(repoRoot, path)
			if err != nil {
				return err
			}
			list = append(list, filepath.ToSlash(rel))
		}
		return nil
	}))
	require.NotEmpty(t, list)
	return list
}

// TestTopLevel: the listing of the repository is its table of contents.
func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(repoRoot)
	require.NoError(t, err)
	allowed := []string{"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md", "analyze", "capture", "cmd", "decode", "go.mod", "go.sum", "pcaps"}
	var have []string
	for _, e := range entries {
		// What a build or a test leaves in place is in .gitignore.
		name := e.Name()
		if !strings.HasPrefix(name, ".") && name != "kerbscope" && name != "kerbscope.exe" && !strings.HasSuffix(name, ".test") && !strings.HasSuffix(name, ".prof") {
			have = append(have, e.Name())
		}
	}
	assert.Equal(t, allowed, have)
}

var caseReadme = regexp.MustCompile(`^Shows: .+\nMade by: .+\nChanged: .+\nSecrets: .+\nProves: .+\n$`)

// TestCaseFolders: every folder of the corpus has one of the shapes, its
// wants, small captures, and a README of five lines.
func TestCaseFolders(t *testing.T) {
	for _, dir := range corpusCases(t, corpusRoot) {
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			assert.NotEmpty(t, caseShape(name), "neither a rule, a healthy twin, a carrier, nor a format")
			if rule := caseShape(name); findRule(rule) != nil {
				twin := slices.ContainsFunc([]string{name, rule}, func(of string) bool {
					_, err := os.Stat(filepath.Join(corpusRoot, of+"-healthy"))
					return err == nil
				})
				assert.True(t, twin, "without a healthy twin")
			}
			text, err := os.ReadFile(filepath.Join(dir, "README.md"))
			require.NoError(t, err)
			assert.Regexp(t, caseReadme, strings.ReplaceAll(string(text), "\r\n", "\n"))
			for _, c := range capturesIn(t, dir) {
				st, err := os.Stat(c)
				require.NoError(t, err)
				assert.Less(t, st.Size(), int64(100_000), c)
			}
			known := []string{"README.md", "want.json", "want.txt"}
			for _, c := range capturesIn(t, dir) {
				known = append(known, filepath.Base(c))
			}
			if keytabs := keytabsIn(t, dir); len(keytabs) > 0 {
				known = append(known, "want.keytab.json", "want.keytab.txt")
				for _, k := range keytabs {
					known = append(known, filepath.Base(k))
				}
			}
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			for _, e := range entries {
				assert.Contains(t, known, e.Name(), "a file that no test reads")
			}
		})
	}
}

// caseShape is the rule that a case is about, or the shape that it has
// instead; "" for none.
func caseShape(name string) string {
	switch {
	case name == "seed-story":
		return "key-fault-one-identity"
	case strings.HasSuffix(name, "-healthy"):
		return "healthy"
	case strings.HasPrefix(name, "carrier-"), strings.HasPrefix(name, "format-"):
		return "other"
	}
	best := ""
	for _, r := range analyze.Rules() {
		if (name == r.ID || strings.HasPrefix(name, r.ID+"-")) && len(r.ID) > len(best) {
			best = r.ID
		}
	}
	return best
}

// TestRules: every rule has its file, is documented in full, and stands in the
// README's table.
func TestRules(t *testing.T) {
	seen := map[string]bool{}
	readme := readREADME(t)
	for _, r := range analyze.Rules() {
		assert.False(t, seen[r.ID], "%s twice in the list", r.ID)
		seen[r.ID] = true
		t.Run(r.ID, func(t *testing.T) {
			assert.Regexp(t, `^[a-z0-9]+(-[a-z0-9]+)*$`, r.ID)
			assert.FileExists(t, filepath.Join(repoRoot, "analyze", "rule_"+strings.ReplaceAll(r.ID, "-", "_")+".go"))
			assert.NotEmpty(t, r.Title)
			assert.False(t, strings.HasSuffix(r.Title, "."), "a title ends without a full stop")
			assert.Greater(t, len(r.Doc), 200, "Doc says what it means and how it is proved")
			assert.NotEmpty(t, r.Rivals)
			assert.NotEmpty(t, r.Refs)
			assert.Regexp(t, `^\d+\.\d+\.\d+$`, r.Since)
			assert.Contains(t, []analyze.Severity{analyze.Error, analyze.Warning, analyze.Note}, r.Severity)
			assert.NotNil(t, r.Check)
			if r.Severity != analyze.Note {
				assert.NotEmpty(t, r.Fix)
			}
			assert.True(t, strings.Contains(readme, "| `"+r.ID+"` |"), "not in the README: go test ./cmd/... -run Readme -update")
			for _, line := range strings.Split(runOK(t, "explain", r.ID), "\n") {
				assert.LessOrEqual(t, len([]rune(line)), maxWidth, line)
				assert.True(t, plainASCII(line), line)
			}
		})
	}
	files, err := filepath.Glob(filepath.Join(repoRoot, "analyze", "rule_*.go"))
	require.NoError(t, err)
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		id := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(f), "rule_"), ".go"), "_", "-")
		assert.True(t, seen[id], "%s holds no rule of the list", f)
	}
}

func readREADME(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repoRoot, "README.md"))
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}
