package decode

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"kerbscope/decode/krb5"
)

// maxOpened bounds the tickets whose opening is remembered.
const maxOpened = 4096

// Key usages, RFC 4120 §7.5.1.
const (
	usageTicket           = 2
	usageTGSAuthenticator = 7
	usageAPAuthenticator  = 11
)

// A Refusal is why no key opens a ticket.
type Refusal uint8

// The refusals, each stated only after every key of the ticket's etype was tried.
const (
	NotRefused    Refusal = iota
	NoPrincipal           // no entry for the ticket's service
	NoKVNO                // entries for the service, none of the ticket's kvno
	NoEType               // an entry for service and kvno, none of the ticket's etype
	WrongSecret           // an entry for service, kvno and etype, but another key
	CannotDecrypt         // an etype that this program cannot decrypt
	NotWhole              // only a part of the ticket was captured
)

// Opened is what keys made of a ticket, and of the authenticator beside it.
// It is shared by all messages with that ticket and must not be changed.
type Opened struct {
	Key     string   // "principal kvno etype" of the entry whose key opens the ticket; empty: none does
	KVNO    uint32   // of that entry; in its low 8 bits when the keytab holds no more
	Differs []string // what its label says otherwise than the ticket, one sentence each

	Refusal Refusal
	WhyNot  string   // one sentence, empty when a key opens it
	Has     []uint32 // the kvnos that the keytab has for the service, ascending

	SessionKeyEType                         krb5.Opt[int32]
	AuthTime, StartTime, EndTime, RenewTill krb5.Opt[int64] // Unix seconds
	Flags                                   krb5.Opt[uint32]
	CName                                   krb5.PrincipalName
	CRealm                                  []byte

	Authenticator *OpenedAuthenticator // nil: none beside the ticket, or no session key

	session krb5.EncryptionKey
}

// An OpenedAuthenticator is what the session key made of an authenticator.
type OpenedAuthenticator struct {
	CTime       krb5.Opt[int64] // the client's clock, Unix seconds
	CUSec       krb5.Opt[int32]
	SubkeyEType krb5.Opt[int32] // absent: no subkey
	SeqNumber   krb5.Opt[uint32]
	CName       krb5.PrincipalName
	CRealm      []byte
	CksumType   krb5.Opt[int32]
	WhyNot      string // why it does not open; then nothing else is set
}

// Open opens what m carries: the ticket of a KDC-REP or AP-REQ, or the TGT of a
// TGS-REQ, with its authenticator. Nil when m has no ticket.
func (k *Keys) Open(m *krb5.Message) *Opened {
	if k == nil || m == nil {
		return nil
	}
	switch {
	case m.KDCRep != nil && m.KDCRep.Ticket.OK:
		return k.OpenTicket(&m.KDCRep.Ticket)
	case m.APReq != nil && m.APReq.Ticket.OK:
		return k.openAPReq(m.APReq, usageAPAuthenticator)
	case m.KDCReq != nil && m.KDCReq.APReq != nil && m.KDCReq.APReq.Ticket.OK:
		return k.openAPReq(m.KDCReq.APReq, usageTGSAuthenticator)
	}
	return nil
}

func (k *Keys) openAPReq(r *krb5.APReq, usage uint32) *Opened {
	o := k.OpenTicket(&r.Ticket)
	if !r.Authenticator.OK || o.Refusal != NotRefused {
		return o
	}
	with := *o
	with.Authenticator = openAuthenticator(r.Authenticator, o.session, usage)
	return &with
}

// OpenTicket tries the entry that fits the ticket's labels best, then all
// others of its etype, and says which opens it or why none does. Never nil.
func (k *Keys) OpenTicket(t *krb5.Ticket) *Opened {
	if t.EncPart.Cut || len(t.EncPart.Cipher) == 0 || !t.EncPart.EType.OK {
		return &Opened{Refusal: NotWhole, WhyNot: "only a part of the ticket was captured"}
	}
	id := ticketID(t)
	k.mu.Lock()
	o := k.opened[id]
	k.mu.Unlock()
	if o != nil {
		return o
	}
	o = k.openTicket(t)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.opened == nil || len(k.opened) >= maxOpened {
		k.opened = map[[sha256.Size]byte]*Opened{}
	}
	k.opened[id] = o
	return o
}

// ticketID tells tickets apart by all that the answer depends on: the labels in clear can
// be rewritten on the way.
func ticketID(t *krb5.Ticket) (id [sha256.Size]byte) {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %v %v\n", t.Realm, t.SName.String(), t.EncPart.EType, t.EncPart.KVNO)
	h.Write(t.EncPart.Cipher)
	h.Sum(id[:0])
	return id
}

