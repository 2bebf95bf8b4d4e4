package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// forwardedTGTSingleEtype: the lone 18 that worries people.
var forwardedTGTSingleEtype = &Rule{
	ID:    "forwarded-tgt-single-etype",
	Title: "Windows asked for a forwarded TGT with one encryption type",
	Doc: `A TGS-REQ for krbtgt with the option "forwarded" and one single etype, mostly AES256, often with PA-SUPPORTED-ENCTYPES (165): the
shape of a Windows client that delegates a user. It says nothing about the client's configuration. A DC without AES answers 14
and logs event 27, the client asks again with its full list.`,
	Rivals: []string{
		`A client whose list is forced to one etype: its other requests have one etype too; the rule looks only at this kind of request.`,
		`A tool that asks for a forwarded TGT (Rubeus tgtdeleg): the same request, asked for by a program; cannot be told apart.`,
		`A KDC that does refuse the delegation: answers 12 or 13, not 14.`,
	},
	Fix:      []string{`Nothing to do. Do not set DefaultEncryptionType because of KDC event 27`},
	Events:   []Event{{Host: "DC", Log: "System", ID: "KDC 27", Meaning: "only on DCs without AES: by design"}},
	Refs:     []string{"RFC 4120 §2.6", "[MS-KILE] §3.3.5.7.6", "KB2002141"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkForwardedTGTSingleEtype,
}

func checkForwardedTGTSingleEtype(c *Case) []Finding {
	rows := c.rowsWhere(decode.TGS, loneForwarded)
	return c.each(rows, byClientAndKDC, []string{"kdc_options", "etypes", "error_code"}, func(f *Finding, rows []*Row, r *Record) {
		f.Severity, f.Confidence = Note, Certain
		f.Summary = fmt.Sprintf("%s asked %s %s for a forwarded TGT with %s alone.", c.whoAll(rows), c.HostName(r.To.Addr()), nTimes(total(rows)), shortEtypes(r.Req.Etypes))
		f.Cause = "The client delegates a user to a service; the single etype belongs to this kind of request and says nothing about the client's settings."
	})
}
