package decode

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"kerbscope/decode/gss"
)

// tdsCarrier is the protocol of SQL Server, [MS-TDS], up to version 7.4: in 8
// the connection is TLS from its first byte.
var tdsCarrier = carrier{
	name:  "tds",
	ports: []uint16{1433},
	probe: probeTDS,
	open:  func(s *stream) parser { return newTDS(s) },
}

// Values of the ENCRYPTION option, [MS-TDS] §2.2.6.5.
const (
	tdsEncryptOff    = 0 // the login alone is encrypted
	tdsEncryptOn     = 1
	tdsEncryptNotSup = 2
	tdsEncryptReq    = 3
)

// Limits of what is looked at without a login in it.
const (
	quietTDS   = 64 // packets
	maxTDSSeal = 64 // TLS records before what follows is taken to be encrypted, too
)

type tdsParser struct {
	framed
	encrypt  byte // what the server chose; tdsEncryptOff where it was not captured
	tls      bool // a handshake was seen
	seals    int  // TLS records behind it
	begun    bool // the server's PRELOGIN was seen
	waits    bool // a login waits for its answer
	integral bool // the login is known to be one of tokens
	accepted bool
	used     bool // traffic of an application was seen
	quiet    int
}

func newTDS(s wire) *tdsParser { return &tdsParser{framed: framed{s: s}} }

func (p *tdsParser) feed(d dir) { p.run(d, p) }

func (p *tdsParser) missed(dir) {}

// resync finds a packet whose contents are as sure as its header.
func (p *tdsParser) resync(d dir, b []byte) (int, bool) {
	for i := range b {
		switch probeTDSHalf(b[i:], d == toClient, true) {
		case yes:
			return i, true
		case needMore:
			return i, false
		}
	}
	return len(b), false
}

func (p *tdsParser) unit(d dir, b []byte, last bool) int {
	if isTLS(b) {
		return p.sealed(d, b)
	}
	if len(b) < tdsHeaderSize {
		return 0
	}
	typ, size, _, ok := tdsHeader(b)
	if !ok {
		p.lost[d] = true
		return 1
	}
	if !p.wanted(d, typ, b) {
		if len(b) == tdsHeaderSize && size > tdsHeaderSize && d == toClient && !last {
			return 0
		}
		return p.pass(d, b, size)
	}
	n, whole := tdsSpan(b)
	if n > maxTDSMessage {
		return p.pass(d, b, size)
	}
	if !whole && !last {
		return 0
	}
	m := tdsMessage(b[:n])
	switch {
	case typ == tdsPrelogin:
		p.prelogin(d, &m)
	case typ == tdsLogin7:
		p.login(&m)
	case typ == tdsSSPI:
		p.leg(toServer, &m, 0, len(m.data), "SSPI")
	case isTDSPrelogin(m.data):
		p.begun = true
		p.encrypt, _ = tdsOption(m.data, 1)
	default:
		p.answer(&m, n)
	}
	return n
}

// wanted tells whether the packet at the start of b belongs to a login.
func (p *tdsParser) wanted(d dir, typ byte, b []byte) bool {
	switch typ {
	case tdsPrelogin:
		return true
	case tdsLogin7, tdsSSPI:
		return d == toServer
	case tdsReply:
		if d != toClient || p.accepted || p.used || len(b) == tdsHeaderSize {
			return false
		}
		switch b[tdsHeaderSize] {
		case 0, tdsTokError, tdsTokInfo, tdsTokLoginAck, tdsTokFeatures, tdsTokEnvChange, tdsTokState, tdsTokSSPI, tdsTokFedAuth:
			return true
		}
	}
	return false
}

// pass goes past a packet that is of no login.
func (p *tdsParser) pass(d dir, b []byte, size int) int {
	if d == toServer && b[0] != tdsFedAuth {
		p.used = true
		if p.accepted {
			p.s.afterAuth(d, 0)
		}
	}
	if p.quiet++; p.used && p.accepted || p.quiet > quietTDS {
		p.over = true
		p.s.idle()
		return 0
	}
	n := min(size, len(b))
	p.skip[d] = uint64(size - n)
	return n
}

// sealed goes past a TLS record that stands in the stream without a packet
// around it: the login, or everything.
func (p *tdsParser) sealed(d dir, b []byte) int {
	if p.seals++; !p.tls || p.seals > maxTDSSeal {
		p.over = true
		p.s.startTLS(d, 0)
		return 0
	}
	if d == toServer && b[0] == 0x17 && !p.waits && !p.accepted {
		p.waits = true
		p.s.attemptOther(d, 0, "encrypted", "LOGIN7")
	}
	size := 5 + int(binary.BigEndian.Uint16(b[3:]))
	n := min(size, len(b))
	p.skip[d] = uint64(size - n)
	return n
}

// prelogin takes a PRELOGIN, or TLS in packets of its type.
func (p *tdsParser) prelogin(d dir, m *spliced) {
	if p.tls || !isTLS(m.data) {
		return
	}
	p.tls = true
	name, _ := clientHelloName(m.data)
	if d == toClient {
		name = ""
	}
	off, _ := m.span(0, 1)
	p.s.hidden(d, off, name)
	if p.encrypt == tdsEncryptOn || p.encrypt == tdsEncryptReq {
		p.over = true
		p.s.ignore()
	}
}

