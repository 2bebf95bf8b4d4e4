package flow

import "kerbscope/capture"

// A clock is the latest capture time seen. It never goes back: merged and
// reordered captures do. A leap is believed only when the next packet confirms
// it, so that one broken time stamp does not end everything.
type clock struct {
	now     int64
	set     bool
	leaping bool
	leap    int64 // time of the packet that leapt
}

const leap = int64(600e9) // 10 min

func (k *clock) at(t int64) int64 {
	switch {
	case t == capture.NoTime:
	case !k.set:
		k.now, k.set = t, true
	case t <= k.now:
		k.leaping = false
	case t-k.now < 0 || t-k.now > leap: // the difference may overflow
		if k.leaping && near(t, k.leap) {
			k.now, k.leaping = t, false
		} else {
			k.leaping, k.leap = true, t
		}
	default:
		k.now, k.leaping = t, false
	}
	return k.now
}

func near(a, b int64) bool {
	d := a - b
	return d >= -leap && d <= leap
}
