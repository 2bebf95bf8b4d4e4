package analyze

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode"
)

func TestEtypeFactRules(t *testing.T) {
	both := []int32{18, 23}
	referral := func(e int32) tkt { return tkt{"krbtgt/FABRIKAM.COM", e, 3, "ref"} }
	runRuleCases(t, []ruleCase{
		{"an etype of no registry", func(s *synth) {
			s.as(kdcX{client: "alice", list: []int32{18, 17, 999}, hint: both, preauth: 18})
		}, want{"unknown-etype-seen note certain"}},
		{"Microsoft's and IANA's etypes are known", func(s *synth) {
			s.as(kdcX{client: "alice", list: []int32{18, 17, 20, 19, 26, 25, 23, 24, 16, -128, -133, -135, 3, 1}, hint: both, preauth: 18})
		}, want{"-unknown-etype-seen"}},
		{"the usual salt of a user", func(s *synth) { // the builder's salt is the one of a user called salt
			s.as(kdcX{client: "Salt", list: windowsList, hint: both, preauth: 18})
		}, want{"-salt-unexpected"}},
		{"a user's alias", func(s *synth) {
			s.as(kdcX{client: "alice@contoso.com", list: windowsList, hint: both, preauth: 18})
		}, want{"-salt-unexpected"}},
		{"another salt, all well", func(s *synth) {
			s.as(kdcX{client: "renamed", list: windowsList, hint: both, preauth: 18})
		}, want{"salt-unexpected note certain"}},
		{"another salt, AES fails and RC4 works", func(s *synth) {
			s.as(kdcX{client: "renamed", list: windowsList, hint: both, preauth: 18, code: 24})
			s.later(time.Minute)
			s.as(kdcX{client: "renamed", list: windowsList, hint: both, preauth: 23, reply: 23})
		}, want{"salt-unexpected error likely", "preauth-failed error certain"}},
		{"the usual salt, AES fails and RC4 works", func(s *synth) {
			s.as(kdcX{client: "salt", list: windowsList, hint: both, preauth: 18, code: 24})
			s.later(time.Minute)
			s.as(kdcX{client: "salt", list: windowsList, hint: both, preauth: 23, reply: 23})
		}, want{"-salt-unexpected"}},
		{"no AES key, no salt", func(s *synth) {
			s.as(kdcX{client: "old", list: windowsList, hint: rc4List, preauth: 23, reply: 23})
		}, want{"-salt-unexpected"}},
		{"RC4 worked, and later no more", func(s *synth) {
			s.as(kdcX{client: "alice", list: rc4List, hint: rc4List, preauth: 23, reply: 23})
			s.later(time.Hour)
			s.as(kdcX{client: "alice", list: rc4List, code: 14})
		}, want{"rc4-enforcement-break error likely", "client-offers-no-aes error certain", "etype-nosupp error certain"}},
		{"RC4 worked at another KDC", func(s *synth) {
			s.as(kdcX{client: "alice", kdc: dc2IP, list: rc4List, hint: rc4List, preauth: 23, reply: 23})
			s.later(time.Hour)
			s.as(kdcX{client: "alice", list: rc4List, code: 14})
		}, want{"rc4-enforcement-break error possible"}},
		{"RC4 never worked", func(s *synth) {
			s.as(kdcX{client: "alice", list: rc4List, code: 14})
		}, want{"-rc4-enforcement-break"}},
		{"14 for a list with AES", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: rc4List, preauth: 23, reply: 23})
			s.later(time.Hour)
			s.as(kdcX{client: "alice", list: aesList, code: 14})
		}, want{"-rc4-enforcement-break"}},
		{"ETYPE-INFO for a client without AES", func(s *synth) {
			s.as(kdcX{client: "alice", list: rc4List, hint: rc4List, oldInfo: true, preauth: 23, reply: 23})
		}, want{"etype-info-old note certain"}},
		{"ETYPE-INFO2 alone", func(s *synth) {
			s.as(kdcX{client: "alice", list: rc4List, hint: rc4List, preauth: 23, reply: 23})
		}, want{"-etype-info-old"}},
		{"one key all the time", func(s *synth) {
			issue(s, smtpTicket)
			issue(s, smtpTicket)
		}, want{"-etype-timeline"}},
		{"the kvno rises", func(s *synth) {
			issue(s, smtpTicket)
			s.later(time.Hour)
			issue(s, tkt{smtpSPN, 18, 6, "b"})
		}, want{"etype-timeline note certain", "-kdcs-disagree"}},
		{"a referral with AES", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: "cifs/srv.fabrikam.com", ticket: referral(18)})
		}, want{"-referral-etype", "-ticket-downgrade"}},
		{"a referral with RC4", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: "cifs/srv.fabrikam.com", ticket: referral(23)})
		}, want{"referral-etype warning certain", "-ticket-downgrade"}},
		{"the other realm refuses RC4", func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: "cifs/srv.fabrikam.com", ticket: referral(23)})
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, sname: "cifs/srv.fabrikam.com", tgt: referral(23), code: 14})
		}, want{"referral-etype error likely"}},
	})
}

