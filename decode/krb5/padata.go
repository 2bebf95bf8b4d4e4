package krb5

import "encoding/binary"

// A PAData is a PA-DATA, RFC 4120 §5.2.7. Unknown types keep number and bytes.
type PAData struct {
	Type   int32
	Value  []byte // nil when absent, which TYPED-DATA may be
	Offset int    // of Value in the message
	Cut    bool   // Value holds only the start
}

// Tags of the two fields: PA-DATA counts from [1], TYPED-DATA from [0].
type paTags struct {
	typ, value byte
	name       string
}

var (
	paFields = paTags{ctx(1), ctx(2), "PA-DATA"}
	tdFields = paTags{ctx(0), ctx(1), "TYPED-DATA"}
)

func (p *parser) padata(e element, name string) []PAData {
	in, ok := p.typed(e, idSequence, name)
	if !ok {
		return nil
	}
	return p.padataOf(in.body, paFields)
}

func (p *parser) padataOf(r reader, tags paTags) []PAData {
	n := 0 // count first: one allocation, of the size it needs
	for b := p.bytes(r); len(b) > 0 && n < maxList; n++ {
		h, l, form := header(b)
		if form != lengthShort && form != lengthPadded || l >= len(b)-h {
			n++
			break
		}
		b = b[h+l:]
	}
	list := p.room.padata
	if p.room.padata = nil; n > cap(list) {
		list = make([]PAData, 0, n)
	}
	for {
		e, ok := r.next(p)
		if !ok {
			return list
		}
		if len(list) == maxList {
			p.notef(e.off, "more than %d %s", maxList, tags.name)
			return list
		}
		if e.id != idSequence {
			p.notef(e.off, "element 0x%02x where a %s should be", e.id, tags.name)
			continue
		}
		if pa, ok := p.padataIn(fields{r: e.body, name: tags.name}, tags); ok {
			list = append(list, pa)
		}
	}
}

func (p *parser) padataIn(f fields, tags paTags) (pa PAData, ok bool) {
	var typ Opt[int32]
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case tags.typ:
			typ = p.int32(e, "padata-type")
		case tags.value:
			pa.Value, pa.Offset, pa.Cut = p.octets(e, "padata-value")
			pa.Offset += p.base
		default:
			f.unknown(p, e)
		}
	}
	if !typ.OK && !p.cut(f.r) && p.malformed == nil {
		p.notef(f.r.pos, "%s: without a type", tags.name)
	}
	pa.Type = typ.V
	pa.Cut = pa.Cut || pa.Value == nil && p.cut(f.r)
	return pa, typ.OK
}

// A PADetail is a decoded padata value: the field that belongs to the type is set. All are
// absent for an empty value, for types that are opaque, and for unknown types.
type PADetail struct {
	APReq        *APReq          // PA-TGS-REQ
	Encrypted    EncryptedData   // PA-ENC-TIMESTAMP, PA-ENCRYPTED-CHALLENGE, PA-PKINIT-KX
	ETypeInfo    []ETypeInfo     // PA-ETYPE-INFO, PA-ETYPE-INFO2
	Salt         []byte          // PA-PW-SALT, PA-AFS3-SALT
	NTStatus     Opt[uint32]     // PA-PW-SALT of an error from Windows: [MS-KILE] §2.2.1
	IncludePAC   Opt[bool]       // PA-PAC-REQUEST
	PACOptions   Opt[uint32]     // PA-PAC-OPTIONS, [MS-KILE] §2.2.10; PACOptionNames
	SupportedEnc Opt[uint32]     // PA-SUPPORTED-ENCTYPES, [MS-KILE] §2.2.8; SupportedEncNames
	ForUser      *ForUser        // PA-FOR-USER
	S4UX509User  *S4UX509User    // PA-S4U-X509-USER
	FAST         *FAST           // PA-FX-FAST
	Error        *KRBError       // PA-FX-ERROR
	SPAKE        *SPAKE          // PA-SPAKE
	PKASReq      *PKASReq        // PA-PK-AS-REQ, old and new
	PKASRep      *PKASRep        // PA-PK-AS-REP, old and new
	OTP          *OTP            // PA-OTP-CHALLENGE, PA-OTP-REQUEST
	AuthSet      []int32         // PA-AUTHENTICATION-SET: the padata types of the set, RFC 6113 §5.3
	KeyList      []int32         // KERB-KEY-LIST-REQ: etypes, [MS-KILE] §2.2.11
	Keys         []EncryptionKey // KERB-KEY-LIST-REP, [MS-KILE] §2.2.12
	DMSA         *DMSAKeys       // KERB-DMSA-KEY-PACKAGE
	Referral     *ServerReferral // PA-SVR-REFERRAL-INFO; KERB-SUPERSEDED-BY-USER: the account to use instead
	Checksum     Checksum        // PA-REQ-ENC-PA-REP of a reply, RFC 6806 §11; PA-AS-CHECKSUM
	Opaque       []byte          // PA-FX-COOKIE, PA-AS-FRESHNESS: for the KDC alone
	TypedDetail                  // types that come from TYPED-DATA, whose numbers are the same registry

	Anomalies []Anomaly  // offsets in the message
	Malformed *Malformed // where reading of the value stopped
}

