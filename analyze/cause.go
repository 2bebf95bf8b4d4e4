package analyze

import (
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// What a cause and its effect must share, besides nothing that contradicts:
// two known clients or client addresses that differ are never linked.
type share uint16

const (
	sameClient  share = 1 << iota // principal, or where one is unknown the client's address
	sameFrom                      // the client's address
	sameService                   // sname with realm
	sameKDC                       // KDC address; of a finding about no single KDC, one of those in its evidence
	sameServer                    // acceptor endpoint
	sameHost                      // acceptor address, any port; of a service its host name
	sameTicket                    // one ticket at least
)

// A causeRow says that findings of one rule explain those of another.
type causeRow struct {
	cause, effect string
	share         share
}

// causes is the one table of which finding explains which. For each effect
// the rows stand nearest cause first. Times must allow it: a cause begins before its effect
// ends. diagnosis order: transport, clock, account, etype, service lookup, acceptor, NTLM last.
var causes = []causeRow{
	// Reaching a KDC.
	{"udp-fragments-lost", "kdc-udp-unanswered", sameFrom | sameKDC},
	{"udp-fragments-lost", "kdc-unreachable", sameFrom | sameKDC},
	{"tcp-88-blocked", "kdc-unreachable", sameFrom | sameKDC},
	{"kdc-udp-unanswered", "kdc-unreachable", sameFrom | sameKDC},
	{"dc-locator-trouble", "kdc-unreachable", sameFrom},
	{"kdc-udp-unanswered", "kdc-failover", sameFrom | sameKDC},
	{"kdc-unreachable", "kdc-failover", sameFrom | sameKDC},
	{"kdc-udp-unanswered", "kdc-slow", sameKDC},

	// The client's account.
	{"clock-skew", "preauth-failed", sameClient | sameKDC},
	{"clock-skew-hidden", "preauth-failed", sameClient},
	{"etype-list-altered", "preauth-failed", sameClient},
	{"salt-unexpected", "preauth-failed", sameClient},
	{"password-spray", "preauth-failed", sameFrom},
	{"password-spray", "client-unknown", sameFrom},
	{"preauth-failed", "client-revoked", sameClient},
	{"password-spray", "client-revoked", sameFrom},

	// Encryption types.
	{"kdc-offers-no-aes", "kdcs-disagree", sameKDC},
	{"kdc-offers-no-aes", "tgt-undecryptable", sameKDC},
	{"kdcs-disagree", "tgt-undecryptable", sameClient},
	{"kdc-offers-no-aes", "account-lacks-aes-keys", sameKDC},
	{"rc4-enforcement-break", "etype-nosupp", sameClient},
	{"client-offers-no-aes", "etype-nosupp", sameFrom},
	{"client-offers-no-aes", "rc4-enforcement-break", sameFrom},
	{"account-lacks-aes-keys", "etype-nosupp", sameClient},
	{"kdc-offers-no-aes", "etype-nosupp", sameKDC},
	{"kdcs-disagree", "etype-nosupp", sameService},
	{"kdc-offers-no-aes", "etype-nosupp-recovered", sameKDC},
	{"kdc-offers-no-aes", "ticket-downgrade", sameKDC},
	{"kdcs-disagree", "ticket-downgrade", sameService},
	{"client-prefers-rc4", "session-key-downgrade", sameFrom},
	{"client-offers-no-aes", "session-key-downgrade", sameFrom},
	{"kdc-offers-no-aes", "session-key-downgrade", sameKDC},
	{"client-offers-no-aes", "etype-info-old", sameFrom},
	{"ticket-downgrade", "rc4-ticket-aes-session", sameService},
	{"client-offers-no-aes", "rc4-in-use", sameClient},
	{"preauth-downgrade", "rc4-in-use", sameClient},
	{"client-prefers-rc4", "rc4-in-use", sameClient},
	{"ticket-downgrade", "rc4-in-use", sameService},
	{"session-key-downgrade", "rc4-in-use", sameService},
	{"account-lacks-aes-keys", "rc4-in-use", sameClient},
	{"kdc-offers-no-aes", "rc4-in-use", sameKDC},
	{"referral-etype", "rc4-in-use", sameService},
	{"referral-etype", "rc4-ticket-aes-session", sameService},
	{"client-offers-no-aes", "des-in-use", sameClient},

	// Finding the service.
	{"duplicate-spn", "spn-unknown", sameService},
	{"referral-dead-end", "spn-unknown", sameClient},
	{"wrong-realm", "spn-unknown", sameClient},

	// The acceptor's key.
	{"stale-keytab", "key-fault-one-identity", sameService | sameServer},
	{"key-fault-one-identity", "same-ticket-two-outcomes", sameService | sameServer},
	{"stale-keytab", "same-ticket-two-outcomes", sameService | sameServer},
	{"acceptor-lacks-etype-key", "same-ticket-two-outcomes", sameService | sameServer},
	{"acceptor-lacks-key", "same-ticket-two-outcomes", sameService | sameServer},
	{"stale-ticket", "ticket-refused-everywhere", sameService},
	{"stale-keytab", "ticket-refused-everywhere", sameService},
	{"spn-on-wrong-account", "ticket-refused-everywhere", sameService},
	{"acceptor-lacks-etype-key", "ticket-refused-everywhere", sameService},
	{"key-fault-one-identity", "acceptor-lacks-key", sameService | sameServer},
	{"stale-keytab", "acceptor-lacks-key", sameService | sameServer},
	{"stale-ticket", "acceptor-lacks-key", sameService | sameServer},
	{"spn-on-wrong-account", "acceptor-lacks-key", sameService | sameServer},
	{"acceptor-lacks-etype-key", "acceptor-lacks-key", sameService | sameServer},
	{"acceptor-lacks-key", "key-mismatch", sameService | sameServer},
	{"same-ticket-two-outcomes", "key-mismatch", sameService | sameServer},
	{"key-fault-one-identity", "key-mismatch", sameService | sameServer},
	{"stale-ticket", "key-mismatch", sameService | sameServer},
	{"stale-keytab", "key-mismatch", sameService | sameServer},
	{"spn-on-wrong-account", "key-mismatch", sameService | sameServer},
	{"acceptor-lacks-etype-key", "key-mismatch", sameService | sameServer},
	{"host-name-mismatch", "key-mismatch", sameService | sameServer},
	{"ticket-refused-everywhere", "key-mismatch", sameService | sameServer},
	{"clock-skew", "ticket-not-yet-valid", sameServer},
	{"clock-skew", "ticket-expired", sameServer},

	{"kdcs-disagree", "acceptor-lacks-key", sameService | sameTicket},
	{"kdcs-disagree", "key-mismatch", sameService | sameTicket},

	// The carrier's word.
	{"key-mismatch", "ap-refused", sameService | sameServer},
	{"acceptor-lacks-key", "ap-refused", sameService | sameServer},
	{"same-ticket-two-outcomes", "ap-refused", sameService | sameServer},
	{"key-fault-one-identity", "ap-refused", sameService | sameServer},
	{"stale-ticket", "ap-refused", sameService | sameServer},
	{"stale-keytab", "ap-refused", sameService | sameServer},
	{"spn-on-wrong-account", "ap-refused", sameService | sameServer},
	{"acceptor-lacks-etype-key", "ap-refused", sameService | sameServer},
	{"ticket-refused-everywhere", "ap-refused", sameService | sameServer},
	{"kdcs-disagree", "ap-refused", sameService | sameTicket},
	{"channel-binding", "ap-refused", sameServer},
	{"token-too-big", "ap-refused", sameServer},
	{"replay", "ap-refused", sameServer},
	{"clock-skew", "ap-refused", sameServer},
	{"token-too-big", "ap-unanswered", sameServer},

	// NTLM is a symptom, never a cause.
	{"ap-refused", "ntlm-fallback", sameFrom | sameHost},
	{"key-mismatch", "ntlm-fallback", sameFrom | sameHost},
	{"acceptor-lacks-key", "ntlm-fallback", sameFrom | sameHost},
	{"same-ticket-two-outcomes", "ntlm-fallback", sameHost},
	{"key-fault-one-identity", "ntlm-fallback", sameHost},
	{"stale-ticket", "ntlm-fallback", sameHost},
	{"stale-keytab", "ntlm-fallback", sameHost},
	{"spn-on-wrong-account", "ntlm-fallback", sameHost},
	{"acceptor-lacks-etype-key", "ntlm-fallback", sameHost},
	{"ap-unanswered", "ntlm-fallback", sameFrom | sameHost},
	{"replay", "ntlm-fallback", sameFrom | sameHost},
	{"address-bound-ticket", "ntlm-fallback", sameFrom | sameHost},
	{"ticket-expired", "ntlm-fallback", sameFrom | sameHost},
	{"ticket-not-yet-valid", "ntlm-fallback", sameFrom | sameHost},
	{"clock-skew", "ntlm-fallback", sameFrom | sameHost},
	{"spn-unknown", "ntlm-fallback", sameFrom | sameHost},
	{"duplicate-spn", "ntlm-fallback", sameFrom | sameHost},
	{"user-to-user-required", "ntlm-fallback", sameFrom | sameHost},
	{"etype-nosupp", "ntlm-fallback", sameFrom | sameHost},
	{"tgt-undecryptable", "ntlm-fallback", sameFrom},
	{"client-revoked", "ntlm-fallback", sameFrom},
	{"password-expired", "ntlm-fallback", sameFrom},
	{"preauth-failed", "ntlm-fallback", sameFrom},
	{"client-unknown", "ntlm-fallback", sameFrom},
	{"clock-skew", "ntlm-fallback", sameFrom},
	{"etype-nosupp", "ntlm-fallback", sameFrom},
	{"tcp-88-blocked", "ntlm-fallback", sameFrom},
	{"kdc-unreachable", "ntlm-fallback", sameFrom},
}

// link sets because_of: of the causes that the table and the times allow the
// first in the table's order, then the one nearest in time. A note explains nothing graver; a
// warning that explains an error is one.
func (c *Case) link(list []*Finding) {
	byRule := map[string][]*Finding{}
	for _, f := range list {
		byRule[f.Rule] = append(byRule[f.Rule], f)
	}
	kdcs := c.kdcsOf(list)
	for _, f := range list {
		for _, row := range causes {
			if row.effect != f.Rule {
				continue
			}
			var best *Finding
			for _, o := range byRule[row.cause] {
				if o == f || o.first > f.last || o.Severity == Note && f.Severity != Note || o.Confidence == Possible && f.Confidence != Possible || !c.sharing(row.share, o, f, kdcs) {
					continue
				}
				if best == nil || apart(o, f) < apart(best, f) {
					best = o
				}
			}
			if best != nil {
				f.BecauseOf = best.ID
				break
			}
		}
	}
	c.siblings(list)
	byID := map[string]*Finding{}
	for _, f := range list {
		byID[f.ID] = f
	}
	for _, f := range list {
		// The table has no cycles, so this ends.
		for o := byID[f.BecauseOf]; o != nil; o = byID[o.BecauseOf] {
			if f.Severity == Error && o.Severity == Warning {
				o.Severity = Error
			}
		}
	}
}

// kdcsOf tells which KDCs findings are about: the subject's, else those whose
// exchanges the evidence cites.
func (c *Case) kdcsOf(list []*Finding) map[*Finding][]string {
	type place struct {
		capture string
		frame   uint64
	}
	at := map[place]string{}
	for _, r := range c.joined.records {
		if r.Kind == decode.AS || r.Kind == decode.TGS {
			for _, s := range r.Steps {
				at[place{c.CaptureName(s.Frame), s.Frame.Number()}] = r.To.Addr().String()
			}
		}
	}
	kdcs := map[*Finding][]string{}
	for _, f := range list {
		if f.Subject.KDC != "" {
			kdcs[f] = []string{f.Subject.KDC}
			continue
		}
		for _, e := range f.Evidence {
			kdcs[f] = addOnce(kdcs[f], at[place{e.Capture, e.Frame}])
		}
	}
	return kdcs
}

func apart(cause, effect *Finding) int64 {
	d := effect.first - cause.first
	return max(d, -d)
}

// subjects are what a finding is about: its subject, or those that it puts together.
func (f *Finding) subjects() []Subject {
	if f.parts != nil {
		return f.parts
	}
	return []Subject{f.Subject}
}

// sharing tells whether cause and effect are about the same.
func (c *Case) sharing(want share, a, b *Finding, kdcs map[*Finding][]string) bool {
	for _, x := range a.subjects() {
		for _, y := range b.subjects() {
			if c.sharingAs(want, a, b, &x, &y, kdcs) {
				return true
			}
		}
	}
	return false
}

func (c *Case) sharingAs(want share, a, b *Finding, x, y *Subject, kdcs map[*Finding][]string) bool {
	both := func(s, t string) bool { return s != "" && t != "" && samePrincipal(s, t) }
	differ := func(s, t string) bool { return s != "" && t != "" && !samePrincipal(s, t) }
	if differ(x.Client, y.Client) && want&(sameServer|sameHost|sameKDC) == 0 || differ(x.ClientIP, y.ClientIP) && want&(sameFrom|sameClient) != 0 {
		return false
	}
	switch {
	case want&sameClient != 0 && !both(x.Client, y.Client) && !((x.Client == "" || y.Client == "") && both(x.ClientIP, y.ClientIP)),
		want&sameFrom != 0 && !both(x.ClientIP, y.ClientIP),
		want&sameService != 0 && !both(x.Service, y.Service),
		want&sameKDC != 0 && !slices.ContainsFunc(kdcs[a], func(k string) bool { return slices.Contains(kdcs[b], k) }),
		want&sameServer != 0 && !both(x.Server, y.Server),
		want&sameHost != 0 && !c.sameAcceptor(x, y),
		want&sameTicket != 0 && !slices.ContainsFunc(x.Tickets, func(t string) bool { return slices.Contains(y.Tickets, t) }):
		return false
	}
	return true
}

// sameAcceptor tells whether two subjects are about one service host, by
// address or by the host name of the SPN.
func (c *Case) sameAcceptor(x, y *Subject) bool {
	addr := func(s *Subject) (list []netip.Addr) {
		if p, err := netip.ParseAddrPort(s.Server); err == nil {
			return []netip.Addr{p.Addr()}
		}
		if h := spnHost(s.Service); h != "" {
			return c.HostsOf(h)
		}
		return nil
	}
	for _, a := range addr(x) {
		for _, b := range addr(y) {
			if c.SameHost(a, b) {
				return true
			}
		}
	}
	return spnHost(x.Service) != "" && spnHost(x.Service) == spnHost(y.Service)
}
