package main

import (
	"fmt"
	"time"
)

// clockStep is by how much a clock must be off at once to have been set; less
// is how it is kept right.
const clockStep = time.Second

// A clockWatch notices when the clock of this host is set, or the host slept:
// the time of day goes by otherwise than time does.
type clockWatch struct {
	began time.Time
	off   time.Duration
}

// step is by how much the clock was set since the last call, 0: it was not.
func (w *clockWatch) step(now time.Time) time.Duration {
	if w.began.IsZero() {
		w.began = now
		return 0
	}
	return w.apart(now.Round(0).Sub(w.began.Round(0)), now.Sub(w.began))
}

// apart takes how far the clock and time went since the beginning.
func (w *clockWatch) apart(clock, passed time.Duration) time.Duration {
	off := clock - passed
	by := off - w.off
	if by.Abs() < clockStep {
		w.off += by / 16 // follows what is no step
		return 0
	}
	w.off = off
	return by
}

// stamped tells whether the clock of this host stamps the packets, now.
func (c *capturer) stamped() bool { return c.src.live != nil && !c.src.patient }

// checkClock begins anew with what is under way when the clock was set.
func (c *capturer) checkClock(now time.Time) {
	by := c.clock.step(now)
	if by == 0 {
		return
	}
	c.live.Restart()
	if c.newest != 0 {
		c.newest += int64(by)
	}
	way := "forth"
	if by < 0 {
		way = "back"
	}
	c.tell(notice{what: fmt.Sprintf("the clock was set %s by %v; what was under way is followed anew", way, by.Abs().Round(time.Millisecond))})
}
