package analyze

import (
	"crypto/sha256"
	"fmt"
	"kerbscope/decode"
)

// A Case is what the captures tell, folded into rows, tickets, sessions and
// facts of bounded size: a decode.Sink for one capture (or ring set), and,
// after Join, the joined view that rules read.
//
// What rules read. Every slice comes in a fixed order (by first time, then by
// address or name) and belongs to the Case: read only.
//
//	c.Rows(kinds...)       []*Row         exchanges that are alike, with exemplars
//	c.Records()            []*Record      those kept one by one, in time order
//	c.RecordsFrom(addr)    []*Record      of one client address
//	c.Row(record)          *Row           the row that it belongs to
//	c.Tickets()            []*TicketLife  every ticket from issue to each presentation
//	c.TicketOf(hash)       *TicketLife    nil: not seen
//	c.KDCs()               []*KDCFacts    what each KDC issues, offers, says
//	c.KDC(addr)            *KDCFacts      nil: none
//	c.Accounts()           []*AccountKeys ETYPE-INFO2 of a principal at a KDC
//	c.Keys(service)        []*KeySeen     kvno and etype history of a service by KDC; "" for all
//	c.PasswordChanges()    []*Record      port 464, answered OK
//	c.Sessions()           []*SessionFact connections on carriers
//	c.Sightings(kind)      []*SightingFact
//	c.Clock(addr)          *HostClock     stime readings of a host; nil: none
//	c.Clocks()             []*HostClock
//	c.HostName(addr)       string         best name, else the address
//	c.FullName(addr)       string         with its domain, where known
//	c.SameHost(a, b)       bool
//	c.HostsOf(name)        []netip.Addr   addresses that the captures tie to a host name
//	c.HasRole(addr, role)  bool
//	c.Captures()           []CaptureFacts what each capture lost
//	c.CaptureName(frame)   string
//
// Numbers as people read them, and what etypes are worth: names.go. A Case is
// not safe for concurrent use: Join and what follows belong to the goroutine that feeds the
// parts, or come after it. Only what rules read may be read by several at the same time.
type Case struct {
	read      *reader
	arrived   int
	keep      int // records kept one by one
	mem       *holding
	share     float64 // of the usual memory
	list      []*kept
	omitted   uint64
	exchanges uint64
	messages  uint64
	rows      rowTable
	heal      healing
	tickets   ticketTable
	sessions  sessionTable
	sightings sightingTable
	claims    claimTable
	aliases   map[string]string // principal as asked -> as the KDC spells it, folded key
	twins     twinTable
	dns       int              // DNS answers among them
	cut       map[int]FrameRef // by capture, the first message that is not there in full
	window    *window          // of a capture that goes on; nil: of a file
	before    *Case            // the part that this one goes on with: of one capture, by one clock

	dict   *dictionary
	packer packer
	hand   handed

	joined *joined      // nil in a partial Case
	steps  *filledSteps // of a capture that goes on
}

// NewCase makes an empty Case for one capture or ring set. keep is the number
// of exchanges kept one by one, 0: 10,000.
func NewCase(keep int) *Case {
	if keep <= 0 {
		keep = defaultKeep
	}
	mem := &holding{most: maxHeld}
	c := &Case{
		read: newReader(), keep: keep, mem: mem, dict: newDictionary(),
		rows:    rowTable{rows: map[digest]*partRow{}, most: maxRows, mem: mem},
		heal:    healing{mem: mem},
		tickets: ticketTable{bySum: map[[sha256.Size]byte]*partTicket{}, most: maxTickets, mem: mem}, aliases: map[string]string{},
		sessions: sessionTable{attempts: map[*decode.Attempt]*kept{}, mem: mem},
		claims:   claimTable{},
		twins:    twinTable{at: map[uint64]twin{}},
		cut:      map[int]FrameRef{},
	}
	c.scale(0)
	c.packer.dict = c.dict
	c.read.tickets = &c.tickets
	return c
}

var _ decode.Sink = (*Case)(nil)

// Message takes one row of the decode, in frame order.
func (c *Case) Message(m *decode.Message) {
	c.heal.expire(m.Time)
	if m.Krb == nil {
		return
	}
	c.messages++
	if m.Krb.Truncated {
		if i := m.Frame.Capture(); c.cut[i].Frame == 0 {
			c.cut[i] = refOf(m)
		}
	}
	if !c.twins.off && len(m.Krb.Raw) > 0 && !m.Krb.Truncated {
		c.twins.see(hash64(hashMessage, m.Krb.Raw), m.Time)
	}
}

