package krb5

import (
	"encoding/binary"
	"fmt"
)

// Types of PAC buffers, [MS-PAC] §2.4.
const (
	PACLogonInfoBuffer      = 1
	PACCredentialsBuffer    = 2
	PACServerChecksum       = 6
	PACKDCChecksum          = 7
	PACClientInfoBuffer     = 10
	PACDelegationInfoBuffer = 11
	PACUPNDNSInfoBuffer     = 12
	PACClientClaimsBuffer   = 13
	PACDeviceInfoBuffer     = 14
	PACDeviceClaimsBuffer   = 15
	PACTicketChecksum       = 16
	PACAttributesInfoBuffer = 17
	PACRequestorBuffer      = 18
	PACExtendedKDCChecksum  = 19
)

// A PAC is a PACTYPE, [MS-PAC] §2.3: what Active Directory says of the client in
// every ticket. What a PAC does not hold, or not readably, is nil or zero.
type PAC struct {
	Size       int // in bytes, most of a large ticket
	Buffers    []PACBuffer
	Logon      *PACLogonInfo
	Client     *PACClientInfo
	UPN        *PACUPNDNSInfo
	Delegation *PACDelegation
	Signatures []PACSignature // in the PAC's order
	Attributes Opt[uint32]    // PAC_ATTRIBUTES_INFO, [MS-PAC] §2.14; PACAttributeNames
	Requestor  string         // PAC_REQUESTOR, [MS-PAC] §2.15: SID of the account that asked for the TGT
	CredEType  Opt[int32]     // PAC_CREDENTIAL_INFO, [MS-PAC] §2.6.1: the etype that its secrets are encrypted with

	Anomalies []Anomaly // offsets in the PAC
}

// A PACBuffer is a PAC_INFO_BUFFER, [MS-PAC] §2.4. Unknown types keep number and bytes.
type PACBuffer struct {
	Type   uint32 // PACBufferName
	Size   uint32 // as claimed
	Offset uint64
	Data   []byte // nil when it lies outside the PAC
}

// ParsePAC reads the data of an AD-WIN2K-PAC as far as it goes. ok is false
// when it is none.
func ParsePAC(b []byte) (pac PAC, ok bool) {
	if len(b) < 8 || binary.LittleEndian.Uint32(b[4:]) != 0 {
		return pac, false
	}
	pac.Size = len(b)
	count := binary.LittleEndian.Uint32(b)
	if there := (len(b) - 8) / 16; int64(count) > int64(min(there, maxPACBuffers)) {
		pac.note(0, fmt.Sprintf("PAC of %d buffers, %d are read", count, min(there, maxPACBuffers)))
		count = uint32(min(there, maxPACBuffers))
	}
	pac.Buffers = make([]PACBuffer, 0, count)
	for i := range int(count) {
		at := 8 + 16*i
		buf := PACBuffer{Type: binary.LittleEndian.Uint32(b[at:]), Size: binary.LittleEndian.Uint32(b[at+4:]), Offset: binary.LittleEndian.Uint64(b[at+8:])}
		switch {
		case buf.Offset > uint64(len(b)) || uint64(buf.Size) > uint64(len(b))-buf.Offset:
			pac.note(at, fmt.Sprintf("buffer %d runs past the end of the PAC", buf.Type))
		default:
			end := buf.Offset + uint64(buf.Size)
			buf.Data = b[buf.Offset:end:end]
			pac.read(buf, int(buf.Offset))
		}
		pac.Buffers = append(pac.Buffers, buf)
	}
	return pac, true
}

func (pac *PAC) note(off int, what string) {
	if len(pac.Anomalies) < maxAnomalies {
		pac.Anomalies = append(pac.Anomalies, Anomaly{off, what})
	}
}

// read decodes one buffer; of two of a type the first stands.
func (pac *PAC) read(buf PACBuffer, off int) {
	b := buf.Data
	short := false
	switch buf.Type {
	case PACLogonInfoBuffer:
		if pac.Logon == nil {
			n := newNDR(b, off)
			pac.Logon = pacLogon(n)
			pac.adopt(n, "KERB_VALIDATION_INFO")
		}
	case PACDelegationInfoBuffer:
		if pac.Delegation == nil {
			n := newNDR(b, off)
			pac.Delegation = pacDelegation(n)
			pac.adopt(n, "S4U_DELEGATION_INFO")
		}
	case PACClientInfoBuffer:
		if pac.Client == nil {
			pac.Client = pacClient(b)
			short = pac.Client == nil
		}
	case PACUPNDNSInfoBuffer:
		if pac.UPN == nil {
			pac.UPN = pacUPN(b)
			short = pac.UPN == nil
		}
	case PACServerChecksum, PACKDCChecksum, PACTicketChecksum, PACExtendedKDCChecksum:
		s, ok := pacSignature(buf)
		if ok {
			pac.Signatures = append(pac.Signatures, s)
		}
		short = !ok
	case PACAttributesInfoBuffer:
		if short = len(b) < 8; !short {
			pac.Attributes = some(binary.LittleEndian.Uint32(b[4:]))
		}
	case PACRequestorBuffer:
		pac.Requestor = SIDText(b)
		short = pac.Requestor == ""
	case PACCredentialsBuffer:
		if short = len(b) < 8; !short {
			pac.CredEType = some(int32(binary.LittleEndian.Uint32(b[4:])))
		}
	}
	if short {
		pac.note(off, fmt.Sprintf("%s of %d bytes cannot be read", PACBufferName(buf.Type), len(b)))
	}
}

func (pac *PAC) adopt(n *ndr, name string) {
	if n.bad != "" {
		pac.note(n.base+n.pos, name+": "+n.bad)
	}
}
