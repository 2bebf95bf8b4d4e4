package analyze

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode"
)

// error answers an AS-REQ with that e-data.
func (s *synth) asError(x kdcX, proof [][]byte, code int32, etext string, edata []byte) {
	from, to, tr := s.ends(&x)
	if x.client == "" {
		x.client = "alice"
	}
	out := &decode.Exchange{Kind: decode.AS, Client: from, Server: to, Transport: tr, Carrier: []string{"kdc"}, BothWays: true, Ending: decode.Failed}
	out.Request = s.message(kdcReq(0x6a, 10, x.client, tgt1.sname, 0, s.serial(), windowsList, proof...), from, to, tr, out.Carrier)
	out.Reply = s.message(wireErrorWith(code, tgt1.sname, s.now+int64(x.skew), 0, etext, edata), to, from, tr, out.Carrier)
	s.exchange(out, out.Request, out.Reply)
}

func TestAccountAndTrustRules(t *testing.T) {
	both := []int32{18, 23}
	fast := padata(136, tagged(0, tlv(0x30, tagged(1, tlv(0x30, tagged(0, integer(7)), tagged(1, octets([]byte("checksum"))))), tagged(2, enc(18, -1, "armored")))))
	certificate := padata(16, []byte("\x30\x03\x80\x01x"))
	timestamp := padata(2, enc(18, -1, "proof"))
	offers := func(types ...int) []byte {
		var list [][]byte
		for _, n := range types {
			if n == 19 {
				list = append(list, info2(both...))
				continue
			}
			list = append(list, padata(n, nil))
		}
		return tlv(0x30, list...)
	}
	referral := func(to string) tkt { return tkt{"krbtgt/" + to, 18, 3, to} }
	manyUsers := func(s *synth, n, ok int, code int32) {
		for i := range n {
			x := kdcX{client: fmt.Sprint("user", i), list: windowsList, hint: both, preauth: 18}
			if i >= ok {
				x.code = code
			}
			s.as(x)
			s.later(20 * time.Second)
		}
	}
	manyServices := func(s *synth, n int, class string, list []int32, e int32, use bool) {
		for i := range n {
			k := tkt{fmt.Sprintf("%s/srv%d.contoso.com", class, i), e, 2, fmt.Sprint("svc", i)}
			s.tgs(kdcX{client: "alice", list: list, ticket: k})
			if use {
				s.ap(apX{to: fmt.Sprintf("10.0.1.%d:1433", i+1), ticket: k})
			}
			s.later(time.Second)
		}
	}
	runRuleCases(t, []ruleCase{
		{"50 for a TGS-REQ", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: smtpSPN, code: 50})
		}, want{"checksum-refused error certain", "-krb-error"}},
		{"15 from a service", func(s *synth) {
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 15})
		}, want{"checksum-refused error certain", "-krb-error", "-key-mismatch"}},
		{"12 with the status of selective authentication", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: smtpSPN, code: 12, status: 0xC0000413})
		}, want{"selective-auth error certain", "-krb-error"}},
		{"12 with another status", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: smtpSPN, code: 12, status: 0xC0000070})
		}, want{"-selective-auth", "krb-error error certain"}},
		{"an untrusted certificate", func(s *synth) {
			s.asError(kdcX{}, [][]byte{certificate}, 62, "", nil)
		}, want{"pkinit-failed error certain", "-krb-error"}},
		{"a KDC without PKINIT", func(s *synth) {
			s.asError(kdcX{}, [][]byte{certificate}, 16, "", nil)
		}, want{"pkinit-failed error certain", "-krb-error"}},
		{"16 without a certificate", func(s *synth) {
			s.asError(kdcX{}, [][]byte{timestamp}, 16, "", nil)
		}, want{"-pkinit-failed", "krb-error error certain"}},
		{"another realm, and the client goes there", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, code: 68})
			s.as(kdcX{client: "alice", kdc: dc2IP, list: windowsList, hint: both, preauth: 18})
		}, want{"wrong-realm note certain", "-krb-error"}},
		{"a TGT of a read-only DC", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: both, preauth: 18, ticket: tkt{tgt1.sname, 18, 0x12340001, "rodc"}})
		}, want{"rodc-kvno note certain", "-tgt-unlike-others"}},
		{"a TGT of a writable DC", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: both, preauth: 18, ticket: tgt1})
		}, want{"-rodc-kvno", "-preauth-not-required"}},
		{"a ticket for nothing", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList})
		}, want{"preauth-not-required note certain"}},
		{"SPAKE is a proof", func(s *synth) {
			from, to, tr := s.ends(&kdcX{})
			out := &decode.Exchange{Kind: decode.AS, Client: from, Server: to, Transport: tr, Carrier: []string{"kdc"}, BothWays: true, Ending: decode.OK}
			out.Request = s.message(kdcReq(0x6a, 10, "alice", tgt1.sname, 0, s.serial(), windowsList, padata(151, tagged(2, tlv(0x30, tagged(0, octets(make([]byte, 32))), tagged(1, enc(18, -1, "factor")))))), from, to, tr, out.Carrier)
			out.Reply = s.message(kdcRep(0x6b, 11, "alice", tgt1, 18, s.serial()), to, from, tr, out.Carrier)
			s.exchange(out, out.Request, out.Reply)
		}, want{"-preauth-not-required"}},
		{"25 for a timestamp, and the KDC's clock is off", func(s *synth) {
			s.asError(kdcX{skew: 20 * time.Minute}, [][]byte{timestamp}, 25, "", offers(2, 19, 136))
		}, want{"clock-skew-hidden warning likely", "-fast-failed", "-krb-error"}},
		{"25 for a timestamp", func(s *synth) {
			s.asError(kdcX{}, [][]byte{timestamp}, 25, "", offers(2, 19))
		}, want{"clock-skew-hidden warning possible"}},
		{"the ordinary 25", func(s *synth) {
			s.asError(kdcX{}, nil, 25, "", offers(2, 19, 136))
		}, want{"-clock-skew-hidden", "-fast-failed", "-krb-error"}},
		{"a KDC that takes armor only", func(s *synth) {
			s.asError(kdcX{}, [][]byte{timestamp}, 25, "", offers(19, 136))
		}, want{"fast-failed error likely", "-clock-skew-hidden"}},
		{"the armor ticket is not decrypted", func(s *synth) {
			s.asError(kdcX{}, [][]byte{fast}, 31, "", nil)
		}, want{"fast-failed error likely", "-preauth-failed", "-krb-error"}},
		{"a wrong password inside the armor", func(s *synth) {
			s.asError(kdcX{}, [][]byte{fast}, 24, "", nil)
		}, want{"-fast-failed", "preauth-failed error certain"}},
		{"a TGT unlike the others", func(s *synth) {
			for i := range 6 {
				s.as(kdcX{client: fmt.Sprint("u", i), list: windowsList, hint: both, preauth: 18, ticket: tkt{tgt1.sname, 18, 2, fmt.Sprint("t", i)}})
			}
			s.tgs(kdcX{list: windowsList, ticket: smtpTicket, tgt: tkt{tgt1.sname, 23, 2, "odd"}})
		}, want{"tgt-unlike-others note possible"}},
		{"a TGT from before the last krbtgt password", func(s *synth) {
			for i := range 6 {
				s.as(kdcX{client: fmt.Sprint("u", i), list: windowsList, hint: both, preauth: 18, ticket: tkt{tgt1.sname, 18, 3, fmt.Sprint("t", i)}})
			}
			s.tgs(kdcX{list: windowsList, ticket: smtpTicket, tgt: tgt1})
		}, want{"-tgt-unlike-others"}},
		{"a referral to a realm that does not have it", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: "cifs/srv.fabrikam.com", ticket: referral("FABRIKAM.COM")})
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, sname: "cifs/srv.fabrikam.com", tgt: referral("FABRIKAM.COM"), code: 7})
		}, want{"referral-dead-end error certain"}},
		{"a referral that leads there", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: "cifs/srv.fabrikam.com", ticket: referral("FABRIKAM.COM")})
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, tgt: referral("FABRIKAM.COM"), ticket: tkt{"cifs/srv.fabrikam.com", 18, 2, "there"}})
		}, want{"-referral-dead-end"}},
		{"7 without a referral", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: "cifs/srv.contoso.com", code: 7})
		}, want{"-referral-dead-end", "spn-unknown error certain"}},
		{"a dozen accounts, all wrong", func(s *synth) { manyUsers(s, 12, 0, 24) }, want{"password-spray note possible"}},
		{"a dozen accounts, half of them right", func(s *synth) { manyUsers(s, 12, 6, 24) }, want{"-password-spray"}},
		{"a few accounts, all wrong", func(s *synth) { manyUsers(s, 5, 0, 24) }, want{"-password-spray"}},
		{"a dozen services with RC4, none visited", func(s *synth) { manyServices(s, 12, "MSSQLSvc", rc4List, 23, false) }, want{"kerberoast-pattern note possible"}},
		{"a dozen services with RC4, all visited", func(s *synth) { manyServices(s, 12, "MSSQLSvc", rc4List, 23, true) }, want{"-kerberoast-pattern"}},
		{"a dozen services with AES", func(s *synth) { manyServices(s, 12, "MSSQLSvc", windowsList, 18, false) }, want{"-kerberoast-pattern"}},
		{"a dozen computers with RC4", func(s *synth) { manyServices(s, 12, "cifs", rc4List, 23, false) }, want{"-kerberoast-pattern"}},
	})
}

