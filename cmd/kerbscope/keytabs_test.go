package main

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const goodKeytab = goodFolder + "/hub.keytab"

// TestKeysStaySecret: nothing of a keytab but names, kvnos and etypes is ever
// printed.
func TestKeysStaySecret(t *testing.T) {
	var printed strings.Builder
	var windows [][]byte
	for _, dir := range []string{goodFolder, goodFolder + "-healthy"} {
		path := dir + "/hub.keytab"
		for _, args := range [][]string{{"decode", "--format", "ndjson"}, {"decode"}, {"--format", "json"}, {"--format", "ndjson"}, {}} {
			out, errs, status := execute(t, append(args, "--keytab", path, dir)...)
			require.Equal(t, exitOK, status)
			printed.WriteString(out + errs)
		}
		keytab, err := os.ReadFile(path)
		require.NoError(t, err)
		for at := 0; at+12 <= len(keytab); at += 4 {
			if w := keytab[at : at+12]; !plainASCII(string(w)) { // else a name
				windows = append(windows, w)
			}
		}
	}
	text, lower := printed.String(), strings.ToLower(printed.String())
	for _, w := range windows {
		assert.False(t, strings.Contains(lower, hex.EncodeToString(w)), "bytes of the keytab in hex")
		assert.False(t, strings.Contains(text, string(w)), "bytes of the keytab")
		assert.False(t, strings.Contains(text, base64.StdEncoding.EncodeToString(w)), "bytes of the keytab in base64")
	}
	assert.Contains(t, text, `"opened":{"key":"`, "and yet tickets were opened")
	assert.Contains(t, text, `"why_not":"`, "and others were not, with the reason")
}

// TestBadKeytab: a keytab that cannot be read is told, and the work goes on
// without it.
func TestBadKeytab(t *testing.T) {
	dir := t.TempDir()
	text, cut := filepath.Join(dir, "text.keytab"), filepath.Join(dir, "cut.keytab")
	require.NoError(t, os.WriteFile(text, []byte("no keytab\n"), 0o644))
	keytab, err := os.ReadFile(goodKeytab)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(cut, keytab[:len(keytab)-5], 0o644))
	for path, message := range map[string]string{filepath.Join(dir, "missing.keytab"): "no such file", text: "not a keytab", cut: "keytab " + cut} {
		for _, command := range []string{"decode", "analyze"} {
			out, errs, status := execute(t, command, "-k", path, goodFolder)
			assert.Equal(t, exitPartial, status)
			assert.Contains(t, errs, message)
			assert.NotEmpty(t, out)
		}
	}
	out, errs, status := execute(t, "decode", "-o", goodKeytab, "-k", goodKeytab, goodCapture)
	assert.Equal(t, exitUsage, status)
	assert.Empty(t, out)
	assert.Contains(t, errs, "is also an input")
}

// TestKeytabAnswers: with its keytab the story's fault is seen from both sides.
func TestKeytabAnswers(t *testing.T) {
	r := reportOf(t, "-k", goodKeytab, goodFolder)
	require.NotEmpty(t, r.Findings)
	assert.Equal(t, "key-fault-one-identity", r.Findings[0].Rule)
}
