package capture

import (
	"bytes"
	"encoding/binary"
	"time"
)

// A nmFrame is one frame of a NetMon file to be written.
type nmFrame struct {
	time  int64 // ns since 1970, UTC
	data  []byte
	wire  int // 0: as long as data
	media uint16
}

// A nmFile is a NetMon 2 file to be written.
type nmFile struct {
	minor    int
	media    uint16 // of the file
	start    int64  // ns since 1970, UTC
	zone     time.Duration
	noUTC    bool // 2.3 without the extended information
	pad      int  // bytes of the header behind the 72
	backward bool // frames stand in the opposite order, with holes between them
	comment  string
	frames   []nmFrame
}

func (f nmFile) bytes() []byte {
	local := time.Unix(0, f.start).UTC().Add(f.zone)
	b := make([]byte, 72+f.pad)
	copy(b, "GMBU")
	b[4], b[5] = byte(f.minor), 2
	le.PutUint16(b[6:], f.media)
	for i, v := range []int{local.Year(), int(local.Month()), int(local.Weekday()), local.Day(), local.Hour(), local.Minute(), local.Second(), local.Nanosecond() / 1e6} {
		le.PutUint16(b[8+2*i:], uint16(v))
	}
	offs := make([]uint32, len(f.frames))
	for n := range f.frames {
		i := n
		if f.backward {
			i = len(f.frames) - 1 - n
			b = append(b, "hole"...)
		}
		offs[i] = uint32(len(b))
		b = f.append(b, f.frames[i])
	}
	table := func(at int, section []byte, n int) {
		le.PutUint32(b[at:], uint32(len(b)))
		le.PutUint32(b[at+4:], uint32(n))
		b = append(b, section...)
	}
	if f.comment != "" && len(offs) > 0 {
		var c []byte
		c = append(c, words(le, 1, offs[0], uint32(2*len(f.comment)+2))...)
		for _, r := range f.comment + "\x00" {
			c = le.AppendUint16(c, uint16(r))
		}
		c = append(c, words(le, 4)...)
		c = append(c, "{\\r}"...)
		table(40, c, len(c))
	}
	if f.minor >= 3 && !f.noUTC {
		x := le.AppendUint64([]byte{1, 0}, nmFiletime(f.start))
		table(56, append(x, 0), 11)
	}
	table(24, words(le, offs...), 4*len(offs))
	return b
}

func nmFiletime(ns int64) uint64 { return uint64(ns/100 + 116444736000000000) }

func (f nmFile) append(b []byte, r nmFrame) []byte {
	start := f.start - f.start%1e6 // the header holds milliseconds
	delta := uint64((r.time-start)/100) / 10
	if r.time < start {
		delta = uint64((r.time - start) / 1000)
	}
	b = le.AppendUint64(b, delta)
	b = append(b, words(le, uint32(max(r.wire, len(r.data))), uint32(len(r.data)))...)
	b = append(b, r.data...)
	if f.minor >= 1 {
		b = le.AppendUint16(b, r.media)
	}
	if f.minor >= 2 {
		b = binary.LittleEndian.AppendUint32(b, 0xffffffff)
	}
	if f.minor >= 3 {
		at := nmFiletime(r.time)
		if f.noUTC {
			at = 0
		}
		b = append(le.AppendUint64(b, at), 0xff)
	}
	return b
}

// nmOf is a file of plain Ethernet frames of these sizes.
func nmOf(minor int, sizes ...int) nmFile {
	f := nmFile{minor: minor, media: 1, start: t0*1e9 + 7_000_000}
	for i, n := range sizes {
		f.frames = append(f.frames, nmFrame{time: f.start + int64(i)*1_234_000, data: frame(n, uint64(i)), media: 1})
	}
	return f
}

func netmonSamples(gz func([]byte) []byte) []sample {
	mixed := nmOf(3, 60, 70, 80, 90, 100, 110, 120)
	for i, m := range []uint16{1, 0xe000 + 101, 0xffe0, 0xfffd, 9, 0xffff, 0xe080} {
		mixed.frames[i].media = m
	}
	copy(mixed.frames[4].data, "\x45\x00")
	early := nmOf(3, 60, 60, 60)
	early.frames[1].time = early.start - 2_345_000
	cutFrames := nmOf(3, 60, 70)
	cutFrames.frames[1].wire = 1500
	backward := nmOf(3, 60, 70, 80, 90)
	backward.backward = true
	commented := nmOf(3, 60, 70)
	commented.comment = "a comment"
	padded := nmOf(2, 60, 70, 80)
	padded.pad = 56
	unset := nmOf(3, 60, 70)
	unset.noUTC = true
	plain := nmOf(3, 60, 1500, 70).bytes()
	outside := bytes.Clone(plain)
	le.PutUint32(outside[len(outside)-4:], uint32(len(outside)-10))
	tooLong := bytes.Clone(plain)
	le.PutUint32(tooLong[72+16+60+15+12:], 1<<20)
	noTable := bytes.Clone(plain)
	le.PutUint32(noTable[24:], 1<<30)
	return []sample{
		{"netmon 2.0", nmOf(0, 60, 1500, 70).bytes(), 3, 0, "netmon", same},
		{"netmon 2.1", nmOf(1, 60, 1500, 70).bytes(), 3, 0, "netmon", same},
		{"netmon 2.2", padded.bytes(), 3, 0, "netmon", same},
		{"netmon 2.3", plain, 3, 0, "netmon", same},
		{"netmon, many frames", nmOf(3, make500()...).bytes(), 500, 0, "netmon", same},
		{"netmon, media types", mixed.bytes(), 6, 0, "netmon", same},
		{"netmon, older than the file", early.bytes(), 3, 0, "netmon", same},
		{"netmon, cut by snaplen", cutFrames.bytes(), 2, 0, "netmon", same},
		{"netmon, not in order", backward.bytes(), 4, 0, "netmon", same},
		{"netmon, a comment", commented.bytes(), 2, 0, "netmon", same},
		{"netmon, no UTC", unset.bytes(), 2, 0, "netmon", same},
		{"netmon, no frames", nmOf(3).bytes(), 0, 0, "netmon", refuses},
		{"netmon, a frame outside the file", outside, 3, 1, "netmon", stops},
		{"netmon, a frame longer than any", tooLong, 3, 1, "netmon", stops},
		{"netmon, no frame table", noTable, 3, 1, "netmon", refuses},
		{"netmon, cut inside a frame", plain[:72+91+700], 1, 1, "netmon", refuses},
		{"netmon in gzip", gz(plain), 3, 0, "netmon.gz", same},
		{"netmon in gzip, cut", cut(gz(plain), 400), 1, 1, "netmon.gz", refuses},
	}
}

func make500() []int {
	sizes := make([]int, 500)
	for i := range sizes {
		sizes[i] = 60 + i
	}
	return sizes
}
