package analyze

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode"
)

const (
	hub25   = "10.0.0.20:25"
	hub80   = "10.0.0.20:80"
	hub2525 = "10.0.0.20:2525"
	hubRPC  = "10.0.0.20:51025"
	other25 = "10.0.0.21:25"
)

var smtpTicket = tkt{smtpSPN, 18, 5, "a"}

// issue has the KDC issue a ticket to the mailbox server.
func issue(s *synth, t tkt) { s.tgs(kdcX{list: windowsList, ticket: t}) }

func TestAcceptorRules(t *testing.T) {
	runRuleCases(t, []ruleCase{
		{"the story: refused with 31 here, accepted there", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hubRPC, ticket: smtpTicket, code: 31, carrier: "dcerpc"})
			s.ap(apX{to: hub25, ticket: smtpTicket, word: "5.7.8 no"})
			s.ap(apX{to: hub2525, ticket: smtpTicket})
		}, want{"key-fault-one-identity error certain", "key-mismatch error certain", "ap-refused error likely", "-same-ticket-two-outcomes", "-spn-on-wrong-account", "-stale-ticket", "-stale-keytab"}},
		{"the story with 41", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hubRPC, ticket: smtpTicket, code: 41, carrier: "dcerpc"})
			s.ap(apX{to: hub2525, ticket: smtpTicket})
		}, want{"key-fault-one-identity error certain"}},
		{"the story where the carrier alone says no", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, word: "5.7.8 no"})
			s.ap(apX{to: hub2525, ticket: smtpTicket})
		}, want{"key-fault-one-identity error likely", "ap-refused error likely", "-key-mismatch"}},
		{"both accept", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket})
			s.ap(apX{to: hub2525, ticket: smtpTicket})
		}, want{"-key-fault-one-identity", "-same-ticket-two-outcomes", "-ap-refused", "-key-mismatch"}},
		{"a replay proves that the ticket was decrypted", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 34})
			s.ap(apX{to: hub2525, ticket: smtpTicket})
		}, want{"replay warning certain", "-key-fault-one-identity", "-same-ticket-two-outcomes", "-key-mismatch"}},
		{"skew at one endpoint is no key fault", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 37, stime: 10 * time.Minute})
			s.ap(apX{to: hub2525, ticket: smtpTicket})
		}, want{"clock-skew error certain", "-key-fault-one-identity", "-key-mismatch"}},
		{"unknown outcome is no acceptance", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 31})
			s.ap(apX{to: hub2525, ticket: smtpTicket, unknown: true})
		}, want{"-key-fault-one-identity", "key-mismatch error certain"}},
		{"another name of the server heals nothing", func(s *synth) {
			files := tkt{"cifs/files.contoso.com", 18, 2, "f"}
			cifs := tkt{"cifs/hub-1.contoso.com", 18, 5, "c"}
			issue(s, files)
			s.ap(apX{to: hub25, ticket: files, word: "no"})
			issue(s, cifs)
			s.ap(apX{to: hub25, ticket: cifs})
		}, want{"ap-refused error likely", "-spn-on-wrong-account"}},
		{"another service name of the same host does", func(s *synth) {
			host := tkt{"host/hub-1.contoso.com", 18, 5, "h"}
			issue(s, host)
			s.ap(apX{to: hub25, ticket: host, word: "no"})
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket})
		}, want{"ap-refused note likely"}},
		{"healed within ten seconds at the same endpoint", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 31})
			again := smtpTicket
			again.cipher = "b"
			issue(s, again)
			s.ap(apX{to: hub25, ticket: again})
			s.ap(apX{to: hub2525, ticket: smtpTicket})
		}, want{"key-mismatch note certain", "-key-fault-one-identity"}},
		{"another name of the host at another endpoint, same kvno", func(s *synth) {
			issue(s, smtpTicket)
			web := tkt{httpSPN, 18, 5, "w"}
			issue(s, web)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 31})
			s.ap(apX{to: hub80, ticket: web, carrier: "http"})
		}, want{"-key-fault-one-identity", "key-mismatch error certain", "-spn-on-wrong-account"}},
		{"another name of the computer's account at another endpoint, same kvno", func(s *synth) {
			issue(s, smtpTicket)
			share := tkt{"cifs/hub-1.contoso.com", 18, 5, "w"}
			issue(s, share)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 31})
			s.ap(apX{to: "10.0.0.20:445", ticket: share, carrier: "smb2"})
		}, want{"key-fault-one-identity error likely", "key-mismatch error certain", "-spn-on-wrong-account"}},
		{"another name of the host at the same endpoint, same kvno", func(s *synth) {
			issue(s, smtpTicket)
			web := tkt{httpSPN, 18, 5, "w"}
			issue(s, web)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 31})
			s.ap(apX{to: hub25, ticket: web})
		}, want{"-key-fault-one-identity", "key-mismatch note certain"}},
		{"the same with the control before", func(s *synth) {
			web := tkt{httpSPN, 18, 5, "w"}
			issue(s, web)
			s.ap(apX{to: hub25, ticket: web})
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 31})
		}, want{"spn-on-wrong-account error likely", "-key-fault-one-identity"}},
		{"two hosts, one refuses", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: other25, ticket: smtpTicket, code: 31})
			s.ap(apX{to: hub25, ticket: smtpTicket})
		}, want{"same-ticket-two-outcomes error certain", "-key-fault-one-identity"}},
		{"two hosts: keys may have changed between acceptance and refusal", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket})
			s.ap(apX{to: other25, ticket: smtpTicket, code: 31})
		}, want{"same-ticket-two-outcomes error likely", "-key-fault-one-identity"}},
		{"one host: accepted only before, refused since", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub2525, ticket: smtpTicket})
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 41})
		}, want{"key-fault-one-identity error likely", "key-mismatch error certain"}},
		{"one host: both took the ticket before, one refuses it since", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub2525, ticket: smtpTicket})
			s.ap(apX{to: hub25, ticket: smtpTicket})
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 41})
		}, want{"-key-fault-one-identity", "same-ticket-two-outcomes error certain"}},
		{"one host: accepted between two refusals", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 41})
			s.ap(apX{to: hub2525, ticket: smtpTicket})
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 41})
		}, want{"key-fault-one-identity error certain"}},
		{"one host: accepted before, since then the kvno is gone", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub2525, ticket: smtpTicket})
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 44})
		}, want{"-key-fault-one-identity", "-same-ticket-two-outcomes", "acceptor-lacks-key error certain"}},
		{"two hosts, one says no without a reason", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket})
			s.ap(apX{to: other25, ticket: smtpTicket, word: "no"})
		}, want{"same-ticket-two-outcomes error likely"}},
		{"accepted, later refused at the same place", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket})
			s.later(time.Minute)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 31})
		}, want{"same-ticket-two-outcomes error certain"}},
		{"SPN on an account with a lower kvno", func(s *synth) {
			host := tkt{smtpSPN, 18, 7, "a"}
			issue(s, host)
			s.ap(apX{to: hub25, ticket: host})
			web := tkt{httpSPN, 18, 2, "w"}
			issue(s, web)
			s.ap(apX{to: hub80, ticket: web, code: 44, carrier: "http"})
		}, want{"spn-on-wrong-account error likely", "acceptor-lacks-key error certain", "-stale-keytab", "-stale-ticket", "-key-fault-one-identity"}},
		{"two names, one account, both accepted", func(s *synth) {
			issue(s, smtpTicket)
			web := tkt{httpSPN, 18, 5, "w"}
			issue(s, web)
			s.ap(apX{to: hub25, ticket: smtpTicket})
			s.ap(apX{to: hub80, ticket: web, carrier: "http"})
		}, want{"-spn-on-wrong-account", "-key-fault-one-identity"}},
		{"one kvno up between two names is a password change", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket})
			web := tkt{httpSPN, 18, 6, "w"}
			issue(s, web)
			s.ap(apX{to: hub80, ticket: web, code: 44, carrier: "http"})
		}, want{"-spn-on-wrong-account", "acceptor-lacks-key error certain"}},
		{"the keytab stayed behind: 44", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket})
			next := tkt{smtpSPN, 18, 6, "b"}
			issue(s, next)
			s.ap(apX{to: hub25, ticket: next, code: 44})
		}, want{"stale-keytab error likely", "acceptor-lacks-key error certain", "-stale-ticket", "-spn-on-wrong-account"}},
		{"the keytab stayed behind: bare 535", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket})
			next := tkt{smtpSPN, 18, 6, "b"}
			issue(s, next)
			s.ap(apX{to: hub25, ticket: next, word: "no"})
		}, want{"stale-keytab error likely", "ap-refused error likely"}},
		{"kvno rollover that the service knows", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket})
			next := tkt{smtpSPN, 18, 6, "b"}
			issue(s, next)
			s.ap(apX{to: hub25, ticket: next})
			s.ap(apX{to: hub25, ticket: smtpTicket})
		}, want{"-stale-keytab", "-stale-ticket", "-acceptor-lacks-key"}},
		{"the client's ticket is old", func(s *synth) {
			issue(s, smtpTicket)
			next := tkt{smtpSPN, 18, 6, "b"}
			s.later(time.Minute)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 44})
			s.later(time.Minute)
			issue(s, next)
			s.ap(apX{to: hub25, ticket: next})
		}, want{"stale-ticket error certain", "-stale-keytab"}},
		{"a KDC that is behind is no stale ticket", func(s *synth) {
			issue(s, tkt{smtpSPN, 18, 6, "b"})
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, ticket: smtpTicket})
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 44})
		}, want{"-stale-ticket", "acceptor-lacks-key error certain"}},
		{"RC4 accepted, AES refused", func(s *synth) {
			rc4 := tkt{smtpSPN, 23, 5, "r"}
			issue(s, rc4)
			s.ap(apX{to: hub25, ticket: rc4, auth: 18})
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 44})
		}, want{"acceptor-lacks-etype-key error certain", "acceptor-lacks-key error certain", "-stale-keytab"}},
		{"RC4 and AES accepted", func(s *synth) {
			rc4 := tkt{smtpSPN, 23, 5, "r"}
			issue(s, rc4)
			s.ap(apX{to: hub25, ticket: rc4, auth: 18})
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket})
		}, want{"-acceptor-lacks-etype-key", "rc4-ticket-aes-session note certain"}},
		{"one ticket is bad, another is good", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket})
			bad := tkt{smtpSPN, 18, 5, "x"}
			s.later(time.Minute)
			s.ap(apX{to: hub25, ticket: bad, code: 31})
		}, want{"ticket-refused-everywhere error likely", "key-mismatch error certain"}},
		{"MIT: not us", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 35})
		}, want{"acceptor-lacks-key error likely"}},
		{"bound to an address", func(s *synth) {
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 38})
		}, want{"address-bound-ticket error certain", "-key-mismatch"}},
		{"not yet valid", func(s *synth) {
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 33, stime: -time.Hour})
		}, want{"ticket-not-yet-valid error certain", "-key-mismatch"}},
		{"expired, and a new one at once", func(s *synth) {
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 32})
			issue(s, tkt{smtpSPN, 18, 5, "b"})
			s.ap(apX{to: hub25, ticket: tkt{smtpSPN, 18, 5, "b"}})
		}, want{"ticket-expired note certain", "-same-ticket-two-outcomes"}},
		{"expired", func(s *synth) {
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 32})
		}, want{"ticket-expired error certain"}},
		{"silence and a closed connection", func(s *synth) {
			s.ap(apX{to: hub25, ticket: smtpTicket, silent: true})
		}, want{"ap-unanswered warning likely"}},
		{"silence until the client gives up", func(s *synth) {
			s.ap(apX{to: hub25, ticket: smtpTicket, silent: true, gaveUp: 8 * time.Second})
		}, want{"ap-unanswered warning likely"}},
		{"HTTP: silence of a server that never took a ticket", func(s *synth) {
			s.ap(apX{to: hub80, ticket: tkt{httpSPN, 18, 5, "w"}, carrier: "http", silent: true, gaveUp: 8 * time.Second})
		}, want{"ap-unanswered warning likely"}},
		{"HTTP: a server that took tickets closes the connection", func(s *synth) {
			s.ap(apX{to: hub80, ticket: tkt{httpSPN, 18, 5, "w"}, carrier: "http"})
			s.ap(apX{to: hub80, ticket: tkt{httpSPN, 18, 5, "w"}, carrier: "http", silent: true})
		}, want{"ap-unanswered warning likely"}},
		{"the client goes at once", func(s *synth) {
			s.ap(apX{to: hub25, ticket: smtpTicket, silent: true, gaveUp: time.Second})
		}, want{"-ap-unanswered"}},
		{"nothing known of the outcome", func(s *synth) {
			s.ap(apX{to: hub25, ticket: smtpTicket, unknown: true})
		}, want{"-ap-unanswered", "-ap-refused"}},
		{"the keytab proves the wrong key", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, word: "no", opened: &decode.Opened{Refusal: decode.WrongSecret, WhyNot: "another key"}})
		}, want{"key-mismatch error certain", "-ap-refused", "-acceptor-lacks-key"}},
		{"the keytab proves the wrong key of one process", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, word: "no", opened: &decode.Opened{Refusal: decode.WrongSecret, WhyNot: "another key"}})
			s.ap(apX{to: hub2525, ticket: smtpTicket})
		}, want{"key-fault-one-identity error certain"}},
		{"the keytab lacks the kvno", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, word: "no", opened: &decode.Opened{Refusal: decode.NoKVNO, WhyNot: "no such kvno"}})
		}, want{"acceptor-lacks-key error certain", "-ap-refused", "-key-mismatch"}},
		{"a keytab of another service says nothing", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, word: "no", opened: &decode.Opened{Refusal: decode.NoPrincipal, WhyNot: "no such name"}})
		}, want{"ap-refused error likely", "-acceptor-lacks-key", "-key-mismatch"}},
		{"the keytab opens it: a policy is as likely", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, word: "no", opened: &decode.Opened{Key: "k"}})
			s.ap(apX{to: hub2525, ticket: smtpTicket})
		}, want{"key-fault-one-identity error possible", "ap-refused error likely"}},
		{"another account's key opens it, the service's own does not", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, word: "no", opened: &decode.Opened{Key: "svc-web@CONTOSO.COM 3 18", Owner: "svc-web@CONTOSO.COM", Differ: decode.DiffersName, OwnRefusal: decode.WrongSecret, OwnWhyNot: "its own is another"}})
		}, want{"spn-on-wrong-account error certain", "-ap-refused"}},
		{"another account's key opens it, of that kvno there is no own one", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, word: "no", opened: &decode.Opened{Key: "svc-web@CONTOSO.COM 3 18", Owner: "svc-web@CONTOSO.COM", Differ: decode.DiffersName, OwnRefusal: decode.NoKVNO, OwnWhyNot: "no such kvno"}})
		}, want{"spn-on-wrong-account error likely", "-ap-refused"}},
		{"another account's key opens what the acceptor could not", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, code: 41, opened: &decode.Opened{Key: "svc-web@CONTOSO.COM 3 18", Owner: "svc-web@CONTOSO.COM", Differ: decode.DiffersName, OwnRefusal: decode.WrongSecret, OwnWhyNot: "its own is another"}})
		}, want{"spn-on-wrong-account error certain"}},
		{"the host's own key opens it, the service's entry does not", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, word: "no", opened: &decode.Opened{Key: "HUB-1$@CONTOSO.COM 5 18", Owner: "HUB-1$@CONTOSO.COM", Differ: decode.DiffersName, OwnRefusal: decode.WrongSecret, OwnWhyNot: "its own is another"}})
		}, want{"key-mismatch error certain", "-spn-on-wrong-account", "-ap-refused"}},
		{"a keytab without the service's name, the host's key opens it", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, word: "no", opened: &decode.Opened{Key: "HUB-1$@CONTOSO.COM 5 18", Owner: "HUB-1$@CONTOSO.COM", Differ: decode.DiffersName, OwnRefusal: decode.NoPrincipal, OwnWhyNot: "no such name"}})
		}, want{"acceptor-lacks-key error likely", "-spn-on-wrong-account", "-ap-refused"}},
		{"a password of the service's account opens it", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, word: "no", opened: &decode.Opened{Key: "svc-web@CONTOSO.COM password 18", Owner: "svc-web@CONTOSO.COM", Differ: decode.DiffersName, ByPassword: true, OwnRefusal: decode.NoPrincipal, OwnWhyNot: "no such name"}})
		}, want{"ap-refused error likely", "-spn-on-wrong-account", "-acceptor-lacks-key"}},
		{"the right key labelled with another kvno", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, word: "no", opened: &decode.Opened{Key: "k", Owner: smtpSPN + "@CONTOSO.COM", Differ: decode.DiffersKVNO, Differs: []string{"the ticket says kvno 5, the key is labelled kvno 3"}}})
		}, want{"acceptor-lacks-key error likely", "-ap-refused"}},
		{"a password whose salt is unknown proves nothing", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, word: "no", opened: &decode.Opened{Refusal: decode.SaltUnknown, WhyNot: "not with the usual salts"}})
		}, want{"ap-refused error likely", "-key-mismatch", "-acceptor-lacks-key"}},
		{"refused in spite of an AP-REP", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub80, ticket: smtpTicket, refuse: true, carrier: "http"})
			s.ap(apX{to: hub25, ticket: smtpTicket})
		}, want{"ap-refused error likely", "-key-fault-one-identity", "-key-mismatch"}},
		{"a page without a look at the token is no acceptance", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket, word: "no"})
			x := s.ap(apX{to: hub80, ticket: smtpTicket, unknown: true, carrier: "http"})
			y := *x
			y.Ending = decode.OK
			s.c.Exchange(&y)
		}, want{"-key-fault-one-identity", "-same-ticket-two-outcomes"}},
		{"NTLM after a refusal", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub80, ticket: smtpTicket, code: 41, carrier: "http"})
			s.ntlm(hub80, "Negotiate")
		}, want{"ntlm-fallback warning certain", "key-mismatch error certain"}},
		{"NTLM after a refusal, refused too", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub80, ticket: smtpTicket, code: 41, carrier: "http"})
			s.ntlmSaid(hub80, &decode.Result{Outcome: decode.Refused, Code: 401}, "Negotiate")
		}, want{"ntlm-fallback error certain", "key-mismatch error certain"}},
		{"NTLM refused once and accepted once", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub80, ticket: smtpTicket, code: 41, carrier: "http"})
			s.ntlmSaid(hub80, &decode.Result{Outcome: decode.Refused, Code: 401}, "Negotiate")
			s.ntlm(hub80, "Negotiate")
		}, want{"ntlm-fallback warning certain"}},
		{"NTLM whose outcome is not in view", func(s *synth) {
			issue(s, smtpTicket)
			s.ap(apX{to: hub80, ticket: smtpTicket, code: 41, carrier: "http"})
			s.ntlmSaid(hub80, nil, "Negotiate")
		}, want{"ntlm-fallback warning certain"}},
		{"NTLM refused where Kerberos was never tried", func(s *synth) {
			s.as(kdcX{list: windowsList})
			s.ntlmSaid(hub80, &decode.Result{Outcome: decode.Refused, Code: 0xC0000418, CodeName: "STATUS_NTLM_BLOCKED"}, "Negotiate", "NTLM")
		}, want{"ntlm-fallback note possible"}},
		{"NTLM refused to a client without Kerberos", func(s *synth) {
			s.ntlmSaid(hub80, &decode.Result{Outcome: decode.Refused, Code: 401}, "Negotiate", "NTLM")
		}, want{"-ntlm-fallback"}},
		{"NTLM after an unknown SPN", func(s *synth) {
			s.dns("hub-1.contoso.com", hubIP)
			s.tgs(kdcX{list: windowsList, sname: httpSPN, code: 7})
			s.ntlm(hub80, "Negotiate")
		}, want{"ntlm-fallback warning likely", "spn-unknown error certain"}},
		{"NTLM to another host than the one refused", func(s *synth) {
			s.ap(apX{to: hub80, ticket: smtpTicket, code: 41, carrier: "http"})
			s.ntlm("10.0.0.21:80", "NTLM")
		}, want{"-ntlm-fallback"}},
		{"NTLM where Kerberos was never tried", func(s *synth) {
			s.as(kdcX{list: windowsList})
			s.ntlm(hub80, "Negotiate", "NTLM")
		}, want{"ntlm-fallback note possible"}},
		{"NTLM of a client without Kerberos", func(s *synth) {
			s.ntlm(hub80, "Negotiate", "NTLM")
		}, want{"-ntlm-fallback"}},
	})
}

