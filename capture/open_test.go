package capture

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"
)

func TestNoCapture(t *testing.T) {
	etl := make([]byte, 4096)
	copy(etl, "\x00\x10\x00\x00")
	etl[0x36], etl[0x4a], etl[0x4b], etl[0x4d] = 4, 2, 0xc0, 2
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	z.Write([]byte("just words"))
	require.NoError(t, z.Close())
	erf := bytes.Repeat([]byte("\x00\x00\x00\x00\x00\xf1\x53\x65\x02\x00\x00\x14\x00\x00\x00\x04abcd"), 4)
	for _, c := range []struct {
		name, head, what string
		capture          bool
	}{
		{"empty", "", "it is empty", false},
		{"zeros", strings.Repeat("\x00", 10000), "it begins with zeros", false},
		{"a few zeros", strings.Repeat("\x00", 100), "nothing but zeros", false},
		{"text", "No. Time Source Destination\r\n1 0.000 10.0.0.1", "it is text", false},
		{"UTF-16 text", "\xff\xfeN\x00o\x00", "it is text", false},
		{"noise", "\x93\x01\x00\xfe\x02\x03\x99", "unknown format", false},
		{"NetMon 1", "RTSS\x01\x01\x00\x00", "Network Monitor 1", true},
		{"NetMon cut in its header", "GMBU\x03\x02\x01\x00", "ends inside its file header, at byte 8", false},
		{"NetMon of version 4", "GMBU\x00\x04" + strings.Repeat("\x00", 66), "unknown version", true},
		{"ETL", string(etl), "event trace", true},
		{"snoop", "snoop\x00\x00\x00\x00\x00\x00\x02", "snoop", true},
		{"Sniffer", "TRSNIFF data    \x1a", "Sniffer", true},
		{"ERF", string(erf), "ERF", true},
		{"EtherPeek", "\x07\x00\x00\x00\x10\x00\x00\x00\x00\x09" + strings.Repeat("\x00", 24), "EtherPeek", true},
		{"OmniPeek", "\x7fver\x0c\x00", "OmniPeek", true},
		{"iptrace", "iptrace 2.0", "iptrace", true},
		{"nettl", "TR\x00d\x00\x00", "nettl", true},
		{"Visual Networks", "\x05VNF\x00\x00", "Visual Networks", true},
		{"Observer", "ObserverPktBufferVersion=15.00", "Observer", true},
		{"NetScaler", "\x01\x01\x2c\x00NetScaler V20 Performance Data\x00", "NetScaler", true},
		{"NetXRay", "XCP\x00002.002", "NetXRay", true},
		{"Capsa", "cpse\x00\x00", "Capsa", true},
		{"Bluetooth", "btsnoop\x00\x00\x00\x00\x01", "Bluetooth", false},
		{"lz4", "\x04\x22\x4d\x18\x00", "lz4", false},
		{"zip", "PK\x03\x04\x14\x00", "zip", false},
		{"cab", "MSCF\x00\x00\x00\x00", "cabinet", false},
		{"xz", "\xfd7zXZ\x00", "xz", false},
		{"keytab", "\x05\x02\x00\x00\x00\x40\x00\x02", "keytab", false},
		{"evtx", "ElfFile\x00", "event log", false},
		{"pcap through FTP as text", "\r\n\r\r\n\x1c", "text-mode", false},
		{"pcap cut in its header", "\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00", "ends inside its file header, at byte 9", false},
		{"pcapng cut in its header", "\x0a\x0d\x0d\x0a\x1c\x00", "ends inside its file header, at byte 6", false},
		{"pcap of version 1", "\xd4\xc3\xb2\xa1\x01\x00\x00\x00" + strings.Repeat("\x00", 16), "version before 2.0", true},
		{"text in gzip", gz.String(), "it is text inside the gzip", false},
		{"damaged gzip", "\x1f\x8b\x08\xff\xff", "damaged gzip", false},
		{"damaged gzip contents", gz.String()[:10] + "\xff\xff\xff\xff\xff\xff\xff\xff", "damaged gzip", false},
		{"damaged zstd", "\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff\xff\xff", "damaged zstd", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := OpenReader("some.file", iotest.OneByteReader(strings.NewReader(c.head)))
			var fe *FormatError
			require.ErrorAs(t, err, &fe)
			require.Contains(t, fe.Error(), "some.file: ")
			require.Contains(t, fe.What, c.what)
			require.Equal(t, c.capture, fe.Capture)

			path := filepath.Join(t.TempDir(), "some.file")
			require.NoError(t, os.WriteFile(path, []byte(c.head), 0o644))
			_, err = Open(path)
			require.ErrorAs(t, err, &fe)
			require.Contains(t, fe.What, c.what)
		})
	}
	_, err := Open(t.TempDir())
	require.ErrorContains(t, err, "a folder")
	_, err = Open(filepath.Join(t.TempDir(), "missing"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// A read error of the operating system is an error, not damage, and what was
// read before it still comes.
func TestReadError(t *testing.T) {
	broken := errors.New("input/output error")
	plain := pcapOf(le, 0xa1b2c3d4, 60, 60, 60)
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	z.Write(pcapOf(le, 0xa1b2c3d4, 60, 60, 60))
	require.NoError(t, z.Flush())
	for _, c := range []struct {
		name string
		file []byte
	}{{"plain", plain[:len(plain)-5]}, {"gzip", gz.Bytes()}} {
		t.Run(c.name, func(t *testing.T) {
			src, err := OpenReader("x", io.MultiReader(bytes.NewReader(c.file), iotest.ErrReader(broken)))
			require.NoError(t, err)
			n := uint64(0)
			var b Batch
			for err == nil {
				if err = src.Next(&b); err == nil {
					n += uint64(len(b.Records))
				}
			}
			require.ErrorIs(t, err, broken)
			require.ErrorIs(t, src.Next(&b), broken)
			require.GreaterOrEqual(t, n, uint64(2))
			require.Empty(t, src.Info().Faults)
		})
	}
	_, err := OpenReader("x", iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
}

// A pipe is read as it is written: what is whole is handed on at once.
func TestPipe(t *testing.T) {
	r, w := io.Pipe()
	file := pcapOf(le, 0xa1b2c3d4, 60, 70)
	go w.Write(file[:24])
	src, err := OpenReader("-", r)
	require.NoError(t, err)
	go w.Write(file[24:100])
	var b Batch
	require.NoError(t, src.Next(&b))
	require.Len(t, b.Records, 1)
	go func() {
		w.Write(file[100:110])
		w.Write(file[110:])
		w.Close()
	}()
	require.NoError(t, src.Next(&b))
	require.Len(t, b.Records, 1)
	require.Equal(t, io.EOF, src.Next(&b))
}
