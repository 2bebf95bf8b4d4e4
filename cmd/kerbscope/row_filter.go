package main

import (
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// A rowFilter chooses Messages before a row is made of them: all its terms
// must hold.
type rowFilter []filterTerm

// A filterTerm is one --filter: key=value,value or key!=value,value.
type filterTerm struct {
	match func(*decode.Message, string) bool // the Message, and the name of its capture
	not   bool
}

// A filterKey is what a term may ask for. make reads its values.
type filterKey struct {
	name string
	what string // its values, for people
	make func(values []string) (func(*decode.Message, string) bool, error)
}

// filterKeys is a function, as the makers refer to it in their errors.
func filterKeys() []filterKey {
	return []filterKey{
		{"type", "AS-REQ, TGS-REP, KRB-ERROR ...; NTLM; carrier: a carrier's word", filterType},
		{"principal", "any name in the message, with or without @REALM; * and ? stand for others", filterPrincipal(cnames, snames)},
		{"cname", "the client's, likewise", filterPrincipal(cnames)},
		{"sname", "the service's, likewise", filterPrincipal(snames)},
		{"error", "KRB-ERROR's code, by number or name: 41, KRB_AP_ERR_MODIFIED, MODIFIED, *; also an NTSTATUS", filterError},
		{"etype", "any in the message, by number or name: 23, rc4-hmac, RC4", filterEtype},
		{"host", "an address or a network of either side: 10.77.0.20, 10.77.0.0/24", filterHost},
		{"port", "of either side", filterPort},
		{"carrier", "kdc, smtp, http, ldap, smb2, dcerpc, spnego ...", filterCarrier},
		{"outcome", "the carrier's word: accepted, refused or continue", filterOutcome},
		{"ticket", "the beginning of a ticket's hash, 6 digits or more", filterTicket},
		{"capture", "its name or label; * and ? stand for others", filterCapture},
		{"frame", "a number, or two with - between", filterFrame},
	}
}

// parseFilters reads every --filter.
func parseFilters(list []string) (rowFilter, error) {
	var f rowFilter
	for _, text := range list {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, &failure{exitUsage, "--filter " + quote(text) + " is no KEY=VALUE", filterHint()}
		}
		key, not := strings.CutSuffix(key, "!")
		i := slices.IndexFunc(filterKeys(), func(k filterKey) bool { return k.name == key })
		if i < 0 {
			var names []string
			for _, k := range filterKeys() {
				names = append(names, k.name)
			}
			return nil, &failure{exitUsage, "--filter has no key " + quote(key), didYouMean(key, names, filterHint())}
		}
		values := strings.Split(value, ",")
		if slices.Contains(values, "") {
			return nil, &failure{exitUsage, "--filter " + quote(text) + " lacks a value", key + " takes " + filterKeys()[i].what}
		}
		match, err := filterKeys()[i].make(values)
		if err != nil {
			return nil, &failure{exitUsage, "--filter " + quote(text) + ": " + err.Error(), key + " takes " + filterKeys()[i].what + "; " + filterHint()}
		}
		f = append(f, filterTerm{match, not})
	}
	return f, nil
}

func filterHint() string {
	var names []string
	for _, k := range filterKeys() {
		names = append(names, k.name)
	}
	return "the keys are " + strings.Join(names, ", ")
}

// take tells whether every term holds.
func (f rowFilter) take(m *decode.Message, capture string) bool {
	for _, t := range f {
		if t.match(m, capture) == t.not {
			return false
		}
	}
	return true
}

// badValue is the error for a value that no message could have.
type badValue string

func (b badValue) Error() string { return quote(string(b)) + " is none" }

