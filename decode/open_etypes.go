package decode

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"unicode/utf16"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/crypto/etype"
	"github.com/jcmturner/gokrb5/v8/types"

	"kerbscope/decode/krb5"
)

// Etypes that are told apart here; the names are in krb5.EtypeName.
const (
	desCRC    = 1
	desMD5    = 3
	des3SHA1  = 16
	aes128    = 17
	aes256    = 18
	aes128Sha = 19 // aes128-cts-hmac-sha256-128
	aes256Sha = 20 // aes256-cts-hmac-sha384-192
	rc4Hmac   = 23
	rc4Exp    = 24
)

// canDecrypt says whether an etype can be decrypted here. Camellia (25, 26) cannot.
func canDecrypt(e int32) bool {
	switch e {
	case desCRC, desMD5, rc4Exp:
		return true
	}
	_, err := crypto.GetEtype(e)
	return err == nil
}

// decrypt opens a cipher with a key and checks its integrity. gokrb5 panics on
// ciphers and keys that are too short.
func decrypt(key krb5.EncryptionKey, data []byte, usage uint32) (plain []byte, ok bool) {
	defer func() {
		if recover() != nil {
			plain, ok = nil, false
		}
	}()
	switch key.EType.V {
	case desCRC, desMD5:
		return decryptDES(key.EType.V, key.Secret(), data)
	case rc4Hmac, rc4Exp:
		return decryptRC4(key.Secret(), data, usage, key.EType.V == rc4Exp)
	}
	k := types.EncryptionKey{KeyType: key.EType.V, KeyValue: bytes.Clone(key.Secret())}
	plain, err := crypto.DecryptMessage(bytes.Clone(data), k, usage)
	return plain, err == nil
}

// firstBlocks makes the cipher that the first blocks of an AES cipher are in
// (RFC 3962 §6, RFC 8009 §5: plain CBC up to the last two blocks); nil for other etypes.
// With it a wrong key is told at a hundredth of the cost of decrypting it all.
func firstBlocks(key krb5.EncryptionKey, usage uint32) (block cipher.Block) {
	defer func() {
		if recover() != nil {
			block = nil
		}
	}()
	switch key.EType.V {
	case aes128, aes256, aes128Sha, aes256Sha:
	default:
		return nil
	}
	e, err := crypto.GetEtype(key.EType.V)
	if err != nil {
		return nil
	}
	k, err := e.DeriveKey(bytes.Clone(key.Secret()), append(binary.BigEndian.AppendUint32(nil, usage), 0xaa))
	if err != nil {
		return nil
	}
	if block, err = aes.NewCipher(k); err != nil {
		return nil
	}
	return block
}

// beginsWith tells whether the plaintext behind the confounder begins with one
// of those bytes; true when data is too short to tell.
func beginsWith(block cipher.Block, data []byte, tags string) bool {
	if len(data) < 5*aes.BlockSize {
		return true
	}
	var b [aes.BlockSize]byte
	block.Decrypt(b[:], data[aes.BlockSize:])
	first := b[0] ^ data[0]
	for i := range len(tags) {
		if tags[i] == first {
			return true
		}
	}
	return false
}

// decryptDES is RFC 3961 §6.2: confounder, checksum and message in CBC. All usages have the key itself.
func decryptDES(e int32, key, data []byte) ([]byte, bool) {
	if len(key) != des.BlockSize || len(data)%des.BlockSize != 0 {
		return nil, false
	}
	block, err := des.NewCipher(key)
	if err != nil {
		return nil, false
	}
	iv, size := make([]byte, des.BlockSize), md5.Size
	if e == desCRC {
		iv, size = key, crc32.Size
	}
	at := des.BlockSize + size
	if len(data) < at {
		return nil, false
	}
	b := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(b, data)
	sum := bytes.Clone(b[des.BlockSize:at])
	clear(b[des.BlockSize:at])
	var want []byte
	if e == desCRC {
		// Neither preset nor inverted at the end, RFC 3961 §6.1.3.
		want = binary.LittleEndian.AppendUint32(nil, ^crc32.Update(^uint32(0), crc32.IEEETable, b))
	} else {
		m := md5.Sum(b)
		want = m[:]
	}
	return b[at:], hmac.Equal(sum, want)
}

// decryptRC4 is RFC 4757 §5; export: the key of the cipher has 56 bits. RFC 4757
// §3 has T = 8 for the usages 3 and 9, but
// MIT krb5 and Samba encrypt with 9.
func decryptRC4(key, data []byte, usage uint32, export bool) ([]byte, bool) {
	switch usage {
	case 3:
		usage = 8
	case 9:
		if plain, ok := openRC4(key, data, 9, export); ok {
			return plain, true
		}
		usage = 8
	case 23:
		usage = 13
	}
	return openRC4(key, data, usage, export)
}

