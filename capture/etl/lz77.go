package etl

import (
	"encoding/binary"
	"errors"
	"io"
)

// Plain LZ77, [MS-XCA] §2.3 and §2.4 (COMPRESSION_FORMAT_XPRESS).

const (
	lzReach  = 1 << 13  // longest distance of a match
	lzToken  = 16       // more bytes than any token takes, flags included
	lzInput  = 16 << 10 // compressed bytes read at a time
	maxMatch = 64 << 20 // a longer match is as good as endless
)

var (
	errCorrupt = errors.New("the compressed data is damaged")
	errShort   = errors.New("the compressed data ends too early")
)

// An lz77 decompresses piece by piece: no more memory than the reach of a
// match and what is asked for at a time.
type lz77 struct {
	src      io.ReaderAt
	off, end int64 // compressed bytes still in the file
	in       []byte
	at       int // in in

	flags  uint32
	bits   int // unread bits of flags
	half   int // unread half of a length byte; -1: none
	dist   int // of the match begun
	match  int // bytes of it still to be copied
	failed error
}

// reset begins with the compressed bytes from off to end of src.
func (z *lz77) reset(src io.ReaderAt, off, end int64) {
	*z = lz77{src: src, off: off, end: end, in: z.in[:0], half: -1}
}

// fill reads compressed bytes, so that a whole token is there if the input has it.
func (z *lz77) fill() error {
	if z.off >= z.end {
		return nil
	}
	if cap(z.in) < lzInput {
		z.in = make([]byte, 0, lzInput)
	}
	n := copy(z.in[:lzInput], z.in[z.at:])
	z.at = 0
	want := int(min(lzInput-int64(n), z.end-z.off))
	got, err := z.src.ReadAt(z.in[n:n+want], z.off)
	z.in = z.in[:n+got]
	z.off += int64(got)
	if got == want {
		return nil
	}
	z.end = z.off
	if err == io.EOF {
		return nil
	}
	return err
}

// decode fills out behind its first n bytes, which are what was decompressed
// before (as far as matches reach), and returns how many bytes it then holds.
// err is errCorrupt or errShort, or that of the source; bytes up to there count.
func (z *lz77) decode(out []byte, n int) (int, error) {
	if z.failed != nil {
		return n, z.failed
	}
	n, z.failed = z.run(out, n)
	return n, z.failed
}

func (z *lz77) run(out []byte, n int) (int, error) {
	for n < len(out) {
		if z.match > 0 {
			if z.dist > n {
				return n, errCorrupt
			}
			k := min(z.match, len(out)-n)
			z.match -= k
			if z.dist >= k {
				copy(out[n:n+k], out[n-z.dist:])
				n += k
				continue
			}
			for ; k > 0; k-- { // what is copied may be what was just written
				out[n] = out[n-z.dist]
				n++
			}
			continue
		}
		if len(z.in)-z.at < lzToken {
			if err := z.fill(); err != nil {
				return n, err
			}
		}
		in := z.in[z.at:]
		if z.bits == 0 {
			if len(in) < 4 {
				return n, errShort
			}
			z.flags, z.bits = binary.LittleEndian.Uint32(in), 32
			in = in[4:]
			z.at += 4
		}
		if len(in) == 0 {
			return n, errShort
		}
		z.bits--
		if z.flags>>z.bits&1 == 0 {
			out[n] = in[0]
			n++
			z.at++
			// More literals, while neither side ends.
			for z.bits > 0 && n < len(out) && z.at < len(z.in) && z.flags>>(z.bits-1)&1 == 0 {
				out[n] = z.in[z.at]
				n++
				z.at++
				z.bits--
			}
			continue
		}
		used, err := z.token(in)
		if err != nil {
			return n, err
		}
		z.at += used
	}
	return n, nil
}

// token reads a match and returns how many bytes it took.
func (z *lz77) token(in []byte) (int, error) {
	if len(in) < 2 {
		return 0, errShort
	}
	m := binary.LittleEndian.Uint16(in)
	pos := 2
	length := int(m & 7)
	if length == 7 {
		if z.half < 0 {
			if len(in) <= pos {
				return 0, errShort
			}
			length, z.half = int(in[pos]&15), int(in[pos]>>4)
			pos++
		} else {
			length, z.half = z.half, -1
		}
		if length == 15 {
			if len(in) <= pos {
				return 0, errShort
			}
			length = int(in[pos])
			pos++
			if length == 255 {
				if len(in) < pos+2 {
					return 0, errShort
				}
				long := binary.LittleEndian.Uint16(in[pos:])
				pos += 2
				length = int(long)
				if long == 0 {
					if len(in) < pos+4 {
						return 0, errShort
					}
					length = int(min(binary.LittleEndian.Uint32(in[pos:]), maxMatch))
					pos += 4
				}
				if length < 15+7 {
					return 0, errCorrupt
				}
				length -= 15 + 7
			}
			length += 15
		}
		length += 7
	}
	z.dist, z.match = int(m>>3)+1, length+3
	return pos, nil
}
