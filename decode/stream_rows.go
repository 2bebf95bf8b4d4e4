package decode

import "slices"

// where says which frame completes bytes off to off+n of direction d: the last
// by number that holds any of them.
func (s *stream) where(d dir, off, n int) (frame FrameID, at int64) {
	var buf [4]FrameID
	frames := s.frames(buf[:0], d, off, n)
	return s.completes(frames, d, off, n)
}

// completes is where for the given frames, those of the bytes.
func (s *stream) completes(frames []FrameID, d dir, off, n int) (frame FrameID, at int64) {
	if s.udp != nil {
		return slices.Max(frames), s.d.now
	}
	frame = frames[len(frames)-1]
	switch {
	case frame == s.d.frame:
		at = s.d.now
	case off+n-1 >= 0:
		at = s.at().half(d).TimeAt(off + n - 1)
	}
	return frame, at
}

// frames appends to dst which frames hold bytes off to off+n of direction d,
// one at least.
func (s *stream) frames(dst []FrameID, d dir, off, n int) []FrameID {
	if s.udp != nil {
		return append(dst, s.udp.frames...)
	}
	var buf [4]uint64
	list := s.at().half(d).AppendFrames(buf[:0], off, n)
	if len(list) == 0 {
		return append(dst, s.d.frame)
	}
	for _, f := range list {
		dst = append(dst, FrameID(f))
	}
	return dst
}

// message makes the row of one Kerberos message whose bytes b stand at off to
// off+n of direction d. path is what stands between the carrier and it.
func (s *stream) message(d dir, off, n int, b []byte, path ...string) *Message {
	m := newMessage(b)
	if m == nil {
		return nil
	}
	s.place(m, d, off, n, path)
	s.d.opened(m)
	s.push(m)
	return m
}

// kdcMessage is message for one to or from a KDC that something else relays.
func (s *stream) kdcMessage(d dir, off, n int, b []byte, path string) {
	if m := s.message(d, off, n, b, path); m != nil {
		s.d.kdcMessage(m)
	}
}

// row makes an empty row for what stands at off to off+n of direction d.
func (s *stream) row(d dir, off, n int, path ...string) *Message {
	m := new(Message)
	s.place(m, d, off, n, path)
	return m
}

// place says of a row where it stands.
func (s *stream) place(m *Message, d dir, off, n int, path []string) {
	s.between(m, d)
	m.Frames = s.frames(m.Frames, d, off, n)
	m.Frame, m.Time = s.completes(m.Frames, d, off, n)
	m.Carrier = s.d.path(s.car.name, path)
}

// between says of a row whose it is.
func (s *stream) between(m *Message, d dir) {
	c := s.conn()
	m.Transport, m.Src, m.Dst = s.transport(), c.Client, c.Server
	if d == toClient {
		m.Src, m.Dst = m.Dst, m.Src
	}
}

func (s *stream) push(m *Message) {
	if len(s.rows) >= maxRows {
		s.flushRows()
	}
	if s.rows == nil {
		s.rows, s.d.rows = s.d.rows, nil
	}
	s.rows = append(s.rows, m)
}

// flushRows hands the rows over. Their list goes back to where the next stream
// that finds something takes it from.
func (s *stream) flushRows() {
	if len(s.rows) == 0 {
		return
	}
	for _, m := range s.rows {
		s.d.emit(m)
	}
	clear(s.rows)
	s.d.rows, s.rows = s.rows[:0], nil
}
