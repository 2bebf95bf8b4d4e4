package gss

import (
	"bytes"
	"encoding/binary"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tlv builds one element in DER.
func tlv(tag byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	b := []byte{tag}
	switch n := len(body); {
	case n < 0x80:
		b = append(b, byte(n))
	case n < 0x100:
		b = append(b, 0x81, byte(n))
	default:
		b = append(b, 0x82, byte(n>>8), byte(n))
	}
	return append(b, body...)
}

func header(oid string, parts ...[]byte) []byte {
	return tlv(0x60, append([][]byte{tlv(0x06, []byte(oid))}, parts...)...)
}

func mechList(oids ...string) []byte {
	var l [][]byte
	for _, o := range oids {
		l = append(l, tlv(0x06, []byte(o)))
	}
	return tlv(0xa0, tlv(0x30, l...))
}

func negInit(fields ...[]byte) []byte {
	return header(derSPNEGO, tlv(0xa0, tlv(0x30, fields...)))
}

func negResp(fields ...[]byte) []byte { return tlv(0xa1, tlv(0x30, fields...)) }

func octets(field byte, b []byte) []byte { return tlv(field, tlv(0x04, b)) }

func state(n byte) []byte { return tlv(0xa0, []byte{0x0a, 1, n}) }

// message stands in for a Kerberos message: its tag, a SEQUENCE, pvno.
func message(tag byte, n int) []byte {
	return tlv(tag, tlv(0x30, []byte{0xa0, 3, 2, 1, 5}, tlv(0xa1, tlv(0x04, make([]byte, n)))))
}

func ntlmMessage(typ uint32, flags uint32, fixed int, flagsAt int, fields map[int][]byte) []byte {
	b := make([]byte, fixed)
	copy(b, "NTLMSSP\x00")
	binary.LittleEndian.PutUint32(b[8:], typ)
	binary.LittleEndian.PutUint32(b[flagsAt:], flags)
	for at := 12; at < fixed; at += 4 {
		if f, ok := fields[at]; ok {
			binary.LittleEndian.PutUint16(b[at:], uint16(len(f)))
			binary.LittleEndian.PutUint16(b[at+2:], uint16(len(f)))
			binary.LittleEndian.PutUint32(b[at+4:], uint32(len(b)))
			b = append(b, f...)
		}
	}
	return b
}

func wide(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func avPair(id uint16, v []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, id)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(v)))
	return append(b, v...)
}

var (
	apReq      = message(0x6e, 900)
	apRep      = message(0x6f, 60)
	krbError   = message(0x7e, 80)
	apReqGSS   = header(derKerberos, []byte{1, 0}, apReq)
	apRepGSS   = header(derKerberos, []byte{2, 0}, apRep)
	errGSS     = header(derKerberos, []byte{3, 0}, krbError)
	windows    = []string{derMSKerberos, derKerberos, derNegoEx, derNTLM}
	windowsOID = []string{OIDMSKerberos, OIDKerberos, OIDNegoEx, OIDNTLM}
	negotiate1 = ntlmMessage(1, 0xe2088297, 40, 12, nil)
	challenge2 = ntlmMessage(2, 0xe2898215, 56, 20, map[int][]byte{
		12: wide("CONTOSO"),
		40: bytes.Join([][]byte{avPair(2, wide("CONTOSO")), avPair(1, wide("HUB-1")), avPair(4, wide("contoso.com")),
			avPair(3, wide("hub-1.contoso.com")), avPair(5, wide("contoso.com")), avPair(7, make([]byte, 8)), avPair(0, nil)}, nil),
	})
	auth3 = ntlmMessage(3, 0xe2888215, 88, 60, map[int][]byte{
		12: make([]byte, 24), 20: make([]byte, 300), 28: wide("CONTOSO"), 36: wide("alice"), 44: wide("MAILBOX-1"),
	})
	authAnon = ntlmMessage(3, 0xe2888a15, 88, 60, map[int][]byte{12: {0}})
	perMsg   = append([]byte{5, 4, 1, 0xff, 0, 0, 0, 0}, make([]byte, 24)...)
)

