package capture

import (
	"bytes"

	"kerbscope/capture/netmontest"
)

// nmOf is a file of plain Ethernet frames of these sizes.
func nmOf(minor int, sizes ...int) *netmontest.File {
	f := &netmontest.File{Minor: minor, Media: 1, Start: t0*1e9 + 7_000_000}
	for i, n := range sizes {
		f.Frames = append(f.Frames, netmontest.Frame{Time: f.Start + int64(i)*1_234_000, Data: frame(n, uint64(i)), Media: 1})
	}
	return f
}

func netmonSamples(gz func([]byte) []byte) []sample {
	mixed := nmOf(3, 60, 70, 80, 90, 100, 110, 120)
	for i, m := range []uint16{1, 0xe000 + 101, 0xffe0, 0xfffd, 9, 0xffff, 0xe080} {
		mixed.Frames[i].Media = m
	}
	copy(mixed.Frames[4].Data, "\x45\x00")
	early := nmOf(3, 60, 60, 60)
	early.Frames[1].Time = early.Start - 2_345_000
	cutFrames := nmOf(3, 60, 70)
	cutFrames.Frames[1].Wire = 1500
	backward := nmOf(3, 60, 70, 80, 90)
	backward.Backward = true
	commented := nmOf(3, 60, 70)
	commented.Comment = [2]string{"a comment", "{\\rtf}"}
	padded := nmOf(2, 60, 70, 80)
	padded.Pad = 56
	unset := nmOf(3, 60, 70)
	unset.NoUTC = true
	plain := nmOf(3, 60, 1500, 70).Bytes()
	outside := bytes.Clone(plain)
	le.PutUint32(outside[len(outside)-4:], uint32(len(outside)-10))
	tooLong := bytes.Clone(plain)
	le.PutUint32(tooLong[72+16+60+15+12:], 1<<20)
	noTable := bytes.Clone(plain)
	le.PutUint32(noTable[24:], 1<<30)
	return []sample{
		{"netmon 2.0", nmOf(0, 60, 1500, 70).Bytes(), 3, 0, "netmon", same},
		{"netmon 2.1", nmOf(1, 60, 1500, 70).Bytes(), 3, 0, "netmon", same},
		{"netmon 2.2", padded.Bytes(), 3, 0, "netmon", same},
		{"netmon 2.3", plain, 3, 0, "netmon", same},
		{"netmon, many frames", nmOf(3, make500()...).Bytes(), 500, 0, "netmon", same},
		{"netmon, media types", mixed.Bytes(), 6, 0, "netmon", same},
		{"netmon, older than the file", early.Bytes(), 3, 0, "netmon", same},
		{"netmon, cut by snaplen", cutFrames.Bytes(), 2, 0, "netmon", same},
		{"netmon, not in order", backward.Bytes(), 4, 0, "netmon", same},
		{"netmon, a comment", commented.Bytes(), 2, 0, "netmon", same},
		{"netmon, no UTC", unset.Bytes(), 2, 0, "netmon", same},
		{"netmon, no frames", nmOf(3).Bytes(), 0, 0, "netmon", refuses},
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
