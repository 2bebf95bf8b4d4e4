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
	"kerbscope/decode/krb5"
)

func TestTransportRules(t *testing.T) {
	runRuleCases(t, []ruleCase{
		{"nothing answers", func(s *synth) {
			s.as(kdcX{list: windowsList, silent: true, resent: 2, udp: true})
			s.sighting(decode.SYNUnanswered, dc1IP, 3)
		}, want{"kdc-unreachable error certain", "-kdc-failover", "-kdc-udp-unanswered"}},
		{"the connection is refused", func(s *synth) {
			s.sighting(decode.SYNRefused, dc1IP, 2)
		}, want{"kdc-unreachable error certain"}},
		{"one SYN of one direction proves nothing", func(s *synth) {
			s.sighting(decode.SYNUnanswered, dc1IP, 1)
		}, want{"-kdc-unreachable"}},
		{"a KDC that answers", func(s *synth) {
			s.as(kdcX{list: windowsList, hint: []int32{18, 23}, preauth: 18})
			issue(s, smtpTicket)
		}, want{"-kdc-unreachable", "-kdc-failover", "-kdc-slow", "-client-offers-no-aes", "-rc4-in-use"}},
		{"a lone datagram without an answer", func(s *synth) {
			s.as(kdcX{list: windowsList, silent: true, udp: true})
		}, want{"-kdc-unreachable", "-kdc-failover"}},
		{"the answer was out of view: the client uses the ticket", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: smtpSPN, silent: true, resent: 1})
			s.ap(apX{to: hub25, ticket: smtpTicket})
		}, want{"-kdc-unreachable"}},
		{"the next KDC answers", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, silent: true, resent: 1, udp: true})
			s.later(5 * time.Second)
			s.as(kdcX{client: "alice", kdc: dc2IP, list: windowsList, udp: true})
		}, want{"kdc-failover warning certain", "-kdc-unreachable"}},
		{"both asked at once", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, silent: true, udp: true})
			s.as(kdcX{client: "alice", kdc: dc2IP, list: windowsList, udp: true})
		}, want{"-kdc-failover", "-kdc-unreachable"}},
		{"the same KDC answers over TCP", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, silent: true, resent: 1, udp: true})
			s.later(2 * time.Second)
			s.as(kdcX{client: "alice", list: windowsList})
		}, want{"kdc-udp-unanswered warning certain", "-kdc-unreachable", "-kdc-failover"}},
		{"the same exchange goes on over TCP", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, unheard: time.Second})
		}, want{"kdc-udp-unanswered warning certain", "-kdc-unreachable", "-kdc-failover"}},
		{"nobody answers, over TCP neither", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, unheard: time.Second, silent: true, resent: 1})
		}, want{"kdc-unreachable error certain", "-kdc-udp-unanswered"}},
		{"UDP is answered: too big", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, unheard: time.Second, tooBig: true})
		}, want{"-kdc-udp-unanswered"}},
		{"UDP is answered in between", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, silent: true, resent: 1, udp: true})
			s.later(time.Second)
			s.as(kdcX{client: "bob", list: windowsList, code: 6, udp: true})
			s.later(time.Second)
			s.as(kdcX{client: "alice", list: windowsList})
		}, want{"-kdc-udp-unanswered"}},
		{"one of the KDC's addresses is silent", func(s *synth) {
			v6 := netip.MustParseAddr("fd00::10")
			s.dns("dc1.contoso.com", dc1IP)
			s.dns("dc1.contoso.com", v6)
			s.as(kdcX{kdc: v6, client: "alice", list: windowsList, silent: true, resent: 1, udp: true})
			s.later(time.Second)
			s.as(kdcX{client: "bob", list: windowsList, code: 6, udp: true})
			s.as(kdcX{client: "alice", list: windowsList})
		}, want{"kdc-failover warning certain", "-kdc-udp-unanswered", "-kdc-unreachable"}},
		{"UDP and TCP at once", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, unheard: 50 * time.Millisecond})
		}, want{"-kdc-udp-unanswered"}},
		{"the receiver tells of lost fragments", func(s *synth) {
			s.icmp(dc1IP, 11, 1)
			s.as(kdcX{list: windowsList})
		}, want{"udp-fragments-lost warning certain", "-kdc-unreachable"}},
		{"TCP is blocked", func(s *synth) {
			s.as(kdcX{list: windowsList, udp: true, tooBig: true})
			s.sighting(decode.SYNUnanswered, dc1IP, 3)
		}, want{"tcp-88-blocked error certain"}},
		{"TCP is refused, at the KDC's other address too", func(s *synth) {
			v6 := netip.MustParseAddr("fd00::10")
			s.dns("dc1.contoso.com", dc1IP)
			s.dns("dc1.contoso.com", v6)
			s.as(kdcX{list: windowsList, udp: true, tooBig: true})
			s.sighting(decode.SYNRefused, dc1IP, 1)
			s.sighting(decode.SYNRefused, v6, 1)
		}, want{"tcp-88-blocked error certain", "-kdc-unreachable"}},
		{"TCP not in view", func(s *synth) {
			s.as(kdcX{list: windowsList, udp: true, tooBig: true})
		}, want{"-tcp-88-blocked"}},
		{"too big, then TCP", func(s *synth) {
			s.as(kdcX{list: windowsList, udp: true, tooBig: true})
			s.as(kdcX{list: windowsList})
		}, want{"-tcp-88-blocked"}},
		{"fragments lost and requests repeated", func(s *synth) {
			s.sighting(decode.FragmentsLost, dc1IP, 1)
			s.as(kdcX{list: windowsList, udp: true, silent: true, resent: 1})
		}, want{"udp-fragments-lost error certain"}},
		{"fragments that a filter left out", func(s *synth) {
			s.sighting(decode.FragmentsLost, dc1IP, 1)
			s.as(kdcX{list: windowsList, udp: true})
		}, want{"udp-fragments-lost note certain", "-kdc-unreachable"}},
		{"slow", func(s *synth) {
			for range 3 {
				s.as(kdcX{list: windowsList, took: 1500 * time.Millisecond})
			}
		}, want{"kdc-slow warning certain"}},
		{"a little slow", func(s *synth) {
			for range 3 {
				s.as(kdcX{list: windowsList, took: 400 * time.Millisecond})
			}
		}, want{"kdc-slow note certain"}},
		{"twice is not often", func(s *synth) {
			for range 2 {
				s.as(kdcX{list: windowsList, took: 1500 * time.Millisecond})
			}
		}, want{"-kdc-slow"}},
		{"one slow among many", func(s *synth) {
			s.as(kdcX{list: windowsList, took: 3 * time.Second})
			for range 4 {
				s.as(kdcX{list: windowsList})
			}
		}, want{"-kdc-slow"}},
		{"the user thinks between error and logon", func(s *synth) {
			for range 3 {
				s.as(kdcX{list: windowsList, hint: []int32{18, 23}, preauth: 18})
				s.later(5 * time.Second)
			}
		}, want{"-kdc-slow"}},
	})
}

