package etl

import "encoding/binary"

// Header types of records: byte 2 of the marker that begins each.
const (
	typeSystem32   = 0x01
	typeSystem64   = 0x02
	typeCompact32  = 0x03
	typeCompact64  = 0x04
	typeFull32     = 0x0a
	typeInstance32 = 0x0b
	typePerf32     = 0x10
	typePerf64     = 0x11
	typeEvent32    = 0x12
	typeEvent64    = 0x13
	typeFull64     = 0x14
	typeInstance64 = 0x15
)

const (
	eventHeader = 0x50 // bytes of an EVENT_HEADER as it stands in the file
	maxRecord   = 1<<16 - 1
	recordHead  = 8 // bytes that tell a record's type and size
)

// A guid is one as it stands in the file: its first three parts little-endian.
type guid [16]byte

// recordSize returns the size of the record that begins with h (recordHead
// bytes); ok is false if none does.
func recordSize(h []byte) (size int, ok bool) {
	if h[3]&0x80 == 0 || string(h[:4]) == "\xff\xff\xff\xff" {
		return 0, false
	}
	size = int(binary.LittleEndian.Uint16(h))
	switch h[2] {
	case typeSystem32, typeSystem64, typeCompact32, typeCompact64, typePerf32, typePerf64:
		if h[3]&0x40 != 0 { // else a WPP message
			size = int(binary.LittleEndian.Uint16(h[4:]))
		}
	}
	return size, size >= recordHead
}

// recordTime returns the time stamp of the record at the beginning of h; ok is
// false if its type carries none or h is too short.
func recordTime(h []byte) (t int64, ok bool) {
	if len(h) < 4 || h[3]&0xc0 != 0xc0 {
		return 0, false
	}
	at := 0x10
	switch h[2] {
	case typePerf32, typePerf64:
		at = 8
	case typeSystem32, typeSystem64, typeCompact32, typeCompact64, typeFull32, typeFull64, typeInstance32,
		typeInstance64, typeEvent32, typeEvent64:
	default:
		return 0, false
	}
	if len(h) < at+8 {
		return 0, false
	}
	return int64(binary.LittleEndian.Uint64(h[at:])), true
}

// recordProvider returns whose event the record at the beginning of h is; the
// zero guid for one of the kernel's own.
func recordProvider(h []byte) (g guid) {
	switch h[2] {
	case typeFull32, typeFull64, typeEvent32, typeEvent64:
		if h[3]&0x40 != 0 && len(h) >= 0x28 {
			copy(g[:], h[0x18:])
		}
	}
	return g
}

// An event is one record of type EVENT_HEADER. data is a view of the buffer.
type event struct {
	time     int64 // in the trace's clock
	provider guid
	id       uint16
	keyword  uint64
	process  uint32
	thread   uint32
	cpu      uint16
	wide     bool // from a 64-bit system
	data     []byte
}

// read takes apart a whole record of type EVENT_HEADER; false if it is damaged.
func (e *event) read(rec []byte, cpu uint16) bool {
	if len(rec) < eventHeader {
		return false
	}
	le := binary.LittleEndian
	*e = event{
		thread: le.Uint32(rec[8:]), process: le.Uint32(rec[0xc:]), time: int64(le.Uint64(rec[0x10:])),
		provider: guid(rec[0x18:0x28]), id: le.Uint16(rec[0x28:]), keyword: le.Uint64(rec[0x30:]),
		cpu: cpu, wide: rec[2] == typeEvent64, data: rec[eventHeader:],
	}
	extended := le.Uint16(rec[4:])&1 != 0
	for extended {
		if len(e.data) < 8 {
			return false
		}
		size := int(le.Uint16(e.data))
		if size < 8 || size > len(e.data) {
			return false
		}
		extended = le.Uint16(e.data[4:])&1 != 0
		e.data = e.data[size:]
	}
	return true
}
