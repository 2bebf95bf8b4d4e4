package capture

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture/etl/etltest"
)

var update = flag.Bool("update", false, "rewrite the event traces of the corpus")

// framesOf returns the packets of a file.
func framesOf(t testing.TB, path string) (list []etltest.Frame) {
	t.Helper()
	src, err := Open(path)
	require.NoError(t, err)
	defer src.Close()
	ps, _ := drain(t, src)
	for _, p := range ps {
		list = append(list, etltest.Frame{Time: p.Time, Data: []byte(p.data), Wire: int(p.Wire)})
	}
	return list
}

// sent marks what a host sends.
func sent(frames []etltest.Frame, mac string) []etltest.Frame {
	for i := range frames {
		frames[i].Send = len(frames[i].Data) >= 12 && string(frames[i].Data[6:12]) == mac
	}
	return frames
}

// netshEvents logs frames as netsh does: in one event each; or as Windows 7
// does, in parts, with those of two threads between one another.
func netshEvents(frames []etltest.Frame, parts int) (list []etltest.Event) {
	if parts == 1 {
		for i, f := range frames {
			list = append(list, etltest.Netsh(f, uint16(i%3), etltest.Ethernet, 12, 12))
		}
		return list
	}
	for ; len(frames) >= 2; frames = frames[2:] {
		a, b := etltest.Fragments(frames[0], parts, 0, 12), etltest.Fragments(frames[1], parts, 0, 12)
		for k := range max(len(a), len(b)) {
			if k < len(a) {
				if k > 0 { // what follows is logged when the other has begun
					a[k].Time = frames[1].Time
				}
				list = append(list, a[k])
			}
			if k < len(b) {
				b[k].TID, b[k].Time = 999, frames[1].Time
				list = append(list, b[k])
			}
		}
	}
	for _, f := range frames {
		list = append(list, etltest.Fragments(f, parts, 0, 12)...)
	}
	return list
}

// pktmonEvents logs frames at three layers; the middle one says 802.11 if wifi.
func pktmonEvents(frames []etltest.Frame, numbered, wifi bool, keep int) (list []etltest.Event) {
	for i, f := range frames {
		for n, s := range []etltest.Seen{{Component: 43, Edge: 1, Type: 1}, {Component: 40, Edge: 1, Type: 1}, {Component: 11, Edge: 2, Type: 3}} {
			g := f
			switch {
			case s.Type == 3 && !isIP(f.Data):
				continue
			case s.Type == 3:
				g.Data = f.Data[14:]
			case s.Component == 40 && wifi && isIP(f.Data):
				s.Type, g.Data = 2, etltest.ToWiFi(f.Data, f.Send)
			}
			s.Group = uint64(3*i + n)
			if numbered {
				s.Group, s.Appearance = uint64(i), uint16(n+1)
			}
			s.Keep = keep
			g.Wire = 0
			g.Time += int64(n) * 200
			list = append(list, etltest.PktmonPacket(g, uint16(i%4), s))
		}
		if i%10 == 9 && isIP(f.Data) {
			g := f
			g.Data = f.Data[14:]
			list = append(list, etltest.PktmonPacket(g, uint16(i%4), etltest.Seen{Component: 11, Type: 3, Drop: 305}))
		}
	}
	last := frames[len(frames)-1].Time
	list = append(list, etltest.PktmonComponent(last, 43, 1, "netvsc.sys", "Network Adapter", []byte("\x02\x77\x00\x00\x00\x30"))...)
	return append(list, etltest.PktmonComponent(last, 11, 4, "tcpip.sys", "TCP/IP", nil)...)
}

func isIP(eth []byte) bool {
	return len(eth) > 14 && (eth[12] == 8 && eth[13] == 0 || eth[12] == 0x86 && eth[13] == 0xdd)
}