func TestClockRules(t *testing.T) {
	hint := []int32{18, 23}
	runRuleCases(t, []ruleCase{
		{"the KDC refuses, and healed", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, preauth: 18, code: 37})
			s.as(kdcX{client: "alice", list: windowsList, preauth: 18})
		}, want{"clock-skew-recovered note certain", "-clock-skew"}},
		{"healed, and whose refusal it was is not in view", func(s *synth) {
			s.errorAlone(37, "")
			s.as(kdcX{client: "bob", list: windowsList, preauth: 18})
		}, want{"clock-skew-recovered note likely", "-clock-skew"}},
		{"healed, one surely, of another it is not in view", func(s *synth) {
			s.errorAlone(37, "")
			s.as(kdcX{client: "bob", list: windowsList, preauth: 18, code: 37})
			s.as(kdcX{client: "bob", list: windowsList, preauth: 18})
		}, want{"clock-skew-recovered note certain", "-clock-skew"}},
		{"the KDC refuses", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: hint, preauth: 18, code: 37})
		}, want{"clock-skew error likely", "-clock-skew-recovered"}},
		{"all clocks agree", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: hint, preauth: 18})
			s.ap(apX{to: hub25, ticket: smtpTicket})
		}, want{"-clock-skew", "-clock-skew-recovered"}},
	})

	t.Run("the service is off", func(t *testing.T) {
		s := newSynth(t)
		s.as(kdcX{client: "alice", list: windowsList, hint: hint, preauth: 18})
		s.ap(apX{to: hub25, ticket: smtpTicket, code: 37, stime: 10 * time.Minute})
		f := s.found()["clock-skew"]
		require.Len(t, f, 1)
		require.Len(t, f[0].FaultAt, 1)
		assert.Equal(t, hubIP.String(), f[0].FaultAt[0].Endpoint.Address)
		assert.Contains(t, f[0].Summary, "10 min ahead of")
	})
	t.Run("the client is off", func(t *testing.T) {
		s := newSynth(t)
		s.as(kdcX{kdc: dc2IP, client: "bob", from: hubIP, list: windowsList, hint: hint, preauth: 18})
		s.as(kdcX{client: "alice", list: windowsList, hint: hint, preauth: 18, code: 37, ctime: -time.Hour})
		f := s.found()["clock-skew"]
		require.Len(t, f, 1)
		require.Len(t, f[0].FaultAt, 1)
		assert.Equal(t, mailboxIP.String(), f[0].FaultAt[0].Endpoint.Address)
		assert.Contains(t, f[0].Summary, "1 hour (a time zone mistake?) behind")
	})
	t.Run("nobody to ask", func(t *testing.T) {
		s := newSynth(t)
		s.ap(apX{to: hub25, ticket: smtpTicket, code: 37, stime: 10 * time.Minute})
		f := s.found()["clock-skew"]
		require.Len(t, f, 1)
		assert.Empty(t, f[0].FaultAt)
	})
}

