package flow

import "math/bits"

// Judged remembers a small verdict for each of the last many flows, in a fixed
// amount of memory and without allocating. It is a set-associative table: a
// flow's set is one cache line of eight entries, the most recently used first,
// and a new flow takes the place of the last. An overwritten flow is one not
// judged yet.
type Judged struct {
	sets  [][ways]uint64
	shift uint
	gen   uint64
	lost  uint64
}

const (
	ways        = 8
	verdictBits = 8
	genBits     = 12
	tagShift    = verdictBits + genBits
	maxGen      = 1<<genBits - 1
)

// NewJudged returns a table for flows flows, rounded up to a power of two; it
// takes 8 bytes for each.
func NewJudged(flows int) *Judged {
	n := bits.Len(uint(max(1, (flows-1)/ways)))
	n = min(n, 32)
	return &Judged{sets: make([][ways]uint64, 1<<n), shift: 64 - uint(n), gen: 1}
}

// Get returns the verdict set for hash (from Packet.Hash), and how many
// generations ago it was set. 0 means that the flow is not known.
func (j *Judged) Get(hash uint64) (verdict uint8, age int) {
	set, tag := j.at(hash)
	for i := range set {
		if e := set[i]; e>>tagShift == tag && e != 0 {
			if i > 0 {
				copy(set[1:i+1], set[:i])
				set[0] = e
			}
			return uint8(e), int(j.gen - e>>verdictBits&maxGen)
		}
	}
	return 0, 0
}

// Set sets the verdict, not 0, of a flow in the present generation.
func (j *Judged) Set(hash uint64, verdict uint8) {
	set, tag := j.at(hash)
	e := tag<<tagShift | j.gen<<verdictBits | uint64(verdict)
	i := 0
	for i < ways-1 && set[i]>>tagShift != tag && set[i] != 0 {
		i++
	}
	if i == ways-1 && set[i] != 0 && set[i]>>tagShift != tag {
		j.lost++
	}
	copy(set[1:i+1], set[:i])
	set[0] = e
}

// NextGeneration begins a new generation: for verdicts that hold for a while
// only. After 4095 generations the table is emptied.
func (j *Judged) NextGeneration() {
	if j.gen++; j.gen > maxGen {
		clear(j.sets)
		j.gen = 1
	}
}

// Overwritten counts the flows that had to make room.
func (j *Judged) Overwritten() uint64 { return j.lost }

// at returns the set of a flow and its tag. The set is taken from the upper
// bits of the hash, the tag from the lower ones.
func (j *Judged) at(hash uint64) (*[ways]uint64, uint64) {
	return &j.sets[hash>>j.shift], hash & (1<<(64-tagShift) - 1)
}