func filterType(values []string) (func(*decode.Message, string) bool, error) {
	var types []krb5.MsgType
	var ntlm, carrier bool
	for _, v := range values {
		t := krb5.MsgType(0)
		for n := krb5.ASReq; n <= krb5.KRBErrorMsg; n++ {
			if s := n.String(); strings.EqualFold(v, s) || v == strconv.Itoa(int(n)) && !strings.Contains(s, " ") {
				t = n
			}
		}
		switch {
		case t != 0:
			types = append(types, t)
		case strings.EqualFold(v, "NTLM"):
			ntlm = true
		case strings.EqualFold(v, "carrier"):
			carrier = true
		default:
			return nil, badValue(v)
		}
	}
	return func(m *decode.Message, _ string) bool {
		return slices.Contains(types, m.Type()) || ntlm && m.NTLM != "" || carrier && m.Result != nil
	}, nil
}

// A nameOf calls yield with names of a message and their realms until it
// returns true, and tells whether it did.
type nameOf func(m *krb5.Message, yield func(krb5.PrincipalName, []byte) bool) bool

func filterPrincipal(sources ...nameOf) func([]string) (func(*decode.Message, string) bool, error) {
	return func(values []string) (func(*decode.Message, string) bool, error) {
		for i, v := range values {
			// Principals are compared as Windows does, whatever their case.
			values[i] = strings.ToLower(v)
			if _, err := path.Match(values[i], ""); err != nil {
				return nil, badValue(v)
			}
		}
		return func(m *decode.Message, _ string) bool {
			if m.Krb == nil {
				return false
			}
			for _, names := range sources {
				if names(m.Krb, func(n krb5.PrincipalName, realm []byte) bool { return principalMatches(values, n, realm) }) {
					return true
				}
			}
			return false
		}, nil
	}
}

func principalMatches(patterns []string, n krb5.PrincipalName, realm []byte) bool {
	if !n.OK {
		return false
	}
	name := strings.ToLower(wireText([]byte(n.String())))
	full := name + "@" + strings.ToLower(wireText(realm))
	for _, p := range patterns {
		if globMatches(p, name) || globMatches(p, full) {
			return true
		}
	}
	return false
}