func TestAccountRules(t *testing.T) {
	runRuleCases(t, []ruleCase{
		{"unknown", func(s *synth) { s.as(kdcX{client: "nobody", list: windowsList, code: 6}) },
			want{"client-unknown error certain"}},
		{"unknown here, known there at once", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, code: 6})
			s.as(kdcX{client: "alice", kdc: dc2IP, list: windowsList})
		}, want{"client-unknown note certain", "kdcs-disagree warning certain"}},
		{"unknown here, known there later", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, code: 6})
			s.later(time.Minute)
			s.as(kdcX{client: "alice", kdc: dc2IP, list: windowsList})
		}, want{"client-unknown note certain", "kdcs-disagree warning certain"}},
		{"disabled, says the NTSTATUS", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, code: 18, status: 0xC0000072})
		}, want{"client-revoked error certain"}},
		{"locked out, says the text", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, code: 18, etext: "LOCKED_OUT"})
		}, want{"client-revoked error certain"}},
		{"revoked, nobody says why", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, code: 18})
		}, want{"client-revoked error likely"}},
		{"MIT: the entry expired", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, code: 1, etext: "CLIENT EXPIRED"})
		}, want{"client-revoked error certain"}},
		{"password expired", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, code: 23, status: 0xC0000071})
		}, want{"password-expired error certain"}},
		{"a ticket for kadmin/changepw is half the way", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, code: 23})
			s.as(kdcX{client: "alice", sname: "kadmin/changepw", list: windowsList, ticket: tkt{"kadmin/changepw", 18, 1, "cp"}})
		}, want{"password-expired error certain"}},
		{"password expired and changed", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, code: 23})
			s.as(kdcX{client: "alice", list: windowsList})
		}, want{"password-expired note certain"}},
		{"wrong password", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18, 23}, preauth: 18, code: 24, info2: []int32{18, 23}})
		}, want{"preauth-failed error certain", "-preauth-failed-recovered"}},
		{"old MIT says 31", func(s *synth) {
			s.as(kdcX{client: "alice", list: aesList, hint: []int32{18}, preauth: 18, code: 31})
		}, want{"preauth-failed error likely"}},
		{"60 with a text", func(s *synth) {
			s.as(kdcX{client: "alice", list: aesList, preauth: 18, code: 60, etext: "Preauth failed"})
		}, want{"preauth-failed error likely"}},
		{"60 with another text", func(s *synth) {
			s.as(kdcX{client: "alice", list: aesList, preauth: 18, code: 60, etext: "database locked"})
		}, want{"-preauth-failed"}},
		{"a typing error", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, preauth: 18, code: 24})
			s.later(3 * time.Second)
			s.as(kdcX{client: "alice", list: windowsList, preauth: 18})
		}, want{"preauth-failed-recovered note certain", "-preauth-failed"}},
		{"another user's success heals nothing", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, preauth: 18, code: 24})
			s.as(kdcX{client: "bob", list: windowsList, preauth: 18})
		}, want{"preauth-failed error certain", "-preauth-failed-recovered"}},
		{"the request is not in view, the error names another account than the success", func(s *synth) {
			s.errorAlone(24, "alice")
			s.as(kdcX{client: "bob", list: windowsList, preauth: 18})
		}, want{"preauth-failed error certain", "-preauth-failed-recovered"}},
		{"the request is not in view, the error names the account of the success", func(s *synth) {
			s.errorAlone(24, "alice")
			s.as(kdcX{client: "alice", list: windowsList, preauth: 18})
		}, want{"preauth-failed-recovered note certain", "-preauth-failed"}},
		{"whose the failure was is not in view", func(s *synth) {
			s.errorAlone(24, "")
			s.as(kdcX{client: "bob", list: windowsList, preauth: 18})
		}, want{"preauth-failed-recovered note possible", "-preauth-failed"}},
		{"PREAUTH_REQUIRED is a step", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18, 23}, preauth: 18})
		}, want{"-preauth-failed", "-preauth-failed-recovered"}},
	})
	t.Run("many unknown names are one finding", func(t *testing.T) {
		s := newSynth(t)
		for i := range 12 {
			s.as(kdcX{client: fmt.Sprint("guess", i), list: windowsList, code: 6})
		}
		f := s.found()["client-unknown"]
		require.Len(t, f, 1)
		assert.Contains(t, f[0].Summary, "12 names")
	})
	t.Run("it works from another host", func(t *testing.T) {
		for from, told := range map[netip.Addr]bool{hubIP: true, mailboxIP: false} {
			s := newSynth(t)
			s.as(kdcX{from: from, client: "svc", list: windowsList, preauth: 18})
			s.later(time.Minute)
			s.as(kdcX{client: "svc", list: windowsList, preauth: 18, code: 24})
			f := s.found()["preauth-failed"]
			require.Len(t, f, 1)
			assert.Equal(t, told, strings.Contains(f[0].Cause, "the same account logged on"), f[0].Cause)
		}
	})
	t.Run("RC4 works where AES fails: the salt", func(t *testing.T) {
		s := newSynth(t)
		s.as(kdcX{client: "svc", list: windowsList, hint: []int32{18, 23}, preauth: 18, code: 24})
		s.later(time.Minute)
		s.as(kdcX{client: "svc", list: rc4List, hint: []int32{23}, preauth: 23, reply: 23})
		f := s.found()["preauth-failed"]
		require.Len(t, f, 1)
		assert.Contains(t, f[0].Cause, "salt")
	})
}

