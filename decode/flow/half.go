package flow

import "slices"

// A Half is the stream of bytes in one direction of a Conn. Bytes are held
// until the consumer discards them. Positions given to FrameAt, TimeAt and
// Frames are indexes into Bytes.
//
// The consumer's loop in Handler.Data:
//
//	for {
//		n := parse(h.Bytes())      // as far as it goes
//		h.Discard(n)
//		if _, gap := h.Gap(); !gap {
//			break               // more to come, or Closed
//		}
//		giveUpOn(h.Bytes())        // a message the gap cuts
//		h.Skip()                   // go on after the gap
//	}
type Half struct {
	halfHot

	Packets      uint64 // packets given to the Tracker, twins and retransmits included
	PayloadBytes uint64 // new bytes of the stream, on the wire

	halfPass

	Duplicates uint32 // segments that brought nothing new: retransmits and capture twins
	Gaps       uint32 // gaps declared: lost bytes, and bytes dropped by a limit

	halfState
}

// halfHot is what most packets need: two cache lines, which those of the other
// direction need as well, and with Packets and PayloadBytes a third. Of bytes
// passed over halfPass is needed, too.
type halfHot struct {
	data     []byte // contiguous, unread
	off      int64  // stream position of data[0]
	next     uint32 // sequence number of stream position end()
	pass     uint32 // bytes that the consumer passes over next
	borrowed bool   // data is a view of the packet in hand
	ignored  bool
	based    bool // next is known
	synSeen  bool // stream position 0 is the byte after the SYN
	acks     bool // its sender acknowledged the other side: an ACK without SYN or RST
	skipped  bool // Skip was called in the running Data call
	finSet   bool
	finTold  bool
	gap      int64 // bytes missing at end(), declared, not yet skipped
	acked    int64 // highest stream position acknowledged by the other side

	wait pieces // beyond end()
	own  []byte // the storage data lies in, unless borrowed
	c    *Conn

	marks []mark  // of data; none without data
	mark0 [1]mark // where marks begins: most reads empty a half after one segment
}

// halfPass counts what Pass was for.
type halfPass struct {
	passed    uint64 // bytes passed over since the consumer last asked
	passedAll uint64 // and ever
	passedAt  int64  // time of the latest of them
}

type halfState struct {
	isn     uint32 // of the SYN or SYN-ACK, if synSeen
	ackSegs int32  // segments of the connection since ackAt
	finOff  int64  // stream position of the FIN
	ackEnd  int64  // end() when acked was first found to be beyond it
	ackAt   int64  // time then
}

// A mark says which frame brought the bytes from off to the next mark.
type mark struct {
	off   int64
	frame uint64
	time  int64
}

// Bytes returns the contiguous bytes not yet discarded. The slice is valid
// until Data returns or Skip is called; it must not be changed.
func (h *Half) Bytes() []byte { return h.data }

// Offset returns the stream position of Bytes()[0]: 0 is the first byte after
// the SYN, or the first byte seen when the SYN was not. Gaps count.
func (h *Half) Offset() uint64 { return uint64(h.off) }

// FromStart tells whether Offset counts from the SYN.
func (h *Half) FromStart() bool { return h.synSeen }

// Discard says that the first n of Bytes were read.
func (h *Half) Discard(n int) {
	if n <= 0 {
		return
	}
	n = min(n, len(h.data))
	h.data = h.data[n:]
	h.off += int64(n)
	if len(h.data) == 0 {
		h.marks = nil
		return
	}
	for len(h.marks) > 1 && h.marks[1].off <= h.off {
		h.marks = h.marks[1:]
	}
}

// Gap tells whether bytes are missing after Bytes, and how many: lost by the
// capture (acknowledged or overtaken, but not seen), cut by its snap length, or
// dropped by a limit. Skip goes on after them; when Data returns without it,
// the Tracker skips by itself and calls Data again.
func (h *Half) Gap() (n uint64, ok bool) { return uint64(h.gap), h.gap > 0 }

// Skip gives up what is left of Bytes and the gap after it. Bytes then starts
// after the gap. It returns how many bytes it went on by; 0 without a gap.
func (h *Half) Skip() uint64 {
	if h.gap == 0 {
		return 0
	}
	n := int64(len(h.data)) + h.gap
	h.off += n
	h.next += uint32(h.gap)
	h.gap = 0
	h.clearData()
	h.skipped = true
	h.drain()
	return uint64(n)
}

// Closed tells whether nothing comes after Bytes: the FIN was reached, or the
// connection reset. (A segment recorded late, after a RST, may still come.)
func (h *Half) Closed() bool {
	if h.gap > 0 || len(h.wait.list) > 0 {
		return false
	}
	return h.finSet && h.end() >= h.finOff || h.c != nil && h.c.RST.Ok()
}

// Ignore says that this half is of no more interest: its bytes go, Data is no
// longer called for it.
func (h *Half) Ignore() {
	h.ignored = true
	h.off = h.end() + h.gap
	h.next += uint32(h.gap)
	h.gap = 0
	h.clearData()
	h.wait = pieces{}
}

// FrameAt returns the frame that brought Bytes()[i]; 0 if there is none.
func (h *Half) FrameAt(i int) uint64 { return h.markAt(i).frame }

// TimeAt returns the capture time of that frame, ns; 0 if there is none.
func (h *Half) TimeAt(i int) int64 { return h.markAt(i).time }

// Frames returns every frame that brought one of Bytes()[i:i+n], ascending.
func (h *Half) Frames(i, n int) []uint64 { return h.AppendFrames(nil, i, n) }

// AppendFrames appends to dst what Frames returns.
func (h *Half) AppendFrames(dst []uint64, i, n int) []uint64 {
	if i < 0 || n <= 0 || i >= len(h.data) {
		return dst
	}
	end := h.off + int64(i) + int64(min(n, len(h.data)-i))
	start := len(dst)
	for k := h.markIndex(h.off + int64(i)); k < len(h.marks) && h.marks[k].off < end; k++ {
		dst = append(dst, h.marks[k].frame)
	}
	slices.Sort(dst[start:])
	return dst[:start+len(slices.Compact(dst[start:]))]
}

func (h *Half) markAt(i int) mark {
	if i < 0 || i >= len(h.data) || len(h.marks) == 0 {
		return mark{}
	}
	return h.marks[h.markIndex(h.off+int64(i))]
}

// markIndex finds the last mark at or before off.
func (h *Half) markIndex(off int64) int {
	lo, hi := 0, len(h.marks)
	for lo+1 < hi {
		if m := (lo + hi) / 2; h.marks[m].off <= off {
			lo = m
		} else {
			hi = m
		}
	}
	return lo
}
