package flow

import "bytes"

// end is the stream position after the contiguous bytes.
func (h *Half) end() int64 { return h.off + int64(len(h.data)) }

// start is the sequence number of stream position 0.
func (h *Half) start() uint32 { return h.next - uint32(h.end()) }

// setBase says that seq is stream position 0.
func (h *Half) setBase(seq uint32) {
	h.based, h.next = true, seq
}

// receive takes the payload and the FIN of a segment. It tells whether there
// is something new for the consumer.
func (h *Half) receive(p *Packet, frame uint64, time int64) (news bool) {
	n := int64(p.PayloadWire)
	fin := p.Flags&FIN != 0
	if n == 0 && !fin {
		return false
	}
	seq := p.Seq
	if p.Flags&SYN != 0 {
		seq++ // the SYN itself takes one number
	}
	if !h.based {
		h.setBase(seq)
	}
	end := h.end()
	off := end + int64(int32(seq-h.next))
	segEnd := off + n
	if fin && !h.finSet && segEnd >= 0 {
		h.finSet, h.finOff = true, segEnd
	}
	if n > 0 {
		news = h.place(p.Payload, off, segEnd, frame, time)
	}
	if h.finSet && !h.finTold && h.end() >= h.finOff {
		h.finTold, news = true, true
	}
	return news
}

// place puts the bytes of a segment where they belong.
func (h *Half) place(payload []byte, off, segEnd int64, frame uint64, time int64) (news bool) {
	end := h.end()
	conflict := false
	if off < end && len(h.data) > 0 {
		have, got := clip(h.data, h.off, off, segEnd), clip(payload, off, h.off, end)
		n := min(len(have), len(got))
		conflict = !bytes.Equal(have[:n], got[:n])
	}
	added, old := segEnd-end, off < end
	switch {
	case segEnd <= end:
		added = 0
	case h.ignored:
		added = min(added, segEnd-off)
		h.off, h.next = segEnd, h.next+uint32(segEnd-end)
	case off <= end && (len(h.wait.list) == 0 || h.wait.list[0].off >= segEnd):
		h.extend(clip(payload, off, end, segEnd), segEnd, frame, time, true)
		h.drain()
		news = true
	default:
		from := max(off, end)
		var c bool
		added, c = h.wait.insert(from, segEnd, payload[min(from-off, int64(len(payload))):], frame, time)
		conflict = conflict || c
		old = old || added < segEnd-from
		h.drain()
		news = h.end() > end || h.gap > 0
	}
	h.count(added, old, conflict)
	return news
}

func (h *Half) count(added int64, old, conflict bool) {
	s := &h.c.t.stats
	h.PayloadBytes += uint64(added)
	if added == 0 {
		h.Duplicates++
		s.Duplicates++
	} else if old {
		s.Overlaps++
	}
	if conflict {
		s.Conflicts++
	}
}

// extend appends b, which begins at end(); the bytes from there to segEnd that
// b lacks were cut and become a gap. A view is the packet's own memory.
func (h *Half) extend(b []byte, segEnd int64, frame uint64, time int64, view bool) {
	if len(b) > 0 {
		h.addMark(mark{h.end(), frame, time})
		switch {
		case len(h.data) > 0:
			h.appendData(b)
		case view:
			h.data, h.borrowed = b[:len(b):len(b)], true
		default:
			h.data, h.own, h.borrowed = b, b, false
		}
		h.next += uint32(len(b))
	}
	if miss := segEnd - h.end(); miss > 0 {
		h.declare(miss)
	}
}

// drain moves what has waited for the bytes before it.
func (h *Half) drain() {
	for h.gap == 0 && len(h.wait.list) > 0 && h.wait.list[0].off <= h.end() {
		q := h.wait.pop()
		h.extend(clip(q.data, q.off, h.end(), q.end), q.end, q.frame, q.time, false)
	}
}

// declare says that n bytes after end() are missing for good.
func (h *Half) declare(n int64) {
	h.gap = n
	h.Gaps++
	h.c.t.stats.Gaps++
	h.c.t.stats.GapBytes += uint64(n)
}

// drop gives up everything held: it becomes a gap.
func (h *Half) drop() {
	n := int64(len(h.data))
	lost := n
	h.next -= uint32(n)
	h.clearData()
	for len(h.wait.list) > 0 {
		q := h.wait.pop()
		n = q.end - h.off
		lost += int64(len(q.data))
	}
	if n > 0 {
		h.c.t.stats.Dropped += uint64(lost)
		h.c.t.stats.Overflows++
		h.declare(n)
	}
}

func (h *Half) clearData() { h.data, h.own, h.borrowed, h.marks = nil, nil, false, nil }

func (h *Half) addMark(m mark) {
	if len(h.marks) == 0 {
		h.marks = h.mark0[:0]
	} else if h.marks[len(h.marks)-1].frame == m.frame {
		return
	}
	h.marks = append(h.marks, m)
}

func (h *Half) appendData(b []byte) {
	if h.borrowed {
		h.keep()
	}
	need := len(h.data) + len(b)
	if need > cap(h.data) {
		if need <= cap(h.own) && len(h.data) <= cap(h.own)/2 {
			h.data = h.own[:copy(h.own[:cap(h.own)], h.data)]
		} else {
			h.own = append(make([]byte, 0, max(need, 2*len(h.data))), h.data...)
			h.data = h.own
		}
	}
	h.data = append(h.data, b...)
}

// keep copies the view of the packet in hand.
func (h *Half) keep() {
	h.own = append(h.c.t.buffer(), h.data...)
	h.data, h.borrowed = h.own, false
}

// settle ends a Data call: the packet in hand goes away.
func (h *Half) settle() {
	switch {
	case h.borrowed && len(h.data) > 0:
		h.keep()
	case h.borrowed:
		h.data, h.borrowed = nil, false
	case len(h.data) == 0 && h.own != nil:
		h.c.t.release(h.own)
		h.data, h.own = nil, nil
	}
}

const markCost = 24

func (h *Half) held() int {
	if len(h.data) == 0 {
		return h.wait.cost
	}
	return len(h.data) + markCost*len(h.marks) + h.wait.cost
}
