package krb5

// A Strength is a class of encryption types.
type Strength uint8

const (
	UnknownStrength Strength = iota
	Weak                     // DES, 3DES, RC4: off or going off in current systems
	Strong                   // AES and Camellia
)

// A Family is the cipher of an encryption type.
type Family string

const (
	DES       Family = "DES"
	TripleDES Family = "3DES"
	RC4       Family = "RC4" // with Microsoft's negative numbers, which say nothing of strength
	AES       Family = "AES"
	Camellia  Family = "Camellia"
)

// EtypeFamily is the cipher of an etype; "" when unknown or no cipher for messages.
func EtypeFamily(etype int32) Family {
	switch etype {
	case 1, 2, 3, -132:
		return DES
	case 5, 7, 16:
		return TripleDES
	case 17, 18, 19, 20, -148, -149:
		return AES
	case 23, 24, -128, -129, -130, -131, -133, -134, -135, -136, -140, -141:
		return RC4
	case 25, 26:
		return Camellia
	}
	return ""
}

// EtypeStrength is the class of an etype.
func EtypeStrength(etype int32) Strength {
	switch EtypeFamily(etype) {
	case AES, Camellia:
		if etype > 0 { // Windows's plain AES has no integrity protection
			return Strong
		}
	case DES, TripleDES, RC4:
		return Weak
	}
	return UnknownStrength
}

var etypes = []number{
	{1, "des-cbc-crc", "RFC 3961 §6.2.3"},
	{2, "des-cbc-md4", "RFC 3961 §6.2.2"},
	{3, "des-cbc-md5", "RFC 3961 §6.2.1"},
	{5, "des3-cbc-md5", "IANA, RFC 8429"},
	{7, "des3-cbc-sha1", "IANA, RFC 8429"},
	{4, "des-cbc-raw", "MIT krb5.h ENCTYPE_DES_CBC_RAW"},
	{6, "des3-cbc-raw", "MIT krb5.h ENCTYPE_DES3_CBC_RAW"},
	{8, "des-hmac-sha1", "MIT krb5.h ENCTYPE_DES_HMAC_SHA1"},
	{9, "dsaWithSHA1-CmsOID", "RFC 4556 §3.1.1"},
	{10, "md5WithRSAEncryption-CmsOID", "RFC 4556 §3.1.1"},
	{11, "sha1WithRSAEncryption-CmsOID", "RFC 4556 §3.1.1"},
	{12, "rc2CBC-EnvOID", "RFC 4556 §3.1.1"},
	{13, "rsaEncryption-EnvOID", "RFC 4556 §3.1.1"},
	{14, "rsaES-OAEP-ENV-OID", "RFC 4556 §3.1.1"},
	{15, "des-ede3-cbc-Env-OID", "RFC 4556 §3.1.1"},
	{16, "des3-cbc-sha1-kd", "RFC 3961 §6.3"},
	{17, "aes128-cts-hmac-sha1-96", "RFC 3962 §7"},
	{18, "aes256-cts-hmac-sha1-96", "RFC 3962 §7"},
	{19, "aes128-cts-hmac-sha256-128", "RFC 8009 §9"},
	{20, "aes256-cts-hmac-sha384-192", "RFC 8009 §9"},
	{23, "rc4-hmac", "RFC 4757 §5"},
	{24, "rc4-hmac-exp", "RFC 4757 §5"},
	{25, "camellia128-cts-cmac", "RFC 6803 §7"},
	{26, "camellia256-cts-cmac", "RFC 6803 §7"},
	{65, "subkey-keymaterial", "IANA (PacketCable)"},
	{-128, "rc4-md4", "Windows ntsecapi.h KERB_ETYPE_RC4_MD4"},
	{-129, "rc4-plain2", "Windows ntsecapi.h KERB_ETYPE_RC4_PLAIN2"},
	{-130, "rc4-lm", "Windows ntsecapi.h KERB_ETYPE_RC4_LM"},
	{-131, "rc4-sha", "Windows ntsecapi.h KERB_ETYPE_RC4_SHA"},
	{-132, "des-plain", "Windows ntsecapi.h KERB_ETYPE_DES_PLAIN"},
	{-133, "rc4-hmac-old", "Windows ntsecapi.h KERB_ETYPE_RC4_HMAC_OLD"},
	{-134, "rc4-plain-old", "Windows ntsecapi.h KERB_ETYPE_RC4_PLAIN_OLD"},
	{-135, "rc4-hmac-old-exp", "Windows ntsecapi.h KERB_ETYPE_RC4_HMAC_OLD_EXP"},
	{-136, "rc4-plain-old-exp", "Windows ntsecapi.h KERB_ETYPE_RC4_PLAIN_OLD_EXP"},
	{-140, "rc4-plain", "Windows ntsecapi.h KERB_ETYPE_RC4_PLAIN"},
	{-141, "rc4-plain-exp", "Windows ntsecapi.h KERB_ETYPE_RC4_PLAIN_EXP"},
	{-148, "aes128-cts-hmac-sha1-96-plain", "Windows ntsecapi.h KERB_ETYPE_AES128_CTS_HMAC_SHA1_96_PLAIN"},
	{-149, "aes256-cts-hmac-sha1-96-plain", "Windows ntsecapi.h KERB_ETYPE_AES256_CTS_HMAC_SHA1_96_PLAIN"},
}
