package krb5

// Padata types that are decoded or that a diagnosis asks for.
const (
	PATGSReq             = 1
	PAEncTimestamp       = 2
	PAPWSalt             = 3
	PAAFS3Salt           = 10
	PAETypeInfo          = 11
	PAPKASReqOld         = 14
	PAPKASRepOld         = 15
	PAPKASReq            = 16
	PAPKASRep            = 17
	PAETypeInfo2         = 19
	PASvrReferralInfo    = 20
	PAPACRequest         = 128
	PAForUser            = 129
	PAS4UX509User        = 130
	PAFXCookie           = 133
	PAFXFAST             = 136
	PAFXError            = 137
	PAEncryptedChallenge = 138
	PAOTPChallenge       = 141
	PAOTPRequest         = 142
	PAReqEncPARep        = 149
	PAASFreshness        = 150
	PASPAKE              = 151
	PAKeyListReq         = 161
	PAKeyListRep         = 162
	PASupportedEnctypes  = 165
	PAPACOptions         = 167
)

var padataTypes = []number{
	{PATGSReq, "PA-TGS-REQ", "RFC 4120 §7.5.2"},
	{PAEncTimestamp, "PA-ENC-TIMESTAMP", "RFC 4120 §7.5.2"},
	{PAPWSalt, "PA-PW-SALT", "RFC 4120 §7.5.2"},
	{5, "PA-ENC-UNIX-TIME", "RFC 4120 §7.5.2"},
	{6, "PA-SANDIA-SECUREID", "RFC 4120 §7.5.2"},
	{7, "PA-SESAME", "RFC 4120 §7.5.2"},
	{8, "PA-OSF-DCE", "RFC 4120 §7.5.2"},
	{9, "PA-CYBERSAFE-SECUREID", "RFC 4120 §7.5.2"},
	{PAAFS3Salt, "PA-AFS3-SALT", "RFC 4120 §7.5.2"},
	{PAETypeInfo, "PA-ETYPE-INFO", "RFC 4120 §7.5.2"},
	{12, "PA-SAM-CHALLENGE", "RFC 4120 §7.5.2"},
	{13, "PA-SAM-RESPONSE", "RFC 4120 §7.5.2"},
	{PAPKASReqOld, "PA-PK-AS-REQ-OLD", "RFC 4120 §7.5.2"},
	{PAPKASRepOld, "PA-PK-AS-REP-OLD", "RFC 4120 §7.5.2"},
	{PAPKASReq, "PA-PK-AS-REQ", "RFC 4556 §3.1.3"},
	{PAPKASRep, "PA-PK-AS-REP", "RFC 4556 §3.1.3"},
	{18, "PA-PK-OCSP-RESPONSE", "RFC 4557 §3"},
	{PAETypeInfo2, "PA-ETYPE-INFO2", "RFC 4120 §7.5.2"},
	{PASvrReferralInfo, "PA-SVR-REFERRAL-INFO", "RFC 4120 §7.5.2"},
	{21, "PA-SAM-REDIRECT", "RFC 4120 §7.5.2"},
	{22, "PA-GET-FROM-TYPED-DATA", "RFC 4120 §7.5.2"},
	{23, "PA-SAM-ETYPE-INFO", "RFC 4120 §7.5.2"},
	{24, "PA-ALT-PRINC", "draft-ietf-krb-wg-hw-auth"},
	{25, "PA-SERVER-REFERRAL", "draft-ietf-krb-wg-kerberos-referrals"},
	{30, "PA-SAM-CHALLENGE2", "draft-ietf-krb-wg-kerberos-sam"},
	{31, "PA-SAM-RESPONSE2", "draft-ietf-krb-wg-kerberos-sam"},
	{41, "PA-EXTRA-TGT", "IANA Pre-authentication and Typed Data"},
	{PAPACRequest, "PA-PAC-REQUEST", "[MS-KILE] §2.2.3"},
	{PAForUser, "PA-FOR-USER", "[MS-SFU] §2.2.1"},
	{PAS4UX509User, "PA-FOR-X509-USER", "[MS-SFU] §2.2.2, there PA-S4U-X509-USER"},
	{131, "PA-FOR-CHECK-DUPS", "IANA Pre-authentication and Typed Data"},
	{132, "PA-AS-CHECKSUM", "IANA Pre-authentication and Typed Data"},
	{PAFXCookie, "PA-FX-COOKIE", "RFC 6113 §7.1"},
	{134, "PA-AUTHENTICATION-SET", "RFC 6113 §7.1"},
	{135, "PA-AUTH-SET-SELECTED", "RFC 6113 §7.1"},
	{PAFXFAST, "PA-FX-FAST", "RFC 6113 §7.1"},
	{PAFXError, "PA-FX-ERROR", "RFC 6113 §7.1"},
	{PAEncryptedChallenge, "PA-ENCRYPTED-CHALLENGE", "RFC 6113 §7.1"},
	{PAOTPChallenge, "PA-OTP-CHALLENGE", "RFC 6560 §5.1"},
	{PAOTPRequest, "PA-OTP-REQUEST", "RFC 6560 §5.1"},
	{143, "PA-OTP-CONFIRM", "RFC 6560 §5.1"},
	{144, "PA-OTP-PIN-CHANGE", "RFC 6560 §5.1"},
	{145, "PA-EPAK-AS-REQ", "IANA Pre-authentication and Typed Data"},
	{146, "PA-EPAK-AS-REP", "IANA Pre-authentication and Typed Data"},
	{147, "PA-PKINIT-KX", "RFC 8062 §7"},
	{148, "PA-PKU2U-NAME", "draft-zhu-pku2u"},
	{PAReqEncPARep, "PA-REQ-ENC-PA-REP", "RFC 6806 §11"},
	{PAASFreshness, "PA-AS-FRESHNESS", "RFC 8070 §4"},
	{PASPAKE, "PA-SPAKE", "RFC 9588 §12.1"},
	{152, "PA-REDHAT-IDP-OAUTH2", "IANA Pre-authentication and Typed Data"},
	{153, "PA-REDHAT-PASSKEY", "IANA Pre-authentication and Typed Data"},
	{PAKeyListReq, "KERB-KEY-LIST-REQ", "[MS-KILE] §2.2.11"},
	{PAKeyListRep, "KERB-KEY-LIST-REP", "[MS-KILE] §2.2.12"},
	{PASupportedEnctypes, "PA-SUPPORTED-ENCTYPES", "[MS-KILE] §2.2.8"},
	{166, "PA-EXTENDED-ERROR", "[MS-KILE]"},
	{PAPACOptions, "PA-PAC-OPTIONS", "[MS-KILE] §2.2.10"},
}

var typedDataTypes = []number{
	{22, "TD-PADATA", "RFC 4120 §7.5.2"},
	{101, "TD-PKINIT-CMS-CERTIFICATES", "RFC 4120 §7.5.2"},
	{102, "TD-KRB-PRINCIPAL", "RFC 4120 §7.5.2"},
	{103, "TD-KRB-REALM", "RFC 4120 §7.5.2"},
	{104, "TD-TRUSTED-CERTIFIERS", "RFC 4556 §3.1.3"},
	{105, "TD-CERTIFICATE-INDEX", "RFC 4556 §3.1.3 (TD-INVALID-CERTIFICATES)"},
	{106, "TD-APP-DEFINED-ERROR", "RFC 4120 §7.5.2"},
	{107, "TD-REQ-NONCE", "RFC 4120 §7.5.2"},
	{108, "TD-REQ-SEQ", "RFC 4120 §7.5.2"},
	{109, "TD-DH-PARAMETERS", "RFC 4556 §3.1.3"},
	{111, "TD-CMS-DIGEST-ALGORITHMS", "RFC 8636 §4"},
	{112, "TD-CERT-DIGEST-ALGORITHMS", "RFC 8636 §4"},
}
