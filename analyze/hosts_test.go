package analyze

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

func hostsFrom(add func(*claimTable), addrs ...string) *hostTable {
	t := &claimTable{}
	add(t)
	var list []netip.Addr
	for _, a := range addrs {
		list = append(list, netip.MustParseAddr(a))
	}
	return hostsOf(t.seen, list)
}

func (t *hostTable) called(addr string) string { return t.byAddr[netip.MustParseAddr(addr)].short }

func TestHostNames(t *testing.T) {
	ip := netip.MustParseAddr
	t.Run("the surest source, short", func(t *testing.T) {
		h := hostsFrom(func(c *claimTable) {
			c.add(ip("10.0.0.1"), "mail.contoso.com", "spn")
			c.add(ip("10.0.0.1"), "HUB-1.contoso.com.", "dns")
			c.add(ip("10.0.0.1"), "HUB-1", "machine account")
		}, "10.0.0.2")
		assert.Equal(t, "hub-1", h.called("10.0.0.1"))
		assert.Empty(t, h.called("10.0.0.2"))
		require.Len(t, h.list[0].names, 3)
		assert.Equal(t, HostName{"hub-1", "machine account"}, h.list[0].names[0])
	})
	t.Run("a server's own greeting before what a client there calls itself", func(t *testing.T) {
		h := hostsFrom(func(c *claimTable) {
			c.add(ip("10.0.0.1"), "scanner.contoso.com", "ehlo")
			c.add(ip("10.0.0.1"), "hub-1.contoso.com", "banner")
		})
		assert.Equal(t, "hub-1", h.called("10.0.0.1"))
	})
	t.Run("two hosts with one short name", func(t *testing.T) {
		h := hostsFrom(func(c *claimTable) {
			c.add(ip("10.0.0.1"), "www.a.com", "dns")
			c.add(ip("10.0.0.2"), "www.b.com", "dns")
		})
		assert.Equal(t, "www.a.com", h.called("10.0.0.1"))
		assert.Equal(t, "www.b.com", h.called("10.0.0.2"))
	})
	t.Run("a cluster behind one name is no one host", func(t *testing.T) {
		h := hostsFrom(func(c *claimTable) {
			c.add(ip("10.0.0.1"), "www.a.com", "dns")
			c.add(ip("10.0.0.2"), "www.a.com", "dns")
		})
		assert.Equal(t, "www.a.com (10.0.0.1)", h.called("10.0.0.1"))
		assert.Len(t, h.list, 2)
	})
	t.Run("IPv4 and IPv6 of one name are one host", func(t *testing.T) {
		h := hostsFrom(func(c *claimTable) {
			c.add(ip("10.0.0.1"), "dc1.a.com", "dns")
			c.add(ip("fd77::1"), "dc1.a.com", "dns")
		})
		require.Len(t, h.list, 1)
		assert.Equal(t, "dc1", h.called("fd77::1"))
	})
	t.Run("one machine account, two addresses", func(t *testing.T) {
		h := hostsFrom(func(c *claimTable) {
			c.add(ip("10.0.0.1"), "web-7", "machine account")
			c.add(ip("10.9.0.1"), "web-7.a.com", "machine account")
		})
		require.Len(t, h.list, 1)
		assert.Equal(t, h.byAddr[ip("10.0.0.1")], h.byAddr[ip("10.9.0.1")])
	})
	t.Run("many machine accounts behind one address are a NAT", func(t *testing.T) {
		h := hostsFrom(func(c *claimTable) {
			c.add(ip("10.0.0.1"), "pc-1", "machine account")
			c.add(ip("10.0.0.1"), "pc-2", "machine account")
		})
		assert.Empty(t, h.called("10.0.0.1"))
	})
	t.Run("what is no name", func(t *testing.T) {
		h := hostsFrom(func(c *claimTable) {
			for _, n := range []string{"", "localhost", "10.0.0.1", "::1", "a b", "1.2", "[10.0.0.1]", "evil\x1b[2J"} {
				c.add(ip("10.0.0.1"), n, "ehlo")
			}
		}, "10.0.0.1")
		assert.Empty(t, h.list[0].names)
	})
	t.Run("bounded", func(t *testing.T) {
		c := &claimTable{}
		for i := range maxHosts * 2 {
			c.add(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), "h", "dns")
			c.add(ip("10.0.0.0"), "h"+string(rune('a'+i%26))+string(rune('a'+i/26%26)), "dns")
		}
		assert.LessOrEqual(t, len(c.of), maxHosts)
		assert.Equal(t, maxNames, c.of[ip("10.0.0.0")])
		assert.NotZero(t, c.lost)
	})
}

