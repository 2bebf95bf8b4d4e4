package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A good capture of the corpus, and the folder it is in.
const (
	goodFolder  = corpusRoot + "/seed-story"
	goodCapture = goodFolder + "/mailbox.pcapng"
)

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
		stdout string // begins with
		stderr string // contains
	}{
		{nil, exitUsage, "", "Usage: kerbscope"},
		{[]string{"-h"}, exitOK, "Usage: kerbscope [analyze]", ""},
		{[]string{"--help"}, exitOK, "Usage: kerbscope [analyze]", ""},
		{[]string{"help"}, exitOK, "Usage: kerbscope [analyze]", ""},
		{[]string{"help", "decode"}, exitOK, "Usage: kerbscope decode", ""},
		{[]string{"help", "nonsense"}, exitUsage, "", "no command"},
		{[]string{"analyze", "-h"}, exitOK, "Usage: kerbscope [analyze]", ""},
		{[]string{"decode", "--help"}, exitOK, "Usage: kerbscope decode", ""},
		{[]string{"explain", "-h"}, exitOK, "Usage: kerbscope explain", ""},
		{[]string{"schema", "-h"}, exitOK, "Usage: kerbscope schema", ""},
		{[]string{"version", "-h"}, exitOK, "Usage: kerbscope version", ""},
		{[]string{"version"}, exitOK, "kerbscope 0.", ""},
		{[]string{"--version"}, exitOK, "kerbscope 0.", ""},
		{[]string{"version", "more"}, exitUsage, "", "no argument"},
		{[]string{"analyze"}, exitUsage, "", "no CAPTURE named"},
		{[]string{"decode"}, exitUsage, "", "no CAPTURE named"},
		{[]string{"capture"}, exitUsage, "", "no interface named"},
		{[]string{"capture", "file.pcap"}, exitUsage, "", "files are analyzed: kerbscope file.pcap"},
		{[]string{"capture", "-r", goodCapture}, exitUsage, "", "--follow is missing"},
		{[]string{"capture", "-r", goodCapture, "-i", "eth0"}, exitUsage, "", "do not go together"},
		{[]string{"capture", "-r", goodCapture, "--follow", "-f", "port 88"}, exitUsage, "", "are for interfaces"},
		{[]string{"capture", "-i", "eth0", "-f", "prot 88"}, exitUsage, "", "prot"},
		{[]string{"capture", "-i", "eth0", "-b", "files:3"}, exitUsage, "", "-b wants -w FILE"},
		{[]string{"capture", "-i", "eth0", "-w", "x", "-b", "files:3"}, exitUsage, "", "wants -b filesize:KB"},
		{[]string{"capture", "-i", "eth0", "-a", "duration:0"}, exitUsage, "", "the number is above 0"},
		{[]string{"capture", "-i", "eth0", "-a", "filesize:1"}, exitUsage, "", "-a duration:SECONDS"},
		{[]string{"capture", "-i", "eth0", "-w", "x", "-b", "time:3"}, exitUsage, "", "-b filesize:KB, -b duration:SECONDS, -b files:NUMBER"},
		{[]string{"capture", "-i", "eth0", "-c", "0"}, exitUsage, "", "-c 0"},
		{[]string{"capture", "-i", "eth0", "--window", "5"}, exitUsage, "", "a time with its unit"},
		{[]string{"capture", "-i", "eth0", "-s", "all"}, exitUsage, "", "a whole number"},
		{[]string{"capture", "-i", "eth0", "--log", "--quiet"}, exitUsage, "", "--log wants a value\nkerbscope: hint: what follows it is the flag --quiet"},
		{[]string{"capture", "-i", "eth0", "-f", "port"}, exitUsage, "", "error: -f: filter \"port\": at its end"},
		{[]string{"capture", "-r", "no-such.pcap", "--follow"}, exitCapture, "", "error: no-such.pcap: "},
		{[]string{"captur", "-i", "eth0"}, exitUsage, "", "did you mean kerbscope capture?"},
		{[]string{"Decode", "x.pcap"}, exitUsage, "", "did you mean kerbscope decode?"},
		{[]string{"service", "stat"}, exitUsage, "", "service does not take \"stat\""},
		{[]string{"explain", "hubb"}, exitUsage, "", "no rule and no guide \"hubb\"\nkerbscope: hint: did you mean hub?"},
		{[]string{"capture", "-i", "eth0", "--interval", "1ms"}, exitUsage, "", "a second or more"},
		{[]string{"capture", "-i", "eth0", "--intervall", "5s"}, exitUsage, "", "did you mean --interval?"},
		{[]string{"capture", "-i", "eth0", "--rule", "key-mismach"}, exitUsage, "", "did you mean key-mismatch?"},
		{[]string{"capture", "-i", "no-such-interface-0"}, exitCapture, "", "kerbscope: hint: "},
		{[]string{"capture", "-h"}, exitOK, "Usage: kerbscope capture", ""},
		{[]string{"convert", "a"}, exitUsage, "", "at least one IN"},
		{[]string{"help", "capture"}, exitOK, "Usage: kerbscope capture", ""},
		{[]string{"--format", "html", goodCapture}, exitOK, "<!DOCTYPE html>", ""},
		{[]string{"decode", "--format", "html", goodCapture}, exitUsage, "", "decode does not write html"},
		{[]string{"--format", "jsn", goodCapture}, exitUsage, "", "did you mean json?"},
		{[]string{"--formt", "json", goodCapture}, exitUsage, "", "did you mean --format?"},
		{[]string{"-x", goodCapture}, exitUsage, "", "no flag -x"},
		{[]string{"--output"}, exitUsage, "", "--output wants a value"},
		{[]string{"--max-exchanges", "many", goodCapture}, exitUsage, "", "--max-exchanges does not take"},
		{[]string{"--max-exchanges", "-1", goodCapture}, exitUsage, "", "N is 1 or more"},
		{[]string{"--fail-on", "fatal", goodCapture}, exitUsage, "", "error, warning or note"},
		{[]string{"--color", "blue", goodCapture}, exitUsage, "", "auto, always or never"},
		{[]string{"--brief", "--format", "json", goodCapture}, exitUsage, "", "--brief belongs to --format text"},
		{[]string{"--rule", "key-mismach", goodCapture}, exitUsage, "", "did you mean key-mismatch?"},
		{[]string{"--no-rule", "zzz", goodCapture}, exitUsage, "", "no rule"},
		{[]string{"--role", "hub", goodCapture}, exitUsage, "", "ROLE=ADDR"},
		{[]string{"--role", "printer=10.0.0.1", goodCapture}, exitUsage, "", "mailbox, hub, kdc"},
		{[]string{"decode", "--rule", "key-mismatch", goodCapture}, exitUsage, "", "--rule belongs to analyze"},
		{[]string{"explain", "key-mismach"}, exitUsage, "", "did you mean key-mismatch?"},
		{[]string{"explain", "a", "b"}, exitUsage, "", "takes one rule"},
		{[]string{"schema"}, exitUsage, "", "message, report, finding"},
		{[]string{"schema", "reprt"}, exitUsage, "", "did you mean report?"},
		{[]string{"schema", "../main"}, exitUsage, "", "no schema"},
		{[]string{"decode", "-", "-"}, exitUsage, "", "only once"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			var out, errs bytes.Buffer
			assert.Equal(t, c.status, run(c.args, strings.NewReader(""), &out, &errs))
			if c.stdout != "" {
				assert.True(t, strings.HasPrefix(out.String(), c.stdout), out.String())
				assert.Empty(t, errs.String())
			} else {
				assert.Empty(t, out.String(), "standard output holds only the result")
				assert.Contains(t, errs.String(), c.stderr)
			}
			if c.status == exitUsage && len(c.args) > 0 {
				assert.True(t, strings.HasPrefix(errs.String(), "kerbscope: error: "), errs.String())
			}
		})
	}
}

