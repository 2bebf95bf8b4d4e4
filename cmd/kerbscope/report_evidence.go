package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kerbscope/analyze"
)

// An evidenceRow is one line of the table HOW WE KNOW: something that happened,
// and the frames in which each capture shows it.
type evidenceRow struct {
	x     *analyze.Exchange // nil: a frame of no exchange
	text  string
	facts []string            // fields cited that the text does not say
	cells map[string][]uint64 // capture to frames, in order
}

// howWeKnow is the table of the frames that the finding rests on.
func (t *textReport) howWeKnow(f *analyze.Finding) {
	rows := t.evidenceRows(f)
	if len(rows) == 0 {
		return
	}
	var captures []string
	for _, c := range t.r.Captures {
		if slices.ContainsFunc(rows, func(r evidenceRow) bool { return len(r.cells[c.Name]) > 0 }) {
			captures = append(captures, c.Name)
		}
	}
	t.blank()
	columns := make([]int, len(captures))
	used := 0
	for i, c := range captures {
		columns[i] = len(columnName(c))
		for _, r := range rows {
			columns[i] = max(columns[i], len(cell(r.cells[c])))
		}
		used += columns[i] + 2
	}
	if used > t.width/2 {
		t.evidenceList(rows, captures)
	} else {
		t.evidenceTable(rows, captures, columns, t.width-used)
	}
	t.wiresharkLines(f)
}

func (t *textReport) evidenceTable(rows []evidenceRow, captures []string, columns []int, textWidth int) {
	head := t.paint(styleBold, "HOW WE KNOW") + strings.Repeat(" ", textWidth-len("HOW WE KNOW"))
	for i, c := range captures {
		head += "  " + pad(columnName(c), columns[i])
	}
	t.line(head)
	for _, r := range rows {
		lines := wrap(r.text, textWidth-2, textWidth-4)
		for i, l := range lines {
			indent := "    "
			if i == 0 {
				indent = "  "
			}
			if i < len(lines)-1 {
				t.line(indent + l)
				continue
			}
			s := pad(indent+l, textWidth)
			for i, c := range captures {
				s += "  " + pad(cell(r.cells[c]), columns[i])
			}
			t.line(s)
		}
		for _, f := range r.facts {
			t.para(6, f)
		}
	}
}

// evidenceList stands in for the table where that would be too wide.
func (t *textReport) evidenceList(rows []evidenceRow, captures []string) {
	t.line(t.paint(styleBold, "HOW WE KNOW"))
	for _, r := range rows {
		t.hang("  ", r.text)
		for _, f := range r.facts {
			t.para(6, f)
		}
		for _, c := range captures {
			if len(r.cells[c]) > 0 {
				t.para(6, "frame "+cell(r.cells[c])+" of "+escape(c))
			}
		}
	}
}

// wiresharkLines are display filters to paste: the frames in the capture that
// shows most of them, and the flow in all.
func (t *textReport) wiresharkLines(f *analyze.Finding) {
	best := ""
	for _, e := range f.Evidence {
		if best == "" || len(framesIn(f, e.Capture)) > len(framesIn(f, best)) {
			best = e.Capture
		}
	}
	var numbers []string
	for _, n := range framesIn(f, best) {
		numbers = append(numbers, strconv.FormatUint(n, 10))
	}
	t.hang("  Wireshark: ", fmt.Sprintf("frame.number in {%s}  (%s)", strings.Join(numbers, ", "), escape(best)))
	if f.Filter != "" {
		t.hang("  Every capture: ", escape(f.Filter))
	}
}

// framesIn lists the frames of a capture that the finding cites, ascending.
func framesIn(f *analyze.Finding, capture string) []uint64 {
	var list []uint64
	for _, e := range f.Evidence {
		if e.Capture == capture && !slices.Contains(list, e.Frame) {
			list = append(list, e.Frame)
		}
	}
	slices.Sort(list)
	return list
}

