//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nobody is a user who owns nothing: root would read every file.
const nobody = 65534

// TestUnreadable: a file that may not be opened is an error of its own, and
// what stands beside it is read all the same.
func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} {
		require.NoError(t, os.Chmod(d, 0o755))
	}
	program := filepath.Join(dir, "kerbscope")
	built, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", built)
	require.NoError(t, os.Chmod(program, 0o755))
	good, err := os.ReadFile(goodCapture)
	require.NoError(t, err)
	readable, closed := filepath.Join(dir, "good.pcapng"), filepath.Join(dir, "unreadable.pcapng")
	require.NoError(t, os.WriteFile(readable, good, 0o644))
	require.NoError(t, os.Chmod(readable, 0o644)) // whatever the umask
	require.NoError(t, os.WriteFile(closed, good, 0o600))
	require.NoError(t, os.Chmod(closed, 0))

	as := func(args ...string) (out, errs string, status int) {
		cmd := exec.Command(program, args...)
		var stdout, stderr bytes.Buffer
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
		if os.Getuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		}
		if err := cmd.Run(); err != nil {
			require.IsType(t, &exec.ExitError{}, err)
		}
		return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
	}
	alone, _, status := as("decode", "--format", "ndjson", readable)
	require.Equal(t, 0, status)
	require.NotEmpty(t, alone)
	for _, command := range []string{"decode", "analyze"} {
		_, errs, status := as(command, "--format", "ndjson", closed)
		assert.Equal(t, exitPartial, status, command)
		assert.Contains(t, errs, "kerbscope: error: ", command)
		assert.Contains(t, errs, "permission denied", command)
	}
	out, errs, status := as("decode", "--format", "ndjson", readable, closed)
	assert.Equal(t, exitPartial, status)
	assert.Contains(t, errs, "permission denied")
	assert.Equal(t, alone, out)

	// In a folder it is no capture that may be passed over in silence.
	out, errs, status = as("analyze", "--format", "json", dir)
	assert.Equal(t, exitPartial, status)
	assert.Contains(t, errs, "permission denied")
	assert.Contains(t, out, `"rule": "key-fault-one-identity"`)
}
