package decode

// base64Values maps the standard alphabet (RFC 4648 §4) to its values, every
// other byte to 0xff.
var base64Values = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range len(alphabet) {
		t[alphabet[i]] = byte(i)
	}
	return t
}()

// decodeBase64 decodes src into dst, which is grown as needed, up to the first
// byte that is no base64 and tells how many characters it took, padding
// included. A cut end gives the bytes that are certain.
func decodeBase64(dst, src []byte) (out []byte, n int) {
	out = dst[:0]
	var acc uint32
	bits := 0
	for n < len(src) {
		v := base64Values[src[n]]
		if v == 0xff {
			break
		}
		n++
		acc = acc<<6 | uint32(v)
		if bits += 6; bits >= 8 {
			bits -= 8
			out = append(out, byte(acc>>bits))
		}
	}
	for pad := 0; pad < 2 && n < len(src) && src[n] == '='; pad++ {
		n++
	}
	return out, n
}
