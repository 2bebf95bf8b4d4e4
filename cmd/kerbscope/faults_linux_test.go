package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/pcaps/big/hostile"
)

const faultTime = 20 * time.Second

// commandsWithOutput are the ways to write a result of a capture.
var commandsWithOutput = [][]string{{"decode", "--format", "ndjson"}, {"decode", "-V"}, {"analyze"}, {"analyze", "--format", "json"}, {"analyze", "--format", "html"}}

// TestDiskFull: a result that cannot be written is told, with status 5, and
// nothing is left of it.
func TestDiskFull(t *testing.T) {
	for _, args := range commandsWithOutput {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		require.NoError(t, err)
		cmd := program(t, append(args, goodFolder)...)
		cmd.Stdout = full
		got := runProcess(t, cmd, nil, faultTime)
		full.Close()
		assert.Equal(t, exitWrite, got.status, args)
		assert.Contains(t, got.errs, "kerbscope: error: cannot write the result: no space left on device", args)
		got = runProcess(t, program(t, append(args, "-o", "/dev/full", goodFolder)...), nil, faultTime)
		assert.Equal(t, exitWrite, got.status, args)
		assert.Contains(t, got.errs, "no space left on device", args)
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8k"); err != nil {
		t.Skip("no tmpfs of our own: ", err)
	}
	defer syscall.Unmount(dir, 0)
	old := filepath.Join(dir, "out")
	require.NoError(t, os.WriteFile(old, []byte("old"), 0o644))
	for _, args := range [][]string{{"decode", "--format", "ndjson", "-o", old, goodFolder}, {"analyze", "--format", "json", "-o", old, goodFolder}, {"convert", goodFolder, old},
		{"redact", goodFolder, old}} {
		got := runProcess(t, program(t, args...), nil, faultTime)
		assert.Equal(t, exitWrite, got.status, args)
		assert.Contains(t, got.errs, "cannot write "+old+": no space left on device", args)
		assertFiles(t, dir, "out")
		b, err := os.ReadFile(old)
		require.NoError(t, err)
		assert.Equal(t, "old", string(b), args)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "fill"), make([]byte, 4096), 0o644))
	got := runProcess(t, program(t, "redact", "--map", old, goodFolder, filepath.Join(t.TempDir(), "redacted")), nil, faultTime)
	assert.Equal(t, exitWrite, got.status)
	assert.Contains(t, got.errs, "cannot write "+old+": no space left on device")
	b, err := os.ReadFile(old)
	require.NoError(t, err)
	assert.Equal(t, "old", string(b), "the map that was there")
}

// TestReaderGoesAway: head reads a line and closes the pipe.
func TestReaderGoesAway(t *testing.T) {
	for _, args := range commandsWithOutput {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		cmd := program(t, append(args, corpusRoot+"/seed-story")...)
		if _, err := os.Stat(corpusRoot + "/seed-story"); err != nil {
			cmd = program(t, append(args, goodFolder)...)
		}
		cmd.Stdout = w
		go func() {
			r.Read(make([]byte, 80))
			r.Close()
		}()
		got := runProcess(t, cmd, nil, faultTime)
		w.Close()
		assert.Contains(t, []int{exitOK, exitWrite}, got.status, args) // ok: all of it stood in the pipe already
		assert.Empty(t, got.errs, args)
	}
}

// TestSignals: whenever a signal comes, the file is there in full or not at
// all, and nothing else is left.
func TestSignals(t *testing.T) {
	times := 16
	if raceDetector { // each start takes a second
		times = 6
	}
	work := t.TempDir()
	capture := filepath.Join(work, "big.pcap")
	f, err := os.Create(capture)
	require.NoError(t, err)
	require.NoError(t, hostile.Find("clients").Write(f, 3000))
	require.NoError(t, f.Close())
	commands := [][]string{{"decode", "--format", "ndjson", "-o"}, {"analyze", "--format", "json", "-o"}, {"analyze", "--format", "html", "-o"}, {"convert"}}
	whole, length := make([][]byte, len(commands)), make([]time.Duration, len(commands))
	argsOf := func(i int, out string) []string {
		if commands[i][0] == "convert" {
			return []string{"convert", capture, out}
		}
		return append(append([]string(nil), commands[i]...), out, capture)
	}
	for i := range commands {
		out := filepath.Join(work, "whole")
		got := runProcess(t, program(t, argsOf(i, out)...), nil, faultTime)
		require.Equal(t, exitOK, got.status, got.errs)
		length[i] = got.took
		whole[i], err = os.ReadFile(out)
		require.NoError(t, err)
	}
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	ended := map[int]int{}
	for i := range times {
		k := i % len(commands)
		dir := t.TempDir()
		out := filepath.Join(dir, "out")
		sig, status := syscall.SIGINT, 130
		if rng.IntN(2) == 0 {
			sig, status = syscall.SIGTERM, 143
		}
		cmd := program(t, argsOf(k, out)...)
		after := time.Duration(rng.Int64N(int64(length[k]) * 11 / 10))
		got := runSignalled(t, cmd, sig, after)
		ended[got.status]++
		// -1: before the program took over its signals.
		assert.Contains(t, []int{exitOK, status, -1}, got.status, "%v after %v: %s", cmd.Args, after, got.errs)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		if len(entries) > 0 {
			assertFiles(t, dir, "out")
			b, err := os.ReadFile(out)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(whole[k], b), "%v: a part of the result", cmd.Args)
		}
	}
	t.Log(ended)
}

