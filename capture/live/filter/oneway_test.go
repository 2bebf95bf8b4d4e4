package filter

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOneWay(t *testing.T) {
	for _, v := range []struct {
		text string
		want bool
	}{
		{"port 88", false}, {"dst port 88", true}, {"tcp dst port 88 or udp dst port 88", true}, {"src port 88", false},
		{"src host 10.0.0.1", true}, {"host 10.0.0.1", false}, {"src host 10.0.0.1 or dst host 10.0.0.1", false}, {"port 25", false},
		{"(ip or ip6) and not port 137 and not port 138 and not dst net ff02::/16", false}, {"", false}, {"no such thing", false}, {"tcp[tcpflags] & tcp-syn != 0", false},
		{"src fd00::1 or src 10.0.0.1", true},
	} {
		for _, udp := range []bool{false, true} {
			assert.Equal(t, v.want, OneWay(v.text, netip.MustParseAddrPort("10.0.0.1:4000"), netip.MustParseAddrPort("10.0.0.2:88"), udp), v.text)
		}
	}
	assert.True(t, OneWay("src fd00::1", netip.MustParseAddrPort("[fd00::1]:4000"), netip.MustParseAddrPort("[fd00::2]:88"), true))
}
