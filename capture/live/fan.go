//go:build libpcap || (windows && (amd64 || arm64)) || darwin || freebsd || netbsd || openbsd

package live

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"kerbscope/capture"
)

// A fan is a source of one reader for each interface, where the system's way
// of reading waits for one interface alone. A goroutine for each moves packets
// into chunks, and next puts those of all in order of time.
type fan struct {
	o    Options
	open func(o *Options, name string) (reader, error)
	legs []*leg
	more chan struct{} // there may be a chunk, or an end
	halt chan struct{} // closed by stop
	once sync.Once
	at   atomic.Int64 // when stop was called, ns; packets after it are not given

	mu     sync.Mutex
	ifaces []capture.Interface
	past   Stats // of closed readers
	again  uint64
}

// A reader is one open interface.
type reader interface {
	link() capture.LinkType
	// read calls put for packets that are there, and returns after some of
	// them, or after readWait without. data is not kept.
	read(put func(at int64, data []byte, wire int)) error
	filter(o *Options) error
	counts() (kernel, card uint64) // drops
	close()
}

const (
	waitMost  = 100 * time.Millisecond
	readWait  = 20 * time.Millisecond // that the system may keep a packet, and that a read waits for one
	holdBack  = 4 * readWait          // by then all interfaces have handed over what they saw
	drainMost = time.Second           // from stop to the end
	tryEvery  = time.Second           // to open an interface that is gone
	chunkSize = 256 << 10
)

// A leg is an interface that was asked for.
type leg struct {
	name   string
	iface  uint32
	reader reader // nil while it is gone; with fan.mu
	taken  atomic.Uint64
	ready  chan *chunk
	spare  chan *chunk
	cur    *chunk // of next: the chunk in hand
	pos    int    // record in it
}

type chunk struct {
	data []byte
	recs []capture.Record
}

func openFan(o *Options, open func(o *Options, name string) (reader, error)) (source, error) {
	f := &fan{o: *o, open: open, more: make(chan struct{}, 1), halt: make(chan struct{})}
	chunks := max(o.Buffer/chunkSize/4, 2) // beside the system's own buffer
	for _, name := range distinct(o.Interfaces) {
		r, err := open(o, name)
		if err != nil {
			for _, l := range f.legs {
				l.reader.close()
			}
			return nil, err
		}
		f.legs = append(f.legs, &leg{name: name, reader: r, iface: f.addInterface(name, r.link()), ready: make(chan *chunk, chunks), spare: make(chan *chunk, chunks)})
	}
	for _, l := range f.legs {
		go f.run(l, l.reader)
	}
	return f, nil
}

func distinct(names []string) []string {
	var list []string
	seen := map[string]bool{}
	for _, n := range names {
		if !seen[n] {
			list = append(list, n)
		}
		seen[n] = true
	}
	return list
}

// addInterface returns the index of an interface, which is listed once for
// each link type that it had.
func (f *fan) addInterface(name string, link capture.LinkType) uint32 {
	for i, n := range f.ifaces {
		if n.Name == name && n.Link == link {
			return uint32(i)
		}
	}
	f.ifaces = append(f.ifaces, capture.Interface{Name: name, Link: link, SnapLen: uint32(f.o.SnapLen), TicksPS: 1e9, Filter: f.o.filterText()})
	return uint32(len(f.ifaces) - 1)
}

func (f *fan) stopped() bool {
	select {
	case <-f.halt:
		return true
	default:
		return false
	}
}

// run reads one interface until stop, opening it again when it comes back.
func (f *fan) run(l *leg, r reader) {
	defer close(l.ready)
	for r != nil {
		link, iface := r.link(), l.iface
		for {
			var c *chunk
			select {
			case c = <-l.spare:
				c.data, c.recs = c.data[:0], c.recs[:0]
			default:
				c = &chunk{data: make([]byte, 0, chunkSize)}
			}
			late := false
			err := r.read(func(at int64, data []byte, wire int) {
				if end := f.at.Load(); end != 0 && at > end {
					late = true
					return
				}
				data = data[:min(len(data), f.o.SnapLen)]
				c.recs = append(c.recs, capture.Record{Time: at, Off: uint32(len(c.data)), Len: uint32(len(data)), Wire: uint32(max(wire, len(data))), Interface: iface, Link: link})
				c.data = append(c.data, data...)
				l.taken.Add(1)
			})
			empty := len(c.recs) == 0
			if !empty {
				l.ready <- c
				f.tell()
			}
			if err != nil || late || empty && f.stopped() && time.Now().UnixNano()-f.at.Load() > int64(holdBack) {
				break
			}
		}
		f.mu.Lock()
		f.count(r, &f.past)
		l.reader = nil
		f.mu.Unlock()
		r.close()
		r = f.reopen(l)
	}
	f.tell()
}

