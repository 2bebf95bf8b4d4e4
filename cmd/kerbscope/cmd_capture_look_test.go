package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// New trouble is told within two seconds as long as looks leave time to
// packets; more of the same waits.
func TestLookTimer(t *testing.T) {
	for _, v := range []struct{ paused, took time.Duration }{
		{0, 0}, {time.Millisecond, 20 * time.Millisecond}, {80 * time.Millisecond, 300 * time.Millisecond}, {200 * time.Millisecond, 700 * time.Millisecond},
		{250 * time.Millisecond, 850 * time.Millisecond}, {400 * time.Millisecond, 900 * time.Millisecond}, {time.Second, 4 * time.Second}, {3 * time.Second, 90 * time.Second},
	} {
		var l lookTimer
		at := time.Unix(1000, 0)
		require.False(t, l.due(at, 0, 0), "nothing came")
		require.True(t, l.due(at, 1, 1))
		l.begin(at, 1, 1)
		l.ended(v.paused, v.took)
		late := l.urgent + v.took
		if v.took <= 850*time.Millisecond {
			assert.LessOrEqual(t, late, tellWithin, v)
		}
		assert.LessOrEqual(t, v.paused*pauseShare, l.urgent, v)
		assert.LessOrEqual(t, v.took*5/4, l.urgent, v)
		assert.LessOrEqual(t, l.urgent, l.wait, v)
		assert.LessOrEqual(t, l.wait, max(lookLeast, l.urgent), v)
		assert.False(t, l.due(at.Add(l.urgent-1), 2, 2))
		assert.True(t, l.due(at.Add(l.urgent), 2, 2), "new trouble")
		assert.Equal(t, l.wait == l.urgent, l.due(at.Add(l.urgent), 3, 1), "more of the same")
		assert.True(t, l.due(at.Add(l.wait), 3, 1))
		at = at.Add(l.wait)
		l.begin(at, 3, 1)
		assert.Equal(t, l.wait <= settling, l.due(at.Add(l.wait), 3, 1), "what is not answered, is so after a while")
		assert.False(t, l.due(at.Add(settling+1), 3, 1), "nothing came for long")
	}
}

// Looks are frequent at first, and keep to their share where new trouble never
// ends; after a calm hour they are frequent again.
func TestLooksKeepToTheirShare(t *testing.T) {
	const took = 600 * time.Millisecond
	var l lookTimer
	at, version := time.Unix(1000, 0), uint64(0)
	looks := func(d time.Duration) (n int) {
		for end := at.Add(d); at.Before(end); at = at.Add(100 * time.Millisecond) {
			version++
			if l.due(at, version, version) {
				l.begin(at, version, version)
				l.ended(0, took)
				n++
			}
		}
		return n
	}
	assert.GreaterOrEqual(t, looks(6*time.Second), 5)
	looks(time.Minute)
	n := looks(10 * time.Minute)
	assert.InDelta(t, 10*time.Minute/steadyShare, time.Duration(n)*took, float64(10*time.Second))
	at = at.Add(time.Hour)
	assert.GreaterOrEqual(t, looks(6*time.Second), 5)
}
