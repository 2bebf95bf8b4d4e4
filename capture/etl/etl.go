// Package etl reads the packets in Windows event traces (.etl), as netsh trace,
// New-NetEventSession and pktmon record them: bytes, buffers, events, packets.
// It knows nothing of what is in the packets but what it takes to tell copies.
//
// Sources: WMI_BUFFER_HEADER, TRACE_LOGFILE_HEADER, EVENT_HEADER and
// PKTMON_EVT_STREAM_METADATA of the Windows headers, the manifests of the two
// providers, [MS-XCA].
package etl

import (
	"encoding/binary"
	"errors"
	"hash/maphash"
	"io"
)

const (
	maxFaults = 16   // faults kept one by one
	maxNames  = 4096 // interfaces, ports, components
	// Event traces shrink by about ten. What would grow a thousandfold is
	// made to keep a reader busy.
	maxRatio   = 1000
	nameReach  = 32 << 20 // bytes at the end of a trace that are searched for names
	nameBuffer = 16       // and buffers
)

var errBomb = errors.New("decompression bomb")

// Options change what a Reader gives.
type Options struct {
	// AllCopies: every packet at every layer as it was logged, also those that
	// Windows dropped, and 802.11 frames as they are. Otherwise one copy of
	// each, and what 802.11 data frames hold as Ethernet.
	AllCopies bool
}

// A Direction is the way of a packet, as the component that logged it says.
type Direction uint8

const (
	Unknown Direction = iota
	Inbound
	Outbound
)

// A Packet is one packet. Data is valid until the next call of Next.
type Packet struct {
	Time      int64 // ns since 1970, UTC, of 100 ns precision; NoTime if it cannot be told
	Data      []byte
	Wire      uint32 // bytes of the whole packet
	Link      int    // LINKTYPE_ number
	Interface int    // index into Interfaces
	Direction Direction
	// Process and Thread are those that happened to run when the packet
	// passed: a hint, not the owner. Received packets have 0 or 4 there.
	Process, Thread          uint32
	Dropped                  bool // Windows dropped it here (only with AllCopies)
	DropReason, DropLocation uint32

	iface ifaceKey
	wire  uint32 // as logged; 0: not logged
	cut   bool   // the tail was not logged
}

// An Interface is where packets were seen: a layer of a network card's stack.
type Interface struct {
	Name string
	Link int
}

// Counts are what was seen besides the packets given.
type Counts struct {
	Events   uint64 // packet events read
	Copies   uint64 // of a packet at other layers, left out
	Dropped  uint64 // packets that Windows dropped: left out unless AllCopies
	Partial  uint64 // packets and fragments left out because a part of them is missing
	NotData  uint64 // 802.11 frames that hold no packet, or one that is encrypted or fragmented
	Unknown  uint64 // packets of a kind that is not read
	Damaged  uint64 // packet events whose lengths are wrong
	CutAt128 uint64 // packets of which pktmon kept its 128 bytes
}

// A Fault is a place in the file that could not be read.
type Fault struct {
	Offset  int64
	Packets uint64 // given before it was met
	What    string
	Fatal   bool
}

// FormatError says why a file is not read.
type FormatError struct{ What, Hint string }

func (e *FormatError) Error() string { return e.What }

const (
	ifaceEthernet = iota
	ifaceWiFi
	ifaceMobile
	ifaceSwitch
	ifacePktmon
	ifaceDrops
)

type ifaceKey struct {
	kind      uint8
	id, port  uint32
	vlan      uint16
	wifi, raw bool
	link      int
}

type portKey struct{ lower, port uint32 }

