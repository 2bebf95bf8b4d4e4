package analyze

import (
	"fmt"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// Helpers that rules build findings with.
//
//	f := c.about(rows, "etypes", "error_code")   // subject, count, times, evidence from exemplars
//	f := c.aboutRecords(recs, "ticket.kvno")      // the same from records; count = len(recs)
//	f.Summary, f.Cause, f.Confidence = …          // the rule's own words
//	f.Severity = Warning                          // when not the rule's usual one
//	f.FaultAt = []Fault{c.faultServer(rec)}       // or c.faultKDC, c.faultClient
//	c.cite(&f, rec, "carrier_result.code")        // more evidence; the fields are in evidence.go
//
// Findings fills ID, Rule, Severity, Fix, Undo, Events, Filter, First and
// Last where the rule left them empty, merges findings of the same rule and
// subject, sorts and links them.

// keepSubjectTickets is the most tickets that a subject names.
const keepSubjectTickets = 256

// about begins a finding about rows, which share what the finding is about.
// What they do not share (client, service, endpoint) the subject leaves open.
func (c *Case) about(rows []*Row, fields ...string) Finding {
	var recs []*Record
	var n uint64
	for _, w := range rows {
		recs = append(recs, w.Exemplars...)
		n += w.Count
	}
	slices.SortStableFunc(recs, byTime)
	f := c.aboutRecords(recs, fields...)
	f.Count, f.rows = n, rows
	for i, w := range rows {
		if i == 0 {
			f.first, f.last = w.First, w.Last
		}
		f.first, f.last = min(f.first, w.First), max(f.last, w.Last)
	}
	return f
}

// aboutRecords begins a finding about records in time order. The fields are
// cited from the first three and the last of them.
func (c *Case) aboutRecords(recs []*Record, fields ...string) Finding {
	f := Finding{Count: uint64(len(recs))}
	for i, r := range recs {
		s := c.subject(r)
		if i == 0 {
			f.Subject, f.first, f.last = s, r.Start, r.Start
			continue
		}
		f.Subject = f.Subject.shared(s)
		f.first, f.last = min(f.first, r.Start), max(f.last, r.Start)
	}
	for _, r := range recs {
		for _, t := range []*TicketRef{r.Presented, r.Issued} {
			if t != nil && t.Hash != "" && len(f.Subject.Tickets) < keepSubjectTickets && (r.Kind == decode.AP || !isTGT(t.SName)) {
				f.Subject.Tickets = addOnce(f.Subject.Tickets, t.Hash)
			}
		}
	}
	f.Client, f.Service = f.Subject.Client, f.Subject.Service
	if len(recs) > 0 {
		if f.Client == "" && f.Subject.ClientIP != "" {
			f.Client = f.Subject.ClientIP
		}
		to := recs[0].To
		if f.Subject.KDC != "" {
			f.KDC = &Endpoint{Address: to.Addr().String(), Port: to.Port()}
		}
		if f.Subject.Server != "" {
			f.Server = endpointOf(to)
		}
	}
	for i, r := range recs {
		if i < 3 || i == len(recs)-1 {
			c.cite(&f, r, fields...)
		}
	}
	return f
}

func endpointOf(a netip.AddrPort) *Endpoint {
	return &Endpoint{Address: a.Addr().String(), Port: a.Port()}
}

func (c *Case) subject(r *Record) Subject {
	s := Subject{Client: r.Client, Service: r.Service, ClientIP: r.From.Addr().String()}
	_, s.Realm = splitPrincipal(r.Service)
	switch r.Kind {
	case decode.AS, decode.TGS:
		s.KDC = r.To.Addr().String()
	default:
		s.Server = r.To.String()
	}
	return s
}

// shared is what two subjects have in common.
func (s Subject) shared(o Subject) Subject {
	keep := func(a, b string) string {
		if samePrincipal(a, b) {
			return a
		}
		return ""
	}
	s.Client, s.Service, s.Realm = keep(s.Client, o.Client), keep(s.Service, o.Service), keep(s.Realm, o.Realm)
	s.ClientIP, s.KDC, s.Server = keep(s.ClientIP, o.ClientIP), keep(s.KDC, o.KDC), keep(s.Server, o.Server)
	return s
}

// groupRows puts rows with the same key together, groups in order of their
// first row; a row with the key "" is left out.
func groupRows(rows []*Row, key func(*Row) string) [][]*Row { return group(rows, key) }

// groupRecords does the same with records.
func groupRecords(recs []*Record, key func(*Record) string) [][]*Record { return group(recs, key) }

func group[T any](list []T, key func(T) string) [][]T {
	at := map[string]int{}
	var groups [][]T
	for _, v := range list {
		k := key(v)
		if k == "" {
			continue
		}
		i, ok := at[k]
		if !ok {
			i = len(groups)
			at[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], v)
	}
	return groups
}

// faultServer puts the fault at the acceptor's endpoint.
func (c *Case) faultServer(r *Record) Fault {
	return Fault{Host: c.HostName(r.To.Addr()), Role: c.roleOf(r.To.Addr(), "service"), Endpoint: endpointOf(r.To)}
}

// faultKDC puts the fault at the KDC.
func (c *Case) faultKDC(r *Record) Fault {
	return Fault{Host: c.HostName(r.To.Addr()), Role: "kdc", Endpoint: &Endpoint{Address: r.To.Addr().String()}}
}

// faultClient puts the fault at the client's host.
func (c *Case) faultClient(r *Record) Fault {
	return Fault{Host: c.HostName(r.From.Addr()), Role: c.roleOf(r.From.Addr(), "client"), Endpoint: &Endpoint{Address: r.From.Addr().String()}}
}

// roleOf is the role by which to speak of the host at addr: mailbox and hub
// say more than other.
func (c *Case) roleOf(addr netip.Addr, other string) string {
	for _, role := range []string{"hub", "mailbox"} {
		if c.HasRole(addr, role) {
			return role
		}
	}
	return other
}

// endpoint is an acceptor's endpoint as people read it: "hub-1 port 25 (SMTP)".
func (c *Case) endpoint(to netip.AddrPort) string {
	s := fmt.Sprintf("%s port %d", c.HostName(to.Addr()), to.Port())
	if p := carrierText(c.joined.carriers[to]); p != "" {
		s += " (" + p + ")"
	}
	return s
}

// carrierNames are the carriers whose name people write otherwise.
var carrierNames = map[string]string{
	"raw": "", // Kerberos messages without a protocol around them that we know
	"kdc": "Kerberos", "kpasswd": "KPASSWD", "smtp": "SMTP", "http": "HTTP", "ldap": "LDAP", "smb2": "SMB", "smb": "SMB", "dcerpc": "RPC",
	"imap": "IMAP", "pop": "POP3", "sieve": "ManageSieve", "xmpp": "XMPP", "amqp": "AMQP", "dns": "DNS", "tds": "SQL Server",
	"rpcsec_gss": "ONC RPC", "nmf": "net.tcp", "nns": "NegotiateStream", "rdp": "RDP",
}

// carrierText is a carrier's outermost protocol as people name it.
func carrierText(carrier string) string {
	if name, ok := carrierNames[carrier]; ok {
		return name
	}
	return carrier
}