// reopen waits for an interface to come back; nil after stop.
func (f *fan) reopen(l *leg) reader {
	for !f.stopped() {
		f.mu.Lock()
		o := f.o
		f.mu.Unlock()
		if r, err := f.open(&o, l.name); err == nil {
			f.mu.Lock()
			defer f.mu.Unlock()
			l.reader, l.iface = r, f.addInterface(l.name, r.link())
			f.again++
			return r
		}
		select {
		case <-f.halt:
		case <-time.After(tryEvery):
		}
	}
	return nil
}

func (f *fan) tell() {
	select {
	case f.more <- struct{}{}:
	default:
	}
}

func (f *fan) next(b *capture.Batch) error {
	timer := time.NewTimer(waitMost)
	defer timer.Stop()
	for {
		hold, ended := f.take(b)
		if len(b.Records) > 0 {
			return nil
		}
		if ended || f.overdue() {
			return io.EOF
		}
		var wake <-chan time.Time
		if hold > 0 {
			wake = time.After(hold)
		}
		select {
		case <-f.more:
		case <-wake:
		case <-timer.C:
			return nil
		}
	}
}

// take moves packets to b in order of time. It returns for how long the next
// is to be held back, and whether none will come any more.
func (f *fan) take(b *capture.Batch) (hold time.Duration, ended bool) {
	now := time.Now().UnixNano()
	for {
		var first *leg
		var missing bool
		open := 0
		for _, l := range f.legs {
			if l.cur == nil || l.pos == len(l.cur.recs) {
				if l.cur != nil {
					select {
					case l.spare <- l.cur:
					default:
					}
					l.cur = nil
				}
				select {
				case c, ok := <-l.ready:
					if !ok {
						continue
					}
					l.cur, l.pos = c, 0
				default:
					missing = true
					open++
					continue
				}
			}
			open++
			if first == nil || l.cur.recs[l.pos].Time < first.cur.recs[first.pos].Time {
				first = l
			}
		}
		if first == nil {
			return 0, open == 0
		}
		r := first.cur.recs[first.pos]
		if age := time.Duration(now - r.Time); missing && age < holdBack && age > -holdBack && len(first.ready) < cap(first.ready)/2 {
			return max(holdBack-age, time.Millisecond), false
		}
		if len(b.Data)+int(r.Len) > cap(b.Data) {
			if len(b.Records) > 0 {
				return 0, false
			}
			b.Data = make([]byte, 0, max(batchBytes, int(r.Len)))
		}
		data := first.cur.data[r.Off : r.Off+r.Len]
		r.Off = uint32(len(b.Data))
		b.Data = append(b.Data, data...)
		b.Records = append(b.Records, r)
		first.pos++
	}
}

func (f *fan) interfaces() []capture.Interface {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ifaces[:len(f.ifaces):len(f.ifaces)]
}

func (f *fan) count(r reader, s *Stats) {
	kernel, card := r.counts()
	s.KernelDropped += kernel
	s.InterfaceDropped += card
}

func (f *fan) stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.past
	s.Reopened = f.again
	for _, l := range f.legs {
		if l.reader == nil {
			s.Down = append(s.Down, l.name)
		} else {
			f.count(l.reader, &s)
		}
		s.Received += l.taken.Load()
	}
	s.Received += s.KernelDropped
	return s
}

func (f *fan) refilter(p *Program) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.o.Program = p
	var errs []error
	for _, l := range f.legs {
		if l.reader != nil {
			errs = append(errs, l.reader.filter(&f.o))
		}
	}
	return errors.Join(errs...)
}

func (f *fan) stop() {
	f.once.Do(func() {
		f.at.Store(time.Now().UnixNano())
		close(f.halt)
	})
}

// overdue tells that readers had their time to end: where a read does not
// return without packets, it is not waited for.
func (f *fan) overdue() bool {
	at := f.at.Load()
	return at != 0 && time.Now().UnixNano()-at > int64(drainMost)
}

// close takes what is still to come, so that the goroutines end.
func (f *fan) close() error {
	f.stop()
	late := time.After(drainMost)
	for _, l := range f.legs {
		for open := true; open; {
			select {
			case _, open = <-l.ready:
			case <-late:
				return nil
			}
		}
	}
	return nil
}
