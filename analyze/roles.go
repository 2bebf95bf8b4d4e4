package analyze

import (
	"net/netip"
	"slices"
	"strings"

	"kerbscope/decode"
)

// Roles of a host, in the order in which they are listed.
var roleNames = []string{"kdc", "client", "service", "mailbox", "hub"}

// Service classes that tell Exchange roles: SMTP is what hub servers accept,
// the store's RPC interfaces are a mailbox server's.
var (
	hubClasses     = []string{"smtp", "smtpsvc"}
	mailboxClasses = []string{"exchangemdb", "exchangerfr", "exchangeab"}
)

// assignRoles infers who is who from who asks, who issues and who accepts;
// what the user said wins.
func (c *Case) assignRoles() {
	j := c.joined
	add := func(a netip.Addr, role string) {
		if h := j.hosts.byAddr[a.Unmap()]; h != nil {
			h.roles = addOnce(h.roles, role)
		}
	}
	for _, w := range j.rows {
		r := w.Record()
		add(r.From.Addr(), "client")
		switch r.Kind {
		case decode.AS, decode.TGS, decode.Password:
			if r.Reply != nil || r.Error != nil || r.Hint != nil || r.To.Port() == kdcPort {
				add(r.To.Addr(), "kdc")
			}
		case decode.AP:
			add(r.To.Addr(), "service")
			switch class := spnClass(r.Service); {
			case slices.Contains(hubClasses, class):
				add(r.To.Addr(), "hub")
			case slices.Contains(mailboxClasses, class):
				add(r.To.Addr(), "mailbox")
			}
		}
	}
	// A machine that submits to a hub under its own account is a mailbox server.
	for _, w := range j.rows {
		r := w.Record()
		if r.Kind == decode.AP && slices.Contains(hubClasses, spnClass(r.Service)) && isComputer(r.Client) && !c.HasRole(r.From.Addr(), "hub") && !c.HasRole(r.From.Addr(), "kdc") {
			add(r.From.Addr(), "mailbox")
		}
	}
	c.overrideRoles()
	for _, h := range j.hosts.list {
		slices.SortFunc(h.roles, func(a, b string) int { return slices.Index(roleNames, a) - slices.Index(roleNames, b) })
	}
}

// overrideRoles gives each role that the user named to the hosts he named, and
// to no others.
func (c *Case) overrideRoles() {
	j := c.joined
	for _, role := range append([]string{"dc"}, roleNames...) {
		names, ok := j.opts.Roles[role]
		if !ok {
			continue
		}
		if role == "dc" {
			role = "kdc"
		}
		for _, h := range j.hosts.list {
			h.roles = slices.DeleteFunc(h.roles, func(s string) bool { return s == role })
		}
		for _, name := range names {
			addrs := c.HostsOf(strings.TrimSuffix(name, "."))
			if a, err := netip.ParseAddr(name); err == nil {
				addrs = []netip.Addr{a.Unmap()}
			}
			for _, a := range addrs {
				if h := j.hosts.byAddr[a]; h != nil {
					h.roles = addOnce(h.roles, role)
				}
			}
		}
	}
}

// UnknownRoles are the names given to Join that no capture ties to a host.
func (c *Case) UnknownRoles() []string {
	var list []string
	for _, role := range append([]string{"dc"}, roleNames...) {
		for _, name := range c.joined.opts.Roles[role] {
			a, err := netip.ParseAddr(name)
			if err == nil && c.joined.hosts.byAddr[a.Unmap()] == nil || err != nil && len(c.HostsOf(name)) == 0 {
				list = append(list, role+"="+name)
			}
		}
	}
	return list
}
