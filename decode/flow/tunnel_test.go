package flow

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

const (
	c4, d4 = "192.0.2.1", "192.0.2.2"
	c6, d6 = "2001:db8:ffff::1", "2001:db8:ffff::2"
)

func outer4(proto int, body ...[]byte) []byte {
	return ether(0x800, ipv4{src: c4, dst: d4, proto: proto, id: 7}.bytes(cat(body...)))
}

func outerUDP(port int, body ...[]byte) []byte {
	return outer4(17, udp(50000, port, cat(body...)))
}

func snap(kind int, body ...[]byte) []byte {
	return cat([]byte("\xaa\xaa\x03\x00\x00\x00"), u16(kind), cat(body...))
}

func le16(v int) []byte   { return binary.LittleEndian.AppendUint16(nil, uint16(v)) }
func le32(v int64) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }

// wifi is an 802.11 data frame; flags is the second byte, subtype the upper
// half of the first.
func wifi(subtype, flags byte, more []byte, body ...[]byte) []byte {
	h := cat([]byte{subtype<<4 | 8, flags, 0, 0}, make([]byte, 18), []byte{0x10, 0})
	return cat(h, more, cat(body...))
}

func amsdu(kind int, ip []byte) []byte {
	sub := cat(make([]byte, 12), u16(8+len(ip)), snap(kind, ip))
	return append(sub, make([]byte, (4-len(sub)%4)%4)...)
}

// A wrapping puts an IPv4 packet into a frame. name ends in what tshark says of
// it, where its list of protocols is of interest.
type wrapping struct {
	name string
	link capture.LinkType
	wrap func(ip []byte) []byte
	not  bool // tshark does not open it by itself
}

