package capture

import (
	"bytes"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// A sample is a capture built here; frames and faults are what reading it
// gives. wireshark tells how Wireshark stands to it.
type sample struct {
	name   string
	file   []byte
	frames int
	faults int
	format string
	shark  sharkSays
}

type sharkSays int

const (
	same    sharkSays = iota // reads the same frames
	stops                    // reads the first of them, and stops at the damage
	refuses                  // does not read the file
)

func samples(t testing.TB) []sample {
	patched := "\x02\x00\x00\x00\x08\x00\x00\x00" // ifindex 2, protocol 8, to us
	nokia := "\x01\xd9\xbf\x9f"
	longer := func(extra string, magic uint32, n int) []byte {
		b := pcapHead(le, magic, 65535, 1)
		for i := range n {
			b = append(b, pcapRec(le, t0, uint32(i), frame(60+i, 3), 60+i, []byte(extra)...)...)
		}
		return b
	}
	f60, f99, f1500 := frame(60, 1), frame(99, 2), frame(1500, 3)
	us := uint64(t0) * 1e6
	two := append(shb(le), idb(le, 1, 0)...)
	var many []byte
	for i := range 300 {
		many = append(many, epb(le, 0, us+uint64(i), frame(14+i*5, uint64(i)), 14+i*5)...)
	}
	// The first three records are whole: by them Wireshark tells the variant.
	badLen := pcapOf(le, 0xa1b2c3d4, 60, 60, 60, 80, 90, 100, 110)
	copy(badLen[24+3*(16+60)+8:], "\xff\xff\xff\x7f")
	zeroed := bytes.Clone(badLen)
	clear(zeroed[24+3*(16+60)+16:][:40])
	brokenTrailer := join(two, epb(le, 0, us, f60, 60), epb(le, 0, us+1, f99, 99), epb(le, 0, us+2, f60, 60))
	brokenTrailer[len(two)+32+60-1] ^= 0x40
	brokenLength := join(two, epb(le, 0, us, f60, 60), epb(le, 0, us+1, f99, 99), epb(le, 0, us+2, f60, 60))
	brokenLength[len(two)+7] = 0x55
	swappedOld := pcapOf(le, 0xa1b2c3d4, 60, 70)
	swappedOld[6] = 2
	swappedOld[24+8], swappedOld[24+12] = 60, 99 // original 60, captured 99 in the old order
	swappedOld = append(swappedOld[:24+16], join(f99, pcapRec(le, t0, 1, f60, 60))...)
	v23 := pcapHead(le, 0xa1b2c3d4, 65535, 1)
	v23[6] = 3
	v23 = join(v23, words(le, t0, 5, 99, 60), f60, pcapRec(le, t0, 6, f60, 99))
	aix := pcapHead(le, 0xa1b2c3d4, 65535, 6)
	aix[6] = 2
	aix = join(aix, pcapRec(le, t0, 123456789, f60, 60), pcapRec(le, t0+1, 5, f99, 99))
	ixia := join(pcapHead(le, 0x1c0001ac, 65535, 1), words(le, 76), pcapRec(le, t0, 123456789, f60, 60))
	ixiaUS := join(pcapHead(be, 0x1c0001ab, 65535, 1), words(be, 76), pcapRec(be, t0, 123456, f60, 60))
	gz := func(b []byte) []byte {
		var w bytes.Buffer
		z := gzip.NewWriter(&w)
		z.Write(b)
		require.NoError(t, z.Close())
		return w.Bytes()
	}
	zst := func(b []byte) []byte {
		e, err := zstd.NewWriter(nil)
		require.NoError(t, err)
		return e.EncodeAll(b, nil)
	}
	ng := join(two, many)
	long := frame(300000, 9)
	tick := func(resol byte, offset int64, ticks uint64) []byte {
		opts := []opt{{ngOptTSResol, string([]byte{resol})}}
		if offset != 0 {
			opts = append(opts, opt{ngOptTSOffset, be64(le, offset)})
		}
		return join(shb(le), idb(le, 1, 0, opts...), epb(le, 0, ticks, f60, 60), epb(le, 0, ticks+1, f60, 60))
	}
	manyIfaces := shb(le)
	for range maxIfaces + 5 {
		manyIfaces = append(manyIfaces, idb(le, 1, 0)...)
	}
	manyIfaces = join(manyIfaces, epb(le, 0, us, f60, 60), epb(le, maxIfaces+4, us, f60, 60))

	return append(append(netmonSamples(gz), etlSamples(t)...), []sample{
		{"pcap, microseconds", pcapOf(le, 0xa1b2c3d4, 60, 1500, 14, 0x10000), 4, 0, "pcap", same},
		{"pcap, big-endian", pcapOf(be, 0xa1b2c3d4, 60, 1500), 2, 0, "pcap", same},
		{"pcap, nanoseconds", pcapOf(le, 0xa1b23c4d, 60, 1500), 2, 0, "pcap", same},
		{"pcap, nanoseconds, big-endian", pcapOf(be, 0xa1b23c4d, 60, 1500), 2, 0, "pcap", same},
		{"pcap, no packets", pcapHead(le, 0xa1b2c3d4, 65535, 1), 0, 0, "pcap", same},
		{"pcap, snaplen 0", join(pcapHead(le, 0xa1b2c3d4, 0, 1), pcapRec(le, t0, 0, f60, 60), pcapRec(le, t0, 0, f60, 60), pcapRec(le, t0, 0, f60, 60)), 3, 0, "pcap", same},
		{"pcap, over the snaplen", join(pcapHead(le, 0xa1b2c3d4, 68, 1), pcapRec(le, t0, 0, f1500, 1500), pcapRec(le, t0, 9, f60, 60)), 2, 0, "pcap", same},
		{"pcap, cut by snaplen", join(pcapHead(le, 0xa1b2c3d4, 60, 1), pcapRec(le, t0, 0, f60, 1500)), 1, 0, "pcap", same},
		{"pcap, empty record", join(pcapHead(le, 0xa1b2c3d4, 65535, 1), pcapRec(le, t0, 0, nil, 60), pcapRec(le, t0, 9, f60, 60)), 2, 0, "pcap", same},
		{"pcap, FCS length given", join(pcapHead(le, 0xa1b2c3d4, 65535, 0x24000001), pcapRec(le, t0, 0, f60, 60)), 1, 0, "pcap", same},
		{"pcap, raw IP as DLT 12", join(pcapHead(le, 0xa1b2c3d4, 65535, 12), pcapRec(le, t0, 0, f60, 60)), 1, 0, "pcap", same},
		{"pcap, raw IP as DLT 14", join(pcapHead(le, 0xa1b2c3d4, 65535, 14), pcapRec(le, t0, 0, f60, 60)), 1, 0, "pcap", same},
		{"pcap, unknown link type", join(pcapHead(le, 0xa1b2c3d4, 65535, 60000), pcapRec(le, t0, 0, f60, 60)), 1, 0, "pcap", refuses},
		{"pcap, version 2.2", swappedOld, 2, 0, "pcap", same},
		{"pcap, version 2.3", v23, 2, 0, "pcap", same},
		{"pcap, AIX", aix, 2, 0, "pcap", same},
		{"pcap, Ixia nanoseconds", ixia, 1, 0, "pcap", same},
		{"pcap, Ixia microseconds", ixiaUS, 1, 0, "pcap", same},
		{"modified pcap", longer(patched, 0xa1b2cd34, 5), 5, 0, "pcap", same},
		{"modified pcap, SuSE", longer(patched+"\x00\x00\x00\x00", 0xa1b2cd34, 5), 5, 0, "pcap", same},
		{"modified pcap, standard magic", longer(patched, 0xa1b2c3d4, 5), 5, 0, "pcap", same},
		{"pcap, Nokia", longer(nokia, 0xa1b2c3d4, 5), 5, 0, "pcap", same},
		{"pcap, cut inside a record", pcapOf(le, 0xa1b2c3d4, 60, 70, 80)[:24+76+86+50], 2, 1, "pcap", stops},
		{"pcap, cut inside a record header", pcapOf(le, 0xa1b2c3d4, 60, 70, 80)[:24+76+86+9], 2, 1, "pcap", stops},
		{"pcap, a damaged length", badLen, 6, 1, "pcap", stops},
		{"pcap, a damaged length and zeros", zeroed, 6, 1, "pcap", stops},
		{"pcap, two files one after the other", join(pcapOf(le, 0xa1b2c3d4, 60, 70, 80), pcapOf(le, 0xa1b2c3d4, 60, 70, 80)), 7, 1, "pcap", stops},
		{"pcap, all records damaged", join(pcapHead(le, 0xa1b2c3d4, 65535, 1), bytes.Repeat([]byte{0xff}, 1000)), 0, 1, "pcap", stops},

		{"pcapng", ng, 300, 0, "pcapng", same},
		{"pcapng, no packets", two, 0, 0, "pcapng", same},
		{"pcapng, big-endian", join(shb(be), idb(be, 1, 65535), epb(be, 0, us, f99, 99), epb(be, 0, us+5, f60, 1500)), 2, 0, "pcapng", same},
		{"pcapng, section length given", join(shbLen(le, int64(len(idb(le, 1, 0))+len(many))), idb(le, 1, 0), many), 300, 0, "pcapng", same},
		{"pcapng, sections of both orders", join(two, epb(le, 0, us, f60, 60), shb(be), idb(be, 1, 0), idb(be, 101, 0), epb(be, 1, us+1, f60, 60), epb(be, 0, us+2, f99, 99)), 3, 0, "pcapng", same},
		{"pcapng, several link types", join(two, idb(le, 101, 0, opt{2, "any"}), idb(le, 113, 96), epb(le, 1, us, f60, 60), epb(le, 2, us, f99, 200), epb(le, 0, us, f60, 60)), 3, 0, "pcapng", same},
		{"pcapng, unknown link type", join(two, idb(le, 60000, 0), epb(le, 1, us, f60, 60), epb(le, 0, us, f60, 60)), 2, 0, "pcapng", same},
		{"pcapng, simple packets", join(shb(le), idb(le, 1, 64), spb(le, f60, 60), spb(le, f1500[:64], 1500), epb(le, 0, us, f60, 60)), 3, 0, "pcapng", same},
		{"pcapng, simple packets, no snaplen", join(two, spb(le, f99, 99), spb(le, f60, 60)), 2, 0, "pcapng", same},
		{"pcapng, obsolete packets", join(two, pb(le, 0, us, f99, 99), pb(le, 0, us+1, f60, 1500)), 2, 0, "pcapng", same},
		{"pcapng, obsolete packets, big-endian", join(shb(be), idb(be, 1, 0), pb(be, 0, us, f99, 99)), 1, 0, "pcapng", same},
		{"pcapng, blocks without packets", join(two, ngBlock(le, ngNRB, words(le, 0)), epb(le, 0, us, f60, 60), ngBlock(le, ngDSB, words(le, 0x544c534b, 0)), ngBlock(le, 0x7777, f99),
			ngBlock(le, ngISB, words(le, 0, 0, 0)), epb(le, 0, us, f99, 99)), 2, 0, "pcapng", same},
		{"pcapng, custom blocks", join(two, ngBlock(le, ngCustom, join(words(le, 32473), f99)), epb(le, 0, us, f60, 60), ngBlock(le, ngCustomNC, join(words(le, 32473), f60)), epb(le, 0, us, f99, 99)), 4, 0, "pcapng", same},
		{"pcapng, journal entry", join(two, epb(le, 0, us, f60, 60), ngBlock(le, ngJournal, []byte("__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=hello\n_PID=1\n\n")), epb(le, 0, us, f99, 99)), 3, 0, "pcapng", same},
		{"pcapng, packet options", join(two, epb(le, 0, us, f60, 60, opt{1, "a comment"}, opt{2, "\x01\x00\x00\x00"}), epb(le, 0, us, f99, 99)), 2, 0, "pcapng", same},
		{"pcapng, FCS length", join(shb(le), idb(le, 1, 0, opt{13, "\x04"}), epb(le, 0, us, f60, 60)), 1, 0, "pcapng", same},
		{"pcapng, length without padding", join(two, words(le, ngEPB, 131, 0, uint32(us>>32), uint32(us), 99, 99), f99, []byte{0}, words(le, 131), epb(le, 0, us, f60, 60)), 2, 0, "pcapng", same},
		{"pcapng, nanoseconds", tick(9, 0, us*1000+123), 2, 0, "pcapng", same},
		{"pcapng, seconds", tick(0, 0, t0), 2, 0, "pcapng", same},
		{"pcapng, 100 ns", tick(7, 0, us*10+3), 2, 0, "pcapng", same},
		{"pcapng, 2^-10 s", tick(0x80|10, 0, t0<<10+512), 2, 0, "pcapng", same},
		{"pcapng, 2^-30 s", tick(0x80|30, 0, t0<<30+1<<29), 2, 0, "pcapng", same},
		{"pcapng, picoseconds", tick(12, t0, 5_000_000_000_123), 2, 0, "pcapng", same},
		{"pcapng, 10^-19 s", tick(19, t0, 5_000_000_000_123), 2, 0, "pcapng", same},
		{"pcapng, 2^-63 s", tick(0x80|63, t0, 1<<62), 2, 0, "pcapng", same},
		{"pcapng, 2^-64 s", tick(0x80|64, t0, 1<<63), 2, 0, "pcapng", same},
		{"pcapng, 2^-127 s", tick(0xff, t0, 1<<63), 2, 0, "pcapng", same},
		{"pcapng, 10^-20 s", tick(20, t0, 1<<63), 2, 0, "pcapng", same},
		{"pcapng, 10^-127 s", tick(127, t0, 1<<63), 2, 0, "pcapng", same},
		{"pcapng, time offset", tick(6, -3600, us), 2, 0, "pcapng", same},
		{"pcapng, time offset ahead", tick(6, t0, 42), 2, 0, "pcapng", same},
		{"pcapng, many interfaces", manyIfaces, 2, 0, "pcapng", same},
		{"pcapng, undescribed interface", join(two, epb(le, 0, us, f60, 60), epb(le, 7, us, f60, 60), epb(le, 0, us, f60, 60)), 3, 1, "pcapng", stops},
		{"pcapng, packet before its interface", join(shb(le), epb(le, 0, us, f60, 60)), 1, 1, "pcapng", stops},
		{"pcapng, packet longer than its block", join(two, epb(le, 0, us, f60, 60), ngBlock(le, ngEPB, join(words(le, 0, uint32(us>>32), uint32(us), 400, 400), f60)), epb(le, 0, us, f60, 60)), 3, 1, "pcapng", stops},
		{"pcapng, packet longer than any", join(two, epb(le, 0, us, long, 300000), epb(le, 0, us, f60, 60)), 2, 0, "pcapng", stops},
		{"pcapng, cut inside a block", ng[:len(ng)-100], 299, 1, "pcapng", stops},
		{"pcapng, cut after a block header", ng[:len(two)+8], 0, 1, "pcapng", stops},
		{"pcapng, trailer damaged", brokenTrailer, 3, 1, "pcapng", stops},
		{"pcapng, trailer damaged at the end", brokenTrailer[:len(two)+92], 1, 1, "pcapng", stops},
		{"pcapng, trailer damaged near the end", brokenTrailer[:len(two)+92+11], 0, 1, "pcapng", stops},
		{"pcapng, trailer of a section header damaged", join(two, epb(le, 0, us, f60, 60), cut(shb(be), 1), []byte{9}, idb(be, 1, 0), epb(be, 0, us, f60, 60)), 2, 1, "pcapng", stops},
		{"pcapng, length damaged", brokenLength, 2, 1, "pcapng", stops},
		{"pcapng, zeros between blocks", join(two, epb(le, 0, us, f60, 60), make([]byte, 1000), epb(le, 0, us, f60, 60)), 2, 1, "pcapng", stops},
		{"pcapng, section header damaged", join(two, epb(le, 0, us, f60, 60), []byte("\x0a\x0d\x0d\x0a\x1c\x00\x00\x00MUDD"), epb(le, 0, us, f60, 60)), 2, 1, "pcapng", stops},

		{"pcap in gzip", gz(pcapOf(le, 0xa1b2c3d4, 60, 1500)), 2, 0, "pcap.gz", same},
		{"pcapng in gzip of two members", join(gz(ng[:5000]), gz(ng[5000:])), 300, 0, "pcapng.gz", same},
		{"pcapng in zstd", zst(ng), 300, 0, "pcapng.zst", same},
		{"pcapng in zstd of two frames", join(zst(ng[:5000]), zst(ng[5000:])), 300, 0, "pcapng.zst", same},
		{"pcapng in gzip in gzip", gz(gz(ng)), 300, 0, "pcapng.gz.gz", refuses},
		{"pcap in gzip, cut", cut(gz(pcapOf(le, 0xa1b2c3d4, 60, 1500, 1500, 1500)), 2000), 2, 1, "pcap.gz", stops},
		{"pcap in zstd, cut", cut(join(zst(pcapOf(le, 0xa1b2c3d4, 60, 60, 1500)), zst(pcapRec(le, t0, 0, frame(50000, 1), 50000))), 30), 3, 1, "pcap.zst", stops},
	}...)
}

func cut(b []byte, n int) []byte { return b[:len(b)-n] }

func TestSamples(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			ps, info := readAll(t, s.file)
			require.Len(t, ps, s.frames)
			require.Equal(t, s.format, info.Format)
			require.EqualValues(t, s.faults, info.Faulted, "%v", info.Faults)
			for _, f := range info.Faults {
				require.False(t, strings.Contains(f.What, "%!"), f.What)
			}
			// The same whatever the size of the blocks it is read in.
			for _, n := range []int{minBlock, 100, 1000, 4096} {
				small, again := readAll(t, s.file, BlockSize(n))
				require.Equal(t, ps, small, "block size %d", n)
				require.Equal(t, info, again, "block size %d", n)
			}
		})
	}
}

// A file that describes interfaces without end is read in bounded memory, and
// its packets keep their numbers.
func TestManyInterfaces(t *testing.T) {
	file := shb(le)
	for range maxNgIfaces + 2 {
		file = append(file, idb(le, 1, 0)...)
	}
	f := frame(60, 1)
	file = join(file, epb(le, 0, 0, f, 60), epb(le, maxNgIfaces-1, 0, f, 60), epb(le, maxNgIfaces+1, 0, f, 60), epb(le, 1, 0, f, 60))
	ps, info := readAll(t, file)
	require.Len(t, ps, 4)
	require.Equal(t, LinkEthernet, ps[1].Link)
	require.Equal(t, LinkUser15, ps[2].Link)
	require.Equal(t, LinkEthernet, ps[3].Link)
	require.Len(t, info.Interfaces, maxIfaces)
	require.Len(t, info.Faults, 1)
}
