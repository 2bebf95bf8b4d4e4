package krb5

// An APReq is an AP-REQ, RFC 4120 §5.5.1.
type APReq struct {
	PVNO          Opt[int32]
	MsgType       Opt[int32]
	APOptions     Opt[uint32] // bit 0 is the highest; APOptionNames
	Ticket        Ticket
	Authenticator EncryptedData // its etype is that of the ticket's session key
}

func (p *parser) apReq(in element) *APReq {
	f, ok := p.sequence(in, "AP-REQ")
	if !ok {
		return nil
	}
	m := p.room.apReq
	if m == nil {
		m = new(APReq)
	}
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
			m.APOptions = p.flags(e, "ap-options")
		case ctx(3):
			m.Ticket = p.ticket(e, "ticket")
		case ctx(4):
			m.Authenticator = p.encrypted(e, "authenticator")
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 0x1f)
	return m
}

// An APRep is an AP-REP, RFC 4120 §5.5.2. With DCE style the client sends one
// too ([MS-KILE] §3.4.5.1).
type APRep struct {
	PVNO    Opt[int32]
	MsgType Opt[int32]
	EncPart EncryptedData // under the ticket's session key
}

func (p *parser) apRep(in element) *APRep {
	f, ok := p.sequence(in, "AP-REP")
	if !ok {
		return nil
	}
	m := new(APRep)
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
			m.EncPart = p.encrypted(e, "enc-part")
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 7)
	return m
}

// encapsulatedAPReq reads the AP-REQ in the value of PA-TGS-REQ or in FAST
// armor. off is where it stands in the message.
func (p *parser) encapsulatedAPReq(value []byte, off int, cut bool, where string) (m *APReq) {
	sub := newParser(value, off)
	sub.room.apReq, p.room.apReq = p.room.apReq, nil
	r := sub.all(cut)
	e, ok := r.next(&sub)
	switch {
	case !ok:
	case e.id != app(14):
		sub.notef(e.off, "element 0x%02x where an AP-REQ should be", e.id)
	default:
		m = sub.apReq(e)
		if n := sub.rest(r); n > 0 {
			sub.notef(r.pos, "%d trailing bytes", n)
		}
	}
	p.adopt(&sub, where)
	return m
}
