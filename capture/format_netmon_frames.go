package capture

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// errNextBatch says that the next frame is not in the block in hand.
var errNextBatch = errors.New("next batch")

// A netmonTable reads the frame table: a file offset of 32 bits for each frame.
type netmonTable struct {
	file  io.ReaderAt
	off   int64 // of the table
	count int64 // entries
	at    int64 // next one
	part  []byte
	first int64 // entry that part begins with
}

const netmonPart = 64 << 10 // bytes of the table held at a time

// where returns the offset of the next frame; ok is false behind the last one.
func (p *netmonSource) where() (off int64, ok bool, err error) {
	if p.chain != 0 {
		return p.chain, p.chain < p.chained, nil
	}
	t := &p.table
	if t.at >= t.count {
		return 0, false, nil
	}
	if i := 4 * (t.at - t.first); i < int64(len(t.part)) {
		return int64(binary.LittleEndian.Uint32(t.part[i:])), true, nil
	}
	n := min(netmonPart, 4*(t.count-t.at))
	if int64(cap(t.part)) < n {
		t.part = make([]byte, n)
	}
	t.part, t.first = t.part[:n], t.at
	if err := readAt(t.file, t.part, t.off+4*t.at); err != nil {
		t.part = t.part[:0]
		return 0, false, err
	}
	return int64(binary.LittleEndian.Uint32(t.part)), true, nil
}

// step goes on to the next frame, which without a table stands at next.
func (p *netmonSource) step(next int64) {
	if p.chain != 0 {
		p.chain = next
		return
	}
	p.table.at++
}

// netmonSections are where the header has the offsets of what is no frame: frame
// table, user data, comments, processes, extended information, conversations.
var netmonSections = [...]int{24, 32, 40, 48, 56, 64}

// lastFrame is where the frames end that stand before any other section.
func (p *netmonSource) lastFrame(head []byte) int64 {
	end := p.len
	for i, at := range netmonSections {
		off, size := binary.LittleEndian.Uint32(head[at:]), binary.LittleEndian.Uint32(head[at+4:])
		if i > 1 && p.minor < 2 || size == 0 || off < netmonHeader {
			continue // unset, or what an early version leaves there
		}
		end = min(end, int64(off))
	}
	return end
}

// firstFrame guesses where the first frame stands in a file without its table.
func (p *netmonSource) firstFrame() int64 {
	for _, off := range []int64{netmonHeader, 128} {
		if p.believable(off) {
			return off
		}
	}
	return p.len
}

// believable tells whether frames seem to stand at off, one behind another.
func (p *netmonSource) believable(off int64) bool {
	for range triedRecords {
		var h [netmonFrame]byte
		if off+netmonFrame > p.chained || readAt(p.file, h[:], off) != nil {
			return true
		}
		orig, incl := binary.LittleEndian.Uint32(h[8:]), binary.LittleEndian.Uint32(h[12:])
		if incl > maxPcapRec || incl == 0 || orig < incl || orig > maxNgBlock {
			return false
		}
		off += netmonFrame + int64(incl) + p.trailer
	}
	return true
}

// A netmonWindow is the part of the file that was read last into a Batch. One
// Batch can hold several: frames need not stand in order.
type netmonWindow struct {
	b    *Batch
	at   int64 // file offset of its first byte
	base int   // and the place of that in b.Data
}

func (w *netmonWindow) bytes(off, n int64) []byte {
	i := w.place(off)
	return w.b.Data[i : i+n]
}

func (w *netmonWindow) place(off int64) int64 { return off - w.at + int64(w.base) }

func (w *netmonWindow) holds(off, n int64) bool {
	return off >= w.at && w.place(off)+n <= int64(len(w.b.Data))
}

// minStep is how many bytes are read at a time when frames stand in disorder.
const minStep = 512

// load sees to it that w holds n bytes at off, which are in the file, if there
// is room for them in the batch; otherwise errNextBatch.
func (p *netmonSource) load(w *netmonWindow, off, n int64) error {
	if w.holds(off, n) {
		return nil
	}
	// As long as frames follow one another, more and more is read at a time.
	// What is read for a frame that stands elsewhere is lost by the next leap.
	ahead := p.ahead
	if again := off == w.at && len(w.b.Data) > w.base; !again {
		if gap := off - p.behind; gap >= 0 && gap < ahead {
			ahead = min(2*ahead, int64(p.size))
		} else {
			ahead = max(ahead/8, min(minStep, int64(p.size)))
		}
	}
	want := min(max(n, ahead), p.len-off)
	if len(w.b.Records) > 0 && int64(len(w.b.Data))+want > int64(p.size) {
		return errNextBatch
	}
	p.ahead = ahead
	base := len(w.b.Data)
	if len(w.b.Records) == 0 {
		base = 0
	}
	if end := base + int(want); end > cap(w.b.Data) {
		grown := make([]byte, end, max(end, p.size))
		copy(grown, w.b.Data[:base])
		w.b.Data = grown
	}
	w.b.Data = w.b.Data[:base+int(want)]
	w.at, w.base = off, base
	if err := readAt(p.file, w.b.Data[base:], off); err != nil {
		w.b.Data, w.at = w.b.Data[:base], -1<<40
		return err
	}
	return nil
}

// readAt fills b.
func readAt(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	return err
}

// broken is what a failed read ends the source with; a file that has become
// shorter since it was opened is damage.
func (p *netmonSource) broken(err error) error {
	if errors.Is(err, io.EOF) {
		p.fault(uint64(p.len), true, "the file has become shorter while it was read")
		return io.EOF
	}
	var pe *os.PathError
	if errors.As(err, &pe) {
		return err
	}
	return &os.PathError{Op: "read", Path: p.name, Err: err}
}
