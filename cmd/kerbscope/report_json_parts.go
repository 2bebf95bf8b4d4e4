package main

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"runtime"
	"strings"

	"kerbscope/analyze"
)

// jsonRows is how many elements of a long list are encoded at a time.
const jsonRows = 256

// A jsonPart is a piece of a report's JSON.
type jsonPart struct {
	before, after string // what stands around it
	value         any
	rows          bool // value is a slice of which only the elements are written
	depth         int
}

// writeReportJSON writes the report as one indented object, as encodeJSON does:
// its parts beside one another, and no more of them at a time than there are
// processors, twice.
func writeReportJSON(w io.Writer, r *analyze.Report) error {
	type result struct {
		text []byte
		err  error
	}
	parts := reportParts(r)
	done := make([]chan result, 2*runtime.GOMAXPROCS(0)) // of the parts that are begun, in turn
	begin := func(i int) {
		c := make(chan result, 1)
		done[i%len(done)] = c
		go func() {
			text, err := parts[i].encode()
			c <- result{text, err}
		}()
	}
	for i := range min(len(done), len(parts)) {
		begin(i)
	}
	for i := range parts {
		part := <-done[i%len(done)]
		if part.err != nil {
			return part.err
		}
		if i+len(done) < len(parts) {
			begin(i + len(done))
		}
		if _, err := w.Write(part.text); err != nil {
			return err
		}
	}
	return nil
}

// reportParts takes a report apart: a part for each field, several for long lists.
func reportParts(r *analyze.Report) []jsonPart {
	var parts []jsonPart
	v := reflect.ValueOf(r).Elem()
	before := "{"
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		before += "\n  \"" + name + "\": "
		f := v.Field(i)
		if f.Kind() != reflect.Slice || f.Len() <= jsonRows {
			parts = append(parts, jsonPart{before: before, value: f.Interface(), depth: 1})
			before = ","
			continue
		}
		before += "[\n    "
		for at := 0; at < f.Len(); at += jsonRows {
			parts = append(parts, jsonPart{before: before, value: f.Slice(at, min(at+jsonRows, f.Len())).Interface(), rows: true, depth: 2})
			before = ",\n    "
		}
		parts[len(parts)-1].after = "\n  ]"
		before = ","
	}
	parts[len(parts)-1].after += "\n}\n"
	return parts
}

func (p *jsonPart) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(p.value); err != nil {
		return nil, err
	}
	compact := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if p.rows {
		compact = compact[1 : len(compact)-1]
	}
	text := escapeJSON(indentJSON(compact, "  ", p.depth))
	return append(append([]byte(p.before), text...), p.after...), nil
}
