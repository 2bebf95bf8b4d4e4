package analyze

import "fmt"

// wrapFailsAfterAP: the door opened, and the first word was the last.
var wrapFailsAfterAP = &Rule{
	ID:    "wrap-fails-after-ap",
	Title: "The connection breaks right after Kerberos succeeded",
	Doc: `Kerberos was accepted, the client sent its first request on the connection, and within a second the server reset it. Ticket and keys are right, since the acceptor took them. What comes first after authentication is signing or sealing:
an algorithm or sequence number that the two sides make differently, channel bindings, or a service that crashes on the first request.`,
	Rivals: []string{
		`The service crashed or was restarted: other connections to it break at the same moment.`,
		`A firewall or inspection box cuts the connection when it sees encrypted payload: a capture on the other side shows no reset from the server.`,
		`The client was done and the server resets instead of closing: then the client closed first, and such connections are not counted.`,
	},
	Fix: []string{
		`Look into the service's own log at the time of the reset; on Windows System and Application logs, and events 4624 (the logon that succeeded) before it`,
		`Try once without signing and sealing where the protocol allows it (rpcclient: [connect]; ldapsearch -O maxssf=0): if that works, it is the protection of messages`,
		`Install current updates on both sides; mixed old and new systems are the usual pair`,
	},
	Refs:     []string{"RFC 4121 §4.2", "[MS-KILE] §3.1.5.4 (per-message tokens)", "[MS-RPCE] §3.3.1.5.2"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkWrapFailsAfterAP,
}

func checkWrapFailsAfterAP(c *Case) []Finding {
	var found []Finding
	at := map[string]int{}
	for _, s := range c.Sessions() {
		if !s.CutAfterAuth || s.AfterAuth == 0 || s.Gaps > 0 {
			continue
		}
		var r *Record
		for i := range s.Attempts {
			if x := s.Attempts[i].Record; x != nil && x.answers() {
				r = x
			}
		}
		if r == nil {
			continue
		}
		k := byServiceAndServer(r)
		i, ok := at[k]
		if !ok {
			i = len(found)
			at[k] = i
			f := c.aboutRecords([]*Record{r}, "ticket.sname", "carrier_result.code")
			f.Count, f.Severity, f.Confidence = 0, Error, Possible
			f.FaultAt = nil
			f.Cause = "Signing or sealing fails, or the service breaks on the first request. Kerberos itself succeeded."
			found = append(found, f)
		}
		f := &found[i]
		f.Count++
		f.last = max(f.last, s.End.Time)
		c.citeFrame(f, s.AfterAuth, "after_auth", "first request", "", "tcp.len > 0")
		c.citeFrame(f, s.EndFrame, "reset", "server", "", "tcp.flags.reset == 1")
		f.Summary = fmt.Sprintf("%s accepted %s for %s and reset the connection within a second of the first request, %s.", c.server(r.To), c.who(r), serviceText(r), nTimes(f.Count))
	}
	return found
}
