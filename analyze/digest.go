package analyze

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"net/netip"
)

// A digest stands for the bytes of a key that may be long: 128 bits, seeded
// anew by each process, so that nobody can make two keys meet. Equality is all
// that it tells: nothing is ever put in order by it.
type digest [2]uint64

var digestSeeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func digestOf(b []byte) digest {
	return digest{maphash.Bytes(digestSeeds[0], b), maphash.Bytes(digestSeeds[1], b)}
}

// A keyText is the bytes of a key under construction: every part says where it
// ends.
type keyText []byte

func (k keyText) num(v int64) keyText { return binary.AppendVarint(k, v) }

func (k keyText) yes(list ...bool) keyText {
	var v byte
	for i, b := range list {
		if b {
			v |= 1 << i
		}
	}
	return append(k, v)
}

func (k keyText) str(s string) keyText { return append(k.num(int64(len(s))), s...) }

// name adds s with ASCII case folded.
func (k keyText) name(s string) keyText {
	k = k.str(s)
	b := k[len(k)-len(s):]
	for i, c := range b {
		b[i] = fold(c)
	}
	return k
}

func (k keyText) ints(list []int32) keyText {
	k = k.num(int64(len(list)))
	for _, v := range list {
		k = k.num(int64(v))
	}
	return k
}

func (k keyText) addr(a netip.Addr) keyText {
	if !a.IsValid() {
		return append(k, 0)
	}
	b := a.As16()
	return append(append(k, byte(a.BitLen())), b[:]...)
}

func (k keyText) end(e netip.AddrPort) keyText { return k.addr(e.Addr()).num(int64(e.Port())) }

// hash64 identifies bytes across captures and processes: the sample of twins
// that a capture keeps hangs on it. Who can make two messages of one hash can
// send one message twice as well.
func hash64(kind uint64, b []byte) uint64 {
	const (
		p0 = 0x9e3779b97f4a7c15
		p1 = 0xd1b54a32d192ed03
	)
	h, n := kind*p1^p0, uint64(len(b))
	mix := func(x, y uint64) uint64 {
		hi, lo := bits.Mul64(x, y)
		return hi ^ lo
	}
	for len(b) >= 16 {
		h = mix(binary.LittleEndian.Uint64(b)^h^p0, binary.LittleEndian.Uint64(b[8:])^bits.RotateLeft64(h, 32)^p1)
		b = b[16:]
	}
	var rest [16]byte
	copy(rest[:], b)
	h = mix(binary.LittleEndian.Uint64(rest[:])^h^p0, binary.LittleEndian.Uint64(rest[8:])^bits.RotateLeft64(h, 32)^p1)
	return mix(h^n^p1, p0^bits.RotateLeft64(n, 17))
}

// What hash64 hashes: the same bytes as another kind are something else.
const (
	hashRequest = 1 + iota
	hashReply
	hashMessage
	hashSession
	hashDNS
	hashAuthenticator
)
