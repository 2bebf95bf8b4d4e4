package analyze

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

func (rd *reader) kdcReq(q *Request, k *krb5.KDCReq) {
	q.Etypes = rd.ints(k.ETypes, keepEtypes)
	q.KDCOptions = k.KDCOptions.V
	q.SName, q.CName = rd.name(k.SName), rd.name(k.CName)
	q.SNameType, q.CNameType = k.SName.Type.V, k.CName.Type.V
	q.Realm = rd.str(k.Realm)
	q.Nonce = k.Nonce.V
	q.Addresses = len(k.Addresses)
	q.PreauthEtype = rd.int32(k.PreauthEType())
	var buf [keepPAData]int32
	types := buf[:0]
	for i := range k.PAData {
		pa := &k.PAData[i]
		if len(types) < keepPAData {
			types = append(types, pa.Type)
		}
		switch pa.Type {
		case krb5.PAEncTimestamp:
			q.Preauth = "timestamp"
		case krb5.PAEncryptedChallenge:
			q.Preauth = "challenge"
		case krb5.PAPKASReq, krb5.PAPKASReqOld:
			q.Preauth = "pkinit"
		case krb5.PAOTPRequest:
			q.Preauth = "otp"
		case krb5.PASPAKE:
			if d := pa.Decode(); d.SPAKE != nil && d.SPAKE.Kind == krb5.SPAKEResponse {
				q.Preauth = "spake"
			}
		case krb5.PAFXFAST:
			if d := pa.Decode(); d.FAST != nil {
				q.FAST = true
			}
		case krb5.PASupportedEnctypes:
			q.SupportedEnc = rd.uint32(pa.Decode().SupportedEnc)
		case krb5.PAForUser:
			if d := pa.Decode(); d.ForUser != nil {
				q.ForUser = rd.principal(d.ForUser.UserName, d.ForUser.UserRealm)
			}
		}
	}
	q.PADataTypes = rd.ints(types, keepPAData)
	for i := range k.Tickets {
		if len(q.Additional) == keepTickets {
			break
		}
		q.Additional = append(q.Additional, TicketRef{})
		rd.ticket(&k.Tickets[i], &q.Additional[i])
	}
}

func (rd *reader) ticket(t *krb5.Ticket, ref *TicketRef) *TicketRef {
	if !t.OK {
		return nil
	}
	*ref = TicketRef{SName: rd.name(t.SName), Realm: rd.str(t.Realm), Etype: t.EncPart.EType.V, KVNO: rd.uint32(t.EncPart.KVNO)}
	if c := t.EncPart.Cipher; len(c) > 0 && !t.EncPart.Cut {
		sum := sha256.Sum256(c)
		if rd.tickets != nil {
			ref.life = rd.tickets.get(&sum, ref)
		} else {
			ref.Hash = hex.EncodeToString(sum[:])
		}
	}
	return ref
}

// keyInfo is the ETYPE-INFO2 of a padata list, else its ETYPE-INFO.
func (rd *reader) keyInfo(list []krb5.PAData) (keys []KeyInfo, old bool, padata []int32) {
	var buf [keepPAData]int32
	types := buf[:0]
	for i := range list {
		pa := &list[i]
		if len(types) < keepPAData {
			types = append(types, pa.Type)
		}
		if pa.Type == krb5.PAETypeInfo {
			old = true
		}
		if pa.Type != krb5.PAETypeInfo2 && (pa.Type != krb5.PAETypeInfo || keys != nil) {
			continue
		}
		from := len(rd.keys)
		for _, e := range pa.Decode().ETypeInfo {
			if len(rd.keys)-from < keepEtypes {
				rd.keys = append(rd.keys, KeyInfo{Etype: e.EType.V, Salt: rd.str(e.Salt), HasSalt: e.Salt != nil})
			}
		}
		if entries := rd.keys[from:]; len(entries) > 0 {
			keys = slices.Clip(entries)
		}
	}
	return keys, old, rd.ints(types, keepPAData)
}

func (rd *reader) failure(m *decode.Message, f *Failure) *Failure {
	e := m.Krb.Error
	*f = Failure{FrameRef: refOf(m), Code: e.ErrorCode.V, Cut: m.Krb.Truncated, EText: rd.str(e.EText[:min(len(e.EText), keepText)]),
		CRealm: rd.str(e.CRealm), Realm: rd.str(e.Realm), SName: rd.name(e.SName), CName: rd.name(e.CName)}
	f.STime = rd.clockNS(e.STime, e.SUSec)
	f.CTime = rd.clockNS(e.CTime, e.CUSec)
	d := e.Data()
	if k := d.KerbErrorData; k != nil {
		f.NTStatus = rd.uint32(k.NTStatus)
		f.SkewRecovery = k.Type == krb5.KerbErrSkewRecovery
	}
	if d.MethodData != nil {
		f.Info2, f.HasInfo, f.PAData = rd.keyInfo(d.MethodData)
		for i := range d.MethodData {
			if d.MethodData[i].Type == krb5.PAPWSalt {
				if s := d.MethodData[i].Decode().NTStatus; s.OK && f.NTStatus == nil {
					f.NTStatus = rd.uint32(s)
				}
			}
		}
	}
	return f
}

// clockNS puts KerberosTime and Microseconds together (RFC 4120 §5.2.4).
func (rd *reader) clockNS(s krb5.Opt[int64], us krb5.Opt[int32]) *int64 {
	if !s.OK || s.V < -1<<32 || s.V > 1<<33 {
		return nil
	}
	v := s.V * 1e9
	if us.OK && us.V >= 0 && us.V < 1e6 {
		v += int64(us.V) * 1000
	}
	return rd.int64(krb5.Opt[int64]{V: v, OK: true})
}
