package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"kerbscope/analyze"
)

func TestWrap(t *testing.T) {
	assert.Equal(t, []string{"aaaaaaaaaa bbbbbbbbb", "cc"}, wrap("aaaaaaaaaa  bbbbbbbbb\n cc", 20, 20))
	assert.Equal(t, []string{strings.Repeat("x", 20), strings.Repeat("x", 5) + " y"}, wrap(strings.Repeat("x", 25)+" y", 20, 20), "a word too long for a line is cut")
	assert.Equal(t, []string{strings.Repeat("é", 20), "é"}, wrap(strings.Repeat("é", 21), 20, 20))
	assert.Equal(t, []string{""}, wrap("  ", 20, 20))
}

func TestClip(t *testing.T) {
	assert.Equal(t, "abcd", clip("abcd", 4))
	assert.Equal(t, "ab..", clip("abcde", 4))
	assert.Equal(t, "éé..", clip("ééééé", 4))
	assert.Equal(t, "abc", clip("abcde", 3))
}

func TestSpan(t *testing.T) {
	for seconds, want := range map[float64]string{0: "1 ms", 0.002: "2 ms", -0.25: "250 ms", 14.2: "14.2 s", 600: "10 min", 9000: "2.5 h", 864000: "10.0 days"} {
		assert.Equal(t, want, span(seconds))
	}
}

// TestHostileReport: whatever stands in a report, no line of the text is wider
// than the page, and nothing steers the terminal.
func TestHostileReport(t *testing.T) {
	evil := "\x1b[2J\u202e\n" + strings.Repeat("A", 300) + " \x00"
	code := int32(41)
	r := &analyze.Report{
		Verdict: analyze.Verdict{ID: "key-mismatch/00000000", Rule: "key-mismatch", Severity: "error", Confidence: "likely", Summary: evil},
		Findings: []analyze.Finding{{ID: "key-mismatch/00000000", Rule: "key-mismatch", Severity: analyze.Error, Confidence: analyze.Likely, Summary: evil, Cause: evil, Client: evil, Service: evil,
			Fix: []string{evil}, Undo: []string{evil}, CaptureNext: []string{evil}, Events: []analyze.Event{{Host: evil, Log: evil, ID: evil, Meaning: evil}}, Filter: evil, Count: 2,
			Evidence: []analyze.Evidence{{Capture: evil, Frame: 1, Field: evil, Value: evil, ValueName: evil}, {Capture: evil, Frame: 9, Field: "e_text", Value: evil}}},
			{ID: "x/1", Rule: "x", Severity: analyze.Warning, Summary: evil, BecauseOf: "key-mismatch/00000000", Evidence: []analyze.Evidence{{Capture: evil, Frame: 3, Value: []int32{1}}}}},
		Hosts:      []analyze.Host{{Addresses: []string{"10.0.0.1"}, Names: []analyze.HostName{{Name: evil}}, ClockOffset: &analyze.ClockOffset{Seconds: 3, From: "kerberos"}}},
		Exchanges:  []analyze.Exchange{{Kind: "AP", Client: evil, Service: evil, Server: &analyze.Endpoint{Address: "10.0.0.1", Port: 25}, Carrier: []string{"smtp"}, Outcome: "error", ErrorCode: &code, ErrorCodeName: "KRB_AP_ERR_MODIFIED", Started: evil, Frames: []analyze.StepFrame{{Capture: evil, Frame: 1, Step: evil}}}, {Kind: "AP", Refusal: &analyze.Refusal{Text: evil}, Frames: []analyze.StepFrame{{Capture: evil, Frame: 2}}}},
		Tickets:    []analyze.Ticket{{Hash: "0123456789abcdef", SName: evil, Issued: "before the capture", Presented: []analyze.Presentation{{To: analyze.Endpoint{Address: "10.0.0.1"}, Carrier: []string{"smtp"}, Capture: evil, Outcome: "ok"}}}},
		Etypes:     []analyze.EtypeRow{{Client: evil, Service: evil, Requested: make([]int32, 60)}},
		RC4:        []analyze.RC4Row{{Principal: evil, Role: "client", Uses: []string{"preauth"}, Why: evil, Change: evil}},
		Captures:   []analyze.Capture{{Name: evil, Format: "pcap", LinkTypes: []string{"Ethernet"}, Problem: evil, Lost: map[string]uint64{"gaps": 1}}, {Name: "b"}},
		BlindSpots: []analyze.BlindSpot{{Summary: evil, Rules: []string{"key-mismatch"}}},
	}
	for _, brief := range []bool{false, true} {
		for _, line := range strings.Split(reportText(r, screen{width: 80}, brief), "\n") {
			assert.LessOrEqual(t, len([]rune(line)), 80, line)
			assert.True(t, plainASCII(line), "%q", line)
		}
	}
}
