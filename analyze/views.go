package analyze

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"kerbscope/capture"
	"kerbscope/decode"
)

// CaptureFacts is what a rule may ask about one capture.
type CaptureFacts struct {
	Name        string
	Info        capture.Info
	First, Last int64 // ns, reference clock; NoTime without packets
	Stats       decode.Stats
	Truncated   uint64 // frames cut by the snap length
	// FirstCut is the first message that the snap length cut; frame 0: none.
	FirstCut FrameRef
	Complete bool   // read to its end without faults
	Problem  string // why not
	Losses   []Loss // when packets were lost, as far as that is known; in time order
	ClockSet int    // times that the clock which stamps packets was set meanwhile
	// LocalAhead is by how many ns the local times of a capture without UTC
	// (Info.LocalTime) were ahead of it, which was taken off; ZoneTold says
	// that hosts' times told so.
	LocalAhead int64
	ZoneTold   bool
}

// Rows are the rows of the given kinds, or all, in order of first time.
func (c *Case) Rows(kinds ...decode.Kind) []*Row {
	if len(kinds) == 0 {
		return c.joined.rows
	}
	var asked uint64
	for _, k := range kinds {
		asked |= 1 << k
	}
	return c.joined.rowsOf.get(asked, func() (list []*Row) {
		for _, w := range c.joined.rows {
			if asked>>w.Record().Kind&1 != 0 {
				list = append(list, w)
			}
		}
		return list
	})
}

// found keeps the answers to questions that many rules ask again and again,
// several at the same time.
type found[K comparable, V any] struct {
	sync.Mutex
	known map[K][]V
}

// get is the answer to k: look, unless it is known. Nothing can be appended to
// it in place. look must not ask the same found.
func (f *found[K, V]) get(k K, look func() []V) []V {
	f.Lock()
	defer f.Unlock()
	list, ok := f.known[k]
	if !ok {
		if f.known == nil {
			f.known = map[K][]V{}
		}
		list = slices.Clip(look())
		f.known[k] = list
	}
	return list
}

// Records are the exchanges kept one by one, in time order.
func (c *Case) Records() []*Record { return c.joined.records }

// RecordsFrom are the kept exchanges of one client address, in time order:
// for rules that look around one record, where Records would cost the square.
func (c *Case) RecordsFrom(client netip.Addr) []*Record { return c.joined.from[client] }

// index prepares what RecordsFrom, Keys and others look up.
func (c *Case) index() {
	j := c.joined
	j.from, j.keysOf, j.clockAt = map[netip.Addr][]*Record{}, map[string][]*KeySeen{}, map[netip.Addr]*HostClock{}
	for _, h := range j.times {
		if h.cluster == 0 && j.clockAt[h.Addr] == nil {
			j.clockAt[h.Addr] = h
		}
	}
	for _, r := range j.records {
		j.from[r.From.Addr()] = append(j.from[r.From.Addr()], r)
	}
	for _, k := range j.keys {
		j.keysOf[lower(k.Service)] = append(j.keysOf[lower(k.Service)], k)
	}
}

// Row is the row that r belongs to.
func (c *Case) Row(r *Record) *Row { return r.row }

// Tickets are the tickets in order of appearance.
func (c *Case) Tickets() []*TicketLife { return c.joined.tickets }

// TicketOf is the life of the ticket with that hash, nil when it was not seen.
func (c *Case) TicketOf(hash string) *TicketLife { return c.joined.byHash[hash] }

// KDCs are the KDCs in order of appearance.
func (c *Case) KDCs() []*KDCFacts { return c.joined.kdcs }

// KDC is what is known of the KDC at addr, nil when it is none.
func (c *Case) KDC(addr netip.Addr) *KDCFacts {
	for _, k := range c.joined.kdcs {
		if k.Addr == addr {
			return k
		}
	}
	return nil
}

// Accounts are the keys of principals as KDCs told them.
func (c *Case) Accounts() []*AccountKeys { return c.joined.accounts }

// Keys are the keys of a service as KDCs used them, "" for all services.
func (c *Case) Keys(service string) []*KeySeen {
	if service == "" {
		return c.joined.keys
	}
	return c.joined.keysOf[lower(service)]
}

// PasswordChanges are the password changes that succeeded, in time order.
func (c *Case) PasswordChanges() []*Record { return c.joined.changes }

// Sessions are the connections on carriers that tell something.
func (c *Case) Sessions() []*SessionFact { return c.joined.sessions }

// Sightings are the sightings of one kind.
func (c *Case) Sightings(kind decode.SightingKind) []*SightingFact {
	return c.joined.sightingsOf.get(kind, func() (list []*SightingFact) {
		for _, s := range c.joined.sightings {
			if s.Kind == kind {
				list = append(list, s)
			}
		}
		return list
	})
}

// Clocks are the clocks of hosts that told their time.
func (c *Case) Clocks() []*HostClock { return c.joined.times }

// Clock is what is known of the clock of the host at addr against the
// reference's, nil: nothing.
func (c *Case) Clock(addr netip.Addr) *HostClock {
	return c.joined.clockAt[addr]
}

// Captures are the captures by index, as FrameID has it.
func (c *Case) Captures() []CaptureFacts { return c.joined.captures }

// CaptureName is the label of the capture that holds f.
func (c *Case) CaptureName(f decode.FrameID) string {
	if i := f.Capture(); i < len(c.joined.captures) {
		return c.joined.captures[i].Name
	}
	return fmt.Sprintf("capture %d", f.Capture()+1)
}

// HostName is what to call the host at addr: its best name, else the address.
func (c *Case) HostName(addr netip.Addr) string {
	if h := c.joined.hosts.byAddr[addr.Unmap()]; h != nil && h.short != "" {
		return h.short
	}
	return addr.String()
}

// FullName is the longest-known name of the host at addr, else HostName.
func (c *Case) FullName(addr netip.Addr) string {
	if h := c.joined.hosts.byAddr[addr.Unmap()]; h != nil && h.short != "" {
		for _, n := range h.names {
			if len(n.Name) > len(h.short) && shortName(n.Name) == h.short {
				return n.Name
			}
		}
	}
	return c.HostName(addr)
}

// HostsOf are the addresses that the captures tie to a host name, short or full.
func (c *Case) HostsOf(name string) []netip.Addr {
	name = lower(name)
	if list := c.joined.hosts.byName[name]; list != nil {
		return list
	}
	var list []netip.Addr
	for _, h := range c.joined.hosts.list {
		for _, n := range h.names {
			if shortName(n.Name) == name || n.Name == shortName(name) {
				list = append(list, h.addrs...)
				break
			}
		}
	}
	return list
}

// SameHost tells whether two addresses are known to be one host.
func (c *Case) SameHost(a, b netip.Addr) bool {
	h := c.joined.hosts.byAddr[a.Unmap()]
	return a == b || h != nil && h == c.joined.hosts.byAddr[b.Unmap()]
}

// hostID is the same for all addresses of one host.
func (c *Case) hostID(a netip.Addr) any {
	if h := c.joined.hosts.byAddr[a.Unmap()]; h != nil {
		return h
	}
	return a
}

// HasRole tells whether the host at addr has a role: kdc, client, service,
// mailbox or hub.
func (c *Case) HasRole(addr netip.Addr, role string) bool {
	h := c.joined.hosts.byAddr[addr.Unmap()]
	return h != nil && slices.Contains(h.roles, role)
}
