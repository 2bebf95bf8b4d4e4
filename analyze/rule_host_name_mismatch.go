package analyze

import (
	"fmt"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// hostNameMismatch: the ticket is for one host, the connection went to another.
var hostNameMismatch = &Rule{
	ID:    "host-name-mismatch",
	Title: "The ticket names another host than the one that it was shown to",
	Doc: `A service refused a ticket because it could not decrypt it, and the host in the ticket's service name is, by the DNS answers in these captures, at other addresses than the one that the client connected to. The client asked
for a ticket for one machine and talked to another: an entry in its hosts file, a CNAME or a virtual address in front of several servers, a NAT rule, or a stale name in a configuration.`,
	Rivals: []string{
		`A load balancer or NAT that shares one key on all members: then tickets are accepted, and the rule, which needs a refusal, is silent.`,
		`The host has more addresses than DNS told in these captures: then the address is one of the same host, which other names or a machine account tie to it; the rule compares hosts, not addresses.`,
		`DNS changed between the answer and the connection: the frames tell how far apart they are.`,
	},
	Fix: []string{
		`On the client: nslookup HOST-NAME; findstr /i HOST-NAME %SystemRoot%\System32\drivers\etc\hosts; and connect by the name of the server that really answers`,
		`An alias needs its SPN on the account of the server behind it: setspn -S SERVICE/ALIAS ACCOUNT; several servers behind one name need one shared account, with all SPNs on it`,
		`Reaching itself by an alias: BackConnectionHostNames (reg add HKLM\SYSTEM\CurrentControlSet\Control\Lsa\MSV1_0 /v BackConnectionHostNames /t REG_MULTI_SZ /d ALIAS)`,
	},
	Undo:     []string{`setspn -D SERVICE/ALIAS ACCOUNT`},
	Refs:     []string{"RFC 4120 §1.3 (names of services)", "[MS-KILE] §3.4.5", "KB926642"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkHostNameMismatch,
}

func checkHostNameMismatch(c *Case) []Finding {
	rows := c.rowsWhere(decode.AP, func(r *Record) bool {
		return (keyRefused(r) || r.Kind == decode.AP && r.Ending == decode.Failed && r.code() == errNotUs) && r.Presented != nil && c.elsewhereByDNS(spnHost(r.Service), r.To.Addr()) != nil
	})
	return c.each(rows, byServiceAndServer, []string{"ticket.sname", "error_code"}, func(f *Finding, rows []*Row, r *Record) {
		g := c.elsewhereByDNS(spnHost(r.Service), r.To.Addr())
		f.Confidence = Likely
		if f.Severity != Note {
			f.Severity = Warning
		}
		c.citeFrame(f, g.Frame, "dns", g.Addrs[0].String(), "", fmt.Sprintf("dns.a == %s", g.Addrs[0]))
		if !g.Addrs[0].Unmap().Is4() {
			f.Evidence[len(f.Evidence)-1].Wireshark = fmt.Sprintf("dns.aaaa == %s", g.Addrs[0])
		}
		f.Summary = fmt.Sprintf("%s refused tickets for %s %s; by DNS that host is at %s.", c.server(r.To), serviceText(r), nTimes(total(rows)), g.Addrs[0])
		f.Cause = "The client has a ticket for one host and talks to another, whose key cannot open it."
		f.fill = []string{"HOST-NAME", spnHost(r.Service)}
	})
}

// elsewhereByDNS is a DNS answer that puts host at other machines than that at
// addr; nil when none does, or one puts it there.
func (c *Case) elsewhereByDNS(host string, addr netip.Addr) *SightingFact {
	if host == "" || isAddress(host) || c.isHostName(host, addr) {
		return nil
	}
	var found *SightingFact
	for _, g := range c.Sightings(decode.DNSAnswer) {
		if lower(g.Name) != host || len(g.Addrs) == 0 {
			continue
		}
		if slices.ContainsFunc(g.Addrs, func(a netip.Addr) bool { return c.SameHost(a.Unmap(), addr.Unmap()) }) {
			return nil
		}
		if found == nil && g.Addrs[0].Unmap().Is4() == addr.Unmap().Is4() {
			found = g
		}
	}
	return found
}