func TestTruncatedCapture(t *testing.T) {
	raw := apReq(smtpTicket, 18, 1)
	cut, _ := krb5.Parse(raw[:len(raw)/2])
	require.True(t, cut.Truncated)
	for truncated, want := range map[uint64]int{0: 0, 3: 1} {
		s := newSynth(t)
		id := decode.MakeFrameID(0, 7)
		s.c.Message(&decode.Message{Frame: id, Frames: []decode.FrameID{id}, Time: s.now, Krb: &cut})
		c := Join([]*Case{s.c}, JoinOptions{
			Captures: []CaptureFacts{{Name: "synth.pcap", First: s.now, Last: s.now, Truncated: truncated, Stats: decode.Stats{CutPayloads: truncated}}},
			Part:     []int{0},
		})
		list := c.Findings([]*Rule{RuleByID("truncated-capture")})
		require.Len(t, list, want)
		for _, f := range list {
			assert.Equal(t, Note, f.Severity)
			assert.Equal(t, uint64(7), f.Evidence[0].Frame)
			assert.Equal(t, "3 packets of Kerberos connections were cut short when they were captured: synth.pcap.", f.Summary)
		}
	}
}

func TestStepsOfALogon(t *testing.T) {
	runRuleCases(t, []ruleCase{
		{"a UPN unknown, and another account logs on", func(s *synth) {
			s.as(kdcX{client: "alice@contoso.com", list: windowsList, code: 6})
			s.as(kdcX{client: "bob", list: windowsList, hint: []int32{18}, preauth: 18})
		}, want{"client-unknown error certain"}},
		{"a UPN unknown, and the account logs on elsewhere", func(s *synth) {
			s.as(kdcX{client: "alice@contoso.com", list: windowsList, code: 6})
			s.as(kdcX{from: hubIP, client: "alice", list: windowsList, hint: []int32{18}, preauth: 18})
		}, want{"client-unknown error certain"}},
		{"the account's name, and only later a UPN unknown", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18})
			s.as(kdcX{client: "alice@contoso.com", list: windowsList, code: 6})
		}, want{"client-unknown error certain"}},
		{"a renewal too late, and no logon", func(s *synth) {
			s.logon()
			s.tgs(kdcX{list: windowsList, options: krb5.KDCRenew, sname: tgt1.sname, code: 32})
		}, want{"ticket-expired error certain"}},
		{"a ticket for a service refused as expired, and a logon", func(s *synth) {
			s.logon()
			s.tgs(kdcX{list: windowsList, sname: httpSPN, code: 32})
			s.as(kdcX{list: windowsList, hint: []int32{18}, preauth: 18})
		}, want{"ticket-expired error certain"}},
	})
}

