package krb5_test

import (
	"testing"

	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode/krb5"
)

// TestCorpusGokrb5: gokrb5 reads the same in every message of the corpus that it
// reads at all. What it refuses although it is well-formed is counted by reason.
func TestCorpusGokrb5(t *testing.T) {
	read, refused := 0, map[string]int{}
	corpus(t, func(t *testing.T, _ string, m *krb5.Message) {
		if m.Malformed != nil || m.Truncated {
			return
		}
		err := second(t, m)
		if err != nil {
			refused[m.Type.String()+": "+err.Error()]++
			return
		}
		read++
	})
	t.Logf("%d messages alike; refused by gokrb5: %v", read, refused)
	assert.Greater(t, read, 1000)
}

// second compares m with what gokrb5 makes of its bytes; an error is gokrb5's.
func second(t *testing.T, m *krb5.Message) (err error) {
	t.Helper()
	switch m.Type {
	case krb5.ASReq:
		var a messages.ASReq
		if err = a.Unmarshal(m.Raw); err == nil {
			sameBody(t, a.ReqBody, m.KDCReq)
			samePAData(t, a.PAData, m.KDCReq.PAData)
		}
	case krb5.TGSReq:
		var a messages.TGSReq
		if err = a.Unmarshal(m.Raw); err == nil {
			sameBody(t, a.ReqBody, m.KDCReq)
			samePAData(t, a.PAData, m.KDCReq.PAData)
			sameTickets(t, a.ReqBody.AdditionalTickets, m.KDCReq.Tickets)
		}
	case krb5.ASRep:
		var a messages.ASRep
		if err = a.Unmarshal(m.Raw); err == nil {
			sameRep(t, a.KDCRepFields, m.KDCRep)
		}
	case krb5.TGSRep:
		var a messages.TGSRep
		if err = a.Unmarshal(m.Raw); err == nil {
			sameRep(t, a.KDCRepFields, m.KDCRep)
		}
	case krb5.APReqMsg:
		var a messages.APReq
		if err = a.Unmarshal(m.Raw); err == nil {
			assert.Equal(t, flags(a.APOptions.Bytes), m.APReq.APOptions.V)
			sameTicket(t, a.Ticket, m.APReq.Ticket)
			sameEnc(t, a.EncryptedAuthenticator, m.APReq.Authenticator)
		}
	case krb5.APRepMsg:
		var a messages.APRep
		if err = a.Unmarshal(m.Raw); err == nil {
			sameEnc(t, a.EncPart, m.APRep.EncPart)
		}
	case krb5.KRBErrorMsg:
		var a messages.KRBError
		if err = a.Unmarshal(m.Raw); err == nil {
			sameError(t, a, m.Error)
		}
	case krb5.KRBPrivMsg:
		var a messages.KRBPriv
		if err = a.Unmarshal(m.Raw); err == nil {
			sameEnc(t, a.EncPart, m.Priv.EncPart)
		}
	case krb5.KRBCredMsg:
		var a messages.KRBCred
		if err = a.Unmarshal(m.Raw); err == nil {
			sameTickets(t, a.Tickets, m.Cred.Tickets)
			sameEnc(t, a.EncPart, m.Cred.EncPart)
		}
	}
	return err
}

func flags(b []byte) (v uint32) {
	for i := range 4 {
		v <<= 8
		if i < len(b) {
			v |= uint32(b[i])
		}
	}
	return v
}

func sameBody(t *testing.T, want messages.KDCReqBody, got *krb5.KDCReq) {
	t.Helper()
	assert.Equal(t, flags(want.KDCOptions.Bytes), got.KDCOptions.V)
	sameName(t, want.CName, got.CName)
	sameName(t, want.SName, got.SName)
	assert.Equal(t, want.Realm, string(got.Realm))
	for _, at := range []struct {
		want bool
		unix int64
		got  krb5.Opt[int64]
	}{{!want.From.IsZero(), want.From.Unix(), got.From}, {!want.Till.IsZero(), want.Till.Unix(), got.Till}, {!want.RTime.IsZero(), want.RTime.Unix(), got.RTime}} {
		assert.Equal(t, at.want, at.got.OK)
		if at.want {
			assert.Equal(t, at.unix, at.got.V)
		}
	}
	assert.Equal(t, uint32(want.Nonce), got.Nonce.V)
	assert.Equal(t, want.EType, got.ETypes)
	require.Len(t, got.Addresses, len(want.Addresses))
	for i, a := range want.Addresses {
		assert.Equal(t, a.AddrType, got.Addresses[i].Type.V)
		assert.Equal(t, a.Address, got.Addresses[i].Value)
	}
	sameEnc(t, want.EncAuthData, got.EncAuthData)
}

