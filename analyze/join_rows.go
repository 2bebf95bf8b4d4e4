package analyze

import (
	"cmp"
	"slices"
)

// mergeRows counts every exchange once, in the row that tells most of it.
func (j *joiner) mergeRows() {
	rows := make(map[digest]*Row, len(j.records))
	var order []*Row
	row := func(k digest) *Row {
		r := rows[k]
		if r == nil {
			r = &Row{key: k, First: 1<<63 - 1, Last: -1 << 63}
			rows[k] = r
			order = append(order, r)
		}
		return r
	}
	// Those kept one by one.
	for _, r := range j.records {
		w := row(keyOf(r))
		r.row, w.ending = w, r.Ending
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
	for p, z := range j.parts {
		here := make([]uint64, len(z.rows))
		known := map[uint64]bool{}
		for i := range z.records {
			r := &z.records[i]
			if r.twin != 0 {
				known[r.twin] = true
			}
			if r.in >= 0 {
				here[r.in]++
			} else {
				j.roomless++
			}
		}
		for i := range z.rows {
			old := &z.rows[i]
			var more []uint64
			for t := range old.seen {
				if !known[t] {
					more = append(more, t)
				}
			}
			over := old.count - min(old.count, here[old.number]+uint64(len(more)))
			if len(more) == 0 && over == 0 {
				continue
			}
			w := row(j.target(old))
			for _, t := range more {
				if b := best[t]; !kept[t] && (b == nil || endingRank(w.ending) > endingRank(b.ending)) {
					best[t] = w
				}
			}
			beyond[w] = max(beyond[w], over)
			w.First, w.Last = min(w.First, j.clocks[p].ref(old.first)), max(w.Last, j.clocks[p].ref(old.last))
		}
	}
	for _, w := range best {
		w.Count++
	}
	for w, n := range beyond {
		w.Count += n
	}
	for _, w := range order {
		if w.Count == 0 || len(w.Exemplars) == 0 {
			continue
		}
		slices.SortStableFunc(w.Exemplars, byTime)
		if n := len(w.Exemplars); n > headRecords+tailRecords {
			w.Exemplars = append(slices.Clone(w.Exemplars[:headRecords]), w.Exemplars[n-tailRecords:]...)
		}
		j.rows = append(j.rows, w)
	}
	slices.SortStableFunc(j.rows, byRow)
}

// target is the joined row of a part's row: that of its last exemplar.
func (j *joiner) target(old *frozenRow) digest {
	if r := j.of(old.latest); r != nil {
		return keyOf(r)
	}
	return old.key
}

func byRow(a, b *Row) int {
	return cmp.Or(cmp.Compare(a.First, b.First), byTime(a.Exemplars[0], b.Exemplars[0]))
}
