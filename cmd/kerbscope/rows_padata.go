package main

import (
	"encoding/hex"
	"strconv"

	"kerbscope/decode/krb5"
)

// A rowPAData is one PA-DATA, with what is decoded of its type.
type rowPAData struct {
	Type     int32  `json:"type"`
	TypeName string `json:"type_name,omitempty"`
	Length   int    `json:"length"` // bytes of the value that are there

	EtypeInfo              []rowEtypeInfo `json:"etype_info,omitempty"`
	EtypeInfo2             []rowEtypeInfo `json:"etype_info2,omitempty"`
	Enc                    *rowEncs       `json:"enc_part,omitempty"`
	PAPACRequest           *bool          `json:"pa_pac_request,omitempty"`
	SupportedEnctypes      *uint32        `json:"supported_enctypes,omitempty"`
	SupportedEnctypesNames []string       `json:"supported_enctypes_names,omitempty"`
	PACOptions             []string       `json:"pac_options,omitempty"`
	ForUser                *rowForUser    `json:"for_user,omitempty"`
	S4UX509User            *rowForUser    `json:"s4u_x509_user,omitempty"`
	FAST                   *rowFAST       `json:"fast,omitempty"`
	FXError                *rowFXError    `json:"fx_error,omitempty"`
	SPAKE                  *rowSPAKE      `json:"spake,omitempty"`
	PKAsRep                string         `json:"pk_as_rep,omitempty"` // "dh" or "enc-key-pack"
	KeyList                []int32        `json:"key_list,omitempty"`
	KeyListNames           []string       `json:"key_list_names,omitempty"`
	Referral               *rowReferral   `json:"referral,omitempty"`
	Salt                   string         `json:"salt,omitempty"`
	NTStatus               *uint32        `json:"ntstatus,omitempty"`
	NTStatusName           string         `json:"ntstatus_name,omitempty"`
	Cksumtype              *int32         `json:"cksumtype,omitempty"`
	CksumtypeName          string         `json:"cksumtype_name,omitempty"`
}

type rowEtypeInfo struct {
	Etype      int32   `json:"etype"`
	EtypeName  string  `json:"etype_name,omitempty"`
	Salt       string  `json:"salt,omitempty"`
	S2KParams  string  `json:"s2kparams,omitempty"` // hex
	Iterations *uint32 `json:"iterations,omitempty"`
}

// A rowForUser is the user of S4U2self.
type rowForUser struct {
	CName         string   `json:"cname,omitempty"`
	CNameType     *int32   `json:"cname_type,omitempty"`
	CNameTypeName string   `json:"cname_type_name,omitempty"`
	CRealm        string   `json:"crealm,omitempty"`
	AuthPackage   string   `json:"auth_package,omitempty"`
	Certificate   int      `json:"certificate_length,omitempty"`
	Cksumtype     *int32   `json:"cksumtype,omitempty"`
	CksumtypeName string   `json:"cksumtype_name,omitempty"`
	Options       []string `json:"options,omitempty"`
}

// A rowFAST is the outside of FAST armor; what it protects is encrypted.
type rowFAST struct {
	Kind               string     `json:"kind"` // "request" or "reply"
	ArmorType          *int32     `json:"armor_type,omitempty"`
	ArmorTicket        *rowTicket `json:"armor_ticket,omitempty"`
	AuthenticatorEtype *int32     `json:"authenticator_etype,omitempty"`
	AuthenticatorName  string     `json:"authenticator_etype_name,omitempty"`
	Enc                *rowEncs   `json:"enc_part,omitempty"`
}

type rowFXError struct {
	ErrorCode     *int32 `json:"error_code,omitempty"`
	ErrorCodeName string `json:"error_code_name,omitempty"`
	EText         string `json:"e_text,omitempty"`
}

type rowSPAKE struct {
	Kind    string   `json:"kind"`
	Groups  []int32  `json:"groups,omitempty"`
	Group   *int32   `json:"group,omitempty"`
	Factors []int32  `json:"factors,omitempty"`
	Enc     *rowEncs `json:"enc_part,omitempty"`
}

