package main

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"slices"

	"kerbscope/analyze"
)

// pastFindings are findings whose time is over: nothing speaks against them, and
// nothing is known of them any more. They are kept as compressed JSON, a kB or so
// each, which the garbage collector need not look into.
type pastFindings struct {
	list   []pastFinding // oldest first
	pack   *flate.Writer
	packed bytes.Buffer
}

type pastFinding struct {
	id   string
	json []byte // compressed
}

// maxPast bounds them.
const maxPast = 1 << 12

// add keeps a finding; the oldest make room.
func (p *pastFindings) add(f *analyze.Finding) {
	if len(p.list) >= maxPast {
		p.list = slices.Delete(p.list, 0, maxPast/8)
	}
	p.packed.Reset()
	if p.pack == nil {
		p.pack, _ = flate.NewWriter(&p.packed, flate.BestSpeed) // of a level that there is
	} else {
		p.pack.Reset(&p.packed)
	}
	if json.NewEncoder(p.pack).Encode(f) == nil && p.pack.Close() == nil {
		p.list = append(p.list, pastFinding{f.ID, bytes.Clone(p.packed.Bytes())})
	}
}

// drop lets a finding go, which is made again.
func (p *pastFindings) drop(id string) {
	p.list = slices.DeleteFunc(p.list, func(f pastFinding) bool { return f.id == id })
}

// findings are those kept of which no id is in have.
func (p *pastFindings) findings(have map[string]bool) (list []analyze.Finding) {
	for _, one := range p.list {
		if have[one.id] {
			continue
		}
		d := json.NewDecoder(flate.NewReader(bytes.NewReader(one.json)))
		d.UseNumber() // evidence is of any type, and is written as it was
		var f analyze.Finding
		if d.Decode(&f) == nil {
			list = append(list, f)
		}
	}
	return list
}
