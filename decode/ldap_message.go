package decode

// The protocolOps that are read, RFC 4511 §4.
const (
	ldapBindRequest      = 0x60
	ldapBindResponse     = 0x61
	ldapSearchEntry      = 0x64
	ldapExtendedRequest  = 0x77
	ldapExtendedResponse = 0x78
)

// An ldapHeader is the start of an LDAPMessage ::= SEQUENCE { messageID,
// protocolOp, controls OPTIONAL }, RFC 4511 §4.1.1.
type ldapHeader struct {
	id     uint32
	op     byte
	total  int // length of the message as claimed
	bodyAt int // offset of the protocolOp's contents
	size   int // their length as claimed
}

// readLDAPHeader reads the header at the start of b.
func readLDAPHeader(b []byte) (h ldapHeader, v verdict) {
	tag, head, size, v := berHeader(b)
	if tag != 0x30 && len(b) > 0 {
		return h, no
	}
	if v != yes {
		return h, v
	}
	if size < 5 { // a messageID and an unbind
		return h, no
	}
	h.total = head + size
	tag, idHead, idSize, v := berHeader(b[head:])
	switch {
	case v == needMore:
		return h, needMore
	case v == no, tag != 0x02, idHead != 2, idSize < 1, idSize > 4:
		return h, no
	}
	at := head + idHead + idSize
	if len(b) <= at {
		return h, needMore
	}
	if b[head+2]&0x80 != 0 || !ldapOp(b[at]) {
		return h, no
	}
	for _, c := range b[head+2 : at] {
		h.id = h.id<<8 | uint32(c)
	}
	tag, opHead, opSize, v := berHeader(b[at:])
	if v != yes {
		return h, v
	}
	h.op, h.bodyAt, h.size = tag, at+opHead, opSize
	if h.bodyAt+opSize > h.total {
		return h, no
	}
	return h, yes
}

// ldapOp tells whether a tag is that of a protocolOp.
func ldapOp(tag byte) bool {
	switch tag {
	case 0x42, 0x4a, 0x50: // unbind, delete, abandon
		return true
	}
	switch n := tag & 0x1f; {
	case tag&0xe0 != 0x60, n == 2, n == 10, n == 16, n > 25, n == 17, n == 18, n == 20, n == 21, n == 22:
		return false
	}
	return true
}

// An ldapMessage is an LDAPMessage with its protocolOp's contents as far as
// they are there.
type ldapMessage struct {
	ldapHeader
	body []byte
}

// readLDAP reads the message at the start of b and how many bytes of b it has.
func readLDAP(b []byte) (m ldapMessage, n int, ok bool) {
	h, v := readLDAPHeader(b)
	if v != yes || h.bodyAt > len(b) {
		return m, 0, false
	}
	m.ldapHeader = h
	m.body = b[h.bodyAt:min(h.bodyAt+h.size, len(b))]
	return m, min(h.total, len(b)), true
}

// ldapAuth is the AuthenticationChoice of a bind, RFC 4511 §4.2.
type ldapAuth uint8

const (
	ldapSimple    ldapAuth = iota // with a password
	ldapAnonymous                 // simple with an empty password, RFC 4513 §5.1.1 and §5.1.2
	ldapSASL
	ldapSicilyPackages // [MS-ADTS] §5.1.1.1.3
	ldapSicilyNegotiate
	ldapSicilyResponse
)

// An ldapBind is a BindRequest. creds are the SASL credentials or the Sicily
// token; of a password one byte stands for all.
type ldapBind struct {
	auth    ldapAuth
	mech    string
	creds   []byte
	credsAt int // in the message
}

