package analyze

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// keyCauses are the rules that say what is wrong with a key of an acceptor, the
// most telling first.
var keyCauses = []string{
	"spn-on-wrong-account", "stale-keytab", "stale-ticket", "acceptor-lacks-etype-key", "acceptor-lacks-key", "ticket-refused-everywhere", "key-mismatch",
}

// siblings makes one cause of the refusals of one key at several ports of one
// host, none of which takes it: then the host's keytab or password is at fault, or the
// account's, and not one process. The most telling finding is the root of the
// others; among refusals without a reason alone there is none.
func (c *Case) siblings(list []*Finding) {
	type member struct {
		f    *Finding
		at   netip.AddrPort
		keys []showing
	}
	var all []member
	for _, f := range list {
		if f.BecauseOf != "" || f.Severity == Note || f.Rule != "ap-refused" && !slices.Contains(keyCauses, f.Rule) {
			continue
		}
		at, err := netip.ParseAddrPort(f.Subject.Server)
		if err != nil {
			continue
		}
		if keys := c.refusedKeys(f, at); len(keys) > 0 {
			all = append(all, member{f, at, keys})
		}
	}
	rank := func(m member) int {
		if i := slices.Index(keyCauses, m.f.Rule); i >= 0 {
			return i
		}
		return len(keyCauses)
	}
	slices.SortStableFunc(all, func(a, b member) int {
		sureFirst := func(m member) int {
			switch {
			case sure(m.keys):
				return 0
			case slices.ContainsFunc(m.keys, func(s showing) bool { return keytabProves(s.p.First) }):
				return 1
			}
			return 2
		}
		return cmp.Or(cmp.Compare(sureFirst(a), sureFirst(b)), cmp.Compare(rank(a), rank(b)), cmp.Compare(confidenceRank(a.f.Confidence), confidenceRank(b.f.Confidence)), cmp.Compare(a.f.first, b.f.first), cmp.Compare(a.f.ID, b.f.ID))
	})
	if len(all) < 2 {
		return
	}
	var taken []showing
	for _, t := range c.Tickets() {
		for _, p := range t.Presented {
			if p.Kind == decode.AP && p.Ending == decode.OK && p.First != nil {
				taken = append(taken, showing{t, p})
			}
		}
	}
	taken = oneOfEach(taken)
	for i, root := range all {
		if root.f.BecauseOf != "" || rank(root) == len(keyCauses) {
			continue
		}
		var also []string
		for _, m := range all[i+1:] {
			if m.f.BecauseOf != "" || m.at == root.at || !c.SameHost(m.at.Addr(), root.at.Addr()) || root.f.Confidence == Possible && m.f.Confidence != Possible || !c.oneKey(root.keys, m.keys, taken) {
				continue
			}
			m.f.BecauseOf = root.f.ID
			also = addOnce(also, c.endpoint(m.at))
		}
		if len(also) > 0 {
			root.f.Cause += fmt.Sprintf(" The same key is refused at %s too, and no port of %s took it: one cause, a keytab, password, setting or process that these ports share.", join(also, 4), c.HostName(root.at.Addr()))
		}
	}
}

// refusedKeys are the presentations at the endpoint that f is about by which a
// key is in doubt.
func (c *Case) refusedKeys(f *Finding, at netip.AddrPort) (list []showing) {
	for _, hash := range f.Subject.Tickets {
		t := c.TicketOf(hash)
		if t == nil {
			continue
		}
		for _, p := range t.Presented {
			if p.To == at && p.First != nil && refusedAP(p.First) && (p.First.Opened == nil || p.First.Opened.Key == "" || p.First.Opened.Foreign) {
				list = append(list, showing{t, p})
			}
		}
	}
	return oneOfEach(list)
}

// oneOfEach leaves one presentation of each key and endpoint, those with a KRB-ERROR first.
func oneOfEach(list []showing) (out []showing) {
	seen := map[string]bool{}
	for _, refused := range [...]bool{true, false} {
		for _, s := range list {
			if keyRefused(s.p.First) != refused {
				continue
			}
			id := fmt.Sprint(s.p.To, "|", s.life.Etype, "|", num(s.life.KVNO), "|", lower(s.life.Principal()))
			if s.life.KVNO == nil {
				id += "|" + s.life.Hash
			}
			if o := s.p.First.Opened; o != nil {
				id += "|" + lower(o.Owner)
			}
			if !seen[id] {
				seen[id] = true
				out = append(out, s)
			}
		}
	}
	return out
}

// oneKey tells whether both hold a ticket made with one key that no port of the
// host took.
func (c *Case) oneKey(a, b, taken []showing) bool {
	for _, s := range a {
		for _, o := range b {
			if sameKey(s, o) && !c.hostTakes(s, taken) && !c.hostTakes(o, taken) {
				return true
			}
		}
	}
	return false
}

// sameKey tells whether two tickets were made with one key: the very ticket,
// or the same kvno and etype of one name, of names of one computer's account, or of what
// a keytab shows to be one account.
func sameKey(a, b showing) bool {
	s, t := a.life, b.life
	if s == t {
		return true
	}
	if s.Etype != t.Etype || s.KVNO == nil || t.KVNO == nil || *s.KVNO != *t.KVNO || !samePrincipal(s.Realm, t.Realm) {
		return false
	}
	if samePrincipal(s.SName, t.SName) || hostsOwn(s, t) && spnHost(s.SName) != "" && spnHost(s.SName) == spnHost(t.SName) {
		return true
	}
	x, y := a.p.First.Opened, b.p.First.Opened
	return x != nil && y != nil && x.Owner != "" && samePrincipal(x.Owner, y.Owner)
}

// hostTakes tells whether any port of the host that refused s said yes to a
// ticket made with the same key.
func (c *Case) hostTakes(s showing, taken []showing) bool {
	return slices.ContainsFunc(taken, func(a showing) bool {
		return c.SameHost(a.p.To.Addr(), s.p.To.Addr()) && sameKey(s, a)
	})
}
