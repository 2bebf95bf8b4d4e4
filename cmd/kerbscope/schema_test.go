package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// strictSchema compiles a schema that takes no field that it does not name:
// what is printed must be documented.
var strictSchema = func() func(t *testing.T, name string) *jsonschema.Schema {
	var mu sync.Mutex
	compiled := map[string]*jsonschema.Schema{}
	return func(t *testing.T, name string) *jsonschema.Schema {
		mu.Lock()
		defer mu.Unlock()
		if s := compiled[name]; s != nil {
			return s
		}
		text, err := schemas.ReadFile("schema/" + name + ".json")
		require.NoError(t, err)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		require.NoError(t, err)
		closeObjects(doc)
		c := jsonschema.NewCompiler()
		require.NoError(t, c.AddResource(name+".json", doc))
		s, err := c.Compile(name + ".json")
		require.NoError(t, err)
		compiled[name] = s
		return s
	}
}()

// closeObjects forbids fields beyond those that a schema lists.
func closeObjects(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, object := v["properties"].(map[string]any); object && v["type"] == "object" {
			v["additionalProperties"] = false
		}
		for _, child := range v {
			closeObjects(child)
		}
	case []any:
		for _, child := range v {
			closeObjects(child)
		}
	}
}

// assertSchema holds one JSON value against a schema.
func assertSchema(t *testing.T, name string, value []byte) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	require.NoError(t, err)
	assert.NoError(t, strictSchema(t, name).Validate(v), "%.200s", value)
}

// TestDecodeSchema: every row of the corpus, and the array of them, is what
// the schema says; the three formats hold the same rows.
func TestDecodeSchema(t *testing.T) {
	for _, path := range corpusCaptures(t) {
		t.Run(caseName(path), func(t *testing.T) {
			t.Parallel()
			lines := strings.Split(strings.TrimSpace(runOK(t, "decode", "--format", "ndjson", path)), "\n")
			for _, line := range lines {
				if line != "" {
					assertSchema(t, "message", []byte(line))
				}
			}
			var rows []json.RawMessage
			require.NoError(t, json.Unmarshal([]byte(runOK(t, "decode", "--format", "json", path)), &rows))
			assert.Len(t, rows, len(strings.Fields(strings.Join(mark(lines), " "))))
			assert.Len(t, strings.Split(strings.TrimSpace(runOK(t, "decode", path)), "\n"), len(lines))
		})
	}
}

// mark is "x" for every line that is not empty.
func mark(lines []string) []string {
	var out []string
	for _, l := range lines {
		if l != "" {
			out = append(out, "x")
		}
	}
	return out
}

// TestFindingSchema: every line of analyze --format ndjson is a finding, the
// last the report without findings.
func TestFindingSchema(t *testing.T) {
	if raceDetector {
		t.Skip("one goroutine, and minutes: the run without the race detector has it")
	}
	for _, dir := range corpusCases(t, corpusRoot) {
		lines := strings.Split(strings.TrimSpace(runOK(t, "analyze", "--format", "ndjson", dir)), "\n")
		for i, line := range lines {
			if i < len(lines)-1 {
				assertSchema(t, "finding", []byte(line))
				continue
			}
			assertSchema(t, "report", []byte(line))
			assert.NotContains(t, line, `"findings":`)
		}
	}
}

// TestSchemasAgree: the finding inside the report's schema is the finding's own.
func TestSchemasAgree(t *testing.T) {
	read := func(name string) map[string]any {
		text, err := schemas.ReadFile("schema/" + name + ".json")
		require.NoError(t, err)
		var v map[string]any
		require.NoError(t, json.Unmarshal(text, &v))
		return v
	}
	finding, report := read("finding"), read("report")
	inside := report["$defs"].(map[string]any)["finding"].(map[string]any)
	assert.Equal(t, finding["properties"], inside["properties"])
	assert.Equal(t, finding["$defs"].(map[string]any)["endpoint"], report["$defs"].(map[string]any)["endpoint"])
	for _, name := range schemaNames {
		assert.Equal(t, "kerbscope."+name+"/1", read(name)["$id"])
	}
}

// runOK runs a command that must succeed in silence, and returns its output.
func runOK(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	require.Equal(t, exitOK, run(args, nil, &out, &errs), errs.String())
	require.Empty(t, errs.String())
	return out.String()
}
