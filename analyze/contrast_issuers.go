package analyze

import "slices"

// An IssuerContrast sets a ticket that one KDC issued beside another KDC's for
// the same service, and tells only in what the two answers and their requests differ.
type IssuerContrast struct {
	One     FramePlace         `json:"one"`
	Other   FramePlace         `json:"other"`
	Differs []IssuerDifference `json:"differs"`
}

// An IssuerDifference is one respect in which they differ; What is as in Difference.
type IssuerDifference struct {
	What  string `json:"what"`
	One   string `json:"one"`
	Other string `json:"other"`
}

// issuers gives findings that rest on a ticket's etype or kvno, as a KDC issued
// it, the answer of another KDC for the same service in which just that differs. One that has
// a contrast already gets none.
func (r *Report) issuers(at map[FramePlace]int, begun startTimes) {
	like := map[string][]int{}
	for i := range r.Exchanges {
		x := &r.Exchanges[i]
		if x.Outcome == "ok" && x.KDC != nil && x.Service != "" && x.TicketEtype != nil && len(x.Frames) > 0 {
			k := x.Kind + "|" + lower(x.Service)
			like[k] = append(like[k], i)
		}
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Severity == Note || f.Contrast != nil {
			continue
		}
		fields := map[int][]string{} // what is cited of the tickets that exchanges issued
		var cited []int
		for _, e := range f.Evidence {
			x, ok := at[FramePlace{e.Capture, e.Frame}]
			if !ok || e.Field != "ticket.etype" && e.Field != "ticket.kvno" || !slices.Contains(like[r.Exchanges[x].Kind+"|"+lower(r.Exchanges[x].Service)], x) {
				continue
			}
			if fields[x] == nil {
				cited = append(cited, x)
			}
			fields[x] = append(fields[x], e.Field)
		}
		f.Issuers = r.issuersOf(cited, fields, like, begun)
	}
}

// issuersOf is the contrast of the first of the cited for which there is one: with
// another that is cited, else one for the same client, the nearest in time.
func (r *Report) issuersOf(cited []int, fields map[int][]string, like map[string][]int, begun startTimes) *IssuerContrast {
	for _, i := range cited {
		x := &r.Exchanges[i]
		best := -1
		rank := func(j int) (n int) {
			if !slices.Contains(cited, j) {
				n = 2
			}
			if !samePrincipal(r.Exchanges[j].Client, x.Client) {
				n++
			}
			return n
		}
		least := 4
		for _, j := range like[x.Kind+"|"+lower(x.Service)] {
			y := &r.Exchanges[j]
			if y.KDC.Address == x.KDC.Address || !slices.ContainsFunc(fields[i], func(f string) bool { return issuedOtherwise(f, x, y) }) {
				continue
			}
			if n := rank(j); n < least || n == least && begun.apart(j, i) < begun.apart(best, i) {
				best, least = j, n
			}
		}
		if best < 0 {
			continue
		}
		c := contrastOf(x, &r.Exchanges[best], nil)
		if c == nil {
			continue
		}
		out := &IssuerContrast{One: c.Failed, Other: c.Worked, Differs: []IssuerDifference{}}
		for _, d := range c.Differs {
			out.Differs = append(out.Differs, IssuerDifference{d.What, d.Failed, d.Worked})
		}
		return out
	}
	return nil
}

// issuedOtherwise tells whether two tickets differ in the field; kvnos of
// read-only DCs count apart.
func issuedOtherwise(field string, x, y *Exchange) bool {
	if field == "ticket.etype" {
		return *x.TicketEtype != *y.TicketEtype
	}
	return kvnoDiffers(x.TicketKVNO, y.TicketKVNO)
}
