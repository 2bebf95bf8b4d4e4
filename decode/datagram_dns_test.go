package decode

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dnsMsg builds a response to one question; each record is a name, a type and
// its data.
func dnsMsg(flags uint16, question string, qtype uint16, records ...[3]string) []byte {
	b := []byte{0x12, 0x34, byte(flags >> 8), byte(flags), 0, 1, 0, byte(len(records)), 0, 0, 0, 0}
	b = append(b, question...)
	b = binary.BigEndian.AppendUint16(b, qtype)
	b = append(b, 0, 1)
	for _, r := range records {
		b = append(b, r[0]...)
		b = append(b, 0, r[1][0], 0, 1, 0, 0, 14, 16)
		b = binary.BigEndian.AppendUint16(b, uint16(len(r[2])))
		b = append(b, r[2]...)
	}
	return b
}

func TestParseDNS(t *testing.T) {
	const hub = "\x03hub\x07contoso\x03com\x00"
	const self = "\xc0\x0c"
	for _, c := range []struct {
		name string
		in   []byte
		want dnsAnswer
	}{
		{"A and AAAA", dnsMsg(0x8180, hub, dnsA, [3]string{self, "\x01", "\x0a\x4d\x00\x14"}, [3]string{self, "\x1c", "\xfd\x77" + string(make([]byte, 13)) + "\x14"}),
			dnsAnswer{name: "hub.contoso.com", qtype: dnsA, addrs: []netip.Addr{netip.MustParseAddr("10.77.0.20"), netip.MustParseAddr("fd77::14")}}},
		{"CNAME chain", dnsMsg(0x8580, hub, dnsA, [3]string{self, "\x05", "\x05hub-1\xc0\x10"}, [3]string{"\xc0\x2d", "\x01", "\x0a\x4d\x00\x14"}),
			dnsAnswer{name: "hub.contoso.com", qtype: dnsA, target: "hub-1.contoso.com", addrs: []netip.Addr{netip.MustParseAddr("10.77.0.20")}}},
		{"PTR", dnsMsg(0x8580, hub, dnsPTR, [3]string{self, "\x0c", "\x05hub-1\xc0\x10"}), dnsAnswer{name: "hub.contoso.com", qtype: dnsPTR, target: "hub-1.contoso.com"}},
		{"no such name", dnsMsg(0x8183, hub, dnsA), dnsAnswer{name: "hub.contoso.com", qtype: dnsA, rcode: 3}},
		{"SRV", dnsMsg(0x8180, "\x09_kerberos\x04_udp\x07contoso\x03com\x00", dnsSRV,
			[3]string{self, "\x21", "\x00\x00\x00\x64\x00\x58\x03dc1\xc0\x1b"}, [3]string{self, "\x21", "\x00\x00\x00\x64\x00\x58\x03dc2\xc0\x1b"}),
			dnsAnswer{name: "_kerberos._udp.contoso.com", qtype: dnsSRV, target: "dc1.contoso.com", targets: []string{"dc1.contoso.com", "dc2.contoso.com"}}},
		{"truncated", dnsMsg(0x8380, hub, dnsA), dnsAnswer{name: "hub.contoso.com", qtype: dnsA, truncated: true}},
		{"pointer to itself", dnsMsg(0x8180, hub, dnsA, [3]string{"\xc0\x21", "\x01", "\x0a\x4d\x00\x14"}), dnsAnswer{name: "hub.contoso.com", qtype: dnsA, truncated: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := parseDNS(c.in)
			require.True(t, ok)
			assert.Equal(t, c.want, got)
		})
	}
	for name, in := range map[string][]byte{
		"a query":                 dnsMsg(0x0100, hub, dnsA),
		"an update":               dnsMsg(0xa800, hub, dnsA),
		"a loop in the question":  dnsMsg(0x8180, "\xc0\x0c", dnsA),
		"a forward pointer":       dnsMsg(0x8180, "\xc0\x20", dnsA),
		"a label beyond the end":  dnsMsg(0x8180, "\x3fab", dnsA)[:16],
		"nothing":                 nil,
		"an unknown label type":   dnsMsg(0x8180, "\x80\x00", dnsA),
		"a name longer than 255":  dnsMsg(0x8180, string(longName()), dnsA),
		"the header and no more ": dnsMsg(0x8180, "", dnsA)[:12],
	} {
		_, ok := parseDNS(in)
		assert.False(t, ok, name)
	}
}

func longName() (b []byte) {
	for range 8 {
		b = append(b, 40)
		b = append(b, make([]byte, 40)...)
	}
	return append(b, 0)
}

func FuzzDNS(f *testing.F) {
	f.Add(dnsMsg(0x8180, "\x03hub\x00", dnsA, [3]string{"\xc0\x0c", "\x05", "\x05hub-1\xc0\x0c"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := parseDNS(b)
		again, _ := parseDNS(b)
		require.Equal(t, got, again)
		if ok {
			require.LessOrEqual(t, len(got.name), 255)
			require.LessOrEqual(t, len(got.addrs), maxDNSRecords)
		}
	})
}
