package capture

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kerbscope/capture/etl/etltest"
	"kerbscope/capture/netmontest"
)

func TestNetmonTimes(t *testing.T) {
	f := nmOf(3, 60, 60)
	f.Zone = -7 * time.Hour
	f.Frames[1].Time = f.Start - 5_000_000
	for _, c := range []struct {
		minor int
		noUTC bool
		local bool
	}{{0, false, true}, {1, false, true}, {2, false, true}, {3, true, true}, {3, false, false}} {
		f.Minor, f.NoUTC = c.minor, c.noUTC
		ps, info := readAll(t, f.Bytes())
		require.Equal(t, c.local, info.LocalTime)
		shift := int64(0)
		if c.local {
			shift = int64(f.Zone)
		}
		require.Equal(t, f.Start+shift, ps[0].Time)
		require.Equal(t, f.Start-5_000_000+shift, ps[1].Time)

		src, err := OpenReader("x", bytes.NewReader(f.Bytes()), LocalAhead(int64(f.Zone)))
		require.NoError(t, err)
		told, _ := drain(t, src)
		require.Equal(t, f.Start, told[0].Time, "the zone is told")
	}
	f.Start = -1 << 60 // 1933
	f.Minor = 2
	ps, info := readAll(t, f.Bytes())
	require.Equal(t, NoTime, ps[0].Time)
	require.Equal(t, NoTime, info.First)
}

func TestNetmonMedia(t *testing.T) {
	eth, ip := frame(60, 1), append([]byte{0x45}, make([]byte, 40)...)
	wan := bytes.Clone(eth)
	copy(wan[12:], "\x08\x00")
	radio := append([]byte("\x02\x20\x00"), make([]byte, 29)...)
	for _, c := range []struct {
		media uint16
		data  []byte
		link  LinkType
		name  string
		len   int
	}{
		{0, eth, LinkEthernet, "", 60},
		{1, eth, LinkEthernet, "", 60},
		{2, eth, LinkTokenRing, "", 60},
		{3, eth, LinkFDDI, "", 60},
		{4, wan, LinkEthernet, "", 60},
		{4, eth, LinkUser15, "ATM", 60},
		{6, append(radio, eth...), LinkWiFi, "", 60},
		{6, eth, LinkUser15, "unknown media type", 60},
		{6, radio[:3], LinkUser15, "unknown media type", 3},
		{7, ip, LinkRaw, "", 41},
		{8, ip, LinkRaw, "", 41},
		{9, ip, LinkRaw, "", 41},
		{0xe000 + 113, eth, LinkSLL, "", 60},
		{0xe000 + 12, ip, LinkRaw, "", 41},
		{0xe080, eth, LinkWiFi, "", 60},
		{0xe085, eth, LinkUser15, "Message Analyzer record 0xe085", 60},
		{0xffe0, eth, LinkUser15, "event", 60},
		{0xffff, eth, LinkUser15, "filter", 60},
		{0x1234, eth, LinkUser15, "unknown media type", 60},
	} {
		f := nmOf(3, 60)
		f.Frames[0].Media, f.Frames[0].Data = c.media, c.data
		ps, info := readAll(t, f.Bytes())
		require.Len(t, ps, 1)
		require.Equal(t, c.link, ps[0].Link, "%#x", c.media)
		require.Equal(t, Interface{Name: c.name, Link: c.link, TicksPS: 1e7}, info.Interfaces[ps[0].Interface], "%#x", c.media)
		require.EqualValues(t, c.len, ps[0].Len)
		require.Equal(t, ps[0].Len, ps[0].Wire)
	}
	// The file's media type counts before version 2.1.
	f := nmOf(0, 60)
	f.Media = 9
	ps, _ := readAll(t, f.Bytes())
	require.Equal(t, LinkRaw, ps[0].Link)
}

// A frame table that names the same frames again and again is read no longer
// than the file is.
func TestNetmonOverlap(t *testing.T) {
	f := nmOf(3, 1500, 60).Bytes()
	table := le.Uint32(f[24:])
	n := uint32(100_000)
	le.PutUint32(f[28:], 4*n)
	f = f[:table]
	for range n {
		f = le.AppendUint32(f, netmonHeader)
	}
	ps, info := readAll(t, f)
	require.Len(t, ps, len(f)/(16+1500+15))
	require.Len(t, info.Faults, 1)
	require.Contains(t, info.Faults[0].What, "more bytes than the file has")

	// Frames outside the file keep their numbers.
	clear(f[table:])
	for i := range n {
		le.PutUint32(f[table+4*i:], 1<<31)
	}
	ps, info = readAll(t, f)
	require.Len(t, ps, int(n))
	require.EqualValues(t, n, info.Faulted)
	require.Equal(t, "unreadable frame", info.Interfaces[0].Name)
}

