package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
	"kerbscope/capture"
)

// What is said of a converted capture is what is said of the capture.
func TestConvertRoundTrip(t *testing.T) {
	for _, dir := range corpusCases(t, corpusRoot) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			tmp := t.TempDir()
			paths := capturesIn(t, dir)
			for _, path := range paths {
				out := filepath.Join(tmp, filepath.Base(path))
				runConvert(t, path, out)
				same := reflect.DeepEqual(load(t, []string{path}), load(t, []string{out}))
				require.True(t, same, "packets of %s", path)
			}
			want, got := reportOf(t, dir), reportOf(t, tmp)
			for i := range want.Captures {
				want.Captures[i].Format = got.Captures[i].Format
			}
			if strings.HasPrefix(filepath.Base(dir), "format-") {
				// Only the format itself tells of its losses and time zone.
				want.Captures, want.BlindSpots, want.Exchanges = got.Captures, got.BlindSpots, got.Exchanges
			}
			require.Equal(t, want, got)
			if raceDetector {
				return
			}

			// All in one file: nothing lost, in time order.
			one := filepath.Join(tmp, "one")
			runConvert(t, dir, one)
			list := load(t, paths)
			wanted, all := merge("one", list)[0].packets, load(t, []string{one})[0].packets
			for _, rec := range list {
				if !slices.IsSortedFunc(rec.packets, byTime) { // each capture's own order stays
					slices.SortFunc(wanted, byTimeAndBytes)
					slices.SortFunc(all, byTimeAndBytes)
				}
			}
			require.True(t, reflect.DeepEqual(wanted, all), "packets of all")
		})
	}
}

// runConvert runs convert, which may say what the output does not hold.
func runConvert(t *testing.T, args ...string) {
	t.Helper()
	var out, errs bytes.Buffer
	require.Equal(t, exitOK, run(append([]string{"convert"}, args...), nil, &out, &errs), errs.String())
	require.Empty(t, out.String())
	for line := range strings.Lines(errs.String()) {
		require.Contains(t, line, "kerbscope: hint: ")
	}
}

func byTime(a, b recorded) int { return compare(a.time, b.time) }

func byTimeAndBytes(a, b recorded) int {
	if c := compare(a.time, b.time); c != 0 {
		return c
	}
	return bytes.Compare(a.data, b.data)
}

