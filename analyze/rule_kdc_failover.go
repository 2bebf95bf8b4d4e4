package analyze

import (
	"fmt"
)

// kdcFailover: the first KDC was silent, the next one answered.
var kdcFailover = &Rule{
	ID:    "kdc-failover",
	Title: "A KDC does not answer, another one does",
	Doc: `The client asked one KDC, waited, and then asked another one, which answered. Nobody is locked out, but every logon that
tries the silent KDC first is late by the wait. The summary gives the seconds it cost.`,
	Rivals: []string{
		`The first KDC answered on a path that the capture does not see: the rule is silent when nothing from that KDC is in the capture and no refusal of the connection either.`,
		`The first KDC is only slow and its answer came too late: then the exchange with it is answered, and kdc-slow speaks.`,
		`The client asks two KDCs at the same time (Heimdal and MIT may): a second request within half a second is not counted as a wait.`,
	},
	Fix:      failoverSteps,
	Refs:     []string{"RFC 4120 §7.2.3", "[MS-ADTS] §6.3.6 (DC location)"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkKDCFailover,
}

var failoverSteps = []string{
	`See why the silent DC is silent: Test-NetConnection KDC-NAME -Port 88; on it dcdiag /test:Advertising and Get-Service kdc`,
	`Let clients find only living DCs of their own site: nltest /dsgetsite, nltest /dsgetdc:DOMAIN /force, and the subnets in Active Directory Sites and Services`,
	`A DC that is gone: remove its SRV records and metadata (ntdsutil "metadata cleanup")`,
	`MIT: remove it from kdc = in krb5.conf, or from the _kerberos._udp and _kerberos._tcp SRV records`,
}

func checkKDCFailover(c *Case) []Finding {
	var found []Finding
	for _, s := range c.silences() {
		by := s.answeredBy
		if by == nil || by.To.Addr() == s.kdc.Addr() || !s.plain() || c.udpOnly(s) && !c.heardOverUDP(s.client, s.kdc.Addr(), s.records[0].Start, by) {
			continue
		}
		var wait int64
		var f Finding
		if len(s.records) > 0 {
			f = c.aboutRecords(s.records, "request")
			wait = waited(s.records[0].Start, by)
		} else {
			f = c.aboutSilence(s)
			wait = waited(s.sightings[0].Time, by)
		}
		for _, g := range s.sightings {
			c.citeSighting(&f, g)
		}
		// Some clients ask two KDCs at once.
		if wait < int64(5e8) && !s.refusedSYN() {
			continue
		}
		f.Count = s.count()
		c.cite(&f, by, "request", "error_code", "issued.etype")
		f.Confidence, f.Severity = Certain, Warning
		did := "did not answer"
		if s.refusedSYN() {
			did = "refused"
		}
		f.Summary = fmt.Sprintf("%s %s %s (%s); %s was asked %s later and answered.", c.HostName(s.kdc.Addr()), did, c.HostName(s.client),
			s.what(), c.HostName(by.To.Addr()), seconds(wait))
		if c.SameHost(by.To.Addr(), s.kdc.Addr()) {
			f.Summary = fmt.Sprintf("%s %s %s at %s (%s); at %s it was asked %s later and answered.", c.HostName(s.kdc.Addr()), did, c.HostName(s.client),
				s.kdc.Addr(), s.what(), by.To.Addr(), seconds(wait))
		}
		f.Cause = "The first KDC is down, unreachable from this client, or listed though it is gone. The client waits for it each time before it tries another."
		if c.SameHost(by.To.Addr(), s.kdc.Addr()) {
			f.Cause = fmt.Sprintf("Names in the captures lead to both addresses, and at %s nobody answers: DNS holds an address that the KDC does not have any more, or the way there is blocked. The client waits for it each time before it tries the other.", s.kdc.Addr())
			f.Fix = fillIn(append([]string{fmt.Sprintf(`See whether the KDC has the address %s: Get-NetIPAddress on it, Resolve-DnsName KDC-NAME elsewhere; remove the DNS record (A or AAAA) of one that it does not have, let firewalls pass port 88 to one that it has`, s.kdc.Addr())}, failoverSteps...), []string{"KDC-NAME", c.HostName(s.kdc.Addr())})
		}
		f.fill = []string{"KDC-NAME", c.HostName(s.kdc.Addr())}
		found = append(found, f)
	}
	return found
}
