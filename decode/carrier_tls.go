package decode

import "encoding/binary"

// tlsCarrier notes connections that are TLS from their first byte, so that a
// report can say what it could not see. Nothing in them is read but the server
// name of the ClientHello.
var tlsCarrier = carrier{
	name:  "tls",
	ports: []uint16{443, 465, 636, 993, 995, 3269, 5986, 8443, 9443},
	probe: func(up, down []byte, port uint16) verdict {
		for _, b := range [...][]byte{up, down} {
			if isTLS(b) && len(b) > 5 && (b[0] != 0x16 || b[5] == 1 || b[5] == 2) {
				return yes
			}
			if len(b) > 0 && len(b) <= 5 && b[0] == 0x16 {
				return needMore
			}
		}
		return no
	},
	open: func(s *stream) parser { return &tlsOpening{s} },
}

// isTLS tells whether a payload begins with a TLS record, RFC 8446 §5.1.
func isTLS(b []byte) bool {
	return len(b) >= 5 && b[0] >= 20 && b[0] <= 23 && b[1] == 3 && b[2] <= 4
}

// tlsOpening is the parser of a connection that begins with TLS.
type tlsOpening struct{ s *stream }

func (p *tlsOpening) feed(d dir) {
	p.s.startTLS(d, 0)
	p.s.p.feed(d)
}

// tlsParser reads what follows the step into TLS: the ClientHello, for the
// name in it.
type tlsParser struct{ s *stream }

func (p tlsParser) feed(d dir) {
	s := p.s
	b := s.bytes(d)
	if d == toClient {
		s.discard(d, len(b))
		if len(b) > 0 && s.c.MidStream() {
			s.ignore()
		}
		return
	}
	if len(b) == 0 {
		return
	}
	name, v := clientHelloName(b)
	if v == needMore && len(b) < maxProbe && !s.atGap(d) {
		return
	}
	s.sess.TLSName = name
	if name != "" {
		f, _ := s.where(d, 0, 1)
		s.claim(NameClaim{Addr: s.c.Server.Addr(), Name: name, Source: "tls-sni", Frame: f})
	}
	s.ignore()
}

// clientHelloName reads the server name of a ClientHello, RFC 8446 §4.1.2 and
// RFC 6066 §3; empty when it has none.
func clientHelloName(b []byte) (string, verdict) {
	if len(b) < 9 {
		return "", needMore
	}
	if !isTLS(b) || b[0] != 0x16 || b[5] != 1 {
		return "", no
	}
	record := 5 + int(binary.BigEndian.Uint16(b[3:]))
	whole := len(b) >= record
	b = b[9:max(9, min(len(b), record))]
	short := needMore
	if whole {
		short = no
	}
	skip := func(n int) bool {
		if n > len(b) {
			return false
		}
		b = b[n:]
		return true
	}
	u16 := func() int {
		if len(b) < 2 {
			return 1 << 20
		}
		return 2 + int(binary.BigEndian.Uint16(b))
	}
	if !skip(34) || len(b) < 1 || !skip(1+int(b[0])) || !skip(u16()) || len(b) < 1 || !skip(1+int(b[0])) || !skip(2) {
		return "", short
	}
	for len(b) >= 4 {
		kind, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		b = b[4:]
		if n > len(b) {
			return "", short
		}
		if kind == 0 && n > 5 && b[2] == 0 {
			if l := int(binary.BigEndian.Uint16(b[3:])); 5+l <= n {
				return string(b[5 : 5+l]), yes
			}
		}
		b = b[n:]
	}
	return "", short
}
