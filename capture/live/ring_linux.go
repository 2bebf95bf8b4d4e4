//go:build !libpcap

package live

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"kerbscope/capture"
)

// A ring is a TPACKET_V3 receive ring: blocks of packets that the kernel fills
// and hands over one by one, when full or retireMS after their first packet.
// See packet(7) and Documentation/networking/packet_mmap.rst of Linux.
type ring struct {
	mem    []byte
	blocks uint32
	at     uint32 // the block in hand, or the next to come
	held   bool   // it is ours
	left   uint32 // packets in it not yet taken
	pos    uint32 // where in it the next one begins
	taken  uint64 // packets
}

const (
	ringBlock = 1 << 20 // holds the largest packet with room to spare
	minBlocks = 2

	// Offsets in struct tpacket_block_desc.
	blockStatus = 8
	blockCount  = 12
	blockFirst  = 16

	// Offsets in struct tpacket3_hdr, and of the sockaddr_ll behind it.
	headNext    = 0
	headSec     = 4
	headNsec    = 8
	headSnap    = 12
	headLen     = 16
	headStatus  = 20
	headMAC     = 24
	headTCI     = 32
	headTPID    = 36
	headAddr    = 48
	headLeast   = headAddr + 20
	addrProto   = headAddr + 2
	addrIfindex = headAddr + 4
	addrHatype  = headAddr + 8
	addrPkttype = headAddr + 10
	addrHalen   = headAddr + 11
	addrAddr    = headAddr + 12
)

// mapRing gives a socket a ring of about size bytes, or of as much less as the
// kernel has memory for.
func mapRing(fd, size, retireMS int) (*ring, error) {
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return nil, fmt.Errorf("TPACKET_V3: %w", err)
	}
	for n := max(size/ringBlock, minBlocks); ; n /= 2 {
		n = max(n, minBlocks)
		req := unix.TpacketReq3{
			Block_size: ringBlock, Block_nr: uint32(n),
			Frame_size: 2048, Frame_nr: uint32(n * ringBlock / 2048), // of no meaning in this version, but checked
			Retire_blk_tov: uint32(retireMS),
		}
		err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req)
		if err == unix.ENOMEM && n > minBlocks {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("a receive ring of %d MiB: %w", n*ringBlock>>20, err)
		}
		mem, err := unix.Mmap(fd, 0, n*ringBlock, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		if err != nil {
			return nil, fmt.Errorf("mapping a receive ring of %d MiB: %w", n*ringBlock>>20, err)
		}
		return &ring{mem: mem, blocks: uint32(n)}, nil
	}
}

func (r *ring) unmap() {
	if r.mem != nil {
		unix.Munmap(r.mem)
		r.mem = nil
	}
}

func (r *ring) status(block uint32) *uint32 {
	return (*uint32)(unsafe.Pointer(&r.mem[block*ringBlock+blockStatus]))
}

// ready makes the ring stand at a packet, if there is one.
func (r *ring) ready() bool {
	for r.left == 0 {
		if r.held {
			atomic.StoreUint32(r.status(r.at), unix.TP_STATUS_KERNEL)
			r.held = false
			if r.at++; r.at == r.blocks {
				r.at = 0
			}
		}
		if atomic.LoadUint32(r.status(r.at))&unix.TP_STATUS_USER == 0 {
			return false
		}
		b := r.mem[r.at*ringBlock : (r.at+1)*ringBlock]
		r.held, r.left, r.pos = true, ne.Uint32(b[blockCount:]), ne.Uint32(b[blockFirst:])
	}
	return true
}

// crowded tells whether half of the ring waits to be taken.
func (r *ring) crowded() bool {
	return atomic.LoadUint32(r.status((r.at+r.blocks/2)%r.blocks))&unix.TP_STATUS_USER != 0
}

var ne = binary.NativeEndian

// head returns the header of the packet that ready found, and what is behind it
// in the block.
func (r *ring) head() []byte {
	return r.mem[r.at*ringBlock+r.pos : (r.at+1)*ringBlock]
}

func headTime(h []byte) int64 {
	return int64(ne.Uint32(h[headSec:]))*1e9 + int64(ne.Uint32(h[headNsec:]))
}

// skip goes on to the next packet.
func (r *ring) skip(h []byte) {
	r.pos += ne.Uint32(h[headNext:])
	r.left--
	r.taken++
}

const vlanTag = 4

// put appends the packet of header h to b, with the VLAN tag back in its place
// that the kernel took out. It is false when b has no room for it.
func put(b *capture.Batch, h []byte, cooked bool, snapLen uint32, iface uint32, link capture.LinkType) bool {
	n, wire, mac := ne.Uint32(h[headSnap:]), ne.Uint32(h[headLen:]), uint32(ne.Uint16(h[headMAC:]))
	status := ne.Uint32(h[headStatus:])
	if uint64(mac)+uint64(n) > uint64(len(h)) { // the kernel's word, but memory is shared
		n = uint32(len(h)) - min(mac, uint32(len(h)))
		mac = min(mac, uint32(len(h)))
	}
	need := int(n) + vlanTag + sll2Len
	if len(b.Data)+need > cap(b.Data) {
		if len(b.Records) > 0 {
			return false
		}
		b.Data = make([]byte, 0, max(batchBytes, need))
	}
	off := uint32(len(b.Data))
	p := h[mac : mac+n]
	tag := status&unix.TP_STATUS_VLAN_VALID != 0
	tpid, tci := uint16(unix.ETH_P_8021Q), ne.Uint32(h[headTCI:])
	if status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
		tpid = ne.Uint16(h[headTPID:])
	}
	switch {
	case cooked:
		b.Data = appendSLL2(b.Data, h, tag, tpid, uint16(tci))
		b.Data = append(b.Data, p...)
	case tag && link == capture.LinkEthernet && n >= 12:
		b.Data = append(b.Data, p[:12]...)
		b.Data = append(b.Data, byte(tpid>>8), byte(tpid), byte(tci>>8), byte(tci))
		b.Data = append(b.Data, p[12:]...)
	default:
		b.Data = append(b.Data, p...)
	}
	got := uint32(len(b.Data)) - off
	wire += got - n
	if got > snapLen {
		got = snapLen
		b.Data = b.Data[:off+got]
	}
	b.Records = append(b.Records, capture.Record{
		Time: headTime(h), Off: off, Len: got, Wire: max(wire, got), Interface: iface, Link: link,
	})
	return true
}

const sll2Len = 20

// appendSLL2 makes the header of LINKTYPE_LINUX_SLL2 out of the packet's
// sockaddr_ll: protocol, interface index, ARPHRD_ type, direction, address.
func appendSLL2(d, h []byte, tag bool, tpid, tci uint16) []byte {
	proto := h[addrProto : addrProto+2] // big-endian already
	if tag {
		d = append(d, byte(tpid>>8), byte(tpid), 0, 0)
	} else {
		d = append(d, proto[0], proto[1], 0, 0)
	}
	d = binary.BigEndian.AppendUint32(d, ne.Uint32(h[addrIfindex:]))
	d = binary.BigEndian.AppendUint16(d, ne.Uint16(h[addrHatype:]))
	d = append(d, h[addrPkttype], h[addrHalen])
	d = append(d, h[addrAddr:addrAddr+8]...)
	if tag {
		d = append(d, byte(tci>>8), byte(tci), proto[0], proto[1])
	}
	return d
}
