package flow

import (
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

func TestPeekLinks(t *testing.T) {
	v4 := ipv4{src: a4, dst: b4, proto: 17}.bytes(udp(1000, 88, []byte("hello")))
	v6 := ip6(a6, b6, 17, -1, udp(1000, 88, []byte("hello")))
	sll := func(kind int) []byte { return cat(make([]byte, 14), u16(kind)) }
	sll2 := func(kind int) []byte { return cat(u16(kind), make([]byte, 18)) }
	tests := []struct {
		name  string
		link  capture.LinkType
		frame []byte
		want  Verdict
	}{
		{"ethernet v4", capture.LinkEthernet, ether(0x800, v4), UDP},
		{"ethernet v6", capture.LinkEthernet, ether(0x86dd, v6), UDP},
		{"padded", capture.LinkEthernet, ether(0x800, cat(v4, make([]byte, 13))), UDP},
		{"vlan", capture.LinkEthernet, ether(0x8100, cat(u16(5), u16(0x800), v4)), UDP},
		{"qinq", capture.LinkEthernet, ether(0x88a8, cat(u16(5), u16(0x8100), u16(6), u16(0x86dd), v6)), UDP},
		{"old qinq", capture.LinkEthernet, ether(0x9100, cat(u16(5), u16(0x8100), u16(6), u16(0x800), v4)), UDP},
		{"mpls", capture.LinkEthernet, ether(0x8847, cat(u32(0x10000), u32(0x20100), v6)), UDP},
		{"pppoe", capture.LinkEthernet, ether(0x8864, cat([]byte{0x11, 0, 0, 1, 0, 0}, u16(0x21), v4)), UDP},
		{"sll", capture.LinkSLL, cat(sll(0x800), v4), UDP},
		{"sll vlan", capture.LinkSLL, cat(sll(0x8100), u16(1), u16(0x86dd), v6), UDP},
		{"sll2", capture.LinkSLL2, cat(sll2(0x86dd), v6), UDP},
		{"raw 4", capture.LinkRaw, v4, UDP},
		{"raw 6", capture.LinkRaw, v6, UDP},
		{"ipv4", capture.LinkIPv4, v4, UDP},
		{"ipv6", capture.LinkIPv6, v6, UDP},
		{"ipv6 holding v4", capture.LinkIPv6, v4, Malformed},
		{"null little", capture.LinkNull, cat([]byte{2, 0, 0, 0}, v4), UDP},
		{"null big", capture.LinkNull, cat([]byte{0, 0, 0, 30}, v6), UDP},
		{"loop", capture.LinkLoop, cat([]byte{0, 0, 0, 24}, v6), UDP},
		{"null other", capture.LinkNull, cat([]byte{7, 0, 0, 0}, v4), NotIP},
		{"ppp hdlc", capture.LinkPPP, cat([]byte{0xff, 3, 0, 0x21}, v4), UDP},
		{"ppp short", capture.LinkPPP, cat([]byte{0x57}, v6), UDP},
		{"ppp lcp", capture.LinkPPP, cat([]byte{0xff, 3, 0xc0, 0x21}, v4), NotIP},
		{"arp", capture.LinkEthernet, ether(0x806, make([]byte, 28)), NotIP},
		{"802.3", capture.LinkEthernet, ether(38, make([]byte, 46)), NotIP},
		{"802.3 length 0", capture.LinkEthernet, ether(0, make([]byte, 46)), NotIP},
		{"802.3 length 2", capture.LinkEthernet, ether(2, v4), NotIP},
		{"unknown link", capture.LinkType(147), v4, UnknownLink},
		{"cut link", capture.LinkEthernet, ether(0x800, nil)[:13], Cut},
		{"cut vlan", capture.LinkEthernet, ether(0x8100, u16(5)), Cut},
		{"cut ip", capture.LinkEthernet, ether(0x800, v4[:19]), Cut},
		{"cut udp", capture.LinkEthernet, ether(0x800, v4[:27]), Cut},
		{"raw of nothing", capture.LinkRaw, nil, Cut},
		{"raw version 5", capture.LinkRaw, []byte{0x50}, NotIP},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, v := look(t, tt.link, tt.frame)
			require.Equal(t, tt.want.String(), v.String())
			if v != UDP {
				return
			}
			assert.Equal(t, "hello", string(p.Payload))
			assert.EqualValues(t, 5, p.PayloadWire)
			assert.EqualValues(t, 1000, p.SrcPort)
			src, dst := a4, b4
			if p.V6 {
				src, dst = a6, b6
			}
			assert.Equal(t, addrPort(src, 1000), p.SrcAddrPort())
			assert.Equal(t, addrPort(dst, 88), p.DstAddrPort())
		})
	}
}

