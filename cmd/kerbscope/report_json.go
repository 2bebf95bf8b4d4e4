package main

import (
	"bytes"
	"encoding/json"
	"io"

	"kerbscope/analyze"
)

// Schemas of what is printed; within a version fields are only added.
const (
	schemaMessage = "kerbscope.message/1"
	schemaReport  = "kerbscope.report/1"
	schemaFinding = "kerbscope.finding/1"
)

// writeReportJSON writes the report as one indented object.
func writeReportJSON(w io.Writer, r *analyze.Report) error {
	b, err := encodeJSON(r, "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// writeReportLines writes one line for each finding, then the report without
// findings.
func writeReportLines(w io.Writer, r *analyze.Report) error {
	for _, f := range r.Findings {
		f.Schema = schemaFinding
		b, err := encodeJSON(f, "")
		if err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	rest := struct {
		*analyze.Report
		Findings *[]analyze.Finding `json:"findings,omitempty"` // takes the place of the report's own
	}{Report: r}
	b, err := encodeJSON(rest, "")
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// encodeJSON writes v and a newline: the signs < > & as they are, hidden
// characters escaped.
func encodeJSON(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return escapeJSON(b.Bytes()), nil
}
