package analyze

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"kerbscope/decode"
)

// A citedFlow is where evidence of a finding stands: between which hosts, and
// at which port.
type citedFlow struct {
	client netip.Addr
	server netip.AddrPort
	kind   decode.Kind
	name   string // what a TGS exchange issued a ticket for
}

// issuedName is the service of a TGS exchange that shows it in request and
// reply; a KRB-ERROR may leave it out.
func issuedName(r *Record) string {
	if r.Kind == decode.TGS && r.Ending == decode.OK {
		return r.Service
	}
	return ""
}

// maxCitedFlows is the most flows of its evidence that a filter names.
const maxCitedFlows = 6

func (f *Finding) citeFlow(w citedFlow) {
	if len(f.cited) < maxCitedFlows && w.client.IsValid() && w.server.IsValid() && !slices.Contains(f.cited, w) {
		f.cited = append(f.cited, w)
	}
}

// filter is a Wireshark display filter of what a finding is about and of the
// conversations that its evidence stands in: addresses, ports and Kerberos
// names, no frame numbers, so that it works in every capture of the case.
func (c *Case) filter(f *Finding) string {
	base := c.subjectFilter(f)
	if base == "kerberos" && len(f.cited) == 0 {
		return base
	}
	terms := []string{base}
	if base == "kerberos" && f.parts != nil {
		terms = nil // what is cited is of several subjects, and says more
	}
	for _, w := range f.cited {
		if f.covers(w) {
			continue
		}
		port := fmt.Sprintf("tcp.port == %d", w.server.Port())
		if w.kind != decode.AP {
			port = fmt.Sprintf("(%s || udp.port == %d)", port, w.server.Port())
		}
		terms = addOnce(terms, fmt.Sprintf("(%s && %s && %s)", addrTerm(w.client), addrTerm(w.server.Addr()), port))
	}
	// && binds stronger than ||, but not everybody knows.
	if len(terms) > 1 && strings.Contains(base, " && ") && f.Subject.Server == "" {
		terms[0] = "(" + base + ")"
	}
	return strings.Join(terms, " || ")
}

// covers tells whether the filter of the finding's subject shows a flow.
func (f *Finding) covers(w citedFlow) bool {
	anyClient := f.Subject.ClientIP == "" || f.Subject.ClientIP == w.client.String()
	switch {
	case f.Subject.Server != "":
		// A ticket's issue shows by its service's name.
		return anyClient && f.Subject.Server == w.server.String() || w.name != "" && samePrincipal(w.name, f.Service)
	case f.Subject.KDC != "":
		return anyClient && f.Subject.KDC == w.server.Addr().String()
	}
	return false
}

func (c *Case) subjectFilter(f *Finding) string {
	var terms []string
	if a, err := netip.ParseAddr(f.Subject.ClientIP); err == nil {
		terms = append(terms, addrTerm(a))
	}
	var names string
	if class := spnClass(f.Service); class != "" && class != "krbtgt" {
		names = quoted("kerberos.SNameString", lastComponent(f.Service))
	}
	if p, err := netip.ParseAddrPort(f.Subject.Server); err == nil {
		terms = append(terms, addrTerm(p.Addr()), fmt.Sprintf("tcp.port == %d", p.Port()))
		flow := "(" + strings.Join(terms, " && ") + ")"
		if names != "" {
			return flow + " || " + names
		}
		return flow
	}
	if a, err := netip.ParseAddr(f.Subject.KDC); err == nil {
		terms = append(terms, addrTerm(a))
		return "(kerberos || tcp.port == 88 || udp.port == 88) && " + strings.Join(terms, " && ")
	}
	switch {
	case names != "":
		terms = append(terms, names)
	case f.Subject.Client != "":
		name, _ := splitPrincipal(f.Subject.Client)
		if q := quoted("kerberos.CNameString", lastComponent(name)); q != "" {
			terms = append(terms, q)
		}
	}
	if len(terms) == 0 {
		return "kerberos"
	}
	return strings.Join(terms, " && ")
}

func addrTerm(a netip.Addr) string {
	if a = a.Unmap(); a.Is4() {
		return "ip.addr == " + a.String()
	}
	return "ipv6.addr == " + a.WithZone("").String()
}

// lastComponent is the last component of a principal's name. Spelling matters
// in a display filter, so it is taken as on the wire.
func lastComponent(principal string) string {
	name, _ := splitPrincipal(principal)
	list := components(name)
	return list[len(list)-1]
}
