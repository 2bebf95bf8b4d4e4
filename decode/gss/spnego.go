package gss

// maxMechs bounds the mechTypes that are kept; real lists have at most seven.
const maxMechs = 32

// spnego reads a NegotiationToken without its GSS header, which stands at
// offset at of the parsed token. It is false when b is no such thing.
//
//	NegotiationToken ::= CHOICE { negTokenInit [0] NegTokenInit, negTokenResp [1] NegTokenResp }
//	NegTokenInit ::= SEQUENCE { mechTypes [0], reqFlags [1], mechToken [2], mechListMIC [3] }
//	NegTokenInit2 ::= SEQUENCE { mechTypes [0], reqFlags [1], mechToken [2], negHints [3], mechListMIC [4] }
//	NegTokenResp ::= SEQUENCE { negState [0], supportedMech [1], responseToken [2], mechListMIC [3] }
func (t *Token) spnego(b []byte, at int) bool {
	choice, ok := readTLV(b)
	if !ok {
		return false
	}
	seq, ok := readTLV(choice.body)
	if ok && seq.tag != 0x30 {
		return false
	}
	t.Kind, t.Form = State, NegTokenInit
	if choice.tag == 0xa1 {
		t.Form = NegTokenResp
	}
	t.Truncated = t.Truncated || choice.cut || seq.cut || !ok
	at += choice.head + seq.head
	rest := seq.body
	for len(rest) > 0 {
		f, ok := readTLV(rest)
		if !ok {
			t.Truncated = true
			break
		}
		t.Truncated = t.Truncated || f.cut
		if t.Form == NegTokenInit {
			t.initField(f, at+f.head)
		} else {
			t.respField(f, at+f.head)
		}
		rest = rest[f.size:]
		at += f.size
	}
	return true
}

// initField reads one field of a NegTokenInit or NegTokenInit2.
func (t *Token) initField(f element, at int) {
	switch f.tag {
	case 0xa0:
		if l, ok := readTLV(f.body); ok && l.tag == 0x30 && t.MechTypes == nil {
			t.MechTypes = oidList(l.body)
		}
	case 0xa2:
		t.mechToken(f.body, at)
	case 0xa3:
		in, ok := readTLV(f.body)
		switch {
		case ok && in.tag == 0x04:
			t.MechListMIC = true
		case ok && in.tag == 0x30:
			t.hints(in.body)
		}
	case 0xa4:
		t.MechListMIC = true
	}
}

// hints reads NegHints ::= SEQUENCE { hintName [0] GeneralString,
// hintAddress [1] OCTET STRING }, [MS-SPNG] §2.2.1.
func (t *Token) hints(b []byte) {
	f, ok := readTLV(b)
	if !ok || f.tag != 0xa0 {
		return
	}
	if s, ok := readTLV(f.body); ok && s.tag == 0x1b && len(s.body) <= maxName {
		t.HintName = string(s.body)
	}
}

// respField reads one field of a NegTokenResp.
func (t *Token) respField(f element, at int) {
	switch f.tag {
	case 0xa0:
		if e, ok := readTLV(f.body); ok && e.tag == 0x0a && len(e.body) == 1 && e.body[0] <= 3 {
			t.NegState = NegState(e.body[0]) + 1
		}
	case 0xa1:
		if e, ok := readTLV(f.body); ok && e.tag == tagOID && !e.cut {
			t.SupportedMech = dotted(e.body)
		}
	case 0xa2:
		t.mechToken(f.body, at)
	case 0xa3:
		t.MechListMIC = true
	}
}

// mechToken reads the OCTET STRING of a mechToken or responseToken. SPNEGO in
// SPNEGO is not followed.
func (t *Token) mechToken(b []byte, at int) {
	s, ok := readTLV(b)
	if !ok || s.tag != 0x04 || t.Kind != State {
		return
	}
	t.Truncated = t.Truncated || s.cut
	if len(s.body) == 0 {
		return
	}
	t.Kind = Other
	t.mech(s.body, at+s.head)
}

// oidList reads a SEQUENCE OF OBJECT IDENTIFIER.
func oidList(b []byte) []string {
	var few [8]string
	list := few[:0]
	for len(b) > 1 && len(list) < maxMechs {
		n := 2 + int(b[1])
		if b[0] != tagOID || b[1] >= 0x80 || n > len(b) {
			break
		}
		list = append(list, dotted(b[2:n]))
		b = b[n:]
	}
	if len(list) == 0 {
		return nil
	}
	return append(make([]string, 0, len(list)), list...)
}
