package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// blocks reads a stream block by block into the buffers of Batches, and keeps
// the account that Info gives. The record at a block's end that is not whole
// yet is carried over to the beginning of the next.
type blocks struct {
	name   string
	r      io.Reader
	size   int    // of a block
	live   bool   // do not wait for a full block
	least  int    // bytes that a block is to hold while a damaged place is searched
	packed bool   // r decompresses: its errors are damage, unless under says otherwise
	under  *error // the operating system's error below a decompressor
	close  func() error

	carry []byte
	off   uint64 // file offset of the first byte of the block in hand
	end   error  // what r ended with
	done  error  // what Next returns from now on

	info  Info
	frame uint64 // last frame number given
}

func newBlocks(s *stream, format string) *blocks {
	return &blocks{
		name: s.name, r: s.r, size: s.cfg.block, live: s.live, close: s.close, packed: s.nested > 0, under: s.under,
		info: Info{Format: format + s.suffix, First: NoTime, Last: NoTime},
	}
}

func (k *blocks) Close() error { return k.close() }

// Info tells what was read so far. The slices in it are never written again.
func (k *blocks) Info() Info {
	i := k.info
	i.Frames = k.frame
	i.Faults = i.Faults[:len(i.Faults):len(i.Faults)]
	i.Interfaces = i.Interfaces[:len(i.Interfaces):len(i.Interfaces)]
	i.Losses = slices.Clone(i.Losses)
	for n := range i.Losses {
		if l := &i.Losses[n]; l.From == NoTime {
			l.From = l.To
			if i.First != NoTime {
				l.From = min(i.First, l.To)
			}
		}
	}
	return i
}

// A walker reads the records of one format out of a block.
type walker interface {
	// walk appends the whole records of b.Data to b.Records and returns how
	// many bytes it is done with.
	walk(b *Batch) int
	// unit names what a file consists of, for the message about a cut file.
	unit() string
}

// next fills b with the records of the next block that has any.
func (k *blocks) next(b *Batch, w walker) error {
	b.Records, b.Notes = b.Records[:0], b.Notes[:0]
	for k.done == nil {
		k.load(b)
		used := w.walk(b)
		k.count(b.Records)
		rest := len(b.Data) - used
		if k.end != nil {
			k.off += uint64(used)
			k.done = k.ended(rest, w.unit())
			k.carry = nil
		} else {
			k.carry = append(k.carry[:0], b.Data[used:]...)
			k.off += uint64(used)
		}
		if len(b.Records) > 0 {
			return nil
		}
	}
	return k.done
}

// load fills b.Data with the carried bytes and as many more as a block holds.
// After it k.end tells whether anything follows.
func (k *blocks) load(b *Batch) {
	// A record larger than a block makes the next block larger: by what is
	// there of it, not by what it claims.
	want := max(k.size, k.least, 2*len(k.carry))
	if cap(b.Data) < want || cap(b.Data) > keepBlock && want <= keepBlock {
		b.Data = make([]byte, 0, want)
	}
	buf := b.Data[:want]
	carried := copy(buf, k.carry)
	if cap(k.carry) > keepBlock && carried <= keepBlock {
		k.carry = nil
	}
	n := carried
	for tries := 0; k.end == nil && n < len(buf); {
		m, err := k.r.Read(buf[n:])
		n += m
		if err != nil {
			k.end = err
		}
		if m > 0 {
			tries = 0
			if k.live && (carried < growFrom || n >= 2*carried) {
				break
			}
		} else if tries++; tries >= emptyReads && k.end == nil {
			k.end = io.ErrNoProgress
		}
	}
	b.Data = buf[:n]
}

// ended accounts for the end of the input, rest bytes behind the last whole
// record, and returns what Next is to return from now on.
func (k *blocks) ended(rest int, unit string) error {
	if k.end == io.EOF {
		if rest > 0 {
			k.fault(k.off, true, "the file ends inside a %s: %d bytes of it are there", unit, rest)
		}
		return io.EOF
	}
	err := k.end
	if k.packed {
		if *k.under == nil {
			k.fault(k.off+uint64(rest), true, "the compressed data is damaged or cut off here: %v", k.end)
			return io.EOF
		}
		err = *k.under
	}
	var pe *os.PathError
	if errors.As(err, &pe) {
		return err
	}
	return &os.PathError{Op: "read", Path: k.name, Err: err}
}

func (k *blocks) fault(off uint64, fatal bool, what string, args ...any) {
	k.info.Faulted++
	if len(k.info.Faults) < maxFaults {
		k.info.Faults = append(k.info.Faults, Fault{Offset: off, Frame: k.frame, What: fmt.Sprintf(what, args...), Fatal: fatal})
	}
}

// addInterface lists an interface and returns its index; beyond maxIfaces all
// share the last entry.
func (k *blocks) addInterface(i Interface) uint32 {
	if n := len(k.info.Interfaces); n >= maxIfaces {
		return maxIfaces - 1
	} else if n == maxIfaces-1 {
		i = Interface{Name: fmt.Sprintf("(interface %d and later)", n), Link: i.Link, TicksPS: i.TicksPS}
	}
	k.info.Interfaces = append(k.info.Interfaces, i)
	k.info.Digits = max(k.info.Digits, i.Digits())
	return uint32(len(k.info.Interfaces) - 1)
}

// count enters the records of a batch, from the given one on, into Info.
func (k *blocks) count(recs []Record) {
	first, last := k.info.First, k.info.Last
	var bytes, cut uint64
	for i := range recs {
		r := &recs[i]
		bytes += uint64(r.Len)
		if r.Len < r.Wire {
			cut++
		}
		if r.Time == NoTime {
			continue
		}
		if r.Time < first || first == NoTime {
			first = r.Time
		}
		if r.Time > last {
			last = r.Time
		}
	}
	k.info.First, k.info.Last = first, last
	k.info.Bytes += bytes
	k.info.Truncated += cut
}