func TestConvertInTshark(t *testing.T) {
	needTool(t, "tshark")
	dir := filepath.Join(corpusRoot, "seed-story")
	fields := []string{"-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "frame.cap_len", "-e", "frame.protocols", "-e", "kerberos.msg_type", "-e", "tcp.payload"}
	tshark := func(args ...string) []string {
		var errs bytes.Buffer
		cmd := exec.Command("tshark", args...)
		cmd.Stderr = &errs
		out, err := cmd.Output()
		require.NoError(t, err, errs.String())
		for line := range strings.Lines(errs.String()) {
			require.Contains(t, line, "Running as user", "no complaint")
		}
		return strings.Split(strings.TrimSpace(string(out)), "\n")
	}
	var all []string
	for _, path := range capturesIn(t, dir) {
		out := filepath.Join(t.TempDir(), "out.pcapng")
		runOK(t, "convert", path, out)
		want := tshark(append([]string{"-r", path}, fields...)...)
		require.Equal(t, want, tshark(append([]string{"-r", out}, fields...)...))
		all = append(all, want...)
	}
	out := filepath.Join(t.TempDir(), "out.pcapng")
	runOK(t, "convert", "mbx="+filepath.Join(dir, "mailbox.pcapng"), filepath.Join(dir, "hub.pcap"), filepath.Join(dir, "dc1.pcapng"), out)
	frames := tshark(append([]string{"-r", out}, fields[:8]...)...)
	require.Len(t, frames, len(all))
	require.True(t, slices.IsSorted(frames))
	names := tshark("-r", out, "-T", "fields", "-e", "frame.interface_name")
	slices.Sort(names)
	assert.Equal(t, []string{"dc1.pcapng/eth0", "hub.pcap", "mbx/eth0"}, slices.Compact(names))
}

// ngFile writes a pcapng file.
func ngFile(t *testing.T, path string, write func(*capture.Writer)) string {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	w := capture.NewWriter(f, capture.Section{})
	write(w)
	require.NoError(t, w.Flush())
	require.NoError(t, f.Close())
	return path
}

// A read frame is what can be compared of two captures.
type readFrame struct {
	time  int64
	name  string
	link  capture.LinkType
	wire  uint32
	data  string
	notes capture.PacketOptions
}

func readFrames(t *testing.T, path string) (list []readFrame) {
	t.Helper()
	src, err := capture.Open(path, capture.KeepNotes())
	require.NoError(t, err)
	defer src.Close()
	for {
		var b capture.Batch
		if err := src.Next(&b); err == io.EOF {
			require.Empty(t, src.Info().Faults)
			return list
		}
		require.NoError(t, err)
		from := len(list)
		for i := range b.Records {
			p := b.Packet(i)
			list = append(list, readFrame{p.Time, src.Info().Interfaces[p.Interface].Name, p.Link, p.Wire, string(p.Data), capture.PacketOptions{}})
		}
		for _, n := range b.Notes {
			list[from+n.Record].notes = n.PacketOptions
		}
	}
}

// Comments, directions, records that hold no packet, packets without a time or
// out of order: all are there, in the capture's own order.
func TestConvertKeepsWhatStandsInAFile(t *testing.T) {
	tmp := t.TempDir()
	const at = int64(1.7e18)
	in := ngFile(t, filepath.Join(tmp, "in"), func(w *capture.Writer) {
		for _, i := range []capture.Interface{
			{Name: "a", Link: capture.LinkEthernet, TicksPS: 1e9}, {Name: "NetEvent", Link: capture.LinkUser15, TicksPS: 1e7}, {Name: "a", Link: capture.LinkEthernet, TicksPS: 1e9},
		} {
			_, err := w.AddInterface(i)
			require.NoError(t, err)
		}
		for _, p := range []struct {
			r capture.Record
			o capture.PacketOptions
			n int
		}{
			{capture.Record{Time: at + 5, Wire: 1500}, capture.PacketOptions{Comments: []string{"one", "two"}, Flags: 1}, 100},
			{capture.Record{Time: at + 3}, capture.PacketOptions{Flags: 2}, 61},
			{capture.Record{Time: at + 100, Interface: 1}, capture.PacketOptions{}, 7},
			{capture.Record{Time: capture.NoTime}, capture.PacketOptions{}, 62},
			{capture.Record{Time: at + 9, Interface: 2}, capture.PacketOptions{Comments: []string{"later"}}, 63},
		} {
			require.NoError(t, w.WritePacket(p.r, bytes.Repeat([]byte{byte(p.n)}, p.n), p.o))
		}
	})
	out := filepath.Join(tmp, "out.pcapng")
	runOK(t, "convert", in, out)
	want := readFrames(t, in)
	require.Len(t, want, 5)
	assert.Equal(t, want, readFrames(t, out))
	again := filepath.Join(tmp, "again.pcapng")
	runOK(t, "convert", out, again)
	one, err := os.ReadFile(out)
	require.NoError(t, err)
	two, err := os.ReadFile(again)
	require.NoError(t, err)
	assert.Equal(t, one, two, "nothing is left to convert")

	// Beside another capture: packets go in between, the order stays.
	other := ngFile(t, filepath.Join(tmp, "other"), func(w *capture.Writer) {
		_, err := w.AddInterface(capture.Interface{Link: capture.LinkRaw, TicksPS: 1e9})
		require.NoError(t, err)
		for _, d := range []int64{1, 4, 50} {
			require.NoError(t, w.WritePacket(capture.Record{Time: at + d}, []byte{0x45}, capture.PacketOptions{}))
		}
	})
	runOK(t, "convert", in, other, out)
	var order []string
	for _, f := range readFrames(t, out) {
		order = append(order, fmt.Sprintf("%s %d %d%v", f.name, len(f.data), f.time-at, f.notes.Comments))
	}
	assert.Equal(t, []string{"other 1 1[]", "in/a 100 5[one two]", "in/a 61 3[]", "other 1 4[]",
		"in/NetEvent 7 100[]", "in/a 62 100[no time recorded: that of the frame next to it]", "in/a 63 9[later]", "other 1 50[]"}, order[:8])
}

// What a recorder lost stays known, when it was included.
func TestConvertKeepsLosses(t *testing.T) {
	at := int64(1767225600e9)
	in := filepath.Join(t.TempDir(), "in.pcapng")
	f, err := os.Create(in)
	require.NoError(t, err)
	w := capture.NewWriter(f, capture.Section{})
	for _, name := range []string{"eth0", "eth1"} {
		_, err = w.AddInterface(capture.Interface{Name: name, Link: capture.LinkEthernet, TicksPS: 1e9})
		require.NoError(t, err)
	}
	packet := func(i uint32, t0 int64) {
		require.NoError(t, w.WritePacket(capture.Record{Time: t0, Wire: 60, Interface: i}, make([]byte, 60), capture.PacketOptions{}))
	}
	packet(0, at)
	for _, s := range []struct {
		iface uint32
		at    int64
		capture.Statistics
	}{
		{0, at + 1e9, capture.Statistics{}},
		{0, at + 2e9, capture.Statistics{Dropped: 7}},
		{1, at + 3e9, capture.Statistics{}},
		{1, at + 9e9, capture.Statistics{Dropped: 2, DroppedByCards: 5}},
	} {
		require.NoError(t, w.WriteStatistics(s.iface, s.at, s.Statistics))
	}
	packet(1, at+10e9)
	require.NoError(t, w.Flush())
	require.NoError(t, f.Close())
	info := func(path string) capture.Info {
		src, err := capture.Open(path)
		require.NoError(t, err)
		defer src.Close()
		for b := new(capture.Batch); err == nil; {
			err = src.Next(b)
		}
		require.ErrorIs(t, err, io.EOF)
		return src.Info()
	}
	out := filepath.Join(t.TempDir(), "out.pcapng")
	runConvert(t, in, out)
	want, got := info(in), info(out)
	require.Equal(t, []capture.Count{{Name: capture.DroppedByKernel, N: 9}, {Name: capture.DroppedByInterface, N: 5}}, want.Lost)
	require.ElementsMatch(t, want.Lost, got.Lost)
	require.ElementsMatch(t, want.Losses, got.Losses)
	again := filepath.Join(t.TempDir(), "again.pcapng")
	runConvert(t, out, again)
	require.ElementsMatch(t, want.Losses, info(again).Losses)
}

func TestConvertStatuses(t *testing.T) {
	tmp := t.TempDir()
	whole, err := os.ReadFile(filepath.Join(corpusRoot, "seed-story", "hub.pcap"))
	require.NoError(t, err)
	good, cut, none := filepath.Join(tmp, "good.pcap"), filepath.Join(tmp, "cut.pcap"), filepath.Join(tmp, "none")
	for path, b := range map[string][]byte{good: whole, cut: whole[:len(whole)-10], none: []byte("text")} {
		require.NoError(t, os.WriteFile(path, b, 0o600))
	}
	link, hard, folder := filepath.Join(tmp, "link"), filepath.Join(tmp, "hard"), filepath.Join(tmp, "folder")
	require.NoError(t, os.Mkdir(folder, 0o700))
	linked := os.Symlink(good, link) == nil && os.Link(good, hard) == nil
	out := filepath.Join(tmp, "out")
	for _, tt := range []struct {
		args   []string
		status int
		says   string
		writes bool
	}{
		{[]string{good, out}, exitOK, "", true},
		{[]string{"-r", good, out}, exitOK, "", true},
		{[]string{good, "-o", out}, exitOK, "", true},
		{[]string{good, cut, none, "-o", out}, exitPartial, "cut.pcap: byte", true},
		{[]string{none, out}, exitPartial, "not a capture", false},
		{[]string{good, good}, exitUsage, "also an input", false},
		{[]string{good, link}, exitUsage, "also an input", false},
		{[]string{good, hard}, exitUsage, "also an input", false},
		{[]string{good, tmp, good}, exitUsage, "also an input", false},
		{[]string{good, folder}, exitWrite, "it is a folder", false},
		{[]string{good, filepath.Join(tmp, "no", "out")}, exitWrite, "cannot write", false},
		{[]string{good}, exitUsage, "the last name is the file to write", false},
		{[]string{"--kerberos", "-", out}, exitUsage, "--kerberos reads its inputs twice", false},
		{[]string{"--align", good, "-", out}, exitUsage, "--align reads its inputs twice", false},
		{[]string{"--keytab", "k", good, out}, exitUsage, "is for --annotate and --evidence", false},
		{[]string{"--all", good, out}, exitUsage, "did you mean --all-copies?", false},
	} {
		if !linked && slices.ContainsFunc(tt.args, func(a string) bool { return a == link || a == hard }) {
			continue
		}
		os.Remove(out)
		var stdout, errs bytes.Buffer
		assert.Equal(t, tt.status, run(append([]string{"convert"}, tt.args...), bytes.NewReader(whole), &stdout, &errs), "%v: %s", tt.args, errs.String())
		assert.Empty(t, stdout.String())
		assert.Contains(t, errs.String(), tt.says, tt.args)
		_, err := os.Stat(out)
		assert.Equal(t, tt.writes, err == nil, tt.args)
		left, err := filepath.Glob(filepath.Join(tmp, "*.tmp"))
		require.NoError(t, err)
		assert.Empty(t, left, tt.args)
	}
	now, err := os.ReadFile(good)
	require.NoError(t, err)
	assert.Equal(t, whole, now)

	// Standard input to standard output, packed.
	var packed, stdout, errs bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(whole)
	z.Close()
	require.Equal(t, exitOK, run([]string{"convert", "-", "-"}, &packed, &stdout, &errs), errs.String())
	require.NoError(t, os.WriteFile(out, stdout.Bytes(), 0o600))
	assert.Equal(t, load(t, []string{good})[0].packets, load(t, []string{out})[0].packets)
}

// Many captures, which follow each other or all run at the same time, are
// merged with the memory of a few.
func TestConvertManyFiles(t *testing.T) {
	const files, packets = 200, 300
	dir := t.TempDir()
	var list []string
	for f := range files {
		for kind, span := range map[string]int64{"ring_%05d_2026112219%02d%02d": 1e9, "%c%c": 0} {
			name := fmt.Sprintf(kind, f, f/60, f%60)
			if span == 0 {
				name = fmt.Sprintf(kind, 'a'+f/26, 'a'+f%26)
			}
			path := ngFile(t, filepath.Join(dir, name), func(w *capture.Writer) {
				_, err := w.AddInterface(capture.Interface{Name: "eth0", Link: capture.LinkEthernet, TicksPS: 1e9})
				require.NoError(t, err)
				for p := range int64(packets) {
					var data [400]byte
					binary.BigEndian.PutUint32(data[:], uint32(f))
					require.NoError(t, w.WritePacket(capture.Record{Time: 1.7e18 + int64(f)*span + p*1e6 + int64(f)}, data[:], capture.PacketOptions{}))
				}
			})
			list = append(list, path)
		}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	peak := before.HeapAlloc
	watch := make(chan struct{})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case <-watch:
				return
			case <-time.After(2 * time.Millisecond):
				runtime.ReadMemStats(&after)
				peak = max(peak, after.HeapAlloc)
			}
		}
	}()
	out := filepath.Join(dir, "out.pcapng")
	runOK(t, append(append([]string{"convert"}, list...), out)...)
	close(watch)
	<-gone
	frames := readFrames(t, out)
	require.Len(t, frames, 2*files*packets)
	require.True(t, slices.IsSortedFunc(frames, func(a, b readFrame) int { return compare(a.time, b.time) }))
	names := map[string]int{}
	for _, f := range frames {
		names[f.name]++
	}
	assert.Len(t, names, files+1, "a ring set is one capture")
	assert.Less(t, peak-before.HeapAlloc, uint64(64<<20))
}

