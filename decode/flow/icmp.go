package flow

import "net/netip"

// An ICMPKind is what an ICMP error says.
type ICMPKind uint8

// The kinds.
const (
	Unreachable  ICMPKind = iota // network, host, port, or prohibited: see Code
	TooBig                       // fragmentation needed (v4) or packet too big (v6)
	TimeExceeded                 // hop limit, or reassembly time
	ParamProblem                 // a header field was refused
	SourceQuench                 // RFC 792, long out of use
	kindCount    = iota
)

var kindNames = [kindCount]string{"unreachable", "too-big", "time-exceeded", "parameter-problem", "source-quench"}

func (k ICMPKind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "?"
}

// An ICMPError is an ICMP (RFC 792) or ICMPv6 (RFC 4443) error and what can be
// read of the packet it quotes.
type ICMPError struct {
	V6         bool
	Type, Code uint8
	Kind       ICMPKind
	MTU        uint32         // of the next hop, with TooBig; 0 when not told
	Proto      uint8          // of the quoted packet
	Src, Dst   netip.AddrPort // of the quoted packet; ports 0 unless HasPorts
	HasPorts   bool
	Seq        uint32 // of the quoted TCP segment; 0 otherwise
	Quoted     []byte // what is quoted behind a UDP header, of the packet's bytes; nil when nothing
}

// ParseICMP reads the ICMP error in a packet for which Peek said ICMP. It
// returns false when the message is no error, or quotes no IP header.
func ParseICMP(p *Packet, e *ICMPError) bool {
	b := p.Payload
	if len(b) < 8 {
		return false
	}
	*e = ICMPError{V6: p.V6, Type: b[0], Code: b[1]}
	if !p.V6 {
		switch b[0] {
		case 3:
			e.Kind = Unreachable
			if b[1] == 4 { // fragmentation needed; MTU by RFC 1191 §4
				e.Kind, e.MTU = TooBig, uint32(be16(b, 6))
			}
		case 4:
			e.Kind = SourceQuench
		case 11:
			e.Kind = TimeExceeded
		case 12:
			e.Kind = ParamProblem
		default:
			return false
		}
	} else {
		switch b[0] {
		case 1:
			e.Kind = Unreachable
		case 2:
			e.Kind, e.MTU = TooBig, be32(b, 4)
		case 3:
			e.Kind = TimeExceeded
		case 4:
			e.Kind = ParamProblem
		default:
			return false
		}
	}
	return e.quote(b[8:])
}

// quote reads the packet an error quotes: its IP header and, by RFC 792, at
// least 8 bytes more.
func (e *ICMPError) quote(b []byte) bool {
	q := Packet{depth: maxTunnels} // of a tunnel its ends are meant
	v := peekRaw(b, 0, uint32(len(b)), &q)
	if q.Src == (IP{}) && q.Dst == (IP{}) {
		return false
	}
	e.Proto = q.Proto
	if (v == Cut || v == Malformed) && !q.HasPorts && (q.Proto == protoTCP || q.Proto == protoUDP) {
		q.shortPorts(b)
	}
	e.HasPorts = q.HasPorts
	e.Src, e.Dst = q.SrcAddrPort(), q.DstAddrPort()
	if q.HasPorts && q.Proto == protoTCP {
		e.Seq = q.Seq
	}
	if q.HasPorts && q.Proto == protoUDP {
		e.Quoted = q.behindUDP(b)
	}
	return true
}

// behindUDP is what a quote holds behind its UDP header; nil where that does not
// stand behind the first IP header.
func (p *Packet) behindUDP(b []byte) []byte {
	at := 40
	if !p.V6 {
		at = int(b[0]&15) * 4
	}
	if len(b) <= at+8 || be16(b, at) != p.SrcPort || be16(b, at+2) != p.DstPort {
		return nil
	}
	return b[at+8:]
}

// shortPorts reads ports and sequence number where the quote ends before the
// transport header does, or goes on in the zeros of RFC 4884 §4. IPv6 extension
// headers are not passed.
func (p *Packet) shortPorts(b []byte) {
	at := 40
	if !p.V6 {
		at = int(b[0]&15) * 4
	} else if b[6] != p.Proto {
		return
	}
	if len(b) < at+4 {
		return
	}
	p.SrcPort, p.DstPort, p.HasPorts = be16(b, at), be16(b, at+2), true
	if len(b) >= at+8 {
		p.Seq = be32(b, at+4)
	}
}
