package analyze

import (
	"testing"

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
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, code: 12})
		}, want{"krb-error error certain", "-preauth-failed"}},
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
