package krb5

// A TGTReq is a KERB-TGT-REQUEST of the user-to-user GSS mechanism
// (draft-swift-win2k-krb-user2user §2): the client asks the service for its TGT.
// It has no APPLICATION tag.
type TGTReq struct {
	PVNO       Opt[int32]
	MsgType    Opt[int32] // 16
	ServerName PrincipalName
	Realm      []byte
}

func (p *parser) tgtReq(in element) *TGTReq {
	f := fields{r: in.body, name: "TGT-REQ"}
	m := new(TGTReq)
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
			m.ServerName = p.principal(e, "server-name")
		case ctx(3):
			m.Realm = p.text(e, "realm")
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 3)
	return m
}

// A TGTRep is a KERB-TGT-REPLY: the service's TGT, for the KDC to encrypt the
// service ticket in its session key (enc-tkt-in-skey).
type TGTRep struct {
	PVNO    Opt[int32]
	MsgType Opt[int32] // 17
	Ticket  Ticket
}

func (p *parser) tgtRep(in element) *TGTRep {
	f := fields{r: in.body, name: "TGT-REP"}
	m := new(TGTRep)
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
			m.Ticket = p.ticket(e, "ticket")
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 7)
	return m
}