var wrappings = []wrapping{
	{"ethernet", capture.LinkEthernet, func(ip []byte) []byte { return ether(0x800, ip) }, false},
	{"ethernet with FCS", capture.LinkEthernet, func(ip []byte) []byte { return cat(ether(0x800, ip), []byte("fcs!")) }, false},
	{"VLAN", capture.LinkEthernet, func(ip []byte) []byte { return ether(0x8100, cat(u16(5), u16(0x800), ip)) }, false},
	{"QinQ", capture.LinkEthernet, func(ip []byte) []byte {
		return ether(0x88a8, cat(u16(5), u16(0x8100), u16(6), u16(0x800), ip))
	}, false},
	{"three tags", capture.LinkEthernet, func(ip []byte) []byte {
		return ether(0x8100, cat(u16(5), u16(0x8100), u16(6), u16(0x8100), u16(7), u16(0x800), ip))
	}, false},
	{"802.3 LLC SNAP", capture.LinkEthernet, func(ip []byte) []byte { return ether(8+len(ip), snap(0x800, ip)) }, false},
	{"802.3 LLC IP", capture.LinkEthernet, func(ip []byte) []byte { return ether(3+len(ip), cat([]byte{6, 6, 3}, ip)) }, false},
	{"VN-Tag", capture.LinkEthernet, func(ip []byte) []byte { return ether(0x8926, cat(u32(1), u16(0x800), ip)) }, false},
	{"MPLS", capture.LinkEthernet, func(ip []byte) []byte { return ether(0x8847, cat(u32(16<<12|64), u32(17<<12|1<<8|64), ip)) }, false},
	{"MPLS pseudowire", capture.LinkEthernet, func(ip []byte) []byte {
		return ether(0x8847, cat(u32(17<<12|1<<8|64), u32(0), ether(0x800, ip)))
	}, true},
	{"MPLS pseudowire without control word", capture.LinkEthernet, func(ip []byte) []byte {
		return ether(0x8847, cat(u32(17<<12|1<<8|64), ether(0x800, ip)))
	}, true},
	{"PPPoE", capture.LinkEthernet, func(ip []byte) []byte {
		return ether(0x8864, cat([]byte{0x11, 0}, u16(1), u16(2+len(ip)), u16(0x21), ip))
	}, false},
	{"PPPoE link", capture.LinkPPPoE, func(ip []byte) []byte {
		return cat([]byte{0x11, 0}, u16(1), u16(2+len(ip)), u16(0x21), ip)
	}, false},
	{"PPP", capture.LinkPPP, func(ip []byte) []byte { return cat(u16(0xff03), u16(0x21), ip) }, false},
	{"PPP in HDLC", capture.LinkPPPHDLC, func(ip []byte) []byte { return cat(u16(0xff03), u16(0x21), ip) }, false},
	{"token ring", capture.LinkTokenRing, func(ip []byte) []byte {
		return cat([]byte{0x10, 0x40, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}, snap(0x800, ip))
	}, false},
	{"token ring, routed", capture.LinkTokenRing, func(ip []byte) []byte {
		return cat([]byte{0x10, 0x40, 2, 0, 0, 0, 0, 1, 0x82, 0, 0, 0, 0, 2, 6, 0x10, 0, 1, 0, 2}, snap(0x800, ip))
	}, false},
	{"FDDI", capture.LinkFDDI, func(ip []byte) []byte {
		return cat([]byte{0x50, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}, snap(0x800, ip))
	}, false},
	{"SLL with LLC", capture.LinkSLL, func(ip []byte) []byte { return cat(make([]byte, 14), u16(4), snap(0x800, ip)) }, false},

	{"GRE", capture.LinkEthernet, func(ip []byte) []byte { return outer4(47, u16(0), u16(0x800), ip) }, false},
	{"GRE with checksum, key, sequence", capture.LinkEthernet, func(ip []byte) []byte {
		return outer4(47, u16(0xb000), u16(0x800), u32(0), u32(9), u32(1), ip)
	}, false},
	{"GRE over IPv6", capture.LinkEthernet, func(ip []byte) []byte {
		return ether(0x86dd, ip6(c6, d6, 47, -1, cat(u16(0), u16(0x800), ip)))
	}, false},
	{"NVGRE", capture.LinkEthernet, func(ip []byte) []byte { return outer4(47, u16(0x2000), u16(0x6558), u32(0x100), ether(0x800, ip)) }, false},
	{"PPTP", capture.LinkEthernet, func(ip []byte) []byte {
		return outer4(47, u16(0x3081), u16(0x880b), u16(4+len(ip)), u16(1), u32(2), u32(1), u16(0xff03), u16(0x21), ip)
	}, false},
	{"MPLS in GRE", capture.LinkEthernet, func(ip []byte) []byte { return outer4(47, u16(0), u16(0x8847), u32(17<<12|1<<8|64), ip) }, false},
	{"ERSPAN I", capture.LinkEthernet, func(ip []byte) []byte { return outer4(47, u16(0), u16(0x88be), ether(0x800, ip)) }, false},
	{"ERSPAN II", capture.LinkEthernet, func(ip []byte) []byte {
		return outer4(47, u16(0x1000), u16(0x88be), u32(1), u16(0x1001), u16(1), u32(0), ether(0x8100, cat(u16(1), u16(0x800), ip)))
	}, false},
	{"ERSPAN III", capture.LinkEthernet, func(ip []byte) []byte {
		return outer4(47, u16(0x1000), u16(0x22eb), u32(1), u16(0x2001), u16(1), u32(0), u16(0), u16(0), ether(0x800, ip))
	}, false},
	{"ERSPAN III with subheader", capture.LinkEthernet, func(ip []byte) []byte {
		return outer4(47, u16(0x1000), u16(0x22eb), u32(1), u16(0x2001), u16(1), u32(0), u16(0), u16(1), make([]byte, 8), ether(0x800, ip))
	}, true},
	{"IP in IP", capture.LinkEthernet, func(ip []byte) []byte { return outer4(4, ip) }, false},
	{"IP in IPv6", capture.LinkEthernet, func(ip []byte) []byte { return ether(0x86dd, ip6(c6, d6, 4, -1, ip)) }, false},
	{"MPLS in IP", capture.LinkEthernet, func(ip []byte) []byte { return outer4(137, u32(17<<12|1<<8|64), ip) }, false},
	{"EtherIP", capture.LinkEthernet, func(ip []byte) []byte { return outer4(97, u16(0x3000), ether(0x800, ip)) }, false},
	{"AH, IP in IP", capture.LinkEthernet, func(ip []byte) []byte { return outer4(51, []byte{4, 4, 0, 0}, u32(1), u32(2), make([]byte, 12), ip) }, false},
	{"VXLAN", capture.LinkEthernet, func(ip []byte) []byte { return outerUDP(4789, u32(8<<24), u32(7<<8), ether(0x800, ip)) }, false},
	{"VXLAN on Linux's port", capture.LinkEthernet, func(ip []byte) []byte { return outerUDP(8472, u32(8<<24), u32(7<<8), ether(0x800, ip)) }, true},
	{"VXLAN-GPE", capture.LinkEthernet, func(ip []byte) []byte { return outerUDP(4790, u32(0xc<<24|1), u32(7<<8), ip) }, false},
	{"Geneve", capture.LinkEthernet, func(ip []byte) []byte {
		return outerUDP(6081, []byte{2, 0}, u16(0x6558), u32(7<<8), make([]byte, 3), []byte{1}, make([]byte, 4), ether(0x800, ip))
	}, false},
	{"GTP-U", capture.LinkEthernet, func(ip []byte) []byte { return outerUDP(2152, []byte{0x30, 255}, u16(len(ip)), u32(1), ip) }, false},
	{"GTP-U with extension", capture.LinkEthernet, func(ip []byte) []byte {
		return outerUDP(2152, []byte{0x34, 255}, u16(8+len(ip)), u32(1), u16(0), []byte{0, 0x85}, []byte{1, 0, 0, 0}, ip)
	}, false},
	{"nested", capture.LinkEthernet, func(ip []byte) []byte {
		return outer4(47, u16(0), u16(0x88be), outerUDP(4789, u32(8<<24), u32(7<<8), outer4(4, ip)))
	}, false},

	{"802.11", capture.LinkWiFi, func(ip []byte) []byte { return wifi(0, 1, nil, snap(0x800, ip)) }, false},
	{"802.11 QoS", capture.LinkWiFi, func(ip []byte) []byte { return wifi(8, 2, u16(0), snap(0x800, ip)) }, false},
	{"802.11 QoS, HT control", capture.LinkWiFi, func(ip []byte) []byte { return wifi(8, 0x81, cat(u16(0), u32(0)), snap(0x800, ip)) }, false},
	{"802.11, four addresses", capture.LinkWiFi, func(ip []byte) []byte { return wifi(0, 3, make([]byte, 6), snap(0x800, ip)) }, false},
	{"802.11 QoS, four addresses", capture.LinkWiFi, func(ip []byte) []byte { return wifi(8, 3, make([]byte, 8), snap(0x800, ip)) }, false},
	{"802.11, VLAN", capture.LinkWiFi, func(ip []byte) []byte { return wifi(0, 1, nil, snap(0x8100, u16(5), u16(0x800), ip)) }, false},
	{"802.11 A-MSDU", capture.LinkWiFi, func(ip []byte) []byte { return wifi(8, 2, u16(0x8000), amsdu(0x800, ip)) }, false},
	{"802.11, opened by Windows", capture.LinkWiFi, func(ip []byte) []byte { return wifi(8, 0x42, u16(0), snap(0x800, ip)) }, true},
	{"802.11, opened by the card", capture.LinkWiFi, func(ip []byte) []byte {
		return wifi(8, 0x42, u16(0), []byte{1, 0, 0, 0x20, 0, 0, 0, 0}, snap(0x800, ip))
	}, true},
	{"radiotap", capture.LinkRadiotap, func(ip []byte) []byte { return cat(u16(0), le16(8), le32(0), wifi(0, 1, nil, snap(0x800, ip))) }, false},
	{"radiotap with FCS", capture.LinkRadiotap, func(ip []byte) []byte {
		return cat(u16(0), le16(9), le32(2), []byte{0x10}, wifi(0, 1, nil, snap(0x800, ip)), []byte("fcs!"))
	}, false},
	{"radiotap, time and padding", capture.LinkRadiotap, func(ip []byte) []byte {
		return cat(u16(0), le16(25), le32(3|1<<31), le32(0), u32(0), make([]byte, 8), []byte{0x20}, wifi(8, 1, u16(0), u16(0), snap(0x800, ip)))
	}, true}, // the second word of fields begins a namespace of its own in newer versions
	{"PPI", capture.LinkPPI, func(ip []byte) []byte { return cat(u16(0), le16(8), le32(105), wifi(0, 1, nil, snap(0x800, ip))) }, false},
	{"Prism", capture.LinkPrism, func(ip []byte) []byte {
		return cat(le32(0x44), le32(144), make([]byte, 136), wifi(0, 1, nil, snap(0x800, ip)))
	}, false},
	{"AVS", capture.LinkAVS, func(ip []byte) []byte {
		return cat(u32(avsMagic), u32(64), make([]byte, 56), wifi(0, 1, nil, snap(0x800, ip)))
	}, false},
	{"AVS as Prism", capture.LinkPrism, func(ip []byte) []byte {
		return cat(u32(avsMagic), u32(64), make([]byte, 56), wifi(0, 1, nil, snap(0x800, ip)))
	}, false},
}

