package krb5

// An EncryptionKey is an EncryptionKey, RFC 4120 §5.2.9. It keeps its bytes
// in a closure, so that nothing that prints or encodes values can show them.
type EncryptionKey struct {
	EType  Opt[int32]
	reveal func() []byte
}

// NewEncryptionKey makes a key of an etype and its bytes.
func NewEncryptionKey(etype int32, secret []byte) EncryptionKey {
	return EncryptionKey{some(etype), func() []byte { return secret }}
}

// Secret is the key itself, nil when there is none: to decrypt with, never to be shown.
func (k EncryptionKey) Secret() []byte {
	if k.reveal == nil {
		return nil
	}
	return k.reveal()
}

func (p *parser) encryptionKey(e element, name string) (k EncryptionKey) {
	if f, ok := p.sequence(e, name); ok {
		return p.keyIn(f)
	}
	return k
}

func (p *parser) keyIn(f fields) (k EncryptionKey) {
	for e := range f.each(p) {
		switch e.id {
		case ctx(0):
			k.EType = p.int32(e, "keytype")
		case ctx(1):
			if v, _, cut := p.octets(e, "keyvalue"); v != nil && !cut {
				k.reveal = func() []byte { return v }
			}
		default:
			f.unknown(p, e)
		}
	}
	return k
}

// An EncTicketPart is an EncTicketPart, RFC 4120 §5.3: what the issuing KDC
// says to the service.
type EncTicketPart struct {
	Flags     Opt[uint32] // bit 0 is the highest; TicketFlagNames
	Key       EncryptionKey
	CRealm    []byte
	CName     PrincipalName
	Transited []byte     // contents of TransitedEncoding: realms on the way
	AuthTime  Opt[int64] // Unix seconds, as all times here
	StartTime Opt[int64] // absent: AuthTime
	EndTime   Opt[int64]
	RenewTill Opt[int64]
	CAddr     []HostAddress
	AuthData  []byte // authorization-data, the SEQUENCE: AuthorizationData walks it
}

// ParseEncTicketPart reads the plaintext of a ticket's enc-part. ok is false
// when it is none; bytes behind it are padding.
func ParseEncTicketPart(b []byte) (t EncTicketPart, ok bool) {
	p := newParser(b, 0)
	f, ok := p.applied(3, "EncTicketPart")
	if !ok {
		return t, false
	}
	for e := range f.each(&p) {
		switch e.id {
		case ctx(0):
			t.Flags = p.flags(e, "flags")
		case ctx(1):
			t.Key = p.encryptionKey(e, "key")
		case ctx(2):
			t.CRealm = p.text(e, "crealm")
		case ctx(3):
			t.CName = p.principal(e, "cname")
		case ctx(4):
			t.Transited = p.transited(e)
		case ctx(5):
			t.AuthTime = p.time(e, "authtime")
		case ctx(6):
			t.StartTime = p.time(e, "starttime")
		case ctx(7):
			t.EndTime = p.time(e, "endtime")
		case ctx(8):
			t.RenewTill = p.time(e, "renew-till")
		case ctx(9):
			t.CAddr = p.addresses(e, "caddr")
		case ctx(10):
			t.AuthData = p.bytes(e.body)
		}
	}
	return t, t.Key.EType.OK
}

// applied opens the SEQUENCE in the [APPLICATION n] that p starts with.
func (p *parser) applied(n byte, name string) (f fields, ok bool) {
	r := p.all(false)
	e, ok := r.next(p)
	if !ok || e.id != app(n) {
		return f, false
	}
	return p.sequence(e, name)
}

func (p *parser) transited(e element) (contents []byte) {
	f, ok := p.sequence(e, "transited")
	if !ok {
		return nil
	}
	for e := range f.each(p) {
		if e.id == ctx(1) {
			contents, _, _ = p.octets(e, "contents")
		}
	}
	return contents
}

// An Authenticator is an Authenticator, RFC 4120 §5.5.1.
type Authenticator struct {
	CRealm    []byte
	CName     PrincipalName
	Cksum     Checksum // with GSS, type 0x8003: flags and channel bindings (RFC 4121 §4.1.1)
	CTime     Opt[int64]
	CUSec     Opt[int32]
	Subkey    EncryptionKey // EType not OK: none
	SeqNumber Opt[uint32]
	AuthData  []byte // authorization-data, the SEQUENCE: AuthorizationData walks it
}

// ParseAuthenticator reads the plaintext of an authenticator. ok is false when
// it is none.
func ParseAuthenticator(b []byte) (a Authenticator, ok bool) {
	p := newParser(b, 0)
	f, ok := p.applied(2, "Authenticator")
	if !ok {
		return a, false
	}
	for e := range f.each(&p) {
		switch e.id {
		case ctx(1):
			a.CRealm = p.text(e, "crealm")
		case ctx(2):
			a.CName = p.principal(e, "cname")
		case ctx(3):
			a.Cksum = p.checksum(e, "cksum")
		case ctx(4):
			a.CUSec = p.int32(e, "cusec")
		case ctx(5):
			a.CTime = p.time(e, "ctime")
		case ctx(6):
			a.Subkey = p.encryptionKey(e, "subkey")
		case ctx(7):
			a.SeqNumber = p.uint32(e, "seq-number")
		case ctx(8):
			a.AuthData = p.bytes(e.body)
		}
	}
	return a, a.CTime.OK
}
