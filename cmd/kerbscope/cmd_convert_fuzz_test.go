package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// FuzzConvert: whatever the bytes, convert ends, and every frame that is read
// from them is read from what it writes, in the same order, with the same
// bytes; converting once more changes nothing.
func FuzzConvert(f *testing.F) {
	for _, name := range []string{"clock-skew-client/dc1.pcap", "clock-skew/mailbox.pcapng", "format-netmon/hub.cap", "format-etl-pktmon/hub.etl"} {
		if b, err := os.ReadFile(filepath.Join(corpusRoot, filepath.FromSlash(name))); err == nil {
			f.Add(b[:min(len(b), 64<<10)])
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		want, ok := everyFrame(b)
		var out, again bytes.Buffer
		status := run([]string{"convert", "-", "-"}, bytes.NewReader(b), &out, io.Discard)
		if !ok {
			require.Equal(t, exitPartial, status)
			require.Zero(t, out.Len())
			return
		}
		require.Contains(t, []int{exitOK, exitPartial}, status)
		got, ok := everyFrame(out.Bytes())
		require.True(t, ok)
		require.Equal(t, want, got)
		require.Equal(t, exitOK, run([]string{"convert", "-", "-"}, bytes.NewReader(out.Bytes()), &again, io.Discard))
		require.True(t, bytes.Equal(out.Bytes(), again.Bytes()))
	})
}

// everyFrame reads the lengths and bytes of all frames.
func everyFrame(b []byte) (frames []string, ok bool) {
	src, err := capture.OpenReader("x", bytes.NewReader(b))
	if err != nil {
		return nil, false
	}
	defer src.Close()
	for {
		var batch capture.Batch
		if src.Next(&batch) != nil {
			return frames, true
		}
		for i := range batch.Records {
			p := batch.Packet(i)
			frames = append(frames, string(append([]byte{byte(p.Wire >> 24), byte(p.Wire >> 16), byte(p.Wire >> 8), byte(p.Wire)}, p.Data...)))
		}
	}
}
