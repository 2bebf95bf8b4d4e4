package krb5

func (d *PADetail) keyListReq(p *parser, e element, name string) {
	if e.id == idSequence && !p.cut(e.body) {
		d.KeyList = p.int32sOf(e.body, name)
	}
}

// keyListRep reads KERB-KEY-LIST-REP, which stands in encrypted-pa-data.
func (d *PADetail) keyListRep(p *parser, e element, name string) {
	if e.id == idSequence {
		d.Keys = p.keys(e.body, name)
	}
}

// keys reads a SEQUENCE OF EncryptionKey.
func (p *parser) keys(r reader, name string) (list []EncryptionKey) {
	for len(list) < maxList {
		e, ok := r.next(p)
		if !ok {
			break
		}
		if f, ok := p.bare(e, name); ok {
			list = append(list, p.keyIn(f))
		}
	}
	return list
}

// DMSAKeys is a KERB-DMSA-KEY-PACKAGE, [MS-KILE] §2.2.14, which stands in
// encrypted-pa-data: the keys of a delegated managed service account.
type DMSAKeys struct {
	Current    []EncryptionKey
	Previous   []EncryptionKey
	Expiration Opt[int64] // expiration-interval, Unix seconds
	Fetch      Opt[int64] // fetch-interval, Unix seconds
}

func (d *PADetail) dmsaKeys(p *parser, e element, name string) {
	f, ok := p.bare(e, name)
	if !ok {
		return
	}
	k := new(DMSAKeys)
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(0):
			if in, ok := p.typed(e, idSequence, "current-keys"); ok {
				k.Current = p.keys(in.body, "current-keys")
			}
		case ctx(1):
			if in, ok := p.typed(e, idSequence, "previous-keys"); ok {
				k.Previous = p.keys(in.body, "previous-keys")
			}
		case ctx(2):
			k.Expiration = p.time(e, "expiration-interval")
		case ctx(4):
			k.Fetch = p.time(e, "fetch-interval")
		}
	}
	d.DMSA = k
}

// supersededBy reads KERB-SUPERSEDED-BY-USER, [MS-KILE] §2.2.13, of a KRB-ERROR.
func (d *PADetail) supersededBy(p *parser, e element, name string) {
	f, ok := p.bare(e, name)
	if !ok {
		return
	}
	s := new(ServerReferral)
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(0):
			s.Name = p.principal(e, "name")
		case ctx(1):
			s.Realm = p.text(e, "realm")
		}
	}
	d.Referral = s
}
