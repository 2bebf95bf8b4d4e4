package analyze

import (
	"fmt"
	"net/netip"

	"kerbscope/decode"
)

// tcp88Blocked: told to come back over TCP, the client never got through.
var tcp88Blocked = &Rule{
	ID:    "tcp-88-blocked",
	Title: "The KDC wants TCP, and TCP port 88 does not work",
	Doc: `The KDC answered over UDP with KRB_ERR_RESPONSE_TOO_BIG (52): its reply is too large for a datagram, and the client
must ask again over TCP. That is a normal step. Here the second half is missing: the SYNs to TCP port 88 were not
answered, were refused, or no answer came over the connection. Users with many groups fail while others work,
because only their tickets are large.`,
	Rivals: []string{
		`The client gave up by itself and never tried TCP: then no SYN is in the capture; the rule says so, and is silent when the capture ends right after the 52.`,
		`The TCP connection went to another KDC of the same realm and worked: the request is answered, the rule is silent.`,
		`The KDC does not listen on TCP at all (old MIT KDCs before 1.13 needed kdc_tcp_ports): a RST from the KDC looks the same as a firewall that rejects.`,
	},
	Fix: []string{
		`From the client: Test-NetConnection DC -Port 88`,
		`Open TCP 88 from all clients to all DCs on every firewall and VPN in between`,
		`Fewer groups in the token keep replies small, but that is no cure: tickets grow with every group and claim`,
		`MIT KDC: kdc_tcp_listen = 88 in kdc.conf (1.15 and later), kdc_tcp_ports = 88 before`,
	},
	Events:   []Event{{Host: "client", Log: "System", ID: "Kerberos 3", Meaning: "KRB_ERR_RESPONSE_TOO_BIG (0x34), only with LogLevel=1; normal when TCP works"}},
	Refs:     []string{"RFC 4120 §7.2.1, §7.5.9", "KB837361 (replies over 1465 bytes, MaxDatagramReplySize)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkTCP88Blocked,
}

func checkTCP88Blocked(c *Case) []Finding {
	var found []Finding
	for _, group := range groupRecords(c.Records(), func(r *Record) string {
		if r.Kind != decode.AS && r.Kind != decode.TGS || r.Healed || r.answers() || r.TooBig.Frame == 0 && r.code() != errResponseTooBig {
			return ""
		}
		return byClientAndKDC(r)
	}) {
		r := group[0]
		syns := c.failedSYNs(r)
		if len(syns) == 0 {
			continue // the connection was not in view, or it was made
		}
		f := c.aboutRecords(group, "too_big", "error_code")
		for _, g := range syns {
			c.citeSighting(&f, g)
		}
		f.Confidence = Certain
		f.Summary = fmt.Sprintf("%s told %s to use TCP (error 52) %s, and TCP port 88 did not open.", c.HostName(r.To.Addr()), c.who(r), nTimes(uint64(len(group))))
		f.Cause = "The reply is too large for UDP, and something between the client and the KDC, or the KDC itself, does not let TCP port 88 through."
		f.fill = []string{"KDC-NAME", c.HostName(r.To.Addr())}
		found = append(found, f)
	}
	return found
}

// failedSYNs are the TCP connections to r's KDC that its client tried in vain
// after r.
func (c *Case) failedSYNs(r *Record) (syns []*SightingFact) {
	for _, g := range c.vainSYNs(r.From.Addr()) {
		if g.Dst.Addr() == r.To.Addr() && g.Dst.Port() == kdcPort && g.Last >= r.Start {
			syns = append(syns, g)
		}
	}
	return syns
}

// vainSYNs are the TCP connections that a client tried in vain: those without an
// answer, then those refused.
func (c *Case) vainSYNs(client netip.Addr) []*SightingFact {
	j := c.joined
	j.synsOnce.Do(func() {
		j.synsOf = map[netip.Addr][]*SightingFact{}
		for _, kind := range []decode.SightingKind{decode.SYNUnanswered, decode.SYNRefused} {
			for _, g := range c.Sightings(kind) {
				j.synsOf[g.Src.Addr()] = append(j.synsOf[g.Src.Addr()], g)
			}
		}
	})
	return j.synsOf[client]
}
