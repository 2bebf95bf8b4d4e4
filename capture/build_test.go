package capture

import (
	"encoding/binary"
	"math/rand/v2"
)

// Builders of capture files, byte by byte, so that tests can build bad ones.

type anyOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

func words(o anyOrder, v ...uint32) (b []byte) {
	for _, w := range v {
		b = o.AppendUint32(b, w)
	}
	return b
}

var (
	le anyOrder = binary.LittleEndian
	be anyOrder = binary.BigEndian
)

// frame returns an Ethernet frame of n bytes (at least 14) that differs with seed.
func frame(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	f := make([]byte, n)
	for i := range f {
		f[i] = byte(r.Uint32())
	}
	copy(f, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x88\xb5")
	return f[:n]
}

const t0 = 1_700_000_000 // seconds, of the first record built

func pcapHead(o anyOrder, magic, snap, link uint32) []byte {
	b := words(o, magic)
	b = o.AppendUint16(b, 2)
	b = o.AppendUint16(b, 4)
	return append(b, words(o, 0, 0, snap, link)...)
}

func pcapRec(o anyOrder, sec, frac uint32, data []byte, orig int, extra ...byte) []byte {
	b := words(o, sec, frac, uint32(len(data)), uint32(orig))
	b = append(b, extra...)
	return append(b, data...)
}

// pcapOf returns a plain pcap file of frames of the given sizes.
func pcapOf(o anyOrder, magic uint32, sizes ...int) []byte {
	b := pcapHead(o, magic, 262144, 1)
	for i, n := range sizes {
		b = append(b, pcapRec(o, t0+uint32(i), uint32(1000*i+7), frame(n, uint64(i)), n)...)
	}
	return b
}

func ngBlock(o anyOrder, typ uint32, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body[:len(body):len(body)], 0)
	}
	n := uint32(len(body) + 12)
	b := append(words(o, typ, n), body...)
	return o.AppendUint32(b, n)
}

func shb(o anyOrder) []byte { return shbLen(o, -1) }

func shbLen(o anyOrder, section int64) []byte {
	b := words(o, ngBOM)
	b = o.AppendUint16(b, 1)
	b = o.AppendUint16(b, 0)
	b = o.AppendUint64(b, uint64(section))
	return ngBlock(o, ngSHB, b)
}

type opt struct {
	code uint16
	val  string
}

func ngOptions(o anyOrder, opts ...opt) (b []byte) {
	for _, p := range opts {
		b = o.AppendUint16(b, p.code)
		b = o.AppendUint16(b, uint16(len(p.val)))
		b = append(b, p.val...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	if len(opts) > 0 {
		b = append(b, 0, 0, 0, 0)
	}
	return b
}

func idb(o anyOrder, link uint16, snap uint32, opts ...opt) []byte {
	b := o.AppendUint16(nil, link)
	b = o.AppendUint16(b, 0)
	b = o.AppendUint32(b, snap)
	return ngBlock(o, ngIDB, append(b, ngOptions(o, opts...)...))
}

func epb(o anyOrder, iface uint32, ts uint64, data []byte, orig int, opts ...opt) []byte {
	b := words(o, iface, uint32(ts>>32), uint32(ts), uint32(len(data)), uint32(orig))
	b = append(b, data...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return ngBlock(o, ngEPB, append(b, ngOptions(o, opts...)...))
}

func pb(o anyOrder, iface uint16, ts uint64, data []byte, orig int) []byte {
	b := o.AppendUint16(nil, iface)
	b = o.AppendUint16(b, 0)
	b = append(b, words(o, uint32(ts>>32), uint32(ts), uint32(len(data)), uint32(orig))...)
	return ngBlock(o, ngPB, append(b, data...))
}

func spb(o anyOrder, data []byte, orig int) []byte {
	return ngBlock(o, ngSPB, append(words(o, uint32(orig)), data...))
}

func join(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// be64 is an 8-byte option value in the order given.
func be64(o anyOrder, v int64) string { return string(o.AppendUint64(nil, uint64(v))) }
