package krb5

var pacBuffers = []number{
	{PACLogonInfoBuffer, "LOGON_INFO", "[MS-PAC] §2.4"},
	{PACCredentialsBuffer, "CREDENTIALS_INFO", "[MS-PAC] §2.4"},
	{PACServerChecksum, "SERVER_CHECKSUM", "[MS-PAC] §2.4"},
	{PACKDCChecksum, "KDC_CHECKSUM", "[MS-PAC] §2.4"},
	{PACClientInfoBuffer, "CLIENT_INFO", "[MS-PAC] §2.4"},
	{PACDelegationInfoBuffer, "DELEGATION_INFO", "[MS-PAC] §2.4"},
	{PACUPNDNSInfoBuffer, "UPN_DNS_INFO", "[MS-PAC] §2.4"},
	{PACClientClaimsBuffer, "CLIENT_CLAIMS_INFO", "[MS-PAC] §2.4"},
	{PACDeviceInfoBuffer, "DEVICE_INFO", "[MS-PAC] §2.4"},
	{PACDeviceClaimsBuffer, "DEVICE_CLAIMS_INFO", "[MS-PAC] §2.4"},
	{PACTicketChecksum, "TICKET_CHECKSUM", "[MS-PAC] §2.4"},
	{PACAttributesInfoBuffer, "ATTRIBUTES_INFO", "[MS-PAC] §2.4"},
	{PACRequestorBuffer, "REQUESTOR", "[MS-PAC] §2.4"},
	{PACExtendedKDCChecksum, "EXTENDED_KDC_CHECKSUM", "[MS-PAC] §2.4"},
}

// PACBufferName is the name of the type of a PAC buffer, "" when unknown.
func PACBufferName(typ uint32) string { return pacBufferNames[int64(typ)] }

// PACAttributeNames lists the flags of PAC_ATTRIBUTES_INFO that are set; nil for none.
func PACAttributeNames(v uint32) []string { return flagNames(v, pacAttributes) }

// PACUPNFlagNames lists the flags of UPN_DNS_INFO that are set; nil for none.
func PACUPNFlagNames(v uint32) []string { return flagNames(v, pacUPNFlags) }

// PACUserFlagNames lists the UserFlags of KERB_VALIDATION_INFO that are set; nil for none.
func PACUserFlagNames(v uint32) []string { return flagNames(v, pacUserFlags) }

// PACAccountFlagNames lists the bits of UserAccountControl in KERB_VALIDATION_INFO
// that are set; nil for none.
func PACAccountFlagNames(v uint32) []string { return flagNames(v, pacAccountFlags) }

// In all of these the lowest bit is 31.

var pacAttributes = []flagBit{
	{31, "pac-was-requested", "[MS-PAC] §2.14"},
	{30, "pac-was-given-implicitly", "[MS-PAC] §2.14"},
}

var pacUPNFlags = []flagBit{
	{31, "upn-constructed", "[MS-PAC] §2.10"},
	{30, "extended", "[MS-PAC] §2.10"},
}

var pacUserFlags = []flagBit{
	{26, "extra-sids", "[MS-PAC] §2.5"},
	{22, "resource-groups", "[MS-PAC] §2.5"},
}

var pacAccountFlags = []flagBit{
	{31, "account-disabled", "[MS-SAMR] §2.2.1.12"},
	{30, "home-directory-required", "[MS-SAMR] §2.2.1.12"},
	{29, "password-not-required", "[MS-SAMR] §2.2.1.12"},
	{28, "temp-duplicate-account", "[MS-SAMR] §2.2.1.12"},
	{27, "normal-account", "[MS-SAMR] §2.2.1.12"},
	{26, "mns-logon-account", "[MS-SAMR] §2.2.1.12"},
	{25, "interdomain-trust-account", "[MS-SAMR] §2.2.1.12"},
	{24, "workstation-trust-account", "[MS-SAMR] §2.2.1.12"},
	{23, "server-trust-account", "[MS-SAMR] §2.2.1.12"},
	{22, "dont-expire-password", "[MS-SAMR] §2.2.1.12"},
	{21, "account-auto-locked", "[MS-SAMR] §2.2.1.12"},
	{20, "encrypted-text-password-allowed", "[MS-SAMR] §2.2.1.12"},
	{19, "smartcard-required", "[MS-SAMR] §2.2.1.12"},
	{18, "trusted-for-delegation", "[MS-SAMR] §2.2.1.12"},
	{17, "not-delegated", "[MS-SAMR] §2.2.1.12"},
	{16, "use-des-key-only", "[MS-SAMR] §2.2.1.12"},
	{15, "dont-require-preauth", "[MS-SAMR] §2.2.1.12"},
	{14, "password-expired", "[MS-SAMR] §2.2.1.12"},
	{13, "trusted-to-authenticate-for-delegation", "[MS-SAMR] §2.2.1.12"},
	{12, "no-auth-data-required", "[MS-SAMR] §2.2.1.12"},
	{11, "partial-secrets-account", "[MS-SAMR] §2.2.1.12"},
	{10, "use-aes-keys", "[MS-SAMR] §2.2.1.12"},
}
