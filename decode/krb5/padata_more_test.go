package krb5

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/jcmturner/gokrb5/v8/test/testdata"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOTP(t *testing.T) {
	c := decodePA(t, PAOTPChallenge, vector(t, testdata.MarshaledKRB5pa_otp_challenge)).OTP
	require.NotNil(t, c)
	assert.False(t, c.Request)
	assert.Equal(t, "testservice", string(c.Service))
	require.Len(t, c.Tokens, 2)
	tok := c.Tokens[1]
	assert.Equal(t, []string{"next-otp", "combine", "collect-pin", "must-encrypt-nonce", "separate-pin-required", "check-digit"}, OTPFlagNames(tok.Flags.V))
	assert.Equal(t, "Examplecorp", string(tok.Vendor))
	assert.Equal(t, "hark!", string(tok.Challenge))
	assert.Equal(t, some[int32](10), tok.Length)
	assert.Equal(t, some[int32](2), tok.Format)
	assert.Equal(t, "yourtoken", string(tok.TokenID))
	assert.Equal(t, "urn:ietf:params:xml:ns:keyprov:pskc:hotp", string(tok.AlgID))
	assert.Equal(t, []string{"sha256", "sha1"}, tok.Hashes)
	assert.Equal(t, some[int32](1000), tok.Iterations)

	r := decodePA(t, PAOTPRequest, vector(t, testdata.MarshaledKRB5pa_otp_req)).OTP
	require.NotNil(t, r)
	assert.True(t, r.Request)
	assert.Equal(t, "yourtoken", string(r.Tokens[0].TokenID))
	for _, secret := range []string{"frogs", "myfirstpin"} {
		b := fmt.Append(nil, *r)
		assert.NotContains(t, string(b), strings.Trim(fmt.Sprint([]byte(secret)), "[]"), "one-time passwords and PINs are not read")
	}
}

func TestKeysInPadata(t *testing.T) {
	key := func(etype int64) []byte { return tSeq(tCtx(0, tInt(etype)), tCtx(1, tOctets(filled(16)))) }
	keys := decodePA(t, PAKeyListRep, tSeq(key(23), key(18))).Keys
	require.Len(t, keys, 2)
	assert.Equal(t, some[int32](23), keys[0].EType)
	dmsa := decodePA(t, PADMSAKeyPackage, tSeq(tCtx(0, tSeq(key(18))), tCtx(1, tSeq(key(23))), tCtx(2, tTime("20260724121314Z")), tCtx(4, tTime("20260724121315Z")))).DMSA
	require.NotNil(t, dmsa)
	assert.Equal(t, some[int32](18), dmsa.Current[0].EType)
	assert.Equal(t, some[int32](23), dmsa.Previous[0].EType)
	assert.Equal(t, dmsa.Expiration.V+1, dmsa.Fetch.V)
	by := decodePA(t, PASupersededByUser, tSeq(tCtx(0, tName(1, "dmsa$")), tCtx(1, tText(realm)))).Referral
	assert.Equal(t, "dmsa$", by.Name.String())
	assert.Equal(t, realm, string(by.Realm))
}

func TestOpaqueAndSmallPadata(t *testing.T) {
	assert.Equal(t, "MIT1", string(decodePA(t, PAFXCookie, []byte("MIT1")).Opaque))
	assert.Equal(t, filled(40), decodePA(t, PAASFreshness, filled(40)).Opaque)
	assert.Equal(t, []int32{2, 138}, decodePA(t, PAAuthenticationSet, tSeq(tSeq(tCtx(0, tInt(2))), tSeq(tCtx(0, tInt(138)), tCtx(1, tOctets(nil))))).AuthSet)
	assert.Equal(t, some[uint32](0xc0000072), decodePA(t, PAExtendedError, le{}.u32(0xc0000072, 0, 1)).NTStatus)
	assert.Equal(t, some[uint32](0x80090342), decodePA(t, PAPWSalt, le{}.u32(0x80090342, 0, 1)).NTStatus)
	assert.Equal(t, some[int32](18), decodePA(t, PAPKINITKX, tEnc(18, noKVNO, filled(40))).Encrypted.EType)
	assert.Equal(t, []string{"use-reply-key-usage", "unconditional-delegation"}, S4UOptionNames(0x28000000))
	assert.Equal(t, "SF-NONE", SPAKEFactorName(1))
	assert.Equal(t, "edwards25519", SPAKEGroupName(1))
	c := decodePA(t, PASPAKE, tCtx(1, tSeq(tCtx(0, tInt(2)), tCtx(1, tOctets(filled(33))), tCtx(2, tSeq(tSeq(tCtx(0, tInt(1)))))))).SPAKE
	assert.Equal(t, 33, c.PubKey)
}

