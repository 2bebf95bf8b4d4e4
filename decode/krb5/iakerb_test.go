package krb5

import (
	"testing"

	"github.com/jcmturner/gokrb5/v8/test/testdata"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIAKERBHeader(t *testing.T) {
	h, ok := ParseIAKERBHeader(append(vector(t, testdata.MarshaledKRB5iakerb_header), asReq()...))
	require.True(t, ok)
	assert.Equal(t, "krb5data", string(h.TargetRealm))
	assert.Equal(t, "krb5data", string(h.Cookie))
	h, ok = ParseIAKERBHeader(tSeq(tCtx(1, tlv(idUTF8String, []byte(realm)))))
	require.True(t, ok)
	assert.Equal(t, IAKERBHeader{TargetRealm: []byte(realm)}, h)
	for _, b := range [][]byte{nil, {0x30}, {0x30, 0}, asReq()} {
		_, ok := ParseIAKERBHeader(b)
		assert.False(t, ok)
	}
}

func FuzzIAKERBHeader(f *testing.F) {
	f.Add(hexBytes(testdata.MarshaledKRB5iakerb_header))
	f.Fuzz(func(t *testing.T, b []byte) { ParseIAKERBHeader(b) })
}
