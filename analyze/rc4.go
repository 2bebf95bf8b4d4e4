package analyze

import (
	"cmp"
	"slices"

	"kerbscope/decode"
)

// A readiness gathers what the wire tells of one principal's use of RC4, DES
// or 3DES, and of its use of AES.
type readiness struct {
	row        RC4Row
	asksAES    bool // some request list of it holds AES
	asksNoAES  bool // some list holds none
	worksAES   bool // it was seen working with an AES key (client: preauthentication; service: a ticket accepted)
	keysNoAES  bool // a KDC that has AES for others told no AES key for it
	keysAES    bool // a KDC told an AES key
	kdcNoAES   bool // its weak tickets came only from KDCs without any AES
	kdcAES     bool // some came from a KDC with AES
	aesTicket  bool // the same service got an AES ticket too
	sessionAES bool // the KDC would give an AES session key: the list has AES and the ticket is AES
}

// rc4Rows says for every principal that used RC4 (or weaker) in
// preauthentication, tickets or session keys whether it would go on working without, from
// the wire alone.
func (c *Case) rc4Rows() []RC4Row {
	type id struct{ principal, role string }
	all := map[id]*readiness{}
	var order []*readiness
	get := func(principal, role string) *readiness {
		k := id{lower(principal), role}
		r := all[k]
		if r == nil {
			r = &readiness{row: RC4Row{Principal: principal, Role: role}}
			all[k] = r
			order = append(order, r)
		}
		return r
	}
	use := func(r *readiness, what string, e int32, n uint64) {
		if !slices.Contains(r.row.Uses, what) {
			r.row.Uses = append(r.row.Uses, what)
		}
		if !hasEtype(r.row.Etypes, e) {
			r.row.Etypes = append(r.row.Etypes, e)
		}
		r.row.Count += n
	}
	for _, w := range c.joined.rows {
		r := w.Record()
		k := c.KDC(r.To.Addr())
		if r.Client != "" && (r.Kind == decode.AS || r.Kind == decode.TGS) && len(r.Req.Etypes) > 0 && !loneForwarded(r) {
			p := get(r.Client, "client")
			p.asksAES = p.asksAES || hasAES(r.Req.Etypes)
			p.asksNoAES = p.asksNoAES || !hasAES(r.Req.Etypes)
		}
		switch {
		case r.Kind == decode.AS && r.Client != "":
			p := get(r.Client, "client")
			for _, f := range []*Failure{r.Hint, r.Error} {
				if f == nil || f.Info2 == nil || !hasAES(r.Req.Etypes) {
					continue
				}
				p.keysAES = p.keysAES || infoHasAES(f.Info2)
				p.keysNoAES = p.keysNoAES || !infoHasAES(f.Info2) && !c.noAES(k)
			}
			if r.Ending != decode.OK {
				break
			}
			e := r.Req.PreauthEtype
			if e == nil && r.Reply != nil && r.Req.Preauth == "" && !r.Req.FAST {
				e = r.Reply.Etype
			}
			if e != nil && isWeak(*e) {
				use(p, "preauth", *e, w.Count)
			} else if e != nil && isAES(*e) {
				p.worksAES = true
			}
		case r.Kind == decode.TGS && r.Ending == decode.OK && r.Issued != nil:
			p := get(r.Issued.Principal(), roleOfTicket(r.Issued))
			if isWeak(r.Issued.Etype) {
				use(p, "ticket", r.Issued.Etype, w.Count)
				p.kdcNoAES = p.kdcNoAES || c.noAES(k)
				p.kdcAES = p.kdcAES || !c.noAES(k)
			} else if isAES(r.Issued.Etype) {
				p.aesTicket = true
			}
		case r.Kind == decode.AP && r.Presented != nil:
			p := get(r.Presented.Principal(), roleOfTicket(r.Presented))
			if life := c.TicketOf(r.Presented.Hash); isWeak(r.Presented.Etype) && (life == nil || life.Issued == nil) {
				use(p, "ticket", r.Presented.Etype, w.Count)
			}
			if r.Ending == decode.OK && isAES(r.Presented.Etype) {
				p.worksAES = true
			}
			if r.SessionEtype != nil && isWeak(*r.SessionEtype) {
				use(p, "session", *r.SessionEtype, w.Count)
				p.sessionAES = p.sessionAES || isAES(r.Presented.Etype)
				if r.Client != "" {
					q := get(r.Client, "client")
					use(q, "session", *r.SessionEtype, w.Count)
				}
			}
		}
		if r.Kind == decode.TGS && r.Req.Authenticator != nil && isWeak(*r.Req.Authenticator) && r.Client != "" {
			use(get(r.Client, "client"), "session", *r.Req.Authenticator, w.Count)
		}
	}
	list := []RC4Row{}
	for _, r := range order {
		if len(r.row.Uses) == 0 {
			continue
		}
		if r.row.Role == "client" {
			r.client()
		} else {
			r.service()
		}
		slices.Sort(r.row.Uses)
		slices.SortFunc(r.row.Etypes, func(a, b int32) int { return cmp.Compare(b, a) })
		r.row.EtypesNames = etypeNames(r.row.Etypes)
		list = append(list, r.row)
	}
	slices.SortStableFunc(list, func(a, b RC4Row) int {
		rank := func(s string) int { return slices.Index([]string{"yes", "cannot-tell", "no"}, s) }
		return cmp.Or(cmp.Compare(rank(a.Breaks), rank(b.Breaks)), cmp.Compare(a.Role, b.Role), cmp.Compare(a.Principal, b.Principal))
	})
	return list
}

