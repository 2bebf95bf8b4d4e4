package etl

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestClock(t *testing.T) {
	start := time.Date(2024, 6, 10, 20, 18, 27, 922583300, time.UTC)
	filetime := start.UnixNano()/100 + 116444736000000000
	qpc := clock{kind: clockQPC, ref: 2499815729351, freq: 1e7, start: filetime}
	odd := clock{kind: clockQPC, ref: 1000, freq: 3312788, start: filetime}
	for _, c := range []struct {
		name  string
		clock clock
		t     int64
		want  int64
	}{
		{"the start", qpc, 2499815729351, start.UnixNano()},
		{"100 ns later", qpc, 2499815729352, start.UnixNano() + 100},
		{"before it", odd, 1000 - 3312788, start.UnixNano() - 1e9},
		{"a tick before it", odd, 999, start.UnixNano() - 400},
		{"another frequency", odd, 1000 + 3312788*3/2, start.UnixNano() + 15e8},
		{"thirty days later", qpc, 2499815729351 + 30*86400*1e7, start.Add(30 * 24 * time.Hour).UnixNano()},
		{"ten years later", odd, 1000 + 3312788*3653*86400, start.Add(3653 * 24 * time.Hour).UnixNano()},
		{"never", qpc, math.MaxInt64, NoTime},
		{"always", clock{kind: clockQPC, ref: 5, freq: 1, start: filetime}, math.MinInt64, NoTime},
		{"a time of day", clock{kind: clockSystem, freq: 1}, filetime, start.UnixNano()},
		{"before 1601", clock{kind: clockSystem, freq: 1}, -1, NoTime},
		{"after 2262", clock{kind: clockSystem, freq: 1}, math.MaxInt64, NoTime},
		{"no clock type, a time of day", clock{freq: 1e7}, filetime, start.UnixNano()},
		{"no clock type, ticks", clock{freq: 1e7, start: filetime, ref: 10}, 20, start.UnixNano() + 1000},
		{"cycles", clock{kind: clockCycles, freq: 2e9, start: filetime}, 2e9, start.UnixNano() + 1e9},
	} {
		assert.Equal(t, c.want, c.clock.unix(c.t), c.name)
	}
}
