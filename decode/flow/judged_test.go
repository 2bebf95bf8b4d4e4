package flow

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJudged(t *testing.T) {
	j := NewJudged(1024)
	v, age := j.Get(5)
	require.Zero(t, v)
	require.Zero(t, age)
	j.Set(5, 3)
	j.NextGeneration()
	j.NextGeneration()
	v, age = j.Get(5)
	require.EqualValues(t, 3, v)
	require.Equal(t, 2, age)
	j.Set(5, 200)
	v, age = j.Get(5)
	require.EqualValues(t, 200, v)
	require.Zero(t, age)
	for range maxGen {
		j.NextGeneration()
	}
	v, _ = j.Get(5)
	require.Zero(t, v, "generations came round")
}

// The least recently used makes room.
func TestJudgedOverwrites(t *testing.T) {
	j := NewJudged(1)
	for h := range uint64(ways) {
		j.Set(h+1, uint8(h+1))
	}
	require.Zero(t, j.Overwritten())
	v, _ := j.Get(1)
	require.EqualValues(t, 1, v)
	j.Set(3, 33)
	j.Set(99, 99)
	require.EqualValues(t, 1, j.Overwritten())
	for h, want := range map[uint64]uint8{1: 1, 2: 0, 3: 33, 4: 4, 8: 8, 99: 99} {
		v, _ := j.Get(h)
		require.Equal(t, want, v, "flow %d", h)
	}
}

// It forgets, but never mistakes one flow for another.
func TestJudgedIsRight(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 4))
	j := NewJudged(4096)
	want := map[uint64]uint8{}
	known := 0
	for range 200000 {
		h := rnd.Uint64N(8000) * 0x9e3779b97f4a7c15
		v, _ := j.Get(h)
		if v != 0 {
			known++
			if v != want[h] {
				t.Fatalf("%d, not %d", v, want[h])
			}
		}
		want[h] = uint8(1 + rnd.IntN(255))
		j.Set(h, want[h])
	}
	require.Greater(t, known, 80000)
}

func BenchmarkJudged(b *testing.B) {
	for name, flows := range map[string]uint64{"1k": 1000, "100k": 100000} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			j := NewJudged(1 << 17)
			for h := range flows {
				j.Set(h*0x9e3779b97f4a7c15, 1)
			}
			h := uint64(0)
			for b.Loop() {
				h = (h*1103515245 + 12345) % flows
				if v, _ := j.Get(h * 0x9e3779b97f4a7c15); v > 1 {
					b.Fatal(v)
				}
			}
		})
	}
}
