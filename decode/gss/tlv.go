package gss

// element is one TLV (X.690 §8.1). body holds what there is of its contents.
type element struct {
	tag  byte
	head int // bytes of tag and length
	size int // head and contents as far as they are there
	body []byte
	cut  bool // the length reaches beyond the end
}

// readTLV reads the element at the start of b. BER lengths of any form are
// taken, an indefinite one as reaching to the end. It fails on multi-byte
// tags, which GSS does not use, and on lengths over four bytes.
func readTLV(b []byte) (element, bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return element{}, false
	}
	n := uint64(b[1])
	if n < 0x80 && 2+n <= uint64(len(b)) { // nearly every element
		return element{tag: b[0], head: 2, size: 2 + int(n), body: b[2 : 2+n]}, true
	}
	e := element{tag: b[0], head: 2}
	switch {
	case n == 0x80:
		n = uint64(len(b) - 2)
	case n > 0x80:
		k := int(n & 0x7f)
		if k > 4 || len(b) < 2+k {
			return element{}, false
		}
		n = 0
		for _, c := range b[2 : 2+k] {
			n = n<<8 | uint64(c)
		}
		e.head += k
	}
	if rest := uint64(len(b) - e.head); n > rest {
		n, e.cut = rest, true
	}
	e.size = e.head + int(n)
	e.body = b[e.head:e.size]
	return e, true
}
