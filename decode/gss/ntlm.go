package gss

import (
	"encoding/binary"
	"unicode/utf16"
)

var (
	ntlmSignature   = []byte("NTLMSSP\x00")
	negoexSignature = []byte("NEGOEXTS")
)

// NTLMType is the MessageType of an NTLM message, [MS-NLMP] §2.2.1.
type NTLMType uint32

// The messages of an NTLM authentication in their order.
const (
	Negotiate    NTLMType = 1
	Challenge    NTLMType = 2
	Authenticate NTLMType = 3
)

func (t NTLMType) String() string {
	switch t {
	case Negotiate:
		return "negotiate"
	case Challenge:
		return "challenge"
	case Authenticate:
		return "authenticate"
	}
	return ""
}

// An NTLMMessage is what an NTLM message tells in clear. Challenges and
// responses are not kept. A field is empty when the message does not carry it
// or was cut before it.
type NTLMMessage struct {
	Type  NTLMType
	Flags uint32
	// TargetName is the challenge's name of the acceptor's domain or host.
	TargetName string
	// The acceptor's names of a challenge's TargetInfo, [MS-NLMP] §2.2.2.1.
	NetBIOSComputer, NetBIOSDomain, DNSComputer, DNSDomain, DNSForest string
	// Who an authenticate message says it is.
	User, Domain, Workstation string
	// Anonymous: an authenticate message without user and response,
	// [MS-NLMP] §3.2.5.1.2.
	Anonymous bool
	Truncated bool
}

// Bits of NegotiateFlags, [MS-NLMP] §2.2.2.5.
const (
	ntlmUnicode   = 0x00000001
	ntlmAnonymous = 0x00000800
)

// maxName bounds the names that are kept, in bytes as carried.
const maxName = 1024

// parseNTLM reads what follows the signature that b begins with.
func parseNTLM(b []byte) *NTLMMessage {
	m := &NTLMMessage{}
	if len(b) < 12 {
		m.Truncated = true
		return m
	}
	m.Type = NTLMType(binary.LittleEndian.Uint32(b[8:]))
	switch m.Type {
	case Negotiate:
		m.Flags = m.u32(b, 12)
		if len(b) >= 32 { // both are in the OEM character set
			m.Domain = m.name(b, 16, false)
			m.Workstation = m.name(b, 24, false)
		}
	case Challenge:
		m.Flags = m.u32(b, 20)
		m.TargetName = m.name(b, 12, m.Flags&ntlmUnicode != 0)
		if len(b) >= 48 {
			m.targetInfo(m.field(b, 40))
		}
	case Authenticate:
		m.Flags = m.u32(b, 60)
		// The flags may be missing in the oldest messages; today's say Unicode.
		wide := len(b) < 64 || m.Flags&ntlmUnicode != 0
		m.Domain = m.name(b, 28, wide)
		m.User = m.name(b, 36, wide)
		m.Workstation = m.name(b, 44, wide)
		if !m.Truncated {
			lm, nt := m.field(b, 12), m.field(b, 20)
			m.Anonymous = m.Flags&ntlmAnonymous != 0 || m.User == "" && len(nt) == 0 && len(lm) <= 1
		}
	}
	return m
}

func (m *NTLMMessage) u32(b []byte, at int) uint32 {
	if len(b) < at+4 {
		m.Truncated = true
		return 0
	}
	return binary.LittleEndian.Uint32(b[at:])
}

// field is the payload that the length, maximum and offset at offset at
// describe; nil, and Truncated set, when it is not there.
func (m *NTLMMessage) field(b []byte, at int) []byte {
	if len(b) < at+8 {
		m.Truncated = true
		return nil
	}
	n := uint64(binary.LittleEndian.Uint16(b[at:]))
	off := uint64(binary.LittleEndian.Uint32(b[at+4:]))
	if n == 0 {
		return nil
	}
	if off+n > uint64(len(b)) {
		m.Truncated = true
		return nil
	}
	return b[off : off+n]
}

func (m *NTLMMessage) name(b []byte, at int, wide bool) string {
	f := m.field(b, at)
	if len(f) > maxName {
		f = f[:maxName]
	}
	if wide {
		return utf16String(f)
	}
	return string(f)
}

// targetInfo reads a sequence of AV_PAIRs, [MS-NLMP] §2.2.2.1.
func (m *NTLMMessage) targetInfo(b []byte) {
	for n := 0; len(b) >= 4 && n < 64; n++ {
		id := binary.LittleEndian.Uint16(b)
		size := int(binary.LittleEndian.Uint16(b[2:]))
		if id == 0 || size > len(b)-4 {
			return
		}
		v := b[4 : 4+size]
		if len(v) > maxName {
			v = v[:maxName]
		}
		switch id {
		case 1:
			m.NetBIOSComputer = utf16String(v)
		case 2:
			m.NetBIOSDomain = utf16String(v)
		case 3:
			m.DNSComputer = utf16String(v)
		case 4:
			m.DNSDomain = utf16String(v)
		case 5:
			m.DNSForest = utf16String(v)
		}
		b = b[4+size:]
	}
}

// utf16String decodes little-endian UTF-16; an odd last byte is dropped.
func utf16String(b []byte) string {
	if len(b) < 2 {
		return ""
	}
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(u))
}
