package krb5

// An IAKERBHeader is an IAKERB-HEADER, draft-ietf-kitten-iakerb §3: a client that
// cannot reach a KDC asks the service to pass on the message behind the header.
type IAKERBHeader struct {
	TargetRealm []byte // empty: the client does not know its realm
	Cookie      []byte // of the service, which the client sends back; nil when absent
}

// ParseIAKERBHeader reads the header that b starts with. ok is false when it is none.
func ParseIAKERBHeader(b []byte) (h IAKERBHeader, ok bool) {
	p := newParser(b, 0)
	f, ok := p.first("IAKERB-HEADER")
	if !ok {
		return h, false
	}
	realm := false
	for {
		e, ok := f.next(&p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(1):
			// UTF8String in the draft; MIT sends an OCTET STRING.
			if in, ok := p.inner(e, "target-realm"); ok && !p.cut(in.body) {
				h.TargetRealm, realm = p.bytes(in.body), true
			}
		case ctx(2):
			h.Cookie, _, _ = p.octets(e, "cookie")
		}
	}
	return h, realm
}
