package krb5

import (
	"encoding/binary"
	"strconv"
	"unicode/utf16"
)

// Limits on what one PAC may make us keep, whatever counts it claims.
const (
	maxPACBuffers = 64
	maxPACList    = 1024 // RIDs, SIDs or names of one list
	maxPACText    = 4096 // UTF-16 units of one name
)

// An ndr reads a structure in type serialization version 1 ([MS-RPCE] §2.2.6),
// little-endian and aligned from the first byte behind the headers. After the
// first thing that is not there it reads zeros.
type ndr struct {
	b    []byte
	base int // of b in the PAC
	pos  int
	bad  string // why reading stopped; at pos
}

// newNDR passes over the headers and the pointer to the structure.
func newNDR(b []byte, base int) *ndr {
	n := &ndr{b: b, base: base}
	switch {
	case len(b) < 20:
		n.fail("no NDR structure")
	case b[0] != 1 || b[1] != 0x10 || b[2] != 8:
		n.fail("NDR not of version 1, little-endian")
	default:
		n.b, n.base = b[16:], base+16 // [MS-RPCE] §2.2.6.1, §2.2.6.2
		if n.u32() == 0 {
			n.fail("NDR null pointer where a structure should be")
		}
	}
	return n
}

func (n *ndr) fail(why string) {
	if n.bad == "" {
		n.bad = why
	}
}

// take is the next k bytes, nil when they are not there.
func (n *ndr) take(k int) []byte {
	if n.bad != "" {
		return nil
	}
	if k < 0 || k > len(n.b)-n.pos {
		n.fail("NDR structure runs past its buffer")
		return nil
	}
	b := n.b[n.pos : n.pos+k]
	n.pos += k
	return b
}

func (n *ndr) u16() uint16 {
	if b := n.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// u32 aligns first.
func (n *ndr) u32() uint32 {
	n.align()
	if b := n.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (n *ndr) align() { n.pos = min((n.pos+3)&^3, len(n.b)) }

func (n *ndr) filetime() Opt[int64] {
	lo, hi := n.u32(), n.u32()
	return filetime(uint64(hi)<<32 | uint64(lo))
}

// filetime is a FILETIME ([MS-DTYP] §2.3.3) as Unix seconds; absent for the
// values that mean "never" and "not set".
func filetime(v uint64) (o Opt[int64]) {
	if v == 0 || v >= 1<<63-1 {
		return o
	}
	return some(int64(v/1e7) - 11644473600)
}

// A ndrText is the part of an RPC_UNICODE_STRING that stands in the structure:
// its characters come behind it, in the order of the pointers.
type ndrText bool

func (n *ndr) textHeader() ndrText {
	n.align()
	n.take(4) // Length and MaximumLength, as the array says again
	return n.u32() != 0
}

func (n *ndr) text(there ndrText) string {
	if !there {
		return ""
	}
	n.u32() // max_count
	offset, count := n.u32(), n.u32()
	if offset != 0 || uint64(count)*2 > uint64(len(n.b)) {
		n.fail("NDR string runs past its buffer")
		return ""
	}
	return utf16Text(n.take(int(count) * 2))
}

// list reads the count in front of a conformant array whose elements have size
// bytes and checks it against what is there.
func (n *ndr) list(claimed uint32, size int) int {
	count := n.u32()
	if n.bad == "" && (count != claimed || int64(count)*int64(size) > int64(len(n.b)-n.pos)) {
		n.fail("NDR array of " + strconv.FormatUint(uint64(count), 10) + " elements runs past its buffer or is not the size that is claimed")
	}
	if n.bad != "" {
		return 0
	}
	return int(count)
}

// rids reads GROUP_MEMBERSHIPs ([MS-PAC] §2.2.2): the RIDs of maxPACList at most.
func (n *ndr) rids(claimed uint32) []uint32 {
	count := n.list(claimed, 8)
	list := make([]uint32, 0, min(count, maxPACList))
	for range count {
		rid := n.u32()
		n.u32() // attributes
		if len(list) < maxPACList {
			list = append(list, rid)
		}
	}
	return list
}

// sid reads an RPC_SID, [MS-DTYP] §2.4.2.3.
func (n *ndr) sid() string {
	count := n.u32()
	if count > 15 {
		n.fail("SID of more than 15 sub-authorities")
		return ""
	}
	return SIDText(n.take(8 + 4*int(count)))
}

// SIDText is a SID ([MS-DTYP] §2.4.2) as text, S-1-5-21-…; "" when b does not
// hold one in full.
func SIDText(b []byte) string {
	if len(b) < 8 || b[0] != 1 || b[1] > 15 || len(b) < 8+4*int(b[1]) {
		return ""
	}
	authority := uint64(binary.BigEndian.Uint16(b[2:]))<<32 | uint64(binary.BigEndian.Uint32(b[4:]))
	out := strconv.AppendUint([]byte("S-1-"), authority, 10)
	for i := range int(b[1]) {
		out = strconv.AppendUint(append(out, '-'), uint64(binary.LittleEndian.Uint32(b[8+4*i:])), 10)
	}
	return string(out)
}

// utf16Text is little-endian UTF-16 as UTF-8, maxPACText units of it at most.
func utf16Text(b []byte) string {
	u := make([]uint16, min(len(b)/2, maxPACText))
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(u))
}
