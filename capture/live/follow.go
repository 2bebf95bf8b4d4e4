package live

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"kerbscope/capture"
)

const (
	followEvery = 50 * time.Millisecond  // between looks at a file that does not grow
	followWait  = 100 * time.Millisecond // for which Next waits
	followAhead = 2                      // batches read ahead
)

// A Follower reads a capture file (pcap, pcapng) that another program is still
// writing, and then what replaces or succeeds it: a new file of the same name
// (the old one renamed, or emptied), or the next file of a ring (dumpcap -b,
// tcpdump -C, -G, -W), whose name differs in numbers only. Frames are numbered
// through. It has Handle's methods, and Next returns as Handle's does.
type Follower struct {
	path  string
	opts  []capture.Option
	ready chan followed
	spare chan capture.Batch // buffers that the caller has given back
	stop  chan struct{}
	once  sync.Once
	gone  chan struct{} // closed when the reading goroutine is
	err   error

	mu   sync.Mutex
	info capture.Info
	st   Stats
}

type followed struct {
	b    capture.Batch
	info capture.Info
	err  error
}

// Follow opens the capture at path to read on as it grows. A file that is
// there and is no capture, or of a kind that cannot be read while it grows,
// gives a *capture.FormatError; one that cannot be opened, the operating
// system's error. An empty file is waited for.
func Follow(path string, opts ...capture.Option) (*Follower, error) {
	if err := followable(path); err != nil {
		return nil, err
	}
	f := &Follower{
		path: path, opts: opts, ready: make(chan followed, followAhead), spare: make(chan capture.Batch, followAhead+1), stop: make(chan struct{}), gone: make(chan struct{}),
		info: capture.Info{Format: "live", First: capture.NoTime, Last: capture.NoTime},
	}
	go f.run()
	return f, nil
}

// followable looks at what is there of the file.
func followable(path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if st.Mode().IsRegular() && st.Size() < leastHead {
		return nil
	}
	src, err := capture.Open(path)
	if err != nil {
		return err
	}
	defer src.Close()
	if f := src.Info().Format; f != "pcap" && f != "pcapng" {
		return &capture.FormatError{Path: path, What: "a capture in " + f + " format cannot be read while it grows", Hint: "only pcap and pcapng can; read it when it is complete", Capture: true}
	}
	return nil
}

// leastHead is how much it takes to tell a pcap file (its header).
const leastHead = 24

// Next fills b as Handle.Next does.
func (f *Follower) Next(b *capture.Batch) error {
	b.Data, b.Records, b.Notes = b.Data[:0], b.Records[:0], b.Notes[:0]
	if f.err != nil {
		return f.err
	}
	t := time.NewTimer(followWait)
	defer t.Stop()
	select {
	case r, ok := <-f.ready:
		if !ok {
			f.err = io.EOF
			return io.EOF
		}
		f.mu.Lock()
		f.info = r.info
		f.mu.Unlock()
		if r.err != nil {
			f.err = r.err
			return r.err
		}
		select {
		case f.spare <- capture.Batch{Data: b.Data, Records: b.Records, Notes: b.Notes}:
		default:
		}
		b.Data, b.Records, b.Notes = r.b.Data, r.b.Records, r.b.Notes
	case <-t.C:
	}
	return nil
}

// Break lets Next read what is in the file now, and then return io.EOF.
func (f *Follower) Break() { f.once.Do(func() { close(f.stop) }) }

// Stats tells how many packets were read, and in Reopened how many files
// succeeded the first.
func (f *Follower) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.st
	s.Received = f.info.Frames
	return s
}

func (f *Follower) Info() capture.Info {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.info
}

func (f *Follower) Close() error {
	f.Break()
	for range f.ready { // what is not wanted any more
	}
	<-f.gone
	f.err = io.EOF
	return nil
}

// run reads file after file.
func (f *Follower) run() {
	defer close(f.gone)
	defer close(f.ready)
	var total account
	var last atomic.Int64
	done := map[string]time.Time{}
	for path := f.path; path != ""; {
		t, err := openTail(path, f.stop, &last, done)
		if errors.Is(err, fs.ErrNotExist) && f.pause() {
			continue // renamed, and the new one is to come
		}
		if err == nil {
			err = f.read(t, &total, &last)
			path = t.successor()
			t.f.Close()
		}
		if err != nil && !errors.Is(err, io.EOF) {
			f.ready <- followed{info: total.info(), err: err}
			return
		}
		if path != "" {
			f.mu.Lock()
			f.st.Reopened++
			f.mu.Unlock()
			f.pause()
		}
	}
}

// pause waits before another look; it is false after Break.
func (f *Follower) pause() bool {
	select {
	case <-f.stop:
		return false
	case <-time.After(followEvery):
		return true
	}
}

// read gives the records of one file until its end is certain.
func (f *Follower) read(t *tail, total *account, last *atomic.Int64) error {
	src, err := capture.OpenReader(t.path, t, f.opts...)
	if err != nil {
		var fe *capture.FormatError
		if errors.As(err, &fe) && t.off == 0 {
			return io.EOF // ended before anything was written
		}
		return err
	}
	defer src.Close()
	total.begin(src)
	defer total.end()
	for {
		var b capture.Batch
		select {
		case b = <-f.spare:
		default:
		}
		if err := src.Next(&b); err != nil {
			return err
		}
		total.enter(b.Records)
		last.Store(total.info().Last)
		f.ready <- followed{b: b, info: total.info()}
	}
}
