package main

import (
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
	IAKERB        *rowIAKERB     `json:"iakerb,omitempty"`
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

	Addresses []rowAddress `json:"addresses,omitempty"`

	Etypes           []int32  `json:"etypes,omitempty"`
	EtypesNames      []string `json:"etypes_names,omitempty"`
	PreauthEtype     *int32   `json:"preauth_etype,omitempty"`
	PreauthEtypeName string   `json:"preauth_etype_name,omitempty"`

	PAData      []rowPAData `json:"padata,omitempty"`
	EncAuthData *rowEncs    `json:"enc_authorization_data,omitempty"`
	Ticket      *rowTicket  `json:"ticket,omitempty"`
	Tickets     []rowTicket `json:"tickets,omitempty"`

	AuthenticatorEtype     *int32   `json:"authenticator_etype,omitempty"`
	AuthenticatorEtypeName string   `json:"authenticator_etype_name,omitempty"`
	AuthenticatorKVNO      *uint32  `json:"authenticator_kvno,omitempty"`
	EncPart                *rowEncs `json:"enc_part,omitempty"`

	ErrorCode     *int32    `json:"error_code,omitempty"`
	ErrorCodeName string    `json:"error_code_name,omitempty"`
	EText         string    `json:"e_text,omitempty"`
	STime         string    `json:"stime,omitempty"`
	SUSec         *int32    `json:"susec,omitempty"`
	CTime         string    `json:"ctime,omitempty"`
	CUSec         *int32    `json:"cusec,omitempty"`
	EData         *rowEData `json:"e_data,omitempty"`

	Safe *rowSafe `json:"safe_body,omitempty"`

	Opened    *rowOpened   `json:"opened,omitempty"`
	Anomalies []rowAnomaly `json:"anomalies,omitempty"`
	Malformed *rowAnomaly  `json:"malformed,omitempty"`
}

// A carrierResult is the carrier's own word on an authentication.
type carrierResult struct {
	Outcome  string `json:"outcome"`
	Code     *int64 `json:"code,omitempty"`
	CodeName string `json:"code_name,omitempty"`
	Text     string `json:"text,omitempty"`
}

func makeCarrierResult(r *decode.Result) *carrierResult {
	c := &carrierResult{Outcome: r.Outcome.String(), CodeName: r.CodeName, Text: wireText([]byte(r.Text))}
	if !r.NoCode {
		c.Code = &r.Code
	}
	return c
}

// A rowTicket is the clear part of a Ticket and the hash that identifies it.
type rowTicket struct {
	TktVNO        *int32  `json:"tkt_vno,omitempty"`
	Realm         string  `json:"realm,omitempty"`
	SName         string  `json:"sname,omitempty"`
	SNameType     *int32  `json:"sname_type,omitempty"`
	SNameTypeName string  `json:"sname_type_name,omitempty"`
	Etype         *int32  `json:"etype,omitempty"`
	EtypeName     string  `json:"etype_name,omitempty"`
	KVNO          *uint32 `json:"kvno,omitempty"`
	KVNORodc      uint32  `json:"kvno_rodc,omitempty"`
	CipherLength  int     `json:"cipher_length,omitempty"` // bytes; absent when cut
	Hash          string  `json:"hash,omitempty"`
}

// rowEncs is the clear part of an EncryptedData.
type rowEncs struct {
	Etype        *int32  `json:"etype,omitempty"`
	EtypeName    string  `json:"etype_name,omitempty"`
	KVNO         *uint32 `json:"kvno,omitempty"`
	KVNORodc     uint32  `json:"kvno_rodc,omitempty"`
	CipherLength int     `json:"cipher_length,omitempty"` // bytes; absent when cut
}

// A rowAddress is a HostAddress: IPv4 and IPv6 as usual, NetBios without the
// blanks that fill it up, any other in hex.
type rowAddress struct {
	Type     *int32 `json:"type,omitempty"`
	TypeName string `json:"type_name,omitempty"`
	Address  string `json:"address,omitempty"`
}

// A rowSafe is a KRB-SAFE-BODY and the checksum over it.
type rowSafe struct {
	UserDataLength int         `json:"user_data_length"`
	Timestamp      string      `json:"timestamp,omitempty"`
	USec           *int32      `json:"usec,omitempty"`
	SeqNumber      *uint32     `json:"seq_number,omitempty"`
	SAddress       *rowAddress `json:"s_address,omitempty"`
	RAddress       *rowAddress `json:"r_address,omitempty"`
	Cksumtype      *int32      `json:"cksumtype,omitempty"`
	CksumtypeName  string      `json:"cksumtype_name,omitempty"`
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
		Frames: framesOf(m), Opened: makeOpened(m.Opened, m.Time),
	}
	if m.Result != nil {
		r.CarrierResult = makeCarrierResult(m.Result)
	}
	r.anomalies(m.Anomalies)
	if m.Krb == nil {
		return r
	}
	r.MsgType = m.Krb.Type.String()
	if h := m.IAKERB; h != nil {
		r.IAKERB = &rowIAKERB{wireText(h.TargetRealm), len(h.Cookie)}
	}
	r.anomalies(m.Krb.Anomalies)
	if bad := m.Krb.Malformed; bad != nil {
		r.Malformed = &rowAnomaly{bad.Offset, bad.What}
	}
	r.body(m.Krb)
	return r
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
