package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
	"kerbscope/capture/etl/etltest"
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

// TestEventTraces: what people are told of event traces that do not hold what
// they should.
func TestEventTraces(t *testing.T) {
	store := func(name string, events []etltest.Event) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, etltest.Trace{Compressed: true}.Bytes(events), 0o644))
		return path
	}
	const start = 1_700_000_000e9
	_, errs, status := execute(t, store("counted.etl", etltest.PktmonComponent(start, 1, 2, "a", "b", nil)))
	assert.Equal(t, exitPartial, status)
	assert.Contains(t, errs, "kerbscope: error: ")
	assert.Contains(t, errs, "a Windows event trace without packets; its events are those of Microsoft-Windows-PktMon (1)")
	assert.Contains(t, errs, "kerbscope: hint: pktmon only counted: record the packets too: pktmon start --capture --pkt-size 0")

	var events []etltest.Event
	for _, p := range load(t, []string{corpusRoot + "/key-mismatch/mailbox.pcapng"})[0].packets {
		events = append(events, etltest.PktmonPacket(etltest.Frame{Time: p.time, Data: p.data}, 0, etltest.Seen{Component: 9, Type: 1, Keep: 128}))
	}
	path := store("default.etl", events)
	blind := reportOf(t, path).BlindSpots
	i := slices.IndexFunc(blind, func(b analyze.BlindSpot) bool { return b.Kind == "snaplen" })
	require.GreaterOrEqual(t, i, 0)
	assert.Contains(t, blind[i].Summary, "pktmon keeps 128 bytes of a packet unless told otherwise; record again: pktmon start --capture --pkt-size 0")
}