func TestReplicationAtWork(t *testing.T) {
	next := tkt{smtpSPN, 18, 6, "b"}
	runRuleCases(t, []ruleCase{
		{"the other DC follows", func(s *synth) {
			s.tgs(kdcX{list: windowsList, ticket: next})
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, ticket: smtpTicket})
			s.ap(apX{to: hub25, ticket: smtpTicket})
			s.later(time.Minute)
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, ticket: tkt{smtpSPN, 18, 6, "c"}})
		}, want{"kdcs-disagree note certain"}},
		{"it follows an hour later", func(s *synth) {
			s.tgs(kdcX{list: windowsList, ticket: next})
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, ticket: smtpTicket})
			s.later(time.Hour)
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, ticket: tkt{smtpSPN, 18, 6, "c"}})
		}, want{"kdcs-disagree warning certain"}},
		{"it follows, and its old ticket was refused", func(s *synth) {
			s.tgs(kdcX{list: windowsList, ticket: next})
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, ticket: smtpTicket})
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 44})
			s.later(time.Minute)
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, ticket: tkt{smtpSPN, 18, 6, "c"}})
		}, want{"kdcs-disagree error certain"}},
		{"nothing shows that it follows", func(s *synth) {
			s.tgs(kdcX{list: windowsList, ticket: next})
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, ticket: smtpTicket})
		}, want{"kdcs-disagree warning certain"}},
	})
}

