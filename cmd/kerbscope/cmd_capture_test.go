package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
	"kerbscope/capture"
)

const hubCapture = corpusRoot + "/seed-story/hub.pcap"

// captured runs capture on what standard input holds.
func captureOf(t *testing.T, input string, args ...string) (out, errs string, status int) {
	t.Helper()
	f, err := os.Open(input)
	require.NoError(t, err)
	defer f.Close()
	var o, e bytes.Buffer
	status = run(append([]string{"capture", "-"}, args...), f, &o, &e)
	return o.String(), e.String(), status
}

// What capture says at the end of a pipe is what analyze says of it.
func TestCapturePipe(t *testing.T) {
	out, errs, status := captureOf(t, hubCapture, "--format", "json")
	require.Equal(t, exitOK, status, errs)
	require.Contains(t, errs, "kerbscope: capturing on stdin\n")
	require.Contains(t, errs, "findings: key-fault-one-identity (2), ")
	f, err := os.Open(hubCapture)
	require.NoError(t, err)
	defer f.Close()
	var want bytes.Buffer
	require.Equal(t, exitOK, run([]string{"--format", "json", "-"}, f, &want, &want))
	require.Equal(t, want.String(), out)
	_, _, status = captureOf(t, hubCapture, "--quiet", "--fail-on", "error")
	require.Equal(t, exitFailOn, status)
}

// Of ndjson, each line is a finding with its state, the last the report.
func TestCaptureLines(t *testing.T) {
	out, _, status := captureOf(t, hubCapture, "--format", "ndjson", "--quiet")
	require.Equal(t, exitOK, status)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Greater(t, len(lines), 2)
	for i, l := range lines {
		var v struct{ Schema, State, ID string }
		require.NoError(t, json.Unmarshal([]byte(l), &v))
		if i == len(lines)-1 {
			require.Equal(t, schemaReport, v.Schema)
			require.NotContains(t, l, `"findings"`)
			break
		}
		require.Equal(t, schemaFinding, v.Schema)
		require.Contains(t, []string{stateNew, stateChanged}, v.State)
	}
}

// The packets of -w are those that came; a ring's files are named as dumpcap's.
func TestCaptureKeeps(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.pcapng")
	_, errs, status := captureOf(t, hubCapture, "--quiet", "-w", whole)
	require.Equal(t, exitOK, status, errs)
	want, got := loadNoted(t, hubCapture), loadNoted(t, whole)
	require.Equal(t, want, got)

	ring := filepath.Join(dir, "ring", "r.pcapng")
	require.NoError(t, os.Mkdir(filepath.Dir(ring), 0o700))
	_, errs, status = captureOf(t, hubCapture, "--quiet", "-w", ring, "-b", "filesize:8", "-b", "files:3")
	require.Equal(t, exitOK, status, errs)
	files, err := filepath.Glob(filepath.Join(dir, "ring", "r_*.pcapng"))
	require.NoError(t, err)
	require.Len(t, files, 3)
	var kept []noted
	for _, f := range files {
		require.Regexp(t, `r_0000[0-9]_[0-9]{14}\.pcapng$`, f)
		kept = append(kept, loadNoted(t, f)...)
	}
	require.Equal(t, want[len(want)-len(kept):], kept)

	_, errs, status = captureOf(t, hubCapture, "--quiet", "-c", "50", "-w", whole)
	require.Equal(t, exitOK, status, errs)
	require.Len(t, loadNoted(t, whole), 50)
	_, _, status = captureOf(t, hubCapture, "-w", filepath.Join(dir, "none", "x.pcapng"))
	require.Equal(t, exitWrite, status)
}

// Of each finding there is a file with all frames that it cites, annotated.
func TestCaptureEvidence(t *testing.T) {
	dir := t.TempDir()
	out, errs, status := captureOf(t, hubCapture, "--quiet", "--format", "json", "--evidence", dir)
	require.Equal(t, exitOK, status, errs)
	var r analyze.Report
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	require.NotEmpty(t, r.Findings)
	for _, f := range r.Findings {
		packets := loadNoted(t, filepath.Join(dir, strings.ReplaceAll(f.ID, "/", "-")+".pcapng"))
		at := placed(t, packets)
		for _, e := range f.Evidence {
			assert.Contains(t, at, stepKey{e.Capture, e.Frame}, f.ID)
		}
	}
	assert.Empty(t, r.Captures[0].Lost["evidence_overrun"])
}

