package krb5

// An EncKrbPrivPart is an EncKrbPrivPart, RFC 4120 §5.7.1.
type EncKrbPrivPart struct {
	UserData  []byte
	Timestamp Opt[int64] // Unix seconds
	USec      Opt[int32]
	SeqNumber Opt[uint32]
	SAddress  HostAddress
	RAddress  HostAddress // absent: its Type is not OK
}

// ParseEncKrbPrivPart reads the plaintext of a KRB-PRIV. ok is false when it
// is none; bytes behind it are padding.
func ParseEncKrbPrivPart(b []byte) (m EncKrbPrivPart, ok bool) {
	p := newParser(b, 0)
	f, ok := p.applied(28, "EncKrbPrivPart")
	if !ok {
		return m, false
	}
	for e := range f.each(&p) {
		switch e.id {
		case ctx(0):
			m.UserData, _, _ = p.octets(e, "user-data")
		case ctx(1):
			m.Timestamp = p.time(e, "timestamp")
		case ctx(2):
			m.USec = p.int32(e, "usec")
		case ctx(3):
			m.SeqNumber = p.uint32(e, "seq-number")
		case ctx(4):
			m.SAddress = p.address(e, "s-address")
		case ctx(5):
			m.RAddress = p.address(e, "r-address")
		}
	}
	return m, m.UserData != nil
}

// An EncKrbCredPart is an EncKrbCredPart, RFC 4120 §5.8.1: what belongs to the
// tickets of a KRB-CRED, in their order.
type EncKrbCredPart struct {
	TicketInfo []KrbCredInfo
	Nonce      Opt[uint32]
	Timestamp  Opt[int64] // Unix seconds
	USec       Opt[int32]
	SAddress   HostAddress // absent: its Type is not OK
	RAddress   HostAddress
}

// A KrbCredInfo is a KrbCredInfo, RFC 4120 §5.8.1. Only Key is sure to be there.
type KrbCredInfo struct {
	Key       EncryptionKey // the session key of the ticket
	PRealm    []byte
	PName     PrincipalName
	Flags     Opt[uint32] // bit 0 is the highest; TicketFlagNames
	AuthTime  Opt[int64]  // Unix seconds, as all times here
	StartTime Opt[int64]
	EndTime   Opt[int64]
	RenewTill Opt[int64]
	SRealm    []byte
	SName     PrincipalName
	CAddr     []HostAddress
}

// ParseEncKrbCredPart reads the plaintext of a KRB-CRED, or its enc-part's
// cipher as it stands when its etype is 0. ok is false when it is none.
func ParseEncKrbCredPart(b []byte) (m EncKrbCredPart, ok bool) {
	p := newParser(b, 0)
	f, ok := p.applied(29, "EncKrbCredPart")
	if !ok {
		return m, false
	}
	for e := range f.each(&p) {
		switch e.id {
		case ctx(0):
			for e := range p.elements(e, "ticket-info") {
				if f, ok := p.bare(e, "KrbCredInfo"); ok && len(m.TicketInfo) < maxTickets {
					m.TicketInfo = append(m.TicketInfo, p.credInfo(f))
				}
			}
		case ctx(1):
			m.Nonce = p.uint32(e, "nonce")
		case ctx(2):
			m.Timestamp = p.time(e, "timestamp")
		case ctx(3):
			m.USec = p.int32(e, "usec")
		case ctx(4):
			m.SAddress = p.address(e, "s-address")
		case ctx(5):
			m.RAddress = p.address(e, "r-address")
		}
	}
	return m, m.TicketInfo != nil
}

func (p *parser) credInfo(f fields) (c KrbCredInfo) {
	for e := range f.each(p) {
		switch e.id {
		case ctx(0):
			c.Key = p.encryptionKey(e, "key")
		case ctx(1):
			c.PRealm = p.text(e, "prealm")
		case ctx(2):
			c.PName = p.principal(e, "pname")
		case ctx(3):
			c.Flags = p.flags(e, "flags")
		case ctx(4):
			c.AuthTime = p.time(e, "authtime")
		case ctx(5):
			c.StartTime = p.time(e, "starttime")
		case ctx(6):
			c.EndTime = p.time(e, "endtime")
		case ctx(7):
			c.RenewTill = p.time(e, "renew-till")
		case ctx(8):
			c.SRealm = p.text(e, "srealm")
		case ctx(9):
			c.SName = p.principal(e, "sname")
		case ctx(10):
			c.CAddr = p.addresses(e, "caddr")
		}
	}
	return c
}
