package decode

import (
	"bytes"
	"encoding/base64"
)

// The needles. pvno and tkt-vno are INTEGER 5 in their context tags (RFC 4120
// §5.3, §5.4.1, §5.5.1): these four bytes stand in every unencrypted Kerberos
// message and in every ticket, with or without a GSS header.
var (
	needle        = []byte{0x03, 0x02, 0x01, 0x05}
	ntlmSignature = []byte("NTLMSSP\x00")
	ntlmBase64    = []byte("TlRMTVNTUA")
)

// isText tells whether a payload begins as a line of text.
func isText(b []byte) bool {
	if len(b) < 4 {
		return false
	}
	for _, c := range b[:4] {
		if (c < 0x20 || c > 0x7e) && c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}

// base64Token finds base64 of a GSS or SPNEGO token with a two-byte length
// ("YII…", 60 82): the index of its first character, -1 if there is none. A
// Kerberos AP-REQ is never short enough for one length byte.
func base64Token(b []byte) int {
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte("YI"))
		if i < 0 {
			return -1
		}
		i += at
		at = i + 2
		if len(b)-i < 24 || b[i+2] < 'E' || b[i+2] > 'P' {
			continue
		}
		var head [18]byte
		if _, err := base64.StdEncoding.Decode(head[:], b[i:i+24]); err != nil {
			continue
		}
		// 60 82 len len 06: APPLICATION 0 with an OID in it.
		if head[0] == 0x60 && (head[1] == 0x82 && head[4] == 0x06 || head[1] == 0x83 && head[5] == 0x06 || head[1] == 0x81 && head[3] == 0x06) {
			return i
		}
	}
}
