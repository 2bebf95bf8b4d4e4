package analyze

import (
	"fmt"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// maxMended is of how many different refusals in one finding mending is told.
const maxMended = 256

// mended adds to a finding about refusals that later, after the time in which a
// success heals, all that was refused was granted to the same clients at the
// same place, and not refused again: it was put right in between.
func (c *Case) mended(f *Finding) {
	type asked struct {
		question digest
		from     netip.Addr
		to       netip.AddrPort
		client   string
	}
	last := map[asked]int64{} // refusal
	var list []asked
	example := map[asked]*Record{}
	for _, row := range f.rows {
		r := row.Record()
		if !failed(r.Ending) || r.Kind != decode.AP && !r.asked() {
			return
		}
		k := asked{questionOf(r), r.From.Addr(), r.To, r.Client}
		if example[k] == nil {
			if len(list) == maxMended {
				return
			}
			list = append(list, k)
			example[k] = r
		}
		last[k] = max(last[k], row.Last)
	}
	latest := map[digest]int64{} // whoever asked
	for k, at := range last {
		latest[k.question] = max(latest[k.question], at)
	}
	var by *Record
	wait := int64(0)
	for _, k := range list {
		x := c.grantedAfter(example[k], k.question, latest[k.question])
		if x == nil {
			return
		}
		if by == nil || x.Start > by.Start {
			by, wait = x, x.Start-latest[k.question]
		}
	}
	switch {
	case by == nil:
		return
	case by.Kind == decode.AP:
		f.Cause += fmt.Sprintf(" %s after the last of these refusals %s took a ticket of the same client, and refused none after that: it was put right in between.", durationText(wait), c.server(by.To))
		c.cite(f, by, "reply", "carrier_result.code")
	default:
		f.Cause += fmt.Sprintf(" %s after the last of these refusals %s granted the same request, and refused it no more: it was put right in between, or passed by itself.", durationText(wait), c.HostName(by.To.Addr()))
		c.cite(f, by, "issued.etype", "issued.kvno")
	}
}

// grantedAfter is the exchange by which the question of r, asked by the same
// client at the same place, was granted after a time, and was not refused
// later; nil: none.
func (c *Case) grantedAfter(r *Record, q digest, after int64) (granted *Record) {
	skew := r.Kind == decode.AS && r.code() == errSkew
	for _, x := range c.RecordsFrom(r.From.Addr()) {
		if x.Kind != r.Kind || x.Start <= after || hostAsked(x) != hostAsked(r) || !skew && (x.Client != "" || r.Kind != decode.AP) && r.Client != "" && !samePrincipal(x.Client, r.Client) ||
			r.Kind != decode.AP && !c.SameHost(x.To.Addr(), r.To.Addr()) {
			continue
		}
		a := answersTo(x)
		switch {
		case x.answers():
			if granted == nil && slices.Contains(a.questions(), q) {
				granted = x
			}
		case failed(x.Ending) && questionOf(x) == q:
			granted = nil
		}
	}
	return granted
}
