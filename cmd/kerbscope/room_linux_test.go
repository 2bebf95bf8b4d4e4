package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// What makeRoom asks for is free again, and large pages are asked for.
func TestRoom(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, size int64) capture.Input {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Truncate(path, size))
		return capture.Input{Path: path}
	}
	small, large := file("small", longInput-1), file("large", longInput)
	gone, folder := capture.Input{Path: filepath.Join(dir, "gone")}, capture.Input{Path: dir}
	assert.False(t, long([]capture.Input{small, gone, folder, {Path: capture.StandardInput}}))
	assert.True(t, long([]capture.Input{large}))
	assert.True(t, long([]capture.Input{small, gone, small}))

	before := advised(t)
	memorySize(0).makeRoom([]capture.Input{large})
	assert.Equal(t, before, advised(t), "not in a process of somebody else's")

	ownProcess = true
	defer func() { ownProcess = false }()
	memorySize(0).makeRoom([]capture.Input{small})
	memorySize(100e6).makeRoom([]capture.Input{large})
	assert.Equal(t, before, advised(t))

	memorySize(0).makeRoom([]capture.Input{large})
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err == nil {
		assert.GreaterOrEqual(t, advised(t)-before, heapRoom>>10*9/10)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	assert.Less(t, m.HeapAlloc, uint64(heapRoom))
}

// advised is for how many KiB of this process large pages were asked.
func advised(t *testing.T) (sum int) {
	b, err := os.ReadFile("/proc/self/smaps")
	require.NoError(t, err)
	size := 0
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		switch {
		case f[0] == "Size:":
			size, err = strconv.Atoi(f[1])
			require.NoError(t, err)
		case f[0] == "VmFlags:" && strings.Contains(line, " hg"):
			sum += size
		}
	}
	return sum
}