// columnName heads a column: the capture's name without its ending.
func columnName(capture string) string {
	name := escape(capture)
	for _, suffix := range []string{".gz", ".zst", ".pcapng", ".pcap", ".cap"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return clip(name, 16)
}

// cell is "60 > 62": the first and the last of the frames; "-" for none.
func cell(frames []uint64) string {
	switch len(frames) {
	case 0:
		return "-"
	case 1:
		return strconv.FormatUint(frames[0], 10)
	}
	return fmt.Sprintf("%d > %d", frames[0], frames[len(frames)-1])
}

// evidenceRows puts the evidence of one exchange into one row: first what a
// KDC was asked, then the rest in the order in which the finding cites it.
func (t *textReport) evidenceRows(f *analyze.Finding) []evidenceRow {
	var rows []evidenceRow
	at := map[int]int{} // exchange to row
	for _, e := range f.Evidence {
		x, known := t.at[stepKey{e.Capture, e.Frame}]
		if !known {
			rows = append(rows, evidenceRow{
				text:  "frame " + strconv.FormatUint(e.Frame, 10) + ": " + fact(e),
				cells: map[string][]uint64{e.Capture: {e.Frame}},
			})
			continue
		}
		i, have := at[x]
		if !have {
			i, at[x] = len(rows), len(rows)
			ex := &t.r.Exchanges[x]
			rows = append(rows, evidenceRow{x: ex, text: t.exchangeWords(ex, f), cells: cellsOf(ex)})
		}
		if !told(e.Field) {
			if s := fact(e); !slices.Contains(rows[i].facts, s) {
				rows[i].facts = append(rows[i].facts, s)
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b evidenceRow) int { return b.atKDC() - a.atKDC() })
	first := map[string]*analyze.Exchange{} // where the tickets of the rows above were first shown
	for i := range rows {
		x := rows[i].x
		if x == nil || x.Kind != "AP" || x.TicketHash == "" {
			continue
		}
		if f := first[x.TicketHash]; f == nil {
			first[x.TicketHash] = x
		} else if f.Outcome != x.Outcome {
			rows[i].text += ", the very same ticket"
		}
	}
	return rows
}

// atKDC is 1 for an exchange with a KDC.
func (r *evidenceRow) atKDC() int {
	if r.x != nil && (r.x.Kind == "AS" || r.x.Kind == "TGS") {
		return 1
	}
	return 0
}

func cellsOf(x *analyze.Exchange) map[string][]uint64 {
	cells := map[string][]uint64{}
	for _, s := range x.Frames {
		cells[s.Capture] = append(cells[s.Capture], s.Frame)
	}
	for _, list := range cells {
		slices.Sort(list)
	}
	return cells
}

// told tells the fields that the words for an exchange already give.
func told(field string) bool {
	switch field {
	case "error_code", "carrier_result.code", "carrier_result.code_name", "carrier_result.outcome", "ticket.etype", "ticket.kvno", "ticket.hash", "ticket.sname",
		"issued.etype", "issued.kvno", "issued.sname", "sname", "cname", "realm", "msg_type", "ap_rep", "request":
		return true
	}
	return false
}

// factWords says in plain words what a field of a row is.
var factWords = map[string]string{
	"anomalies":                       "out of order",
	"etypes":                          "asked for",
	"preauth_etype":                   "key used to log on",
	"authenticator_etype":             "session key",
	"enc_part.etype":                  "reply encrypted with",
	"e_data.method_data.etype_info2":  "keys that the KDC offers for the account",
	"e_data.method_data.etype_info":   "keys that the KDC offers for the account",
	"e_data.kerb_error_data.ntstatus": "Windows' reason",
	"stime":                           "clock of the one who answers",
	"ctime":                           "clock of the client",
	"e_text":                          "the answer's text",
	"kdc_options":                     "options asked for",
	"ntlm":                            "NTLM instead of Kerberos",
	"carrier_result.code":             "the service's own answer",
	"icmp":                            "ICMP error",
	"syn":                             "TCP connection tried, without an answer",
	"syn_refused":                     "TCP connection refused",
}

// fact is one cited field with its value.
func fact(e analyze.Evidence) string {
	name := factWords[e.Field]
	if name == "" {
		name = escape(e.Field)
	}
	value := e.ValueName
	if value == "" {
		value = valueText(e.Value)
	} else if n, ok := number(e.Value); ok && !strings.Contains(value, n) {
		value += " (" + n + ")"
	}
	return name + ": " + escape(value)
}

func number(v any) (string, bool) {
	switch v.(type) {
	case int, int32, int64, uint32, uint64:
		return fmt.Sprint(v), true
	}
	return "", false
}

func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case []int32:
		var parts []string
		for _, e := range v {
			parts = append(parts, strconv.Itoa(int(e)))
		}
		return strings.Join(parts, " ")
	case []string:
		return strings.Join(v, ", ")
	}
	return fmt.Sprint(v)
}
