package analyze

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// TestHealthyNetworks: what is in order, in networks of all kinds, is told as
// notes at most; and of those only the ones named.
func TestHealthyNetworks(t *testing.T) {
	answer := func(s *synth, g decode.Sighting) {
		s.frame++
		s.now += int64(time.Millisecond)
		g.Kind, g.Frame, g.Time = decode.DNSAnswer, decode.MakeFrameID(0, s.frame), s.now
		g.Frames = []decode.FrameID{g.Frame}
		g.Src, g.Dst = netip.AddrPortFrom(dc1IP, 53), netip.AddrPortFrom(mailboxIP, 5353)
		s.c.Sighting(&g)
	}
	inRealm := func(s *synth, in, client string, code int32) {
		from, to, tr := s.ends(&kdcX{})
		req := func(proof bool) []byte {
			var pa [][]byte
			if proof {
				pa = append(pa, padata(krb5.PAEncTimestamp, enc(18, -1, fmt.Sprint("proof", s.serial()))))
			}
			b := kdcReq(0x6a, 10, client, "krbtgt/"+in, 0, s.serial(), windowsList, pa...)
			return bytes.Replace(b, tagged(2, text(realm)), tagged(2, text((in + ".......")[:len(realm)])), 1) // as long
		}
		x := &decode.Exchange{Kind: decode.AS, Client: from, Server: to, Transport: tr, Carrier: []string{"kdc"}, BothWays: true, Ending: decode.OK}
		first := s.message(req(false), from, to, tr, x.Carrier)
		x.Hint = s.message(wireErrorWith(25, "krbtgt/"+in, s.now, 0, "", tlv(0x30, info2(18, 23))), to, from, tr, x.Carrier)
		x.Request = s.message(req(true), from, to, tr, x.Carrier)
		if code != 0 {
			x.Ending = decode.Failed
			x.Reply = s.message(wireError(code, "krbtgt/"+in, s.now, 0, nil, "", 0), to, from, tr, x.Carrier)
		} else {
			x.Reply = s.message(kdcRep(0x6b, 11, client, tkt{tgt1.sname, 18, 2, fmt.Sprint(s.now)}, 18, s.serial()), to, from, tr, x.Carrier)
		}
		s.exchange(x, first, x.Hint, x.Request, x.Reply)
	}
	for _, tc := range []struct {
		name  string
		do    func(*synth)
		notes string // rules that may speak
	}{
		{"a gMSA's password changes: old and new tickets are taken", func(s *synth) {
			s.logon()
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket})
			s.later(time.Minute)
			next := tkt{smtpSPN, 18, 6, "b"}
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, ticket: next})
			s.ap(apX{to: hub25, ticket: next})
			s.ap(apX{to: hub25, ticket: smtpTicket})
		}, "etype-timeline"},
		{"a gMSA's password changes: one DC hears of it a second later", func(s *synth) {
			s.logon()
			next := tkt{smtpSPN, 18, 6, "b"}
			s.tgs(kdcX{list: windowsList, ticket: next})
			s.ap(apX{to: hub25, ticket: next})
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, ticket: smtpTicket})
			s.ap(apX{to: hub25, ticket: smtpTicket})
			s.later(5 * time.Second)
			third := tkt{smtpSPN, 18, 6, "c"}
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, ticket: third})
			s.ap(apX{to: hub25, ticket: third})
		}, "etype-timeline kdcs-disagree"},
		{"a read-only DC beside a writable one", func(s *synth) {
			ro := tkt{tgt1.sname, 18, 4711<<16 | 1, "ro"}
			s.as(kdcX{kdc: dc2IP, client: "alice", list: windowsList, hint: []int32{18, 23}, preauth: 18, ticket: ro})
			s.tgs(kdcX{kdc: dc2IP, client: "alice", tgt: ro, list: windowsList, sname: smtpSPN, code: 7, status: 0xC0000371})
			s.tgs(kdcX{client: "alice", tgt: ro, list: windowsList, ticket: smtpTicket})
			for range 6 {
				s.as(kdcX{client: "bob", list: windowsList, hint: []int32{18, 23}, preauth: 18})
			}
		}, "rodc-kvno spn-unknown"},
		{"Windows Hello cloud trust: a partial TGT of Entra ID at a DC", func(s *synth) {
			cloud := tkt{tgt1.sname, 18, 31337<<16 | 3, "cloud"}
			full := tkt{tgt1.sname, 18, 2, "full"}
			s.tgs(kdcX{client: "alice", tgt: cloud, list: windowsList, sname: tgt1.sname, ticket: full})
			s.tgs(kdcX{client: "alice", tgt: full, list: windowsList, ticket: smtpTicket})
			s.ap(apX{to: hub25, ticket: smtpTicket})
			for range 6 {
				s.as(kdcX{client: "bob", list: windowsList, hint: []int32{18, 23}, preauth: 18})
			}
		}, "rodc-kvno"},
		{"a Mac with Platform SSO looks for the cloud realm by DNS", func(s *synth) {
			answer(s, decode.Sighting{Name: "_kerberos._tcp.KERBEROS.MICROSOFTONLINE.COM", Code: 3})
			answer(s, decode.Sighting{Name: "_kerberos._udp.KERBEROS.MICROSOFTONLINE.COM", Code: 3})
			s.logon()
		}, ""},
		{"look-ups of the domain's NetBIOS name beside its DNS name", func(s *synth) {
			answer(s, decode.Sighting{Name: "_ldap._tcp.dc._msdcs.CONTOSO", Code: 3})
			answer(s, decode.Sighting{Name: "_ldap._tcp.dc._msdcs.contoso.com", Target: "dc1.contoso.com"})
			s.logon()
		}, ""},
		{"a GUID's, a PDC's and a catalog's record that does not exist", func(s *synth) {
			answer(s, decode.Sighting{Name: "_ldap._tcp.0d1e8a3c-0000-4000-8000-000000000000.domains._msdcs.contoso.com", Code: 3})
			answer(s, decode.Sighting{Name: "_ldap._tcp.Site1._sites.gc._msdcs.contoso.com", Code: 3})
			answer(s, decode.Sighting{Name: "_ldap._tcp.pdc._msdcs.contoso.com", Code: 3})
			s.logon()
		}, ""},
		{"an LDAP client looks for a server where there is no domain", func(s *synth) {
			answer(s, decode.Sighting{Name: "_ldap._tcp.example.net", Code: 3})
		}, ""},
		{"a client with its KDC in krb5.conf asks DNS in vain", func(s *synth) {
			answer(s, decode.Sighting{Name: "_kerberos._udp.contoso.com", Code: 3})
			s.logon()
		}, ""},
		{"AES-SHA2 keys in an MIT realm", func(s *synth) {
			list := []int32{20, 19, 18, 17}
			k := tkt{tgt1.sname, 20, 1, "sha2"}
			s.as(kdcX{client: "carol", list: list, hint: []int32{20, 19}, preauth: 20, reply: 20, ticket: k})
			svc := tkt{"HTTP/web.contoso.com", 20, 1, "w"}
			s.tgs(kdcX{client: "carol", tgt: k, auth: 20, list: list, ticket: svc, reply: 20})
			s.ap(apX{to: hub80, ticket: svc, auth: 20, carrier: "http"})
			s.as(kdcX{client: "dave", list: []int32{20}, hint: []int32{20}, preauth: 20, reply: 20, ticket: k})
		}, ""},
		{"MIT's and Heimdal's default lists", func(s *synth) {
			s.as(kdcX{client: "carol", list: []int32{18, 17, 20, 19, 16, 23, 25, 26}, hint: []int32{18}, preauth: 18})
			s.as(kdcX{client: "dave", list: []int32{18, 17, 16, 23}, hint: []int32{18}, preauth: 18})
			s.as(kdcX{client: "erin", list: []int32{18, 17, 20, 19, 16, 23, 1, 3}, hint: []int32{18}, preauth: 18})
		}, ""},
		{"a short name first, then the full one", func(s *synth) {
			s.logon()
			s.tgs(kdcX{list: windowsList, sname: "HTTP/hub-1", code: 7})
			web := tkt{httpSPN, 18, 5, "w"}
			issue(s, web)
			s.ap(apX{to: hub80, ticket: web, carrier: "http"})
		}, "spn-unknown"},
		{"an alias first, then the canonical name", func(s *synth) {
			s.logon()
			answer(s, decode.Sighting{Name: "www.contoso.com", Target: "hub-1.contoso.com", Addrs: []netip.Addr{hubIP}})
			s.tgs(kdcX{list: windowsList, sname: "HTTP/www.contoso.com", code: 7})
			web := tkt{httpSPN, 18, 5, "w"}
			issue(s, web)
			s.ap(apX{to: hub80, ticket: web, carrier: "http"})
		}, "spn-unknown"},
		{"a path of trusts: the direct one is not there", func(s *synth) {
			s.logon()
			s.tgs(kdcX{list: windowsList, sname: "krbtgt/EU.FABRIKAM.COM", code: 7})
			s.tgs(kdcX{list: windowsList, sname: "krbtgt/FABRIKAM.COM", ticket: tkt{"krbtgt/FABRIKAM.COM", 18, 3, "t"}})
		}, "krb-error referral-dead-end"},
		{"user to user after 27", func(s *synth) {
			s.logon()
			s.tgs(kdcX{list: windowsList, sname: "bob", code: 27})
			s.tgs(kdcX{list: windowsList, options: krb5.KDCEncTktInSkey, ticket: tkt{"bob", 18, 0, "u"}})
		}, "user-to-user-required"},
		{"a certificate first, then the password", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, code: 16, hint: []int32{18}})
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18})
		}, "pkinit-failed krb-error"},
		{"a load balancer's address before two hosts of one account", func(s *synth) {
			s.logon()
			vip := tkt{"HTTP/web.contoso.com", 18, 3, "w"}
			issue(s, vip)
			for i := range 4 {
				s.ap(apX{to: fmt.Sprintf("10.0.0.%d:80", 50+i%2), ticket: vip, carrier: "http"})
			}
		}, ""},
		{"many clients behind one address, one wrong password", func(s *synth) {
			for i := range 12 {
				s.as(kdcX{client: fmt.Sprint("user", i), list: windowsList, hint: []int32{18, 23}, preauth: 18})
			}
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18, 23}, preauth: 18, code: 24})
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18, 23}, preauth: 18})
		}, "preauth-failed-recovered"},
		{"a KDC asked over IPv6 and IPv4 at once", func(s *synth) {
			six := netip.MustParseAddr("fd00::30")
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18})
			s.as(kdcX{from: six, kdc: netip.MustParseAddr("fd00::10"), client: "alice", list: windowsList, hint: []int32{18}, preauth: 18})
		}, ""},
		{"two domains with a trust", func(s *synth) {
			s.logon()
			ref := tkt{"krbtgt/FABRIKAM.COM", 18, 3, "t"}
			far := tkt{"cifs/srv.fabrikam.com", 18, 9, "f"}
			s.tgs(kdcX{list: windowsList, sname: far.sname, ticket: ref})
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, tgt: ref, ticket: far})
			s.ap(apX{to: "10.0.0.60:445", ticket: far, carrier: "smb2"})
		}, ""},
		{"a long poll over HTTP that the client ends", func(s *synth) {
			s.logon()
			web := tkt{httpSPN, 18, 5, "w"}
			issue(s, web)
			s.ap(apX{to: hub80, ticket: web, carrier: "http"})
			s.later(time.Second)
			s.ap(apX{to: hub80, ticket: web, carrier: "http", silent: true, gaveUp: 10 * time.Minute})
		}, "ap-unanswered"},
		{"NTLM of a local account where Kerberos is in use", func(s *synth) {
			s.logon()
			s.ntlm(hub80, "Negotiate", "NTLM")
		}, "ntlm-fallback"},
		{"a forwarded TGT that the KDC refuses", func(s *synth) {
			s.logon()
			s.tgs(kdcX{list: []int32{18}, options: krb5.KDCForwarded, sname: tgt1.sname, code: 14})
			s.tgs(kdcX{list: windowsList, options: krb5.KDCForwarded, sname: tgt1.sname, code: 13})
		}, "forwarded-tgt-single-etype"},
		{"an expired TGT, and a new logon at once", func(s *synth) {
			old := tkt{tgt1.sname, 18, 2, "old"}
			s.tgs(kdcX{client: "alice", tgt: old, list: windowsList, sname: httpSPN, code: 32})
			fresh := tkt{tgt1.sname, 18, 2, "fresh"}
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, ticket: fresh})
			s.tgs(kdcX{client: "alice", tgt: fresh, list: windowsList, ticket: tkt{httpSPN, 18, 5, "w"}})
		}, "ticket-expired"},
		{"krbtgt was reset: the old TGT is refused, a new logon follows", func(s *synth) {
			old := tkt{tgt1.sname, 18, 1, "old"}
			s.tgs(kdcX{client: "alice", tgt: old, list: windowsList, sname: httpSPN, code: 44})
			fresh := tkt{tgt1.sname, 18, 3, "fresh"}
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, ticket: fresh})
			s.tgs(kdcX{client: "alice", tgt: fresh, list: windowsList, ticket: tkt{httpSPN, 18, 5, "w"}})
		}, "tgt-undecryptable"},
		{"a wrong password, then the right one, in the domain's NetBIOS name", func(s *synth) {
			inRealm(s, "CONTOSO", "alice", 24)
			s.later(3 * time.Second)
			inRealm(s, "CONTOSO", "alice", 0)
		}, "preauth-failed-recovered"},
		{"a password that must be changed, and is", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, code: 23})
			s.later(3 * time.Second)
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18})
		}, "password-expired"},
		{"a UPN that the KDC does not know, then the account's name", func(s *synth) {
			s.as(kdcX{client: "alice@contoso.com", list: windowsList, code: 6})
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18})
		}, "client-unknown"},
		{"the same UDP datagrams by a mirror port, twice", func(s *synth) {
			for range 2 {
				s.made = 7
				s.as(kdcX{client: "alice", udp: true, list: windowsList, hint: []int32{18}, preauth: 18, ticket: tkt{tgt1.sname, 18, 2, "t"}})
			}
		}, ""},
		{"both sides of a NAT before the KDC", func(s *synth) {
			for _, from := range []netip.Addr{mailboxIP, hub2IP} {
				s.made = 7
				s.as(kdcX{from: from, client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, ticket: tkt{tgt1.sname, 18, 2, "t"}})
				s.tgs(kdcX{from: from, client: "alice", tgt: tkt{tgt1.sname, 18, 2, "t"}, list: windowsList, ticket: smtpTicket})
			}
		}, ""},
		{"both sides of a load balancer before a service", func(s *synth) {
			s.logon()
			issue(s, smtpTicket)
			for _, to := range []string{"10.0.0.20:25", "10.0.0.21:25"} {
				s.made = 77
				s.ap(apX{to: to, ticket: smtpTicket})
			}
		}, ""},
		{"a computer whose name changed its password tries the new one first", func(s *synth) {
			s.as(kdcX{list: windowsList, hint: []int32{18}, preauth: 18, code: 24})
			s.as(kdcX{list: windowsList, hint: []int32{18}, preauth: 18})
		}, "preauth-failed-recovered"},
		{"a DC asks two KDCs at once", func(s *synth) {
			s.made = 3
			s.as(kdcX{client: "alice", kdc: dc2IP, list: windowsList, silent: true})
			s.made = 3
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18})
		}, ""},
		{"a ticket renewed, and a renewal too late", func(s *synth) {
			s.logon()
			s.tgs(kdcX{list: windowsList, options: krb5.KDCRenew, sname: tgt1.sname, ticket: tkt{tgt1.sname, 18, 2, "r"}})
			s.later(time.Hour)
			s.tgs(kdcX{list: windowsList, options: krb5.KDCRenew, sname: tgt1.sname, code: 32})
			s.as(kdcX{list: windowsList, hint: []int32{18}, preauth: 18})
		}, "ticket-expired krb-error"},
		{"the domain's NetBIOS name in the TGT", func(s *synth) {
			n := tkt{"krbtgt/CONTOSO", 18, 2, "n"}
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, ticket: n})
			s.tgs(kdcX{client: "alice", tgt: n, list: windowsList, ticket: smtpTicket})
			s.tgs(kdcX{client: "alice", tgt: n, list: windowsList, sname: httpSPN, code: 7})
			s.tgs(kdcX{client: "alice", tgt: n, list: windowsList, ticket: tkt{httpSPN, 18, 5, "w"}})
		}, "spn-unknown"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSynth(t)
			tc.do(s)
			for rule, list := range s.found() {
				for _, f := range list {
					if rule == "salt-unexpected" {
						continue // the synthetic KDC's salts are nobody's
					}
					if f.Severity != Note || !strings.Contains(" "+tc.notes+" ", " "+rule+" ") {
						assert.Fail(t, rule, "%s %s: %s %s", f.Severity, f.Confidence, f.Summary, f.Cause)
					}
				}
			}
		})
	}
}
