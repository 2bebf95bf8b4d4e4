package analyze

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"kerbscope/decode"
)

// Sources of a name, the surest first: what a host says of itself by its
// account, then what the network says of it, then what others call it.
var nameSources = []string{"machine account", "banner", "ehlo", "cldap", "smb", "ntlm", "dns", "spn", "tls-sni", "nmf-via", "http-host"}

func sourceRank(s string) int {
	if i := slices.Index(nameSources, s); i >= 0 {
		return i
	}
	return len(nameSources)
}

// A claim ties a name to an address.
type claim struct {
	addr   netip.Addr
	name   string // lower case, no final dot
	source string
}

// A claimTable is the claims of one capture with how often each was made.
type claimTable struct {
	seen map[claim]uint64
	of   map[netip.Addr]int
	lost uint64
	late map[claim]struct{} // made since the last sweep; nil: no sweeps
}

func (t *claimTable) add(addr netip.Addr, name, source string) {
	addr = addr.Unmap()
	name = strings.TrimSuffix(lower(name), ".")
	if !addr.IsValid() || !addr.IsGlobalUnicast() && !addr.IsLoopback() && !addr.IsLinkLocalUnicast() || !plausibleHost(name) {
		return
	}
	if t.seen == nil {
		t.seen, t.of = map[claim]uint64{}, map[netip.Addr]int{}
	}
	k := claim{addr, name, source}
	if _, ok := t.seen[k]; !ok {
		if t.of[addr] >= maxNames || len(t.of) >= maxHosts && t.of[addr] == 0 {
			t.lost++
			return
		}
		t.of[addr]++
	}
	t.seen[k]++
	if t.late != nil {
		t.late[k] = struct{}{}
	}
}

// plausibleHost keeps out literals, "localhost" and what no host is called.
func plausibleHost(name string) bool {
	if name == "" || len(name) > 253 || name == "localhost" || strings.HasPrefix(name, "localhost.") {
		return false
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return false
	}
	letter := false
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z' || c == '_' || c >= 0x80:
			letter = true
		case c >= '0' && c <= '9' || c == '-' || c == '.':
		default:
			return false
		}
	}
	return letter
}

func (t *claimTable) session(s *decode.Session) {
	for _, n := range s.Names {
		t.add(n.Addr, n.Name, n.Source)
	}
	if s.TLSName != "" && s.SidesKnown && s.Tunnel == "" {
		t.add(s.Server.Addr(), s.TLSName, "tls-sni")
	}
}

func (t *claimTable) sighting(s *decode.Sighting) {
	switch s.Kind {
	case decode.DNSAnswer:
		for _, a := range s.Addrs {
			t.add(a, s.Name, "dns")
			if s.Target != "" {
				t.add(a, s.Target, "dns")
			}
		}
	case decode.CLDAPAnswer:
		t.add(s.Src.Addr(), s.Name, "cldap")
	}
}

// record takes a machine's own account from what it asks in an AS exchange,
// and the host of an SPN from an acceptor that took the ticket.
func (t *claimTable) record(r *Record) {
	switch r.Kind {
	case decode.AS:
		// A refused logon too: that the KDC knows the name is enough.
		if !isComputer(r.Client) || r.Reply == nil && (r.Error == nil || r.Error.Code == errClientUnknown) {
			return
		}
		name, _ := splitPrincipal(r.Client)
		if h := spnHost(r.Client); h != "" {
			name = h
		}
		t.add(r.From.Addr(), strings.TrimSuffix(name, "$"), "machine account")
	case decode.AP:
		if r.Ending == decode.OK {
			t.add(r.To.Addr(), spnHost(r.Service), "spn")
		}
	}
}

// A host is one machine of the joined case.
type host struct {
	addrs []netip.Addr
	names []HostName // best first
	short string     // display name; "" : the address
	roles []string
}

// A hostTable is who is who.
type hostTable struct {
	list   []*host
	byAddr map[netip.Addr]*host
	byName map[string][]netip.Addr
}

