package flow

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// sameGlance checks that Look says of a frame what Peek says, or nothing.
func sameGlance(t *testing.T, link capture.LinkType, data []byte, wire uint32) Verdict {
	t.Helper()
	g := Glance{Brief: Brief{Seq: 7, Whole: true}, Payload: []byte("left over")}
	v := Look(link, data, &g)
	if v == UnknownLink {
		return v
	}
	var p Packet
	require.Equal(t, v.String(), Peek(link, data, wire, &p).String())
	require.False(t, p.More())
	require.Equal(t, [2]uint16{p.SrcPort, p.DstPort}, [2]uint16{g.SrcPort, g.DstPort})
	require.Equal(t, string(p.Payload), string(g.Payload))
	if v == TCP {
		require.Equal(t, p.Brief(), g.Brief)
	}
	return v
}

func TestLook(t *testing.T) {
	seg := tcp(40000, 88, 7, 9, PSH|ACK, []byte("abcdef"))
	v4 := ipv4{src: a4, dst: b4, proto: 6}.bytes(seg)
	v6 := ip6(a6, b6, 6, -1, seg)
	dgram := udp(1000, 88, []byte("hello"))
	long := ipv4{src: a4, dst: b4, proto: 6, total: 1500}.bytes(seg)
	tests := []struct {
		name  string
		frame []byte
		want  Verdict
	}{
		{"tcp4", ether(0x800, v4), TCP},
		{"tcp4 back", ether(0x800, ipv4{src: b4, dst: a4, proto: 6}.bytes(tcp(88, 40000, 9, 7, FIN|ACK, nil))), TCP},
		{"tcp6", ether(0x86dd, v6), TCP},
		{"udp4", ether(0x800, ipv4{src: a4, dst: b4, proto: 17}.bytes(dgram)), UDP},
		{"udp6", ether(0x86dd, ip6(a6, b6, 17, -1, dgram)), UDP},
		{"vlan", ether(0x8100, cat(u16(5), u16(0x800), v4)), TCP},
		{"vlan 6", ether(0x8100, cat(u16(5), u16(0x86dd), v6)), TCP},
		{"padded", ether(0x800, cat(v4, make([]byte, 13))), TCP},
		{"payload cut", ether(0x800, long), TCP},
		{"payload cut off", ether(0x800, long)[:14+40], TCP},
		{"tcp cut", ether(0x800, long)[:14+34], UnknownLink},
		{"qinq", ether(0x88a8, cat(u16(5), u16(0x8100), u16(6), u16(0x800), v4)), UnknownLink},
		{"options", ether(0x800, ipv4{src: a4, dst: b4, proto: 6, options: make([]byte, 12)}.bytes(seg)), UnknownLink},
		{"total length 0", ether(0x800, ipv4{src: a4, dst: b4, proto: 6, total: -1}.bytes(seg)), UnknownLink},
		{"tcp offset 4", ether(0x800, ipv4{src: a4, dst: b4, proto: 6}.bytes(cat(seg[:12], []byte{0x40}, seg[13:]))), UnknownLink},
		{"tcp offset beyond", ether(0x800, ipv4{src: a4, dst: b4, proto: 6}.bytes(cat(seg[:12], []byte{0xf0}, seg[13:]))), UnknownLink},
		{"udp length 0", ether(0x800, ipv4{src: a4, dst: b4, proto: 17}.bytes(cat(u16(1), u16(2), u16(0), u16(0), []byte("xy")))), UnknownLink},
		{"udp length shorter", ether(0x800, ipv4{src: a4, dst: b4, proto: 17}.bytes(cat(u16(1), u16(2), u16(9), u16(0), []byte("xy")))), UDP},
		{"udp length beyond", ether(0x800, ipv4{src: a4, dst: b4, proto: 17}.bytes(cat(u16(1), u16(2), u16(99), u16(0), []byte("xy")))), UnknownLink},
		{"vxlan", ether(0x800, ipv4{src: a4, dst: b4, proto: 17}.bytes(udp(1, portVXLAN, []byte("xy")))), UnknownLink},
		{"teredo", ether(0x800, ipv4{src: a4, dst: b4, proto: 17}.bytes(udp(portTeredo, 1, []byte("xy")))), UnknownLink},
		{"gre", ether(0x800, ipv4{src: a4, dst: b4, proto: 47}.bytes(seg)), UnknownLink},
		{"hop by hop", ether(0x86dd, ip6(a6, b6, 0, -1, cat([]byte{6, 0}, make([]byte, 6), seg))), UnknownLink},
		{"jumbo", ether(0x86dd, ip6(a6, b6, 6, 0, seg)), UnknownLink},
		{"arp", ether(0x806, make([]byte, 28)), UnknownLink},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want.String(), sameGlance(t, capture.LinkEthernet, tt.frame, uint32(len(tt.frame))).String())
			assert.Equal(t, UnknownLink, sameGlance(t, capture.LinkSLL, tt.frame, uint32(len(tt.frame))))
			for n := range tt.frame {
				sameGlance(t, capture.LinkEthernet, tt.frame[:n], uint32(len(tt.frame)))
			}
			for i := 12; i < min(len(tt.frame), 80); i++ {
				for _, bit := range []byte{1, 4, 0x20, 0x80} {
					f := cat(tt.frame)
					f[i] ^= bit
					sameGlance(t, capture.LinkEthernet, f, uint32(len(f)))
				}
			}
		})
	}
	f := cat(ether(0x800, v4))
	f[20] |= 0x20 // more fragments
	assert.Equal(t, UnknownLink, sameGlance(t, capture.LinkEthernet, f, uint32(len(f))))
}

func BenchmarkLook(b *testing.B) {
	body := make([]byte, 600)
	for name, frame := range map[string][]byte{
		"tcp4": ether(0x800, ipv4{src: a4, dst: b4, proto: 6}.bytes(tcp(1, 2, 3, 4, ACK, body))),
		"tcp6": ether(0x86dd, ip6(a6, b6, 6, -1, tcp(1, 2, 3, 4, ACK, body))),
		"udp4": ether(0x800, ipv4{src: a4, dst: b4, proto: 17}.bytes(udp(1, 2, body))),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var g Glance
			for b.Loop() {
				if Look(capture.LinkEthernet, frame, &g) == UnknownLink {
					b.Fatal("not read")
				}
			}
		})
	}
}
