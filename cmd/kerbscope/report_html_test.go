package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
)

func htmlOf(t testing.TB, r *analyze.Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, writeReportHTML(&b, r))
	return b.String()
}

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

// An outline is what a test wants to know of a page.
type outline struct {
	elements map[string]int
	ids      []string
	links    []string
	headings []string
	texts    []string
}

// outlineOf reads a page as strict XML, which every tag must close in order
// for, and checks what must hold for each element.
func outlineOf(t testing.TB, page string) *outline {
	t.Helper()
	o := &outline{elements: map[string]int{}}
	d := xml.NewDecoder(strings.NewReader(page))
	var open []string
	heading := 0
	var text strings.Builder
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		switch tok := tok.(type) {
		case xml.StartElement:
			name := tok.Name.Local
			o.elements[name]++
			open = append(open, name)
			attr := map[string]string{}
			for _, a := range tok.Attr {
				attr[a.Name.Local] = a.Value
				require.NotEqual(t, "style", a.Name.Local, "the policy forbids it")
				require.False(t, strings.HasPrefix(a.Name.Local, "on"), a.Name.Local)
			}
			if id := attr["id"]; id != "" {
				require.False(t, slices.Contains(o.ids, id), "%q is there twice", id)
				o.ids = append(o.ids, id)
			}
			for _, a := range []string{"href", "src", "action", "srcset", "data", "poster"} {
				if v, ok := attr[a]; ok {
					require.True(t, strings.HasPrefix(v, "#"), "%s=%q leads away", a, v)
					o.links = append(o.links, v[1:])
				}
			}
			for _, ref := range strings.Fields(attr["aria-labelledby"]) {
				o.links = append(o.links, ref)
			}
			switch name {
			case "th":
				require.Contains(t, []string{"row", "col"}, attr["scope"])
			case "svg":
				if !slices.Contains(open[:len(open)-1], "svg") {
					require.True(t, attr["aria-hidden"] == "true" || attr["role"] == "img" && (attr["aria-label"] != "" || attr["aria-labelledby"] != ""), "a picture without words: %v", attr)
				}
			case "h1", "h2", "h3", "h4":
				level := int(name[1] - '0')
				if len(o.headings) > 0 || name != "h2" { // the contents' heading stands before
					require.LessOrEqual(t, level, max(heading, 1)+1, "headings in order")
				}
				heading = level
				text.Reset()
			}
		case xml.EndElement:
			name := open[len(open)-1]
			open = open[:len(open)-1]
			if slices.Contains([]string{"h1", "h2", "h3"}, name) {
				o.headings = append(o.headings, name+" "+strings.Join(strings.Fields(text.String()), " "))
			}
		case xml.CharData:
			text.Write(tok)
			if len(open) > 0 && !slices.Contains([]string{"script", "style"}, open[len(open)-1]) {
				o.texts = append(o.texts, string(tok))
			}
		}
	}
	for _, l := range o.links {
		require.True(t, slices.Contains(o.ids, l), "%q leads nowhere", l)
	}
	require.Equal(t, 1, o.elements["h1"])
	require.Equal(t, 1, o.elements["main"])
	require.Equal(t, 1, o.elements["script"])
	require.Equal(t, 1, o.elements["style"])
	for _, never := range []string{"img", "link", "iframe", "object", "embed", "base", "form", "image", "use", "foreignObject"} {
		require.Zero(t, o.elements[never], never)
	}
	return o
}

// TestHTMLCases: every case gives a page that is well-formed, whole and says
// what the findings say.
func TestHTMLCases(t *testing.T) {
	for _, dir := range corpusCases(t, corpusRoot) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			b := analyzeCase(t, dir, "json", nil)
			page := string(analyzeCase(t, dir, "html", nil))
			o := outlineOf(t, page)
			all := strings.Join(o.texts, "")
			r := decodeReport(t, b)
			roots := 0
			for _, f := range r.Findings {
				assert.True(t, strings.Contains(all, sentence(escape(f.Summary))), f.Summary)
				assert.Contains(t, o.ids, "rule-"+f.Rule)
				if f.BecauseOf == "" {
					roots++
				}
			}
			assert.LessOrEqual(t, o.elements["figure"], roots)
			assert.False(t, strings.Contains(page, "ZgotmplZ"), "a value in a place that the template does not allow")
			assert.Less(t, len(page), 400_000)
		})
	}
}