// The same packet in every encapsulation is read alike.
func TestWrappings(t *testing.T) {
	for _, body := range []struct {
		proto int
		bytes []byte
		want  Verdict
	}{
		{6, tcp(40000, 88, 7, 9, PSH|ACK, []byte("abcdef")), TCP},
		{17, udp(40000, 88, []byte("a datagram")), UDP},
		{1, cat(u16(0x0800), make([]byte, 10)), ICMP},
	} {
		ip := ipv4{src: a4, dst: b4, proto: body.proto, id: 99}.bytes(body.bytes)
		plain, v := look(t, capture.LinkRaw, ip)
		require.Equal(t, body.want, v)
		for _, w := range wrappings {
			t.Run(w.name+" "+v.String(), func(t *testing.T) {
				frame := w.wrap(ip)
				p, v := look(t, w.link, frame)
				require.Equal(t, body.want.String(), v.String())
				p.depth = plain.depth
				require.Equal(t, plain, p)
				require.False(t, p.More())

				// Cut anywhere, it is cut, or told from nothing that is not there.
				for n := range frame {
					var q Packet
					switch v := Peek(w.link, frame[:n], uint32(len(frame)), &q); v {
					case body.want:
						if q.Src != plain.Src { // before the inner header
							require.NotEqual(t, TCP, v)
							continue
						}
						require.Equal(t, plain.Dst, q.Dst)
						require.LessOrEqual(t, len(q.Payload), len(plain.Payload))
						require.Equal(t, plain.PayloadWire, q.PayloadWire)
					case Cut, NotIP, Tunnel, UDP, OtherIP, Sealed:
					default:
						t.Fatalf("%v of %d bytes of %d", v, n, len(frame))
					}
				}
			})
		}
	}
}