// --kerberos keeps what a diagnosis needs, whole, and nothing else.
func TestConvertKerberosOnly(t *testing.T) {
	noise := func(list []recording) []recording {
		for i := range list {
			with := list[i].packets[:0:0]
			for n, p := range list[i].packets {
				with = append(with, p)
				// A web server's traffic, and a datagram in pieces, between the same hosts.
				for _, f := range []struct {
					proto, frag byte
					id          uint16
				}{{6, 0, 1}, {17, 0x20, uint16(n)}, {17, 1, uint16(n)}} {
					b := make([]byte, 100)
					copy(b[12:], []byte{8, 0, 0x45, 0, 0, 86, byte(f.id >> 8), byte(f.id), f.frag &^ 1, f.frag & 1, 64, f.proto, 0, 0, 10, 77, 0, 30, 10, 77, 0, 10})
					copy(b[34:], []byte{0x1f, 0x90, 0x1f, 0x91, 0, 66, 0, 0, 0, 0, 0, 0, 0x50, 0x18})
					with = append(with, recorded{p.time, 100, p.link, p.ticks, b})
				}
			}
			list[i].packets = with
		}
		return list
	}
	for _, name := range []string{"seed-story", "fragments-healthy", "udp-fragments-lost", "kdc-unreachable-refused", "ipv6-healthy", "odd-ports-healthy"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(corpusRoot, name)
			pure := load(t, capturesIn(t, dir))
			paths := store(t, filepath.Join(t.TempDir(), "noisy"), noise(load(t, capturesIn(t, dir))))
			tmp := t.TempDir()
			for i, path := range paths {
				out := filepath.Join(tmp, filepath.Base(path))
				runOK(t, "convert", "--kerberos", path, out)
				kept := load(t, []string{out})[0].packets
				// What is left stands in the case, in its order: none of the noise.
				rest := pure[i].packets
				for _, p := range kept {
					at := slices.IndexFunc(rest, func(q recorded) bool { return p.time == q.time && bytes.Equal(p.data, q.data) })
					require.GreaterOrEqual(t, at, 0, "a frame that does not belong there")
					rest = rest[at+1:]
				}
			}
			want, got := reportOf(t, dir), reportOf(t, tmp)
			assert.Equal(t, want.Verdict.Rule, got.Verdict.Rule)
			assert.Equal(t, want.Totals, got.Totals)
			// Without DNS some names are gone: an address is a host then.
			assert.Equal(t, rulesIn(want), rulesIn(got))
		})
	}
}