// Every prefix, and files damaged at random, are survived.
func TestNetmonDamaged(t *testing.T) {
	files := [][]byte{nmOf(3, 60, 200, 70, 80).Bytes(), nmOf(1, 60, 200, 70).Bytes()}
	backward := nmOf(2, 60, 100, 70)
	backward.Backward, backward.Comment = true, [2]string{"words", "x"}
	files = append(files, backward.Bytes())
	for _, f := range files {
		for n := range f {
			survives(t, f[:n])
		}
	}
	mutations := 2000
	if testing.Short() {
		mutations = 200
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range mutations {
		f := bytes.Clone(files[i%len(files)])
		for range 1 + r.IntN(4) {
			at := r.IntN(len(f))
			if r.IntN(2) == 0 {
				at = r.IntN(netmonHeader)
			}
			switch r.IntN(3) {
			case 0:
				f[at] ^= 1 << r.IntN(8)
			case 1:
				f[at] = 0xff
			case 2:
				f[at] = byte(r.Uint32())
			}
		}
		survives(t, f)
	}
}

func TestNetmonNotes(t *testing.T) {
	f := nmOf(3, 60, 70, 80)
	f.Comment = [2]string{"Logon fails", `{\rtf1\ansi{\fonttbl{\f0 Tahoma;}}{\*\generator Msftedit;}\f0\fs16 see the \'e9vent\par two \{braces\}}`}
	f.Processes = []netmontest.Process{{Path: `C:\Windows\System32\lsass.exe`, PID: 612}, {Path: "edge", PID: 7}}
	f.Frames[0].Process, f.Frames[2].Process = 1, 2
	read := func(file []byte, opts ...Option) (list []string) {
		src, err := OpenReader("x", bytes.NewReader(file), opts...)
		require.NoError(t, err)
		var b Batch
		for src.Next(&b) == nil {
			for _, n := range b.Notes {
				for _, c := range n.Comments {
					list = append(list, fmt.Sprint(b.Records[n.Record].Frame, " ", c))
				}
			}
		}
		return list
	}
	want := []string{"1 Logon fails\nsee the évent\ntwo {braces}", `1 process C:\Windows\System32\lsass.exe, PID 612`, "3 process edge, PID 7"}
	require.Equal(t, want, read(f.Bytes(), KeepNotes()))
	require.Equal(t, want, read(f.Bytes(), KeepNotes(), BlockSize(100)))
	require.Empty(t, read(f.Bytes()))
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 { // no panic
		b := f.Bytes()
		for range 3 {
			b[6+r.IntN(len(b)-6)] = byte(r.Uint32())
		}
		read(b, KeepNotes())
	}
}

func FuzzRTF(f *testing.F) {
	for _, s := range []string{`{\rtf1 words\par}`, `{\rtf{\*\x y}z\'`, `{\rtf}}}\`, "plain"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if out := rtfText(s); len(out) > 3*len(s)+3 || out != rtfText(s) {
			t.Fatalf("%q", out)
		}
	})
}

// netEvent is an event as Network Monitor keeps one in a frame.
func netEvent(e etltest.Event, items int) []byte {
	b := make([]byte, 0x59)
	le.PutUint16(b, uint16(len(b)+len(e.Data)))
	b[2], b[3] = 0x13, 0xc0
	copy(b[0x18:], e.Provider.Bytes())
	le.PutUint16(b[0x28:], e.ID)
	le.PutUint64(b[0x30:], e.Keyword)
	le.PutUint16(b[0x54:], uint16(items))
	for range items {
		b = append(b, "\x00\x00\x01\x00\x00\x00\x03\x00abc"...)
	}
	return append(b, e.Data...)
}

// Packets of an event trace that was saved as a NetMon file are read.
func TestNetmonEvents(t *testing.T) {
	packet := frame(90, 5)
	copy(packet[12:], "\x08\x00\x45")
	ip := append([]byte{0x45}, frame(60, 2)...)
	halves := etltest.Fragments(etltest.Frame{Data: packet}, 2, 0, 3)
	other := etltest.Netsh(etltest.Frame{Data: packet}, 0, etltest.Ethernet, 3, 3)
	other.Provider = etltest.TCPIP
	long := etltest.Netsh(etltest.Frame{Data: packet}, 0, etltest.Ethernet, 3, 3)
	le.PutUint32(long.Data[8:], 1<<31)
	f := nmOf(3)
	for i, c := range []struct {
		event etltest.Event
		items int
		link  LinkType
		data  []byte
		wire  int
	}{
		{etltest.Netsh(etltest.Frame{Data: packet}, 0, etltest.Ethernet, 3, 3), 0, LinkEthernet, packet, 90},
		{etltest.Netsh(etltest.Frame{Data: packet}, 0, etltest.Ethernet, 3, 3), 2, LinkEthernet, packet, 90},
		{etltest.Netsh(etltest.Frame{Data: packet}, 0, etltest.WiFi, 3, 3), 0, LinkWiFi, packet, 90},
		{etltest.Netsh(etltest.Frame{Data: ip}, 0, etltest.Mobile, 3, 3), 0, LinkRaw, ip, 61},
		{etltest.PktmonPacket(etltest.Frame{Data: packet, Wire: 1500}, 0, etltest.Seen{Type: 1}), 0, LinkEthernet, packet, 1500},
		{etltest.PktmonPacket(etltest.Frame{Data: packet}, 0, etltest.Seen{Type: 2}), 0, LinkEthernet, packet, 90},
		{etltest.PktmonPacket(etltest.Frame{Data: ip}, 0, etltest.Seen{Type: 3}), 0, LinkRaw, ip, 61},
		{etltest.PktmonPacket(etltest.Frame{Data: ip}, 0, etltest.Seen{Type: 7}), 0, LinkUser15, nil, 0},
		{halves[0], 0, LinkUser15, nil, 0},
		{other, 0, LinkUser15, nil, 0},
		{long, 0, LinkUser15, nil, 0},
	} {
		e := netEvent(c.event, c.items)
		f.Frames = []netmontest.Frame{{Time: f.Start, Data: e, Media: 0xffe0}}
		ps, info := readAll(t, f.Bytes())
		require.Len(t, ps, 1)
		require.Equal(t, c.link, ps[0].Link, i)
		if c.link == LinkUser15 {
			require.Equal(t, "event", info.Interfaces[0].Name)
			require.Len(t, ps[0].data, len(e))
			continue
		}
		require.Equal(t, string(c.data), ps[0].data, i)
		require.EqualValues(t, c.wire, ps[0].Wire, i)
		for n := range e { // no panic, and nothing beyond the frame
			f.Frames[0].Data = e[:n]
			survives(t, f.Bytes())
		}
	}
}
