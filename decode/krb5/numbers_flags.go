package krb5

import "strconv"

// A flagBit is one bit of KerberosFlags: bit 0 is the highest.
type flagBit struct {
	bit    int
	name   string
	source string
}

// flagNames lists the set bits of v in bit order; those without a name as "bit N".
func flagNames(v uint32, table []flagBit) []string {
	var names []string
	for bit := range 32 {
		if v&(1<<(31-bit)) == 0 {
			continue
		}
		name := "bit " + strconv.Itoa(bit)
		for _, f := range table {
			if f.bit == bit {
				name = f.name
			}
		}
		names = append(names, name)
	}
	return names
}

// KDCOptionNames lists the kdc-options that are set, as RFC 4120 spells them; nil for none.
func KDCOptionNames(v uint32) []string { return flagNames(v, kdcOptions) }

// APOptionNames lists the ap-options that are set, as RFC 4120 spells them; nil for none.
func APOptionNames(v uint32) []string { return flagNames(v, apOptions) }

// TicketFlagNames lists the flags of a ticket that are set; nil for none.
func TicketFlagNames(v uint32) []string { return flagNames(v, ticketFlags) }

// PACOptionNames lists the flags of PA-PAC-OPTIONS that are set; nil for none.
func PACOptionNames(v uint32) []string { return flagNames(v, pacOptions) }

// S4UOptionNames lists the options of PA-S4U-X509-USER that are set; nil for none.
func S4UOptionNames(v uint32) []string { return flagNames(v, s4uOptions) }

// OTPFlagNames lists the flags of OTP-TOKENINFO that are set; nil for none.
func OTPFlagNames(v uint32) []string { return flagNames(v, otpFlags) }

// FASTOptionNames lists the fast-options that are set, as RFC 6113 spells them; nil for none.
func FASTOptionNames(v uint32) []string { return flagNames(v, fastOptions) }

// SupportedEncNames lists the bits of PA-SUPPORTED-ENCTYPES and of
// msDS-SupportedEncryptionTypes that are set; nil for none.
func SupportedEncNames(v uint32) []string { return flagNames(v, supportedEnc) }

// Some flags that a diagnosis asks for.
const (
	KDCForwarded        uint32 = 1 << (31 - 2)
	KDCConstrainedDeleg uint32 = 1 << (31 - 14)
	KDCCanonicalize     uint32 = 1 << (31 - 15)
	KDCAnonymous        uint32 = 1 << (31 - 16)
	KDCEncTktInSkey     uint32 = 1 << (31 - 28)
	KDCRenew            uint32 = 1 << (31 - 30)
	KDCValidate         uint32 = 1 << 0
	APUseSessionKey     uint32 = 1 << (31 - 1)
	APMutualRequired    uint32 = 1 << (31 - 2)
)

var kdcOptions = []flagBit{
	{0, "reserved", "RFC 4120 §5.4.1"},
	{1, "forwardable", "RFC 4120 §5.4.1"},
	{2, "forwarded", "RFC 4120 §5.4.1"},
	{3, "proxiable", "RFC 4120 §5.4.1"},
	{4, "proxy", "RFC 4120 §5.4.1"},
	{5, "allow-postdate", "RFC 4120 §5.4.1"},
	{6, "postdated", "RFC 4120 §5.4.1"},
	{8, "renewable", "RFC 4120 §5.4.1"},
	{11, "opt-hardware-auth", "RFC 4120 §5.4.1"},
	{14, "constrained-delegation", "[MS-SFU] §2.2.3, there cname-in-addl-tkt"},
	{15, "canonicalize", "RFC 6806 §3"},
	{16, "request-anonymous", "RFC 8062 §3"},
	{26, "disable-transited-check", "RFC 4120 §5.4.1"},
	{27, "renewable-ok", "RFC 4120 §5.4.1"},
	{28, "enc-tkt-in-skey", "RFC 4120 §5.4.1"},
	{30, "renew", "RFC 4120 §5.4.1"},
	{31, "validate", "RFC 4120 §5.4.1"},
}

