package krb5

// A PKASReq is a PA-PK-AS-REQ, RFC 4556 §3.2.1: logon with a certificate.
type PKASReq struct {
	Signed  *SignedData // signedAuthPack; nil when it cannot be read
	KDCPKID []byte

	// Of the AuthPack in it:
	DH        bool       // clientPublicValue: Diffie-Hellman is asked for; else RSA
	DHBits    int        // length of its prime; 0: none in clear, as with elliptic curves
	CTime     Opt[int64] // the client's clock, Unix seconds
	CUSec     Opt[int32]
	Nonce     Opt[uint32]
	Freshness bool // freshnessToken, RFC 8070 §4
}

// pkASReq reads the fields, whose tags are IMPLICIT.
func (d *PADetail) pkASReq(p *parser, e element, name string) {
	if e.id != idSequence {
		p.notef(e.off, "%s: element 0x%02x where a SEQUENCE should be", name, e.id)
		return
	}
	q := new(PKASReq)
	r := e.body
	for {
		e, ok := r.next(p)
		if !ok {
			break
		}
		switch e.id {
		case 0x80:
			q.Signed = p.signedData(e.body, name)
		case 0x82:
			q.KDCPKID = p.bytes(e.body)
		}
	}
	d.PKASReq = q
	if q.Signed == nil {
		return
	}
	sub := newParser(q.Signed.Content, p.base+q.Signed.contentOff)
	sub.authPack(q)
	p.adopt(&sub, "AuthPack")
}

// authPack reads an AuthPack, RFC 4556 §3.2.1.
func (p *parser) authPack(q *PKASReq) {
	r := p.all(false)
	e, ok := r.next(p)
	if !ok || e.id != idSequence {
		return
	}
	f := fields{r: e.body, name: "AuthPack"}
	for {
		e, ok := f.next(p)
		if !ok {
			return
		}
		switch e.id {
		case ctx(0):
			p.pkAuthenticator(e, q)
		case ctx(1):
			q.DH = true
			q.DHBits = p.primeBits(e)
		}
	}
}

func (p *parser) pkAuthenticator(e element, q *PKASReq) {
	f, ok := p.sequence(e, "PKAuthenticator")
	if !ok {
		return
	}
	for {
		e, ok := f.next(p)
		if !ok {
			return
		}
		switch e.id {
		case ctx(0):
			q.CUSec = p.int32(e, "cusec")
		case ctx(1):
			q.CTime = p.time(e, "ctime")
		case ctx(2):
			q.Nonce = p.uint32(e, "nonce")
		case ctx(4):
			q.Freshness = true
		}
	}
}

// primeBits is the length of p in the DomainParameters (RFC 3279 §2.3.3) of a
// SubjectPublicKeyInfo.
func (p *parser) primeBits(e element) int {
	spki, ok := p.typed(e, idSequence, "clientPublicValue")
	if !ok {
		return 0
	}
	r := spki.body
	algorithm, ok := r.next(p)
	if !ok || algorithm.id != idSequence {
		return 0
	}
	r = algorithm.body
	r.next(p) // the OID
	parameters, ok := r.next(p)
	if !ok || parameters.id != idSequence {
		return 0
	}
	r = parameters.body
	prime, ok := r.next(p)
	if !ok || prime.id != idInteger || p.cut(prime.body) {
		return 0
	}
	b := p.bytes(prime.body)
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	if len(b) == 0 {
		return 0
	}
	n := len(b) * 8
	for top := b[0]; top&0x80 == 0; top <<= 1 {
		n--
	}
	return n
}

// A PKASRep is a PA-PK-AS-REP, RFC 4556 §3.2.3.
type PKASRep struct {
	DH     bool        // dhInfo: the reply key comes of a Diffie-Hellman exchange; else encKeyPack
	Signed *SignedData // dhSignedData, with the KDC's certificate; nil with encKeyPack
}

func (d *PADetail) pkASRep(p *parser, e element, name string) {
	switch e.id {
	case ctx(0):
		d.PKASRep = &PKASRep{DH: true}
		in, ok := p.typed(e, idSequence, name)
		if !ok {
			return
		}
		r := in.body
		if e, ok := r.next(p); ok && e.id == 0x80 {
			d.PKASRep.Signed = p.signedData(e.body, name)
		}
	case ctx(1), 0x81:
		d.PKASRep = &PKASRep{}
	default:
		p.notef(e.off, "%s: choice 0x%02x", name, e.id)
	}
}