// TestHelpWidth: help is set by hand; no line is wider than a terminal.
func TestHelpWidth(t *testing.T) {
	texts := []string{usageMain}
	for _, g := range guides {
		texts = append(texts, guide(g.name))
	}
	for _, c := range commands() {
		texts = append(texts, c.usage)
	}
	for _, text := range texts {
		for _, line := range strings.Split(text, "\n") {
			assert.LessOrEqual(t, len(line), maxWidth, line)
			assert.True(t, plainASCII(strings.ReplaceAll(line, "\t", "")), line)
		}
	}
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                  "plain",
		"a\nb\r\tc":              `a\nb\r\tc`,
		"\x1b[31mred":            `\x1b[31mred`,
		"\x00\x7f":               `\x00\x7f`,
		"caf\u00e9":              "café",
		"\u202eevil":             `\u202eevil`,
		"\u200bzero\ufeff":       `\u200bzero\ufeff`,
		"\u2028line":             `\u2028line`,
		"\u009b31m":              `\u009b31m`,
		"bad\xff":                `bad\xff`,
		"\U000e0041tag":          `\U000e0041tag`,
		"host$@REALM \\ / back":  `host$@REALM \ / back`,
		"\u00a0nbsp":             `\u00a0nbsp`,
		strings.Repeat("x", 300): strings.Repeat("x", 300),
	} {
		assert.Equal(t, want, escape(in))
	}
}

