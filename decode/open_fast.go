package decode

import "kerbscope/decode/krb5"

// fastOf is the FAST padata of a list; nil for none, and for the empty one
// with which a KDC says that it knows FAST.
func fastOf(list []krb5.PAData) *krb5.FAST {
	for _, pa := range list {
		if pa.Type == krb5.PAFXFAST && len(pa.Value) > 0 && !pa.Cut {
			if f := pa.Decode().FAST; f != nil && f.Enc.OK {
				return f
			}
		}
	}
	return nil
}

// armorKey is the armor key of a request, RFC 6113 §5.4.1: of the armor's
// ticket and authenticator, or in a TGS-REQ of those of the TGT. from is "" when
// it is not known.
func (o *opener) armorKey(f *krb5.FAST, t *dialog) (key krb5.EncryptionKey, from string) {
	combine := func(subkey, session krb5.EncryptionKey) (krb5.EncryptionKey, bool) {
		if !subkey.EType.OK || !session.EType.OK {
			return krb5.EncryptionKey{}, false
		}
		return cf2(subkey, session, "subkeyarmor", "ticketarmor")
	}
	if f.Armor == nil || !f.Armor.Ticket.OK {
		if key, ok := combine(t.subkey, t.session); ok {
			return key, "TGT and subkey of the request"
		}
		return key, ""
	}
	r, armor := o.apReq(f.Armor, usageAPAuthenticator)
	t.armorWas = r
	key, ok := combine(armor.subkey, armor.session)
	if !ok {
		return key, ""
	}
	from = "armor ticket"
	if r.Key != "" {
		from += ", opened with " + r.Key
	} else if r.SessionKeyFrom != "" {
		from += ", whose session key stands in the " + r.SessionKeyFrom
	}
	if t.subkey.EType.OK { // explicit armor in a TGS-REQ: compound identity, RFC 6113 §5.4.1.1
		if key, ok = cf2(key, t.subkey, "explicitarmor", "tgsarmor"); !ok {
			return key, ""
		}
		from += ", and subkey of the request"
	}
	return key, from
}

// fastReq opens the true request in FAST armor. Nil when no key of the armor
// is known.
func (o *opener) fastReq(f *krb5.FAST, t *dialog) *OpenedFAST {
	key, from := o.armorKey(f, t)
	if from == "" {
		return nil
	}
	t.armor, t.armorOf = key, from
	plain, why := withSession(key, f.Enc, usageFastReq, "FAST request")
	if why == "does not open" {
		why = "the armor key does not open the FAST request"
	}
	if why != "" {
		return &OpenedFAST{WhyNot: why}
	}
	q, ok := krb5.ParseKrbFastReq(plain)
	if !ok {
		return &OpenedFAST{WhyNot: "the FAST request opens, but holds none"}
	}
	return &OpenedFAST{Armor: t.armorWas, Key: from, Options: q.Options, Request: &q.ReqBody, PAData: q.PAData, Nonce: q.ReqBody.Nonce}
}

// fastRep opens the true padata of a reply or error in FAST armor. Nil when the
// armor key of no request is known. t is the request that it answers, else first.
func (o *opener) fastRep(f *krb5.FAST, talks []dialog, first *dialog) (t *dialog, r *OpenedFAST, strengthen krb5.EncryptionKey) {
	why := ""
	for i := range talks {
		t = &talks[i]
		if !t.armor.EType.OK {
			continue
		}
		var plain []byte
		if plain, why = withSession(t.armor, f.Enc, usageFastRep, "FAST reply"); why != "" {
			continue
		}
		p, ok := krb5.ParseKrbFastResponse(plain)
		if !ok {
			why = "the FAST reply opens, but holds none"
			continue
		}
		r = &OpenedFAST{Key: t.armorOf, PAData: p.PAData, Nonce: p.Nonce, Strength: p.StrengthenKey.EType,
			Client: p.Finished.CName, CRealm: p.Finished.CRealm, Time: p.Finished.Timestamp}
		for _, pa := range p.PAData {
			if pa.Type == krb5.PAFXError && r.Error == nil {
				r.Error = pa.Decode().Error
			}
		}
		return t, r, cloneKey(p.StrengthenKey)
	}
	if why == "does not open" {
		why = "the armor key does not open the FAST reply"
	}
	if why == "" {
		return first, nil, strengthen
	}
	return first, &OpenedFAST{WhyNot: why}, strengthen
}
