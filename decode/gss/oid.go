package gss

import "strconv"

// The mechanisms, dotted and as the contents of their DER encoding.
const (
	OIDKerberos    = "1.2.840.113554.1.2.2"   // RFC 4121
	OIDMSKerberos  = "1.2.840.48018.1.2.2"    // the same, one arc cut to 16 bits: [MS-SPNG] §3.1.5.2
	OIDU2U         = "1.2.840.113554.1.2.2.3" // Kerberos user-to-user
	OIDKerberosOld = "1.3.5.1.5.2"            // RFC 1964's first draft
	OIDIAKERB      = "1.3.6.1.5.2.5"          // draft-ietf-kitten-iakerb
	OIDPKU2U       = "1.3.6.1.5.2.7"          // draft-zhu-pku2u
	OIDSPNEGO      = "1.3.6.1.5.5.2"          // RFC 4178
	OIDNTLM        = "1.3.6.1.4.1.311.2.2.10" // [MS-NLMP] §1.9
	OIDNegoEx      = "1.3.6.1.4.1.311.2.2.30" // [MS-NEGOEX] §1.9
	OIDSCRAMSHA1   = "1.3.6.1.5.5.14"         // RFC 5802
	OIDEAPAES128   = "1.3.6.1.5.5.15.1.1.17"  // RFC 7055
	OIDEAPAES256   = "1.3.6.1.5.5.15.1.1.18"  // RFC 7055
	derKerberos    = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
	derMSKerberos  = "\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"
	derU2U         = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x03"
	derKerberosOld = "\x2b\x05\x01\x05\x02"
	derIAKERB      = "\x2b\x06\x01\x05\x02\x05"
	derPKU2U       = "\x2b\x06\x01\x05\x02\x07"
	derSPNEGO      = "\x2b\x06\x01\x05\x05\x02"
	derNTLM        = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"
	derNegoEx      = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e"
)

// MechName is the usual name of a mechanism given as a dotted OID; the OID
// itself when it is not known.
func MechName(oid string) string {
	switch oid {
	case OIDKerberos:
		return "Kerberos"
	case OIDMSKerberos:
		return "MS-Kerberos"
	case OIDU2U:
		return "Kerberos-U2U"
	case OIDKerberosOld:
		return "Kerberos-old"
	case OIDIAKERB:
		return "IAKERB"
	case OIDPKU2U:
		return "PKU2U"
	case OIDSPNEGO:
		return "SPNEGO"
	case OIDNTLM:
		return "NTLM"
	case OIDNegoEx:
		return "NEGOEX"
	case OIDSCRAMSHA1:
		return "SCRAM-SHA-1"
	case OIDEAPAES128, OIDEAPAES256:
		return "EAP"
	}
	return oid
}

// IsKerberos tells whether a dotted OID stands for Kerberos in any of its
// spellings.
func IsKerberos(oid string) bool {
	switch oid {
	case OIDKerberos, OIDMSKerberos, OIDU2U, OIDKerberosOld, OIDIAKERB:
		return true
	}
	return false
}

// dotted spells the contents of an OBJECT IDENTIFIER (X.690 §8.19). The known
// ones cost no allocation. An arc over 63 bits ends the number with "?".
func dotted(b []byte) string {
	switch string(b) {
	case derKerberos:
		return OIDKerberos
	case derMSKerberos:
		return OIDMSKerberos
	case derU2U:
		return OIDU2U
	case derKerberosOld:
		return OIDKerberosOld
	case derIAKERB:
		return OIDIAKERB
	case derPKU2U:
		return OIDPKU2U
	case derSPNEGO:
		return OIDSPNEGO
	case derNTLM:
		return OIDNTLM
	case derNegoEx:
		return OIDNegoEx
	}
	const longest = 64
	if len(b) > longest {
		b = b[:longest]
	}
	var arc uint64
	s := make([]byte, 0, 32)
	for i, c := range b {
		if arc >= 1<<56 {
			return string(append(s, ".?"...))
		}
		arc = arc<<7 | uint64(c&0x7f)
		if c&0x80 != 0 {
			if i == len(b)-1 {
				return string(append(s, ".?"...))
			}
			continue
		}
		if len(s) == 0 {
			first := min(arc/40, 2)
			s = strconv.AppendUint(s, first, 10)
			arc -= first * 40
		}
		s = append(s, '.')
		s = strconv.AppendUint(s, arc, 10)
		arc = 0
	}
	return string(s)
}