// TestOneKeyAtSeveralPorts: refusals of one key at several ports of one host are
// one cause, unless any port takes that key.
func TestOneKeyAtSeveralPorts(t *testing.T) {
	const hub143, imapSPN = "10.0.0.20:143", "imap/hub-1.contoso.com"
	next := tkt{smtpSPN, 18, 6, "b"}
	imap := tkt{imapSPN, 18, 6, "i"}
	before := func(s *synth) { // kvno 5 is taken
		issue(s, smtpTicket)
		s.ap(apX{to: hub25, ticket: smtpTicket})
		issue(s, next)
	}
	for _, tc := range []struct {
		name string
		do   func(*synth)
		want []string // "rule endpoint", and after < the cause
	}{
		{"44 at one port, a bare NO at another", func(s *synth) {
			before(s)
			s.ap(apX{to: hub25, ticket: next, code: 44})
			s.ap(apX{to: hub143, ticket: next, word: "no", carrier: "imap"})
		}, []string{"stale-keytab 25", "ap-refused 143 < stale-keytab 25"}},
		{"a bare NO at a port that took the old key", func(s *synth) {
			before(s)
			s.ap(apX{to: hub143, ticket: smtpTicket, carrier: "imap"})
			s.ap(apX{to: hub143, ticket: next, word: "no", carrier: "imap"})
			s.ap(apX{to: hub25, ticket: next, code: 44})
		}, []string{"stale-keytab 25", "stale-keytab 143 < stale-keytab 25"}},
		{"another name of the computer's account", func(s *synth) {
			before(s)
			issue(s, imap)
			s.ap(apX{to: hub25, ticket: next, code: 44})
			s.ap(apX{to: hub143, ticket: imap, word: "no", carrier: "imap"})
		}, []string{"stale-keytab 25", "ap-refused 143 < stale-keytab 25"}},
		{"a name that may be another account's", func(s *synth) {
			before(s)
			web := tkt{httpSPN, 18, 6, "w"}
			issue(s, web)
			s.ap(apX{to: hub25, ticket: next, code: 44})
			s.ap(apX{to: hub80, ticket: web, word: "no", carrier: "http"})
		}, []string{"stale-keytab 25", "ap-refused 80"}},
		{"another kvno", func(s *synth) {
			before(s)
			other := tkt{imapSPN, 18, 9, "i"}
			issue(s, other)
			s.ap(apX{to: hub25, ticket: next, code: 44})
			s.ap(apX{to: hub143, ticket: other, word: "no", carrier: "imap"})
		}, []string{"stale-keytab 25", "ap-refused 143"}},
		{"another etype", func(s *synth) {
			before(s)
			other := tkt{imapSPN, 23, 6, "i"}
			issue(s, other)
			s.ap(apX{to: hub25, ticket: next, code: 44})
			s.ap(apX{to: hub143, ticket: other, word: "no", carrier: "imap"})
		}, []string{"stale-keytab 25", "ap-refused 143"}},
		{"another host", func(s *synth) {
			before(s)
			s.ap(apX{to: hub25, ticket: next, code: 44})
			s.ap(apX{to: other25, ticket: next, word: "no"})
		}, []string{"stale-keytab 25", "ap-refused 25"}},
		{"a third port takes it", func(s *synth) {
			before(s)
			s.ap(apX{to: hub25, ticket: next, code: 44})
			s.ap(apX{to: hub143, ticket: next, code: 44, carrier: "imap"})
			s.ap(apX{to: hub2525, ticket: next})
		}, []string{"stale-keytab 25", "key-fault-one-identity 25 < stale-keytab 25", "key-fault-one-identity 143"}},
		{"a third port takes another ticket of the key", func(s *synth) {
			s.ap(apX{to: hub25, ticket: next, code: 41})
			s.ap(apX{to: hub143, ticket: next, code: 41, carrier: "imap"})
			s.ap(apX{to: hub80, ticket: tkt{smtpSPN, 18, 6, "c"}, carrier: "smtp"})
		}, []string{"key-mismatch 25", "key-mismatch 143"}},
		{"41 at two ports", func(s *synth) {
			issue(s, next)
			s.ap(apX{to: hub25, ticket: next, code: 41})
			s.ap(apX{to: hub143, ticket: next, code: 41, carrier: "imap"})
		}, []string{"key-mismatch 25", "key-mismatch 143 < key-mismatch 25"}},
		{"no reason anywhere", func(s *synth) {
			issue(s, next)
			s.ap(apX{to: hub25, ticket: next, word: "no"})
			s.ap(apX{to: hub143, ticket: next, word: "no", carrier: "imap"})
		}, []string{"ap-refused 25", "ap-refused 143"}},
		{"decrypted there: a policy's no", func(s *synth) {
			issue(s, next)
			s.ap(apX{to: hub25, ticket: next, code: 41})
			s.ap(apX{to: hub143, ticket: next, refuse: true, carrier: "imap"})
		}, []string{"key-mismatch 25", "ap-refused 143"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSynth(t)
			tc.do(s)
			list := s.joined().Findings(Rules())
			name := map[string]string{}
			for _, f := range list {
				if f.Server != nil {
					name[f.ID] = fmt.Sprint(f.Rule, " ", f.Server.Port)
				}
			}
			var got []string
			for _, f := range list {
				if n := name[f.ID]; n != "" {
					if f.BecauseOf != "" {
						n += " < " + name[f.BecauseOf]
					}
					got = append(got, n)
				}
			}
			for _, w := range tc.want {
				assert.Contains(t, got, w)
			}
		})
	}
}

