package etl

import "io"

// A window holds what of a buffer is being read: the reach of a match, and
// behind it at least one record of any size.
const windowSize = lzReach + 2*(maxRecord+1)

// A stream reads the records of one buffer.
type stream struct {
	buf    buffer
	win    []byte
	lo, hi int   // unread: win[lo:hi]
	left   int64 // bytes of records behind hi
	off    int64 // of a plain buffer: where they stand in the file
	lz     lz77
	end    error // why no more of left can be had
	ev     event
}

func (s *stream) open(src io.ReaderAt, b buffer) {
	s.buf, s.lo, s.hi, s.end = b, 0, 0, nil
	s.left, s.off = max(b.used-bufferHeader, 0), b.off+bufferHeader
	if want := int(min(s.left, windowSize)); len(s.win) < want {
		s.win = make([]byte, want)
	}
	s.lz.reset(src, b.off+bufferHeader, b.end)
}

// need tells whether n unread bytes (at most those of a record) are there,
// and sees to it if it can.
func (s *stream) need(r *Reader, n int) bool {
	if s.hi-s.lo >= n {
		return true
	}
	if s.end != nil || int64(s.hi-s.lo)+s.left < int64(n) {
		return false
	}
	keep := s.lo
	if s.buf.packed {
		keep = max(0, min(keep, s.hi-lzReach))
	}
	copy(s.win, s.win[keep:s.hi])
	s.lo, s.hi = s.lo-keep, s.hi-keep
	room := int(min(int64(len(s.win)-s.hi), s.left))
	got, before := 0, s.hi
	if s.buf.packed {
		if r.unpacked > r.maxUnpacked {
			s.end = errBomb
			return false
		}
		s.hi, s.end = s.lz.decode(s.win[:s.hi+room], s.hi)
		got = s.hi - before
		r.unpacked += int64(got)
	} else {
		got, s.end = r.src.ReadAt(s.win[s.hi:s.hi+room], s.off)
		if got == room {
			s.end = nil
		}
		s.hi += got
		s.off += int64(got)
	}
	s.left -= int64(got)
	return s.hi-s.lo >= n
}

// skip goes n bytes on; false at the end.
func (s *stream) skip(r *Reader, n int) bool {
	for n > s.hi-s.lo {
		n -= s.hi - s.lo
		s.lo = s.hi
		if !s.need(r, 1) {
			return false
		}
	}
	s.lo += n
	return true
}

// next reads on to the next event that is wanted, into s.ev; false at the end
// of the buffer.
func (s *stream) next(r *Reader) bool {
	for {
		if !s.need(r, recordHead) {
			s.close(r)
			return false
		}
		head := s.win[s.lo:s.hi]
		size, ok := recordSize(head)
		if !ok || int64(size) > int64(s.hi-s.lo)+s.left {
			// An unclosed trace ends in zeros, or in what fills fresh memory.
			if string(head[:4]) != "\xff\xff\xff\xff" && nonzero(head[:recordHead]) {
				r.fault(s.buf.off, false, "a damaged record, %d bytes before the end of the records of its buffer", int64(s.hi-s.lo)+s.left)
			}
			return false
		}
		step := (size + 7) &^ 7
		if size >= 0x2a && s.need(r, 0x2a) {
			head = s.win[s.lo:s.hi]
			provider := recordProvider(head)
			r.seen.add(provider)
			if (head[2] == typeEvent32 || head[2] == typeEvent64) && head[3]&0x40 != 0 &&
				wanted(provider, uint16(head[0x28])|uint16(head[0x29])<<8) {
				if !s.need(r, size) {
					s.close(r)
					return false
				}
				rec := s.win[s.lo : s.lo+size]
				// The view of the event stays valid: nothing moves before the next call.
				s.lo += min(step, s.hi-s.lo)
				if s.ev.read(rec, s.buf.cpu) {
					return true
				}
				r.fault(s.buf.off, false, "a damaged event")
				continue
			}
		}
		if !s.skip(r, step) {
			s.close(r)
			return false
		}
	}
}

// close accounts for an end that came too early.
func (s *stream) close(r *Reader) {
	switch s.end {
	case nil:
	case errBomb:
		if !r.bombed {
			r.bombed = true
			r.fault(s.buf.off, true, "the file decompresses to more than %d times its size", maxRatio)
		}
	case errShort, errCorrupt:
		// Of a buffer that the end of the file has cut this is known already.
		if s.end == errCorrupt || s.buf.end < r.size {
			r.fault(s.buf.off, false, "%v: %d bytes of this buffer are lost", s.end, s.left)
		}
	case io.EOF, io.ErrUnexpectedEOF:
		r.fault(s.buf.off, true, "the file has become shorter while it was read")
	default:
		r.broken = s.end
	}
}
