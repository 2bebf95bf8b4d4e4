package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"kerbscope/capture"
)

// progressAfter is how long work must take before progress is shown.
const progressAfter = time.Second

// progress shows on standard error what is being read, how fast and how long
// that still takes, on one line that it takes away at the end. Only on a
// terminal, and only when it takes long.
type progress struct {
	a     *app
	total uint64 // bytes of all inputs; 0: not known

	mu     sync.Mutex
	name   string
	frames uint64
	read   map[string]uint64 // about as many bytes of each input's file
	shown  bool
	done   chan struct{}
	gone   chan struct{}
}

// recordHeader is what stands before a packet in most capture files, bytes.
const recordHeader = 16

// progress starts showing; a nil progress shows nothing.
func (a *app) progress(quiet bool, inputs []capture.Input) *progress {
	if quiet || !isTerminal(a.stderr) {
		return nil
	}
	a.shown = &progress{a: a, total: sizeOf(inputs), read: map[string]uint64{}, done: make(chan struct{}), gone: make(chan struct{})}
	go a.shown.run()
	return a.shown
}

// sizeOf is how many bytes of capture the inputs hold, 0 when one does not
// tell: standard input, and files that are compressed.
func sizeOf(inputs []capture.Input) (sum uint64) {
	for _, in := range inputs {
		info, err := os.Stat(in.Path)
		switch strings.ToLower(filepath.Ext(in.Path)) {
		case ".gz", ".zst":
			return 0
		}
		if in.Path == capture.StandardInput || err != nil || !info.Mode().IsRegular() {
			return 0
		}
		sum += uint64(info.Size())
	}
	return sum
}

func (p *progress) run() {
	defer close(p.gone)
	wait := time.NewTimer(progressAfter)
	defer wait.Stop()
	began := time.Now()
	rate, last, lastAt := 0.0, uint64(0), began
	for {
		select {
		case <-p.done:
			return
		case now := <-wait.C:
			p.mu.Lock()
			sum := p.sum()
			if d := now.Sub(lastAt).Seconds(); d > 0 && sum >= last { // less: a second pass began
				r := float64(sum-last) / d
				if rate == 0 {
					rate = r
				}
				rate += (r - rate) / 4
			}
			last, lastAt = sum, now
			fmt.Fprintf(p.a.stderr, "\r%-78s", clip(progressLine(p.name, p.frames, sum, p.total, rate), 78))
			p.shown = true
			p.mu.Unlock()
			wait.Reset(progressAfter / 5)
		}
	}
}

// progressLine is what is shown; total and rate (bytes a second) are 0 when
// not known.
func progressLine(name string, frames, sum, total uint64, rate float64) string {
	line := fmt.Sprintf("reading %s: %s", escape(name), plural(frames, "frame"))
	if rate >= 1 {
		line += ", " + bytesText(rate) + "/s"
		if total > sum {
			line += fmt.Sprintf(", %d %% of %s, %s left", sum*100/total, bytesText(float64(total)), clockText(time.Duration(float64(total-sum)/rate*float64(time.Second))+time.Second))
		}
	}
	return line
}

// bytesText is a number of bytes as people read it, in powers of ten.
func bytesText(n float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if n < 999.5 {
			return fmt.Sprintf("%.3g %s", n, unit)
		}
		n /= 1000
	}
	return fmt.Sprintf("%.3g TB", n)
}

// sum is about how many bytes were read of all inputs.
func (p *progress) sum() (n uint64) {
	for _, b := range p.read {
		n += b
	}
	return n
}

// clear takes the line away, before something else is written there.
func (p *progress) clear() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprintf(p.a.stderr, "\r%78s\r", "")
		p.shown = false
	}
}

// update tells how many bytes of packets and frames were read of an input.
func (p *progress) update(name string, bytes, frames uint64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.name, p.frames = name, frames
	p.read[name] = bytes + frames*recordHeader
	p.mu.Unlock()
}

func (p *progress) stop() {
	if p == nil {
		return
	}
	close(p.done)
	<-p.gone
	p.clear()
}