// hostsOf makes one host of each address, and of those that one machine
// account speaks from. Claims of several captures count together.
func hostsOf(claims map[claim]uint64, addrs []netip.Addr) *hostTable {
	t := &hostTable{byAddr: map[netip.Addr]*host{}, byName: map[string][]netip.Addr{}}
	type counted struct {
		claim
		n uint64
	}
	var list []counted
	for k, n := range claims {
		list = append(list, counted{k, n})
		addrs = append(addrs, k.addr)
	}
	slices.SortFunc(list, func(a, b counted) int {
		return cmp.Or(a.addr.Compare(b.addr), cmp.Compare(sourceRank(a.source), sourceRank(b.source)), cmp.Compare(b.n, a.n),
			cmp.Compare(len(b.name), len(a.name)), cmp.Compare(a.name, b.name), cmp.Compare(a.source, b.source))
	})
	slices.SortFunc(addrs, netip.Addr.Compare)
	for _, a := range slices.Compact(addrs) {
		h := &host{addrs: []netip.Addr{a}}
		t.byAddr[a] = h
		t.list = append(t.list, h)
	}
	owners := map[netip.Addr]int{}
	for _, c := range list {
		h := t.byAddr[c.addr]
		h.names = append(h.names, HostName{Name: c.name, Source: c.source})
		if !slices.Contains(t.byName[c.name], c.addr) {
			t.byName[c.name] = append(t.byName[c.name], c.addr)
		}
		if c.source == "machine account" {
			owners[c.addr]++
		}
	}
	t.merge(owners)
	t.display(owners)
	return t
}

// maxAddresses is the most addresses that one machine is believed to have. An
// account seen at more belongs to clones, or its addresses come and go.
const maxAddresses = 8

// merge makes one host of the addresses that the same single machine account
// speaks from, and of one IPv4 and one IPv6 address of the same name. An address with several accounts is a
// NAT or a terminal server; a name with several addresses of one family may be a cluster.
func (t *hostTable) merge(owners map[netip.Addr]int) {
	of := map[string]int{}
	for _, h := range t.list {
		if owners[h.addrs[0]] == 1 {
			of[shortName(h.names[0].Name)]++
		}
	}
	first := map[string]*host{}
	var kept []*host
	for _, h := range t.list {
		var name string
		switch {
		case len(h.names) == 0:
		case owners[h.addrs[0]] == 1 && of[shortName(h.names[0].Name)] > maxAddresses:
		case owners[h.addrs[0]] == 1:
			name = shortName(h.names[0].Name) + "$"
		case owners[h.addrs[0]] == 0 && t.pair(h):
			name = h.names[0].Name
			for _, addr := range t.byName[name] {
				if o := t.byAddr[addr]; owners[addr] == 1 {
					name = shortName(o.names[0].Name) + "$"
					break
				}
			}
		}
		if name == "" {
			kept = append(kept, h)
			continue
		}
		if o := first[name]; o != nil {
			o.addrs = append(o.addrs, h.addrs...)
			for _, n := range h.names {
				if !slices.Contains(o.names, n) {
					o.names = append(o.names, n)
				}
			}
			t.byAddr[h.addrs[0]] = o
			continue
		}
		first[name] = h
		kept = append(kept, h)
	}
	t.list = kept
}

// pair tells whether the best name of h has one IPv4 and one IPv6 address.
func (t *hostTable) pair(h *host) bool {
	list := t.byName[h.names[0].Name]
	return len(list) == 2 && list[0].Is4() != list[1].Is4()
}

// display chooses what to call each host: the first label of its best name
// where no other host shares it, else the whole name. Of an address with
// several machine accounts none of them is the host's name.
func (t *hostTable) display(owners map[netip.Addr]int) {
	count := map[string]int{}
	best, times := map[*host]string{}, map[string]int{}
	for _, h := range t.list {
		for _, n := range h.names {
			if n.Source == "machine account" && owners[h.addrs[0]] > 1 {
				continue
			}
			best[h] = n.Name
			times[n.Name]++
			count[shortName(n.Name)]++
			break
		}
	}
	for _, h := range t.list {
		n := best[h]
		switch {
		case n == "":
		case count[shortName(n)] == 1:
			h.short = shortName(n)
		case times[n] == 1:
			h.short = n
		default:
			h.short = n + " (" + h.addrs[0].String() + ")"
		}
	}
}
