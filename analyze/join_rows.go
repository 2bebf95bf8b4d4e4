package analyze

import (
	"cmp"
	"slices"
)

// mergeRows counts every exchange once, in the row that tells most of it.
func (j *joiner) mergeRows() {
	rows := map[rowKey]*Row{}
	row := func(k rowKey) *Row {
		r := rows[k]
		if r == nil {
			r = &Row{key: k, First: 1<<63 - 1, Last: -1 << 63}
			rows[k] = r
		}
		return r
	}
	// Those kept one by one.
	for _, r := range j.records {
		w := row(keyOf(r))
		r.row = w
		w.Count++
		w.First, w.Last = min(w.First, r.Start), max(w.Last, r.Start)
		w.Exemplars = append(w.Exemplars, r)
	}
	// Those of which the rows alone know: by the twins of their requests while
	// there are twins, beyond that the most that any capture holds.
	best := map[uint64]*Row{}
	beyond := map[*Row]uint64{}
	kept := map[uint64]bool{} // twins of those kept one by one, in any part
	for _, r := range j.records {
		kept[r.twin] = true
	}
	for p, c := range j.parts {
		here := map[*Row]uint64{}
		known := map[uint64]bool{}
		for _, r := range j.mine[p] {
			known[r.twin] = true
			if r.row != nil && !r.row.gone {
				here[r.row]++
			} else {
				j.roomless++
			}
		}
		for _, old := range sortedRows(c.rows.rows) {
			var more []uint64
			for t := range old.seen {
				if !known[t] {
					more = append(more, t)
				}
			}
			over := old.Count - min(old.Count, here[old]+uint64(len(more)))
			if len(more) == 0 && over == 0 {
				continue
			}
			w := row(j.target(old))
			for _, t := range more {
				if b := best[t]; !kept[t] && (b == nil || endingRank(w.key.ending) > endingRank(b.key.ending)) {
					best[t] = w
				}
			}
			beyond[w] = max(beyond[w], over)
			w.First, w.Last = min(w.First, j.clocks[p].ref(old.First)), max(w.Last, j.clocks[p].ref(old.Last))
		}
	}
	for _, w := range best {
		w.Count++
	}
	for w, n := range beyond {
		w.Count += n
	}
	for _, w := range rows {
		if w.Count == 0 || len(w.Exemplars) == 0 {
			continue
		}
		slices.SortStableFunc(w.Exemplars, byTime)
		if n := len(w.Exemplars); n > headRecords+tailRecords {
			w.Exemplars = append(slices.Clone(w.Exemplars[:headRecords]), w.Exemplars[n-tailRecords:]...)
		}
		j.rows = append(j.rows, w)
	}
	slices.SortFunc(j.rows, byRow)
}

// target is the joined row of a part's row: that of its last exemplar.
func (j *joiner) target(old *Row) rowKey {
	if n := len(old.Exemplars); n > 0 {
		if r := j.to[old.Exemplars[n-1]]; r != nil {
			return keyOf(r)
		}
	}
	return old.key
}

func byRow(a, b *Row) int {
	if d := cmp.Or(cmp.Compare(a.First, b.First), byTime(a.Exemplars[0], b.Exemplars[0])); d != 0 {
		return d
	}
	return cmp.Compare(a.key.text(), b.key.text())
}

func sortedRows(rows map[rowKey]*Row) []*Row {
	list := make([]*Row, 0, len(rows))
	for _, r := range rows {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *Row) int {
		if d := cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last)); d != 0 {
			return d
		}
		return cmp.Compare(a.key.text(), b.key.text())
	})
	return list
}
