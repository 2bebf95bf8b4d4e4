package analyze

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"

	"kerbscope/decode"
)

// given makes what *v points to when reading, and tells whether there is any.
func given[T any](p *packer, v **T, has bool, slab func() *[]T) bool {
	if has && p.reading {
		*v = &take(slab(), 1)[0]
	}
	return has
}

type whole interface {
	~uint8 | ~uint32 | ~uint64 | ~int | ~int32 | ~int64
}

func number[T whole](p *packer, v *T) {
	if p.reading {
		*v = T(p.varint())
		return
	}
	p.buf = binary.AppendVarint(p.buf, int64(*v))
}

func (p *packer) varint() int64 {
	u := p.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (p *packer) uvarint() (u uint64) {
	for i := 0; ; i++ {
		b := p.in[i]
		u |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			p.in = p.in[i+1:]
			return u
		}
	}
}

// bits are up to 64 truths.
func (p *packer) bits(list ...*bool) {
	var u uint64
	if p.reading {
		u = p.uvarint()
		for i, v := range list {
			*v = u>>i&1 != 0
		}
		return
	}
	for i, v := range list {
		if *v {
			u |= 1 << i
		}
	}
	p.buf = binary.AppendUvarint(p.buf, u)
}

func (p *packer) ref(f *FrameRef) {
	has := *f != FrameRef{}
	if p.reading {
		if has = p.in[0] != 0; !has {
			p.in = p.in[1:]
			return
		}
		p.in = p.in[1:]
		f.Frame = p.frame + decode.FrameID(p.varint())
		f.Time = p.time + p.varint()
		p.frame, p.time = f.Frame, f.Time
		*f = f.ref(p.clock)
		return
	}
	if !has {
		p.buf = append(p.buf, 0)
		return
	}
	p.buf = binary.AppendVarint(append(p.buf, 1), int64(f.Frame-p.frame))
	p.buf = binary.AppendVarint(p.buf, f.Time-p.time)
	p.frame, p.time = f.Frame, f.Time
}

// end is an address and a port, without a zone: packets have none.
func (p *packer) end(e *netip.AddrPort) {
	if p.reading {
		n := int(p.in[0])
		port := uint16(p.in[1])<<8 | uint16(p.in[2])
		b := p.in[3 : 3+n]
		p.in = p.in[3+n:]
		switch n {
		case 4:
			*e = netip.AddrPortFrom(netip.AddrFrom4([4]byte{b[0], b[1], b[2], b[3]}), port)
		case 16:
			var a [16]byte
			copy(a[:], b)
			*e = netip.AddrPortFrom(netip.AddrFrom16(a), port)
		default:
			*e = netip.AddrPortFrom(netip.Addr{}, port)
		}
		return
	}
	port := e.Port()
	switch a := e.Addr(); {
	case a.Is4():
		b := a.As4()
		p.buf = append(append(p.buf, 4, byte(port>>8), byte(port)), b[:]...)
	case a.IsValid():
		b := a.As16()
		p.buf = append(append(p.buf, 16, byte(port>>8), byte(port)), b[:]...)
	default:
		p.buf = append(p.buf, 0, byte(port>>8), byte(port))
	}
}

// How a string is written: its number and one of these in the two lowest bits,
// 0 for an empty one.
const (
	wordEarlier = 1 + iota // the n-th of this record
	wordKnown              // of the dictionary
	wordHere               // so many bytes follow
)

func (p *packer) str(s *string) {
	if p.reading {
		u := p.uvarint()
		n := u >> 2
		switch u & 3 {
		case wordEarlier:
			*s = p.words[n]
			return
		case wordKnown:
			*s = p.dict.words[n]
		case wordHere:
			*s = p.slabs.own(p.in[:n])
			p.in = p.in[n:]
		default:
			*s = ""
			return
		}
		p.remember(*s)
		return
	}
	if *s == "" {
		p.buf = append(p.buf, 0)
		return
	}
	for i := range p.n {
		if p.words[i] == *s {
			p.buf = append(p.buf, byte(i<<2|wordEarlier))
			return
		}
	}
	if id, ok := p.dict.word(*s); ok {
		p.buf = binary.AppendUvarint(p.buf, uint64(id)<<2|wordKnown)
	} else {
		p.buf = append(binary.AppendUvarint(p.buf, uint64(len(*s))<<2|wordHere), *s...)
	}
	p.remember(*s)
}

func (p *packer) remember(s string) {
	if p.n < len(p.words) {
		p.words[p.n] = s
		p.n++
	}
}

