package krb5

import (
	"encoding/hex"
	"testing"

	"github.com/jcmturner/gokrb5/v8/test/testdata"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func hexBytes(s string) []byte {
	b, _ := hex.DecodeString(s)
	return b
}

func tAD(typ int64, data []byte) []byte { return tSeq(tCtx(0, tInt(typ)), tCtx(1, tOctets(data))) }

func elements(b []byte) (list []ADElement) {
	for a := range AuthorizationData(b) {
		list = append(list, a)
	}
	return list
}

func TestAuthorizationData(t *testing.T) {
	list := elements(tSeq(
		tAD(1, tSeq(tAD(128, filled(9)), tAD(4711, []byte("new")))),
		tAD(4, tSeq(tCtx(0, tSeq(tCtx(0, tInt(16)), tCtx(1, tOctets(filled(12))))), tCtx(3, tSeq(tAD(71, nil))))),
		tAD(5, tSeq(tCtx(0, tInt(1)), tCtx(1, tSeq(tAD(9, filled(3)))))),
		tAD(8, []byte("no list")),
	))
	want := []struct{ typ, within int32 }{{1, 0}, {128, 1}, {4711, 1}, {4, 0}, {71, 4}, {5, 0}, {9, 5}, {8, 0}}
	require.Len(t, list, len(want))
	for i, w := range want {
		assert.Equal(t, w.typ, list[i].Type)
		assert.Equal(t, w.within, list[i].Within)
		assert.Equal(t, w.within != 0, list[i].Depth == 1)
	}
	assert.Equal(t, filled(9), list[1].Data)
	assert.Equal(t, "new", string(list[2].Data))
	assert.Equal(t, "AD-KDC-ISSUED", ADTypeName(4))

	cammac := elements(tSeq(tAD(96, vector(t, testdata.MarshaledKRB5cammac))))
	require.Len(t, cammac, 3)
	assert.Equal(t, "ad1", string(cammac[1].Data))
	assert.Equal(t, int32(ADCAMMAC), cammac[2].Within)

	mit := elements(vector(t, testdata.MarshaledKRB5authorization_data))
	require.Len(t, mit, 2)
	assert.Equal(t, "foobar", string(mit[0].Data))
}

func TestADDetails(t *testing.T) {
	detail := func(typ int32, data []byte) ADDetail { return ADElement{Type: typ, Data: data}.Decode() }
	assert.Equal(t, []string{"pkinit", "otp"}, detail(ADAuthenticationIndicator, tSeq(tlv(idUTF8String, []byte("pkinit")), tlv(idUTF8String, []byte("otp")))).Indicators)
	assert.Equal(t, []int32{18, 17, 23}, detail(ADETypeNegotiation, tEtypes(18, 17, 23)).ETypes)
	assert.Equal(t, []string{"channel-binding"}, ADAPOptionNames(detail(ADAPOptions, []byte{0, 0x40, 0, 0}).APOptions.V))
	assert.Equal(t, "cifs/a", detail(ADTargetPrincipal, le{}.text("cifs/a")).Target)
	entry := tSeq(tCtx(0, tInt(0)), tCtx(1, tOctets(append(le{}.u32(1, 0x2000), filled(32)...))))
	for _, data := range [][]byte{entry, tSeq(entry)} {
		r := detail(ADTokenRestrictions, data).Restrictions
		require.NotNil(t, r)
		assert.Equal(t, TokenRestriction{some[int32](0), some[uint32](1), some[uint32](0x2000), filled(32)}, *r)
	}
	assert.Equal(t, ADDetail{}, detail(4711, filled(9)))
	assert.Equal(t, ADDetail{}, detail(ADTokenRestrictions, nil))
}

// Containers in containers end at a depth, long lists at a count.
func TestHostileAuthorizationData(t *testing.T) {
	deep := tSeq(tAD(128, nil))
	for range 100 {
		deep = tSeq(tAD(1, deep))
	}
	assert.Len(t, elements(deep), maxADDepth+1)
	var many [][]byte
	for range 500 {
		many = append(many, tAD(1, tSeq(tAD(2, nil))))
	}
	assert.Len(t, elements(tSeq(many...)), maxADElements)
	for range AuthorizationData(deep) {
		break
	}
}

func FuzzAuthorizationData(f *testing.F) {
	f.Add(tSeq(tAD(1, tSeq(tAD(128, filled(9)), tAD(141, tSeq(tSeq(tCtx(0, tInt(0)), tCtx(1, tOctets(filled(40))))))))))
	f.Add(tSeq(tAD(96, hexBytes(testdata.MarshaledKRB5cammac)), tAD(129, tEtypes(18)), tAD(97, tSeq(tlv(idUTF8String, []byte("x"))))))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		for a := range AuthorizationData(b) {
			a.Decode()
			n++
		}
		if n > maxADElements {
			t.Fatal("too many elements")
		}
	})
}
