package decode

import (
	"fmt"
	"slices"

	"kerbscope/decode/krb5"
)

// kdcReq opens what a client asks a KDC: the TGT and authenticator of a
// TGS-REQ, FAST armor, and the proof that the client knows its key.
func (o *opener) kdcReq(m *Message, q *krb5.KDCReq) *Opened {
	r, t := &Opened{}, dialog{}
	if q.APReq != nil && q.APReq.Ticket.OK {
		var a *Opened
		a, t = o.apReq(q.APReq, usageTGSAuthenticator)
		with := *a
		r = &with
	}
	if q.CName.OK {
		t.client = service{name: q.CName.String(), realm: string(q.Realm)}
	}
	padata := q.PAData
	if f := fastOf(q.PAData); f != nil && !f.Reply {
		r.FAST = o.fastReq(f, &t)
		if r.FAST != nil && r.FAST.Request != nil {
			padata = r.FAST.PAData
			if in := r.FAST.Request; in.CName.OK {
				t.client = service{name: in.CName.String(), realm: string(in.Realm)}
			}
		}
	}
	r.Preauth = o.preauth(padata, &t, false)
	t.spake = slices.ContainsFunc(padata, func(pa krb5.PAData) bool { return pa.Type == krb5.PASPAKE })
	for i := range q.Tickets {
		a := o.ticket(&q.Tickets[i])
		if key, from := o.sessionOf(&q.Tickets[i], a); from != "" && i == 0 {
			t.second = key
		}
		r.Tickets = append(r.Tickets, a)
	}
	o.begin(m, t)
	return r.orNil()
}

// orNil is nil when nothing is told.
func (r *Opened) orNil() *Opened {
	if !r.hasTicket() && r.EncPart == nil && r.Preauth == nil && r.FAST == nil && r.APRep == nil && r.Priv == nil && r.Tickets == nil {
		return nil
	}
	return r
}

// preauth opens an encrypted timestamp or challenge. Nil when there is none,
// or no key of the client to open it with.
func (o *opener) preauth(list []krb5.PAData, t *dialog, kdc bool) *OpenedPreauth {
	for _, pa := range list {
		if pa.Type != krb5.PAEncTimestamp && pa.Type != krb5.PAEncryptedChallenge || len(pa.Value) == 0 {
			continue
		}
		d := pa.Decode().Encrypted
		if !d.OK || t.client.name == "" {
			continue
		}
		r := &OpenedPreauth{Challenge: pa.Type == krb5.PAEncryptedChallenge}
		if pa.Cut || d.Cut {
			r.Refusal, r.WhyNot = NotWhole, "only a part of it was captured"
			return r
		}
		s := sealed{what: "timestamp", owner: t.client, etype: d.EType.V, data: d.Cipher, usage: usageTimestamp, begins: "\x30",
			reads: func(plain []byte) bool {
				ts, ok := krb5.ParsePAEncTSEnc(plain)
				r.Timestamp, r.USec = ts.Timestamp, ts.USec
				return ok
			}}
		s.owner.kvno = d.KVNO
		if r.Challenge {
			if !t.armor.EType.OK {
				return nil
			}
			armor, pepper := t.armor, "clientchallengearmor"
			s.what, s.usage = "challenge", usageChallengeClient
			if kdc {
				pepper, s.usage = "kdcchallengearmor", usageChallengeKDC
			}
			s.through = func(key krb5.EncryptionKey) (krb5.EncryptionKey, bool) {
				return cf2(armor, key, pepper, "challengelongterm")
			}
		}
		e, refusal, why := o.clientPart(s)
		switch {
		case e != nil:
			r.Key = e.label()
		case refusal == NoPrincipal:
			return nil
		default:
			r.Refusal, r.WhyNot, r.Timestamp, r.USec = refusal, why, krb5.Opt[int64]{}, krb5.Opt[int32]{}
		}
		return r
	}
	return nil
}

// clientPart opens what a client's key seals.
func (o *opener) clientPart(s sealed) (*keyEntry, Refusal, string) {
	if !canDecrypt(s.etype) {
		if len(o.byName[lowerASCII(s.owner.principal())]) == 0 {
			return nil, NoPrincipal, ""
		}
		return nil, CannotDecrypt, s.what + "s of etype " + etypeLabel(s.etype) + " cannot be decrypted here"
	}
	e, tried, all := o.unseal(s)
	if e != nil {
		return e, NotRefused, ""
	}
	r := o.refuse(s, tried, all)
	return nil, r.Refusal, r.WhyNot
}