type rowReferral struct {
	Realm string `json:"realm,omitempty"`
	Name  string `json:"name,omitempty"`
}

// A rowEData is the e-data of a KRB-ERROR.
type rowEData struct {
	MethodData    []rowPAData    `json:"method_data,omitempty"`
	TypedData     []rowTypedData `json:"typed_data,omitempty"`
	KerbErrorData *rowKerbError  `json:"kerb_error_data,omitempty"`
	Ticket        *rowTicket     `json:"ticket,omitempty"` // the acceptor's TGT, for user-to-user
	Hex           string         `json:"hex,omitempty"`
}

type rowTypedData struct {
	Type     int32  `json:"type"`
	TypeName string `json:"type_name,omitempty"`
	Length   int    `json:"length"`
	Hex      string `json:"hex,omitempty"`
}

type rowKerbError struct {
	Type         int32   `json:"type"`
	TypeName     string  `json:"type_name,omitempty"`
	NTStatus     *uint32 `json:"ntstatus,omitempty"`
	NTStatusName string  `json:"ntstatus_name,omitempty"`
	Flags        *uint32 `json:"flags,omitempty"`
}

// maxHex is the most bytes of undecoded data that are printed.
const maxHex = 1024

// padata is the list of a message's padata; what is wrong inside one goes to
// the row's anomalies.
func (r *row) padata(list []krb5.PAData) []rowPAData {
	var out []rowPAData
	for _, pa := range list {
		d := pa.Decode()
		r.anomalies(d.Anomalies)
		if d.Malformed != nil {
			r.Anomalies = append(r.Anomalies, rowAnomaly{d.Malformed.Offset, "padata: " + d.Malformed.What})
		}
		out = append(out, makePAData(pa, &d))
	}
	return out
}

func makePAData(pa krb5.PAData, d *krb5.PADetail) rowPAData {
	p := rowPAData{
		Type: pa.Type, TypeName: krb5.PADataName(pa.Type), Length: len(pa.Value), Enc: makeEnc(d.Encrypted), PAPACRequest: opt(d.IncludePAC),
		SupportedEnctypes: opt(d.SupportedEnc), KeyList: d.KeyList, KeyListNames: etypeNames(d.KeyList), Salt: wireText(d.Salt), NTStatus: opt(d.NTStatus),
	}
	if pa.Type == krb5.PAETypeInfo {
		p.EtypeInfo = makeEtypeInfo(d.ETypeInfo)
	} else {
		p.EtypeInfo2 = makeEtypeInfo(d.ETypeInfo)
	}
	if d.SupportedEnc.OK {
		p.SupportedEnctypesNames = krb5.SupportedEncNames(d.SupportedEnc.V)
	}
	if d.PACOptions.OK {
		p.PACOptions = krb5.PACOptionNames(d.PACOptions.V)
	}
	if d.NTStatus.OK {
		p.NTStatusName = krb5.NTStatusName(d.NTStatus.V)
	}
	p.Cksumtype, p.CksumtypeName = checksum(d.Checksum)
	p.users(d)
	if f := d.FAST; f != nil {
		p.FAST = makeFAST(f)
	}
	if e := d.Error; e != nil {
		p.FXError = &rowFXError{ErrorCode: opt(e.ErrorCode), EText: wireText(e.EText)}
		if e.ErrorCode.OK {
			p.FXError.ErrorCodeName = krb5.ErrorName(e.ErrorCode.V)
		}
	}
	if s := d.SPAKE; s != nil {
		p.SPAKE = &rowSPAKE{Kind: krb5.SPAKEKindName(s.Kind), Groups: s.Groups, Group: opt(s.Group), Factors: s.Factors, Enc: makeEnc(s.Enc)}
	}
	if k := d.PKASRep; k != nil {
		p.PKAsRep = "enc-key-pack"
		if k.DH {
			p.PKAsRep = "dh"
		}
	}
	if s := d.Referral; s != nil {
		p.Referral = &rowReferral{wireText(s.Realm), wireText([]byte(s.Name.String()))}
	}
	return p
}

