package decode

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"

	"kerbscope/decode/gss"
	"kerbscope/decode/krb5"
)

// The protocol ids that a message begins with.
const (
	smb1ID       = "\xffSMB"
	smb2ID       = "\xfeSMB"
	smbEncrypted = "\xfdSMB" // [MS-SMB2] §2.2.41
	smbPacked    = "\xfcSMB" // [MS-SMB2] §2.2.42
)

// Limits of one connection.
const (
	maxSMBRead   = 1 << 17 // a message that is waited for: a token has at most 64 KiB
	maxSMBAuths  = 64      // session setups without their answer, and sessions half set up
	smbDataQuiet = 1 << 18 // bytes passed over without a session setup before the stream rests
)

// NTSTATUS values that steer, [MS-ERREF] §2.3.1.
const (
	statusSuccess        = 0
	statusPending        = 0x103
	statusMoreProcessing = 0xc0000016
)

// An smbAuth is one authentication under way.
type smbAuth struct {
	message uint64 // id of the request without its answer
	session uint64 // once the server gave it
	key     uint64
	waits   bool // an answer is due
}

// An smbParser reads SMB1 and SMB2: a connection may begin as the one and go on
// as the other.
type smbParser struct {
	framed
	auths    []smbAuth
	keys     uint64 // given out
	plain    bool   // SMB1: a session setup without tokens waits for its answer
	null     bool   // and asked for an anonymous session
	heard    bool   // a message of the server was seen
	holes    bool   // bytes of the server were lost
	accepted bool
	used     bool   // told of traffic after that
	passed   uint64 // bytes passed over since, or since the last session setup
	target   string
	pipes    smbPipes
}

func newSMB(s wire) *smbParser { return &smbParser{framed: framed{s: s}, pipes: smbPipes{s: s}} }

func (p *smbParser) feed(d dir) { p.run(d, p) }

func (p *smbParser) missed(d dir) {
	p.holes = p.holes || d == toClient
	p.pipes.missed(d)
}

// resync finds a protocol id behind its four bytes of length.
func (p *smbParser) resync(d dir, b []byte) (int, bool) {
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte("SMB"))
		if i < 0 {
			return smbTail(b), false
		}
		if i += at; i >= 5 && b[i-1] >= 0xfc && b[i-5] == 0 {
			return i - 5, true
		}
		at = i + 3
	}
}

// smbTail is where the end of b may be the beginning of what resync looks for.
func smbTail(b []byte) int {
	is := func(i int, c byte) bool { return i >= len(b) || b[i] == c }
	for i := max(len(b)-7, 0); i < len(b); i++ {
		if b[i] == 0 && (i+4 >= len(b) || b[i+4] >= 0xfc) && is(i+5, 'S') && is(i+6, 'M') {
			return i
		}
	}
	return len(b)
}

func (p *smbParser) unit(d dir, b []byte, last bool) int {
	if len(b) < 8 {
		return 0
	}
	size := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	if b[0] >= 0x81 && b[0] <= 0x85 && size < 1<<10 { // session request and answers, keep-alive
		if n := 4 + size; n <= len(b) {
			return n
		}
		p.skip[d] = uint64(4 + size - len(b))
		return len(b)
	}
	total, wanted := 4+size, false
	switch id := string(b[4:8]); {
	case b[0] != 0:
		p.lost[d] = true
		return 1
	case id == smb1ID:
		if len(b) < 4+32 && !last {
			return 0
		}
		if m := b[4:min(total, len(b))]; len(m) >= 32 {
			v := smb1Wanted(m)
			if v == no {
				v = p.smb1Wants(d, m, size)
			}
			switch {
			case v == needMore && !last:
				return 0
			case v != no:
				wanted = true
			}
		}
		if wanted {
			break
		}
		return p.pass(d, b, total)
	case id == smb2ID:
		if len(b) < 4+64 && !last {
			return 0
		}
		if m := b[4:min(total, len(b))]; len(m) >= 64 {
			if smb2Wanted(m) || binary.LittleEndian.Uint32(m[20:]) != 0 && total <= 1<<16 {
				break
			}
			switch p.smb2Wants(d, m, size, last) {
			case needMore:
				return 0
			case yes:
				wanted = true
			}
		}
		if wanted {
			break
		}
		return p.pass(d, b, total)
	case id == smbEncrypted:
		p.s.sealed(d, 0)
		return p.pass(d, b, total)
	case id == smbPacked:
		return p.pass(d, b, total)
	default:
		p.lost[d] = true
		return 1
	}
	if total > maxSMBRead {
		return p.pass(d, b, total)
	}
	if len(b) < total && !last {
		return 0
	}
	n := min(total, len(b))
	p.heard = p.heard || d == toClient
	if b[4] == 0xff {
		p.smb1(d, b[4:n], n < total)
	} else {
		p.smb2(d, b[4:n], n < total)
	}
	return n
}

