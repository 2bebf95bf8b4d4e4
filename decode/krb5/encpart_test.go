package krb5

import (
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
	f.Fuzz(func(t *testing.T, b []byte) {
		ParseEncTicketPart(b)
		ParseAuthenticator(b)
	})
}