func TestEtypeTimelineTellsTheHistory(t *testing.T) {
	s := newSynth(t)
	issue(s, tkt{smtpSPN, 23, 4, "r"})
	s.later(time.Hour)
	s.tgs(kdcX{kdc: dc2IP, list: windowsList, ticket: smtpTicket})
	f := s.found()["etype-timeline"]
	require.Len(t, f, 1)
	assert.Equal(t, "Tickets for "+smtpSPN+" were made with 2 keys: RC4, kvno 4 from 10.0.0.10; AES256, kvno 5 from 10.0.0.11.", f[0].Summary)
	assert.EqualValues(t, 2, f[0].Count)
}

func TestAlteredLists(t *testing.T) {
	play := func(list, hint []int32, seen func(*synth)) *synth {
		s := newSynth(t)
		if seen != nil {
			seen(s)
		}
		s.as(kdcX{client: "alice", list: list, hint: hint, preauth: 18})
		return s
	}
	exchange := func(s *synth, v *view, list, hint []int32) {
		x := s.as(kdcX{client: "alice", list: list, hint: hint, preauth: 18})
		v.see(x, nil)
	}
	join := func(a, b []int32, hintA, hintB []int32) []Finding {
		v, w := newView(0, 0, 0), newView(1, 0, 0)
		exchange(newSynth(t), v, a, hintA)
		exchange(newSynth(t), w, b, hintB)
		var found []Finding
		for _, f := range joinViews(v, w).Findings(Rules()) {
			if f.Rule == "etype-list-altered" {
				found = append(found, f)
			}
		}
		return found
	}
	both := []int32{18, 23}
	assert.Empty(t, join(windowsList, windowsList, both, both), "the same at both points")

	f := join(windowsList, rc4List, both, both)
	require.Len(t, f, 1)
	assert.Equal(t, Certain, f[0].Confidence)
	assert.Equal(t, Error, f[0].Severity)
	assert.Contains(t, f[0].Summary, "AES256, AES128, RC4, DES in a.pcap and for RC4 in b.pcap")

	f = join(windowsList, windowsList, both, rc4List)
	require.Len(t, f, 1)
	assert.Contains(t, f[0].Summary, "AES256, RC4 in a.pcap and RC4 in b.pcap")

	// One capture that holds both lists: the client asked twice.
	s := play(windowsList, both, nil)
	s.made = 0
	s.as(kdcX{client: "alice", list: rc4List, hint: both, preauth: 18})
	assert.Empty(t, s.found()["etype-list-altered"])

	// The second is answered while the first waits: both sides of who changes it.
	nested := func(b *decode.Exchange) []Finding {
		v := newView(0, 0, 0)
		one := newSynth(t)
		a := one.as(kdcX{client: "alice", list: windowsList, hint: both, preauth: 18})
		v.see(b, nil)
		for i := range a.Steps[1:] {
			a.Steps[1+i].Msg.Time += int64(time.Second)
		}
		v.see(a, nil)
		var found []Finding
		for _, f := range joinViews(v).Findings(Rules()) {
			require.NotEqual(t, "client-offers-no-aes", f.Rule, "what the client offers is in doubt")
			if f.Rule == "etype-list-altered" {
				found = append(found, f)
			}
		}
		return found
	}
	inner := newSynth(t)
	inner.later(50 * time.Millisecond)
	f = nested(inner.as(kdcX{client: "alice", list: rc4List, hint: both, preauth: 18}))
	require.Len(t, f, 1)
	assert.Equal(t, Likely, f[0].Confidence)
	inner = newSynth(t)
	inner.later(50 * time.Millisecond)
	assert.Empty(t, nested(inner.as(kdcX{client: "alice", list: windowsList, hint: both, preauth: 18})), "the same list")
}

func TestUsualSalt(t *testing.T) {
	for _, c := range []struct {
		salt, name, realm string
		want              bool
	}{
		{"CONTOSO.COMalice", "Alice", "CONTOSO.COM", true},
		{"CONTOSO.COMhosthub-1.contoso.com", "HUB-1$", "CONTOSO.COM", true},
		{"EXAMPLE.ORGhostdesk.example.org", "host/desk.example.org", "EXAMPLE.ORG", true}, // MIT
		{"CONTOSO.COMold", "new", "CONTOSO.COM", false},
		{"CONTOSO.COMalice", "alice", "CONTOSO", true}, // the NetBIOS name
		{"contoso.comhosthub-1.contoso.com", "HUB-1$", "CONTOSO", true},
		{"CONTOSO.COMkrbtgtFABRIKAM", "FABRIKAM$", "CONTOSO.COM", true}, // a trust's account
		{"CONTOSO.COMkrbtgtFABRIKAM", "FABRIKAM$", "CONTOSO", true},
		{"CONTOSO.COMold", "new", "CONTOSO", false},
		{"FABRIKAM.COMalice", "alice", "CONTOSO", false},
		{"CONTOSO.", "alice", "CONTOSO", false},
		{"", "alice", "CONTOSO", false},
	} {
		assert.Equal(t, c.want, usualSalt(c.salt, c.name, c.realm), c.name)
	}
}
