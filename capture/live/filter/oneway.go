package filter

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/net/bpf"

	"kerbscope/capture"
)

// OneWay tells whether a filter lets packets from one endpoint to another
// through and refuses those that answer them. A text that cannot be read does
// not.
func OneWay(text string, from, to netip.AddrPort, udp bool) bool {
	x, err := Parse(text)
	if err != nil {
		return false
	}
	const snap = 65535
	program, err := x.Program(Link{Type: capture.LinkEthernet}, snap)
	if err != nil {
		return false
	}
	vm, err := bpf.NewVM(program)
	if err != nil {
		return false
	}
	there, err := vm.Run(frame(from, to, udp))
	if err != nil || there == 0 {
		return false
	}
	back, err := vm.Run(frame(to, from, udp))
	return err == nil && back == 0
}

// frame is a packet of an established connection, or a datagram, with some
// payload. Of its headers stands what filters look at.
func frame(from, to netip.AddrPort, udp bool) []byte {
	const payload = 100
	be := binary.BigEndian
	proto, head := byte(6), 20
	if udp {
		proto, head = 17, 8
	}
	b := make([]byte, 12, 14+40+20+payload)
	src, dst := from.Addr().Unmap(), to.Addr().Unmap()
	if src.Is4() {
		b = append(b, 8, 0, 0x45, 0)
		b = be.AppendUint16(b, uint16(20+head+payload))
		b = append(b, 0, 0, 0, 0, 64, proto, 0, 0)
	} else {
		b = append(b, 0x86, 0xdd, 0x60, 0, 0, 0)
		b = be.AppendUint16(b, uint16(head+payload))
		b = append(b, proto, 64)
	}
	b = append(append(b, src.AsSlice()...), dst.AsSlice()...)
	b = be.AppendUint16(b, from.Port())
	b = be.AppendUint16(b, to.Port())
	if udp {
		b = be.AppendUint16(b, uint16(head+payload))
		b = append(b, 0, 0)
	} else {
		b = append(b, 0, 0, 0, 1, 0, 0, 0, 1, 5<<4, 0x18, 1, 0, 0, 0, 0, 0) // PSH, ACK
	}
	return append(b, make([]byte, payload)...)
}
