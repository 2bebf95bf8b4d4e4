package analyze

import (
	"cmp"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// KDCFacts is what the captures tell of one KDC. Maps count exchanges by etype.
type KDCFacts struct {
	Addr    netip.Addr
	Realms  []string         // it answered for, in order of appearance
	Tickets map[int32]uint64 // tickets issued
	TGTs    map[int32]uint64 // krbtgt tickets among them
	Offered map[int32]uint64 // entries of ETYPE-INFO2 in its errors
	Replies map[int32]uint64 // client keys used in AS-REPs
	// Asked counts answered AS and TGS requests, AskedAES those whose answer names
	// an etype and whose list had
	// 17, 18, 19 or 20.
	Asked, AskedAES uint64
	EText           bool              // its errors carry an e-text: MIT, Heimdal, Samba; Windows sends none
	Errors          map[int32]uint64  // KRB-ERRORs sent, by code, steps too
	OK              uint64            // AS-REP and TGS-REP sent
	Silent          uint64            // requests unanswered with both directions in view
	First           *Record           // first answer; nil: only silence
	Example         map[int32]*Record // first ticket of each etype
}

// AccountKeys is what one KDC told about the keys of one principal, in the
// ETYPE-INFO2 (else ETYPE-INFO) of a 25, 24 or 91, for one request list. It lists the
// account's usable keys within that list.
type AccountKeys struct {
	Principal   string
	KDC         netip.Addr
	Asked       []int32 // the request list
	Keys        []KeyInfo
	Count       uint64
	First, Last int64
	Example     *Record // its Hint or Error has the padata
}

// Has tells whether a key of etype e is among Keys.
func (a *AccountKeys) Has(e int32) bool {
	return slices.ContainsFunc(a.Keys, func(k KeyInfo) bool { return k.Etype == e })
}

// HasAES tells whether an AES key is among Keys.
func (a *AccountKeys) HasAES() bool {
	return slices.ContainsFunc(a.Keys, func(k KeyInfo) bool { return isAES(k.Etype) })
}

// A KeySeen is one key of a service as one KDC used it for tickets.
type KeySeen struct {
	Service     string     // sname@realm
	KDC         netip.Addr // invalid: the ticket was issued before the capture
	Etype       int32
	KVNO        *uint32
	Count       uint64 // tickets issued; for those issued before, presentations
	First, Last int64
	Example     *Record
}

// A HostClock is what a host's own time stamps (stime of KRB-ERRORs) tell of
// its clock against the reference capture's.
type HostClock struct {
	Addr     netip.Addr
	Offset   int64 // ns, host clock minus reference, median of the readings
	Min, Max int64
	Count    int
	Coarse   bool // whole seconds only
	Example  *Record
	cluster  int // captures whose clocks are related: 0 those of the reference
}

// facts derives from rows what rules read of KDCs, accounts and keys.
func (c *Case) facts() {
	j := c.joined
	j.carriers = map[netip.AddrPort]string{}
	for _, s := range j.sessions {
		j.carriers[s.Server] = s.Carrier
	}
	kdcs := map[netip.Addr]*KDCFacts{}
	type accountID struct {
		who         string
		kdc         netip.Addr
		asked, keys string
	}
	accounts := map[accountID]*AccountKeys{}
	type keyID struct {
		service string
		kdc     netip.Addr
		etype   int32
		kvno    int64
	}
	keys := map[keyID]*KeySeen{}
	see := func(service string, kdc netip.Addr, t *TicketRef, w *Row) {
		id := keyID{lower(service), kdc, t.Etype, num(t.KVNO)}
		k := keys[id]
		if k == nil {
			k = &KeySeen{Service: service, KDC: kdc, Etype: t.Etype, KVNO: t.KVNO, First: w.First, Last: w.Last, Example: w.Record()}
			keys[id] = k
			j.keys = append(j.keys, k)
		}
		k.Count += w.Count
		k.First, k.Last = min(k.First, w.First), max(k.Last, w.Last)
	}
	for _, w := range j.rows {
		r := w.Record()
		switch r.Kind {
		case decode.AS, decode.TGS:
			addr := r.To.Addr()
			k := kdcs[addr]
			if k == nil {
				k = newKDC(addr)
				kdcs[addr] = k
				j.kdcs = append(j.kdcs, k)
			}
			k.row(w)
			for _, f := range []*Failure{r.Hint, r.Error} {
				if f == nil || f.Info2 == nil || r.Client == "" {
					continue
				}
				id := accountID{lower(r.Client), addr, listKey(r.Req.Etypes), infoKey(f.Info2)}
				a := accounts[id]
				if a == nil {
					a = &AccountKeys{Principal: r.Client, KDC: addr, Asked: r.Req.Etypes, Keys: f.Info2, First: w.First, Last: w.Last, Example: r}
					accounts[id] = a
					j.accounts = append(j.accounts, a)
				}
				a.Count += w.Count
				a.First, a.Last = min(a.First, w.First), max(a.Last, w.Last)
				break
			}
			if r.Issued != nil && r.Issued.SName != "" {
				see(r.Issued.Principal(), addr, r.Issued, w)
			}
		case decode.AP:
			if len(r.Carrier) > 0 && j.carriers[r.To] == "" {
				j.carriers[r.To] = r.Carrier[0]
			}
			if t := r.Presented; t != nil && t.SName != "" {
				if life := j.byHash[t.Hash]; life == nil || life.Issued == nil {
					see(t.Principal(), netip.Addr{}, t, w)
				}
			}
		case decode.Password:
			if r.Ending == decode.OK {
				j.changes = append(j.changes, w.Exemplars...)
			}
		}
	}
	slices.SortStableFunc(j.changes, byTime)
	c.hostClocks()
}

func newKDC(addr netip.Addr) *KDCFacts {
	m := func() map[int32]uint64 { return map[int32]uint64{} }
	return &KDCFacts{Addr: addr, Tickets: m(), TGTs: m(), Offered: m(), Replies: m(), Errors: m(), Example: map[int32]*Record{}}
}

func (k *KDCFacts) row(w *Row) {
	r := w.Record()
	if r.Ending == decode.Unanswered {
		k.Silent += w.Count
	}
	if r.Hint != nil {
		k.Errors[r.Hint.Code] += w.Count
		k.EText = k.EText || r.Hint.EText != ""
		if r.Error == nil || r.Error.Info2 == nil {
			for _, i := range r.Hint.Info2 {
				k.Offered[i.Etype] += w.Count
			}
		}
	}
	if r.Error != nil && (r.Hint == nil || r.Error.Frame != r.Hint.Frame) {
		k.Errors[r.Error.Code] += w.Count
		k.EText = k.EText || r.Error.EText != ""
		for _, i := range r.Error.Info2 {
			k.Offered[i.Etype] += w.Count
		}
	}
	if r.Reply == nil && r.Error == nil && r.Hint == nil {
		return
	}
	if k.First == nil {
		k.First = r
	}
	realm := r.Req.Realm
	if r.Issued != nil && r.Issued.Realm != "" {
		realm = r.Issued.Realm
	}
	if realm != "" && !slices.ContainsFunc(k.Realms, func(s string) bool { return samePrincipal(s, realm) }) {
		k.Realms = append(k.Realms, realm)
	}
	if r.Req.Frame != 0 {
		k.Asked += w.Count
		if hasAES(r.Req.Etypes) && r.toldEtype() {
			k.AskedAES += w.Count
		}
	}
	if t := r.Issued; t != nil {
		k.OK += w.Count
		k.Tickets[t.Etype] += w.Count
		if isTGT(t.SName) {
			k.TGTs[t.Etype] += w.Count
		}
		if k.Example[t.Etype] == nil {
			k.Example[t.Etype] = r
		}
		if r.Kind == decode.AS && r.Reply.Etype != nil {
			k.Replies[*r.Reply.Etype] += w.Count
		}
	}
}

// toldEtype tells whether an answer that was not cut names etypes.
func (r *Record) toldEtype() bool {
	if r.Issued != nil {
		return r.Issued.Etype != 0
	}
	for _, f := range []*Failure{r.Hint, r.Error} {
		if f != nil && f.Info2 != nil && !f.Cut {
			return true
		}
	}
	return false
}

// hostClocks reads every stime of the kept records. What captures show whose
// clocks nothing relates is not compared.
func (c *Case) hostClocks() {
	j := c.joined
	type id struct {
		addr    netip.Addr
		cluster int
	}
	by := map[id]*HostClock{}
	values := map[id][]int64{}
	for _, r := range j.records {
		for _, f := range []*Failure{r.Hint, r.Error} {
			if f == nil || f.STime == nil || f.Time == 0 || f == r.Error && r.Hint != nil && r.Hint.Frame == f.Frame {
				continue
			}
			k, d := id{r.To.Addr(), c.clusterOf(f.Frame)}, *f.STime-f.Time
			h := by[k]
			if h == nil {
				h = &HostClock{Addr: k.addr, Min: d, Max: d, Coarse: true, Example: r, cluster: k.cluster}
				by[k] = h
				j.times = append(j.times, h)
			}
			h.Coarse = h.Coarse && *f.STime%1e9 == 0
			h.Count++
			h.Min, h.Max = min(h.Min, d), max(h.Max, d)
			values[k] = append(values[k], d)
		}
	}
	for k, h := range by {
		v := values[k]
		slices.Sort(v)
		h.Offset = v[len(v)/2]
	}
	slices.SortStableFunc(j.times, func(a, b *HostClock) int {
		return cmp.Or(cmp.Compare(a.cluster, b.cluster), cmp.Compare(a.Addr.String(), b.Addr.String()))
	})
}
