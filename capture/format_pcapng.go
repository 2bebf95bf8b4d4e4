package capture

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// The pcapng format: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html.
// Sections of it are named below.

const (
	ngSHB = 0x0a0d0d0a // §4.1
	ngIDB = 1          // §4.2
	ngPB  = 2          // appendix A, obsolete
	ngSPB = 3          // §4.4
	ngNRB = 4          // §4.5
	ngISB = 5          // §4.6
	ngEPB = 6          // §4.3
	ngDSB = 10         // §4.7

	// Blocks that hold no packet and that Wireshark numbers as frames.
	ngJournal  = 9          // systemd journal export
	ngCustom   = 0x00000bad // §4.8
	ngCustomNC = 0x40000bad
)

// ngFrames are further block types without packets that Wireshark numbers:
// Sysdig events.
var ngFrames = []uint32{0x204, 0x208, 0x216, 0x217, 0x221, 0x222}

const (
	ngBOM    = 0x1a2b3c4d // byte-order magic of the SHB
	ngMinSHB = 28
)

func isPcapng(h []byte) bool {
	if len(h) < 12 || binary.BigEndian.Uint32(h) != ngSHB {
		return false
	}
	v := binary.BigEndian.Uint32(h[8:])
	return v == ngBOM || v == bits.ReverseBytes32(ngBOM)
}

// pcapngSource reads a pcapng file.
type pcapngSource struct {
	*blocks
	big     bool
	ifaces  []ngIface         // of the section in hand
	dropped uint64            // its interfaces beyond maxNgIfaces
	kinds   map[string]uint32 // interfaces made up for frames without packets, by name
	notes   bool              // comments and flags are wanted
	lost    bool              // looking for the next believable block
}

func openPcapng(s *stream) (Source, error) {
	return &pcapngSource{blocks: newBlocks(s, "pcapng"), kinds: map[string]uint32{}, notes: s.cfg.notes}, nil
}

func (p *pcapngSource) Next(b *Batch) error { return p.next(b, p) }

func (p *pcapngSource) unit() string { return "block" }

func (p *pcapngSource) u32(b []byte) uint32 { return u32(b, p.big) }