func TestParseKerberos(t *testing.T) {
	for _, c := range []struct {
		name   string
		tok    []byte
		krb    []byte
		path   []string
		header bool
		mech   string
		id     uint16
		mechs  []string
		state  NegState
	}{
		{name: "raw AP-REQ", tok: apReq, krb: apReq},
		{name: "raw AP-REP", tok: apRep, krb: apRep},
		{name: "raw KRB-ERROR", tok: krbError, krb: krbError},
		{name: "GSS AP-REQ", tok: apReqGSS, krb: apReq, path: []string{"gss"}, header: true, mech: OIDKerberos, id: 0x0100},
		{name: "GSS AP-REP", tok: apRepGSS, krb: apRep, path: []string{"gss"}, header: true, mech: OIDKerberos, id: 0x0200},
		{name: "GSS KRB-ERROR", tok: errGSS, krb: krbError, path: []string{"gss"}, header: true, mech: OIDKerberos, id: 0x0300},
		{name: "Microsoft's OID", tok: header(derMSKerberos, []byte{1, 0}, apReq), krb: apReq, path: []string{"gss"}, header: true, mech: OIDMSKerberos, id: 0x0100},
		{name: "TGT-REQ", tok: header(derU2U, []byte{4, 0}, tlv(0x30, []byte{0xa0, 3, 2, 1, 5})), krb: tlv(0x30, []byte{0xa0, 3, 2, 1, 5}), path: []string{"gss"}, header: true, mech: OIDU2U, id: 0x0400},
		{name: "TGT-REP", tok: header(derU2U, []byte{4, 1}, tlv(0x30, []byte{0xa0, 3, 2, 1, 5})), krb: tlv(0x30, []byte{0xa0, 3, 2, 1, 5}), path: []string{"gss"}, header: true, mech: OIDU2U, id: 0x0401},
		{name: "SPNEGO, GSS AP-REQ", tok: negInit(mechList(windows...), octets(0xa2, apReqGSS)), krb: apReq, path: []string{"spnego", "gss"}, header: true, mech: OIDKerberos, id: 0x0100, mechs: windowsOID},
		{name: "SPNEGO, DCE style AP-REQ", tok: negInit(mechList(windows...), octets(0xa2, apReq)), krb: apReq, path: []string{"spnego"}, mechs: windowsOID},
		{name: "NegTokenInit without GSS header", tok: tlv(0xa0, tlv(0x30, mechList(derKerberos), octets(0xa2, apReqGSS))), krb: apReq, path: []string{"spnego", "gss"}, header: true, mech: OIDKerberos, id: 0x0100, mechs: []string{OIDKerberos}},
		{name: "NegTokenResp, AP-REP", tok: negResp(state(0), tlv(0xa1, tlv(0x06, []byte(derMSKerberos))), octets(0xa2, apRepGSS)), krb: apRep, path: []string{"spnego", "gss"}, header: true, mech: OIDKerberos, id: 0x0200, state: AcceptCompleted},
		{name: "NegTokenResp without state", tok: negResp(octets(0xa2, apRep)), krb: apRep, path: []string{"spnego"}},
		{name: "NegTokenResp in a GSS header", tok: header(derSPNEGO, negResp(state(1), octets(0xa2, errGSS))), krb: krbError, path: []string{"spnego", "gss"}, header: true, mech: OIDKerberos, id: 0x0300, state: AcceptIncomplete},
		{name: "IAKERB", tok: header(derIAKERB, []byte{5, 1}, tlv(0x30, tlv(0xa1, []byte{0x0c, 1, 'R'})), message(0x6a, 50)), krb: message(0x6a, 50), path: []string{"iakerb"}, header: true, mech: OIDIAKERB, id: 0x0501},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "IAKERB" {
				assert.Equal(t, tlv(0x30, tlv(0xa1, []byte{0x0c, 1, 'R'})), Parse(c.tok).Proxy)
			}
			got := Parse(c.tok)
			assert.Equal(t, c.krb, got.Kerberos)
			assert.Equal(t, c.krb, c.tok[got.At:got.At+len(got.Kerberos)], "At is where the message stands")
			assert.Equal(t, c.path, got.Path)
			assert.Equal(t, c.header, got.Header)
			assert.Equal(t, c.mech, got.Mech)
			assert.Equal(t, c.id, got.TokID)
			assert.Equal(t, c.mechs, got.MechTypes)
			assert.Equal(t, c.state, got.NegState)
			assert.False(t, got.Truncated)
		})
	}
}

