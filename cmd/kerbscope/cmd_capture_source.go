package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"kerbscope/capture"
	"kerbscope/capture/live"
	"kerbscope/capture/live/filter"
	"kerbscope/decode"
)

// readAheadLive is how many batches may wait for the decoder: while it is busy
// the kernel's buffer is emptied here.
const readAheadLive = 8

// A packetSource is where packets come from: an interface, a file that grows,
// or standard input.
type packetSource struct {
	src     capture.Source
	live    live.Source // nil: standard input
	name    string      // of the capture, in findings
	ready   chan captured
	pool    *capture.Pool
	patient bool // packets wait for us: nothing is lost when we are slow
	// lag is how late packets may come here after they were recorded.
	lag time.Duration
}

// captured is a batch, or the end: io.EOF, or why reading broke off.
type captured struct {
	b    *capture.Batch
	info capture.Info
	err  error
}

// openSource opens what the flags name.
func (a *app) openSource(s *captureSettings) (*packetSource, error) {
	p := &packetSource{ready: make(chan captured, readAheadLive), pool: capture.NewPool(readAheadLive + 4)}
	switch {
	case s.read == capture.StandardInput:
		p.name, p.patient, p.lag = "stdin", true, 3*time.Second
		src, err := capture.OpenReader("stdin", a.stdin)
		if err != nil {
			return nil, sourceFailure(err)
		}
		p.src = src
	case s.follow:
		f, err := live.Follow(s.read)
		if err != nil {
			return nil, sourceFailure(err)
		}
		p.src, p.live, p.patient, p.lag = f, f, true, 3*time.Second
		p.name = filepath.Base(s.read)
	default:
		o := live.Options{Interfaces: s.interfaces, SnapLen: s.snapLen, Promiscuous: !s.calm, Filter: s.filter}
		if !s.filtered && !s.allPorts {
			var ports filter.Ports
			ports.TCP, ports.TLS, ports.UDP = decode.Ports()
			o.Program = live.DefaultFilter(ports)
		}
		h, err := live.Open(o)
		if err != nil {
			return nil, sourceFailure(err)
		}
		p.src, p.live = h, h
		p.name = strings.Join(s.interfaces, "+")
	}
	return p, nil
}

// run reads until the end. It belongs into a goroutine of its own.
func (p *packetSource) run() {
	for {
		b := p.pool.Get()
		err := p.src.Next(b)
		if err != nil {
			b.Release()
			p.ready <- captured{info: p.src.Info(), err: err}
			return
		}
		if len(b.Records) == 0 {
			b.Release()
			continue
		}
		decode.Prepare(b)
		p.ready <- captured{b: b, info: p.src.Info()}
	}
}

// stop ends reading. It tells whether what is still to come is worth waiting
// for: a read of a pipe cannot be interrupted.
func (p *packetSource) stop() bool {
	if p.live == nil {
		return false
	}
	p.live.Break()
	return true
}

// widen lets more ports through the filter that was made for us. One that the
// kernel refuses leaves the filter as it was.
func (p *packetSource) widen(ports []uint16) {
	if h, ok := p.live.(*live.Handle); ok {
		_ = h.Widen(ports...)
	}
}

func (p *packetSource) stats() live.Stats {
	if p.live == nil {
		return live.Stats{}
	}
	return p.live.Stats()
}

// sourceFailure is the message for a capture that could not start.
func sourceFailure(err error) error {
	f := &failure{status: exitCapture, what: err.Error()}
	var path *fs.PathError
	if errors.As(err, &path) {
		f.what = path.Path + ": " + plainError(err)
	}
	var permission *live.PermissionError
	var source *live.NoSourceError
	var iface *live.InterfaceError
	var expression *filter.Error
	var format *capture.FormatError
	switch {
	case errors.As(err, &permission):
		f.hint = permission.Hint
	case errors.As(err, &source):
		f.hint = source.Hint
	case errors.As(err, &iface):
		f.hint = iface.Hint
	case errors.As(err, &expression):
		f.status = exitUsage
	case errors.As(err, &format):
		f.what, f.hint = format.Error(), format.Hint
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		f.what = "standard input ended before a capture began"
	}
	return f
}

// listInterfaces prints what there is to capture on, for -D.
func (a *app) listInterfaces() int {
	list, err := live.Interfaces()
	if err != nil {
		return a.fail(sourceFailure(err))
	}
	var b strings.Builder
	for i, n := range list {
		fmt.Fprintf(&b, "%d. %s", i+1, escape(n.Name))
		var about []string
		if n.Description != "" {
			about = append(about, escape(n.Description))
		}
		for _, addr := range n.Addresses {
			about = append(about, addr.String())
		}
		switch {
		case n.Name == live.Any:
		case n.Loopback:
			about = append(about, "loopback")
		case !n.Up:
			about = append(about, "down")
		}
		if len(about) > 0 {
			fmt.Fprintf(&b, "  (%s)", strings.Join(about, ", "))
		}
		b.WriteByte('\n')
	}
	if len(list) == 0 {
		a.hint("no interface that this user may capture on")
	}
	return a.print(b.String())
}
