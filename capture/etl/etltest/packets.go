package etltest

// A Frame is a packet to be put into a trace.
type Frame struct {
	Time int64 // ns since 1970
	Data []byte
	Wire int // bytes on the wire, if more
	Send bool
}

// Keyword bits of NDIS-PacketCapture.
const (
	Ethernet  = 0x8000060000000001
	WiFi      = 0x8000060000010000
	Mobile    = 0x8000060000000200
	Switch    = 0x8000060001000001
	Truncated = 0x2000000
	Start     = 0x40000000
	End       = 0x80000000
	Send      = 0x100000000
	Receive   = 0x200000000
)

// Netsh returns a frame as netsh trace logs it on Windows 8.1 and later: in
// one event, of interface lower above network card card.
func Netsh(f Frame, cpu uint16, keyword uint64, card, lower uint32) Event {
	e := Fragment(f, f.Data, cpu, keyword|Start|End, card, lower)
	e.Data = append(e.Data, make([]byte, 16)...) // flow offload
	return e
}

// Fragment returns the event of a part of a frame.
func Fragment(f Frame, part []byte, cpu uint16, keyword uint64, card, lower uint32) Event {
	e := Event{Time: f.Time, CPU: cpu, Provider: NDIS, ID: 1001, Keyword: keyword | Receive, PID: 4, TID: 100 + uint32(cpu)}
	if f.Send {
		e.Keyword = keyword | Send
	}
	e.Data = le.AppendUint32(e.Data, card)
	e.Data = le.AppendUint32(e.Data, lower)
	e.Data = le.AppendUint32(e.Data, uint32(len(part)))
	e.Data = append(e.Data, part...)
	return e
}

// Fragments returns a frame as Windows 7 logs it: an event for each of n parts.
func Fragments(f Frame, n int, cpu uint16, card uint32) (list []Event) {
	size := max(1, (len(f.Data)+n-1)/n)
	for at := 0; at < len(f.Data); at += size {
		var keyword uint64 = Ethernet
		if at == 0 {
			keyword |= Start
		}
		if at+size >= len(f.Data) {
			keyword |= End
		}
		e := Fragment(f, f.Data[at:min(at+size, len(f.Data))], cpu, keyword, card, card)
		e.Time += int64(len(list)) * 100
		list = append(list, e)
	}
	return list
}

// SwitchPort returns a frame as a virtual switch logs it.
func SwitchPort(f Frame, cpu uint16, lower, port uint32, name string, destinations int, vlan uint32) Event {
	e := Fragment(f, nil, cpu, Switch|Start|End, lower, lower)
	e.ID = 1003
	d := le.AppendUint32(nil, lower)
	d = le.AppendUint32(d, lower)
	d = le.AppendUint32(d, port)
	d = append(d, UTF16(name)...)
	d = append(d, UTF16("nic")...)
	d = append(d, UTF16("Internal")...)
	d = le.AppendUint32(d, uint32(destinations))
	d = append(d, make([]byte, 8*destinations)...)
	d = le.AppendUint32(d, uint32(len(f.Data)))
	d = append(d, f.Data...)
	d = le.AppendUint32(d, 20*8)
	oob := make([]byte, 20*8)
	le.PutUint64(oob[4*8:], uint64(vlan)<<4)
	e.Data = append(d, oob...)
	return e
}

// A Seen is where pktmon saw a packet.
type Seen struct {
	Component, Edge uint16
	Type            uint16 // 1 Ethernet, 2 802.11, 3 IP
	Appearance      uint16 // 0 in Windows 11 24H2 and later
	Group           uint64
	Keep            int // bytes kept; 0: all
	Drop            uint32
}

// PktmonPacket returns a packet as pktmon logs it.
func PktmonPacket(f Frame, cpu uint16, s Seen) Event {
	e := Event{Time: f.Time, CPU: cpu, Provider: PktMon, ID: 160, Keyword: 0x10}
	data := f.Data
	if s.Keep > 0 {
		data = data[:min(s.Keep, len(data))]
	}
	d := le.AppendUint64(nil, s.Group)
	d = le.AppendUint16(d, 1)
	d = le.AppendUint16(d, s.Appearance)
	direction := uint16(3)
	if f.Send {
		direction = 4
	}
	d = le.AppendUint16(d, direction)
	d = le.AppendUint16(d, s.Type)
	d = le.AppendUint16(d, s.Component)
	d = le.AppendUint16(d, s.Edge)
	d = le.AppendUint16(d, 0)
	d = le.AppendUint32(d, s.Drop)
	d = le.AppendUint32(d, s.Drop)
	if s.Drop != 0 {
		e.ID = 170
	}
	d = le.AppendUint16(d, uint16(max(len(f.Data), f.Wire)))
	d = le.AppendUint16(d, uint16(len(data)))
	e.Data = append(d, data...)
	return e
}

// PktmonComponent returns the events that describe a component.
func PktmonComponent(at int64, id, kind uint16, name, description string, mac []byte) []Event {
	d := le.AppendUint16(nil, id)
	d = le.AppendUint16(d, kind)
	d = append(append(d, UTF16(name)...), UTF16(description)...)
	list := []Event{{Time: at, Provider: PktMon, ID: 20, Keyword: 2, Data: d}}
	if mac != nil {
		m := le.AppendUint16(nil, id)
		m = le.AppendUint16(m, 6)
		m = le.AppendUint32(m, uint32(len(mac)))
		list = append(list, Event{Time: at, Provider: PktMon, ID: 70, Keyword: 2, Data: append(m, mac...)})
	}
	return list
}

// ToWiFi returns an Ethernet frame as a decrypted 802.11 data frame, QoS and
// with the Protected bit that Windows leaves set.
func ToWiFi(eth []byte, send bool) []byte {
	b := make([]byte, 26)
	b[0], b[1] = 0x88, 0x42 // from the access point
	to, from := eth[:6], eth[6:12]
	copy(b[4:], to)
	copy(b[10:], "\x02\x00\x00\x00\x00\xaa")
	copy(b[16:], from)
	if send {
		b[1] = 0x41
		copy(b[4:], "\x02\x00\x00\x00\x00\xaa")
		copy(b[10:], from)
		copy(b[16:], to)
	}
	b = append(b, 0xaa, 0xaa, 3, 0, 0, 0)
	return append(b, eth[12:]...)
}

// ToAMSDU returns several Ethernet frames as one 802.11 data frame.
func ToAMSDU(frames ...[]byte) []byte {
	b := ToWiFi(frames[0], false)[:26]
	b[24] = 0x80
	for _, f := range frames {
		for (len(b)-26)%4 != 0 {
			b = append(b, 0)
		}
		b = append(b, f[:12]...)
		n := len(f) - 12 + 6
		b = append(b, byte(n>>8), byte(n))
		b = append(b, 0xaa, 0xaa, 3, 0, 0, 0)
		b = append(b, f[12:]...)
	}
	return b
}
