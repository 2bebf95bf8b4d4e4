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

// A netmonWindow is the part of the file that a Batch holds.
type netmonWindow struct {
	b  *Batch
	at int64 // file offset of its first byte
}

func (w *netmonWindow) bytes(off, n int64) []byte { return w.b.Data[off-w.at : off-w.at+n] }

func (w *netmonWindow) holds(off, n int64) bool {
	return off >= w.at && off+n <= w.at+int64(len(w.b.Data))
}

// load sees to it that w holds n bytes at off, which are in the file. A batch
// that has records already stays as it is: errNextBatch.
func (p *netmonSource) load(w *netmonWindow, off, n int64) error {
	if w.holds(off, n) {
		return nil
	}
	if len(w.b.Records) > 0 {
		return errNextBatch
	}
	// A table that leaps to and fro makes every block good for one frame only:
	// then less is read at a time.
	want := max(n, int64(p.size))
	if p.loaded > 4*p.len {
		want = max(n, 512)
	}
	want = min(want, p.len-off)
	if int64(cap(w.b.Data)) < want {
		w.b.Data = make([]byte, max(want, int64(p.size)))
	}
	w.b.Data, w.at = w.b.Data[:want], off
	p.loaded += want
	if err := readAt(p.file, w.b.Data, off); err != nil {
		w.b.Data = w.b.Data[:0]
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
