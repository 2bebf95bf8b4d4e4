package main

import (
	"encoding/hex"

	"kerbscope/decode/krb5"
)

// A rowPKASReq is a PA-PK-AS-REQ: logon with a certificate.
type rowPKASReq struct {
	Certificates      []*rowCert  `json:"certificates,omitempty"`
	DigestAlgorithms  []string    `json:"digest_algorithms,omitempty"`
	TrustedCertifiers []rowCertID `json:"trusted_certifiers,omitempty"`
	KDCIssuer         string      `json:"kdc_issuer,omitempty"` // kdcPkId
	KDCSerial         string      `json:"kdc_serial,omitempty"`
	KeyAgreement      string      `json:"key_agreement,omitempty"` // "dh" or "rsa"
	DHBits            int         `json:"dh_bits,omitempty"`
	DHGroup           string      `json:"dh_group,omitempty"`
	CMSTypes          []string    `json:"cms_types,omitempty"`
	KDFs              []string    `json:"kdfs,omitempty"`
	CTime             string      `json:"ctime,omitempty"`
	Nonce             *uint32     `json:"nonce,omitempty"`
	PAChecksum        string      `json:"pa_checksum,omitempty"`
	Freshness         bool        `json:"freshness_token,omitempty"`
}

// A rowPKASRep is what is in clear of a PA-PK-AS-REP.
type rowPKASRep struct {
	Certificates     []*rowCert  `json:"certificates,omitempty"`
	DigestAlgorithms []string    `json:"digest_algorithms,omitempty"`
	Recipients       []rowCertID `json:"recipients,omitempty"` // of encKeyPack
	ContentAlgorithm string      `json:"content_algorithm,omitempty"`
	KDF              string      `json:"kdf,omitempty"`
	PublicBits       int         `json:"public_value_bits,omitempty"`
	Nonce            *uint32     `json:"nonce,omitempty"`
	Expiration       string      `json:"dh_key_expiration,omitempty"`
}

// A rowCert is an X.509 certificate.
type rowCert struct {
	Subject            string   `json:"subject,omitempty"`
	Issuer             string   `json:"issuer,omitempty"`
	Serial             string   `json:"serial,omitempty"`
	NotBefore          string   `json:"not_before,omitempty"`
	NotAfter           string   `json:"not_after,omitempty"`
	SignatureAlgorithm string   `json:"signature_algorithm,omitempty"`
	KeyAlgorithm       string   `json:"key_algorithm,omitempty"`
	KeyBits            int      `json:"key_bits,omitempty"`
	UPN                string   `json:"upn,omitempty"`
	Principal          string   `json:"principal,omitempty"`
	Usages             []string `json:"usages,omitempty"`
}

type rowCertID struct {
	Subject      string `json:"subject,omitempty"`
	Issuer       string `json:"issuer,omitempty"`
	Serial       string `json:"serial,omitempty"`
	SubjectKeyID string `json:"subject_key_id,omitempty"`
}

// A rowOTP is a PA-OTP-CHALLENGE or PA-OTP-REQUEST, without the password.
type rowOTP struct {
	Kind    string        `json:"kind"` // "challenge" or "request"
	Service string        `json:"service,omitempty"`
	Tokens  []rowOTPToken `json:"tokens,omitempty"`
	Enc     *rowEncs      `json:"enc_part,omitempty"`
}

type rowOTPToken struct {
	Flags      []string `json:"flags,omitempty"`
	Vendor     string   `json:"vendor,omitempty"`
	Challenge  string   `json:"challenge,omitempty"`
	Length     *int32   `json:"length,omitempty"`
	Format     *int32   `json:"format,omitempty"`
	TokenID    string   `json:"token_id,omitempty"`
	AlgID      string   `json:"alg_id,omitempty"`
	Hashes     []string `json:"hash_algorithms,omitempty"`
	Iterations *int32   `json:"iterations,omitempty"`
}

func makePKASReq(q *krb5.PKASReq) *rowPKASReq {
	if q == nil {
		return nil
	}
	p := &rowPKASReq{TrustedCertifiers: makeCertIDs(q.TrustedCertifiers), KDCIssuer: wireText([]byte(q.KDCIssuer)), KDCSerial: q.KDCSerial,
		DHBits: q.DHBits, DHGroup: q.DHGroup, CMSTypes: q.CMSTypes, KDFs: q.KDFs, CTime: kerberosTime(q.CTime, q.CUSec), Nonce: opt(q.Nonce),
		PAChecksum: hex.EncodeToString(q.PAChecksum[:min(len(q.PAChecksum), 64)]), Freshness: q.Freshness}
	if q.Signed == nil {
		return p
	}
	p.Certificates, p.DigestAlgorithms = makeCerts(q.Signed.Certificates), q.Signed.Digests
	if q.Nonce.OK {
		p.KeyAgreement = "rsa"
		if q.DH {
			p.KeyAgreement = "dh"
		}
	}
	return p
}

func makePKASRep(k *krb5.PKASRep) *rowPKASRep {
	if e := k.Enveloped; e != nil {
		return &rowPKASRep{Recipients: makeCertIDs(e.Recipients), ContentAlgorithm: e.ContentAlgorithm}
	}
	if k.Signed == nil {
		return nil
	}
	return &rowPKASRep{Certificates: makeCerts(k.Signed.Certificates), DigestAlgorithms: k.Signed.Digests, KDF: k.KDF,
		PublicBits: k.DHBits, Nonce: opt(k.Nonce), Expiration: kerberosTime(k.Expiration, krb5.Opt[int32]{})}
}

func makeCert(c krb5.Certificate) *rowCert {
	at := func(t int64) string { return kerberosTime(krb5.Opt[int64]{V: t, OK: true}, krb5.Opt[int32]{}) }
	text := func(s string) string { return wireText([]byte(s)) }
	return &rowCert{Subject: text(c.Subject), Issuer: text(c.Issuer), Serial: c.Serial, NotBefore: at(c.NotBefore), NotAfter: at(c.NotAfter),
		SignatureAlgorithm: c.SignatureAlgorithm, KeyAlgorithm: c.KeyAlgorithm, KeyBits: c.KeyBits, UPN: text(c.UPN), Principal: text(c.Principal), Usages: c.Usages}
}

func makeCerts(list []krb5.Certificate) []*rowCert {
	var out []*rowCert
	for _, c := range list {
		out = append(out, makeCert(c))
	}
	return out
}

func makeCertIDs(list []krb5.CertificateID) []rowCertID {
	var out []rowCertID
	for _, c := range list {
		out = append(out, rowCertID{wireText([]byte(c.Subject)), wireText([]byte(c.Issuer)), c.Serial, c.SubjectKeyID})
	}
	return out
}

func makeOTP(o *krb5.OTP) *rowOTP {
	if o == nil {
		return nil
	}
	out := &rowOTP{Kind: "challenge", Service: wireText(o.Service), Enc: makeEnc(o.Enc)}
	if o.Request {
		out.Kind = "request"
	}
	for _, t := range o.Tokens {
		k := rowOTPToken{Vendor: wireText(t.Vendor), Challenge: wireText(t.Challenge), Length: opt(t.Length), Format: opt(t.Format),
			TokenID: wireText(t.TokenID), AlgID: wireText(t.AlgID), Hashes: t.Hashes, Iterations: opt(t.Iterations)}
		if t.Flags.OK {
			k.Flags = krb5.OTPFlagNames(t.Flags.V)
		}
		out.Tokens = append(out.Tokens, k)
	}
	return out
}
