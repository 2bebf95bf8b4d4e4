package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Ceilings of one mutated capture.
const (
	mutationTime   = 10 * time.Second
	mutationMemory = 256 << 20 // of the heap, over what stood there before
)

// mutate damages a copy of b in one to four places.
func mutate(rng *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	for range 1 + rng.IntN(4) {
		if len(b) < 64 {
			break
		}
		at, n := rng.IntN(len(b)-8), 1+rng.IntN(min(len(b)/2, 1<<rng.IntN(12)))
		n = min(n, len(b)-at)
		switch rng.IntN(9) {
		case 0: // bits
			for range 1 + rng.IntN(16) {
				b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
			}
		case 1: // bytes
			for i := range b[at : at+n] {
				b[at+i] = byte(rng.Uint32())
			}
		case 2: // cut off
			b = b[:max(16, at)]
		case 3: // cut out
			b = append(b[:at], b[at+n:]...)
		case 4: // doubled
			b = append(b[:at+n], append(bytes.Clone(b[at:at+n]), b[at+n:]...)...)
		case 5: // swapped
			to := rng.IntN(len(b) - n + 1)
			held := bytes.Clone(b[at : at+n])
			copy(b[at:], b[to:to+n])
			copy(b[to:], held)
		case 6: // lying lengths
			v := [...]uint32{0, 1, 3, 0x7fffffff, 0x80000000, 0xffffffff, uint32(len(b)), rng.Uint32()}[rng.IntN(8)]
			at &^= 3
			if rng.IntN(2) == 0 {
				binary.LittleEndian.PutUint32(b[at:], v)
			} else {
				binary.BigEndian.PutUint32(b[at:], v)
			}
		case 7: // lengths of DER and of lines
			for range 8 {
				b[rng.IntN(len(b))] = [...]byte{0x80, 0x84, 0xff, 0x30, 0xa0, '\n', 0}[rng.IntN(7)]
			}
		case 8: // nothing but the same
			clear(b[at : at+n])
		}
	}
	return b
}

// damage is how a capture that was read in part is told: file, place, frame.
var damage = regexp.MustCompile(`(?m)^kerbscope: error: .*(m\.cap|-|stdin): .*(byte \d+|not a capture|empty|text|zeros|damaged|compressed|format|header|reads?)`)

// TestMutations: whatever becomes of the captures of the corpus, all commands
// end in time with 0, 2 or 3, and say of a damaged file where it is damaged.
// KERBSCOPE_MUTATIONS is the number of runs, KERBSCOPE_MUTATIONS_FROM the first.
func TestMutations(t *testing.T) {
	runs := 500
	if s := os.Getenv("KERBSCOPE_MUTATIONS"); s != "" {
		var err error
		runs, err = strconv.Atoi(s)
		require.NoError(t, err)
	}
	from, _ := strconv.Atoi(os.Getenv("KERBSCOPE_MUTATIONS_FROM"))
	var files []string
	for _, dir := range corpusCases(t, corpusRoot) {
		files = append(files, capturesIn(t, dir)...)
	}
	require.Greater(t, len(files), 100)
	path := filepath.Join(t.TempDir(), "m.cap")
	commands := [][]string{{"--format", "json", "-"}, {"-"}, {"--format", "html", "-"}, {"decode", "--format", "ndjson", "-"}, {"decode", "-V", "-"}, {"decode", "-"}, {"convert", "-", filepath.Join(filepath.Dir(path), "out.pcapng")}}
	statuses := map[int]int{}
	var slowest time.Duration
	var most uint64
	for i := from; i < from+runs; i++ {
		rng := rand.New(rand.NewPCG(uint64(i), 0x6d757461))
		file := files[rng.IntN(len(files))]
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		if len(b) > 1<<20 {
			continue
		}
		b = mutate(rng, b)
		args := append([]string(nil), commands[i%len(commands)]...)
		stdin := bytes.NewReader(b)
		if rng.IntN(2) == 0 {
			require.NoError(t, os.WriteFile(path, b, 0o644))
			for k := range args {
				if args[k] == "-" {
					args[k] = path
				}
			}
		} else {
			for k := range args {
				if args[k] == "-" {
					args[k] = "m.cap=-"
				}
			}
		}
		if kt := strings.TrimSuffix(file, filepath.Ext(file)) + ".keytab"; args[0] != "convert" && fileExists(kt) {
			args = append(args, "-k", kt)
		}
		where := fmt.Sprintf("run %d: %v of %s", i, args, file)
		var out, errs bytes.Buffer
		status := -1
		done := make(chan any, 1)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		go func() {
			defer func() { done <- recover() }()
			status = run(args, stdin, &out, &errs)
		}()
		select {
		case p := <-done:
			require.Nil(t, p, where)
		case <-time.After(mutationTime):
			require.Fail(t, "no end", where)
		}
		slowest = max(slowest, time.Since(began))
		runtime.ReadMemStats(&after)
		held := after.TotalAlloc - before.TotalAlloc // an upper bound
		most = max(most, held)
		statuses[status]++
		require.Contains(t, []int{exitOK, exitUsage, exitPartial}, status, "%s\n%s", where, errs.String())
		if held > mutationMemory {
			assert.LessOrEqual(t, after.HeapInuse, before.HeapInuse+mutationMemory, where)
		}
		if status == exitPartial {
			assert.Regexp(t, damage, errs.String(), where)
			if strings.Contains(errs.String(), "read only in part") && !strings.Contains(errs.String(), "keytab") {
				assert.Regexp(t, `byte \d+.*\(?frame`, errs.String(), where)
			}
		}
	}
	t.Logf("%d runs, by status %v, slowest %v, most allocated %d MB", runs, statuses, slowest, most>>20)
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
