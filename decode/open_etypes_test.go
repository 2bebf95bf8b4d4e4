package decode

import (
	"bytes"
	"crypto/cipher"
	"crypto/des"
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode/krb5"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

// The vectors of RFC 8009 appendix A and of MIT krb5's t_prf.
func TestPRF(t *testing.T) {
	for _, row := range []struct {
		etype            int32
		key, input, want string
	}{
		{17, "ae272e7cdec86ac5138cdb196d8e297d", "0161", "77b39a37a868920f2a51f9dd150c5717"},
		{17, "67ab1cfef35e4c27ffdeac60385a3e9c", "0162", "e06c0dd31ff02091994f2ef5178bfe3d"},
		{18, "c01f157211f7b77eaaf457c3e156690127ee127d810ba6392e97baa243eb0616", "0161", "b2628c788e2e9c4a9bb4644678c29f2f"},
		{18, "9d520d2d980aa7cb6b693682b62da258b333867951642ce647ae62b1e5e0b5e9", "0162", "ff0e289ea756c0559a0e911856961a49"},
		{19, "3705d96080c17728a0e800eab6e0d23c", "74657374", "9d188616f63852fe86915bb840b4a886ff3e6bb0f819b49b893393d393854295"},
		{20, "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52", "74657374",
			"9801f69a368c2bf675e59521e177d9a07f67efe1cfde8d3c8d6f6a0256e3b17db3c1b62ad1b8553360d17367eb1514d2"},
		{25, "00", "00", ""},
	} {
		got := prf(krb5.NewEncryptionKey(row.etype, unhex(t, row.key)), unhex(t, row.input))
		assert.Equal(t, row.want, hex.EncodeToString(got))
	}
}

// The vectors of RFC 6113 appendix A, which are MIT krb5's t_cf2 too: keys made
// of the passwords key1 and key2 with themselves as salt, peppers a and b.
func TestCF2(t *testing.T) {
	for etype, want := range map[int32]string{
		17: "97df97e4b798b29eb31ed7280287a92a",
		18: "4d6ca4e629785c1f01baf55e2e548566b9617ae3a96868c337cb93b5e72b1c7b",
		16: "e58f9eb643862c13ad38e529313462a7f73e62834fe54a01",
		23: "24d7f6b6bae4e5c00d2082c5ebab3672",
	} {
		a := krb5.NewEncryptionKey(etype, stringToKey(etype, "key1", "key1", 0))
		b := krb5.NewEncryptionKey(etype, stringToKey(etype, "key2", "key2", 0))
		k, ok := cf2(a, b, "a", "b")
		require.True(t, ok)
		assert.Equal(t, want, hex.EncodeToString(k.Secret()), krb5.EtypeName(etype))
		assert.Equal(t, etype, k.EType.V)
	}
	_, ok := cf2(krb5.NewEncryptionKey(25, make([]byte, 16)), krb5.NewEncryptionKey(17, make([]byte, 16)), "a", "b")
	assert.False(t, ok)
	_, ok = cf2(krb5.NewEncryptionKey(17, nil), krb5.NewEncryptionKey(17, nil), "a", "b")
	assert.False(t, ok)
	k, ok := cf2(krb5.NewEncryptionKey(20, make([]byte, 32)), krb5.NewEncryptionKey(17, make([]byte, 16)), "a", "b")
	require.True(t, ok)
	assert.Len(t, k.Secret(), 32)
}

// RFC 3962 appendix B, RFC 8009 appendix A, and the NT hash of a password.
func TestStringToKey(t *testing.T) {
	for _, row := range []struct {
		etype          int32
		password, salt string
		iterations     uint32
		want           string
	}{
		{17, "password", "ATHENA.MIT.EDUraeburn", 1, "42263c6e89f4fc28b8df68ee09799f15"},
		{18, "password", "ATHENA.MIT.EDUraeburn", 1200, "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a"},
		{18, "\U0001d11e", "EXAMPLE.COMpianist", 50, "4b6d9839f84406df1f09cc166db4b83c571848b784a3d6bdc346589a3e393f9e"},
		{23, "foo", "", 0, "ac8e657f83df82beea5d43bdaf7800cc"},
		{23, "pässwörd", "", 0, "0553152250ac01adb4213cb9938663e4"},
		{25, "password", "salt", 0, ""},
	} {
		got := hex.EncodeToString(stringToKey(row.etype, row.password, row.salt, row.iterations))
		assert.Equal(t, row.want, got)
	}
}

// Etypes that the library does not have, encrypted here after the RFCs.
func TestDecryptOldEtypes(t *testing.T) {
	message := []byte("a message of 24 bytes!!!")
	key := unhex(t, "0123456789abcdef")
	block, err := des.NewCipher(key)
	require.NoError(t, err)
	seal := func(e int32) []byte {
		size, iv := 16, make([]byte, 8)
		if e == desCRC {
			size, iv = 4, key
		}
		b := append(append([]byte("confound"), make([]byte, size)...), message...)
		b = append(b, make([]byte, (8-len(b)%8)%8)...)
		if e == desCRC {
			binary.LittleEndian.PutUint32(b[8:], ^crc32.Update(^uint32(0), crc32.IEEETable, b))
		} else {
			sum := md5.Sum(b)
			copy(b[8:], sum[:])
		}
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(b, b)
		return b
	}
	for _, e := range []int32{desCRC, desMD5} {
		data := seal(e)
		plain, ok := decrypt(krb5.NewEncryptionKey(e, key), data, 2)
		require.True(t, ok)
		assert.Equal(t, message, plain[:len(message)])
		data[9] ^= 1
		_, ok = decrypt(krb5.NewEncryptionKey(e, key), data, 2)
		assert.False(t, ok)
	}
	k := bytes.Repeat([]byte{7}, 16)
	k1 := hmacOf(md5.New, k, []byte("fortybits\x00\x08\x00\x00\x00"))
	b := append([]byte("confound"), message...)
	sum := hmacOf(md5.New, k1, b)
	for i := 7; i < 16; i++ {
		k1[i] = 0xab
	}
	c, err := rc4.NewCipher(hmacOf(md5.New, k1, sum))
	require.NoError(t, err)
	c.XORKeyStream(b, b)
	for _, usage := range []uint32{3, 8, 9} {
		plain, ok := decrypt(krb5.NewEncryptionKey(rc4Exp, k), append(bytes.Clone(sum), b...), usage)
		require.True(t, ok)
		assert.Equal(t, message, plain)
	}
	_, ok := decrypt(krb5.NewEncryptionKey(rc4Exp, k), append(bytes.Clone(sum), b...), 2)
	assert.False(t, ok)
	for _, e := range []int32{1, 3, 16, 17, 18, 19, 20, 23, 24} {
		for n := range 48 {
			_, ok := decrypt(krb5.NewEncryptionKey(e, make([]byte, n)), make([]byte, n), 2)
			assert.False(t, ok)
		}
	}
}
