package capture

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// needTool returns the path of a program, or skips the test; where all tools
// are to be there (KERBSCOPE_CI=1), a missing one is a failure.
func needTool(t testing.TB, name string) string {
	t.Helper()
	p, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("KERBSCOPE_CI") == "1" {
			t.Fatalf("%s is not installed, and KERBSCOPE_CI=1 wants it", name)
		}
		t.Skipf("%s is not installed", name)
	}
	return p
}

// A readPacket is a record with its bytes.
type readPacket struct {
	Record
	data string
}

func readAll(t testing.TB, file []byte, opts ...Option) ([]readPacket, Info) {
	t.Helper()
	src, err := OpenReader("test", bytes.NewReader(file), opts...)
	require.NoError(t, err)
	defer src.Close()
	return drain(t, src)
}

// drain reads src to its end and checks what holds for every source.
func drain(t testing.TB, src Source) (ps []readPacket, info Info) {
	ps = []readPacket{}
	t.Helper()
	var b Batch
	for {
		err := src.Next(&b)
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		require.NotEmpty(t, b.Records)
		for i := range b.Records {
			p := b.Packet(i)
			if p.Frame != uint64(len(ps)+1) || p.Len > p.Wire {
				t.Fatalf("%+v after frame %d", p.Record, len(ps))
			}
			ps = append(ps, readPacket{p.Record, string(p.Data)})
		}
	}
	require.Equal(t, io.EOF, src.Next(&b))
	info = src.Info()
	require.Equal(t, uint64(len(ps)), info.Frames)
	for i := range ps {
		ps[i].Off = 0 // depends on the block size
		if int(ps[i].Interface) >= len(info.Interfaces) {
			t.Fatalf("%+v of %d interfaces", ps[i].Record, len(info.Interfaces))
		}
	}
	return ps, info
}

// corpus returns the captures of the regression corpus that are there.
func corpus(t testing.TB) (files []string) {
	for _, g := range []string{"*.pcap", "*.pcapng", "*.pcap.gz", "*.pcapng.gz", "*.pcap.zst", "*.pcapng.zst", "*.cap"} {
		m, err := filepath.Glob(filepath.Join("..", "pcaps", "*", g))
		require.NoError(t, err)
		files = append(files, m...)
	}
	return files
}
