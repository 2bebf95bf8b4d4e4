package decode

import (
	"encoding/binary"
	"strings"
)

// Packet types, [MS-TDS] §2.2.3.1.1.
const (
	tdsBatch    = 0x01
	tdsRPC      = 0x03
	tdsReply    = 0x04 // every answer of the server
	tdsBulk     = 0x07
	tdsFedAuth  = 0x08
	tdsTransMgr = 0x0e
	tdsLogin7   = 0x10
	tdsSSPI     = 0x11
	tdsPrelogin = 0x12
)

const (
	tdsHeaderSize = 8
	// maxTDSMessage bounds a message that is waited for; [MS-TDS] §2.2.6.4: a
	// login has at most 128 KiB - 1.
	maxTDSMessage = 1 << 17
)

// tdsHeader reads a packet header, [MS-TDS] §2.2.3.1: the packet's size with
// it, and whether the message ends here.
func tdsHeader(b []byte) (typ byte, size int, end, ok bool) {
	if len(b) < tdsHeaderSize {
		return 0, 0, false, false
	}
	size = int(binary.BigEndian.Uint16(b[2:]))
	return b[0], size, b[1]&1 != 0, size >= tdsHeaderSize && b[1] <= 0x1f && b[7] == 0
}

// tdsSpan is how many bytes of b the message at its start takes, and whether
// that is all of it.
func tdsSpan(b []byte) (n int, whole bool) {
	for n <= maxTDSMessage {
		typ, size, end, ok := tdsHeader(b[n:])
		switch {
		case len(b)-n < tdsHeaderSize:
			return len(b), false
		case !ok || typ != b[0]:
			return n, true // broken off
		case n+size > len(b):
			return len(b), false
		}
		if n += size; end {
			break
		}
	}
	return n, true
}

// tdsMessage puts the contents of the message b together from its packets, as
// far as they are there.
func tdsMessage(b []byte) (m spliced) {
	for at := 0; at+tdsHeaderSize <= len(b); {
		_, size, _, ok := tdsHeader(b[at:])
		if !ok {
			break
		}
		m.add(b[at+tdsHeaderSize:min(at+size, len(b))], at+tdsHeaderSize)
		at += size
	}
	return m
}

// A tdsLogin is what is read of a LOGIN7, [MS-TDS] §2.2.6.4: never the user's
// name or password.
type tdsLogin struct {
	host, server string
	integrated   bool // fIntSecurity
	fedAuth      bool
	sspi         []byte
	sspiAt       int // in the message
}

const tdsLoginSize = 94 // its fixed part

func readTDSLogin(b []byte) (l tdsLogin, ok bool) {
	if len(b) < tdsLoginSize {
		return l, false
	}
	l.integrated = b[25]&0x80 != 0
	str := func(at int) string {
		off, n := int(binary.LittleEndian.Uint16(b[at:])), 2*int(binary.LittleEndian.Uint16(b[at+2:]))
		if off < tdsLoginSize || off > len(b) || off+n > len(b) || n > 512 {
			return ""
		}
		return utf16Text(b[off : off+n])
	}
	l.host, l.server = str(36), str(52)
	off, n := int(binary.LittleEndian.Uint16(b[78:])), int(binary.LittleEndian.Uint16(b[80:]))
	if long := binary.LittleEndian.Uint32(b[90:]); n == 0xffff && long > 0 {
		n = int(min(long, maxTDSMessage))
	}
	if n > 0 && off >= tdsLoginSize && off < len(b) {
		l.sspi, l.sspiAt = b[off:min(off+n, len(b))], off
	}
	if b[27]&0x10 != 0 { // fExtension
		l.fedAuth = tdsFeature(b, int(binary.LittleEndian.Uint16(b[56:])), 0x02)
	}
	return l, true
}

// tdsFeature tells whether the FeatureExt block whose offset stands at offset
// at of a LOGIN7 holds a feature.
func tdsFeature(b []byte, at int, id byte) bool {
	if at < tdsLoginSize || at+4 > len(b) {
		return false
	}
	off := uint64(binary.LittleEndian.Uint32(b[at:]))
	for off+5 <= uint64(len(b)) && b[off] != 0xff {
		if b[off] == id {
			return true
		}
		off += 5 + uint64(binary.LittleEndian.Uint32(b[off+1:]))
	}
	return false
}

// tdsOption is the first byte of a PRELOGIN option, [MS-TDS] §2.2.6.5; false
// when the message is no PRELOGIN or does not hold it.
func tdsOption(b []byte, token byte) (byte, bool) {
	if !isTDSPrelogin(b) {
		return 0, false
	}
	for at := 0; at+5 <= len(b) && b[at] != 0xff; at += 5 {
		if off, n := int(binary.BigEndian.Uint16(b[at+1:])), binary.BigEndian.Uint16(b[at+3:]); b[at] == token && n > 0 && off < len(b) {
			return b[off], true
		}
	}
	return 0, false
}

