package krb5

import "bytes"

// A PKASReq is a PA-PK-AS-REQ, RFC 4556 §3.2.1, or that of draft 9, which
// Windows 2000 to 2003 send ([MS-PKCA] §2.2.3): logon with a certificate.
type PKASReq struct {
	Signed            *SignedData // signedAuthPack; nil when it cannot be read
	TrustedCertifiers []CertificateID
	KDCPKID           []byte // an IssuerAndSerialNumber
	KDCIssuer         string // in KDCPKID
	KDCSerial         string // hex

	// Of the AuthPack in it:
	DH             bool     // clientPublicValue: Diffie-Hellman is asked for; else RSA
	DHBits         int      // length of its prime, or of the curve's field; 0: not told
	DHGroup        string   // "oakley-14", "P-256"; "" for another one
	CMSTypes       []string // supportedCMSTypes
	KDFs           []string // supportedKDFs, RFC 8636 §4
	DHNonce        bool     // clientDHNonce: the KDC may use its key again
	CTime          Opt[int64]
	CUSec          Opt[int32]
	Nonce          Opt[uint32]
	PAChecksum     []byte // SHA-1 of the KDC-REQ-BODY
	Freshness      bool   // freshnessToken, RFC 8070 §4
	FreshnessToken []byte
}

// pkASReq reads the fields, whose tags are IMPLICIT.
func (d *PADetail) pkASReq(p *parser, e element, name string) {
	if e.id != idSequence {
		p.notef(e.off, "%s: element 0x%02x where a SEQUENCE should be", name, e.id)
		return
	}
	q := new(PKASReq)
	r := e.body
	for {
		e, ok := r.next(p)
		if !ok {
			break
		}
		switch e.id {
		case 0x80, ctx(0):
			q.Signed = p.signedData(e.body, name)
		case ctx(1):
			q.TrustedCertifiers = p.certificateIDs(p.listIn(e))
		case 0x82:
			q.KDCPKID = p.bytes(e.body)
			q.KDCIssuer, q.KDCSerial = p.issuerAndSerial(e.body)
		}
	}
	d.PKASReq = q
	if q.Signed == nil {
		return
	}
	sub := newParser(q.Signed.Content, p.base+q.Signed.contentOff)
	sub.authPack(q)
	p.adopt(&sub, "AuthPack")
}

// listIn is what is in e, of which the SEQUENCE may be IMPLICIT or not: an
// element of the list is a SEQUENCE itself.
func (p *parser) listIn(e element) reader {
	look := e.body
	in, ok := look.next(p)
	if ok && in.id == idSequence && p.rest(look) == 0 && p.peek(in.body) == idSequence {
		return in.body
	}
	return e.body
}

// pkOld reads the padata types 14 and 15 of draft 9. Windows puts 15 on
// requests as well, so the value tells which it is.
func (d *PADetail) pkOld(p *parser, e element, name string) {
	if e.id == idSequence {
		d.pkASReq(p, e, name)
		return
	}
	d.pkASRep(p, e, name)
}

// authPack reads an AuthPack, RFC 4556 §3.2.1.
func (p *parser) authPack(q *PKASReq) {
	r := p.all(false)
	e, ok := r.next(p)
	if !ok || e.id != idSequence {
		return
	}
	f := fields{r: e.body, name: "AuthPack"}
	for {
		e, ok := f.next(p)
		if !ok {
			return
		}
		switch e.id {
		case ctx(0):
			p.pkAuthenticator(e, q)
		case ctx(1):
			q.DH = true
			if in, ok := p.typed(e, idSequence, "clientPublicValue"); ok {
				q.DHBits, q.DHGroup = p.dhGroup(in)
			}
		case ctx(2):
			if in, ok := p.typed(e, idSequence, "supportedCMSTypes"); ok {
				q.CMSTypes = p.algorithms(in.body)
			}
		case ctx(3):
			q.DHNonce = true
		case ctx(4):
			if in, ok := p.typed(e, idSequence, "supportedKDFs"); ok {
				q.KDFs = p.oids(in.body, kdfName)
			}
		}
	}
}

func (p *parser) pkAuthenticator(e element, q *PKASReq) {
	f, ok := p.sequence(e, "PKAuthenticator")
	if !ok {
		return
	}
	draft9 := false // kdcName, kdcRealm, cusec, ctime, nonce
	for {
		e, ok := f.next(p)
		if !ok {
			return
		}
		n := e.id - ctx(0)
		if n == 0 && p.peek(e.body) == idSequence {
			draft9 = true
		}
		if draft9 {
			if n < 2 {
				continue
			}
			n -= 2
		}
		switch n {
		case 0:
			q.CUSec = p.int32(e, "cusec")
		case 1:
			q.CTime = p.time(e, "ctime")
		case 2:
			q.Nonce = p.uint32(e, "nonce")
		case 3:
			q.PAChecksum, _, _ = p.octets(e, "paChecksum")
		case 4:
			q.Freshness = true
			q.FreshnessToken, _, _ = p.octets(e, "freshnessToken")
		}
	}
}

// dhGroup tells the group of a SubjectPublicKeyInfo: the length of p in its
// DomainParameters (RFC 3279 §2.3.3), or a named curve (RFC 5480 §2.1.1.1).
func (p *parser) dhGroup(spki element) (bits int, name string) {
	r := spki.body
	algorithm, ok := r.next(p)
	if !ok {
		return 0, ""
	}
	return p.dhParameters(algorithm)
}

