package analyze

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// A readiness gathers what the wire tells of one principal's use of RC4, DES
// or 3DES, and of its use of AES.
type readiness struct {
	row        RC4Row
	asks       map[asking]*both         // what its requests list, by host and kind of request
	proves     map[string]*both         // keys proved, by host and request list: programs of a host have keys of their own
	takes      map[netip.AddrPort]*both // tickets accepted, by endpoint
	refusesAES bool                     // an endpoint that takes weak tickets refused an AES one for want of the key
	keysNoAES  bool                     // a KDC that has AES for others told no AES key for it
	keysAES    bool                     // a KDC told an AES key
	kdcNoAES   bool                     // its weak tickets came only from KDCs without any AES
	kdcAES     bool                     // some came from a KDC with AES
	aesTicket  bool                     // the same service got an AES ticket too
	sessionAES bool                     // the KDC would give an AES session key: the list has AES and the ticket is AES
	weakAsked  bool                     // a weak ticket was issued to a request that offers AES, by a KDC that has AES for others
	issued     bool                     // a weak ticket of it was issued in view
	weakKVNO   *uint32                  // the highest of its weak tickets
	aesKVNO    *uint32                  // the highest of its AES tickets
	tgt        bool                     // the krbtgt account itself
	rodc       uint32                   // of a read-only DC of this number
}

// An asking is one kind of request of one host.
type asking struct {
	from netip.Addr
	kind decode.Kind
}

// both tells what was seen of something: weak and strong.
type both struct{ weak, strong bool }

// seen notes one more of either.
func seen[K comparable](m *map[K]*both, k K, strong bool) {
	if *m == nil {
		*m = map[K]*both{}
	}
	b := (*m)[k]
	if b == nil {
		b = &both{}
		(*m)[k] = b
	}
	b.strong = b.strong || strong
	b.weak = b.weak || !strong
}

// any tells whether one of them is as wanted.
func anyOf[K comparable](m map[K]*both, is func(*both) bool) bool {
	for _, b := range m {
		if is(b) {
			return true
		}
	}
	return false
}

func onlyWeak(b *both) bool  { return b.weak && !b.strong }
func isMixed(b *both) bool   { return b.weak && b.strong }
func hasStrong(b *both) bool { return b.strong }

// offersStrong tells a request list with AES or Camellia.
func offersStrong(list []int32) bool {
	return hasAES(list) || hasEtype(list, 25) || hasEtype(list, 26)
}