func TestRefusedNTLMIsTold(t *testing.T) {
	for said, want := range map[*decode.Result]string{
		{Outcome: decode.Refused, Code: 401}:                                         " The server refused NTLM as well: 401.",
		{Outcome: decode.Refused, Code: 0xC0000418, CodeName: "STATUS_NTLM_BLOCKED"}: " The server refused NTLM as well: STATUS_NTLM_BLOCKED.",
		{Outcome: decode.Accepted, Code: 200}:                                        "",
	} {
		s := newSynth(t)
		issue(s, smtpTicket)
		s.ap(apX{to: hub80, ticket: smtpTicket, code: 41, carrier: "http"})
		s.ntlmSaid(hub80, said, "Negotiate")
		f := s.found()["ntlm-fallback"]
		require.Len(t, f, 1)
		if want == "" {
			assert.NotContains(t, f[0].Summary, "refused NTLM")
			continue
		}
		assert.True(t, strings.HasSuffix(f[0].Summary, want), f[0].Summary)
		assert.True(t, slices.ContainsFunc(f[0].Evidence, func(e Evidence) bool { return e.Field == "carrier_result.code" }))
	}
}

func TestStoryFinding(t *testing.T) {
	s := newSynth(t)
	issue(s, smtpTicket)
	s.ap(apX{to: hubRPC, ticket: smtpTicket, code: 31, carrier: "dcerpc"})
	s.ap(apX{to: hub25, ticket: smtpTicket, word: "no"})
	s.ap(apX{to: hub2525, ticket: smtpTicket})
	list := s.joined().Findings(Rules())
	require.NotEmpty(t, list)
	f := list[0]
	assert.Equal(t, "key-fault-one-identity", f.Rule)
	assert.Equal(t, Certain, f.Confidence)
	assert.Empty(t, f.BecauseOf)
	require.Len(t, f.FaultAt, 1)
	assert.Equal(t, &Endpoint{"10.0.0.20", 51025}, f.FaultAt[0].Endpoint)
	var codes, hashes int
	for _, e := range f.Evidence {
		switch e.Field {
		case "error_code":
			codes++
		case "ticket.hash":
			hashes++
		}
	}
	assert.Equal(t, 1, codes)
	assert.GreaterOrEqual(t, hashes, 2, "the refused and the accepted AP-REQ")
	for _, x := range list[1:] {
		if x.Rule == "key-mismatch" {
			assert.Equal(t, f.ID, x.BecauseOf)
		}
	}
}

