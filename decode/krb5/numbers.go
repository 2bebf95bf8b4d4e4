package krb5

// A number is a registered number with its name and where both are from.
type number struct {
	n      int64
	name   string
	source string
}

func byNumber(table []number) map[int64]string {
	m := make(map[int64]string, len(table))
	for _, row := range table {
		m[row.n] = row.name
	}
	return m
}

var (
	etypeNames     = byNumber(etypes)
	errorNames     = byNumber(errorCodes)
	padataNames    = byNumber(padataTypes)
	typedNames     = byNumber(typedDataTypes)
	nameTypeNames  = byNumber(nameTypes)
	checksumNames  = byNumber(checksumTypes)
	addrTypeNames  = byNumber(addrTypes)
	ntStatusNames  = byNumber(ntStatuses)
	adTypeNames    = byNumber(adTypes)
	pacBufferNames = byNumber(pacBuffers)
)

// EtypeName is the name of an encryption type, "" when unknown.
func EtypeName(etype int32) string { return etypeNames[int64(etype)] }

// ErrorName is the name of a KRB-ERROR code, "" when unknown.
func ErrorName(code int32) string { return errorNames[int64(code)] }

// PADataName is the name of a padata type, "" when unknown.
func PADataName(typ int32) string {
	if n, ok := padataNames[int64(typ)]; ok {
		return n
	}
	return typedNames[int64(typ)]
}

// TypedDataName is the name of a TYPED-DATA type, "" when unknown.
func TypedDataName(typ int32) string {
	if n, ok := typedNames[int64(typ)]; ok {
		return n
	}
	return padataNames[int64(typ)]
}

// NameTypeName is the name of a principal name type, "" when unknown.
func NameTypeName(typ int32) string { return nameTypeNames[int64(typ)] }

// ChecksumName is the name of a checksum type, "" when unknown.
func ChecksumName(typ int32) string { return checksumNames[int64(typ)] }

// AddrTypeName is the name of a host address type, "" when unknown.
func AddrTypeName(typ int32) string { return addrTypeNames[int64(typ)] }

// NTStatusName is the name of an NTSTATUS, "" when unknown.
func NTStatusName(status uint32) string { return ntStatusNames[int64(status)] }

// Name types of PrincipalName.
const (
	NTPrincipal  = 1
	NTSrvInst    = 2
	NTEnterprise = 10
	NTWellKnown  = 11
)

var nameTypes = []number{
	{0, "NT-UNKNOWN", "RFC 4120 §6.2"},
	{NTPrincipal, "NT-PRINCIPAL", "RFC 4120 §6.2"},
	{NTSrvInst, "NT-SRV-INST", "RFC 4120 §6.2"},
	{3, "NT-SRV-HST", "RFC 4120 §6.2"},
	{4, "NT-SRV-XHST", "RFC 4120 §6.2"},
	{5, "NT-UID", "RFC 4120 §6.2"},
	{6, "NT-X500-PRINCIPAL", "RFC 4120 §6.2"},
	{7, "NT-SMTP-NAME", "RFC 4120 §6.2"},
	{NTEnterprise, "NT-ENTERPRISE", "RFC 4120 §6.2"},
	{NTWellKnown, "NT-WELLKNOWN", "RFC 6111 §3.1"},
	{12, "NT-SRV-HST-DOMAIN", "Heimdal krb5.asn1"},
	{-128, "NT-MS-PRINCIPAL", "Windows ntsecapi.h"},
	{-129, "NT-MS-PRINCIPAL-AND-ID", "Windows ntsecapi.h"},
	{-130, "NT-ENT-PRINCIPAL-AND-ID", "Windows ntsecapi.h"},
	{-1200, "NT-NTLM", "Heimdal krb5.asn1"},
	{-1201, "NT-X509-GENERAL-NAME", "Heimdal krb5.asn1"},
	{-1202, "NT-GSS-HOSTBASED-SERVICE", "Heimdal krb5.asn1"},
	{-1203, "NT-CACHE-UUID", "Heimdal krb5.asn1"},
	{-195894762, "NT-SRV-HST-NEEDS-CANON", "Heimdal krb5.asn1"},
}