// kdcRep opens what a KDC answers: FAST armor, the ticket with the service's
// key, and the enc-part with the client's.
func (o *opener) kdcRep(m *Message, p *krb5.KDCRep) *Opened {
	r := &Opened{}
	talks := o.talks(m)
	if p.Ticket.OK {
		with := *o.userToUser(&p.Ticket, talks)
		r = &with
	}
	var strengthen krb5.EncryptionKey
	armored := false // in armor that is not opened
	t := &dialog{}
	if len(talks) > 0 {
		t = &talks[0]
	}
	client := service{name: p.CName.String(), realm: string(p.CRealm)}
	padata := p.PAData
	if f := fastOf(p.PAData); f != nil && f.Reply {
		t, r.FAST, strengthen = o.fastRep(f, talks, t)
		armored = r.FAST == nil || r.FAST.WhyNot != ""
		if !armored {
			padata = r.FAST.PAData
			if r.FAST.Client.OK {
				client = service{name: r.FAST.Client.String(), realm: string(r.FAST.CRealm)}
			}
		}
	}
	o.learnSalts(client.name, client.realm, padata)
	if t.client.name != "" {
		o.learnSalts(t.client.name, t.client.realm, padata)
	}
	if m.Krb.Type == krb5.ASRep && r.FAST != nil {
		r.Preauth = o.preauth(padata, t, true)
	}
	if p.EncPart.OK {
		if m.Krb.Type == krb5.ASRep {
			r.EncPart = o.asEncPart(m, p, client, t, padata, strengthen)
		} else {
			r.EncPart = o.tgsEncPart(m, p, talks, strengthen)
		}
		if armored && r.EncPart != nil && (r.EncPart.Refusal == WrongSecret || r.EncPart.Refusal == SaltUnknown) {
			// The strengthen-key inside is part of the reply key, RFC 6113 §5.4.3.
			r.EncPart = &OpenedEncPart{Refusal: CannotDecrypt, WhyNot: "the reply is armored with FAST, and its key with it; the armor could not be opened"}
		}
	}
	return r.orNil()
}

// userToUser opens an issued ticket with the keys, else with the session key of
// the additional ticket that the request holds (ENC-TKT-IN-SKEY, RFC 4120 §3.3.3).
func (o *opener) userToUser(t *krb5.Ticket, talks []dialog) *Opened {
	r := o.ticket(t)
	if r.Refusal == NotRefused || r.Refusal == NotWhole {
		return r
	}
	for i := range talks {
		key := talks[i].second
		if !key.EType.OK {
			continue
		}
		plain, why := withSession(key, t.EncPart, usageTicket, "ticket")
		if why != "" {
			continue
		}
		if part, ok := krb5.ParseEncTicketPart(plain); ok {
			r = openedWith(part)
			r.Key = "session key of the additional ticket"
			o.tickets.put(ticketID(t), &ticketAnswer{r, o.generation})
			return r
		}
	}
	return r
}

// asEncPart opens the enc-part of an AS-REP with the client's long-term key.
func (o *opener) asEncPart(m *Message, p *krb5.KDCRep, client service, t *dialog, padata []krb5.PAData, strengthen krb5.EncryptionKey) *OpenedEncPart {
	d := p.EncPart
	if d.Cut || len(d.Cipher) == 0 || !d.EType.OK {
		return nil
	}
	var part krb5.EncKDCRepPart
	s := sealed{what: "enc-part", owner: client, etype: d.EType.V, data: d.Cipher, usage: usageASRep, begins: "\x79\x7a",
		reads: func(plain []byte) (ok bool) { part, ok = krb5.ParseEncKDCRepPart(plain); return ok }}
	s.owner.kvno = d.KVNO
	if strengthen.EType.OK {
		s.through = func(key krb5.EncryptionKey) (krb5.EncryptionKey, bool) {
			return cf2(strengthen, key, "strengthenkey", "replykey")
		}
	}
	e, refusal, why := o.clientPart(s)
	if asked := t.client; e == nil && asked.name != "" && lowerASCII(asked.principal()) != lowerASCII(client.principal()) {
		s.owner = service{asked.name, asked.realm, d.KVNO}
		if e2, refusal2, why2 := o.clientPart(s); e2 != nil || refusal == NoPrincipal {
			e, refusal, why = e2, refusal2, why2
		}
	}
	switch {
	case e != nil:
		label := e.label()
		if s.through != nil {
			label += ", with the strengthen-key of FAST"
		}
		return o.encPart(m, p, part, label)
	case refusal == NoPrincipal:
		return nil
	}
	if t.spake {
		return &OpenedEncPart{Refusal: CannotDecrypt, WhyNot: "the key of the enc-part was agreed with SPAKE"}
	}
	for _, pa := range padata {
		if pa.Type == krb5.PAPKASRep {
			return &OpenedEncPart{Refusal: CannotDecrypt, WhyNot: "the key of the enc-part was agreed with PKINIT"}
		}
	}
	return &OpenedEncPart{Refusal: refusal, WhyNot: why}
}

