package etl_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/capture/etl"
	. "kerbscope/capture/etl/etltest"
)

// lab returns the frames of a capture of the corpus.
func lab(t testing.TB, path string) (list []Frame) {
	t.Helper()
	src, err := capture.Open(filepath.Join("..", "..", "pcaps", path))
	require.NoError(t, err)
	defer src.Close()
	var b capture.Batch
	for src.Next(&b) == nil {
		for i := range b.Records {
			p := b.Packet(i)
			list = append(list, Frame{Time: p.Time, Data: bytes.Clone(p.Data), Wire: int(p.Wire), Send: len(list)%2 == 0})
		}
	}
	require.NotEmpty(t, list)
	return list
}

type got struct {
	etl.Packet
	data string
}

func read(t testing.TB, file []byte, o etl.Options) ([]got, *etl.Reader) {
	t.Helper()
	r, err := etl.NewReader(bytes.NewReader(file), int64(len(file)), o)
	require.NoError(t, err)
	return drain(t, r), r
}

func drain(t testing.TB, r *etl.Reader) (list []got) {
	t.Helper()
	for {
		p, err := r.Next()
		if err == io.EOF {
			_, err = r.Next()
			require.Equal(t, io.EOF, err)
			return list
		}
		require.NoError(t, err)
		if p.Interface >= len(r.Interfaces()) || r.Interfaces()[p.Interface].Link != p.Link || int(p.Wire) < len(p.Data) {
			t.Fatalf("%+v of %v", p, r.Interfaces())
		}
		g := got{*p, string(p.Data)}
		g.Data = nil
		list = append(list, g)
	}
}

// same checks that the packets are the frames: bytes, order, times.
func same(t *testing.T, frames []Frame, packets []got) {
	t.Helper()
	require.Equal(t, len(frames), len(packets))
	for i, f := range frames {
		p := packets[i]
		require.Equal(t, string(f.Data), p.data, "frame %d", i+1)
		require.Equal(t, f.Time-f.Time%100, p.Time, "frame %d", i+1)
		require.EqualValues(t, max(f.Wire, len(f.Data)), p.Wire, "frame %d", i+1)
		want := etl.Inbound
		if f.Send {
			want = etl.Outbound
		}
		require.Equal(t, want, p.Direction, "frame %d", i+1)
	}
}

// netsh logs frames as netsh does, on several CPUs, with other events between.
func netsh(frames []Frame) (list []Event) {
	for i, f := range frames {
		cpu := uint16(i*7%4) + uint16(i%2)*300
		list = append(list, Netsh(f, cpu, Ethernet, 5, 5))
		if i%3 == 0 {
			list = append(list, Event{Time: f.Time, CPU: cpu, Provider: TCPIP, ID: 1332, Data: make([]byte, i%200), Extended: [][]byte{make([]byte, 9), {1}}})
			list = append(list, Event{Time: f.Time, CPU: cpu, Raw: []byte("\x0c\x00\x0d\x90\x00\x00\x00\x00wpp!")})
		}
	}
	return list
}

func TestContainers(t *testing.T) {
	frames := lab(t, "key-mismatch/mailbox.pcapng")
	for name, trace := range map[string]Trace{
		"Windows 10":        {},
		"large buffers":     {Buffer: 1 << 20},
		"32 bits":           {Narrow: true},
		"Windows 7":         {Old: true, Major: 6, Build: 7601},
		"Windows 7, 32":     {Old: true, Major: 6, Build: 7601, Narrow: true},
		"compressed":        {Compressed: true, Buffer: 64 << 10},
		"compressed, large": {Compressed: true, Buffer: 1 << 20},
		"compressed, 32":    {Compressed: true, Narrow: true},
		"not closed":        {Unclosed: true},
		"circular":          {Circular: 1000},
		"system time":       {Clock: 2},
		"started earlier":   {Start: frames[0].Time - 3e9},
		"started later":     {Start: frames[0].Time + 3e9},
		"long running":      {Start: frames[0].Time - 90*86400e9},
	} {
		t.Run(name, func(t *testing.T) {
			events := netsh(frames)
			if trace.Old { // a CPU is a byte there
				for i := range events {
					events[i].CPU %= 256
				}
			}
			packets, r := read(t, trace.Bytes(events), etl.Options{})
			same(t, frames, packets)
			assert.Empty(t, r.Faults)
			assert.Equal(t, []etl.Interface{{Name: "eth:5", Link: etl.LinkEthernet}}, r.Interfaces())
			assert.Equal(t, etl.Counts{Events: uint64(len(frames))}, r.Counts)
			assert.Equal(t, "Relogger", r.Header.Session)
			assert.Equal(t, trace.Unclosed, r.Header.End == etl.NoTime)
		})
	}
}

