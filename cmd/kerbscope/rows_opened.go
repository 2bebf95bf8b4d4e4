package main

import (
	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// A rowOpened is what the given keys made of a message's ticket. Keys
// themselves are never in it.
type rowOpened struct {
	Key                 string            `json:"key,omitempty"`
	WhyNot              string            `json:"why_not,omitempty"`
	Differs             []string          `json:"differs,omitempty"` // what the key's label says otherwise than the ticket
	KeytabKVNOs         []uint32          `json:"keytab_kvnos,omitempty"`
	SessionKeyEtype     *int32            `json:"session_key_etype,omitempty"`
	SessionKeyEtypeName string            `json:"session_key_etype_name,omitempty"`
	AuthTime            string            `json:"authtime,omitempty"`
	StartTime           string            `json:"starttime,omitempty"`
	EndTime             string            `json:"endtime,omitempty"`
	RenewTill           string            `json:"renew_till,omitempty"`
	Flags               []string          `json:"flags,omitempty"`
	CName               string            `json:"cname,omitempty"`
	CNameType           *int32            `json:"cname_type,omitempty"`
	CNameTypeName       string            `json:"cname_type_name,omitempty"`
	CRealm              string            `json:"crealm,omitempty"`
	Authenticator       *rowAuthenticator `json:"authenticator,omitempty"`
}

// A rowAuthenticator is the authenticator beside a ticket that a key opened.
type rowAuthenticator struct {
	WhyNot          string  `json:"why_not,omitempty"`
	CTime           string  `json:"ctime,omitempty"`
	CName           string  `json:"cname,omitempty"`
	CRealm          string  `json:"crealm,omitempty"`
	SubkeyEtype     *int32  `json:"subkey_etype,omitempty"`
	SubkeyEtypeName string  `json:"subkey_etype_name,omitempty"`
	SeqNumber       *uint32 `json:"seq_number,omitempty"`
	Cksumtype       *int32  `json:"cksumtype,omitempty"`
	CksumtypeName   string  `json:"cksumtype_name,omitempty"`
}

func makeOpened(o *decode.Opened) *rowOpened {
	if o == nil {
		return nil
	}
	none := krb5.Opt[int32]{}
	r := &rowOpened{
		Key: wireText([]byte(o.Key)), WhyNot: wireText([]byte(o.WhyNot)), KeytabKVNOs: o.Has,
		AuthTime: kerberosTime(o.AuthTime, none), StartTime: kerberosTime(o.StartTime, none), EndTime: kerberosTime(o.EndTime, none), RenewTill: kerberosTime(o.RenewTill, none),
		CName: wireText([]byte(o.CName.String())), CRealm: wireText(o.CRealm),
	}
	for _, d := range o.Differs {
		r.Differs = append(r.Differs, wireText([]byte(d)))
	}
	r.SessionKeyEtype, r.SessionKeyEtypeName = etype(o.SessionKeyEType)
	r.CNameType, r.CNameTypeName = nameType(o.CName)
	if o.Flags.OK {
		r.Flags = krb5.TicketFlagNames(o.Flags.V)
	}
	if a := o.Authenticator; a != nil {
		r.Authenticator = &rowAuthenticator{WhyNot: a.WhyNot, CTime: kerberosTime(a.CTime, a.CUSec), CName: wireText([]byte(a.CName.String())), CRealm: wireText(a.CRealm), SeqNumber: opt(a.SeqNumber)}
		r.Authenticator.SubkeyEtype, r.Authenticator.SubkeyEtypeName = etype(a.SubkeyEType)
		if a.CksumType.OK {
			r.Authenticator.Cksumtype, r.Authenticator.CksumtypeName = opt(a.CksumType), krb5.ChecksumName(a.CksumType.V)
		}
	}
	return r
}
