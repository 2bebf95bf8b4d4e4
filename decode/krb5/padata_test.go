package krb5

import (
	"testing"

	"github.com/jcmturner/gokrb5/v8/test/testdata"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func decodePA(t *testing.T, typ int32, value []byte) PADetail {
	t.Helper()
	d := PAData{Type: typ, Value: value, Offset: 100}.Decode()
	assert.Nil(t, d.Malformed)
	assert.Empty(t, d.Anomalies)
	return d
}

func TestETypeInfo(t *testing.T) {
	want := "Morton's #"
	info2 := decodePA(t, PAETypeInfo2, vector(t, testdata.MarshaledKRB5etype_info2)).ETypeInfo
	require.Len(t, info2, 3)
	assert.Equal(t, some[int32](0), info2[0].EType)
	assert.Equal(t, want+"0", string(info2[0].Salt))
	assert.Equal(t, "s2k: 0", string(info2[0].S2KParams))
	assert.Nil(t, info2[1].Salt)
	assert.Equal(t, want+"2", string(info2[2].Salt))

	info := decodePA(t, PAETypeInfo, vector(t, testdata.MarshaledKRB5etype_info)).ETypeInfo
	require.Len(t, info, 3)
	assert.Equal(t, want+"0", string(info[0].Salt))
	assert.Nil(t, info[1].Salt)

	aes := decodePA(t, PAETypeInfo2, tSeq(
		tSeq(tCtx(0, tInt(18)), tCtx(1, tText("CONTOSO.COMhosthub")), tCtx(2, tOctets([]byte{0, 0, 0x10, 0}))),
		tSeq(tCtx(0, tInt(-133))))).ETypeInfo
	assert.Equal(t, some[uint32](4096), aes[0].Iterations())
	assert.False(t, aes[1].Iterations().OK)
	assert.Equal(t, some[int32](-133), aes[1].EType)
}

func TestPADetails(t *testing.T) {
	assert.Equal(t, some[int32](23), decodePA(t, PAEncTimestamp, tEnc(23, noKVNO, filled(36))).Encrypted.EType)
	assert.Equal(t, some[uint32](7), decodePA(t, PAEncryptedChallenge, tEnc(18, 7, filled(36))).Encrypted.KVNO)
	assert.Equal(t, some(false), decodePA(t, PAPACRequest, tSeq(tCtx(0, tlv(idBoolean, []byte{0})))).IncludePAC)
	assert.Equal(t, some[uint32](0x1f), decodePA(t, PASupportedEnctypes, []byte{0x1f, 0, 0, 0}).SupportedEnc)
	assert.Equal(t, []string{"aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96", "rc4-hmac"}, SupportedEncNames(0x1c))
	assert.Equal(t, "salt", string(decodePA(t, PAPWSalt, []byte("salt")).Salt))
	assert.Equal(t, []int32{23, -133}, decodePA(t, PAKeyListReq, tEtypes(23, -133)).KeyList)
	assert.Equal(t, "EXAMPLE.ORG", string(decodePA(t, PASvrReferralInfo, tSeq(tCtx(0, tText("EXAMPLE.ORG")))).Referral.Realm))
	assert.Equal(t, some[int32](16), decodePA(t, PAReqEncPARep, tSeq(tCtx(0, tInt(16)), tCtx(1, tOctets(filled(12))))).Checksum.Type)
	assert.Equal(t, some[int32](0), decodePA(t, PAOTPRequest, vector(t, testdata.MarshaledKRB5pa_otp_req)).OTP.Enc.EType)

	d := decodePA(t, PAPWSalt, []byte{0x72, 0, 0, 0xc0, 0, 0, 0, 0, 1, 0, 0, 0})
	assert.Equal(t, "STATUS_ACCOUNT_DISABLED", NTStatusName(d.NTStatus.V))
	assert.Nil(t, d.Salt)

	assert.Equal(t, PADetail{}, PAData{Type: PAEncTimestamp}.Decode(), "the hint of a KDC is empty")
	assert.Equal(t, PADetail{}, PAData{Type: 4711, Value: []byte{1}}.Decode())
}

func TestS4U(t *testing.T) {
	u := decodePA(t, PAForUser, vector(t, testdata.MarshaledKRB5pa_for_user)).ForUser
	require.NotNil(t, u)
	assert.Equal(t, "hftsai/extra", u.UserName.String())
	assert.Equal(t, "ATHENA.MIT.EDU", string(u.UserRealm))
	assert.Equal(t, "krb5data", string(u.AuthPackage))

	x := decodePA(t, PAS4UX509User, vector(t, testdata.MarshaledKRB5pa_s4u_x509_user)).S4UX509User
	require.NotNil(t, x)
	assert.Equal(t, some[uint32](0xca149a), x.Nonce)
	assert.Equal(t, "hftsai/extra", x.CName.String())
	assert.Equal(t, "pa_s4u_x509_user", string(x.Certificate))
	assert.Equal(t, some[uint32](0x80000000), x.Options)
}

func TestFAST(t *testing.T) {
	checksum := tSeq(tCtx(0, tInt(16)), tCtx(1, tOctets(filled(12))))
	req := decodePA(t, PAFXFAST, tCtx(0, tSeq(
		tCtx(0, tSeq(tCtx(0, tInt(1)), tCtx(1, tOctets(apReq())))),
		tCtx(1, checksum), tCtx(2, tEnc(18, noKVNO, filled(99)))))).FAST
	require.NotNil(t, req)
	assert.False(t, req.Reply)
	require.NotNil(t, req.Armor)
	assert.Equal(t, "SMTPSVC/hub-1.contoso.com", req.Armor.Ticket.SName.String())
	assert.Equal(t, some[int32](18), req.Enc.EType)
	assert.Equal(t, some[int32](16), req.ReqChecksum.Type)

	implicit := decodePA(t, PAFXFAST, tCtx(0, tSeq(tCtx(1, checksum), tCtx(2, tEnc(18, noKVNO, filled(99)))))).FAST
	assert.False(t, implicit.Reply)
	assert.Nil(t, implicit.Armor)

	rep := decodePA(t, PAFXFAST, vector(t, testdata.MarshaledKRB5pa_fx_fast_reply)).FAST
	assert.True(t, rep.Reply)
	assert.Equal(t, some[uint32](5), rep.Enc.KVNO)
}

func TestSPAKE(t *testing.T) {
	support := decodePA(t, PASPAKE, tCtx(0, tSeq(tCtx(0, tEtypes(1, 2))))).SPAKE
	assert.Equal(t, "support", SPAKEKindName(support.Kind))
	assert.Equal(t, []int32{1, 2}, support.Groups)
	challenge := decodePA(t, PASPAKE, tCtx(1, tSeq(tCtx(0, tInt(1)), tCtx(1, tOctets(filled(32))), tCtx(2, tSeq(tSeq(tCtx(0, tInt(1)))))))).SPAKE
	assert.Equal(t, "challenge", SPAKEKindName(challenge.Kind))
	assert.Equal(t, some[int32](1), challenge.Group)
	assert.Equal(t, []int32{1}, challenge.Factors)
	response := decodePA(t, PASPAKE, tCtx(2, tSeq(tCtx(0, tOctets(filled(32))), tCtx(1, tEnc(18, noKVNO, filled(9)))))).SPAKE
	assert.Equal(t, "response", SPAKEKindName(response.Kind))
	assert.Equal(t, some[int32](18), response.Enc.EType)
}

// What is wrong inside a padata value is told with its place in the message, and
// the rest of the message is read.
func TestBrokenPadata(t *testing.T) {
	msg := tApp(ASReq, tSeq(tCtx(1, tInt(5)), tCtx(2, tInt(10)),
		tCtx(3, tSeq(tPA(1, []byte{0x6e, 0x50, 0x30}), tPA(2, []byte{0x30, 0x05, 0xa0}))),
		tCtx(4, tSeq(tCtx(0, tFlags(0)), tCtx(2, tText(realm)), tCtx(5, tTime("20370913024805Z")), tCtx(7, tInt(1)), tCtx(8, tEtypes(18))))))
	m, n := Parse(msg)
	assert.Equal(t, len(msg), n)
	assert.Nil(t, m.Malformed)
	assert.Equal(t, []int32{18}, m.KDCReq.ETypes)
	require.Len(t, m.Anomalies, 1)
	assert.Contains(t, m.Anomalies[0].What, "PA-TGS-REQ: malformed")
	assert.Equal(t, byte(0x6e), msg[m.Anomalies[0].Offset])
	d := m.KDCReq.PAData[1].Decode()
	require.NotNil(t, d.Malformed)
	assert.Equal(t, byte(0x30), msg[d.Malformed.Offset])
	assert.False(t, m.KDCReq.PreauthEType().OK)
}

func TestEData(t *testing.T) {
	data := func(b []byte) EData {
		e := parse(t, krbError(25, b)).Error
		return e.Data()
	}
	method := data(tSeq(tPA(19, tSeq(tSeq(tCtx(0, tInt(18)), tCtx(1, tText("s"))))), tPA(2, nil), tPA(16, nil), tPA(15, nil)))
	require.Len(t, method.MethodData, 4)
	assert.Equal(t, some[int32](18), method.MethodData[0].Decode().ETypeInfo[0].EType)
	assert.Empty(t, method.Anomalies)

	skew := data([]byte{0x30, 0x05, 0xa1, 0x03, 0x02, 0x01, 0x02})
	assert.Equal(t, &KerbErrorData{Type: KerbErrSkewRecovery}, skew.KerbErrorData)

	ext := data(tSeq(tCtx(1, tInt(3)), tCtx(2, tOctets([]byte{0x72, 0, 0, 0xc0, 0, 0, 0, 0, 3, 0, 0, 0}))))
	require.NotNil(t, ext.KerbErrorData)
	assert.Equal(t, some[uint32](0xc0000072), ext.KerbErrorData.NTStatus)
	assert.Equal(t, some[uint32](3), ext.KerbErrorData.Flags)
	assert.Empty(t, ext.Anomalies)

	typed := data(vector(t, testdata.MarshaledKRB5typed_data))
	require.Len(t, typed.TypedData, 2)
	assert.Equal(t, int32(13), typed.TypedData[0].Type)
	assert.Equal(t, "pa-data", string(typed.TypedData[0].Value))

	lone := data(tPA(19, tSeq(tSeq(tCtx(0, tInt(23))))))
	require.Len(t, lone.MethodData, 1)

	tgt := data(tSeq(tCtx(0, tInt(5)), tCtx(1, tInt(17)), tCtx(2, tTicket(realm, "krbtgt/"+realm, 18, 2, filled(9)))))
	require.NotNil(t, tgt.TGTRep)

	for _, raw := range [][]byte{[]byte("\x00\x04Password too short"), {0x30}, {0x30, 0x00}, {0x30, 0x82}, {0x30, 0x80, 0x30}} {
		d := data(raw)
		assert.Equal(t, EData{Raw: raw}, d)
	}
}

// The numbers that rules and reports name.
func TestNames(t *testing.T) {
	for n, want := range map[int32]string{17: "aes128-cts-hmac-sha1-96", 18: "aes256-cts-hmac-sha1-96", 20: "aes256-cts-hmac-sha384-192",
		23: "rc4-hmac", 3: "des-cbc-md5", -135: "rc4-hmac-old-exp", -128: "rc4-md4", 99: ""} {
		assert.Equal(t, want, EtypeName(n))
	}
	for n, want := range map[int32]string{6: "KDC_ERR_C_PRINCIPAL_UNKNOWN", 24: "KDC_ERR_PREAUTH_FAILED", 31: "KRB_AP_ERR_BAD_INTEGRITY",
		37: "KRB_AP_ERR_SKEW", 41: "KRB_AP_ERR_MODIFIED", 52: "KRB_ERR_RESPONSE_TOO_BIG", 91: "KDC_ERR_MORE_PREAUTH_DATA_REQUIRED", 30: ""} {
		assert.Equal(t, want, ErrorName(n))
	}
	assert.Equal(t, "PA-ETYPE-INFO2", PADataName(19))
	assert.Equal(t, "PA-SUPPORTED-ENCTYPES", PADataName(165))
	assert.Equal(t, "STATUS_LOGON_FAILURE", NTStatusName(0xc000006d))
	assert.Equal(t, "SEC_E_KDC_UNKNOWN_ETYPE", NTStatusName(0x80090342))
	assert.Equal(t, "hmac-md5", ChecksumName(-138))
	assert.Equal(t, "NT-ENTERPRISE", NameTypeName(10))
	assert.Equal(t, []string{"constrained-delegation", "bit 25", "enc-tkt-in-skey"}, KDCOptionNames(0x00020048))
	assert.Nil(t, APOptionNames(0))
	for _, e := range []int32{17, 18, 19, 20, 25, 26} {
		assert.Equal(t, Strong, EtypeStrength(e), e)
	}
	for _, e := range []int32{1, 2, 3, 16, 23, 24, -128, -133, -135} {
		assert.Equal(t, Weak, EtypeStrength(e), e)
	}
	for _, e := range []int32{0, 9, 65, 1000, -148} {
		assert.Equal(t, UnknownStrength, EtypeStrength(e), e)
	}
	for name, table := range map[string][]number{"etypes": etypes, "errors": errorCodes, "padata": padataTypes, "typed": typedDataTypes,
		"names": nameTypes, "checksums": checksumTypes, "addresses": addrTypes, "ntstatus": ntStatuses} {
		seen := map[int64]bool{}
		for _, row := range table {
			assert.False(t, seen[row.n], "%s: %d twice", name, row.n)
			seen[row.n] = true
			assert.NotEmpty(t, row.name)
			assert.NotEmpty(t, row.source)
		}
	}
}
