// Package gss tells what an authentication token is: a GSS-API initial token
// (RFC 2743 §3.1), SPNEGO (RFC 4178, [MS-SPNG]), a raw Kerberos message as
// DCE/RPC carries it, or NTLMSSP ([MS-NLMP]). It finds the Kerberos message in
// it and leaves reading that to others.
//
// Tokens come from captures: nothing about them is trusted, and what is left
// of a cut token is still read.
package gss

import "bytes"

// Kind says what a token holds in the end, inside whatever wraps it.
type Kind uint8

// The kinds of token.
const (
	Other    Kind = iota // not understood
	Empty                // no bytes
	Kerberos             // a Kerberos message: Token.Kerberos
	State                // SPNEGO without a token of a mechanism: an offer or a state
	NTLM                 // NTLMSSP: Token.NTLM
	NegoEx               // [MS-NEGOEX]
	Wrap                 // per-message token, RFC 4121 §4.2.6.2, RFC 1964 §1.2.2
	MIC                  // per-message token, RFC 4121 §4.2.6.1, RFC 1964 §1.2.1
	Delete               // context deletion, RFC 1964 §1.2.3
	IAKERB               // IAKERB-PROXY, draft-ietf-kitten-iakerb; Token.Kerberos if it holds a message
)

var kindNames = [...]string{"other", "empty", "kerberos", "state", "ntlm", "negoex", "wrap", "mic", "delete", "iakerb"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "other"
}

// NegState is the negState of a NegTokenResp, RFC 4178 §4.2.2. The zero value
// means that the token carries none, which is legal.
type NegState uint8

// The states; on the wire each is one less.
const (
	NoState NegState = iota
	AcceptCompleted
	AcceptIncomplete
	Reject
	RequestMIC
)

var negStateNames = [...]string{"", "accept-completed", "accept-incomplete", "reject", "request-mic"}

func (n NegState) String() string {
	if int(n) < len(negStateNames) {
		return negStateNames[n]
	}
	return ""
}

// Form is the choice of a SPNEGO NegotiationToken.
type Form uint8

// The forms of SPNEGO; NoForm: the token is not SPNEGO.
const (
	NoForm       Form = iota
	NegTokenInit      // RFC 4178 §4.2.1, and NegTokenInit2 of [MS-SPNG] §2.2.1
	NegTokenResp      // RFC 4178 §4.2.2
)

// Token is what Parse found. Its byte slices are parts of the parsed token.
type Token struct {
	Kind Kind
	Form Form
	// MechTypes are the mechanisms of a NegTokenInit as dotted OIDs, first
	// choice first; nil when there is no list.
	MechTypes []string
	NegState  NegState
	// SupportedMech is the mechanism of a NegTokenResp, "" when absent.
	SupportedMech string
	// HintName is the hint of a server's NegTokenInit2, "" when absent.
	HintName    string
	MechListMIC bool // a mechListMIC is there
	// Header tells that a GSS header (RFC 2743 §3.1) stands directly around
	// the mechanism's token; Mech is its OID, TokID the two bytes behind it
	// (RFC 4121 §4.1). DCE style Kerberos and NTLM have none.
	Header bool
	Mech   string
	TokID  uint16
	// Kerberos are the bytes of the Kerberos message as far as they are there,
	// At their offset in the parsed token; nil when there is none.
	Kerberos []byte
	At       int
	// Proxy is the IAKERB-HEADER in front of the Kerberos message of an
	// IAKERB-PROXY token; nil for other tokens.
	Proxy []byte
	// NTLM is set when Kind is NTLM.
	NTLM *NTLMMessage
	// Path are the wrappings from the outside in: "spnego", "gss", "iakerb".
	// Shared: not to be changed.
	Path []string
	// Truncated: a length in the token reaches beyond its end.
	Truncated bool
}

// SPNEGO tells whether the token is a SPNEGO NegotiationToken.
func (t *Token) SPNEGO() bool { return t.Form != NoForm }

// The paths that occur, shared between all tokens.
var (
	pathGSS          = []string{"gss"}
	pathSPNEGO       = []string{"spnego"}
	pathSPNEGOGSS    = []string{"spnego", "gss"}
	pathIAKERB       = []string{"iakerb"}
	pathSPNEGOIAKERB = []string{"spnego", "iakerb"}
)

// Parse tells what tok is. It never fails: what it does not understand has
// Kind Other.
func Parse(tok []byte) Token {
	var t Token
	if len(tok) == 0 {
		t.Kind = Empty
		return t
	}
	t.outer(tok)
	if t.Form != NoForm {
		switch {
		case t.Kind == IAKERB:
			t.Path = pathSPNEGOIAKERB
		case t.Header:
			t.Path = pathSPNEGOGSS
		default:
			t.Path = pathSPNEGO
		}
	} else {
		switch {
		case t.Kind == IAKERB:
			t.Path = pathIAKERB
		case t.Header:
			t.Path = pathGSS
		}
	}
	return t
}