var apOptions = []flagBit{
	{0, "reserved", "RFC 4120 §5.5.1"},
	{1, "use-session-key", "RFC 4120 §5.5.1"},
	{2, "mutual-required", "RFC 4120 §5.5.1"},
}

var ticketFlags = []flagBit{
	{0, "reserved", "RFC 4120 §5.3"},
	{1, "forwardable", "RFC 4120 §5.3"},
	{2, "forwarded", "RFC 4120 §5.3"},
	{3, "proxiable", "RFC 4120 §5.3"},
	{4, "proxy", "RFC 4120 §5.3"},
	{5, "may-postdate", "RFC 4120 §5.3"},
	{6, "postdated", "RFC 4120 §5.3"},
	{7, "invalid", "RFC 4120 §5.3"},
	{8, "renewable", "RFC 4120 §5.3"},
	{9, "initial", "RFC 4120 §5.3"},
	{10, "pre-authent", "RFC 4120 §5.3"},
	{11, "hw-authent", "RFC 4120 §5.3"},
	{12, "transited-policy-checked", "RFC 4120 §5.3"},
	{13, "ok-as-delegate", "RFC 4120 §5.3"},
	{15, "enc-pa-rep", "RFC 6806 §11"},
	{16, "anonymous", "RFC 8062 §3"},
}

var pacOptions = []flagBit{
	{0, "claims", "[MS-KILE] §2.2.10"},
	{1, "branch-aware", "[MS-KILE] §2.2.10"},
	{2, "forward-to-full-dc", "[MS-KILE] §2.2.10"},
	{3, "resource-based-constrained-delegation", "[MS-SFU] §2.2.5"},
}

var s4uOptions = []flagBit{
	{0, "reserved", "[MS-SFU] §2.2.2"},
	{1, "check-logon-hours", "[MS-SFU] §2.2.2"},
	{2, "use-reply-key-usage", "[MS-SFU] §2.2.2"},
	{3, "nt-auth-policy-not-required", "[MS-SFU] §2.2.2"},
	{4, "unconditional-delegation", "[MS-SFU] §2.2.2"},
}

var otpFlags = []flagBit{
	{0, "reserved", "RFC 6560 §4.1"},
	{1, "next-otp", "RFC 6560 §4.1"},
	{2, "combine", "RFC 6560 §4.1"},
	{3, "collect-pin", "RFC 6560 §4.1"},
	{4, "do-not-collect-pin", "RFC 6560 §4.1"},
	{5, "must-encrypt-nonce", "RFC 6560 §4.1"},
	{6, "separate-pin-required", "RFC 6560 §4.1"},
	{7, "check-digit", "RFC 6560 §4.1"},
}

var fastOptions = []flagBit{
	{0, "reserved", "RFC 6113 §5.4.2"},
	{1, "hide-client-names", "RFC 6113 §5.4.2"},
	{16, "kdc-follow-referrals", "RFC 6113 §5.4.2"},
}

// Here the lowest bit is 31.
var supportedEnc = []flagBit{
	{31, "des-cbc-crc", "[MS-KILE] §2.2.7"},
	{30, "des-cbc-md5", "[MS-KILE] §2.2.7"},
	{29, "rc4-hmac", "[MS-KILE] §2.2.7"},
	{28, "aes128-cts-hmac-sha1-96", "[MS-KILE] §2.2.7"},
	{27, "aes256-cts-hmac-sha1-96", "[MS-KILE] §2.2.7"},
	{26, "aes256-cts-hmac-sha1-96-sk", "[MS-KILE] §2.2.7"},
	{15, "fast-supported", "[MS-KILE] §2.2.7"},
	{14, "compound-identity-supported", "[MS-KILE] §2.2.7"},
	{13, "claims-supported", "[MS-KILE] §2.2.7"},
	{12, "resource-sid-compression-disabled", "[MS-KILE] §2.2.7"},
}