func look6(t *testing.T, frame []byte) (Packet, Verdict) {
	t.Helper()
	return look(t, capture.LinkEthernet, frame)
}

func TestTunnelsOfIPv6(t *testing.T) {
	ip := ip6(a6, b6, 17, -1, udp(1000, 88, []byte("hello")))
	plain, _ := look(t, capture.LinkRaw, ip)
	for name, frame := range map[string][]byte{
		"6in4":               outer4(41, ip),
		"GRE":                outer4(47, u16(0), u16(0x86dd), ip),
		"IPv6 in IPv6":       ether(0x86dd, ip6(c6, d6, 41, -1, ip)),
		"VXLAN":              outerUDP(4789, u32(8<<24), u32(7<<8), ether(0x86dd, ip)),
		"GTP-U":              outerUDP(2152, []byte{0x30, 255}, u16(len(ip)), u32(1), ip),
		"Teredo":             outerUDP(3544, ip),
		"Teredo, from":       outer4(17, udp(3544, 50000, ip)),
		"Teredo with origin": outerUDP(3544, make([]byte, 8), ip),
		"Teredo with both":   outerUDP(3544, []byte{0, 1, 0, 4}, make([]byte, 4+9), make([]byte, 8), ip),
		"ERSPAN III of IP":   outer4(47, u16(0x1000), u16(0x22eb), u32(1), u32(0x20010001), u32(0), u16(0), u16(2<<10), ip),
	} {
		p, v := look6(t, frame)
		require.Equal(t, "udp", v.String(), name)
		p.depth = 0
		require.Equal(t, plain, p, name)
	}
}

