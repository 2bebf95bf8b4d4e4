package analyze

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// tlsAfterTicket is how long after a ticket for its SPN a session that goes
// into TLS is taken as what the ticket was for.
const tlsAfterTicket = int64(60e9)

// maxBlindTickets bounds the tickets listed of one blind spot.
const maxBlindTickets = 8

// A BlindTicket is a ticket that was fetched right before connections went into
// TLS with the host it is for.
type BlindTicket struct {
	Client      string `json:"client"` // host that fetched it
	Service     string `json:"service"`
	Capture     string `json:"capture"`
	Frame       uint64 `json:"frame"`       // of the TGS-REP
	Connections uint64 `json:"connections"` // that it may have been for

	rep  FrameRef
	from netip.Addr
}

// blindTLS are the servers that connections went into TLS with, one for each
// endpoint and carrier, and each far end of a proxy's tunnels.
func (c *Case) blindTLS() []BlindSpot {
	var list []BlindSpot
	issued := c.unpresented()
	for _, g := range group(c.joined.sessions, func(s *SessionFact) string {
		if s.TLS == 0 {
			return ""
		}
		return s.Server.String() + s.Carrier + " " + lower(s.Tunnel)
	}) {
		b := BlindSpot{Kind: "tls", Count: uint64(len(g)), Rules: acceptorRules, Hosts: []string{c.HostName(g[0].Server.Addr())}}
		for _, s := range g {
			b.Captures = addOnce(b.Captures, c.CaptureName(s.TLS))
			if t := c.ticketBefore(s, issued); t != nil {
				b.Tickets = c.addTicket(b.Tickets, t)
			}
		}
		// TLS from the first byte may be anything; it counts where a ticket was
		// issued for it.
		if len(b.Tickets) == 0 && (g[0].Carrier == "tls" || g[0].Tunnel != "") {
			continue
		}
		b.Summary = c.tlsText(g) + ticketsText(b.Tickets, c.CaptureName(g[0].TLS))
		list = append(list, b)
	}
	return list
}

// tlsText says what went into TLS.
func (c *Case) tlsText(g []*SessionFact) string {
	s := g[0]
	where := fmt.Sprintf("%s port %d", c.HostName(s.Server.Addr()), s.Server.Port())
	n := plural(uint64(len(g)), "connection")
	be := "are"
	if len(g) == 1 {
		be = "is"
	}
	switch {
	case s.Tunnel != "":
		return fmt.Sprintf("%s to %s through the proxy %s %s TLS (frame %d)", n, s.Tunnel, where, be, s.TLS.Number())
	case s.Carrier == "tls":
		return fmt.Sprintf("%s to %s %s TLS (frame %d)", n, where, be, s.TLS.Number())
	case s.Carrier == "rdp" && slices.Contains(s.Offered, "CredSSP"):
		return fmt.Sprintf("%s to %s went into TLS at frame %d; what was authenticated there is CredSSP inside TLS and unknown", carrierText(s.Carrier), where, s.TLS.Number())
	}
	return fmt.Sprintf("%s to %s went into TLS at frame %d; what was authenticated there is unknown", carrierText(s.Carrier), where, s.TLS.Number())
}

// ticketsText says who had fetched which ticket for it; frames of a capture
// other than the one in hand are told with its name.
func ticketsText(list []BlindTicket, capture string) string {
	if len(list) == 0 {
		return ""
	}
	var parts []string
	for i, t := range list {
		if i == 4 {
			parts = append(parts, fmt.Sprintf("%d more", len(list)-i))
			break
		}
		of := ""
		if t.Capture != capture {
			of = " of " + t.Capture
		}
		parts = append(parts, fmt.Sprintf("%s had fetched a ticket for %s (frame %d%s)", t.Client, bare(t.Service), t.Frame, of))
	}
	it := "it was"
	if len(list) > 1 {
		it = "they were"
	}
	return "; " + strings.Join(parts, ", ") + "; whether " + it + " accepted there cannot be seen"
}