// A device without room is told of once; the report is written all the same.
func TestCaptureFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	out, errs, status := captureOf(t, hubCapture, "-w", "/dev/full")
	require.Equal(t, exitWrite, status)
	require.Contains(t, errs, "cannot write /dev/full: ")
	if strings.Contains(errs, "no longer kept") { // else it was refused at once
		require.Contains(t, out, "VERDICT")
	}
}

// A capture that cannot start leaves nothing open and touches no file.
func TestCaptureCannotStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.WriteFile(at("keep.pcapng"), []byte("old"), 0o600))
	args := []string{"-w", at("keep.pcapng"), "-o", at("report"), "--evidence", at("evidence"), "--log", at("log")}
	before := runtime.NumGoroutine()
	for range 5 {
		for _, bad := range [][]string{{"--metrics", taken.Addr().String()}, {"--log", at("none/log")}} {
			_, errs, status := captureOf(t, hubCapture, append(slices.Clone(args), bad...)...)
			require.NotEqual(t, exitOK, status)
			require.Contains(t, errs, "kerbscope: error: ")
		}
		_, _, status := captureOf(t, hubCapture, append(slices.Clone(args), "-w", at("none/keep.pcapng"))...)
		require.Equal(t, exitWrite, status)
	}
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+2 }, 5*time.Second, 10*time.Millisecond)
	b, err := os.ReadFile(at("keep.pcapng"))
	require.NoError(t, err)
	require.Equal(t, "old", string(b))
	assertFiles(t, dir, "evidence", "keep.pcapng", "log")
	assertFiles(t, at("evidence"))
	if fds, err := os.ReadDir("/proc/self/fd"); err == nil {
		for _, fd := range fds {
			to, _ := os.Readlink("/proc/self/fd/" + fd.Name())
			require.NotContains(t, to, dir)
		}
	}
}

func TestFindingWatch(t *testing.T) {
	var told []string
	w := newFindingWatch(sinkFunc(func(state string, f *analyze.Finding) { told = append(told, state+" "+f.ID) }))
	at := time.Unix(1000, 0)
	f := analyze.Finding{ID: "a/1", Severity: analyze.Error, Confidence: analyze.Likely, Count: 1, Last: "2026-01-01T00:00:10Z"}
	step := func(last bool, list ...analyze.Finding) []string {
		told = nil
		w.update(slices.Clone(list), 0, at, last)
		at = at.Add(time.Second)
		return told
	}
	require.Equal(t, []string{"new a/1"}, step(false, f))
	require.Empty(t, step(false, f))
	f.Count = 2
	require.Empty(t, step(false, f), "numbers are not told at once")
	at = at.Add(minorEvery)
	require.Equal(t, []string{"changed a/1"}, step(false, f))
	f.Confidence = analyze.Certain
	require.Equal(t, []string{"changed a/1"}, step(false, f))
	f.Count = 3
	require.Equal(t, []string{"changed a/1"}, step(true, f), "at the end everything is told")
	require.Equal(t, []string{"withdrawn a/1"}, step(false))
	require.Equal(t, []string{"new a/1"}, step(false, f))
	// One whose packets are too old to be known is not withdrawn, and stands in the report.
	last, _ := time.Parse(time.RFC3339, f.Last)
	told = nil
	w.update(nil, last.UnixNano(), at, false)
	require.Empty(t, told)
	r := &analyze.Report{}
	w.complete(r)
	require.Len(t, r.Findings, 1)
	require.Equal(t, "a/1", r.Verdict.ID)
	require.Equal(t, []string{"new a/1"}, step(false, f))
	require.Empty(t, w.past.list)
}