func TestWrongRealmThatNobodyFollows(t *testing.T) {
	s := newSynth(t)
	s.as(kdcX{client: "alice", list: windowsList, code: 68})
	s.later(time.Minute)
	s.as(kdcX{client: "bob", from: hubIP, list: windowsList, hint: []int32{18}, preauth: 18})
	f := s.found()["wrong-realm"]
	require.Len(t, f, 1)
	assert.Equal(t, Note, f[0].Severity, "a capture that holds the client's words with that KDC alone does not tell where it went")

	s = newSynth(t)
	s.as(kdcX{client: "alice", list: windowsList, code: 68})
	s.later(time.Minute)
	s.c.Exchange(s.apExchange(apX{to: "10.0.0.20:389", ticket: smtpTicket, carrier: "ldap"}, 49))
	f = s.found()["wrong-realm"]
	require.Len(t, f, 1)
	assert.Equal(t, Error, f[0].Severity)
	assert.Equal(t, Likely, f[0].Confidence)
}

func TestAcceptorFactRules(t *testing.T) {
	dns := func(name string, addr netip.Addr) func(*synth) {
		return func(s *synth) { s.dns(name, addr) }
	}
	big := func(s *synth, n int, word string, code int64) {
		k := smtpTicket
		k.cipher = strings.Repeat("x", n)
		x := s.apExchange(apX{to: "10.0.0.20:80", ticket: k, carrier: "http", word: word}, code)
		s.c.Exchange(x)
	}
	runRuleCases(t, []ruleCase{
		{"refused, and DNS has the host elsewhere", func(s *synth) {
			dns("hub-1.contoso.com", hub2IP)(s)
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 41})
		}, want{"host-name-mismatch error likely", "key-mismatch error certain"}},
		{"refused, and DNS has the host there", func(s *synth) {
			dns("hub-1.contoso.com", hubIP)(s)
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 41})
		}, want{"-host-name-mismatch"}},
		{"accepted, whatever DNS says", func(s *synth) {
			dns("hub-1.contoso.com", hub2IP)(s)
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket})
		}, want{"-host-name-mismatch"}},
		{"400 for a large token", func(s *synth) { big(s, 14000, "Bad Request", 400) }, want{"token-too-big error likely"}},
		{"401 for a large token", func(s *synth) { big(s, 14000, "Unauthorized", 401) }, want{"-token-too-big"}},
		{"400 for a small token", func(s *synth) { big(s, 100, "Bad Request", 400) }, want{"-token-too-big"}},
		{"LDAP says bad bindings", func(s *synth) {
			x := s.apExchange(apX{to: "10.0.0.10:389", ticket: smtpTicket, carrier: "ldap", word: "80090346: LdapErr: DSID-0C090597, comment: AcceptSecurityContext error, data 80090346, v4563"}, 49)
			s.c.Exchange(x)
		}, want{"channel-binding error certain"}},
		{"LDAP demands signing", func(s *synth) {
			x := s.apExchange(apX{to: "10.0.0.10:389", ticket: smtpTicket, carrier: "ldap", word: "00002028: LdapErr: DSID-0C090254, comment: The server requires binds to turn on integrity checking"}, 8)
			s.c.Exchange(x)
		}, want{"channel-binding error certain", "-ap-refused"}},
		{"LDAP demands sealing", func(s *synth) {
			x := s.apExchange(apX{to: "10.0.0.10:389", ticket: smtpTicket, carrier: "ldap", word: "confidentiality required"}, 13)
			s.c.Exchange(x)
		}, want{"channel-binding error certain", "-ap-refused"}},
		{"8 of another carrier is not LDAP's", func(s *synth) {
			x := s.apExchange(apX{to: "10.0.0.10:25", ticket: smtpTicket, carrier: "smtp", word: "no"}, 8)
			s.c.Exchange(x)
		}, want{"-channel-binding", "ap-refused error likely"}},
		{"LDAP says wrong password", func(s *synth) {
			x := s.apExchange(apX{to: "10.0.0.10:389", ticket: smtpTicket, carrier: "ldap", word: "80090308: LdapErr: DSID-0C090597, comment: AcceptSecurityContext error, data 52e, v4563"}, 49)
			s.c.Exchange(x)
		}, want{"-channel-binding"}},
	})
}