// TestFileChanges: a file that grows or shrinks under the reader is read as
// far as it goes.
func TestFileChanges(t *testing.T) {
	for _, kind := range []string{"shrinks", "grows"} {
		path := filepath.Join(t.TempDir(), "changes.pcap")
		var b bytes.Buffer
		require.NoError(t, hostile.Find("clients").Write(&b, 20000))
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
		cmd := program(t, "decode", "--format", "ndjson", path)
		go func() {
			time.Sleep(60 * time.Millisecond)
			if kind == "shrinks" {
				os.Truncate(path, 1000)
				return
			}
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				f.Write(b.Bytes()[24:])
				f.Write([]byte("half a header"))
				f.Close()
			}
		}()
		got := runProcess(t, cmd, nil, faultTime)
		assert.Contains(t, []int{exitOK, exitPartial}, got.status, kind+got.errs)
		if got.status == exitPartial {
			assert.Regexp(t, `changes\.pcap: .*byte \d+`, got.errs)
		}
		assert.NotEmpty(t, got.out)
	}
}

// TestOddInputs: folders, devices, pipes and sockets in place of a capture.
func TestOddInputs(t *testing.T) {
	dir := t.TempDir()
	fifo, closed := filepath.Join(dir, "fifo"), filepath.Join(dir, "closed")
	for _, p := range []string{fifo, closed} {
		require.NoError(t, syscall.Mkfifo(p, 0o600))
	}
	socket, err := net.Listen("unix", filepath.Join(dir, "s"))
	require.NoError(t, err)
	defer socket.Close()
	good, err := os.ReadFile(goodCapture)
	require.NoError(t, err)
	write := func(path string, b []byte) {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil {
			io.Copy(f, bytes.NewReader(b))
			f.Close()
		}
	}
	go write(fifo, good)
	got := runProcess(t, program(t, "decode", "--format", "ndjson", "mailbox.pcapng="+fifo), nil, faultTime)
	assert.Equal(t, exitOK, got.status, got.errs)
	assert.Equal(t, runOK(t, "decode", "--format", "ndjson", goodCapture), got.out)
	go write(closed, nil)
	for path, says := range map[string]string{
		closed: "empty", "/dev/null": "empty", "/dev/zero": "zeros", filepath.Join(dir, "s"): "no such device", dir + "/none": "no such file", fifo + "/x": "not a directory",
	} {
		for _, command := range []string{"decode", "analyze"} {
			if path == closed && command == "analyze" {
				go write(closed, nil)
			}
			got := runProcess(t, program(t, command, path), nil, faultTime)
			assert.Equal(t, exitPartial, got.status, "%s %s: %s", command, path, got.errs)
			assert.Contains(t, got.errs, says, path)
		}
	}
}

// TestOutputIsInput: no way of naming an input as the output loses it.
func TestOutputIsInput(t *testing.T) {
	dir := t.TempDir()
	good, err := os.ReadFile(goodCapture)
	require.NoError(t, err)
	in, hard, soft := filepath.Join(dir, "in.pcapng"), filepath.Join(dir, "hard"), filepath.Join(dir, "soft")
	require.NoError(t, os.WriteFile(in, good, 0o644))
	require.NoError(t, os.Link(in, hard))
	require.NoError(t, os.Symlink(in, soft))
	for _, out := range []string{in, hard, soft, filepath.Join(dir, ".", "x", "..", "in.pcapng")} {
		for _, args := range [][]string{{"decode", "-o", out, in}, {"analyze", "--format", "html", "-o", out, in}, {"convert", in, out}, {"analyze", "-o", out, dir}, {"redact", in, out}} {
			_, errs, status := execute(t, args...)
			if filepath.Base(filepath.Dir(out)) == ".." && status == exitWrite {
				continue
			}
			assert.Equal(t, exitUsage, status, "%v: %s", args, errs)
			b, err := os.ReadFile(in)
			require.NoError(t, err)
			require.True(t, bytes.Equal(good, b), "%v", args)
		}
	}
	assertFiles(t, dir, "hard", "in.pcapng", "soft")
	for _, args := range [][]string{{"decode", "-o", dir + "/none/out", in}, {"convert", in, dir + "/none/out"}} {
		_, errs, status := execute(t, args...)
		assert.Equal(t, exitWrite, status, args)
		assert.Contains(t, errs, "no such file or directory")
	}
}

// runSignalled runs cmd and sends it sig some time after its start.
func runSignalled(t *testing.T, cmd *exec.Cmd, sig os.Signal, after time.Duration) ran {
	t.Helper()
	return runStarted(t, cmd, nil, faultTime, func(p *os.Process) {
		time.AfterFunc(after, func() { p.Signal(sig) }) // one that has ended takes none
	})
}