// Of a wrapped file the newest buffers are there, in an order that tells nothing.
func TestWrapped(t *testing.T) {
	frames := lab(t, "key-mismatch/mailbox.pcapng")
	var events []Event
	for _, f := range frames {
		events = append(events, Netsh(f, 0, Ethernet, 5, 5))
	}
	packets, _ := read(t, Trace{Circular: 3}.Bytes(events), etl.Options{})
	require.NotEmpty(t, packets)
	require.Less(t, len(packets), len(frames))
	same(t, frames[len(frames)-len(packets):], packets)
}

// Times are exact to the 100 ns for any frequency of the counter.
func TestFrequencies(t *testing.T) {
	frames := lab(t, "key-mismatch/hub.pcap")
	for _, freq := range []int64{2246095, 3312788, 14318180, 24e6, 3e9} {
		packets, _ := read(t, Trace{Freq: freq}.Bytes(netsh(frames)), etl.Options{})
		require.Len(t, packets, len(frames))
		for i := range frames {
			require.InDelta(t, 0, frames[i].Time-packets[i].Time, 1e9/float64(freq)+200)
		}
	}
}

// Windows 7 logs a packet in parts; two threads do so at once, on one CPU or two.
func TestFragments(t *testing.T) {
	frames := lab(t, "key-mismatch/mailbox.pcapng")[:40]
	for _, cpus := range []uint16{1, 2} {
		var events []Event
		for i := 0; i < len(frames); i += 2 {
			a, b := Fragments(frames[i], 4, 0, 7), Fragments(frames[i+1], 3, cpus-1, 7)
			for k := range b {
				b[k].TID = 999
				b[k].Time = frames[i].Time + 50 + int64(k)*100
			}
			frames[i+1].Time = frames[i].Time
			frames[i+1].Send = b[0].Keyword&Send != 0
			for k := range max(len(a), len(b)) {
				if k < len(a) {
					events = append(events, a[k])
				}
				if k < len(b) {
					events = append(events, b[k])
				}
			}
		}
		packets, r := read(t, Trace{}.Bytes(events), etl.Options{})
		require.Len(t, packets, len(frames))
		have := map[string]int{}
		for _, p := range packets {
			have[p.data]++
		}
		for i, f := range frames {
			require.NotZero(t, have[string(f.Data)], "frame %d", i+1)
			have[string(f.Data)]--
		}
		assert.Zero(t, r.Counts.Partial)

		// Every seventh event is lost: what is left is whole packets.
		events = slices.DeleteFunc(events, func(e Event) bool { return e.Time/100%7 == 3 })
		packets, r = read(t, Trace{}.Bytes(events), etl.Options{})
		assert.NotZero(t, r.Counts.Partial)
		for _, p := range packets {
			require.True(t, slices.ContainsFunc(frames, func(f Frame) bool { return string(f.Data) == p.data }))
		}
	}
}

func TestFragmentsWithoutEnd(t *testing.T) {
	f := Frame{Time: 1e18, Data: bytes.Repeat([]byte{7}, 60000)}
	var events []Event
	for i := range 300 { // more beginnings than are awaited
		e := Fragment(f, f.Data[:100], 0, Ethernet|Start, 1, 1)
		e.TID = uint32(i)
		events = append(events, e)
	}
	for range 6 { // more bytes than a packet can have
		e := Fragment(f, f.Data, 0, Ethernet, 1, 1)
		e.TID = 299
		events = append(events, e)
	}
	end := Fragment(f, f.Data[:100], 0, Ethernet|End, 1, 1)
	end.TID = 299
	events = append(events, end)
	packets, r := read(t, Trace{Buffer: 128 << 10}.Bytes(events), etl.Options{})
	assert.Empty(t, packets)
	// Every beginning, the last part, which follows the one given up for its length, and the end.
	assert.EqualValues(t, 302, r.Counts.Partial)
	why, network := r.NoPackets()
	assert.True(t, network)
	assert.Contains(t, why.What, "none of whose 307 packet events can be read")
}

