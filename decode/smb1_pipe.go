package decode

import "encoding/binary"

// The SMB1 commands that named pipes are used with, [MS-CIFS] §2.2.2.1.
const (
	smb1Close     = 0x04
	smb1Trans     = 0x25
	smb1ReadAndX  = 0x2e
	smb1WriteAndX = 0x2f
)

// transactNmPipe is the subcommand that writes to a pipe and reads the answer,
// [MS-CIFS] §2.2.5.6.
const transactNmPipe = 0x0026

// smb1Wants tells whether a message, as far as it stands in b with its header,
// is of interest to the pipes; total is its length.
func (p *smbParser) smb1Wants(d dir, b []byte, total int) verdict {
	switch b[4] {
	case smb1Trans, smb1ReadAndX, smb1WriteAndX, smb1Close:
	default:
		return no
	}
	m := readSMB1(b)
	switch {
	case d == toClient && b[4] != smb1Close && p.pipes.awaits(m.message):
		return yes
	case d == toClient:
		return no
	case b[4] == smb1ReadAndX || b[4] == smb1Close:
		if len(p.pipes.list) > 0 {
			return yes
		}
		return no
	case p.pipes.files(m.session, m.tree) || total > maxSMBRead || total <= smb1HeaderSize:
		return no
	case len(b) < min(total, smb1HeaderSize+1) || len(b) < min(total, smb1HeaderSize+1+2*int(b[smb1HeaderSize])):
		return needMore
	case !m.block(b, smb1HeaderSize):
		return no
	}
	f, data, off, ok := smb1Written(b[4], &m, b)
	switch {
	case !ok:
		return no
	case len(b) < min(total, off+rpcHeaderSize):
		return needMore
	case p.pipes.wants(f, data):
		return yes
	}
	return no
}

// smb1Part is n bytes from offset off of a message on, as far as they are
// there.
func smb1Part(b []byte, off, n int) (part []byte, at int, ok bool) {
	if off < smb1HeaderSize || off > maxSMBDataOff {
		return nil, 0, false
	}
	return b[min(off, len(b)):min(off+n, len(b))], min(off, len(b)), true
}

// smb1Written is what a WRITE_ANDX request ([MS-CIFS] §2.2.4.43.1, [MS-SMB]
// §2.2.4.3.1) or a TRANSACTION request that is TransactNmPipe sends to a file.
func smb1Written(command byte, m *smb1Message, b []byte) (f smbFile, data []byte, at int, ok bool) {
	w := m.words
	switch {
	case command == smb1WriteAndX && len(w) >= 24:
		n := int(binary.LittleEndian.Uint16(w[20:])) | int(binary.LittleEndian.Uint16(w[18:])&1)<<16
		data, at, ok = smb1Part(b, int(binary.LittleEndian.Uint16(w[22:])), n)
		// RAW_MODE and MSG_START: the message's length stands before it.
		if mode := binary.LittleEndian.Uint16(w[14:]); mode&0x0c == 0x0c && len(data) >= 2 {
			data, at = data[2:], at+2
		}
		return smbFile{uint64(binary.LittleEndian.Uint16(w[4:]))}, data, at, ok
	case command == smb1Trans && len(w) >= 32 && w[26] >= 2 && binary.LittleEndian.Uint16(w[28:]) == transactNmPipe:
		data, at, ok = smb1Part(b, int(binary.LittleEndian.Uint16(w[24:])), int(binary.LittleEndian.Uint16(w[22:])))
		return smbFile{uint64(binary.LittleEndian.Uint16(w[30:]))}, data, at, ok
	}
	return f, nil, 0, false
}

// smb1Pipe reads a block that may belong to a pipe; b is the message, with cut
// not in full.
func (p *smbParser) smb1Pipe(d dir, command byte, m *smb1Message, b []byte, cut bool) {
	if d == toClient {
		p.smb1PipeAnswer(command, m, b, cut)
		return
	}
	switch command {
	case smb1WriteAndX, smb1Trans:
		f, data, at, ok := smb1Written(command, m, b)
		if !ok || p.pipes.files(m.session, m.tree) {
			return
		}
		p.pipes.wrote(f, data, 4+at, cut)
		if command == smb1Trans {
			p.pipes.asks(f, m.message)
		}
	case smb1ReadAndX:
		if len(m.words) >= 6 {
			p.pipes.asks(smbFile{uint64(binary.LittleEndian.Uint16(m.words[4:]))}, m.message)
		}
	case smb1Close:
		if len(m.words) >= 2 {
			p.pipes.close(smbFile{uint64(binary.LittleEndian.Uint16(m.words))})
		}
	}
}

// smb1PipeAnswer reads a READ_ANDX response ([MS-CIFS] §2.2.4.42.2) or a
// TRANSACTION response (§2.2.4.33.2).
func (p *smbParser) smb1PipeAnswer(command byte, m *smb1Message, b []byte, cut bool) {
	w := m.words
	off, n := 0, 0
	switch {
	case command == smb1ReadAndX && len(w) >= 24:
		off, n = int(binary.LittleEndian.Uint16(w[12:])), int(binary.LittleEndian.Uint16(w[10:]))
	case command == smb1Trans && len(w) >= 20:
		off, n = int(binary.LittleEndian.Uint16(w[14:])), int(binary.LittleEndian.Uint16(w[12:]))
	case command != smb1ReadAndX && command != smb1Trans:
		return
	}
	data, at, ok := smb1Part(b, off, n)
	if !ok {
		data, at, n = nil, 0, 0
	}
	p.pipes.read(m.message, data, 4+at, cut && n > 0)
}
