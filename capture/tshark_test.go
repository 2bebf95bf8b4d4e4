package capture

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A sharkFrame is what tshark says of a frame.
type sharkFrame struct {
	number, time, caplen, wire, hash string
}

// tshark returns the frames that tshark reads in a file, and whether it read
// the whole of it.
func tshark(t testing.TB, path string) (frames []sharkFrame, whole bool) {
	cmd := exec.Command(needTool(t, "tshark"), "-n", "-r", path, "-o", "frame.generate_md5_hash:TRUE",
		"-T", "fields", "-e", "frame.number", "-e", "frame.time_epoch", "-e", "frame.cap_len", "-e", "frame.len", "-e", "frame.md5_hash")
	var out, msg bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &msg
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("tshark: %v", err)
	}
	for line := range strings.Lines(out.String()) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) == 5 {
			frames = append(frames, sharkFrame{f[0], f[1], f[2], f[3], f[4]})
		}
	}
	return frames, err == nil
}

// sameAsShark compares what we read with what tshark reads, frame by frame as
// far as tshark comes. times tells whether it can be believed about them.
func sameAsShark(t *testing.T, ps []readPacket, frames []sharkFrame, times bool) {
	t.Helper()
	require.GreaterOrEqual(t, len(ps), len(frames))
	for i, f := range frames {
		p := ps[i]
		require.Equal(t, f.number, strconv.FormatUint(p.Frame, 10))
		if p.Link == LinkUser15 {
			continue // no packet: tshark shows its contents its own way
		}
		require.Equal(t, f.caplen, strconv.Itoa(int(p.Len)), "frame %d", p.Frame)
		// A wire length below the captured length makes no sense; ours is never less.
		if wire, _ := strconv.Atoi(f.wire); uint32(wire) >= p.Len {
			require.EqualValues(t, wire, p.Wire, "frame %d", p.Frame)
		}
		sum := md5.Sum([]byte(p.data))
		require.Equal(t, f.hash, hex.EncodeToString(sum[:]), "frame %d", p.Frame)
		if times && p.Time != NoTime {
			sec, frac, _ := strings.Cut(f.time, ".")
			s, err := strconv.ParseInt(sec, 10, 64)
			require.NoError(t, err)
			n, err := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
			require.NoError(t, err)
			require.Equal(t, s*1e9+n, p.Time, "frame %d", p.Frame)
		}
	}
}

// sharkTimesWrong are samples whose times tshark gets wrong: with more than
// 2^64/10^9 ticks a second its arithmetic overflows below the second (later
// versions refuse what is finer than 10^-19 or 2^-63), and it takes Ixia's
// fractions for signed. In NetMon files it takes the frame's UTC for set always.
var sharkTimesWrong = map[string]bool{
	"pcapng, picoseconds": true, "pcapng, 10^-19 s": true, "pcapng, 2^-63 s": true,
	"pcapng, 2^-64 s": true, "pcapng, 2^-127 s": true, "pcapng, 10^-20 s": true, "pcapng, 10^-127 s": true,
	"pcap, Ixia nanoseconds": true, "netmon, no UTC": true,
}

func TestSamplesInTshark(t *testing.T) {
	if testing.Short() {
		t.Skip("runs tshark once for each sample")
	}
	needTool(t, "tshark")
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "capture")
			require.NoError(t, os.WriteFile(path, s.file, 0o644))
			frames, whole := tshark(t, path)
			ps, _ := readAll(t, s.file)
			sameAsShark(t, ps, frames, !sharkTimesWrong[s.name])
			switch s.shark {
			case same:
				require.True(t, whole, "tshark stops after %d frames", len(frames))
				require.Len(t, frames, len(ps))
			case stops:
				require.False(t, whole, "tshark finds no fault")
			case refuses:
				require.Empty(t, frames)
			}
		})
	}
}

// comparedCaptures is how many captures of the corpus are compared frame by
// frame; in all of them the number of frames is.
const comparedCaptures = 12

func TestCorpusInTshark(t *testing.T) {
	needTool(t, "tshark")
	capinfos := needTool(t, "capinfos")
	files := corpus(t)
	require.NotEmpty(t, files, "no corpus")
	out, err := exec.Command(capinfos, append([]string{"-c", "-M", "-T", "-r"}, files...)...).Output()
	require.NoError(t, err)
	counts := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Len(t, counts, len(files))
	for i, path := range files {
		t.Run(path, func(t *testing.T) {
			src, err := Open(path)
			require.NoError(t, err)
			defer src.Close()
			ps, info := drain(t, src)
			require.Empty(t, info.Faults)
			require.Equal(t, path+"\t"+strconv.Itoa(len(ps)), counts[i])
			if i%(1+len(files)/comparedCaptures) != 0 {
				return
			}
			t.Parallel()
			frames, whole := tshark(t, path)
			require.True(t, whole)
			require.Len(t, ps, len(frames))
			sameAsShark(t, ps, frames, true)
		})
	}
}
