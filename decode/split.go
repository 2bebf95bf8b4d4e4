package decode

// A needle may be cut in two by the end of a segment, or in more pieces by tiny
// ones. On ports that mean nothing, where segments are looked at one by one, the
// gate keeps the state of a search across them: how much of a needle the bytes
// so far end with. It is kept only where it is not 0, which chance brings once
// in a hundred segments.
const (
	splitNone   uint8 = iota
	split03           // 03
	split0302         // 03 02
	split030201       // 03 02 01
	splitY            // the beginning of a token in base64: "YII", "YIG" …
	splitYI
	splitFound
)

// splitNeedle goes on with a search whose state is s.
func splitNeedle(s uint8, b []byte) uint8 {
	for _, c := range b {
		switch {
		case s == split03 && c == 0x02:
			s = split0302
		case s == split0302 && c == 0x01:
			s = split030201
		case s == split030201 && c == 0x05, s == splitYI && c >= 'E' && c <= 'P':
			return splitFound
		case s == splitY && c == 'I':
			s = splitYI
		case c == 0x03:
			s = split03
		case c == 'Y':
			s = splitY
		default:
			s = splitNone
		}
	}
	return s
}

// tokenHead is how many characters of a token in base64 it takes to know it.
const tokenHead = 24

// tailOf is the state of the search behind a payload that holds no needle. Text
// that ends so soon behind what may begin a token that hasNeedle could not tell
// counts as found.
func tailOf(b []byte) uint8 {
	if t := b[max(0, len(b)-tokenHead+1):]; isText(t) {
		for i := 0; i+2 < len(t); i++ {
			if t[i] == 'Y' && t[i+1] == 'I' && t[i+2] >= 'E' && t[i+2] <= 'P' {
				return splitFound
			}
		}
	}
	return splitNeedle(splitNone, b[max(0, len(b)-3):])
}

// joinsNeedle tells whether a payload goes on with what was kept of the one
// before it: most do not, by their first byte.
func joinsNeedle(s uint8, b []byte) bool {
	return splitNeedle(s, b[:min(len(b), 3)]) == splitFound
}