func TestRoles(t *testing.T) {
	s := newSynth(t)
	s.dns("hub-1.contoso.com", hubIP)
	s.logon()
	s.ap(apX{to: "10.0.0.20:25", ticket: smtp5})
	s.ap(apX{to: "10.0.0.21:80", ticket: tkt{"HTTP/web-2.contoso.com", 18, 5, ""}})
	c := s.joined()
	assert.True(t, c.HasRole(dc1IP, "kdc"))
	assert.True(t, c.HasRole(hubIP, "hub"))
	assert.True(t, c.HasRole(hubIP, "service"))
	assert.True(t, c.HasRole(mailboxIP, "mailbox"), "a machine account that submits to a hub")
	assert.False(t, c.HasRole(hub2IP, "hub"))
	assert.Equal(t, "mailbox-1", c.HostName(mailboxIP), "from its machine account")
	assert.Equal(t, "hub-1 port 25 (SMTP)", c.endpoint(netip.MustParseAddrPort("10.0.0.20:25")))
	assert.Equal(t, []netip.Addr{hubIP}, c.HostsOf("HUB-1"))

	c = Join([]*Case{s.c}, JoinOptions{Captures: c.Captures(), Part: []int{0}, Roles: map[string][]string{"hub": {"10.0.0.21"}, "dc": {"hub-1"}, "mailbox": {"nobody"}}})
	assert.True(t, c.HasRole(hub2IP, "hub"))
	assert.False(t, c.HasRole(hubIP, "hub"), "what the user says wins")
	assert.True(t, c.HasRole(hubIP, "kdc"))
	assert.False(t, c.HasRole(dc1IP, "kdc"))
	assert.Equal(t, []string{"mailbox=nobody"}, c.UnknownRoles())
}

