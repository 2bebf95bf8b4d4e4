package etl

import (
	"math"
	"math/bits"
)

// NoTime is the time of an event that cannot be dated.
const NoTime int64 = math.MinInt64

// Clock types, WNODE_HEADER.ClientContext.
const (
	clockQPC    = 1
	clockSystem = 2
	clockCycles = 3
)

// A clock turns the time stamps of a trace into UTC.
type clock struct {
	kind  uint32
	ref   int64 // time stamp at start
	freq  int64 // ticks a second
	start int64 // FILETIME, UTC
}

// unix returns a time stamp as nanoseconds since 1970; NoTime if that cannot
// hold it.
func (c *clock) unix(t int64) int64 {
	// A time of the performance counter is since boot, a FILETIME since 1601.
	const sinceBoot = 0x0180000000000000
	if c.kind == clockSystem || c.kind != clockQPC && c.kind != clockCycles && t > sinceBoot {
		return unixOf(t)
	}
	d := t - c.ref
	if (d < t) != (c.ref > 0) {
		return NoTime
	}
	sec, part := d/c.freq, d%c.freq
	if part < 0 {
		sec, part = sec-1, part+c.freq
	}
	const farthest = math.MaxInt64/10_000_000 - 1
	if sec > farthest || sec < -farthest {
		return NoTime
	}
	hi, lo := bits.Mul64(uint64(part), 1e7)
	frac, _ := bits.Div64(hi, lo, uint64(c.freq))
	d = sec*1e7 + int64(frac)
	if s := c.start + d; (s > d) == (c.start > 0) {
		return unixOf(s)
	}
	return NoTime
}

// unixOf turns a FILETIME (100 ns since 1601) into nanoseconds since 1970.
func unixOf(filetime int64) int64 {
	const epoch = 116444736000000000
	if filetime < 0 || filetime-epoch > math.MaxInt64/100 || filetime-epoch < math.MinInt64/100+1 {
		return NoTime
	}
	return (filetime - epoch) * 100
}
