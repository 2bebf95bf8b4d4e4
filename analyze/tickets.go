package analyze

import (
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

	lru *lruEntry
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

// A ticketTable is the tickets of one capture by hash, the least recently
// used out first.
type ticketTable struct {
	byHash     map[string]*TicketLife
	head, tail *lruEntry // head: least recently used
	shown      int
	lost       uint64
	gone       uint64 // aged out
	issuedN    uint64
}

type lruEntry struct {
	life       *TicketLife
	prev, next *lruEntry
}

func newTicketTable() ticketTable { return ticketTable{byHash: map[string]*TicketLife{}} }

func (t *ticketTable) get(ref *TicketRef) *TicketLife {
	if ref == nil || ref.Hash == "" {
		return nil
	}
	life := t.byHash[ref.Hash]
	if life == nil {
		for len(t.byHash) >= maxTickets {
			t.evict()
		}
		life = &TicketLife{TicketRef: *ref}
		life.lru = &lruEntry{life: life}
		t.byHash[ref.Hash] = life
	}
	t.touch(life.lru)
	return life
}

func (t *ticketTable) evict() {
	e := t.head
	t.unlink(e)
	t.shown -= len(e.life.Presented)
	delete(t.byHash, e.life.Hash)
	t.lost++
}

func (t *ticketTable) touch(e *lruEntry) {
	t.unlink(e)
	e.prev = t.tail
	if t.tail != nil {
		t.tail.next = e
	} else {
		t.head = e
	}
	t.tail = e
}

func (t *ticketTable) unlink(e *lruEntry) {
	if e.prev == nil && e.next == nil && t.head != e {
		return
	}
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		t.head = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		t.tail = e.prev
	}
	e.prev, e.next = nil, nil
}

// client fills in whose ticket a record presents, and its TGT's owner from the
// reply.
func (t *ticketTable) client(r *Record) {
	if r.Presented == nil || r.Presented.Hash == "" {
		return
	}
	life := t.byHash[r.Presented.Hash]
	if life == nil {
		return
	}
	if r.Client == "" {
		r.Client = life.Client
	}
}

// see folds one record into the lives of its tickets.
func (t *ticketTable) see(r *Record) {
	if life := t.get(r.Presented); life != nil {
		life.present(r, t)
		if r.Req.Authenticator != nil && life.SessionEtype == nil {
			life.SessionEtype = r.Req.Authenticator
		}
		if o := r.Opened; o != nil && o.Session != nil && life.SessionEtype == nil {
			life.SessionEtype = o.Session
		}
		if o := r.Opened; o != nil && life.Client == "" {
			life.Client = o.Client
		}
		// The owner of a TGT shows in the reply; S4U2Self names another client there.
		if life.Client == "" && r.Kind == decode.TGS && !r.delegated() {
			life.Client = r.Client
		}
	}
	if life := t.get(r.Issued); life != nil {
		if life.Issued == nil {
			life.Issued = r
			t.issuedN++
		}
		if life.Client == "" {
			life.Client = r.Client
			if r.delegated() && r.Reply != nil && !anonymous(r.Reply.CName) {
				life.Client = r.Reply.CName
			}
		}
		if o := r.OpenedIssued; o != nil && life.SessionEtype == nil {
			life.SessionEtype = o.Session
		}
	}
}

func (life *TicketLife) present(r *Record, t *ticketTable) {
	var code *int32
	if r.Error != nil {
		code = &r.Error.Code
	}
	for _, p := range life.Presented {
		if p.alike(r, code) {
			p.Count++
			p.Last = r
			return
		}
	}
	if len(life.Presented) >= maxPresented || t.shown >= maxShown {
		life.Forgotten++
		return
	}
	t.shown++
	life.Presented = append(life.Presented, &Presented{From: r.From.Addr(), To: r.To, Kind: r.Kind, Ending: r.Ending, Code: code, Count: 1, First: r, Last: r})
}

func (p *Presented) alike(r *Record, code *int32) bool {
	return p.From == r.From.Addr() && p.To == r.To && p.Kind == r.Kind && p.Ending == r.Ending && num(p.Code) == num(code)
}