func TestPeekIP(t *testing.T) {
	seg := tcp(40000, 88, 7, 9, PSH|ACK, []byte("abcdef"))
	hop := func(next int) []byte { return cat([]byte{byte(next), 0}, make([]byte, 6)) }
	frag6 := func(next, off, more int, id uint32) []byte {
		return cat([]byte{byte(next), 0}, u16(off|more), u32(id))
	}
	tests := []struct {
		name    string
		ip      []byte
		wire    int // 0: as long as ip
		want    Verdict
		payload string
		onWire  int // 0: as long as payload
	}{
		{"v4", ipv4{src: a4, dst: b4, proto: 6}.bytes(seg), 0, TCP, "abcdef", 0},
		{"v4 options", ipv4{src: a4, dst: b4, proto: 6, options: make([]byte, 12)}.bytes(seg), 0, TCP, "abcdef", 0},
		{"v4 total length 0", ipv4{src: a4, dst: b4, proto: 6, total: -1}.bytes(seg), 0, TCP, "abcdef", 0},
		{"v4 total length 0, cut", ipv4{src: a4, dst: b4, proto: 6, total: -1}.bytes(seg), 100, TCP, "abcdef", 60},
		{"v4 cut payload", ipv4{src: a4, dst: b4, proto: 6, total: 1500}.bytes(seg), 1500, TCP, "abcdef", 1460},
		{"v4 padding", cat(ipv4{src: a4, dst: b4, proto: 6}.bytes(seg), []byte("padding")), 0, TCP, "abcdef", 0},
		{"v4 cut in tcp options", ipv4{src: a4, dst: b4, proto: 6, total: 80}.bytes(cat(tcp(1, 2, 3, 4, ACK, nil)[:12], []byte{0x80, byte(ACK)}))[:34], 80, TCP, "", 28},
		{"v4 cut before flags", ipv4{src: a4, dst: b4, proto: 6, total: 80}.bytes(seg)[:33], 80, Cut, "", 0},
		{"v4 bad header length", cat([]byte{0x44}, ipv4{src: a4, dst: b4, proto: 6}.bytes(seg)[1:]), 0, Malformed, "", 0},
		{"v4 total below header", ipv4{src: a4, dst: b4, proto: 6, total: 19}.bytes(seg), 0, Malformed, "", 0},
		{"v4 no room for tcp", ipv4{src: a4, dst: b4, proto: 6}.bytes(seg[:19]), 0, Malformed, "", 0},
		{"tcp offset 4", ipv4{src: a4, dst: b4, proto: 6}.bytes(cat(seg[:12], []byte{0x40}, seg[13:])), 0, Malformed, "", 0},
		{"tcp offset beyond", ipv4{src: a4, dst: b4, proto: 6}.bytes(cat(seg[:12], []byte{0xf0}, seg[13:])), 0, Malformed, "", 0},
		{"udp length beyond", ipv4{src: a4, dst: b4, proto: 17}.bytes(cat(u16(1), u16(2), u16(900), u16(0), []byte("xy"))), 0, UDP, "xy", 0},
		{"udp length 0", ipv4{src: a4, dst: b4, proto: 17}.bytes(cat(u16(1), u16(2), u16(0), u16(0), []byte("xy"))), 0, UDP, "xy", 0},
		{"udp length shorter", ipv4{src: a4, dst: b4, proto: 17}.bytes(cat(u16(1), u16(2), u16(9), u16(0), []byte("xy"))), 0, UDP, "x", 0},
		{"udp length 7", ipv4{src: a4, dst: b4, proto: 17}.bytes(cat(u16(1), u16(2), u16(7), u16(0), []byte("xy"))), 0, Malformed, "", 0},
		{"icmp", ipv4{src: a4, dst: b4, proto: 1}.bytes([]byte("icmpicmp")), 0, ICMP, "icmpicmp", 0},
		{"icmp over v6", ip6(a6, b6, 1, -1, []byte("x")), 0, OtherIP, "x", 0},
		{"gre", ipv4{src: a4, dst: b4, proto: 47}.bytes([]byte("gre")), 0, Tunnel, "gre", 0},
		{"esp", ipv4{src: a4, dst: b4, proto: 50}.bytes([]byte("esp")), 0, OtherIP, "esp", 0},
		{"v4 first fragment", ipv4{src: a4, dst: b4, proto: 17, more: true}.bytes([]byte("12345678")), 0, Fragment, "12345678", 0},
		{"v4 later fragment", ipv4{src: a4, dst: b4, proto: 17, fragOff: 8}.bytes([]byte("123")), 0, Fragment, "123", 0},
		{"v6", ip6(a6, b6, 6, -1, seg), 0, TCP, "abcdef", 0},
		{"v6 length 0", ip6(a6, b6, 6, 0, seg), 0, TCP, "abcdef", 0},
		{"v6 length 0, cut", ip6(a6, b6, 6, 0, seg), 166, TCP, "abcdef", 106},
		{"v6 padding", cat(ip6(a6, b6, 6, -1, seg), []byte("pad")), 0, TCP, "abcdef", 0},
		{"v6 extensions", ip6(a6, b6, 0, -1, cat(hop(60), hop(43), hop(51), []byte{6, 2}, make([]byte, 14), seg)), 0, TCP, "abcdef", 0},
		{"v6 atomic fragment", ip6(a6, b6, 44, -1, cat(frag6(6, 0, 0, 5), seg)), 0, TCP, "abcdef", 0},
		{"v6 fragment", ip6(a6, b6, 0, -1, cat(hop(44), frag6(17, 0, 1, 5), []byte("12345678"))), 0, Fragment, "12345678", 0},
		{"v6 cut extension", ip6(a6, b6, 60, 80, []byte{6, 3, 0, 0}), 120, Cut, "", 0},
		{"v6 extension beyond", ip6(a6, b6, 60, -1, []byte{6, 3, 0, 0}), 0, Malformed, "", 0},
		{"v6 no next header", ip6(a6, b6, 59, -1, nil), 0, OtherIP, "", 0},
		{"v6 endless extensions", ip6(a6, b6, 60, -1, cat(hop(60), hop(60), hop(60), hop(60), hop(60), hop(60), hop(60), hop(60), hop(60), hop(60), hop(60), hop(60), hop(60), hop(60), hop(60), hop(60), hop(60), hop(6), seg)), 0, Malformed, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p Packet
			wire := max(tt.wire, len(tt.ip))
			v := Peek(capture.LinkRaw, tt.ip, uint32(wire), &p)
			require.Equal(t, tt.want.String(), v.String())
			assert.Equal(t, tt.payload, string(p.Payload))
			if v == Malformed || v == Cut {
				return
			}
			if tt.onWire == 0 {
				tt.onWire = len(tt.payload)
			}
			assert.EqualValues(t, tt.onWire, p.PayloadWire)
		})
	}
	p, _ := look(t, capture.LinkRaw, tests[0].ip)
	assert.Equal(t, []any{uint32(7), uint32(9), PSH | ACK, uint8(6)}, []any{p.Seq, p.Ack, p.Flags, p.Proto})
	p, _ = look(t, capture.LinkRaw, ip6(a6, b6, 44, -1, cat(frag6(17, 16, 1, 0xabcdef01), []byte("12345678"))))
	assert.Equal(t, []any{uint32(0xabcdef01), uint32(16), true, false, uint8(17)}, []any{p.IPID, p.FragOff, p.FragMore, p.HasPorts, p.Proto})
	assert.Equal(t, "gre", (&Packet{Proto: 47}).TunnelName())
	assert.Equal(t, "pptp", (&Packet{Proto: 47, Payload: []byte{0x30, 1, 0x88, 0x0b}}).TunnelName())
	assert.Empty(t, (&Packet{Proto: 6}).TunnelName())
}

