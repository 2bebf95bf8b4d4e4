package krb5

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/jcmturner/gokrb5/v8/test/testdata"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEncParts(t *testing.T) {
	const when = int64(771228197)
	tkt, ok := ParseEncTicketPart(vector(t, testdata.MarshaledKRB5enc_tkt_part))
	require.True(t, ok)
	assert.Equal(t, some[uint32](0xfedcba98), tkt.Flags)
	assert.Equal(t, some[int32](1), tkt.Key.EType)
	assert.Equal(t, "12345678", string(tkt.Key.Secret()))
	assert.Equal(t, "hftsai/extra", tkt.CName.String())
	assert.Equal(t, "EDU,MIT.,ATHENA.,WASHINGTON.EDU,CS.", string(tkt.Transited))
	for _, at := range []Opt[int64]{tkt.AuthTime, tkt.StartTime, tkt.EndTime, tkt.RenewTill} {
		assert.Equal(t, some(when), at)
	}
	assert.Len(t, tkt.CAddr, 2)
	assert.NotNil(t, tkt.AuthData)

	a, ok := ParseAuthenticator(append(vector(t, testdata.MarshaledKRB5authenticator), 0, 0, 0))
	require.True(t, ok)
	assert.Equal(t, some(when), a.CTime)
	assert.Equal(t, some[int32](123456), a.CUSec)
	assert.Equal(t, some[int32](1), a.Subkey.EType)
	assert.Equal(t, some[uint32](17), a.SeqNumber)
	assert.Equal(t, "1234", string(a.Cksum.Value))

	_, ok = ParseEncTicketPart(vector(t, testdata.MarshaledKRB5authenticator))
	assert.False(t, ok)
	_, ok = ParseAuthenticator(nil)
	assert.False(t, ok)
}

// The parts that the KDC, the acceptor and PA-ENC-TIMESTAMP encrypt.
func TestEncRepParts(t *testing.T) {
	const when = int64(771228197)
	rep, ok := ParseEncKDCRepPart(vector(t, testdata.MarshaledKRB5enc_kdc_rep_part))
	require.True(t, ok)
	assert.Equal(t, "12345678", string(rep.Key.Secret()))
	assert.Equal(t, []LastReq{{some[int32](-5), some(when)}, {some[int32](-5), some(when)}}, rep.LastReq)
	assert.Equal(t, some[uint32](42), rep.Nonce)
	assert.Equal(t, some[uint32](0xfedcba98), rep.Flags)
	for _, at := range []Opt[int64]{rep.KeyExpiration, rep.AuthTime, rep.StartTime, rep.EndTime, rep.RenewTill} {
		assert.Equal(t, some(when), at)
	}
	assert.Equal(t, "ATHENA.MIT.EDU", string(rep.SRealm))
	assert.Equal(t, "hftsai/extra", rep.SName.String())
	assert.Len(t, rep.CAddr, 2)

	as := tlv(app(25), tSeq(tCtx(0, tSeq(tCtx(0, tInt(18)), tCtx(1, tOctets(filled(32))))), tCtx(12, tSeq(tPA(149, tSeq(tCtx(0, tInt(16)), tCtx(1, tOctets(filled(12)))))))))
	rep, ok = ParseEncKDCRepPart(append(as, 0, 0))
	require.True(t, ok)
	require.Len(t, rep.PAData, 1)
	assert.Equal(t, some[int32](16), rep.PAData[0].Decode().Checksum.Type)

	ap, ok := ParseEncAPRepPart(vector(t, testdata.MarshaledKRB5ap_rep_enc_part))
	require.True(t, ok)
	assert.Equal(t, EncAPRepPart{CTime: some(when), CUSec: some[int32](123456), SeqNumber: some[uint32](17)}, EncAPRepPart{CTime: ap.CTime, CUSec: ap.CUSec, SeqNumber: ap.SeqNumber})
	assert.Equal(t, some[int32](1), ap.Subkey.EType)

	ts, ok := ParsePAEncTSEnc(vector(t, testdata.MarshaledKRB5pa_enc_ts))
	assert.True(t, ok)
	assert.Equal(t, PAEncTSEnc{some(when), some[int32](123456)}, ts)
	ts, ok = ParsePAEncTSEnc(vector(t, testdata.MarshaledKRB5pa_enc_tsNoUsec))
	assert.True(t, ok)
	assert.Equal(t, PAEncTSEnc{Timestamp: some(when)}, ts)
}

