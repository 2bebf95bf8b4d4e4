package krb5

// A KrbFastReq is a KrbFastReq, RFC 6113 §5.4.2: the true request in FAST armor.
type KrbFastReq struct {
	Options Opt[uint32] // fast-options, bit 0 is the highest; FASTOptionNames
	PAData  []PAData    // offsets in the plaintext
	ReqBody KDCReq      // the fields of a KDC-REQ-BODY; PAData is not set
}

// ParseKrbFastReq reads the plaintext of enc-fast-req. ok is false when it is none.
func ParseKrbFastReq(b []byte) (m KrbFastReq, ok bool) {
	p := newParser(b, 0)
	f, ok := p.first("KrbFastReq")
	if !ok {
		return m, false
	}
	body := false
	for e := range f.each(&p) {
		switch e.id {
		case ctx(0):
			m.Options = p.flags(e, "fast-options")
		case ctx(1):
			m.PAData = p.padata(e, "padata")
		case ctx(2):
			body = true
			p.kdcReqBody(e, &m.ReqBody)
		}
	}
	return m, body
}

// A KrbFastResponse is a KrbFastResponse, RFC 6113 §5.4.3: the true padata in
// FAST armor, of an error in PA-FX-ERROR.
type KrbFastResponse struct {
	PAData        []PAData        // offsets in the plaintext
	StrengthenKey EncryptionKey   // goes into the reply key; EType not OK: none
	Finished      KrbFastFinished // with a ticket
	Nonce         Opt[uint32]
}

// A KrbFastFinished is a KrbFastFinished, RFC 6113 §5.4.3. The zero value is absent.
type KrbFastFinished struct {
	OK             bool
	Timestamp      Opt[int64] // the KDC's clock, Unix seconds
	USec           Opt[int32]
	CRealm         []byte
	CName          PrincipalName // the true name, where that outside is WELLKNOWN/ANONYMOUS
	TicketChecksum Checksum
}

// ParseKrbFastResponse reads the plaintext of enc-fast-rep. ok is false when it is none.
func ParseKrbFastResponse(b []byte) (m KrbFastResponse, ok bool) {
	p := newParser(b, 0)
	f, ok := p.first("KrbFastResponse")
	if !ok {
		return m, false
	}
	padata := false
	for e := range f.each(&p) {
		switch e.id {
		case ctx(0):
			padata = true
			m.PAData = p.padata(e, "padata")
		case ctx(1):
			m.StrengthenKey = p.encryptionKey(e, "strengthen-key")
		case ctx(2):
			m.Finished = p.fastFinished(e)
		case ctx(3):
			m.Nonce = p.uint32(e, "nonce")
		}
	}
	return m, padata && m.Nonce.OK
}

func (p *parser) fastFinished(e element) (m KrbFastFinished) {
	f, ok := p.sequence(e, "finished")
	if !ok {
		return m
	}
	m.OK = true
	for e := range f.each(p) {
		switch e.id {
		case ctx(0):
			m.Timestamp = p.time(e, "timestamp")
		case ctx(1):
			m.USec = p.int32(e, "usec")
		case ctx(2):
			m.CRealm = p.text(e, "crealm")
		case ctx(3):
			m.CName = p.principal(e, "cname")
		case ctx(4):
			m.TicketChecksum = p.checksum(e, "ticket-checksum")
		}
	}
	return m
}
