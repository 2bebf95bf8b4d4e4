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
	PKAsReq                *rowPKASReq    `json:"pk_as_req,omitempty"`
	PKAsRep                string         `json:"pk_as_rep,omitempty"` // "dh" or "enc-key-pack"
	PKAsRepInfo            *rowPKASRep    `json:"pk_as_rep_info,omitempty"`
	OTP                    *rowOTP        `json:"otp,omitempty"`
	AuthSet                []int32        `json:"authentication_set,omitempty"`
	AuthSetNames           []string       `json:"authentication_set_names,omitempty"`
	KeyList                []int32        `json:"key_list,omitempty"` // etypes: what is asked for, or the keys that came
	KeyListNames           []string       `json:"key_list_names,omitempty"`
	DMSA                   *rowDMSA       `json:"dmsa_key_package,omitempty"`
	Referral               *rowReferral   `json:"referral,omitempty"`
	Salt                   string         `json:"salt,omitempty"`
	NTStatus               *uint32        `json:"ntstatus,omitempty"`
	NTStatusName           string         `json:"ntstatus_name,omitempty"`
	Cksumtype              *int32         `json:"cksumtype,omitempty"`
	CksumtypeName          string         `json:"cksumtype_name,omitempty"`
	rowTyped
	Hex string `json:"hex,omitempty"` // of what is opaque or unknown
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
	Nonce         *uint32  `json:"nonce,omitempty"`
	Certificate   int      `json:"certificate_length,omitempty"`
	Subject       *rowCert `json:"certificate,omitempty"`
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
	Cksumtype          *int32     `json:"cksumtype,omitempty"` // of req-checksum
	CksumtypeName      string     `json:"cksumtype_name,omitempty"`
	Enc                *rowEncs   `json:"enc_part,omitempty"`
}

type rowFXError struct {
	ErrorCode     *int32    `json:"error_code,omitempty"`
	ErrorCodeName string    `json:"error_code_name,omitempty"`
	EText         string    `json:"e_text,omitempty"`
	STime         string    `json:"stime,omitempty"`
	CName         string    `json:"cname,omitempty"`
	CRealm        string    `json:"crealm,omitempty"`
	SName         string    `json:"sname,omitempty"`
	Realm         string    `json:"realm,omitempty"`
	EData         *rowEData `json:"e_data,omitempty"`
}

type rowSPAKE struct {
	Kind         string   `json:"kind"`
	Groups       []int32  `json:"groups,omitempty"`
	GroupsNames  []string `json:"groups_names,omitempty"`
	Group        *int32   `json:"group,omitempty"`
	GroupName    string   `json:"group_name,omitempty"`
	Factors      []int32  `json:"factors,omitempty"`
	FactorsNames []string `json:"factors_names,omitempty"`
	PubKey       int      `json:"pubkey_length,omitempty"`
	Enc          *rowEncs `json:"enc_part,omitempty"`
}

// A rowDMSA tells of the keys of a delegated managed service account their etypes.
type rowDMSA struct {
	Current       []int32  `json:"current_etypes,omitempty"`
	CurrentNames  []string `json:"current_etypes_names,omitempty"`
	Previous      []int32  `json:"previous_etypes,omitempty"`
	PreviousNames []string `json:"previous_etypes_names,omitempty"`
	Expiration    string   `json:"expiration,omitempty"`
	Fetch         string   `json:"fetch,omitempty"`
}

type rowReferral struct {
	Realm string `json:"realm,omitempty"`
	Name  string `json:"name,omitempty"`
}

// maxNested bounds errors within errors: PA-FX-ERROR and TD-PADATA hold padata again.
const maxNested = 4

// padata is the list of a message's padata; what is wrong inside one goes to
// the row's anomalies. Of types that are not known only the length is told: what a key
// opened may hold keys.
func (r *row) padata(list []krb5.PAData) []rowPAData { return r.padataAt(list, 0) }

// wirePAData is padata of what stands in clear, types that are not known with
// their bytes.
func (r *row) wirePAData(list []krb5.PAData) []rowPAData {
	out := r.padata(list)
	for i := range out {
		if out[i].TypeName == "" {
			out[i].Hex = hexOf(list[i].Value)
		}
	}
	return out
}

func (r *row) padataAt(list []krb5.PAData, depth int) []rowPAData {
	if depth > maxNested {
		return nil
	}
	var out []rowPAData
	for _, pa := range list {
		d := pa.Decode()
		r.anomalies(d.Anomalies)
		if d.Malformed != nil {
			r.Anomalies = append(r.Anomalies, rowAnomaly{d.Malformed.Offset, "padata: " + d.Malformed.What})
		}
		out = append(out, r.makePAData(pa, &d, depth))
	}
	return out
}

