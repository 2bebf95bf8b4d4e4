package krb5

// A FAST is a PA-FX-FAST-REQUEST or PA-FX-FAST-REPLY, RFC 6113 §5.4.2 and
// §5.4.3. An empty value, with which a KDC says that it knows FAST, has none.
type FAST struct {
	Reply       bool
	ArmorType   Opt[int32]    // 1: AP-REQ; absent when implicit, as in a TGS-REQ
	Armor       *APReq        // the armor TGT and its authenticator
	ReqChecksum Checksum      // of a request
	Enc         EncryptedData // enc-fast-req or enc-fast-rep
}

func (d *PADetail) fast(p *parser, e element, name string) {
	if e.id != ctx(0) {
		p.notef(e.off, "%s: armored data of kind 0x%02x", name, e.id)
		return
	}
	f, ok := p.sequence(e, name)
	if !ok {
		return
	}
	m := &FAST{Reply: true}
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(0):
			p.fastFirst(e, m, name)
		case ctx(1):
			m.Reply = false
			m.ReqChecksum = p.checksum(e, "req-checksum")
		case ctx(2):
			m.Reply = false
			m.Enc = p.encrypted(e, "enc-fast-req")
		default:
			f.unknown(p, e)
		}
	}
	d.FAST = m
}

// fastFirst reads field [0]: of a request a KrbFastArmor, whose field [1] is
// an OCTET STRING, of a reply an EncryptedData, whose field [1] is an INTEGER or absent.
func (p *parser) fastFirst(e element, m *FAST, name string) {
	f, ok := p.sequence(e, name)
	if !ok {
		return
	}
	quiet := newParser(p.buf, p.base)
	for look := f.r; ; {
		e, ok := look.next(&quiet)
		if !ok {
			break
		}
		if e.id == ctx(1) && p.peek(e.body)&^constructed == idOctetString {
			m.Reply = false
		}
	}
	if m.Reply {
		m.Enc = p.encryptedIn(f)
		return
	}
	for {
		e, ok := f.next(p)
		if !ok {
			return
		}
		switch e.id {
		case ctx(0):
			m.ArmorType = p.int32(e, "armor-type")
		case ctx(1):
			v, off, cut := p.octets(e, "armor-value")
			if len(v) > 0 && m.ArmorType.V == 1 {
				m.Armor = p.encapsulatedAPReq(v, p.base+off, cut, "FAST armor")
			}
		default:
			f.unknown(p, e)
		}
	}
}

// fxError reads PA-FX-ERROR, RFC 6113 §5.4.4: the true error, which only
// shows where the FAST reply is not encrypted.
func (d *PADetail) fxError(p *parser, e element, name string) {
	if e.id == app(30) {
		d.Error = p.krbError(e)
	}
}
