package krb5

// A KRBError is a KRB-ERROR, RFC 4120 §5.9.1. Only stime, susec, error-code,
// realm and sname are sure to be there, and not even those from every implementation.
type KRBError struct {
	PVNO      Opt[int32]
	MsgType   Opt[int32]
	CTime     Opt[int64] // the client's clock, Unix seconds
	CUSec     Opt[int32]
	STime     Opt[int64] // the sender's clock, Unix seconds
	SUSec     Opt[int32]
	ErrorCode Opt[int32]
	CRealm    []byte
	CName     PrincipalName
	Realm     []byte // of the server
	SName     PrincipalName
	EText     []byte
	EData     []byte // raw; Data decodes it
	EDataCut  bool   // EData holds only the start
	eDataOff  int
}

func (p *parser) krbError(in element) *KRBError {
	f, ok := p.sequence(in, "KRB-ERROR")
	if !ok {
		return nil
	}
	m := new(KRBError)
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
			m.CTime = p.time(e, "ctime")
		case ctx(3):
			m.CUSec = p.int32(e, "cusec")
		case ctx(4):
			m.STime = p.time(e, "stime")
		case ctx(5):
			m.SUSec = p.int32(e, "susec")
		case ctx(6):
			m.ErrorCode = p.int32(e, "error-code")
		case ctx(7):
			m.CRealm = p.text(e, "crealm")
		case ctx(8):
			m.CName = p.principal(e, "cname")
		case ctx(9):
			m.Realm = p.text(e, "realm")
		case ctx(10):
			m.SName = p.principal(e, "sname")
		case ctx(11):
			m.EText = p.text(e, "e-text")
		case ctx(12):
			m.EData, m.eDataOff, m.EDataCut = p.octets(e, "e-data")
			m.eDataOff += p.base
		case ctx(13):
			// e-checksum of RFC 1510 bis drafts, sent by old implementations.
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 1<<0|1<<1|1<<4|1<<5|1<<6|1<<9|1<<10)
	return m
}
