package krb5

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func tOID(b ...byte) []byte { return tlv(idOID, b) }

func madeCertificate(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "alice"},
		NotBefore: time.Unix(1700000000, 0), NotAfter: time.Unix(1800000000, 0)}
	b, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	require.NoError(t, err)
	return b
}

// signed makes a ContentInfo with SignedData around content.
func signed(content, certificate []byte) []byte {
	sha256 := tSeq(tOID(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1))
	return tSeq(tOID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2), tCtx(0, tSeq(
		tInt(3), tlv(idSet, sha256),
		tSeq(tOID(0x2b, 6, 1, 5, 2, 3, 1), tCtx(0, tOctets(content))),
		tCtx(0, certificate),
		tlv(idSet),
	)))
}

func TestPKINIT(t *testing.T) {
	prime := append([]byte{0}, filled(256)...)
	prime[1] = 0xff
	pack := tSeq(
		tCtx(0, tSeq(tCtx(0, tInt(17)), tCtx(1, tTime("20260724121314Z")), tCtx(2, tInt(99)))),
		tCtx(1, tSeq(tSeq(tOID(0x2a, 0x86, 0x48, 0xce, 0x3e, 2, 1), tSeq(tlv(idInteger, prime), tInt(2), tInt(5))), tlv(idBitString, []byte{0, 2, 1, 5}))))
	q := decodePA(t, PAPKASReq, tSeq(tlv(0x80, signed(pack, madeCertificate(t))))).PKASReq
	require.NotNil(t, q)
	require.NotNil(t, q.Signed)
	assert.Equal(t, "1.3.6.1.5.2.3.1", q.Signed.ContentType)
	assert.Equal(t, []string{"sha256"}, q.Signed.Digests)
	require.Len(t, q.Signed.Certificates, 1)
	c := q.Signed.Certificates[0]
	assert.Equal(t, "CN=alice", c.Subject)
	assert.Equal(t, "CN=alice", c.Issuer)
	assert.Equal(t, int64(1800000000), c.NotAfter)
	assert.Equal(t, "ECDSA-SHA256", c.SignatureAlgorithm)
	assert.True(t, q.DH)
	assert.Equal(t, 2048, q.DHBits)
	assert.Equal(t, some[uint32](99), q.Nonce)
	assert.Equal(t, some[int64](1784895194), q.CTime)

	rep := decodePA(t, PAPKASRep, tCtx(0, tSeq(tlv(0x80, signed(nil, madeCertificate(t)))))).PKASRep
	require.NotNil(t, rep)
	assert.True(t, rep.DH)
	assert.Len(t, rep.Signed.Certificates, 1)
	assert.False(t, decodePA(t, PAPKASRep, tlv(0x81, filled(40))).PKASRep.DH)

	broken := PAData{Type: PAPKASReq, Value: tSeq(tlv(0x80, signed(pack, tSeq(tInt(1)))))}.Decode()
	require.Len(t, broken.Anomalies, 1)
	assert.Contains(t, broken.Anomalies[0].What, "certificate")
	assert.Nil(t, PAData{Type: PAPKASReq, Value: tSeq(tlv(0x80, filled(40)))}.Decode().PKASReq.Signed)
}

func TestDotted(t *testing.T) {
	for want, b := range map[string][]byte{"1.2.840.113554.1.2.2": {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2}, "2.999": {0x88, 0x37},
		"0.9": {9}, "": {0x80}} {
		assert.Equal(t, want, dotted(b))
	}
	assert.Empty(t, dotted(nil))
	assert.Empty(t, dotted([]byte{0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}))
}
