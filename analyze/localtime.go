package analyze

import (
	"context"
	"fmt"
	"slices"
	"time"

	"kerbscope/capture"
)

const (
	zoneStep = int64(15 * time.Minute) // what zones differ by
	zoneMost = int64(14 * time.Hour)   // the farthest there is
	// zoneSkew is how far from a whole zoneStep a host's clock may be: Kerberos
	// allows five minutes (RFC 4120 §5.9.1, MIT and Windows alike).
	zoneSkew = int64(5 * time.Minute)
)

// zone tells by how much the times of a partial Case, of a capture that gives
// local times, are ahead of UTC: the hosts that tell UTC in their errors
// (stime, RFC 4120 §5.9.1) agree on it. ok is false when none does, or they
// do not.
func (c *Case) zone() (ahead int64, ok bool) {
	var votes []int64
	for _, g := range freeze([]*Case{c})[0].stimes() {
		off := -g.mid()
		step := off + zoneStep/2
		step -= ((step % zoneStep) + zoneStep) % zoneStep
		if d := off - step; max(d, -d) > zoneSkew || max(step, -step) > zoneMost {
			continue
		}
		votes = append(votes, step)
	}
	if len(votes) == 0 {
		return 0, false
	}
	slices.Sort(votes)
	mid := votes[len(votes)/2]
	same := 0
	for _, v := range votes {
		if v == mid {
			same++
		}
	}
	return mid, 2*same > len(votes)
}

// toUTC reads a capture of local times once more, with the zone that hosts'
// times tell. Standard input cannot be read again.
func (r *run) toUTC(ctx context.Context, inputs []capture.Input, read []readInput, pool *capture.Pool, o Options) {
	i := r.inputs[0]
	ahead, ok := r.part.zone()
	if !ok || ahead != 0 && inputs[i].Path == capture.StandardInput {
		return
	}
	r.zoneTold = true
	if ahead == 0 {
		return
	}
	r.localAhead = ahead
	part := NewCase(o.MaxExchanges)
	part.scale(r.part.share)
	r.part = part
	r.begin(o)
	read[i] = r.readOne(ctx, &inputs[i], i, pool, o)
	r.end()
}

// localTimes says what is known of the clock of a capture of local times.
func (f *CaptureFacts) localTimes() string {
	if !f.ZoneTold {
		return fmt.Sprintf("%s holds local times and not their zone: they are taken for UTC and may be hours off", f.Name)
	}
	sign, d := "+", f.LocalAhead/int64(time.Minute)
	if d < 0 {
		sign, d = "-", -d
	}
	return fmt.Sprintf("%s holds local times and not their zone: by the times that hosts tell in their errors it is UTC%s%d:%02d, and that is taken off; a host whose clock is whole quarters of an hour wrong would not be noticed", f.Name, sign, d/60, d%60)
}
