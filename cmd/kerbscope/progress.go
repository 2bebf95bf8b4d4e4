package main

import (
	"fmt"
	"sync"
	"time"
)

// progressAfter is how long work must take before progress is shown.
const progressAfter = time.Second

// progress shows on standard error what is being read, on one line that it
// takes away at the end. Only on a terminal, and only when it takes long.
type progress struct {
	a      *app
	mu     sync.Mutex
	name   string
	frames uint64
	shown  bool
	done   chan struct{}
	gone   chan struct{}
}

// progress starts showing; a nil progress shows nothing.
func (a *app) progress(quiet bool) *progress {
	if quiet || !isTerminal(a.stderr) {
		return nil
	}
	a.shown = &progress{a: a, done: make(chan struct{}), gone: make(chan struct{})}
	go a.shown.run()
	return a.shown
}

func (p *progress) run() {
	defer close(p.gone)
	wait := time.NewTimer(progressAfter)
	defer wait.Stop()
	for {
		select {
		case <-p.done:
			return
		case <-wait.C:
			p.mu.Lock()
			line := fmt.Sprintf("reading %s: %s", escape(p.name), plural(p.frames, "frame"))
			fmt.Fprintf(p.a.stderr, "\r%-78s", clip(line, 78))
			p.shown = true
			p.mu.Unlock()
			wait.Reset(progressAfter / 5)
		}
	}
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

func (p *progress) update(name string, frames uint64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.name, p.frames = name, frames
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