// A Reader gives the packets of one trace in the order of their times. It
// holds no more than a part of each buffer that is open at a time.
type Reader struct {
	Header  Header
	Counts  Counts
	Faults  []Fault // the first ones
	Faulted uint64  // all

	src     io.ReaderAt
	size    int64
	options Options
	clock   clock
	merge   merge
	joins   ndis
	copies  copies
	current *held // given by the last Next

	components map[uint16]component
	searched   bool // for names of components
	ports      map[portKey]string
	ifaces     map[ifaceKey]int
	list       []Interface
	seen       providers

	scratch     Packet // being logged
	single      Packet // and what of it is kept
	frame       []byte // of what an 802.11 frame holds
	peek        [0x80]byte
	lz          lz77
	packed      bool
	unpacked    int64
	maxUnpacked int64
	bombed      bool
	packets     uint64
	ended       bool
	broken      error // the operating system's
}

// Is tells an event trace by its beginning, which has no magic number: the
// first buffer is of type 4 (header), and its first record a system record of
// hook 0 that fits in it.
func Is(h []byte) bool {
	if len(h) < 0x50 {
		return false
	}
	le := binary.LittleEndian
	size, rec := le.Uint32(h), le.Uint16(h[0x4c:])
	return size >= minBuffer && size <= maxUsed && le.Uint16(h[0x36:]) == 4 &&
		(h[0x4a] == typeSystem32 || h[0x4a] == typeSystem64) && h[0x4b]&0xc0 == 0xc0 &&
		rec >= 0x130 && uint32(rec) <= size-bufferHeader && le.Uint16(h[0x4e:]) == 0
}

// NewReader returns a Reader of the trace in the first size bytes of src. The
// error is a *FormatError, or src's.
func NewReader(src io.ReaderAt, size int64, o Options) (*Reader, error) {
	r := newReader(src, size)
	r.options = o
	head := make([]byte, min(size, 4096))
	if n, err := src.ReadAt(head, 0); n < len(head) && err != io.EOF {
		return nil, err
	} else if head = head[:n]; !Is(head) {
		return nil, &FormatError{What: "not a Windows event trace"}
	}
	var err error
	if r.Header, r.clock, err = readHeader(head[bufferHeader:]); err != nil {
		return nil, err
	}
	if r.Header.mode&modeCompressed != 0 {
		if name := otherCompression[binary.LittleEndian.Uint16(head[0x2c:])]; name != "" {
			return nil, &FormatError{
				What: "a Windows event trace compressed by " + name + ", which is not read",
				Hint: "convert it on Windows: pktmon etl2pcap FILE.etl --out OUT.pcapng",
			}
		}
	}
	if r.merge.bufs, err = r.index(); err != nil {
		return nil, err
	}
	return r, nil
}

// otherCompression names the formats (COMPRESSION_FORMAT_…) that are not read.
// Plain LZ77, XPRESS, is 3.
var otherCompression = map[uint16]string{2: "LZNT1", 4: "XPRESS Huffman"}

func newReader(src io.ReaderAt, size int64) *Reader {
	return &Reader{
		src: src, size: size, maxUnpacked: maxUsed + size*maxRatio,
		joins:      ndis{partials: map[ndisKey]*partial{}},
		copies:     copies{seed: maphash.MakeSeed(), known: map[copyKey]*known{}, now: NoTime, memory: copyTime},
		components: map[uint16]component{}, ports: map[portKey]string{}, ifaces: map[ifaceKey]int{},
	}
}

// Next returns the next packet, or io.EOF. Any other error is that of the
// source, and final.
func (r *Reader) Next() (*Packet, error) {
	if r.current != nil {
		r.release(r.current)
		r.current = nil
	}
	for {
		if h := r.due(r.ended); h != nil {
			r.current = h
			r.packets++
			h.p.Interface = r.iface(h.p.iface, h.p.Link)
			return &h.p, nil
		}
		if r.ended {
			if r.broken != nil {
				return nil, r.broken
			}
			return nil, io.EOF
		}
		e := r.merge.event(r)
		if e == nil {
			r.ended = true
			r.Counts.Partial += uint64(len(r.joins.partials))
			clear(r.joins.partials)
			continue
		}
		r.take(e)
	}
}

