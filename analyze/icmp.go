package analyze

import (
	"cmp"
	"fmt"
	"net/netip"

	"kerbscope/decode"
)

// icmpUnreachable are the codes of ICMP's destination unreachable, RFC 792 and
// RFC 1812 §5.2.7.1.
var icmpUnreachable = map[int]string{
	0: "network unreachable", 1: "host unreachable", 3: "port unreachable",
	9: prohibited, 10: prohibited, 13: prohibited,
}

// icmp6Unreachable are those of ICMPv6, RFC 4443 §3.1.
var icmp6Unreachable = map[int]string{
	0: "no route", 1: prohibited, 3: "address unreachable", 4: "port unreachable", 5: prohibited, 6: "route rejected",
}

const prohibited = "administratively prohibited"

// unreachable is what an ICMP error says of the destination; empty: it says
// something else.
func (g *SightingFact) unreachable() string {
	if g.Kind != decode.ICMPError {
		return ""
	}
	if g.Src.Addr().Unmap().Is4() {
		if g.Code>>8 == 3 {
			return icmpUnreachable[g.Code&0xff]
		}
		return ""
	}
	if g.Code>>8 == 1 {
		return icmp6Unreachable[g.Code&0xff]
	}
	return ""
}

// filterStep is for packets that somebody prohibits.
const filterStep = `Find the filter that says so, on FILTER: Get-NetFirewallRule -Enabled True -Direction Inbound -Action Block (Linux: nft list ruleset, iptables-save), and let TCP and UDP 88 pass`

// byICMP is what hosts on the way, or the KDC's own, said of why its packets
// did not arrive; empty: nobody said anything. first is what to do before
// anything else, if that shows.
func (c *Case) byICMP(s *silence) (text, first string) {
	for _, g := range s.sightings {
		why := g.unreachable()
		if why == "" {
			continue
		}
		who := cmp.Or(g.Target, "A host")
		self := g.Target == g.Dst.Addr().String()
		if self {
			who = "The KDC's own host"
		}
		said := fmt.Sprintf("%s says so by ICMP: %s.", who, why)
		switch {
		case why == prohibited:
			if g.Target != "" {
				first = fillIn([]string{filterStep}, []string{"FILTER", c.hostCalled(g.Target)})[0]
			}
			return said + " A packet filter there rejects the requests; whether the KDC runs does not show.", first
		case why == "port unreachable":
			return said + " The KDC service does not run there, or a packet filter rejects port 88 in these words.", ""
		case self:
			return said, ""
		}
		return said + " The KDC's host is down or has another address, or a route to it is missing.", ""
	}
	return "", ""
}

// hostCalled is the best name of the host at an address written out.
func (c *Case) hostCalled(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	return c.HostName(a)
}
