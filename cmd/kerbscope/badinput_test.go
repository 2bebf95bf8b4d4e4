package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBadInput: whatever cannot be read is told, everything readable is still
// in the result, and the status is 3.
func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	good, err := os.ReadFile(goodCapture)
	require.NoError(t, err)
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o644))
		return path
	}
	empty := filepath.Join(dir, "folder")
	require.NoError(t, os.Mkdir(empty, 0o755))
	noCaptures := filepath.Join(dir, "notes")
	require.NoError(t, os.Mkdir(noCaptures, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(noCaptures, "readme.txt"), []byte("nothing here\n"), 0o644))

	for _, c := range []struct {
		name, path, message string
	}{
		{"truncated", file("cut.pcapng", good[:len(good)*3/4]), "after frame"},
		{"zeros", file("zeros.pcap", make([]byte, 4096)), "zeros"},
		{"text", file("text.pcap", []byte(strings.Repeat("12:00:01 something happened\n", 50))), "it is text"},
		{"empty", file("empty.pcap", nil), "it is empty"},
		{"header alone", file("short.pcap", good[:2]), "not a capture"},
		{"keytab", goodFolder + "/hub.keytab", "a keytab"},
		{"empty folder", empty, "no capture file in it"},
		{"folder without captures", noCaptures, "no capture file in it"},
		{"glob without matches", filepath.Join(dir, "*.etl"), "no capture file in it"},
		{"missing", filepath.Join(dir, "missing.pcap"), "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, command := range []string{"decode", "analyze"} {
				_, errs, status := execute(t, command, "--format", "ndjson", c.path)
				assert.Equal(t, exitPartial, status, command)
				assert.True(t, strings.HasPrefix(errs, "kerbscope: error: "), errs)
				assert.Contains(t, strings.ToLower(errs), c.message, command)
			}
			// With a good capture beside it, that one's rows are all there.
			out, errs, status := execute(t, "decode", "--format", "ndjson", "good="+goodCapture, c.path)
			assert.Equal(t, exitPartial, status)
			assert.Contains(t, strings.ToLower(errs), c.message)
			assert.True(t, strings.HasPrefix(out, runOK(t, "decode", "--format", "ndjson", "good="+goodCapture)))

			out, _, status = execute(t, "analyze", "--format", "json", goodFolder, c.path)
			assert.Equal(t, exitPartial, status)
			assertSchema(t, "report", []byte(out))
			assert.Contains(t, out, `"rule": "key-fault-one-identity"`)
		})
	}
	t.Run("cut, what is before the cut is read", func(t *testing.T) {
		out, _, status := execute(t, "decode", "--format", "ndjson", filepath.Join(dir, "cut.pcapng"))
		assert.Equal(t, exitPartial, status)
		whole := strings.Split(runOK(t, "decode", "--format", "ndjson", goodCapture), "\n")
		part := strings.Split(strings.ReplaceAll(out, `"cut.pcapng"`, `"mailbox.pcapng"`), "\n")
		assert.Greater(t, len(part), 5)
		assert.Subset(t, whole, part[:len(part)-2], "but for the last, whose frames the cut may have taken")
	})
	t.Run("command in the wrong place", func(t *testing.T) {
		_, errs, status := execute(t, "-r", goodCapture, "decode")
		assert.Equal(t, exitPartial, status)
		assert.Contains(t, errs, "the command comes first")
	})
}
