package decode

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// smbCarrier is SMB1 ([MS-CIFS], [MS-SMB]) over TCP 445 or NetBIOS session
// service (RFC 1002 §4.3). A connection that an SMB1 negotiate leads to SMB2
// is smb2Carrier's.
var smbCarrier = carrier{
	name:  "smb",
	probe: probeSMB1,
	open:  func(s *stream) parser { return newSMB(s) },
}

// The SMB1 commands that are read, [MS-CIFS] §2.2.2.1.
const (
	smb1Negotiate    = 0x72
	smb1SessionSetup = 0x73
	smb1TreeConnect  = 0x75
)

// smb1AndX tells whether a command's block leads to another, [MS-CIFS]
// §2.2.3.4.
func smb1AndX(command byte) bool {
	switch command {
	case smb1SessionSetup, smb1TreeConnect, smb1ReadAndX, smb1WriteAndX,
		0x24, 0x2d, 0x74, 0xa2: // LOCKING, OPEN, LOGOFF, NT_CREATE
		return true
	}
	return false
}

// smb1Wanted tells whether a message that begins with b is read: for its own
// command, or because another is chained to it.
func smb1Wanted(b []byte) verdict {
	switch b[4] {
	case smb1Negotiate, smb1SessionSetup, smb1TreeConnect:
		return yes
	}
	switch {
	case !smb1AndX(b[4]):
		return no
	case len(b) < smb1HeaderSize+2:
		return needMore
	case b[smb1HeaderSize] >= 2 && b[smb1HeaderSize+1] != 0xff:
		return yes
	}
	return no
}

// smb1HeaderSize is the length of the header, [MS-CIFS] §2.2.3.1.
const smb1HeaderSize = 32

// An smb1Message is what the header of an SMB1 message says, and one of its
// blocks: words and bytes as far as they are there.
type smb1Message struct {
	status  uint32
	nt      bool // status is an NTSTATUS
	wide    bool // names are UTF-16
	session uint64
	tree    uint32
	message uint64
	words   []byte
	bytes   []byte
	bytesAt int // their offset in the message
}

func readSMB1(b []byte) (m smb1Message) {
	flags2 := binary.LittleEndian.Uint16(b[10:])
	m.status = binary.LittleEndian.Uint32(b[5:])
	m.nt, m.wide = flags2&0x4000 != 0, flags2&0x8000 != 0
	m.tree = uint32(binary.LittleEndian.Uint16(b[24:]))
	m.session = uint64(binary.LittleEndian.Uint16(b[28:]))
	m.message = uint64(binary.LittleEndian.Uint16(b[26:]))<<16 | uint64(binary.LittleEndian.Uint16(b[30:])) // PID, MID
	return m
}

// block reads the block at offset at of message b: WordCount, words, ByteCount,
// bytes ([MS-CIFS] §2.2.3.2, §2.2.3.3). Of a message that was cut its bytes go
// as far as there are any.
func (m *smb1Message) block(b []byte, at int) bool {
	if at < smb1HeaderSize || at >= len(b) {
		return false
	}
	end := at + 1 + 2*int(b[at])
	if end > len(b) {
		return false
	}
	m.words, m.bytes, m.bytesAt = b[at+1:end], nil, end
	if end+2 <= len(b) {
		m.bytesAt = end + 2
		n := int(binary.LittleEndian.Uint16(b[end:]))
		m.bytes = b[m.bytesAt:min(m.bytesAt+n, len(b))]
	}
	return true
}

// smb1 reads an SMB1 message, which stands behind four bytes of length, block
// by block: each names the command and the offset of the next, which lies
// behind it. With cut the message is not there in full.
func (p *smbParser) smb1(d dir, b []byte, cut bool) {
	if len(b) < smb1HeaderSize+1 || (b[9]&0x80 != 0) != (d == toClient) {
		return
	}
	m := readSMB1(b)
	command := b[4]
	for at := smb1HeaderSize; m.block(b, at); {
		p.smb1Block(d, command, &m, b, cut)
		if !smb1AndX(command) || len(m.words) < 4 || m.words[0] == 0xff {
			return
		}
		next := int(binary.LittleEndian.Uint16(m.words[2:]))
		if next <= at {
			return
		}
		command, at = m.words[0], next
	}
}

