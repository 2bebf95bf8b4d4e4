// Package etltest writes Windows event traces for tests, byte by byte, so that
// tests can write bad ones. It shares no code with the reader.
package etltest

import (
	"encoding/binary"
	"sort"
	"time"
	"unicode/utf16"
)

var le = binary.LittleEndian

// A GUID is written as it is given: its text, without braces.
type GUID string

// Providers.
const (
	NDIS   GUID = "2ED6006E-4729-4609-B423-3EE7BCD678EF"
	PktMon GUID = "4D4F80D9-C8BD-4D73-BB5B-19C90402C5AC"
	TCPIP  GUID = "2F07E2EE-15DB-40F1-90EF-9D7BA282188A"
)

// Bytes returns the 16 bytes of a GUID in a file.
func (g GUID) Bytes() []byte {
	var hex []byte
	for i := 0; i < len(g); i++ {
		c := g[i]
		switch {
		case c >= '0' && c <= '9':
			hex = append(hex, c-'0')
		case c >= 'A' && c <= 'F':
			hex = append(hex, c-'A'+10)
		}
	}
	b := make([]byte, 16)
	for i, from := range []int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15} {
		b[i] = hex[2*from]<<4 | hex[2*from+1]
	}
	return b
}

// An Event is one event of a manifest provider.
type Event struct {
	Time     int64 // ns since 1970
	CPU      uint16
	Provider GUID
	ID       uint16
	Keyword  uint64
	PID, TID uint32
	Extended [][]byte // extended data items
	Data     []byte
	Raw      []byte // instead of all this but Time and CPU: a whole record
}

// A Trace says how a file is written.
type Trace struct {
	Narrow      bool // of a 32-bit system
	Compressed  bool // by plain LZ77
	Clock       uint32
	Freq        int64 // of the performance counter
	Buffer      int   // bytes of a buffer
	Unclosed    bool
	Circular    int // buffers are written as if the file had wrapped round after so many
	Lost        uint32
	BuffersLost uint32
	Start       int64 // ns since 1970; 0: of the first event
	Build       uint32
	Mode        uint32
	Old         bool // the CPU is given in a byte, as Vista and 7 do
	Major       byte
	State       uint32 // of buffer 0, instead of what is right
}

const filetimeEpoch = 116444736000000000

// Stamp returns the time stamp that an event of that time has.
func (t Trace) Stamp(ns int64) int64 {
	f := ns/100 + filetimeEpoch
	if t.Clock == 2 {
		return f
	}
	// Multiplied out of the way of overflow; exact for 10 MHz.
	d := f - (t.Start/100 + filetimeEpoch)
	freq := t.Freq
	return t.ref() + d/1e7*freq + d%1e7*freq/1e7
}

func (t Trace) ref() int64 { return 123456789012 }

// Bytes returns the trace with the given events.
func (t Trace) Bytes(events []Event) []byte {
	if t.Clock == 0 {
		t.Clock = 1
	}
	if t.Freq == 0 {
		t.Freq = 1e7
	}
	if t.Buffer == 0 {
		t.Buffer = 8 << 10
	}
	if t.Major == 0 {
		t.Major = 10
	}
	if t.Build == 0 {
		t.Build = 19045
	}
	for _, e := range events {
		if t.Start == 0 || e.Time < t.Start {
			t.Start = e.Time
		}
	}
	t.Start -= t.Start % 100
	// A CPU fills its buffer, and then it is written.
	type filling struct {
		seq  int
		data []byte
	}
	byCPU := map[uint16]*filling{}
	var cpus []uint16
	var bufs [][]byte
	seq := 0
	flush := func(cpu uint16) {
		if f := byCPU[cpu]; f != nil && len(f.data) > 0 {
			bufs = append(bufs, t.buffer(f.data, cpu, f.seq))
			f.data = nil
		}
	}
	for _, e := range events {
		rec := t.record(e)
		f := byCPU[e.CPU]
		if f == nil {
			f = &filling{}
			byCPU[e.CPU] = f
			cpus = append(cpus, e.CPU)
		}
		if len(f.data)+len(rec)+0x48 > t.Buffer {
			flush(e.CPU)
		}
		if len(f.data) == 0 {
			seq++
			f.seq = seq
		}
		f.data = append(f.data, rec...)
	}
	sort.Slice(cpus, func(i, j int) bool { return cpus[i] > cpus[j] })
	for _, c := range cpus {
		flush(c)
	}
	if n := t.Circular; n > 0 && n < len(bufs) {
		turned := make([][]byte, n)
		for i, b := range bufs[len(bufs)-n:] {
			turned[(len(bufs)-n+i)%n] = b
		}
		bufs = turned
	}
	file := t.first(len(bufs)+1, events)
	for _, b := range bufs {
		file = append(file, b...)
	}
	return file
}