func TestServiceLookupRules(t *testing.T) {
	runRuleCases(t, []ruleCase{
		{"unknown", func(s *synth) { s.tgs(kdcX{list: windowsList, sname: httpSPN, code: 7}) },
			want{"spn-unknown error certain"}},
		{"a probe by short name", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: "HTTP/hub-1", code: 7})
			issue(s, tkt{httpSPN, 18, 5, "w"})
		}, want{"spn-unknown note certain"}},
		{"an alias, and minutes later a connection to the host itself", func(s *synth) {
			s.dns("www.contoso.com", hubIP)
			s.dns("hub-1.contoso.com", hubIP)
			s.tgs(kdcX{list: windowsList, sname: "HTTP/www.contoso.com", code: 7})
			s.later(time.Minute)
			issue(s, tkt{httpSPN, 18, 5, "w"})
		}, want{"spn-unknown error certain"}},
		{"an alias, after a connection to the host itself", func(s *synth) {
			s.dns("www.contoso.com", hubIP)
			s.dns("hub-1.contoso.com", hubIP)
			issue(s, tkt{httpSPN, 18, 5, "w"})
			s.tgs(kdcX{list: windowsList, sname: "HTTP/www.contoso.com", code: 7})
		}, want{"spn-unknown error certain"}},
		{"an alias of another host", func(s *synth) {
			s.dns("www.contoso.com", hub2IP)
			s.dns("hub-1.contoso.com", hubIP)
			s.tgs(kdcX{list: windowsList, sname: "HTTP/www.contoso.com", code: 7})
			issue(s, tkt{httpSPN, 18, 5, "w"})
		}, want{"spn-unknown error certain"}},
		{"another port is another instance", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: "MSSQLSvc/hub-1.contoso.com:51433", code: 7})
			issue(s, tkt{"MSSQLSvc/hub-1.contoso.com:1433", 18, 5, "w"})
		}, want{"spn-unknown error certain"}},
		{"a probe without port", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: "MSSQLSvc/hub-1.contoso.com:1433", code: 7})
			issue(s, tkt{"MSSQLSvc/hub-1.contoso.com", 18, 5, "w"})
		}, want{"spn-unknown note certain"}},
		{"MIT's KDC does not have the trust's kvno", func(s *synth) {
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, sname: httpSPN, tgt: tkt{"krbtgt/OTHER.COM", 18, 2, "x"}, code: 60, etext: "PROCESS_TGS"})
		}, want{"tgt-undecryptable error likely", "-krb-error"}},
		{"another generic error", func(s *synth) {
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, sname: httpSPN, code: 60, etext: "LOOKING_UP_SERVER"})
		}, want{"krb-error error certain", "-tgt-undecryptable"}},
		{"the success of another service heals nothing", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: httpSPN, code: 7})
			issue(s, smtpTicket)
		}, want{"spn-unknown error certain"}},
		{"known at the other KDC", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: httpSPN, code: 7})
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, ticket: tkt{httpSPN, 18, 5, "w"}})
		}, want{"spn-unknown note certain", "kdcs-disagree warning certain"}},
		{"a realm that is not there is no SPN", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: "krbtgt/OTHER.COM", code: 7})
		}, want{"-spn-unknown"}},
		{"two accounts", func(s *synth) { s.tgs(kdcX{list: windowsList, sname: httpSPN, code: 8}) },
			want{"duplicate-spn error certain", "-spn-unknown"}},
		{"user-to-user, and done", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: "alice", code: 27})
			s.tgs(kdcX{list: windowsList, ticket: tkt{"alice", 18, 1, "u"}, options: krb5.KDCEncTktInSkey})
		}, want{"user-to-user-required note certain"}},
		{"user-to-user, and no", func(s *synth) { s.tgs(kdcX{list: windowsList, sname: "alice", code: 27}) },
			want{"user-to-user-required warning certain"}},
		{"the KDC cannot open the TGT", func(s *synth) {
			s.as(kdcX{list: windowsList, ticket: tgt1})
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, sname: httpSPN, code: 44})
		}, want{"tgt-undecryptable error certain", "-acceptor-lacks-key", "-key-mismatch"}},
		{"the TGT is fine", func(s *synth) {
			s.as(kdcX{list: windowsList, ticket: tgt1})
			issue(s, smtpTicket)
		}, want{"-tgt-undecryptable"}},
		{"a password change", func(s *synth) {
			x := s.ap(apX{to: "10.0.0.10:464", ticket: tkt{"kadmin/changepw", 18, 1, "cp"}, carrier: "kpasswd"})
			y := *x
			y.Kind = decode.Password
			s.c.Exchange(&y)
		}, want{"password-change note likely"}},
	})
	t.Run("a trust is told from replication", func(t *testing.T) {
		s := newSynth(t)
		s.tgs(kdcX{kdc: dc2IP, list: windowsList, sname: httpSPN, tgt: tkt{"krbtgt/OTHER.COM", 18, 2, "x"}, code: 31})
		f := s.found()["tgt-undecryptable"]
		require.Len(t, f, 1)
		assert.Contains(t, f[0].Cause, "two sides of that trust")
		assert.Contains(t, f[0].Fix[1], "krbtgt/OTHER.COM@CONTOSO.COM")
	})
	t.Run("a locked service is there", func(t *testing.T) {
		s := newSynth(t)
		s.tgs(kdcX{list: windowsList, sname: httpSPN, code: 7, etext: "SERVER LOCKED OUT"})
		f := s.found()["spn-unknown"]
		require.Len(t, f, 1)
		assert.Contains(t, f[0].Cause, "there and locked")
		assert.NotContains(t, f[0].Summary, "knows no account")
		issue(s, tkt{httpSPN, 18, 5, "w"}) // unlocked
		f = s.found()["spn-unknown"]
		require.Len(t, f, 1)
		assert.Equal(t, Note, f[0].Severity)
		assert.NotContains(t, f[0].Summary, "knows no account")
	})
	t.Run("DNS made the name", func(t *testing.T) {
		for alias, told := range map[string]string{"mail.contoso.com": "DNS led from", "20.0.0.10.in-addr.arpa": "reverse record", "hub-1": "", "_smtp._tcp.contoso.com": ""} {
			s := newSynth(t)
			id := decode.MakeFrameID(0, 1)
			s.c.Sighting(&decode.Sighting{Kind: decode.DNSAnswer, Frame: id, Frames: []decode.FrameID{id}, Time: s.now, Src: netip.AddrPortFrom(dc1IP, 53),
				Dst: netip.AddrPortFrom(mailboxIP, 50000), Name: alias, Target: "hub-1.contoso.com", Addrs: []netip.Addr{hubIP}})
			s.frame++
			s.tgs(kdcX{list: windowsList, sname: httpSPN, code: 7})
			f := s.found()["spn-unknown"]
			require.Len(t, f, 1)
			assert.Contains(t, f[0].Cause, told)
			if told == "" {
				assert.NotContains(t, f[0].Cause, "DNS led from")
				assert.NotContains(t, f[0].Cause, "reverse record")
			}
		}
	})
	t.Run("an address is no name", func(t *testing.T) {
		s := newSynth(t)
		s.tgs(kdcX{list: windowsList, sname: "cifs/10.0.0.20", code: 7})
		f := s.found()["spn-unknown"]
		require.Len(t, f, 1)
		assert.Contains(t, f[0].Cause, "IP address")
		assert.Contains(t, f[0].Fix[0], "setspn -Q cifs/10.0.0.20")
	})
	assert.True(t, isAddress("[fe80::1]"))
	assert.False(t, isAddress("hub-1"))
	assert.Equal(t, netip.MustParseAddr("10.0.0.20"), hubIP)
}

