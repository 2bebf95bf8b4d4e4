package etl

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"sort"
	"unicode/utf16"
)

const (
	bufferHeader = 0x48     // WMI_BUFFER_HEADER, the same in every version
	maxUsed      = 64 << 20 // most bytes of a buffer, decompressed
	maxBuffers   = 1 << 20  // buffers of one file that are read
	minBuffer    = 0x200
)

// Bits of WMI_BUFFER_HEADER.BufferFlag.
const (
	flagWideCPU    = 0x20
	flagCompressed = 0x40
)

// Bits of TRACE_LOGFILE_HEADER.LogFileMode.
const modeCompressed = 0x04000000

// Header is what a trace says of itself, TRACE_LOGFILE_HEADER.
type Header struct {
	Major, Minor uint8  // of Windows: 6.0 Vista, 6.1 7, 10.0 10 and 11
	Build        uint32 // of Windows
	Bits         int    // 32 or 64: pointers of the system
	Start        int64  // ns since 1970; NoTime if not known
	End          int64  // NoTime: the trace was not closed
	EventsLost   uint32
	BuffersLost  uint32
	Session      string // the session's name; "Relogger" after netsh or pktmon merged its files

	mode uint32
}

// readHeader reads record 0 of buffer 0: a SYSTEM header and behind it the
// TRACE_LOGFILE_HEADER. b begins at the record.
func readHeader(b []byte) (h Header, c clock, err error) {
	le := binary.LittleEndian
	if len(b) < 0x20+0x110 {
		return h, c, endsInHeader(len(b))
	}
	c.ref = int64(le.Uint64(b[0x10:]))
	p := 4
	h.Bits = 32
	if b[2] == typeSystem64 {
		p, h.Bits = 8, 64
	}
	b = b[0x20:min(len(b), max(0x130, int(le.Uint16(b[4:]))))]
	times := 0x38 + 2*p + 0xb0
	if len(b) < times+32 {
		return h, c, endsInHeader(0x20 + len(b))
	}
	h.Major, h.Minor, h.Build = b[4], b[5], le.Uint32(b[8:])
	if h.Major < 6 {
		return h, c, &FormatError{
			What: fmt.Sprintf("an event trace of Windows %d.%d, which holds no packets that can be read", h.Major, h.Minor),
			Hint: "packets are in traces of Windows 7, Server 2008 R2 and later",
		}
	}
	h.End = NoTime
	if end := int64(le.Uint64(b[0x10:])); end != 0 {
		h.End = unixOf(end)
	}
	h.mode, h.EventsLost = le.Uint32(b[0x20:]), le.Uint32(b[0x30:])
	mhz := le.Uint32(b[0x34:])
	t := b[times:]
	c.freq, c.start, c.kind = int64(le.Uint64(t[8:])), int64(le.Uint64(t[16:])), le.Uint32(t[24:])
	h.Start = unixOf(c.start)
	h.BuffersLost = le.Uint32(t[28:])
	if c.kind == clockCycles {
		c.freq = int64(mhz) * 1e6
	}
	if c.freq <= 0 {
		c.freq = 1e7
	}
	h.Session = utf16z(t[32:])
	return h, c, nil
}

// endsInHeader is the error about a file that has so many bytes of record 0.
func endsInHeader(have int) error {
	return &FormatError{What: fmt.Sprintf("a Windows event trace that ends inside its header, at byte %d", bufferHeader+have)}
}

// utf16z reads a NUL-terminated UTF-16LE string, as far as it is there.
func utf16z(b []byte) string {
	s, _ := cutUTF16(b)
	return s
}

// cutUTF16 returns the string that b begins with and the bytes behind its NUL
// (none: it ends with b).
func cutUTF16(b []byte) (string, []byte) {
	const longest = 256
	var u []uint16
	for len(b) >= 2 {
		c := binary.LittleEndian.Uint16(b)
		b = b[2:]
		if c == 0 {
			return string(utf16.Decode(u)), b
		}
		if len(u) < longest {
			u = append(u, c)
		}
	}
	return string(utf16.Decode(u)), nil
}

// A buffer is one buffer of the file, as its header describes it.
type buffer struct {
	off, end int64 // in the file; end is behind what is there of it
	used     int64 // bytes of records, decompressed
	first    int64 // time stamp of its first record; the least of all if that has none
	seq      int64
	cpu      uint16
	packed   bool
}