// isTDSPrelogin knows a PRELOGIN by its first option, the VERSION of six
// bytes, which points behind the options.
func isTDSPrelogin(b []byte) bool {
	return len(b) >= 6 && b[0] == 0 && b[1] == 0 && b[2] >= 6 && b[3] == 0 && b[4] == 6
}

// Tokens of the server, [MS-TDS] §2.2.7.
const (
	tdsTokError     = 0xaa
	tdsTokInfo      = 0xab
	tdsTokLoginAck  = 0xad
	tdsTokFeatures  = 0xae
	tdsTokEnvChange = 0xe3
	tdsTokState     = 0xe4
	tdsTokSSPI      = 0xed
	tdsTokFedAuth   = 0xee
	tdsTokDone      = 0xfd
)

// tdsToken reads the token at the start of b that an answer to a login may
// hold: its contents, their offset, and its size, which may be beyond b; 0 for
// any other.
func tdsToken(b []byte) (body []byte, at, size int) {
	if len(b) == 0 {
		return nil, 0, 0
	}
	n := 0
	switch b[0] {
	case tdsTokError, tdsTokInfo, tdsTokLoginAck, tdsTokEnvChange, tdsTokSSPI:
		if at = 3; len(b) < at {
			return nil, at, len(b)
		}
		n = int(binary.LittleEndian.Uint16(b[1:]))
	case tdsTokState, tdsTokFedAuth:
		if at = 5; len(b) < at {
			return nil, at, len(b)
		}
		n = int(min(binary.LittleEndian.Uint32(b[1:]), maxTDSMessage))
	case tdsTokFeatures: // a list of features, each with its length, to 0xff
		at = 1
		for at+n < len(b) && b[at+n] != 0xff {
			if at+n+5 > len(b) {
				return nil, at, len(b)
			}
			n += 5 + int(min(binary.LittleEndian.Uint32(b[at+n+1:]), maxTDSMessage))
		}
		n++
	case tdsTokDone, tdsTokDone + 1, tdsTokDone + 2:
		at, n = 1, 12 // eight bytes before TDS 7.2, where nothing follows
	default:
		return nil, 0, 0
	}
	if at < len(b) {
		body = b[at:min(at+n, len(b))]
	}
	return body, at, at + n
}

// A tdsError is an ERROR token, [MS-TDS] §2.2.7.10.
type tdsError struct {
	number       int32
	state, class byte
	text, server string
}

func readTDSError(b []byte) (e tdsError, ok bool) {
	if len(b) < 6 {
		return e, false
	}
	e.number, e.state, e.class = int32(binary.LittleEndian.Uint32(b)), b[4], b[5]
	if b = b[6:]; len(b) >= 2 {
		n := 2 * int(binary.LittleEndian.Uint16(b))
		b = b[2:]
		e.text = utf16Text(b[:min(n, len(b))])
		if b = b[min(n, len(b)):]; len(b) > 0 {
			e.server = utf16Text(b[1:min(1+2*int(b[0]), len(b))])
		}
	}
	return e, true
}

// readTDSLoginAck is the name of the program of a LOGINACK, [MS-TDS] §2.2.7.14.
func readTDSLoginAck(b []byte) string {
	if len(b) < 6 {
		return ""
	}
	return utf16Text(b[6:min(6+2*int(b[5]), len(b))])
}

// tdsErrorNames are the symbolic names that Microsoft gives to errors of a
// login.
var tdsErrorNames = map[int32]string{18456: "LOGON_FAILED"}

// tdsLoginError tells whether an error is about a login by its number alone.
func tdsLoginError(number int32) bool {
	return number == 17806 || number == 17809 || number == 17892 || number >= 18450 && number <= 18489
}

// tdsDatabaseError tells whether an error says that a user who was let in may
// not use the database asked for, or his own: 4060, 4063, 4064.
func tdsDatabaseError(number int32) bool {
	return number == 4060 || number == 4063 || number == 4064
}

// tdsQuoted is text without what stands in quotes: the name of a user.
func tdsQuoted(s string) string {
	from, to := strings.IndexByte(s, '\''), strings.LastIndexByte(s, '\'')
	if from < 0 || to <= from+1 {
		return s
	}
	return s[:from+1] + "…" + s[to:]
}

// tdsHost is the host in what a client calls a server: "tcp:sql1.contoso.com\INST",
// "sql1,1433".
func tdsHost(s string) string {
	if i := strings.IndexByte(s, ':'); i >= 0 {
		s = s[i+1:]
	}
	if i := strings.IndexAny(s, `\,`); i >= 0 {
		s = s[:i]
	}
	if strings.EqualFold(s, "localhost") || !hostLike(s) {
		return ""
	}
	return s
}