// Layers above the card log packets again.
func TestCopiesOfLayers(t *testing.T) {
	frames := lab(t, "key-mismatch/mailbox.pcapng")
	var events []Event
	for _, f := range frames {
		upper := f
		upper.Time += 30e3
		upper.Data = bytes.Clone(f.Data)
		upper.Data[24] ^= 0x55 // the checksum that the card fills in
		above, card := Netsh(upper, 1, Ethernet, 5, 9), Netsh(f, 2, Ethernet, 5, 5)
		if f.Send {
			above.Time, card.Time = card.Time, above.Time
		}
		events = append(events, above, card)
	}
	slices.SortStableFunc(events, func(a, b Event) int { return int(a.Time - b.Time) })
	packets, r := read(t, Trace{}.Bytes(events), etl.Options{})
	require.Len(t, packets, len(frames))
	assert.EqualValues(t, len(frames), r.Counts.Copies)
	assert.Equal(t, []etl.Interface{{Name: "eth:5", Link: etl.LinkEthernet}}, r.Interfaces())
	for i := 1; i < len(packets); i++ {
		assert.LessOrEqual(t, packets[i-1].Time, packets[i].Time)
	}
	all, r := read(t, Trace{}.Bytes(events), etl.Options{AllCopies: true})
	assert.Len(t, all, 2*len(frames))
	assert.Zero(t, r.Counts.Copies)
	// What is given is among what was logged, as it was logged.
	for i := range packets {
		assert.True(t, slices.ContainsFunc(all, func(p got) bool { return p.data == packets[i].data && p.Time == packets[i].Time }))
	}
}

// The same bytes at one layer are a repeat, not a copy; a moment later too.
func TestRepeats(t *testing.T) {
	f := lab(t, "key-mismatch/hub.pcap")[0]
	at := func(ms int64, lower uint32) Event {
		g := f
		g.Time += ms * 1e6
		return Netsh(g, 0, Ethernet, 5, lower)
	}
	for _, c := range []struct {
		name   string
		events []Event
		want   int
	}{
		{"twice at one layer", []Event{at(0, 5), at(1, 5)}, 2},
		{"once at each of two", []Event{at(0, 5), at(1, 6)}, 1},
		{"twice at each of two, by layer", []Event{at(0, 5), at(1, 5), at(2, 6), at(3, 6)}, 2},
		{"twice at each of two, by packet", []Event{at(0, 5), at(1, 6), at(2, 5), at(3, 6)}, 2},
		{"a second apart", []Event{at(0, 5), at(1000, 6)}, 2},
	} {
		packets, r := read(t, Trace{}.Bytes(c.events), etl.Options{})
		assert.Len(t, packets, c.want, c.name)
		assert.EqualValues(t, len(c.events)-c.want, r.Counts.Copies, c.name)
	}
}

// layers logs frames as pktmon does: at several components, of which one sees
// them without a link header.
func layers(frames []Frame, numbered bool, keep int, wifi bool) (list []Event) {
	for i, f := range frames {
		seen := func(n int64, s Seen, data []byte) {
			g := f
			g.Data, g.Time, g.Wire = data, f.Time+n*20e3, 0
			s.Group = uint64(i + 1)
			if s.Appearance = uint16(n + 1); !numbered {
				s.Appearance, s.Group = 0, uint64(len(list))
			}
			s.Keep = keep
			list = append(list, PktmonPacket(g, uint16(i%3), s))
		}
		seen(0, Seen{Component: 11, Edge: 2, Type: 3}, f.Data[14:])
		if wifi {
			seen(1, Seen{Component: 8, Edge: 1, Type: 2}, ToWiFi(f.Data, f.Send))
		}
		seen(2, Seen{Component: 9, Edge: 1, Type: 1}, f.Data)
		seen(3, Seen{Component: 9, Edge: 2, Type: 1}, f.Data)
		seen(4, Seen{Component: 10, Edge: 1, Type: 1}, f.Data)
		if i%5 == 0 {
			seen(5, Seen{Component: 11, Edge: 0, Type: 3, Drop: 305}, f.Data[14:])
		}
	}
	last := frames[len(frames)-1].Time
	list = append(list, PktmonComponent(last, 10, 1, "net.sys", "A Network Card", []byte{2, 0, 0, 0, 0, 1})...)
	return append(list, PktmonComponent(last, 11, 4, "tcpip.sys", "", nil)...)
}