func (d *dictionary) word(s string) (uint32, bool) {
	near := &d.recent[quick(s)%uint64(len(d.recent))]
	if near.s == s {
		return near.id, true
	}
	id, ok := d.wordID[s]
	if !ok && len(d.words) < maxWords && len(s) <= maxWordLen {
		id, ok = uint32(len(d.words)), true
		s = strings.Clone(s)
		d.words = append(d.words, s)
		d.wordID[s] = id
	}
	if ok {
		near.s, near.id = d.words[id], id
	}
	return id, ok
}

// hash is a SHA-256 in hex, or any other string.
func (p *packer) hash(s *string) {
	if p.reading {
		if p.in[0] != 1 {
			p.in = p.in[1:]
			p.str(s)
			return
		}
		var sum [sha256.Size]byte
		copy(sum[:], p.in[1:])
		p.in = p.in[1+len(sum):]
		*s = p.slabs.hashOf(&sum)
		return
	}
	var sum [sha256.Size]byte
	if len(*s) == hex.EncodedLen(len(sum)) && lower(*s) == *s {
		if _, err := hex.Decode(sum[:], []byte(*s)); err == nil {
			p.buf = append(append(p.buf, 1), sum[:]...)
			return
		}
	}
	p.buf = append(p.buf, 0)
	p.str(s)
}

func (p *packer) ints(list *[]int32) {
	if p.reading {
		u := p.uvarint()
		switch {
		case u == 0:
		case u&1 != 0:
			*list = p.dict.lists[u>>1]
		default:
			*list = take(&p.slabs.int32s, int(u>>1))
			for i := range *list {
				number(p, &(*list)[i])
			}
		}
		return
	}
	if len(*list) == 0 {
		p.buf = append(p.buf, 0)
		return
	}
	var buf [64]byte
	key := keyText(buf[:0])
	key = key.ints(*list)
	d := p.dict
	id, ok := d.listID[string(key)]
	if !ok && len(d.lists) < maxLists {
		id, ok = uint32(len(d.lists)), true
		d.lists = append(d.lists, append([]int32(nil), *list...))
		d.listID[string(key)] = id
	}
	if ok {
		p.buf = binary.AppendUvarint(p.buf, uint64(id)<<1|1)
		return
	}
	p.buf = binary.AppendUvarint(p.buf, uint64(len(*list))<<1)
	for i := range *list {
		number(p, &(*list)[i])
	}
}

func (p *packer) strings(list *[]string) {
	if p.reading {
		u := p.uvarint()
		switch {
		case u == 0:
		case u&1 != 0:
			*list = p.dict.strings[u>>1]
		default:
			*list = take(&p.slabs.strings, int(u>>1))
			for i := range *list {
				p.str(&(*list)[i])
			}
		}
		return
	}
	if len(*list) == 0 {
		p.buf = append(p.buf, 0)
		return
	}
	var buf [128]byte
	key := keyText(buf[:0])
	for _, s := range *list {
		key = key.str(s)
	}
	d := p.dict
	id, ok := d.stringID[string(key)]
	if !ok && len(d.strings) < maxLists && len(key) <= maxListText {
		id, ok = uint32(len(d.strings)), true
		d.strings = append(d.strings, append([]string(nil), *list...))
		d.stringID[string(key)] = id
	}
	if ok {
		p.buf = binary.AppendUvarint(p.buf, uint64(id)<<1|1)
		return
	}
	p.buf = binary.AppendUvarint(p.buf, uint64(len(*list))<<1)
	for i := range *list {
		p.str(&(*list)[i])
	}
}

func (p *packer) keys(list *[]KeyInfo) {
	n := len(*list)
	number(p, &n)
	if p.reading && n > 0 {
		*list = take(&p.slabs.keys, n)
	}
	for i := range *list {
		k := &(*list)[i]
		number(p, &k.Etype)
		p.str(&k.Salt)
		p.bits(&k.HasSalt)
	}
}

func (p *packer) int32(v **int32)   { optional(p, v, func() *[]int32 { return &p.slabs.int32s }) }
func (p *packer) uint32(v **uint32) { optional(p, v, func() *[]uint32 { return &p.slabs.uint32s }) }
func (p *packer) int64(v **int64)   { optional(p, v, func() *[]int64 { return &p.slabs.int64s }) }

func optional[T whole](p *packer, v **T, slab func() *[]T) {
	has := *v != nil
	p.bits(&has)
	if given(p, v, has, slab) {
		number(p, *v)
	}
}