func (k *Keys) openTicket(t *krb5.Ticket) *Opened {
	etype := t.EncPart.EType.V
	if !canDecrypt(etype) {
		return &Opened{Refusal: CannotDecrypt, WhyNot: "tickets of etype " + etypeLabel(etype) + " cannot be decrypted here"}
	}
	service := service{t.SName.String(), string(t.Realm), t.EncPart.KVNO}
	tried := map[string]bool{} // by secret: one key often has many names
	for _, e := range k.byFit(service, etype) {
		secret := string(e.key.Secret())
		if tried[secret] {
			continue
		}
		tried[secret] = true
		plain, ok := decrypt(e.key, t.EncPart.Cipher, usageTicket)
		if !ok {
			continue
		}
		if part, ok := krb5.ParseEncTicketPart(plain); ok {
			return openedWith(e, service, part)
		}
	}
	return k.refuse(service, etype, len(tried))
}

// openedWith copies what it keeps of part, which may hold a large PAC.
func openedWith(e *keyEntry, s service, part krb5.EncTicketPart) *Opened {
	return &Opened{
		Key: e.label(), KVNO: e.kvno, Differs: s.differs(e),
		SessionKeyEType: part.Key.EType,
		AuthTime:        part.AuthTime, StartTime: part.StartTime, EndTime: part.EndTime, RenewTill: part.RenewTill,
		Flags: part.Flags, CName: part.CName.Clone(), CRealm: bytes.Clone(part.CRealm),
		session: krb5.NewEncryptionKey(part.Key.EType.V, bytes.Clone(part.Key.Secret())),
	}
}

// A service is what a ticket says in clear of the key that it is made with.
type service struct {
	name, realm string
	kvno        krb5.Opt[uint32]
}

func (s service) principal() string { return s.name + "@" + s.realm }

// matches compares as Active Directory does, which ignores case.
func (s service) matches(e *keyEntry) bool {
	return strings.EqualFold(s.name, e.name) && strings.EqualFold(s.realm, e.realm)
}

func (s service) hasKVNO(e *keyEntry) bool { return !s.kvno.OK || e.hasKVNO(s.kvno.V) }

// differs says what the label of a key that opens the ticket says otherwise.
func (s service) differs(e *keyEntry) (list []string) {
	switch {
	case s.name == e.name && s.realm == e.realm:
	case s.matches(e):
		list = append(list, fmt.Sprintf("the ticket is for %s, the key is labelled %s: upper and lower case differ", s.principal(), e.principal()))
	default:
		list = append(list, fmt.Sprintf("the ticket is for %s, the key is that of %s", s.principal(), e.principal()))
	}
	if !s.hasKVNO(e) {
		list = append(list, fmt.Sprintf("the ticket says kvno %d, the key is labelled kvno %d", s.kvno.V, e.kvno))
	}
	return list
}

// byFit lists the entries of an etype, those first whose labels fit best.
func (k *Keys) byFit(s service, etype int32) []*keyEntry {
	var list []*keyEntry
	for i := range k.entries {
		if k.entries[i].etype() == etype {
			list = append(list, &k.entries[i])
		}
	}
	misfit := func(e *keyEntry) (n int) {
		step := 2 // an entry of the same name in other case comes before one of another kvno
		switch {
		case s.name == e.name && s.realm == e.realm:
		case s.matches(e):
			n = 1
		default:
			n, step = 4, 1
		}
		if !s.hasKVNO(e) {
			n += step
		}
		return n
	}
	slices.SortStableFunc(list, func(a, b *keyEntry) int { return misfit(a) - misfit(b) })
	return list
}

// refuse says why no key opens a ticket, by what the labels lack; tried keys of
// the etype were tried in vain.
func (k *Keys) refuse(s service, etype int32, tried int) *Opened {
	o := &Opened{}
	var sameKVNO []string // etypes of entries for the service and kvno
	named, fits := false, (*keyEntry)(nil)
	for i := range k.entries {
		e := &k.entries[i]
		if !s.matches(e) {
			continue
		}
		named = true
		o.Has = append(o.Has, e.kvno)
		if s.hasKVNO(e) {
			sameKVNO = append(sameKVNO, etypeLabel(e.etype()))
			if e.etype() == etype && fits == nil {
				fits = e
			}
		}
	}
	slices.Sort(o.Has)
	o.Has = slices.Compact(o.Has)
	slices.Sort(sameKVNO)
	sameKVNO = slices.Compact(sameKVNO)
	switch {
	case fits != nil:
		o.Refusal = WrongSecret
		o.WhyNot = fmt.Sprintf("the keytab's %s is another key than the one the ticket was made with", fits.label())
	case len(sameKVNO) > 0:
		o.Refusal = NoEType
		o.WhyNot = fmt.Sprintf("the keytab has no %s key for %s%s (it has %s)", etypeLabel(etype), s.principal(), s.kvnoText(), strings.Join(sameKVNO, ", "))
	case named:
		o.Refusal = NoKVNO
		o.WhyNot = fmt.Sprintf("the keytab has no entry for %s%s (it has %s)", s.principal(), s.kvnoText(), s.ages(o.Has))
	default:
		o.Refusal = NoPrincipal
		o.WhyNot = fmt.Sprintf("the keytab has no entry for %s%s", s.principal(), k.nearest(s))
	}
	if tried > 0 && o.Refusal != WrongSecret {
		o.WhyNot += "; none of its other keys opens the ticket"
	}
	return o
}