// What is kept of findings whose time is over is these, and not the whole looks
// that they were last seen in.
func TestPastFindingsLetOthersGo(t *testing.T) {
	w := newFindingWatch()
	other := func() weak.Pointer[analyze.Contrast] {
		list := []analyze.Finding{
			{ID: "a/1", Severity: analyze.Error, Last: "2026-01-01T00:00:10Z"},
			{ID: "b/2", Severity: analyze.Error, Last: "2026-01-01T01:00:00Z", Contrast: &analyze.Contrast{}},
		}
		w.update(list, 0, time.Unix(1000, 0), false)
		return weak.Make(list[1].Contrast)
	}()
	require.NotNil(t, other.Value())
	edge, _ := time.Parse(time.RFC3339, "2026-01-01T00:00:10Z")
	w.update(nil, edge.UnixNano(), time.Unix(1001, 0), false)
	runtime.GC()
	require.Len(t, w.past.list, 1)
	require.Nil(t, other.Value())
	runtime.KeepAlive(w)
}

// Of a look that found more than the next one nothing stays.
func TestLooksLetEarlierOnesGo(t *testing.T) {
	c := &capturer{watch: newFindingWatch()}
	earlier := func() weak.Pointer[analyze.Finding] {
		list := []analyze.Finding{{ID: "a/1"}, {ID: "b/2"}, {ID: "c/3"}}
		c.judge(checkResult{findings: list}, false)
		return weak.Make(&list[0])
	}()
	require.NotNil(t, earlier.Value())
	c.judge(checkResult{findings: []analyze.Finding{{ID: "a/1"}}}, false)
	runtime.GC()
	require.Nil(t, earlier.Value())
	require.Len(t, c.list, 1)
	runtime.KeepAlive(c)
}

// A finding whose time is over says in the report what it said when it was made.
func TestPastFindingsSayTheSame(t *testing.T) {
	for _, dir := range corpusCases(t, corpusRoot) {
		want, err := os.ReadFile(filepath.Join(dir, "want.json"))
		require.NoError(t, err)
		var r struct{ Findings []json.RawMessage }
		require.NoError(t, json.Unmarshal(want, &r))
		var past pastFindings
		for _, raw := range r.Findings {
			var f analyze.Finding
			d := json.NewDecoder(bytes.NewReader(raw))
			d.UseNumber()
			require.NoError(t, d.Decode(&f))
			past.add(&f)
		}
		list := past.findings(nil)
		require.Len(t, list, len(r.Findings))
		for i := range list {
			got, err := json.Marshal(&list[i])
			require.NoError(t, err)
			require.JSONEq(t, string(r.Findings[i]), string(got))
		}
	}
}

// The oldest of them make room.
func TestPastFindingsAreBounded(t *testing.T) {
	var past pastFindings
	for i := range maxPast + 1 {
		past.add(&analyze.Finding{ID: strconv.Itoa(i)})
	}
	list := past.findings(map[string]bool{strconv.Itoa(maxPast): true})
	require.Len(t, list, maxPast-maxPast/8)
	require.Equal(t, strconv.Itoa(maxPast/8), list[0].ID)
	past.drop(list[0].ID)
	require.Equal(t, strconv.Itoa(maxPast/8+1), past.findings(nil)[0].ID)
}

type sinkFunc func(string, *analyze.Finding)

func (s sinkFunc) finding(state string, f *analyze.Finding) { s(state, f) }

func TestPacketMemory(t *testing.T) {
	m := &packetMemory{age: int64(10 * time.Second), most: 3 << 20}
	data := make([]byte, 1<<19)
	for i := range 40 {
		m.add(&capture.Batch{Data: data, Records: []capture.Record{{Time: int64(i) * 1e9, Frame: uint64(i + 1), Len: uint32(len(data))}}}, nil)
		require.LessOrEqual(t, m.held, m.most)
	}
	var frames []uint64
	m.each(func(p capture.Packet) bool { frames = append(frames, p.Frame); return true })
	require.Equal(t, []uint64{35, 36, 37, 38, 39, 40}, frames)
	require.Equal(t, uint64(35), m.first())
	require.Positive(t, m.lost)
}

