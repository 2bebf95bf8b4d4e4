package krb5

// A KRBPriv is a KRB-PRIV, RFC 4120 §5.7.1.
type KRBPriv struct {
	PVNO    Opt[int32]
	MsgType Opt[int32]
	EncPart EncryptedData
}

func (p *parser) priv(in element) *KRBPriv {
	f, ok := p.sequence(in, "KRB-PRIV")
	if !ok {
		return nil
	}
	m := new(KRBPriv)
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(0):
			m.PVNO = p.int32(e, "pvno")
		case ctx(1):
			m.MsgType = p.int32(e, "msg-type")
		case ctx(3):
			m.EncPart = p.encrypted(e, "enc-part")
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 1<<0|1<<1|1<<3)
	return m
}

// A KRBSafe is a KRB-SAFE, RFC 4120 §5.6.1: signed, not encrypted.
type KRBSafe struct {
	PVNO      Opt[int32]
	MsgType   Opt[int32]
	UserData  []byte
	Timestamp Opt[int64] // Unix seconds
	USec      Opt[int32]
	SeqNumber Opt[uint32]
	SAddress  HostAddress
	RAddress  HostAddress // absent: its Type is not OK
	Cksum     Checksum
}

func (p *parser) safe(in element) *KRBSafe {
	f, ok := p.sequence(in, "KRB-SAFE")
	if !ok {
		return nil
	}
	m := new(KRBSafe)
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(0):
			m.PVNO = p.int32(e, "pvno")
		case ctx(1):
			m.MsgType = p.int32(e, "msg-type")
		case ctx(2):
			p.safeBody(e, m)
		case ctx(3):
			m.Cksum = p.checksum(e, "cksum")
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 0xf)
	return m
}

func (p *parser) safeBody(e element, m *KRBSafe) {
	f, ok := p.sequence(e, "KRB-SAFE-BODY")
	if !ok {
		return
	}
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
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
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 1<<0|1<<4)
}

// A KRBCred is a KRB-CRED, RFC 4120 §5.8.1: forwarded tickets.
type KRBCred struct {
	PVNO    Opt[int32]
	MsgType Opt[int32]
	Tickets []Ticket
	EncPart EncryptedData // etype 0: not encrypted, the session keys stand there in clear
}

func (p *parser) cred(in element) *KRBCred {
	f, ok := p.sequence(in, "KRB-CRED")
	if !ok {
		return nil
	}
	m := new(KRBCred)
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(0):
			m.PVNO = p.int32(e, "pvno")
		case ctx(1):
			m.MsgType = p.int32(e, "msg-type")
		case ctx(2):
			m.Tickets = p.tickets(e, "tickets")
		case ctx(3):
			m.EncPart = p.encrypted(e, "enc-part")
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 0xf)
	return m
}
