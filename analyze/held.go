package analyze

import (
	"unsafe"

	"kerbscope/decode"
)

// maxHeld bounds the bytes of what a Case keeps of one capture, packed: names,
// salts and texts can each be as long as is kept, in every exchange. What is
// kept of ordinary ones takes a tenth of it.
const maxHeld = 32 << 20

// scale gives c a share of the usual memory: 0 stands for all of it.
func (c *Case) scale(share float64) {
	c.share = share
	c.mem.most = decode.Scaled(maxHeld, share)
	c.rows.most, c.tickets.most = decode.Scaled(maxRows, share), decode.Scaled(maxTickets, share)
	c.heal.most = decode.Scaled(maxPending, share)
	c.sessions.most, c.sightings.most = decode.Scaled(maxSessions, share), decode.Scaled(maxSightings, share)
}

// A holding counts bytes against a bound. Its methods do nothing on nil, the
// holding of what is not bounded.
type holding struct{ bytes, most int }

// full tells that nothing more is to be kept.
func (h *holding) full() bool { return h != nil && h.bytes >= h.most }

func (h *holding) add(n int) {
	if h != nil {
		h.bytes += n
	}
}

// hold counts k, once however many hold it.
func (h *holding) hold(k *kept) {
	if h == nil || k == nil {
		return
	}
	if k.holds++; k.holds == 1 {
		h.bytes += k.size()
	}
}

// release takes one hold back.
func (h *holding) release(k *kept) {
	if h == nil || k == nil {
		return
	}
	if k.holds--; k.holds == 0 {
		h.bytes -= k.size()
	}
}

// size is about how many bytes k takes.
func (k *kept) size() int { return int(unsafe.Sizeof(*k)) + len(k.data) }

// long tells a record of unusual length: ordinary ones have a few hundred bytes.
func (k *kept) long() bool { return k != nil && len(k.data) > 1024 }

// What rows and presentations take beside the records that they refer to.
const (
	sizeOfRow       = int(unsafe.Sizeof(partRow{})) + 128
	sizeOfPresented = int(unsafe.Sizeof(partShown{}))
)

// size is about how many bytes a ticket takes when it was not presented yet.
func (t *partTicket) size() int {
	return int(unsafe.Sizeof(*t)) + 64 + len(t.sname) + len(t.realm)
}

// size is about how many bytes a session takes beside its attempts' records.
func (f *SessionFact) size() int {
	n := int(unsafe.Sizeof(*f)) + len(f.TLSName) + len(f.Tunnel) + int(unsafe.Sizeof(AttemptFact{}))*cap(f.Attempts)
	for _, o := range f.Offered {
		n += 16 + len(o)
	}
	for i := range f.Attempts {
		a := &f.Attempts[i]
		n += len(a.Mech) + len(a.Verb)
		for _, m := range a.MechTypes {
			n += 16 + len(m)
		}
		if a.Word != nil {
			n += int(unsafe.Sizeof(*a.Word)) + len(a.Word.Text)
		}
	}
	return n
}
