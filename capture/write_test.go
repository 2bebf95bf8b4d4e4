package capture

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func written(t testing.TB) []byte {
	var out bytes.Buffer
	w := NewWriter(&out, Section{Hardware: "none", OS: "test", Application: "kerbscope", Comment: "made in a test"})
	eth, err := w.AddInterface(Interface{Name: "eth0", Link: LinkEthernet, SnapLen: 200, TicksPS: 1e9})
	require.NoError(t, err)
	raw, err := w.AddInterface(Interface{Link: LinkRaw})
	require.NoError(t, err)
	bin, err := w.AddInterface(Interface{Name: "näme", Link: LinkSLL2, TicksPS: 1 << 33})
	require.NoError(t, err)
	require.NoError(t, w.WritePacket(Record{Time: t0*1e9 + 123456789, Interface: eth, Wire: 1500}, frame(200, 1), PacketOptions{Flags: 2, Comments: []string{"one", "two"}}))
	require.NoError(t, w.WritePacket(Record{Time: t0*1e9 + 123456000, Interface: raw}, frame(61, 1), PacketOptions{}))
	require.NoError(t, w.WritePacket(Record{Time: t0*1e9 + 999999999, Interface: bin, Wire: 62}, frame(62, 1), PacketOptions{Flags: 1}))
	require.NoError(t, w.WritePacket(Record{Time: NoTime, Interface: eth}, nil, PacketOptions{}))
	require.NoError(t, w.WritePacket(Record{Time: NoTime, Interface: raw}, frame(60, 1), PacketOptions{}))
	require.NoError(t, w.WritePacket(Record{Time: NoTime, Interface: eth, Wire: 201}, frame(200, 1), PacketOptions{}))
	require.Error(t, w.WritePacket(Record{Interface: 3}, nil, PacketOptions{}))
	_, err = w.AddInterface(Interface{Link: 1 << 16})
	require.Error(t, err)
	require.NoError(t, w.Flush())
	return out.Bytes()
}

func TestWriter(t *testing.T) {
	file := written(t)
	ps, info := readAll(t, file)
	require.Empty(t, info.Faults)
	require.Equal(t, []Interface{
		{Name: "eth0", Link: LinkEthernet, SnapLen: 200, TicksPS: 1e9},
		{Link: LinkRaw, TicksPS: 1e6},
		{Name: "näme", Link: LinkSLL2, TicksPS: 1 << 33},
	}, info.Interfaces)
	require.Len(t, ps, 6)
	require.Equal(t, Record{Time: t0*1e9 + 123456789, Frame: 1, Len: 200, Wire: 1500, Link: LinkEthernet}, ps[0].Record)
	require.Equal(t, string(frame(200, 1)), ps[0].data)
	require.Equal(t, Record{Time: t0*1e9 + 123456000, Frame: 2, Len: 61, Wire: 61, Interface: 1, Link: LinkRaw}, ps[1].Record)
	require.Equal(t, Record{Time: t0*1e9 + 999999999, Frame: 3, Len: 62, Wire: 62, Interface: 2, Link: LinkSLL2}, ps[2].Record)
	require.Equal(t, Record{Time: NoTime, Frame: 4, Link: LinkEthernet}, ps[3].Record)
	require.Zero(t, ps[4].Time, "only the first interface has packets without a time")
	require.Equal(t, Record{Time: NoTime, Frame: 6, Len: 200, Wire: 201, Link: LinkEthernet}, ps[5].Record)

	w := NewWriter(failing{}, Section{})
	require.ErrorIs(t, w.Flush(), errFull)
	require.ErrorIs(t, w.WritePacket(Record{}, nil, PacketOptions{}), errFull)
}

var errFull = errors.New("disk full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestWriterInTshark(t *testing.T) {
	needTool(t, "tshark")
	path := filepath.Join(t.TempDir(), "x.pcapng")
	require.NoError(t, os.WriteFile(path, written(t), 0o644))
	frames, whole := tshark(t, path)
	require.True(t, whole)
	ps, _ := readAll(t, written(t))
	require.Len(t, frames, len(ps))
	sameAsShark(t, ps, frames, true)
	out, err := exec.Command(needTool(t, "tshark"), "-r", path, "-c", "1", "-T", "fields", "-e", "frame.comment", "-e", "frame.interface_name", "-e", "frame.packet_flags_direction").Output()
	require.NoError(t, err)
	require.Equal(t, "one,two\teth0\t0x00000002", strings.TrimSpace(string(out)))
}

