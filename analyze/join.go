package analyze

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"

	"kerbscope/decode"
)

// joined is what a Case holds beyond its parts once they are put together.
type joined struct {
	opts      JoinOptions
	clocks    []clock // by part
	rows      []*Row
	records   []*Record
	tickets   []*TicketLife
	byHash    map[string]*TicketLife
	sessions  []*SessionFact
	sightings []*SightingFact
	hosts     *hostTable
	kdcs      []*KDCFacts
	accounts  []*AccountKeys
	keys      []*KeySeen
	keysOf    map[string][]*KeySeen // by service, folded

	from        map[netip.Addr][]*Record
	rowsOf      found[uint64, *Row] // by the bits of kinds
	sightingsOf found[decode.SightingKind, *SightingFact]
	clockAt     map[netip.Addr]*HostClock // against the reference's

	// What rules find out when one asks first, each under its Once.
	synsOnce, silencesOnce, silencesOfOnce, askerOnce, toTCPOnce sync.Once

	synsOf     map[netip.Addr][]*SightingFact // see vainSYNs
	silences   []*silence
	silencesOf map[netip.Addr][]*silence
	asker      map[netip.Addr]netip.Addr // see sameAsker
	askerOf    map[netip.Addr][]netip.Addr
	toTCP      map[any][]*Record // by hostID of the KDC, see toldTCP

	changes   []*Record
	times     []*HostClock
	captures  []CaptureFacts
	carriers  map[netip.AddrPort]string // outermost protocol of an acceptor's endpoint
	exchanges uint64
	messages  uint64
	issued    uint64
	limits    map[string]uint64
	roomless  uint64 // kept records that found no row in their part
}

// JoinOptions tell Join what the parts do not know.
type JoinOptions struct {
	// Captures are all captures by index, as FrameID has it.
	Captures []CaptureFacts
	// Part is the part that each capture belongs to.
	Part []int
	// Roles overrides who is who: role (mailbox, hub, kdc, dc, client,
	// service) to addresses, or names that the captures tie to some.
	Roles map[string][]string
}

// Join puts partial Cases together: clocks first, then what was seen at
// several points becomes one. The parts are not changed. What comes out
// depends on their order alone.
func Join(parts []*Case, o JoinOptions) *Case { return joinFrozen(freeze(parts), o) }

func joinFrozen(parts []*frozen, o JoinOptions) *Case {
	for _, z := range parts {
		z.settle()
	}
	j := &joiner{parts: parts, joined: &joined{opts: o, byHash: map[string]*TicketLife{}, limits: map[string]uint64{}}}
	j.clocks = relate(parts)
	j.mergeRecords()
	j.mergeTickets()
	j.resolve()
	j.healAgain()
	j.mergeRows()
	j.mergeSessions()
	j.mergeSightings()
	j.mergeHosts()
	j.count()
	j.captures = slices.Clone(o.Captures)
	for i := range j.captures {
		if i < len(o.Part) {
			k := &j.clocks[o.Part[i]]
			j.captures[i].Losses = lossesOf(&j.captures[i], k.ref)
			j.captures[i].First, j.captures[i].Last = k.ref(j.captures[i].First), k.ref(j.captures[i].Last)
			if j.captures[i].Truncated > 0 {
				j.captures[i].FirstCut = parts[o.Part[i]].cut[i].ref(k)
			}
		}
	}
	c := &Case{joined: j.joined}
	c.facts()
	c.index()
	c.assignRoles()
	return c
}

type joiner struct {
	*joined
	parts []*frozen
	to    []*Record // by number of what is kept in the parts
	slabs slabs
}

// of is the joined record of what is kept in the parts; nil of noRecord.
func (j *joiner) of(number int32) *Record {
	if number == noRecord {
		return nil
	}
	return j.to[number]
}

// resolve gives names and session etypes that only other exchanges tell: whose
// a presented ticket is, under what name the KDC knows a client.
func (j *joiner) resolve() {
	aliases := map[string]string{}
	for _, c := range j.parts {
		for k, v := range c.aliases {
			if _, ok := aliases[k]; !ok {
				aliases[k] = v
			}
		}
	}
	for _, r := range j.records {
		if r.Presented != nil && r.Presented.Hash != "" {
			if t := j.byHash[r.Presented.Hash]; t != nil {
				if t.Client == "" && r.Kind == decode.TGS && !r.delegated() {
					t.Client = r.Client
				}
			}
		}
	}
	for _, r := range j.records {
		if r.Client == "" && r.Presented != nil {
			if t := j.byHash[r.Presented.Hash]; t != nil {
				r.Client = t.Client
			}
		}
		if r.Kind == decode.AS && r.Reply == nil {
			if a := aliases[lower(r.Client)]; a != "" {
				r.Client = a
			}
		}
		if r.SessionEtype == nil && r.Issued != nil {
			if t := j.byHash[r.Issued.Hash]; t != nil {
				r.SessionEtype = t.SessionEtype
			}
		}
	}
	for _, t := range j.tickets {
		if t.Issued != nil && t.Client == "" {
			t.Client = t.Issued.Client
		}
	}
}

// healAgain finds what healed across captures.
func (j *joiner) healAgain() {
	list := slices.Clone(j.records)
	slices.SortStableFunc(list, func(a, b *Record) int { return cmp.Or(cmp.Compare(a.End, b.End), byTime(a, b)) })
	var h healing
	for _, r := range list {
		switch {
		case r.healable():
			h.wait(failureOf(r, nil))
		case r.answers():
			a := answersTo(r)
			healed, by := h.by(r, &a)
			for _, f := range healed {
				by.of(f).into(f.record, nil)
			}
		}
		h.expire(r.End)
	}
}
