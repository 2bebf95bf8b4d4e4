package decode

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func openRDP(s wire) parser { return newRDP(s) }

// x224 is a connection request (0xe0) or confirm (0xd0) in a TPKT.
func x224(code byte, body string) string {
	return string([]byte{3, 0, 0, byte(11 + len(body)), byte(6 + len(body)), code, 0, 0, 0, 0, 0}) + body
}

func rdpNeg(kind, value byte) string { return string([]byte{kind, 0, 8, 0, value, 0, 0, 0}) }

func TestRDP(t *testing.T) {
	const cookie = "Cookie: mstshash=alice\r\n"
	for _, c := range []struct {
		name  string
		turns []turn
		want  []string
	}{
		{"CredSSP", []turn{fromClient(x224(0xe0, cookie+rdpNeg(1, 11))), fromServer(x224(0xd0, rdpNeg(2, 2))), fromClient("\x16\x03\x01\x02\x00\x01")}, []string{"offer CredSSP", "C TLS"}},
		{"TLS only", []turn{fromClient(x224(0xe0, rdpNeg(1, 1))), fromServer(x224(0xd0, rdpNeg(2, 1))), fromClient("\x16\x03\x01\x02\x00\x01")}, []string{"offer TLS", "C TLS"}},
		{"CredSSP required", []turn{fromClient(x224(0xe0, cookie+rdpNeg(1, 1))), fromServer(x224(0xd0, rdpNeg(3, 5)))},
			[]string{`S other TLS verb="RDP_NEG_REQ"`, `S refused code=0x5 name="HYBRID_REQUIRED_BY_SERVER" text="" key=0`}},
		{"refused, the request unseen", []turn{fromServer(x224(0xd0, rdpNeg(3, 2)))}, []string{`S other RDP verb="RDP_NEG_REQ"`, `S refused code=0x2 name="SSL_NOT_ALLOWED_BY_SERVER" text="" key=0`}},
		{"RDP's own security", []turn{fromClient(x224(0xe0, cookie)), fromServer(x224(0xd0, "")), fromClient("\x03\x00\x01\x00\x02\xf0\x80")}, []string{"ignore"}},
		{"the reply was lost", []turn{fromClient(x224(0xe0, rdpNeg(1, 3))), fromServer("\x16\x03\x03\x00\x40\x02").lost(19)}, []string{"S TLS"}},
	} {
		t.Run(c.name, func(t *testing.T) { talk(t, openRDP, c.want, c.turns...) })
	}
}

func TestProbeRDP(t *testing.T) {
	for _, c := range []struct {
		up, down string
		port     uint16
		want     verdict
	}{
		{x224(0xe0, ""), "", 3389, yes},
		{x224(0xe0, ""), "", 3390, no},
		{x224(0xe0, rdpNeg(1, 3)), "", 3390, yes},
		{x224(0xe0, rdpNeg(1, 3))[:9], "", 3390, needMore},
		{"", x224(0xd0, rdpNeg(2, 2)), 3390, yes},
		{x224(0xd0, rdpNeg(2, 2)), "", 3389, no},
		{"\x03\x00\x00", "", 3389, needMore},
		{"\x16\x03\x01", "", 3389, no},
	} {
		assert.Equal(t, c.want, probeRDP([]byte(c.up), []byte(c.down), c.port), "%.20q %.20q", c.up, c.down)
	}
}

func FuzzRDP(f *testing.F) {
	f.Add(script(fromClient(x224(0xe0, "Cookie: a\r\n"+rdpNeg(1, 3))), fromServer(x224(0xd0, rdpNeg(3, 5)))))
	f.Fuzz(func(t *testing.T, b []byte) {
		splitting(t, openRDP, b)
		probeRDP(b, nil, 3389)
		probeRDP(nil, b, 3390)
	})
}

func BenchmarkProbeRDP(b *testing.B) {
	up := []byte(x224(0xe0, rdpNeg(1, 3)))
	b.ReportAllocs()
	for b.Loop() {
		probeRDP(up, nil, 3390)
	}
}