func TestRefusedWithoutAWordBesideAnotherAccountsKey(t *testing.T) {
	for kvno, told := range map[int]bool{2: true, 5: false, 6: false} {
		s := newSynth(t)
		issue(s, smtpTicket) // kvno 5
		s.ap(apX{to: hub2525, ticket: smtpTicket})
		sql := tkt{"MSSQLSvc/hub-1.contoso.com:1433", 18, kvno, "q"}
		issue(s, sql)
		s.ap(apX{to: "10.0.0.20:1433", ticket: sql, word: "Login failed", carrier: "tds"})
		f := s.found()["ap-refused"]
		require.Len(t, f, 1)
		assert.Equal(t, told, strings.Contains(f[0].Cause, "another account's key"), f[0].Cause)
		assert.Equal(t, told, strings.HasPrefix(f[0].Fix[0], "setspn -Q MSSQLSvc/hub-1.contoso.com:1433"))
	}
}

// The DC that has not heard of the new password is the cause, not the service.
func TestLaggingKDCExplainsTheRefusal(t *testing.T) {
	s := newSynth(t)
	issue(s, tkt{smtpSPN, 18, 6, "new"})
	s.later(time.Minute)
	old := tkt{smtpSPN, 18, 5, "old"}
	s.tgs(kdcX{kdc: dc2IP, list: windowsList, ticket: old})
	s.ap(apX{to: hub25, ticket: old, code: 44})
	s.later(time.Minute)
	issue(s, tkt{smtpSPN, 18, 6, "newer"})
	found := s.found()
	require.Len(t, found["kdcs-disagree"], 1)
	require.Len(t, found["acceptor-lacks-key"], 1)
	d := found["kdcs-disagree"][0]
	assert.Equal(t, d.ID, found["acceptor-lacks-key"][0].BecauseOf)
	assert.Equal(t, Error, d.Severity)
	assert.Equal(t, dc2IP.String(), d.FaultAt[0].Host)
}

