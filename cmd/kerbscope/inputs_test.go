package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
)

// The files of a ring set are one capture, in the order of their times: what
// is said of the whole is said of the parts.
func TestRingSetIsOneCapture(t *testing.T) {
	hub := filepath.Join(repoRoot, "pcaps", "seed-story", "hub.pcap")
	whole, err := os.ReadFile(hub)
	require.NoError(t, err)
	dir, at := t.TempDir(), 24
	for n, name := range []string{"hub_2.pcap", "hub_10.pcap", "hub_1.pcap"} { // 84 > 86 runs on from the second to the third
		part := bytes.Clone(whole[:24])
		for frames := 0; at < len(whole) && (frames < 42 || n == 2); frames++ {
			end := at + 16 + int(binary.LittleEndian.Uint32(whole[at+8:]))
			part = append(part, whole[at:end]...)
			at = end
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), part, 0o600))
	}
	rows := func(path string) (list []map[string]any) {
		for _, line := range strings.Split(strings.TrimSpace(runOK(t, "decode", "--format", "ndjson", path)), "\n") {
			var m map[string]any
			require.NoError(t, json.Unmarshal([]byte(line), &m))
			delete(m, "capture")
			delete(m, "frame")
			delete(m, "frames")
			list = append(list, m)
		}
		return list
	}
	assert.Equal(t, rows(hub), rows(dir))

	var one, set analyze.Report
	require.NoError(t, json.Unmarshal([]byte(runOK(t, "--format", "json", hub)), &one))
	require.NoError(t, json.Unmarshal([]byte(runOK(t, "--format", "json", dir)), &set))
	assert.Equal(t, one.Totals, set.Totals)
	assert.Equal(t, one.Verdict, set.Verdict)
	var names []string
	for _, c := range set.Captures {
		names = append(names, c.Name)
		assert.Zero(t, c.ClockOffset.Seconds, c.Name)
	}
	assert.Equal(t, []string{"hub_2.pcap", "hub_10.pcap", "hub_1.pcap"}, names)
}
