package flow

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

func TestWiFiNotRead(t *testing.T) {
	ip := ipv4{src: a4, dst: b4, proto: 17}.bytes(udp(1000, 88, []byte("hello")))
	later := wifi(0, 1, nil, snap(0x800, ip))
	later[22] |= 3
	for _, c := range []struct {
		name  string
		frame []byte
		want  Verdict
	}{
		{"beacon", append([]byte{0x80, 0}, make([]byte, 40)...), NotIP},
		{"acknowledgment", []byte{0xd4, 0, 0, 0, 1, 2, 3, 4, 5, 6}, NotIP},
		{"null", wifi(4, 1, nil), NotIP},
		{"QoS null", wifi(12, 1, u16(0)), NotIP},
		{"protected", wifi(8, 0x41, u16(0), []byte{1, 0, 0, 0x20, 0, 0, 0, 0}, make([]byte, 80)), Sealed},
		{"protected A-MSDU", wifi(8, 0x41, u16(0x8000), make([]byte, 90)), Sealed},
		{"a later fragment", later, NotIP},
		{"another version", append([]byte{0x09}, later[1:]...), NotIP},
		{"EAPOL", wifi(0, 1, nil, snap(0x888e, make([]byte, 40))), NotIP},
		{"LLC of spanning tree", wifi(0, 1, nil, []byte{0x42, 0x42, 3}, make([]byte, 40)), NotIP},
		{"SNAP of Cisco", wifi(0, 1, nil, []byte("\xaa\xaa\x03\x00\x00\x0c\x20\x00"), make([]byte, 40)), NotIP},
		{"cut", later[:20], Cut},
	} {
		_, v := look(t, capture.LinkWiFi, c.frame)
		require.Equal(t, c.want.String(), v.String(), c.name)
	}
	for _, c := range []struct {
		link capture.LinkType
		head []byte
	}{
		{capture.LinkRadiotap, cat(u16(0), le16(7), le32(0))},
		{capture.LinkPPI, cat(u16(0), le16(2), le32(1))},
		{capture.LinkPrism, cat(le32(0x44), le32(3))},
		{capture.LinkAVS, cat(u32(avsMagic), u32(3))},
	} {
		_, v := look(t, c.link, cat(c.head, later))
		require.Equal(t, Malformed, v)
		_, v = look(t, c.link, cat(c.head[:2], []byte{0xff, 0xff}, c.head[4:]))
		require.Equal(t, c.link != capture.LinkPrism && c.link != capture.LinkAVS, v == Cut, c.link)
	}
	_, v := look(t, capture.LinkPPI, cat(u16(0), le16(8), le32(192), u16(0), le16(8), le32(1), ether(0x800, ip)))
	require.Equal(t, UnknownLink, v)
}

// All packets of an A-MSDU are read, in order, decrypted by Windows or not.
func TestAMSDU(t *testing.T) {
	var subs []byte
	for i := range 5 {
		subs = append(subs, amsdu(0x800, ipv4{src: a4, dst: b4, proto: 17}.bytes(udp(1000+i, 88, make([]byte, i))))...)
	}
	for _, flags := range []byte{0x02, 0x42} {
		frame := cat(u16(0), le16(9), le32(2), []byte{0x10}, wifi(8, flags, u16(0x8000), subs), []byte("fcs!"))
		var p Packet
		n := 0
		for v := Peek(capture.LinkRadiotap, frame, uint32(len(frame)), &p); ; v = p.Next() {
			require.Equal(t, UDP, v)
			require.EqualValues(t, 1000+n, p.SrcPort)
			require.Len(t, p.Payload, n)
			n++
			if !p.More() {
				break
			}
		}
		require.Equal(t, 5, n)
		require.Equal(t, NotIP, p.Next())
	}
}