// etlCorpus are the event traces of the corpus, made of the captures of another case.
func etlCorpus(t testing.TB) map[string][]byte {
	const from = "../pcaps/key-mismatch/"
	mailbox := sent(framesOf(t, from+"mailbox.pcapng"), "\x02\x77\x00\x00\x00\x30")
	hub := sent(framesOf(t, from+"hub.pcap"), "\x02\x77\x00\x00\x00\x20")
	dc1 := sent(framesOf(t, from+"dc1.pcap"), "\x02\x77\x00\x00\x00\x10")
	return map[string][]byte{
		"format-etl-netsh/mailbox.etl":  etltest.Trace{}.Bytes(netshEvents(mailbox, 1)),
		"format-etl-netsh/hub.etl":      etltest.Trace{Old: true, Major: 6, Build: 7601}.Bytes(netshEvents(hub, 3)),
		"format-etl-netsh/dc1.etl":      etltest.Trace{Narrow: true, Unclosed: true, Circular: 99}.Bytes(netshEvents(dc1, 1)),
		"format-etl-pktmon/mailbox.etl": etltest.Trace{Compressed: true, Buffer: 256 << 10, Build: 20348}.Bytes(pktmonEvents(mailbox, true, false, 0)),
		"format-etl-pktmon/hub.etl":     etltest.Trace{Compressed: true, Buffer: 32 << 10, Build: 26100}.Bytes(pktmonEvents(hub, false, true, 0)),
		"format-etl-pktmon/dc1.etl":     etltest.Trace{Compressed: true, Narrow: true, Build: 19041}.Bytes(pktmonEvents(dc1, false, false, 0)),
	}
}

// The event traces of the corpus are what the writer makes of the case that
// they are made of, and give its packets.
func TestETLCorpus(t *testing.T) {
	for name, file := range etlCorpus(t) {
		path := filepath.Join("..", "pcaps", filepath.FromSlash(name))
		if *update {
			require.NoError(t, os.WriteFile(path, file, 0o644))
		}
		require.True(t, bytes.Equal(file, readFile(t, path)), "%s; go test ./capture -run ETLCorpus -update writes it", path)
		ps, info := readAll(t, file)
		assert.Empty(t, info.Faults, name)
		assert.Equal(t, "etl", info.Format)
		assert.Equal(t, 7, info.Digits)
		for _, ext := range []string{".pcap", ".pcapng"} {
			base := filepath.Base(name)
			from := filepath.Join("..", "pcaps", "key-mismatch", base[:len(base)-4]+ext)
			if _, err := os.Stat(from); err != nil {
				continue
			}
			frames := framesOf(t, from)
			require.Equal(t, len(frames), len(ps), name)
			for i, f := range frames {
				require.Equal(t, string(f.Data), ps[i].data, "%s: frame %d", name, i+1)
				require.InDelta(t, 0, ps[i].Time-f.Time, 99, "%s: frame %d", name, i+1)
				require.EqualValues(t, f.Wire, ps[i].Wire, "%s: frame %d", name, i+1)
			}
		}
	}
}

func TestETLOptions(t *testing.T) {
	frames := framesOf(t, "../pcaps/key-mismatch/hub.pcap")
	file := etltest.Trace{Compressed: true, Lost: 4, BuffersLost: 2}.Bytes(pktmonEvents(frames, true, true, 128))
	ps, info := readAll(t, file)
	require.Equal(t, len(frames), len(ps))
	assert.Equal(t, []Count{{"events", 4}, {"buffers", 2}}, info.Lost)
	require.Len(t, info.LeftOut, 2)
	assert.Equal(t, "copies", info.LeftOut[0].Name)
	assert.Equal(t, "dropped_by_host", info.LeftOut[1].Name)
	assert.Contains(t, info.Advice, "pktmon start --capture --pkt-size 0")
	assert.NotZero(t, info.Truncated)

	src, err := OpenReader("x", bytes.NewReader(file), AllCopies(), KeepNotes())
	require.NoError(t, err)
	var b Batch
	all, drops := 0, 0
	for src.Next(&b) == nil {
		require.Len(t, b.Notes, len(b.Records))
		for i, n := range b.Notes {
			all++
			require.Equal(t, i, n.Record)
			require.Equal(t, "PID=0 TID=0", n.Comments[0])
			if len(n.Comments) > 1 {
				require.Equal(t, "dropped by Windows: reason 305 at location 0x131", n.Comments[1])
				drops++
			}
		}
	}
	assert.EqualValues(t, info.LeftOut[0].N+uint64(len(ps))+uint64(drops), all)
	assert.EqualValues(t, info.LeftOut[1].N, drops)
	assert.Equal(t, uint64(all), src.Info().Frames)
}

func TestETLWithoutPackets(t *testing.T) {
	for _, c := range []struct {
		events  []etltest.Event
		what    string
		capture bool
	}{
		{[]etltest.Event{{Time: t0, Provider: etltest.TCPIP}}, "x.etl: a Windows event trace without packets; its events are those of Microsoft-Windows-TCPIP (1)", false},
		{etltest.PktmonComponent(t0, 1, 1, "a", "b", nil), "x.etl: a Windows event trace without packets; its events are those of Microsoft-Windows-PktMon (1)", true},
	} {
		_, err := OpenReader("x.etl", bytes.NewReader(etltest.Trace{}.Bytes(c.events)))
		var fe *FormatError
		require.ErrorAs(t, err, &fe)
		assert.Equal(t, c.what, fe.Error())
		assert.Equal(t, c.capture, fe.Capture)
		assert.NotEmpty(t, fe.Hint)
	}
}