func roleOfTicket(t *TicketRef) string {
	if isReferral(t.Principal()) {
		return "trust"
	}
	return "service"
}

func (r *readiness) say(breaks, why, change string) {
	r.row.Breaks, r.row.Why, r.row.Change = breaks, why, change
}

func (r *readiness) client() {
	preauth := slices.Contains(r.row.Uses, "preauth")
	switch {
	case r.asksNoAES && !r.asksAES:
		r.say("yes", "its requests offer no AES", "let the client offer AES: remove DefaultEncryptionType and SupportedEncryptionTypes without the AES bits, or the list in krb5.conf")
	case preauth && r.keysNoAES && !r.keysAES:
		r.say("yes", "a KDC that has AES for others told no AES key for this account", "set the account's password anew, so that AES keys are stored, and allow AES in msDS-SupportedEncryptionTypes")
	case r.asksNoAES:
		r.say("cannot-tell", "some of its requests offer AES and some do not", "find the program or host that offers no AES: the exchanges tell its address")
	case preauth && r.worksAES:
		r.say("no", "the same account also proved an AES key", "find what still uses the RC4 key")
	case preauth && r.keysAES:
		r.say("cannot-tell", "the KDC has an AES key for it and the client offers AES, yet proves the RC4 key: the client may hold no other", "give the client the password or a keytab with AES keys, and capture its next logon")
	case preauth:
		r.say("cannot-tell", "the KDC has no AES for anyone, so whether the account has an AES key does not show", "capture a logon at a KDC with AES")
	case r.asksAES:
		r.say("no", "only its session keys are RC4, and it offers AES for those", "put AES first in the client's list")
	default:
		r.say("cannot-tell", "what the client offers was not captured", "capture a fresh logon: purge the tickets first")
	}
}

func (r *readiness) service() {
	ticket := slices.Contains(r.row.Uses, "ticket")
	what := "the service account"
	change := "set the account's password anew, allow AES in msDS-SupportedEncryptionTypes (0x18), renew its keytabs, and capture again"
	if r.row.Role == "trust" {
		what = "the trust"
		change = "tick \"The other domain supports Kerberos AES Encryption\" on the trust (ksetup /setenctypeattr), reset its password, and capture again"
	}
	switch {
	case ticket && r.worksAES:
		r.say("no", "an AES ticket for it was accepted", "find out why RC4 tickets are still issued: another KDC, or tickets from before the change")
	case ticket && r.aesTicket:
		r.say("cannot-tell", "AES tickets for it are issued, but none was seen accepted", change)
	case ticket && r.kdcNoAES && !r.kdcAES:
		r.say("cannot-tell", "the KDC issues no AES to anyone, so whether "+what+" has an AES key does not show", "capture a ticket request at a KDC with AES")
	case ticket:
		r.say("cannot-tell", "whether "+what+" has an AES key, and its keytab too, does not show in an RC4 ticket", change)
	case r.sessionAES:
		r.say("no", "its tickets are AES, only session keys are RC4", "let clients put AES first in their lists")
	default:
		r.say("cannot-tell", "the request that chose the session key was not captured", "capture with the KDC traffic in view: purge the tickets first")
	}
}