// Exchange takes one exchange when it is over.
func (c *Case) Exchange(x *decode.Exchange) {
	c.exchanges++
	r := c.read.record(x)
	c.arrived++
	r.rank = c.arrived
	if c.window != nil {
		c.window.outcomes[outcomeOf(x, r)]++
	}
	k := c.fold(r)
	if x.Attempt != nil {
		c.sessions.attempt(x.Attempt, k)
	}
}

// handed is the record in hand, and what is kept of it once something keeps it.
type handed struct {
	record *Record
	kept   *kept
}

// kept is what tables keep of the record in hand.
func (c *Case) kept() *kept {
	if h := &c.hand; h.kept == nil {
		r := h.record
		h.kept = &kept{rank: r.rank, start: r.Start, end: r.End, twin: r.twin, data: c.packer.pack(r)}
	}
	return c.hand.kept
}

// fold puts one record into the tables. What it returns is what is kept of it.
func (c *Case) fold(r *Record) *kept {
	c.hand = handed{record: r}
	c.tickets.client(r)
	c.alias(r)
	var f *failure
	if r.healable() {
		f = failureOf(r, nil)
		if by := c.heal.after(f); by != nil {
			h := by.of(f)
			h.into(r, nil)
			f = nil
			c.kept().healed = h
		}
	}
	c.rows.add(keyOf(r), r, c.kept)
	c.tickets.see(r, c.kept)
	c.claims.record(r)
	c.window.listed(c)
	if len(c.list) < c.keep && !c.mem.full() {
		c.list = append(c.list, c.kept())
		c.mem.hold(c.kept())
	} else {
		c.omitted++
	}
	switch {
	case f != nil:
		f.kept, f.record = c.kept(), nil
		c.heal.wait(f)
	case r.answers():
		a := answersTo(r)
		list, by := c.heal.by(r, &a)
		for _, f := range list {
			c.healed(f, by)
		}
		c.heal.remember(r, &a)
	}
	return c.hand.kept
}

// healed moves a failure to the row of those that healed.
func (c *Case) healed(f *failure, by *success) {
	k := f.kept
	had := c.rows.take(k)
	k.healed = by.of(f)
	if !had {
		return
	}
	s := slabs{}
	r := k.record(&s, c.dict, nil)
	c.rows.add(keyOf(r), r, func() *kept { return k })
}

// record makes a Record of k.
func (k *kept) record(s *slabs, d *dictionary, clock *clock) *Record {
	r := &take(&s.records, 1)[0]
	p := packer{slabs: s, dict: d, clock: clock}
	k.into(r, &p)
	return r
}

func (k *kept) into(r *Record, p *packer) {
	r.rank, r.twin, r.Start, r.End = k.rank, k.twin, k.start, k.end
	p.unpack(k.data, r)
	k.healed.into(r, p.clock)
	r.Start, r.End = p.clock.ref(r.Start), p.clock.ref(r.End)
}

// Session takes one connection of a carrier when it is over.
func (c *Case) Session(s *decode.Session) {
	c.sessions.add(s)
	c.claims.session(s)
	// Picked up in mid-stream, the first packet is another one in every capture.
	if s.FromSYN && s.First != 0 && !c.twins.off {
		c.twins.see(sessionTwin(s), s.First)
	}
}

// Sighting takes a fact that is no Kerberos message.
func (c *Case) Sighting(s *decode.Sighting) {
	c.sightings.add(s)
	c.claims.sighting(s)
	if s.Kind == decode.DNSAnswer && c.dns < maxDNSTwins && !c.twins.off {
		c.dns++
		// One datagram, wherever it is captured: its asker's port is new each time.
		ends := fmt.Sprint(s.Src, s.Dst, s.Name, s.Addrs, s.Target, s.Code)
		c.twins.see(hash64(hashDNS, []byte(ends)), s.Time)
	}
}

// alias remembers under which name the KDC knows a client.
func (c *Case) alias(r *Record) {
	if r.Kind != decode.AS || r.Reply == nil || r.Req.CName == "" || r.Client == "" {
		return
	}
	name, realm := splitPrincipal(r.Client)
	if samePrincipal(name, r.Req.CName) && samePrincipal(realm, r.Req.Realm) || len(c.aliases) >= maxAliases {
		return
	}
	asked := lower(at(r.Req.CName, r.Req.Realm))
	if asked == lower(r.Client) {
		return
	}
	if _, ok := c.aliases[asked]; !ok {
		c.aliases[asked] = r.Client
	}
}
