package decode

// upperASCII is a byte in upper case.
func upperASCII(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - ('a' - 'A')
	}
	return c
}

// prefixFold tells whether b begins with w, which is in upper case, in any case.
func prefixFold(b []byte, w string) bool {
	if len(b) < len(w) {
		return false
	}
	for i := range len(w) {
		if upperASCII(b[i]) != w[i] {
			return false
		}
	}
	return true
}

// containsFold tells whether w, which is in upper case, stands in b in any case.
func containsFold(b []byte, w string) bool {
	for len(b) >= len(w) {
		if prefixFold(b, w) {
			return true
		}
		b = b[1:]
	}
	return false
}

// oneOf is the word of list that b is in any case, "" if none.
func oneOf(list []string, b []byte) string {
	for _, w := range list {
		if len(w) == len(b) && prefixFold(b, w) {
			return w
		}
	}
	return ""
}