func u32(b []byte, big bool) uint32 {
	if big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// A block's total length need not count its padding (as some writers have it).
func pad4(n uint32) uint32 { return (n + 3) &^ 3 }

func (p *pcapngSource) walk(b *Batch) int {
	data, pos := b.Data, 0
	for {
		if p.lost {
			var found bool
			if pos, found = p.search(data, pos); !found {
				if p.end != nil {
					return len(data)
				}
				return pos
			}
			p.lost, p.least = false, 0
		}
		if pos+12 > len(data) {
			return pos
		}
		raw := data[pos : pos+12 : pos+12]
		typ, length, big := p.u32(raw), p.u32(raw[4:]), p.big
		if typ == ngSHB {
			if !isPcapng(raw) {
				pos = p.damage(pos, "a section header with byte-order magic %#08x", binary.BigEndian.Uint32(raw[8:]))
				continue
			}
			big = binary.BigEndian.Uint32(raw[8:]) == ngBOM
			length = u32(raw[4:], big)
		}
		if length > maxNgBlock || length < 12 {
			pos = p.damage(pos, "a block of type %#x with a total length of %d", typ, length)
			continue
		}
		length = pad4(length)
		if len(data)-pos < int(length) {
			return pos
		}
		block := data[pos : pos+int(length)]
		if typ == ngSHB && length < ngMinSHB {
			pos = p.damage(pos, "a section header of %d bytes: it has at least %d", length, ngMinSHB)
			continue
		}
		if again := u32(block[length-4:], big); pad4(again) != length {
			// If a block follows where this one says it ends, only this
			// trailer is wrong, and the block itself can be read.
			if p.end == nil && len(data)-pos < int(length)+12 {
				return pos
			}
			if !believableBlock(data[pos+int(length):], big) {
				pos = p.damage(pos, "the total lengths of a block of type %#x differ: %d and %d", typ, length, again)
				continue
			}
			p.fault(p.off+uint64(pos), false, "the total lengths of a block of type %#x differ: %d and %d", typ, length, again)
		}
		switch typ {
		case ngEPB:
			p.enhanced(b, block, pos)
		case ngPB:
			p.obsolete(b, block, pos)
		case ngSPB:
			p.simple(b, block, pos)
		case ngIDB:
			p.describe(block, pos)
		case ngSHB:
			p.section(block, pos)
		case ngISB:
			p.statistics(block)
		case ngNRB, ngDSB:
		case ngJournal:
			p.noPacket(b, block, pos, 8, "systemd journal entry")
		case ngCustom, ngCustomNC:
			if length >= 16 {
				p.noPacket(b, block, pos, 12, fmt.Sprintf("custom block of enterprise %d", p.u32(block[8:])))
			}
		default:
			for _, t := range ngFrames {
				if t == typ {
					p.noPacket(b, block, pos, 8, "Sysdig event")
				}
			}
		}
		pos += int(length)
	}
}

// section begins a new one: its byte order, and no interfaces yet. Its length
// is not needed, and often not known to its writer.
func (p *pcapngSource) section(block []byte, pos int) {
	p.big = binary.BigEndian.Uint32(block[8:]) == ngBOM
	p.ifaces = p.ifaces[:0]
	p.dropped = 0
	if major, minor := order(p.big).Uint16(block[12:]), order(p.big).Uint16(block[14:]); major != 1 || minor != 0 && minor != 2 {
		p.fault(p.off+uint64(pos), false, "pcapng version %d.%d is not known; read as 1.0", major, minor)
	}
}

// enhanced reads an Enhanced Packet Block, §4.3.
func (p *pcapngSource) enhanced(b *Batch, block []byte, pos int) {
	if len(block) < 32 {
		p.fault(p.off+uint64(pos), false, "an enhanced packet block of %d bytes: it has at least 32", len(block))
		return
	}
	h := block[:28:28]
	iface, hi, lo := p.u32(h[8:]), p.u32(h[12:]), p.u32(h[16:])
	incl, orig := p.u32(h[20:]), p.u32(h[24:])
	p.packet(b, pos, 28, iface, uint64(hi)<<32|uint64(lo), incl, orig, len(block)-32)
	if p.notes {
		p.note(b, block)
	}
}

// obsolete reads a Packet Block, which the Enhanced one replaced.
func (p *pcapngSource) obsolete(b *Batch, block []byte, pos int) {
	if len(block) < 32 {
		p.fault(p.off+uint64(pos), false, "a packet block of %d bytes: it has at least 32", len(block))
		return
	}
	iface := uint32(order(p.big).Uint16(block[8:]))
	hi, lo := p.u32(block[12:]), p.u32(block[16:])
	p.packet(b, pos, 28, iface, uint64(hi)<<32|uint64(lo), p.u32(block[20:]), p.u32(block[24:]), len(block)-32)
	if p.notes {
		p.note(b, block)
	}
}

// packet appends the record of a packet at data of the block at pos, of which
// room bytes can be packet bytes.
func (p *pcapngSource) packet(b *Batch, pos, data int, iface uint32, ticks uint64, incl, orig uint32, room int) {
	p.frame++
	r := Record{Frame: p.frame, Off: uint32(pos + data)}
	if iface < uint32(len(p.ifaces)) {
		i := &p.ifaces[iface]
		r.Interface, r.Link = i.index, i.link
		r.Time = i.clock.time(ticks)
	} else {
		if uint64(iface) >= uint64(len(p.ifaces))+p.dropped {
			p.fault(p.off+uint64(pos), false, "a packet of interface %d of %d", iface, uint64(len(p.ifaces))+p.dropped)
		}
		r.Interface, r.Link, r.Time = p.kind("undescribed interface"), LinkUser15, NoTime
	}
	if uint64(incl) > uint64(room) {
		p.fault(p.off+uint64(pos), false, "a packet of %d bytes in a block that holds %d", incl, room)
		orig = max(orig, incl)
		incl = uint32(room)
	}
	r.Len, r.Wire = incl, max(incl, orig)
	b.Records = append(b.Records, r)
}

// simple reads a Simple Packet Block, §4.4: always of the first interface,
// without a time, and its captured length follows from the snap length.
func (p *pcapngSource) simple(b *Batch, block []byte, pos int) {
	if len(block) < 16 {
		p.fault(p.off+uint64(pos), false, "a simple packet block of %d bytes: it has at least 16", len(block))
		return
	}
	orig := p.u32(block[8:])
	incl, room := orig, len(block)-16
	if len(p.ifaces) > 0 {
		if snap := p.ifaces[0].snap; snap != 0 {
			incl = min(incl, snap)
		}
	}
	n := len(b.Records)
	p.packet(b, pos, 12, 0, 0, incl, orig, room)
	b.Records[n].Time = NoTime
}

// noPacket appends the record of a block that is numbered but holds no packet.
func (p *pcapngSource) noPacket(b *Batch, block []byte, pos, data int, kind string) {
	p.frame++
	n := uint32(len(block) - data - 4)
	b.Records = append(b.Records, Record{
		Time: NoTime, Frame: p.frame, Off: uint32(pos + data), Len: n, Wire: n, Interface: p.kind(kind), Link: LinkUser15,
	})
}

// kind returns the made-up interface of that name.
func (p *pcapngSource) kind(name string) uint32 {
	if i, ok := p.kinds[name]; ok {
		return i
	}
	i := p.addInterface(Interface{Name: name, Link: LinkUser15})
	if len(p.kinds) < maxIfaces {
		p.kinds[name] = i
	}
	return i
}

// damage notes a place that cannot be a block and begins the search for the
// next one behind it.
func (p *pcapngSource) damage(pos int, what string, args ...any) int {
	p.fault(p.off+uint64(pos), false, what, args...)
	p.lost, p.least = true, 2*maxFoundBlock
	return pos + 1
}

// maxFoundBlock is the longest block that the search after damage believes in.
const maxFoundBlock = 1 << 20

// search returns the next place where a block of a known type stands whose two
// lengths agree. If there is none in data, found is false and all before at
// can be dropped.
func (p *pcapngSource) search(data []byte, pos int) (at int, found bool) {
	for ; pos+12 <= len(data); pos++ {
		if !believableBlock(data[pos:], p.big) {
			continue
		}
		h := data[pos:]
		n, big := p.u32(h[4:]), p.big
		if p.u32(h) == ngSHB {
			big = binary.BigEndian.Uint32(h[8:]) == ngBOM
			n = u32(h[4:], big)
		}
		if int(n) > len(h) {
			if p.end == nil {
				return pos, false
			}
			continue
		}
		if u32(h[n-4:], big) == n {
			return pos, true
		}
	}
	return pos, false
}

func order(big bool) binary.ByteOrder {
	if big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// believableBlock says whether h begins like a block of a known type. Nothing
// at all (the end of the file) is believable too.
func believableBlock(h []byte, big bool) bool {
	if len(h) < 12 {
		return len(h) == 0
	}
	typ, n := u32(h, big), u32(h[4:], big)
	least := uint32(12)
	switch typ {
	case ngSHB:
		if !isPcapng(h) {
			return false
		}
		n = u32(h[4:], binary.BigEndian.Uint32(h[8:]) == ngBOM)
		least = ngMinSHB
	case ngIDB, ngDSB:
		least = 20
	case ngEPB, ngPB:
		least = 32
	case ngSPB, ngCustom, ngCustomNC:
		least = 16
	case ngISB:
		least = 24
	case ngNRB, ngJournal:
	default:
		return false
	}
	return n >= least && n <= maxFoundBlock && n%4 == 0
}