func (p *tdsParser) leg(d dir, m *spliced, at, n int, verb string) {
	if n == 0 {
		return
	}
	p.integral = true
	p.waits = p.waits || d == toServer
	off, size := m.span(at, n)
	p.s.token(d, off, size, m.data[at:at+n], tokenAt{verb: verb})
}

func (p *tdsParser) login(m *spliced) {
	l, ok := readTDSLogin(m.data)
	if !ok {
		return
	}
	p.waits, p.quiet = true, 0
	if hostLike(l.host) {
		p.s.name(toServer, 0, l.host, "tds")
	}
	if h := tdsHost(l.server); h != "" {
		p.s.name(toClient, 0, h, "tds")
	}
	p.integral = l.integrated
	switch {
	case len(l.sspi) > 0:
		p.leg(toServer, m, l.sspiAt, len(l.sspi), "LOGIN7")
	case l.fedAuth:
		p.s.attemptOther(toServer, 0, "FEDAUTH", "LOGIN7")
	case !l.integrated:
		p.s.attemptOther(toServer, 0, "SQL", "LOGIN7")
	}
}

// answer reads the answer to a login, n bytes long: its tokens up to one that
// stands in no such answer.
func (p *tdsParser) answer(m *spliced, n int) {
	var failed *tdsError
	var r Result
	sspi := false
	for at := 0; at < len(m.data); {
		body, off, size := tdsToken(m.data[at:])
		if size == 0 {
			break
		}
		switch m.data[at] {
		case tdsTokSSPI:
			p.leg(toClient, m, at+off, len(body), "SSPI")
			g := gss.Parse(body)
			sspi = len(body) > 0 && !rejects(&g)
		case tdsTokLoginAck:
			r = Result{Outcome: Accepted, CodeName: "LOGINACK", Text: readTDSLoginAck(body)}
		case tdsTokError:
			// Classes up to 10 are information, §2.2.7.10.
			if e, ok := readTDSError(body); ok && e.class > 10 && failed == nil && (p.waits || p.begun || tdsLoginError(e.number)) {
				failed = &e
			}
		}
		at += size
	}
	switch {
	case r.Outcome == Accepted:
		p.accepted = true
	case failed != nil:
		r = p.refusal(failed)
	case sspi:
		r = Result{Outcome: Continue, CodeName: "SSPI"}
	default:
		return
	}
	if r.Outcome != Continue {
		p.waits, p.begun, p.quiet = false, false, 0
	}
	p.s.result(toClient, 0, n, 0, r)
}

// refusal is the word of an ERROR token. What it says of a user that did not
// authenticate by tokens is left out.
func (p *tdsParser) refusal(e *tdsError) Result {
	if h := tdsHost(e.server); h != "" {
		p.s.name(toClient, 0, h, "tds")
	}
	outcome := Refused
	if tdsDatabaseError(e.number) {
		outcome = Accepted // the user is known by then
	}
	said := e.text
	if !p.integral {
		said = tdsQuoted(said)
	}
	said = fmt.Sprintf("%s (state %d, class %d)", said, e.state, e.class)
	if e.server != "" {
		said += " from " + e.server
	}
	return Result{Outcome: outcome, Code: int64(e.number), CodeName: tdsErrorNames[e.number], Text: text([]byte(said))}
}

// probeTDS knows TDS by a PRELOGIN or a LOGIN7, on its own port by a packet.
func probeTDS(up, down []byte, port uint16) verdict {
	own := port == 1433
	u, v := probeTDSHalf(up, false, !own), probeTDSHalf(down, true, !own)
	switch {
	case len(up) > 0 && u == no, len(down) > 0 && v == no:
		return no
	case u == yes || v == yes:
		return yes
	}
	return needMore
}

// probeTDSHalf judges one direction. With strict a header is not enough.
func probeTDSHalf(b []byte, down, strict bool) verdict {
	if len(b) == 0 {
		return needMore
	}
	switch b[0] {
	case tdsReply:
		if !down {
			return no
		}
	case tdsPrelogin:
	case tdsLogin7, tdsSSPI, tdsBatch, tdsRPC, tdsTransMgr, tdsBulk, tdsFedAuth:
		if down || strict && b[0] != tdsLogin7 && b[0] != tdsSSPI {
			return no
		}
	default:
		return no
	}
	if len(b) >= 2 && b[1] > 0x1f || len(b) >= 4 && binary.BigEndian.Uint16(b[2:]) <= tdsHeaderSize {
		return no
	}
	if len(b) < tdsHeaderSize+12 {
		return needMore
	}
	if b[7] != 0 {
		return no
	}
	if !strict {
		return yes
	}
	c := b[tdsHeaderSize:]
	sure := false
	switch b[0] {
	case tdsPrelogin:
		sure = isTDSPrelogin(c) || isTLS(c)
	case tdsLogin7: // the TDS version's major number, 7.x
		sure = c[7]>>4 == 7 && binary.LittleEndian.Uint32(c) <= maxTDSMessage
	case tdsSSPI:
		sure = c[0] == 0x60 || c[0] == 0xa1 || bytes.HasPrefix(c, ntlmSignature)
	case tdsReply:
		body, _, size := tdsToken(c)
		sure = isTDSPrelogin(c) || size > 0 && len(body) > 0 && b[4]|b[5]|b[6] != 0 && c[0] < tdsTokDone && c[0] != tdsTokFeatures && size < maxTDSMessage
	}
	if sure {
		return yes
	}
	return no
}