// TestHTMLStructure: the sections of the seed story, in order.
func TestHTMLStructure(t *testing.T) {
	o := outlineOf(t, runOK(t, "--format", "html", goodFolder))
	var sections []string
	for _, h := range o.headings {
		if !strings.HasPrefix(h, "h3") {
			sections = append(sections, h)
		}
	}
	assert.Equal(t, []string{"h2 Contents", "h1 One service on the host has a wrong key, another one on the same host has the right one.",
		"h2 What happened", "h2 What to do", "h2 How we know", "h2 All findings", "h2 Encryption types", "h2 Ticket lives", "h2 Key versions by KDC",
		"h2 Clocks", "h2 Life without RC4", "h2 Captures", "h2 Exchanges", "h2 Rules explained"}, sections)
	r := reportOf(t, goodFolder)
	roots := 0
	for _, f := range r.Findings {
		if f.BecauseOf == "" {
			roots++
		}
	}
	assert.Equal(t, roots, o.elements["figure"], "a diagram for each root finding")
	assert.Greater(t, roots, 1)
}

// TestHTMLDiagram: the diagram of the seed story alone says which service
// refuses which ticket, and who accepts it.
func TestHTMLDiagram(t *testing.T) {
	page := runOK(t, "--format", "html", goodFolder)
	start := strings.Index(page, `<svg class="seq wide"`)
	require.Positive(t, start)
	o := strings.Join(textsOf(t, page[start:start+strings.Index(page[start:], "</svg>")+6]), "\n")
	for _, want := range []string{"hub-1", "dc1", "mailbox-1", "port 25", "port 51025", "port 2525", "hub-1 port 51025 (RPC) REFUSES ticket B", "hub-1 port 25 (SMTP) REFUSES ticket B",
		"hub-1 port 2525 (SMTP) accepts ticket B", "KRB_AP_ERR_BAD_INTEGRITY (31), 2 times", "ticket B: AES256, kvno 5", "offers RC4"} {
		assert.Contains(t, o, want)
	}
	assert.Contains(t, page, "smtp/hub-1.contoso.com</b> AES256, kvno 5, session key AES256, issued by dc1", "the legend")
}

func textsOf(t testing.TB, svg string) (texts []string) {
	d := xml.NewDecoder(strings.NewReader(svg))
	var b strings.Builder
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return texts
		}
		require.NoError(t, err)
		switch tok := tok.(type) {
		case xml.CharData:
			b.Write(tok)
		case xml.EndElement:
			if tok.Name.Local == "text" {
				texts = append(texts, b.String())
				b.Reset()
			}
		}
	}
}

// TestHTMLDeterministic: the same report gives the same bytes.
func TestHTMLDeterministic(t *testing.T) {
	first := runOK(t, "--format", "html", goodFolder)
	for range 3 {
		require.True(t, first == runOK(t, "--format", "html", goodFolder))
	}
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
		for k := range c.Etypes {
			r.Etypes = append(r.Etypes, c.Etypes[k])
		}
	}
	r.Verdict.ID = r.Findings[0].ID
	return r
}