func TestPasswordChangeUnanswered(t *testing.T) {
	for _, later := range []bool{false, true} {
		s := newSynth(t)
		x := s.ap(apX{to: "10.0.0.10:464", ticket: tkt{"kadmin/changepw", 18, 1, "cp"}, carrier: "kpasswd", silent: true})
		y := *x
		y.Kind, y.Resent = decode.Password, 2
		s.c.Exchange(&y)
		if later { // over TCP, say
			x = s.ap(apX{to: "10.0.0.10:464", ticket: tkt{"kadmin/changepw", 18, 1, "cp"}, carrier: "kpasswd"})
			z := *x
			z.Kind = decode.Password
			s.c.Exchange(&z)
		}
		f := s.found()["kdc-unreachable"]
		if later {
			assert.Empty(t, f)
			continue
		}
		require.Len(t, f, 1)
		assert.EqualValues(t, 3, f[0].Count)
		assert.Contains(t, f[0].Summary, "port 464")
	}
}

// Who locks an account may be another host than the one that is refused then.
func TestLockedFromElsewhere(t *testing.T) {
	for status, linked := range map[uint32]bool{0xC0000234: true, 0xC0000072: false} {
		s := newSynth(t)
		for range 3 {
			s.as(kdcX{from: hubIP, client: "bob", list: windowsList, preauth: 18, code: 24})
		}
		s.as(kdcX{client: "bob", list: windowsList, preauth: 18, code: 18, status: status})
		s.as(kdcX{from: hub2IP, client: "bob", list: windowsList, preauth: 18, code: 18, status: status})
		found := s.found()
		require.Len(t, found["client-revoked"], 1)
		f := found["client-revoked"][0]
		assert.Contains(t, f.Summary, "twice")
		require.Len(t, found["preauth-failed"], 1)
		assert.Equal(t, linked, f.BecauseOf == found["preauth-failed"][0].ID)
		assert.Equal(t, linked, strings.Contains(found["preauth-failed"][0].Cause, "have been locked by this"))
	}
}