func TestParseOthers(t *testing.T) {
	for _, c := range []struct {
		name string
		tok  []byte
		kind Kind
		path []string
	}{
		{"nothing", nil, Empty, nil},
		{"reject", negResp(state(2)), State, []string{"spnego"}},
		{"offer", negInit(mechList(windows...)), State, []string{"spnego"}},
		{"NTLM in SPNEGO", negInit(mechList(derNTLM), octets(0xa2, negotiate1)), NTLM, []string{"spnego"}},
		{"NTLM", negotiate1, NTLM, nil},
		{"NTLM in GSS", header(derNTLM, negotiate1), NTLM, []string{"gss"}},
		{"NEGOEX", negInit(mechList(derNegoEx), octets(0xa2, []byte("NEGOEXTS\x00\x00\x00\x00\x00\x00\x00\x00"))), NegoEx, []string{"spnego"}},
		{"wrap, RFC 4121", perMsg, Wrap, nil},
		{"MIC, RFC 4121", append([]byte{4, 4, 1, 0xff}, make([]byte, 20)...), MIC, nil},
		{"wrap, RFC 1964", header(derKerberos, []byte{2, 1}, make([]byte, 30)), Wrap, []string{"gss"}},
		{"MIC, RFC 1964", header(derKerberos, []byte{1, 1}, make([]byte, 30)), MIC, []string{"gss"}},
		{"another mechanism", header("\x2b\x06\x01\x05\x05\x0e", []byte("n,,")), Other, []string{"gss"}},
		{"text", []byte("hello"), Other, nil},
		{"SPNEGO cut behind its OID", header(derSPNEGO), State, []string{"spnego"}},
		{"SPNEGO in SPNEGO is not followed", negInit(octets(0xa2, negInit(octets(0xa2, apReq)))), Other, []string{"spnego", "gss"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Parse(c.tok)
			assert.Equal(t, c.kind, got.Kind)
			assert.Equal(t, c.path, got.Path)
			assert.Nil(t, got.Kerberos)
		})
	}
	assert.Equal(t, Reject, func() NegState { x := Parse(negResp(state(2))); return x.NegState }())
}

func TestParseServerHints(t *testing.T) {
	hints := tlv(0xa3, tlv(0x30, tlv(0xa0, tlv(0x1b, []byte("not_defined_in_RFC4178@please_ignore")))))
	got := Parse(negInit(mechList(windows...), hints))
	assert.Equal(t, "not_defined_in_RFC4178@please_ignore", got.HintName)
	assert.False(t, got.MechListMIC)
	assert.Equal(t, windowsOID, got.MechTypes)

	got = Parse(negResp(state(0), octets(0xa3, make([]byte, 12))))
	assert.True(t, got.MechListMIC)
	assert.Equal(t, AcceptCompleted, got.NegState)
}

func TestParseNTLM(t *testing.T) {
	got := Parse(negResp(state(1), octets(0xa2, challenge2))).NTLM
	require.NotNil(t, got)
	assert.Equal(t, NTLMMessage{Type: Challenge, Flags: 0xe2898215, TargetName: "CONTOSO", NetBIOSComputer: "HUB-1", NetBIOSDomain: "CONTOSO",
		DNSComputer: "hub-1.contoso.com", DNSDomain: "contoso.com", DNSForest: "contoso.com"}, *got)

	got = Parse(auth3).NTLM
	require.NotNil(t, got)
	assert.Equal(t, NTLMMessage{Type: Authenticate, Flags: 0xe2888215, Domain: "CONTOSO", User: "alice", Workstation: "MAILBOX-1"}, *got)

	assert.True(t, Parse(authAnon).NTLM.Anonymous)
	assert.Equal(t, "negotiate", Parse(negotiate1).NTLM.Type.String())

	oem := ntlmMessage(1, 0x3207, 32, 12, map[int][]byte{16: []byte("CONTOSO"), 24: []byte("MAILBOX-1")})
	got = Parse(oem).NTLM
	assert.Equal(t, "CONTOSO", got.Domain)
	assert.Equal(t, "MAILBOX-1", got.Workstation)
}