// addTicket counts a connection for a ticket.
func (c *Case) addTicket(list []BlindTicket, t *TicketLife) []BlindTicket {
	r := t.Issued
	for i := range list {
		if list[i].rep == r.Reply.FrameRef && list[i].from == r.From.Addr() {
			list[i].Connections++
			return list
		}
	}
	if len(list) >= maxBlindTickets {
		return list
	}
	return append(list, BlindTicket{Client: c.HostName(r.From.Addr()), Service: t.Principal(), Capture: c.CaptureName(r.Reply.Frame),
		Frame: r.Reply.Frame.Number(), Connections: 1, rep: r.Reply.FrameRef, from: r.From.Addr()})
}

// ticketBefore is the newest ticket for a name of the session's server that was
// issued to its client shortly before TLS began, and was presented nowhere.
func (c *Case) ticketBefore(s *SessionFact, issued map[hostKey][]*TicketLife) *TicketLife {
	var best *TicketLife
	for _, t := range issued[c.hostKey(s.Client.Addr())] {
		if d := s.End.Time - t.Issued.Reply.Time; d < 0 || s.Begin.Time-t.Issued.Reply.Time > tlsAfterTicket {
			continue
		}
		if !c.ticketFor(t, s) {
			continue
		}
		if best == nil || cmp.Or(cmp.Compare(t.Issued.Reply.Time, best.Issued.Reply.Time), cmp.Compare(t.Issued.Reply.Frame, best.Issued.Reply.Frame)) >= 0 {
			best = t
		}
	}
	return best
}

// unpresented are the tickets that were issued and presented nowhere, in their
// order, by the host that they were issued to.
func (c *Case) unpresented() map[hostKey][]*TicketLife {
	by := map[hostKey][]*TicketLife{}
	for _, t := range c.joined.tickets {
		if t.Issued != nil && t.Issued.Reply != nil && len(t.Presented) == 0 {
			k := c.hostKey(t.Issued.From.Addr())
			by[k] = append(by[k], t)
		}
	}
	return by
}

// A hostKey is the same for all addresses of a host.
type hostKey struct {
	host *host // nil: addr is of none that is known
	addr netip.Addr
}

func (c *Case) hostKey(a netip.Addr) hostKey {
	if h := c.joined.hosts.byAddr[a]; h != nil {
		return hostKey{host: h}
	}
	return hostKey{addr: a}
}

// ticketFor tells whether a ticket names the server of a session and a service
// that is spoken there.
func (c *Case) ticketFor(t *TicketLife, s *SessionFact) bool {
	host := spnHost(t.Principal())
	if host == "" {
		return false
	}
	port := s.Server.Port()
	known := lower(s.TLSName) == host
	if s.Tunnel != "" {
		far, p, err := net.SplitHostPort(s.Tunnel)
		if err != nil {
			return false
		}
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return false
		}
		port = uint16(n)
		known = known || lower(far) == host || shortName(lower(far)) == host
	} else {
		known = known || slices.Contains(c.HostsOf(host), s.Server.Addr())
	}
	if !known {
		return false
	}
	classes := tlsCarrierClasses[s.Carrier]
	if s.Carrier == "tls" || s.Tunnel != "" {
		classes = tlsPortClasses[port]
	}
	return len(classes) == 0 || slices.Contains(classes, lower(components(t.Principal())[0]))
}

// The service classes whose tickets are presented on a carrier, or on a port
// that is TLS from the first byte; any on others.
var (
	tlsCarrierClasses = map[string][]string{
		"smtp": {"smtp", "smtpsvc", "host"},
		"ldap": {"ldap", "gc", "host"},
		"imap": {"imap", "imap4", "host"},
		"pop":  {"pop", "pop3", "host"},
		"xmpp": {"xmpp", "xmpp-server", "host"},
		"amqp": {"amqp", "host"},
		"rdp":  {"termsrv", "host"},
		"http": {"http", "wsman", "host"},
	}
	tlsPortClasses = map[uint16][]string{
		443: {"http", "wsman", "host"}, 8443: {"http", "host"}, 9443: {"http", "host"}, 5986: {"http", "wsman", "host"},
		636: {"ldap", "gc", "host"}, 3269: {"ldap", "gc", "host"}, 465: {"smtp", "smtpsvc", "host"}, 993: {"imap", "imap4", "host"}, 995: {"pop", "pop3", "host"},
		5223: {"xmpp", "host"}, 5671: {"amqp", "host"}, 3389: {"termsrv", "host"},
	}
)