func openRC4(key, data []byte, t uint32, export bool) ([]byte, bool) {
	const confounder = 8
	if len(key) != 16 || len(data) < md5.Size+confounder {
		return nil, false
	}
	salt := binary.LittleEndian.AppendUint32(nil, t)
	if export {
		salt = append([]byte("fortybits\x00"), salt...)
	}
	k1 := hmacOf(md5.New, key, salt)
	k2 := bytes.Clone(k1)
	if export {
		for i := 7; i < len(k1); i++ {
			k1[i] = 0xab
		}
	}
	sum := data[:md5.Size]
	c, err := rc4.NewCipher(hmacOf(md5.New, k1, sum))
	if err != nil {
		return nil, false
	}
	b := make([]byte, len(data)-md5.Size)
	c.XORKeyStream(b, data[md5.Size:])
	return b[confounder:], hmac.Equal(sum, hmacOf(md5.New, k2, b))
}

func hmacOf(h func() hash.Hash, key []byte, parts ...[]byte) []byte {
	m := hmac.New(h, key)
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

// prf is the pseudo-random function of the key's etype: RFC 3961 §5.3, RFC
// 8009 §5, and for RC4 HMAC-SHA1 as in MIT krb5 and Windows. Nil for etypes without one.
func prf(key krb5.EncryptionKey, input []byte) (out []byte) {
	defer func() {
		if recover() != nil {
			out = nil
		}
	}()
	secret := key.Secret()
	size := 0
	switch key.EType.V {
	case rc4Hmac:
		return hmacOf(sha1.New, secret, input)
	case aes128Sha:
		return hmacOf(sha256.New, secret, kdfInput("prf", input, 256))
	case aes256Sha:
		return hmacOf(sha512.New384, secret, kdfInput("prf", input, 384))
	case des3SHA1, aes128, aes256:
		size = 16
	default:
		return nil
	}
	e, err := crypto.GetEtype(key.EType.V)
	if err != nil {
		return nil
	}
	k, err := e.DeriveKey(bytes.Clone(secret), []byte("prf"))
	if err != nil {
		return nil
	}
	sum := sha1.Sum(input)
	_, out, err = e.EncryptData(k, sum[:size])
	if err != nil {
		return nil
	}
	return out
}

// kdfInput is what KDF-HMAC-SHA2 of RFC 8009 §3 takes.
func kdfInput(label string, context []byte, bits uint32) []byte {
	b := append([]byte{0, 0, 0, 1}, label...)
	b = append(append(b, 0), context...)
	return binary.BigEndian.AppendUint32(b, bits)
}

// cf2 is KRB-FX-CF2, RFC 6113 §5.1: one key out of two; it has the etype of the
// first. ok is false when an etype of them has no PRF.
func cf2(a, b krb5.EncryptionKey, pepperA, pepperB string) (k krb5.EncryptionKey, ok bool) {
	e, err := crypto.GetEtype(a.EType.V)
	if err != nil {
		return k, false
	}
	n := seedSize(e)
	x, y := prfPlus(a, pepperA, n), prfPlus(b, pepperB, n)
	if x == nil || y == nil {
		return k, false
	}
	for i := range x {
		x[i] ^= y[i]
	}
	if a.EType.V == des3SHA1 {
		x = e.RandomToKey(x) // of the others it is the identity
	}
	return krb5.NewEncryptionKey(a.EType.V, x), true
}

// seedSize is the length of the random bytes that a key is made of. gokrb5
// gives that of the checksum key for aes256-cts-hmac-sha384-192.
func seedSize(e etype.EType) int {
	if e.GetETypeID() == aes256Sha {
		return 32
	}
	return e.GetKeySeedBitLength() / 8
}

// prfPlus is PRF+, RFC 6113 §5.1: n bytes.
func prfPlus(key krb5.EncryptionKey, pepper string, n int) (out []byte) {
	for i := byte(1); len(out) < n; i++ {
		b := prf(key, append([]byte{i}, pepper...))
		if len(b) == 0 {
			return nil
		}
		out = append(out, b...)
	}
	return out[:n]
}

// stringToKey makes the key of a password: RFC 3962 §4, RFC 8009 §4, RFC 3961
// §6.3.1, RFC 4757 §2. iterations 0: the etype's default. Nil for other etypes.
func stringToKey(e int32, password, salt string, iterations uint32) (secret []byte) {
	defer func() {
		if recover() != nil {
			secret = nil
		}
	}()
	t, err := crypto.GetEtype(e)
	if err != nil {
		return nil
	}
	if e == rc4Hmac {
		var b []byte
		for _, u := range utf16.Encode([]rune(password)) {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
		return t.RandomToKey(b) // MD4
	}
	params := t.GetDefaultStringToKeyParams()
	if iterations != 0 {
		params = hex.EncodeToString(binary.BigEndian.AppendUint32(nil, iterations))
	}
	secret, err = t.StringToKey(password, salt, params)
	if err != nil {
		return nil
	}
	return secret
}
