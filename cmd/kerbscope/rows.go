package main

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"

	"kerbscope/capture"
	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// A row is kerbscope.message/1: one Kerberos message, or a carrier's word or
// an NTLM token that came without one. What the wire does not carry is absent;
// every number x with a registered name has a sibling x_name.
type row struct {
	Schema      string   `json:"schema"`
	Capture     string   `json:"capture"`
	Frame       uint64   `json:"frame"`
	Frames      []uint64 `json:"frames"`
	Time        string   `json:"time,omitempty"`
	Src         string   `json:"src"`
	SPort       uint16   `json:"sport"`
	Dst         string   `json:"dst"`
	DPort       uint16   `json:"dport"`
	Transport   string   `json:"transport"`
	CommunityID string   `json:"community_id"`
	Carrier     []string `json:"carrier"`

	MsgType       string         `json:"msg_type,omitempty"`
	CarrierResult *carrierResult `json:"carrier_result,omitempty"`
	NTLM          string         `json:"ntlm,omitempty"`
	KDCOptions    []string       `json:"kdc_options,omitempty"`
	APOptions     []string       `json:"ap_options,omitempty"`

	CName         string `json:"cname,omitempty"`
	CNameType     *int32 `json:"cname_type,omitempty"`
	CNameTypeName string `json:"cname_type_name,omitempty"`
	CRealm        string `json:"crealm,omitempty"`
	SName         string `json:"sname,omitempty"`
	SNameType     *int32 `json:"sname_type,omitempty"`
	SNameTypeName string `json:"sname_type_name,omitempty"`
	Realm         string `json:"realm,omitempty"`
	SRealm        string `json:"srealm,omitempty"`

	From  string  `json:"from,omitempty"`
	Till  string  `json:"till,omitempty"`
	RTime string  `json:"rtime,omitempty"`
	Nonce *uint32 `json:"nonce,omitempty"`

	Etypes           []int32  `json:"etypes,omitempty"`
	EtypesNames      []string `json:"etypes_names,omitempty"`
	PreauthEtype     *int32   `json:"preauth_etype,omitempty"`
	PreauthEtypeName string   `json:"preauth_etype_name,omitempty"`

	PAData  []rowPAData `json:"padata,omitempty"`
	Ticket  *rowTicket  `json:"ticket,omitempty"`
	Tickets []rowTicket `json:"tickets,omitempty"`

	AuthenticatorEtype     *int32   `json:"authenticator_etype,omitempty"`
	AuthenticatorEtypeName string   `json:"authenticator_etype_name,omitempty"`
	AuthenticatorKVNO      *uint32  `json:"authenticator_kvno,omitempty"`
	EncPart                *rowEncs `json:"enc_part,omitempty"`

	ErrorCode     *int32    `json:"error_code,omitempty"`
	ErrorCodeName string    `json:"error_code_name,omitempty"`
	EText         string    `json:"e_text,omitempty"`
	STime         string    `json:"stime,omitempty"`
	CTime         string    `json:"ctime,omitempty"`
	EData         *rowEData `json:"e_data,omitempty"`

	Opened    *rowOpened   `json:"opened,omitempty"`
	Anomalies []rowAnomaly `json:"anomalies,omitempty"`
	Malformed *rowAnomaly  `json:"malformed,omitempty"`
}

// A carrierResult is the carrier's own word on an authentication.
type carrierResult struct {
	Outcome  string `json:"outcome"`
	Code     int64  `json:"code"`
	CodeName string `json:"code_name,omitempty"`
	Text     string `json:"text,omitempty"`
}

// A rowTicket is the clear part of a Ticket and the hash that identifies it.
type rowTicket struct {
	Realm     string  `json:"realm,omitempty"`
	SName     string  `json:"sname,omitempty"`
	Etype     *int32  `json:"etype,omitempty"`
	EtypeName string  `json:"etype_name,omitempty"`
	KVNO      *uint32 `json:"kvno,omitempty"`
	KVNORodc  uint32  `json:"kvno_rodc,omitempty"`
	Hash      string  `json:"hash,omitempty"`
}

// rowEncs is the clear part of an EncryptedData.
type rowEncs struct {
	Etype     *int32  `json:"etype,omitempty"`
	EtypeName string  `json:"etype_name,omitempty"`
	KVNO      *uint32 `json:"kvno,omitempty"`
	KVNORodc  uint32  `json:"kvno_rodc,omitempty"`
}

// A rowAnomaly is a place in the message, counted in bytes from its first.
type rowAnomaly struct {
	Offset int    `json:"offset"`
	What   string `json:"what"`
}

