// Package netmontest writes Network Monitor 2 capture files for tests: what
// Network Monitor itself writes, and what it does not.
package netmontest

import (
	"encoding/binary"
	"time"
	"unicode/utf16"
)

// A Frame is one frame of a File.
type Frame struct {
	Time    int64 // ns since 1970, UTC
	Data    []byte
	Wire    int    // length on the wire; 0: as long as Data
	Media   uint16 // media type; 1 is Ethernet
	Process uint32 // 1-based number in File.Processes; 0: none
}

// A Process is an entry of the process table (2.2 and 2.3).
type Process struct {
	Path string
	PID  uint32
}

// A File is a capture file. Its zero value is one of version 2.0 without frames.
type File struct {
	Minor     int    // of the version: 0 to 3
	Media     uint16 // of the file
	Start     int64  // ns since 1970, UTC
	Zone      time.Duration
	NoUTC     bool      // 2.3 without the extended information and without UTC in frames
	Pad       int       // bytes of the header behind its 72
	Backward  bool      // frames stand in the opposite order, with holes between them
	Comment   [2]string // title and RTF description, of the first frame
	Processes []Process
	Frames    []Frame
}

var le = binary.LittleEndian

// Filetime returns ns since 1970 in 100 ns since 1601.
func Filetime(ns int64) uint64 { return uint64(ns/100 + 116444736000000000) }

// Bytes returns the file.
func (f *File) Bytes() []byte {
	local := time.Unix(0, f.Start).UTC().Add(f.Zone)
	b := make([]byte, 72+f.Pad)
	copy(b, "GMBU")
	b[4], b[5] = byte(f.Minor), 2
	le.PutUint16(b[6:], f.Media)
	for i, v := range []int{local.Year(), int(local.Month()), int(local.Weekday()), local.Day(), local.Hour(), local.Minute(), local.Second(), local.Nanosecond() / 1e6} {
		le.PutUint16(b[8+2*i:], uint16(v))
	}
	offs := make([]uint32, len(f.Frames))
	for n := range f.Frames {
		i := n
		if f.Backward {
			i = len(f.Frames) - 1 - n
			b = append(b, "hole"...)
		}
		offs[i] = uint32(len(b))
		b = f.frame(b, &f.Frames[i])
	}
	section := func(at int, n int, body []byte) {
		le.PutUint32(b[at:], uint32(len(b)))
		le.PutUint32(b[at+4:], uint32(n))
		b = append(b, body...)
	}
	if f.Comment[0] != "" && len(offs) > 0 {
		c := le.AppendUint32(le.AppendUint32(nil, 1), offs[0])
		c = text16(c, f.Comment[0])
		c = append(le.AppendUint32(c, uint32(len(f.Comment[1]))), f.Comment[1]...)
		section(40, len(c), c)
	}
	if len(f.Processes) > 0 {
		t := []byte{1, 0}
		for _, p := range f.Processes {
			t = text16(t, p.Path)
			t = append(le.AppendUint32(t, 4), "icon"...)
			t = le.AppendUint32(t, p.PID)
			t = append(t, make([]byte, 8+4+32)...)
		}
		section(48, len(f.Processes), t)
	}
	if f.Minor >= 3 && !f.NoUTC {
		x := le.AppendUint64([]byte{1, 0}, Filetime(f.Start))
		section(56, len(x)+1, append(x, 0))
	}
	table := make([]byte, 0, 4*len(offs))
	for _, o := range offs {
		table = le.AppendUint32(table, o)
	}
	section(24, len(table), table)
	return b
}

// text16 appends a length in bytes and UTF-16 with its NUL.
func text16(b []byte, s string) []byte {
	u := append(utf16.Encode([]rune(s)), 0)
	b = le.AppendUint32(b, uint32(2*len(u)))
	for _, c := range u {
		b = le.AppendUint16(b, c)
	}
	return b
}

func (f *File) frame(b []byte, r *Frame) []byte {
	start := f.Start - f.Start%1e6 // the header holds milliseconds
	// The field is unsigned, and what is older than the file wraps around.
	b = le.AppendUint64(b, uint64((r.Time-start)/1000))
	b = le.AppendUint32(b, uint32(max(r.Wire, len(r.Data))))
	b = append(le.AppendUint32(b, uint32(len(r.Data))), r.Data...)
	if f.Minor >= 1 {
		b = le.AppendUint16(b, r.Media)
	}
	if f.Minor >= 2 {
		b = le.AppendUint32(b, r.Process-1)
	}
	if f.Minor >= 3 {
		at := Filetime(r.Time)
		if f.NoUTC {
			at = 0
		}
		b = append(le.AppendUint64(b, at), 0xff)
	}
	return b
}
