package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

func TestProgressLine(t *testing.T) {
	for _, c := range []struct {
		frames, sum, total uint64
		rate               float64
		want               string
	}{
		{1, 0, 0, 0, "reading hub: 1 frame"},
		{1200, 5e6, 0, 5e6, "reading hub: 1200 frames, 5 MB/s"},
		{1200, 1e9, 4e9, 1.5e9, "reading hub: 1200 frames, 1.5 GB/s, 25 % of 4 GB, 3 s left"},
		{1200, 1e9, 400e9, 1e9, "reading hub: 1200 frames, 1 GB/s, 0 % of 400 GB, 6 min left"},
		{1200, 5e9, 4e9, 1e9, "reading hub: 1200 frames, 1 GB/s"}, // more than the file seemed to hold
	} {
		assert.Equal(t, c.want, progressLine("hub", c.frames, c.sum, c.total, c.rate))
	}
	assert.Contains(t, progressLine("a\x1b[31m", 1, 0, 0, 0), `a\x1b[31m`)
	assert.Equal(t, "999 B", bytesText(999))
	assert.Equal(t, "1 kB", bytesText(999.6))
}

func TestSizeOf(t *testing.T) {
	dir := t.TempDir()
	in := func(name string, size int) capture.Input {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, make([]byte, size), 0o600))
		return capture.Input{Path: path}
	}
	a, b := in("a.pcap", 100), in("b.pcapng", 50)
	assert.Equal(t, uint64(150), sizeOf([]capture.Input{a, b}))
	assert.Zero(t, sizeOf([]capture.Input{a, in("c.pcap.GZ", 10)}), "compressed: how much it is does not show")
	assert.Zero(t, sizeOf([]capture.Input{a, {Path: capture.StandardInput}}))
	assert.Zero(t, sizeOf([]capture.Input{{Path: filepath.Join(dir, "none")}}))
}
