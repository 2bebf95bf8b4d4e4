package etltest

// Compress packs data by plain LZ77, [MS-XCA] §2.3: greedy, but with every
// form of match that there is.
func Compress(data []byte) []byte {
	var out []byte
	flagsAt, bits, flags := 0, 0, uint32(0)
	half := -1 // place of a length byte whose upper half is free
	begin := func() {
		flagsAt = len(out)
		out = append(out, 0, 0, 0, 0)
		bits, flags = 0, 0
	}
	bit := func(b uint32) {
		flags = flags<<1 | b
		if bits++; bits == 32 {
			le.PutUint32(out[flagsAt:], flags)
			begin()
		}
	}
	begin()
	last := map[[3]byte]int{}
	for i := 0; i < len(data); {
		dist, length := 0, 0
		if i+3 <= len(data) {
			key := [3]byte(data[i:])
			if at, ok := last[key]; ok && i-at <= 8192 {
				dist = i - at
				for length = 3; i+length < len(data) && data[i+length] == data[at+length]; length++ {
				}
			}
			last[key] = i
		}
		if length == 0 {
			out = append(out, data[i])
			bit(0)
			i++
			continue
		}
		for k := 1; k < length && i+k+3 <= len(data); k++ {
			last[[3]byte(data[i+k:])] = i + k
		}
		i += length
		n := length - 3
		out = le.AppendUint16(out, uint16(dist-1)<<3|uint16(min(n, 7)))
		if n >= 7 {
			n -= 7
			if half < 0 {
				half = len(out)
				out = append(out, byte(min(n, 15)))
			} else {
				out[half] |= byte(min(n, 15)) << 4
				half = -1
			}
			if n >= 15 {
				if n -= 15; n < 255 {
					out = append(out, byte(n))
				} else if n += 15 + 7; n <= 0xffff {
					out = le.AppendUint16(append(out, 255), uint16(n))
				} else {
					out = le.AppendUint32(append(out, 255, 0, 0), uint32(n))
				}
			}
		}
		bit(1)
	}
	// What is left of the flags says that nothing follows.
	for k := bits; k < 32; k++ {
		flags = flags<<1 | 1
	}
	le.PutUint32(out[flagsAt:], flags)
	return out
}