// wanted tells the events that are read whole.
func wanted(provider guid, id uint16) bool {
	switch provider {
	case ndisCapture:
		return id == ndisPacket || id == ndisSwitch
	case pktmon:
		return id == pktmonPacket || id == pktmonDrop || id == pktmonComponent || id == pktmonProperty
	}
	return false
}

func (r *Reader) take(e *event) {
	if e.provider == ndisCapture {
		r.Counts.Events++
		r.ndis(e)
		return
	}
	if e.id == pktmonPacket || e.id == pktmonDrop {
		r.Counts.Events++
		if !r.searched {
			r.searched = true
			r.readNames()
		}
	}
	r.pktmon(e)
}

// readNames looks for the names of components where a trace ends: pktmon
// writes them last, and they are wanted first.
func (r *Reader) readNames() {
	q := newReader(r.src, r.size)
	q.components = r.components
	bytes := int64(0)
	bufs := r.merge.bufs
	for n := 0; n < nameBuffer && len(bufs) > 0; n++ {
		b := bufs[len(bufs)-1]
		bufs = bufs[:len(bufs)-1]
		if bytes += b.used; bytes > nameReach {
			break
		}
		var s stream
		for s.open(r.src, b); s.next(q); {
			if s.ev.provider == pktmon && (s.ev.id == pktmonComponent || s.ev.id == pktmonProperty) {
				q.component(&s.ev)
			}
		}
	}
}

// logged takes a packet as a component logged it, makes it one of a link type,
// and keeps it unless it is a copy.
func (r *Reader) logged(p *Packet, d []byte, from layer, id packetID) {
	if len(d) > maxPacket {
		r.Counts.Damaged++
		return
	}
	missing := max(p.wire, uint32(len(d))) - uint32(len(d))
	switch {
	case (p.iface.wifi || p.iface.kind == ifaceWiFi) && isWiFi(d):
		if !r.options.AllCopies {
			if !r.fromWiFi(d, missing, func(frame []byte, missing uint32) {
				r.packet(p, LinkEthernet, frame, missing, from, id)
				id.part++
			}) {
				r.Counts.NotData++
			}
			return
		}
		r.frame = append(r.frame[:0], d...)
		if len(d) > 1 {
			r.frame[1] &^= 0x40 // Protected: it was decrypted, and says otherwise
		}
		r.packet(p, LinkWiFi, r.frame, missing, from, id)
	case p.iface.raw || p.iface.kind == ifaceMobile:
		if len(d) == 0 || d[0]>>4 != 4 && d[0]>>4 != 6 {
			r.Counts.Unknown++
			return
		}
		r.packet(p, LinkRaw, d, missing, from, id)
	default:
		p.iface.wifi = false
		r.packet(p, LinkEthernet, d, missing, from, id)
	}
}

func (r *Reader) packet(p *Packet, link int, d []byte, missing uint32, from layer, id packetID) {
	one := &r.single
	*one = *p
	one.Link, one.Wire = link, uint32(len(d))+missing
	if p.cut && missing == 0 {
		// The length on the wire is not logged: the packet tells it.
		if _, b, wire, ok := network(link, d); ok && wire > len(b) {
			one.Wire += uint32(wire - len(b))
		}
	}
	r.add(one, d, from, id)
}

// Interfaces are those of the packets given so far. The list only grows.
func (r *Reader) Interfaces() []Interface { return r.list }

func (r *Reader) iface(k ifaceKey, link int) int {
	k.link, k.wifi, k.raw = link, false, false
	if i, ok := r.ifaces[k]; ok {
		return i
	}
	if len(r.ifaces) >= maxNames {
		for i := range r.list {
			if r.list[i].Link == link {
				return i
			}
		}
	}
	r.list = append(r.list, Interface{r.name(k), link})
	r.ifaces[k] = len(r.list) - 1
	return len(r.list) - 1
}