// Whose ticket's issue no capture shows, may have it from such a DC.
func TestOldTicketOfUnknownIssue(t *testing.T) {
	s := newSynth(t)
	s.ap(apX{to: hub25, ticket: tkt{smtpSPN, 18, 6, "new"}})
	s.later(time.Minute)
	s.ap(apX{to: hub25, ticket: smtpTicket, code: 44})
	f := s.found()["stale-ticket"]
	require.Len(t, f, 1)
	assert.Equal(t, Likely, f[0].Confidence)
	assert.Contains(t, f[0].Cause, "replication")
}

// Another port of the host took the ticket before it was refused.
func TestKeyThatOneProcessLacks(t *testing.T) {
	for _, beside := range []bool{false, true} {
		s := newSynth(t)
		issue(s, smtpTicket)
		if beside {
			s.ap(apX{to: hub2525, ticket: smtpTicket})
		}
		s.later(3 * time.Second)
		s.ap(apX{to: hubRPC, ticket: smtpTicket, code: 44, carrier: "dcerpc"})
		f := s.found()["acceptor-lacks-key"]
		require.Len(t, f, 1)
		assert.Equal(t, beside, strings.Contains(f[0].Cause, "took the very same ticket"), f[0].Cause)
	}
}

// A kvno that jumps by more than one within moments is that of another account.
func TestOldTicketOfAMovedName(t *testing.T) {
	for kvno, moved := range map[int]bool{6: false, 9: true} {
		s := newSynth(t)
		issue(s, smtpTicket) // kvno 5
		s.ap(apX{to: hub25, ticket: smtpTicket, code: 44})
		n := tkt{smtpSPN, 18, kvno, "n"}
		issue(s, n)
		s.ap(apX{to: hub25, ticket: n})
		f := s.found()["stale-ticket"]
		require.Len(t, f, 1)
		assert.Equal(t, moved, strings.Contains(f[0].Cause, "moved"), f[0].Cause)
	}
}

