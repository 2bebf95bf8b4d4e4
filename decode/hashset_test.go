package decode

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The set holds what a map does, also where hashes stand side by side.
func TestHashSet(t *testing.T) {
	rnd := rand.New(rand.NewPCG(6, 6))
	var s hashSet
	want := map[uint64]bool{}
	require.False(t, s.has(0))
	for range 20000 {
		h := rnd.Uint64N(8000) * 2
		if rnd.IntN(2) == 0 {
			h <<= 40
		}
		require.Equal(t, want[h], s.has(h))
		if rnd.IntN(3) == 0 {
			require.Equal(t, !want[h], s.add(h))
			want[h] = true
		}
		require.Equal(t, len(want), s.n)
	}
}
