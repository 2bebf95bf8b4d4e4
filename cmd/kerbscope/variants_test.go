package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// A recording is one capture in memory, to be changed and written again.
type recording struct {
	name    string // base name of the file
	packets []recorded
}

type recorded struct {
	time  int64
	wire  uint32
	link  capture.LinkType
	ticks uint64
	data  []byte
}

// load reads the captures of a case.
func load(t *testing.T, paths []string) []recording {
	t.Helper()
	var list []recording
	for _, path := range paths {
		src, err := capture.Open(path)
		require.NoError(t, err)
		rec := recording{name: filepath.Base(path)}
		for {
			b := &capture.Batch{}
			err := src.Next(b)
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			for i := range b.Records {
				p := b.Packet(i)
				rec.packets = append(rec.packets, recorded{p.Time, p.Wire, p.Link, src.Info().Interfaces[p.Interface].TicksPS, bytes.Clone(p.Data)})
			}
		}
		require.NoError(t, src.Close())
		list = append(list, rec)
	}
	return list
}

// store writes recordings as pcapng into a folder of its own and returns their paths.
func store(t *testing.T, dir string, list []recording) []string {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	var paths []string
	for _, rec := range list {
		path := filepath.Join(dir, strings.TrimSuffix(rec.name, filepath.Ext(rec.name))+".pcapng")
		f, err := os.Create(path)
		require.NoError(t, err)
		w := capture.NewWriter(f, capture.Section{})
		type kind struct {
			link  capture.LinkType
			ticks uint64
		}
		interfaces := map[kind]uint32{}
		for _, p := range rec.packets {
			k := kind{p.link, p.ticks}
			n, ok := interfaces[k]
			if !ok {
				n, err = w.AddInterface(capture.Interface{Link: p.link, TicksPS: p.ticks})
				require.NoError(t, err)
				interfaces[k] = n
			}
			require.NoError(t, w.WritePacket(capture.Record{Time: p.time, Wire: p.wire, Interface: n}, p.data, capture.PacketOptions{}))
		}
		require.NoError(t, w.Flush())
		require.NoError(t, f.Close())
		paths = append(paths, path)
	}
	return paths
}

// each returns the recordings with every packet that keep lets through, as it changed it.
func each(list []recording, keep func(capture, frame int, p *recorded) bool) []recording {
	out := make([]recording, len(list))
	for i, rec := range list {
		out[i].name = rec.name
		for n, p := range rec.packets {
			if keep(i, n, &p) {
				out[i].packets = append(out[i].packets, p)
			}
		}
	}
	return out
}

// lose leaves out a share of the packets.
func lose(list []recording, share float64, seed uint64) []recording {
	r := rand.New(rand.NewPCG(seed, seed))
	return each(list, func(int, int, *recorded) bool { return r.Float64() >= share })
}

// snap cuts packets to n bytes.
func snap(list []recording, n int) []recording {
	return each(list, func(_, _ int, p *recorded) bool {
		p.data = p.data[:min(n, len(p.data))]
		return true
	})
}

// shift sets the clock of every capture but the first wrong, each by more.
func shift(list []recording, by time.Duration) []recording {
	return each(list, func(c, _ int, p *recorded) bool {
		p.time += int64(c) * int64(by)
		return true
	})
}

// part keeps the packets of [from, to) tenths of each capture.
func part(list []recording, from, to int) []recording {
	return each(list, func(c, n int, _ *recorded) bool {
		size := len(list[c].packets)
		return n >= size*from/10 && n < size*to/10
	})
}

// oneWay keeps what an address of the lab sent, or what it did not send.
func oneWay(list []recording, host byte, sent bool) []recording {
	return each(list, func(_, _ int, p *recorded) bool {
		return sentBy(p, host) == sent
	})
}

// withoutKDC leaves out the traffic of clients with port 88 and 464, the first fragment of a
// datagram to or from there included.
func withoutKDC(list []recording) []recording {
	return each(list, func(_, _ int, p *recorded) bool {
		at, proto := transport(p.data)
		if at == 0 || proto != 6 && proto != 17 || len(p.data) < at+4 {
			return true
		}
		src, dst := binary.BigEndian.Uint16(p.data[at:]), binary.BigEndian.Uint16(p.data[at+2:])
		for _, port := range []uint16{88, 464} {
			if src == port || dst == port {
				return false
			}
		}
		return true
	})
}

