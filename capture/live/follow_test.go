package live

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// pcapFile is a pcap of n packets of one byte, numbered from first on and a
// millisecond apart.
func pcapFile(first, n int) []byte {
	b := []byte("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00")
	return append(b, pcapRecords(first, n)...)
}

func pcapRecords(first, n int) (b []byte) {
	for i := first; i < first+n; i++ {
		b = binary.LittleEndian.AppendUint32(b, uint32(1700000000+i/1000))
		b = binary.LittleEndian.AppendUint32(b, uint32(i%1000*1000))
		b = append(b, 1, 0, 0, 0, 1, 0, 0, 0, byte(i))
	}
	return b
}

func appendTo(t *testing.T, path string, b []byte) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	require.NoError(t, err)
	_, err = f.Write(b)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// want reads until n packets in all were given, and looks at their bytes and
// frame numbers.
func want(t *testing.T, s Source, from, n int) {
	t.Helper()
	var b capture.Batch
	for end := time.Now().Add(10 * time.Second); from < n; {
		require.NoError(t, s.Next(&b))
		for i := range b.Records {
			p := b.Packet(i)
			require.Equal(t, byte(from), p.Data[0])
			from++
			require.EqualValues(t, from, p.Frame)
		}
		require.Less(t, time.Now(), end, "%d of %d packets", from, n)
	}
	assert.Equal(t, n, from)
}

func wantEnd(t *testing.T, s Source) {
	t.Helper()
	var b capture.Batch
	err := s.Next(&b)
	for end := time.Now().Add(10 * time.Second); err == nil && time.Now().Before(end); err = s.Next(&b) {
		require.Empty(t, b.Records)
	}
	require.ErrorIs(t, err, io.EOF)
	require.ErrorIs(t, s.Next(&b), io.EOF)
	require.NoError(t, s.Close())
}

func follow(t *testing.T, path string) *Follower {
	f, err := Follow(path)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func TestFollowGrowing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pcap")
	whole := pcapFile(0, 20)
	appendTo(t, path, nil)
	f := follow(t, path)
	var b capture.Batch
	began := time.Now()
	require.NoError(t, f.Next(&b), "an empty file is waited for")
	assert.Empty(t, b.Records)
	assert.Less(t, time.Since(began), time.Second)
	go func() {
		for len(whole) > 0 { // in pieces that end inside of headers and records
			n := min(len(whole), 31)
			appendTo(t, path, whole[:n])
			whole = whole[n:]
			time.Sleep(5 * time.Millisecond)
		}
	}()
	want(t, f, 0, 20)
	appendTo(t, path, pcapRecords(20, 5))
	f.Break()
	want(t, f, 20, 25)
	wantEnd(t, f)
	i := f.Info()
	assert.Equal(t, "pcap", i.Format)
	assert.EqualValues(t, 25, i.Frames)
	assert.EqualValues(t, 25, f.Stats().Received)
	assert.Len(t, i.Interfaces, 1)
	assert.Empty(t, i.Faults)
}

func TestFollowRotated(t *testing.T) {
	for _, how := range []string{"renamed", "emptied", "removed"} {
		t.Run(how, func(t *testing.T) {
			if runtime.GOOS == "windows" && how != "emptied" {
				t.Skip("a file that is open cannot be renamed there")
			}
			t.Parallel()
			path := filepath.Join(t.TempDir(), "x.pcap")
			appendTo(t, path, pcapFile(0, 10))
			f := follow(t, path)
			want(t, f, 0, 10)
			switch how {
			case "renamed":
				require.NoError(t, os.Rename(path, path+".old"))
				appendTo(t, path+".old", pcapRecords(10, 1)) // the last that its writer had
			case "emptied":
				appendTo(t, path, pcapRecords(10, 1))
				want(t, f, 10, 11)
				require.NoError(t, os.Truncate(path, 0))
			case "removed":
				appendTo(t, path, pcapRecords(10, 1))
				require.NoError(t, os.Remove(path))
			}
			time.Sleep(120 * time.Millisecond)
			appendTo(t, path, pcapFile(11, 7))
			at := 10
			if how == "emptied" {
				at = 11
			}
			want(t, f, at, 18)
			f.Break()
			wantEnd(t, f)
			assert.EqualValues(t, 1, f.Stats().Reopened)
			assert.Len(t, f.Info().Interfaces, 1)
		})
	}
}

