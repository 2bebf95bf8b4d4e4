package analyze

import (
	"hash/maphash"
	"slices"
	"sync"
)

// filledSteps remembers rules' steps with names filled in, from one look at the
// findings to the next: those of a finding that stays are one text, made once.
// nil remembers nothing.
type filledSteps struct {
	mu          sync.Mutex
	seed        maphash.Seed
	now, before map[uint64]filled // by hash of what was filled in
}

type filled struct {
	steps, pairs, out []string
}

func newFilledSteps() *filledSteps {
	return &filledSteps{seed: maphash.MakeSeed(), now: map[uint64]filled{}}
}

// turn begins a look: what the one before it did not ask for is forgotten.
func (t *filledSteps) turn() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.before, t.now = t.now, make(map[uint64]filled, len(t.now))
}

// fill is fillIn.
func (t *filledSteps) fill(steps, pairs []string) []string {
	if t == nil || len(steps) == 0 || len(pairs) == 0 {
		return fillIn(steps, pairs)
	}
	var h maphash.Hash
	h.SetSeed(t.seed)
	h.WriteString(steps[0])
	for _, s := range pairs {
		h.WriteString(s)
		h.WriteByte(0)
	}
	k := h.Sum64()
	t.mu.Lock()
	defer t.mu.Unlock()
	f, ok := t.now[k]
	if !ok {
		f, ok = t.before[k]
	}
	if !ok || !slices.Equal(f.steps, steps) || !slices.Equal(f.pairs, pairs) {
		f = filled{steps, pairs, fillIn(steps, pairs)}
	}
	t.now[k] = f
	return f.out
}