func TestEscapeJSON(t *testing.T) {
	b, err := encodeJSON(map[string]string{"k": "a\u202eb\u009bc\x7fd\x1be<é>\U000e0041"}, "")
	require.NoError(t, err)
	assert.Equal(t, `{"k":"a\u202eb\u009bc\u007fd\u001be<é>\udb40\udc41"}`+"\n", string(b))
}

func TestCombine(t *testing.T) {
	for _, c := range []struct{ statuses, want []int }{
		{[]int{0, 0}, []int{0}}, {[]int{0, 3}, []int{3}}, {[]int{3, 1}, []int{1}}, {[]int{1, 3, 5}, []int{5}}, {[]int{2, 4}, []int{4}}, {[]int{2, 1}, []int{2}},
	} {
		assert.Equal(t, c.want[0], combine(c.statuses...))
	}
}

func TestNearest(t *testing.T) {
	names := []string{"key-mismatch", "clock-skew", "clock-skew-recovered", "spn-unknown"}
	for in, want := range map[string]string{
		"key-mismach": "key-mismatch", "clock_skew": "clock-skew", "skew": "clock-skew", "KEY-MISMATCH": "key-mismatch", "unknown-spn": "", "zzzzzz": "", "": "",
	} {
		assert.Equal(t, want, nearest(in, names), in)
	}
}

// TestOutputFile: the file appears when it is complete, never in part, and
// never in place of an input.
func TestOutputFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.ndjson")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o644))
	out, errs, status := execute(t, "decode", "--format", "ndjson", "-o", path, goodCapture)
	require.Equal(t, exitOK, status, errs)
	assert.Empty(t, out)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, runOK(t, "decode", "--format", "ndjson", goodCapture), string(text))
	assertFiles(t, dir, "out.ndjson")

	_, errs, status = execute(t, "decode", "-o", goodCapture, goodFolder)
	assert.Equal(t, exitUsage, status)
	assert.Contains(t, errs, "is also an input")

	_, errs, status = execute(t, "decode", "-o", filepath.Join(dir, "none", "out"), goodCapture)
	assert.Equal(t, exitWrite, status)
	assert.Contains(t, errs, "cannot write")

	_, _, status = execute(t, "decode", "-o", dir, goodCapture)
	assert.Equal(t, exitWrite, status)
	assertFiles(t, dir, "out.ndjson")
}

// TestSignal: an interrupted command leaves no file and no report.
func TestSignal(t *testing.T) {
	for _, command := range []string{"decode", "analyze"} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(interrupted{143})
		var out, errs bytes.Buffer
		assert.Equal(t, 143, runContext(ctx, []string{command, "-o", filepath.Join(dir, "out"), goodFolder}, nil, &out, &errs))
		assertFiles(t, dir)
		assert.Empty(t, out.String())
	}
}

// TestBrokenPipe: a reader that goes away ends the work in silence.
func TestBrokenPipe(t *testing.T) {
	for _, args := range [][]string{{"decode", goodFolder}, {goodFolder}, {"explain"}, {"version"}} {
		var errs bytes.Buffer
		assert.Equal(t, exitWrite, run(args, nil, failing{syscall.EPIPE}, &errs))
		assert.Empty(t, errs.String())
	}
	var errs bytes.Buffer
	assert.Equal(t, exitWrite, run([]string{goodFolder}, nil, failing{errors.New("disk full")}, &errs))
	assert.Contains(t, errs.String(), "cannot write the result: disk full")
}

// TestStandardInput: a capture on standard input is one like any other.
func TestStandardInput(t *testing.T) {
	b, err := os.ReadFile(goodCapture)
	require.NoError(t, err)
	var out, errs bytes.Buffer
	require.Equal(t, exitOK, run([]string{"decode", "--format", "ndjson", "mailbox.pcapng=-"}, bytes.NewReader(b), &out, &errs), errs.String())
	assert.Equal(t, runOK(t, "decode", "--format", "ndjson", goodCapture), out.String())
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// execute runs a command and returns what it prints and its status.
func execute(t *testing.T, args ...string) (out, errs string, status int) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(args, strings.NewReader(""), &o, &e)
	return o.String(), e.String(), status
}

func assertFiles(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	have := []string{}
	for _, e := range entries {
		have = append(have, e.Name())
	}
	if names == nil {
		names = []string{}
	}
	assert.Equal(t, names, have)
}
