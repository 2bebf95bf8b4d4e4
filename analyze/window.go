package analyze

import (
	"cmp"
	"slices"
	"time"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// DefaultWindow is how long what was seen is kept: the lifetime that domains
// give a ticket unless told otherwise ([MS-KILE] §3.3.1, MaxServiceTicketAge).
const DefaultWindow = 10 * time.Hour

// sweepEvery is how often what is too old is looked for, by capture time.
const sweepEvery = int64(60e9)

// liveShare is by how much less is kept of a capture without an end: beside it
// there is the look at it, in which every exchange takes several times as much.
const liveShare = 2

// A window bounds what a Case keeps of a capture without an end. Where the Case
// of a file keeps what came first, it keeps what came last: of each table the
// oldest entries make room, and nothing that was last seen before the window
// stays.
type window struct {
	age      int64 // ns
	swept    int64 // when what is too old was last looked for
	turned   int64 // when names not claimed since were last dropped
	outcomes map[Outcome]uint64
}

// An Outcome is a kind of exchange, how it ended, and the etype of the ticket
// that it was about: issued, else shown.
type Outcome struct {
	Kind   decode.Kind
	Ending decode.Ending
	Etype  int32 // 0: no ticket, or an etype without a registered name
}

func outcomeOf(x *decode.Exchange, r *Record) Outcome {
	o := Outcome{Kind: x.Kind, Ending: x.Ending}
	ticket := r.Issued
	if ticket == nil {
		ticket = r.Presented
	}
	if ticket != nil && krb5.EtypeName(ticket.Etype) != "" {
		o.Etype = ticket.Etype
	}
	return o
}

// roll makes c the Case of a capture without an end.
func (c *Case) roll(age time.Duration) {
	if age <= 0 {
		age = DefaultWindow
	}
	c.window = &window{age: int64(age), outcomes: map[Outcome]uint64{}}
	c.mem.most, c.rows.most, c.tickets.most, c.heal.most = c.mem.most/liveShare, c.rows.most/liveShare, c.tickets.most/liveShare, c.heal.mostOpen()/liveShare
	c.rows.rolls, c.sessions.rolls, c.sightings.rolls = true, true, true
	c.twins.off = true
	c.claims.late = map[claim]struct{}{}
}

// listed makes room in the list of exchanges.
func (w *window) listed(c *Case) {
	if w == nil || len(c.list) < c.keep && !(c.mem.full() && len(c.list) > c.keep/4) {
		return
	}
	c.unlist(max(1, len(c.list)/8))
}

// unlist forgets the first n exchanges of the list.
func (c *Case) unlist(n int) {
	c.omitted += uint64(n)
	for _, k := range c.list[:n] {
		c.mem.release(k)
	}
	c.list = append(make([]*kept, 0, len(c.list)), c.list[n:]...)
}

// sweep drops what is too old at the time now. It tells whether it looked.
func (c *Case) sweep(now int64) bool {
	w := c.window
	if w.swept == 0 || now < w.swept-sweepEvery { // or the clock was set back
		w.swept, w.turned = now, now
	}
	c.heal.expire(now)
	if now-w.swept < sweepEvery {
		return false
	}
	w.swept = now
	edge := now - w.age
	n := 0
	for n < len(c.list) && c.list[n].end < edge {
		n++
	}
	if n > 0 {
		c.unlist(n)
	}
	for _, row := range c.rows.rows {
		if row.last < edge {
			c.rows.drop(row)
		}
	}
	for _, t := range c.tickets.bySum {
		if t.used() < edge {
			c.tickets.drop(t)
			c.tickets.gone++
		}
	}
	c.sessions.list = slices.DeleteFunc(c.sessions.list, func(s *SessionFact) bool {
		if s.End.Time < edge {
			c.sessions.release(s)
		}
		return s.End.Time < edge
	})
	for a, r := range c.sessions.attempts {
		if r.end < edge {
			c.mem.release(r)
			delete(c.sessions.attempts, a)
		}
	}
	for k, f := range c.sightings.byKey {
		if f.Last < edge {
			delete(c.sightings.byKey, k)
		}
	}
	if now-w.turned >= w.age {
		w.turned = now
		c.claims.turn()
		clear(c.aliases)
	}
	if len(c.aliases) >= maxAliases {
		clear(c.aliases)
	}
	if len(c.read.strings) >= keepInterned || len(c.read.lists) >= keepInterned {
		c.read = newReader()
		c.read.tickets = &c.tickets
	}
	return true
}

// used is when the ticket was last seen.
func (t *partTicket) used() int64 {
	at := int64(-1 << 63)
	if t.issued != nil {
		at = t.issued.end
	}
	for _, p := range t.presented {
		at = max(at, p.last.end)
	}
	return at
}

func (t *sessionTable) prune(n int) {
	// They come in the order in which they ended.
	for _, s := range t.list[:n] {
		t.release(s)
	}
	t.list = append(make([]*SessionFact, 0, t.most), t.list[n:]...)
}

func (t *sightingTable) prune(n int) {
	list := make([]*SightingFact, 0, len(t.byKey))
	for _, f := range t.byKey {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b *SightingFact) int { return cmp.Or(cmp.Compare(a.Last, b.Last), bySighting(a, b)) })
	for _, f := range list[:n] {
		delete(t.byKey, keyOfSighting(&f.Sighting))
	}
}

// turn drops the names that nobody claimed since the last turn.
func (t *claimTable) turn() {
	for k := range t.seen {
		if _, ok := t.late[k]; !ok {
			delete(t.seen, k)
			if t.of[k.addr]--; t.of[k.addr] == 0 {
				delete(t.of, k.addr)
			}
		}
	}
	clear(t.late)
}