// outer reads the outermost layer: SPNEGO with or without its GSS header, or a
// mechanism's token.
func (t *Token) outer(tok []byte) {
	switch tok[0] {
	case 0xa0, 0xa1:
		if t.spnego(tok, 0) {
			return
		}
	case tagGSS:
		if oid, body, at, ok := t.header(tok, 0); ok && string(oid) == derSPNEGO {
			if len(body) > 0 && (body[0] == 0xa0 || body[0] == 0xa1) && t.spnego(body, at) {
				return
			}
			t.Form, t.Kind = NegTokenInit, State // cut behind the OID
			return
		}
	}
	t.mech(tok, 0)
}

const (
	tagGSS = 0x60 // [APPLICATION 0] IMPLICIT SEQUENCE
	tagOID = 0x06
)

// header reads the GSS header of tok, which stands at offset at of the parsed
// token: the mechanism, and what follows it with its offset.
func (t *Token) header(tok []byte, at int) (oid, body []byte, bodyAt int, ok bool) {
	e, ok := readTLV(tok)
	if !ok || e.tag != tagGSS {
		return nil, nil, 0, false
	}
	o, ok := readTLV(e.body)
	if !ok || o.tag != tagOID || o.cut || len(o.body) == 0 {
		return nil, nil, 0, false
	}
	t.Truncated = t.Truncated || e.cut
	return o.body, e.body[o.size:], at + e.head + o.size, true
}

// mech reads the token of a mechanism, which stands at offset at of the parsed
// token, with or without a GSS header.
func (t *Token) mech(tok []byte, at int) {
	if len(tok) == 0 {
		t.Kind = Empty
		return
	}
	switch tok[0] {
	case 0x6e, 0x6f, 0x7e: // AP-REQ, AP-REP, KRB-ERROR without a header
		t.raw(tok, at)
		return
	case tagGSS:
		oid, body, bodyAt, ok := t.header(tok, at)
		if !ok {
			return
		}
		t.Header, t.Mech = true, dotted(oid)
		t.inner(string(oid), body, bodyAt)
		return
	case 'N':
		if bytes.HasPrefix(tok, ntlmSignature) {
			t.Kind, t.NTLM = NTLM, parseNTLM(tok)
		} else if bytes.HasPrefix(tok, negoexSignature) {
			t.Kind = NegoEx
		}
		return
	}
	if len(tok) >= 16 { // RFC 4121 §4.2.6: id, flags, filler
		switch {
		case tok[0] == 5 && tok[1] == 4 && tok[3] == 0xff:
			t.Kind, t.TokID = Wrap, 0x0504
		case tok[0] == 4 && tok[1] == 4 && tok[3] == 0xff:
			t.Kind, t.TokID = MIC, 0x0404
		}
	}
}

// raw takes tok for a Kerberos message if its length can be that of one.
func (t *Token) raw(tok []byte, at int) {
	e, ok := readTLV(tok)
	if !ok || len(e.body) > 0 && e.body[0] != 0x30 {
		return
	}
	t.Kind, t.Kerberos, t.At = Kerberos, tok, at
	t.Truncated = t.Truncated || e.cut
}

// inner reads what follows the OID of a GSS header.
func (t *Token) inner(oid string, b []byte, at int) {
	switch oid {
	case derKerberos, derMSKerberos, derU2U, derKerberosOld:
	case derIAKERB:
		t.iakerb(b, at)
		return
	default:
		if len(b) > 0 && b[0] == 'N' {
			t.mech(b, at)
		}
		return
	}
	if len(b) < 2 {
		t.Truncated = true
		return
	}
	t.TokID = uint16(b[0])<<8 | uint16(b[1])
	switch t.TokID {
	case 0x0100, 0x0200, 0x0300, // AP-REQ, AP-REP, KRB-ERROR: RFC 4121 §4.1
		0x0400, 0x0401: // TGT-REQ, TGT-REP: [MS-KILE] §3.4.5, draft-swift-win2k-krb-user2user
		t.Kind, t.Kerberos, t.At = Kerberos, b[2:], at+2
		if e, ok := readTLV(b[2:]); !ok || e.cut {
			t.Truncated = true
		}
	case 0x0101, 0x0404:
		t.Kind = MIC
	case 0x0201, 0x0504:
		t.Kind = Wrap
	case 0x0102, 0x0405:
		t.Kind = Delete
	default:
		if b[0] == 0x6e || b[0] == 0x6f || b[0] == 0x7e {
			t.TokID = 0
			t.raw(b, at)
		}
	}
}

// iakerb reads 05 01, IAKERB-HEADER ::= SEQUENCE { target-realm, cookie }, and
// the KDC's message behind it.
func (t *Token) iakerb(b []byte, at int) {
	t.Kind = IAKERB
	if len(b) < 2 {
		t.Truncated = true
		return
	}
	t.TokID = uint16(b[0])<<8 | uint16(b[1])
	if t.TokID != 0x0501 {
		if t.TokID == 0x0100 || t.TokID == 0x0200 || t.TokID == 0x0300 {
			t.Kerberos, t.At = b[2:], at+2
		}
		return
	}
	h, ok := readTLV(b[2:])
	if !ok || h.tag != 0x30 || h.cut {
		t.Truncated = true
		return
	}
	t.Proxy = b[2 : 2+h.size]
	if n := 2 + h.size; n < len(b) {
		t.Kerberos, t.At = b[n:], at+n
	}
}
