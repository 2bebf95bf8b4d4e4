package decode

// berHeader reads the tag and length at the start of b (X.690 §8.1): the
// length of both, and that of the contents as claimed. Only definite lengths
// of up to four bytes and one-byte tags are taken, as LDAP uses (RFC 4511
// §5.1).
func berHeader(b []byte) (tag byte, head, size int, v verdict) {
	if len(b) == 0 {
		return 0, 0, 0, needMore
	}
	if tag = b[0]; tag&0x1f == 0x1f {
		return tag, 0, 0, no
	}
	if len(b) == 1 {
		return tag, 0, 0, needMore
	}
	n := int(b[1])
	if n < 0x80 {
		return tag, 2, n, yes
	}
	if n &= 0x7f; n == 0 || n > 4 {
		return tag, 0, 0, no
	}
	if len(b) < 2+n {
		return tag, 0, 0, needMore
	}
	for _, c := range b[2 : 2+n] {
		size = size<<8 | int(c)
	}
	if size < 0 || size > 1<<31-1 {
		return tag, 0, 0, no
	}
	return tag, 2 + n, size, yes
}

// berElement is the element at the start of b: its contents as far as they
// are there, their offset in b, and what follows it.
func berElement(b []byte) (tag byte, body []byte, at int, rest []byte, ok bool) {
	tag, head, size, v := berHeader(b)
	if v != yes {
		return 0, nil, 0, nil, false
	}
	end := min(head+size, len(b))
	return tag, b[head:end], head, b[end:], true
}
