package analyze

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"sync/atomic"
)

// A frozen is a partial Case as it stood at one time: what Join reads. The Case
// may go on while others read it.
type frozen struct {
	records   []frozenRecord
	rows      []frozenRow
	tickets   []frozenTicket
	shown     []frozenShown // of all tickets, one after the other
	sessions  []*SessionFact
	attempts  []int32 // of all sessions' attempts, one after the other: the record
	sightings []SightingFact
	claims    map[claim]uint64
	aliases   map[string]string
	twins     *twinTable
	cut       map[int]FrameRef
	dict      *dictionary
	goesOn    bool // with the part before

	messages, rowsGone, rowsRoomed, ticketsGone uint64
	lost                                        map[string]uint64
}

// A frozenRecord is one exchange that is kept. What refers to it does so by its
// number, in order of arrival of all parts that were frozen together.
type frozenRecord struct {
	kept
	number int32
	in     int32 // number of its row in the part; -1: that made room, or there was none
}

const noRecord = int32(-1)

type frozenRow struct {
	key         digest
	count       uint64
	first, last int64
	born        uint64
	seen        map[uint64]struct{}
	number      int32
	latest      int32 // its last exemplar; noRecord: it has none
}

type frozenTicket struct {
	partTicket // without records and neighbours
	since      int64
	issued     int32
	shown      []frozenShown
}

type frozenShown struct {
	first, last int32
	count       uint64
}

// freezes numbers the times that Cases were frozen.
var freezes atomic.Uint32

// freeze takes the parts as they are. It is all of Join that must not meet
// what changes them.
func freeze(parts []*Case) []*frozen {
	z := freezer{mark: freezes.Add(1)}
	list := make([]*frozen, len(parts))
	for i, c := range parts {
		list[i] = z.freeze(c)
		list[i].goesOn = i > 0 && c.before == parts[i-1]
	}
	return list
}

type freezer struct {
	*frozen
	mark   uint32
	number int32
}

// at is the number of k.
func (z *freezer) at(k *kept) int32 {
	if k == nil {
		return noRecord
	}
	if k.mark != z.mark {
		k.mark, k.number = z.mark, z.number
		z.number++
		in := int32(-1)
		if k.row != nil && !k.row.gone {
			in = k.row.number
		}
		z.records = append(z.records, frozenRecord{*k, k.number, in})
	}
	return k.number
}

func (z *freezer) freeze(c *Case) *frozen {
	z.frozen = &frozen{
		sessions: slices.Clone(c.sessions.list), claims: maps.Clone(c.claims.seen), aliases: maps.Clone(c.aliases), twins: &c.twins,
		cut: maps.Clone(c.cut), dict: c.dict.frozen(),
		messages: c.messages, rowsGone: c.rows.gone, rowsRoomed: c.rows.roomed, ticketsGone: c.tickets.gone,
		lost: map[string]uint64{
			"rows": c.rows.lost, "tickets": c.tickets.lost, "sessions": c.sessions.lost,
			"sightings": c.sightings.lost, "names": c.claims.lost, "pending": c.heal.lost,
		},
		records: make([]frozenRecord, 0, len(c.list)+len(c.rows.rows)),
		rows:    make([]frozenRow, 0, len(c.rows.rows)),
		tickets: make([]frozenTicket, 0, len(c.tickets.bySum)),
		shown:   make([]frozenShown, 0, c.tickets.shown),
	}
	n := int32(0)
	for _, w := range c.rows.rows {
		w.number = n
		n++
	}
	for _, k := range c.list {
		z.at(k)
	}
	for _, w := range c.rows.rows {
		f := frozenRow{w.key, w.count, w.first, w.last, w.born, w.seen, w.number, noRecord}
		for _, k := range w.exemplars {
			f.latest = z.at(k)
		}
		z.rows = append(z.rows, f)
	}
	for _, t := range c.tickets.bySum {
		z.ticket(t)
	}
	for _, s := range z.sessions {
		for i := range s.Attempts {
			z.attempts = append(z.attempts, z.at(s.Attempts[i].kept))
		}
	}
	z.sightings = make([]SightingFact, 0, len(c.sightings.byKey))
	for _, f := range c.sightings.byKey {
		z.sightings = append(z.sightings, *f)
	}
	return z.frozen
}

func (z *freezer) ticket(t *partTicket) {
	f := frozenTicket{partTicket: *t, since: 1<<63 - 1, issued: z.at(t.issued)}
	f.prev, f.next, f.partTicket.issued, f.presented = nil, nil, nil, nil
	if t.issued != nil {
		f.since = t.issued.start
	}
	from := len(z.shown)
	for i := range t.presented {
		p := &t.presented[i]
		z.shown = append(z.shown, frozenShown{z.at(p.first), z.at(p.last), p.count})
	}
	f.shown = z.shown[from:]
	if len(t.presented) > 0 {
		f.since = min(f.since, t.presented[0].first.start)
	}
	z.tickets = append(z.tickets, f)
}

// settle puts into order what came out of maps.
func (z *frozen) settle() {
	slices.SortFunc(z.records, func(a, b frozenRecord) int { return cmp.Compare(a.rank, b.rank) })
	slices.SortFunc(z.rows, func(a, b frozenRow) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last), cmp.Compare(a.born, b.born))
	})
	slices.SortFunc(z.tickets, func(a, b frozenTicket) int {
		return cmp.Or(cmp.Compare(a.since, b.since), bytes.Compare(a.sum[:], b.sum[:]))
	})
	slices.SortFunc(z.sightings, func(a, b SightingFact) int { return bySighting(&a, &b) })
}
