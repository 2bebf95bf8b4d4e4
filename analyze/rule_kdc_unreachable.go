package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// kdcUnreachable: a KDC was asked, and nothing came back.
var kdcUnreachable = &Rule{
	ID:    "kdc-unreachable",
	Title: "A KDC does not answer",
	Doc: `A client sent requests to port 88 of this KDC, or tried to connect to it, and no answer came back:
the same request is sent again, a SYN stays without SYN-ACK, or an ICMP error or a RST says that nobody is there.
The rule speaks only where the capture would have shown the answer.

It states what happened at this point of the network. Whether the request was lost on the way, or reached the
DC and was ignored there, only a capture at the DC can tell.`,
	Rivals: []string{
		`The answer took a way that the capture does not see (asymmetric routing, a second network card, a span port of one direction): a client that sends the same again had no answer; without that the rule is silent when no packet to the client is in view.`,
		`The KDC is slow, not dead: a late answer makes it an answered exchange, which kdc-slow judges.`,
		`Only UDP is lost: when the same request is answered over TCP, kdc-udp-unanswered says so instead.`,
		`A firewall or the KDC host itself drops the packet: cannot be told apart at the client; likely the network when other ports of the same host answer.`,
	},
	Fix: []string{
		`On the client, see which DCs it finds and whether port 88 opens: nltest /dsgetdc:DOMAIN /force, then Test-NetConnection KDC-NAME -Port 88 (or PortQry -n KDC-NAME -e 88 -p both)`,
		`On the DC: Get-Service kdc, and dcdiag /test:Advertising; look whether the Windows Firewall rule group "Kerberos Key Distribution Center" is enabled`,
		`Let firewalls between client and DC pass TCP and UDP 88 both ways`,
		`A DC that is gone must leave DNS: remove its _kerberos._tcp SRV records (nltest /dsderegdns:KDC-NAME, or metadata cleanup with ntdsutil)`,
		`MIT: KRB5_TRACE=/dev/stderr kinit USER shows which KDC is tried; correct [realms] kdc = in krb5.conf. Samba: samba-tool drs showrepl and systemctl status samba-ad-dc on the DC`,
	},
	Events: []Event{
		{Host: "client", Log: "System", ID: "NETLOGON 5719", Meaning: "no domain controller could be reached"},
		{Host: "DC", Log: "System", ID: "Service Control Manager 7036", Meaning: "the Kerberos Key Distribution Center service stopped or started"},
	},
	Refs:     []string{"RFC 4120 §7.2", "[MS-KILE] §3.2.5 (retry after about 5 s and growing, product note)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkKDCUnreachable,
}

func checkKDCUnreachable(c *Case) []Finding {
	var found []Finding
	for _, s := range c.silences() {
		if s.answeredBy != nil || !s.plain() || c.toldTCP(s) {
			continue
		}
		var f Finding
		if len(s.records) > 0 {
			f = c.aboutRecords(s.records, "request", "sname")
		} else {
			f = c.aboutSilence(s)
		}
		f.Count = s.count()
		f.Subject.ClientIP, f.Subject.KDC = s.client.String(), s.kdc.Addr().String()
		f.KDC = &Endpoint{s.kdc.Addr().String(), s.kdc.Port()}
		if f.Subject.Client == "" {
			f.Client = s.client.String()
		}
		for _, g := range s.sightings {
			c.citeSighting(&f, g)
		}
		f.Confidence = Certain
		f.Severity = Error
		if s.laterOK {
			f.Severity = Warning
		}
		if !s.answerable() {
			f.Confidence, f.Severity = Likely, Warning
		}
		kdc := c.HostName(s.kdc.Addr())
		did := "did not answer"
		if s.refusedSYN() {
			did = "refused"
		}
		f.Summary = fmt.Sprintf("%s %s %s: %s.", kdc, did, c.HostName(s.client), s.what())
		f.Cause = "At this point of the network no answer was seen. The KDC is down or unreachable, or a firewall on the way drops requests or answers; a capture at the KDC would tell."
		if s.refusedSYN() {
			f.Cause = "The host is there and refuses the connection: the KDC service does not run, or a firewall rejects port 88."
		}
		if !s.answerable() {
			f.Cause += " No packet to the client is in view at all: what other KDCs answered it cannot be seen."
		}
		f.fill = []string{"KDC-NAME", kdc}
		f.CaptureNext = []string{"Capture at the KDC at the same time: if the request arrives there, look at the KDC; if not, at the network between."}
		found = append(found, f)
	}
	return found
}

// toldTCP tells a silence that is of TCP only and begins where the same KDC, at
// whatever address, had told a client to use TCP: that is tcp-88-blocked.
func (c *Case) toldTCP(s *silence) bool {
	if len(s.records) > 0 || s.refusedSYN() {
		return false
	}
	for _, r := range c.Records() {
		cut := r.Transport == decode.UDP && r.Error != nil && r.Error.Code == 0
		if r.TooBig.Frame == 0 && r.code() != errResponseTooBig && !cut || !c.SameHost(r.To.Addr(), s.kdc.Addr()) {
			continue
		}
		if d := s.sightings[0].Time - r.Start; d >= 0 && d < atOnce && len(c.failedSYNs(r)) > 0 {
			return true
		}
	}
	return false
}
