package analyze

import (
	"fmt"
	"slices"
)

// A Loss is packets that were not captured between two times, ns.
type Loss struct {
	From, To int64
	N        uint64
	What     string // "dropped_by_kernel", as in captures[].lost
}

// nearBy is how close to a finding's occurrences a loss throws doubt on it.
const nearBy = int64(5e9)

// silent are the rules that argue from what was not seen.
var silent = slices.Concat(silenceRules, []string{"ap-refused", "ntlm-fallback", "udp-fragments-lost", "mutual-auth-missing", "kdc-failover", "kdc-slow"})

// nearLoss says so where packets were lost close to what f rests on: with them
// what contradicts it may be gone. Rules that argue from silence are less sure then.
func (c *Case) nearLoss(f *Finding) {
	var n uint64
	var name string
	for i := range c.joined.captures {
		k := &c.joined.captures[i]
		for _, l := range k.Losses {
			near := func(t int64) bool { return t >= l.From-nearBy && t <= l.To+nearBy }
			if near(f.first) || near(f.last) || f.Count <= 4 && l.From >= f.first && l.To <= f.last {
				n += l.N
				name = k.Name
			}
		}
	}
	if n == 0 {
		return
	}
	f.Cause += fmt.Sprintf(" Close to it %s lost %s: what was in them is unknown.", name, nPackets(n))
	if slices.Contains(silent, f.Rule) {
		switch f.Confidence {
		case Certain:
			f.Confidence = Likely
		case Likely:
			f.Confidence = Possible
		}
	}
}

func nPackets(n uint64) string {
	if n == 1 {
		return "a packet"
	}
	return fmt.Sprintf("%d packets", n)
}
