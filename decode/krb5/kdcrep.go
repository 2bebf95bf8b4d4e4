package krb5

// A KDCRep is a KDC-REP (AS-REP or TGS-REP), RFC 4120 §5.4.2.
type KDCRep struct {
	PVNO    Opt[int32]
	MsgType Opt[int32] // the field; Message.Type is the tag
	PAData  []PAData   // in wire order
	CRealm  []byte
	CName   PrincipalName // under FAST it may be WELLKNOWN/ANONYMOUS (RFC 6113 §5.4.2)
	Ticket  Ticket
	EncPart EncryptedData // for the client: under its own key, the TGT's session key or a subkey
}

// A kdcReply has the room that most of them need: ETYPE-INFO2 is all.
type kdcReply struct {
	KDCRep
	padata [1]PAData
}

func (p *parser) kdcRep(in element) *KDCRep {
	f, ok := p.sequence(in, "KDC-REP")
	if !ok {
		return nil
	}
	r := new(kdcReply)
	p.room.padata = r.padata[:0]
	m := &r.KDCRep
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
			m.PAData = p.padata(e, "padata")
		case ctx(3):
			m.CRealm = p.text(e, "crealm")
		case ctx(4):
			m.CName = p.principal(e, "cname")
		case ctx(5):
			m.Ticket = p.ticket(e, "ticket")
		case ctx(6):
			m.EncPart = p.encrypted(e, "enc-part")
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 0x7b)
	return m
}
