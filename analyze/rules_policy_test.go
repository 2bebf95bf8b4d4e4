package analyze

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

func TestPolicyRules(t *testing.T) {
	runRuleCases(t, []ruleCase{
		{"constrained delegation refused", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: smtpSPN, options: krb5.KDCConstrainedDeleg, code: 13, status: 0xC0000272})
		}, want{"delegation-refused error certain", "-krb-error"}},
		{"constrained delegation granted", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: smtpSPN, options: krb5.KDCConstrainedDeleg, ticket: smtpTicket})
		}, want{"-delegation-refused", "-krb-error"}},
		{"a forwarded TGT refused is a step", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: "krbtgt/CONTOSO.COM", options: krb5.KDCForwarded, code: 13})
		}, want{"-delegation-refused", "-krb-error"}},
		{"BADOPTION for no reason that shows is a note", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: smtpSPN, code: 13})
		}, want{"krb-error note certain", "-delegation-refused"}},
		{"policy", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, code: 12, status: 0xC0000070})
		}, want{"krb-error error certain", "-preauth-failed"}},
		{"policy and not a word more, as Heimdal says of a locked account", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, code: 12})
		}, want{"client-revoked error likely", "-krb-error", "-preauth-failed"}},
		{"disabled while logged on", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, ticket: tkt{tgt1.sname, 18, 2, "a1"}})
			s.tgs(kdcX{client: "alice", sname: smtpSPN, list: windowsList, code: 12, tgt: tkt{tgt1.sname, 18, 2, "a1"}})
			s.as(kdcX{client: "alice", list: windowsList, code: 18, status: 0xC0000072})
		}, want{"client-revoked error certain", "-krb-error"}},
		{"one service's policy, and the account disabled only later", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, ticket: tkt{tgt1.sname, 18, 2, "a1"}})
			s.tgs(kdcX{client: "alice", sname: smtpSPN, list: windowsList, code: 12, tgt: tkt{tgt1.sname, 18, 2, "a1"}})
			s.tgs(kdcX{client: "alice", list: windowsList, ticket: tkt{httpSPN, 18, 3, "h1"}, tgt: tkt{tgt1.sname, 18, 2, "a1"}})
			s.as(kdcX{client: "alice", list: windowsList, code: 18, status: 0xC0000072})
		}, want{"client-revoked error certain", "krb-error error certain"}},
		{"deleted while logged on", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, ticket: tkt{tgt1.sname, 18, 2, "a1"}})
			s.tgs(kdcX{client: "alice", sname: smtpSPN, list: windowsList, code: 6, tgt: tkt{tgt1.sname, 18, 2, "a1"}})
		}, want{"client-unknown error certain", "-krb-error"}},
		{"told to preauthenticate, and never does", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, code: 25, info2: []int32{18}})
			s.as(kdcX{client: "alice", list: windowsList, code: 25, info2: []int32{18}})
		}, want{"krb-error note likely"}},
		{"told to preauthenticate once: the password was not typed", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, code: 25, info2: []int32{18}})
		}, want{"-krb-error"}},
		{"a single answer after half a minute", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, took: 30 * time.Second})
		}, want{"kdc-slow warning certain"}},
		{"a service that the KDC needs was away for a moment", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: smtpSPN, code: 29})
			s.tgs(kdcX{list: windowsList, sname: smtpSPN, ticket: smtpTicket})
		}, want{"krb-error note certain"}},
		{"an acceptor's error of its own", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 36})
		}, want{"krb-error error certain", "-key-mismatch"}},
		{"errors that other rules speak about", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, code: 24})
			s.tgs(kdcX{list: windowsList, sname: "smtp/nobody", code: 7})
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 31})
		}, want{"-krb-error"}},
	})
}

// s4u is a request of the hub in a user's name: S4U2Self with the name, or
// S4U2Proxy with the ticket that came of it as evidence.
func (s *synth) s4u(user string, evidence *tkt, t tkt, code int32) {
	x := kdcX{from: hubIP, client: "HUB-1$", list: windowsList, sname: t.sname, ticket: t, code: code}
	from, to, tr := s.ends(&x)
	out := &decode.Exchange{Kind: decode.TGS, Client: from, Server: to, Transport: tr, Carrier: []string{"kdc"}, BothWays: true}
	pa := [][]byte{padata(krb5.PATGSReq, apReq(tgt1, 18, s.serial()))}
	options := uint32(0)
	if user != "" {
		sum := tlv(0x30, tagged(0, integer(-138)), tagged(1, octets(make([]byte, 16))))
		pa = append(pa, padata(krb5.PAForUser, tlv(0x30, tagged(0, name(user)), tagged(1, text(realm)), tagged(2, sum), tagged(3, text("Kerberos")))))
	} else {
		options = krb5.KDCConstrainedDeleg
	}
	body := [][]byte{tagged(0, flags(options)), tagged(2, text(realm)), tagged(3, name(t.sname)), tagged(5, gtime(2e9)), tagged(7, integer(int64(s.serial()))), tagged(8, tlv(0x30, integer(18)))}
	if evidence != nil {
		body = append(body, tagged(11, tlv(0x30, evidence.der())))
	}
	q := s.message(tlv(0x6c, tlv(0x30, tagged(1, integer(5)), tagged(2, integer(12)), tagged(3, tlv(0x30, pa...)), tagged(4, tlv(0x30, body...)))), from, to, tr, out.Carrier)
	s.answer(&x, out, nil, q)
}

