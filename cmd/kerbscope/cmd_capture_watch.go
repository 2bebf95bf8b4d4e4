package main

import (
	"encoding/json"
	"hash/maphash"
	"io"
	"slices"
	"time"

	"kerbscope/analyze"
)

// What became of a finding since it was last told.
const (
	stateNew       = "new"
	stateChanged   = "changed"
	stateWithdrawn = "withdrawn"
)

// A findingSink is told of findings as they come, change and go.
type findingSink interface {
	finding(state string, f *analyze.Finding)
}

// minorEvery is how often a finding is told again of which only numbers, times
// and further evidence changed.
const minorEvery = 10 * time.Second

// A findingWatch knows the findings as they were last told.
type findingWatch struct {
	sinks []findingSink
	now   map[string]*watched
	order []string // of now, as the report has it
	past  pastFindings
}

type watched struct {
	f    *analyze.Finding
	body uint64 // hash of what was told, as JSON, but for numbers and times
	told uint64 // of all of it
	at   time.Time
}

func newFindingWatch(sinks ...findingSink) *findingWatch {
	return &findingWatch{sinks: sinks, now: map[string]*watched{}}
}

// update compares with what was told before. edge is the time before which
// nothing is known any more; last tells that no further update comes. It
// returns the findings that are new or of which more than numbers changed.
func (w *findingWatch) update(list []analyze.Finding, edge int64, at time.Time, last bool) map[string]bool {
	fresh := map[string]bool{}
	seen := map[string]bool{}
	w.order = w.order[:0]
	for i := range list {
		f := &list[i]
		seen[f.ID] = true
		w.order = append(w.order, f.ID)
		o := w.now[f.ID]
		if o != nil && f.Contrast == nil {
			f.Contrast, f.Issuers = o.f.Contrast, o.f.Issuers // of the look that found it
		}
		body, all := bodyOf(f), wholeOf(f)
		switch {
		case o == nil:
			w.past.drop(f.ID)
			w.now[f.ID] = &watched{f, body, all, at}
			w.tell(stateNew, f)
			fresh[f.ID] = true
			continue
		case body != o.body, all != o.told && (last || at.Sub(o.at) >= minorEvery):
			fresh[f.ID] = fresh[f.ID] || body != o.body
			o.body, o.told, o.at = body, all, at
			w.tell(stateChanged, f)
		}
		o.f = f
	}
	var gone []string
	for id := range w.now {
		if !seen[id] {
			gone = append(gone, id)
		}
	}
	slices.Sort(gone)
	for _, id := range gone {
		f := w.now[id].f
		delete(w.now, id)
		if t, err := time.Parse(time.RFC3339Nano, f.Last); err == nil && t.UnixNano() <= edge+int64(2*time.Minute) {
			w.past.add(f)
			continue
		}
		w.tell(stateWithdrawn, f)
	}
	return fresh
}

func (w *findingWatch) tell(state string, f *analyze.Finding) {
	for _, s := range w.sinks {
		s.finding(state, f)
	}
}

// complete adds to a report the findings whose time is over.
func (w *findingWatch) complete(r *analyze.Report) {
	have := map[string]bool{}
	for i := range r.Findings {
		have[r.Findings[i].ID] = true
	}
	past := w.past.findings(have)
	for _, f := range past {
		if !have[f.BecauseOf] {
			f.BecauseOf = ""
		}
		have[f.ID] = true
		r.Findings = append(r.Findings, f)
	}
	if r.Verdict.ID == "" && len(past) > 0 {
		for i := range r.Findings {
			if f := &r.Findings[i]; f.Severity != analyze.Note {
				r.Verdict = analyze.Verdict{ID: f.ID, Rule: f.Rule, Severity: string(f.Severity), Confidence: string(f.Confidence), Summary: f.Summary}
				break
			}
		}
	}
}

// bodies are the hashes of what people act on of the findings as they were last
// told, by id.
func (w *findingWatch) bodies() map[string]uint64 {
	list := make(map[string]uint64, len(w.now))
	for id, o := range w.now {
		list[id] = o.body
	}
	return list
}

// freshOf are the ids of findings that are new, or of which more than numbers
// changed since known.
func freshOf(list []analyze.Finding, known map[string]uint64) map[string]bool {
	ids := map[string]bool{}
	for i := range list {
		if body, ok := known[list[i].ID]; !ok || body != bodyOf(&list[i]) {
			ids[list[i].ID] = true
		}
	}
	return ids
}

var bodySeed = maphash.MakeSeed()

// bodyOf is a hash of what people act on of a finding.
func bodyOf(f *analyze.Finding) uint64 {
	b, _ := json.Marshal(struct {
		S                        analyze.Severity
		C                        analyze.Confidence
		Client, Service, Because string
		At                       []analyze.Fault
	}{f.Severity, f.Confidence, f.Client, f.Service, f.BecauseOf, f.FaultAt})
	return maphash.Bytes(bodySeed, b)
}

// wholeOf is a hash of all that a finding says.
func wholeOf(f *analyze.Finding) uint64 {
	one := *f
	one.Contrast, one.Issuers = nil, nil // not looked for each time
	var h maphash.Hash
	h.SetSeed(bodySeed)
	_ = json.NewEncoder(&h).Encode(&one)
	return h.Sum64()
}

// A findingLine is a finding on a line of ndjson.
type findingLine struct {
	State string `json:"state"`
	analyze.Finding
}

// findingLines writes findings as ndjson.
type findingLines struct {
	w     io.Writer
	flush func() error
	err   error
}

func (l *findingLines) finding(state string, f *analyze.Finding) {
	line := findingLine{state, *f}
	line.Schema = schemaFinding
	b, err := encodeJSON(line, "")
	if err == nil {
		_, err = l.w.Write(b)
	}
	if err == nil {
		err = l.flush()
	}
	if err != nil && l.err == nil {
		l.err = err
	}
}