// apExchange is a refused AP exchange with that code of the carrier; it is not fed.
func (s *synth) apExchange(x apX, code int64) *decode.Exchange {
	s.port++
	from, to := netip.AddrPortFrom(mailboxIP, s.port), netip.MustParseAddrPort(x.to)
	out := &decode.Exchange{Kind: decode.AP, Client: from, Server: to, Transport: decode.TCP, Carrier: []string{x.carrier, "gss"}, BothWays: true, Ending: decode.Denied}
	out.Request = s.message(apReq(x.ticket, 18, s.serial()), from, to, decode.TCP, out.Carrier)
	s.now += int64(time.Millisecond)
	s.frame++
	out.Attempt = &decode.Attempt{Mech: "kerberos", Result: &decode.Result{Outcome: decode.Refused, Code: code, Text: x.word, Frame: decode.MakeFrameID(0, s.frame), Time: s.now}}
	out.Steps = []decode.Step{{Frame: out.Request.Frame, Time: out.Request.Time, What: "AP-REQ", Msg: out.Request}}
	out.Started, out.Ended = out.Request.Time, s.now
	return out
}

func TestAcceptedAndBroken(t *testing.T) {
	play := func(cut bool) []Finding {
		s := newSynth(t)
		x := s.apExchange(apX{to: "10.0.0.10:389", ticket: smtpTicket, carrier: "ldap"}, 0)
		x.Ending, x.Attempt.Result.Outcome = decode.OK, decode.Accepted
		s.c.Exchange(x)
		s.c.Session(&decode.Session{Client: x.Client, Server: x.Server, SidesKnown: true, Carrier: "ldap", Begin: x.Request.Frame, Ended: decode.MakeFrameID(0, s.frame+2), First: x.Started, Last: s.now,
			BothWays: true, Attempts: []*decode.Attempt{x.Attempt}, End: decode.EndRST, EndFrame: decode.MakeFrameID(0, s.frame+2), AfterAuth: decode.MakeFrameID(0, s.frame+1), CutAfterAuth: cut})
		return s.joined().Findings([]*Rule{wrapFailsAfterAP})
	}
	assert.Empty(t, play(false))
	f := play(true)
	require.Len(t, f, 1)
	assert.Equal(t, Possible, f[0].Confidence)
}

