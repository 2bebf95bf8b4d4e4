package krb5

import (
	"encoding/binary"
	"reflect"
	"testing"
	"unicode/utf16"

	"github.com/jcmturner/gokrb5/v8/test/testdata"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type le []byte

func (b le) u16(v ...uint16) le {
	for _, v := range v {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}

func (b le) u32(v ...uint32) le {
	for _, v := range v {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func (b le) text(s string) le { return b.u16(utf16.Encode([]rune(s))...) }

// ndrText is the deferred part of an RPC_UNICODE_STRING.
func (b le) ndrText(s string) le {
	n := uint32(len(utf16.Encode([]rune(s))))
	b = b.u32(n, 0, n).text(s)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func tNDR(body le) []byte {
	head := le{1, 0x10, 8, 0, 0xcc, 0xcc, 0xcc, 0xcc}.u32(uint32(len(body)+4), 0, 0x20000)
	return append(head, body...)
}

type tBuffer struct {
	typ  uint32
	data []byte
}

func tPAC(list ...tBuffer) []byte {
	b := le{}.u32(uint32(len(list)), 0)
	at := len(b) + 16*len(list)
	var data []byte
	for _, x := range list {
		b = b.u32(x.typ, uint32(len(x.data)), uint32(at+len(data)), 0)
		data = append(data, x.data...)
		for len(data)%8 != 0 {
			data = append(data, 0)
		}
	}
	return append(b, data...)
}

var testSID = []byte{1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0x50, 4, 0, 0}

func delegationInfo() []byte {
	b := le{}.u16(10, 10).u32(4, 2, 8)
	b = b.ndrText("cifs/").u32(2).u16(4, 4).u32(12).u16(6, 6).u32(16)
	return tNDR(b.ndrText("a1").ndrText("b22"))
}

// samplePAC has what Samba does not put into its PACs, too.
func samplePAC() []byte {
	upn := le{}.u16(8, 24, 6, 32).u32(3).u16(2, 38, 28, 40).u32(0).text("u@ab").text("ab.").text("u")
	upn = append(upn, testSID...)
	return tPAC(
		tBuffer{PACDelegationInfoBuffer, delegationInfo()},
		tBuffer{PACUPNDNSInfoBuffer, upn},
		tBuffer{PACClientInfoBuffer, le{}.u32(0xd53e8000, 0x019db1de).u16(2).text("u")},
		tBuffer{PACServerChecksum, le(append(le{}.u32(16), filled(12)...)).u16(7)},
		tBuffer{PACKDCChecksum, append(le{}.u32(0xffffff76), filled(16)...)},
		tBuffer{PACExtendedKDCChecksum, append(le{}.u32(20), filled(24)...)},
		tBuffer{PACTicketChecksum, append(le{}.u32(99), filled(9)...)},
		tBuffer{PACAttributesInfoBuffer, le{}.u32(2, 1)},
		tBuffer{PACRequestorBuffer, testSID},
		tBuffer{PACCredentialsBuffer, append(le{}.u32(0, 18), filled(40)...)},
		tBuffer{4711, filled(9)},
	)
}

func TestPAC(t *testing.T) {
	p, ok := ParsePAC(samplePAC())
	require.True(t, ok)
	assert.Empty(t, p.Anomalies)
	const sid = "S-1-5-21-1-2-3-1104"
	assert.Equal(t, &PACDelegation{ProxyTarget: "cifs/", Count: 2, Transited: []string{"a1", "b22"}}, p.Delegation)
	assert.Equal(t, &PACUPNDNSInfo{UPN: "u@ab", DNSDomain: "ab.", Flags: 3, SAMName: "u", SID: sid}, p.UPN)
	assert.Equal(t, []string{"extended", "upn-constructed"}, PACUPNFlagNames(p.UPN.Flags))
	assert.Equal(t, &PACClientInfo{AuthTime: some(int64(0)), Name: "u"}, p.Client)
	assert.Equal(t, []PACSignature{
		{PACServerChecksum, 16, filled(12), some[uint16](7)},
		{PACKDCChecksum, -138, filled(16), Opt[uint16]{}},
		{PACExtendedKDCChecksum, 20, filled(24), Opt[uint16]{}},
		{PACTicketChecksum, 99, filled(9), Opt[uint16]{}},
	}, p.Signatures)
	assert.Equal(t, []string{"pac-was-requested"}, PACAttributeNames(p.Attributes.V))
	assert.Equal(t, sid, p.Requestor)
	assert.Equal(t, some[int32](18), p.CredEType)
	assert.Equal(t, PACBuffer{4711, 9, p.Buffers[10].Offset, filled(9)}, p.Buffers[10])
	assert.Empty(t, PACBufferName(4711))
	assert.Equal(t, "EXTENDED_KDC_CHECKSUM", PACBufferName(19))
}

// The examples of [MS-PAC] §4.
func TestPACOfWindows(t *testing.T) {
	n := newNDR(vector(t, testdata.MarshaledPAC_Kerb_Validation_Info_MS), 0)
	l := pacLogon(n)
	assert.Empty(t, n.bad)
	assert.Equal(t, "lzhu", l.EffectiveName)
	assert.Equal(t, "Liqiang(Larry) Zhu", l.FullName)
	assert.Equal(t, "ntds2.bat", l.LogonScript)
	assert.Equal(t, "NTDEV-DC-05", l.LogonServer)
	assert.Equal(t, "NTDEV", l.LogonDomain)
	assert.Equal(t, "S-1-5-21-397955417-626881126-188441444", l.DomainSID)
	assert.Equal(t, uint32(2914711), l.UserID)
	assert.Equal(t, uint32(513), l.PrimaryGroupID)
	assert.Len(t, l.Groups, 26)
	assert.Len(t, l.ExtraSIDs, 13)
	assert.Equal(t, "S-1-5-21-773533881-1816936887-355810188-513", l.ExtraSIDs[0])
	assert.Equal(t, []string{"extra-sids"}, PACUserFlagNames(l.UserFlags))
	assert.Equal(t, []string{"normal-account"}, PACAccountFlagNames(l.UserAccountControl&0x10))

	n = newNDR(vector(t, testdata.MarshaledPAC_Kerb_Validation_Info_Trust), 0)
	l = pacLogon(n)
	assert.Empty(t, n.bad)
	assert.Equal(t, uint32(len(l.ResourceGroups)), l.ResourceGroupCount)
	assert.NotEmpty(t, l.ResourceDomainSID)
}

// Counts and offsets that lie: what can be read is, nothing is allocated by them.
func TestHostilePACs(t *testing.T) {
	_, ok := ParsePAC(nil)
	assert.False(t, ok)
	p, ok := ParsePAC(le{}.u32(0xffffffff, 0).u32(1, 0xffffffff, 8, 0))
	require.True(t, ok)
	assert.Len(t, p.Buffers, 1)
	assert.Nil(t, p.Buffers[0].Data)
	assert.Len(t, p.Anomalies, 2)

	whole := samplePAC()
	for n := range len(whole) - 8 { // the last bytes are padding
		cut, ok := ParsePAC(whole[:n])
		if ok {
			assert.NotEmpty(t, cut.Anomalies, n)
		}
	}
	logon := vector(t, testdata.MarshaledPAC_Kerb_Validation_Info_MS)
	for n := range len(logon) - 4 { // the last bytes are padding
		p, _ := ParsePAC(tPAC(tBuffer{PACLogonInfoBuffer, logon[:n]}))
		require.NotEmpty(t, p.Anomalies, n)
		require.NotNil(t, p.Logon)
	}
	// GroupCount 2^32-1: what came before the groups stands.
	bad := append([]byte(nil), logon...)
	copy(bad[20+48+48+12:], []byte{0xff, 0xff, 0xff, 0xff})
	p, _ = ParsePAC(tPAC(tBuffer{PACLogonInfoBuffer, bad}))
	assert.Equal(t, "lzhu", p.Logon.EffectiveName)
	assert.Nil(t, p.Logon.ExtraSIDs)
	assert.Contains(t, p.Anomalies[0].What, "KERB_VALIDATION_INFO")
}

func FuzzPAC(f *testing.F) {
	f.Add(samplePAC())
	for _, s := range []string{testdata.MarshaledPAC_Kerb_Validation_Info_MS, testdata.MarshaledPAC_Kerb_Validation_Info_Trust} {
		f.Add(tPAC(tBuffer{PACLogonInfoBuffer, hexBytes(s)}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := ParsePAC(b)
		again, _ := ParsePAC(b)
		if !reflect.DeepEqual(p, again) {
			t.Fatal("another answer for the same bytes")
		}
		if !ok {
			return
		}
		checkOffsets(t, p.Anomalies, nil, len(b))
		if len(p.Buffers) > maxPACBuffers {
			t.Fatal("too many buffers")
		}
		if l := p.Logon; l != nil && (len(l.Groups) > maxPACList || len(l.ExtraSIDs) > maxPACList) {
			t.Fatal("too many RIDs")
		}
	})
}