// Decode reads the value of a PA-DATA or TYPED-DATA by its type. Only 22 is another
// type there: that is TD-PADATA, a list for PAData.Typed.
func (pa PAData) Decode() (d PADetail) {
	if len(pa.Value) == 0 {
		return d
	}
	p := newParser(pa.Value, pa.Offset)
	d.read(&p, pa)
	d.Anomalies, d.Malformed = p.found(), p.malformed
	return d
}

func (d *PADetail) read(p *parser, pa PAData) {
	r := p.all(pa.Cut)
	name := PADataName(pa.Type)
	// Those that are no ASN.1.
	switch pa.Type {
	case PATGSReq:
		d.APReq = p.encapsulatedAPReq(pa.Value, pa.Offset, pa.Cut, name)
		return
	case PAPWSalt, PAAFS3Salt:
		d.salt(pa)
		return
	case PASupportedEnctypes:
		if len(pa.Value) == 4 {
			d.SupportedEnc = some(binary.LittleEndian.Uint32(pa.Value))
		} else if !pa.Cut {
			p.notef(0, "%s: %d bytes, not 4", name, len(pa.Value))
		}
		return
	case PAFXCookie, PAASFreshness:
		d.Opaque = pa.Value
		return
	case PAExtendedError:
		d.extendedError(pa.Value)
		return
	}
	read := paReaders[pa.Type]
	if read == nil {
		return
	}
	e, ok := r.next(p)
	if !ok {
		return
	}
	read(d, p, e, name)
	if p.rest(r) > 0 {
		p.notef(r.pos, "%s: %d trailing bytes", name, p.rest(r))
	}
}

// paReaders decodes the types whose value is one ASN.1 element.
var paReaders = map[int32]func(*PADetail, *parser, element, string){
	PAEncTimestamp:       (*PADetail).encrypted,
	PAEncryptedChallenge: (*PADetail).encrypted,
	PAPKINITKX:           (*PADetail).encrypted,
	PAETypeInfo:          (*PADetail).etypeInfo,
	PAETypeInfo2:         (*PADetail).etypeInfo,
	PAPACRequest:         (*PADetail).pacRequest,
	PAPACOptions:         (*PADetail).pacOptions,
	PAForUser:            (*PADetail).forUser,
	PAS4UX509User:        (*PADetail).s4uX509User,
	PAFXFAST:             (*PADetail).fast,
	PAFXError:            (*PADetail).fxError,
	PASPAKE:              (*PADetail).spake,
	PAPKASReqOld:         (*PADetail).pkOld,
	PAPKASRepOld:         (*PADetail).pkOld,
	PAPKASReq:            (*PADetail).pkASReq,
	PAPKASRep:            (*PADetail).pkASRep,
	PAOTPChallenge:       (*PADetail).otpChallenge,
	PAOTPRequest:         (*PADetail).otpRequest,
	PAAuthenticationSet:  (*PADetail).authSet,
	PAKeyListReq:         (*PADetail).keyListReq,
	PAKeyListRep:         (*PADetail).keyListRep,
	PASupersededByUser:   (*PADetail).supersededBy,
	PADMSAKeyPackage:     (*PADetail).dmsaKeys,
	PASvrReferralInfo:    (*PADetail).referral,
	PAReqEncPARep:        (*PADetail).checksum,
	PAASChecksum:         (*PADetail).checksum,

	TDPKINITCertificates:  (*PADetail).tdCertificates,
	TDKrbPrincipal:        (*PADetail).tdPrincipal,
	TDKrbRealm:            (*PADetail).tdRealm,
	TDTrustedCertifiers:   (*PADetail).tdCertificateIDs,
	TDInvalidCertificates: (*PADetail).tdCertificateIDs,
	TDReqNonce:            (*PADetail).tdNumber,
	TDReqSeq:              (*PADetail).tdNumber,
	TDDHParameters:        (*PADetail).tdDHParameters,
	TDCMSDigestAlgorithms: (*PADetail).tdAlgorithms,
	TDCertDigests:         (*PADetail).tdAlgorithms,
}