func (s service) kvnoText() string {
	if !s.kvno.OK {
		return ""
	}
	return fmt.Sprintf(" kvno %d", s.kvno.V)
}

// ages names kvnos and how far they are from the ticket's.
func (s service) ages(kvnos []uint32) string {
	var list []string
	for i, n := range kvnos {
		if i == 8 {
			list = append(list, fmt.Sprintf("%d more", len(kvnos)-i))
			break
		}
		switch {
		case !s.kvno.OK:
			list = append(list, fmt.Sprintf("kvno %d", n))
		case n < s.kvno.V:
			list = append(list, fmt.Sprintf("kvno %d, older by %d", n, s.kvno.V-n))
		default:
			list = append(list, fmt.Sprintf("kvno %d, newer by %d", n, n-s.kvno.V))
		}
	}
	return strings.Join(list, "; ")
}

// nearest names up to three principals of the keytab that are most like the
// service: the same name in another realm, the same host in short or long
// form, its machine account.
func (k *Keys) nearest(s service) string {
	type candidate struct {
		principal string
		distance  int
	}
	var list []candidate
	for i := range k.entries {
		e := &k.entries[i]
		if d := likeness(s.name, e.name); d > 0 {
			list = append(list, candidate{e.principal(), -d})
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return a.distance - b.distance })
	var names []string
	for _, c := range list {
		if !slices.Contains(names, c.principal) {
			names = append(names, c.principal)
		}
		if len(names) == 3 {
			break
		}
	}
	switch {
	case len(names) > 0:
		return "; nearest: " + strings.Join(names, ", ")
	case len(k.entries) > 0:
		return fmt.Sprintf(" (its %d entries are for others, as %s)", len(k.entries), k.entries[0].principal())
	}
	return ": it is empty"
}

// likeness counts what two principal names have in common, 0 for nothing.
func likeness(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if a == b {
		return 8
	}
	serviceA, hostA := split(a)
	serviceB, hostB := split(b)
	n := 0
	if shortA, shortB := short(hostA), short(hostB); shortA != "" && shortA == shortB {
		n += 4
		if hostA == hostB {
			n++
		}
	}
	if n > 0 && serviceA != "" && serviceA == serviceB {
		n += 2
	}
	return n
}

// split tells the service class from the host: "" and the account's name for
// a machine account.
func split(name string) (class, host string) {
	class, rest, ok := strings.Cut(name, "/")
	if !ok {
		return "", strings.TrimSuffix(name, "$")
	}
	host, _, _ = strings.Cut(rest, "/")
	return class, host
}

func short(host string) string {
	host, _, _ = strings.Cut(host, ".")
	return host
}

// openAuthenticator opens an authenticator with the session key of its ticket.
func openAuthenticator(d krb5.EncryptedData, key krb5.EncryptionKey, usage uint32) *OpenedAuthenticator {
	switch {
	case d.Cut || len(d.Cipher) == 0:
		return &OpenedAuthenticator{WhyNot: "only a part of the authenticator was captured"}
	case !canDecrypt(key.EType.V):
		return &OpenedAuthenticator{WhyNot: "authenticators of etype " + etypeLabel(key.EType.V) + " cannot be decrypted here"}
	}
	plain, ok := decrypt(key, d.Cipher, usage)
	if !ok {
		return &OpenedAuthenticator{WhyNot: "the session key of the ticket does not open the authenticator"}
	}
	a, ok := krb5.ParseAuthenticator(plain)
	if !ok {
		return &OpenedAuthenticator{WhyNot: "the authenticator opens, but holds none"}
	}
	return &OpenedAuthenticator{CTime: a.CTime, CUSec: a.CUSec, SubkeyEType: a.Subkey.EType,
		SeqNumber: a.SeqNumber, CName: a.CName, CRealm: a.CRealm, CksumType: a.Cksum.Type}
}
