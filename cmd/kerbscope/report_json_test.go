package main

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
)

// TestReportJSONInParts: a report whose parts are encoded beside one another is
// the same as in one piece, however long its lists are.
func TestReportJSONInParts(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(procs)
		for _, n := range []int{-1, 0, 1, jsonRows - 1, jsonRows, jsonRows + 1, 2 * jsonRows, 20*jsonRows + 7} {
			r := longReport(n)
			whole, err := encodeJSON(r, "  ")
			require.NoError(t, err)
			var b bytes.Buffer
			require.NoError(t, writeReportJSON(&b, r))
			require.True(t, string(whole) == b.String(), "%d rows", n)
		}
	}
}

// longReport has lists of n elements; -1: none at all, which JSON writes as null.
func longReport(n int) *analyze.Report {
	r := &analyze.Report{Schema: schemaReport, Verdict: analyze.Verdict{Summary: "a\u202eb <&> \" \\ {[,:]}"}}
	if n < 0 {
		return r
	}
	r.Exchanges, r.Tickets, r.Findings, r.BlindSpots = []analyze.Exchange{}, []analyze.Ticket{}, []analyze.Finding{}, []analyze.BlindSpot{}
	code := int32(25)
	for i := range n {
		r.Exchanges = append(r.Exchanges, analyze.Exchange{Client: strings.Repeat("x\"\u009b,", i%3), ErrorCode: &code, Frames: []analyze.StepFrame{{Capture: "a", Frame: uint64(i)}}})
		r.Tickets = append(r.Tickets, analyze.Ticket{Hash: "h", Issued: any("before the capture"), Presented: []analyze.Presentation{}})
		r.Findings = append(r.Findings, analyze.Finding{ID: "f", Evidence: []analyze.Evidence{{Value: []int32{18, 17}}, {Value: map[string]int{}}}})
		r.BlindSpots = append(r.BlindSpots, analyze.BlindSpot{Kind: "k", Rules: []string{}})
	}
	return r
}

type failingWriter struct{ left int }

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.left--; w.left < 0 {
		return 0, errors.New("full")
	}
	return len(b), nil
}

// TestReportJSONNotWritten: what the writer refuses ends it.
func TestReportJSONNotWritten(t *testing.T) {
	r := longReport(3 * jsonRows)
	for n := range 12 {
		require.ErrorContains(t, writeReportJSON(&failingWriter{n}, r), "full")
	}
	r.Findings[0].Evidence[0].Value = func() {}
	require.Error(t, writeReportJSON(&bytes.Buffer{}, r))
}
