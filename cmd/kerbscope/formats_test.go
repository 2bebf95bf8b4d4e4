package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sameCaptures lists cases whose captures are those of another in other
// formats, with the decimal places of a second that the formats have in common.
var sameCaptures = []struct {
	dir, of string
	places  int
}{
	{"format-etl-netsh", "key-mismatch", 6},
	{"format-etl-pktmon", "key-mismatch", 6},
}

// TestSameInEveryFormat: the same packets give the same rows and the same
// report, but for the names of files and formats and the precision of times.
func TestSameInEveryFormat(t *testing.T) {
	for _, c := range sameCaptures {
		t.Run(c.dir, func(t *testing.T) {
			for _, keytab := range []bool{false, true} {
				report := func(dir string) []string {
					args := []string{"analyze", "--format", "json", corpusRoot + "/" + dir}
					if keytab {
						args = append(args, "--keytab", corpusRoot+"/"+dir+"/hub.keytab")
					}
					return withoutFormat(t, runOK(t, args...), c.places)
				}
				assert.Equal(t, report(c.of), report(c.dir))
			}
			rows := func(dir string) []string {
				return withoutFormat(t, runOK(t, "decode", "--format", "json", corpusRoot+"/"+dir), c.places)
			}
			assert.Equal(t, rows(c.of), rows(c.dir))
		})
	}
}

var (
	captureName = regexp.MustCompile(`\b([\w-]+)\.(pcap|pcapng|etl|cap)\b`)
	stampDigits = regexp.MustCompile(`(\d\d:\d\d:\d\d\.\d+)Z`)
)

// withoutFormat returns the lines of a report or of rows without what depends
// on the format of the captures.
func withoutFormat(t *testing.T, text string, places int) []string {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal([]byte(text), &v))
	if top, ok := v.(map[string]any); ok {
		for _, c := range top["captures"].([]any) {
			c := c.(map[string]any)
			for _, key := range []string{"format", "left_out"} {
				delete(c, key)
			}
		}
	}
	b, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	text = captureName.ReplaceAllString(string(b), "$1")
	text = stampDigits.ReplaceAllStringFunc(text, func(s string) string {
		s = strings.TrimSuffix(s, "Z")
		return s[:min(len(s), len("00:00:00.")+places)]
	})
	return strings.Split(text, "\n")
}
