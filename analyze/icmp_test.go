package analyze

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode"
)

// Who rejects what, and in which words, is in the ICMP error itself.
func TestICMPSaysWhy(t *testing.T) {
	four, six := mailboxIP, netip.MustParseAddr("fd00::30")
	for _, tt := range []struct {
		name       string
		from       netip.Addr
		kind, code int
		by, want   string
	}{
		{"a firewall on the way", four, 3, 13, "10.0.0.1", "10.0.0.1 says so by ICMP: administratively prohibited. A packet filter there"},
		{"the KDC's own", four, 3, 10, "10.0.0.10", "The KDC's own host says so by ICMP: administratively prohibited."},
		{"over IPv6", six, 1, 1, "fd00::1", "fd00::1 says so by ICMP: administratively prohibited."},
		{"nothing listens", four, 3, 3, "10.0.0.10", "The KDC's own host says so by ICMP: port unreachable. The KDC service does not run there, or"},
		{"no such host", four, 3, 1, "10.0.0.1", "10.0.0.1 says so by ICMP: host unreachable. The KDC's host is down"},
		{"no such host over IPv6", six, 1, 3, "fd00::1", "address unreachable. The KDC's host is down"},
		{"a loop", four, 11, 0, "10.0.0.1", "At this point of the network no answer was seen."},
		{"a code that says nothing", four, 3, 99, "10.0.0.1", "At this point of the network no answer was seen."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSynth(t)
			kdc := dc1IP
			if tt.from == six {
				kdc = netip.MustParseAddr("fd00::10")
			}
			s.frame++
			id := decode.MakeFrameID(0, s.frame)
			s.c.Sighting(&decode.Sighting{Kind: decode.ICMPError, Frame: id, Frames: []decode.FrameID{id}, Time: s.now, Src: netip.AddrPortFrom(tt.from, 40000),
				Dst: netip.AddrPortFrom(kdc, 88), Transport: decode.UDP, Target: tt.by, Count: 1, BothWays: true, Code: tt.kind<<8 | tt.code})
			list := s.found()["kdc-unreachable"]
			require.Len(t, list, 1)
			assert.Contains(t, list[0].Cause, tt.want)
		})
	}
}

// What an ICMP error came for was not answered: its capture is not blind to one
// direction.
func TestICMPIsTheOtherSide(t *testing.T) {
	sides := func(code int) []string {
		s := newSynth(t)
		s.logon()
		s.ap(apX{to: "10.0.0.20:445", ticket: tkt{httpSPN, 18, 5, "t"}, oneWay: true})
		id := decode.MakeFrameID(0, s.frame+1)
		s.c.Sighting(&decode.Sighting{Kind: decode.ICMPError, Frame: id, Frames: []decode.FrameID{id}, Time: s.now, Src: netip.AddrPortFrom(mailboxIP, s.port),
			Dst: netip.AddrPortFrom(hubIP, 445), Transport: decode.TCP, Count: 1, BothWays: true, Code: 3<<8 | code})
		return kindsOf(s.joined().Report(Options{}))
	}
	assert.NotContains(t, sides(13), "one-sided")
	assert.Contains(t, sides(99), "one-sided")
}
