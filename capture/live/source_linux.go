//go:build !libpcap

package live

import (
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"kerbscope/capture"
)

// SourceName is what this build captures with, in words.
const SourceName = "packet sockets"

const (
	waitMost   = 100 * time.Millisecond
	retireOne  = 50                    // ms after which the kernel hands over a block that is not full
	retireMany = 20                    // the same, where packets of several interfaces are to be put in order
	holdBack   = 50 * time.Millisecond // by then all interfaces have handed over what they saw
	drainMost  = 500 * time.Millisecond
	lookEvery  = time.Second // for interfaces that are gone, should no event tell
	lookApart  = 20 * time.Millisecond
	cardsEvery = time.Second
)

// packetSockets is the source of Linux: one tap for each interface, or one for
// all.
type packetSockets struct {
	o     Options
	wake  int // eventfd that stop writes to
	watch int // netlink socket that tells of interfaces coming and going; -1: none
	halt  atomic.Bool

	shutAt time.Time // when stop was carried out; written with mu held
	lookAt time.Time // when to look at the interfaces next

	mu       sync.Mutex
	slots    []*slot
	leaving  []*tap // of interfaces that are gone: what their rings hold is still given
	ifaces   []capture.Interface
	byIndex  map[uint32]uint32 // of Any: index in ifaces
	names    map[uint32]string // of Any: all interfaces ever seen
	lo       uint32
	past     Stats // of closed taps
	cards    uint64
	cardsAt  time.Time
	reopened uint64
}

// A slot is an interface that was asked for.
type slot struct {
	name string
	tap  *tap // nil while it is gone
}

func openSource(o *Options) (source, error) {
	s := &packetSockets{o: *o, wake: -1, watch: -1, byIndex: map[uint32]uint32{}, names: map[uint32]string{}}
	if err := s.open(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *packetSockets) open() (err error) {
	if s.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return os.NewSyscallError("eventfd", err)
	}
	if s.watch = watchLinks(); s.watch < 0 {
		s.lookAt = time.Now().Add(lookEvery)
	}
	names, err := interfaceNames(s.o.Interfaces)
	if err != nil {
		return err
	}
	for _, name := range names {
		s.slots = append(s.slots, &slot{name: name})
	}
	s.learnNames()
	for _, sl := range s.slots {
		if sl.tap, err = s.openTap(sl.name); err != nil {
			return err
		}
	}
	return nil
}

// interfaceNames drops repetitions; Any stands for all others.
func interfaceNames(asked []string) ([]string, error) {
	var names []string
	seen := map[string]bool{}
	for _, n := range asked {
		if n == "" {
			return nil, &InterfaceError{What: "an interface without a name", Hint: "kerbscope capture -D lists them"}
		}
		if !seen[n] {
			names = append(names, n)
		}
		seen[n] = true
	}
	if seen[Any] {
		return []string{Any}, nil
	}
	return names, nil
}

func (s *packetSockets) openTap(name string) (*tap, error) {
	retire := retireOne
	if len(s.slots) > 1 {
		retire = retireMany
	}
	t, err := openTap(&s.o, name, s.o.Buffer, retire)
	if err != nil {
		return nil, err
	}
	if name != Any {
		t.iface = s.addInterface(name, t.link)
	}
	return t, nil
}

// addInterface returns the index of an interface, which is listed once for
// each link type that it had.
func (s *packetSockets) addInterface(name string, link capture.LinkType) uint32 {
	for i, f := range s.ifaces {
		if f.Name == name && f.Link == link {
			return uint32(i)
		}
	}
	s.ifaces = append(s.ifaces, capture.Interface{Name: name, Link: link, SnapLen: uint32(s.o.SnapLen), TicksPS: 1e9, Filter: s.o.filterText()})
	return uint32(len(s.ifaces) - 1)
}

func (s *packetSockets) interfaces() []capture.Interface {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ifaces[:len(s.ifaces):len(s.ifaces)]
}