// readLDAPBind reads BindRequest ::= [APPLICATION 0] SEQUENCE { version, name,
// authentication }.
func readLDAPBind(m ldapMessage) (r ldapBind, ok bool) {
	tag, _, _, rest, ok := berElement(m.body)
	if !ok || tag != 0x02 {
		return r, false
	}
	if tag, _, _, rest, ok = berElement(rest); !ok || tag != 0x04 {
		return r, false
	}
	at := m.bodyAt + len(m.body) - len(rest)
	tag, body, head, _, ok := berElement(rest)
	if !ok {
		return r, false
	}
	switch tag {
	case 0x80:
		r.auth = ldapAnonymous
		if len(body) > 0 {
			r.auth, r.creds = ldapSimple, []byte{'*'}
		}
	case 0xa3:
		r.auth = ldapSASL
		t, mech, _, after, ok := berElement(body)
		if !ok || t != 0x04 || len(mech) > 64 {
			return r, false
		}
		r.mech = asciiUpper(mech)
		if t, creds, h, _, ok := berElement(after); ok && t == 0x04 {
			r.creds, r.credsAt = creds, at+head+len(body)-len(after)+h
		}
	case 0x89:
		r.auth = ldapSicilyPackages
	case 0x8a, 0x8b:
		r.auth = ldapSicilyNegotiate + ldapAuth(tag-0x8a)
		r.creds, r.credsAt = body, at+head
	default:
		return r, false
	}
	return r, true
}

// An ldapResult is the LDAPResult of an answer, RFC 4511 §4.1.9, with the
// serverSaslCreds [7] of a BindResponse. Offsets are into the body.
type ldapResult struct {
	code             int64
	matched, message []byte
	creds            []byte
	matchedAt        int
	credsAt          int
}

func readLDAPResult(body []byte) (r ldapResult, ok bool) {
	tag, code, _, rest, ok := berElement(body)
	if !ok || tag != 0x0a || len(code) == 0 || len(code) > 4 {
		return r, false
	}
	for _, c := range code {
		r.code = r.code<<8 | int64(c)
	}
	at := len(body) - len(rest)
	tag, matched, head, rest, ok := berElement(rest)
	if !ok || tag != 0x04 {
		return r, true
	}
	r.matched, r.matchedAt = matched, at+head
	if tag, r.message, _, rest, ok = berElement(rest); !ok || tag != 0x04 {
		return r, true
	}
	for len(rest) > 0 {
		at = len(body) - len(rest)
		tag, v, head, after, ok := berElement(rest)
		if !ok {
			break
		}
		if tag == 0x87 {
			r.creds, r.credsAt = v, at+head
		}
		rest = after
	}
	return r, true
}

// ldapAttributes calls f for every value of a SearchResultEntry ::= SEQUENCE {
// objectName, attributes SEQUENCE OF SEQUENCE { type, vals SET OF } }.
func ldapAttributes(body []byte, f func(name, value []byte)) {
	_, _, _, rest, ok := berElement(body)
	if !ok {
		return
	}
	_, list, _, _, ok := berElement(rest)
	if !ok {
		return
	}
	for len(list) > 0 {
		var attr []byte
		if _, attr, _, list, ok = berElement(list); !ok {
			return
		}
		_, name, _, rest, ok := berElement(attr)
		if !ok {
			continue
		}
		_, vals, _, _, ok := berElement(rest)
		for ok && len(vals) > 0 {
			var v []byte
			if _, v, _, vals, ok = berElement(vals); ok {
				f(name, v)
			}
		}
	}
}

// ldapResultNames are the resultCodes of RFC 4511 §4.1.9 that a bind or
// StartTLS meets.
var ldapResultNames = [...]string{
	0: "success", 1: "operationsError", 2: "protocolError", 3: "timeLimitExceeded", 4: "sizeLimitExceeded", 7: "authMethodNotSupported",
	8: "strongerAuthRequired", 10: "referral", 11: "adminLimitExceeded", 12: "unavailableCriticalExtension", 13: "confidentialityRequired",
	14: "saslBindInProgress", 16: "noSuchAttribute", 32: "noSuchObject", 34: "invalidDNSyntax", 48: "inappropriateAuthentication",
	49: "invalidCredentials", 50: "insufficientAccessRights", 51: "busy", 52: "unavailable", 53: "unwillingToPerform", 54: "loopDetect", 80: "other",
}

// ldapResultName is the name of a result code, "" when it is not known.
func ldapResultName(code int64) string {
	if code < 0 || code >= int64(len(ldapResultNames)) {
		return ""
	}
	return ldapResultNames[code]
}
