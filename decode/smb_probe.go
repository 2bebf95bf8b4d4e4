package decode

import (
	"bytes"
	"strings"
)

// smbID tells whether b begins with four bytes of length and a protocol id.
func smbID(b []byte, id string) verdict {
	if len(b) == 0 {
		return needMore
	}
	if b[0] != 0 {
		return no
	}
	if len(b) < 8 {
		if len(b) > 4 && !strings.HasPrefix(id, string(b[4:])) {
			return no
		}
		return needMore
	}
	if string(b[4:8]) != id {
		return no
	}
	return yes
}

// smb1Direction tells whether an SMB1 message goes the way it should: the
// reply flag, [MS-CIFS] §2.2.3.1.
func smb1Direction(b []byte, up bool) bool {
	return len(b) <= 4+9 || b[4+9]&0x80 == 0 == up
}

// skipNetBIOS is b without a session request or answers in front.
func skipNetBIOS(b []byte) []byte {
	for range 3 {
		if len(b) < 4 || b[0] < 0x81 || b[0] > 0x85 || b[1] != 0 {
			break
		}
		n := 4 + int(b[2])<<8 + int(b[3])
		if n > len(b) || n > 1<<10 {
			return b[:0]
		}
		b = b[n:]
	}
	return b
}

// offersSMB2 tells whether an SMB1 negotiate lists an SMB2 dialect,
// [MS-SMB2] §3.2.4.2.2.1.
func offersSMB2(b []byte) bool {
	return len(b) > 8 && b[8] == smb1Negotiate && bytes.Contains(b[:min(len(b), 512)], []byte("\x02SMB 2."))
}

// nextSMB is the protocol id of the second message in b, "" if it is not there.
func nextSMB(b []byte) string {
	n := 4 + int(b[1])<<16 + int(b[2])<<8 + int(b[3])
	if len(b) < n+8 {
		return ""
	}
	return string(b[n+4 : n+8])
}
