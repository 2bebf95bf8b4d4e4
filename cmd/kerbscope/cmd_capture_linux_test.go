package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
)

// inNamespace tells whether the test runs in a network namespace of its own,
// with a pair ka, kb of virtual interfaces; if not it runs there, in a process
// of its own: Go's threads cannot be kept in one.
func inNamespace(t *testing.T) bool {
	if os.Getenv("KERBSCOPE_NETNS") == "" {
		if os.Geteuid() != 0 {
			t.Skip("not root: no network namespace, no capturing")
		}
		needTool(t, "tcpreplay")
		needTool(t, "ip")
		if out, err := exec.Command("unshare", "-n", "true").CombinedOutput(); err != nil && os.Getenv("KERBSCOPE_CI") == "" {
			t.Skipf("no network namespace: %s", out)
		}
		cmd := exec.Command("unshare", "-n", os.Args[0], "-test.run", "^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), "KERBSCOPE_NETNS=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return false
	}
	out, err := exec.Command("sh", "-ec", `ip link set lo up; ip link add ka type veth peer name kb
		for i in ka kb; do ip link set $i arp off mtu 9000; sysctl -qw net.ipv6.conf.$i.disable_ipv6=1; ip link set $i up; done`).CombinedOutput()
	require.NoError(t, err, string(out))
	return true
}

// A liveRun is kerbscope capturing on kb.
type liveRun struct {
	t      *testing.T
	cancel context.CancelCauseFunc
	lines  chan liveLine
	errs   bytes.Buffer
	done   chan int
}

type liveLine struct {
	at   time.Time
	text []byte
}

func startLive(t *testing.T, args ...string) *liveRun {
	ctx, cancel := context.WithCancelCause(context.Background())
	r := &liveRun{t: t, cancel: cancel, lines: make(chan liveLine, 1000), done: make(chan int, 1)}
	out, in := io.Pipe()
	go func() {
		defer in.Close()
		r.done <- runContext(ctx, append([]string{"capture", "-i", "kb", "--format", "ndjson", "--quiet"}, args...), nil, in, &r.errs)
	}()
	go func() {
		defer close(r.lines)
		s := bufio.NewScanner(out)
		s.Buffer(nil, 64<<20)
		for s.Scan() {
			r.lines <- liveLine{time.Now(), slices.Clone(s.Bytes())}
		}
	}()
	time.Sleep(500 * time.Millisecond)
	return r
}

func replay(t *testing.T, path, speed string) {
	out, err := exec.Command("tcpreplay", "-q", "-i", "ka", "-x", speed, path).CombinedOutput()
	require.NoError(t, err, string(out))
}

// end is Ctrl-C. It returns the lines and the status.
func (r *liveRun) end() (lines []liveLine, status int) {
	r.cancel(interrupted{130})
	for l := range r.lines {
		lines = append(lines, l)
	}
	return lines, <-r.done
}

// TestCaptureLive: what a pair of interfaces carries is diagnosed while it
// passes, and as a file with the same packets is.
func TestCaptureLive(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	for _, path := range []string{hubCapture, corpusRoot + "/preauth-failed/dc1.pcap", corpusRoot + "/clock-skew-client/dc1.pcap", corpusRoot + "/ntlm-fallback/hub.pcap"} {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		keep := filepath.Join(t.TempDir(), "keep.pcapng")
		r := startLive(t, "-w", keep)
		replay(t, path, "2")
		time.Sleep(200 * time.Millisecond)
		lines, status := r.end()
		require.Equal(t, exitOK, status, r.errs.String())
		require.NotEmpty(t, lines)
		last := map[string]analyze.Finding{}
		for _, l := range lines[:len(lines)-1] {
			var v findingLine
			require.NoError(t, json.Unmarshal(l.text, &v))
			if v.State == stateWithdrawn {
				delete(last, v.ID)
				continue
			}
			if v.State == stateNew && v.Rule == "key-mismatch" {
				first, err := time.Parse(time.RFC3339Nano, v.First)
				require.NoError(t, err)
				t.Logf("%s: told after %v", v.ID, l.at.Sub(first))
				assert.Less(t, l.at.Sub(first), 2*time.Second)
			}
			last[v.ID] = v.Finding
		}
		want := map[string][2]any{}
		for _, f := range reportOf(t, keep).Findings {
			want[f.ID] = [2]any{f.Confidence, f.Count}
		}
		got := map[string][2]any{}
		for id, f := range last {
			got[id] = [2]any{f.Confidence, f.Count}
		}
		require.Equal(t, want, got, path)
	}
}

// TestCaptureGone: an interface that goes away ends nothing; that it was not
// there at the end is told, by the status too.
func TestCaptureGone(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	r := startLive(t)
	require.NoError(t, exec.Command("ip", "link", "del", "ka").Run())
	time.Sleep(time.Second)
	lines, status := r.end()
	require.Equal(t, exitCapture, status)
	require.Contains(t, r.errs.String(), "kb was down or gone at the end")
	require.Contains(t, string(lines[len(lines)-1].text), schemaReport)
}
