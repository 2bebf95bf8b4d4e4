package capture

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"
)

func TestExpand(t *testing.T) {
	t.Chdir(t.TempDir())
	pcap := pcapOf(le, 0xa1b2c3d4, 60)
	write := func(path string, b []byte) {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, b, 0o644))
	}
	for _, f := range []string{"a.pcap", "b.pcap", "in/b.pcap", "in/a.log", "deep/in/b.pcap", "x=y.pcap", "hub=one", "[1].pcap", "1.pcap", "mixed/2.bin", "mixed/10.bin"} {
		write(f, pcap)
	}
	write("mixed/README", []byte("words\n"))
	write("mixed/keys.keytab", []byte("\x05\x02\x00\x00\x00\x30keytab"))
	write("mixed/empty.pcap", nil)
	write("mixed/snoop.cap", []byte("snoop\x00\x00\x00\x00\x00\x00\x02"))
	write("nothing/README", []byte("words\n"))
	require.NoError(t, os.Mkdir("mixed/folder.pcap", 0o755))
	f, err := os.Create("mixed/z.gz")
	require.NoError(t, err)
	z := gzip.NewWriter(f)
	z.Write(pcap)
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	f, err = os.Create("mixed/text.gz")
	require.NoError(t, err)
	z = gzip.NewWriter(f)
	z.Write([]byte("words"))
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())

	for _, c := range []struct {
		name   string
		args   []string
		labels []string
		paths  []string
	}{
		{"files", []string{"b.pcap", "a.pcap"}, []string{"b.pcap", "a.pcap"}, []string{"b.pcap", "a.pcap"}},
		{"label", []string{"dc=a.pcap"}, []string{"dc"}, []string{"a.pcap"}},
		{"a name that exists, with =", []string{"x=y.pcap", "hub=one"}, []string{"x=y.pcap", "hub=one"}, []string{"x=y.pcap", "hub=one"}},
		{"label of such a name", []string{"dc=x=y.pcap"}, []string{"dc"}, []string{"x=y.pcap"}},
		{"a name that exists, with [", []string{"[1].pcap"}, []string{"[1].pcap"}, []string{"[1].pcap"}},
		{"glob", []string{"?.pcap"}, []string{"1.pcap", "a.pcap", "b.pcap"}, []string{"1.pcap", "a.pcap", "b.pcap"}},
		{"glob with label", []string{"dc=[ab].pcap"}, []string{"dc/a.pcap", "dc/b.pcap"}, []string{"a.pcap", "b.pcap"}},
		{"folder, by content", []string{"mixed"}, []string{"10.bin", "2.bin", "snoop.cap", "z.gz"}, []string{"mixed/10.bin", "mixed/2.bin", "mixed/snoop.cap", "mixed/z.gz"}},
		{"folder of one, with label", []string{"hub=deep/in/"}, []string{"hub"}, []string{"deep/in/b.pcap"}},
		{"two alike", []string{"b.pcap", "in/b.pcap", "a.pcap"}, []string{"b.pcap", "in/b.pcap", "a.pcap"}, []string{"b.pcap", "in/b.pcap", "a.pcap"}},
		{"three alike", []string{"deep/in/b.pcap", "in/b.pcap", "b.pcap"}, []string{"deep/in/b.pcap", "in/b.pcap", "b.pcap"}, []string{"deep/in/b.pcap", "in/b.pcap", "b.pcap"}},
		{"two alike, one labelled", []string{"hub=in/b.pcap", "b.pcap"}, []string{"hub", "b.pcap"}, []string{"in/b.pcap", "b.pcap"}},
		{"a label like a name", []string{"b.pcap=a.pcap", "in/b.pcap"}, []string{"b.pcap", "in/b.pcap"}, []string{"a.pcap", "in/b.pcap"}},
		{"the same twice", []string{"a.pcap", "./a.pcap"}, []string{"a.pcap", "a.pcap (2)"}, []string{"a.pcap", "./a.pcap"}},
		{"standard input", []string{"-", "a.pcap"}, []string{"stdin", "a.pcap"}, []string{"-", "a.pcap"}},
		{"standard input with label", []string{"dc=-"}, []string{"dc"}, []string{"-"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ins, err := Expand(c.args)
			require.NoError(t, err)
			var labels, paths []string
			for _, in := range ins {
				require.NoError(t, in.Err)
				labels, paths = append(labels, in.Label), append(paths, filepath.ToSlash(in.Path))
			}
			require.Equal(t, c.labels, labels)
			require.Equal(t, c.paths, paths)
		})
	}

	for _, c := range []struct {
		arg string
		err error
	}{
		{"missing.pcap", fs.ErrNotExist},
		{"hub=missing.pcap", fs.ErrNotExist},
		{"a/b=c.pcap", fs.ErrNotExist},
		{"nothing", ErrNoCapture},
		{"*.etl", ErrNoCapture},
		{"[.pcap", filepath.ErrBadPattern},
	} {
		ins, err := Expand([]string{c.arg, "a.pcap"})
		require.NoError(t, err)
		require.Len(t, ins, 2)
		require.ErrorIs(t, ins[0].Err, c.err, c.arg)
		require.NoError(t, ins[1].Err)
	}

	_, err = Expand([]string{"-", "hub=-"})
	require.True(t, errors.Is(err, ErrStdinTwice))
}
