package capture

import (
	"encoding/binary"
	"math/bits"
)

// The pcap format: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html,
// and the variants that Wireshark tells apart.

const (
	pcapHeader = 24
	pcapRecord = 16
)

// pcapMagic is one value of the magic number, as a big-endian reader sees it.
type pcapMagic struct {
	magic    uint32
	nanos    bool
	modified bool // A. Kuznetzov's patches of 1999: a longer record header
	extra    int  // bytes after the file header (Ixia)
}

var pcapMagics = []pcapMagic{
	{magic: 0xa1b2c3d4},
	{magic: 0xa1b23c4d, nanos: true},
	{magic: 0xa1b2cd34, modified: true},
	{magic: 0x1c0001ac, nanos: true, extra: 4},
	{magic: 0x1c0001ab, extra: 4},
}

func pcapMagicOf(head []byte) (m pcapMagic, big, ok bool) {
	if len(head) < 4 {
		return m, false, false
	}
	v := binary.BigEndian.Uint32(head)
	for _, m := range pcapMagics {
		if v == m.magic {
			return m, true, true
		}
		if v == bits.ReverseBytes32(m.magic) {
			return m, false, true
		}
	}
	return m, false, false
}

func isPcap(head []byte) bool {
	m, _, ok := pcapMagicOf(head)
	return ok && len(head) >= pcapHeader+m.extra
}

// pcapSource reads a pcap file.
type pcapSource struct {
	*blocks
	big      bool  // byte order of the headers
	header   int   // length of a record header
	fracNS   int64 // nanoseconds in a unit of the fraction field
	swapped  uint8 // order of the two lengths: see lengths
	link     LinkType
	snap     uint32
	variants []pcapVariant // still to be told apart by the first records
	skip     int           // bytes of the file header not yet walked over
	lost     bool          // looking for the next believable record header
	first    int64         // times of the first and the last record read, for that search
	last     int64
}

// Orders of the captured and the original length in a record header.
const (
	lengthsNew   = iota // captured, original: version 2.3 on
	lengthsMaybe        // version 2.3: some files have the old order
	lengthsOld          // original, captured
)

func openPcap(s *stream) (Source, error) {
	m, big, _ := pcapMagicOf(s.head)
	p := &pcapSource{blocks: newBlocks(s, "pcap"), big: big, header: pcapRecord, fracNS: 1000, skip: pcapHeader + m.extra, last: NoTime}
	major, minor := order(big).Uint16(s.head[4:]), order(big).Uint16(s.head[6:])
	network := u32(s.head[20:], big)
	p.snap = u32(s.head[16:], big)
	if major < 2 {
		return nil, &FormatError{Path: s.name, What: "a pcap capture of a version before 2.0, which is not read", Capture: true}
	}
	if m.nanos {
		p.fracNS = 1
	}
	// The upper half holds the FCS length and reserved bits.
	p.link = linkOfDLT(network & 0xffff)
	standard := !m.nanos && !m.modified && m.extra == 0
	switch {
	case standard && major == 2 && minor == 2 && aixLink(network) >= 0:
		p.link, p.fracNS = LinkType(aixLink(network)), 1
		p.swapped = lengthsOld
	case major == 543, major == 2 && minor < 3:
		p.swapped = lengthsOld
	case major == 2 && minor == 3:
		p.swapped = lengthsMaybe
	case m.modified:
		p.variants = modifiedPcaps
		p.header = modifiedPcaps[0].header
	case standard:
		p.variants = standardPcaps
	}
	if p.variants != nil {
		p.least = DefaultBlock // so that the choice does not hang on the block size
	}
	p.addInterface(Interface{Link: p.link, SnapLen: p.snap, TicksPS: uint64(1e9 / p.fracNS)})
	return p, nil
}

// linkOfDLT maps the DLT_ numbers that differ from the LINKTYPE_ of the same
// meaning and that Wireshark maps as well.
func linkOfDLT(n uint32) LinkType {
	switch n {
	case 12, 14: // DLT_RAW of most systems, and of OpenBSD
		return LinkRaw
	}
	return LinkType(n)
}

// aixLink maps the interface types (RFC 1573) that AIX writes, or gives -1.
func aixLink(n uint32) int {
	switch n {
	case 6:
		return 1 // Ethernet
	case 9:
		return 6 // Token Ring
	case 15:
		return 10 // FDDI
	case 24:
		return 0 // loopback
	}
	return -1
}

func (p *pcapSource) Next(b *Batch) error { return p.next(b, p) }

func (p *pcapSource) unit() string { return "packet record" }

func (p *pcapSource) walk(b *Batch) int {
	pos := min(p.skip, len(b.Data))
	p.skip -= pos
	if p.variants != nil && p.skip == 0 && (len(b.Data) > pos || p.end != nil) {
		p.header = p.chooseVariant(b.Data[pos:])
		p.variants, p.least = nil, 0
	}
	for {
		if p.lost {
			var found bool
			if pos, found = p.search(b.Data, pos); !found {
				if p.end != nil {
					return len(b.Data)
				}
				return pos
			}
			p.lost, p.least = false, 0
		}
		var good bool
		if pos, good = p.records(b, pos); good {
			return pos
		}
		p.fault(p.off+uint64(pos), false, "a packet record of %d bytes: the longest packet has %d", p.fields(b.Data[pos:]).incl, maxPcapRec)
		p.lost, p.least = true, searchReach
		pos++
	}
}

// records reads the records from pos on, up to the end of the whole ones or,
// with good false, to one that cannot be a record.
func (p *pcapSource) records(b *Batch, pos int) (at int, good bool) {
	data, recs := b.Data, b.Records
	big, swapped, header, fracNS, link := p.big, p.swapped, p.header, p.fracNS, p.link
	frame, last := p.frame, p.last
	good = true
	for pos+header <= len(data) {
		h := data[pos : pos+pcapRecord : pos+pcapRecord]
		sec, frac := binary.LittleEndian.Uint32(h), binary.LittleEndian.Uint32(h[4:])
		incl, orig := binary.LittleEndian.Uint32(h[8:]), binary.LittleEndian.Uint32(h[12:])
		if big {
			sec, frac = bits.ReverseBytes32(sec), bits.ReverseBytes32(frac)
			incl, orig = bits.ReverseBytes32(incl), bits.ReverseBytes32(orig)
		}
		if swapped != lengthsNew && (swapped == lengthsOld || incl > orig) {
			incl, orig = orig, incl
		}
		if incl > maxPcapRec {
			good = false
			break
		}
		start := pos + header
		if len(data)-start < int(incl) {
			break
		}
		frame++
		last = int64(sec)*1e9 + int64(frac)*fracNS
		recs = append(recs, Record{
			Time: last, Frame: frame, Off: uint32(start), Len: incl, Wire: max(incl, orig), Link: link,
		})
		pos = start + int(incl)
	}
	if p.frame == 0 && frame > 0 {
		p.first = recs[0].Time
	}
	b.Records, p.frame, p.last = recs, frame, last
	return pos, good
}

// pcapFields are the fields that all record headers have.
type pcapFields struct{ sec, frac, incl, orig uint32 }

// fields reads them from the first 16 bytes of h.
func (p *pcapSource) fields(h []byte) (f pcapFields) {
	f = pcapFields{u32(h, p.big), u32(h[4:], p.big), u32(h[8:], p.big), u32(h[12:], p.big)}
	if p.swapped == lengthsOld || p.swapped == lengthsMaybe && f.incl > f.orig {
		f.incl, f.orig = f.orig, f.incl
	}
	return f
}
