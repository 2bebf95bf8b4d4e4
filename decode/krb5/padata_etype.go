package krb5

import "encoding/binary"

// An ETypeInfo is an ETYPE-INFO2-ENTRY or an ETYPE-INFO-ENTRY, RFC 4120
// §5.2.7.4 and §5.2.7.5: a key that the client has, and how to make it from a password.
type ETypeInfo struct {
	EType     Opt[int32]
	Salt      []byte // nil: the default salt; RC4 has none
	S2KParams []byte // nil: the etype's default
}

// Iterations is the PBKDF2 count in s2kparams of the AES etypes (RFC 3962 §4).
func (i ETypeInfo) Iterations() (o Opt[uint32]) {
	if len(i.S2KParams) == 4 {
		return some(binary.BigEndian.Uint32(i.S2KParams))
	}
	return o
}

func (d *PADetail) etypeInfo(p *parser, e element, name string) {
	if e.id != idSequence {
		p.notef(e.off, "%s: element 0x%02x where a SEQUENCE should be", name, e.id)
		return
	}
	r := e.body
	for {
		e, ok := r.next(p)
		if !ok {
			return
		}
		f, ok := p.bare(e, name)
		if !ok || len(d.ETypeInfo) == maxList {
			return
		}
		if i := p.etypeInfoIn(f); i.EType.OK {
			d.ETypeInfo = append(d.ETypeInfo, i)
		}
	}
}

func (p *parser) etypeInfoIn(f fields) (i ETypeInfo) {
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(0):
			i.EType = p.int32(e, "etype")
		case ctx(1):
			// KerberosString in ETYPE-INFO2, OCTET STRING in ETYPE-INFO.
			if in, ok := p.inner(e, "salt"); ok && in.id == idOctetString && !p.cut(in.body) {
				i.Salt = p.bytes(in.body)
			} else if ok {
				i.Salt = p.textOf(in, "salt")
			}
		case ctx(2):
			// In ETYPE-INFO of old Heimdal an INTEGER salttype.
			if in, ok := p.inner(e, "s2kparams"); ok && in.id == idOctetString && !p.cut(in.body) {
				i.S2KParams = p.bytes(in.body)
			}
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 1<<0)
	return i
}
