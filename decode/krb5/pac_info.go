package krb5

import "encoding/binary"

// A PACClientInfo is a PAC_CLIENT_INFO, [MS-PAC] §2.7. Both must be those of the ticket.
type PACClientInfo struct {
	AuthTime Opt[int64] // ClientId: authtime of the TGT, Unix seconds
	Name     string     // the cname, with its realm in S4U2self across realms
}

func pacClient(b []byte) *PACClientInfo {
	if len(b) < 10 {
		return nil
	}
	n := min(int(binary.LittleEndian.Uint16(b[8:])), len(b)-10)
	return &PACClientInfo{filetime(binary.LittleEndian.Uint64(b)), utf16Text(b[10 : 10+n])}
}

// Flags of UPN_DNS_INFO.
const (
	UPNConstructed uint32 = 1 // the account has no UPN of its own
	UPNExtended    uint32 = 2 // with SAM name and SID
)

// A PACUPNDNSInfo is a UPN_DNS_INFO, [MS-PAC] §2.10.
type PACUPNDNSInfo struct {
	UPN       string
	DNSDomain string
	Flags     uint32 // PACUPNFlagNames
	SAMName   string // with UPNExtended
	SID       string // with UPNExtended: of the account
}

func pacUPN(b []byte) *PACUPNDNSInfo {
	if len(b) < 12 {
		return nil
	}
	part := func(at int) []byte {
		if at+4 > len(b) {
			return nil
		}
		n, off := int(binary.LittleEndian.Uint16(b[at:])), int(binary.LittleEndian.Uint16(b[at+2:]))
		if off > len(b) || n > len(b)-off {
			return nil
		}
		return b[off : off+n]
	}
	u := &PACUPNDNSInfo{UPN: utf16Text(part(0)), DNSDomain: utf16Text(part(4)), Flags: binary.LittleEndian.Uint32(b[8:])}
	if u.Flags&UPNExtended != 0 {
		u.SAMName, u.SID = utf16Text(part(12)), SIDText(part(16))
	}
	return u
}

// A PACSignature is a PAC_SIGNATURE_DATA, [MS-PAC] §2.8.
type PACSignature struct {
	Buffer    uint32 // PACServerChecksum, PACKDCChecksum, PACTicketChecksum, PACExtendedKDCChecksum
	Type      int32  // ChecksumName
	Signature []byte
	RODC      Opt[uint16] // RODCIdentifier: upper half of the kvno of the RODC's krbtgt; absent: not by an RODC
}

func pacSignature(buf PACBuffer) (s PACSignature, ok bool) {
	b := buf.Data
	if len(b) < 4 {
		return s, false
	}
	s = PACSignature{Buffer: buf.Type, Type: int32(binary.LittleEndian.Uint32(b)), Signature: b[4:]}
	size := 0
	switch s.Type {
	case -138, 19: // [MS-PAC] §2.8, RFC 8009 §6
		size = 16
	case 15, 16:
		size = 12
	case 20:
		size = 24
	default:
		return s, true
	}
	if len(s.Signature) < size {
		return s, false
	}
	if rest := s.Signature[size:]; len(rest) == 2 {
		if id := binary.LittleEndian.Uint16(rest); id != 0 {
			s.RODC = some(id)
		}
	}
	s.Signature = s.Signature[:size]
	return s, true
}

// A PACDelegation is an S4U_DELEGATION_INFO, [MS-PAC] §2.9: the ticket comes of S4U2proxy.
type PACDelegation struct {
	ProxyTarget string // S4U2proxyTarget: the service that the ticket was first issued for
	Count       uint32
	Transited   []string // S4UTransitedServices: on whose behalf, in order; the first 1024
}

func pacDelegation(n *ndr) *PACDelegation {
	d := new(PACDelegation)
	target := n.textHeader()
	d.Count = n.u32()
	list := n.u32() != 0
	d.ProxyTarget = n.text(target)
	if !list {
		return d
	}
	count := n.list(d.Count, 8)
	there := make([]ndrText, 0, min(count, maxPACList))
	for range count {
		if h := n.textHeader(); len(there) < maxPACList {
			there = append(there, h)
		}
	}
	for _, h := range there {
		if n.bad == "" {
			d.Transited = append(d.Transited, n.text(h))
		}
	}
	return d
}