func TestIP(t *testing.T) {
	for _, s := range []string{a4, a6, "0.0.0.0", "::", "255.255.255.255", "fe80::1"} {
		a := netip.MustParseAddr(s)
		assert.Equal(t, a, IPFrom(a).Addr())
		assert.Equal(t, s, IPFrom(a).String())
	}
	assert.True(t, IPFrom(netip.MustParseAddr(a4)).Is4())
	assert.False(t, IPFrom(netip.MustParseAddr(a6)).Is4())
}

// The hash is the same both ways and spreads neighbours.
func TestHash(t *testing.T) {
	seen := map[uint64]bool{}
	low := map[uint64]int{}
	for port := range 20000 {
		p, _ := look(t, capture.LinkRaw, ipv4{src: a4, dst: b4, proto: 6}.bytes(tcp(40000+port%256, 88+port/256, 1, 1, ACK, nil)))
		h := p.Hash(1)
		require.False(t, seen[h], "collision")
		seen[h] = true
		low[h>>54]++
		p.Src, p.Dst, p.SrcPort, p.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
		require.Equal(t, h, p.Hash(1))
		require.NotEqual(t, h, p.Hash(2))
	}
	for _, n := range low {
		require.Less(t, n, 60) // 20 on average
	}
}

// gopacket is the second opinion on every well-formed frame here.
func TestPeekAgreesWithGopacket(t *testing.T) {
	payload := []byte("some payload")
	var frames [][]byte
	for _, body := range [][]byte{tcp(40000, 88, 0xfffffff0, 77, SYN|ACK, payload), udp(5000, 4000, payload)} {
		proto := 6
		if len(body) == 8+len(payload) {
			proto = 17
		}
		frames = append(frames,
			ether(0x800, ipv4{src: a4, dst: b4, proto: proto, id: 99}.bytes(body)),
			ether(0x800, ipv4{src: a4, dst: b4, proto: proto, options: []byte{1, 1, 1, 0}}.bytes(body)),
			ether(0x8100, cat(u16(7), u16(0x86dd), ip6(a6, b6, proto, -1, body))),
			ether(0x86dd, ip6(a6, b6, 0, -1, cat([]byte{byte(proto), 0, 1, 4, 0, 0, 0, 0}, body))),
			ether(0x800, cat(ipv4{src: a4, dst: b4, proto: proto}.bytes(body), make([]byte, 9))))
	}
	for i, frame := range frames {
		p, v := look(t, capture.LinkEthernet, frame)
		g := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
		require.Nil(t, g.ErrorLayer(), "frame %d", i)
		assert.Equal(t, g.NetworkLayer().NetworkFlow().Src().String(), p.Src.String())
		assert.Equal(t, g.NetworkLayer().NetworkFlow().Dst().String(), p.Dst.String())
		switch l := g.TransportLayer().(type) {
		case *layers.TCP:
			require.Equal(t, TCP, v)
			assert.Equal(t, []any{uint16(l.SrcPort), uint16(l.DstPort), l.Seq, l.Ack}, []any{p.SrcPort, p.DstPort, p.Seq, p.Ack})
			assert.Equal(t, [3]bool{l.SYN, l.ACK, l.FIN}, [3]bool{p.Flags&SYN != 0, p.Flags&ACK != 0, p.Flags&FIN != 0})
			assert.Equal(t, l.Payload, p.Payload)
		case *layers.UDP:
			require.Equal(t, UDP, v)
			assert.Equal(t, []any{uint16(l.SrcPort), uint16(l.DstPort)}, []any{p.SrcPort, p.DstPort})
			assert.Equal(t, l.Payload, p.Payload)
		default:
			t.Fatalf("frame %d: %T", i, l)
		}
	}
}