func (r *row) makePAData(pa krb5.PAData, d *krb5.PADetail, depth int) rowPAData {
	p := rowPAData{
		Type: pa.Type, TypeName: krb5.PADataName(pa.Type), Length: len(pa.Value), Enc: makeEnc(d.Encrypted), PAPACRequest: opt(d.IncludePAC),
		SupportedEnctypes: opt(d.SupportedEnc), KeyList: d.KeyList, Salt: wireText(d.Salt), NTStatus: opt(d.NTStatus),
		OTP: makeOTP(d.OTP), DMSA: makeDMSA(d.DMSA), AuthSet: d.AuthSet, AuthSetNames: numberNames(d.AuthSet, krb5.PADataName), rowTyped: makeTyped(&d.TypedDetail),
		PKAsReq: makePKASReq(d.PKASReq), Hex: hexOf(d.Opaque),
	}
	if d.Keys != nil {
		p.KeyList = keyEtypes(d.Keys)
	}
	p.KeyListNames = etypeNames(p.KeyList)
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
		p.FXError = &rowFXError{ErrorCode: opt(e.ErrorCode), EText: wireText(e.EText), STime: kerberosTime(e.STime, e.SUSec), EData: r.eDataAt(e, depth+1),
			CName: wireText([]byte(e.CName.String())), CRealm: wireText(e.CRealm), SName: wireText([]byte(e.SName.String())), Realm: wireText(e.Realm)}
		if e.ErrorCode.OK {
			p.FXError.ErrorCodeName = krb5.ErrorName(e.ErrorCode.V)
		}
	}
	if s := d.SPAKE; s != nil {
		p.SPAKE = &rowSPAKE{Kind: krb5.SPAKEKindName(s.Kind), Groups: s.Groups, GroupsNames: numberNames(s.Groups, krb5.SPAKEGroupName), Group: opt(s.Group),
			Factors: s.Factors, FactorsNames: numberNames(s.Factors, krb5.SPAKEFactorName), PubKey: s.PubKey, Enc: makeEnc(s.Enc)}
		if s.Group.OK {
			p.SPAKE.GroupName = krb5.SPAKEGroupName(s.Group.V)
		}
	}
	if k := d.PKASRep; k != nil {
		p.PKAsRep = "enc-key-pack"
		if k.DH {
			p.PKAsRep = "dh"
		}
		p.PKAsRepInfo = makePKASRep(k)
	}
	if s := d.Referral; s != nil {
		p.Referral = &rowReferral{wireText(s.Realm), wireText([]byte(s.Name.String()))}
	}
	return p
}

// numberNames is the list of names beside a list of numbers, in step with it.
func numberNames(list []int32, name func(int32) string) []string {
	var names []string
	for _, n := range list {
		s := name(n)
		if s == "" {
			s = strconv.Itoa(int(n))
		}
		names = append(names, s)
	}
	return names
}

func keyEtypes(keys []krb5.EncryptionKey) []int32 {
	var list []int32
	for _, k := range keys {
		if k.EType.OK {
			list = append(list, k.EType.V)
		}
	}
	return list
}

func makeDMSA(k *krb5.DMSAKeys) *rowDMSA {
	if k == nil {
		return nil
	}
	none := krb5.Opt[int32]{}
	d := &rowDMSA{Current: keyEtypes(k.Current), Previous: keyEtypes(k.Previous), Expiration: kerberosTime(k.Expiration, none), Fetch: kerberosTime(k.Fetch, none)}
	d.CurrentNames, d.PreviousNames = etypeNames(d.Current), etypeNames(d.Previous)
	return d
}

func (p *rowPAData) users(d *krb5.PADetail) {
	if u := d.ForUser; u != nil {
		p.ForUser = &rowForUser{CName: wireText([]byte(u.UserName.String())), CRealm: wireText(u.UserRealm), AuthPackage: wireText(u.AuthPackage)}
		p.ForUser.CNameType, p.ForUser.CNameTypeName = nameType(u.UserName)
		p.ForUser.Cksumtype, p.ForUser.CksumtypeName = checksum(u.Cksum)
	}
	if u := d.S4UX509User; u != nil {
		p.S4UX509User = &rowForUser{CName: wireText([]byte(u.CName.String())), CRealm: wireText(u.CRealm), Certificate: len(u.Certificate), Nonce: opt(u.Nonce)}
		if c := u.Subject(); c != nil {
			p.S4UX509User.Subject = makeCert(*c)
		}
		if u.Options.OK {
			p.S4UX509User.Options = krb5.S4UOptionNames(u.Options.V)
		}
		p.S4UX509User.CNameType, p.S4UX509User.CNameTypeName = nameType(u.CName)
		p.S4UX509User.Cksumtype, p.S4UX509User.CksumtypeName = checksum(u.Cksum)
	}
}

func makeFAST(f *krb5.FAST) *rowFAST {
	out := &rowFAST{Kind: "request", ArmorType: opt(f.ArmorType), Enc: makeEnc(f.Enc)}
	if f.Reply {
		out.Kind = "reply"
	}
	out.Cksumtype, out.CksumtypeName = checksum(f.ReqChecksum)
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

// maxHex is the most bytes of undecoded data that are printed.
const maxHex = 1024

func hexOf(b []byte) string { return hex.EncodeToString(b[:min(len(b), maxHex)]) }

func etypeOrNumber(e int32) string {
	if n := krb5.EtypeName(e); n != "" {
		return n
	}
	return strconv.Itoa(int(e))
}
