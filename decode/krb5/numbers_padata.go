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
	PAASChecksum         = 132
	PAFXCookie           = 133
	PAAuthenticationSet  = 134
	PAFXFAST             = 136
	PAFXError            = 137
	PAEncryptedChallenge = 138
	PAOTPChallenge       = 141
	PAOTPRequest         = 142
	PAPKINITKX           = 147
	PAReqEncPARep        = 149
	PAASFreshness        = 150
	PASPAKE              = 151
	PAKeyListReq         = 161
	PAKeyListRep         = 162
	PASupportedEnctypes  = 165
	PAExtendedError      = 166
	PAPACOptions         = 167
	PASupersededByUser   = 170
	PADMSAKeyPackage     = 171
)

// Types of TYPED-DATA. In FAST and where a KDC sends METHOD-DATA they stand in
// PA-DATA: one registry (RFC 6113 §5.4.3, §7.1).
const (
	TDPAData              = 22
	TDPKINITCertificates  = 101
	TDKrbPrincipal        = 102
	TDKrbRealm            = 103
	TDTrustedCertifiers   = 104
	TDInvalidCertificates = 105
	TDReqNonce            = 107
	TDReqSeq              = 108
	TDDHParameters        = 109
	TDCMSDigestAlgorithms = 111
	TDCertDigests         = 112
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
	{PAASChecksum, "PA-AS-CHECKSUM", "IANA Pre-authentication and Typed Data"},
	{PAFXCookie, "PA-FX-COOKIE", "RFC 6113 §7.1"},
	{PAAuthenticationSet, "PA-AUTHENTICATION-SET", "RFC 6113 §7.1"},
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
	{PAPKINITKX, "PA-PKINIT-KX", "RFC 8062 §7"},
	{148, "PA-PKU2U-NAME", "draft-zhu-pku2u"},
	{PAReqEncPARep, "PA-REQ-ENC-PA-REP", "RFC 6806 §11"},
	{PAASFreshness, "PA-AS-FRESHNESS", "RFC 8070 §4"},
	{PASPAKE, "PA-SPAKE", "RFC 9588 §12.1"},
	{152, "PA-REDHAT-IDP-OAUTH2", "IANA Pre-authentication and Typed Data"},
	{153, "PA-REDHAT-PASSKEY", "IANA Pre-authentication and Typed Data"},
	{PAKeyListReq, "KERB-KEY-LIST-REQ", "[MS-KILE] §2.2.11"},
	{PAKeyListRep, "KERB-KEY-LIST-REP", "[MS-KILE] §2.2.12"},
	{PASupportedEnctypes, "PA-SUPPORTED-ENCTYPES", "[MS-KILE] §2.2.8"},
	{PAExtendedError, "PA-EXTENDED-ERROR", "Wireshark, of Windows"},
	{PAPACOptions, "PA-PAC-OPTIONS", "[MS-KILE] §2.2.10"},
	{PASupersededByUser, "KERB-SUPERSEDED-BY-USER", "[MS-KILE] §2.2.13"},
	{PADMSAKeyPackage, "KERB-DMSA-KEY-PACKAGE", "[MS-KILE] §2.2.14"},
	{655, "PA-GSS", "Heimdal krb5.asn1 KRB5-PADATA-GSS"},
	{-1, "PA-PROV-SRV-LOCATION", "Heimdal krb5.asn1"},
}

// typedDataTypes is the rest of the registry. 22 has two names.
var typedDataTypes = []number{
	{TDPAData, "TD-PADATA", "RFC 4120 §7.5.2"},
	{TDPKINITCertificates, "TD-PKINIT-CMS-CERTIFICATES", "RFC 4120 §7.5.2"},
	{TDKrbPrincipal, "TD-KRB-PRINCIPAL", "RFC 4120 §7.5.2"},
	{TDKrbRealm, "TD-KRB-REALM", "RFC 4120 §7.5.2"},
	{TDTrustedCertifiers, "TD-TRUSTED-CERTIFIERS", "RFC 4556 §3.1.3"},
	{TDInvalidCertificates, "TD-CERTIFICATE-INDEX", "RFC 4120 §7.5.2, RFC 4556 §3.1.3 TD-INVALID-CERTIFICATES"},
	{106, "TD-APP-DEFINED-ERROR", "RFC 4120 §7.5.2"},
	{TDReqNonce, "TD-REQ-NONCE", "RFC 4120 §7.5.2"},
	{TDReqSeq, "TD-REQ-SEQ", "RFC 4120 §7.5.2"},
	{TDDHParameters, "TD-DH-PARAMETERS", "RFC 4556 §3.1.3"},
	{TDCMSDigestAlgorithms, "TD-CMS-DIGEST-ALGORITHMS", "RFC 8636 §4"},
	{TDCertDigests, "TD-CERT-DIGEST-ALGORITHMS", "RFC 8636 §4"},
}
