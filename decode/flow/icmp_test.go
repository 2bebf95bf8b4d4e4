package flow

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

func TestParseICMP(t *testing.T) {
	msg := func(typ, code byte, rest uint32, quote []byte) []byte {
		return cat([]byte{typ, code, 0, 0}, u32(rest), quote)
	}
	v4 := func(b []byte) []byte { return ipv4{src: b4, dst: a4, proto: 1}.bytes(b) }
	v6 := func(b []byte) []byte { return ip6(b6, a6, 58, -1, b) }
	udp4 := ipv4{src: a4, dst: b4, proto: 17, total: 500}.bytes(udp(1000, 88, nil))
	tcp4 := ipv4{src: a4, dst: b4, proto: 6, total: 500}.bytes(tcp(1000, 88, 7, 0, SYN, nil)[:8])
	udp6 := ip6(a6, b6, 17, 500, udp(1000, 88, nil))
	tests := []struct {
		name  string
		frame []byte
		want  *ICMPError
	}{
		{"port unreachable", v4(msg(3, 3, 0, udp4)), &ICMPError{Type: 3, Code: 3, Kind: Unreachable, Proto: 17, Src: addrPort(a4, 1000), Dst: addrPort(b4, 88), HasPorts: true}},
		{"fragmentation needed", v4(msg(3, 4, 1400, tcp4)), &ICMPError{Type: 3, Code: 4, Kind: TooBig, MTU: 1400, Proto: 6, Src: addrPort(a4, 1000), Dst: addrPort(b4, 88), HasPorts: true, Seq: 7}},
		{"quote padded behind 8 bytes", v4(msg(3, 13, 0, cat(tcp4, make([]byte, 100)))), &ICMPError{Type: 3, Code: 13, Kind: Unreachable, Proto: 6, Src: addrPort(a4, 1000), Dst: addrPort(b4, 88), HasPorts: true, Seq: 7}},
		{"time exceeded, quote without ports", v4(msg(11, 0, 0, udp4[:22])), &ICMPError{Type: 11, Kind: TimeExceeded, Proto: 17, Src: addrPort(a4, 0), Dst: addrPort(b4, 0)}},
		{"quoted fragment", v4(msg(11, 1, 0, ipv4{src: a4, dst: b4, proto: 17, more: true}.bytes(udp(1000, 88, nil)))), &ICMPError{Type: 11, Code: 1, Kind: TimeExceeded, Proto: 17, Src: addrPort(a4, 1000), Dst: addrPort(b4, 88), HasPorts: true}},
		{"v6 port unreachable", v6(msg(1, 4, 0, udp6)), &ICMPError{V6: true, Type: 1, Code: 4, Kind: Unreachable, Proto: 17, Src: addrPort(a6, 1000), Dst: addrPort(b6, 88), HasPorts: true}},
		{"v6 too big", v6(msg(2, 0, 1280, udp6)), &ICMPError{V6: true, Type: 2, Kind: TooBig, MTU: 1280, Proto: 17, Src: addrPort(a6, 1000), Dst: addrPort(b6, 88), HasPorts: true}},
		{"echo", v4(msg(8, 0, 0, udp4)), nil},
		{"neighbour solicitation", v6(msg(135, 0, 0, udp6)), nil},
		{"nothing quoted", v4(msg(3, 3, 0, nil)), nil},
		{"quote cut", v4(msg(3, 3, 0, udp4[:19])), nil},
		{"short", v4([]byte{3, 3, 0, 0}), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, v := look(t, capture.LinkRaw, tt.frame)
			require.Equal(t, ICMP, v)
			var e ICMPError
			ok := ParseICMP(&p, &e)
			require.Equal(t, tt.want != nil, ok)
			if ok {
				assert.Equal(t, *tt.want, e)
			}
		})
	}
}

func TestCommunityID(t *testing.T) {
	tests := []struct {
		src, dst string
		proto    uint8
		want     string
	}{
		// Vectors of the Community ID specification's baseline.
		{"128.232.110.120:34855", "66.35.250.204:80", 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{"66.35.250.204:80", "128.232.110.120:34855", 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{"192.168.1.52:54585", "8.8.8.8:53", 17, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
		{"[::ffff:8.8.8.8]:53", "192.168.1.52:54585", 17, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, CommunityID(netip.MustParseAddrPort(tt.src), netip.MustParseAddrPort(tt.dst), tt.proto))
	}
}