// makeRow is the row of a message of the capture that has that name and times
// of that many decimal places.
func makeRow(m *decode.Message, name string, digits int) *row {
	r := &row{
		Schema: schemaMessage, Capture: name, Frame: m.Frame.Number(), Time: formatTime(m.Time, digits),
		Src: m.Src.Addr().Unmap().String(), SPort: m.Src.Port(), Dst: m.Dst.Addr().Unmap().String(), DPort: m.Dst.Port(),
		Transport: m.Transport.String(), CommunityID: communityID(m.Src, m.Dst, m.Transport), Carrier: m.Carrier, NTLM: m.NTLM,
		Frames: framesOf(m), Opened: makeOpened(m.Opened),
	}
	if m.Result != nil {
		r.CarrierResult = &carrierResult{m.Result.Outcome.String(), m.Result.Code, m.Result.CodeName, wireText([]byte(m.Result.Text))}
	}
	r.anomalies(m.Anomalies)
	if m.Krb == nil {
		return r
	}
	r.MsgType = m.Krb.Type.String()
	r.anomalies(m.Krb.Anomalies)
	if bad := m.Krb.Malformed; bad != nil {
		r.Malformed = &rowAnomaly{bad.Offset, bad.What}
	}
	r.body(m.Krb)
	return r
}

// body fills in the fields of the message's type.
func (r *row) body(k *krb5.Message) {
	switch {
	case k.KDCReq != nil:
		r.kdcReq(k.KDCReq)
	case k.KDCRep != nil:
		m := k.KDCRep
		r.cname(m.CName, m.CRealm)
		r.PAData = r.padata(m.PAData)
		r.Ticket, r.EncPart = makeTicket(m.Ticket), makeEnc(m.EncPart)
	case k.APReq != nil:
		r.apReq(k.APReq)
	case k.APRep != nil:
		r.EncPart = makeEnc(k.APRep.EncPart)
	case k.Error != nil:
		r.krbError(k.Error)
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
	r.Nonce = opt(q.Nonce)
	r.Etypes, r.EtypesNames = q.ETypes, etypeNames(q.ETypes)
	r.PreauthEtype, r.PreauthEtypeName = etype(q.PreauthEType())
	r.PAData = r.padata(q.PAData)
	if q.APReq != nil {
		r.apReq(q.APReq)
	}
	r.Tickets = makeTickets(q.Tickets)
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

func (r *row) anomalies(list []krb5.Anomaly) {
	for _, a := range list {
		r.Anomalies = append(r.Anomalies, rowAnomaly{a.Offset, a.What})
	}
}

func nameType(n krb5.PrincipalName) (*int32, string) {
	if !n.Type.OK {
		return nil, ""
	}
	return opt(n.Type), krb5.NameTypeName(n.Type.V)
}

func makeTicket(t krb5.Ticket) *rowTicket {
	if !t.OK {
		return nil
	}
	e := makeEncs(t.EncPart)
	k := &rowTicket{Realm: wireText(t.Realm), SName: wireText([]byte(t.SName.String())), Etype: e.Etype, EtypeName: e.EtypeName, KVNO: e.KVNO, KVNORodc: e.KVNORodc}
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
	return e
}

func etype(o krb5.Opt[int32]) (*int32, string) {
	if !o.OK {
		return nil, ""
	}
	return opt(o), krb5.EtypeName(o.V)
}

// etypeNames is the list of names beside a list of etypes. An etype without a
// name stands there as its number, so that the lists stay in step.
func etypeNames(list []int32) []string {
	var names []string
	for _, e := range list {
		names = append(names, etypeOrNumber(e))
	}
	return names
}

func opt[T any](o krb5.Opt[T]) *T {
	if !o.OK {
		return nil
	}
	v := o.V
	return &v
}

// framesOf lists the frames of the message in its own capture: a file of a
// ring set can hold its end alone.
func framesOf(m *decode.Message) []uint64 {
	list := make([]uint64, 0, max(len(m.Frames), 1))
	for _, f := range m.Frames {
		if f.Capture() == m.Frame.Capture() {
			list = append(list, f.Number())
		}
	}
	if len(list) == 0 {
		list = append(list, m.Frame.Number())
	}
	return list
}

// formatTime is a time of a capture as RFC 3339 in UTC, with as many decimal
// places as the capture has; "" without a time.
func formatTime(ns int64, digits int) string {
	if ns == capture.NoTime {
		return ""
	}
	layout := "2006-01-02T15:04:05"
	if digits > 0 {
		layout += "." + strings.Repeat("0", min(digits, 9))
	}
	return time.Unix(ns/1e9, ns%1e9).UTC().Format(layout + "Z")
}

// kerberosTime is a KerberosTime with its microseconds, which most have apart.
func kerberosTime(seconds krb5.Opt[int64], micro krb5.Opt[int32]) string {
	if !seconds.OK {
		return ""
	}
	t := time.Unix(seconds.V, 0).UTC()
	if micro.OK && micro.V >= 0 && micro.V < 1e6 {
		return t.Add(time.Duration(micro.V) * time.Microsecond).Format("2006-01-02T15:04:05.000000Z")
	}
	return t.Format("2006-01-02T15:04:05Z")
}

// wireText is text from the wire as a string that JSON can hold. Bytes that
// are no UTF-8 are taken as Latin-1, which old implementations send.
func wireText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	out := make([]rune, len(b))
	for i, c := range b {
		out[i] = rune(c)
	}
	return string(out)
}
