package krb5

import "encoding/binary"

// Types of KERB-ERROR-DATA.
const (
	KerbErrNTStatus     = 1 // value: NTSTATUS, little-endian
	KerbErrSkewRecovery = 2 // no value; the client is to retry with the server's time
	KerbErrExtended     = 3 // value: KERB-EXT-ERROR
)

// An EData is the e-data of a KRB-ERROR. At most one of MethodData, TypedData,
// KerbErrorData and TGTRep is set; when none is, the bytes have no shape that we know.
type EData struct {
	MethodData    []PAData       // METHOD-DATA, RFC 4120 §5.9.1
	TypedData     []PAData       // TYPED-DATA, RFC 4120 §5.9.1; Type is a TD- number
	KerbErrorData *KerbErrorData // KERB-ERROR-DATA, [MS-KILE] §2.2.2
	TGTRep        *TGTRep        // the acceptor's TGT, with KRB_AP_ERR_USER_TO_USER_REQUIRED
	Raw           []byte
	Anomalies     []Anomaly // offsets in the message
}

// A KerbErrorData is a KERB-ERROR-DATA, [MS-KILE] §2.2.2.
type KerbErrorData struct {
	Type     int32
	NTStatus Opt[uint32] // KERB-EXT-ERROR, [MS-KILE] §2.2.1
	Flags    Opt[uint32] // its flags: 1 in an AS, 3 in a TGS error
	Value    []byte
}

// Data decodes e-data. It never fails: what has no known shape stays in Raw.
func (m *KRBError) Data() (d EData) {
	d.Raw = m.EData
	if len(m.EData) == 0 {
		return d
	}
	p := newParser(m.EData, m.eDataOff)
	d.read(&p, p.all(m.EDataCut))
	d.Anomalies = p.found()
	return d
}

func (d *EData) read(p *parser, r reader) {
	if typeAt(p.buf) == TGTRepMsg {
		if e, ok := r.next(p); ok {
			d.TGTRep = p.tgtRep(e)
		}
		return
	}
	if p.buf[0] != idSequence {
		return
	}
	sub := newParser(p.buf, p.base) // that it is none of these shapes is no anomaly
	e, ok := r.next(&sub)
	if !ok {
		return
	}
	first := e.body
	in, ok := first.next(&sub)
	if sub.malformed != nil {
		return
	}
	switch {
	case !ok:
		return
	case in.id == ctx(1):
		d.kerbErrorData(p, fields{r: e.body, name: "KERB-ERROR-DATA"})
	case in.id == idSequence && p.peek(in.body) == ctx(1):
		d.MethodData = p.padataOf(e.body, paFields)
	case in.id == idSequence && p.peek(in.body) == ctx(0):
		d.TypedData = p.padataOf(e.body, tdFields)
	default:
		return
	}
	if p.rest(r) > 0 {
		p.notef(r.pos, "e-data: %d trailing bytes", p.rest(r))
	}
	if m := p.malformed; m != nil {
		p.noteAt(m.Offset, "e-data: malformed: "+m.What)
	}
}

// kerbErrorData reads a KERB-ERROR-DATA. A lone PA-DATA, which has the same
// fields and which old KDCs send without the SEQUENCE OF around it, is told
// apart by its number.
func (d *EData) kerbErrorData(p *parser, f fields) {
	pa, ok := p.padataIn(f, paFields)
	if !ok {
		return
	}
	if pa.Type < KerbErrNTStatus || pa.Type > KerbErrExtended || pa.Cut {
		d.MethodData = []PAData{pa}
		return
	}
	k := &KerbErrorData{Type: pa.Type, Value: pa.Value}
	switch {
	case len(pa.Value) >= 12:
		k.NTStatus = some(binary.LittleEndian.Uint32(pa.Value))
		k.Flags = some(binary.LittleEndian.Uint32(pa.Value[8:]))
	case len(pa.Value) >= 4:
		k.NTStatus = some(binary.LittleEndian.Uint32(pa.Value))
	case len(pa.Value) > 0 || pa.Type == KerbErrExtended:
		p.notef(pa.Offset-p.base, "KERB-ERROR-DATA: value of %d bytes", len(pa.Value))
	}
	d.KerbErrorData = k
}
