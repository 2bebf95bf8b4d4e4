package decode

import (
	"encoding/binary"

	"kerbscope/decode/krb5"
)

// kpasswdCarrier is the password change and set protocol over TCP, RFC 3244:
// the datagram's layout behind a four-byte length.
var kpasswdCarrier = carrier{
	name:  "kpasswd",
	ports: []uint16{464},
	probe: probeKpasswd,
	open:  func(s *stream) parser { return newKpasswd(s) },
}

// Versions of the protocol, RFC 3244 §2: 1 also stands in every reply.
const (
	kpasswdChange = 1
	kpasswdSet    = 0xff80
)

// A kpasswdPDU is a request or reply of RFC 3244. An offset is one into the
// bytes parsed; a part that is not there is nil.
type kpasswdPDU struct {
	ok      bool // these are such bytes at all
	version uint16
	reply   bool   // AP-REP or KRB-ERROR
	ap      []byte // AP-REQ or AP-REP
	apAt    int
	rest    []byte // KRB-PRIV, or KRB-ERROR
	restAt  int
}

// parseKpasswd reads message length, version, AP length, AP-REQ or AP-REP, and
// KRB-PRIV or KRB-ERROR, as far as they are there.
func parseKpasswd(b []byte) (p kpasswdPDU) {
	if len(b) > 0 && b[0] == 0x7e { // some servers send a bare KRB-ERROR
		return kpasswdPDU{ok: true, reply: true, rest: b}
	}
	if len(b) < 7 {
		return p
	}
	p.version = binary.BigEndian.Uint16(b[2:])
	n := int(binary.BigEndian.Uint16(b[4:]))
	if p.version != kpasswdChange && p.version != kpasswdSet {
		return p
	}
	size := int(binary.BigEndian.Uint16(b))
	if size >= 6 && size < len(b) {
		b = b[:size]
	}
	body := b[6:]
	if n > 0 {
		p.ap, p.apAt = body[:min(n, len(body))], 6
		if p.ap[0] != 0x6e && p.ap[0] != 0x6f {
			return kpasswdPDU{}
		}
		p.reply = p.ap[0] == 0x6f
	}
	if n < len(body) {
		p.rest, p.restAt = body[n:], 6+n
		if p.rest[0] != 0x75 && p.rest[0] != 0x7e {
			p.rest = nil
		}
	}
	p.reply = p.reply || n == 0
	p.ok = p.ap != nil || p.rest != nil
	return p
}

// messages are the Kerberos messages in their order.
func (p kpasswdPDU) messages() [][]byte {
	var l [][]byte
	for _, b := range [...][]byte{p.ap, p.rest} {
		if b != nil {
			l = append(l, b)
		}
	}
	return l
}

// kpasswdResults are the names of result codes, RFC 3244 §2.
var kpasswdResults = [...]string{"KRB5_KPASSWD_SUCCESS", "KRB5_KPASSWD_MALFORMED", "KRB5_KPASSWD_HARDERROR", "KRB5_KPASSWD_AUTHERROR",
	"KRB5_KPASSWD_SOFTERROR", "KRB5_KPASSWD_ACCESSDENIED", "KRB5_KPASSWD_BAD_VERSION", "KRB5_KPASSWD_INITIAL_FLAG_NEEDED"}

// kpasswdResult is the result code that a refusal's e-data begins with in
// clear; false when there is none.
func kpasswdResult(e *krb5.KRBError) (Result, bool) {
	if e == nil || len(e.EData) < 2 || e.EDataCut {
		return Result{}, false
	}
	code := binary.BigEndian.Uint16(e.EData)
	if code == 0 || int(code) >= len(kpasswdResults) {
		return Result{}, false
	}
	r := Result{Outcome: Refused, Code: int64(code), CodeName: kpasswdResults[code]}
	if t := e.EData[2:]; printable(t) {
		r.Text = text(t)
	}
	return r, true
}

func probeKpasswd(up, down []byte, port uint16) verdict {
	u, v := probeKpasswdHalf(up, false), probeKpasswdHalf(down, true)
	switch {
	case u == no || v == no:
		return no
	case u == yes || v == yes:
		return yes
	}
	return needMore
}

func probeKpasswdHalf(b []byte, reply bool) verdict {
	if len(b) == 0 {
		return needMore
	}
	if b[0] != 0 || len(b) > 1 && b[1] != 0 {
		return no
	}
	if len(b) < 11 {
		return needMore
	}
	mark, size := binary.BigEndian.Uint32(b), uint32(binary.BigEndian.Uint16(b[4:]))
	p := parseKpasswd(b[4:])
	if mark != size || !p.ok || p.reply != reply {
		return no
	}
	return yes
}

// A kpasswdWire also takes the messages of a password exchange.
type kpasswdWire interface {
	wire
	passwordLeg(d dir, m *Message)
}

type kpasswdParser struct {
	framed
	w kpasswdWire
}

func newKpasswd(s kpasswdWire) *kpasswdParser {
	return &kpasswdParser{framed{s: s}, s}
}

func (p *kpasswdParser) feed(d dir) { p.run(d, p) }

func (p *kpasswdParser) missed(dir) {}

func (p *kpasswdParser) resync(d dir, b []byte) (int, bool) {
	if len(b) < 11 {
		return 0, false
	}
	if probeKpasswdHalf(b, d == toClient) == yes {
		return 0, true
	}
	return len(b), false
}

func (p *kpasswdParser) unit(d dir, b []byte, last bool) int {
	if len(b) < 4 {
		return 0
	}
	n := binary.BigEndian.Uint32(b)
	if n < 6 || n > 1<<17 {
		p.lost[d] = true
		return len(b)
	}
	size := 4 + int(n)
	if len(b) < size {
		if !last {
			return 0
		}
		size = len(b)
	}
	pdu := parseKpasswd(b[4:size])
	if pdu.ap != nil {
		p.leg(d, 4+pdu.apAt, pdu.ap)
	}
	if pdu.rest != nil {
		m := p.leg(d, 4+pdu.restAt, pdu.rest)
		if m != nil && d == toClient {
			if r, ok := kpasswdResult(m.Krb.Error); ok {
				p.s.result(d, 4+pdu.restAt, len(pdu.rest), 0, r)
			}
		}
	}
	return size
}

func (p *kpasswdParser) leg(d dir, off int, b []byte) *Message {
	m := p.s.message(d, off, len(b), b)
	if m != nil {
		p.w.passwordLeg(d, m)
	}
	return m
}
