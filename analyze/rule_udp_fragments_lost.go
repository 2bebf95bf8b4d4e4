package analyze

import (
	"fmt"
	"net/netip"

	"kerbscope/decode"
)

// udpFragmentsLost: datagrams to or from port 88 arrive in pieces, and not all of them.
var udpFragmentsLost = &Rule{
	ID:    "udp-fragments-lost",
	Title: "Fragments of Kerberos datagrams are lost",
	Doc: `A request or reply over UDP port 88 was larger than the path carries in one packet and was sent in IP fragments, but not
every fragment is in the capture. A datagram that misses one fragment is thrown away by the receiver, and the
sender sees only silence. VPNs, tunnels and firewalls that drop fragments are the usual place.`,
	Rivals: []string{
		`The capture lost the fragment, not the network (a filter such as "port 88" keeps only the first fragment): then the request is answered all the same, and the finding is a note.`,
		`The network drops everything of this size: a client that sends the same request over TCP gets an answer either way.`,
		`The fragment was delivered after the capture ended: datagrams whose first fragment lies in the last seconds are not counted.`,
	},
	Fix: []string{
		`Test the path: ping -f -l 1472 DC, smaller until it passes, gives the usable MTU`,
		`Make Windows clients use TCP for Kerberos: reg add HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v MaxPacketSize /t REG_DWORD /d 1 /f (Vista and 2008 or later do this by default)`,
		`MIT: udp_preference_limit = 1 in [libdefaults] of krb5.conf`,
		`Let the firewall or VPN pass IP fragments, or lower the MTU at its ends`,
		`Capture without a port filter, or with: port 88 or (ip[6:2] & 0x1fff != 0)`,
	},
	Undo:     []string{`reg delete HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v MaxPacketSize /f`},
	Refs:     []string{"RFC 4120 §7.2.1", "RFC 8900 (fragmentation considered fragile)", "KB244474 (force Kerberos to use TCP)"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkUDPFragmentsLost,
}

func checkUDPFragmentsLost(c *Case) []Finding {
	var found []Finding
	at := map[[2]netip.Addr]int{}
	told := map[[2]netip.Addr]bool{} // by the receiver itself
	list := c.Sightings(decode.FragmentsLost)
	for _, g := range c.Sightings(decode.ICMPError) {
		if g.reassembly() {
			list = append(list, g)
		}
	}
	for _, g := range list {
		kdc, client := g.Dst, g.Src
		if g.Src.Port() == kdcPort {
			kdc, client = g.Src, g.Dst
		}
		if kdc.Port() != kdcPort {
			continue
		}
		k := [2]netip.Addr{client.Addr(), kdc.Addr()}
		told[k] = told[k] || g.reassembly()
		if i, ok := at[k]; ok {
			if g.reassembly() { // about datagrams that are counted already
				found[i].Count = max(found[i].Count, g.Seen)
			} else {
				found[i].Count += g.Seen
			}
			found[i].last = max(found[i].last, g.Last)
			c.citeSighting(&found[i], g)
			continue
		}
		at[k] = len(found)
		f := c.aboutSilence(&silence{client: client.Addr(), kdc: kdc, sightings: []*SightingFact{g}})
		f.Count, f.Confidence, f.Severity = g.Seen, Certain, Note
		c.citeSighting(&f, g)
		f.Cause = "A path with a smaller MTU, a VPN or a firewall drops fragments, or the capture's filter left them out."
		found = append(found, f)
	}
	for i := range found {
		f := &found[i]
		client, _ := netip.ParseAddr(f.Subject.ClientIP)
		kdc, _ := netip.ParseAddr(f.Subject.KDC)
		hurt := c.hurtBy(client, kdc, f.first, f.last)
		if hurt != nil {
			f.Severity = Warning
			c.cite(f, hurt, "request", "sname")
		}
		if told[[2]netip.Addr{client, kdc}] {
			f.Severity = Warning
			f.Cause = "The receiver itself says so (ICMP, fragment reassembly time exceeded): a path with a smaller MTU, a VPN or a firewall drops fragments."
		}
		f.Summary = fmt.Sprintf("%s between %s and %s did not arrive complete.", plural(f.Count, "fragmented datagram"), c.HostName(client), c.HostName(kdc))
	}
	return found
}

// hurtBy is a request between the two that stayed unanswered, or was sent
// again, around the time of a loss.
func (c *Case) hurtBy(client, kdc netip.Addr, first, last int64) *Record {
	for _, r := range c.Records() {
		if (r.Kind == decode.AS || r.Kind == decode.TGS) && r.From.Addr() == client && r.To.Addr() == kdc &&
			r.End >= first-atOnce && r.Start <= last+atOnce && (r.Ending == decode.Unanswered || r.Resent > 0 || unheard(r)) {
			return r
		}
	}
	return nil
}
