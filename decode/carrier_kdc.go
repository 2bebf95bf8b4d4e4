package decode

import (
	"encoding/binary"

	"kerbscope/decode/krb5"
)

// kdcCarrier is Kerberos to a KDC over TCP: messages behind a four-byte
// length, RFC 4120 §7.2.2, on port 88 or by content anywhere.
var kdcCarrier = carrier{
	name:  "kdc",
	ports: []uint16{88},
	probe: probeKDC,
	open:  func(s *stream) parser { s.kdc.s = s; return &s.kdc },
}

// maxKDCRecord is the longest record believed. Windows and MIT refuse above
// 128 KiB and 1 MiB.
const maxKDCRecord = 1 << 20

func probeKDC(up, down []byte, port uint16) verdict {
	for _, b := range [...][]byte{up, down} {
		if len(b) == 0 {
			continue
		}
		if len(b) < 4 {
			return needMore
		}
		n := binary.BigEndian.Uint32(b) &^ (1 << 31)
		if n > 0 && n <= maxKDCRecord {
			if len(b) == 4 {
				return needMore
			}
			switch size, v := krb5.Probe(b[4:]); {
			case v == krb5.Yes && uint32(size) == n && kdcType(b[4]):
				return yes
			case v == krb5.NeedMore && kdcType(b[4]) && len(b) < 64:
				return needMore
			}
		}
		// A stream picked up in the middle of a message: the port must do.
		if port == 88 {
			return yes
		}
	}
	return no
}

// kdcType tells whether a first byte is that of a message to or from a KDC.
func kdcType(b byte) bool {
	switch krb5.MsgType(b & 0x1f) {
	case krb5.ASReq, krb5.ASRep, krb5.TGSReq, krb5.TGSRep, krb5.KRBErrorMsg:
		return b&0xe0 == 0x60
	}
	return false
}

type kdcParser struct{ s *stream }

func (p *kdcParser) feed(d dir) {
	s := p.s
	for {
		b := s.bytes(d)
		if len(b) == 0 {
			if s.gap(d) {
				s.skipGap(d)
				continue
			}
			return
		}
		if len(b) < 5 {
			if !s.atGap(d) {
				return
			}
			s.discard(d, len(b))
			continue
		}
		size := int(binary.BigEndian.Uint32(b) &^ (1 << 31))
		if size == 0 || size > maxKDCRecord || !kdcType(b[4]) {
			s.discard(d, resyncKDC(b))
			continue
		}
		if len(b) < 4+size {
			if !s.atGap(d) {
				return
			}
			// The rest was not captured: what is there is read.
			p.message(d, b[4:])
			if s.gapLen(d) > 4+size-len(b) || s.gapLen(d) == 0 {
				s.discard(d, len(b))
				continue
			}
			s.skipGap(d)
			continue
		}
		p.message(d, b[4:4+size])
		s.discard(d, 4+size)
	}
}

// message reads one message that stands behind its record mark.
func (p *kdcParser) message(d dir, b []byte) {
	if m := p.s.message(d, 4, len(b), b); m != nil {
		p.s.d.kdcMessage(m)
	}
}

// resyncKDC finds the next place where a record may start: at least one byte
// on, and as far as nothing can start.
func resyncKDC(b []byte) int {
	for i := 1; i+4 < len(b); i++ {
		if !kdcType(b[i+4]) {
			continue
		}
		n := binary.BigEndian.Uint32(b[i:])
		if n == 0 || n > maxKDCRecord {
			continue
		}
		if _, v := krb5.Probe(b[i+4:]); v != krb5.No {
			return i
		}
	}
	return max(1, len(b)-4)
}
