package decode

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// whole feeds fuzz input as hostile does, and wants the same told however it
// is cut in pieces.
func whole(t *testing.T, open func(wire) parser, b []byte) {
	var turns []turn
	for len(b) > 3 && len(turns) < 64 {
		n := min(int(b[1])<<4|int(b[2])>>4, len(b)-3)
		turns = append(turns, turn{d: dir(b[0] & 1), gap: int(b[0]>>1) & 3, data: b[3 : 3+n]})
		b = b[3+n:]
	}
	first := play(open, 0, turns...)
	for _, size := range []int{0, 1, 3, 61} {
		require.Equal(t, first, play(open, size, turns...), "in pieces of %d", size)
	}
}
