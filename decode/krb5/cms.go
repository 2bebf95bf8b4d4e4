package krb5

import (
	"crypto/x509"
	"encoding/hex"
	"strconv"
)

// maxCertificates bounds the certificates read of one SignedData.
const maxCertificates = 16

// A SignedData is what PKINIT puts into a CMS SignedData, RFC 5652 §5.1.
type SignedData struct {
	ContentType  string        // OID in dots
	Content      []byte        // eContent
	Digests      []string      // digestAlgorithms: "sha1", "sha256", …, or the OID in dots
	Certificates []Certificate // the signer's first, where the sender keeps to custom
	contentOff   int
}

// signedData reads a ContentInfo (RFC 5652 §3) with a SignedData.
func (p *parser) signedData(r reader, name string) *SignedData {
	e, ok := r.next(p)
	if !ok || e.id != idSequence {
		return nil
	}
	info := e.body
	if e, ok = info.next(p); !ok || e.id != idOID {
		return nil
	}
	if e, ok = info.next(p); !ok || e.id != ctx(0) {
		return nil
	}
	if e, ok = p.typed(e, idSequence, name); !ok {
		return nil
	}
	s := new(SignedData)
	r = e.body
	for n := 0; ; n++ {
		e, ok := r.next(p)
		switch {
		case !ok:
			return s
		case n == 1 && e.id == idSet:
			s.Digests = p.algorithms(e.body)
		case n == 2 && e.id == idSequence:
			p.encapsulated(e.body, s)
		case n > 2 && e.id == ctx(0):
			p.certificates(e.body, s)
		}
	}
}

// algorithms reads a SET OF or SEQUENCE OF AlgorithmIdentifier.
func (p *parser) algorithms(r reader) (list []string) {
	for len(list) < maxList {
		e, ok := r.next(p)
		if !ok {
			break
		}
		in := e.body
		if oid, ok := in.next(p); ok && oid.id == idOID {
			list = append(list, digestName(dotted(p.bytes(oid.body))))
		}
	}
	return list
}

func (p *parser) encapsulated(r reader, s *SignedData) {
	e, ok := r.next(p)
	if !ok || e.id != idOID {
		return
	}
	s.ContentType = dotted(p.bytes(e.body))
	if e, ok = r.next(p); ok && e.id == ctx(0) {
		s.Content, s.contentOff, _ = p.octets(e, "eContent")
	}
}

func (p *parser) certificates(r reader, s *SignedData) {
	for len(s.Certificates) < maxCertificates {
		e, ok := r.next(p)
		if !ok || p.cut(e.body) {
			return
		}
		if e.id != idSequence {
			continue
		}
		c, err := x509.ParseCertificate(p.bytes(reader{e.off, e.body.end}))
		if err != nil {
			p.note(e.off, "certificate that cannot be read")
			continue
		}
		s.Certificates = append(s.Certificates, certificateOf(c))
	}
}

// An EnvelopedData is what is in clear of a CMS EnvelopedData, RFC 5652 §6.1.
type EnvelopedData struct {
	Recipients       []CertificateID // whose keys open it
	ContentAlgorithm string          // "des-ede3-cbc", "aes256-cbc", or the OID in dots
}

// envelopedData reads a ContentInfo with an EnvelopedData.
func (p *parser) envelopedData(r reader, name string) *EnvelopedData {
	e, ok := r.next(p)
	if !ok || e.id != idSequence {
		return nil
	}
	info := e.body
	if e, ok = info.next(p); !ok || e.id != idOID {
		return nil
	}
	if e, ok = info.next(p); !ok || e.id != ctx(0) {
		return nil
	}
	if e, ok = p.typed(e, idSequence, name); !ok {
		return nil
	}
	m := new(EnvelopedData)
	for r = e.body; ; {
		e, ok := r.next(p)
		switch {
		case !ok:
			return m
		case e.id == idSet && m.Recipients == nil:
			m.Recipients = p.recipients(e.body)
		case e.id == idSequence:
			in := e.body
			in.next(p) // contentType
			if e, ok = in.next(p); ok && e.id == idSequence {
				if list := p.oids(e.body, digestName); len(list) > 0 {
					m.ContentAlgorithm = list[0]
				}
			}
		}
	}
}

// recipients reads the KeyTransRecipientInfos of RecipientInfos.
func (p *parser) recipients(r reader) (list []CertificateID) {
	for len(list) < maxCertificates {
		e, ok := r.next(p)
		if !ok || e.id != idSequence {
			break
		}
		in := e.body
		in.next(p) // version
		look := in
		var id CertificateID
		switch e, _ := look.next(p); e.id {
		case idSequence:
			id.Issuer, id.Serial = p.issuerAndSerial(in)
		case 0x80:
			b := p.bytes(e.body)
			id.SubjectKeyID = hex.EncodeToString(b[:min(len(b), 64)])
		}
		list = append(list, id)
	}
	return list
}

// digestName is the usual name of a digest, signature or cipher algorithm, else the OID itself.
func digestName(oid string) string {
	switch oid {
	case "1.2.840.113549.3.7":
		return "des-ede3-cbc" // RFC 3370 §5.1
	case "1.2.840.113549.3.2":
		return "rc2-cbc" // RFC 3370 §5.2
	case "2.16.840.1.101.3.4.1.2":
		return "aes128-cbc" // RFC 3565 §4.1
	case "2.16.840.1.101.3.4.1.22":
		return "aes192-cbc"
	case "2.16.840.1.101.3.4.1.42":
		return "aes256-cbc"
	case "1.2.840.113549.1.1.5":
		return "sha1WithRSA" // RFC 3370 §3.2
	case "1.2.840.113549.1.1.11":
		return "sha256WithRSA" // RFC 5754 §3.2
	case "1.2.840.113549.1.1.12":
		return "sha384WithRSA"
	case "1.2.840.113549.1.1.13":
		return "sha512WithRSA"
	case "1.2.840.10045.4.3.2":
		return "ecdsa-with-SHA256" // RFC 5754 §3.3
	case "1.2.840.10045.4.3.3":
		return "ecdsa-with-SHA384"
	case "1.2.840.10045.4.3.4":
		return "ecdsa-with-SHA512"
	case "1.2.840.113549.2.5":
		return "md5" // RFC 3370 §2.2
	case "1.3.14.3.2.26":
		return "sha1" // RFC 3370 §2.1
	case "2.16.840.1.101.3.4.2.1":
		return "sha256" // RFC 5754 §2.2
	case "2.16.840.1.101.3.4.2.2":
		return "sha384" // RFC 5754 §2.3
	case "2.16.840.1.101.3.4.2.3":
		return "sha512" // RFC 5754 §2.4
	}
	return oid
}

// dotted writes the contents of an OBJECT IDENTIFIER (X.690 §8.19) in dots; ""
// when they are none or longer than any in use.
func dotted(b []byte) string {
	if len(b) == 0 || len(b) > 64 || b[len(b)-1]&0x80 != 0 {
		return ""
	}
	var out []byte
	var v uint64
	for _, c := range b {
		if v > 1<<56 {
			return ""
		}
		v = v<<7 | uint64(c&0x7f)
		if c&0x80 != 0 {
			continue
		}
		if out == nil {
			first := min(v/40, 2)
			out = strconv.AppendUint(out, first, 10)
			v -= first * 40
		}
		out = strconv.AppendUint(append(out, '.'), v, 10)
		v = 0
	}
	return string(out)
}
