package krb5

import (
	"testing"

	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// gokrb5 as a second opinion on what we read.
func TestGokrb5Agrees(t *testing.T) {
	ticket := func(want messages.Ticket, got Ticket) {
		t.Helper()
		assert.Equal(t, want.Realm, string(got.Realm))
		assert.Equal(t, want.SName.PrincipalNameString(), got.SName.String())
		sameEncrypted(t, want.EncPart, got.EncPart)
	}
	body := func(want messages.KDCReqBody, got *KDCReq) {
		t.Helper()
		assert.Equal(t, want.KDCOptions.Bytes, []byte{byte(got.KDCOptions.V >> 24), byte(got.KDCOptions.V >> 16), byte(got.KDCOptions.V >> 8), byte(got.KDCOptions.V)})
		assert.Equal(t, want.CName.PrincipalNameString(), got.CName.String())
		assert.Equal(t, want.SName.PrincipalNameString(), got.SName.String())
		assert.Equal(t, want.Realm, string(got.Realm))
		assert.Equal(t, want.Till.Unix(), got.Till.V)
		assert.Equal(t, uint32(want.Nonce), got.Nonce.V)
		assert.Equal(t, want.EType, got.ETypes)
		sameEncrypted(t, want.EncAuthData, got.EncAuthData)
	}
	padata := func(want types.PADataSequence, got []PAData) {
		t.Helper()
		require.Len(t, got, len(want))
		for i := range want {
			assert.Equal(t, want[i].PADataType, got[i].Type)
			assert.Equal(t, want[i].PADataValue, got[i].Value)
		}
	}

	var as messages.ASReq
	require.NoError(t, as.Unmarshal(asReq()))
	got := parse(t, asReq())
	body(as.ReqBody, got.KDCReq)
	padata(as.PAData, got.KDCReq.PAData)

	var tgs messages.TGSReq
	require.NoError(t, tgs.Unmarshal(tgsReq()))
	got = parse(t, tgsReq())
	body(tgs.ReqBody, got.KDCReq)
	padata(tgs.PAData, got.KDCReq.PAData)

	var rep messages.TGSRep
	require.NoError(t, rep.Unmarshal(tgsRep()))
	r := parse(t, tgsRep()).KDCRep
	assert.Equal(t, rep.CName.PrincipalNameString(), r.CName.String())
	assert.Equal(t, rep.CRealm, string(r.CRealm))
	ticket(rep.Ticket, r.Ticket)
	sameEncrypted(t, rep.EncPart, r.EncPart)

	var ap messages.APReq
	require.NoError(t, ap.Unmarshal(apReq()))
	a := parse(t, apReq()).APReq
	ticket(ap.Ticket, a.Ticket)
	sameEncrypted(t, ap.EncryptedAuthenticator, a.Authenticator)

	raw := krbError(41, []byte("x"))
	var e messages.KRBError
	require.NoError(t, e.Unmarshal(raw))
	g := parse(t, raw).Error
	assert.Equal(t, e.ErrorCode, g.ErrorCode.V)
	assert.Equal(t, e.STime.Unix(), g.STime.V)
	assert.Equal(t, e.Susec, int(g.SUSec.V))
	assert.Equal(t, e.Realm, string(g.Realm))
	assert.Equal(t, e.SName.PrincipalNameString(), g.SName.String())
	assert.Equal(t, e.EData, g.EData)
}

func sameEncrypted(t *testing.T, want types.EncryptedData, got EncryptedData) {
	t.Helper()
	assert.Equal(t, want.EType, got.EType.V)
	assert.Equal(t, uint32(want.KVNO), got.KVNO.V)
	assert.Equal(t, want.Cipher, got.Cipher)
}
