package main

import (
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/jcmturner/gokrb5/v8/test/testdata"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

// rowOf is the JSON of the row of a message, as the schema wants it.
func rowOf(t *testing.T, m *krb5.Message) (fields map[string]any, text string) {
	t.Helper()
	b, err := encodeJSON(makeRow(&decode.Message{Frame: decode.MakeFrameID(0, 1), Time: capture.NoTime, Carrier: []string{"kdc"}, Transport: decode.UDP,
		Src: netip.MustParseAddrPort("10.0.0.1:1025"), Dst: netip.MustParseAddrPort("10.0.0.2:88"), Krb: m}, "x.pcap", 6), "")
	require.NoError(t, err)
	assertSchema(t, "message", b)
	require.NoError(t, json.Unmarshal(b, &fields))
	return fields, string(b)
}

// TestPAData: what is decoded of each padata type stands in the row, with names
// beside the numbers, and no secret does.
func TestPAData(t *testing.T) {
	keys := "30133011a003020117a10a04083132333435363738" // a SEQUENCE OF EncryptionKey
	for _, c := range []struct {
		typ  int32
		hex  string
		want map[string]any
	}{
		{krb5.PAOTPChallenge, testdata.MarshaledKRB5pa_otp_challengeOptionalsNULL, map[string]any{"type": 141.0, "type_name": "PA-OTP-CHALLENGE", "length": 23.0,
			"otp": map[string]any{"kind": "challenge", "tokens": []any{map[string]any{}}}}},
		{krb5.PAS4UX509User, testdata.MarshaledKRB5pa_s4u_x509_user, map[string]any{"type": 130.0, "type_name": "PA-FOR-X509-USER", "length": 106.0,
			"s4u_x509_user": map[string]any{"cname": "hftsai/extra", "cname_type": 1.0, "cname_type_name": "NT-PRINCIPAL", "crealm": "ATHENA.MIT.EDU", "nonce": 13243546.0,
				"certificate_length": 16.0, "cksumtype": 1.0, "cksumtype_name": "crc32", "options": []any{"reserved"}}}},
		{krb5.PASPAKE, "a0093007a0053003020102", map[string]any{"type": 151.0, "type_name": "PA-SPAKE", "length": 11.0,
			"spake": map[string]any{"kind": "support", "groups": []any{2.0}, "groups_names": []any{"P-256"}}}},
		{krb5.PAKeyListRep, keys, map[string]any{"type": 162.0, "type_name": "KERB-KEY-LIST-REP", "length": 21.0, "key_list": []any{23.0}, "key_list_names": []any{"rc4-hmac"}}},
		{krb5.PAFXCookie, "4d4954", map[string]any{"type": 133.0, "type_name": "PA-FX-COOKIE", "length": 3.0, "hex": "4d4954"}},
		{4711, "0102", map[string]any{"type": 4711.0, "length": 2.0, "hex": "0102"}},
		{krb5.PAAuthenticationSet, "30073005a003020102", map[string]any{"type": 134.0, "type_name": "PA-AUTHENTICATION-SET", "length": 9.0,
			"authentication_set": []any{2.0}, "authentication_set_names": []any{"PA-ENC-TIMESTAMP"}}},
		{krb5.TDReqNonce, "02014d", map[string]any{"type": 107.0, "type_name": "TD-REQ-NONCE", "length": 3.0, "number": 77.0}},
	} {
		req := &krb5.Message{Type: krb5.ASReq, KDCReq: &krb5.KDCReq{PAData: []krb5.PAData{{Type: c.typ, Value: unhex(t, c.hex)}}}}
		fields, text := rowOf(t, req)
		assert.Equal(t, []any{c.want}, fields["padata"], "%d", c.typ)
		assert.NotContains(t, text, "3132333435363738", "a key")
		assert.NotContains(t, text, "12345678")
	}
}

// TestEDataRow: e-data of PKINIT errors, and an error in an error in an error.
func TestEDataRow(t *testing.T) {
	ids := tlv(0x30, tlv(0x30, tlv(0x82, []byte{0xab, 0xcd})))
	typed := tlv(0x30, tlv(0x30, tlv(0xa0, []byte{2, 1, 104}), tlv(0xa1, tlv(4, ids))))
	e := &krb5.Message{Type: krb5.KRBErrorMsg, Error: &krb5.KRBError{EData: typed}}
	fields, _ := rowOf(t, e)
	assert.Equal(t, map[string]any{"typed_data": []any{map[string]any{"type": 104.0, "type_name": "TD-TRUSTED-CERTIFIERS", "length": 8.0,
		"hex": hex.EncodeToString(ids), "certificate_ids": []any{map[string]any{"subject_key_id": "abcd"}}}}}, fields["e_data"])

	nested := []byte{0x30, 0}
	for range 50 {
		inner := tlv(0x7e, tlv(0x30, tlv(0xa6, []byte{2, 1, 24}), tlv(0xac, tlv(4, nested))))
		nested = tlv(0x30, tlv(0x30, tlv(0xa1, []byte{2, 2, 0, 137}), tlv(0xa2, tlv(4, inner))))
	}
	_, text := rowOf(t, &krb5.Message{Type: krb5.KRBErrorMsg, Error: &krb5.KRBError{EData: nested}})
	assert.Contains(t, text, `"fx_error":{"error_code":24,"error_code_name":"KDC_ERR_PREAUTH_FAILED"`)
	assert.Less(t, len(text), 8000)
}

// TestIAKERBRow: the realm that a proxied message is for.
func TestIAKERBRow(t *testing.T) {
	m := &decode.Message{Frame: decode.MakeFrameID(0, 1), Time: capture.NoTime, Carrier: []string{"http", "iakerb"}, Krb: &krb5.Message{Type: krb5.ASReq, KDCReq: &krb5.KDCReq{}},
		Src: netip.MustParseAddrPort("10.0.0.1:1025"), Dst: netip.MustParseAddrPort("10.0.0.2:80"), IAKERB: &krb5.IAKERBHeader{TargetRealm: []byte("R"), Cookie: []byte("xyz")}}
	b, err := encodeJSON(makeRow(m, "x.pcap", 6), "")
	require.NoError(t, err)
	assertSchema(t, "message", b)
	assert.Contains(t, string(b), `"iakerb":{"target_realm":"R","cookie_length":3}`)
}

func tlv(id byte, parts ...[]byte) []byte {
	var body []byte
	for _, p := range parts {
		body = append(body, p...)
	}
	switch n := len(body); {
	case n < 0x80:
		return append([]byte{id, byte(n)}, body...)
	case n < 0x100:
		return append([]byte{id, 0x81, byte(n)}, body...)
	default:
		return append([]byte{id, 0x82, byte(n >> 8), byte(n)}, body...)
	}
}
