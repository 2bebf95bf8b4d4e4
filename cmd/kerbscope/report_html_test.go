package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"path/filepath"
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
	assert.Equal(t, []string{"h1 One service on the host has a wrong key, another one on the same host has the right one.",
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

// TestHTMLSize: ten thousand exchanges, with a ticket and trouble each, make
// a page that browsers still open at once.
func TestHTMLSize(t *testing.T) {
	if raceDetector {
		t.Skip("one goroutine, and minutes: the run without the race detector has it")
	}
	page := htmlOf(t, manyExchanges(t, 10_000))
	assert.Less(t, len(page), 5_000_000)
	o := outlineOf(t, page)
	assert.Greater(t, o.elements["tr"], 10_000)
	assert.Equal(t, htmlDiagrams, o.elements["figure"])
	t.Logf("%d bytes, %d elements of tables", len(page), o.elements["tr"])
}

// TestHTMLHostile: names do nothing but stand there.
func TestHTMLHostile(t *testing.T) {
	if raceDetector {
		t.Skip("one goroutine, and minutes: the run without the race detector has it")
	}
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

// TestHTMLTicketUses: every exchange that shows a ticket is counted.
func TestHTMLTicketUses(t *testing.T) {
	h := newHTMLReport(reportOf(t, goodFolder))
	var texts []string
	for i := range h.r.Tickets {
		for _, u := range h.usesOf(&h.r.Tickets[i], h.showings(&h.r.Tickets[i])) {
			texts = append(texts, u.Text+" ["+u.Frames+"]")
		}
	}
	assert.Equal(t, []string{"accepted by dc1 port 88 [dc1 46]", "refused 3 times by hub-1 port 25 (SMTP) [hub 33, hub 62, hub 139]",
		"refused with a Kerberos error 2 times by hub-1 port 51025 (RPC) [hub 46, hub 105]", "accepted by hub-1 port 2525 (SMTP) [hub 84]", "accepted by hub-1 port 51026 (RPC) [hub 117]"}, texts)
}
