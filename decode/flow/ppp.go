package flow

// pppHeader reads PPP with or without HDLC address and control (RFC 1662 §3.1).
func pppHeader(data []byte, off int) (int, uint32) {
	if len(data) >= off+2 && data[off] == 0xff && data[off+1] == 0x03 {
		off += 2
	}
	return pppProtocol(data, off)
}

// pppProtocol reads a PPP protocol field of two bytes, or one when compressed
// (RFC 1661 §6.5).
func pppProtocol(data []byte, off int) (int, uint32) {
	if len(data) < off+2 {
		return off, etherCut
	}
	proto, n := be16(data, off), 2
	if data[off]&1 != 0 {
		proto, n = uint16(data[off]), 1
	}
	switch proto {
	case 0x0021:
		return off + n, etherIPv4
	case 0x0057:
		return off + n, etherIPv6
	case 0x0281:
		return off + n, etherMPLS
	case 0x0283:
		return off + n, etherMPLSMC
	case 0x0053, 0x0055, 0x00fb, 0x00fd: // encrypted or compressed, RFC 1968, RFC 1962, RFC 3078
		return off + n, etherSealed
	}
	return off + n, etherNone
}
