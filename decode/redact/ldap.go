package redact

// ldap redacts an LDAPMessage (RFC 4511 §4.1.1) or whatever else stands on the
// connection, and returns how long it is; 0 when it is none.
func (r *Redactor) ldap(b []byte, _ bool) int {
	e, ok := readElement(b)
	if !ok || e.tag != 0x30 {
		return 0
	}
	if id, ok := readElement(e.body); !ok || id.tag != 0x02 || len(id.body) > 4 {
		return 0
	}
	r.elements(e.body, within{field: -1, first: -1, ldap: true})
	return e.size
}

// ldapString redacts a value: a token, the answer to a locator ping, or text.
func (r *Redactor) ldapString(b []byte) {
	switch {
	case len(b) == 0:
	case len(b) >= 25 && (b[0] == 23 || b[0] == 25) && b[1] == 0 && b[2] == 0 && b[3] == 0:
		r.netlogon(b)
	case len(b) == 4 && !printable(b): // NtVer and other numbers of a filter
	case printable(b):
		r.text(b)
	default:
		if !r.token(b) {
			wipe(b)
		}
	}
}

// netlogon redacts a NETLOGON_SAM_LOGON_RESPONSE_EX, [MS-ADTS] §6.3.1.9.
func (r *Redactor) netlogon(b []byte) {
	r.hide(b[8:24]) // DomainGuid
	at := 24
	for range 8 {
		n := r.dnsName(b, at)
		if n < 0 { // cut
			wipe(b[at:])
			return
		}
		at = n
	}
	end := len(b)
	if at+8 <= end && string(b[end-4:]) == "\xff\xff\xff\xff" { // behind NtVersion
		end -= 8
	}
	wipe(part(b, at, end-at))
}
