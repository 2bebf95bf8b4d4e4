package capture

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// at returns a pcap of two packets, the first at the given second.
func twoAt(link uint32, sec, frac, sec2 uint32) []byte {
	return join(pcapHead(le, 0xa1b2c3d4, 65535, link), pcapRec(le, sec, frac, frame(60, 1), 60), pcapRec(le, sec2, 0, frame(60, 1), 60))
}

func TestMarkRings(t *testing.T) {
	t.Chdir(t.TempDir())
	one, two, three := twoAt(1, t0, 0, t0+10), twoAt(1, t0+10, 5, t0+20), twoAt(1, t0+19, 5, t0+30)
	for _, c := range []struct {
		name  string
		files map[string][]byte
		args  []string
		sets  []int
	}{
		{"side by side for less than a second", map[string][]byte{"dc1.pcap": twoAt(1, t0, 0, t0+1), "dc2.pcap": twoAt(1, t0, 100, t0+1)}, []string{"*"}, []int{0, 0}},
		{"the same twice", map[string][]byte{"a1.pcap": twoAt(1, t0, 0, t0+1)}, []string{"a1.pcap", "./a1.pcap"}, []int{0, 0}},
		{"dumpcap", map[string][]byte{"a_00001_20231114221320.pcap": one, "a_00002_20231114221330.pcap": two, "a_00003_20231114221340.pcap": three}, []string{"*"}, []int{1, 1, 1}},
		{"tcpdump", map[string][]byte{"a.pcap": one, "a.pcap1": two, "a.pcap2": three}, []string{"."}, []int{1, 1, 1}},
		{"counter goes round", map[string][]byte{"a1.pcap": three, "a2.pcap": one, "a3.pcap": two}, []string{"*"}, []int{1, 1, 1}},
		{"same time", map[string][]byte{"dc1.pcap": one, "dc2.pcap": twoAt(1, t0+5, 0, t0+15)}, []string{"*"}, []int{0, 0}},
		{"other link type", map[string][]byte{"a1.pcap": one, "a2.pcap": twoAt(113, t0+10, 5, t0+20)}, []string{"*"}, []int{0, 0}},
		{"other names", map[string][]byte{"a.pcap": one, "b.pcap": two}, []string{"*"}, []int{0, 0}},
		{"labelled", map[string][]byte{"a1.pcap": one, "a2.pcap": two}, []string{"x=a1.pcap", "y=a2.pcap"}, []int{0, 0}},
		{"label for all", map[string][]byte{"a1.pcap": one, "a2.pcap": two}, []string{"x=*.pcap"}, []int{1, 1}},
		{"two sets and one missing", map[string][]byte{"a1.pcap": one, "a2.pcap": two, "b1.pcap": one, "b2.pcap": three}, []string{"a1.pcap", "b2.pcap", "missing3.pcap", "b1.pcap", "a2.pcap"}, []int{1, 1, 2, 2, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for name, file := range c.files {
				require.NoError(t, os.WriteFile(name, file, 0o644))
			}
			ins, err := Expand(c.args)
			require.NoError(t, err)
			MarkRings(ins)
			var sets []int
			for _, in := range ins {
				sets = append(sets, in.Set)
			}
			require.Equal(t, c.sets, sets)
		})
	}
}

// The files of a set are read in the order of their times, whatever their names.
func TestRingOrder(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, file := range map[string][]byte{"a10.pcap": twoAt(1, t0+20, 0, t0+30), "a2.pcap": twoAt(1, t0+10, 0, t0+20), "a1.pcap": twoAt(1, t0, 0, t0+10), "b.pcap": twoAt(1, t0, 0, t0+1)} {
		require.NoError(t, os.WriteFile(name, file, 0o644))
	}
	ins, err := Expand([]string{"a10.pcap", "b.pcap", "a2.pcap", "a1.pcap"})
	require.NoError(t, err)
	MarkRings(ins)
	var labels []string
	for _, in := range ins {
		labels = append(labels, in.Label)
	}
	require.Equal(t, []string{"a1.pcap", "a2.pcap", "a10.pcap", "b.pcap"}, labels)
}

// Of a long file the times are learned from its beginning and its end.
func TestTail(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, ng := range []bool{false, true} {
		file, _ := mixed(ng)
		name := fmt.Sprintf("ng-%v.pcap", ng)
		require.NoError(t, os.WriteFile(name, file, 0o644))
		src, err := Open(name)
		require.NoError(t, err)
		var b Batch
		require.NoError(t, src.Next(&b))
		tail := tailOf(src, name, int64(len(file)))
		last := lastTime(tail)
		require.NoError(t, tail.Close())
		for src.Next(&b) == nil {
		}
		require.Equal(t, src.Info().Last, last)
		require.NoError(t, src.Close())
	}
}
