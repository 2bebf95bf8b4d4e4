package krb5

// A PKASReq is a PA-PK-AS-REQ, RFC 4556 §3.2.1: logon with a certificate.
type PKASReq struct {
	SignedAuthPack []byte // ContentInfo with CMS SignedData
	KDCPKID        []byte
}

// pkASReq reads the fields, whose tags are IMPLICIT.
func (d *PADetail) pkASReq(p *parser, e element, name string) {
	if e.id != idSequence {
		p.notef(e.off, "%s: element 0x%02x where a SEQUENCE should be", name, e.id)
		return
	}
	q := new(PKASReq)
	r := e.body
	for {
		e, ok := r.next(p)
		if !ok {
			break
		}
		switch {
		case p.cut(e.body):
		case e.id == 0x80:
			q.SignedAuthPack = p.bytes(e.body)
		case e.id == 0x82:
			q.KDCPKID = p.bytes(e.body)
		}
	}
	d.PKASReq = q
}

// A PKASRep is a PA-PK-AS-REP, RFC 4556 §3.2.3.
type PKASRep struct {
	DH bool // dhInfo: the reply key comes of a Diffie-Hellman exchange; else encKeyPack
}

func (d *PADetail) pkASRep(p *parser, e element, name string) {
	switch e.id {
	case ctx(0):
		d.PKASRep = &PKASRep{DH: true}
	case ctx(1), 0x81:
		d.PKASRep = &PKASRep{}
	default:
		p.notef(e.off, "%s: choice 0x%02x", name, e.id)
	}
}