func (p *smbParser) smb1Block(d dir, command byte, m *smb1Message, b []byte, cut bool) {
	switch command {
	case smb1Negotiate:
		// 17 words and the extended security capability: ServerGUID, then the
		// blob, [MS-SMB] §2.2.4.5.2.
		if d == toClient && len(m.words) == 34 && m.words[19+3]&0x80 != 0 && len(m.bytes) > 16 {
			p.offered(m.bytes[16:])
		}
	case smb1SessionSetup:
		if d == toServer {
			p.smb1Request(m)
		} else {
			p.smb1Response(m, len(b))
		}
	case smb1TreeConnect:
		switch {
		case d == toServer && len(m.words) == 8:
			p.smb1Tree(m)
		case d == toClient && m.status == statusSuccess:
			// Service, [MS-CIFS] §2.2.4.55.2.
			p.pipes.tree(m.session, m.tree, strings.HasPrefix(string(m.bytes[:min(len(m.bytes), 4)]), "IPC"))
		}
	default:
		p.smb1Pipe(d, command, m, b, cut)
	}
}

// smb1Request reads SESSION_SETUP_ANDX: with extended security 12 words,
// [MS-SMB] §2.2.4.6.1; without 13, [MS-CIFS] §2.2.4.53.1.
func (p *smbParser) smb1Request(m *smb1Message) {
	switch len(m.words) {
	case 24:
		key := p.asked(m.message, m.session)
		n := min(int(binary.LittleEndian.Uint16(m.words[14:])), len(m.bytes))
		if tok := m.bytes[:n]; n > 0 {
			p.s.token(toServer, 4+m.bytesAt, n, tok, tokenAt{key: key})
		}
	case 26:
		lm, nt := binary.LittleEndian.Uint16(m.words[14:]), binary.LittleEndian.Uint16(m.words[16:])
		p.plain, p.null = true, lm <= 1 && nt <= 1
		if !p.null {
			p.s.attemptOther(toServer, 4, "LM/NTLM", "SESSION_SETUP_ANDX")
		}
	}
}

func (p *smbParser) smb1Response(m *smb1Message, n int) {
	if m.nt && m.status == statusPending {
		return
	}
	var tok []byte
	guest := len(m.words) >= 6 && m.words[4]&1 != 0
	key := uint64(0) // of attempts without tokens
	if extended := len(m.words) == 8; extended {
		tok = m.bytes[:min(int(binary.LittleEndian.Uint16(m.words[6:])), len(m.bytes))]
	}
	if p.plain {
		guest = guest || p.null
		p.plain = false
	} else {
		key = p.answered(m.message, m.session, m.status == statusMoreProcessing)
	}
	p.setup(4, n, key, m.status, m.nt || m.status == 0, guest, tok, 4+m.bytesAt)
}

// smb1Tree reads TREE_CONNECT_ANDX: password, path, service, [MS-CIFS]
// §2.2.4.55.1.
func (p *smbParser) smb1Tree(m *smb1Message) {
	n := int(binary.LittleEndian.Uint16(m.words[6:]))
	if n > len(m.bytes) {
		return
	}
	path := m.bytes[n:]
	if !m.wide {
		s, _, _ := strings.Cut(text(path), "\x00")
		p.share(s)
		return
	}
	if (m.bytesAt+n)%2 == 1 && len(path) > 0 {
		path = path[1:]
	}
	p.share(utf16Text(path))
}

// utf16Text decodes little-endian UTF-16 up to its first NUL, at most 512
// units.
func utf16Text(b []byte) string {
	var u []uint16
	for len(b) >= 2 && len(u) < 512 {
		c := binary.LittleEndian.Uint16(b)
		if c == 0 {
			break
		}
		u = append(u, c)
		b = b[2:]
	}
	return string(utf16.Decode(u))
}

// probeSMB1 knows SMB1 by its protocol id, unless the client also offers SMB2
// and the server has not chosen yet.
func probeSMB1(up, down []byte, port uint16) verdict {
	up, down = skipNetBIOS(up), skipNetBIOS(down)
	u, v := smbID(up, smb1ID), smbID(down, smb1ID)
	switch {
	case v == yes && u != no && !smb1Direction(down, false):
		return no
	case v == yes:
		return yes
	case v == no && len(down) > 0, u == no:
		return no
	case u == needMore:
		return needMore
	case !smb1Direction(up, true):
		return no
	case !offersSMB2(up):
		return yes
	}
	if next := nextSMB(up); next != "" {
		if next == smb1ID {
			return yes
		}
		return no
	}
	return needMore
}
