package etl

import "encoding/binary"

// Microsoft-Windows-NDIS-PacketCapture, the provider behind netsh trace
// capture=yes and New-NetEventSession.
var ndisCapture = guid{0x6e, 0x00, 0xd6, 0x2e, 0x29, 0x47, 0x09, 0x46, 0xb4, 0x23, 0x3e, 0xe7, 0xbc, 0xd6, 0x78, 0xef}

const (
	ndisPacket = 1001
	ndisSwitch = 1003 // a packet in a virtual switch, Windows 8 and later
)

// Keyword bits of its packet events.
const (
	keyWWAN      = 0x200
	keyTunnel    = 0x8000
	keyWiFi      = 0x10000
	keyTruncated = 0x2000000
	keyStart     = 0x40000000
	keyEnd       = 0x80000000
	keySend      = 0x100000000
)

const (
	maxPacket   = 256 << 10 // longest packet; large sends and merged segments reach 64 KiB
	maxPartials = 256       // packets of which fragments are awaited
)

// Until Windows 8.1 a packet is an event for each of its memory fragments,
// written by one thread on one CPU one after the other.
type ndisKey struct {
	id              uint16
	cpu             uint16
	miniport, lower uint32
	port            uint32
	process, thread uint32
	send            bool
}

type partial struct {
	p    Packet // of the first fragment
	from layer
	data []byte
	at   uint64 // when it began, in events
}

// ndis joins the fragments of packets.
type ndis struct {
	partials map[ndisKey]*partial
	spare    []*partial
	events   uint64
}

// ndis takes one packet event.
func (r *Reader) ndis(e *event) {
	le := binary.LittleEndian
	d := e.data
	if len(d) < 12 {
		r.Counts.Damaged++
		return
	}
	k := ndisKey{
		id: e.id, cpu: e.cpu, process: e.process, thread: e.thread, send: e.keyword&keySend != 0,
		miniport: le.Uint32(d), lower: le.Uint32(d[4:]),
	}
	d = d[8:]
	from := layer{kind: 'n', id: k.lower, natural: k.lower == k.miniport}
	iface := ifaceKey{kind: ifaceEthernet, id: k.lower}
	switch {
	case e.id == ndisSwitch:
		k.port = le.Uint32(d)
		from.kind, from.port, from.natural = 's', k.port, false
		iface.kind, iface.port = ifaceSwitch, k.port
		var name, kind string
		name, d = cutUTF16(d[4:])
		_, d = cutUTF16(d)
		kind, d = cutUTF16(d)
		if len(d) < 4 {
			r.Counts.Damaged++
			return
		}
		if n := uint64(le.Uint32(d)) * 8; n > uint64(len(d)-4) {
			d = nil
		} else {
			d = d[4+n:]
		}
		r.ports[portKey{k.lower, k.port}] = kind + ":" + name
		if len(r.ports) > maxNames {
			clear(r.ports)
		}
	case e.keyword&keyWiFi != 0:
		iface.kind = ifaceWiFi
	case e.keyword&(keyWWAN|keyTunnel) != 0:
		iface.kind = ifaceMobile
	}
	if len(d) < 4 {
		r.Counts.Damaged++
		return
	}
	n := int64(le.Uint32(d))
	d = d[4:]
	if n > int64(len(d)) {
		r.Counts.Damaged++
		n = int64(len(d))
	}
	d, oob := d[:n:n], d[n:]
	if e.id == ndisSwitch {
		iface.vlan = vlanOf(oob, e.wide)
	}
	p := &r.scratch
	*p = Packet{
		Time: r.clock.unix(e.time), Process: e.process, Thread: e.thread, Direction: Inbound, iface: iface,
		cut: e.keyword&keyTruncated != 0,
	}
	if k.send {
		p.Direction = Outbound
	}
	r.joins.events++
	started, ended := e.keyword&keyStart != 0, e.keyword&keyEnd != 0
	if started && ended {
		r.drop(k)
		r.logged(p, d, from, packetID{})
		return
	}
	if started {
		r.drop(k)
		part := r.begin(k)
		part.p, part.from, part.data = *p, from, append(part.data[:0], d...)
		return
	}
	part := r.joins.partials[k]
	if part == nil {
		r.Counts.Partial++
		return
	}
	if len(part.data)+len(d) > maxPacket {
		r.drop(k)
		return
	}
	part.data = append(part.data, d...)
	part.p.cut = part.p.cut || p.cut
	if ended {
		// That a part in the middle was lost shows only in what the packet says.
		if _, b, wire, ok := network(LinkEthernet, part.data); ok && wire > len(b) && !part.p.cut && part.p.iface.kind == ifaceEthernet {
			r.drop(k)
			return
		}
		r.logged(&part.p, part.data, part.from, packetID{})
		r.forget(k, part)
	}
}

// begin awaits the fragments of a packet. The oldest that waits gives way.
func (r *Reader) begin(k ndisKey) *partial {
	j := &r.joins
	if len(j.partials) >= maxPartials {
		var oldest ndisKey
		at := ^uint64(0)
		for k, p := range j.partials {
			if p.at < at {
				oldest, at = k, p.at
			}
		}
		r.drop(oldest)
	}
	p := take(&j.spare)
	p.at = j.events
	j.partials[k] = p
	return p
}

// drop gives up a packet whose end did not come.
func (r *Reader) drop(k ndisKey) {
	if p := r.joins.partials[k]; p != nil {
		r.Counts.Partial++
		r.forget(k, p)
	}
}

func (r *Reader) forget(k ndisKey, p *partial) {
	delete(r.joins.partials, k)
	if cap(p.data) <= 4096 || len(r.joins.spare) < 4 {
		r.joins.spare = append(r.joins.spare, p)
	}
}

// vlanOf reads the VLAN out of what follows the fragment of a switch packet: a
// length and the slots of a NET_BUFFER_LIST's information, the fifth of which
// is NDIS_NET_BUFFER_LIST_8021Q_INFO.
func vlanOf(oob []byte, wide bool) uint16 {
	slot := 4
	if wide {
		slot = 8
	}
	at := 4 + 4*slot
	if len(oob) < at+4 || int64(binary.LittleEndian.Uint32(oob)) < int64(at+4-4) {
		return 0
	}
	return uint16(binary.LittleEndian.Uint32(oob[at:])>>4) & 0xfff
}