// bare opens a value that is the SEQUENCE itself, without a tag around it.
func (p *parser) bare(e element, name string) (fields, bool) {
	if e.id != idSequence {
		p.notef(e.off, "%s: element 0x%02x where a SEQUENCE should be", name, e.id)
		return fields{}, false
	}
	return fields{r: e.body, name: name}, true
}

func (d *PADetail) encrypted(p *parser, e element, name string) {
	if f, ok := p.bare(e, name); ok {
		d.Encrypted = p.encryptedIn(f)
	}
}

// salt reads PA-PW-SALT, RFC 4120 §5.2.7.3. In errors, Windows puts a
// KERB-EXT-ERROR of 12 bytes there: an NTSTATUS or HRESULT of severity error,
// then zeros or small numbers.
func (d *PADetail) salt(pa PAData) {
	if v := pa.Value; pa.Type == PAPWSalt && len(v) == 12 && (v[3]&0xf0 == 0xc0 || v[3] == 0x80) && binary.LittleEndian.Uint32(v[4:]) == 0 {
		d.NTStatus = some(binary.LittleEndian.Uint32(v))
		return
	}
	if !pa.Cut {
		d.Salt = pa.Value
	}
}

// pacRequest reads KERB-PA-PAC-REQUEST, [MS-KILE] §2.2.3.
func (d *PADetail) pacRequest(p *parser, e element, name string) {
	f, ok := p.bare(e, name)
	if !ok {
		return
	}
	for {
		e, ok := f.next(p)
		if !ok {
			return
		}
		if e.id == ctx(0) {
			d.IncludePAC = p.boolean(e, "include-pac")
		} else {
			f.unknown(p, e)
		}
	}
}

func (d *PADetail) pacOptions(p *parser, e element, name string) {
	f, ok := p.bare(e, name)
	if !ok {
		return
	}
	for {
		e, ok := f.next(p)
		if !ok {
			return
		}
		if e.id == ctx(0) {
			d.PACOptions = p.flags(e, "flags")
		} else {
			f.unknown(p, e)
		}
	}
}

func (d *PADetail) checksum(p *parser, e element, name string) {
	if e.id == idSequence {
		d.Checksum = p.checksumIn(fields{r: e.body, name: name})
	}
}

// authSet reads PA-AUTHENTICATION-SET, RFC 6113 §5.3.
func (d *PADetail) authSet(p *parser, e element, name string) {
	if e.id != idSequence {
		return
	}
	for r := e.body; len(d.AuthSet) < maxList; {
		e, ok := r.next(p)
		if !ok || e.id != idSequence {
			return
		}
		f := fields{r: e.body, name: name}
		if e, ok := f.next(p); ok && e.id == ctx(0) {
			if t := p.int32(e, "pa-type"); t.OK {
				d.AuthSet = append(d.AuthSet, t.V)
			}
		}
	}
}

// extendedError reads the KERB-EXT-ERROR, [MS-KILE] §2.2.1, of PA-EXTENDED-ERROR.
func (d *PADetail) extendedError(v []byte) {
	if len(v) == 12 {
		d.NTStatus = some(binary.LittleEndian.Uint32(v))
	}
}