var checksumTypes = []number{
	{1, "crc32", "RFC 3961 §6.1.3"},
	{2, "rsa-md4", "RFC 3961 §6.1.2"},
	{3, "rsa-md4-des", "RFC 3961 §6.2.5"},
	{4, "des-mac", "RFC 3961 §6.2.7"},
	{5, "des-mac-k", "RFC 3961 §6.2.8"},
	{6, "rsa-md4-des-k", "RFC 3961 §6.2.6"},
	{7, "rsa-md5", "RFC 3961 §6.1.1"},
	{8, "rsa-md5-des", "RFC 3961 §6.2.4"},
	{9, "rsa-md5-des3", "IANA Kerberos Checksum Type Numbers"},
	{10, "sha1", "IANA Kerberos Checksum Type Numbers"},
	{12, "hmac-sha1-des3-kd", "RFC 3961 §6.3"},
	{13, "hmac-sha1-des3", "IANA Kerberos Checksum Type Numbers"},
	{14, "sha1", "IANA Kerberos Checksum Type Numbers"},
	{15, "hmac-sha1-96-aes128", "RFC 3962 §7"},
	{16, "hmac-sha1-96-aes256", "RFC 3962 §7"},
	{17, "cmac-camellia128", "RFC 6803 §7"},
	{18, "cmac-camellia256", "RFC 6803 §7"},
	{19, "hmac-sha256-128-aes128", "RFC 8009 §9"},
	{20, "hmac-sha384-192-aes256", "RFC 8009 §9"},
	{32771, "gssapi", "RFC 4121 §4.1.1"},
	{-130, "lm", "Windows ntsecapi.h KERB_CHECKSUM_LM"},
	{-131, "sha1", "Windows ntsecapi.h KERB_CHECKSUM_SHA1"},
	{-132, "real-crc32", "Windows ntsecapi.h KERB_CHECKSUM_REAL_CRC32"},
	{-133, "des-mac", "Windows ntsecapi.h KERB_CHECKSUM_DES_MAC"},
	{-134, "des-mac-md5", "Windows ntsecapi.h KERB_CHECKSUM_DES_MAC_MD5"},
	{-135, "md25", "Windows ntsecapi.h KERB_CHECKSUM_MD25"},
	{-136, "rc4-md5", "Windows ntsecapi.h KERB_CHECKSUM_RC4_MD5"},
	{-137, "md5-hmac", "Windows ntsecapi.h"},
	{-138, "hmac-md5", "RFC 4757 §4"},
	{-139, "sha256", "Windows ntsecapi.h KERB_CHECKSUM_SHA256"},
	{-150, "hmac-sha1-96-aes128-ki", "Windows ntsecapi.h KERB_CHECKSUM_HMAC_SHA1_96_AES128_Ki"},
	{-151, "hmac-sha1-96-aes256-ki", "Windows ntsecapi.h KERB_CHECKSUM_HMAC_SHA1_96_AES256_Ki"},
	{-1138, "hmac-md5-enc", "Heimdal krb5.asn1"},
}

var addrTypes = []number{
	{2, "IPv4", "RFC 4120 §7.5.3"},
	{3, "Directional", "RFC 4120 §7.5.3"},
	{5, "ChaosNet", "RFC 4120 §7.5.3"},
	{6, "XNS", "RFC 4120 §7.5.3"},
	{7, "ISO", "RFC 4120 §7.5.3"},
	{12, "DECNET Phase IV", "RFC 4120 §7.5.3"},
	{16, "AppleTalk DDP", "RFC 4120 §7.5.3"},
	{20, "NetBios", "RFC 4120 §7.5.3"},
	{24, "IPv6", "RFC 4120 §7.5.3"},
}
