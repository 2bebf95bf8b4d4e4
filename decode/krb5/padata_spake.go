package krb5

// Kinds of PA-SPAKE, by the tag of the choice.
const (
	SPAKESupport   = 0
	SPAKEChallenge = 1
	SPAKEResponse  = 2
	SPAKEEncData   = 3
)

// A SPAKE is a PA-SPAKE, RFC 9588 §5.
type SPAKE struct {
	Kind    int
	Groups  []int32       // support: groups that the client knows
	Group   Opt[int32]    // challenge
	Factors []int32       // challenge: second factor types
	PubKey  int           // challenge, response: bytes of the public key
	Enc     EncryptedData // response: factor; encdata
}

// SPAKEGroupName is the name of a group (RFC 9588 §12.2), "" when unknown.
func SPAKEGroupName(group int32) string {
	switch group {
	case 1:
		return "edwards25519"
	case 2:
		return "P-256"
	case 3:
		return "P-384"
	case 4:
		return "P-521"
	}
	return ""
}

// SPAKEFactorName is the name of a second factor type (RFC 9588 §12.3), "" when unknown.
func SPAKEFactorName(factor int32) string {
	if factor == 1 {
		return "SF-NONE"
	}
	return ""
}

// SPAKEKindName is "support", "challenge", "response" or "encdata"; "" for another kind.
func SPAKEKindName(kind int) string {
	switch kind {
	case SPAKESupport:
		return "support"
	case SPAKEChallenge:
		return "challenge"
	case SPAKEResponse:
		return "response"
	case SPAKEEncData:
		return "encdata"
	}
	return ""
}

func (d *PADetail) spake(p *parser, e element, name string) {
	if e.id < ctx(0) || e.id > ctx(3) {
		p.notef(e.off, "%s: choice 0x%02x", name, e.id)
		return
	}
	s := &SPAKE{Kind: int(e.id - ctx(0))}
	f, ok := p.sequence(e, name)
	if !ok {
		return
	}
	d.SPAKE = s
	if s.Kind == SPAKEEncData {
		s.Enc = p.encryptedIn(f)
		return
	}
	for {
		e, ok := f.next(p)
		if !ok {
			return
		}
		switch {
		case s.Kind == SPAKESupport && e.id == ctx(0):
			s.Groups = p.int32s(e, "groups")
		case s.Kind == SPAKEChallenge && e.id == ctx(0):
			s.Group = p.int32(e, "group")
		case s.Kind == SPAKEChallenge && e.id == ctx(2):
			s.Factors = p.spakeFactors(e)
		case s.Kind == SPAKEResponse && e.id == ctx(1):
			s.Enc = p.encrypted(e, "factor")
		case s.Kind == SPAKEResponse && e.id == ctx(0), s.Kind == SPAKEChallenge && e.id == ctx(1):
			b, _, _ := p.octets(e, "pubkey")
			s.PubKey = len(b)
		default:
			f.unknown(p, e)
		}
	}
}

// spakeFactors reads the types of a SEQUENCE OF SPAKESecondFactor.
func (p *parser) spakeFactors(e element) (list []int32) {
	in, ok := p.typed(e, idSequence, "factors")
	if !ok {
		return nil
	}
	r := in.body
	for len(list) < maxList {
		e, ok := r.next(p)
		if !ok {
			break
		}
		f := fields{r: e.body, name: "SPAKESecondFactor"}
		if e, ok := f.next(p); ok && e.id == ctx(0) {
			if t := p.int32(e, "type"); t.OK {
				list = append(list, t.V)
			}
		}
	}
	return list
}
