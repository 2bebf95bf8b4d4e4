package krb5

// A TypedDetail is the decoded value of a TYPED-DATA type: the field that belongs
// to the type is set.
type TypedDetail struct {
	CertificateIDs []CertificateID // TD-TRUSTED-CERTIFIERS, TD-INVALID-CERTIFICATES: RFC 4556 §3.2.2
	Certificates   []Certificate   // TD-PKINIT-CMS-CERTIFICATES
	DHGroups       []DHGroup       // TD-DH-PARAMETERS: those that the KDC takes
	Algorithms     []string        // TD-CMS-DIGEST-ALGORITHMS, TD-CERT-DIGEST-ALGORITHMS: those that the KDC takes
	Principal      PrincipalName   // TD-KRB-PRINCIPAL
	Realm          []byte          // TD-KRB-REALM
	Number         Opt[uint32]     // TD-REQ-NONCE, TD-REQ-SEQ
}

// A DHGroup is a Diffie-Hellman group or an elliptic curve.
type DHGroup struct {
	Bits int    // of the prime or the curve's field; 0: not told
	Name string // "oakley-14", "P-256"; "" for another one
}

// Typed reads the value of TD-PADATA: a METHOD-DATA in TYPED-DATA. Nil for other types.
func (pa PAData) Typed() []PAData {
	if pa.Type != TDPAData {
		return nil
	}
	p := newParser(pa.Value, pa.Offset)
	r := p.all(pa.Cut)
	if e, ok := r.next(&p); ok && e.id == idSequence {
		return p.padataOf(e.body, paFields)
	}
	return nil
}

func (d *PADetail) tdCertificates(p *parser, e element, _ string) {
	var s SignedData
	p.certificates(e.body, &s)
	d.Certificates = s.Certificates
}

func (d *PADetail) tdCertificateIDs(p *parser, e element, _ string) {
	if e.id == idSequence {
		d.CertificateIDs = p.certificateIDs(e.body)
	}
}

func (d *PADetail) tdPrincipal(p *parser, e element, name string) {
	// principal opens a field; here the value is the PrincipalName itself.
	if f, ok := p.bare(e, name); ok {
		d.Principal = p.principalIn(f, name)
	}
}

func (d *PADetail) tdRealm(p *parser, e element, name string) { d.Realm = p.textOf(e, name) }

func (d *PADetail) tdNumber(p *parser, e element, name string) {
	if v, ok := p.integer(e, name); ok && v >= -1<<31 && v < 1<<32 {
		d.Number = some(uint32(v))
	}
}

func (d *PADetail) tdDHParameters(p *parser, e element, _ string) {
	if e.id != idSequence {
		return
	}
	for r := e.body; len(d.DHGroups) < maxTickets; {
		e, ok := r.next(p)
		if !ok {
			return
		}
		bits, name := p.dhParameters(e)
		d.DHGroups = append(d.DHGroups, DHGroup{bits, name})
	}
}

func (d *PADetail) tdAlgorithms(p *parser, e element, _ string) {
	if e.id == idSequence {
		d.Algorithms = p.algorithms(e.body)
	}
}
