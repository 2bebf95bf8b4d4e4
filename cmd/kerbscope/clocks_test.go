package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
	"kerbscope/capture/etl/etltest"
	"kerbscope/capture/netmontest"
)

// A wrongClock is how far a recording host's clock is off: seconds at the
// first packet, and how much faster it runs.
type wrongClock struct {
	offset time.Duration
	ppm    float64
}

// misset gives every capture a clock of its own.
func misset(list []recording, clocks []wrongClock) []recording {
	return each(list, func(c, _ int, p *recorded) bool {
		p.time += int64(clocks[c].offset) + int64(float64(p.time-list[c].packets[0].time)*clocks[c].ppm/1e6)
		return true
	})
}

// sayings are what findings say but for the times, and for which of the
// captures that hold a frame stands for it in a contrast.
func sayings(t *testing.T, r *analyze.Report) (list []map[string]any) {
	b, err := json.Marshal(r.Findings)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &list))
	for _, f := range list {
		for _, k := range []string{"first", "last", "contrast"} {
			delete(f, k)
		}
	}
	return list
}

// Whatever the clocks of the recording hosts, the report says the same, and
// tells how far they are off.
func TestClocksOfCapturesDoNotMatter(t *testing.T) {
	for _, name := range []string{"seed-story", "clock-skew", "kdc-failover", "all-carriers-healthy", "udp-fragments-lost"} {
		t.Run(name, func(t *testing.T) {
			list := load(t, capturesIn(t, filepath.Join(corpusRoot, name)))
			base := reportOf(t, store(t, filepath.Join(t.TempDir(), "base"), list)...)
			for i, clocks := range [][]wrongClock{
				{{90 * time.Second, 0}, {-time.Hour, 0}, {0, 20}},
				{{0, 20}, {90 * time.Second, 0}, {-time.Hour, 0}},
				{{-time.Hour, 0}, {0, 20}, {90 * time.Second, 0}},
				{{0, 0}, {90 * time.Second, -50}, {-time.Hour, 100}},
			} {
				paths := store(t, filepath.Join(t.TempDir(), fmt.Sprint(i)), misset(list, clocks))
				got := reportOf(t, paths...)
				require.Equal(t, sayings(t, base), sayings(t, got), "%v", clocks)
				for c := range got.Captures {
					truth := (clocks[c].offset - clocks[0].offset).Seconds() + base.Captures[c].ClockOffset.Seconds
					o := got.Captures[c].ClockOffset
					assert.Equal(t, base.Captures[c].ClockOffset.From, o.From)
					assert.InDelta(t, truth, o.Seconds, 1e-3, "%v: %s", clocks, got.Captures[c].Name)
					assert.Less(t, o.Uncertainty, 10e-3)
				}
			}
		})
	}
}

// A clock that runs faster than the reference's is told by how much, and
// convert --align takes that off.
func TestDriftOfACapture(t *testing.T) {
	list := load(t, capturesIn(t, filepath.Join(corpusRoot, "seed-story")))
	slow := each(list, func(_, _ int, p *recorded) bool { // the story in an hour
		p.time = begin(list) + (p.time-begin(list))*1500
		return true
	})
	clocks := []wrongClock{{0, 0}, {90 * time.Second, 0}, {-time.Hour, 20}}
	paths := store(t, filepath.Join(t.TempDir(), "slow"), misset(slow, clocks))
	r := reportOf(t, paths...)
	for i, c := range r.Captures {
		assert.Equal(t, "packets", c.ClockOffset.From)
		// Packets are slow as well, now: up to a hundred milliseconds under way.
		assert.InDelta(t, clocks[i].offset.Seconds(), c.ClockOffset.Seconds, 0.1, c.Name)
		assert.InDelta(t, clocks[i].ppm, c.ClockOffset.DriftPPM, 15, c.Name)
	}
}

// Whose clock a 37 is about does not hang on the clocks of the captures where
// another host's time tells; where only those could, it is left open.
func TestSkewAndCaptureClocksAreToldApart(t *testing.T) {
	list := load(t, capturesIn(t, filepath.Join(corpusRoot, "clock-skew-client")))
	base := reportOf(t, store(t, filepath.Join(t.TempDir(), "base"), list)...)
	require.Len(t, base.Findings, 1)
	require.Len(t, base.Findings[0].FaultAt, 1)
	assert.Equal(t, "10.77.0.30", base.Findings[0].FaultAt[0].Endpoint.Address)
	assert.Contains(t, base.Findings[0].Cause, "The clock of mailbox.pcapng is 10 min ahead")

	swapped := reportOf(t, store(t, filepath.Join(t.TempDir(), "swapped"), []recording{list[1], list[0]})...)
	assert.Equal(t, base.Findings[0].Summary, swapped.Findings[0].Summary, "the order of the captures does not matter")
	assert.Equal(t, base.Findings[0].FaultAt, swapped.Findings[0].FaultAt)

	neither := reportOf(t, store(t, filepath.Join(t.TempDir(), "neither"), misset(list, []wrongClock{{-time.Hour, 0}, {0, 0}}))...)
	require.Len(t, neither.Findings, 1)
	assert.Equal(t, base.Findings[0].ID, neither.Findings[0].ID)
	assert.Empty(t, neither.Findings[0].FaultAt)
}

// The clocks do not matter when each capture is of another kind: an event trace
// of netsh, a Network Monitor file, a pcapng.
func TestClocksOfCapturesOfEveryKind(t *testing.T) {
	list := load(t, capturesIn(t, filepath.Join(corpusRoot, "seed-story")))
	base := reportOf(t, store(t, filepath.Join(t.TempDir(), "base"), list)...)
	clocks := []wrongClock{{90 * time.Second, 0}, {-time.Hour, 0}, {0, 20}}
	list = misset(list, clocks)
	dir := t.TempDir()
	paths := store(t, dir, list)
	var events []etltest.Event
	for i, p := range list[0].packets {
		events = append(events, etltest.Netsh(etltest.Frame{Time: p.time, Data: p.data, Wire: int(p.wire)}, uint16(i%3), etltest.Ethernet, 12, 12))
	}
	monitor := netmontest.File{Minor: 3, Media: 1, Start: list[1].packets[0].time}
	for _, p := range list[1].packets {
		monitor.Frames = append(monitor.Frames, netmontest.Frame{Time: p.time, Data: p.data, Media: 1})
	}
	for i, b := range [][]byte{etltest.Trace{}.Bytes(events), monitor.Bytes()} {
		require.NoError(t, os.Remove(paths[i]))
		paths[i] = strings.TrimSuffix(paths[i], ".pcapng") + []string{".etl", ".cap"}[i]
		require.NoError(t, os.WriteFile(paths[i], b, 0o644))
	}
	got := reportOf(t, paths...)
	require.Equal(t, ruleLines(base), ruleLines(got))
	for c := range got.Captures {
		truth := (clocks[c].offset - clocks[0].offset).Seconds() + base.Captures[c].ClockOffset.Seconds
		assert.InDelta(t, truth, got.Captures[c].ClockOffset.Seconds, 1e-3, got.Captures[c].Name)
	}
	assert.Equal(t, []string{"etl", "netmon", "pcapng"}, []string{got.Captures[0].Format, got.Captures[1].Format, got.Captures[2].Format})
}
