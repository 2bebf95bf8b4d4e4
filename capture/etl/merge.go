package etl

import "container/heap"

// maxOpen is the most buffers read side by side: one for each CPU that was
// busy at the time, of which Windows has at most 2048.
const maxOpen = 512

// A merge gives the events of all buffers in the order of their times. Only
// buffers that overlap are open at once.
type merge struct {
	bufs []buffer // by first event
	next int
	open streams
	last *stream // gave the event in hand
	free []*stream
}

type streams []*stream

func (s streams) Len() int      { return len(s) }
func (s streams) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s streams) Less(i, j int) bool {
	a, b := s[i], s[j]
	switch {
	case a.ev.time != b.ev.time:
		return a.ev.time < b.ev.time
	case a.buf.seq != b.buf.seq:
		return a.buf.seq < b.buf.seq
	}
	return a.buf.off < b.buf.off
}
func (s *streams) Push(x any) { *s = append(*s, x.(*stream)) }
func (s *streams) Pop() any {
	old := *s
	x := old[len(old)-1]
	*s = old[:len(old)-1]
	return x
}

// event returns the next event, valid until the following call; nil at the end.
func (m *merge) event(r *Reader) *event {
	if s := m.last; s != nil {
		m.last = nil
		if s.next(r) {
			heap.Fix(&m.open, 0)
		} else {
			heap.Pop(&m.open)
			m.free = append(m.free, s)
		}
	}
	for m.next < len(m.bufs) && len(m.open) < maxOpen && r.broken == nil &&
		(len(m.open) == 0 || m.bufs[m.next].first <= m.open[0].ev.time) {
		s := take(&m.free)
		s.open(r.src, m.bufs[m.next])
		m.next++
		if s.next(r) {
			heap.Push(&m.open, s)
		} else {
			m.free = append(m.free, s)
		}
	}
	if len(m.open) == 0 || r.broken != nil {
		return nil
	}
	m.last = m.open[0]
	return &m.last.ev
}