func TestParseTruncated(t *testing.T) {
	whole := negInit(mechList(windows...), octets(0xa2, apReqGSS))
	full := Parse(whole)
	for n := range whole {
		got := Parse(whole[:n])
		if n > full.At {
			require.Equal(t, Kerberos, got.Kind, "cut at %d", n)
			require.Equal(t, whole[full.At:n], got.Kerberos)
			require.True(t, got.Truncated)
		}
		require.True(t, n < 2 || got.Truncated || got.Kind != Kerberos)
	}
	for n := range auth3 {
		got := Parse(auth3[:n])
		if n >= 12 {
			require.True(t, got.NTLM.Truncated)
			require.False(t, got.NTLM.Anonymous, "a cut message proves nothing")
		}
	}
}

func TestBERLengths(t *testing.T) {
	long := append([]byte{0x6e, 0x84, 0, 0, 0, 7}, 0x30, 5, 0xa0, 3, 2, 1, 5)
	assert.Equal(t, Kerberos, Parse(long).Kind)
	assert.False(t, func() bool { x := Parse(long); return x.Truncated }())
	indefinite := []byte{0x6e, 0x80, 0x30, 0x80, 0xa0, 3, 2, 1, 5, 0, 0, 0, 0}
	assert.Equal(t, indefinite, Parse(indefinite).Kerberos)
	huge := []byte{0x60, 0x84, 0xff, 0xff, 0xff, 0xff, 0x06, 0x84, 0xff, 0xff, 0xff, 0xff}
	assert.Equal(t, Other, Parse(huge).Kind)
}

func TestOID(t *testing.T) {
	for der, want := range map[string]string{
		derKerberos: OIDKerberos, derMSKerberos: OIDMSKerberos, derU2U: OIDU2U, derSPNEGO: OIDSPNEGO, derNTLM: OIDNTLM,
		derNegoEx: OIDNegoEx, derIAKERB: OIDIAKERB, derPKU2U: OIDPKU2U, derKerberosOld: OIDKerberosOld,
		"\x2b\x06\x01\x05\x05\x0f\x01\x01\x11": OIDEAPAES128,
		"\x88\x37\x03":                         "2.999.3",
		"\x2b\x86":                             "1.3.?",
		"\x2b\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01": "1.3.?",
	} {
		assert.Equal(t, want, dotted([]byte(der)))
		if want != "" && MechName(want) != want {
			b := oidEncode(want)
			assert.Equal(t, der, string(b), "the constant is the OID's encoding")
		}
	}
	assert.Equal(t, "Kerberos", MechName(OIDKerberos))
	assert.Equal(t, "1.2.3", MechName("1.2.3"))
	assert.True(t, IsKerberos(OIDMSKerberos))
	assert.False(t, IsKerberos(OIDNTLM))
}

// oidEncode is an encoding of its own to check the tables by.
func oidEncode(s string) []byte {
	var arcs []uint64
	n := uint64(0)
	for _, c := range s + "." {
		if c == '.' {
			arcs = append(arcs, n)
			n = 0
			continue
		}
		n = n*10 + uint64(c-'0')
	}
	arcs[1] += arcs[0] * 40
	var out []byte
	for _, a := range arcs[1:] {
		b := []byte{byte(a & 0x7f)}
		for a >>= 7; a > 0; a >>= 7 {
			b = append([]byte{byte(a&0x7f) | 0x80}, b...)
		}
		out = append(out, b...)
	}
	return out
}

func FuzzParse(f *testing.F) {
	for _, b := range [][]byte{apReq, apReqGSS, errGSS, negInit(mechList(windows...), octets(0xa2, apReqGSS)), negResp(state(1), octets(0xa2, challenge2)), auth3, perMsg} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, again := Parse(b), Parse(b)
		require.Equal(t, got, again)
		if got.Kerberos != nil {
			require.Equal(t, got.Kerberos, b[got.At:got.At+len(got.Kerberos)])
		}
		require.LessOrEqual(t, len(got.MechTypes), maxMechs)
	})
}

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct {
		name string
		tok  []byte
	}{{"gss", apReqGSS}, {"spnego", negInit(mechList(windows...), octets(0xa2, apReqGSS))}, {"raw", apReq}, {"challenge", challenge2}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				got := Parse(c.tok)
				if got.Kind == Other {
					b.Fatal("not understood")
				}
			}
		})
	}
}
