package analyze

import (
	"fmt"
	"slices"

	"kerbscope/decode"
)

// etypeNosuppRecovered: 14, then success.
var etypeNosuppRecovered = &Rule{
	ID:    "etype-nosupp-recovered",
	Title: "The first list of encryption types was refused, another was accepted",
	Doc: `KDC_ERR_ETYPE_NOSUPP (14), and the same client then got the ticket, from the same KDC or from another one for the same request.
The usual case is the forwarded TGT: Windows asks with AES256 alone, a DC without AES refuses, and Windows asks
again with its full list. The DC logs event 27 each time. It is noise: forcing RC4 on clients to silence it is what breaks things.`,
	Rivals: []string{
		`Two programs with different lists: one keeps failing, the other works; the rule asks for the same client, service and host, and gives both lists.`,
		`Two DCs, one of which cannot do what the other can: then kdcs-disagree or kdc-offers-no-aes names the DC.`,
		`The account's keys were changed in between: a new kvno in the reply shows it.`,
	},
	Fix:      []string{`Nothing to do for the client. KDC event 27 for krbtgt on a Server 2003 DC is by design (KB2002141): ignore it, do not set DefaultEncryptionType`},
	Events:   []Event{{Host: "DC", Log: "System", ID: "KDC 27", Meaning: "a TGS request for an etype that the KDC does not have; harmless here"}},
	Refs:     []string{"KB2002141", "[MS-KILE] §3.3.5.7.6 and its product note"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkEtypeNosuppRecovered,
}

func checkEtypeNosuppRecovered(c *Case) []Finding {
	is := func(r *Record) bool { return r.code() == errEtypeNosupp && r.Healed && r.Ending == decode.Failed }
	rows := append(c.rowsWhere(decode.AS, is), c.rowsWhere(decode.TGS, is)...)
	found := c.each(rows, byQuestion, []string{"error_code", "etypes", "kdc_options", "healed_by"}, func(f *Finding, rows []*Row, r *Record) {
		f.Severity, f.Confidence = Note, Certain
		f.Summary = fmt.Sprintf("%s refused %s for %s from %s with KDC_ERR_ETYPE_NOSUPP (14) %s; a second request got the ticket.",
			c.HostName(r.To.Addr()), shortEtypes(r.Req.Etypes), serviceText(r), c.whoAll(rows), nTimes(total(rows)))
		f.Cause = "A step: the client asked again with another list, or another KDC, and succeeded."
		if !slices.ContainsFunc(rows, func(row *Row) bool { return !row.Record().HealedUnsure }) {
			f.Confidence = Possible
			f.Summary = fmt.Sprintf("%s refused %s for %s from %s with KDC_ERR_ETYPE_NOSUPP (14) %s; a request of the same host succeeded soon after, and whether it was the same one was not captured.",
				c.HostName(r.To.Addr()), shortEtypes(r.Req.Etypes), serviceText(r), c.whoAll(rows), nTimes(total(rows)))
			f.Cause = "A step perhaps: the client may have asked again with another list, or another KDC."
		}
		if loneForwarded(r) {
			f.Cause = "A step: Windows asks for a forwarded TGT with AES256 alone, a DC without AES refuses, and Windows asks again with its full list. KDC event 27 on that DC is harmless."
		}
	})
	return found
}