// 31 is also the word of an acceptor that may not use the etype.
func TestEtypeThatTheAcceptorMayNotUse(t *testing.T) {
	for _, taken := range []bool{false, true} {
		s := newSynth(t)
		issue(s, smtpTicket)
		s.ap(apX{to: hub25, ticket: smtpTicket, code: 31})
		if web := (tkt{httpSPN, 18, 5, "w"}); taken {
			issue(s, web)
			s.ap(apX{to: hub2525, ticket: web})
		}
		s.later(time.Minute)
		s.ap(apX{to: hub25, ticket: smtpTicket}) // mended
		f := s.found()["key-mismatch"]
		require.Len(t, f, 1)
		assert.Contains(t, f[0].Cause, "took this very ticket 60.0 s later")
		assert.Equal(t, !taken, strings.Contains(f[0].Cause, "permitted_enctypes"))
	}
}

// An age is told by related clocks alone.
func TestAgeOfATicketAcrossUnrelatedCaptures(t *testing.T) {
	s := newSynth(t)
	x := s.tgs(kdcX{list: windowsList, ticket: smtpTicket})
	s.later(7 * time.Minute)
	y := s.ap(apX{to: hub25, ticket: smtpTicket, code: 31})
	for _, related := range []bool{true, false} {
		a, b := newView(0, 0, 0), newView(1, 0, 0)
		a.see(x, nil)
		if related {
			b.see(x, nil)
		}
		b.see(y, nil)
		f := joinViews(a, b).Findings([]*Rule{keyMismatch})
		require.Len(t, f, 1)
		assert.Equal(t, related, strings.Contains(f[0].Cause, "7 min before"), f[0].Cause)
	}
}
