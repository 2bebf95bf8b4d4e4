package analyze

import (
	"fmt"
	"net/netip"

	"kerbscope/decode"
)

// kdcUDPUnanswered: UDP goes nowhere, TCP works.
var kdcUDPUnanswered = &Rule{
	ID:    "kdc-udp-unanswered",
	Title: "UDP port 88 of the KDC does not answer, TCP does",
	Doc: `Requests over UDP port 88 stayed without answer although the capture would have shown one, and the same KDC answered
the same client over TCP. Logons work, but each begins with the seconds that the client waits for UDP.`,
	Rivals: []string{
		`Large requests are lost as fragments and small ones would pass: then udp-fragments-lost stands next to this finding.`,
		`The KDC answered over UDP and the answer was lost before this capture point: cannot be told from a lost request here; a capture at the KDC tells.`,
		`The KDC host was just starting: UDP requests later in the capture are answered, and the rule says how many were not.`,
	},
	Fix: []string{
		`Let UDP 88 pass both ways, or have clients begin with TCP: reg add HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v MaxPacketSize /t REG_DWORD /d 1 /f`,
		`Test: PortQry -n KDC-NAME -e 88 -p UDP from the client`,
		`MIT: udp_preference_limit = 1 in [libdefaults] of krb5.conf`,
	},
	Undo:     []string{`reg delete HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v MaxPacketSize /f`},
	Refs:     []string{"RFC 4120 §7.2.1", "KB244474", "KB837361 (MaxPacketSize)"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkKDCUDPUnanswered,
}

func checkKDCUDPUnanswered(c *Case) []Finding {
	var found []Finding
	var late []int64         // how late, at most, TCP brought the answer
	var ends [][2]netip.Addr // client and KDC
	same := c.sameAsker()
	add := func(f Finding, client, kdc netip.Addr, wait int64) {
		if a, ok := same[client]; ok {
			client = a
		}
		for i, o := range ends { // the same two hosts by IPv4 and IPv6
			if c.SameHost(o[0], client) && c.SameHost(o[1], kdc) {
				o := &found[i]
				o.Count += f.Count
				o.Evidence = append(o.Evidence, f.Evidence...)
				o.first, o.last = min(o.first, f.first), max(o.last, f.last)
				late[i] = max(late[i], wait)
				return
			}
		}
		f.Confidence, f.Severity = Certain, Warning
		f.Cause = "UDP port 88 is blocked or its answers are lost between the client and this KDC. Logons work, but late."
		f.fill = []string{"KDC-NAME", c.HostName(kdc)}
		found, late, ends = append(found, f), append(late, wait), append(ends, [2]netip.Addr{client, kdc})
	}
	for _, s := range c.silences() {
		if !s.plain() || !c.udpOnly(s) || c.heardOverUDP(s.client, s.kdc.Addr(), s.records[0].Start, s.answeredBy) {
			continue
		}
		f := c.aboutRecords(s.records, "request")
		f.Count = s.count()
		c.cite(&f, s.answeredBy, "request", "error_code", "issued.etype")
		add(f, s.client, s.kdc.Addr(), s.answeredBy.End-s.records[0].Start)
	}
	rows := append(c.rowsWhere(decode.AS, unheard), c.rowsWhere(decode.TGS, unheard)...)
	for _, group := range groupRows(rows, func(row *Row) string { return byHosts(row.Record()) }) {
		f := c.about(group)
		wait := int64(0)
		for _, row := range group {
			for _, r := range row.Exemplars {
				if unheard(r) && !c.heardOverUDP(r.From.Addr(), r.To.Addr(), r.Unheard.Time, r) {
					c.citeFrame(&f, r.Unheard.Frame, "msg_type", requestType(r), "", msgFilter(requestType(r)))
					c.cite(&f, r, "request", "error_code", "issued.etype")
					wait = max(wait, r.overTCP()-r.Unheard.Time)
				}
			}
		}
		if len(f.Evidence) == 0 {
			continue
		}
		r := group[0].Record()
		add(f, r.From.Addr(), r.To.Addr(), wait)
	}
	for i := range found {
		f := &found[i]
		f.Summary = fmt.Sprintf("%s did not answer %s over UDP (%s), and answered the same over TCP, up to %s later.", c.HostName(ends[i][1]), c.HostName(ends[i][0]), plural(f.Count, "request"), seconds(late[i]))
	}
	return found
}

// udpOnly tells a silence over UDP of a KDC that answered the same over TCP,
// under whichever of its addresses.
func (c *Case) udpOnly(s *silence) bool {
	by := s.answeredBy
	return by != nil && len(s.records) > 0 && c.SameHost(by.To.Addr(), s.kdc.Addr()) && by.Transport == decode.TCP && s.records[0].Transport == decode.UDP
}

// heardOverUDP tells whether this KDC host, under whichever of its addresses,
// answered the client over UDP between the request that was not answered and
// the answer over TCP: then UDP 88 is not silent, one of its addresses is.
func (c *Case) heardOverUDP(client, kdc netip.Addr, since int64, by *Record) bool {
	for _, s := range by.Steps {
		if s.Time > since && s.What == tooBigStep { // RFC 4120 §7.2.1: only UDP says so
			return true
		}
	}
	for r := range c.recordsOfClient(client) {
		if r.Transport == decode.UDP && (r.Ending == decode.OK || r.Ending == decode.Failed) && r.End > since && r.Start < by.End && c.SameHost(r.To.Addr(), kdc) {
			return true
		}
	}
	return false
}

// tooBigStep is the step that tells a client to come over TCP.
const tooBigStep = "KRB-ERROR 52"

func byHosts(r *Record) string { return r.From.Addr().String() + "|" + r.To.Addr().String() }

// unheard tells a request that waited in vain over UDP and was answered over
// TCP. A client that asks over TCP at once did not wait.
func unheard(r *Record) bool {
	return (r.Reply != nil || r.Error != nil) && r.Unheard.Frame != 0 && r.BothWays && r.overTCP()-r.Unheard.Time >= int64(5e8)
}

// overTCP is when the client turned to TCP: the first request after Unheard.
func (r *Record) overTCP() int64 {
	for _, s := range r.Steps {
		if s.What == requestType(r) && s.Time > r.Unheard.Time && s.Frame != r.Unheard.Frame {
			return s.Time
		}
	}
	return r.Unheard.Time
}