// TYPED-DATA of PKINIT errors, and the same types in METHOD-DATA.
func TestTypedData(t *testing.T) {
	name := func(cn string) []byte {
		return tSeq(tlv(idSet, tSeq(tOID(0x55, 4, 3), tlv(idUTF8String, []byte(cn)))))
	}
	ids := decodePA(t, TDTrustedCertifiers, tSeq(
		tSeq(tlv(0x80, name("root")), tlv(0x82, tOctets([]byte{0xab, 0xcd}))),
		tSeq(tlv(0x81, tSeq(name("ca"), tInt(0x1234)))))).CertificateIDs
	assert.Equal(t, []CertificateID{{Subject: "CN=root", SubjectKeyID: "abcd"}, {Issuer: "CN=ca", Serial: "1234"}}, ids)

	prime := append([]byte{0}, filled(256)...)
	prime[1] = 0xff
	oakley14 := append([]byte{0}, filled(256)...)
	copy(oakley14[1:], "\xff\xff\xff\xff\xff\xff\xff\xff\xc9\x0f\xda\xa2\x21\x68\xc2\x34")
	copy(oakley14[249:], "\xff\xff\xff\xff\xff\xff\xff\xff")
	dh := func(p []byte) []byte {
		return tSeq(tOID(0x2a, 0x86, 0x48, 0xce, 0x3e, 2, 1), tSeq(tlv(idInteger, p), tInt(2)))
	}
	groups := decodePA(t, TDDHParameters, tSeq(dh(prime), dh(oakley14), tSeq(tOID(0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1), tOID(0x2b, 0x81, 4, 0, 34)))).DHGroups
	assert.Equal(t, []DHGroup{{2048, ""}, {2048, "oakley-14"}, {384, "P-384"}}, groups)

	assert.Equal(t, []string{"sha256", "sha256WithRSA"}, decodePA(t, TDCMSDigestAlgorithms, tSeq(
		tSeq(tOID(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1)), tSeq(tOID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11)))).Algorithms)
	assert.Equal(t, "krbtgt/A", decodePA(t, TDKrbPrincipal, tName(2, "krbtgt/A")).Principal.String())
	assert.Equal(t, "A", string(decodePA(t, TDKrbRealm, tText("A")).Realm))
	assert.Equal(t, some[uint32](77), decodePA(t, TDReqNonce, tInt(77)).Number)
	assert.Len(t, decodePA(t, TDPKINITCertificates, tSeq(madeCertificate(t))).Certificates, 1)

	in := PAData{Type: TDPAData, Value: tSeq(tPA(19, tSeq(tSeq(tCtx(0, tInt(18))))))}
	require.Len(t, in.Typed(), 1)
	assert.Equal(t, some[int32](18), in.Typed()[0].Decode().ETypeInfo[0].EType)
	assert.Nil(t, PAData{Type: 101, Value: in.Value}.Typed())
	assert.Equal(t, "TD-PADATA", TypedDataName(22))
	assert.Equal(t, "PA-GET-FROM-TYPED-DATA", PADataName(22))
	assert.Equal(t, "TD-DH-PARAMETERS", PADataName(109))
	assert.Equal(t, "PA-ETYPE-INFO2", TypedDataName(19))
}

