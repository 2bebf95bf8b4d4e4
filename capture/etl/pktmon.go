package etl

import (
	"encoding/binary"
	"fmt"
)

// Microsoft-Windows-PktMon, the provider behind pktmon.
var pktmon = guid{0xd9, 0x80, 0x4f, 0x4d, 0xbd, 0xc8, 0x73, 0x4d, 0xbb, 0x5b, 0x19, 0xc9, 0x04, 0x02, 0xc5, 0xac}

const (
	pktmonComponent = 20  // names a component
	pktmonProperty  = 70  // bytes; of property 6 its MAC address
	pktmonPacket    = 160 // a packet at a component
	pktmonDrop      = 170 // a packet that a component dropped
	pktmonHead      = 34
)

// A component is what packets pass on their way: a miniport, a filter, a
// protocol, a virtual switch.
type component struct {
	name     string
	miniport bool // or has a MAC address
}

// pktmon takes one event.
func (r *Reader) pktmon(e *event) {
	switch e.id {
	case pktmonComponent, pktmonProperty:
		r.component(e)
		return
	}
	le := binary.LittleEndian
	d := e.data
	if len(d) < pktmonHead {
		r.Counts.Damaged++
		return
	}
	original, n := int(le.Uint16(d[30:])), int(le.Uint16(d[32:]))
	id := packetID{group: le.Uint64(d), number: le.Uint16(d[8:]), given: le.Uint16(d[10:]) != 0}
	direction, kind := le.Uint16(d[12:]), le.Uint16(d[14:])
	comp, edge := le.Uint16(d[16:]), le.Uint16(d[18:])
	p := &r.scratch
	*p = Packet{
		Time: r.clock.unix(e.time), Process: e.process, Thread: e.thread,
		iface: ifaceKey{kind: ifacePktmon, id: uint32(comp)},
	}
	switch direction {
	case 1, 3, 5:
		p.Direction = Inbound
	case 2, 4, 6:
		p.Direction = Outbound
	}
	if e.id == pktmonDrop {
		r.Counts.Dropped++
		if !r.options.AllCopies {
			return
		}
		p.Dropped, p.DropReason, p.DropLocation = true, le.Uint32(d[22:]), le.Uint32(d[26:])
		p.iface.kind = ifaceDrops
	}
	d = d[pktmonHead:]
	if n > len(d) {
		r.Counts.Damaged++
		n = len(d)
	}
	if n == 0 {
		return
	}
	d = d[:n]
	if original > n {
		if n == pktmonDefault {
			r.Counts.CutAt128++
		}
		p.wire = uint32(original)
	}
	switch kind {
	case 1:
	case 2:
		p.iface.wifi = true
	case 3:
		p.iface.raw = true
	default:
		r.Counts.Unknown++
		return
	}
	from := layer{kind: 'p', id: uint32(comp), port: uint32(edge)<<16 | uint32(direction), natural: r.components[comp].miniport}
	r.logged(p, d, from, id)
}

// pktmonDefault is how many bytes of a packet pktmon keeps unless told otherwise.
const pktmonDefault = 128

// component takes what is said of one. It is said when a trace begins and ends.
func (r *Reader) component(e *event) {
	d := e.data
	if len(d) < 4 {
		return
	}
	id := binary.LittleEndian.Uint16(d)
	c := r.components[id]
	value := binary.LittleEndian.Uint16(d[2:])
	if e.id == pktmonProperty {
		c.miniport = c.miniport || value == 6
	} else {
		name, rest := cutUTF16(d[4:])
		if what, _ := cutUTF16(rest); what != "" {
			name = what
		}
		c.name = name
		c.miniport = c.miniport || value == 2
	}
	if len(r.components) < maxNames {
		r.components[id] = c
	}
}

// name says what an interface is called: as etl2pcapng calls those of NDIS.
func (r *Reader) name(k ifaceKey) string {
	switch k.kind {
	case ifaceWiFi:
		return fmt.Sprintf("wifi:%d", k.id)
	case ifaceMobile:
		return fmt.Sprintf("mbb:%d", k.id)
	case ifaceSwitch:
		return fmt.Sprintf("vNIC:%s:%d:%d", r.ports[portKey{k.id, k.port}], k.id, k.vlan)
	case ifacePktmon, ifaceDrops:
		name := fmt.Sprintf("pktmon:%d", k.id)
		if c := r.components[uint16(k.id)]; c.name != "" {
			name += " " + c.name
		}
		if k.kind == ifaceDrops {
			name += " (dropped)"
		}
		return name
	}
	return fmt.Sprintf("eth:%d", k.id)
}