func (s *packetSockets) stop() {
	if s.halt.CompareAndSwap(false, true) {
		unix.Write(s.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

func (s *packetSockets) next(b *capture.Batch) error {
	until := time.Now().Add(waitMost)
	for {
		now := time.Now()
		if s.halt.Load() && s.shutAt.IsZero() {
			s.shut(now)
		}
		if !s.shutAt.IsZero() && now.Sub(s.shutAt) > 2*drainMost {
			return io.EOF
		}
		again := s.take(b, now)
		if len(b.Records) > 0 {
			return nil
		}
		if !s.shutAt.IsZero() && (s.drained() || now.Sub(s.shutAt) > drainMost) {
			return io.EOF
		}
		if !now.Before(until) {
			return nil
		}
		s.wait(min(until.Sub(now), again), again < waitMost)
		if now = time.Now(); !s.lookAt.IsZero() && now.After(s.lookAt) {
			s.look(now)
		}
	}
}

// wait sleeps until packets, an event or a timeout come; with held, packets
// are there and wait for their time.
func (s *packetSockets) wait(timeout time.Duration, held bool) {
	fds := make([]unix.PollFd, 0, 8)
	if s.shutAt.IsZero() {
		fds = append(fds, unix.PollFd{Fd: int32(s.wake), Events: unix.POLLIN})
	}
	fds = append(fds, unix.PollFd{Fd: int32(s.watch), Events: unix.POLLIN})
	taps := len(fds)
	if !held {
		for _, sl := range s.slots {
			if sl.tap != nil {
				fds = append(fds, unix.PollFd{Fd: int32(sl.tap.fd), Events: unix.POLLIN})
			}
		}
	}
	ms := max(int((timeout+time.Millisecond-1)/time.Millisecond), 1)
	if n, err := unix.Poll(fds, ms); err != nil || n == 0 {
		return
	}
	if fds[taps-1].Revents != 0 && drainEvents(s.watch) {
		s.lookSoon()
	}
	for _, f := range fds[taps:] {
		if f.Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0 {
			unix.GetsockoptInt(int(f.Fd), unix.SOL_SOCKET, unix.SO_ERROR) // takes the error, which would wake us again
			s.lookSoon()
		}
	}
}

func (s *packetSockets) refilter(p *Program) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.Program = p
	if !s.shutAt.IsZero() {
		return nil
	}
	for _, sl := range s.slots {
		if t := sl.tap; t != nil {
			program, err := s.o.instructions(t.filterLink())
			if err == nil {
				err = t.filter(program)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// shut lets no more packets in.
func (s *packetSockets) shut(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sl := range s.slots {
		if sl.tap != nil {
			sl.tap.shut()
		}
	}
	s.shutAt = now
}

// drained tells whether all that entered the rings was given.
func (s *packetSockets) drained() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sl := range s.slots {
		if t := sl.tap; t != nil && !t.drained() {
			return false
		}
	}
	return len(s.leaving) == 0
}

func (s *packetSockets) stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	fresh := now.Sub(s.cardsAt) < cardsEvery
	st := s.past
	st.Reopened = s.reopened
	if !fresh {
		s.cards, s.cardsAt = 0, now
	}
	for _, sl := range s.slots {
		if sl.tap == nil || !sl.tap.dev.up && sl.name != Any {
			st.Down = append(st.Down, sl.name)
		}
		if sl.tap == nil {
			continue
		}
		sl.tap.addTo(&st)
		if !fresh {
			s.cards += sl.tap.cardDrops()
		}
	}
	for _, t := range s.leaving {
		t.addTo(&st)
	}
	st.InterfaceDropped += s.cards
	return st
}

func (s *packetSockets) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sl := range s.slots {
		if sl.tap != nil {
			s.retire(sl.tap)
			sl.tap = nil
		}
	}
	for _, t := range s.leaving {
		s.retire(t)
	}
	s.leaving = nil
	for _, fd := range []*int{&s.wake, &s.watch} {
		if *fd >= 0 {
			unix.Close(*fd)
			*fd = -1
		}
	}
	return nil
}

// retire closes a tap and keeps its counts.
func (s *packetSockets) retire(t *tap) {
	t.addTo(&s.past)
	s.past.InterfaceDropped += t.cardDrops()
	t.close()
}