func TestLedger(t *testing.T) {
	var l ledger
	counts := func(n uint64) []capture.Count { return []capture.Count{{Name: capture.DroppedByKernel, N: n}} }
	l.look(counts(0), 10e9)
	require.Equal(t, []capture.Loss{{From: 10e9, To: 11e9, N: 5, What: capture.DroppedByKernel}}, l.look(counts(5), 11e9))
	l.look(counts(7), 11e9+1e8)
	require.Empty(t, l.look(counts(7), 30e9))
	l.look(counts(8), 31e9)
	l.look(counts(9), 20e9) // the clock was set back
	require.Equal(t, []capture.Loss{{From: 10e9, To: 11e9 + 1e8, N: 7, What: "dropped_by_kernel"}, {From: 30e9, To: 31e9, N: 1, What: "dropped_by_kernel"}, {From: 20e9, To: 20e9, N: 1, What: "dropped_by_kernel"}}, l.losses)
}

// The packets of -w say what is not among them, and when it was lost: a file
// reports as the live capture did.
func TestKeepLosses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keep.pcapng")
	k, err := newKeeper(path, ringSettings{}, true, func(err error) { assert.NoError(t, err) })
	require.NoError(t, err)
	iface := []capture.Interface{{Name: "eth0", Link: capture.LinkEthernet, TicksPS: 1e9, Filter: capture.KerberosFilter}, {Name: "eth1", Link: capture.LinkEthernet, TicksPS: 1e9}}
	at := int64(1767225600e9)
	lost := []capture.Loss{{From: at, To: at + 1e8, N: 3, What: capture.DroppedByKernel}, {From: at + 5e9, To: at + 6e9, N: 2, What: capture.DroppedByInterface}, {From: at + 9e9, To: at + 9e9, N: 1, What: capture.DroppedByKernel}}
	k.lost(lost[:1])
	for i := range int64(10) {
		k.add(&capture.Batch{Data: make([]byte, 60), Records: []capture.Record{{Time: at + i*1e9, Frame: uint64(i + 1), Len: 60, Wire: 60, Interface: uint32(i % 2)}}}, iface)
	}
	k.lost(lost[1:])
	require.NoError(t, k.close())
	src, err := capture.Open(path)
	require.NoError(t, err)
	defer src.Close()
	var b capture.Batch
	for src.Next(&b) == nil {
	}
	info := src.Info()
	require.Zero(t, info.Faulted)
	require.EqualValues(t, 10, info.Frames)
	require.Equal(t, lost, info.Losses)
	require.Equal(t, []capture.Count{{Name: capture.DroppedByKernel, N: 4}, {Name: capture.DroppedByInterface, N: 2}}, info.Lost)
	require.Equal(t, capture.KerberosFilter, info.Interfaces[0].Filter)
}

func TestViewLines(t *testing.T) {
	s := &captureStatus{Running: 90 * time.Second, Lost: map[string]uint64{"dropped_by_kernel": 3}, PacketRate: 12}
	for i := range 30 {
		s.Findings = append(s.Findings, &analyze.Finding{ID: "x", Rule: "key-mismatch", Severity: analyze.Error, Count: uint64(i), Summary: strings.Repeat("long \x1b[2J", 40)})
	}
	lines := viewLines(s, screen{width: 80}, "eth0", true, 10, func(*analyze.Finding) string { return "3 s" })
	require.Len(t, lines, 10)
	for _, l := range lines {
		require.LessOrEqual(t, len(l), 79)
		require.NotContains(t, l, "\x1b")
	}
	require.Equal(t, "and 24 more findings", lines[9])
	require.Contains(t, lines[0], "12 packets/s")
	require.True(t, strings.HasSuffix(lines[0], "   r report  q end"), "the keys are shown on a narrow terminal too: %s", lines[0])
	require.Contains(t, strings.Join(lines, "\n"), "lost: dropped by kernel 3")
}

// A snap length that cuts what is needed is told before anything is captured.
func TestCaptureCuts(t *testing.T) {
	for _, v := range []struct {
		args []string
		said bool
	}{{[]string{"-s", "10"}, true}, {[]string{"-s", "256"}, true}, {[]string{"-s", "65535"}, false}, {[]string{"-s", "0"}, false}, {nil, false}} {
		_, errs, status := execute(t, append([]string{"capture", "-i", "no-such-interface"}, v.args...)...)
		require.Equal(t, exitCapture, status)
		require.Equal(t, v.said, strings.Contains(errs, "cuts packets"), errs)
	}
}