func TestFollowRing(t *testing.T) {
	for _, names := range [][]string{
		{"d_00001_20261123010203.pcapng", "d_00002_20261123010303.pcapng", "d_00003_20261123010403.pcapng"},
		{"t.pcap", "t.pcap1", "t.pcap2"},
		{"t.pcap0", "t.pcap1", "t.pcap0"}, // tcpdump -C -W 2: written again
		{"g-2026-11-23_01-02-03.pcap", "g-2026-11-23_01-03-03.pcap", "g-2026-11-23_01-04-03.pcap"},
	} {
		t.Run(names[0], func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			old := filepath.Join(dir, names[0][:1]+"_00000_20261122010203.pcapng")
			appendTo(t, old, pcapFile(0, 3)) // an older file is not gone back to
			require.NoError(t, os.Chtimes(old, time.Time{}, time.Now().Add(-time.Hour)))
			var f *Follower
			for i, name := range names {
				path := filepath.Join(dir, name)
				if i == 2 && name == names[0] {
					require.NoError(t, os.Truncate(path, 0))
				}
				appendTo(t, path, pcapFile(10*i, 4))
				if f == nil {
					f = follow(t, path)
				}
				var b capture.Batch
				for n, end := 0, time.Now().Add(5*time.Second); n < 4; n += len(b.Records) {
					require.NoError(t, f.Next(&b))
					require.Less(t, time.Now(), end, name)
					for j := range b.Records {
						require.Equal(t, byte(10*i+n+j), b.Packet(j).Data[0])
						require.EqualValues(t, 4*i+n+j+1, b.Records[j].Frame)
					}
				}
				time.Sleep(10 * time.Millisecond)
			}
			f.Break()
			wantEnd(t, f)
		})
	}
}

// TestFollowBeside: two captures that run at the same time are not one.
func TestFollowBeside(t *testing.T) {
	t.Parallel()
	for _, names := range [][2]string{{"eth0.pcap", "eth1.pcap"}, {"a_00001_20261123010203.pcap", "a_00002_20261123010203.pcap"}} {
		dir := t.TempDir()
		one, two := filepath.Join(dir, names[0]), filepath.Join(dir, names[1])
		appendTo(t, one, pcapFile(5000, 5))
		appendTo(t, two, pcapFile(100, 5))
		f := follow(t, one)
		var b capture.Batch
		got := 0
		for end := time.Now().Add(900 * time.Millisecond); time.Now().Before(end); {
			require.NoError(t, f.Next(&b))
			got += len(b.Records)
		}
		assert.Equal(t, 5, got)
		assert.Zero(t, f.Stats().Reopened)
		f.Close()
	}
}

func TestFollowRefuses(t *testing.T) {
	dir := t.TempDir()
	_, err := Follow(filepath.Join(dir, "none.pcap"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	text := filepath.Join(dir, "text")
	appendTo(t, text, []byte("this is no capture, but a text that is long enough"))
	_, err = Follow(text)
	var fe *capture.FormatError
	assert.ErrorAs(t, err, &fe)
	_, err = Follow("../../pcaps/format-netmon/" + firstOf(t, "../../pcaps/format-netmon", ".cap"))
	if assert.ErrorAs(t, err, &fe) {
		assert.Contains(t, fe.What, "while it grows")
	}
}

func firstOf(t *testing.T, dir, ext string) string {
	list, err := filepath.Glob(filepath.Join(dir, "*"+ext))
	require.NoError(t, err)
	require.NotEmpty(t, list)
	return filepath.Base(list[0])
}

// TestFollowClose: Close ends it in the middle, and Next after it.
func TestFollowClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pcap")
	appendTo(t, path, pcapFile(0, 50000))
	f := follow(t, path)
	require.NoError(t, f.Close())
	var b capture.Batch
	assert.True(t, errors.Is(f.Next(&b), io.EOF))
}
