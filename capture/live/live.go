// Package live captures from network interfaces: packets become Batches as
// those of a file do. Which source a build has, SourceName tells.
package live

import (
	"io"
	"sync"

	"kerbscope/capture"
)

// Any is the name that stands for all interfaces, also those that appear later.
const Any = "any"

// Options tell Open what to capture.
type Options struct {
	Interfaces  []string // names as Interfaces lists them, or Any alone
	SnapLen     int      // bytes kept of a packet; 0: DefaultSnapLen
	Promiscuous bool     // ask cards for frames to other stations as well; never for Any and loopback
	Filter      string   // in the language of pcap-filter (see package filter for how much of it); "": see Program
	Program     *Program // used when Filter is empty; nil: everything is captured
	Buffer      int      // bytes that hold packets until Next takes them, for each interface; 0: DefaultBuffer, twice that when everything is captured
}

const (
	DefaultSnapLen = 262144   // as dumpcap's
	DefaultBuffer  = 24 << 20 // a second and a half of what passes the default filter at 2 Gbit/s
	batchBytes     = 256 << 10
)

// Stats are counted since Open.
type Stats struct {
	Received         uint64   // packets that passed the filter, with those dropped for want of buffer
	KernelDropped    uint64   // of them, dropped because the buffer was full
	InterfaceDropped uint64   // dropped by cards before the filter, as far as their drivers tell
	Reopened         uint64   // times that an interface was opened again after it was gone
	Down             []string // interfaces that are down or gone now
}

// A Handle is an open live capture. It is a capture.Source whose Next also
// returns without records. All methods are for any goroutine.
type Handle struct {
	src     source
	reading sync.Mutex // held by Next, and by Close
	mu      sync.Mutex
	info    capture.Info
	opts    Options
	learned int    // ports that Widen added
	seen    uint64 // last frame number given
	done    bool
}

// A Source is what Open and Follow give.
type Source interface {
	capture.Source
	Break()
	Stats() Stats
}

var (
	_ Source = (*Handle)(nil)
	_ Source = (*Follower)(nil)
)

// A source is what the operating system captures with.
type source interface {
	// next appends packets to b, waiting at most waitMost for the first of
	// them; io.EOF once stop was called and all was given.
	next(b *capture.Batch) error
	// interfaces are those of Record.Interface; they only grow.
	interfaces() []capture.Interface
	stats() Stats // from any goroutine
	// refilter sets another program, from any goroutine.
	refilter(p *Program) error
	stop() // from any goroutine, any number of times
	close() error
}

// Open begins to capture. What the filter refuses is never captured, also not
// between the opening and the setting of the filter. Errors are
// *PermissionError, *NoSourceError, *InterfaceError, *filter.Error, or the
// operating system's.
func Open(o Options) (*Handle, error) {
	if o.SnapLen <= 0 || o.SnapLen > DefaultSnapLen {
		o.SnapLen = DefaultSnapLen
	}
	if o.Buffer <= 0 {
		o.Buffer = DefaultBuffer
		if o.Filter == "" && o.Program == nil {
			o.Buffer *= 2
		}
	}
	if len(o.Interfaces) == 0 {
		return nil, &InterfaceError{What: "no interface named", Hint: "kerbscope capture -D lists them"}
	}
	src, err := openSource(&o)
	if err != nil {
		return nil, err
	}
	return &Handle{
		src: src, opts: o,
		info: capture.Info{Format: "live", First: capture.NoTime, Last: capture.NoTime, Digits: 9, Interfaces: src.interfaces()},
	}, nil
}

// Next fills b with packets; with none, and no error, when none came for 100
// milliseconds. It returns io.EOF after Break, once what was captured before it
// is given. Any other error ends the capture.
func (h *Handle) Next(b *capture.Batch) error {
	b.Data, b.Records, b.Notes = b.Data[:0], b.Records[:0], b.Notes[:0]
	h.reading.Lock()
	defer h.reading.Unlock()
	if h.done {
		return io.EOF
	}
	err := h.src.next(b)
	h.mu.Lock()
	h.count(b.Records)
	h.mu.Unlock()
	if err != nil {
		h.done = true
		if len(b.Records) > 0 && err == io.EOF {
			return nil
		}
	}
	return err
}

// count numbers the records and enters them into Info.
func (h *Handle) count(recs []capture.Record) {
	i := &h.info
	for n := range recs {
		r := &recs[n]
		h.seen++
		r.Frame = h.seen
		i.Bytes += uint64(r.Len)
		if r.Len < r.Wire {
			i.Truncated++
		}
		if r.Time < i.First || i.First == capture.NoTime {
			i.First = r.Time
		}
		i.Last = max(i.Last, r.Time)
	}
	i.Frames = h.seen
}

// Break ends the capture: no further packet is taken, and Next gives what is
// held and then io.EOF.
func (h *Handle) Break() { h.src.stop() }

// Stats tells what came and what was lost.
func (h *Handle) Stats() Stats { return h.src.stats() }

// Info tells what Next has given so far. Losses stand in Lost when there are any.
func (h *Handle) Info() capture.Info {
	s := h.src.stats()
	h.mu.Lock()
	defer h.mu.Unlock()
	i := h.info
	i.Interfaces = h.src.interfaces()
	if s.KernelDropped > 0 {
		i.Lost = append(i.Lost, capture.Count{Name: capture.DroppedByKernel, N: s.KernelDropped})
	}
	if s.InterfaceDropped > 0 {
		i.Lost = append(i.Lost, capture.Count{Name: capture.DroppedByInterface, N: s.InterfaceDropped})
	}
	return i
}

// Close ends the capture. Packets that Next did not give are lost; a Next
// under way returns first.
func (h *Handle) Close() error {
	h.src.stop()
	h.reading.Lock()
	defer h.reading.Unlock()
	h.done = true
	return h.src.close()
}
