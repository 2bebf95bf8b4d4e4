package analyze

import "slices"

// A partRow is a Row of one capture.
type partRow struct {
	key         digest
	count       uint64
	first, last int64
	exemplars   []*kept             // up to the first four and the last four, in order of arrival
	born        uint64              // which row of its table it was
	gone        bool                // it made room for others
	failed      bool                // its exchanges did
	number      int32               // in the last freeze
	seen        map[uint64]struct{} // twins of the exchanges, as far as the limits let

	prev, next *partRow // by use; see rowTable
}

// A rowTable is the rows of one capture.
type rowTable struct {
	rows  map[digest]*partRow
	most  int
	seen  int
	kept  int    // exemplars
	lost  uint64 // exchanges that found no room
	born  uint64
	mem   *holding
	rolls bool   // the rows that were used least recently make room
	gone  uint64 // exchanges of rows that did

	failed int    // rows of failures
	roomed uint64 // exchanges of rows that made room before their time
	until  int64  // the time of the latest failure among them

	oldest, latest *partRow // by use; of a table that rolls
}

// add counts r, of which k is what is kept, and tells its row; nil: there is no room.
func (t *rowTable) add(key digest, r *Record, k func() *kept) {
	row := t.rows[key]
	if row == nil {
		for t.rolls && t.oldest != nil && (len(t.rows) >= t.most || t.mem.full() && len(t.rows) > t.most/4) {
			t.makeRoom()
		}
		if len(t.rows) >= t.most || t.mem.full() {
			t.lost++
			return
		}
		t.mem.add(sizeOfRow)
		t.born++
		row = &partRow{key: key, first: r.Start, last: r.Start, born: t.born, failed: failed(r.Ending)}
		if row.failed {
			t.failed++
		}
		t.rows[key] = row
	}
	if t.rolls {
		t.touch(row)
	}
	x := k()
	x.row = row
	row.count++
	row.first, row.last = min(row.first, r.Start), max(row.last, r.Start)
	if r.twin != 0 && !t.rolls && len(row.seen) < maxRowSeen && t.seen < maxSeen {
		if _, ok := row.seen[r.twin]; !ok {
			if row.seen == nil {
				row.seen = map[uint64]struct{}{}
			}
			row.seen[r.twin] = struct{}{}
			t.seen++
		}
	}
	t.keep(row, x)
}

// makeRoom gives up the row that was used least recently. What went well goes
// before what failed, until one row in four is of failures: those are what
// findings are about.
func (t *rowTable) makeRoom() {
	for t.oldest.failed && t.failed < t.most/4 && t.failed < len(t.rows) {
		t.touch(t.oldest)
	}
	row := t.oldest
	t.roomed += row.count
	if row.failed {
		t.until = max(t.until, row.last)
	}
	t.drop(row)
}

// keep makes x an exemplar: of the first while there is room, else the last.
// When all rows together keep many, a row keeps its first and its last.
func (t *rowTable) keep(row *partRow, x *kept) {
	most, head := headRecords+tailRecords, headRecords
	full := t.mem.full() && len(row.exemplars) > 0
	if (t.kept >= maxExemplars || full) && len(row.exemplars) < most {
		most = max(2, len(row.exemplars))
		head = min(headRecords, most-1)
	}
	if len(row.exemplars) < most {
		t.kept++
		t.mem.hold(x)
		row.exemplars = append(row.exemplars, x)
		return
	}
	tail := row.exemplars[head:]
	if full && len(x.data) > len(tail[0].data) {
		return
	}
	t.mem.release(tail[0])
	t.mem.hold(x)
	copy(tail, tail[1:])
	tail[len(tail)-1] = x
}

// take removes x from its row, which it leaves to be added to another. It tells
// whether it had one.
func (t *rowTable) take(x *kept) bool {
	row := x.row
	if row == nil {
		return false
	}
	x.row = nil
	if row.gone {
		t.gone--
		return true
	}
	row.count--
	if _, ok := row.seen[x.twin]; ok {
		delete(row.seen, x.twin)
		t.seen--
	}
	t.kept -= len(row.exemplars)
	row.exemplars = slices.DeleteFunc(row.exemplars, func(e *kept) bool {
		if e == x {
			t.mem.release(x)
		}
		return e == x
	})
	t.kept += len(row.exemplars)
	if row.count == 0 {
		t.mem.add(-sizeOfRow)
		t.leave(row)
	}
	return true
}

// drop gives a row up: its exchanges are still counted.
func (t *rowTable) drop(row *partRow) {
	row.gone = true
	t.gone += row.count
	t.kept -= len(row.exemplars)
	t.mem.add(-sizeOfRow)
	for _, x := range row.exemplars {
		t.mem.release(x)
	}
	row.exemplars = nil
	t.leave(row)
}

func (t *rowTable) leave(row *partRow) {
	if row.failed {
		t.failed--
	}
	t.unlink(row)
	delete(t.rows, row.key)
}

func (t *rowTable) touch(row *partRow) {
	if t.latest == row {
		return
	}
	t.unlink(row)
	row.prev = t.latest
	if t.latest != nil {
		t.latest.next = row
	} else {
		t.oldest = row
	}
	t.latest = row
}

func (t *rowTable) unlink(row *partRow) {
	if row.prev == nil && row.next == nil && t.oldest != row {
		return
	}
	if row.prev != nil {
		row.prev.next = row.next
	} else {
		t.oldest = row.next
	}
	if row.next != nil {
		row.next.prev = row.prev
	} else {
		t.latest = row.prev
	}
	row.prev, row.next = nil, nil
}