func TestLocator(t *testing.T) {
	ask := func(s *synth, name, target string, code int) {
		s.frame++
		s.now += int64(time.Millisecond)
		id := decode.MakeFrameID(0, s.frame)
		s.c.Sighting(&decode.Sighting{Kind: decode.DNSAnswer, Frame: id, Frames: []decode.FrameID{id}, Time: s.now, Src: netip.AddrPortFrom(dc1IP, 53), Dst: netip.AddrPortFrom(mailboxIP, 5353), Name: name, Target: target, Code: code})
	}
	away := func(s *synth, name string, server netip.Addr) {
		s.frame++
		s.now += int64(time.Millisecond)
		id := decode.MakeFrameID(0, s.frame)
		s.c.Sighting(&decode.Sighting{Kind: decode.ICMPError, Frame: id, Frames: []decode.FrameID{id}, Time: s.now, Src: netip.AddrPortFrom(mailboxIP, 5353), Dst: netip.AddrPortFrom(server, 53), Transport: decode.UDP, Name: name, Count: 1, BothWays: true, Code: 3<<8 | 3})
	}
	told := func(s *synth, name string) {
		s.frame++
		s.now += int64(time.Millisecond)
		id := decode.MakeFrameID(0, s.frame)
		s.c.Sighting(&decode.Sighting{Kind: decode.DNSAnswer, Frame: id, Frames: []decode.FrameID{id}, Time: s.now, Src: netip.AddrPortFrom(dc1IP, 53), Dst: netip.AddrPortFrom(mailboxIP, 5353), Name: name, Addrs: []netip.Addr{dc2IP}})
	}
	const srv = "_kerberos._udp.contoso.com"
	runRuleCases(t, []ruleCase{
		{"the DNS server is not there", func(s *synth) { away(s, srv, dc1IP) }, want{"dc-locator-trouble note likely"}},
		{"one DNS server is not there, another answers", func(s *synth) {
			away(s, srv, dc2IP)
			ask(s, srv, "dc1.contoso.com", 0)
		}, want{"-dc-locator-trouble"}},
		{"the client knows its KDC otherwise", func(s *synth) {
			away(s, srv, dc2IP)
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, ticket: tgt1})
		}, want{"-dc-locator-trouble"}},
		{"what was asked was cut off", func(s *synth) { away(s, "", dc1IP) }, want{"-dc-locator-trouble"}},
		{"no such name", func(s *synth) {
			ask(s, "_kerberos._udp.contoso.com", "", 3)
			ask(s, "_kerberos._tcp.contoso.com", "", 3)
		}, want{"dc-locator-trouble note likely"}},
		{"one of two names", func(s *synth) {
			ask(s, "_kerberos._tcp.Site1._sites.dc._msdcs.contoso.com", "", 3)
			ask(s, "_kerberos._tcp.contoso.com", "dc1.contoso.com", 0)
		}, want{"-dc-locator-trouble"}},
		{"names of other things", func(s *synth) {
			ask(s, "_kerberos-master._udp.contoso.com", "", 3)
			ask(s, "_kerberos.contoso.com", "", 3)
			ask(s, "www.contoso.com", "", 3)
		}, want{"-dc-locator-trouble"}},
		{"the KDC that SRV names has no address", func(s *synth) {
			ask(s, srv, "dc9.contoso.com", 0)
			ask(s, "dc9.contoso.com", "", 3)
		}, want{"dc-locator-trouble note likely"}},
		{"no such name for AAAA, an address for A", func(s *synth) {
			ask(s, srv, "dc9.contoso.com", 0)
			ask(s, "dc9.contoso.com", "", 3)
			told(s, "dc9.contoso.com")
		}, want{"-dc-locator-trouble"}},
		{"no AAAA record, an address for A", func(s *synth) {
			ask(s, srv, "dc9.contoso.com", 0)
			ask(s, "dc9.contoso.com", "", 0)
			told(s, "dc9.contoso.com")
		}, want{"-dc-locator-trouble"}},
		{"one DNS server fails, another tells the address", func(s *synth) {
			ask(s, srv, "dc9.contoso.com", 0)
			ask(s, "dc9.contoso.com", "", 2)
			away(s, "dc9.contoso.com", dc2IP)
			told(s, "dc9.contoso.com")
		}, want{"-dc-locator-trouble"}},
		{"only ICMP for the KDC's name", func(s *synth) {
			ask(s, srv, "dc9.contoso.com", 0)
			away(s, "DC9.contoso.com", dc2IP)
		}, want{"dc-locator-trouble note likely"}},
		{"no address, and Kerberos all the same", func(s *synth) {
			ask(s, srv, "dc9.contoso.com", 0)
			ask(s, "dc9.contoso.com", "", 3)
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, ticket: tgt1})
		}, want{"-dc-locator-trouble"}},
		{"a search suffix behind the KDC's name", func(s *synth) {
			ask(s, srv, "dc9.contoso.com", 0)
			ask(s, "dc9.contoso.com.contoso.com", "", 3)
			ask(s, "dc9", "", 3)
		}, want{"-dc-locator-trouble"}},
		{"a name that nothing makes a KDC's", func(s *synth) {
			ask(s, "www.contoso.com", "", 3)
			away(s, "www.contoso.com", dc1IP)
		}, want{"-dc-locator-trouble"}},
		{"a KDC that others use", func(s *synth) {
			s.dns("dc1.contoso.com", dc1IP)
			s.as(kdcX{from: hubIP, client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, ticket: tgt1})
			ask(s, "dc1.contoso.com", "", 2)
		}, want{"dc-locator-trouble note likely"}},
		{"the domain's own name, for which there is no AAAA server", func(s *synth) {
			s.dns("contoso.com", dc1IP)
			s.as(kdcX{from: hubIP, client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, ticket: tgt1})
			ask(s, "contoso.com", "", 2)
		}, want{"-dc-locator-trouble"}},
		{"the host that DNS names is dead", func(s *synth) {
			ask(s, "_kerberos._tcp.contoso.com", "dc2.contoso.com", 0)
			s.dns("dc2.contoso.com", dc2IP)
			s.as(kdcX{client: "alice", kdc: dc2IP, list: windowsList, silent: true, resent: 2, udp: true})
		}, want{"dc-locator-trouble note likely", "kdc-unreachable error certain"}},
	})
}

