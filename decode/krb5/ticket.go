package krb5

// EncryptedData is an EncryptedData, RFC 4120 §5.2.9. The zero value is absent.
type EncryptedData struct {
	OK     bool // on the wire; fields may still be missing
	EType  Opt[int32]
	KVNO   Opt[uint32] // 0…4294967295; RODCs keep their number in the upper half
	Cipher []byte      // nil when absent
	Cut    bool        // Cipher holds only the start; its hash identifies nothing
}

func (p *parser) encrypted(e element, name string) EncryptedData {
	f, ok := p.sequence(e, name)
	if !ok {
		return EncryptedData{}
	}
	return p.encryptedIn(f)
}

func (p *parser) encryptedIn(f fields) (d EncryptedData) {
	d.OK = true
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(0):
			d.EType = p.int32(e, "etype")
		case ctx(1):
			d.KVNO = p.uint32(e, "kvno")
		case ctx(2):
			d.Cipher, _, d.Cut = p.octets(e, "cipher")
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 1<<0|1<<2)
	d.Cut = d.Cut || d.Cipher == nil && p.cut(f.r)
	return d
}

// A Ticket is a Ticket, RFC 4120 §5.3. The zero value is absent.
type Ticket struct {
	OK      bool // on the wire; fields may still be missing
	TktVNO  Opt[int32]
	Realm   []byte // the issuing realm; nil when absent
	SName   PrincipalName
	EncPart EncryptedData
	Raw     []byte // the whole ticket with its tag, or what is there of it
}

func (p *parser) ticket(e element, name string) (t Ticket) {
	in, ok := p.inner(e, name)
	if !ok {
		return t
	}
	return p.ticketOf(in, name)
}

// ticketOf reads the [APPLICATION 1] element in.
func (p *parser) ticketOf(in element, name string) (t Ticket) {
	if in.id != app(1) {
		p.notef(in.off, "%s: element 0x%02x where a Ticket should be", name, in.id)
		return t
	}
	f, ok := p.sequence(in, name)
	if !ok {
		return t
	}
	t.OK = true
	t.Raw = p.bytes(reader{in.off, in.body.end})
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(0):
			t.TktVNO = p.int32(e, "tkt-vno")
		case ctx(1):
			t.Realm = p.text(e, "realm")
		case ctx(2):
			t.SName = p.principal(e, "sname")
		case ctx(3):
			t.EncPart = p.encrypted(e, "enc-part")
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 0xf)
	return t
}

// tickets reads a SEQUENCE OF Ticket; those that are not there in full are last.
func (p *parser) tickets(e element, name string) []Ticket {
	in, ok := p.typed(e, idSequence, name)
	if !ok {
		return nil
	}
	var list []Ticket
	r := in.body
	for {
		in, ok := r.next(p)
		if !ok {
			return list
		}
		if len(list) == maxTickets {
			p.notef(in.off, "%s: more than %d tickets", name, maxTickets)
			return list
		}
		if t := p.ticketOf(in, name); t.OK {
			list = append(list, t)
		}
	}
}

// A Checksum is a Checksum, RFC 4120 §5.2.9. The zero value is absent.
type Checksum struct {
	OK    bool
	Type  Opt[int32] // cksumtype
	Value []byte
}

func (p *parser) checksum(e element, name string) (c Checksum) {
	if f, ok := p.sequence(e, name); ok {
		return p.checksumIn(f)
	}
	return c
}

func (p *parser) checksumIn(f fields) (c Checksum) {
	c.OK = true
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(0):
			c.Type = p.int32(e, "cksumtype")
		case ctx(1):
			c.Value, _, _ = p.octets(e, "checksum")
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 3)
	return c
}

// A HostAddress is a HostAddress, RFC 4120 §5.2.5.
type HostAddress struct {
	Type  Opt[int32] // addr-type: 2 IPv4, 20 NetBIOS, 24 IPv6
	Value []byte
}

func (p *parser) addresses(e element, name string) []HostAddress {
	in, ok := p.typed(e, idSequence, name)
	if !ok {
		return nil
	}
	r := in.body
	list := p.room.addresses
	if p.room.addresses = nil; list == nil {
		list = make([]HostAddress, 0, min((p.rest(r)+14)/15, maxList)) // an IPv4 address takes 17 bytes
	}
	for {
		in, ok := r.next(p)
		if !ok {
			return list
		}
		if in.id != idSequence || len(list) == maxList {
			p.notef(in.off, "%s: element 0x%02x in a list of addresses", name, in.id)
			return list
		}
		list = append(list, p.addressIn(fields{r: in.body, name: name}))
	}
}

func (p *parser) address(e element, name string) (h HostAddress) {
	if f, ok := p.sequence(e, name); ok {
		return p.addressIn(f)
	}
	return h
}

func (p *parser) addressIn(f fields) (h HostAddress) {
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(0):
			h.Type = p.int32(e, "addr-type")
		case ctx(1):
			h.Value, _, _ = p.octets(e, "address")
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 3)
	return h
}
