package analyze

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode"
)

func TestTicketsBeforeTLS(t *testing.T) {
	other := netip.MustParseAddr("10.0.0.77")
	for _, c := range []struct {
		name string
		do   func(s *decode.Session)
		want string // "": no blind spot
	}{
		{"mail", func(s *decode.Session) {}, "SMTP to hub-1 port 587 went into TLS at frame 8; what was authenticated there is unknown; mailbox-1 had fetched a ticket for smtp/hub-1.contoso.com (frame 7); whether it was accepted there cannot be seen"},
		{"mail, TLS from the first byte", func(s *decode.Session) { s.Carrier, s.Server = "tls", netip.AddrPortFrom(hubIP, 465) },
			"1 connection to hub-1 port 465 is TLS (frame 8); mailbox-1 had fetched a ticket for smtp/hub-1.contoso.com (frame 7); whether it was accepted there cannot be seen"},
		{"a port without a meaning", func(s *decode.Session) { s.Carrier, s.Server = "tls", netip.AddrPortFrom(hubIP, 4443) },
			"1 connection to hub-1 port 4443 is TLS (frame 8); mailbox-1 had fetched a ticket for smtp/hub-1.contoso.com (frame 7); whether it was accepted there cannot be seen"},
		{"another service of the host", func(s *decode.Session) { s.Carrier, s.Server = "tls", netip.AddrPortFrom(hubIP, 443) }, ""},
		{"an address known by the server name alone", func(s *decode.Session) {
			s.Carrier, s.Server, s.TLSName = "tls", netip.AddrPortFrom(other, 465), "HUB-1.contoso.com"
		}, "1 connection to hub-1.contoso.com (10.0.0.77) port 465 is TLS (frame 8); mailbox-1 had fetched a ticket for smtp/hub-1.contoso.com (frame 7); whether it was accepted there cannot be seen"},
		{"through a proxy", func(s *decode.Session) {
			s.Carrier, s.Server, s.Tunnel = "http", netip.AddrPortFrom(other, 3128), "hub-1.contoso.com:465"
		}, "1 connection to hub-1.contoso.com:465 through the proxy 10.0.0.77 port 3128 is TLS (frame 8); mailbox-1 had fetched a ticket for smtp/hub-1.contoso.com (frame 7); whether it was accepted there cannot be seen"},
		{"through a proxy to somebody else", func(s *decode.Session) {
			s.Carrier, s.Server, s.Tunnel = "http", netip.AddrPortFrom(other, 3128), "www.example.org:443"
		}, ""},
		{"Remote Desktop, no ticket for it", func(s *decode.Session) {
			s.Carrier, s.Server, s.Offered = "rdp", netip.AddrPortFrom(hubIP, 3389), []string{"CredSSP"}
		}, "RDP to hub-1 port 3389 went into TLS at frame 8; what was authenticated there is CredSSP inside TLS and unknown"},
		{"another client", func(s *decode.Session) {
			s.Carrier, s.Server, s.Client = "tls", netip.AddrPortFrom(hubIP, 465), netip.AddrPortFrom(other, 5000)
		}, ""},
		{"long after", func(s *decode.Session) {
			s.Carrier, s.Server = "tls", netip.AddrPortFrom(hubIP, 465)
			s.First, s.Last = s.First+2*tlsAfterTicket, s.Last+2*tlsAfterTicket
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSynth(t)
			s.dns("hub-1.contoso.com", hubIP)
			s.logon()
			s.frame++
			s.now += 1e9
			id := decode.MakeFrameID(0, s.frame)
			x := &decode.Session{Client: netip.AddrPortFrom(mailboxIP, 5000), Server: netip.AddrPortFrom(hubIP, 587), SidesKnown: true, Carrier: "smtp",
				Begin: id, Ended: id, First: s.now, Last: s.now, TLS: id, BothWays: true}
			c.do(x)
			s.c.Session(x)
			list := s.joined().blindTLS()
			if c.want == "" {
				assert.Empty(t, list)
				return
			}
			require.Len(t, list, 1)
			assert.Equal(t, c.want, list[0].Summary)
			if x.Carrier != "rdp" {
				require.Len(t, list[0].Tickets, 1)
				k := list[0].Tickets[0]
				assert.Equal(t, "smtp/hub-1.contoso.com@CONTOSO.COM", k.Service)
				assert.Equal(t, uint64(7), k.Frame)
				assert.Equal(t, uint64(1), k.Connections)
			}
		})
	}
}