// pass goes past a message that is of no interest.
func (p *smbParser) pass(d dir, b []byte, total int) int {
	if p.accepted {
		if !p.used && d == toServer {
			p.used = true
			p.s.afterAuth(toServer, 0)
		}
	}
	if p.passed += uint64(total); p.passed > smbDataQuiet && !p.waiting() {
		p.over = true
		p.s.idle()
		return 0
	}
	n := min(total, len(b))
	p.skip[d] = uint64(total - n)
	return n
}

// waiting tells whether a session setup, or an authentication in a pipe, is
// under way. One whose answer is
// overdue by much data is given up.
func (p *smbParser) waiting() bool {
	return (len(p.auths) > 0 || p.plain || p.pipes.open()) && p.passed < 4*smbDataQuiet
}

// asked notes a session setup request and gives the key of its authentication:
// that of the session when it goes on, else a new one.
func (p *smbParser) asked(message, session uint64) uint64 {
	for i := range p.auths {
		if a := &p.auths[i]; session != 0 && a.session == session {
			a.message, a.waits = message, true
			return a.key
		}
	}
	if n := len(p.auths); session != 0 && n > 0 && (p.holes || !p.heard) && p.auths[n-1].session == 0 && p.auths[n-1].waits {
		// The answer that gave the session was not captured.
		a := &p.auths[n-1]
		a.message, a.session = message, session
		return a.key
	}
	if len(p.auths) >= maxSMBAuths {
		p.auths = append(p.auths[:0], p.auths[1:]...)
	}
	p.keys++
	p.passed = 0
	p.auths = append(p.auths, smbAuth{message: message, session: session, key: p.keys, waits: true})
	return p.keys
}

// answered finds the authentication that a session setup response is about. It
// goes on when more is to come.
func (p *smbParser) answered(message, session uint64, more bool) uint64 {
	for i := range p.auths {
		a := &p.auths[i]
		if a.waits && a.message == message || !a.waits && session != 0 && a.session == session {
			key := a.key
			if more {
				a.session, a.waits = session, false
			} else {
				p.auths = append(p.auths[:i], p.auths[i+1:]...)
			}
			return key
		}
	}
	// The request was not captured.
	p.keys++
	if more && len(p.auths) < maxSMBAuths {
		p.auths = append(p.auths, smbAuth{session: session, key: p.keys})
	}
	return p.keys
}

// setup takes a session setup response: the token and the status. off and n
// are where its header stands, tokOff where the token does.
func (p *smbParser) setup(off, n int, key uint64, status uint32, nt bool, anonymous bool, tok []byte, tokOff int) {
	if len(tok) > 0 {
		p.s.token(toClient, tokOff, len(tok), tok, tokenAt{key: key})
	}
	r := Result{Outcome: Refused, Code: int64(status)}
	if nt {
		r.CodeName = krb5.NTStatusName(status)
	}
	switch status {
	case statusSuccess:
		r.Outcome = Accepted
		if anonymous {
			p.s.anonymous(toClient, off)
		}
		p.accepted, p.used, p.passed = true, false, 0
	case statusMoreProcessing:
		r.Outcome = Continue
	}
	p.s.result(toClient, off, n, key, r)
}

// offered takes the security blob of a negotiate response.
func (p *smbParser) offered(blob []byte) {
	t := gss.Parse(blob)
	if len(t.MechTypes) == 0 {
		return
	}
	names := make([]string, len(t.MechTypes))
	for i, o := range t.MechTypes {
		names[i] = gss.MechName(o)
	}
	p.s.offer(names...)
}

// share takes the path of a tree connect, \\server\share.
func (p *smbParser) share(path string) {
	if !strings.HasPrefix(path, `\\`) {
		return
	}
	server, _, _ := strings.Cut(path[2:], `\`)
	if server == p.target || !hostLike(server) {
		return
	}
	if _, err := netip.ParseAddr(server); err == nil {
		return
	}
	p.target = server
	p.s.name(toClient, 0, server, "smb")
}
