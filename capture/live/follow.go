package live

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"kerbscope/capture"
)

const (
	followEvery = 50 * time.Millisecond // between looks at a file that does not grow
	followAhead = 2                     // batches read ahead
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
		path: path, opts: opts, ready: make(chan followed, followAhead), stop: make(chan struct{}), gone: make(chan struct{}),
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
	t := time.NewTimer(waitFollow)
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
		b.Data, b.Records, b.Notes = r.b.Data, r.b.Records, r.b.Notes
	case <-t.C:
	}
	return nil
}

const waitFollow = 100 * time.Millisecond

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
	done := map[string]time.Time{} // files read to their end, and when they were last written
	for path := f.path; ; {
		t, err := openTail(path, f.stop)
		if err == nil {
			err = f.read(t, &total)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			f.ready <- followed{info: total.info(), err: err}
			return
		}
		next, again := t.successor(done)
		t.f.Close()
		if next == "" {
			return
		}
		if !again {
			done[path] = t.written
		}
		path = next
		f.mu.Lock()
		f.st.Reopened++
		f.mu.Unlock()
	}
}

// read gives the records of one file until its end is certain.
func (f *Follower) read(t *tail, total *account) error {
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
		if err := src.Next(&b); err != nil {
			return err
		}
		total.enter(b.Records)
		f.ready <- followed{b: b, info: total.info()}
	}
}

// An account is the Info of several files after each other.
type account struct {
	before capture.Info
	src    capture.Source
	ifaces []capture.Interface
	map_   []uint32 // interface of the file in hand: index in ifaces
	base   uint64   // frames of the files before
}

func (a *account) begin(src capture.Source) { a.src, a.map_ = src, a.map_[:0] }

func (a *account) enter(recs []capture.Record) {
	for i := range recs {
		r := &recs[i]
		r.Frame += a.base
		if int(r.Interface) >= len(a.map_) {
			a.learn()
		}
		if int(r.Interface) < len(a.map_) {
			r.Interface = a.map_[r.Interface]
		}
	}
}

// learn lists interfaces that came since: each once, however many files have it.
func (a *account) learn() {
	for _, n := range a.src.Info().Interfaces[len(a.map_):] {
		at := slices.Index(a.ifaces, n)
		if at < 0 {
			at = len(a.ifaces)
			a.ifaces = append(a.ifaces, n)
		}
		a.map_ = append(a.map_, uint32(at))
	}
}

func (a *account) end() {
	a.before = a.info()
	a.base, a.src = a.before.Frames, nil
}

func (a *account) info() capture.Info {
	i := a.before
	if a.before.Format == "" {
		i.First, i.Last = capture.NoTime, capture.NoTime
	}
	if a.src != nil {
		n := a.src.Info()
		i.Format, i.Digits = n.Format, max(i.Digits, n.Digits)
		i.Frames += n.Frames
		i.Bytes += n.Bytes
		i.Truncated += n.Truncated
		i.Faulted += n.Faulted
		i.Faults = slices.Concat(i.Faults, n.Faults)
		if n.First != capture.NoTime && (i.First == capture.NoTime || n.First < i.First) {
			i.First = n.First
		}
		i.Last = max(i.Last, n.Last)
	}
	i.Interfaces = a.ifaces[:len(a.ifaces):len(a.ifaces)]
	return i
}

// A tail reads a file that grows: at its end it waits for more, until nothing
// more will come.
type tail struct {
	path    string
	f       *os.File
	off     int64
	written time.Time // when the file was last written, as seen at its end
	emptied bool
	stop    chan struct{}
	stopped bool
}

func openTail(path string, stop chan struct{}) (*tail, error) {
	f, err := os.Open(path)
	if err != nil {
		return &tail{path: path, stop: stop, stopped: true}, err
	}
	return &tail{path: path, f: f, stop: stop}, nil
}

func (t *tail) Read(p []byte) (int, error) {
	for last := false; ; {
		n, err := t.f.Read(p)
		t.off += int64(n)
		if n > 0 || err != nil && err != io.EOF {
			return n, err
		}
		if last {
			return 0, io.EOF
		}
		if last = t.over(); last {
			continue // what was written between the read and the look
		}
		select {
		case <-t.stop:
			t.stopped, last = true, true
		case <-time.After(followEvery):
		}
	}
}

// over tells whether the writer has turned to another file.
func (t *tail) over() bool {
	own, err := t.f.Stat()
	if err != nil || !own.Mode().IsRegular() {
		return false
	}
	t.written = own.ModTime()
	if own.Size() < t.off {
		t.emptied = true
		return true
	}
	if now, err := os.Stat(t.path); err == nil && !os.SameFile(own, now) {
		return true
	}
	return ringNext(t.path, t.written, nil) != ""
}

// successor names the file to go on with, and whether it is of the same name;
// "" for none.
func (t *tail) successor(done map[string]time.Time) (path string, again bool) {
	if t.stopped || t.f == nil {
		return "", false
	}
	own, err := t.f.Stat()
	if err != nil {
		return "", false
	}
	if now, err := os.Stat(t.path); t.emptied || err == nil && !os.SameFile(own, now) {
		return t.path, true
	}
	return ringNext(t.path, t.written, done), false
}

var digitRuns = regexp.MustCompile(`[0-9]+`)

// ringName is what the names of a ring's files have in common.
func ringName(path string) string {
	name := digitRuns.ReplaceAllString(filepath.Base(path), "#")
	// tcpdump -C counts behind the name, from the second file on.
	return strings.TrimSuffix(name, "#")
}

// ringNext returns the file of the same ring that was written first after the
// given time.
func ringNext(path string, after time.Time, done map[string]time.Time) string {
	dir, name := filepath.Dir(path), ringName(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	var best string
	var bestAt time.Time
	for _, e := range entries {
		if e.Name() == filepath.Base(path) || ringName(e.Name()) != name {
			continue
		}
		st, err := e.Info()
		if err != nil || !st.Mode().IsRegular() || st.Size() == 0 {
			continue
		}
		p, at := filepath.Join(dir, e.Name()), st.ModTime()
		if was, ok := done[p]; at.Before(after) || ok && !at.After(was) {
			continue
		}
		if best == "" || at.Before(bestAt) {
			best, bestAt = p, at
		}
	}
	return best
}
