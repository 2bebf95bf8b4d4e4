package krb5

// A LastReq is one entry of a LastReq, RFC 4120 §5.4.2: a time that the KDC
// remembers of the client. Most KDCs send one of type 0 that says nothing.
type LastReq struct {
	Type  Opt[int32] // 6: the password expires; 7: the account expires
	Value Opt[int64] // Unix seconds
}

// An EncKDCRepPart is an EncKDCRepPart, RFC 4120 §5.4.2: what the KDC says to
// the client, of an AS-REP (tag 25) or a TGS-REP (tag 26). Some KDCs put tag 26
// on both, so the tag tells nothing.
type EncKDCRepPart struct {
	Key           EncryptionKey // the session key of the ticket
	LastReq       []LastReq
	Nonce         Opt[uint32]
	KeyExpiration Opt[int64]  // Unix seconds, as all times here
	Flags         Opt[uint32] // bit 0 is the highest; TicketFlagNames
	AuthTime      Opt[int64]
	StartTime     Opt[int64] // absent: AuthTime
	EndTime       Opt[int64]
	RenewTill     Opt[int64]
	SRealm        []byte
	SName         PrincipalName
	CAddr         []HostAddress
	PAData        []PAData // encrypted-pa-data, RFC 6806 §11; offsets in the plaintext
}

// ParseEncKDCRepPart reads the plaintext of a KDC-REP's enc-part. ok is false
// when it is none; bytes behind it are padding.
func ParseEncKDCRepPart(b []byte) (r EncKDCRepPart, ok bool) {
	p := newParser(b, 0)
	tag := byte(25)
	if len(b) > 0 && b[0] == app(26) {
		tag = 26
	}
	f, ok := p.applied(tag, "EncKDCRepPart")
	if !ok {
		return r, false
	}
	for e := range f.each(&p) {
		switch e.id {
		case ctx(0):
			r.Key = p.encryptionKey(e, "key")
		case ctx(1):
			r.LastReq = p.lastReq(e)
		case ctx(2):
			r.Nonce = p.uint32(e, "nonce")
		case ctx(3):
			r.KeyExpiration = p.time(e, "key-expiration")
		case ctx(4):
			r.Flags = p.flags(e, "flags")
		case ctx(5):
			r.AuthTime = p.time(e, "authtime")
		case ctx(6):
			r.StartTime = p.time(e, "starttime")
		case ctx(7):
			r.EndTime = p.time(e, "endtime")
		case ctx(8):
			r.RenewTill = p.time(e, "renew-till")
		case ctx(9):
			r.SRealm = p.text(e, "srealm")
		case ctx(10):
			r.SName = p.principal(e, "sname")
		case ctx(11):
			r.CAddr = p.addresses(e, "caddr")
		case ctx(12):
			r.PAData = p.padata(e, "encrypted-pa-data")
		}
	}
	return r, r.Key.EType.OK
}

func (p *parser) lastReq(e element) (list []LastReq) {
	for e := range p.elements(e, "last-req") {
		f, ok := p.bare(e, "last-req")
		if !ok {
			break
		}
		var l LastReq
		for e := range f.each(p) {
			switch e.id {
			case ctx(0):
				l.Type = p.int32(e, "lr-type")
			case ctx(1):
				l.Value = p.time(e, "lr-value")
			}
		}
		list = append(list, l)
	}
	return list
}

// elements are those of the SEQUENCE OF in the explicitly tagged e, maxList at most.
func (p *parser) elements(e element, name string) func(yield func(element) bool) {
	return func(yield func(element) bool) {
		in, ok := p.typed(e, idSequence, name)
		if !ok {
			return
		}
		r := in.body
		for range maxList {
			e, ok := r.next(p)
			if !ok || !yield(e) {
				return
			}
		}
	}
}

// An EncAPRepPart is an EncAPRepPart, RFC 4120 §5.5.2: the acceptor's proof.
type EncAPRepPart struct {
	CTime     Opt[int64] // of the authenticator
	CUSec     Opt[int32]
	Subkey    EncryptionKey // EType not OK: none
	SeqNumber Opt[uint32]
}

// ParseEncAPRepPart reads the plaintext of an AP-REP's enc-part. ok is false
// when it is none.
func ParseEncAPRepPart(b []byte) (r EncAPRepPart, ok bool) {
	p := newParser(b, 0)
	f, ok := p.applied(27, "EncAPRepPart")
	if !ok {
		return r, false
	}
	for e := range f.each(&p) {
		switch e.id {
		case ctx(0):
			r.CTime = p.time(e, "ctime")
		case ctx(1):
			r.CUSec = p.int32(e, "cusec")
		case ctx(2):
			r.Subkey = p.encryptionKey(e, "subkey")
		case ctx(3):
			r.SeqNumber = p.uint32(e, "seq-number")
		}
	}
	return r, r.CTime.OK
}

// A PAEncTSEnc is a PA-ENC-TS-ENC, RFC 4120 §5.2.7.2: what PA-ENC-TIMESTAMP and
// PA-ENCRYPTED-CHALLENGE hold.
type PAEncTSEnc struct {
	Timestamp Opt[int64] // patimestamp: the sender's clock, Unix seconds
	USec      Opt[int32] // pausec
}

// ParsePAEncTSEnc reads the plaintext of an encrypted timestamp. ok is false
// when it is none.
func ParsePAEncTSEnc(b []byte) (ts PAEncTSEnc, ok bool) {
	p := newParser(b, 0)
	f, ok := p.first("PA-ENC-TS-ENC")
	if !ok {
		return ts, false
	}
	for e := range f.each(&p) {
		switch e.id {
		case ctx(0):
			ts.Timestamp = p.time(e, "patimestamp")
		case ctx(1):
			ts.USec = p.int32(e, "pausec")
		}
	}
	return ts, ts.Timestamp.OK
}

// first opens the SEQUENCE that p starts with.
func (p *parser) first(name string) (f fields, ok bool) {
	r := p.all(false)
	e, ok := r.next(p)
	if !ok {
		return f, false
	}
	return p.bare(e, name)
}
