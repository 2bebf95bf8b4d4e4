package analyze

import (
	"crypto/sha256"
	"net/netip"

	"kerbscope/decode"
)

// A TicketLife is one ticket from issue to every presentation.
type TicketLife struct {
	TicketRef
	Client       string // principal it was issued to; "" unknown
	SessionEtype *int32 // from an authenticator or AP-REP
	// Issued is the exchange whose reply carried it; nil: before the capture,
	// or where nothing was captured.
	Issued    *Record
	Presented []*Presented
	// Forgotten presentations went beyond the limit and are not listed.
	Forgotten uint64
}

// A Presented is the presentations of one ticket that are alike: same client
// address, endpoint, ending and error code.
type Presented struct {
	From        netip.Addr
	To          netip.AddrPort
	Kind        decode.Kind // AP, or TGS for a TGT at the KDC
	Ending      decode.Ending
	Code        *int32 // KRB-ERROR code
	Count       uint64
	First, Last *Record // Last may be First
}

// A partTicket is a TicketLife of one capture.
type partTicket struct {
	sum                  [sha256.Size]byte
	sname, realm, client string
	etype                int32
	kvno                 maybe[uint32]
	session              maybe[int32]
	issued               *kept
	presented            []partShown
	forgotten            uint64
	refused              bool // by an acceptor, once

	prev, next *partTicket // by use
}

// A maybe is a value that may be absent.
type maybe[T any] struct {
	v  T
	ok bool
}

func maybeOf[T any](p *T) maybe[T] {
	if p == nil {
		return maybe[T]{}
	}
	return maybe[T]{*p, true}
}

func (m maybe[T]) pointer() *T {
	if !m.ok {
		return nil
	}
	return &m.v
}

// A partShown is a Presented of one capture.
type partShown struct {
	from        netip.Addr
	to          netip.AddrPort
	kind        decode.Kind
	ending      decode.Ending
	code        int64 // none: no KRB-ERROR
	count       uint64
	first, last *kept
}

// A ticketTable is the tickets of one capture by hash, the least recently
// used out first.
type ticketTable struct {
	bySum         map[[sha256.Size]byte]*partTicket
	most          int
	oldest, newer *partTicket // by use: the first and the last of them
	shown         int
	lost          uint64
	gone          uint64 // aged out
	refused       int    // of those that are kept
	mem           *holding
}

// get is the life of the ticket with that sum, which ref names.
func (t *ticketTable) get(sum *[sha256.Size]byte, ref *TicketRef) *partTicket {
	life := t.bySum[*sum]
	if life == nil {
		for len(t.bySum) >= t.most || t.mem.full() && len(t.bySum) > t.most/16 {
			t.makeRoom()
		}
		life = &partTicket{sum: *sum, sname: ref.SName, realm: ref.Realm, etype: ref.Etype, kvno: maybeOf(ref.KVNO)}
		t.bySum[*sum] = life
		t.mem.add(life.size())
	}
	t.touch(life)
	return life
}

// makeRoom gives up the ticket that was used least recently; one that was
// refused somewhere only when one in four is such: where it was taken is what
// that is held against.
func (t *ticketTable) makeRoom() {
	for t.oldest.refused && t.refused < t.most/4 && t.refused < len(t.bySum) {
		t.touch(t.oldest)
	}
	t.lost++
	t.drop(t.oldest)
}

func (t *ticketTable) drop(e *partTicket) {
	if e.refused {
		t.refused--
	}
	t.unlink(e)
	t.shown -= len(e.presented)
	t.mem.add(-e.size() - sizeOfPresented*len(e.presented))
	t.mem.release(e.issued)
	for i := range e.presented {
		t.mem.release(e.presented[i].first)
		t.mem.release(e.presented[i].last)
	}
	delete(t.bySum, e.sum)
}

func (t *ticketTable) touch(e *partTicket) {
	if t.newer == e {
		return
	}
	t.unlink(e)
	e.prev = t.newer
	if t.newer != nil {
		t.newer.next = e
	} else {
		t.oldest = e
	}
	t.newer = e
}

func (t *ticketTable) unlink(e *partTicket) {
	if e.prev == nil && e.next == nil && t.oldest != e {
		return
	}
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		t.oldest = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		t.newer = e.prev
	}
	e.prev, e.next = nil, nil
}

// client fills in whose ticket a record presents, and its TGT's owner from the
// reply.
func (t *ticketTable) client(r *Record) {
	if r.Client == "" && r.Presented != nil && r.Presented.life != nil {
		r.Client = r.Presented.life.client
	}
}

func (t *TicketRef) lifeOf() *partTicket {
	if t == nil {
		return nil
	}
	return t.life
}

// see folds one record, of which k is what is kept, into the lives of its tickets.
func (t *ticketTable) see(r *Record, k func() *kept) {
	if life := r.Presented.lifeOf(); life != nil {
		life.present(r, t, k())
		if !life.session.ok {
			life.session = maybeOf(r.Req.Authenticator)
		}
		if o := r.Opened; o != nil {
			if !life.session.ok {
				life.session = maybeOf(o.Session)
			}
			if life.client == "" {
				life.client = o.Client
			}
		}
		// The owner of a TGT shows in the reply; S4U2Self names another client there.
		if life.client == "" && r.Kind == decode.TGS && !r.delegated() {
			life.client = r.Client
		}
	}
	if life := r.Issued.lifeOf(); life != nil {
		if life.issued == nil {
			life.issued = k()
			t.mem.hold(life.issued)
		}
		if life.client == "" {
			life.client = r.Client
			if r.delegated() && r.Reply != nil && !anonymous(r.Reply.CName) {
				life.client = r.Reply.CName
			}
		}
		if o := r.OpenedIssued; o != nil && !life.session.ok {
			life.session = maybeOf(o.Session)
		}
	}
}

func (life *partTicket) present(r *Record, t *ticketTable, k *kept) {
	code := none
	if r.Error != nil {
		code = int64(r.Error.Code)
	}
	if r.Kind == decode.AP && failed(r.Ending) && !life.refused {
		life.refused = true
		t.refused++
	}
	from := r.From.Addr()
	for i := range life.presented {
		p := &life.presented[i]
		if p.to == r.To && p.from == from && p.kind == r.Kind && p.ending == r.Ending && p.code == code {
			p.count++
			if !t.mem.full() || len(k.data) <= len(p.last.data) {
				t.mem.release(p.last)
				t.mem.hold(k)
				p.last = k
			}
			return
		}
	}
	if len(life.presented) >= maxPresented || t.shown >= maxShown || t.mem.full() {
		life.forgotten++
		return
	}
	t.shown++
	t.mem.add(sizeOfPresented)
	t.mem.hold(k)
	t.mem.hold(k)
	life.presented = append(life.presented, partShown{from, r.To, r.Kind, r.Ending, code, 1, k, k})
}

func (p *Presented) alike(r *Record, code *int32) bool {
	return p.From == r.From.Addr() && p.To == r.To && p.Kind == r.Kind && p.Ending == r.Ending && num(p.Code) == num(code)
}
