package decode

import (
	"encoding/binary"

	"kerbscope/decode/flow"
)

// oncDatagram tells whether a datagram may be about a context of the GSS-API: a
// call with such a credential, or a reply that may be to one.
func oncDatagram(b []byte) bool {
	if len(b) < 20 {
		return false
	}
	switch binary.BigEndian.Uint64(b[4:]) {
	case 2: // CALL, version 2
		return len(b) >= 40 && oncFlavor(b) != 0
	case 1 << 32: // REPLY, MSG_ACCEPTED
		f := binary.BigEndian.Uint32(b[12:])
		return f == oncGSS || f == oncGSSAPI || f == oncNone && len(b) >= leastONCRecord+20
	case 1<<32 | 1: // MSG_DENIED
		return len(b) <= 24
	}
	return false
}

// oncOverUDP gives a datagram to its talk; one begins with a call that sets a
// context up.
func (d *Decoder) oncOverUDP(p *flow.Packet, frames []FrameID) {
	way := toServer
	if p.Payload[7] == 1 {
		way = toClient
	}
	d.talking(p, frames, way, &rpcsecGSSCarrier, way == toServer && oncSetUp(p.Payload))
}

// probeONC knows ONC RPC over TCP by the head of a call or reply.
func probeONC(up, down []byte, port uint16) verdict {
	u, v := probeONCHalf(up, false), probeONCHalf(down, true)
	switch {
	case len(up) > 0 && u == no, len(down) > 0 && v == no:
		return no
	case u == yes || v == yes:
		return yes
	}
	return needMore
}

// probeONCHalf judges one direction, from a record mark on.
func probeONCHalf(b []byte, reply bool) verdict {
	want := [...]byte{0, 0, 0, 0, 0, 0, 0, 2} // CALL, version 2
	if reply {
		want = [...]byte{0, 0, 0, 1, 0, 0, 0, 0} // REPLY, and its status
	}
	if len(b) > 0 && b[0]&0x7c != 0 {
		return no
	}
	for i := 8; i < min(len(b), 16); i++ {
		if b[i] != want[i-8] && !(reply && i == 15 && b[i] == 1) {
			return no
		}
	}
	if len(b) < 16 {
		return needMore
	}
	size, _ := oncFragment(b)
	if size < 20 {
		return no
	}
	at := 16
	if !reply {
		at = 28
	} else if b[15] == 1 { // MSG_DENIED: reject_stat
		if len(b) < 20 {
			return needMore
		}
		if binary.BigEndian.Uint32(b[16:]) > rejectAuth || size > 24 {
			return no
		}
		return yes
	}
	if len(b) < at+8 {
		if size < at+4 {
			return no
		}
		return needMore
	}
	if f := binary.BigEndian.Uint32(b[at:]); f > oncGSS && f != oncGSSAPI || binary.BigEndian.Uint32(b[at+4:]) > maxONCOpaque {
		return no
	}
	return yes
}