// What Windows 2000 to 2003 and draft 9 send under types 14 and 15.
func TestOldPKINIT(t *testing.T) {
	pack := tSeq(tCtx(0, tSeq(tCtx(0, tName(2, "krbtgt/"+realm)), tCtx(1, tText(realm)), tCtx(2, tInt(17)), tCtx(3, tTime("20260724121314Z")), tCtx(4, tInt(99)))))
	q := decodePA(t, PAPKASRepOld, tSeq(tlv(0x80, signed(pack, madeCertificate(t))))).PKASReq
	require.NotNil(t, q)
	assert.Equal(t, some[uint32](99), q.Nonce)
	assert.Equal(t, some[int64](1784895194), q.CTime)
	assert.False(t, q.DH)
	rep := decodePA(t, PAPKASRepOld, tlv(0x80, signed(nil, madeCertificate(t)))).PKASRep
	require.NotNil(t, rep)
	assert.True(t, rep.DH)
	assert.Len(t, rep.Signed.Certificates, 1)
	assert.False(t, decodePA(t, PAPKASRepOld, tlv(0x81, filled(40))).PKASRep.DH)
}

// All that RFC 8636 and RFC 8070 add, and an agreement over a curve.
func TestNewPKINIT(t *testing.T) {
	kdf := tSeq(tCtx(0, tOID(0x2b, 6, 1, 5, 2, 3, 6, 2)))
	pack := tSeq(
		tCtx(0, tSeq(tCtx(0, tInt(17)), tCtx(1, tTime("20260724121314Z")), tCtx(2, tInt(99)), tCtx(3, tOctets(filled(20))), tCtx(4, tOctets(filled(30))))),
		tCtx(1, tSeq(tSeq(tOID(0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1), tOID(0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7)), tlv(idBitString, []byte{0, 4}))),
		tCtx(2, tSeq(tSeq(tOID(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1)))),
		tCtx(3, tOctets(filled(32))),
		tCtx(4, tSeq(kdf)))
	id := tSeq(tSeq(tlv(idSet, tSeq(tOID(0x55, 4, 3), tlv(idUTF8String, []byte("ca"))))), tInt(7))
	q := decodePA(t, PAPKASReq, tSeq(tlv(0x80, signed(pack, madeCertificate(t))), tCtx(1, tSeq(tSeq(tlv(0x81, id)))), tlv(0x82, id))).PKASReq
	require.NotNil(t, q)
	assert.True(t, q.DH && q.DHNonce && q.Freshness)
	assert.Equal(t, 256, q.DHBits)
	assert.Equal(t, "P-256", q.DHGroup)
	assert.Equal(t, []string{"sha256"}, q.CMSTypes)
	assert.Equal(t, []string{"sha256"}, q.KDFs)
	assert.Equal(t, filled(20), q.PAChecksum)
	assert.Equal(t, filled(30), q.FreshnessToken)
	assert.Equal(t, "CN=ca", q.KDCIssuer)
	assert.Equal(t, "07", q.KDCSerial)
	assert.Equal(t, []CertificateID{{Issuer: "CN=ca", Serial: "07"}}, q.TrustedCertifiers)

	info := tSeq(tCtx(0, tlv(idBitString, append([]byte{0}, tlv(idInteger, bytes.Repeat([]byte{0x7f}, 256))...))), tCtx(1, tInt(99)), tCtx(2, tTime("20260724121314Z")))
	rep := decodePA(t, PAPKASRep, tCtx(0, tSeq(tlv(0x80, signed(info, madeCertificate(t))), tCtx(1, tOctets(filled(8))), tCtx(2, kdf)))).PKASRep
	require.NotNil(t, rep)
	assert.Equal(t, 2047, rep.DHBits)
	assert.Equal(t, some[uint32](99), rep.Nonce)
	assert.True(t, rep.Expiration.OK && rep.DHNonce)
	assert.Equal(t, "sha256", rep.KDF)

	key := tSeq(tInt(0), id, tSeq(tOID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1)), tOctets(filled(32)))
	content := tSeq(tOID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2), tSeq(tOID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3, 7)), tlv(0x80, filled(40)))
	pack = tSeq(tOID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3), tCtx(0, tSeq(tInt(0), tlv(idSet, key), content)))
	assert.Equal(t, &EnvelopedData{[]CertificateID{{Issuer: "CN=ca", Serial: "07"}}, "des-ede3-cbc"}, decodePA(t, PAPKASRep, tlv(0x81, pack)).PKASRep.Enveloped)
}
