package krb5

// A KDCReq is a KDC-REQ (AS-REQ or TGS-REQ), RFC 4120 §5.4.1, with its
// KDC-REQ-BODY. Byte slices are nil, and structs have OK false, when absent.
type KDCReq struct {
	PVNO    Opt[int32]
	MsgType Opt[int32] // the field; Message.Type is the tag
	PAData  []PAData   // in wire order
	APReq   *APReq     // the AP-REQ in PA-TGS-REQ: the TGT and its authenticator

	KDCOptions  Opt[uint32] // bit 0 is the highest; KDCOptionNames
	CName       PrincipalName
	Realm       []byte // of the server, in an AS-REQ also of the client
	SName       PrincipalName
	From        Opt[int64] // Unix seconds, as all times here
	Till        Opt[int64]
	RTime       Opt[int64]
	Nonce       Opt[uint32]
	ETypes      []int32 // in the client's order, repeats kept
	Addresses   []HostAddress
	EncAuthData EncryptedData // enc-authorization-data
	Tickets     []Ticket      // additional-tickets: U2U, S4U2proxy
}

// An asRequest and a tgsRequest have the room that most of them need.
type (
	asRequest struct {
		KDCReq
		padata    [4]PAData
		etypes    [8]int32
		addresses [1]HostAddress // Windows tells its NetBIOS name
	}
	tgsRequest struct {
		KDCReq
		apReq  APReq
		padata [3]PAData
		etypes [8]int32
	}
)

func (p *parser) newKDCReq(t MsgType) *KDCReq {
	if t == TGSReq {
		q := new(tgsRequest)
		p.room = room{padata: q.padata[:0], int32s: q.etypes[:0], apReq: &q.apReq}
		return &q.KDCReq
	}
	q := new(asRequest)
	p.room = room{padata: q.padata[:0], int32s: q.etypes[:0], addresses: q.addresses[:0]}
	return &q.KDCReq
}

func (p *parser) kdcReq(in element, t MsgType) *KDCReq {
	f, ok := p.sequence(in, "KDC-REQ")
	if !ok {
		return nil
	}
	q := p.newKDCReq(t)
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(1):
			q.PVNO = p.int32(e, "pvno")
		case ctx(2):
			q.MsgType = p.int32(e, "msg-type")
		case ctx(3):
			q.PAData = p.padata(e, "padata")
		case ctx(4):
			p.kdcReqBody(e, q)
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 1<<1|1<<2|1<<4)
	for i := range q.PAData {
		if pa := &q.PAData[i]; pa.Type == PATGSReq {
			q.APReq = p.encapsulatedAPReq(pa.Value, pa.Offset, pa.Cut, "PA-TGS-REQ")
			break
		}
	}
	return q
}

func (p *parser) kdcReqBody(e element, q *KDCReq) {
	f, ok := p.sequence(e, "KDC-REQ-BODY")
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
			q.KDCOptions = p.flags(e, "kdc-options")
		case ctx(1):
			q.CName = p.principal(e, "cname")
		case ctx(2):
			q.Realm = p.text(e, "realm")
		case ctx(3):
			q.SName = p.principal(e, "sname")
		case ctx(4):
			q.From = p.time(e, "from")
		case ctx(5):
			q.Till = p.time(e, "till")
		case ctx(6):
			q.RTime = p.time(e, "rtime")
		case ctx(7):
			q.Nonce = p.uint32(e, "nonce")
		case ctx(8):
			q.ETypes = p.int32s(e, "etype")
		case ctx(9):
			q.Addresses = p.addresses(e, "addresses")
		case ctx(10):
			q.EncAuthData = p.encrypted(e, "enc-authorization-data")
		case ctx(11):
			q.Tickets = p.tickets(e, "additional-tickets")
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 1<<0|1<<2|1<<5|1<<7|1<<8)
}

// PreauthEType is the etype of PA-ENC-TIMESTAMP or PA-ENCRYPTED-CHALLENGE:
// which of its keys the client used.
func (q *KDCReq) PreauthEType() (o Opt[int32]) {
	for _, pa := range q.PAData {
		if (pa.Type == PAEncTimestamp || pa.Type == PAEncryptedChallenge) && len(pa.Value) > 0 {
			if d := pa.Decode(); d.Encrypted.EType.OK {
				return d.Encrypted.EType
			}
		}
	}
	return o
}