// What a tunnel holds that is not read is a Tunnel, or what it is outside.
func TestTunnelsNotOpened(t *testing.T) {
	ip := ipv4{src: a4, dst: b4, proto: 17}.bytes(udp(1000, 88, []byte("hello")))
	arp := ether(0x806, make([]byte, 28))
	deep := ip
	for range maxTunnels + 1 {
		deep = ipv4{src: c4, dst: d4, proto: 4}.bytes(deep)
	}
	for _, c := range []struct {
		name  string
		frame []byte
		want  Verdict
	}{
		{"GRE with routing", outer4(47, u16(0x4000), u16(0x800), ip), Tunnel},
		{"GRE version 2", outer4(47, u16(2), u16(0x800), ip), Tunnel},
		{"GRE of an unknown protocol", outer4(47, u16(0), u16(0x883e), ip), Tunnel},
		{"GRE keepalive", outer4(47, u16(0), u16(0)), NotIP},
		{"GRE with ARP", outer4(47, u16(0), u16(0x6558), arp), NotIP},
		{"PPTP, encrypted", outer4(47, u16(0x3001), u16(0x880b), u16(9), u16(1), u32(2), []byte{0xfd, 0x90, 1, 2, 3}), Tunnel},
		{"PPTP, LCP", outer4(47, u16(0x3001), u16(0x880b), u16(9), u16(1), u32(2), u32(0xff03c021), u32(0)), NotIP},
		{"PPTP, acknowledgment alone", outer4(47, u16(0x2081), u16(0x880b), u16(0), u16(1), u32(2)), NotIP},
		{"L2TPv3", outer4(115, u32(1), ip), Tunnel},
		{"EtherIP of another version", outer4(97, u16(0x4000), ether(0x800, ip)), Tunnel},
		{"IP in IP, malformed", outer4(4, []byte("nonsense that is long enough")), Tunnel},
		{"too deep", ether(0x800, deep), Tunnel},
		{"VXLAN without instance", outerUDP(4789, u32(0), u32(7<<8), ether(0x800, ip)), UDP},
		{"VXLAN with ARP", outerUDP(4789, u32(8<<24), u32(7<<8), arp), UDP},
		{"text on VXLAN's port", outerUDP(4789, []byte("hello")), UDP},
		{"GTP echo", outerUDP(2152, []byte{0x32, 1}, u16(4), u32(0), u32(0)), UDP},
		{"GTP with an extension of no length", outerUDP(2152, []byte{0x34, 255}, u16(9), u32(1), u16(0), []byte{0, 0x85}, make([]byte, 60)), UDP},
		{"Geneve of an unknown protocol", outerUDP(6081, u16(0), u16(0x1234), u32(7<<8), ip), UDP},
		{"Teredo bubble to nobody", outerUDP(3544, []byte("x")), UDP},
		{"a port like VXLAN's modulo 64", outerUDP(4789+64, u32(8<<24), u32(7<<8), ether(0x800, ip)), UDP},
		{"PPPoE, encrypted", ether(0x8864, cat([]byte{0x11, 0}, u32(0x10005), u16(0xfd), ip)), Sealed},
		{"AH, malformed", outer4(51, []byte{17, 200, 0, 0}, make([]byte, 40)), OtherIP},
	} {
		p, v := look(t, capture.LinkEthernet, c.frame)
		assert.Equal(t, c.want.String(), v.String(), c.name)
		if v == Tunnel && c.name != "too deep" || v == UDP {
			assert.Equal(t, c4, p.Src.String(), c.name)
			assert.NotEmpty(t, p.Payload, c.name)
		}
	}
}

// AH alone is passed: the packet is the outer one.
func TestAH(t *testing.T) {
	p, v := look(t, capture.LinkEthernet, outer4(51, []byte{17, 4, 0, 0}, u32(1), u32(2), make([]byte, 12), udp(1000, 88, []byte("hello"))))
	require.Equal(t, UDP, v)
	require.Equal(t, []any{c4, d4, "hello", uint32(5)}, []any{p.Src.String(), p.Dst.String(), string(p.Payload), p.PayloadWire})
}

// An ICMP error quotes a packet of the tunnel; its ends are told.
func TestICMPQuotesTunnel(t *testing.T) {
	ip := ipv4{src: a4, dst: b4, proto: 17}.bytes(udp(1000, 88, []byte("hello")))
	quoted := ipv4{src: c4, dst: d4, proto: 47}.bytes(cat(u16(0), u16(0x800), ip))
	p, v := look(t, capture.LinkRaw, ipv4{src: d4, dst: c4, proto: 1}.bytes(cat([]byte{3, 1, 0, 0, 0, 0, 0, 0}, quoted)))
	require.Equal(t, ICMP, v)
	var e ICMPError
	require.True(t, ParseICMP(&p, &e))
	require.Equal(t, []any{c4, d4, uint8(47)}, []any{e.Src.Addr().String(), e.Dst.Addr().String(), e.Proto})
}

// Fragments of the outer packet are put together, and so are those within.
func TestTunnelFragments(t *testing.T) {
	whole := udp(1000, 88, make([]byte, 100))
	inner := []ipv4{{src: a4, dst: b4, proto: 17, id: 5, more: true}, {src: a4, dst: b4, proto: 17, id: 5, fragOff: 64}}
	parts := [][]byte{whole[:64], whole[64:]}
	f := NewFragments(FragmentLimits{}, nil)
	var got *Datagram
	for i, h := range inner {
		gre := cat(u16(0), u16(0x800), h.bytes(parts[i]))
		for j, cut := range [][]byte{gre[:40], gre[40:]} {
			p, v := look(t, capture.LinkRaw, ipv4{src: c4, dst: d4, proto: 47, id: 50 + i, fragOff: 40 * j, more: j == 0}.bytes(cut))
			require.Equal(t, Fragment, v)
			require.Nil(t, got)
			if g := f.Add(&p, uint64(10*i+j), 1); g != nil {
				require.Equal(t, Fragment, g.Verdict)
				require.Equal(t, a4, g.Src.String())
				got = f.Add(&g.Packet, uint64(10*i+j), 1)
			}
		}
	}
	require.NotNil(t, got)
	require.Equal(t, UDP, got.Verdict)
	require.Len(t, got.Payload, 100)
	require.Zero(t, f.Held())
}
