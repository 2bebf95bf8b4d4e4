package analyze

import (
	"hash/maphash"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// Bounds of what is known of trouble: how many kinds, and how often one is
// news. A finding about few exchanges changes with each of them.
const (
	maxTroubles = 1 << 15
	newsUntil   = 8
)

// troubles knows which trouble was met before, so that what is new of it can
// be told from the thousandth of the same.
type troubles struct {
	news uint64
	seed maphash.Seed
	seen map[uint64]uint8
}

// Trouble changes when something came that a new finding may rest on: an
// exchange, a session or a sighting that tells of trouble and is not like many
// before it.
func (l *Live) Trouble() uint64 { return l.trouble.news }

func (t *troubles) met(key func(h *maphash.Hash)) {
	if t.seen == nil {
		t.seed, t.seen = maphash.MakeSeed(), map[uint64]uint8{}
	}
	var h maphash.Hash
	h.SetSeed(t.seed)
	key(&h)
	k := h.Sum64()
	n, known := t.seen[k]
	if n >= newsUntil {
		return
	}
	if !known && len(t.seen) >= maxTroubles {
		clear(t.seen)
	}
	t.seen[k] = n + 1
	t.news++
}

func (t *troubles) exchange(x *decode.Exchange) {
	if x.Ending != decode.Failed && x.Ending != decode.Denied && x.Ending != decode.Unanswered {
		return
	}
	t.met(func(h *maphash.Hash) {
		h.WriteByte(byte(x.Kind))
		h.WriteByte(byte(x.Ending))
		maphash.WriteComparable(h, x.Client.Addr())
		maphash.WriteComparable(h, x.Server)
		if e := x.Error(); e != nil {
			maphash.WriteComparable(h, e.ErrorCode.V)
		}
		if m := x.Request; m != nil && m.Krb != nil {
			switch {
			case m.Krb.KDCReq != nil:
				hashName(h, m.Krb.KDCReq.SName)
			case m.Krb.APReq != nil:
				hashName(h, m.Krb.APReq.Ticket.SName)
			}
		}
	})
}

func hashName(h *maphash.Hash, n krb5.PrincipalName) {
	for c := range n.All {
		h.Write(c)
		h.WriteByte('/')
	}
}

func (t *troubles) session(s *decode.Session) {
	for _, a := range s.Attempts {
		refused := a.Result != nil && a.Result.Outcome == decode.Refused
		if !refused && a.Mech != "ntlm" {
			continue
		}
		t.met(func(h *maphash.Hash) {
			h.WriteString(a.Mech)
			maphash.WriteComparable(h, refused)
			maphash.WriteComparable(h, s.Client.Addr())
			maphash.WriteComparable(h, s.Server)
		})
	}
}

func (t *troubles) sighting(s *decode.Sighting) {
	if s.Kind == decode.CLDAPAnswer || s.Kind == decode.DNSAnswer && s.Code == 0 {
		return
	}
	t.met(func(h *maphash.Hash) {
		h.WriteByte(byte(s.Kind))
		maphash.WriteComparable(h, s.Src.Addr())
		maphash.WriteComparable(h, s.Dst)
	})
}