// tgsEncPart opens the enc-part of a TGS-REP with the subkey of the request, or
// the session key of the TGT. Nil when neither is known.
func (o *opener) tgsEncPart(m *Message, p *krb5.KDCRep, talks []dialog, strengthen krb5.EncryptionKey) *OpenedEncPart {
	why := ""
	for i := range talks {
		t := &talks[i]
		for _, k := range []struct {
			key   krb5.EncryptionKey
			usage uint32
			name  string
		}{{t.subkey, usageTGSRepSubkey, "subkey of the request's authenticator"}, {t.session, usageTGSRepSession, "session key of the TGT"}} {
			key := k.key
			if !key.EType.OK {
				continue
			}
			if strengthen.EType.OK {
				var ok bool
				if key, ok = cf2(strengthen, key, "strengthenkey", "replykey"); !ok {
					continue
				}
				k.name += ", with the strengthen-key of FAST"
			}
			var plain []byte
			if plain, why = withSession(key, p.EncPart, k.usage, "enc-part"); why != "" {
				continue
			}
			if part, ok := krb5.ParseEncKDCRepPart(plain); ok {
				return o.encPart(m, p, part, k.name)
			}
		}
	}
	if why == "does not open" {
		why = "neither the subkey of the request nor the session key of its TGT opens the enc-part"
	}
	if why == "" {
		return nil
	}
	return &OpenedEncPart{Refusal: WrongSecret, WhyNot: why}
}

// encPart is what an enc-part tells; the session key of the ticket beside it
// is learnt.
func (o *opener) encPart(m *Message, p *krb5.KDCRep, part krb5.EncKDCRepPart, label string) *OpenedEncPart {
	o.learn(&p.Ticket, part.Key, fmt.Sprintf("enc-part of the %s in frame %d", m.Krb.Type, m.Frame.Number()))
	r := &OpenedEncPart{Key: label, SessionKeyEType: part.Key.EType, Flags: part.Flags,
		AuthTime: part.AuthTime, StartTime: part.StartTime, EndTime: part.EndTime, RenewTill: part.RenewTill,
		KeyExpiration: part.KeyExpiration, SName: part.SName.Clone(), SRealm: part.SRealm}
	for _, pa := range part.PAData {
		r.PAData = append(r.PAData, pa.Type)
		if pa.Type == krb5.PASupportedEnctypes {
			r.SupportedEnc = pa.Decode().SupportedEnc
		}
	}
	return r
}

// krbError opens the FAST armor of an error, and learns the salts that it tells.
func (o *opener) krbError(m *Message, e *krb5.KRBError) *Opened {
	list := e.Data().MethodData
	if len(list) == 0 {
		return nil
	}
	talks := o.talks(m)
	t := &dialog{}
	if len(talks) > 0 {
		t = &talks[0]
	}
	r := &Opened{}
	if f := fastOf(list); f != nil && f.Reply {
		t, r.FAST, _ = o.fastRep(f, talks, t)
		if r.FAST != nil && r.FAST.WhyNot == "" {
			list = r.FAST.PAData
		}
	}
	client := t.client
	if client.name == "" && e.CName.OK {
		client = service{name: e.CName.String(), realm: string(e.CRealm)}
	}
	o.learnSalts(client.name, client.realm, list)
	return r.orNil()
}