// spread leaves a millisecond between frames, and keeps those that IP is in.
func spread(frames []Frame) (list []Frame) {
	for _, f := range frames {
		if t := binary.BigEndian.Uint16(f.Data[12:]); t == 0x800 || t == 0x86dd {
			f.Time = frames[0].Time + int64(len(list))*1e6
			list = append(list, f)
		}
	}
	return list
}

func TestPktmon(t *testing.T) {
	frames := spread(lab(t, "key-mismatch/mailbox.pcapng"))
	for _, numbered := range []bool{false, true} {
		for _, wifi := range []bool{false, true} {
			t.Run(fmt.Sprint("numbered ", numbered, " wifi ", wifi), func(t *testing.T) {
				file := Trace{Compressed: true, Buffer: 64 << 10}.Bytes(layers(frames, numbered, 0, wifi))
				packets, r := read(t, file, etl.Options{})
				for i := range packets { // that of the card, the last of its copies
					packets[i].Time -= 4 * 20e3
				}
				same(t, frames, packets)
				assert.Equal(t, []etl.Interface{{Name: "pktmon:10 A Network Card", Link: etl.LinkEthernet}}, r.Interfaces())
				copies := uint64(3)
				if wifi {
					copies = 4
				}
				drops := uint64((len(frames) + 4) / 5)
				assert.Equal(t, etl.Counts{Events: (copies+1)*uint64(len(frames)) + drops, Copies: copies * uint64(len(frames)), Dropped: drops}, r.Counts)

				all, r := read(t, file, etl.Options{AllCopies: true})
				assert.Len(t, all, int(r.Counts.Events))
				assert.Zero(t, r.Counts.Copies)
				dropped := slices.DeleteFunc(slices.Clone(all), func(p got) bool { return !p.Dropped })
				assert.Len(t, dropped, int(drops))
				assert.EqualValues(t, 305, dropped[0].DropReason)
				assert.Equal(t, etl.LinkRaw, dropped[0].Link)
				assert.Equal(t, wifi, slices.ContainsFunc(all, func(p got) bool { return p.Link == etl.LinkWiFi && p.data[1]&0x40 == 0 }))
			})
		}
	}
}

// Copies that are cut are still told; what is whole goes before what is cut.
func TestCutPackets(t *testing.T) {
	frames := spread(lab(t, "key-mismatch/mailbox.pcapng"))
	packets, r := read(t, Trace{Compressed: true}.Bytes(layers(frames, false, 128, true)), etl.Options{})
	require.Equal(t, len(frames), len(packets))
	assert.NotZero(t, r.Counts.CutAt128)
	for i, p := range packets {
		want := frames[i].Data
		if len(want) > 128 && len(want) <= 128+14 {
			want = want[14:] // whole without its link header
		}
		require.Equal(t, string(want[:min(128, len(want))]), p.data)
		require.EqualValues(t, len(want), p.Wire)
	}
	// netsh says that it cut, and not how much.
	f := frames[0]
	for _, g := range frames {
		if len(g.Data) > len(f.Data) {
			f = g
		}
	}
	e := Netsh(Frame{Time: f.Time, Data: f.Data[:100]}, 0, Ethernet|Truncated, 5, 5)
	packets, _ = read(t, Trace{}.Bytes([]Event{e}), etl.Options{})
	require.Len(t, packets, 1)
	assert.EqualValues(t, len(f.Data), packets[0].Wire)
}

