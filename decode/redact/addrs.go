package redact

import (
	"encoding/binary"
	mrand "math/rand/v2"
	"net/netip"
)

// addrs gives addresses others: of the same family and kind, private ones for
// private ones; two that share a network share one afterwards, byte by byte; in
// text they are as long as they were.
type addrs struct {
	r     *Redactor
	known map[netip.Addr]netip.Addr
	back  map[string]string
}

// of is the address in the place of a. The unspecified address, loopback,
// multicast, broadcast and automatic addresses stay.
func (m *addrs) of(a netip.Addr) netip.Addr {
	if n, ok := m.known[a]; ok {
		return n
	}
	if a.Is4In6() {
		v := m.of(a.Unmap()).As4()
		b := a.As16()
		copy(b[12:], v[:])
		return netip.AddrFrom16(b)
	}
	var n netip.Addr
	if a.Is4() {
		n = m.of4(a)
	} else {
		n = m.of6(a.WithZone(""))
	}
	if len(m.known) < 1<<16 {
		m.known[a] = n
	}
	if n != a && len(m.back) < 1<<20 {
		m.back[n.String()] = a.String()
	}
	return n
}

func (m *addrs) of4(a netip.Addr) netip.Addr {
	b := a.As4()
	if b[0] == 0 || b[0] == 127 || b[0] >= 224 {
		return a
	}
	out := b
	for i := range b {
		out[i] = byte(m.octet(b, i))
	}
	return netip.AddrFrom4(out)
}

// octet permutes octet i among those of as many digits; the permutation goes by
// the octets before it.
func (m *addrs) octet(b [4]byte, i int) int {
	low, high := 0, 9
	switch v := b[i]; {
	case v >= 100:
		low, high = 100, 255
	case v >= 10:
		low, high = 10, 99
	}
	within := func(v int) bool { return true }
	switch {
	case i == 0 && (b[0] == 10 || b[0] == 172 || b[0] == 192 || b[0] == 169 || b[0] == 100): // with private networks in them
		return int(b[0])
	case i == 0:
		within = func(v int) bool {
			return v > 0 && v < 224 && v != 10 && v != 100 && v != 127 && v != 169 && v != 172 && v != 192
		}
	case i == 1 && b[0] == 192 && b[1] == 168, i == 1 && b[0] == 169 && b[1] == 254:
		return int(b[1])
	case i == 1 && b[0] == 192:
		within = func(v int) bool { return v != 168 }
	case i == 1 && b[0] == 169:
		within = func(v int) bool { return v != 254 }
	case i == 1 && b[0] == 172: // 172.16.0.0/12
		private := b[1] >= 16 && b[1] <= 31
		within = func(v int) bool { return (v >= 16 && v <= 31) == private }
	case i == 1 && b[0] == 100: // 100.64.0.0/10
		shared := b[1] >= 64 && b[1] <= 127
		within = func(v int) bool { return (v >= 64 && v <= 127) == shared }
	case i == 3 && (b[3] == 0 || b[3] == 255): // a network, a broadcast
		return int(b[3])
	case i == 3:
		within = func(v int) bool { return v != 0 && v != 255 }
	}
	return m.permute("ip4", b[:i], int(b[i]), low, high, within)
}

// permute is where v goes in a keyed permutation of the values from low to high
// that are within.
func (m *addrs) permute(kind string, prefix []byte, v, low, high int, within func(int) bool) int {
	var set []int
	at := -1
	for c := low; c <= high; c++ {
		if within(c) {
			if c == v {
				at = len(set)
			}
			set = append(set, c)
		}
	}
	if at < 0 {
		return v
	}
	var n [8]byte
	binary.BigEndian.PutUint32(n[:], uint32(set[0]))
	binary.BigEndian.PutUint32(n[4:], uint32(len(set)))
	random := m.r.sum(kind, prefix, n[:])
	rng := mrand.New(mrand.NewChaCha8([32]byte(random)))
	rng.Shuffle(len(set), func(i, j int) { set[i], set[j] = set[j], set[i] })
	// The shuffled set in place of the ordered one.
	return set[at]
}

func (m *addrs) of6(a netip.Addr) netip.Addr {
	b := a.As16()
	if a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() {
		return a
	}
	out := b
	for i := 0; i < 16; i += 2 {
		v := int(binary.BigEndian.Uint16(b[i:]))
		low, high := 0x1000, 0xffff
		switch {
		case v == 0:
			continue // or :: would move
		case v < 0x10:
			low, high = 1, 0xf
		case v < 0x100:
			low, high = 0x10, 0xff
		case v < 0x1000:
			low, high = 0x100, 0xfff
		}
		if i == 0 {
			switch {
			case v&0xffc0 == 0xfe80:
				continue
			case v&0xfe00 == 0xfc00:
				low, high = 0xfc00, 0xfdff
			case v&0xe000 == 0x2000:
				low, high = 0x2000, 0x3fff
			}
		}
		binary.BigEndian.PutUint16(out[i:], uint16(m.permute("ip6", b[:i], v, low, high, func(int) bool { return true })))
	}
	return netip.AddrFrom16(out)
}

// bytes puts another address in the place of one of 4 or 16 bytes.
func (m *addrs) bytes(b []byte) {
	if a, ok := netip.AddrFromSlice(b); ok {
		copy(b, m.of(a).AsSlice())
	}
}

// mac puts another address in the place of a MAC; broadcast and multicast stay.
func (r *Redactor) mac(b []byte) {
	if len(b) < 6 || b[0]&1 != 0 || string(b[:6]) == "\x00\x00\x00\x00\x00\x00" {
		return
	}
	copy(b[:6], r.sum("mac", b[:6]))
	b[0] = b[0]&0xfc | 2 // of nobody's
}
