package decode

// wire is what a carrier's parser sees of its stream: two directions of bytes
// to read, and the ways to tell what it found. See stream for each method.
type wire interface {
	bytes(d dir) []byte
	discard(d dir, n int)
	gap(d dir) bool
	gapLen(d dir) int
	atGap(d dir) bool
	skipGap(d dir)

	token(d dir, off, n int, tok []byte, at tokenAt)
	message(d dir, off, n int, b []byte, path ...string) *Message
	result(d dir, off, n int, key uint64, r Result)
	offer(names ...string)
	attemptOther(d dir, off int, mech, verb string)
	attemptKeyed(d dir, off int, mech string, at tokenAt)
	anonymous(d dir, off int)
	startTLS(d dir, off int)
	hidden(d dir, off int, name string)
	sealed(d dir, off int)
	inChannel(cookie [16]byte, known bool, rpc *rpcInner)
	outChannel(cookie [16]byte, known bool) (*rpcInner, wire)
	name(d dir, off int, name, source string)
	afterAuth(d dir, off int)
	tunnel(target string)
	kdcMessage(d dir, off, n int, b []byte, path string)
	keep(n int)
	idle()
	ignore()
}

// A framed is the loop that the parsers of framed protocols share: units of a
// known or findable length, contents that are passed over unread, and gaps.
type framed struct {
	s    wire
	over bool      // the stream was given up, or goes on as something else
	skip [2]uint64 // bytes of each direction to pass over
	lost [2]bool   // the start of the next unit has to be found again
}

// A unitReader reads the units of one protocol.
type unitReader interface {
	// unit reads the unit at the start of b and returns its length, 0 if more
	// bytes are needed. With last no more will come: what is there is read
	// for what it is worth. It may return fewer bytes than the unit has and
	// set skip to the rest.
	unit(d dir, b []byte, last bool) int
	// resync finds the start of a unit in b: how many bytes to pass over, and
	// whether a unit starts there.
	resync(d dir, b []byte) (n int, found bool)
	// missed is told of a gap.
	missed(d dir)
}

// run reads what stands in direction d.
func (f *framed) run(d dir, r unitReader) {
	s := f.s
	f.takePassed(d)
	for !f.over {
		b := s.bytes(d)
		if len(b) == 0 {
			if !s.gap(d) {
				f.pass(d)
				return
			}
			f.passGap(d, r)
			continue
		}
		if k := f.skip[d]; k > 0 {
			n := min(k, uint64(len(b)))
			f.skip[d] -= n
			s.discard(d, int(n))
			continue
		}
		last := s.atGap(d)
		n := 0
		if f.lost[d] {
			var found bool
			n, found = r.resync(d, b)
			n = min(n, len(b))
			f.lost[d] = !found
			if n > 0 {
				s.discard(d, n)
				continue
			}
			if !found && last {
				s.discard(d, len(b))
				continue
			}
			if !found {
				return
			}
		}
		n = r.unit(d, b, last)
		if f.over {
			return
		}
		if n <= 0 {
			if !last {
				return
			}
			n = len(b) // the rest of the unit was not captured
			f.lost[d] = true
		}
		s.discard(d, n)
	}
}

// takePassed takes off what passed since pass.
func (f *framed) takePassed(d dir) {
	if f.skip[d] > 0 {
		if s, ok := f.s.(*stream); ok {
			f.skip[d] -= min(f.skip[d], s.half(d).TakePassed())
		}
	}
}

// pass lets what is to be passed over pass without a call.
func (f *framed) pass(d dir) {
	if f.skip[d] > 0 {
		if s, ok := f.s.(*stream); ok {
			s.half(d).Pass(f.skip[d])
		}
	}
}

// passGap goes on after a gap. Inside contents that are passed over anyway
// nothing is lost but their length.
func (f *framed) passGap(d dir, r unitReader) {
	missing := uint64(f.s.gapLen(d))
	f.s.skipGap(d)
	if k := f.skip[d]; k > 0 && missing > 0 && missing <= k {
		f.skip[d] -= missing
		return
	}
	f.skip[d], f.lost[d] = 0, true
	r.missed(d)
}

// text keeps at most 1 KiB of what a server says.
func text(b []byte) string {
	const most = 1024
	if len(b) > most {
		b = b[:most]
	}
	return string(b)
}
