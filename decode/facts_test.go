package decode

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// icmpAbout is a raw IPv4 packet with an ICMP error that quotes size bytes of a
// datagram from 10.0.0.1 to 10.0.0.2.
func icmpAbout(kind, code byte, port uint16, payload []byte, size int) []byte {
	ip := func(proto byte, from, to byte, b []byte) []byte {
		h := []byte{0x45, 0, 0, 0, 0, 1, 0, 0, 64, proto, 0, 0, 10, 0, 0, from, 10, 0, 0, to}
		binary.BigEndian.PutUint16(h[2:], uint16(len(h)+len(b)))
		return append(h, b...)
	}
	udp := binary.BigEndian.AppendUint16([]byte{0x30, 0x39}, port)
	udp = append(binary.BigEndian.AppendUint16(udp, uint16(8+len(payload))), 0, 0)
	quote := ip(17, 1, 2, append(udp, payload...))
	return ip(1, 2, 1, append([]byte{kind, code, 0, 0, 0, 0, 0, 0}, quote[:min(size, len(quote))]...))
}

func TestICMPAboutDNS(t *testing.T) {
	const srv = "_kerberos._udp.contoso.com"
	query := dnsWhole(7, 0x100, srv, dnsSRV, nil, nil)
	for _, c := range []struct {
		name  string
		frame []byte
		want  []string // the names of the sightings
	}{
		{"port unreachable", icmpAbout(3, 3, 53, query, 1<<10), []string{srv}},
		{"prohibited", icmpAbout(3, 13, 53, query, 1<<10), []string{srv}},
		{"the name and no more", icmpAbout(3, 3, 53, query, 28+12+len(srv)+2), []string{srv}},
		{"cut in the name", icmpAbout(3, 1, 53, query, 28+12+8), []string{""}},
		{"eight bytes quoted", icmpAbout(3, 3, 53, query, 28), []string{""}},
		{"an answer is quoted", icmpAbout(3, 3, 53, dnsWhole(7, 0x8180, srv, dnsSRV, nil, nil), 1<<10), []string{""}},
		{"time exceeded", icmpAbout(11, 0, 53, query, 1<<10), nil},
		{"another port", icmpAbout(3, 3, 5353, query, 1<<10), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{}
			d := New(Options{}, r)
			d.Batch(0, &capture.Batch{Data: c.frame, Records: []capture.Record{{Time: 1, Frame: 1, Len: uint32(len(c.frame)), Wire: uint32(len(c.frame)), Link: capture.LinkRaw}}})
			d.Close()
			var names []string
			for _, g := range r.sightings {
				require.Equal(t, ICMPError, g.Kind)
				assert.Equal(t, "10.0.0.1:12345", g.Src.String())
				assert.Equal(t, "10.0.0.2:53", g.Dst.String())
				names = append(names, g.Name)
			}
			assert.Equal(t, c.want, names)
		})
	}
}