// Times survive writing and reading at every resolution that holds them, and
// no resolution or offset overflows.
func TestClock(t *testing.T) {
	for _, ticks := range []uint64{1e9, 1e10, 1e12, 1 << 30, 1 << 33} {
		resol, per := tsresol(ticks)
		require.Equal(t, ticks, per)
		c := newNgClock(resol, 0)
		require.Equal(t, ticks, c.perSecond)
		for _, ns := range []int64{0, 1, 999_999_999, 1e9, 1_000_000_007, 1_234_567} {
			require.Equal(t, ns, c.time(ticksOf(ns, per)), "%d ticks a second", ticks)
		}
	}
	for resol := range 256 {
		for _, offset := range []int64{0, 1, -1, t0, math.MaxInt64, math.MinInt64} {
			c := newNgClock(uint8(resol), offset)
			last := NoTime
			for _, ticks := range []uint64{0, 1, 1e9, 1e18, math.MaxInt64, math.MaxUint64} {
				ns := c.time(ticks)
				require.Greater(t, ns, NoTime)
				require.GreaterOrEqual(t, ns, last, "resolution %#x, offset %d", resol, offset)
				last = ns
			}
		}
	}
	for _, c := range []struct {
		resol  uint8
		offset int64
		ticks  uint64
		ns     int64
	}{
		{6, 0, 1, 1000},
		{0, 0, 5, 5e9},
		{3, 7, 5, 7_005_000_000},
		{9, -1, 5, -999_999_995},
		{12, 0, 1_000_999, 1000},
		{19, 0, 12_345_678_901_234_567_890, 1_234_567_890},
		{20, 0, 12_345_678_901_234_567_890, 123_456_789},
		{28, 0, 12_345_678_901_234_567_890, 1},
		{29, 0, math.MaxUint64, 0},
		{0x80, 0, 3, 3e9},
		{0x80 | 1, 0, 3, 15e8},
		{0x80 | 63, 0, 3 << 62, 15e8},
		{0x80 | 64, 0, 1 << 63, 5e8},
		{0x80 | 66, 0, 1 << 63, 125e6},
		{0xff, 0, math.MaxUint64, 0},
		{0, 0, math.MaxUint64, math.MaxInt64},
		{6, math.MinInt64, 0, NoTime + 1},
	} {
		k := newNgClock(c.resol, c.offset)
		require.Equal(t, c.ns, k.time(c.ticks), "%+v", c)
	}
}

func TestDigits(t *testing.T) {
	for ticks, digits := range map[uint64]int{0: 0, 1: 0, 1000: 3, 1e6: 6, 1e7: 7, 1e9: 9, 1e12: 9, 1 << 10: 3, 1 << 30: 9, math.MaxUint64: 9} {
		require.Equal(t, digits, Interface{TicksPS: ticks}.Digits(), ticks)
	}
}

func TestReadAhead(t *testing.T) {
	for _, s := range samples(t) {
		ps, info := readAll(t, s.file, BlockSize(200))
		src, err := OpenReader("test", bytes.NewReader(s.file), BlockSize(200))
		require.NoError(t, err)
		src = ReadAhead(src, 2, nil)
		again, same := drain(t, src)
		require.Equal(t, ps, again)
		require.Equal(t, info, same)
		require.NoError(t, src.Close())
	}
	// Closed before its end.
	src, err := OpenReader("test", bytes.NewReader(pcapOf(le, 0xa1b2c3d4, 60, 60, 60, 60, 60)), BlockSize(minBlock))
	require.NoError(t, err)
	src = ReadAhead(src, 1, nil)
	var b Batch
	require.NoError(t, src.Next(&b))
	require.NoError(t, src.Close())
	require.NoError(t, src.Close())
}

func TestPool(t *testing.T) {
	file, packets := mixed(true)
	src, err := OpenReader("test", bytes.NewReader(file))
	require.NoError(t, err)
	pool, full := NewPool(3), make(chan *Batch)
	n := 0
	var decoder sync.WaitGroup
	decoder.Go(func() {
		for b := range full {
			n += len(b.Records)
			b.Release()
		}
	})
	for {
		b := pool.Get()
		err := src.Next(b)
		if err == io.EOF {
			b.Release()
			break
		}
		require.NoError(t, err)
		full <- b
	}
	close(full)
	decoder.Wait()
	require.Equal(t, packets, n)
}
