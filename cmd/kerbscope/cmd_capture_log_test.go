package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
)

func hostileFinding() *analyze.Finding {
	return &analyze.Finding{
		ID: "key-mismatch/0123abcd", Rule: "key-mismatch", Severity: analyze.Error, Confidence: analyze.Certain,
		Summary: "hub\x1b[31m\nforged line\u202e", Client: "a\nb", Service: "smtp/hub", FaultAt: []analyze.Fault{{Host: "hub-1"}}, Count: 3,
	}
}

func TestLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "findings.log")
	logs, err := openLogs([]string{path}, func(err error) { t.Error(err) })
	require.NoError(t, err)
	f := hostileFinding()
	logs[0].finding(stateNew, f)
	require.NoError(t, os.Rename(path, path+".1"), "rotated")
	logs[0].finding(stateChanged, f)
	require.NoError(t, os.Remove(path), "removed")
	logs[0].finding(stateWithdrawn, f)
	logs[0].close()

	for name, state := range map[string]string{path + ".1": stateNew, path: stateWithdrawn} {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, 1, bytes.Count(b, []byte("\n")), "one line, whatever is in it: %s", b)
		var row map[string]any
		require.NoError(t, json.Unmarshal(b, &row))
		assert.Equal(t, state, row["state"])
		assert.Equal(t, "key-mismatch/0123abcd", row["id"])
		assert.Equal(t, "hub-1", row["fault_at"])
		assert.Equal(t, 3.0, row["count"])
		assert.Equal(t, map[string]string{stateNew: "ERROR", stateWithdrawn: "INFO"}[state], row["level"])
		assert.NotContains(t, string(b), "\x1b")
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Zero(t, info.Mode().Perm()&0o077, "nobody else reads names and addresses")
}

func TestLogFails(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	var told []error
	logs, err := openLogs([]string{"/dev/full"}, func(err error) { told = append(told, err) })
	require.NoError(t, err)
	for range 3 {
		logs[0].finding(stateNew, hostileFinding())
	}
	require.Len(t, told, 1, "once, and capturing goes on")
	assert.ErrorContains(t, told[0], "no space left")

	_, err = openLogs([]string{filepath.Join(t.TempDir(), "none", "x.log")}, nil)
	var f *failure
	require.True(t, errors.As(err, &f))
	assert.Equal(t, exitWrite, f.status)
	_, err = openLogs([]string{""}, nil)
	assert.ErrorContains(t, err, "WHERE is syslog, eventlog or a file")
}

func TestLogText(t *testing.T) {
	assert.Equal(t, `new key-mismatch/0123abcd, error, certain: hub\x1b[31m\nforged line\u202e (3 times)`, logText(stateNew, hostileFinding()))
}
