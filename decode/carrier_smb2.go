package decode

import "encoding/binary"

// smb2Carrier is SMB 2 and 3 ([MS-SMB2]) over TCP 445 or NetBIOS session
// service, with or without an SMB1 negotiate before.
var smb2Carrier = carrier{
	name:  "smb2",
	ports: []uint16{445, 139},
	probe: probeSMB2,
	open:  func(s *stream) parser { return newSMB(s) },
}

// The SMB2 commands that are read, [MS-SMB2] §2.2.1.2.
const (
	smb2Negotiate    = 0
	smb2SessionSetup = 1
	smb2Logoff       = 2
	smb2TreeConnect  = 3
)

// SessionFlags of a SESSION_SETUP response, [MS-SMB2] §2.2.6.
const (
	smb2Guest = 1
	smb2Null  = 2
)

const smb2HeaderSize = 64

func smb2Wanted(b []byte) bool {
	return binary.LittleEndian.Uint16(b[12:]) <= smb2TreeConnect
}

// smb2 reads a chain of SMB2 messages, which stands behind four bytes of
// length: NextCommand leads from one to the next. With cut the last is not
// there in full.
func (p *smbParser) smb2(d dir, b []byte, cut bool) {
	for at := 0; len(b)-at >= smb2HeaderSize && string(b[at:at+4]) == smb2ID; {
		next := int(binary.LittleEndian.Uint32(b[at+20:]))
		end := len(b)
		if next >= smb2HeaderSize && next < len(b)-at {
			end = at + next
		}
		p.smb2One(d, b[at:end], 4+at, cut && end == len(b))
		if end == len(b) {
			return
		}
		at = end
	}
}

// smb2One reads one message with its header, which stands at offset at of the
// stream's bytes.
func (p *smbParser) smb2One(d dir, b []byte, at int, cut bool) {
	flags := binary.LittleEndian.Uint32(b[16:])
	if (flags&1 != 0) != (d == toClient) { // SMB2_FLAGS_SERVER_TO_REDIR
		return
	}
	command := binary.LittleEndian.Uint16(b[12:])
	status := binary.LittleEndian.Uint32(b[8:])
	message := binary.LittleEndian.Uint64(b[24:])
	session := binary.LittleEndian.Uint64(b[40:])
	body := b[smb2HeaderSize:]
	switch {
	case command == smb2Negotiate && d == toClient && status == statusSuccess:
		blob, _ := smb2Buffer(b, body, 56)
		p.offered(blob)
	case command == smb2SessionSetup && d == toServer:
		key := p.asked(message, session)
		if tok, off := smb2Buffer(b, body, 12); len(tok) > 0 {
			p.s.token(toServer, at+off, len(tok), tok, tokenAt{key: key})
		}
	case command == smb2SessionSetup && d == toClient:
		if status == statusPending {
			return
		}
		key := p.answered(message, session, status == statusMoreProcessing)
		tok, off := smb2Buffer(b, body, 4)
		anonymous := len(body) >= 4 && status == statusSuccess && body[2]&(smb2Guest|smb2Null) != 0
		p.setup(at, len(b), key, status, true, anonymous, tok, at+off)
	case command == smb2TreeConnect && d == toServer:
		if p.accepted && !p.used {
			p.used = true
			p.s.afterAuth(toServer, at)
		}
		path, _ := smb2Buffer(b, body, 4)
		p.share(utf16Text(path))
	case command == smb2TreeConnect && d == toClient:
		// ShareType SMB2_SHARE_TYPE_PIPE, [MS-SMB2] §2.2.10.
		if status == statusSuccess && len(body) >= 3 && flags&2 == 0 { // an asynchronous header names no tree
			p.pipes.tree(session, binary.LittleEndian.Uint32(b[36:]), body[2] == 2)
		}
	case command > smb2TreeConnect:
		if d == toServer && p.accepted && !p.used {
			p.used = true
			p.s.afterAuth(toServer, at)
		}
		p.smb2Pipe(d, command, b, at, cut)
	}
}

// smb2Buffer is the buffer whose offset from the header and length stand at
// offset at of the body, and that offset; nothing if it does not lie in what
// there is of the message.
func smb2Buffer(b, body []byte, at int) (buf []byte, off int) {
	if len(body) < at+4 {
		return nil, 0
	}
	off = int(binary.LittleEndian.Uint16(body[at:]))
	n := int(binary.LittleEndian.Uint16(body[at+2:]))
	if off < smb2HeaderSize+at+4 || off > len(b) || n == 0 {
		return nil, 0
	}
	return b[off:min(off+n, len(b))], off
}

// probeSMB2 knows SMB2 by its protocol id, also behind an SMB1 negotiate that
// offers it.
func probeSMB2(up, down []byte, port uint16) verdict {
	up, down = skipNetBIOS(up), skipNetBIOS(down)
	u, v := probeSMB2Half(up, toServer), probeSMB2Half(down, toClient)
	switch {
	case u == yes && v != no, v == yes && u != no:
		return yes
	case u == no && smbID(up, smb1ID) == yes && offersSMB2(up) && smb1Direction(up, true):
		next := nextSMB(up)
		switch {
		case v == yes || next == smb2ID:
			return yes
		case v == needMore && next == "":
			return needMore
		}
		return no
	case u == no || v == no:
		return no
	}
	return needMore
}

// probeSMB2Half judges one direction; its header's flag must fit.
func probeSMB2Half(b []byte, d dir) verdict {
	if len(b) >= 8 && b[0] == 0 && (string(b[4:8]) == smbEncrypted || string(b[4:8]) == smbPacked) {
		return yes
	}
	v := smbID(b, smb2ID)
	if v != yes {
		return v
	}
	if len(b) < 4+17 {
		return needMore
	}
	if (b[4+16]&1 != 0) != (d == toClient) || b[8] != smb2HeaderSize || b[9] != 0 {
		return no
	}
	return yes
}
