package capture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/bits"
	"strings"
)

// A Writer writes a pcapng file of one section, little-endian. It writes what
// its buffer holds when Flush is called.
type Writer struct {
	w     *bufio.Writer
	ticks []uint64 // a second, of each interface
	snap  uint32   // of the first interface
	buf   []byte   // the block being put together, but for packet bytes
	err   error
}

// Section says who wrote a capture file; empty fields are left out.
type Section struct {
	Hardware, OS, Application, Comment string
}

// PacketOptions are the options of an Enhanced Packet Block, §4.3.
type PacketOptions struct {
	Comments []string
	Flags    uint32 // epb_flags: direction in the two lowest bits (1 in, 2 out); 0: not written
}

// Options of blocks.
const (
	ngOptComment  = 1
	ngOptHardware = 2
	ngOptOS       = 3
	ngOptAppl     = 4
	ngOptFlags    = 2
)

// NewWriter returns a Writer and buffers its section header.
func NewWriter(w io.Writer, sec Section) *Writer {
	g := &Writer{w: bufio.NewWriterSize(w, DefaultBlock)}
	g.begin(ngSHB)
	g.buf = binary.LittleEndian.AppendUint32(g.buf, ngBOM)
	g.buf = append(g.buf, 1, 0, 0, 0)                               // version 1.0
	g.buf = binary.LittleEndian.AppendUint64(g.buf, math.MaxUint64) // length of the section not given
	g.option(ngOptComment, sec.Comment)
	g.option(ngOptHardware, sec.Hardware)
	g.option(ngOptOS, sec.OS)
	g.option(ngOptAppl, sec.Application)
	g.endOptions(28 - 4)
	g.finish(nil)
	return g
}

// AddInterface describes an interface and returns its number for the records
// of its packets. Its time stamps are written with i.TicksPS ticks a second if
// that is a power of ten or two, otherwise in nanoseconds (0: microseconds).
func (g *Writer) AddInterface(i Interface) (uint32, error) {
	resol, ticks := tsresol(i.TicksPS)
	if i.Link > math.MaxUint16 {
		return 0, errors.New("pcapng holds no link type above 65535")
	}
	g.begin(ngIDB)
	g.buf = binary.LittleEndian.AppendUint16(g.buf, uint16(i.Link))
	g.buf = append(g.buf, 0, 0)
	g.buf = binary.LittleEndian.AppendUint32(g.buf, i.SnapLen)
	g.option(ngOptName, i.Name)
	if resol != 6 {
		g.option(ngOptTSResol, string([]byte{resol}))
	}
	if i.Filter != "" {
		g.option(ngOptFilter, "\x00"+i.Filter)
	}
	g.endOptions(20 - 4)
	g.finish(nil)
	if len(g.ticks) == 0 {
		g.snap = i.SnapLen
	}
	g.ticks = append(g.ticks, ticks)
	return uint32(len(g.ticks) - 1), g.err
}

// Statistics are what an interface counted since it was opened, §4.6.
type Statistics struct {
	Dropped        uint64 // by the system, for want of buffer
	DroppedByCards uint64
	Comment        string
}

// WriteStatistics writes what an interface counted until the given time, ns.
// Readers take what is more than in the block before as lost between the two.
func (g *Writer) WriteStatistics(iface uint32, at int64, s Statistics) error {
	if g.err != nil {
		return g.err
	}
	if int(iface) >= len(g.ticks) {
		return errors.New("statistics of an interface that was not added")
	}
	le := binary.LittleEndian
	g.begin(ngISB)
	g.buf = le.AppendUint32(g.buf, iface)
	ts := ticksOf(at, g.ticks[iface])
	g.buf = le.AppendUint32(g.buf, uint32(ts>>32))
	g.buf = le.AppendUint32(g.buf, uint32(ts))
	g.option(ngOptComment, s.Comment)
	for _, o := range []struct {
		code uint16
		n    uint64
	}{{ngOptIfDrop, s.DroppedByCards}, {ngOptOSDrop, s.Dropped}} {
		g.buf = le.AppendUint16(g.buf, o.code)
		g.buf = append(g.buf, 8, 0)
		g.buf = le.AppendUint64(g.buf, o.n)
	}
	g.endOptions(20)
	g.finish(nil)
	return g.err
}

// tsresol returns the if_tsresol for so many ticks a second, and the ticks
// that it stands for.
func tsresol(ticks uint64) (uint8, uint64) {
	if ticks == 0 {
		return 6, 1e6
	}
	for n := uint8(0); n <= 19; n++ {
		if pow10(n) == ticks {
			return n, ticks
		}
	}
	if ticks&(ticks-1) == 0 {
		return 0x80 | uint8(bits.TrailingZeros64(ticks)), ticks
	}
	return 9, 1e9
}

// MaxPacket is the longest packet that WritePacket takes, if its options are
// few: pcapng blocks are at most 16 MiB long.
const MaxPacket = maxNgBlock - 4096