// rc4Rows says for every principal that used RC4 (or weaker) in
// preauthentication, tickets or session keys whether it would go on working without, from
// the wire alone.
func (c *Case) rc4Rows() []RC4Row {
	type id struct {
		principal, role string
		rodc            uint32
	}
	all := map[id]*readiness{}
	var order []*readiness
	refusedAES := map[netip.AddrPort][]*readiness{}
	getOf := func(principal, role string, rodc uint32) *readiness {
		k := id{lower(principal), role, rodc}
		r := all[k]
		if r == nil {
			r = &readiness{row: RC4Row{Principal: principal, Role: role}, rodc: rodc}
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
	get := func(principal, role string) *readiness { return getOf(principal, role, 0) }
	ofTicket := func(t *TicketRef) *readiness {
		if !ownTGT(t) {
			return get(t.Principal(), roleOfTicket(t))
		}
		var number uint32
		if t.KVNO != nil {
			number = *t.KVNO >> 16
		}
		p := getOf(at("krbtgt/"+t.Realm, t.Realm), "service", number)
		p.tgt = true
		return p
	}
	issued := func(w *Row, r *Record, k *KDCFacts) {
		if r.Ending != decode.OK || r.Issued == nil || r.Issued.SName == "" || r.Req.KDCOptions&krb5.KDCEncTktInSkey != 0 {
			return
		}
		p := ofTicket(r.Issued)
		switch t := r.Issued; {
		case isWeak(t.Etype):
			use(p, "ticket", t.Etype, w.Count)
			p.kdcNoAES = p.kdcNoAES || c.noAES(k)
			p.kdcAES = p.kdcAES || !c.noAES(k)
			p.issued = true
			p.weakAsked = p.weakAsked || offersStrong(r.Req.Etypes) && !loneForwarded(r) && hasAESForOthers(k)
			p.weakKVNO = higher(p.weakKVNO, t.KVNO)
		case isAES(t.Etype):
			p.aesTicket = true
			p.aesKVNO = higher(p.aesKVNO, t.KVNO)
		}
	}
	for _, w := range c.joined.rows {
		r := w.Record()
		k := c.KDC(r.To.Addr())
		if r.Client != "" && (r.Kind == decode.AS || r.Kind == decode.TGS) && len(r.Req.Etypes) > 0 && !loneForwarded(r) {
			p := get(r.Client, "client")
			seen(&p.asks, asking{r.From.Addr(), r.Kind}, offersStrong(r.Req.Etypes))
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
			issued(w, r, k)
			if r.Ending != decode.OK {
				break
			}
			e := r.Req.PreauthEtype
			if e == nil && r.Reply != nil && r.Req.Preauth == "" && !r.Req.FAST {
				e = r.Reply.Etype
			}
			if e != nil && isWeak(*e) {
				use(p, "preauth", *e, w.Count)
			}
			if e != nil && (isWeak(*e) || isAES(*e)) {
				seen(&p.proves, r.From.Addr().String()+listKey(r.Req.Etypes), isAES(*e))
			}
		case r.Kind == decode.TGS:
			issued(w, r, k)
			if t := r.Presented; t != nil && t.SName != "" && isWeak(t.Etype) {
				if life := c.TicketOf(t.Hash); life == nil || life.Issued == nil {
					p := ofTicket(t)
					use(p, "ticket", t.Etype, w.Count)
					p.weakKVNO = higher(p.weakKVNO, t.KVNO)
				}
			}
		case r.Kind == decode.AP && r.Presented != nil && r.Req.APOptions&krb5.APUseSessionKey == 0:
			p := get(r.Presented.Principal(), roleOfTicket(r.Presented))
			if life := c.TicketOf(r.Presented.Hash); isWeak(r.Presented.Etype) && (life == nil || life.Issued == nil) {
				use(p, "ticket", r.Presented.Etype, w.Count)
			}
			switch e := r.Presented.Etype; {
			case !isAES(e) && !isWeak(e):
			case r.Ending == decode.OK && (r.Reply != nil || len(r.Carrier) > 0 && r.Carrier[0] != "http"):
				seen(&p.takes, r.To, isAES(e))
			case isAES(e) && keyRefused(r):
				refusedAES[r.To] = append(refusedAES[r.To], p)
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
	for to, principals := range refusedAES {
		for _, p := range principals {
			p.refusesAES = p.refusesAES || p.takes[to] != nil && onlyWeak(p.takes[to])
		}
	}
	list := []RC4Row{}
	for _, r := range order {
		if len(r.row.Uses) == 0 {
			continue
		}
		switch {
		case r.tgt:
			r.krbtgt()
		case r.row.Role == "client":
			r.client()
		default:
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

// ownTGT tells a TGT of its own realm, by the realm's DNS or NetBIOS name:
// encrypted with the key of krbtgt, not of a trust.
func ownTGT(t *TicketRef) bool {
	name := components(t.SName)
	if len(name) != 2 || lower(name[0]) != "krbtgt" || t.Realm == "" {
		return false
	}
	realm := lower(t.Realm)
	label, _, _ := strings.Cut(realm, ".")
	return lower(name[1]) == realm || lower(name[1]) == label
}

// hasAESForOthers tells a KDC that has AES for some service or client.
func hasAESForOthers(k *KDCFacts) bool {
	return k != nil && (issuesAES(k) || anyAES(k.Offered) || anyAES(k.Replies))
}

// higher is the higher of two kvnos of one account, of which either may be unknown.
func higher(a, b *uint32) *uint32 {
	if a == nil || b != nil && *b > *a {
		return b
	}
	return a
}

func roleOfTicket(t *TicketRef) string {
	if isReferral(t.Principal()) {
		return "trust"
	}
	return "service"
}

func (r *readiness) say(breaks, why, change, tells string) {
	if change == "" {
		change = tells
	}
	r.row.Breaks, r.row.Why, r.row.Change, r.row.WouldTell = breaks, why, change, tells
}

const (
	offerAES  = "let the client offer AES: remove DefaultEncryptionType and SupportedEncryptionTypes without the AES bits, or the list in krb5.conf"
	newKeys   = "set the account's password anew, so that AES keys are stored, and allow AES in msDS-SupportedEncryptionTypes"
	renewKeys = "set the account's password anew, allow AES in msDS-SupportedEncryptionTypes (0x18), and renew its keytabs"
)

func (r *readiness) client() {
	preauth := slices.Contains(r.row.Uses, "preauth")
	switch {
	case anyOf(r.asks, onlyWeak) && anyOf(r.asks, hasStrong):
		r.say("yes", "one kind of its requests, or those of one host, offer no AES", offerAES, "")
	case anyOf(r.asks, onlyWeak):
		r.say("yes", "its requests offer no AES", offerAES, "")
	case preauth && r.keysNoAES && !r.keysAES:
		r.say("yes", "a KDC that has AES for others told no AES key for this account", newKeys, "")
	case anyOf(r.asks, isMixed):
		r.say("cannot-tell", "some requests of one host offer AES and some do not", "find the program that offers no AES", "the exchanges without AES tell address, port and time: the process there at that time")
	case preauth && !anyOf(r.proves, onlyWeak):
		r.say("no", "the same host also proved an AES key, asking the same", "find what still uses the RC4 key: a DC without AES, or a password from before", "")
	case preauth && anyOf(r.proves, hasStrong):
		r.say("cannot-tell", "the account has an AES key and proved it, but not from every host or program that proves RC4", "renew the keytab or password of those that prove RC4", "klist -kte of the keytab used there: does it hold AES keys?")
	case preauth && r.keysAES:
		r.say("cannot-tell", "the KDC has an AES key for it and the client offers AES, yet proves the RC4 key: the client may hold no other", "give the client the password or a keytab with AES keys", "klist -kte of its keytab, or a logon from it at a KDC without RC4")
	case preauth:
		r.say("cannot-tell", "the KDC has no AES for anyone, so whether the account has an AES key does not show", "", "a capture of its logon at a KDC with AES")
	case anyOf(r.asks, hasStrong):
		r.say("no", "only its session keys are RC4, and it offers AES for those", "put AES first in the client's list", "")
	default:
		r.say("cannot-tell", "what the client offers was not captured", "", "a capture of a fresh logon: purge the tickets first")
	}
}

// krbtgt is the account whose key the KDC makes TGTs with. Its etype does not
// follow the client's list ([MS-KILE] §3.3.5.3): without an AES key every logon and every
// request for a ticket depends on RC4.
func (r *readiness) krbtgt() {
	account := "krbtgt"
	if r.rodc != 0 {
		account = fmt.Sprintf("the krbtgt account of the read-only DC number %d", r.rodc)
	}
	version := ""
	if r.weakKVNO != nil {
		version = fmt.Sprintf(" (RC4 with kvno %d)", *r.weakKVNO&0xffff)
	}
	name, mit := "krbtgt", " (MIT: see that supported_enctypes in kdc.conf has AES, then kadmin.local -q \"cpw -randkey -keepold "+bare(r.row.Principal)+"\")"
	if r.rodc != 0 {
		name, mit = fmt.Sprintf("krbtgt_%d", r.rodc), ""
	}
	reset := "with the domain at functional level 2008 or later set the password of " + account + " anew, once: Set-ADAccountPassword " + name + " -Reset; Windows makes a random one of whatever is typed" + mit +
		". That gives it AES keys, and TGTs of the old key go on working. It does not go back. A second reset only retires the old key: wait until every DC has the first (repadmin /showrepl) and for the longest life of a TGT (10 hours as a rule). Two resets close together make all TGTs fail"
	const tells = "pwdLastSet of krbtgt against the day the domain came to functional level 2008, msDS-KeyVersionNumber, KDCSVC event 42 on DCs with updates of November 2022 or later"
	switch {
	case !slices.Contains(r.row.Uses, "ticket"):
		r.say("no", "its TGTs are AES, only session keys are RC4", "let clients put AES first in their lists", "")
	case r.aesTicket && r.aesKVNO != nil && r.weakKVNO != nil && *r.aesKVNO > *r.weakKVNO:
		r.say("no", fmt.Sprintf("%s has AES keys: TGTs with kvno %d are AES, the RC4 ones have the older kvno %d and run out", account, *r.aesKVNO&0xffff, *r.weakKVNO&0xffff), "nothing; renewable TGTs of the old key live up to 7 days", "")
	case r.aesTicket && (r.aesKVNO == nil || r.weakKVNO == nil || *r.aesKVNO == *r.weakKVNO):
		r.say("no", account+" has AES keys: TGTs of the same key version are AES too", "find out which KDC makes TGTs with RC4 all the same: one without AES, or with a filter", "")
	case r.aesTicket:
		r.say("cannot-tell", fmt.Sprintf("TGTs with kvno %d are RC4, older ones with kvno %d AES: the KDCs, or the two keys, differ", *r.weakKVNO&0xffff, *r.aesKVNO&0xffff), reset, tells)
	case r.weakAsked:
		r.say("yes", "a KDC that has AES for others makes TGTs with RC4 for clients that offer AES: "+account+" has no AES key"+version+"; in a Windows domain its password was not changed since functional level 2008", reset, "")
	case r.issued && r.kdcNoAES && !r.kdcAES:
		r.say("cannot-tell", "the KDC has no AES for anyone: a system or functional level before 2008, or a filter; whether "+account+" has an AES key does not show", "raise the functional level to 2008 or later first; "+reset, tells)
	case r.issued:
		r.say("cannot-tell", "TGTs are made with RC4"+version+"; the clients seen offered no AES, or the KDC's AES for others was not in view", reset, tells)
	default:
		r.say("cannot-tell", "TGTs from before the capture are RC4"+version+"; whether "+account+" has an AES key by now does not show", reset, "a capture of a fresh logon: klist purge first; "+tells)
	}
}

func (r *readiness) service() {
	ticket := slices.Contains(r.row.Uses, "ticket")
	what, change := "the service account", renewKeys
	tells := "msDS-SupportedEncryptionTypes and pwdLastSet of the account, Available Keys in event 4769 (DCs with updates of January 2025 or later), klist -kte of the keytab"
	if r.row.Role == "trust" {
		what = "the trust"
		change = "tick \"The other domain supports Kerberos AES Encryption\" on the trust (ksetup /setenctypeattr), and reset its password"
		tells = "msDS-SupportedEncryptionTypes of the trusted domain object, on both sides"
	}
	switch {
	case r.refusesAES:
		r.say("yes", "an endpoint that takes its RC4 tickets refused an AES one for want of the key", renewKeys, "")
	case ticket && anyOf(r.takes, hasStrong) && !anyOf(r.takes, onlyWeak):
		r.say("no", "AES tickets for it were accepted wherever RC4 ones were", "find out why RC4 tickets are still issued: another KDC, or tickets from before the change", "")
	case ticket && anyOf(r.takes, hasStrong):
		r.say("cannot-tell", "an AES ticket for it was accepted, but not at every endpoint that takes RC4 ones", "renew the keytab of the other endpoint", "klist -kte of the keytab there, or an AES ticket shown to it")
	case ticket && r.aesTicket:
		r.say("cannot-tell", "AES tickets for it are issued, but none was seen accepted", "renew its keytabs", "klist -kte of its keytab, or a capture at the service")
	case ticket && r.kdcNoAES && !r.kdcAES:
		r.say("cannot-tell", "the KDC issues no AES to anyone, so whether "+what+" has an AES key does not show", "", "a capture of a ticket request at a KDC with AES")
	case ticket:
		r.say("cannot-tell", "whether "+what+" has an AES key, and its keytab too, does not show in an RC4 ticket", change, tells)
	case r.sessionAES:
		r.say("no", "its tickets are AES, only session keys are RC4", "let clients put AES first in their lists", "")
	default:
		r.say("cannot-tell", "the request that chose the session key was not captured", "", "a capture with the KDC traffic in view: purge the tickets first")
	}
}
