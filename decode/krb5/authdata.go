package krb5

import (
	"encoding/binary"
	"iter"
)

// Authorization data types that are decoded or that a diagnosis asks for.
const (
	ADIfRelevant              = 1
	ADKDCIssued               = 4
	ADAndOr                   = 5
	ADMandatoryForKDC         = 8
	ADFXFASTArmor             = 71
	ADCAMMAC                  = 96
	ADAuthenticationIndicator = 97
	ADWin2kPAC                = 128
	ADETypeNegotiation        = 129
	ADTokenRestrictions       = 141
	ADAPOptions               = 143
	ADTargetPrincipal         = 144
)

const (
	maxADDepth    = 8  // containers within each other
	maxADElements = 64 // elements of one authorization-data, with those inside containers
)

// An ADElement is one element of AuthorizationData, RFC 4120 §5.2.6. Unknown
// types keep number and bytes.
type ADElement struct {
	Type   int32
	Data   []byte // nil when absent
	Depth  int    // containers around it
	Within int32  // type of the container right around it, 0 at depth 0
}

// AuthorizationData iterates over the elements of an AuthorizationData, a
// container before what is in it: AD-IF-RELEVANT, AD-KDCIssued, AD-AND-OR,
// AD-MANDATORY-FOR-KDC (RFC 4120 §5.2.6) and AD-CAMMAC (RFC 7751 §4) are
// opened. It ends where nothing can be read on.
func AuthorizationData(b []byte) iter.Seq[ADElement] {
	return func(yield func(ADElement) bool) {
		w := adWalk{yield: yield}
		p := newParser(b, 0)
		r := p.all(false)
		if e, ok := r.next(&p); ok && e.id == idSequence {
			w.list(&p, e.body, 0, 0)
		}
	}
}

type adWalk struct {
	yield func(ADElement) bool
	count int
}

// list walks the elements in r; false ends the walk.
func (w *adWalk) list(p *parser, r reader, depth int, within int32) bool {
	for {
		e, ok := r.next(p)
		if !ok {
			return true
		}
		f, ok := p.bare(e, "AuthorizationData")
		if !ok {
			return true
		}
		a := ADElement{Depth: depth, Within: within}
		typ := Opt[int32]{}
		for {
			e, ok := f.next(p)
			if !ok {
				break
			}
			switch e.id {
			case ctx(0):
				typ = p.int32(e, "ad-type")
			case ctx(1):
				a.Data, _, _ = p.octets(e, "ad-data")
			}
		}
		if !typ.OK {
			continue
		}
		a.Type = typ.V
		if w.count++; w.count > maxADElements || !w.yield(a) {
			return false
		}
		if depth < maxADDepth && !w.container(a) {
			return false
		}
	}
}

// container walks what is in a, when a is a container.
func (w *adWalk) container(a ADElement) bool {
	field := byte(0) // that holds the elements
	switch a.Type {
	case ADIfRelevant, ADMandatoryForKDC:
	case ADKDCIssued:
		field = ctx(3)
	case ADAndOr:
		field = ctx(1)
	case ADCAMMAC:
		field = ctx(0)
	default:
		return true
	}
	p := newParser(a.Data, 0)
	r := p.all(false)
	e, ok := r.next(&p)
	if !ok || e.id != idSequence {
		return true
	}
	if field == 0 {
		return w.list(&p, e.body, a.Depth+1, a.Type)
	}
	f := fields{r: e.body, name: "AuthorizationData"}
	for {
		e, ok := f.next(&p)
		if !ok {
			return true
		}
		if e.id == field {
			if in, ok := p.typed(e, idSequence, "elements"); ok {
				return w.list(&p, in.body, a.Depth+1, a.Type)
			}
		}
	}
}

// An ADDetail is a decoded ad-data: the field that belongs to the type is set.
type ADDetail struct {
	Indicators   []string          // AD-AUTHENTICATION-INDICATOR, RFC 8129 §2
	ETypes       []int32           // AD-ETYPE-NEGOTIATION, RFC 4537 §3
	APOptions    Opt[uint32]       // KERB_AP_OPTIONS, [MS-KILE] §3.2.5.8; ADAPOptionNames
	Target       string            // AD-TARGET-PRINCIPAL, [MS-KILE] §3.2.5.8: the SPN that the client means
	Restrictions *TokenRestriction // KERB-AUTH-DATA-TOKEN-RESTRICTIONS
}

// A TokenRestriction is a KERB-AD-RESTRICTION-ENTRY with its
// LSAP_TOKEN_INFO_INTEGRITY, [MS-KILE] §2.2.5 and §2.2.6.
type TokenRestriction struct {
	Type      Opt[int32]
	Flags     Opt[uint32] // 0: the full token, 1: filtered by UAC
	Integrity Opt[uint32] // 0x2000 medium, 0x3000 high, 0x4000 system
	MachineID []byte      // made at each start of the client
}

// Decode reads the data by its type. Containers and AD-WIN2K-PAC have functions
// of their own: AuthorizationData and ParsePAC.
func (a ADElement) Decode() (d ADDetail) {
	p := newParser(a.Data, 0)
	switch a.Type {
	case ADAPOptions:
		if len(a.Data) == 4 {
			d.APOptions = some(binary.LittleEndian.Uint32(a.Data))
		}
		return d
	case ADTargetPrincipal:
		d.Target = utf16Text(a.Data)
		return d
	case ADAuthenticationIndicator, ADETypeNegotiation, ADTokenRestrictions:
	default:
		return d
	}
	r := p.all(false)
	e, ok := r.next(&p)
	if !ok || e.id != idSequence {
		return d
	}
	switch a.Type {
	case ADAuthenticationIndicator:
		for in := e.body; len(d.Indicators) < maxList; {
			e, ok := in.next(&p)
			if !ok || e.id != idUTF8String {
				break
			}
			d.Indicators = append(d.Indicators, string(p.bytes(e.body)))
		}
	case ADETypeNegotiation:
		d.ETypes = p.int32sOf(e.body, "etypes")
	case ADTokenRestrictions:
		// [MS-KILE] has one entry, Windows sends a SEQUENCE OF them with one.
		if p.peek(e.body) == idSequence {
			in := e.body
			e, _ = in.next(&p)
		}
		d.Restrictions = p.restriction(fields{r: e.body, name: "KERB-AD-RESTRICTION-ENTRY"})
	}
	return d
}

func (p *parser) restriction(f fields) *TokenRestriction {
	t := new(TokenRestriction)
	for {
		e, ok := f.next(p)
		if !ok {
			return t
		}
		switch e.id {
		case ctx(0):
			t.Type = p.int32(e, "restriction-type")
		case ctx(1):
			if v, _, _ := p.octets(e, "restriction"); len(v) >= 40 {
				t.Flags, t.Integrity = some(binary.LittleEndian.Uint32(v)), some(binary.LittleEndian.Uint32(v[4:]))
				t.MachineID = v[8:40]
			}
		}
	}
}
