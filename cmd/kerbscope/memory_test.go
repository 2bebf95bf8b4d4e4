package main

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/pcaps/big/hostile"
)

func TestMemorySize(t *testing.T) {
	for text, want := range map[string]int64{"100MB": 100e6, "100mb": 100e6, "1.5G": 1.5e9, "2 GiB": 2 << 30, "512MiB": 512 << 20, "0.1GB": 100e6} {
		var m memorySize
		require.NoError(t, m.Set(text), text)
		assert.EqualValues(t, want, m, text)
	}
	for _, text := range []string{"", "100", "MB", "-100MB", "79MB", "65GB", "1e3MB", "100 M B", "NaNMB", "9999999999999999999999GB"} {
		_, errs, status := execute(t, "analyze", "--max-memory", text, goodCapture)
		assert.Equal(t, exitUsage, status, text)
		assert.Contains(t, errs, "kerbscope: hint: SIZE is ", text)
	}
	assert.Zero(t, memorySize(0).share(usualMemory, 0), "the limits as they are")
	assert.Equal(t, 1.0, memorySize(usualMemory).share(usualMemory, 0))
	assert.Less(t, memorySize(100e6).share(usualMemory, 0), 0.3)
}

// TestMaxMemory: all limits together obey the flag, what they cost is told, and
// where there is enough nothing differs.
func TestMaxMemory(t *testing.T) {
	if raceDetector {
		t.Skip("memory is that of the run without the race detector")
	}
	for _, command := range []string{"analyze", "decode"} {
		assert.Equal(t, runOK(t, command, "--format", "json", goodFolder), runOK(t, command, "--format", "json", "--max-memory", "1GB", goodFolder), command)
	}
	in := hostile.Find("mixed")
	for size, most := range map[string]int64{"100MB": 104_000, "150MB": 155_000} {
		got := runProcess(t, program(t, "--format", "json", "--max-memory", size, "-"), func(w io.Writer) error { return in.Write(w, 1500) }, hostileTime)
		t.Logf("%s: %d kB", size, got.peak)
		require.Equal(t, exitOK, got.status, got.errs)
		assert.LessOrEqual(t, int64(got.peak), most, size)
		lost := decodeReport(t, []byte(got.out)).Captures[0].Lost
		assert.NotZero(t, lost["limit: exchanges under way"], "%v", lost)
	}
}