func TestDecidedBy(t *testing.T) {
	tests := map[string]struct {
		play func(*synth)
		want []string // of the rows in order
	}{
		"healthy": {func(s *synth) { s.logon() }, []string{"client list", "unknown"}},
		"the client offers RC4 alone": {func(s *synth) {
			s.as(kdcX{list: rc4List, hint: []int32{23}, preauth: 23, reply: 23, ticket: tgt1})
			s.tgs(kdcX{list: rc4List, ticket: smtp5, reply: 23, auth: 23})
		}, []string{"client list", "service account"}},
		"the service account has RC4 alone": {func(s *synth) {
			s.logon()
			s.tgs(kdcX{list: windowsList, ticket: tkt{httpSPN, 23, 2, ""}})
		}, []string{"client list", "unknown", "service account"}},
		"the client account has RC4 alone": {func(s *synth) {
			s.logon()
			s.as(kdcX{client: "old", list: windowsList, hint: []int32{23}, preauth: 23, reply: 23, ticket: tkt{tgt1.sname, 18, 2, "old"}})
		}, []string{"client list", "unknown", "client account"}},
		"the KDC has no AES": {func(s *synth) {
			s.as(kdcX{list: windowsList, hint: []int32{23}, preauth: 23, reply: 23, ticket: tkt{tgt1.sname, 23, 2, ""}})
		}, []string{"KDC"}},
		"a trust": {func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: "cifs/there.other.com", ticket: tkt{"krbtgt/OTHER.COM", 23, 1, ""}})
		}, []string{"trust"}},
		"a ticket from before": {func(s *synth) { s.ap(apX{to: "10.0.0.20:25", ticket: smtp5}) }, []string{"unknown"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSynth(t)
			tt.play(s)
			var got []string
			for _, r := range s.joined().etypeRows() {
				got = append(got, r.DecidedBy)
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestRC4Readiness(t *testing.T) {
	web := tkt{httpSPN, 23, 2, "rc4"}
	tests := map[string]struct {
		play func(*synth)
		want map[string]string // principal and role to answer
	}{
		"no RC4 in use": {func(s *synth) { s.logon() }, map[string]string{}},
		"the client offers none": {func(s *synth) {
			s.as(kdcX{list: rc4List, hint: []int32{23}, preauth: 23, reply: 23, ticket: tgt1})
		}, map[string]string{"MAILBOX-1$@CONTOSO.COM client": "yes"}},
		"no AES key told where others have one": {func(s *synth) {
			s.logon()
			s.as(kdcX{client: "old", list: windowsList, hint: []int32{23}, preauth: 23, reply: 23})
		}, map[string]string{"old@CONTOSO.COM client": "yes"}},
		"no AES key told by a KDC that has none": {func(s *synth) {
			s.as(kdcX{client: "old", list: windowsList, hint: []int32{23}, preauth: 23, reply: 23, ticket: tkt{tgt1.sname, 23, 1, ""}})
		}, map[string]string{"old@CONTOSO.COM client": "cannot-tell", "krbtgt/CONTOSO.COM@CONTOSO.COM service": "cannot-tell"}},
		"RC4 proved although AES was told": {func(s *synth) {
			s.as(kdcX{client: "app", list: windowsList, hint: []int32{18, 23}, preauth: 23, reply: 23})
		}, map[string]string{"app@CONTOSO.COM client": "cannot-tell"}},
		"RC4 and AES proved": {func(s *synth) {
			s.as(kdcX{client: "app", list: windowsList, hint: []int32{18, 23}, preauth: 23, reply: 23})
			s.as(kdcX{client: "app", list: windowsList, hint: []int32{18, 23}, preauth: 18})
		}, map[string]string{"app@CONTOSO.COM client": "no"}},
		"an RC4 ticket": {func(s *synth) {
			s.tgs(kdcX{list: windowsList, ticket: web})
		}, map[string]string{"HTTP/hub-1.contoso.com@CONTOSO.COM service": "cannot-tell"}},
		"an RC4 ticket, and an AES one accepted": {func(s *synth) {
			s.tgs(kdcX{list: windowsList, ticket: web})
			s.ap(apX{to: "10.0.0.20:80", ticket: tkt{httpSPN, 18, 2, ""}})
		}, map[string]string{"HTTP/hub-1.contoso.com@CONTOSO.COM service": "no"}},
		"an RC4 ticket, and an AES one refused": {func(s *synth) {
			s.tgs(kdcX{list: windowsList, ticket: web})
			s.ap(apX{to: "10.0.0.20:80", ticket: tkt{httpSPN, 18, 2, ""}, code: 45})
		}, map[string]string{"HTTP/hub-1.contoso.com@CONTOSO.COM service": "cannot-tell"}},
		"an RC4 TGT of a KDC that has AES for others": {func(s *synth) {
			s.as(kdcX{list: windowsList, hint: []int32{18, 23}, preauth: 18, ticket: tkt{tgt1.sname, 23, 2, ""}})
		}, map[string]string{"krbtgt/CONTOSO.COM@CONTOSO.COM service": "yes"}},
		"an RC4 TGT by the domain's NetBIOS name": {func(s *synth) {
			s.as(kdcX{list: windowsList, hint: []int32{18, 23}, preauth: 18, ticket: tkt{"krbtgt/CONTOSO", 23, 2, ""}})
		}, map[string]string{"krbtgt/CONTOSO.COM@CONTOSO.COM service": "yes"}},
		"an RC4 TGT, and an AES one of the same key version from another KDC": {func(s *synth) {
			s.as(kdcX{list: windowsList, hint: []int32{18, 23}, preauth: 18, ticket: tkt{tgt1.sname, 23, 2, ""}})
			s.as(kdcX{kdc: dc2IP, list: windowsList, hint: []int32{18, 23}, preauth: 18, ticket: tkt{tgt1.sname, 18, 2, "b"}})
		}, map[string]string{"krbtgt/CONTOSO.COM@CONTOSO.COM service": "no"}},
		"krbtgt was reset, and an RC4 TGT of before is shown": {func(s *synth) {
			s.as(kdcX{list: windowsList, hint: []int32{18, 23}, preauth: 18, ticket: tkt{tgt1.sname, 18, 3, "b"}})
			s.tgs(kdcX{list: windowsList, tgt: tkt{tgt1.sname, 23, 2, "old"}, ticket: tkt{httpSPN, 18, 2, "w"}})
		}, map[string]string{"krbtgt/CONTOSO.COM@CONTOSO.COM service": "no"}},
		"AES TGTs of an older key version": {func(s *synth) {
			s.as(kdcX{list: windowsList, hint: []int32{18, 23}, preauth: 18, ticket: tkt{tgt1.sname, 23, 3, ""}})
			s.as(kdcX{kdc: dc2IP, list: windowsList, hint: []int32{18, 23}, preauth: 18, ticket: tkt{tgt1.sname, 18, 2, "b"}})
		}, map[string]string{"krbtgt/CONTOSO.COM@CONTOSO.COM service": "cannot-tell"}},
		"an RC4 TGT for a client that offers no AES": {func(s *synth) {
			s.as(kdcX{client: "old", list: rc4List, hint: []int32{23}, preauth: 23, reply: 23, ticket: tkt{tgt1.sname, 23, 2, ""}})
			s.as(kdcX{client: "new", list: windowsList, hint: []int32{18, 23}, code: 18})
		}, map[string]string{"old@CONTOSO.COM client": "yes", "krbtgt/CONTOSO.COM@CONTOSO.COM service": "cannot-tell"}},
		"an RC4 TGT from before the capture": {func(s *synth) {
			s.tgs(kdcX{list: windowsList, tgt: tkt{tgt1.sname, 23, 2, "old"}, ticket: tkt{httpSPN, 18, 2, "w"}})
		}, map[string]string{"krbtgt/CONTOSO.COM@CONTOSO.COM service": "cannot-tell"}},
		"a read-only DC's krbtgt is another account": {func(s *synth) {
			s.as(kdcX{list: windowsList, hint: []int32{18, 23}, preauth: 18, ticket: tkt{tgt1.sname, 23, 7<<16 | 1, ""}})
			s.as(kdcX{kdc: dc2IP, list: windowsList, hint: []int32{18, 23}, preauth: 18, ticket: tkt{tgt1.sname, 18, 2, "b"}})
		}, map[string]string{"krbtgt/CONTOSO.COM@CONTOSO.COM service": "yes"}},
		"AES TGTs": {func(s *synth) {
			s.as(kdcX{list: windowsList, hint: []int32{18, 23}, preauth: 18})
		}, map[string]string{}},
		"user to user: the ticket's key is a session key": {func(s *synth) {
			s.tgs(kdcX{list: windowsList, options: krb5.KDCEncTktInSkey, ticket: tkt{"alice", 23, 0, ""}})
		}, map[string]string{}},
		"a trust": {func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: "cifs/x.other.com", ticket: tkt{"krbtgt/OTHER.COM", 23, 1, ""}})
		}, map[string]string{"krbtgt/OTHER.COM@CONTOSO.COM trust": "cannot-tell"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSynth(t)
			tt.play(s)
			got := map[string]string{}
			for _, r := range s.joined().rc4Rows() {
				got[r.Principal+" "+r.Role] = r.Breaks
				assert.NotEmpty(t, r.Why)
				assert.NotEmpty(t, r.Change)
				assert.Len(t, r.EtypesNames, len(r.Etypes))
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

// TestPresentedCounts: the uses of a ticket that the report lists add up to what
// the finding counts, however many are alike.
func TestPresentedCounts(t *testing.T) {
	for n := 1; n <= 5; n++ {
		s := newSynth(t)
		issue(s, smtpTicket)
		for range n {
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 41})
		}
		s.ap(apX{to: hub2525, ticket: smtpTicket})
		c := s.joined()
		var sum, found uint64
		for _, k := range c.ticketReport() {
			for _, p := range k.Presented {
				if p.Outcome == "error" {
					sum += p.Count
				}
			}
		}
		for _, f := range c.Findings(Rules()) {
			if f.Rule == "key-fault-one-identity" {
				found = f.Count
				assert.Contains(t, f.Summary, " "+nTimes(uint64(n))+" ")
			}
		}
		assert.EqualValues(t, n, sum)
		assert.EqualValues(t, n, found)
	}
}

func TestBlindSpots(t *testing.T) {
	s := newSynth(t)
	s.dns("hub-1.contoso.com", hubIP)
	s.logon()
	s.ap(apX{to: "10.0.0.20:80", ticket: tkt{httpSPN, 18, 5, "from before"}})
	end := func(port uint16, carrier string) *decode.Session {
		s.frame++
		s.now += 1e9
		id := decode.MakeFrameID(0, s.frame)
		return &decode.Session{Client: netip.AddrPortFrom(mailboxIP, 5000+port), Server: netip.AddrPortFrom(hubIP, port), SidesKnown: true, Carrier: carrier,
			Begin: id, Ended: id, First: s.now, Last: s.now, TLS: id, BothWays: true}
	}
	s.c.Session(end(587, "smtp"))
	s.c.Session(end(443, "tls"))
	other := end(443, "tls")
	other.Server = netip.MustParseAddrPort("192.0.2.1:443")
	s.c.Session(other)
	smb := end(445, "smb2")
	smb.TLS, smb.Sealed = 0, smb.TLS
	s.c.Session(smb)
	c := s.joined()
	got := map[string][]string{}
	for _, b := range c.blindSpots() {
		got[b.Kind] = append(got[b.Kind], b.Summary)
		assert.NotZero(t, b.Count)
	}
	require.Len(t, got["tls"], 1, "web traffic without a ticket for it is no blind spot")
	assert.Equal(t, "SMTP to hub-1 port 587 went into TLS at frame 10; what was authenticated there is unknown; mailbox-1 had fetched a ticket for smtp/hub-1.contoso.com (frame 7); whether it was accepted there cannot be seen", got["tls"][0])
	require.Len(t, got["smb-encrypted"], 1)
	assert.Contains(t, got["smb-encrypted"][0], "SMB to hub-1 port 445 is encrypted from frame 13 on")
	require.Len(t, got["cached-tickets"], 1)
	assert.Contains(t, got["cached-tickets"][0], "HTTP/hub-1.contoso.com@CONTOSO.COM")
}