func TestEncPrivAndCredParts(t *testing.T) {
	const when = int64(771228197)
	priv, ok := ParseEncKrbPrivPart(vector(t, testdata.MarshaledKRB5enc_priv_part))
	require.True(t, ok)
	assert.Equal(t, "krb5data", string(priv.UserData))
	assert.Equal(t, some(when), priv.Timestamp)
	assert.Equal(t, some[uint32](17), priv.SeqNumber)
	assert.True(t, priv.SAddress.Type.OK)

	cred, ok := ParseEncKrbCredPart(vector(t, testdata.MarshaledKRB5enc_cred_part))
	require.True(t, ok)
	require.Len(t, cred.TicketInfo, 2)
	assert.Equal(t, some[uint32](42), cred.Nonce)
	for _, c := range cred.TicketInfo {
		assert.Equal(t, "12345678", string(c.Key.Secret()))
		assert.Equal(t, "hftsai/extra", c.PName.String())
		assert.Equal(t, "ATHENA.MIT.EDU", string(c.SRealm))
		assert.Equal(t, some(when), c.EndTime)
		assert.Len(t, c.CAddr, 2)
	}
	cred, ok = ParseEncKrbCredPart(vector(t, testdata.MarshaledKRB5enc_cred_partOptionalsNULL))
	require.True(t, ok)
	assert.Len(t, cred.TicketInfo, 2)
	assert.False(t, cred.Nonce.OK)
}

func TestFASTParts(t *testing.T) {
	rep, ok := ParseKrbFastResponse(vector(t, testdata.MarshaledKRB5fast_response))
	require.True(t, ok)
	require.Len(t, rep.PAData, 2)
	assert.Equal(t, "pa-data", string(rep.PAData[0].Value))
	assert.Equal(t, "12345678", string(rep.StrengthenKey.Secret()))
	assert.Equal(t, some[uint32](42), rep.Nonce)
	assert.Equal(t, some(int64(771228197)), rep.Finished.Timestamp)
	assert.Equal(t, "hftsai/extra", rep.Finished.CName.String())
	assert.Equal(t, "1234", string(rep.Finished.TicketChecksum.Value))

	req, ok := ParseKrbFastReq(tSeq(tCtx(0, tFlags(0x40008000)),
		tCtx(1, tSeq(tPA(PAEncryptedChallenge, tEnc(18, noKVNO, filled(56))))), tCtx(2, vector(t, testdata.MarshaledKRB5kdc_req_body))))
	require.True(t, ok)
	assert.Equal(t, []string{"hide-client-names", "kdc-follow-referrals"}, FASTOptionNames(req.Options.V))
	assert.Equal(t, some[int32](18), req.PAData[0].Decode().Encrypted.EType)
	assert.Equal(t, "hftsai/extra", req.ReqBody.SName.String())
	assert.Equal(t, []int32{0, 1}, req.ReqBody.ETypes)
	assert.Len(t, req.ReqBody.Tickets, 2)
}

// Nothing that prints or encodes values shows a key.
func TestKeysDoNotPrint(t *testing.T) {
	k := NewEncryptionKey(18, []byte("SECRETSECRET"))
	for _, format := range []string{"%v", "%+v", "%#v", "%x", "%s", "%q"} {
		for _, v := range []any{k, &k, struct{ Key EncryptionKey }{k}, EncTicketPart{Key: k}} {
			out := fmt.Sprintf(format, v)
			assert.NotContains(t, out, "SECRET")
			assert.NotContains(t, out, "534543524554")
			assert.NotContains(t, out, "83, 69, 67")
			assert.NotContains(t, out, "83 69 67")
		}
	}
	b, _ := json.Marshal(k)
	assert.JSONEq(t, `{"EType":{"V":18,"OK":true}}`, string(b))
}

func FuzzEncParts(f *testing.F) {
	f.Add([]byte{0x63, 0x02, 0x30, 0x00})
	f.Add([]byte{0x62, 0x02, 0x30, 0x00})
	for _, s := range []string{testdata.MarshaledKRB5enc_kdc_rep_part, testdata.MarshaledKRB5ap_rep_enc_part, testdata.MarshaledKRB5pa_enc_ts,
		testdata.MarshaledKRB5enc_priv_part, testdata.MarshaledKRB5enc_cred_part, testdata.MarshaledKRB5fast_response} {
		b, _ := hex.DecodeString(s)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ParseEncTicketPart(b)
		ParseAuthenticator(b)
		ParseEncKDCRepPart(b)
		ParseEncAPRepPart(b)
		ParsePAEncTSEnc(b)
		ParseEncKrbPrivPart(b)
		ParseEncKrbCredPart(b)
		ParseKrbFastReq(b)
		ParseKrbFastResponse(b)
	})
}
