package decode

import "encoding/binary"

// An amqpReader reads the fields of a frame. What is not there, or cut, is
// empty; at is where the next field stands in b.
type amqpReader struct {
	b  []byte
	at int
}

func (r *amqpReader) take(n int) []byte {
	if n < 0 || r.at > len(r.b) {
		r.at = len(r.b)
		return nil
	}
	end := min(r.at+n, len(r.b))
	v := r.b[r.at:end]
	r.at = end
	return v
}

func (r *amqpReader) ubyteRaw() (byte, bool) {
	v := r.take(1)
	if len(v) < 1 {
		return 0, false
	}
	return v[0], true
}

func (r *amqpReader) u16() (uint16, bool) {
	v := r.take(2)
	if len(v) < 2 {
		return 0, false
	}
	return binary.BigEndian.Uint16(v), true
}

func (r *amqpReader) u32() (int, bool) {
	v := r.take(4)
	if len(v) < 4 {
		return 0, false
	}
	return int(min(binary.BigEndian.Uint32(v), 1<<30)), true
}

// sized is a value behind a length of one byte, or of four.
func (r *amqpReader) sized(wide bool) (v []byte, at int) {
	n, ok := 0, false
	if wide {
		n, ok = r.u32()
	} else {
		var c byte
		c, ok = r.ubyteRaw()
		n = int(c)
	}
	if !ok {
		return nil, len(r.b)
	}
	at = r.at
	return r.take(n), at
}

// longstr and shortstr are strings of 0-9-1 §4.2.5.3; a field table has the
// shape of a longstr.
func (r *amqpReader) longstr() (v []byte, at int)  { return r.sized(true) }
func (r *amqpReader) shortstr() (v []byte, at int) { return r.sized(false) }

// descriptor is the code of a described type, AMQP 1.0 §1.2.
func (r *amqpReader) descriptor() (code uint64, ok bool) {
	head := r.take(2)
	if len(head) < 2 || head[0] != 0 {
		return 0, false
	}
	switch head[1] {
	case 0x53: // smallulong
		c, ok := r.ubyteRaw()
		return uint64(c), ok
	case 0x80:
		if v := r.take(8); len(v) == 8 {
			return binary.BigEndian.Uint64(v), true
		}
	}
	return 0, false
}

// list enters a list, AMQP 1.0 §1.6.22.
func (r *amqpReader) list() bool {
	switch c, _ := r.ubyteRaw(); c {
	case 0x45:
		r.at = len(r.b)
		return true
	case 0xc0:
		return len(r.take(2)) == 2
	case 0xd0:
		return len(r.take(8)) == 8
	}
	return false
}

// binary is a binary, string or symbol, AMQP 1.0 §1.6.19 to §1.6.21; null is
// empty.
func (r *amqpReader) binary() (v []byte, at int) {
	switch c, _ := r.ubyteRaw(); c {
	case 0xa0, 0xa1, 0xa3:
		return r.sized(false)
	case 0xb0, 0xb1, 0xb3:
		return r.sized(true)
	}
	return nil, min(r.at, len(r.b))
}

func (r *amqpReader) ubyte() (byte, bool) {
	if c, _ := r.ubyteRaw(); c != 0x50 {
		return 0, false
	}
	return r.ubyteRaw()
}

// symbols is a symbol or an array of symbols, AMQP 1.0 §1.6.24.
func (r *amqpReader) symbols() (list []string) {
	if r.at >= len(r.b) {
		return nil
	}
	wide := r.b[r.at] == 0xf0
	if c := r.b[r.at]; c != 0xe0 && c != 0xf0 {
		v, _ := r.binary()
		return mechList(nil, v)
	}
	r.at++
	width := 2 // size and count
	if wide {
		width = 8
	}
	head := r.take(width + 1) // and the constructor of all
	if len(head) < width+1 {
		return nil
	}
	n := int(head[1])
	if wide {
		n = int(min(binary.BigEndian.Uint32(head[4:]), 64))
	}
	for range min(n, 64) {
		v, _ := r.sized(head[width] == 0xb3)
		if len(v) == 0 {
			break
		}
		list = mechList(list, v)
	}
	return list
}
