package main

import (
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/pcaps/big/hostile"
)

// Ceilings of every hostile capture, whatever its size, that has no other.
const (
	hostilePeak = 200_000 // kB
	hostileTime = 30 * time.Second
)

// TestHostile: captures made to cost are read in bounded time and memory, and
// the report names the limit that bit. KERBSCOPE_HOSTILE is the part of the
// full size that is read, 1 for all of it; 50 without it.
func TestHostile(t *testing.T) {
	if raceDetector {
		t.Skip("times and memory are those of the run without the race detector")
	}
	part := 50
	if s := os.Getenv("KERBSCOPE_HOSTILE"); s != "" {
		var err error
		part, err = strconv.Atoi(s)
		require.NoError(t, err)
	}
	for _, in := range hostile.Inputs {
		t.Run(in.Name, func(t *testing.T) {
			n := in.Full / part
			limit := hostileTime * time.Duration(max(1, 50/part))
			got := runProcess(t, program(t, "--format", "json", "-"), func(w io.Writer) error { return in.Write(w, n) }, limit)
			t.Logf("%d %s: %.1f s, %.1f s of CPU, %d MB, status %d %s", n, in.What, got.took.Seconds(), got.cpu.Seconds(), got.peak/1000, got.status, got.errs)
			require.Contains(t, []int{exitOK, exitPartial}, got.status, got.errs)
			assert.Less(t, got.took, limit)
			if !raceDetector {
				assert.LessOrEqual(t, got.peak, max(hostilePeak, in.Peak))
			}
			r := decodeReport(t, []byte(got.out))
			if len(in.Limits) == 0 || n < in.Bites {
				return
			}
			var told []string
			for _, b := range r.BlindSpots {
				told = append(told, b.Kind+": "+b.Summary)
			}
			for _, c := range r.Captures {
				told = append(told, countList(c.Lost)...)
			}
			said := strings.Join(told, "\n") + got.errs
			found := false
			for _, word := range in.Limits {
				found = found || strings.Contains(said, word)
			}
			assert.True(t, found, "one of %q in:\n%s", in.Limits, said)
		})
	}
}
