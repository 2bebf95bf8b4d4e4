package decode

import "encoding/binary"

// An rpcHeader is the common header of a PDU, C706 §12.6.3.1.
type rpcHeader struct {
	typ         byte
	first, last bool
	order       binary.ByteOrder
	size        int // frag_length
	auth        int // auth_length
	call        uint32
}

// readRPCHeader reads the header at the start of b.
func readRPCHeader(b []byte) (h rpcHeader, v verdict) {
	for i, c := range b[:min(len(b), 8)] {
		ok := true
		switch i {
		case 0:
			ok = c == 5
		case 1:
			ok = c <= 1
		case 2:
			ok = rpcType(c)
		case 4:
			ok = c&0x0f == 0 && c <= 0x10 // ASCII; integers big or little endian
		case 5:
			ok = c <= 3
		case 6, 7:
			ok = c == 0
		}
		if !ok {
			return h, no
		}
	}
	if len(b) < rpcHeaderSize {
		return h, needMore
	}
	h.typ, h.first, h.last = b[2], b[3]&1 != 0, b[3]&2 != 0
	h.order = binary.BigEndian
	if b[4] == 0x10 {
		h.order = binary.LittleEndian
	}
	h.size, h.auth = int(h.order.Uint16(b[8:])), int(h.order.Uint16(b[10:]))
	h.call = h.order.Uint32(b[12:])
	if h.size < rpcHeaderSize || h.auth > 0 && h.size < rpcHeaderSize+rpcTrailerSize+h.auth {
		return h, no
	}
	switch {
	case (h.typ == rpcBind || h.typ == rpcAlter) && h.size < 28,
		h.typ == rpcBindNak && h.size < 18, h.typ == rpcFault && h.size < 28:
		return h, no
	}
	return h, yes
}

func rpcType(c byte) bool {
	return c == rpcRequest || c == rpcResponse || c == rpcFault || c >= rpcBind && c <= rpcRTS
}

// rpcFromServer tells whether only a server sends PDUs of a type.
func rpcFromServer(typ byte) bool {
	switch typ {
	case rpcResponse, rpcFault, rpcBindAck, rpcBindNak, rpcAlterResp, 17: // shutdown
		return true
	}
	return false
}

// An rpcTrailer is a sec_trailer ([MS-RPCE] §2.2.2.11) with the token behind
// it.
type rpcTrailer struct {
	typ   byte // auth_type
	id    uint32
	token []byte
	at, n int // where the token's bytes of this PDU stand
}

func readRPCTrailer(h rpcHeader, b []byte) (t rpcTrailer, ok bool) {
	at := h.size - h.auth - rpcTrailerSize
	if h.auth == 0 || at+rpcTrailerSize > len(b) {
		return t, false
	}
	t.typ = b[at]
	t.id = h.order.Uint32(b[at+4:])
	t.at = at + rpcTrailerSize
	t.token = b[t.at:min(t.at+h.auth, len(b))]
	t.n = len(t.token)
	return t, true
}
