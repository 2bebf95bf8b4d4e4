package analyze

import (
	"fmt"
	"slices"
	"time"
)

// A Contrast sets an exchange that failed beside one of the same kind for the
// same service that worked, and tells only in what they differ, as frames show it.
type Contrast struct {
	Failed  FramePlace   `json:"failed"`
	Worked  FramePlace   `json:"worked"`
	Differs []Difference `json:"differs"`
}

// A FramePlace is one frame of one capture.
type FramePlace struct {
	Capture string `json:"capture"`
	Frame   uint64 `json:"frame"`
}

// A Difference is one respect in which they differ. What is "client",
// "client_address", "kdc", "server", "carrier", "asked", "preauth", "issuer",
// "ticket", "ticket_etype", "kvno", "session" or "answer". When they were is in the
// exchanges of the two frames.
type Difference struct {
	What   string `json:"what"`
	Failed string `json:"failed"`
	Worked string `json:"worked"`
}

// contrasts gives the report's findings of trouble their contrast.
func (r *Report) contrasts() {
	at := map[FramePlace]int{}
	like := map[string][]int{} // exchanges that worked, by kind and service
	for i := range r.Exchanges {
		x := &r.Exchanges[i]
		for _, s := range x.Frames {
			at[FramePlace{s.Capture, s.Frame}] = i
		}
		if x.Outcome == "ok" && x.Service != "" {
			k := x.Kind + "|" + lower(x.Service)
			like[k] = append(like[k], i)
		}
	}
	tickets := map[string]*Ticket{}
	for i := range r.Tickets {
		tickets[r.Tickets[i].Hash] = &r.Tickets[i]
	}
	begun := startTimes{r.Exchanges, make([]time.Time, len(r.Exchanges))}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Severity == Note {
			continue
		}
		var cited []int
		for _, e := range f.Evidence {
			if x, ok := at[FramePlace{e.Capture, e.Frame}]; ok && !slices.Contains(cited, x) {
				cited = append(cited, x)
			}
		}
		if bad, good := r.pair(cited, like, begun); bad != nil && good != nil {
			f.Contrast = contrastOf(bad, good, tickets)
		}
	}
	r.issuers(at, begun)
}

// pair finds what to set side by side: the first of the cited that failed, and
// one that worked: cited too, else of the same client, the nearest in time.
func (r *Report) pair(cited []int, like map[string][]int, begun startTimes) (bad, good *Exchange) {
	var badAt int
	for _, i := range cited {
		if x := &r.Exchanges[i]; failedExchange(x) && x.Service != "" {
			bad, badAt = x, i
			break
		}
	}
	if bad == nil {
		return nil, nil
	}
	alike := like[bad.Kind+"|"+lower(bad.Service)]
	best := func(is func(i int) bool) *Exchange {
		found, apart := -1, time.Duration(0)
		for _, i := range alike {
			if !is(i) {
				continue
			}
			if d := begun.apart(i, badAt); found < 0 || d < apart {
				found, apart = i, d
			}
		}
		if found < 0 {
			return nil
		}
		return &r.Exchanges[found]
	}
	wasCited := func(i int) bool { return slices.Contains(cited, i) }
	sameClient := func(i int) bool {
		x := &r.Exchanges[i]
		return x.Client != "" && bad.Client != "" && samePrincipal(x.Client, bad.Client) ||
			(x.Client == "" || bad.Client == "") && x.ClientAddress != nil && bad.ClientAddress != nil && x.ClientAddress.Address == bad.ClientAddress.Address
	}
	if good = best(func(i int) bool { return wasCited(i) && sameClient(i) }); good != nil {
		return bad, good
	}
	if good = best(wasCited); good != nil {
		return bad, good
	}
	return bad, best(sameClient)
}

func failedExchange(x *Exchange) bool {
	return x.Outcome == "error" || x.Outcome == "refused" || x.Outcome == "unanswered"
}

// startTimes are the times at which exchanges began, read once each.
type startTimes struct {
	of []Exchange
	at []time.Time // zero: not read yet
}

