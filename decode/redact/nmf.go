package redact

import (
	"encoding/binary"
)

// nmf redacts a record of [MC-NMF] §2.2.3, or a frame of [MS-NNS] §2.2.
func (r *Redactor) nmf(b []byte, _ bool) int {
	if len(b) < 2 {
		return 0
	}
	switch b[0] {
	case 0x14, 0x15, 0x16:
		if len(b) < 5 || b[1] != 1 {
			return 0
		}
		n := int(binary.BigEndian.Uint16(b[3:]))
		d := part(b, 5, n)
		if b[0] != 0x15 || len(d) != 8 { // an error is a number
			r.token(d)
		}
		return 5 + n
	case 0:
		return 3
	case 1, 3:
		return 2
	case 2, 4, 8, 9:
		n, at, shift := 0, 1, 0
		for ; at < len(b) && at < 6; at++ {
			n |= int(b[at]&0x7f) << shift
			shift += 7
			if b[at]&0x80 == 0 {
				at++
				break
			}
		}
		d := part(b, at, n)
		if b[0] == 2 {
			r.target(d)
		} else {
			r.text(d)
		}
		return at + n
	case 7, 10, 11, 12:
		return 1
	}
	return 0
}
