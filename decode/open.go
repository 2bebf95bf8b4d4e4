package decode

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"strings"

	"kerbscope/decode/krb5"
)

// Key usages, RFC 4120 §7.5.1, RFC 6113 §5.4.
const (
	usageTimestamp        = 1
	usageTicket           = 2
	usageASRep            = 3
	usageTGSAuthenticator = 7
	usageTGSRepSession    = 8
	usageTGSRepSubkey     = 9
	usageAPAuthenticator  = 11
	usageAPRep            = 12
	usagePriv             = 13
	usageFastReq          = 51
	usageFastRep          = 52
	usageChallengeClient  = 54
	usageChallengeKDC     = 55
)

// open opens what m carries. Nil when it carries nothing that keys could open,
// and none of the keys is for it.
func (o *opener) open(m *Message) *Opened {
	k := m.Krb
	if k == nil {
		return nil
	}
	switch {
	case k.KDCReq != nil:
		return o.kdcReq(m, k.KDCReq)
	case k.KDCRep != nil:
		return o.kdcRep(m, k.KDCRep)
	case k.Error != nil:
		return o.krbError(m, k.Error)
	case k.APReq != nil:
		return o.presented(m, k.APReq)
	case k.APRep != nil:
		return o.apRep(m, k.APRep)
	case k.Priv != nil:
		return o.priv(m, k.Priv)
	}
	return nil
}

// A dialog is the keys of one request and its answer.
type dialog struct {
	server   netip.AddrPort
	client   service            // AS-REQ: who asks
	armor    krb5.EncryptionKey // of FAST; EType not OK: unknown, as the others
	armorOf  string
	armorWas *Opened            // ticket and authenticator of the armor
	session  krb5.EncryptionKey // of the ticket presented
	subkey   krb5.EncryptionKey // of the authenticator
	theirs   krb5.EncryptionKey // subkey of the AP-REP
	second   krb5.EncryptionKey // of the first additional ticket: the issued one may be made with it
	ctime    krb5.Opt[int64]    // of the authenticator
	spake    bool               // AS-REQ: the reply's key is agreed with SPAKE (RFC 9588 §4.5)
}

// flowKeys is the dialogs of one conversation that may still be answered.
type flowKeys struct {
	dialogs [4]dialog // newest first
	n       int
}

// between is the conversation of m, whoever speaks.
func between(m *Message) flowKey {
	if m.Src.Compare(m.Dst) < 0 {
		return flowKey{m.Src, m.Dst, m.Transport}
	}
	return flowKey{m.Dst, m.Src, m.Transport}
}

// begin remembers a request.
func (o *opener) begin(m *Message, t dialog) {
	t.server = m.Dst
	f, ok := o.flows.get(between(m))
	if !ok {
		f = new(flowKeys)
		if o.flows.put(between(m), f) {
			o.limit("conversations whose keys are known")
		}
	}
	copy(f.dialogs[1:], f.dialogs[:])
	f.dialogs[0] = t
	f.n = min(f.n+1, len(f.dialogs))
}

// talks are the requests that m can answer, newest first.
func (o *opener) talks(m *Message) []dialog {
	f, ok := o.flows.get(between(m))
	if !ok {
		return nil
	}
	return f.dialogs[:f.n]
}

// A ticketKey tells tickets apart by all that the answer depends on: the labels in
// clear can be rewritten on the way.
type ticketKey [sha256.Size]byte

// A cipherKey is the hash of a ticket's cipher.
type cipherKey [sha256.Size]byte

// A ticketAnswer is what keys made of a ticket, when that many salts were known.
type ticketAnswer struct {
	*Opened
	generation int
}

// A learntKey is a session key that the client's side of the capture tells.
type learntKey struct {
	key  krb5.EncryptionKey
	from string
}

// ticket tries the keys on a ticket and says which opens it, or why none does.
// Never nil; shared by all messages with that ticket.
func (o *opener) ticket(t *krb5.Ticket) *Opened {
	if whole := !t.EncPart.Cut && len(t.EncPart.Cipher) > 0 && t.EncPart.EType.OK; !whole {
		return &Opened{Refusal: NotWhole, WhyNot: "only a part of the ticket was captured"}
	}
	id := ticketID(t)
	if a, ok := o.tickets.get(id); ok && (a.Refusal == NotRefused || a.generation == o.generation) {
		return a.Opened
	}
	a := &ticketAnswer{o.openTicket(t), o.generation}
	o.tickets.put(id, a)
	return a.Opened
}

func ticketID(t *krb5.Ticket) (id ticketKey) {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %v %v\n", t.Realm, t.SName.String(), t.EncPart.EType, t.EncPart.KVNO)
	h.Write(t.EncPart.Cipher)
	h.Sum(id[:0])
	return id
}