// record returns the record of an event, padded.
func (t Trace) record(e Event) []byte {
	if e.Raw != nil {
		return pad(e.Raw)
	}
	b := make([]byte, 0x50, 0x50+len(e.Data))
	b[2], b[3] = 0x13, 0xc0
	if t.Narrow {
		b[2] = 0x12
	}
	le.PutUint32(b[8:], e.TID)
	le.PutUint32(b[0xc:], e.PID)
	le.PutUint64(b[0x10:], uint64(t.Stamp(e.Time)))
	copy(b[0x18:], e.Provider.Bytes())
	le.PutUint16(b[0x28:], e.ID)
	b[0x2c] = 4
	le.PutUint64(b[0x30:], e.Keyword)
	for i, x := range e.Extended {
		b[4] |= 1
		item := make([]byte, 8)
		le.PutUint16(item, uint16(8+(len(x)+7)&^7))
		le.PutUint16(item[2:], 6)
		if i+1 < len(e.Extended) {
			item[4] = 1
		}
		le.PutUint16(item[6:], uint16(len(x)))
		b = append(b, pad(append(item, x...))...)
	}
	b = append(b, e.Data...)
	le.PutUint16(b, uint16(len(b)))
	return pad(b)
}

func pad(b []byte) []byte {
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	return b
}

// buffer returns a buffer with records in it.
func (t Trace) buffer(records []byte, cpu uint16, seq int) []byte {
	h := make([]byte, 0x48)
	used := uint32(len(records) + 0x48)
	le.PutUint32(h[0x04:], used)
	le.PutUint32(h[0x08:], used)
	le.PutUint64(h[0x18:], uint64(seq))
	le.PutUint32(h[0x30:], used)
	flags := uint16(0x20)
	le.PutUint16(h[0x28:], cpu)
	if t.Old {
		flags = 0
		h[0x28], h[0x29] = byte(cpu), 8
	}
	le.PutUint32(h[0x2c:], 3)
	if t.Compressed {
		flags |= 0x40
		records = Compress(records)
	}
	le.PutUint16(h[0x34:], flags)
	b := append(h, records...)
	for !t.Compressed && len(b) < t.Buffer {
		b = append(b, 0xff)
	}
	le.PutUint32(b, uint32(len(b)))
	return b
}

// first returns the header buffer.
func (t Trace) first(buffers int, events []Event) []byte {
	p := 8
	if t.Narrow {
		p = 4
	}
	size := 0x38 + 2*p + 0xb0 + 32
	h := make([]byte, size)
	le.PutUint32(h, uint32(t.Buffer))
	h[4], h[6] = t.Major, 2
	le.PutUint32(h[8:], t.Build)
	le.PutUint32(h[0xc:], 4)
	if !t.Unclosed {
		end := t.Start
		for _, e := range events {
			end = max(end, e.Time)
		}
		le.PutUint64(h[0x10:], uint64(end/100+filetimeEpoch+1))
	}
	mode := t.Mode | 1
	if t.Compressed {
		mode |= 0x04000000
	}
	if t.Circular > 0 {
		mode = mode&^1 | 2
	}
	le.PutUint32(h[0x20:], mode)
	le.PutUint32(h[0x24:], uint32(buffers))
	le.PutUint32(h[0x28:], 1)
	le.PutUint32(h[0x2c:], uint32(p))
	le.PutUint32(h[0x30:], t.Lost)
	le.PutUint32(h[0x34:], 2000)
	x := h[0x38+2*p+0xb0:]
	le.PutUint64(x[8:], uint64(t.Freq))
	le.PutUint64(x[16:], uint64(t.Start/100+filetimeEpoch))
	le.PutUint32(x[24:], t.Clock)
	le.PutUint32(x[28:], t.BuffersLost)
	h = append(append(h, UTF16("Relogger")...), UTF16(`C:\trace.etl`)...)

	rec := make([]byte, 0x20)
	le.PutUint16(rec, 2)
	rec[2], rec[3] = 2, 0xc0
	if t.Narrow {
		rec[2] = 1
	}
	le.PutUint16(rec[4:], uint16(0x20+len(h)))
	ref := t.ref()
	if t.Clock == 2 {
		ref = t.Start/100 + filetimeEpoch
	}
	le.PutUint64(rec[0x10:], uint64(ref))
	whole := t
	whole.Compressed = false
	if t.Compressed {
		whole.Buffer = 0x400
	}
	b := whole.buffer(pad(append(rec, h...)), 0, 0)
	le.PutUint16(b[0x36:], 4)
	if t.State != 0 {
		le.PutUint32(b[0x2c:], t.State)
	}
	if t.Old {
		le.PutUint32(b[4:], 0)
	}
	return b
}

// UTF16 returns s as NUL-terminated UTF-16LE.
func UTF16(s string) (b []byte) {
	for _, c := range utf16.Encode([]rune(s + "\x00")) {
		b = le.AppendUint16(b, c)
	}
	return b
}

// Perf returns a record of the kernel's, which has another header.
func (t Trace) Perf(at time.Time, n int) []byte {
	b := make([]byte, 0x10+n)
	le.PutUint16(b, 2)
	b[2], b[3] = 0x11, 0xc0
	le.PutUint16(b[4:], uint16(len(b)))
	le.PutUint64(b[8:], uint64(t.Stamp(at.UnixNano())))
	return b
}
