package analyze

import (
	"time"

	"kerbscope/capture"
	"kerbscope/decode"
)

// LiveOptions steer a Live.
type LiveOptions struct {
	Options
	// Name is the capture's, in findings and reports.
	Name string
	// Window is how long what was seen is kept, and bears on findings; 0:
	// DefaultWindow.
	Window time.Duration
}

// A Live is an investigation of one capture that goes on, in bounded memory.
// At any time Snapshot tells what Investigate would have made of the packets so
// far, as long as nothing had to make room for what came later. It is not safe
// for concurrent use; what Snapshot returns belongs to the caller.
type Live struct {
	o    LiveOptions
	part *Case
	dec  *decode.Decoder
	seen Counts

	ports   map[uint16]bool // see Ports
	learned []uint16
	trouble troubles
	steps   *filledSteps

	past     decode.Stats // of Decoders before dec, see Restart
	restarts int
}

// Counts are of what a Live took in since it began.
type Counts struct {
	Frames, Messages, Exchanges uint64
	Sessions, Sightings         uint64
	Tickets                     uint64
	Outcomes                    map[Outcome]uint64
	Rows, Kept, Held            int // kept now: rows; exchanges one by one; tickets
	Stats                       decode.Stats
}

// Facts are what the source of the packets knows of the capture.
type Facts struct {
	Info    capture.Info
	Losses  []Loss
	Problem string // why it broke off; "": it did not
}

// NewLive begins an investigation.
func NewLive(o LiveOptions) *Live {
	l := &Live{o: o, part: NewCase(o.MaxExchanges), ports: map[uint16]bool{}, steps: newFilledSteps()}
	l.part.scale(o.Share)
	l.part.roll(o.Window)
	l.dec = l.decoder()
	return l
}

// Batch takes packets. b is the Live's until it released it, at the next but
// one call or Close.
func (l *Live) Batch(b *capture.Batch) {
	l.seen.Frames += uint64(len(b.Records))
	l.dec.Batch(0, b)
	l.part.sweep(l.dec.Now())
}

// Tick says what time it is by the capture's clock, when no packet came.
func (l *Live) Tick(now int64) {
	l.dec.Tick(now)
	l.part.sweep(l.dec.Now())
}

// Now is the latest time by the capture's clock, 0 before the first packet.
func (l *Live) Now() int64 { return l.dec.Now() }

// Version changes whenever something came that findings may rest on.
func (l *Live) Version() uint64 {
	return l.part.messages + l.part.exchanges + l.seen.Sessions + l.seen.Sightings
}

// Counts tells what came so far.
func (l *Live) Counts() Counts {
	c := l.seen
	c.Messages, c.Exchanges = l.part.messages, l.part.exchanges
	c.Tickets = uint64(len(l.part.tickets.bySum)) + l.part.tickets.lost + l.part.tickets.gone
	c.Rows, c.Kept, c.Held = len(l.part.rows.rows), len(l.part.list), len(l.part.tickets.bySum)
	c.Outcomes = make(map[Outcome]uint64, len(l.part.window.outcomes))
	for k, n := range l.part.window.outcomes {
		c.Outcomes[k] = n
	}
	c.Stats = l.stats()
	return c
}

// Edge is the time before which not all is known any more: it is older than the
// window, or failures of that time made room for what came later.
func (l *Live) Edge() int64 {
	return max(l.dec.Now()-l.part.window.age, l.part.rows.until)
}

// Snapshot is the case as it stands, with what is under way as far as it can
// be judged. It changes nothing of what goes on, and is not changed by it.
func (l *Live) Snapshot(f Facts) *Case { return l.Freeze(f)() }

// Freeze is Snapshot in two steps: what must not meet with a Batch is done at
// once, and takes milliseconds; what it returns does the rest, at any time and
// in any goroutine, once.
func (l *Live) Freeze(f Facts) func() *Case {
	under := NewCase(l.part.keep)
	under.scale(l.part.share)
	under.before = l.part
	under.twins.off = true
	under.arrived = l.part.arrived
	under.sessions.outer = &l.part.sessions
	l.dec.Pending(underWay{under, l})
	o := l.joinOptions(f)
	parts := freeze([]*Case{l.part, under})
	return func() *Case {
		c := joinFrozen(parts, o)
		l.steps.turn()
		c.steps = l.steps
		return c
	}
}

// maxPorts bounds what Ports tells.
const maxPorts = 1 << 10

// Ports are the ports, in the order in which they were met, where servers were
// seen to authenticate clients: a filter may have to let more of them through.
// As far as connections go on, it knows what the last Snapshot found.
func (l *Live) Ports() []uint16 { return l.learned }

func (l *Live) learn(s *decode.Session) {
	if p := s.Server.Port(); len(s.Attempts) > 0 && !l.ports[p] && len(l.learned) < maxPorts {
		l.ports[p] = true
		l.learned = append(l.learned, p)
	}
}

// underWay is what Snapshot folds, and learns from.
type underWay struct {
	*Case
	l *Live
}

func (u underWay) Session(s *decode.Session) {
	u.l.learn(s)
	u.Case.Session(s)
}

// Close ends the capture. Nothing else may be called afterwards.
func (l *Live) Close(f Facts) *Case {
	l.dec.Close()
	c := joinFrozen(freeze([]*Case{l.part}), l.joinOptions(f))
	c.steps = l.steps
	return c
}

func (l *Live) joinOptions(f Facts) JoinOptions {
	facts := CaptureFacts{
		Name: l.o.Name, Info: f.Info, First: f.Info.First, Last: f.Info.Last, Stats: l.stats(), Truncated: f.Info.Truncated,
		Complete: f.Problem == "" && f.Info.Faulted == 0, Problem: f.Problem, Losses: f.Losses, ClockSet: l.restarts,
	}
	if facts.Problem == "" {
		facts.Problem = problemOf(readInput{info: f.Info})
	}
	if f.Info.Frames == 0 {
		facts.First, facts.Last = noTime, noTime
	}
	return JoinOptions{Roles: l.o.Roles, Captures: []CaptureFacts{facts}, Part: []int{0}}
}

// liveSink counts what goes into the Case.
type liveSink struct{ l *Live }

func (s liveSink) Message(m *decode.Message) { s.l.part.Message(m) }
func (s liveSink) Exchange(x *decode.Exchange) {
	s.l.trouble.exchange(x)
	s.l.part.Exchange(x)
}
func (s liveSink) Session(v *decode.Session) {
	s.l.seen.Sessions++
	s.l.learn(v)
	s.l.trouble.session(v)
	s.l.part.Session(v)
}
func (s liveSink) Sighting(v *decode.Sighting) {
	s.l.seen.Sightings++
	s.l.trouble.sighting(v)
	s.l.part.Sighting(v)
}