func (s startTimes) apart(i, j int) time.Duration { return s.when(i).Sub(s.when(j)).Abs() }

func (s startTimes) when(i int) time.Time {
	if s.at[i].IsZero() {
		s.at[i] = timeOf(s.of[i].Started)
	}
	return s.at[i]
}

// timeOf reads a time of the report, the zero time if it is none.
func timeOf(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// contrastOf lists in what two exchanges differ, as far as both show it.
func contrastOf(bad, good *Exchange, tickets map[string]*Ticket) *Contrast {
	c := &Contrast{Failed: placeOf(bad), Worked: placeOf(good), Differs: []Difference{}}
	if c.Failed.Capture == "" || c.Worked.Capture == "" {
		return nil
	}
	put := func(what, failed, worked string) {
		if failed != worked && failed != "" && worked != "" {
			c.Differs = append(c.Differs, Difference{what, failed, worked})
		}
	}
	put("client", bad.Client, good.Client)
	put("client_address", addressOf(bad.ClientAddress, false), addressOf(good.ClientAddress, false))
	put("kdc", addressOf(bad.KDC, false), addressOf(good.KDC, false))
	put("server", addressOf(bad.Server, true), addressOf(good.Server, true))
	put("carrier", first(bad.Carrier), first(good.Carrier))
	put("asked", listText(bad.RequestedEtypes), listText(good.RequestedEtypes))
	put("preauth", etypeOrNone(bad.PreauthEtype), etypeOrNone(good.PreauthEtype))
	put("issuer", issuerOf(bad, tickets), issuerOf(good, tickets))
	if bad.Kind == "AP" {
		put("ticket", short(bad.TicketHash), short(good.TicketHash))
		put("session", etypeOrNone(bad.SessionEtype), etypeOrNone(good.SessionEtype))
	}
	put("ticket_etype", etypeOrNone(bad.TicketEtype), etypeOrNone(good.TicketEtype))
	if bad.TicketKVNO != nil && good.TicketKVNO != nil {
		put("kvno", fmt.Sprint(*bad.TicketKVNO), fmt.Sprint(*good.TicketKVNO))
	}
	put("answer", answerOf(bad), answerOf(good))
	return c
}

// placeOf is a frame that stands for an exchange: the first of it in the first
// capture by name, which no clock can change.
func placeOf(x *Exchange) (p FramePlace) {
	for _, s := range x.Frames {
		if p.Capture == "" || s.Capture < p.Capture || s.Capture == p.Capture && s.Frame < p.Frame {
			p = FramePlace{s.Capture, s.Frame}
		}
	}
	return p
}

func addressOf(e *Endpoint, port bool) string {
	switch {
	case e == nil:
		return ""
	case !port || e.Port == 0:
		return e.Address
	}
	return fmt.Sprintf("%s port %d", e.Address, e.Port)
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func listText(list []int32) string {
	if len(list) == 0 {
		return ""
	}
	s := fmt.Sprint(list)
	return s[1 : len(s)-1]
}

func etypeOrNone(e *int32) string {
	if e == nil {
		return ""
	}
	return shortEtype(*e)
}

// short is the beginning of a ticket's hash.
func short(hash string) string { return hash[:min(len(hash), 12)] }

// issuerOf is the KDC that issued the ticket shown.
func issuerOf(x *Exchange, tickets map[string]*Ticket) string {
	if x.Kind != "AP" || tickets[x.TicketHash] == nil {
		return ""
	}
	if i, ok := tickets[x.TicketHash].Issued.(*Issue); ok && i != nil {
		return addressOf(i.KDC, false)
	}
	return ""
}

func answerOf(x *Exchange) string {
	switch {
	case x.Outcome == "ok":
		return "ok"
	case x.ErrorCode != nil:
		return codeText(*x.ErrorCode)
	case x.Refusal != nil && x.Refusal.CodeName != "":
		return x.Refusal.CodeName
	case x.Refusal != nil && x.Refusal.Code != nil:
		return fmt.Sprint(*x.Refusal.Code)
	}
	return x.Outcome
}
