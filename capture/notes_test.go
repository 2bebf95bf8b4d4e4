package capture

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNotes(t *testing.T) {
	file := written(t)
	for _, keep := range []bool{true, false} {
		var opts []Option
		if keep {
			opts = append(opts, KeepNotes(), BlockSize(64))
		}
		src, err := OpenReader("x", bytes.NewReader(file), opts...)
		require.NoError(t, err)
		src = ReadAhead(src, 1, nil)
		got := map[uint64]PacketOptions{}
		for {
			var b Batch
			if err := src.Next(&b); err == io.EOF {
				break
			}
			for _, n := range b.Notes {
				got[b.Records[n.Record].Frame] = n.PacketOptions
			}
		}
		if keep {
			require.Equal(t, map[uint64]PacketOptions{1: {Flags: 2, Comments: []string{"one", "two"}}, 3: {Flags: 1}}, got)
		} else {
			require.Empty(t, got)
		}
		require.NoError(t, src.Close())
	}
}

// Options that run over their block, or are very many, are read as far as they go.
func TestNotesOfBadOptions(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, Section{})
	_, err := w.AddInterface(Interface{Link: LinkEthernet})
	require.NoError(t, err)
	many := make([]string, 3*maxComments)
	for i := range many {
		many[i] = strings.Repeat("x", 5)
	}
	require.NoError(t, w.WritePacket(Record{}, nil, PacketOptions{Comments: many}))
	require.NoError(t, w.Flush())
	file := out.Bytes()
	head := bytes.Index(file, []byte("xxxxx")) - 2 // length of the first comment
	for _, n := range []byte{5, 0, 255} {
		file[head] = n
		src, err := OpenReader("x", bytes.NewReader(file), KeepNotes())
		require.NoError(t, err)
		var b Batch
		require.NoError(t, src.Next(&b))
		if n == 5 {
			require.Len(t, b.Notes[0].Comments, maxComments)
		}
	}
}
