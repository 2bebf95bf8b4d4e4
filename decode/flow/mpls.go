package flow

// mplsLabel passes one entry of the label stack (RFC 3032 §2.1). What stands
// behind the last one is not told: IP by its version, or a pseudowire.
func mplsLabel(data []byte, off int) (int, uint32) {
	if len(data) < off+4 {
		return off, etherCut
	}
	bottom := data[off+2]&1 != 0
	if off += 4; !bottom {
		return off, etherMPLS
	}
	if len(data) <= off {
		return off, etherCut
	}
	if v := data[off] >> 4; v == 4 || v == 6 {
		// An Ethernet address can begin so too; RFC 4928 §3 warns of it.
		return off, etherRaw
	}
	if len(data) >= off+4 && data[off]>>4 == 0 {
		if at := off + 4; ethernetAt(data, at) { // control word, RFC 4448 §4.6
			return at, etherBridged
		}
	}
	if ethernetAt(data, off) {
		return off, etherBridged
	}
	return off, etherNone
}

// ethernetAt tells whether an Ethernet frame that leads to IP seems to begin
// at off.
func ethernetAt(data []byte, off int) bool {
	if len(data) < off+15 {
		return false
	}
	switch be16(data, off+12) {
	case etherIPv4:
		return data[off+14]>>4 == 4
	case etherIPv6:
		return data[off+14]>>4 == 6
	case etherVLAN, etherQinQ:
		return true
	}
	return false
}