func TestDoubleHop(t *testing.T) {
	play := func(wait time.Duration, forwarded uint32) map[string][]Finding {
		s := newSynth(t)
		s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, ticket: tgt1})
		web := tkt{httpSPN, 18, 5, "web"}
		s.tgs(kdcX{client: "alice", list: windowsList, ticket: web})
		if forwarded != 0 {
			s.tgs(kdcX{client: "alice", list: windowsList, sname: tgt1.sname, ticket: tkt{tgt1.sname, 18, 2, "fwd"}, options: forwarded})
		}
		s.ap(apX{to: "10.0.0.20:80", ticket: web, carrier: "http"})
		s.later(wait)
		s.frame++
		id := decode.MakeFrameID(0, s.frame)
		s.c.Session(&decode.Session{Client: netip.AddrPortFrom(hubIP, 50000), Server: netip.MustParseAddrPort("10.0.0.77:445"), SidesKnown: true, Carrier: "smb2", Begin: id, Ended: id, First: s.now, Last: s.now, BothWays: true, Anonymous: id})
		return s.found()
	}
	f := play(time.Second, 0)["delegation-not-forwarded"]
	require.Len(t, f, 1)
	assert.Equal(t, Possible, f[0].Confidence)
	assert.Equal(t, Note, f[0].Severity)
	assert.Empty(t, play(time.Minute, 0)["delegation-not-forwarded"], "long after")
	assert.Empty(t, play(time.Second, 0x60810000)["delegation-not-forwarded"], "a TGT was forwarded")
}

