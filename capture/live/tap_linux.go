//go:build !libpcap

package live

import (
	"errors"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"kerbscope/capture"
	"kerbscope/capture/live/filter"
)

// A tap is a packet socket with its ring, on one interface or on all.
type tap struct {
	fd     int
	ring   *ring
	dev    device // of Any: index 0
	link   capture.LinkType
	cooked bool

	packets, drops uint64 // from PACKET_STATISTICS, which starts again at each reading
	cardBase       uint64 // cardDrops when it was opened

	iface  uint32    // index of its interface; of no meaning for Any
	leftAt time.Time // when its interface was found to be gone
}

// openTap opens a socket that nothing enters, gives it its filter and ring, and
// only then binds it.
func openTap(o *Options, name string, buffer, retireMS int) (*tap, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, socketError(name, err)
	}
	t := &tap{fd: fd, dev: device{name: name}, link: capture.LinkSLL2, cooked: true}
	if err := t.open(o, buffer, retireMS); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *tap) open(o *Options, buffer, retireMS int) (err error) {
	name := t.dev.name
	if name != Any {
		if t.dev, err = findDevice(t.fd, name); err != nil {
			return unknownInterface(name)
		}
		t.link, t.cooked = framing(t.dev.hatype)
	}
	if t.cooked {
		unix.Close(t.fd)
		if t.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
			return socketError(name, err)
		}
	}
	program, err := o.instructions(t.filterLink())
	if err != nil {
		return err
	}
	if err := t.filter(program); err != nil {
		return err
	}
	if t.ring, err = mapRing(t.fd, buffer, retireMS); err != nil {
		return ringError(err)
	}
	if t.dev.loopback {
		// Every packet of it is seen going out and coming in. Kernels before
		// 4.20 do not know the option; unwanted looks at each packet as well.
		unix.SetsockoptInt(t.fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
	}
	if err := unix.Bind(t.fd, &unix.SockaddrLinklayer{Protocol: bigEndian16(unix.ETH_P_ALL), Ifindex: t.dev.index}); err != nil {
		return &InterfaceError{Interface: name, What: "cannot capture on it", Err: err}
	}
	if o.Promiscuous && name != Any && !t.dev.loopback {
		// An interface that has no such mode is captured on without.
		unix.SetsockoptPacketMreq(t.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP,
			&unix.PacketMreq{Ifindex: int32(t.dev.index), Type: unix.PACKET_MR_PROMISC})
	}
	if name != Any {
		t.cardBase = cardDrops(name)
	}
	return nil
}

// filterLink is what a filter finds in front of the network header: VLAN tags
// are not in the frame.
func (t *tap) filterLink() filter.Link {
	return filter.Link{Type: t.link, Cooked: t.cooked, Tags: t.cooked || t.link == capture.LinkEthernet}
}

func bigEndian16(v uint16) uint16 {
	var b [2]byte
	ne.PutUint16(b[:], v)
	return uint16(b[0])<<8 | uint16(b[1])
}

// filter sets what the kernel runs on each packet before it enters the ring.
func (t *tap) filter(program []bpf.RawInstruction) error {
	if len(program) == 0 {
		return nil
	}
	raw := make([]unix.SockFilter, len(program))
	for i, p := range program {
		raw[i] = unix.SockFilter{Code: p.Op, Jt: p.Jt, Jf: p.Jf, K: p.K}
	}
	err := unix.SetsockoptSockFprog(t.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(raw)), Filter: (*unix.SockFilter)(unsafe.Pointer(&raw[0]))})
	switch {
	case errors.Is(err, unix.ENOMEM):
		return &InterfaceError{Interface: t.dev.name, What: "the kernel has no memory for the filter", Err: err,
			Hint: "shorten the filter, or allow more: sysctl net.core.optmem_max=131072"}
	case err != nil:
		return &InterfaceError{Interface: t.dev.name, What: "the kernel refuses the filter", Err: err}
	}
	return nil
}

// shut lets nothing more into the ring.
func (t *tap) shut() {
	nothing, err := bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: 0}})
	if err == nil {
		t.filter(nothing) // if that fails, the time to drain is over some time
	}
}

// count reads the kernel's counters. Those of packets hold the drops as well.
func (t *tap) count() {
	if t.fd < 0 {
		return
	}
	if s, err := unix.GetsockoptTpacketStatsV3(t.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
		t.packets += uint64(s.Packets)
		t.drops += uint64(s.Drops)
	}
}

func (t *tap) addTo(s *Stats) {
	t.count()
	s.Received += t.packets
	s.KernelDropped += t.drops
}

// drained tells whether all that entered the ring was taken out of it.
func (t *tap) drained() bool {
	t.count()
	return t.ring.taken >= t.packets-t.drops
}

// cardDrops returns what the card dropped since the tap was opened.
func (t *tap) cardDrops() uint64 {
	if t.dev.index == 0 {
		return 0
	}
	if n := cardDrops(t.dev.name); n > t.cardBase {
		return n - t.cardBase
	}
	return 0
}

// unwanted tells the second copy of a packet on loopback: the one going out.
func (t *tap) unwanted(h []byte, lo uint32) bool {
	return h[addrPkttype] == unix.PACKET_OUTGOING && ne.Uint32(h[addrIfindex:]) == lo
}

func (t *tap) close() {
	if t.ring != nil {
		t.ring.unmap()
		t.ring = nil
	}
	if t.fd >= 0 {
		unix.Close(t.fd)
		t.fd = -1
	}
}

func socketError(name string, err error) error {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return &PermissionError{Interface: name, Err: err, Hint: "run it as root, or give the program the right once: sudo setcap cap_net_raw+ep " + ownPath() +
			" (in a container: --cap-add NET_RAW)"}
	case errors.Is(err, unix.EAFNOSUPPORT), errors.Is(err, unix.EPROTONOSUPPORT):
		return &NoSourceError{What: "this kernel has no packet sockets (AF_PACKET)", Err: err,
			Hint: "load the module: sudo modprobe af_packet; WSL 1 and some sandboxes have none: capture outside of them"}
	}
	return &InterfaceError{Interface: name, What: "no packet socket", Err: err}
}

func ringError(err error) error {
	if errors.Is(err, unix.ENOMEM) {
		return &InterfaceError{What: "no memory for the capture buffer", Err: err, Hint: "ask for a smaller one"}
	}
	return &NoSourceError{What: "this kernel's packet sockets have no receive ring of version 3", Err: err,
		Hint: "Linux 3.2 and later have it; a build with -tags libpcap does without"}
}
