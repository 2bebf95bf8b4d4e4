package flow

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// Builders of frames, by hand.

func cat(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func u16(v int) []byte    { return []byte{byte(v >> 8), byte(v)} }
func u32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

func ether(kind int, rest []byte) []byte {
	return cat([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}, u16(kind), rest)
}

const (
	a4, b4 = "10.0.0.1", "10.0.0.2"
	a6, b6 = "2001:db8::1", "2001:db8::2"
)

type ipv4 struct {
	src, dst string
	proto    int
	id       int
	fragOff  int // bytes
	more     bool
	options  []byte
	total    int // 0: right; -1: zero on the wire
}

func (h ipv4) bytes(body []byte) []byte {
	total := 20 + len(h.options) + len(body)
	switch {
	case h.total == -1:
		total = 0
	case h.total > 0:
		total = h.total
	}
	frag := h.fragOff / 8
	if h.more {
		frag |= 0x2000
	}
	src, dst := netip.MustParseAddr(h.src).As4(), netip.MustParseAddr(h.dst).As4()
	return cat([]byte{byte(0x45 + len(h.options)/4), 0}, u16(total), u16(h.id), u16(frag), []byte{64, byte(h.proto), 0, 0}, src[:], dst[:], h.options, body)
}

func ip6(src, dst string, next int, length int, body []byte) []byte {
	if length < 0 {
		length = len(body)
	}
	s, d := netip.MustParseAddr(src).As16(), netip.MustParseAddr(dst).As16()
	return cat([]byte{0x60, 0, 0, 0}, u16(length), []byte{byte(next), 64}, s[:], d[:], body)
}

func udp(sport, dport int, payload []byte) []byte {
	return cat(u16(sport), u16(dport), u16(8+len(payload)), []byte{0, 0}, payload)
}

func tcp(sport, dport int, seq, ack uint32, flags Flags, payload []byte) []byte {
	return cat(u16(sport), u16(dport), u32(seq), u32(ack), []byte{0x50, byte(flags), 0xff, 0xff, 0, 0, 0, 0}, payload)
}

// look is Peek on a frame that was captured whole.
func look(t testing.TB, link capture.LinkType, frame []byte) (Packet, Verdict) {
	t.Helper()
	var p Packet
	v := Peek(link, frame, uint32(len(frame)), &p)
	require.GreaterOrEqual(t, int(p.PayloadWire), len(p.Payload))
	return p, v
}

func addrPort(a string, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(a), port)
}