func rulesIn(r *analyze.Report) (list []string) {
	for _, f := range r.Findings {
		list = append(list, f.Rule)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// --align puts all captures on the clock of the first.
func TestConvertAlign(t *testing.T) {
	list := load(t, capturesIn(t, filepath.Join(corpusRoot, "seed-story")))
	paths := store(t, filepath.Join(t.TempDir(), "shifted"), shift(list, 90*time.Second))
	out := filepath.Join(t.TempDir(), "out")
	runOK(t, append(append([]string{"convert", "--align"}, paths...), out)...)
	got := load(t, []string{out})[0].packets
	want := merge("one", list)[0].packets
	require.Len(t, got, len(want))
	assert.Less(t, got[len(got)-1].time-got[0].time, want[len(want)-1].time-want[0].time+1e6)
	assert.True(t, slices.IsSortedFunc(got, func(a, b recorded) int { return compare(a.time/1000, b.time/1000) }))
	times := map[string][]int64{}
	for _, p := range got {
		times[string(p.data)] = append(times[string(p.data)], p.time)
	}
	shared := 0
	for _, at := range times {
		if len(at) == 2 {
			shared++
			assert.Less(t, at[1]-at[0], int64(1e6), "one packet at two places")
		}
	}
	assert.Greater(t, shared, 100)

	// What nothing ties to the others keeps its times, and that is said.
	alone := ngFile(t, filepath.Join(t.TempDir(), "alone"), func(w *capture.Writer) {
		_, err := w.AddInterface(capture.Interface{Link: capture.LinkRaw, TicksPS: 1e9})
		require.NoError(t, err)
		require.NoError(t, w.WritePacket(capture.Record{Time: 5e9}, []byte{0x45}, capture.PacketOptions{}))
	})
	var errs bytes.Buffer
	require.Equal(t, exitOK, run([]string{"convert", "--align", paths[0], alone, out}, nil, io.Discard, &errs))
	assert.Contains(t, errs.String(), "hint: alone: nothing ties the clock")
	assert.EqualValues(t, 5e9, load(t, []string{out})[0].packets[0].time)
}

// What is written does not depend on how the input comes in: an interface is
// described when its first packet comes.
func TestConvertSameBytesFromAPipe(t *testing.T) {
	late := ngFile(t, filepath.Join(t.TempDir(), "late"), func(w *capture.Writer) {
		for i := range 3 {
			n, err := w.AddInterface(capture.Interface{Name: fmt.Sprint(i), Link: capture.LinkEthernet, TicksPS: 1e9})
			require.NoError(t, err)
			for p := range int64(50) {
				require.NoError(t, w.WritePacket(capture.Record{Time: 1.7e18 + p, Interface: n / 2 * 2}, make([]byte, 60), capture.PacketOptions{}))
			}
		}
	})
	for _, path := range []string{late, filepath.Join(corpusRoot, "seed-story", "hub.pcap")} {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		var out, errs bytes.Buffer
		require.Equal(t, exitOK, run([]string{"convert", "-", "-"}, iotest.OneByteReader(bytes.NewReader(b)), &out, &errs), errs.String())
		assert.Equal(t, runOK(t, "convert", path, "-"), out.String())
	}
}