func etlSamples(t testing.TB) []sample {
	frames := framesOf(t, "../pcaps/key-mismatch/hub.pcap")[:20]
	netsh := etltest.Trace{Buffer: 2 << 10}.Bytes(netshEvents(frames, 1))
	pktmon := etltest.Trace{Compressed: true}.Bytes(pktmonEvents(frames, false, true, 0))
	return []sample{
		{"ETL of netsh", netsh, 20, 0, "etl", refuses},
		{"ETL of netsh, in parts", etltest.Trace{Old: true}.Bytes(netshEvents(frames, 4)), 20, 0, "etl", refuses},
		{"ETL of pktmon", pktmon, 20, 0, "etl", refuses},
		{"ETL, cut", netsh[:9<<10|99], 13, 1, "etl", refuses},
	}
}

func FuzzETL(f *testing.F) {
	addSamples(f, func(format string) bool { return format == "etl" })
	f.Fuzz(func(t *testing.T, file []byte) { survives(t, file) })
}

// etlOf returns a trace of about n bytes of packets as in mixed.
func etlOf(n int, trace etltest.Trace, log func(f etltest.Frame, i int) etltest.Event) ([]byte, int) {
	sizes := []int{66, 66, 1514, 1514, 60, 590, 1514, 120, 78, 350}
	var events []etltest.Event
	for i, size := 0, 0; size < n; i++ {
		f := etltest.Frame{Time: t0*1e9 + int64(i)*1e4, Data: frame(sizes[i%len(sizes)], uint64(i))}
		events = append(events, log(f, i))
		size += len(f.Data)
	}
	return trace.Bytes(events), len(events)
}

func benchmarkETL(b *testing.B, trace etltest.Trace, log func(f etltest.Frame, i int) etltest.Event) {
	file, packets := etlOf(16<<20, trace, log)
	var batch Batch
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		src, err := openETL(&stream{at: bytes.NewReader(file), size: int64(len(file)), close: func() error { return nil }, cfg: config{block: DefaultBlock}})
		require.NoError(b, err)
		n := 0
		for src.Next(&batch) == nil {
			n += len(batch.Records)
		}
		if n != packets {
			b.Fatal(n, packets)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*packets), "ns/packet")
}

func BenchmarkETLNetsh(b *testing.B) {
	benchmarkETL(b, etltest.Trace{Buffer: 64 << 10}, func(f etltest.Frame, i int) etltest.Event {
		return etltest.Netsh(f, uint16(i%4), etltest.Ethernet, 5, 5)
	})
}

func BenchmarkETLPktmon(b *testing.B) {
	benchmarkETL(b, etltest.Trace{Buffer: 1 << 20, Compressed: true}, func(f etltest.Frame, i int) etltest.Event {
		return etltest.PktmonPacket(f, uint16(i%4), etltest.Seen{Component: 5, Type: 1})
	})
}

// A long trace is read in little memory.
func TestETLMemory(t *testing.T) {
	part, packets := etlOf(4<<20, etltest.Trace{Buffer: 64 << 10}, func(f etltest.Frame, i int) etltest.Event {
		return etltest.Netsh(f, uint16(i%16), etltest.Ethernet, 5, 5)
	})
	const times = 32
	file := &repeated{part, times, 64 << 10}
	src, err := openETL(&stream{name: "x", head: part[:4096], at: file, size: file.size(), close: func() error { return nil }, cfg: config{block: DefaultBlock}})
	require.NoError(t, err)
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var b Batch
	most := uint64(0)
	for n := 0; ; n++ {
		err := src.Next(&b)
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		if n%100 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
		}
	}
	require.EqualValues(t, times*packets, src.Info().Frames)
	require.Less(t, most-min(before.HeapAlloc, most), uint64(48<<20))
}

// A repeated file is one whose buffers behind the first come several times.
type repeated struct {
	part  []byte
	times int
	head  int
}

func (r *repeated) size() int64 { return int64(r.head + r.times*(len(r.part)-r.head)) }

func (r *repeated) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) && off < r.size() {
		at := off
		if at >= int64(r.head) {
			at = int64(r.head) + (off-int64(r.head))%int64(len(r.part)-r.head)
		}
		k := copy(b[n:], r.part[at:])
		n += k
		off += int64(k)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}