func TestMutualAuth(t *testing.T) {
	play := func(carrier string) []Finding {
		s := newSynth(t)
		x := s.apExchange(apX{to: "10.0.0.20:445", ticket: smtpTicket, carrier: carrier}, 0)
		x.Ending, x.Attempt.Result.Outcome = decode.OK, decode.Accepted
		s.c.Exchange(x)
		return s.found()["mutual-auth-missing"]
	}
	f := play("smb2")
	require.Len(t, f, 1)
	assert.Equal(t, Warning, f[0].Severity)
	assert.Equal(t, Possible, f[0].Confidence)
	assert.Empty(t, play("http"))
}

func TestPasswordChangeRefused(t *testing.T) {
	play := func(e decode.Ending) []Finding {
		s := newSynth(t)
		s.port++
		from, to := netip.AddrPortFrom(mailboxIP, s.port), netip.AddrPortFrom(dc1IP, 464)
		x := &decode.Exchange{Kind: decode.Password, Client: from, Server: to, Transport: decode.TCP, Carrier: []string{"kpasswd"}, BothWays: true, Ending: e}
		x.Request = s.message(apReq(tkt{"kadmin/changepw", 18, 1, "pw"}, 18, s.serial()), from, to, decode.TCP, x.Carrier)
		x.Reply = s.message(apRep(18, s.serial()), to, from, decode.TCP, x.Carrier)
		s.exchange(x, x.Request, x.Reply)
		return s.found()["password-change"]
	}
	f := play(decode.OK)
	require.Len(t, f, 1)
	assert.Equal(t, Note, f[0].Severity)
	f = play(decode.Denied)
	require.Len(t, f, 1)
	assert.Equal(t, Error, f[0].Severity)
	assert.Contains(t, f[0].Summary, "refused the password change")
}
