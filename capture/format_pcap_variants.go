package capture

// Several programs wrote longer record headers under the same magic numbers.
// As in Wireshark, the variant is the one in which the first records look best.

type pcapVariant struct {
	header int
	odd    func(p *pcapSource, more []byte) int // how many of the further fields are unlikely
}

var (
	standardPcaps = []pcapVariant{
		{header: 16},
		{header: 24, odd: oddPatched}, // patch of 1999-04-17 (Red Hat 6.1)
		{header: 20, odd: oddNokia},
	}
	modifiedPcaps = []pcapVariant{
		{header: 24, odd: oddPatched}, // 1999-10-29
		{header: 28, odd: oddPatched}, // 1999-09-15 (SuSE 6.3)
	}
)

// triedRecords is how many records are looked at to choose the variant.
const triedRecords = 3

// chooseVariant returns the record header length of the variant in which the
// first records at data have the fewest oddities; the earlier one of two alike.
func (p *pcapSource) chooseVariant(data []byte) int {
	best, header := -1, p.header
	for _, v := range p.variants {
		odd := p.oddities(v, data)
		if best < 0 || odd < best {
			best, header = odd, v.header
		}
		if odd == 0 {
			break
		}
	}
	return header
}

func (p *pcapSource) oddities(v pcapVariant, data []byte) (odd int) {
	for range triedRecords {
		if len(data) == 0 {
			break
		}
		if len(data) < v.header {
			return odd + p.cut()
		}
		f := p.fields(data)
		if f.frac >= 1e6 {
			odd++
		}
		if f.incl > maxPcapRec {
			odd++
		}
		if f.incl > p.snap {
			odd++
		}
		if f.orig > 128<<20 {
			odd++
		}
		if f.incl > f.orig {
			odd++
		}
		if v.odd != nil {
			odd += v.odd(p, data[pcapRecord:v.header])
		}
		if f.incl > maxPcapRec {
			break
		}
		if len(data)-v.header < int(f.incl) {
			return odd + p.cut()
		}
		data = data[v.header+int(f.incl):]
	}
	return odd
}

// cut is the oddity of a record that the data ends in: none while more may come.
func (p *pcapSource) cut() int {
	if p.end != nil {
		return 1
	}
	return 0
}

// oddPatched judges interface index, protocol and packet type (Linux
// PACKET_ numbers 0 to 4).
func oddPatched(p *pcapSource, h []byte) (odd int) {
	index := uint32(h[0]) | uint32(h[1])<<8 | uint32(h[2])<<16 | uint32(h[3])<<24
	proto := uint16(h[4]) | uint16(h[5])<<8
	if p.big {
		index = uint32(h[3]) | uint32(h[2])<<8 | uint32(h[1])<<16 | uint32(h[0])<<24
		proto = uint16(h[5]) | uint16(h[4])<<8
	}
	if index > 10000 {
		odd++
	}
	if proto < 0x600 && proto != 0x60 && proto != 0x200 && proto != 0x400 && proto > 0x17 {
		odd++
	}
	if h[6] > 4 {
		odd++
	}
	return odd
}

// oddNokia: the field has been seen as 0xXFBFYZ0W with few values of each.
func oddNokia(p *pcapSource, h []byte) int {
	v := uint32(h[0]) | uint32(h[1])<<8 | uint32(h[2])<<16 | uint32(h[3])<<24
	x, y, z, w := v>>28, v>>12&15, v>>8&15, v&15
	if v&0x0fff00f0 == 0x0fbf0000 && (x == 9 || x == 11) && (y == 11 || y == 13) &&
		(z == 6 || z == 9) && (w == 1 || w == 2) {
		return 0
	}
	return 1
}
