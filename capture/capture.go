// Package capture brings packets in: capture files of every format in the
// formats table, plain or compressed, become Batches of packet records. It
// knows nothing of networks above the link type.
package capture

import "fmt"

// A LinkType is a LINKTYPE_ number of the pcap and pcapng formats (the
// registry of tcpdump.org). DLT numbers that differ are mapped on reading.
type LinkType uint32

// The link types that decode walks. Others are counted, not read.
const (
	LinkNull      LinkType = 0   // BSD loopback, family in host order
	LinkEthernet  LinkType = 1   // Ethernet II and 802.3
	LinkTokenRing LinkType = 6   // 802.5
	LinkPPP       LinkType = 9   // PPP
	LinkFDDI      LinkType = 10  // FDDI
	LinkPPPHDLC   LinkType = 50  // PPP in HDLC-like framing
	LinkPPPoE     LinkType = 51  // PPPoE, no Ethernet header
	LinkRaw       LinkType = 101 // IPv4 or IPv6, no link header
	LinkWiFi      LinkType = 105 // 802.11
	LinkLoop      LinkType = 108 // OpenBSD loopback, family in network order
	LinkSLL       LinkType = 113 // Linux "cooked"
	LinkPrism     LinkType = 119 // 802.11 behind a Prism header
	LinkRadiotap  LinkType = 127 // 802.11 behind a radiotap header
	LinkUser15    LinkType = 162 // here: a record that is numbered as a frame but holds no packet; its Interface's Name tells the kind
	LinkAVS       LinkType = 163 // 802.11 behind an AVS header
	LinkPPI       LinkType = 192 // a packet of a link type that its PPI header tells
	LinkIPv4      LinkType = 228 // raw IPv4
	LinkIPv6      LinkType = 229 // raw IPv6
	LinkSLL2      LinkType = 276 // Linux "cooked", version 2
)

// A Record says where one packet lies in its Batch.
type Record struct {
	Time      int64  // nanoseconds since 1970-01-01 UTC, the capture's own clock; NoTime if the record carries none
	Frame     uint64 // 1-based, counted as Wireshark counts: every packet record of the file
	Off       uint32 // of the first captured byte in Batch.Data
	Len       uint32 // captured bytes
	Wire      uint32 // bytes the packet had on the wire; never less than Len
	Interface uint32 // index into Info.Interfaces
	Link      LinkType
}

// NoTime is the Time of a packet record without a time stamp (pcapng SPB).
const NoTime int64 = -1 << 63

// A Batch is one block of bytes and the packet records in it. Whoever holds a
// Batch owns it until Release; batches then go round between reader and
// decoder, so nothing may keep a view of Data after Release.
type Batch struct {
	Data    []byte
	Records []Record
	Notes   []Note // comments and flags of some of Records, in their order; empty without KeepNotes

	// Aside is what the prepare function of ReadAhead made of the batch. It
	// stays with the buffers, to be used again; a Source leaves it alone.
	Aside any

	release func(*Batch)
}

// A Packet is a view of one record of a Batch, valid until its Release.
type Packet struct {
	Record
	Data []byte // the captured bytes, Len of them
}

// Packet returns a view of record i.
func (b *Batch) Packet(i int) Packet {
	r := b.Records[i]
	return Packet{Record: r, Data: b.Data[r.Off : r.Off+r.Len : r.Off+r.Len]}
}

// Release hands the batch back; it must not be used afterwards.
func (b *Batch) Release() {
	if b.release != nil {
		b.release(b)
	}
}

// An Interface is one capture interface of a source.
type Interface struct {
	Name    string // as the capture gives it (if_name); empty when it gives none
	Link    LinkType
	SnapLen uint32 // longest packet kept; 0: no limit known
	TicksPS uint64 // time stamp ticks a second: a power of ten or two, at most 2^64-1; tells the precision of times
	Filter  string // what of its packets was captured, as the recorder tells (if_filter); KerberosFilter: ours; empty when it tells nothing
}

// KerberosFilter is the Filter of an interface that was captured with the
// filter of kerbscope capture.
const KerberosFilter = "kerbscope: ports that carry Kerberos, elsewhere packets that show it"

// Digits returns the number of decimal places of a second that the
// interface's times are precise to, 0 to 9.
func (i Interface) Digits() int {
	n := 0
	for t := i.TicksPS; t >= 10 && n < 9; t /= 10 {
		n++
	}
	return n
}

// Info says what a Source has seen so far; complete once Next returned io.EOF.
type Info struct {
	Format     string // "pcap", "pcapng", …; "pcapng.gz" for a compressed one
	Interfaces []Interface
	Frames     uint64 // packet records
	Bytes      uint64 // captured bytes of all packet records
	First      int64  // earliest Time; NoTime without packets
	Last       int64  // latest Time
	Truncated  uint64 // records cut by the snap length (Len < Wire)
	Faults     []Fault
	Faulted    uint64  // number of faults, of which Faults holds the first few
	Lost       []Count // what the recorder says that it lost, and packets of which only parts are there
	Losses     []Loss  // those of Lost of which it is known when, in time order
	LeftOut    []Count // what the capture holds and is not given: further copies of packets …
	Advice     string  // what to record otherwise next time, because packets were cut
	LocalTime  bool    // times are of the wall clock in a zone that the capture does not tell, read as UTC (see LocalAhead)
	Digits     int     // decimal places of a second that times are precise to: 6 or 9 …
}

// A Count is a number of what its name says.
type Count struct {
	Name string // in snake_case
	N    uint64
}

// A Fault is a place in the file that could not be read as its format says.
type Fault struct {
	Offset uint64 // byte offset in the (decompressed) file
	Frame  uint64 // number of the last frame read before it
	What   string
	Fatal  bool // reading stopped here
}

func (f Fault) String() string {
	return fmt.Sprintf("byte %d (after frame %d): %s", f.Offset, f.Frame, f.What)
}

// A Source yields the packets of one capture file in file order.
type Source interface {
	// Next fills b with at least one record, or returns io.EOF at the end.
	// Damage inside the file is no error: it stands in Info().Faults and what
	// is readable after it is still read. An error other than io.EOF is the
	// operating system's (read failed) and ends the source.
	Next(b *Batch) error
	// Info tells what was read so far.
	Info() Info
	Close() error
}

// String returns the name of the LINKTYPE_, or its number.
func (l LinkType) String() string {
	switch l {
	case LinkNull:
		return "NULL"
	case LinkEthernet:
		return "ETHERNET"
	case LinkPPP:
		return "PPP"
	case LinkTokenRing:
		return "IEEE802_5"
	case LinkFDDI:
		return "FDDI"
	case LinkPPPHDLC:
		return "PPP_HDLC"
	case LinkPPPoE:
		return "PPP_ETHER"
	case LinkWiFi:
		return "IEEE802_11"
	case LinkPrism:
		return "IEEE802_11_PRISM"
	case LinkRadiotap:
		return "IEEE802_11_RADIOTAP"
	case LinkAVS:
		return "IEEE802_11_AVS"
	case LinkPPI:
		return "PPI"
	case LinkRaw:
		return "RAW"
	case LinkLoop:
		return "LOOP"
	case LinkSLL:
		return "LINUX_SLL"
	case LinkUser15:
		return "USER15"
	case LinkIPv4:
		return "IPV4"
	case LinkIPv6:
		return "IPV6"
	case LinkSLL2:
		return "LINUX_SLL2"
	}
	return fmt.Sprintf("LINKTYPE %d", uint32(l))
}
