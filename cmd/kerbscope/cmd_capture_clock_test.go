package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestClockWatch(t *testing.T) {
	var w clockWatch
	at := time.Now()
	assert.Zero(t, w.step(at))
	assert.Zero(t, w.step(at.Add(time.Hour)), "time goes by")
	step := func(clock, passed time.Duration) time.Duration { return w.apart(clock, passed).Round(time.Second) }
	off, passed := time.Duration(0), time.Duration(0)
	for range 10000 { // kept right by half a second in a thousand
		passed += time.Second
		off += 500 * time.Microsecond
		assert.Zero(t, step(passed+off, passed))
	}
	off += time.Hour
	assert.Equal(t, time.Hour, step(passed+off, passed))
	passed += time.Second
	assert.Zero(t, step(passed+off, passed))
	off -= 2 * time.Hour
	assert.Equal(t, -2*time.Hour, step(passed+off, passed))
	assert.Zero(t, step(passed+off, passed))
}
