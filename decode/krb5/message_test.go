package krb5

import (
	"encoding/hex"
	"testing"

	"github.com/jcmturner/gokrb5/v8/test/testdata"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parse(t *testing.T, b []byte) Message {
	t.Helper()
	m, n := Parse(b)
	require.Equal(t, len(b), n)
	require.Nil(t, m.Malformed)
	require.False(t, m.Truncated)
	return m
}

func vector(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func TestASReq(t *testing.T) {
	m := parse(t, asReq())
	assert.Empty(t, m.Anomalies)
	assert.Equal(t, "AS-REQ", m.Type.String())
	q := m.KDCReq
	require.NotNil(t, q)
	assert.Equal(t, some[uint32](0x40810010), q.KDCOptions)
	assert.Equal(t, []string{"forwardable", "renewable", "canonicalize", "renewable-ok"}, KDCOptionNames(q.KDCOptions.V))
	assert.Equal(t, "MAILBOX-1$", q.CName.String())
	assert.Equal(t, some[int32](1), q.CName.Type)
	assert.Equal(t, "krbtgt/CONTOSO.COM", q.SName.String())
	assert.Equal(t, realm, string(q.Realm))
	assert.Equal(t, some[int64](2136422885), q.Till)
	assert.Equal(t, some[int64](2136422885), q.RTime)
	assert.False(t, q.From.OK)
	assert.Equal(t, some[uint32](4294967295), q.Nonce)
	assert.Equal(t, []int32{18, 17, 23, 24, -135, 3, 18}, q.ETypes)
	assert.Equal(t, some[int32](18), q.PreauthEType())
	require.Len(t, q.Addresses, 1)
	assert.Equal(t, "MAILBOX-1       ", string(q.Addresses[0].Value))
	require.Len(t, q.PAData, 2)
	assert.Equal(t, some(true), q.PAData[1].Decode().IncludePAC)
	assert.Nil(t, q.APReq)
	assert.False(t, q.EncAuthData.OK)
	assert.Nil(t, q.Tickets)
}

func TestTGSReq(t *testing.T) {
	m := parse(t, tgsReq())
	assert.Empty(t, m.Anomalies)
	q := m.KDCReq
	require.NotNil(t, q.APReq)
	assert.Equal(t, "krbtgt/CONTOSO.COM", q.APReq.Ticket.SName.String())
	assert.Equal(t, some[uint32](2), q.APReq.Ticket.EncPart.KVNO)
	assert.Equal(t, some[int32](23), q.APReq.Authenticator.EType)
	assert.False(t, q.APReq.Authenticator.KVNO.OK, "absent is not zero")
	assert.Equal(t, filled(1000), q.APReq.Ticket.EncPart.Cipher)
	assert.False(t, q.CName.OK)
	assert.True(t, q.EncAuthData.OK)
	assert.Equal(t, []string{"branch-aware"}, PACOptionNames(q.PAData[1].Decode().PACOptions.V))
	assert.Equal(t, q.APReq.Ticket, q.PAData[0].Decode().APReq.Ticket)
}

func TestRepliesAndAP(t *testing.T) {
	rep := parse(t, tgsRep()).KDCRep
	assert.Equal(t, "MAILBOX-1$", rep.CName.String())
	assert.Equal(t, realm, string(rep.CRealm))
	assert.Equal(t, "SMTPSVC/hub-1.contoso.com", rep.Ticket.SName.String())
	assert.False(t, rep.EncPart.KVNO.OK)
	assert.Equal(t, some[uint32](1), rep.Ticket.EncPart.KVNO)
	assert.Equal(t, tTicket(realm, "SMTPSVC/hub-1.contoso.com", 18, 1, filled(1100)), rep.Ticket.Raw)

	req := parse(t, apReq()).APReq
	assert.Equal(t, []string{"mutual-required"}, APOptionNames(req.APOptions.V))
	assert.Equal(t, rep.Ticket.EncPart.Cipher, req.Ticket.EncPart.Cipher)

	e := parse(t, krbError(25, nil)).Error
	assert.Equal(t, "KDC_ERR_PREAUTH_REQUIRED", ErrorName(e.ErrorCode.V))
	assert.Equal(t, some[int64](1784895194), e.STime)
	assert.Equal(t, some[int32](123456), e.SUSec)
	assert.False(t, e.CTime.OK)
	assert.Nil(t, e.EText)
	assert.False(t, e.CName.OK)
}

func TestU2U(t *testing.T) {
	m := parse(t, tSeq(tCtx(0, tInt(5)), tCtx(1, tInt(16)), tCtx(2, tName(1, "bob")), tCtx(3, tText(realm))))
	assert.Equal(t, TGTReqMsg, m.Type)
	assert.Equal(t, "bob", m.TGTReq.ServerName.String())
	assert.Equal(t, realm, string(m.TGTReq.Realm))

	m = parse(t, tSeq(tCtx(0, tInt(5)), tCtx(1, tInt(17)), tCtx(2, tTicket(realm, "krbtgt/"+realm, 18, 2, filled(9)))))
	assert.Equal(t, TGTRepMsg, m.Type)
	assert.Equal(t, "krbtgt/CONTOSO.COM", m.TGTRep.Ticket.SName.String())
}

// The reference encodings that MIT krb5 tests its own encoders with.
func TestMITVectors(t *testing.T) {
	const when, usec = int64(771228197), int32(123456)
	checkTicket := func(tkt Ticket) {
		t.Helper()
		assert.Equal(t, "hftsai/extra", tkt.SName.String())
		assert.Equal(t, "ATHENA.MIT.EDU", string(tkt.Realm))
		assert.Equal(t, some[int32](0), tkt.EncPart.EType)
		assert.Equal(t, some[uint32](5), tkt.EncPart.KVNO)
		assert.Equal(t, "krbASN.1 test message", string(tkt.EncPart.Cipher))
	}
	for name, hex := range map[string]string{
		"as-req": testdata.MarshaledKRB5as_req, "tgs-req": testdata.MarshaledKRB5tgs_req,
	} {
		t.Run(name, func(t *testing.T) {
			m := parse(t, vector(t, hex))
			q := m.KDCReq
			assert.Equal(t, some[uint32](0xfedcba90), q.KDCOptions)
			assert.Equal(t, "hftsai/extra", q.CName.String())
			assert.Equal(t, "hftsai/extra", q.SName.String())
			assert.Equal(t, some(when), q.From)
			assert.Equal(t, some(when), q.Till)
			assert.Equal(t, some(when), q.RTime)
			assert.Equal(t, some[uint32](42), q.Nonce)
			assert.Equal(t, []int32{0, 1}, q.ETypes)
			require.Len(t, q.Addresses, 2)
			assert.Equal(t, []byte{0x12, 0xd0, 0, 0x23}, q.Addresses[1].Value)
			assert.Equal(t, "krbASN.1 test message", string(q.EncAuthData.Cipher))
			require.Len(t, q.Tickets, 2)
			checkTicket(q.Tickets[0])
			checkTicket(q.Tickets[1])
			require.Len(t, q.PAData, 2)
			assert.Equal(t, int32(13), q.PAData[0].Type)
			assert.Equal(t, "pa-data", string(q.PAData[1].Value))
		})
	}
	m := parse(t, vector(t, testdata.MarshaledKRB5as_reqOptionalsNULLexceptserver))
	assert.False(t, m.KDCReq.CName.OK)
	assert.Nil(t, m.KDCReq.PAData)
	assert.Nil(t, m.KDCReq.Addresses)

	for _, hex := range []string{testdata.MarshaledKRB5as_rep, testdata.MarshaledKRB5tgs_rep,
		testdata.MarshaledKRB5as_repOptionalsNULL, testdata.MarshaledKRB5tgs_repOptionalsNULL} {
		r := parse(t, vector(t, hex)).KDCRep
		checkTicket(r.Ticket)
		assert.Equal(t, "hftsai/extra", r.CName.String())
		assert.Equal(t, some[uint32](5), r.EncPart.KVNO)
	}
	a := parse(t, vector(t, testdata.MarshaledKRB5ap_req)).APReq
	checkTicket(a.Ticket)
	assert.Equal(t, some[uint32](0xfedcba98), a.APOptions)
	assert.Equal(t, some[uint32](5), a.Authenticator.KVNO)
	assert.Equal(t, some[uint32](5), parse(t, vector(t, testdata.MarshaledKRB5ap_rep)).APRep.EncPart.KVNO)
	assert.Equal(t, "krbASN.1 test message", string(parse(t, vector(t, testdata.MarshaledKRB5priv)).Priv.EncPart.Cipher))

	s := parse(t, vector(t, testdata.MarshaledKRB5safe)).Safe
	assert.Equal(t, "krb5data", string(s.UserData))
	assert.Equal(t, some(when), s.Timestamp)
	assert.Equal(t, some(usec), s.USec)
	assert.Equal(t, some[uint32](17), s.SeqNumber)
	assert.True(t, s.RAddress.Type.OK)
	assert.Equal(t, "1234", string(s.Cksum.Value))
	s = parse(t, vector(t, testdata.MarshaledKRB5safeOptionalsNULL)).Safe
	assert.False(t, s.Timestamp.OK)
	assert.False(t, s.RAddress.Type.OK)

	c := parse(t, vector(t, testdata.MarshaledKRB5cred)).Cred
	require.Len(t, c.Tickets, 2)
	checkTicket(c.Tickets[1])

	e := parse(t, vector(t, testdata.MarshaledKRB5error)).Error
	assert.Equal(t, some(when), e.CTime)
	assert.Equal(t, some(usec), e.CUSec)
	assert.Equal(t, some[int32](60), e.ErrorCode)
	assert.Equal(t, "krb5data", string(e.EText))
	assert.Equal(t, "krb5data", string(e.EData))
	assert.Equal(t, "krb5data", string(e.Data().Raw))
	assert.Equal(t, "hftsai/extra", e.CName.String())
	e = parse(t, vector(t, testdata.MarshaledKRB5errorOptionalsNULL)).Error
	assert.False(t, e.CTime.OK)
	assert.Nil(t, e.CRealm)
}

func TestKVNO(t *testing.T) {
	for _, row := range []struct {
		kvno []byte
		want Opt[uint32]
		note bool
	}{
		{tInt(0), some[uint32](0), false},
		{tInt(1), some[uint32](1), false},
		{tInt(4294967295), some[uint32](4294967295), false},
		{tInt(-1), some[uint32](4294967295), false},          // two's complement
		{tInt(-16777216), some[uint32](0xff000000), false},   // an RODC's
		{tInt(1 << 32), Opt[uint32]{}, true},                 // too large
		{tlv(2, []byte{0, 0, 7}), some[uint32](7), true},     // padded
		{tlv(2), Opt[uint32]{}, true},                        // no bytes
		{tText("5"), Opt[uint32]{}, true},                    // no INTEGER
		{nil, Opt[uint32]{}, true},                           // empty field
		{tlv(2, make([]byte, 9)), Opt[uint32]{}, true},       // 72 bits
		{append(tInt(3), tInt(4)...), some[uint32](3), true}, // trailing bytes in the field
	} {
		msg := tApp(APRepMsg, tSeq(tCtx(0, tInt(5)), tCtx(1, tInt(15)),
			tCtx(2, tSeq(tCtx(0, tInt(18)), tCtx(1, row.kvno), tCtx(2, tOctets(filled(4)))))))
		m := parse(t, msg)
		assert.Equal(t, row.want, m.APRep.EncPart.KVNO, "%x", row.kvno)
		assert.Equal(t, filled(4), m.APRep.EncPart.Cipher)
		assert.Equal(t, row.note, len(m.Anomalies) == 1, "%x %v", row.kvno, m.Anomalies)
	}
}

func TestPrincipal(t *testing.T) {
	name := func(components ...string) PrincipalName {
		var parts [][]byte
		for _, c := range components {
			parts = append(parts, tText(c))
		}
		m := parse(t, tSeq(tCtx(0, tInt(5)), tCtx(1, tInt(16)), tCtx(2, tSeq(tCtx(0, tInt(1)), tCtx(1, tSeq(parts...))))))
		return m.TGTReq.ServerName
	}
	assert.Equal(t, `isaac@nd`, name("isaac@nd").String())
	assert.Equal(t, `a\/b/c\\d`, name("a/b", `c\d`).String())
	assert.Equal(t, "/", name("", "").String())
	assert.Equal(t, 2, name("", "").Len())
	assert.True(t, name().OK)
	assert.Equal(t, "", name().String())
	assert.Equal(t, "b", string(name("a", "b").Component(1)))
	assert.Nil(t, name("a").Component(1))
	assert.True(t, name("a", "b").Equal(name("a", "b")))
	assert.False(t, name("a", "b").Equal(name("a/b")))
	assert.False(t, name().Equal(PrincipalName{}))
}

func TestTimes(t *testing.T) {
	for _, row := range []struct {
		in   string
		want Opt[int64]
		note bool
	}{
		{"19700101000000Z", some[int64](0), false},
		{"20000229235959Z", some[int64](951868799), false},
		{"20370913024805Z", some[int64](2136422885), false},
		{"99991231235959Z", some[int64](253402300799), false},
		{"20260101000000", some[int64](1767225600), true},
		{"20260101000000.123456Z", some[int64](1767225600), true},
		{"20260101000000+0100", Opt[int64]{}, true},
		{"20261301000000Z", Opt[int64]{}, true},
		{"2026010100000xZ", Opt[int64]{}, true},
		{"2026", Opt[int64]{}, true},
	} {
		m := parse(t, tApp(KRBErrorMsg, tSeq(tCtx(0, tInt(5)), tCtx(1, tInt(30)), tCtx(4, tTime(row.in)), tCtx(5, tInt(0)),
			tCtx(6, tInt(37)), tCtx(9, tText(realm)), tCtx(10, tName(2, "a/b")))))
		assert.Equal(t, row.want, m.Error.STime, row.in)
		assert.Equal(t, row.note, len(m.Anomalies) == 1, "%s %v", row.in, m.Anomalies)
	}
}