func FuzzPeek(f *testing.F) {
	for _, l := range []uint32{0, 1, 9, 101, 113, 228, 229, 276} {
		f.Add(l, uint32(0), ether(0x800, ipv4{src: a4, dst: b4, proto: 6}.bytes(tcp(1, 2, 3, 4, ACK, []byte("x")))))
		f.Add(l, uint32(9), ip6(a6, b6, 44, -1, cat([]byte{17, 0, 0, 1, 0, 0, 0, 1}, udp(1, 2, nil))))
	}
	for _, w := range wrappings {
		f.Add(uint32(w.link), uint32(0), w.wrap(ipv4{src: a4, dst: b4, proto: 6}.bytes(tcp(1, 2, 3, 4, ACK, []byte("x")))))
	}
	f.Fuzz(func(t *testing.T, link, more uint32, data []byte) {
		var p, q Packet
		wire := uint32(len(data)) + more%70000
		v := Peek(capture.LinkType(link), data, wire, &p)
		if uint32(len(p.Payload)) > p.PayloadWire {
			t.Fatalf("payload of %d bytes, %d on the wire", len(p.Payload), p.PayloadWire)
		}
		q.Seq, q.Payload = 5, []byte("left over")
		if w := Peek(capture.LinkType(link), data, wire, &q); w != v || q.Seq != p.Seq || string(q.Payload) != string(p.Payload) || q.Hash(1) != p.Hash(1) {
			t.Fatal("not the same twice")
		}
		sameGlance(t, capture.LinkType(link), data, wire)
		var e ICMPError
		if v == ICMP {
			ParseICMP(&p, &e)
		}
		for n := 0; p.More(); n++ {
			if p.Next(); n > len(data) {
				t.Fatal("packets without end")
			}
		}
	})
}

