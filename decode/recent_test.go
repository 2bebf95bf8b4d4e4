package decode

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A recent is a map that forgets what came first, whatever the keys are.
func TestRecent(t *testing.T) {
	for _, most := range []int{1, 2, 7, 100} {
		rnd := rand.New(rand.NewPCG(1, uint64(most)))
		r := recent[int]{most: most}
		known := map[uint64]int{}
		var order []uint64 // places, those of removed keys too; 0: taken out
		for i := range 20000 {
			key := 1 + rnd.Uint64N(uint64(3*most)) // many share a home
			if rnd.IntN(2) == 0 {
				key *= 1 << 10
			}
			if v := r.get(key); v != nil {
				require.Equal(t, known[key], *v)
			} else {
				require.NotContains(t, known, key)
			}
			if rnd.IntN(4) == 0 {
				r.remove(key)
				delete(known, key)
				if n := slices.Index(order, key); n >= 0 {
					order[n] = 0
				}
				continue
			}
			if _, ok := known[key]; !ok {
				order = append(order, key)
				if len(order) > most {
					delete(known, order[0])
					order = order[1:]
				}
			}
			r.put(key, i)
			known[key] = i
			require.Equal(t, len(known), r.n)
		}
		require.LessOrEqual(t, len(r.list), most)
		for key, v := range known {
			require.Equal(t, v, *r.get(key))
		}
	}
}
