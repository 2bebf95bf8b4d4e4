package analyze

import (
	"fmt"
	"net/netip"
	"strings"
)

// filter is a Wireshark display filter of what a finding is about: addresses,
// ports and Kerberos names, no frame numbers, so that it works in every
// capture of the case.
func (c *Case) filter(f *Finding) string {
	var terms []string
	if a, err := netip.ParseAddr(f.Subject.ClientIP); err == nil {
		terms = append(terms, addrTerm(a))
	}
	var names string
	if host := spnHost(f.Service); host != "" {
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