func TestLinks(t *testing.T) {
	frames := spread(lab(t, "key-mismatch/mailbox.pcapng"))[:12]
	a, b := frames[0], frames[1]
	wifi := func(send bool) Frame { return Frame{Time: a.Time, Data: ToWiFi(a.Data, send)} }
	change := func(f Frame, at int, v byte) Frame {
		f.Data = bytes.Clone(f.Data)
		f.Data[at] = v
		return f
	}
	toBoth := change(wifi(false), 1, 0x43)
	toBoth.Data = slices.Concat(toBoth.Data[:16], a.Data[:6], toBoth.Data[22:24], a.Data[6:12], toBoth.Data[24:])
	order := change(wifi(false), 1, 0xc2)
	order.Data = slices.Insert(order.Data, 26, 1, 2, 3, 4)
	llc := Frame{Time: a.Time, Data: slices.Concat(ToWiFi(a.Data, false)[:26], []byte("\x42\x42\x03spanning tree"))}
	one := func(f Frame, keyword uint64) []Event { return []Event{Netsh(f, 0, keyword, 5, 5)} }
	for _, c := range []struct {
		name   string
		events []Event
		want   []string
		iface  etl.Interface
		counts etl.Counts
	}{
		{"802.11 from the access point", one(wifi(false), WiFi), []string{string(a.Data)}, etl.Interface{Name: "wifi:5", Link: 1}, etl.Counts{}},
		{"802.11 to it", one(wifi(true), WiFi), []string{string(a.Data)}, etl.Interface{Name: "wifi:5", Link: 1}, etl.Counts{}},
		{"802.11 with four addresses", one(toBoth, WiFi), []string{string(a.Data)}, etl.Interface{Name: "wifi:5", Link: 1}, etl.Counts{}},
		{"802.11 with HT control", one(order, WiFi), []string{string(a.Data)}, etl.Interface{Name: "wifi:5", Link: 1}, etl.Counts{}},
		{"802.11, several in one", one(Frame{Time: a.Time, Data: ToAMSDU(a.Data, b.Data, a.Data)}, WiFi), []string{string(a.Data), string(b.Data), string(a.Data)}, etl.Interface{Name: "wifi:5", Link: 1}, etl.Counts{}},
		{"802.11, LLC of another kind", one(llc, WiFi), []string{string(a.Data[:12]) + "\x00\x10\x42\x42\x03spanning tree"}, etl.Interface{Name: "wifi:5", Link: 1}, etl.Counts{}},
		{"802.11, a beacon", one(change(wifi(false), 0, 0x80), WiFi), nil, etl.Interface{}, etl.Counts{NotData: 1}},
		{"802.11, no data", one(change(wifi(false), 0, 0xc8), WiFi), nil, etl.Interface{}, etl.Counts{NotData: 1}},
		{"802.11, a later fragment", one(change(wifi(false), 22, 1), WiFi), nil, etl.Interface{}, etl.Counts{NotData: 1}},
		{"802.11, encrypted", one(change(wifi(false), 26, 0x33), WiFi), nil, etl.Interface{}, etl.Counts{NotData: 1}},
		{"802.11, cut", one(Frame{Time: a.Time, Data: a.Data[:20]}, WiFi), nil, etl.Interface{}, etl.Counts{}},
		{"Ethernet called 802.11", one(a, WiFi), []string{string(a.Data)}, etl.Interface{Name: "wifi:5", Link: 1}, etl.Counts{}},
		{"mobile", one(Frame{Time: a.Time, Data: a.Data[14:]}, Mobile), []string{string(a.Data[14:])}, etl.Interface{Name: "mbb:5", Link: 101}, etl.Counts{}},
		{"mobile, no IP", one(Frame{Time: a.Time, Data: []byte{0x10, 1}}, Mobile), nil, etl.Interface{}, etl.Counts{Unknown: 1}},
		{"switch", []Event{SwitchPort(a, 0, 5, 3, "dc1", 2, 42)}, []string{string(a.Data)}, etl.Interface{Name: "vNIC:Internal:dc1:5:42", Link: 1}, etl.Counts{}},
		{"switch, then the card", []Event{SwitchPort(a, 0, 5, 3, "dc1", 0, 0), Netsh(a, 0, Ethernet, 9, 9)}, []string{string(a.Data)}, etl.Interface{Name: "eth:9", Link: 1}, etl.Counts{Copies: 1}},
		{"pktmon, HTTP", []Event{PktmonPacket(a, 0, Seen{Component: 4, Type: 4})}, nil, etl.Interface{}, etl.Counts{Unknown: 1}},
		{"pktmon, no IP", []Event{PktmonPacket(Frame{Data: []byte{1}}, 0, Seen{Component: 4, Type: 3})}, nil, etl.Interface{}, etl.Counts{Unknown: 1}},
		{"pktmon, Ethernet called 802.11", []Event{PktmonPacket(a, 0, Seen{Component: 4, Type: 2})}, []string{string(a.Data)}, etl.Interface{Name: "pktmon:4", Link: 1}, etl.Counts{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			packets, r := read(t, Trace{}.Bytes(c.events), etl.Options{})
			var data []string
			for _, p := range packets {
				data = append(data, p.data)
			}
			if c.name == "802.11, cut" {
				assert.Len(t, data, int(1-r.Counts.NotData))
				return
			}
			require.Equal(t, c.want, data)
			if len(data) > 0 {
				assert.Equal(t, c.iface, r.Interfaces()[0])
			}
			c.counts.Events = uint64(len(c.events))
			assert.Equal(t, c.counts, r.Counts)
		})
	}
}

