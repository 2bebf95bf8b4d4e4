package analyze

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"kerbscope/decode"
)

// dcLocatorTrouble: DNS does not lead to a DC, or leads to a dead one.
var dcLocatorTrouble = &Rule{
	ID:    "dc-locator-trouble",
	Title: "DNS does not lead to a working KDC",
	Doc: `Clients find their KDCs by SRV records (_kerberos._tcp and _udp, _ldap._tcp.dc._msdcs). Here DNS answered such a question with "no such name" or a server failure and no other answer for that domain helped, or only ICMP answered, that the DNS server cannot be reached, it named a host that did not answer Kerberos requests, or the address of a host that is a KDC
(an SRV record names it, or it answered Kerberos elsewhere in the captures) could not be had: "no such name", a failure, or ICMP, and no Kerberos of that client followed.`,
	Rivals: []string{
		`The client knows its KDC otherwise (krb5.conf, a cache, the domain's other name): the rule is silent when Kerberos of that client with that realm follows.`,
		`One name of several tried: site-specific names and _kerberos-master often do not exist; the rule speaks only when no question for the domain was answered with a host.`,
		`The client asks a DNS server outside the domain (home router, VPN not up): its address stands in the evidence.`,
		`AAAA answered with nothing or "no such name" while the A record is there: healthy where there is no IPv6; any address of the name makes the rule silent for that client, and so does Kerberos of that client afterwards (a cache or hosts file).`,
		`The KDC named by DNS is down for the moment: then kdc-unreachable is the cause and the record is right.`,
	},
	Fix: []string{
		`On the client: nltest /dsgetdc:DOMAIN /force; nslookup -type=srv _kerberos._tcp.DOMAIN; Get-DnsClientServerAddress: only servers of the domain belong there`,
		`On the DC: nltest /dsregdns (or restart Netlogon) registers its records anew; records of DCs that are gone: nltest /dsderegdns:KDC-NAME`,
		`MIT: [realms] kdc = in krb5.conf works without DNS`,
	},
	Events:   []Event{{Host: "client", Log: "System", ID: "NETLOGON 5719", Meaning: "no domain controller could be found"}},
	Refs:     []string{"RFC 4120 §7.2.3.2", "[MS-ADTS] §6.3.2.3 (SRV records)"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkDCLocatorTrouble,
}

// locatorDomain is the domain of a locator question; "" for other names: of
// other servers of a domain (_ldap._tcp without dc._msdcs: any LDAP server's; gc, pdc
// and GUIDs), and of Entra ID's realm, whose KDC is reached over HTTPS alone.
func locatorDomain(name string) string {
	name = lower(strings.TrimSuffix(name, "."))
	rest, kerberos := name, false
	for _, p := range []string{"_kerberos._tcp.", "_kerberos._udp."} {
		if r, ok := strings.CutPrefix(name, p); ok {
			rest, kerberos = r, true
		}
	}
	if !kerberos {
		r, ok := strings.CutPrefix(name, "_ldap._tcp.")
		if !ok {
			return ""
		}
		rest = r
	}
	if i := strings.Index(rest, "._sites."); i >= 0 {
		rest = rest[i+len("._sites."):]
	}
	domain, dc := strings.CutPrefix(rest, "dc._msdcs.")
	if !kerberos && !dc || strings.Contains(domain, "_msdcs.") || domain == entraRealm {
		return ""
	}
	return domain
}

// entraRealm is the realm of Entra ID (Azure AD) Kerberos.
const entraRealm = "kerberos.microsoftonline.com"

// foundIts tells whether Kerberos of the client with a KDC of the domain was seen
// since: then it knows its KDC otherwise, or by the domain's other name, of
// which a NetBIOS name is the first label as a rule.
func (c *Case) foundIts(client netip.Addr, domain string, since int64) bool {
	return slices.ContainsFunc(c.RecordsFrom(client), func(r *Record) bool {
		if r.Kind != decode.AS && r.Kind != decode.TGS || r.End < since || r.Reply == nil && r.Error == nil {
			return false
		}
		realm := lower(r.Req.Realm)
		label, _, _ := strings.Cut(realm, ".")
		own, _, _ := strings.Cut(domain, ".")
		return realm == domain || label == domain || realm == own
	})
}

func checkDCLocatorTrouble(c *Case) []Finding {
	failed := map[lookUp][]*SightingFact{}
	good := map[lookUp]bool{}
	var order []lookUp
	var found []Finding
	for _, g := range c.Sightings(decode.DNSAnswer) {
		domain := locatorDomain(g.Name)
		if domain == "" {
			continue
		}
		k := lookUp{g.Dst.Addr(), domain}
		switch {
		case g.Code == 3 || g.Code == 2 || g.Code == 5:
			if failed[k] == nil {
				order = append(order, k)
			}
			failed[k] = append(failed[k], g)
		case g.Target != "":
			good[k] = true
			for _, s := range c.silencesOf(g.Dst.Addr()) {
				if s.answeredBy != nil || !s.plain() || !c.isHostName(g.Target, s.kdc.Addr()) {
					continue
				}
				f := c.locatorFinding(g, "dns")
				f.Subject.KDC = s.kdc.Addr().String()
				f.Summary = fmt.Sprintf("DNS names %s as KDC of %s, and that host did not answer %s.", g.Target, domain, c.HostName(s.client))
				f.Cause = "The SRV record leads to a host that does not answer: it is down, or gone and its records were left."
				f.fill = []string{"DOMAIN", domain, "KDC-NAME", g.Target}
				found = append(found, f)
				break
			}
		}
	}
	lookUps, of := c.nameServersAway()
	for i, f := range lookUps {
		if !good[of[i]] && failed[of[i]] == nil {
			found = append(found, f)
		}
	}
	for _, k := range order {
		list := failed[k]
		if good[k] || c.foundIts(k.client, k.domain, list[0].Time) {
			continue
		}
		f := c.locatorFinding(list[0], "dns")
		for _, g := range list[1:] {
			f.Count += g.Seen
			if len(f.Evidence) < 4 {
				c.citeFrame(&f, g.Frame, "dns", g.Name, "", "dns.flags.rcode > 0")
			}
		}
		f.Summary = fmt.Sprintf("DNS knows no KDC of %s: %s asked %s and was told of none.", k.domain, c.HostName(k.client), plural(f.Count, "time"))
		f.Cause = "The client asks a DNS server that does not know the domain, or the DCs' SRV records are missing."
		f.fill = []string{"DOMAIN", k.domain}
		found = append(found, f)
	}
	return append(found, c.kdcNamesUnresolved()...)
}

// A lookUp is a client's search for the KDCs of a domain.
type lookUp struct {
	client netip.Addr
	domain string
}

const dnsPort = 53

// nameServersAway are the searches for a KDC to which only ICMP answered, that
// the DNS server cannot be reached. A client that Kerberos was seen of afterwards
// found its KDC without.
func (c *Case) nameServersAway() (found []Finding, of []lookUp) {
	for _, g := range c.Sightings(decode.ICMPError) {
		k := lookUp{g.Src.Addr(), locatorDomain(g.Name)}
		if g.Dst.Port() != dnsPort || k.domain == "" || slices.ContainsFunc(c.RecordsFrom(k.client), func(r *Record) bool { return r.End >= g.Time }) {
			continue
		}
		i := slices.Index(of, k)
		if i < 0 {
			i = len(of)
			f := Finding{first: g.Time}
			f.Subject = Subject{ClientIP: k.client.String()}
			f.Client = k.client.String()
			f.Severity, f.Confidence = Note, Likely
			f.fill = []string{"DOMAIN", k.domain}
			found, of = append(found, f), append(of, k)
		}
		f := &found[i]
		f.Count += g.Seen
		f.last = max(f.last, g.Last)
		if len(f.Evidence) < 4 {
			c.citeFrame(f, g.Frame, "icmp", g.Dst.String(), "", "icmp || icmpv6")
		}
		f.Summary = fmt.Sprintf("No DNS server told %s a KDC of %s: ICMP says that %s cannot be reached (%s).", c.HostName(k.client), k.domain, g.Dst.Addr(), plural(f.Count, "time"))
		f.Cause = "The DNS server is down, the client asks a host that is none, or a firewall rejects the question. No other answer for that domain was captured, and no Kerberos of that client afterwards."
	}
	return found, of
}

// locatorFinding begins a finding about a DNS answer.
func (c *Case) locatorFinding(g *SightingFact, field string) Finding {
	f := Finding{Count: g.Seen, first: g.Time, last: g.Last}
	f.Subject = Subject{ClientIP: g.Dst.Addr().String()}
	f.Client = g.Dst.Addr().String()
	f.Severity, f.Confidence = Note, Likely
	value, filter := g.Target, "dns.flags.response == 1"
	if value == "" {
		value, filter = g.Name, "dns.flags.rcode > 0"
	}
	c.citeFrame(&f, g.Frame, field, value, "", filter)
	return f
}

// kdcNamesUnresolved are the look-ups of a KDC's own name that DNS answered with
// no address: "no such name", a failure, or ICMP in its stead. It is silent for a client
// that any DNS server told an address of that name, and for one that Kerberos was
// seen of afterwards: an AAAA answer without address is healthy beside an A record.
func (c *Case) kdcNamesUnresolved() (found []Finding) {
	type question struct {
		client netip.Addr
		name   string
	}
	known := c.kdcNames()
	if len(known) == 0 {
		return nil
	}
	good := map[question]bool{}
	bad := map[question][]*SightingFact{}
	var order []question
	look := func(client netip.Addr, g *SightingFact) {
		q := question{client, lower(strings.TrimSuffix(g.Name, "."))}
		if known[q.name] == "" {
			return
		}
		switch {
		case g.Kind == decode.DNSAnswer && (len(g.Addrs) > 0 || g.Code == 0 && g.Target != ""):
			good[q] = true
		case g.Kind == decode.ICMPError, g.Code == 2, g.Code == 3, g.Code == 5:
			if bad[q] == nil {
				order = append(order, q)
			}
			bad[q] = append(bad[q], g)
		}
	}
	for _, g := range c.Sightings(decode.DNSAnswer) {
		look(g.Dst.Addr(), g)
	}
	for _, g := range c.Sightings(decode.ICMPError) {
		if g.Dst.Port() == dnsPort && g.Name != "" {
			look(g.Src.Addr(), g)
		}
	}
	for _, q := range order {
		list := bad[q]
		slices.SortStableFunc(list, bySighting)
		if good[q] || slices.ContainsFunc(c.RecordsFrom(q.client), func(r *Record) bool { return r.End >= list[0].Time }) {
			continue
		}
		f := Finding{first: list[0].Time}
		f.Subject = Subject{ClientIP: q.client.String()}
		f.Client = q.client.String()
		f.Severity, f.Confidence = Note, Likely
		f.identity = "name|" + q.client.String() + "|" + q.name
		var said []string
		for _, g := range list {
			f.Count += g.Seen
			f.last = max(f.last, g.Last)
			word, field, value, filter := "no such name", "dns", g.Name, "dns.flags.rcode > 0"
			switch {
			case g.Kind == decode.ICMPError:
				word, field, value, filter = "ICMP: "+g.Dst.Addr().String()+" cannot be reached", "icmp", g.Dst.String(), "icmp || icmpv6"
			case g.Code == 2:
				word = "server failure"
			case g.Code == 5:
				word = "refused"
			}
			said = addOnce(said, word)
			if len(f.Evidence) < 4 {
				c.citeFrame(&f, g.Frame, field, value, "", filter)
			}
		}
		f.Summary = fmt.Sprintf("%s got no address of %s, %s: %s (%s).", c.HostName(q.client), q.name, known[q.name], join(said, 3), plural(f.Count, "time"))
		f.Cause = "The client knows the KDC's name and not where it is: the host's address record is missing, the SRV record names a host that is gone, or the client asks a DNS server that does not know the domain. No Kerberos of that client followed."
		f.fill = []string{"DOMAIN", domainOf(q.name), "KDC-NAME", q.name}
		found = append(found, f)
	}
	return found
}

// kdcNames are the full names that DNS or a KDC itself gives KDCs, with who says
// so. A name that is a domain's is none: it stands for all its DCs.
func (c *Case) kdcNames() map[string]string {
	names := map[string]string{}
	for _, g := range c.Sightings(decode.DNSAnswer) {
		if g.Code != 0 || locatorDomain(g.Name) == "" {
			continue
		}
		for _, t := range append([]string{g.Target}, g.Targets...) {
			if t = lower(strings.TrimSuffix(t, ".")); strings.Contains(t, ".") {
				names[t] = "which the SRV record " + lower(g.Name) + " names"
			}
		}
	}
	for _, k := range c.KDCs() {
		h := c.joined.hosts.byAddr[k.Addr.Unmap()]
		if h == nil || k.First == nil {
			continue
		}
		for _, n := range h.names {
			name := lower(n.Name)
			switch n.Source {
			case "dns", "cldap", "smb", "ntlm", "machine account":
				isRealm := slices.ContainsFunc(k.Realms, func(r string) bool { return lower(r) == name })
				if names[name] == "" && strings.Contains(name, ".") && !isRealm {
					names[name] = "a KDC in these captures"
				}
			}
		}
	}
	return names
}

// domainOf is a host's name without its first label.
func domainOf(name string) string {
	if _, domain, ok := strings.Cut(name, "."); ok {
		return domain
	}
	return name
}
