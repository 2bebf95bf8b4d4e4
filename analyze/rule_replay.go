package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// replay: 34.
var replay = &Rule{
	ID:    "replay",
	Title: "An acceptor took the request for a replay",
	Doc: `KRB_AP_ERR_REPEAT (34): the acceptor has seen this authenticator before. It decrypted the ticket, so keys, kvno and SPN are right. When the same authenticator
bytes are in the capture twice from different connections, the evidence names both frames: something sends requests twice, a proxy or load balancer that
retries, two services with one replay cache, or somebody who recorded the first.`,
	Rivals: []string{
		`Two requests within the same microsecond of one client to one service, different but with equal time stamps: old MIT replay caches called that a replay; then no two equal authenticators are in the capture.`,
		`The same packet captured at two points: joined into one, not counted as two.`,
		`A TCP retransmission: reassembled, not counted.`,
	},
	Fix: []string{
		`Find who sends it twice: capture on both sides of the proxy or load balancer; switch its retry of POST or authenticated requests off`,
		`Two services on one host sharing a name: give each its own replay cache (KRB5RCACHENAME) or name`,
		`MIT before 1.18 with many requests per second: update; the replay cache was rewritten`,
		`If no duplicator is found: treat it as an attempt to replay, and look at the source address`,
	},
	Events:   []Event{{Host: "service host", Log: "Security", ID: "4649", Meaning: "a replay attack was detected"}},
	Refs:     []string{"RFC 4120 §3.2.3, §10, §7.5.9"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkReplay,
}

func checkReplay(c *Case) []Finding {
	rows := c.rowsWhere(decode.AP, func(r *Record) bool { return r.code() == errRepeat && r.Ending == decode.Failed })
	return c.each(rows, byServiceAndServer, []string{"error_code", "ticket.sname", "ticket.hash"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		f.FaultAt = nil
		f.Summary = fmt.Sprintf("%s took a request of %s for a replay %s (34).", c.server(r.To), c.whoAll(rows), nTimes(total(rows)))
		f.Cause = "The acceptor has seen this authenticator before, or one with the same time. The ticket was decrypted: keys and names are right."
		if x := c.sameAuthenticator(r); x != nil {
			f.Cause = fmt.Sprintf("The same authenticator came before from %s: something sends requests twice, or somebody recorded the first.", x.From)
			c.cite(f, x, "ticket.hash")
		}
	})
}

// sameAuthenticator is an earlier exchange with the very authenticator of r.
func (c *Case) sameAuthenticator(r *Record) *Record {
	if r.Req.AuthHash == 0 {
		return nil
	}
	for _, x := range c.Records() {
		if x != r && x.Kind == decode.AP && x.Req.AuthHash == r.Req.AuthHash && x.Start <= r.Start {
			return x
		}
	}
	return nil
}
