package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asProgram in the environment makes of the test binary kerbscope itself: for
// tests of what belongs to a process (signals, pipes, peak memory).
const asProgram = "KERBSCOPE_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program is the command that runs kerbscope as a process of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// A ran is what became of a process.
type ran struct {
	out, errs string
	status    int // -1: a signal ended it
	took      time.Duration
	cpu       time.Duration // of all its threads
	peak      int           // kB of memory; 0 where /proc does not tell
}

// runProcess runs cmd with what feed writes as its standard input, and kills
// it after limit.
func runProcess(t *testing.T, cmd *exec.Cmd, feed func(io.Writer) error, limit time.Duration) ran {
	t.Helper()
	return runStarted(t, cmd, feed, limit, func(*os.Process) {})
}

// runStarted is runProcess, and tells started of the process.
func runStarted(t *testing.T, cmd *exec.Cmd, feed func(io.Writer) error, limit time.Duration, started func(*os.Process)) ran {
	t.Helper()
	var out, errs bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &out
	}
	cmd.Stderr = &errs
	var stdin io.WriteCloser
	if feed != nil {
		var err error
		stdin, err = cmd.StdinPipe()
		require.NoError(t, err)
	}
	began := time.Now()
	require.NoError(t, cmd.Start())
	started(cmd.Process)
	over := make(chan struct{})
	var watch sync.WaitGroup
	peak := 0
	watch.Add(1)
	go func() {
		defer watch.Done()
		for tick := time.NewTicker(10 * time.Millisecond); ; {
			select {
			case <-over:
				tick.Stop()
				return
			case <-tick.C:
				peak = max(peak, peakMemory(cmd.Process.Pid))
			}
			if time.Since(began) > limit {
				cmd.Process.Kill()
			}
		}
	}()
	if feed != nil {
		feed(stdin) // a process that ends early closes the pipe
		stdin.Close()
	}
	cmd.Wait()
	took := time.Since(began)
	close(over)
	watch.Wait()
	return ran{out.String(), errs.String(), cmd.ProcessState.ExitCode(), took, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peak}
}

// peakMemory is the most memory, in kB, that the process held in RAM so far.
func peakMemory(pid int) int {
	b, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(fields[0])
	return n
}