// WritePacket writes one packet: of r only Time, Wire and Interface count.
// pcapng holds no time before 1970: it is written as 0. A packet without a
// time (NoTime) becomes a Simple Packet Block (§4.4) where that says the same: of the
// first interface, without options; elsewhere its time is written as 0.
func (g *Writer) WritePacket(r Record, data []byte, o PacketOptions) error {
	if g.err != nil {
		return g.err
	}
	if int(r.Interface) >= len(g.ticks) {
		return errors.New("packet of an interface that was not added")
	}
	if len(data) > MaxPacket {
		return errors.New("packet too long for pcapng readers")
	}
	le := binary.LittleEndian
	if g.HoldsTimeless(r, len(data), o) {
		g.begin(ngSPB)
		g.buf = le.AppendUint32(g.buf, max(r.Wire, uint32(len(data))))
		g.finish(data)
		return g.err
	}
	ts := ticksOf(r.Time, g.ticks[r.Interface])
	g.begin(ngEPB)
	g.buf = le.AppendUint32(g.buf, r.Interface)
	g.buf = le.AppendUint32(g.buf, uint32(ts>>32))
	g.buf = le.AppendUint32(g.buf, uint32(ts))
	g.buf = le.AppendUint32(g.buf, uint32(len(data)))
	g.buf = le.AppendUint32(g.buf, max(r.Wire, uint32(len(data))))
	head := len(g.buf)
	for _, c := range o.Comments {
		if len(g.buf)+len(c)+len(data) < maxNgBlock-64 {
			g.option(ngOptComment, c)
		}
	}
	if o.Flags != 0 {
		g.buf = append(g.buf, ngOptFlags, 0, 4, 0)
		g.buf = le.AppendUint32(g.buf, o.Flags)
	}
	g.endOptions(head)
	g.finishAt(head, data)
	return g.err
}

// HoldsTimeless tells whether WritePacket writes a packet of n bytes without
// a time as such, in a Simple Packet Block: how much is captured follows there
// from the interface.
func (g *Writer) HoldsTimeless(r Record, n int, o PacketOptions) bool {
	captured := max(r.Wire, uint32(n))
	if g.snap != 0 {
		captured = min(captured, g.snap)
	}
	return r.Time == NoTime && r.Interface == 0 && o.Flags == 0 && len(o.Comments) == 0 && captured == uint32(n)
}

// ticksOf is the inverse of ngClock.time, without an offset. Where a tick is no
// whole number of nanoseconds it rounds up, as reading rounds down: the same
// nanosecond comes back, or the same tick where those are longer.
func ticksOf(ns int64, perSecond uint64) uint64 {
	if ns <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(ns), perSecond)
	if 1e9%perSecond != 0 {
		var carry uint64
		lo, carry = bits.Add64(lo, 1e9-1, 0)
		hi += carry
	}
	if hi >= 1e9 {
		return math.MaxUint64
	}
	t, _ := bits.Div64(hi, lo, 1e9)
	return t
}

// Flush writes what is buffered and returns the first error of all writing.
func (g *Writer) Flush() error {
	if g.err == nil {
		g.err = g.w.Flush()
	}
	return g.err
}

func (g *Writer) begin(typ uint32) {
	g.buf = binary.LittleEndian.AppendUint32(g.buf[:0], typ)
	g.buf = append(g.buf, 0, 0, 0, 0) // total length, known at the end
}

// option appends a string option; an empty one is left out, one too long for
// its length field cut.
func (g *Writer) option(code uint16, v string) {
	if v == "" {
		return
	}
	if len(v) > math.MaxUint16 {
		v = strings.ToValidUTF8(v[:math.MaxUint16-3], "")
	}
	g.buf = binary.LittleEndian.AppendUint16(g.buf, code)
	g.buf = binary.LittleEndian.AppendUint16(g.buf, uint16(len(v)))
	g.buf = append(g.buf, v...)
	g.buf = append(g.buf, "\x00\x00\x00"[:pad4(uint32(len(v)))-uint32(len(v))]...)
}

// endOptions closes the list of options that begins at head, if it has any.
func (g *Writer) endOptions(head int) {
	if len(g.buf) > head {
		g.buf = append(g.buf, ngOptEnd, 0, 0, 0)
	}
}

func (g *Writer) finish(data []byte) { g.finishAt(len(g.buf), data) }

// finishAt writes the block with data, padded, at the given place in it.
func (g *Writer) finishAt(head int, data []byte) {
	padding := int(pad4(uint32(len(data)))) - len(data)
	n := uint32(len(g.buf) + len(data) + padding + 4)
	binary.LittleEndian.PutUint32(g.buf[4:], n)
	tail := len(g.buf)
	g.buf = append(g.buf, 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(g.buf[tail:], n)
	g.write(g.buf[:head])
	g.write(data)
	g.write(ngPadding[:padding])
	g.write(g.buf[head:])
}

var ngPadding [4]byte

func (g *Writer) write(b []byte) {
	if g.err == nil {
		_, g.err = g.w.Write(b)
	}
}
