// Package krb5 reads Kerberos messages: bytes to structs with the names of
// RFC 4120, nothing of the flow that they came in. It accepts BER where DER is
// due, reports what is out of order with its offset, and reads a cut or broken
// message as far as it goes. Results point into the input, which must not be
// changed while they are in use.
package krb5

import "strconv"

// A MsgType is a message type; the [APPLICATION] tag has the same number
// (RFC 4120 §5.10), but for TGT-REQ and TGT-REP, which have no such tag.
type MsgType uint8

const (
	ASReq       MsgType = 10
	ASRep       MsgType = 11
	TGSReq      MsgType = 12
	TGSRep      MsgType = 13
	APReqMsg    MsgType = 14
	APRepMsg    MsgType = 15
	TGTReqMsg   MsgType = 16 // draft-swift-win2k-krb-user2user §2
	TGTRepMsg   MsgType = 17
	KRBSafeMsg  MsgType = 20
	KRBPrivMsg  MsgType = 21
	KRBCredMsg  MsgType = 22
	KRBErrorMsg MsgType = 30
)

// String is the name as RFC 4120 writes it in prose: "AS-REQ".
func (t MsgType) String() string {
	switch t {
	case ASReq:
		return "AS-REQ"
	case ASRep:
		return "AS-REP"
	case TGSReq:
		return "TGS-REQ"
	case TGSRep:
		return "TGS-REP"
	case APReqMsg:
		return "AP-REQ"
	case APRepMsg:
		return "AP-REP"
	case TGTReqMsg:
		return "TGT-REQ"
	case TGTRepMsg:
		return "TGT-REP"
	case KRBSafeMsg:
		return "KRB-SAFE"
	case KRBPrivMsg:
		return "KRB-PRIV"
	case KRBCredMsg:
		return "KRB-CRED"
	case KRBErrorMsg:
		return "KRB-ERROR"
	}
	return "message type " + strconv.Itoa(int(t))
}

// tagged says whether t is the number of an [APPLICATION] tag of a message.
func (t MsgType) tagged() bool {
	switch t {
	case ASReq, ASRep, TGSReq, TGSRep, APReqMsg, APRepMsg, KRBSafeMsg, KRBPrivMsg, KRBCredMsg, KRBErrorMsg:
		return true
	}
	return false
}

// A Message is one Kerberos message. One of the bodies is set, by Type; none
// when the message broke or was cut before its fields.
type Message struct {
	Type   MsgType
	KDCReq *KDCReq   // AS-REQ, TGS-REQ
	KDCRep *KDCRep   // AS-REP, TGS-REP
	APReq  *APReq    // AP-REQ
	APRep  *APRep    // AP-REP
	Error  *KRBError // KRB-ERROR
	Priv   *KRBPriv  // KRB-PRIV
	Safe   *KRBSafe  // KRB-SAFE
	Cred   *KRBCred  // KRB-CRED
	TGTReq *TGTReq   // TGT-REQ
	TGTRep *TGTRep   // TGT-REP

	Raw       []byte // the message, or what is there of it
	Length    int    // of the whole message, as its header says
	Truncated bool   // len(Raw) < Length
	Anomalies []Anomaly
	Malformed *Malformed // nil: read to the end
}

// Parse reads the message that starts at b[0]. n is the number of bytes of b
// that it takes, 0 when no Kerberos message starts there. When b ends before the message does,
// what is there is read, n is len(b) and Truncated is set.
func Parse(b []byte) (m Message, n int) {
	p := newParser(b, 0)
	t := typeAt(b)
	if t == 0 {
		return m, 0
	}
	// What b does not hold is taken as not captured: a missing length is as long as any.
	r := p.all(true)
	e, ok := r.next(&p)
	if !ok {
		return m, 0
	}
	n = min(r.pos, len(b))
	m.Type, m.Raw, m.Length = t, b[:n:n], n
	if p.cut(e.body) {
		m.Truncated = true
		if h, l, form := header(b); form == lengthIndefinite {
			m.Length = n + 1
			p.note(n, "truncated: message of indefinite length without its end")
		} else {
			m.Length = h + l
			p.notef(n, "truncated: %d of %d bytes", n, m.Length)
		}
	}
	p.body(e, &m)
	m.Anomalies, m.Malformed = p.found(), p.malformed
	return m, n
}

func (p *parser) body(e element, m *Message) {
	var pvno, msgType Opt[int32]
	switch m.Type {
	case ASReq, TGSReq:
		if m.KDCReq = p.kdcReq(e, m.Type); m.KDCReq != nil {
			pvno, msgType = m.KDCReq.PVNO, m.KDCReq.MsgType
		}
	case ASRep, TGSRep:
		if m.KDCRep = p.kdcRep(e); m.KDCRep != nil {
			pvno, msgType = m.KDCRep.PVNO, m.KDCRep.MsgType
		}
	case APReqMsg:
		if m.APReq = p.apReq(e); m.APReq != nil {
			pvno, msgType = m.APReq.PVNO, m.APReq.MsgType
		}
	case APRepMsg:
		if m.APRep = p.apRep(e); m.APRep != nil {
			pvno, msgType = m.APRep.PVNO, m.APRep.MsgType
		}
	case KRBSafeMsg:
		if m.Safe = p.safe(e); m.Safe != nil {
			pvno, msgType = m.Safe.PVNO, m.Safe.MsgType
		}
	case KRBPrivMsg:
		if m.Priv = p.priv(e); m.Priv != nil {
			pvno, msgType = m.Priv.PVNO, m.Priv.MsgType
		}
	case KRBCredMsg:
		if m.Cred = p.cred(e); m.Cred != nil {
			pvno, msgType = m.Cred.PVNO, m.Cred.MsgType
		}
	case KRBErrorMsg:
		if m.Error = p.krbError(e); m.Error != nil {
			pvno, msgType = m.Error.PVNO, m.Error.MsgType
		}
	case TGTReqMsg:
		m.TGTReq = p.tgtReq(e)
		pvno, msgType = m.TGTReq.PVNO, m.TGTReq.MsgType
	case TGTRepMsg:
		m.TGTRep = p.tgtRep(e)
		pvno, msgType = m.TGTRep.PVNO, m.TGTRep.MsgType
	}
	if pvno.OK && pvno.V != 5 {
		p.notef(0, "pvno is %d, not 5", pvno.V)
	}
	if msgType.OK && msgType.V != int32(m.Type) {
		p.notef(0, "msg-type is %d, the tag says %d", msgType.V, m.Type)
	}
}

// typeAt tells the message that starts at b[0] by its tag, or for the two that
// have no tag by their first fields; 0 for none.
func typeAt(b []byte) MsgType {
	if len(b) < 2 {
		return 0
	}
	if b[0]&0xe0 == 0x60 {
		if t := MsgType(b[0] & 0x1f); t.tagged() {
			return t
		}
		return 0
	}
	if b[0] != idSequence {
		return 0
	}
	h, _, form := header(b)
	if form != lengthShort && form != lengthPadded || len(b) < h+10 {
		return 0
	}
	f := b[h:]
	if string(f[:9]) != "\xa0\x03\x02\x01\x05\xa1\x03\x02\x01" || f[9] != byte(TGTReqMsg) && f[9] != byte(TGTRepMsg) {
		return 0
	}
	return MsgType(f[9])
}

// PAData is the padata of a KDC-REQ or KDC-REP, nil for other messages.
func (m *Message) PAData() []PAData {
	switch {
	case m.KDCReq != nil:
		return m.KDCReq.PAData
	case m.KDCRep != nil:
		return m.KDCRep.PAData
	}
	return nil
}