// Which user it was, and that another one may be delegated, is in view.
func TestDelegationRefusedForOneUser(t *testing.T) {
	self := func(n string) tkt { return tkt{"HUB-1$", 18, 5, n} }
	for _, other := range []bool{true, false} {
		s := newSynth(t)
		web := tkt{"svc/web.contoso.com", 18, 2, "w"}
		if a := self("alice"); other {
			s.s4u("alice", nil, a, 0)
			s.s4u("", &a, web, 0)
		}
		b := self("bob")
		s.s4u("bob", nil, b, 0)
		s.s4u("", &b, web, 13)
		f := s.found()["delegation-refused"]
		require.Len(t, f, 1)
		assert.Contains(t, f[0].Summary, "in the name of bob@CONTOSO.COM")
		if other {
			assert.Contains(t, f[0].Cause, "sensitive")
			assert.Contains(t, f[0].Fix[0], "Get-ADUser bob")
		} else {
			assert.NotContains(t, f[0].Cause, "sensitive")
		}
	}
}

func TestMended(t *testing.T) {
	refused := func(s *synth) {
		s.as(kdcX{client: "alice", list: windowsList, code: 18, status: 0xC0000234})
		s.later(time.Minute)
	}
	const said = "it was put right in between"
	for _, tc := range []struct {
		name   string
		do     func(*synth)
		mended bool
	}{
		{"granted a minute later", func(s *synth) { s.as(kdcX{client: "alice", list: windowsList}) }, true},
		{"nothing more", func(*synth) {}, false},
		{"another user's", func(s *synth) { s.as(kdcX{client: "bob", list: windowsList}) }, false},
		{"at another KDC", func(s *synth) { s.as(kdcX{client: "alice", kdc: dc2IP, list: windowsList}) }, false},
		{"and refused again", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList})
			s.later(time.Minute)
			s.as(kdcX{client: "alice", list: windowsList, code: 18, status: 0xC0000234})
		}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSynth(t)
			refused(s)
			tc.do(s)
			found := s.found()["client-revoked"]
			require.NotEmpty(t, found)
			assert.Equal(t, tc.mended, strings.Contains(found[0].Cause, said), found[0].Cause)
		})
	}
}

func TestCertificateLogonsUnused(t *testing.T) {
	logon := func(s *synth, tgt tkt) {
		x := kdcX{client: "carol", sname: tgt.sname, list: aesList, ticket: tgt}
		from, to, tr := s.ends(&x)
		out := &decode.Exchange{Kind: decode.AS, Client: from, Server: to, Transport: tr, Carrier: []string{"kdc"}, BothWays: true}
		s.answer(&x, out, nil, s.message(kdcReq(0x6a, 10, x.client, x.sname, 0, s.serial(), x.list, padata(krb5.PAPKASReq, []byte{0x30, 0})), from, to, tr, out.Carrier))
	}
	tgts := []tkt{{tgt1.sname, 18, 2, "c1"}, {tgt1.sname, 18, 2, "c2"}, {tgt1.sname, 18, 2, "c3"}}
	runRuleCases(t, []ruleCase{
		{"three, and none is used", func(s *synth) {
			for _, x := range tgts {
				logon(s, x)
			}
		}, want{"pkinit-failed note possible"}},
		{"two", func(s *synth) {
			logon(s, tgts[0])
			logon(s, tgts[1])
		}, want{"-pkinit-failed"}},
		{"the last is used", func(s *synth) {
			for _, x := range tgts {
				logon(s, x)
			}
			s.tgs(kdcX{client: "carol", list: aesList, ticket: smtpTicket, tgt: tgts[2]})
		}, want{"-pkinit-failed"}},
		{"an hour between them", func(s *synth) {
			for _, x := range tgts {
				logon(s, x)
				s.later(time.Hour)
			}
		}, want{"-pkinit-failed"}},
	})
}