// The answer leaves the KDC and does not come to the client.
func TestAnswerLostOnTheWay(t *testing.T) {
	for _, again := range []bool{false, true} {
		s := newSynth(t)
		as := s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, ticket: tkt{tgt1.sname, 18, 2, "lost"}})
		half := *as
		half.Reply, half.Ending, half.BothWays = nil, decode.Unanswered, true
		half.Steps = half.Steps[:len(half.Steps)-1]
		dc, client := newView(0, 0, 0), newView(1, 0, 0)
		dc.see(as, nil)
		client.see(&half, nil)
		if s.later(20 * time.Second); again {
			x := s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18})
			dc.see(x, nil)
			client.see(x, nil)
		}
		f := joinViews(dc, client).Findings([]*Rule{kdcUnreachable})
		require.Len(t, f, 1)
		assert.Equal(t, again, f[0].Severity == Note)
	}
	for _, used := range []bool{false, true} {
		s := newSynth(t)
		as := s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, ticket: tkt{tgt1.sname, 18, 2, "lost"}})
		half := *as
		half.Reply, half.Ending, half.BothWays = nil, decode.Unanswered, true
		half.Steps = half.Steps[:len(half.Steps)-1]
		dc, client := newView(0, 0, 0), newView(1, 0, 0)
		dc.see(as, nil)
		client.see(&half, nil)
		if used {
			x := s.tgs(kdcX{list: windowsList, ticket: smtpTicket, tgt: tkt{tgt1.sname, 18, 2, "lost"}})
			dc.see(x, nil)
			client.see(x, nil)
		}
		f := joinViews(dc, client).Findings([]*Rule{kdcUnreachable})
		if used {
			assert.Empty(t, f)
			continue
		}
		require.Len(t, f, 1)
		assert.Contains(t, f[0].Summary, "did not arrive")
		assert.Contains(t, f[0].Fix[0], "MTU")
	}
}

func TestRealmInSmallLetters(t *testing.T) {
	s := newSynth(t)
	s.as(kdcX{client: "alice", list: windowsList, silent: true, resent: 1})
	f := s.found()["kdc-unreachable"]
	require.Len(t, f, 1)
	assert.Contains(t, f[0].Cause, "does this one serve CONTOSO.COM?")
	assert.NotContains(t, f[0].Cause, "capital letters")
}

// A client with IPv4 and IPv6 that asks the same from both is one client.
func TestSilenceOfBothAddresses(t *testing.T) {
	s := newSynth(t)
	s.as(kdcX{list: windowsList, silent: true, resent: 1, udp: true})
	s.made-- // the same nonce again
	s.as(kdcX{from: netip.MustParseAddr("fd00::30"), kdc: netip.MustParseAddr("fd00::10"), list: windowsList, silent: true, resent: 1, udp: true})
	s.dns("dc1.contoso.com", dc1IP)
	s.dns("dc1.contoso.com", netip.MustParseAddr("fd00::10"))
	f := s.found()["kdc-unreachable"]
	require.Len(t, f, 1)
	assert.Equal(t, uint64(4), f[0].Count)
	assert.Equal(t, mailboxIP.String(), f[0].Subject.ClientIP)

	// Answered later, at the address of one family, is answered.
	s.later(20 * time.Second)
	s.as(kdcX{list: windowsList, udp: true})
	assert.Empty(t, s.found()["kdc-unreachable"])
}

// A password that one KDC refuses and another accepts may not have reached the first.
func TestRecoveredElsewhere(t *testing.T) {
	for kdc, elsewhere := range map[netip.Addr]bool{dc1IP: false, dc2IP: true} {
		s := newSynth(t)
		s.as(kdcX{client: "alice", list: windowsList, preauth: 18, code: 24})
		s.as(kdcX{client: "alice", list: windowsList, preauth: 18, kdc: kdc})
		f := s.found()["preauth-failed-recovered"]
		require.Len(t, f, 1)
		assert.Equal(t, elsewhere, strings.HasSuffix(f[0].Summary, " at "+kdc.String()+"."), f[0].Summary)
		assert.Equal(t, elsewhere, strings.Contains(f[0].Cause, "replication"), f[0].Cause)
	}
}