// globMatches is path.Match in which * stands for "/" as well.
func globMatches(pattern, s string) bool {
	if !strings.ContainsAny(pattern, `*?[\`) {
		return pattern == s
	}
	const slash = "\x00"
	ok, _ := path.Match(strings.ReplaceAll(pattern, "/", slash), strings.ReplaceAll(s, "/", slash))
	return ok
}

// cnames are the names of clients: also the user for whom S4U asks.
func cnames(m *krb5.Message, yield func(krb5.PrincipalName, []byte) bool) bool {
	switch {
	case m.KDCReq != nil:
		if yield(m.KDCReq.CName, m.KDCReq.Realm) {
			return true
		}
	case m.KDCRep != nil:
		return yield(m.KDCRep.CName, m.KDCRep.CRealm)
	case m.Error != nil:
		return yield(m.Error.CName, m.Error.CRealm)
	}
	for _, pa := range m.PAData() {
		if pa.Type != krb5.PAForUser && pa.Type != krb5.PAS4UX509User {
			continue
		}
		d := pa.Decode()
		if u := d.ForUser; u != nil && yield(u.UserName, u.UserRealm) {
			return true
		}
		if u := d.S4UX509User; u != nil && yield(u.CName, u.CRealm) {
			return true
		}
	}
	return false
}

// snames are the names of services: asked for, or in a ticket.
func snames(m *krb5.Message, yield func(krb5.PrincipalName, []byte) bool) bool {
	switch {
	case m.KDCReq != nil && yield(m.KDCReq.SName, m.KDCReq.Realm),
		m.Error != nil && yield(m.Error.SName, m.Error.Realm),
		m.TGTReq != nil && yield(m.TGTReq.ServerName, m.TGTReq.Realm):
		return true
	}
	return eachTicket(m, func(t *krb5.Ticket) bool { return yield(t.SName, t.Realm) })
}

// eachTicket calls yield with the tickets of a message until it returns true,
// and tells whether it did.
func eachTicket(m *krb5.Message, yield func(*krb5.Ticket) bool) bool {
	var list []krb5.Ticket
	switch {
	case m.KDCReq != nil:
		if q := m.KDCReq.APReq; q != nil && yield(&q.Ticket) {
			return true
		}
		list = m.KDCReq.Tickets
	case m.KDCRep != nil:
		return yield(&m.KDCRep.Ticket)
	case m.APReq != nil:
		return yield(&m.APReq.Ticket)
	case m.TGTRep != nil:
		return yield(&m.TGTRep.Ticket)
	case m.Cred != nil:
		list = m.Cred.Tickets
	}
	for i := range list {
		if yield(&list[i]) {
			return true
		}
	}
	return false
}

func filterHost(values []string) (func(*decode.Message, string) bool, error) {
	var nets []netip.Prefix
	for _, v := range values {
		p, err := netip.ParsePrefix(v)
		if err != nil {
			a, bad := netip.ParseAddr(strings.Trim(v, "[]"))
			if bad != nil {
				return nil, badValue(v)
			}
			p = netip.PrefixFrom(a.Unmap().WithZone(""), a.Unmap().BitLen())
		}
		nets = append(nets, p)
	}
	return func(m *decode.Message, _ string) bool {
		src, dst := m.Src.Addr().Unmap(), m.Dst.Addr().Unmap()
		return slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(src) || p.Contains(dst) })
	}, nil
}

func filterPort(values []string) (func(*decode.Message, string) bool, error) {
	var ports []uint16
	for _, v := range values {
		n, err := strconv.ParseUint(v, 10, 16)
		if err != nil {
			return nil, badValue(v)
		}
		ports = append(ports, uint16(n))
	}
	return func(m *decode.Message, _ string) bool {
		return slices.Contains(ports, m.Src.Port()) || slices.Contains(ports, m.Dst.Port())
	}, nil
}

// filterCarrier takes any name: the list of carriers grows.
func filterCarrier(values []string) (func(*decode.Message, string) bool, error) {
	return func(m *decode.Message, _ string) bool {
		return slices.ContainsFunc(values, func(v string) bool {
			return slices.ContainsFunc(m.Carrier, func(c string) bool { return strings.EqualFold(c, v) })
		})
	}, nil
}

func filterOutcome(values []string) (func(*decode.Message, string) bool, error) {
	for _, v := range values {
		if !slices.Contains([]string{"accepted", "refused", "continue"}, v) {
			return nil, badValue(v)
		}
	}
	return func(m *decode.Message, _ string) bool {
		return m.Result != nil && slices.Contains(values, m.Result.Outcome.String())
	}, nil
}

func filterCapture(values []string) (func(*decode.Message, string) bool, error) {
	for _, v := range values {
		if _, err := path.Match(v, ""); err != nil {
			return nil, badValue(v)
		}
	}
	return func(_ *decode.Message, name string) bool {
		return slices.ContainsFunc(values, func(v string) bool {
			stem, _, _ := strings.Cut(name, ".")
			return globMatches(v, name) || globMatches(v, stem)
		})
	}, nil
}

func filterFrame(values []string) (func(*decode.Message, string) bool, error) {
	type span struct{ from, to uint64 }
	var spans []span
	for _, v := range values {
		from, to, isSpan := strings.Cut(v, "-")
		if !isSpan {
			to = from
		}
		a, err := strconv.ParseUint(from, 10, 40)
		b, err2 := strconv.ParseUint(to, 10, 40)
		if err != nil || err2 != nil || a > b {
			return nil, badValue(v)
		}
		spans = append(spans, span{a, b})
	}
	return func(m *decode.Message, _ string) bool {
		n := m.Frame.Number()
		return slices.ContainsFunc(spans, func(s span) bool { return s.from <= n && n <= s.to })
	}, nil
}