// transport finds where the transport header of an Ethernet frame of the lab begins.
func transport(b []byte) (at int, proto byte) {
	if len(b) < 34 {
		return 0, 0
	}
	switch binary.BigEndian.Uint16(b[12:]) {
	case 0x0800:
		return 14 + int(b[14]&15)*4, b[23]
	case 0x86dd:
		if len(b) >= 54 {
			return 54, b[20]
		}
	}
	return 0, 0
}

// sentBy knows the lab's hosts by the last byte of their addresses: 10.77.0.30 is
// fd77::30 and 02:77:00:00:00:30.
func sentBy(p *recorded, host byte) bool {
	hex := host/10<<4 | host%10
	if len(p.data) < 34 {
		return false
	}
	switch binary.BigEndian.Uint16(p.data[12:]) {
	case 0x0800:
		return p.data[29] == host
	case 0x86dd:
		return len(p.data) > 37 && p.data[37] == hex
	}
	return p.data[11] == hex
}

// merge puts all packets into one capture, in time order.
func merge(name string, sets ...[]recording) []recording {
	one := recording{name: name}
	for _, list := range sets {
		for _, rec := range list {
			one.packets = append(one.packets, rec.packets...)
		}
	}
	slices.SortStableFunc(one.packets, func(a, b recorded) int { return compare(a.time, b.time) })
	return []recording{one}
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// moveTo shifts all captures together so that the earliest packet is at a time.
func moveTo(list []recording, at int64) []recording {
	first := begin(list)
	return each(list, func(_, _ int, p *recorded) bool {
		p.time += at - first
		return true
	})
}

func begin(list []recording) int64 {
	first := int64(1<<63 - 1)
	for _, rec := range list {
		for _, p := range rec.packets {
			first = min(first, p.time)
		}
	}
	return first
}

// rename moves a lab recording to another domain, other host names and other
// networks, every name by one of the same length with the same first and last
// letter: so lengths stay, also in base64, whose outer characters a name
// shares with its neighbours. letter tells worlds apart.
func rename(list []recording, letter byte) []recording {
	l := string(letter)
	names := []string{"contoso", "mailbox-1", "hub-1", "hub-2", "fabrikam", "alice"}
	var pairs [][2][]byte
	pair := func(old, replacement string) {
		pairs = append(pairs, [2][]byte{[]byte(old), []byte(replacement)})
	}
	for _, n := range names {
		inner := strings.Repeat(l, len(n)-2)
		if i := strings.IndexByte(n, '-'); i > 0 {
			inner = strings.Repeat(l, i-1) + n[i:len(n)-1]
		}
		other := n[:1] + inner + n[len(n)-1:]
		for _, form := range []func(string) string{strings.ToLower, strings.ToUpper, capital} {
			o, r := form(n), form(other)
			pair(o, r)
			pair(wide(o), wide(r))
			for lead := range 3 {
				pair(inBase64(o, lead), inBase64(r, lead))
			}
		}
	}
	pair("\x0a\x4d\x00", "\x0a"+l+"\x00")
	pair("\xfd\x77\x00\x00\x00\x00", "\xfd"+l+"\x00\x00\x00\x00")
	pair("\x02\x77\x00\x00", "\x02"+l+"\x00\x00")
	return each(list, func(_, _ int, p *recorded) bool {
		for _, r := range pairs {
			if bytes.Contains(p.data, r[0]) {
				p.data = bytes.ReplaceAll(p.data, r[0], r[1])
			}
		}
		return true
	})
}

// fragmented tells whether IPv4 datagrams stand in pieces: a name that is cut
// in two keeps its letters.
func fragmented(list []recording) bool {
	return slices.ContainsFunc(list, func(r recording) bool {
		return slices.ContainsFunc(r.packets, func(p recorded) bool {
			return len(p.data) > 22 && binary.BigEndian.Uint16(p.data[12:]) == 0x0800 && binary.BigEndian.Uint16(p.data[20:])&0x3fff != 0
		})
	})
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// wide is UTF-16LE of ASCII, without the last zero: the name's neighbours do not matter.
func wide(s string) string {
	var b []byte
	for _, c := range []byte(s) {
		b = append(b, c, 0)
	}
	return string(b[:len(b)-1])
}

// inBase64 is how a name reads in base64 when lead bytes stand before it in
// its group of three, without the characters that its neighbours share.
func inBase64(s string, lead int) string {
	e := base64.RawStdEncoding.EncodeToString(append(make([]byte, lead), s...))
	from := (lead*8 + 5) / 6
	to := (lead + len(s)) * 8 / 6
	return e[from:to]
}
