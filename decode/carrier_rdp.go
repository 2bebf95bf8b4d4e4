package decode

import (
	"bytes"
	"encoding/binary"
)

// rdpCarrier is the begin of a Remote Desktop connection, [MS-RDPBCGR] §1.3.1.1:
// which security was negotiated. Kerberos is in CredSSP ([MS-CSSP]) and that in
// TLS.
var rdpCarrier = carrier{
	name:  "rdp",
	ports: []uint16{3389},
	probe: probeRDP,
	open:  func(s *stream) parser { return newRDP(s) },
}

// The PDUs of X.224 that begin a connection, RFC 905 §13.3 and §13.4.
const (
	x224Request = 0xe0
	x224Confirm = 0xd0
)

type rdpParser struct {
	framed
	asked  uint32 // requestedProtocols
	wanted bool   // the request was captured
}

func newRDP(s wire) *rdpParser { return &rdpParser{framed: framed{s: s}} }

func (p *rdpParser) feed(d dir) { p.run(d, p) }

func (p *rdpParser) missed(dir) {}

// resync: whatever follows a gap is TLS, or of no use.
func (p *rdpParser) resync(d dir, b []byte) (int, bool) { return 0, len(b) >= 3 }

func (p *rdpParser) unit(d dir, b []byte, last bool) int {
	switch {
	case isTLSRecord(b):
		p.over = true
		p.s.startTLS(d, 0)
		return 0
	case len(b) < 3 && !last:
		return 0
	}
	v := rdpStart(b, d == toServer)
	if v == needMore && !last {
		return 0
	}
	if v != yes { // RDP's own security, or another TPKT
		p.over = true
		p.s.ignore()
		return 0
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n > len(b) && !last {
		return 0
	}
	n = min(n, len(b))
	kind, value, ok := rdpNegotiation(b[min(11, n):n])
	switch {
	case !ok:
	case d == toServer && kind == 1:
		p.asked, p.wanted = value, true
	case d == toClient && kind == 2: // RDP_NEG_RSP, §2.2.1.2.1
		p.s.offer(rdpProtocols(value))
	case d == toClient && kind == 3: // RDP_NEG_FAILURE, §2.2.1.2.2
		mech := "RDP"
		if p.wanted {
			mech = rdpProtocols(p.asked)
		}
		p.s.attemptOther(d, 0, mech, "RDP_NEG_REQ")
		p.s.result(d, 0, n, 0, Result{Outcome: Refused, Code: int64(value), CodeName: rdpFailure(value)})
	}
	return n
}

// rdpNegotiation finds the RDP_NEG_* structure behind the fixed part of an
// X.224 PDU: type, flags, length 8, value; before it may stand a routing token
// or a cookie that ends with a line end (§2.2.1.1).
func rdpNegotiation(b []byte) (kind byte, value uint32, ok bool) {
	if i := bytes.Index(b, []byte("\r\n")); i >= 0 && (len(b) < 8 || b[0] < 1 || b[0] > 3) {
		b = b[i+2:]
	}
	if len(b) < 8 || b[0] < 1 || b[0] > 3 || binary.LittleEndian.Uint16(b[2:]) != 8 {
		return 0, 0, false
	}
	return b[0], binary.LittleEndian.Uint32(b[4:]), true
}

// rdpProtocols names requestedProtocols or selectedProtocol, §2.2.1.1.1: what
// holds an authentication first.
func rdpProtocols(v uint32) string {
	switch {
	case v&(2|8) != 0: // PROTOCOL_HYBRID, PROTOCOL_HYBRID_EX
		return "CredSSP"
	case v&0x10 != 0: // PROTOCOL_RDSAAD
		return "RDSAAD"
	case v&4 != 0: // PROTOCOL_RDSTLS
		return "RDSTLS"
	case v&1 != 0: // PROTOCOL_SSL
		return "TLS"
	}
	return "RDP"
}

// rdpFailure is the name of a failureCode, §2.2.1.2.2.
func rdpFailure(code uint32) string {
	names := [...]string{1: "SSL_REQUIRED_BY_SERVER", "SSL_NOT_ALLOWED_BY_SERVER", "SSL_CERT_NOT_ON_SERVER", "INCONSISTENT_FLAGS",
		"HYBRID_REQUIRED_BY_SERVER", "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER"}
	if code < uint32(len(names)) {
		return names[code]
	}
	return ""
}

// rdpStart tells whether b begins a TPKT (RFC 1006 §6) with a connection
// request or confirm whose lengths fit.
func rdpStart(b []byte, up bool) verdict {
	want := [...]int{3, 0, -1, -1, -1, x224Confirm}
	if up {
		want[5] = x224Request
	}
	for i, w := range want {
		if i >= len(b) {
			return needMore
		}
		if w >= 0 && int(b[i]) != w {
			return no
		}
	}
	if n := int(binary.BigEndian.Uint16(b[2:])); n < 11 || n > 1024 || int(b[4]) != n-5 {
		return no
	}
	return yes
}

// probeRDP knows a connection request or confirm of RDP: on another port only
// one with a negotiation or a cookie in it, as H.323 has TPKTs too.
func probeRDP(up, down []byte, port uint16) verdict {
	half := func(b []byte, up bool) verdict {
		if len(b) == 0 {
			return needMore
		}
		v := rdpStart(b, up)
		if v != yes || port == 3389 {
			return v
		}
		n := int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < n {
			return needMore
		}
		if _, _, ok := rdpNegotiation(b[11:n]); !ok {
			return no
		}
		return yes
	}
	return bothWays(half(up, true), half(down, false), len(up) > 0, len(down) > 0)
}