func (o *opener) openTicket(t *krb5.Ticket) *Opened {
	etype := t.EncPart.EType.V
	if !canDecrypt(etype) {
		return &Opened{Refusal: CannotDecrypt, WhyNot: "tickets of etype " + etypeLabel(etype) + " cannot be decrypted here"}
	}
	var part krb5.EncTicketPart
	s := sealed{what: "ticket", owner: service{t.SName.String(), string(t.Realm), t.EncPart.KVNO}, etype: etype,
		data: t.EncPart.Cipher, usage: usageTicket, begins: "\x63",
		reads: func(plain []byte) (ok bool) { part, ok = krb5.ParseEncTicketPart(plain); return ok }}
	e, tried, all := o.unseal(s)
	if e == nil {
		return o.refuse(s, tried, all)
	}
	r := openedWith(part)
	r.Key, r.KVNO, r.Owner, r.ByPassword = e.label(), e.kvno, e.principal(), e.password
	r.Differ, r.Differs = s.owner.differs(e)
	if why := o.saltDiffers(e); why != "" {
		r.Differ |= DiffersSalt
		r.Differs = append(r.Differs, why)
	}
	if r.Differ&DiffersName != 0 {
		own := o.reason(s)
		r.OwnRefusal, r.OwnWhyNot, r.Has = own.Refusal, own.WhyNot, own.Has
	}
	return r
}

// openedWith copies what it keeps of part, which may hold a large PAC.
func openedWith(part krb5.EncTicketPart) *Opened {
	r := &Opened{
		SessionKeyEType: part.Key.EType,
		AuthTime:        part.AuthTime, StartTime: part.StartTime, EndTime: part.EndTime, RenewTill: part.RenewTill,
		Flags: part.Flags, CName: part.CName.Clone(), CRealm: bytes.Clone(part.CRealm), Transited: bytes.Clone(part.Transited),
		Addresses: len(part.CAddr), session: cloneKey(part.Key),
	}
	for a := range krb5.AuthorizationData(part.AuthData) {
		switch a.Type {
		case krb5.ADWin2kPAC:
			if pac, ok := krb5.ParsePAC(a.Data); ok && r.PAC == nil {
				r.PAC = summary(&pac)
			}
		case krb5.ADAuthenticationIndicator:
			r.Indicators = append(r.Indicators, a.Decode().Indicators...)
		}
	}
	return r
}

func cloneKey(k krb5.EncryptionKey) krb5.EncryptionKey {
	if !k.EType.OK {
		return krb5.EncryptionKey{}
	}
	return krb5.NewEncryptionKey(k.EType.V, bytes.Clone(k.Secret()))
}

// summary copies what is told of a PAC.
func summary(pac *krb5.PAC) *OpenedPAC {
	r := &OpenedPAC{Size: pac.Size, Requestor: pac.Requestor, Attributes: pac.Attributes, Anomalies: pac.Anomalies}
	for _, b := range pac.Buffers {
		r.Buffers = append(r.Buffers, b.Type)
	}
	for _, s := range pac.Signatures {
		s.Signature = nil
		r.Signatures = append(r.Signatures, s)
	}
	if l := pac.Logon; l != nil {
		r.Account, r.Domain, r.LogonServer, r.DomainSID = l.EffectiveName, l.LogonDomain, l.LogonServer, l.DomainSID
		r.UserID, r.PrimaryGroup, r.AccountControl = l.UserID, l.PrimaryGroupID, l.UserAccountControl
		r.Groups, r.ExtraSIDs, r.Resource = l.GroupCount, l.ExtraSIDCount, l.ResourceGroupCount
	}
	if c := pac.Client; c != nil {
		r.ClientName, r.ClientAuthTime = c.Name, c.AuthTime
	}
	if u := pac.UPN; u != nil {
		r.UPN, r.DNSDomain = u.UPN, u.DNSDomain
	}
	if d := pac.Delegation; d != nil {
		r.Delegation = append([]string{d.ProxyTarget}, d.Transited[:min(len(d.Transited), 16)]...)
	}
	return r
}

// sessionOf is the session key of a ticket: in the ticket when it opens, else
// as the client's side of the capture told it. from is "" when it is unknown.
func (o *opener) sessionOf(t *krb5.Ticket, r *Opened) (key krb5.EncryptionKey, from string) {
	if r.session.EType.OK {
		return r.session, "session key of the ticket"
	}
	if t.EncPart.Cut || len(t.EncPart.Cipher) == 0 {
		return key, ""
	}
	l, ok := o.learnt.get(sha256.Sum256(t.EncPart.Cipher))
	if !ok {
		return key, ""
	}
	return l.key, l.from
}

// learn remembers the session key of a ticket.
func (o *opener) learn(t *krb5.Ticket, key krb5.EncryptionKey, from string) {
	if t.EncPart.Cut || len(t.EncPart.Cipher) == 0 || !key.EType.OK {
		return
	}
	if o.learnt.put(sha256.Sum256(t.EncPart.Cipher), learntKey{cloneKey(key), from}) {
		o.limit("session keys learnt")
	}
}

// withSession opens a part with a key that is no long-term one; why says why
// it does not open.
func withSession(key krb5.EncryptionKey, d krb5.EncryptedData, usage uint32, what string) (plain []byte, why string) {
	switch {
	case d.Cut || len(d.Cipher) == 0:
		return nil, "only a part of the " + what + " was captured"
	case !canDecrypt(key.EType.V):
		return nil, what + "s of etype " + etypeLabel(key.EType.V) + " cannot be decrypted here"
	}
	plain, ok := decrypt(key, d.Cipher, usage)
	if !ok {
		return nil, "does not open"
	}
	return plain, ""
}

// printableText is b as text when people can read it.
func printableText(b []byte) string {
	if s := strings.TrimRight(string(b), "\x00"); printable([]byte(s)) {
		return text([]byte(s))
	}
	return ""
}
