package redact

import (
	"encoding/binary"

	"kerbscope/decode/flow"
)

// udpCarrier is what datagrams of ports carry; "" when that is not known.
func udpCarrier(a, b uint16) string {
	for _, p := range [...]uint16{a, b} {
		switch p {
		case 88:
			return "kdc"
		case 464:
			return "kpasswd"
		case 53:
			return "dns"
		case 389:
			return "cldap"
		}
	}
	return ""
}

// udp redacts the payload of a datagram.
func (r *Redactor) udp(carrier string, b []byte) {
	switch carrier {
	case "kdc":
		r.message(b)
	case "kpasswd":
		r.kpasswdBody(b)
	case "dns":
		r.dns(b)
	case "cldap":
		for len(b) > 0 {
			n := r.ldap(b, false)
			if n <= 0 {
				wipe(b)
				return
			}
			b = b[n:]
		}
	case "rpcsec_gss":
		if len(b) < 20 || binary.BigEndian.Uint32(b[4:]) > 1 {
			wipe(b)
			return
		}
		r.oncMessage(b)
	default:
		if len(b) > 0 {
			if n := r.bare(b, false); n < len(b) {
				wipe(b[max(n, 0):])
			}
		}
	}
}

// A fragmentKey is what fragments of a datagram have in common.
type fragmentKey struct {
	point    int
	src, dst flow.IP
	id       uint32
	proto    uint8
}

// A fragmentSlot is a piece of time as long as fragments wait for each other:
// no two datagrams of a key begin in one.
type fragmentSlot struct {
	fragmentKey
	slot int64
}

// A datagram is one that came in fragments.
type datagram struct {
	begin    int64 // time of the fragment that came first
	ranges   half
	size     int64 // 0: its end was not captured
	hasPorts bool
	summed   bool
	carrier  string
}

func fragmentOf(point int, p *flow.Packet) fragmentKey {
	k := fragmentKey{point, p.Src, p.Dst, p.IPID, p.Proto}
	if p.V6 {
		k.proto = 0
	}
	return k
}

// datagramAt is the datagram of a fragment, by its time.
func (f *File) datagramAt(k fragmentKey, t int64) *datagram {
	slot := t / fragmentAge
	for _, s := range [...]int64{slot + 1, slot, slot - 1} {
		if d := f.fragments[fragmentSlot{k, s}]; d != nil && t-d.begin > -fragmentAge && t-d.begin < fragmentAge {
			return d
		}
	}
	return nil
}

func (f *File) collectFragment(point int, p *flow.Packet, t int64) {
	if p.Proto != 17 || p.FragOff > 1<<16 || f.held > maxHeld {
		return
	}
	k := fragmentOf(point, p)
	d := f.datagramAt(k, t)
	if d == nil {
		if len(f.pieced) == maxFragments {
			return
		}
		d = &datagram{begin: t}
		f.pieced = append(f.pieced, d)
		f.fragments[fragmentSlot{k, t / fragmentAge}] = d
	}
	if p.FragOff == 0 && p.HasPorts {
		d.hasPorts, d.carrier = true, udpCarrier(p.SrcPort, p.DstPort)
	}
	if !p.FragMore && !p.Truncated() {
		d.size = int64(p.FragOff) + int64(len(p.Payload))
	}
	f.held += len(p.Payload)
	d.ranges.pieces = append(d.ranges.pieces, piece{int64(p.FragOff), append([]byte(nil), p.Payload...)})
}

// datagram redacts one: its first part; what stands behind a gap is wiped. The
// UDP checksum is that of the datagram where all of it is there, else none.
func (r *Redactor) datagram(d *datagram) {
	d.ranges.join()
	for i, p := range d.ranges.ranges {
		if i > 0 || p.off != 0 || len(p.data) < 8 {
			wipe(p.data)
			continue
		}
		r.udp(d.carrier, p.data[8:])
		p.data[6], p.data[7] = 0, 0
	}
}

// checksum puts the checksum into a datagram in fragments.
func (d *datagram) checksum(src, dst []byte) {
	if d.summed {
		return
	}
	d.summed = true
	if len(d.ranges.ranges) != 1 || d.size != int64(len(d.ranges.ranges[0].data)) || d.size < 8 {
		return
	}
	b := d.ranges.ranges[0].data
	b[6], b[7] = 0, 0
	binary.BigEndian.PutUint16(b[6:], upperSum(17, src, dst, b))
}