func TestNoPackets(t *testing.T) {
	tcpip := Event{Time: 1e18, Provider: TCPIP, ID: 1, Data: []byte{1}}
	other := Event{Time: 1e18, Provider: "01234567-89AB-CDEF-0123-456789ABCDEF", ID: 1}
	for _, c := range []struct {
		name    string
		events  []Event
		what    string
		hint    string
		network bool
	}{
		{"nothing", nil, "without packets, and without any other event", "netsh trace start capture=yes", false},
		{"others", []Event{tcpip, other, tcpip}, "without packets; its events are those of Microsoft-Windows-TCPIP (2), {01234567-89AB-CDEF-0123-456789ABCDEF} (1)", "netsh trace start capture=yes", false},
		{"pktmon counters", PktmonComponent(1e18, 1, 2, "a", "b", nil), "Microsoft-Windows-PktMon (1)", "pktmon start --capture --pkt-size 0", true},
		{"netsh, nothing passed", []Event{{Time: 1e18, Provider: NDIS, ID: 1012}}, "NDIS-PacketCapture (1)", "check the filter", true},
		{"only drops", []Event{PktmonPacket(Frame{Time: 1e18, Data: make([]byte, 60)}, 0, Seen{Type: 1, Drop: 5})}, "only packets that Windows dropped (1 of them)", "pktmon start", true},
	} {
		packets, r := read(t, Trace{}.Bytes(c.events), etl.Options{})
		require.Empty(t, packets, c.name)
		why, network := r.NoPackets()
		assert.Contains(t, why.What, c.what, c.name)
		assert.Contains(t, why.Hint, c.hint, c.name)
		assert.Equal(t, c.network, network, c.name)
	}
}

func TestNotRead(t *testing.T) {
	for name, trace := range map[string]Trace{
		"compressed by LZNT1": {Compressed: true, State: 2}, "compressed by XPRESS Huffman": {Compressed: true, State: 4}, "event trace of Windows 5.0": {Major: 5},
	} {
		file := trace.Bytes(nil)
		_, err := etl.NewReader(bytes.NewReader(file), int64(len(file)), etl.Options{})
		var fe *etl.FormatError
		require.ErrorAs(t, err, &fe)
		assert.Contains(t, fe.What, name)
	}
}

func TestLost(t *testing.T) {
	_, r := read(t, Trace{Lost: 7, BuffersLost: 3}.Bytes(nil), etl.Options{})
	assert.EqualValues(t, 7, r.Header.EventsLost)
	assert.EqualValues(t, 3, r.Header.BuffersLost)
}
