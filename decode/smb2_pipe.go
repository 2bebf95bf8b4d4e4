package decode

import "encoding/binary"

// The SMB2 commands that named pipes are used with, [MS-SMB2] §2.2.1.2.
const (
	smb2Close = 6
	smb2Read  = 8
	smb2Write = 9
	smb2Ioctl = 11
)

// pipeTransceive is FSCTL_PIPE_TRANSCEIVE: a write and the read of its answer,
// [MS-FSCC] §2.3.50.
const pipeTransceive = 0x0011c017

// smb2PipeHead is the header and the longest fixed part, that of IOCTL.
const smb2PipeHead = smb2HeaderSize + 56

// maxSMBDataOff bounds where data may begin in a message: behind fixed parts, a
// short name and padding.
const maxSMBDataOff = 512

// smb2Wants tells whether a message, as far as it stands in b with its header,
// is of interest to the pipes; total is its length. needMore: it cannot be told
// from so little.
func (p *smbParser) smb2Wants(d dir, b []byte, total int, last bool) verdict {
	command := binary.LittleEndian.Uint16(b[12:])
	switch command {
	case smb2Write, smb2Read, smb2Ioctl, smb2Close:
	default:
		return no
	}
	if d == toClient {
		if command != smb2Close && p.pipes.awaits(binary.LittleEndian.Uint64(b[24:])) {
			return yes
		}
		return no
	}
	if command == smb2Read || command == smb2Close {
		if len(p.pipes.list) > 0 {
			return yes
		}
		return no
	}
	if p.smb2Files(b) || total > maxSMBRead {
		return no
	}
	if len(b) < min(total, smb2PipeHead) && !last {
		return needMore
	}
	f, data, off, ok := smb2Written(command, b)
	switch {
	case !ok:
		return no
	case len(b) < min(total, off+rpcHeaderSize) && !last:
		return needMore
	case p.pipes.wants(f, data):
		return yes
	}
	return no
}

// smb2Files tells whether a request goes to a share of files. An asynchronous
// header (SMB2_FLAGS_ASYNC_COMMAND) names no tree.
func (p *smbParser) smb2Files(b []byte) bool {
	return len(p.pipes.trees) > 0 && b[16]&2 == 0 &&
		p.pipes.files(binary.LittleEndian.Uint64(b[40:]), binary.LittleEndian.Uint32(b[36:]))
}

// smb2FileAt is the FileId at offset at of the body.
func smb2FileAt(body []byte, at int) (f smbFile, ok bool) {
	if len(body) < at+16 {
		return f, false
	}
	return smbFile{binary.LittleEndian.Uint64(body[at:]), binary.LittleEndian.Uint64(body[at+8:])}, true
}

// smb2Written is what a WRITE request ([MS-SMB2] §2.2.21) or an IOCTL request
// that is FSCTL_PIPE_TRANSCEIVE (§2.2.31) sends to a file, from offset off of
// the message on.
func smb2Written(command uint16, b []byte) (f smbFile, data []byte, off int, ok bool) {
	body := b[smb2HeaderSize:]
	n := 0
	switch {
	case command == smb2Write && len(body) >= 32:
		off, n = int(binary.LittleEndian.Uint16(body[2:])), smb2Length(body[4:])
		f, ok = smb2FileAt(body, 16)
	case command == smb2Ioctl && len(body) >= 56 && binary.LittleEndian.Uint32(body[4:]) == pipeTransceive:
		off, n = smb2Length(body[24:]), smb2Length(body[28:])
		f, ok = smb2FileAt(body, 8)
	}
	if !ok || off < smb2HeaderSize+32 || off > maxSMBDataOff {
		return f, nil, 0, false
	}
	end := min(off+n, len(b))
	off = min(off, len(b))
	return f, b[off:end], off, true
}

// smb2Length is a length or an offset of 32 bits; more than a message that is
// read has counts as that.
func smb2Length(b []byte) int {
	return int(min(binary.LittleEndian.Uint32(b), maxSMBRead))
}

// smb2Pipe reads a message that may belong to a pipe; it stands at offset at of
// the stream's bytes, and with cut not in full.
func (p *smbParser) smb2Pipe(d dir, command uint16, b []byte, at int, cut bool) {
	body := b[smb2HeaderSize:]
	message := binary.LittleEndian.Uint64(b[24:])
	if d == toClient {
		p.smb2PipeAnswer(command, b, at, cut)
		return
	}
	switch command {
	case smb2Write, smb2Ioctl:
		f, data, off, ok := smb2Written(command, b)
		if !ok || p.smb2Files(b) {
			return
		}
		p.pipes.wrote(f, data, at+off, cut)
		if command == smb2Ioctl {
			p.pipes.asks(f, message)
		}
	case smb2Read:
		if f, ok := smb2FileAt(body, 16); ok { // [MS-SMB2] §2.2.19
			p.pipes.asks(f, message)
		}
	case smb2Close:
		if f, ok := smb2FileAt(body, 8); ok { // [MS-SMB2] §2.2.15
			p.pipes.close(f)
		}
	}
}

// smb2PipeAnswer reads a READ response ([MS-SMB2] §2.2.20) or an IOCTL response
// (§2.2.32). An interim answer (STATUS_PENDING) holds nothing.
func (p *smbParser) smb2PipeAnswer(command uint16, b []byte, at int, cut bool) {
	if binary.LittleEndian.Uint32(b[8:]) == statusPending {
		return
	}
	body := b[smb2HeaderSize:]
	off, n := 0, 0
	switch {
	case command == smb2Read && len(body) >= 16 && binary.LittleEndian.Uint16(body) == 17:
		off, n = int(body[2]), smb2Length(body[4:])
	case command == smb2Ioctl && len(body) >= 48 && binary.LittleEndian.Uint16(body) == 49:
		off, n = smb2Length(body[32:]), smb2Length(body[36:])
	}
	if off < smb2HeaderSize || off > len(b) {
		off, n = 0, 0
	}
	p.pipes.read(binary.LittleEndian.Uint64(b[24:]), b[off:min(off+n, len(b))], at+off, cut && n > 0)
}
