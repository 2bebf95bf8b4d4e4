package analyze

import (
	"cmp"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// kdcAnswers is what KDCs answered, by what silences are compared with.
type kdcAnswers struct {
	byQuestion map[digest][]*Record
	byClient   map[netip.Addr][]*Record
	byNonce    map[uint32][]*Record
	// used are the times at which tickets without an issue in view were
	// presented first, ascending.
	used map[usedTicket][]int64
	same map[netip.Addr]netip.Addr // sameAsker
}

// A usedTicket is the address that presented a ticket, and the ticket's service:
// "" for that of a TGT, which an AS request asks for by many names.
type usedTicket struct {
	from    netip.Addr
	service string // lower case
}

// client is the one address that stands for those of a client.
func (a kdcAnswers) client(addr netip.Addr) netip.Addr {
	if one, ok := a.same[addr]; ok {
		return one
	}
	return addr
}

// question is what r asks, whichever of its addresses the client asks from.
func (a kdcAnswers) question(r *Record) digest {
	if one, ok := a.same[r.From.Addr()]; ok {
		x := *r
		x.From = netip.AddrPortFrom(one, r.From.Port())
		return questionOf(&x)
	}
	return questionOf(r)
}

func (c *Case) answersOf(same map[netip.Addr]netip.Addr) kdcAnswers {
	a := kdcAnswers{map[digest][]*Record{}, map[netip.Addr][]*Record{}, map[uint32][]*Record{}, map[usedTicket][]int64{}, same}
	for _, r := range c.Records() {
		if (r.Kind == decode.AS || r.Kind == decode.TGS) && (r.Reply != nil || r.Error != nil) {
			q := a.question(r)
			a.byQuestion[q] = append(a.byQuestion[q], r)
			client := a.client(r.From.Addr())
			a.byClient[client] = append(a.byClient[client], r)
			for _, n := range [...]uint32{r.Req.Nonce, r.Req.FirstNonce} {
				if l := a.byNonce[n]; n != 0 && (len(l) == 0 || l[len(l)-1] != r) {
					a.byNonce[n] = append(l, r)
				}
			}
		}
	}
	for _, t := range c.Tickets() {
		if t.Issued == nil && len(t.Presented) > 0 {
			p := t.Presented[0]
			k := usedTicket{p.From, lower(t.Principal())}
			a.used[k] = append(a.used[k], p.First.Start)
			if isTGT(t.SName) {
				k.service = ""
				a.used[k] = append(a.used[k], p.First.Start)
			}
		}
	}
	for _, times := range a.used {
		slices.Sort(times)
	}
	return a
}

// wentOn tells whether the client of r used, after it, a ticket as r asks for
// and whose issue no capture shows: then r was answered out of view.
func (a kdcAnswers) wentOn(r *Record) bool {
	k := usedTicket{from: r.From.Addr()}
	if r.Kind == decode.TGS {
		k.service = lower(r.Service)
	}
	times := a.used[k]
	i, _ := slices.BinarySearch(times, r.Start)
	return i < len(times) && times[i]-r.Start < windowsRetryTimeout
}

// to is the answer that the client of r got to the same question soon after,
// from any KDC; nil: none.
func (a kdcAnswers) to(r *Record) *Record {
	list := a.byQuestion[a.question(r)] // in time order, as Records are
	i, _ := slices.BinarySearchFunc(list, r.Start, func(x *Record, at int64) int { return cmp.Compare(x.Start, at) })
	if i < len(list) && list[i].Start-r.Start <= windowsRetryTimeout {
		return list[i]
	}
	return nil
}

// elsewhere is the answer that another KDC address gave to the very request r
// (the nonce tells), asked again there: it proves that r itself had no answer,
// whatever the capture shows. nil: none.
func (a kdcAnswers) elsewhere(r *Record) *Record {
	if r.Req.Nonce == 0 {
		return nil
	}
	for _, x := range a.byNonce[r.Req.Nonce] {
		if x.Kind == r.Kind && x.To.Addr() != r.To.Addr() && x.End > r.Start && x.Start-r.Start <= windowsRetryTimeout && lower(x.Req.CName) == lower(r.Req.CName) {
			return x
		}
	}
	return nil
}

// waited is how long a client waited from the given time before it asked by's
// KDC the same; 0 when that was asked before.
func waited(since int64, by *Record) int64 {
	for _, s := range by.Steps {
		if s.Time > since {
			return s.Time - since
		}
	}
	return max(0, by.Start-since)
}

// after is an answered request of the client within the time that it takes to
// try all KDCs.
func (a kdcAnswers) after(g *SightingFact) *Record {
	for _, x := range a.byClient[a.client(g.Src.Addr())] {
		if x.End >= g.Time && x.Start-g.Last <= windowsRetryTimeout {
			return x
		}
	}
	return nil
}
