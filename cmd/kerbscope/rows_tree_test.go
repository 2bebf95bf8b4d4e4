package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTreeHoldsAll: every leaf of the JSON of every row of the corpus, with
// and without keys, stands in the tree of -V: behind its name, in the same order.
func TestTreeHoldsAll(t *testing.T) {
	for _, root := range corpusRoots() {
		for _, dir := range corpusCases(t, root) {
			keys := [][]string{nil}
			if k := keytabsIn(t, dir); len(k) > 0 {
				var args []string
				for _, f := range k {
					args = append(args, "-k", f)
				}
				keys = append(keys, args)
			}
			for _, path := range capturesIn(t, dir) {
				t.Run(caseName(path), func(t *testing.T) {
					t.Parallel()
					for _, args := range keys {
						holdTree(t, append(args, path))
					}
				})
			}
		}
	}
}

func holdTree(t *testing.T, args []string) {
	rows := strings.Split(strings.TrimSpace(runOK(t, append([]string{"decode", "--format", "ndjson"}, args...)...)), "\n")
	text := strings.TrimSuffix(runOK(t, append([]string{"decode", "-V"}, args...)...), "\n")
	if rows[0] == "" {
		require.Empty(t, text)
		return
	}
	trees := strings.Split(text, "\n\n")
	require.Len(t, trees, len(rows))
	for i, row := range rows {
		d := json.NewDecoder(bytes.NewReader([]byte(row)))
		d.UseNumber()
		h := treeHolder{lines: strings.Split(trees[i], "\n")}
		if !assert.NoError(t, h.value(d, "", ""), "%s\n%s", row, trees[i]) {
			return
		}
	}
}

// A treeHolder walks through a tree with the JSON of the same row.
type treeHolder struct {
	lines []string
	at    int
}

func (h *treeHolder) value(d *json.Decoder, parent, name string) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		for d.More() {
			key, _ := d.Token()
			if err := h.value(d, name, key.(string)); err != nil {
				return err
			}
		}
		_, err = d.Token()
		return err
	case json.Delim('['):
		for d.More() {
			// Items of a list of structs have the list's name as their parent.
			if err := h.value(d, parent, name); err != nil {
				return err
			}
		}
		_, err = d.Token()
		return err
	}
	return h.leaf(parent, name, token)
}

// leaf finds a value in the line of its name, here or further down; that of a
// name beside a number in the lines since the number's first.
func (h *treeHolder) leaf(parent, name string, token json.Token) error {
	if name == "schema" {
		return nil // the name of the JSON's form
	}
	forms := []string{escape(fmt.Sprint(token))}
	base := strings.TrimSuffix(strings.TrimSuffix(name, "_names"), "_name")
	if n, ok := token.(json.Number); ok {
		if v, err := n.Int64(); err == nil && (treeHex[name] || name == "code") {
			forms = append(forms, fmt.Sprintf("0x%08x", v))
		}
	}
	if i := h.find(h.at, treeLabel(parent, name), forms); i >= 0 {
		h.at = i
		return nil
	}
	// The name of a number stands in the number's line, which is behind us.
	if base != name && h.find(0, treeLabel(parent, base), forms) >= 0 {
		return nil
	}
	return fmt.Errorf("%s.%s: %v is not in the tree from line %d on", parent, name, token, h.at)
}

// find is the first line with that label, from line from on, that holds one of
// the forms itself or in the lines below it; -1 for none.
func (h *treeHolder) find(from int, label string, forms []string) int {
	for i := from; i < len(h.lines); i++ {
		line := strings.TrimLeft(h.lines[i], " ")
		if line != label && !strings.HasPrefix(line, label+": ") {
			continue
		}
		// A list with names has its items in the lines below.
		for j := i; j < len(h.lines) && (j == i || indent(h.lines[j]) > indent(h.lines[i])); j++ {
			text := strings.TrimPrefix(strings.TrimLeft(h.lines[j], " "), label+": ")
			if slices.ContainsFunc(forms, func(form string) bool { return hasWord(text, form) }) {
				return i
			}
		}
	}
	return -1
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// hasWord tells whether s holds word with no letter or digit beside it.
func hasWord(s, word string) bool {
	letter := func(i int) bool {
		return i >= 0 && i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z')
	}
	for from := 0; ; {
		i := strings.Index(s[from:], word)
		if i < 0 {
			return false
		}
		i += from
		if s == word || !letter(i-1) && !letter(i+len(word)) {
			return true
		}
		from = i + 1
	}
}

func TestTree(t *testing.T) {
	out := runOK(t, "decode", "-V", "--filter", "type=KRB-ERROR", "../../pcaps/seed-story/hub.pcap")
	assert.Contains(t, out, "\nKerberos KRB-ERROR\n    msg-type: KRB-ERROR\n")
	assert.Contains(t, out, "    error-code: KRB_AP_ERR_BAD_INTEGRITY (31)\n")
	assert.True(t, strings.HasPrefix(out, "Frame 48: hub.pcap\n    capture: hub.pcap\n"), out)

	hidden := struct {
		row
		No   string `json:"-"`
		none int
	}{row: row{MsgType: "AS-REQ"}, No: "no", none: 1}
	var names []string
	for _, f := range treeFields(reflect.ValueOf(hidden)) {
		names = append(names, f.name)
	}
	assert.Contains(t, names, "msg_type", "of an embedded struct, as encoding/json has it")
	assert.NotContains(t, names, "none")
	assert.NotContains(t, names, "-")

	n := func(v int32) *int32 { return &v }
	r := &row{Frame: 1, Carrier: []string{"kdc"}, Etypes: []int32{18, 4711}, EtypesNames: []string{"aes256-cts-hmac-sha1-96", "4711"},
		Tickets: []rowTicket{{Realm: "R"}}, Anomalies: []rowAnomaly{{0, "odd"}}, Opened: &rowOpened{},
		PAData: []rowPAData{{Type: 2, TypeName: "PA-ENC-TIMESTAMP", Enc: &rowEncs{Etype: n(18), EtypeName: "aes256-cts-hmac-sha1-96"}}}}
	assert.Contains(t, rowTree(r, screen{}), `Without Kerberos
    etype: 2 items
        aes256-cts-hmac-sha1-96 (18)
        4711
    padata: 1 item
        padata-type: PA-ENC-TIMESTAMP (2)
            length of padata-value: 0
            enc-part
                etype: aes256-cts-hmac-sha1-96 (18)
    tickets: 1 item
        ticket 1
            realm: R
    opened
    anomalies: 1 item
        byte: 0
            what: odd
`)
}