func sameRep(t *testing.T, want messages.KDCRepFields, got *krb5.KDCRep) {
	t.Helper()
	samePAData(t, want.PAData, got.PAData)
	assert.Equal(t, want.CRealm, string(got.CRealm))
	sameName(t, want.CName, got.CName)
	sameTicket(t, want.Ticket, got.Ticket)
	sameEnc(t, want.EncPart, got.EncPart)
}

func sameError(t *testing.T, want messages.KRBError, got *krb5.KRBError) {
	t.Helper()
	assert.Equal(t, want.ErrorCode, got.ErrorCode.V)
	assert.Equal(t, want.STime.Unix(), got.STime.V)
	assert.Equal(t, want.Susec, int(got.SUSec.V))
	assert.Equal(t, !want.CTime.IsZero(), got.CTime.OK)
	assert.Equal(t, want.Cusec, int(got.CUSec.V))
	assert.Equal(t, want.CRealm, string(got.CRealm))
	assert.Equal(t, want.Realm, string(got.Realm))
	sameName(t, want.CName, got.CName)
	sameName(t, want.SName, got.SName)
	assert.Equal(t, want.EText, string(got.EText))
	assert.Equal(t, string(want.EData), string(got.EData))
	var list types.PADataSequence
	if list.Unmarshal(want.EData) == nil && len(list) > 0 && got.Data().MethodData != nil {
		samePAData(t, list, got.Data().MethodData)
	}
}

func samePAData(t *testing.T, want types.PADataSequence, got []krb5.PAData) {
	t.Helper()
	require.Len(t, got, len(want))
	for i, w := range want {
		assert.Equal(t, w.PADataType, got[i].Type)
		assert.Equal(t, string(w.PADataValue), string(got[i].Value))
		if len(w.PADataValue) == 0 {
			continue
		}
		d := got[i].Decode()
		assert.Nil(t, d.Malformed, "padata %d", w.PADataType)
		assert.Empty(t, d.Anomalies, "padata %d", w.PADataType)
		switch w.PADataType {
		case krb5.PAETypeInfo2:
			info, err := w.GetETypeInfo2()
			require.NoError(t, err)
			require.Len(t, d.ETypeInfo, len(info))
			for j, e := range info {
				assert.Equal(t, e.EType, d.ETypeInfo[j].EType.V)
				assert.Equal(t, e.Salt, string(d.ETypeInfo[j].Salt))
				assert.Equal(t, string(e.S2KParams), string(d.ETypeInfo[j].S2KParams))
			}
		case krb5.PAEncTimestamp, krb5.PAEncryptedChallenge:
			var e types.EncryptedData
			require.NoError(t, e.Unmarshal(w.PADataValue))
			sameEnc(t, e, d.Encrypted)
		}
	}
}

func sameTickets(t *testing.T, want []messages.Ticket, got []krb5.Ticket) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		sameTicket(t, want[i], got[i])
	}
}

func sameTicket(t *testing.T, want messages.Ticket, got krb5.Ticket) {
	t.Helper()
	assert.Equal(t, want.Realm, string(got.Realm))
	sameName(t, want.SName, got.SName)
	sameEnc(t, want.EncPart, got.EncPart)
}

func sameName(t *testing.T, want types.PrincipalName, got krb5.PrincipalName) {
	t.Helper()
	require.Equal(t, len(want.NameString), got.Len())
	for i, s := range want.NameString {
		assert.Equal(t, s, string(got.Component(i)))
	}
	assert.Equal(t, want.NameType, got.Type.V)
}

func sameEnc(t *testing.T, want types.EncryptedData, got krb5.EncryptedData) {
	t.Helper()
	assert.Equal(t, want.EType, got.EType.V)
	assert.Equal(t, uint32(want.KVNO), got.KVNO.V)
	assert.Equal(t, string(want.Cipher), string(got.Cipher))
}