func BenchmarkPeek(b *testing.B) {
	body := make([]byte, 600)
	for name, frame := range map[string][]byte{
		"tcp4": ether(0x800, ipv4{src: a4, dst: b4, proto: 6}.bytes(tcp(1, 2, 3, 4, ACK, body))),
		"udp6": ether(0x86dd, ip6(a6, b6, 17, -1, udp(1, 2, body))),
		"vlan": ether(0x8100, cat(u16(7), u16(0x800), ipv4{src: a4, dst: b4, proto: 6}.bytes(tcp(1, 2, 3, 4, ACK, body)))),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var p Packet
			for b.Loop() {
				if Peek(capture.LinkEthernet, frame, uint32(len(frame)), &p) < TCP {
					b.Fatal("verdict")
				}
			}
		})
	}
	b.Run("erspan-vxlan", func(b *testing.B) {
		b.ReportAllocs()
		inner := ipv4{src: a4, dst: b4, proto: 6}.bytes(tcp(1, 2, 3, 4, ACK, body))
		frame := outer4(47, u16(0), u16(0x88be), outerUDP(4789, u32(8<<24), u32(7<<8), ether(0x800, inner)))
		var p Packet
		for b.Loop() {
			if Peek(capture.LinkEthernet, frame, uint32(len(frame)), &p) != TCP {
				b.Fatal("verdict")
			}
		}
	})
	b.Run("hash", func(b *testing.B) {
		p, _ := look(b, capture.LinkEthernet, ether(0x800, ipv4{src: a4, dst: b4, proto: 6}.bytes(tcp(1, 2, 3, 4, ACK, body))))
		var s uint64
		for b.Loop() {
			s += p.Hash(1)
		}
		_ = s
	})
}
