package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/pcaps/big/hostile"
)

// readable checks that a file of -w or --evidence is whole, for tshark too, and
// returns its packets.
func readable(t *testing.T, path string) (frames uint64) {
	t.Helper()
	src, err := capture.Open(path)
	require.NoError(t, err, path)
	defer src.Close()
	var b capture.Batch
	for src.Next(&b) == nil {
	}
	require.Zero(t, src.Info().Faulted, "%s: %v", path, src.Info().Faults)
	if _, err := exec.LookPath("tshark"); err == nil && !raceDetector {
		out, err := exec.Command("tshark", "-n", "-r", path, "-T", "fields", "-e", "frame.number").CombinedOutput()
		require.NoError(t, err, string(out))
		require.EqualValues(t, src.Info().Frames, bytes.Count(out, []byte("\n"))-strings.Count(string(out), "Running as user"))
	}
	return src.Info().Frames
}

// A disk that is full ends nothing: what fitted can be read, the report says
// what was left out, and nothing half-written lies about.
func TestCaptureDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("no tmpfs of our own: ", err)
	}
	defer syscall.Unmount(dir, 0)
	var big bytes.Buffer
	require.NoError(t, hostile.Find("clients").Write(&big, 30000))
	require.Greater(t, big.Len(), 2<<20)
	keep := filepath.Join(dir, "keep.pcapng")
	feed := func(w io.Writer) error { _, err := w.Write(big.Bytes()); return err }
	got := runProcess(t, program(t, "capture", "-", "--format", "json", "-w", keep), feed, faultTime)
	require.Equal(t, exitWrite, got.status, got.errs)
	require.Equal(t, 1, strings.Count(got.errs, "no space left on device"), got.errs)
	require.Contains(t, got.out, `"not_written": `)
	require.Positive(t, readable(t, keep))
	assertFiles(t, dir, "keep.pcapng")

	// A ring makes room by itself.
	got = runProcess(t, program(t, "capture", "-", "--format", "json", "-w", filepath.Join(dir, "ring.pcapng"), "-b", "filesize:100", "-b", "files:2"), feed, faultTime)
	require.Equal(t, exitWrite, got.status, "the first file still fills the disk: %s", got.errs)
	require.NoError(t, os.Remove(keep))
	ring, _ := filepath.Glob(filepath.Join(dir, "ring*"))
	for _, f := range ring {
		require.NoError(t, os.Remove(f))
	}
	got = runProcess(t, program(t, "capture", "-", "--format", "json", "-w", filepath.Join(dir, "ring.pcapng"), "-b", "filesize:100", "-b", "files:2"), feed, faultTime)
	require.Equal(t, exitOK, got.status, got.errs)
	ring, _ = filepath.Glob(filepath.Join(dir, "ring*"))
	require.Len(t, ring, 2)
	for _, f := range ring {
		require.Positive(t, readable(t, f))
		require.NoError(t, os.Remove(f))
	}

	// Evidence: none, or whole files.
	rest, err := os.Create(filepath.Join(dir, "rest"))
	require.NoError(t, err)
	io.Copy(rest, zeros{}) // until the disk is full
	require.NoError(t, rest.Truncate(1<<20-64<<10))
	rest.Close()
	hub, err := os.ReadFile(hubCapture)
	require.NoError(t, err)
	at := filepath.Join(dir, "evidence")
	got = runProcess(t, program(t, "capture", "-", "--format", "json", "--evidence", at), func(w io.Writer) error { _, err := w.Write(hub); return err }, faultTime)
	require.Contains(t, got.out, `"findings"`)
	files, err := os.ReadDir(at)
	require.NoError(t, err)
	for _, f := range files {
		require.Equal(t, ".pcapng", filepath.Ext(f.Name()))
		readable(t, filepath.Join(at, f.Name()))
	}
	if strings.Contains(got.errs, "no space left") {
		require.Equal(t, exitWrite, got.status)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// Whenever it is killed, the files of -w and --evidence can be read, and it
// starts again over them.
func TestCaptureKilled(t *testing.T) {
	dir := t.TempDir()
	hub, err := os.ReadFile(hubCapture)
	require.NoError(t, err)
	keep, evidence := filepath.Join(dir, "keep.pcapng"), filepath.Join(dir, "evidence")
	for range 2 {
		var process *os.Process
		got := runStarted(t, program(t, "capture", "-", "--quiet", "-w", keep, "--evidence", evidence, "--log", filepath.Join(dir, "log")), func(w io.Writer) error {
			if _, err := w.Write(hub); err != nil {
				return err
			}
			require.Eventually(t, func() bool {
				files, _ := filepath.Glob(filepath.Join(evidence, "*.pcapng"))
				return len(files) > 0
			}, faultTime, 50*time.Millisecond)
			time.Sleep(2 * keepEvery)
			return process.Kill()
		}, 2*faultTime, func(p *os.Process) { process = p })
		require.Equal(t, -1, got.status, got.errs)
		require.EqualValues(t, len(loadNoted(t, hubCapture)), readable(t, keep))
		files, err := filepath.Glob(filepath.Join(evidence, "*.pcapng"))
		require.NoError(t, err)
		for _, f := range files {
			require.Positive(t, readable(t, f))
		}
		log, err := os.ReadFile(filepath.Join(dir, "log"))
		require.NoError(t, err)
		require.True(t, bytes.HasSuffix(log, []byte("}\n")), "whole lines")
	}
}

// SIGHUP opens logs again, and ends a capture only with the terminal.
func TestCaptureHangup(t *testing.T) {
	dir := t.TempDir()
	hub, err := os.ReadFile(hubCapture)
	require.NoError(t, err)
	log := filepath.Join(dir, "log")
	var process *os.Process
	got := runStarted(t, program(t, "capture", "-", "--format", "json", "--log", log), func(w io.Writer) error {
		if _, err := w.Write(hub[:len(hub)*3/4]); err != nil {
			return err
		}
		require.Eventually(t, func() bool {
			b, _ := os.ReadFile(log)
			return len(b) > 0
		}, faultTime, 50*time.Millisecond)
		require.NoError(t, os.Rename(log, log+".1"))
		require.NoError(t, process.Signal(syscall.SIGHUP))
		time.Sleep(200 * time.Millisecond)
		_, err := w.Write(hub[len(hub)*3/4:])
		return err
	}, 2*faultTime, func(p *os.Process) { process = p })
	require.Equal(t, exitOK, got.status, got.errs)
	require.Contains(t, got.out, `"findings"`)
	for _, name := range []string{log, log + ".1"} {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.NotEmpty(t, b, name)
	}
}

// An interface that goes and comes back is captured on again, with no more
// than the service's one capability, which nothing has that it starts.
func TestCaptureReopens(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	needTool(t, "setpriv")
	dir, err := os.MkdirTemp("", "kerbscope")
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	require.NoError(t, os.Chmod(dir, 0o755))
	self, err := os.Executable()
	require.NoError(t, err)
	b, err := os.ReadFile(self)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "kerbscope"), b, 0o755))
	cmd := exec.Command("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps", "-all,+net_raw", "--ambient-caps", "-all,+net_raw", "--bounding-set", "-all,+net_raw",
		filepath.Join(dir, "kerbscope"), "capture", "-i", "kb", "--format", "json", "--interval", "1s")
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Dir = "/"
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Start())
	defer cmd.Process.Kill()
	time.Sleep(time.Second)
	status, err := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/status")
	require.NoError(t, err)
	require.Contains(t, string(status), "CapEff:\t0000000000002000\n")
	require.Contains(t, string(status), "NoNewPrivs:\t1\n")
	packets := len(loadNoted(t, corpusRoot+"/preauth-failed/dc1.pcap"))
	want := 0
	play := func(commands string) {
		out, err := exec.Command("sh", "-ec", commands).CombinedOutput()
		require.NoError(t, err, string(out))
		time.Sleep(1300 * time.Millisecond) // it looks every second where no event tells
		replay(t, corpusRoot+"/preauth-failed/dc1.pcap", "50")
		want += packets
	}
	play("true")
	play("ip link set kb down; sleep 0.3; ip link set kb up")
	play(`ip link del ka; sleep 0.3; ip link add ka type veth peer name kb
		for i in ka kb; do ip link set $i arp off mtu 9000; sysctl -qw net.ipv6.conf.$i.disable_ipv6=1; ip link set $i up; done`)
	play("ip link set kb down; ip link set kb name kx; ip link set kx up; sleep 0.3; ip link set kx down; ip link set kx name kb; ip link set kb up")
	time.Sleep(300 * time.Millisecond)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait(), errs.String())
	require.Contains(t, out.String(), `"frames": `+strconv.Itoa(want)+",")
}