// TestHTMLSize: ten thousand exchanges, with a ticket and trouble each, make
// a page that browsers still open at once.
func TestHTMLSize(t *testing.T) {
	page := htmlOf(t, manyExchanges(t, 10_000))
	assert.Less(t, len(page), 5_000_000)
	o := outlineOf(t, page)
	assert.Greater(t, o.elements["tr"], 10_000)
	assert.Equal(t, htmlDiagrams, o.elements["figure"])
	t.Logf("%d bytes, %d elements of tables", len(page), o.elements["tr"])
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

// TestHTMLHostile: names do nothing but stand there.
func TestHTMLHostile(t *testing.T) {
	for _, name := range hostileNames {
		page := htmlOf(t, hostileReport(t, name))
		outlineOf(t, page) // no element and no attribute is theirs
		for _, r := range page {
			require.False(t, r != '\n' && hidden(r) || r < ' ' && r != '\n', "%q of %q", r, name)
		}
	}
}

// TestHTMLEmpty: a report without anything in it is a page too.
func TestHTMLEmpty(t *testing.T) {
	for _, r := range []*analyze.Report{{}, {Verdict: analyze.Verdict{Summary: "no Kerberos traffic in a.pcap"}, Captures: []analyze.Capture{{Name: "a.pcap", Problem: "cut short"}}},
		{Exchanges: []analyze.Exchange{{Kind: "AP", Outcome: "unknown"}, {Kind: "password", Outcome: "error"}}, Findings: []analyze.Finding{{ID: "x/1", Rule: "no-such-rule", Severity: analyze.Note, BecauseOf: "gone/1", Evidence: []analyze.Evidence{{Capture: "none", Frame: 1, Field: "f"}}}}}} {
		outlineOf(t, htmlOf(t, r))
	}
}

// TestHTMLCommands: what is marked as a command in a step is one.
func TestHTMLCommands(t *testing.T) {
	for _, c := range []struct {
		step     string
		commands []string
	}{
		{"Look at it: klist -kte FILE on both hosts: the same kvno and etypes; copy the newer one", []string{"klist -kte FILE"}},
		{"Get-CimInstance Win32_Service | where ProcessId -eq (Get-NetTCPConnection -LocalPort 25 -State Listen).OwningProcess | select Name,StartName (or sc.exe qc NAME)",
			[]string{"Get-CimInstance Win32_Service | where ProcessId -eq (Get-NetTCPConnection -LocalPort 25 -State Listen).OwningProcess | select Name,StartName", "sc.exe qc NAME"}},
		{"nltest /dsgetdc:DOMAIN /force, then Test-NetConnection KDC-NAME -Port 88", []string{"nltest /dsgetdc:DOMAIN /force", "Test-NetConnection KDC-NAME -Port 88"}},
		{`sc.exe config NAME obj= "NT AUTHORITY\NetworkService" puts the service back`, []string{`sc.exe config NAME obj= "NT AUTHORITY\NetworkService"`}},
		{"Set-ADComputer SERVICE -Add @{'msDS-AllowedToDelegateTo'='SPN'}, or resource-based", []string{"Set-ADComputer SERVICE -Add @{'msDS-AllowedToDelegateTo'='SPN'}"}},
		{"The finding names kvno, etypes and the host", nil},
		{"Keep the computer's clock right", nil},
		{"klist (", []string{"klist"}}, {"reg query", []string{"reg query"}}, {"kinit '", []string{"kinit '"}}, {"", nil},
	} {
		var got []string
		for _, s := range segmentsOf(c.step) {
			if s.Command {
				got = append(got, s.Text)
			}
		}
		assert.Equal(t, c.commands, got, c.step)
	}
}

// FuzzHTMLCommands: steps are taken apart without losing a word.
func FuzzHTMLCommands(f *testing.F) {
	for _, r := range analyze.Rules() {
		for _, s := range r.Fix {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, step string) {
		var b strings.Builder
		for _, s := range segmentsOf(step) {
			b.WriteString(s.Text)
		}
		strip := strings.NewReplacer(".", "", ",", "", ";", "", ":", "", " ", "")
		require.Equal(t, strip.Replace(step), strip.Replace(b.String()))
	})
}

func BenchmarkHTML(b *testing.B) {
	r := manyExchanges(b, 10_000)
	b.ResetTimer()
	for range b.N {
		require.NoError(b, writeReportHTML(io.Discard, r))
	}
}
