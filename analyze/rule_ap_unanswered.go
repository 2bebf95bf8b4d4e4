package analyze

import (
	"fmt"
	"slices"

	"kerbscope/decode"
)

// apUnanswered: an AP-REQ into silence.
var apUnanswered = &Rule{
	ID:    "ap-unanswered",
	Title: "The service did not answer the Kerberos authentication",
	Doc: `An AP-REQ was sent, packets of the service are in the capture, and no answer to it came: none within 30 seconds, or the service closed or reset the connection instead, or the client did after five seconds and more. Services
do that when they crash, when the request is larger than they take, when they hang on a name lookup, or when a device in between cuts it off.`,
	Rivals: []string{
		`An HTTP request that waits for news on purpose (ActiveSync, MAPI over HTTP, notifications): left out where the server took tickets for the service at other times and did not close the connection itself.`,
		`The answer was lost by the capture: with a gap or a missing direction in this connection the rule is silent.`,
		`The service closes the connection as its way to say no (Java on raw TCP does for a key that does not fit): cannot be told apart on the wire.`,
		`The capture ended first: requests in its last 30 seconds are not counted unless the connection was closed.`,
	},
	Fix: []string{
		`Look at the service's log and the Application log for a crash at that time (events 1000, 7031)`,
		`Size: HTTP services limit headers: reg query HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters for MaxFieldLength and MaxRequestBytes; MaxTokenSize is 48000 since Server 2012`,
		`Capture on the service's host: did the request arrive, did the answer leave?`,
	},
	Refs:     []string{"RFC 4120 §3.2", "KB837361 (MaxTokenSize)"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkAPUnanswered,
}

func checkAPUnanswered(c *Case) []Finding {
	last := c.lastSeen()
	rows := c.rowsWhere(decode.AP, func(r *Record) bool {
		if r.Ending != decode.Unanswered || !r.BothWays {
			return false
		}
		server, waited := c.closed(r)
		if !server && c.longPoll(r) {
			return false
		}
		return server || waited >= gaveUp || waited == 0 && last-r.Start >= apPatience
	})
	return c.each(rows, byServiceAndServer, []string{"ticket.sname", "ticket.hash"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Likely
		how, then := "did not answer", ""
		server, waited := c.closed(r)
		switch {
		case server:
			how = "closed the connection instead of answering"
		case waited > 0:
			then = fmt.Sprintf(" The client gave up after %s.", seconds(waited))
		}
		f.Summary = fmt.Sprintf("%s %s %s when %s presented a ticket for %s.%s", c.server(r.To), how, nTimes(total(rows)), c.whoAll(rows), serviceText(r), then)
		f.Cause = "The service crashed, hung, or cut the request off (its size is a common reason); some services close without a word when a key does not fit."
		if !server {
			f.Cause = "The service hangs, or waits for something itself: a name lookup, a DC, a full queue."
		}
		if r.Req.Length > 12000 {
			f.Cause += fmt.Sprintf(" The request has %d bytes: compare with the service's limits.", r.Req.Length)
		}
	})
}

// longPoll tells an HTTP request that may wait for news on purpose (ActiveSync,
// MAPI over HTTP, notifications): to a server that took tickets for the service at other times.
func (c *Case) longPoll(r *Record) bool {
	return len(r.Carrier) > 0 && r.Carrier[0] == "http" && slices.ContainsFunc(c.Rows(decode.AP), func(w *Row) bool {
		x := w.Record()
		return x.To == r.To && x.Ending == decode.OK && samePrincipal(x.Service, r.Service)
	})
}

const (
	// apPatience is how long an acceptor may take.
	apPatience = int64(30e9)
	// gaveUp is how long a client that closes the connection must have waited
	// for the acceptor to blame.
	gaveUp = int64(5e9)
)

// closed tells how the connection of an AP exchange was closed or reset: by the
// server, or by the client and how long it had waited.
func (c *Case) closed(r *Record) (server bool, waited int64) {
	for _, s := range c.Sessions() {
		if s.Client == r.From && s.Server == r.To && s.Begin.Time <= r.Start && s.End.Time >= r.Start {
			switch {
			case s.Ended != decode.EndFIN && s.Ended != decode.EndRST:
				return false, 0
			case s.ServerEnded:
				return true, 0
			}
			return false, s.End.Time - r.Start
		}
	}
	return false, 0
}
