package capture

import (
	"math"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// ngIface is what reading the packets of an interface needs.
type ngIface struct {
	link  LinkType
	index uint32 // in Info.Interfaces
	snap  uint32
	clock ngClock
	// As its last statistics block has it.
	told             bool
	at               int64 // its time
	byCard, bySystem uint64
}

// Options of the Interface Description Block, §4.2.
const (
	ngOptEnd      = 0
	ngOptName     = 2
	ngOptTSResol  = 9
	ngOptFilter   = 11
	ngOptTSOffset = 14
)

// describe reads an Interface Description Block.
func (p *pcapngSource) describe(block []byte, pos int) {
	if len(block) < 20 {
		p.fault(p.off+uint64(pos), false, "an interface description of %d bytes: it has at least 20", len(block))
		return
	}
	if len(p.ifaces) == maxNgIfaces {
		if p.dropped == 0 {
			p.fault(p.off+uint64(pos), false, "more than %d interfaces: packets of the others are numbered, not read", maxNgIfaces)
		}
		p.dropped++
		return
	}
	o := order(p.big)
	i := ngIface{link: linkOfDLT(uint32(o.Uint16(block[8:]))), snap: o.Uint32(block[12:])}
	name, filter, resol, offset := "", "", uint8(6), int64(0)
	for opts := block[16 : len(block)-4]; len(opts) >= 4; {
		code, n := o.Uint16(opts), int(o.Uint16(opts[2:]))
		if code == ngOptEnd {
			break
		}
		opts = opts[4:]
		if n > len(opts) {
			p.fault(p.off+uint64(pos), false, "option %d of an interface description is longer than the block", code)
			break
		}
		switch v := opts[:n]; {
		case code == ngOptName:
			name = ifName(v)
		case code == ngOptFilter && n > 1 && v[0] == 0: // 0: as text
			filter = ifName(v[1:])
		case code == ngOptTSResol && n == 1:
			resol = v[0]
		case code == ngOptTSOffset && n == 8:
			offset = int64(o.Uint64(v))
		}
		opts = opts[min(int(pad4(uint32(n))), len(opts)):]
	}
	i.clock = newNgClock(resol, offset)
	i.index = p.addInterface(Interface{Name: name, Link: i.link, SnapLen: i.snap, TicksPS: i.clock.perSecond, Filter: filter})
	p.ifaces = append(p.ifaces, i)
}

// Options of the Interface Statistics Block, §4.6.
const (
	ngOptStart  = 2
	ngOptIfDrop = 5
	ngOptOSDrop = 7
)

// statistics reads an Interface Statistics Block: what it counts is since the
// interface was opened, so that what is more than in the block before was lost
// between the two.
func (p *pcapngSource) statistics(block []byte) {
	if len(block) < 24 {
		return
	}
	o := order(p.big)
	id := p.u32(block[8:])
	if uint64(id) >= uint64(len(p.ifaces)) {
		return
	}
	i := &p.ifaces[id]
	at := i.clock.time(uint64(p.u32(block[12:]))<<32 | uint64(p.u32(block[16:])))
	start, byCard, bySystem := NoTime, i.byCard, i.bySystem
	for opts := block[20 : len(block)-4]; len(opts) >= 4; {
		code, n := o.Uint16(opts), int(o.Uint16(opts[2:]))
		opts = opts[4:]
		if code == ngOptEnd || n > len(opts) {
			break
		}
		if v := opts[:n]; n == 8 {
			switch code {
			case ngOptStart:
				start = i.clock.time(uint64(p.u32(v))<<32 | uint64(p.u32(v[4:])))
			case ngOptIfDrop:
				byCard = known(o.Uint64(v), byCard)
			case ngOptOSDrop:
				bySystem = known(o.Uint64(v), bySystem)
			}
		}
		opts = opts[min(int(pad4(uint32(n))), len(opts)):]
	}
	from := start // NoTime: Info has it as the first packet's
	if i.told {
		from = i.at
	}
	from = min(from, at)
	for _, l := range []Loss{
		{From: from, To: at, N: since(byCard, i.byCard), What: DroppedByInterface}, {From: from, To: at, N: since(bySystem, i.bySystem), What: DroppedByKernel},
	} {
		if l.N > 0 {
			p.info.Lost = AddCounts(p.info.Lost, []Count{{l.What, l.N}})
			p.info.Losses = AddLoss(p.info.Losses, l)
		}
	}
	i.told, i.at, i.byCard, i.bySystem = true, at, byCard, bySystem
}

// known is n, or what was known before where n says that it is not known.
func known(n, before uint64) uint64 {
	if n == math.MaxUint64 {
		return before
	}
	return n
}

// since is how much a counter grew; one that is less than before began anew.
func since(now, before uint64) uint64 {
	if now < before {
		return now
	}
	return now - before
}

func ifName(v []byte) string {
	cut := len(v) > maxIfName
	if cut {
		v = v[:maxIfName]
	}
	s := strings.TrimRight(string(v), "\x00")
	for cut && s != "" && !utf8.ValidString(s) {
		s = s[:len(s)-1]
		if len(s) < maxIfName-utf8.UTFMax {
			break
		}
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// ngClock turns the ticks of an interface into nanoseconds: if_tsresol is the
// negative exponent of ten, or of two with the top bit set; if_tsoffset is
// seconds to be added. Any exponent and offset can stand in a file; times that
// nanoseconds since 1970 cannot hold are the nearest that they can.
type ngClock struct {
	times     uint64 // ticks × times = ns, where that is exact; else 0
	exact     uint64 // the most ticks for which that fits
	perSecond uint64 // ticks a second; 2^64-1 where that is not enough
	resol     uint8
	offset    int64 // seconds
}

func newNgClock(resol uint8, offset int64) ngClock {
	c := ngClock{resol: resol, offset: offset, perSecond: math.MaxUint64}
	exp := resol & 0x7f
	switch {
	case resol&0x80 != 0 && exp < 64:
		c.perSecond = 1 << exp
	case resol&0x80 == 0 && exp <= 19:
		c.perSecond = pow10(exp)
	}
	if c.perSecond <= 1e9 && 1e9%c.perSecond == 0 {
		c.times = 1e9 / c.perSecond
		c.exact = math.MaxInt64 / c.times
	}
	return c
}

func pow10(n uint8) uint64 {
	v := uint64(1)
	for ; n > 0; n-- {
		v *= 10
	}
	return v
}

// time returns nanoseconds since 1970.
func (c *ngClock) time(ticks uint64) int64 {
	if c.offset == 0 && ticks <= c.exact && c.times != 0 {
		return int64(ticks * c.times)
	}
	return c.slowTime(ticks)
}

func (c *ngClock) slowTime(ticks uint64) int64 {
	if c.times != 0 && ticks <= c.exact {
		return addSeconds(ticks*c.times, c.offset)
	}
	exp := c.resol & 0x7f
	switch {
	case c.resol&0x80 != 0 && exp >= 64: // ns = ticks × 10^9 / 2^exp
		hi, _ := bits.Mul64(ticks, 1e9)
		return addSeconds(hi>>min(exp-64, 63), c.offset)
	case c.resol&0x80 == 0 && exp > 28: // more than 19 digits below the nanosecond
		return addSeconds(0, c.offset)
	case c.resol&0x80 == 0 && exp > 19:
		return addSeconds(ticks/pow10(exp-9), c.offset)
	}
	sec, rest := ticks/c.perSecond, ticks%c.perSecond
	hi, lo := bits.Mul64(rest, 1e9)
	ns, _ := bits.Div64(hi, lo, c.perSecond) // hi < perSecond, as rest is
	if sec > math.MaxInt64 {
		sec = math.MaxInt64
	}
	total := int64(sec)
	if c.offset > 0 && total > math.MaxInt64-c.offset {
		return math.MaxInt64
	}
	return addSeconds(ns, total+c.offset)
}

// addSeconds returns ns + sec × 10^9, or the nearest that fits and is not NoTime.
func addSeconds(ns uint64, sec int64) int64 {
	const second = int64(1e9)
	most, least := math.MaxInt64/second, math.MinInt64/second
	whole, frac := int64(ns/1e9), int64(ns%1e9)
	switch {
	case sec > most-whole:
		return math.MaxInt64
	case sec < least:
		return NoTime + 1
	}
	sec += whole
	if sec == most && frac > math.MaxInt64%second {
		return math.MaxInt64
	}
	return sec*second + frac
}
