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
	return writeReportRest(w, r)
}

// writeReportRest writes the report without findings on a line.
func writeReportRest(w io.Writer, r *analyze.Report) error {
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
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	if indent == "" {
		return escapeJSON(b.Bytes()), nil
	}
	return escapeJSON(indentJSON(b.Bytes(), indent, 0)), nil
}

// indentJSON lays compact JSON out as json.Indent does, without checking it. It
// stands so deep in what it is part of.
func indentJSON(b []byte, indent string, depth int) []byte {
	out := make([]byte, 0, 2*len(b))
	line := func() {
		out = append(out, '\n')
		for range depth {
			out = append(out, indent...)
		}
	}
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '"':
			end := i + 1
			for ; b[end] != '"'; end++ {
				if b[end] == '\\' {
					end++
				}
			}
			out = append(out, b[i:end+1]...)
			i = end
		case '{', '[':
			out = append(out, c)
			if b[i+1] == c+2 { // "}" and "]" stand two behind
				i++
				out = append(out, c+2)
				continue
			}
			depth++
			line()
		case '}', ']':
			depth--
			line()
			out = append(out, c)
		case ',':
			out = append(out, c)
			line()
		case ':':
			out = append(out, ':', ' ')
		default:
			out = append(out, c)
		}
	}
	return out
}
