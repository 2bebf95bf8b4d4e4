package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
)

// copyReport is a report that a test may change.
func copyReport(t testing.TB, r *analyze.Report) *analyze.Report {
	t.Helper()
	b, err := json.Marshal(r)
	require.NoError(t, err)
	return decodeReport(t, b)
}

// decodeReport reads a report's JSON, with the issues of tickets as analyze
// makes them.
func decodeReport(t testing.TB, b []byte) *analyze.Report {
	t.Helper()
	r := &analyze.Report{}
	require.NoError(t, json.Unmarshal(b, r))
	for i := range r.Tickets {
		if m, ok := r.Tickets[i].Issued.(map[string]any); ok {
			raw, err := json.Marshal(m)
			require.NoError(t, err)
			issue := &analyze.Issue{}
			require.NoError(t, json.Unmarshal(raw, issue))
			r.Tickets[i].Issued = issue
		}
	}
	return r
}

// manyExchanges is a report of n exchanges, with tickets and findings to match.
func manyExchanges(t testing.TB, n int) *analyze.Report {
	t.Helper()
	var out, errs bytes.Buffer
	require.Equal(t, exitOK, run([]string{"--format", "json", goodFolder}, nil, &out, &errs))
	r := decodeReport(t, out.Bytes())
	base := *r
	r.Exchanges, r.Tickets, r.Findings, r.Etypes = nil, nil, nil, nil
	for i := 0; len(r.Exchanges) < n; i++ {
		c := copyReport(t, &base)
		for k := range c.Tickets {
			x := &c.Tickets[k]
			x.Hash = fmt.Sprintf("%08x", i) + x.Hash[8:]
			x.Issued.(*analyze.Issue).Frame += uint64(i) * 1000
			for j := range x.Presented {
				x.Presented[j].Frame += uint64(i) * 1000
			}
			r.Tickets = append(r.Tickets, *x)
		}
		for k := range c.Exchanges {
			x := &c.Exchanges[k]
			x.TicketHash = fmt.Sprintf("%08x", i) + x.TicketHash[8:]
			x.Client = fmt.Sprintf("user%05d@CONTOSO.COM", i)
			for j := range x.Frames {
				x.Frames[j].Frame += uint64(i) * 1000
			}
			if len(r.Exchanges) < n {
				r.Exchanges = append(r.Exchanges, *x)
			}
		}
		for k := range c.Findings {
			f := &c.Findings[k]
			f.ID = fmt.Sprintf("%s/%08x", f.Rule, i*16+k)
			if f.BecauseOf != "" {
				f.BecauseOf = r.Findings[len(r.Findings)-1].ID
			}
			for j := range f.Evidence {
				f.Evidence[j].Frame += uint64(i) * 1000
			}
			if f.Contrast != nil {
				f.Contrast.Failed.Frame += uint64(i) * 1000
				f.Contrast.Worked.Frame += uint64(i) * 1000
			}
			r.Findings = append(r.Findings, *f)
		}
		r.Etypes = append(r.Etypes, c.Etypes...)
	}
	r.Verdict.ID = r.Findings[0].ID
	return r
}

// hostileNames are what a stranger may call things.
var hostileNames = []string{
	`<script>window.hacked=1</script>`, `"><img src=x onerror="window.hacked=1">`, "a\u202egnp.exe\u2066\u200f", `'-alert(1)-'`, "</title></style></script>", "javascript:alert(1)",
	strings.Repeat("verylongname", 40), strings.Repeat("W", 250), "日本語のサービス名", "a b\x00\x1b[31mc", "\xff\xfe", "{{.Head}}", "]]>", "<!--", "&lt;b&gt;", strings.Repeat("/", 60) + "@" + strings.Repeat("@", 60),
}

// hostileReport is the seed story with one of the names in every place where a
// name from the wire or from a file stands.
func hostileReport(t testing.TB, name string) *analyze.Report {
	t.Helper()
	var out, errs bytes.Buffer
	require.Equal(t, exitOK, run([]string{"--format", "json", goodFolder}, nil, &out, &errs))
	r := decodeReport(t, out.Bytes())
	swap := func(s *string) {
		for _, old := range []string{"smtp/hub-1.contoso.com", "hub-1.contoso.com", "MAILBOX-1$", "mailbox-1", "CONTOSO.COM", "dc1.contoso.com", "hub-1", "dc1.pcapng", "hub.pcap", "mailbox.pcapng"} {
			*s = strings.ReplaceAll(*s, old, name)
		}
	}
	swap(&r.Verdict.Summary)
	for i := range r.Findings {
		f := &r.Findings[i]
		for _, s := range []*string{&f.Summary, &f.Cause, &f.Client, &f.Service, &f.Filter} {
			swap(s)
		}
		for k := range f.Fix {
			swap(&f.Fix[k])
		}
		for k := range f.Undo {
			swap(&f.Undo[k])
		}
		for k := range f.CaptureNext {
			swap(&f.CaptureNext[k])
		}
		for k := range f.FaultAt {
			swap(&f.FaultAt[k].Host)
		}
		for k := range f.Evidence {
			swap(&f.Evidence[k].Capture)
			f.Evidence[k].Value, f.Evidence[k].ValueName = name, name
			f.Evidence[k].Field = "e_text"
		}
		if f.Contrast != nil {
			swap(&f.Contrast.Failed.Capture)
			swap(&f.Contrast.Worked.Capture)
			for k := range f.Contrast.Differs {
				f.Contrast.Differs[k].Failed = name
			}
		}
	}
	for i := range r.Hosts {
		for k := range r.Hosts[i].Names {
			swap(&r.Hosts[i].Names[k].Name)
		}
	}
	for i := range r.Exchanges {
		x := &r.Exchanges[i]
		swap(&x.Client)
		swap(&x.Service)
		for k := range x.Frames {
			swap(&x.Frames[k].Capture)
		}
		if x.Refusal != nil {
			x.Refusal.Text, x.Refusal.CodeName = name, name
		}
		x.ErrorCodeName = strings.Replace(x.ErrorCodeName, "KRB", name, 1)
	}
	for i := range r.Tickets {
		k := &r.Tickets[i]
		swap(&k.SName)
		swap(&k.Issued.(*analyze.Issue).Capture)
		for j := range k.Presented {
			swap(&k.Presented[j].Capture)
		}
	}
	for i := range r.Etypes {
		swap(&r.Etypes[i].Client)
		swap(&r.Etypes[i].Service)
		r.Etypes[i].ListShape = name
	}
	for i := range r.RC4 {
		r.RC4[i].Principal, r.RC4[i].Why, r.RC4[i].Change = name, name, name
	}
	for i := range r.Captures {
		c := &r.Captures[i]
		swap(&c.Name)
		c.Problem, c.Format = name, name
	}
	r.BlindSpots = append(r.BlindSpots, analyze.BlindSpot{Kind: "tls", Summary: name, Rules: []string{"ap-refused"}})
	return r
}
