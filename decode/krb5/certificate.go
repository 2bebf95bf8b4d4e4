package krb5

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
)

// A Certificate is an X.509 certificate as a diagnosis needs it.
type Certificate struct {
	Subject, Issuer     string   // RFC 4514
	Serial              string   // hex
	NotBefore, NotAfter int64    // Unix seconds
	SignatureAlgorithm  string   // "SHA256-RSA"
	KeyAlgorithm        string   // "RSA", "ECDSA"
	KeyBits             int      // 0: not told
	UPN                 string   // of the subjectAltName: whom Active Directory takes the certificate for ([MS-PKCA] §3.1.5.2.1)
	Principal           string   // id-pkinit-san of the subjectAltName, RFC 4556 §3.2.2: name@REALM
	Usages              []string // extended key usages that have to do with logon, else OIDs in dots
}

func certificateOf(c *x509.Certificate) Certificate {
	out := Certificate{
		Subject: c.Subject.String(), Issuer: c.Issuer.String(), Serial: hex.EncodeToString(c.SerialNumber.Bytes()),
		NotBefore: c.NotBefore.Unix(), NotAfter: c.NotAfter.Unix(),
		SignatureAlgorithm: c.SignatureAlgorithm.String(), KeyAlgorithm: c.PublicKeyAlgorithm.String(),
	}
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		out.KeyBits = k.N.BitLen()
	case *ecdsa.PublicKey:
		out.KeyBits = k.Curve.Params().BitSize
	}
	for _, x := range c.Extensions {
		switch x.Id.String() {
		case "2.5.29.17":
			p := newParser(x.Value, 0)
			p.otherNames(&out)
		case "2.5.29.37":
			p := newParser(x.Value, 0)
			r := p.all(false)
			if e, ok := r.next(&p); ok && e.id == idSequence {
				out.Usages = p.oids(e.body, usageName)
			}
		}
	}
	return out
}

// otherNames reads the names of a subjectAltName (RFC 5280 §4.2.1.6) that stand for an account.
func (p *parser) otherNames(c *Certificate) {
	r := p.all(false)
	e, ok := r.next(p)
	if !ok || e.id != idSequence {
		return
	}
	for in := e.body; ; {
		e, ok := in.next(p)
		if !ok {
			return
		}
		if e.id != ctx(0) {
			continue
		}
		name := e.body
		oid, ok := name.next(p)
		if !ok || oid.id != idOID {
			continue
		}
		value, ok := name.next(p)
		if !ok || value.id != ctx(0) {
			continue
		}
		switch dotted(p.bytes(oid.body)) {
		case "1.3.6.1.4.1.311.20.2.3":
			if in, ok := p.typed(value, idUTF8String, "UPN"); ok {
				c.UPN = string(p.bytes(in.body))
			}
		case "1.3.6.1.5.2.2":
			if f, ok := p.sequence(value, "KRB5PrincipalName"); ok {
				c.Principal = p.krb5PrincipalName(f)
			}
		}
	}
}

// krb5PrincipalName reads a KRB5PrincipalName, RFC 4556 §3.2.2.
func (p *parser) krb5PrincipalName(f fields) string {
	var realm []byte
	var name PrincipalName
	for {
		e, ok := f.next(p)
		if !ok {
			return name.String() + "@" + string(realm)
		}
		switch e.id {
		case ctx(0):
			realm = p.text(e, "realm")
		case ctx(1):
			name = p.principal(e, "principalName")
		}
	}
}

// oids reads a list of OBJECT IDENTIFIERs, bare or first in a SEQUENCE or in an
// explicit tag.
func (p *parser) oids(r reader, name func(string) string) (list []string) {
	for len(list) < maxCertificates {
		e, ok := r.next(p)
		if !ok {
			break
		}
		for e.id == idSequence || e.id == ctx(0) {
			in := e.body
			if e, ok = in.next(p); !ok {
				return list
			}
		}
		if e.id == idOID {
			list = append(list, name(dotted(p.bytes(e.body))))
		}
	}
	return list
}

func usageName(oid string) string {
	switch oid {
	case "1.3.6.1.5.2.3.4":
		return "pkinit-client" // RFC 4556 §3.2.2 id-pkinit-KPClientAuth
	case "1.3.6.1.5.2.3.5":
		return "pkinit-kdc" // RFC 4556 §3.2.4 id-pkinit-KPKdc
	case "1.3.6.1.4.1.311.20.2.2":
		return "smartcard-logon" // [MS-PKCA] §3.1.5.2.1
	case "1.3.6.1.5.5.7.3.1":
		return "server-auth" // RFC 5280 §4.2.1.12
	case "1.3.6.1.5.5.7.3.2":
		return "client-auth"
	}
	return oid
}

// A CertificateID is an ExternalPrincipalIdentifier, RFC 4556 §3.2.1: one of
// its fields is enough.
type CertificateID struct {
	Subject      string // RFC 4514
	Issuer       string // with Serial
	Serial       string // hex
	SubjectKeyID string // hex
}

// certificateIDs reads a SEQUENCE OF ExternalPrincipalIdentifier, whose tags are IMPLICIT.
func (p *parser) certificateIDs(r reader) (list []CertificateID) {
	for len(list) < maxList {
		e, ok := r.next(p)
		if !ok || e.id != idSequence {
			break
		}
		var id CertificateID
		for in := e.body; ; {
			e, ok := in.next(p)
			if !ok {
				break
			}
			b := p.bytes(e.body)
			switch e.id {
			case 0x80:
				id.Subject = nameText(b)
			case 0x81:
				id.Issuer, id.Serial = p.issuerAndSerial(e.body)
			case 0x82: // holds the OCTET STRING of a SubjectKeyIdentifier, RFC 5652 §5.3
				if len(b) > 2 && b[0] == idOctetString && int(b[1]) == len(b)-2 {
					b = b[2:]
				}
				id.SubjectKeyID = hex.EncodeToString(b[:min(len(b), 64)])
			}
		}
		list = append(list, id)
	}
	return list
}

// issuerAndSerial reads an IssuerAndSerialNumber, RFC 5652 §10.2.4.
func (p *parser) issuerAndSerial(r reader) (issuer, serial string) {
	e, ok := r.next(p)
	if !ok || e.id != idSequence {
		return "", ""
	}
	in := e.body
	if e, ok = in.next(p); !ok || e.id != idSequence {
		return "", ""
	}
	issuer = nameText(p.bytes(reader{e.off, e.body.end}))
	if e, ok = in.next(p); ok && e.id == idInteger {
		b := p.bytes(e.body)
		for len(b) > 1 && b[0] == 0 {
			b = b[1:]
		}
		serial = hex.EncodeToString(b[:min(len(b), 64)])
	}
	return issuer, serial
}

// nameText writes a DER Name (RFC 5280 §4.1.2.4) as RFC 4514 does; "" when it is none.
func nameText(der []byte) string {
	var rdn pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &rdn); err != nil || len(rest) > 0 {
		return ""
	}
	return rdn.String()
}