// index walks the headers of all buffers and returns the buffers in the order
// of their first events. Buffers of one CPU do not overlap in time; sequence
// numbers begin anew in a merged file, and file order means nothing in a
// circular one.
func (r *Reader) index() ([]buffer, error) {
	var list []buffer
	nominal := int64(0)
	head := make([]byte, bufferHeader+512)
	for off := int64(0); off < r.size; {
		n, err := r.src.ReadAt(head[:min(int64(len(head)), r.size-off)], off)
		if err != nil && err != io.EOF {
			return nil, err
		}
		h := head[:n]
		if n < bufferHeader {
			if nonzero(h) {
				r.fault(off, true, "the file ends inside a buffer header: %d bytes of it are there", n)
			}
			break
		}
		size := int64(binary.LittleEndian.Uint32(h))
		if nominal == 0 {
			nominal = size
			r.packed = r.Header.mode&modeCompressed != 0
		}
		if size < bufferHeader || size > maxUsed+bufferHeader || !r.packed && size != nominal && off > 0 && !plausible(h) {
			if nonzero(h[:bufferHeader]) {
				r.fault(off, r.packed, "a buffer of %d bytes: its header is damaged", size)
			}
			if r.packed {
				break
			}
			off = r.resync(off, nominal)
			continue
		}
		b := describe(h, off)
		if b.end > r.size {
			r.fault(off, true, "the file ends inside a buffer of %d bytes: %d of it are there", size, r.size-off)
			b.end = r.size
		}
		if !b.packed {
			b.used = min(b.used, b.end-b.off)
		}
		b.first = r.firstTime(&b, h)
		if len(list) == maxBuffers {
			r.fault(off, true, "more than %d buffers", maxBuffers)
			break
		}
		list = append(list, b)
		off += size
	}
	sort.SliceStable(list, func(i, j int) bool {
		a, b := &list[i], &list[j]
		if a.first != b.first {
			return a.first < b.first
		}
		return a.seq < b.seq
	})
	return list, nil
}

// describe reads a buffer header.
func describe(h []byte, off int64) buffer {
	le := binary.LittleEndian
	size := int64(le.Uint32(h))
	flags := le.Uint16(h[0x34:])
	b := buffer{off: off, end: off + size, seq: int64(le.Uint64(h[0x18:])), packed: flags&flagCompressed != 0}
	b.cpu = uint16(h[0x28])
	if flags&flagWideCPU != 0 {
		b.cpu = le.Uint16(h[0x28:])
	}
	limit := size
	if b.packed {
		limit = maxUsed
	}
	// Vista and 7 leave SavedOffset of the first buffer empty.
	b.used = size
	for _, at := range []int{0x04, 0x30} {
		if u := int64(le.Uint32(h[at:])); u >= bufferHeader && u <= limit {
			b.used = u
			break
		}
	}
	return b
}

// plausible tells a buffer header from damage, in a file whose buffers should
// all be of another size.
func plausible(h []byte) bool {
	le := binary.LittleEndian
	used := le.Uint32(h[4:])
	return le.Uint16(h[0x36:]) <= 7 && used >= bufferHeader && used <= le.Uint32(h) && le.Uint32(h) >= minBuffer
}

// resync returns where the next buffer begins after damage at off, or the end
// of the file.
func (r *Reader) resync(off, nominal int64) int64 {
	var h [bufferHeader]byte
	for off += nominal - off%nominal; off+bufferHeader <= r.size; off += nominal {
		if _, err := r.src.ReadAt(h[:], off); err != nil {
			break
		}
		if int64(binary.LittleEndian.Uint32(h[:])) == nominal && plausible(h[:]) {
			return off
		}
	}
	return r.size
}

// firstTime returns the time stamp of a buffer's first record that has one.
// h is the buffer's beginning.
func (r *Reader) firstTime(b *buffer, h []byte) int64 {
	rec := h[bufferHeader:]
	if b.packed {
		r.lz.reset(r.src, b.off+bufferHeader, b.end)
		n, _ := r.lz.decode(r.peek[:min(int64(len(r.peek)), b.used-bufferHeader)], 0)
		rec = r.peek[:n]
	} else {
		rec = rec[:min(int64(len(rec)), max(b.used-bufferHeader, 0))]
	}
	for len(rec) >= recordHead {
		size, ok := recordSize(rec)
		if !ok {
			break
		}
		if t, ok := recordTime(rec); ok {
			return t
		}
		rec = rec[min(len(rec), (size+7)&^7):]
	}
	return math.MinInt64
}

func nonzero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return true
		}
	}
	return false
}
