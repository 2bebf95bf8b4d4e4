package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"

	"kerbscope/decode/krb5"
)

// Address types of a HostAddress, RFC 4120 section 7.5.3.
const (
	addrIPv4    = 2
	addrNetBios = 20
	addrIPv6    = 24
)

// body fills in the fields of the message's type.
func (r *row) body(k *krb5.Message) {
	switch {
	case k.KDCReq != nil:
		r.kdcReq(k.KDCReq)
	case k.KDCRep != nil:
		m := k.KDCRep
		r.cname(m.CName, m.CRealm)
		r.PAData = r.wirePAData(m.PAData)
		r.Ticket, r.EncPart = makeTicket(m.Ticket), makeEnc(m.EncPart)
	case k.APReq != nil:
		r.apReq(k.APReq)
	case k.APRep != nil:
		r.EncPart = makeEnc(k.APRep.EncPart)
	case k.Error != nil:
		r.krbError(k.Error)
	case k.Safe != nil:
		r.Safe = makeSafe(k.Safe)
	case k.Priv != nil:
		r.EncPart = makeEnc(k.Priv.EncPart)
	case k.Cred != nil:
		r.Tickets, r.EncPart = makeTickets(k.Cred.Tickets), makeEnc(k.Cred.EncPart)
	case k.TGTReq != nil:
		r.sname(k.TGTReq.ServerName, k.TGTReq.Realm)
	case k.TGTRep != nil:
		r.Ticket = makeTicket(k.TGTRep.Ticket)
	}
}

func (r *row) kdcReq(q *krb5.KDCReq) {
	if q.KDCOptions.OK {
		r.KDCOptions = krb5.KDCOptionNames(q.KDCOptions.V)
	}
	// The realm of an AS-REQ is the client's as well, but stands there once.
	r.cname(q.CName, nil)
	r.sname(q.SName, q.Realm)
	r.From, r.Till, r.RTime = kerberosTime(q.From, krb5.Opt[int32]{}), kerberosTime(q.Till, krb5.Opt[int32]{}), kerberosTime(q.RTime, krb5.Opt[int32]{})
	r.Nonce, r.Addresses = opt(q.Nonce), makeAddresses(q.Addresses)
	r.Etypes, r.EtypesNames = q.ETypes, etypeNames(q.ETypes)
	r.PreauthEtype, r.PreauthEtypeName = etype(q.PreauthEType())
	r.PAData = r.wirePAData(q.PAData)
	if q.APReq != nil {
		r.apReq(q.APReq)
	}
	r.EncAuthData, r.Tickets = makeEnc(q.EncAuthData), makeTickets(q.Tickets)
}

func (r *row) apReq(q *krb5.APReq) {
	if q.APOptions.OK {
		r.APOptions = krb5.APOptionNames(q.APOptions.V)
	}
	r.Ticket = makeTicket(q.Ticket)
	r.AuthenticatorEtype, r.AuthenticatorEtypeName = etype(q.Authenticator.EType)
	r.AuthenticatorKVNO = opt(q.Authenticator.KVNO)
}

func (r *row) krbError(e *krb5.KRBError) {
	r.cname(e.CName, e.CRealm)
	r.sname(e.SName, e.Realm)
	if e.ErrorCode.OK {
		r.ErrorCode, r.ErrorCodeName = opt(e.ErrorCode), krb5.ErrorName(e.ErrorCode.V)
	}
	r.EText = wireText(e.EText)
	r.STime, r.CTime = kerberosTime(e.STime, e.SUSec), kerberosTime(e.CTime, e.CUSec)
	r.SUSec, r.CUSec = opt(e.SUSec), opt(e.CUSec)
	r.EData = r.eData(e)
}

func (r *row) cname(n krb5.PrincipalName, realm []byte) {
	r.CName, r.CRealm = wireText([]byte(n.String())), wireText(realm)
	r.CNameType, r.CNameTypeName = nameType(n)
}

func (r *row) sname(n krb5.PrincipalName, realm []byte) {
	r.SName, r.Realm = wireText([]byte(n.String())), wireText(realm)
	r.SNameType, r.SNameTypeName = nameType(n)
}

func makeTicket(t krb5.Ticket) *rowTicket {
	if !t.OK {
		return nil
	}
	e := makeEncs(t.EncPart)
	k := &rowTicket{TktVNO: opt(t.TktVNO), Realm: wireText(t.Realm), SName: wireText([]byte(t.SName.String())),
		Etype: e.Etype, EtypeName: e.EtypeName, KVNO: e.KVNO, KVNORodc: e.KVNORodc, CipherLength: e.CipherLength}
	k.SNameType, k.SNameTypeName = nameType(t.SName)
	if len(t.EncPart.Cipher) > 0 && !t.EncPart.Cut {
		sum := sha256.Sum256(t.EncPart.Cipher)
		k.Hash = hex.EncodeToString(sum[:])
	}
	if *k == (rowTicket{}) {
		return nil
	}
	return k
}

func makeTickets(list []krb5.Ticket) []rowTicket {
	var out []rowTicket
	for _, t := range list {
		if k := makeTicket(t); k != nil {
			out = append(out, *k)
		}
	}
	return out
}

func makeEnc(d krb5.EncryptedData) *rowEncs {
	if !d.OK {
		return nil
	}
	e := makeEncs(d)
	if e == (rowEncs{}) {
		return nil
	}
	return &e
}

func makeEncs(d krb5.EncryptedData) (e rowEncs) {
	e.Etype, e.EtypeName = etype(d.EType)
	e.KVNO = opt(d.KVNO)
	if d.KVNO.OK {
		e.KVNORodc = d.KVNO.V >> 16
	}
	if !d.Cut {
		e.CipherLength = len(d.Cipher)
	}
	return e
}

func makeAddress(h krb5.HostAddress) *rowAddress {
	if !h.Type.OK && h.Value == nil {
		return nil
	}
	a := &rowAddress{Type: opt(h.Type)}
	if h.Type.OK {
		a.TypeName = krb5.AddrTypeName(h.Type.V)
	}
	ip, isIP := netip.AddrFromSlice(h.Value)
	switch {
	case isIP && (ip.Is4() && h.Type.V == addrIPv4 || ip.Is6() && h.Type.V == addrIPv6):
		a.Address = ip.String()
	case h.Type.V == addrNetBios:
		a.Address = wireText(bytes.TrimRight(h.Value, " \x00"))
	default:
		a.Address = hexOf(h.Value)
	}
	return a
}

func makeAddresses(list []krb5.HostAddress) []rowAddress {
	var out []rowAddress
	for _, h := range list {
		if a := makeAddress(h); a != nil {
			out = append(out, *a)
		}
	}
	return out
}

func makeSafe(m *krb5.KRBSafe) *rowSafe {
	s := &rowSafe{UserDataLength: len(m.UserData), Timestamp: kerberosTime(m.Timestamp, m.USec), USec: opt(m.USec), SeqNumber: opt(m.SeqNumber),
		SAddress: makeAddress(m.SAddress), RAddress: makeAddress(m.RAddress)}
	s.Cksumtype, s.CksumtypeName = checksum(m.Cksum)
	return s
}
