package krb5

import "bytes"

// A PrincipalName is a PrincipalName, RFC 4120 §5.2.2. The zero value is absent.
type PrincipalName struct {
	OK    bool       // on the wire, and complete
	Type  Opt[int32] // name-type
	names []byte     // contents of name-string, checked when read
}

func (p *parser) principal(e element, name string) (n PrincipalName) {
	if f, ok := p.sequence(e, name); ok {
		return p.principalIn(f, name)
	}
	return n
}

func (p *parser) principalIn(f fields, name string) (n PrincipalName) {
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(0):
			n.Type = p.int32(e, name)
		case ctx(1):
			if in, ok := p.typed(e, idSequence, name); ok && !p.cut(in.body) {
				n.names, n.OK = p.strings(in.body, name)
			}
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 1<<0|1<<1)
	return n
}

// strings checks a SEQUENCE OF KerberosString and returns its contents.
func (p *parser) strings(r reader, name string) (b []byte, ok bool) {
	b = p.bytes(r)
	for n := 0; p.rest(r) > 0; n++ {
		in, ok := r.next(p)
		if !ok || n == maxList || p.textOf(in, name) == nil {
			return nil, false
		}
	}
	return b, true
}

// All calls yield with each component as on the wire, until it returns false.
// The bytes belong to the message.
func (n PrincipalName) All(yield func([]byte) bool) {
	for b := n.names; len(b) > 0; {
		h, l, form := header(b)
		if form == lengthIndefinite {
			return
		}
		if form != lengthShort && form != lengthPadded || l > len(b)-h {
			return
		}
		if !yield(b[h : h+l : h+l]) {
			return
		}
		b = b[h+l:]
	}
}

// Len is the number of components.
func (n PrincipalName) Len() int {
	c := 0
	for range n.All {
		c++
	}
	return c
}

// Component returns component i, nil when there are fewer.
func (n PrincipalName) Component(i int) []byte {
	for c := range n.All {
		if i == 0 {
			return c
		}
		i--
	}
	return nil
}

// String joins the components with "/"; within a component only "/" and "\"
// are escaped, with "\". "" when absent.
func (n PrincipalName) String() string {
	if !n.OK {
		return ""
	}
	return string(n.Append(nil))
}

// Append appends what String returns to dst.
func (n PrincipalName) Append(dst []byte) []byte {
	first := true
	for c := range n.All {
		if !first {
			dst = append(dst, '/')
		}
		first = false
		for _, ch := range c {
			if ch == '/' || ch == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, ch)
		}
	}
	return dst
}

// Clone copies the name's bytes, so that the message can be let go.
func (n PrincipalName) Clone() PrincipalName {
	n.names = bytes.Clone(n.names)
	return n
}

// Equal says whether type aside two names have the same components.
func (n PrincipalName) Equal(o PrincipalName) bool {
	if n.OK != o.OK {
		return false
	}
	if bytes.Equal(n.names, o.names) {
		return true
	}
	return n.Len() == o.Len() && n.String() == o.String()
}