// dhParameters is dhGroup of the AlgorithmIdentifier.
func (p *parser) dhParameters(algorithm element) (bits int, name string) {
	if algorithm.id != idSequence {
		return 0, ""
	}
	r := algorithm.body
	r.next(p) // the OID
	parameters, ok := r.next(p)
	if !ok || p.cut(parameters.body) {
		return 0, ""
	}
	switch parameters.id {
	case idOID:
		return curve(dotted(p.bytes(parameters.body)))
	case idSequence:
		r = parameters.body
		prime, ok := r.next(p)
		if !ok || prime.id != idInteger {
			return 0, ""
		}
		b := bytes.TrimLeft(p.bytes(prime.body), "\x00")
		return bitLength(b), oakley(b)
	}
	return 0, ""
}

func bitLength(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	n := len(b) * 8
	for top := b[0]; top&0x80 == 0; top <<= 1 {
		n--
	}
	return n
}

func curve(oid string) (bits int, name string) {
	switch oid {
	case "1.2.840.10045.3.1.7":
		return 256, "P-256" // RFC 5480 §2.1.1.1
	case "1.3.132.0.34":
		return 384, "P-384"
	case "1.3.132.0.35":
		return 521, "P-521"
	}
	return 0, oid
}

// oakley names the groups of RFC 2412 and RFC 3526 by their length: the primes
// begin with 64 ones and the digits of pi, and end in 64 ones.
func oakley(prime []byte) string {
	const pi = "\xff\xff\xff\xff\xff\xff\xff\xff\xc9\x0f\xda\xa2\x21\x68\xc2\x34"
	if !bytes.HasPrefix(prime, []byte(pi)) || !bytes.HasSuffix(prime, []byte(pi[:8])) {
		return ""
	}
	switch len(prime) * 8 {
	case 1024:
		return "oakley-2" // RFC 4556 §3.2.3.1
	case 1536:
		return "oakley-5"
	case 2048:
		return "oakley-14"
	case 3072:
		return "oakley-15"
	case 4096:
		return "oakley-16"
	}
	return ""
}

func kdfName(oid string) string {
	switch oid {
	case "1.3.6.1.5.2.3.6.1":
		return "sha1" // RFC 8636 §3
	case "1.3.6.1.5.2.3.6.2":
		return "sha256"
	case "1.3.6.1.5.2.3.6.3":
		return "sha512"
	case "1.3.6.1.5.2.3.6.4":
		return "sha384"
	}
	return oid
}

// A PKASRep is a PA-PK-AS-REP, RFC 4556 §3.2.3.
type PKASRep struct {
	DH        bool           // dhInfo: the reply key comes of a Diffie-Hellman exchange; else encKeyPack
	Signed    *SignedData    // dhSignedData, with the KDC's certificate; nil with encKeyPack
	Enveloped *EnvelopedData // encKeyPack; nil with dhInfo
	KDF       string         // kdf, RFC 8636 §4; "": that of RFC 4556

	// Of the KDCDHKeyInfo in Signed:
	DHBits     int // of the KDC's public value, about the length of the prime; 0: no number, as with elliptic curves
	Nonce      Opt[uint32]
	Expiration Opt[int64] // dhKeyExpiration: the KDC uses its key again; Unix seconds
	DHNonce    bool       // serverDHNonce
}

func (d *PADetail) pkASRep(p *parser, e element, name string) {
	switch e.id {
	case ctx(0), 0x80:
		d.PKASRep = &PKASRep{DH: true}
		look := e.body
		in, ok := look.next(p)
		if !ok || in.id != idSequence {
			return
		}
		if p.peek(in.body) == idOID { // draft 9: no DHRepInfo around the ContentInfo
			d.PKASRep.Signed = p.signedData(e.body, name)
		} else {
			p.dhRepInfo(in.body, d.PKASRep, name)
		}
	case ctx(1), 0x81:
		d.PKASRep = &PKASRep{Enveloped: p.envelopedData(e.body, name)}
		return
	default:
		p.notef(e.off, "%s: choice 0x%02x", name, e.id)
		return
	}
	if s := d.PKASRep.Signed; s != nil {
		sub := newParser(s.Content, p.base+s.contentOff)
		sub.kdcDHKeyInfo(d.PKASRep)
		p.adopt(&sub, "KDCDHKeyInfo")
	}
}

func (p *parser) dhRepInfo(r reader, m *PKASRep, name string) {
	for {
		e, ok := r.next(p)
		if !ok {
			return
		}
		switch e.id {
		case 0x80:
			m.Signed = p.signedData(e.body, name)
		case ctx(1):
			m.DHNonce = true
		case ctx(2):
			if list := p.oids(e.body, kdfName); len(list) > 0 {
				m.KDF = list[0]
			}
		}
	}
}

// kdcDHKeyInfo reads a KDCDHKeyInfo, RFC 4556 §3.2.3.1.
func (p *parser) kdcDHKeyInfo(m *PKASRep) {
	r := p.all(false)
	e, ok := r.next(p)
	if !ok || e.id != idSequence {
		return
	}
	f := fields{r: e.body, name: "KDCDHKeyInfo"}
	for {
		e, ok := f.next(p)
		if !ok {
			return
		}
		switch e.id {
		case ctx(0):
			if in, ok := p.typed(e, idBitString, "subjectPublicKey"); ok && p.rest(in.body) > 1 {
				// Of a curve this is a point, no DER.
				key := newParser(p.bytes(in.body)[1:], 0)
				r := key.all(false)
				if e, ok := r.next(&key); ok && e.id == idInteger && key.rest(r) == 0 {
					m.DHBits = bitLength(bytes.TrimLeft(key.bytes(e.body), "\x00"))
				}
			}
		case ctx(1):
			m.Nonce = p.uint32(e, "nonce")
		case ctx(2):
			m.Expiration = p.time(e, "dhKeyExpiration")
		}
	}
}
