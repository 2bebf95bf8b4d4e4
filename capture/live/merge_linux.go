//go:build !libpcap

package live

import (
	"time"

	"kerbscope/capture"
)

// take moves what the rings hold to b, until it is full: in order of time, also
// where several interfaces are open, each of which hands over its packets up to
// retireMany after they came. It returns for how long the next packet is to be
// held back for that; waitMost if there is none.
func (s *packetSockets) take(b *capture.Batch, now time.Time) time.Duration {
	if len(s.slots) == 1 && len(s.leaving) == 0 {
		if t := s.slots[0].tap; t != nil {
			for t.ring.ready() {
				if !s.put(b, t) {
					break
				}
			}
		}
		return waitMost
	}
	for {
		t, missing := s.earliest()
		if t == nil {
			s.forget()
			return waitMost
		}
		if missing && s.shutAt.IsZero() && !t.ring.crowded() {
			// A time to come is of a clock that was set back: no reason to wait.
			if age := now.Sub(time.Unix(0, headTime(t.ring.head()))); age < holdBack && age > -holdBack {
				return holdBack - max(age, 0)
			}
		}
		if !s.put(b, t) {
			return waitMost
		}
	}
}

// earliest returns the tap whose next packet is the earliest, and whether there
// are taps that have handed over none.
func (s *packetSockets) earliest() (first *tap, missing bool) {
	var least int64
	see := func(t *tap) {
		if t == nil {
			return
		}
		if !t.ring.ready() {
			missing = true
		} else if at := headTime(t.ring.head()); first == nil || at < least {
			first, least = t, at
		}
	}
	for _, sl := range s.slots {
		see(sl.tap)
	}
	for _, t := range s.leaving {
		see(t)
	}
	return first, missing
}

// forget closes the taps of interfaces that are gone once they are empty.
func (s *packetSockets) forget() {
	if len(s.leaving) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.leaving[:0]
	for _, t := range s.leaving {
		if t.drained() || time.Since(t.leftAt) > drainMost {
			s.retire(t)
		} else {
			kept = append(kept, t)
		}
	}
	s.leaving = kept
}

// put appends the packet that t's ring stands at, and goes on to the next. It
// is false when b is full.
func (s *packetSockets) put(b *capture.Batch, t *tap) bool {
	h := t.ring.head()
	if len(h) < headLeast || t.unwanted(h, s.lo) {
		t.ring.skip(h)
		return true
	}
	iface := t.iface
	if t.dev.index == 0 {
		iface = s.ifaceOf(ne.Uint32(h[addrIfindex:]))
	}
	if !put(b, h, t.cooked, uint32(s.o.SnapLen), iface, t.link) {
		return false
	}
	t.ring.skip(h)
	return true
}
