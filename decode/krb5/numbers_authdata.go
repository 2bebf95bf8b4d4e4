package krb5

var adTypes = []number{
	{ADIfRelevant, "AD-IF-RELEVANT", "RFC 4120 §7.5.4"},
	{2, "AD-INTENDED-FOR-SERVER", "IANA Kerberos Authorization Data, RFC 4120 §7.5.4"},
	{3, "AD-INTENDED-FOR-APPLICATION-CLASS", "IANA Kerberos Authorization Data, RFC 4120 §7.5.4"},
	{ADKDCIssued, "AD-KDC-ISSUED", "RFC 4120 §7.5.4"},
	{ADAndOr, "AD-AND-OR", "RFC 4120 §7.5.4"},
	{6, "AD-MANDATORY-TICKET-EXTENSIONS", "RFC 4120 §7.5.4"},
	{7, "AD-IN-TICKET-EXTENSIONS", "RFC 4120 §7.5.4"},
	{ADMandatoryForKDC, "AD-MANDATORY-FOR-KDC", "RFC 4120 §7.5.4"},
	{9, "AD-INITIAL-VERIFIED-CAS", "RFC 4556 §3.2.2"},
	{64, "OSF-DCE", "RFC 4120 §7.5.4"},
	{65, "SESAME", "RFC 4120 §7.5.4"},
	{66, "AD-OSF-DCE-PKI-CERTID", "RFC 4120 §7.5.4"},
	{70, "AD-AUTHENTICATION-STRENGTH", "RFC 6113 §7.3"},
	{ADFXFASTArmor, "AD-FX-FAST-ARMOR", "RFC 6113 §7.3"},
	{72, "AD-FX-FAST-USED", "RFC 6113 §7.3"},
	{ADCAMMAC, "AD-CAMMAC", "RFC 7751 §7"},
	{ADAuthenticationIndicator, "AD-AUTHENTICATION-INDICATOR", "RFC 8129 §4"},
	{ADWin2kPAC, "AD-WIN2K-PAC", "[MS-KILE] §2.2.4"},
	{ADETypeNegotiation, "AD-ETYPE-NEGOTIATION", "RFC 4537 §3"},
	{ADTokenRestrictions, "KERB-AUTH-DATA-TOKEN-RESTRICTIONS", "[MS-KILE] §2.2.4"},
	{142, "KERB-LOCAL", "[MS-KILE] §2.2.4"},
	{ADAPOptions, "AD-AUTH-DATA-AP-OPTIONS", "[MS-KILE] §2.2.4"},
	{ADTargetPrincipal, "AD-TARGET-PRINCIPAL", "[MS-KILE] §2.2.4"},
	{512, "AD-SIGNTICKET", "MIT krb5.hin KRB5_AUTHDATA_SIGNTICKET"},
}

// ADTypeName is the name of an authorization data type, "" when unknown.
func ADTypeName(typ int32) string { return adTypeNames[int64(typ)] }

// ADAPOptionNames lists the flags of KERB_AP_OPTIONS that are set; nil for none.
func ADAPOptionNames(v uint32) []string { return flagNames(v, adAPOptions) }

// Here the lowest bit is 31.
var adAPOptions = []flagBit{
	{17, "channel-binding", "[MS-KILE] §3.2.5.8 KERB_AP_OPTIONS_CBT"},
	{16, "unverified-target-name", "[MS-KILE] §3.2.5.8 KERB_AP_OPTIONS_UNVERIFIED_TARGET_NAME"},
}
