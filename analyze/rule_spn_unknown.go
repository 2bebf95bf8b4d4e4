package analyze

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// spnUnknown: 7.
var spnUnknown = &Rule{
	ID:    "spn-unknown",
	Title: "The KDC knows no account with this service name",
	Doc: `KDC_ERR_S_PRINCIPAL_UNKNOWN (7) for a service, and no success for the same name afterwards. The client built the name from what it was
told to connect to; no account in that realm carries it. Windows then often goes on with NTLM, which looks as if all were well
until NTLM is switched off. When the service is an IP address or a single label, the name itself is the fault: Kerberos
needs the name that is registered.`,
	Rivals: []string{
		`A library that asks for the name as given and then for the canonical one (MIT: dns_canonicalize_hostname = fallback): a note, when the ticket for the name that DNS leads to follows within a second.`,
		`A probe: clients try short names, krbtgt of other realms and names without the right realm before the right one; a success of the same client for the same host soon after makes it a note.`,
		`A duplicate: KDCs answer 7 also when two accounts carry the SPN; not to be told apart on the wire; setspn -X -F tells.`,
		`The service lives in another realm and the client was not referred there: name suffix routing, or a missing [domain_realm] entry; the realm asked is in the evidence.`,
		`The SPN was registered and this DC does not have it yet: a success at another KDC shows it (kdcs-disagree).`,
	},
	Fix:      spnSteps,
	Undo:     []string{`setspn -D SPN ACCOUNT`},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4769", Meaning: "service ticket request failed, result code 0x7"}, {Host: "client", Log: "System", ID: "Kerberos 3", Meaning: "KDC_ERR_S_PRINCIPAL_UNKNOWN (0x7) and the name, with LogLevel=1"}},
	Refs:     []string{"RFC 4120 §3.3.3, §7.5.9", "[MS-KILE] §3.3.5.7", "AskDS: Kerberos errors in network captures"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkSPNUnknown,
}

var spnSteps = []string{
	`setspn -Q SPN finds who has it, setspn -F -Q SPN in the whole forest (wildcards allowed: setspn -Q */HOST*). Two accounts: kerbscope explain duplicate-spn`,
	`Register it on the account that the service runs as: setspn -S SPN ACCOUNT (the computer's HOST names are there already and stand for http, cifs, rpc and others by sPNMappings, but not for smtp). Windows clients may remember for 15 minutes that there was none (SpnCacheTimeout)`,
	`Connect by the name that is registered: the host's full DNS name, no IP address, no alias without its own SPN (netdom computername HOST /add:ALIAS for file servers)`,
	`Another forest: netdom trust DOMAIN /namesuffixes:OTHER; clients: ksetup or the policy "Define host name-to-Kerberos realm mappings"`,
	`MIT and Heimdal: dns_canonicalize_hostname, rdns = false and [domain_realm] in krb5.conf; kvno SPN tests; Samba: samba-tool spn add SPN ACCOUNT`,
}

// ptrStep is for a name that a client made from a reverse record.
const ptrStep = `If the client was told another name: correct the reverse record (PTR) RECORD (Resolve-DnsName shows it, Set-DnsServerResourceRecord or dnsmgmt.msc changes it), or set rdns = false in [libdefaults] of the client's krb5.conf`

func checkSPNUnknown(c *Case) []Finding {
	rows := c.rowsWhere(decode.TGS, func(r *Record) bool {
		return r.code() == errServiceUnknown && !noSecrets(r) && r.Ending == decode.Failed && !isTGT(r.Service) && r.Req.KDCOptions&krb5.KDCEncTktInSkey == 0 && r.Req.ForUser == ""
	})
	return c.each(rows, byQuestion, []string{"error_code", "sname", "realm", "e_text"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		name := serviceText(r)
		f.Summary = fmt.Sprintf("%s knows no account with the service name %s; %s asked for it %s (7).", c.HostName(r.To.Addr()), name, c.whoAll(rows), nTimes(total(rows)))
		locked := mentions(r.Error.EText, "lock")
		if locked {
			f.Summary = fmt.Sprintf("%s gives no ticket for %s; %s asked for it %s (7).", c.HostName(r.To.Addr()), name, c.whoAll(rows), nTimes(total(rows)))
		}
		switch host := spnHost(r.Service); {
		case f.Severity == Note:
			f.Cause = "A step: the same request was answered elsewhere or a moment later."
		case locked:
			f.Cause = fmt.Sprintf("The KDC says %q: the service's account is there and locked (MIT: kadmin modprinc +allow_tix).", r.Error.EText)
		case isAddress(host):
			f.Cause = "The client was told to connect to an IP address. Service names are registered by host name, so no account has this one. Connect by name."
		case host != "" && !strings.Contains(host, "."):
			f.Cause = "The name is not a full DNS name. Either the SPN is not registered in its short form, or the client should use the full name."
		default:
			f.Cause = "No account in this realm carries the name, or two do: KDCs answer a duplicate in the same way."
		}
		if g := c.ledBy(r); g != nil && f.Severity != Note && !locked {
			f.Cause += ledText(g)
			c.citeFrame(f, g.Frame, "dns", g.Target, "", "dns.flags.response == 1")
			if reverse(g.Name) {
				f.Fix = fillIn(append([]string{ptrStep}, spnSteps...), []string{"RECORD", g.Name, "SPN", spnOf(r)})
			}
		}
		if x := c.probeOf(r); x != nil && f.Severity != Note {
			f.Severity = Note
			f.Cause = fmt.Sprintf("A probe: the client got a ticket for %s for the same host.", serviceText(x))
			c.cite(f, x, "sname", "issued.etype")
		}
		f.fill = []string{"SPN", spnOf(r)}
	})
}

// ledText says what the DNS answer g has to do with the name.
func ledText(g *SightingFact) string {
	if reverse(g.Name) {
		return fmt.Sprintf(" The reverse record of an address says %s (%s), and the client looked it up shortly before: it made the service's name from that (MIT, Heimdal: rdns in krb5.conf). Then that record (PTR) is wrong, or rdns = false makes the client keep the name that it was told.", g.Target, g.Name)
	}
	return fmt.Sprintf(" DNS led from %s to %s: if the client was told the former, it made the name from DNS's answer. Then the alias leads to the wrong host, or the name is to be registered for the host, or the client should keep the name that it was told (MIT: dns_canonicalize_hostname = false).", g.Name, g.Target)
}

// reverse tells the name of a reverse record, RFC 1035 §3.5 and RFC 3596 §2.5.
func reverse(name string) bool {
	name = lower(strings.TrimSuffix(name, "."))
	return strings.HasSuffix(name, ".in-addr.arpa") || strings.HasSuffix(name, ".ip6.arpa")
}

// ledBy is the DNS answer that led the client of r from another name to the host
// of the service (CNAME), or from an address (PTR), shortly before; nil: none in view.
func (c *Case) ledBy(r *Record) *SightingFact {
	host := spnHost(r.Service)
	if host == "" {
		return nil
	}
	for _, g := range c.Sightings(decode.DNSAnswer) {
		if g.Target != "" && samePrincipal(strings.TrimSuffix(g.Target, "."), host) && !strings.HasPrefix(g.Name, "_") && shortName(lower(g.Name)) != shortName(host) &&
			c.SameHost(g.Dst.Addr(), r.From.Addr()) && g.Time <= r.Start && r.Start-g.Last < atOnce {
			return g
		}
	}
	return nil
}

// noSecrets tells the answer of an RODC that has no key for the service and
// sends the client to another DC ([MS-KILE] §3.3.5.7.7): STATUS_NO_SECRETS.
func noSecrets(r *Record) bool {
	return r.Error != nil && r.Error.NTStatus != nil && *r.Error.NTStatus == 0xC0000371
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return err == nil
}

// probeOf is a ticket that the client of r got for another name of the same
// service and host around that time: short against full name, with or without port,
// or right after it for the name that an alias stands for by DNS. Another port is another instance.
func (c *Case) probeOf(r *Record) *Record {
	host, class, port := shortName(spnHost(r.Service)), spnClass(r.Service), spnPort(r.Service)
	if host == "" || isAddress(spnHost(r.Service)) {
		return nil
	}
	for _, x := range c.RecordsFrom(r.From.Addr()) {
		if x.Kind == decode.TGS && x.answers() && x.From.Addr() == r.From.Addr() && spnClass(x.Service) == class &&
			(shortName(spnHost(x.Service)) == host || x.Start >= r.End && x.Start-r.End < canonicalSoon && c.oneHost(spnHost(r.Service), spnHost(x.Service))) && (port == "" || spnPort(x.Service) == "" || spnPort(x.Service) == port) && x.Start-r.Start < atOnce && r.Start-x.Start < atOnce {
			return x
		}
	}
	return nil
}

// canonicalSoon is how soon a library that takes the name as given first (MIT:
// dns_canonicalize_hostname = fallback) asks for the canonical one; what comes later is
// another connection.
const canonicalSoon = int64(1e9)

// oneHost tells whether the captures tie two names to one host.
func (c *Case) oneHost(a, b string) bool {
	return a != "" && b != "" && slices.ContainsFunc(c.HostsOf(a), func(x netip.Addr) bool {
		return slices.ContainsFunc(c.HostsOf(b), func(y netip.Addr) bool { return c.SameHost(x, y) })
	})
}