func (p *rowPAData) users(d *krb5.PADetail) {
	if u := d.ForUser; u != nil {
		p.ForUser = &rowForUser{CName: wireText([]byte(u.UserName.String())), CRealm: wireText(u.UserRealm), AuthPackage: wireText(u.AuthPackage)}
		p.ForUser.CNameType, p.ForUser.CNameTypeName = nameType(u.UserName)
		p.ForUser.Cksumtype, p.ForUser.CksumtypeName = checksum(u.Cksum)
	}
	if u := d.S4UX509User; u != nil {
		p.S4UX509User = &rowForUser{CName: wireText([]byte(u.CName.String())), CRealm: wireText(u.CRealm), Certificate: len(u.Certificate)}
		p.S4UX509User.CNameType, p.S4UX509User.CNameTypeName = nameType(u.CName)
		p.S4UX509User.Cksumtype, p.S4UX509User.CksumtypeName = checksum(u.Cksum)
	}
}

func makeFAST(f *krb5.FAST) *rowFAST {
	out := &rowFAST{Kind: "request", ArmorType: opt(f.ArmorType), Enc: makeEnc(f.Enc)}
	if f.Reply {
		out.Kind = "reply"
	}
	if f.Armor != nil {
		out.ArmorTicket = makeTicket(f.Armor.Ticket)
		out.AuthenticatorEtype, out.AuthenticatorName = etype(f.Armor.Authenticator.EType)
	}
	return out
}

func makeEtypeInfo(list []krb5.ETypeInfo) []rowEtypeInfo {
	var out []rowEtypeInfo
	for _, i := range list {
		out = append(out, rowEtypeInfo{i.EType.V, krb5.EtypeName(i.EType.V), wireText(i.Salt), hex.EncodeToString(i.S2KParams), opt(i.Iterations())})
	}
	return out
}

func checksum(c krb5.Checksum) (*int32, string) {
	if !c.OK || !c.Type.OK {
		return nil, ""
	}
	return opt(c.Type), krb5.ChecksumName(c.Type.V)
}

// eData is the decoded e-data of an error; hex of it where it has no known shape.
func (r *row) eData(e *krb5.KRBError) *rowEData {
	if len(e.EData) == 0 {
		return nil
	}
	d := e.Data()
	r.anomalies(d.Anomalies)
	out := &rowEData{MethodData: r.padata(d.MethodData)}
	for _, t := range d.TypedData {
		out.TypedData = append(out.TypedData, rowTypedData{t.Type, krb5.TypedDataName(t.Type), len(t.Value), hexOf(t.Value)})
	}
	if k := d.KerbErrorData; k != nil {
		out.KerbErrorData = &rowKerbError{Type: k.Type, TypeName: kerbErrorName(k.Type), NTStatus: opt(k.NTStatus), Flags: opt(k.Flags)}
		if k.NTStatus.OK {
			out.KerbErrorData.NTStatusName = krb5.NTStatusName(k.NTStatus.V)
		}
	}
	if d.TGTRep != nil {
		out.Ticket = makeTicket(d.TGTRep.Ticket)
	}
	if out.MethodData == nil && out.TypedData == nil && out.KerbErrorData == nil && out.Ticket == nil {
		out.Hex = hexOf(d.Raw)
	}
	return out
}

// kerbErrorName names the types of KERB-ERROR-DATA, [MS-KILE] §2.2.2.
func kerbErrorName(typ int32) string {
	switch typ {
	case krb5.KerbErrNTStatus:
		return "KERB_ERR_TYPE_NTSTATUS"
	case krb5.KerbErrSkewRecovery:
		return "KERB_AP_ERR_TYPE_SKEW_RECOVERY"
	case krb5.KerbErrExtended:
		return "KERB_ERR_TYPE_EXTENDED"
	}
	return ""
}

func hexOf(b []byte) string { return hex.EncodeToString(b[:min(len(b), maxHex)]) }

func etypeOrNumber(e int32) string {
	if n := krb5.EtypeName(e); n != "" {
		return n
	}
	return strconv.Itoa(int(e))
}
