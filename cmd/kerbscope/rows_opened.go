package main

import (
	"math"

	"kerbscope/capture"
	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// A rowOpened is what the given keys, and those learnt from the capture with
// them, made of a message. Keys themselves are never in it.
type rowOpened struct {
	Key                 string            `json:"key,omitempty"`
	WhyNot              string            `json:"why_not,omitempty"`
	Differs             []string          `json:"differs,omitempty"`     // what the key's label says otherwise than the ticket
	OwnWhyNot           string            `json:"own_why_not,omitempty"` // why the keys of the ticket's own name do not open it
	KeytabKVNOs         []uint32          `json:"keytab_kvnos,omitempty"`
	SessionKeyEtype     *int32            `json:"session_key_etype,omitempty"`
	SessionKeyEtypeName string            `json:"session_key_etype_name,omitempty"`
	SessionKeyFrom      string            `json:"session_key_from,omitempty"` // when the ticket does not open
	AuthTime            string            `json:"authtime,omitempty"`
	StartTime           string            `json:"starttime,omitempty"`
	EndTime             string            `json:"endtime,omitempty"`
	RenewTill           string            `json:"renew_till,omitempty"`
	Flags               []string          `json:"flags,omitempty"`
	CName               string            `json:"cname,omitempty"`
	CNameType           *int32            `json:"cname_type,omitempty"`
	CNameTypeName       string            `json:"cname_type_name,omitempty"`
	CRealm              string            `json:"crealm,omitempty"`
	Transited           string            `json:"transited,omitempty"`
	Addresses           int               `json:"addresses,omitempty"`
	Indicators          []string          `json:"indicators,omitempty"`
	PAC                 *rowPAC           `json:"pac,omitempty"`
	Authenticator       *rowAuthenticator `json:"authenticator,omitempty"`
	EncPart             *rowEncPart       `json:"enc_part,omitempty"`
	Preauth             *rowPreauth       `json:"preauth,omitempty"`
	FAST                *rowOpenedFAST    `json:"fast,omitempty"`
	APRep               *rowAPRep         `json:"ap_rep,omitempty"`
	Priv                *rowPriv          `json:"priv,omitempty"`
	Tickets             []*rowOpened      `json:"tickets,omitempty"` // additional-tickets
}

// A rowPAC is the summary of a ticket's PAC.
type rowPAC struct {
	Size           int            `json:"size"`
	Buffers        []uint32       `json:"buffers,omitempty"`
	BuffersNames   []string       `json:"buffers_names,omitempty"`
	Account        string         `json:"account,omitempty"`
	Domain         string         `json:"domain,omitempty"`
	DomainSID      string         `json:"domain_sid,omitempty"`
	UserID         *uint32        `json:"user_id,omitempty"`
	PrimaryGroupID *uint32        `json:"primary_group_id,omitempty"`
	Groups         uint32         `json:"groups,omitempty"`
	ExtraSIDs      uint32         `json:"extra_sids,omitempty"`
	ResourceGroups uint32         `json:"resource_groups,omitempty"`
	AccountFlags   []string       `json:"account_flags,omitempty"`
	LogonServer    string         `json:"logon_server,omitempty"`
	ClientName     string         `json:"client_name,omitempty"`
	ClientAuthTime string         `json:"client_authtime,omitempty"`
	UPN            string         `json:"upn,omitempty"`
	DNSDomain      string         `json:"dns_domain,omitempty"`
	Requestor      string         `json:"requestor,omitempty"`
	Attributes     []string       `json:"attributes,omitempty"`
	Delegation     []string       `json:"delegation,omitempty"`
	Signatures     []rowSignature `json:"signatures,omitempty"`
	Anomalies      []rowAnomaly   `json:"anomalies,omitempty"` // offsets in the PAC
}

type rowSignature struct {
	Buffer        uint32 `json:"buffer"`
	BufferName    string `json:"buffer_name,omitempty"`
	Cksumtype     int32  `json:"cksumtype"`
	CksumtypeName string `json:"cksumtype_name,omitempty"`
	RODC          uint32 `json:"rodc,omitempty"`
}

// A rowAuthenticator is the authenticator beside a ticket.
type rowAuthenticator struct {
	WhyNot          string   `json:"why_not,omitempty"`
	CTime           string   `json:"ctime,omitempty"`
	CTimeAhead      *float64 `json:"ctime_ahead,omitempty"` // seconds, of the frame's time
	CName           string   `json:"cname,omitempty"`
	CRealm          string   `json:"crealm,omitempty"`
	SubkeyEtype     *int32   `json:"subkey_etype,omitempty"`
	SubkeyEtypeName string   `json:"subkey_etype_name,omitempty"`
	SeqNumber       *uint32  `json:"seq_number,omitempty"`
	Cksumtype       *int32   `json:"cksumtype,omitempty"`
	CksumtypeName   string   `json:"cksumtype_name,omitempty"`
	GSSFlags        []string `json:"gss_flags,omitempty"`
	ChannelBinding  bool     `json:"channel_binding,omitempty"`
	Target          string   `json:"target,omitempty"`
	APOptions       []string `json:"ad_ap_options,omitempty"`
	Etypes          []int32  `json:"etypes,omitempty"`
	EtypesNames     []string `json:"etypes_names,omitempty"`
}

// A rowEncPart is the enc-part of a KDC-REP.
type rowEncPart struct {
	Key                    string   `json:"key,omitempty"`
	WhyNot                 string   `json:"why_not,omitempty"`
	SessionKeyEtype        *int32   `json:"session_key_etype,omitempty"`
	SessionKeyEtypeName    string   `json:"session_key_etype_name,omitempty"`
	Flags                  []string `json:"flags,omitempty"`
	AuthTime               string   `json:"authtime,omitempty"`
	StartTime              string   `json:"starttime,omitempty"`
	EndTime                string   `json:"endtime,omitempty"`
	RenewTill              string   `json:"renew_till,omitempty"`
	KeyExpiration          string   `json:"key_expiration,omitempty"`
	SName                  string   `json:"sname,omitempty"`
	SRealm                 string   `json:"srealm,omitempty"`
	SupportedEnctypes      *uint32  `json:"supported_enctypes,omitempty"`
	SupportedEnctypesNames []string `json:"supported_enctypes_names,omitempty"`
	PAData                 []int32  `json:"padata_types,omitempty"`
	PADataNames            []string `json:"padata_types_names,omitempty"`
}

// A rowPreauth is an encrypted timestamp or challenge.
type rowPreauth struct {
	Kind           string   `json:"kind"` // "timestamp" or "challenge"
	Key            string   `json:"key,omitempty"`
	WhyNot         string   `json:"why_not,omitempty"`
	Timestamp      string   `json:"timestamp,omitempty"`
	TimestampAhead *float64 `json:"timestamp_ahead,omitempty"`
}

// A rowOpenedFAST is what stands in FAST armor.
type rowOpenedFAST struct {
	Armor              *rowOpened  `json:"armor,omitempty"` // ticket and authenticator of the armor
	Key                string      `json:"key,omitempty"`
	WhyNot             string      `json:"why_not,omitempty"`
	Options            []string    `json:"options,omitempty"`
	KDCOptions         []string    `json:"kdc_options,omitempty"`
	CName              string      `json:"cname,omitempty"`
	CRealm             string      `json:"crealm,omitempty"`
	SName              string      `json:"sname,omitempty"`
	Realm              string      `json:"realm,omitempty"`
	From               string      `json:"from,omitempty"`
	Till               string      `json:"till,omitempty"`
	RTime              string      `json:"rtime,omitempty"`
	Nonce              *uint32     `json:"nonce,omitempty"`
	Etypes             []int32     `json:"etypes,omitempty"`
	EtypesNames        []string    `json:"etypes_names,omitempty"`
	PAData             []rowPAData `json:"padata,omitempty"`
	ErrorCode          *int32      `json:"error_code,omitempty"`
	ErrorCodeName      string      `json:"error_code_name,omitempty"`
	EText              string      `json:"e_text,omitempty"`
	STime              string      `json:"stime,omitempty"`
	StrengthenEtype    *int32      `json:"strengthen_key_etype,omitempty"`
	StrengthenTypeName string      `json:"strengthen_key_etype_name,omitempty"`
	Timestamp          string      `json:"timestamp,omitempty"`
}

// A rowAPRep is the enc-part of an AP-REP.
type rowAPRep struct {
	Key             string  `json:"key,omitempty"`
	WhyNot          string  `json:"why_not,omitempty"`
	CTime           string  `json:"ctime,omitempty"`
	SubkeyEtype     *int32  `json:"subkey_etype,omitempty"`
	SubkeyEtypeName string  `json:"subkey_etype_name,omitempty"`
	SeqNumber       *uint32 `json:"seq_number,omitempty"`
}

// A rowPriv is a KRB-PRIV of the password protocol. A new password in it is
// never shown.
type rowPriv struct {
	Key    string         `json:"key,omitempty"`
	WhyNot string         `json:"why_not,omitempty"`
	Length int            `json:"length,omitempty"` // bytes of user-data
	Result *carrierResult `json:"result,omitempty"`
}

var noMicro = krb5.Opt[int32]{}

func makeOpened(o *decode.Opened, at int64) *rowOpened {
	if o == nil {
		return nil
	}
	r := &rowOpened{
		Key: wireText([]byte(o.Key)), WhyNot: wireText([]byte(o.WhyNot)), KeytabKVNOs: o.Has, Differs: wireTexts(o.Differs),
		SessionKeyFrom: o.SessionKeyFrom,
		AuthTime:       kerberosTime(o.AuthTime, noMicro), StartTime: kerberosTime(o.StartTime, noMicro), EndTime: kerberosTime(o.EndTime, noMicro), RenewTill: kerberosTime(o.RenewTill, noMicro),
		CName: wireText([]byte(o.CName.String())), CRealm: wireText(o.CRealm), Transited: wireText(o.Transited), Addresses: o.Addresses, Indicators: wireTexts(o.Indicators),
		PAC: makePAC(o.PAC), Authenticator: makeAuthenticator(o.Authenticator, at), EncPart: makeEncPart(o.EncPart),
		Preauth: makePreauth(o.Preauth, at), FAST: makeOpenedFAST(o.FAST, at), APRep: makeAPRep(o.APRep), Priv: makePriv(o.Priv),
	}
	if o.Differ&decode.DiffersName != 0 {
		r.OwnWhyNot = wireText([]byte(o.OwnWhyNot))
	}
	for _, t := range o.Tickets {
		r.Tickets = append(r.Tickets, makeOpened(t, at))
	}
	r.SessionKeyEtype, r.SessionKeyEtypeName = etype(o.SessionKeyEType)
	r.CNameType, r.CNameTypeName = nameType(o.CName)
	if o.Flags.OK {
		r.Flags = krb5.TicketFlagNames(o.Flags.V)
	}
	return r
}

func wireTexts(list []string) (out []string) {
	for _, s := range list {
		out = append(out, wireText([]byte(s)))
	}
	return out
}

// ahead is by how many seconds a clock's reading is ahead of a frame's time.
func ahead(seconds krb5.Opt[int64], micro krb5.Opt[int32], at int64) *float64 {
	if !seconds.OK || at == capture.NoTime || seconds.V < 0 || seconds.V > math.MaxInt32*2 {
		return nil
	}
	us := seconds.V*1e6 - at/1e3
	if micro.OK && micro.V >= 0 && micro.V < 1e6 {
		us += int64(micro.V)
	}
	s := float64(us) / 1e6
	return &s
}

func makePAC(p *decode.OpenedPAC) *rowPAC {
	if p == nil {
		return nil
	}
	r := &rowPAC{Size: p.Size, Buffers: p.Buffers, Account: p.Account, Domain: p.Domain, DomainSID: p.DomainSID,
		Groups: p.Groups, ExtraSIDs: p.ExtraSIDs, ResourceGroups: p.Resource, LogonServer: p.LogonServer,
		ClientName: p.ClientName, ClientAuthTime: kerberosTime(p.ClientAuthTime, noMicro), UPN: p.UPN, DNSDomain: p.DNSDomain,
		Requestor: p.Requestor, Delegation: p.Delegation}
	for _, b := range p.Buffers {
		name := krb5.PACBufferName(b)
		if name == "" {
			name = numbers([]int32{int32(b)})
		}
		r.BuffersNames = append(r.BuffersNames, name)
	}
	if p.Account != "" {
		r.UserID, r.PrimaryGroupID, r.AccountFlags = &p.UserID, &p.PrimaryGroup, krb5.PACAccountFlagNames(p.AccountControl)
	}
	if p.Attributes.OK {
		r.Attributes = krb5.PACAttributeNames(p.Attributes.V)
	}
	for _, s := range p.Signatures {
		r.Signatures = append(r.Signatures, rowSignature{s.Buffer, krb5.PACBufferName(s.Buffer), s.Type, krb5.ChecksumName(s.Type), uint32(s.RODC.V)})
	}
	for _, a := range p.Anomalies {
		r.Anomalies = append(r.Anomalies, rowAnomaly{a.Offset, a.What})
	}
	return r
}

func makeAuthenticator(a *decode.OpenedAuthenticator, at int64) *rowAuthenticator {
	if a == nil {
		return nil
	}
	r := &rowAuthenticator{WhyNot: a.WhyNot, CTime: kerberosTime(a.CTime, a.CUSec), CTimeAhead: ahead(a.CTime, a.CUSec, at), CName: wireText([]byte(a.CName.String())), CRealm: wireText(a.CRealm), SeqNumber: opt(a.SeqNumber),
		ChannelBinding: a.Bound, Target: a.Target, Etypes: a.ETypes, EtypesNames: etypeNames(a.ETypes)}
	r.SubkeyEtype, r.SubkeyEtypeName = etype(a.SubkeyEType)
	if a.CksumType.OK {
		r.Cksumtype, r.CksumtypeName = opt(a.CksumType), krb5.ChecksumName(a.CksumType.V)
	}
	if a.GSSFlags.OK {
		r.GSSFlags = decode.GSSFlagNames(a.GSSFlags.V)
	}
	if a.APOptions.OK {
		r.APOptions = krb5.ADAPOptionNames(a.APOptions.V)
	}
	return r
}

func makeEncPart(e *decode.OpenedEncPart) *rowEncPart {
	if e == nil {
		return nil
	}
	r := &rowEncPart{Key: wireText([]byte(e.Key)), WhyNot: wireText([]byte(e.WhyNot)),
		AuthTime: kerberosTime(e.AuthTime, noMicro), StartTime: kerberosTime(e.StartTime, noMicro), EndTime: kerberosTime(e.EndTime, noMicro), RenewTill: kerberosTime(e.RenewTill, noMicro),
		KeyExpiration: kerberosTime(e.KeyExpiration, noMicro), SName: wireText([]byte(e.SName.String())), SRealm: wireText(e.SRealm), PAData: e.PAData}
	r.SessionKeyEtype, r.SessionKeyEtypeName = etype(e.SessionKeyEType)
	if e.Flags.OK {
		r.Flags = krb5.TicketFlagNames(e.Flags.V)
	}
	if e.SupportedEnc.OK {
		r.SupportedEnctypes, r.SupportedEnctypesNames = opt(e.SupportedEnc), krb5.SupportedEncNames(e.SupportedEnc.V)
	}
	for _, t := range e.PAData {
		name := krb5.PADataName(t)
		if name == "" {
			name = numbers([]int32{t})
		}
		r.PADataNames = append(r.PADataNames, name)
	}
	return r
}

func makePreauth(p *decode.OpenedPreauth, at int64) *rowPreauth {
	if p == nil {
		return nil
	}
	r := &rowPreauth{Kind: "timestamp", Key: wireText([]byte(p.Key)), WhyNot: wireText([]byte(p.WhyNot)),
		Timestamp: kerberosTime(p.Timestamp, p.USec), TimestampAhead: ahead(p.Timestamp, p.USec, at)}
	if p.Challenge {
		r.Kind = "challenge"
	}
	return r
}

func makeOpenedFAST(f *decode.OpenedFAST, at int64) *rowOpenedFAST {
	if f == nil {
		return nil
	}
	inner := &row{} // what is wrong in the padata has no offset in the message
	r := &rowOpenedFAST{Armor: makeOpened(f.Armor, at), Key: wireText([]byte(f.Key)), WhyNot: f.WhyNot, CName: wireText([]byte(f.Client.String())), CRealm: wireText(f.CRealm),
		Nonce: opt(f.Nonce), PAData: inner.padata(f.PAData), Timestamp: kerberosTime(f.Time, noMicro)}
	if f.Options.OK {
		r.Options = krb5.FASTOptionNames(f.Options.V)
	}
	if q := f.Request; q != nil {
		r.CName, r.SName, r.Realm = wireText([]byte(q.CName.String())), wireText([]byte(q.SName.String())), wireText(q.Realm)
		r.From, r.Till, r.RTime = kerberosTime(q.From, noMicro), kerberosTime(q.Till, noMicro), kerberosTime(q.RTime, noMicro)
		r.Etypes, r.EtypesNames = q.ETypes, etypeNames(q.ETypes)
		if q.KDCOptions.OK {
			r.KDCOptions = krb5.KDCOptionNames(q.KDCOptions.V)
		}
	}
	if e := f.Error; e != nil {
		r.EText, r.STime = wireText(e.EText), kerberosTime(e.STime, e.SUSec)
		if e.ErrorCode.OK {
			r.ErrorCode, r.ErrorCodeName = opt(e.ErrorCode), krb5.ErrorName(e.ErrorCode.V)
		}
	}
	r.StrengthenEtype, r.StrengthenTypeName = etype(f.Strength)
	return r
}

func makeAPRep(p *decode.OpenedAPRep) *rowAPRep {
	if p == nil {
		return nil
	}
	r := &rowAPRep{Key: p.Key, WhyNot: p.WhyNot, CTime: kerberosTime(p.CTime, p.CUSec), SeqNumber: opt(p.SeqNumber)}
	r.SubkeyEtype, r.SubkeyEtypeName = etype(p.SubkeyEType)
	return r
}

func makePriv(p *decode.OpenedPriv) *rowPriv {
	if p == nil {
		return nil
	}
	r := &rowPriv{Key: p.Key, WhyNot: p.WhyNot, Length: p.Size}
	if p.Result != nil {
		r.Result = makeCarrierResult(p.Result)
	}
	return r
}
