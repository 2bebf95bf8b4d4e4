package flow

import (
	"kerbscope/capture"
	"net/netip"
)

type connKey struct{}
type connState uint8
type connList struct{}
type clock struct{}
type piece struct{}
type pieces struct{ list []piece }

func (h *Half) end() int64 { return h.off + int64(len(h.data)) }
func (h *Half) clearData() {}
func (h *Half) drain()     {}

// Peek reads the headers of one frame into p. wire is the length the frame had on the wire.
func Peek(link capture.LinkType, data []byte, wire uint32, p *Packet) Verdict { return NotIP }

// CommunityID returns the Community ID v1 (seed 0) of a flow; the same for both directions.
func CommunityID(src, dst netip.AddrPort, proto uint8) string { return "" }

// Judged remembers a small verdict for each of the last many flows, in a fixed amount of memory.
type Judged struct{}

// NewJudged returns a table for about flows flows (8 bytes each).
func NewJudged(flows int) *Judged { return &Judged{} }

// Get returns the verdict set for hash (Packet.Hash), and how many generations ago; 0 if there is none or it was overwritten.
func (j *Judged) Get(hash uint64) (verdict uint8, age uint16) { return 0, 0 }

// Set sets the verdict (not 0) of a flow.
func (j *Judged) Set(hash uint64, verdict uint8) {}

// NextGeneration begins a new generation.
func (j *Judged) NextGeneration() {}

// FragmentLimits bound Fragments. A zero field means its default.
type FragmentLimits struct {
	Datagrams int   // in progress; default 1024
	Bytes     int   // held in all; default 16 MiB
	Age       int64 // ns of capture time from the first fragment; default 30 s
}

// A Datagram is a whole datagram put together from fragments. It owns its bytes.
type Datagram struct {
	Packet            // ports, flags, payload as Peek would have read them
	Verdict   Verdict // TCP, UDP, ICMP, Tunnel, OtherIP, Malformed
	Frames    []uint64
	FirstTime int64
	Overlap   bool // fragments overlapped; the first seen stand
}

// A Lost is a datagram whose fragments never completed.
type Lost struct {
	Src, Dst         IP
	SrcPort, DstPort uint16
	HasPorts         bool // the first fragment was seen
	V6               bool
	Proto            uint8
	IPID             uint32
	Frames           []uint64
	First, Last      Seen
	Have             uint32 // bytes seen
	Whole            uint32 // bytes of the whole; 0 when the last fragment was not seen
	Why              LostWhy
}

// LostWhy says why a datagram was given up.
type LostWhy uint8

// Fragments puts IPv4 and IPv6 fragments together.
type Fragments struct{}

// NewFragments returns a reassembler; lost is called for each datagram given up (may be nil).
func NewFragments(lim FragmentLimits, lost func(*Lost)) *Fragments { return &Fragments{} }

// Add takes a packet for which Peek said Fragment and returns the datagram it completes, or nil.
func (f *Fragments) Add(p *Packet, frame uint64, time int64) *Datagram { return nil }

// Tick gives up what is too old at time.
func (f *Fragments) Tick(time int64) {}

// Flush gives up everything, oldest first.
func (f *Fragments) Flush() {}

// ICMPError is an ICMP or ICMPv6 error and the packet it quotes.
type ICMPError struct {
	V6         bool
	Type, Code uint8
	Kind       ICMPKind
	MTU        uint32         // next-hop MTU of TooBig; 0 when not told
	Proto      uint8          // of the quoted packet
	Src, Dst   netip.AddrPort // of the quoted packet; ports 0 when the quote is too short
	HasPorts   bool
	Seq        uint32 // of a quoted TCP segment, if HasPorts
}

// ICMPKind is what the error says.
type ICMPKind uint8

// ParseICMP reads the ICMP error in a packet for which Peek said ICMP; false when it is none (echo, neighbour discovery) or quotes nothing readable.
func ParseICMP(p *Packet, e *ICMPError) bool { return false }
