package krb5_test

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/pac"
	"github.com/jcmturner/gokrb5/v8/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// A sink keeps the messages of a capture.
type sink struct{ messages []*krb5.Message }

func (s *sink) Message(m *decode.Message) {
	if m.Krb != nil {
		s.messages = append(s.messages, m.Krb)
	}
}
func (*sink) Exchange(*decode.Exchange) {}
func (*sink) Session(*decode.Session)   {}
func (*sink) Sighting(*decode.Sighting) {}

// corpus calls do with every message of every capture of the corpus.
func corpus(t *testing.T, do func(t *testing.T, dir string, m *krb5.Message)) {
	files, err := filepath.Glob("../../pcaps/*/*.pcap*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		t.Run(filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path), func(t *testing.T) {
			src, err := capture.Open(path)
			require.NoError(t, err)
			defer src.Close()
			s := &sink{}
			d := decode.New(decode.Options{}, s)
			for {
				b := &capture.Batch{}
				if err := src.Next(b); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Skip("a capture that is broken on purpose: ", err)
				}
				d.Batch(0, b)
			}
			d.Close()
			for _, m := range s.messages {
				do(t, filepath.Dir(path), m)
			}
		})
	}
}

// TestCorpusPACs: tickets that a real KDC issued and a keytab of the corpus
// opens. gokrb5 reads their authorization data too, and the same is in it.
func TestCorpusPACs(t *testing.T) {
	seen := map[string]bool{}
	pacs := 0
	corpus(t, func(t *testing.T, dir string, m *krb5.Message) {
		var tkt krb5.Ticket
		switch {
		case m.APReq != nil:
			tkt = m.APReq.Ticket
		case m.KDCRep != nil:
			tkt = m.KDCRep.Ticket
		}
		if tkt.EncPart.Cut || len(tkt.EncPart.Cipher) == 0 || seen[string(tkt.EncPart.Cipher)] {
			return
		}
		seen[string(tkt.EncPart.Cipher)] = true
		plain := opened(t, dir, tkt)
		if plain == nil {
			return
		}
		part, ok := krb5.ParseEncTicketPart(plain)
		require.True(t, ok)
		var theirs messages.EncTicketPart
		require.NoError(t, theirs.Unmarshal(plain))
		assert.Equal(t, theirs.CName.PrincipalNameString(), part.CName.String())
		for a := range krb5.AuthorizationData(part.AuthData) {
			if a.Type == krb5.ADWin2kPAC {
				assert.Equal(t, int32(krb5.ADIfRelevant), a.Within)
				assert.Equal(t, 1, a.Depth)
				assert.Contains(t, string(part.AuthData), string(a.Data))
				samePAC(t, a.Data, part)
				pacs++
			}
		}
	})
	assert.Greater(t, pacs, 15)
	t.Logf("%d PACs", pacs)
}

// opened decrypts a ticket with the keytabs beside the capture; nil when none fits.
func opened(t *testing.T, dir string, tkt krb5.Ticket) []byte {
	files, err := filepath.Glob(filepath.Join(dir, "*.keytab"))
	require.NoError(t, err)
	for _, path := range files {
		kt, err := keytab.Load(path)
		require.NoError(t, err)
		for _, e := range kt.Entries {
			if e.Key.KeyType != tkt.EncPart.EType.V {
				continue
			}
			d := types.EncryptedData{EType: tkt.EncPart.EType.V, Cipher: tkt.EncPart.Cipher}
			if plain, err := crypto.DecryptEncPart(d, e.Key, 2); err == nil {
				return plain
			}
		}
	}
	return nil
}

func samePAC(t *testing.T, b []byte, part krb5.EncTicketPart) {
	t.Helper()
	got, ok := krb5.ParsePAC(b)
	require.True(t, ok)
	assert.Empty(t, got.Anomalies)
	assert.Equal(t, len(b), got.Size)
	var theirs pac.PACType
	require.NoError(t, theirs.Unmarshal(b))
	require.Len(t, got.Buffers, len(theirs.Buffers))
	signatures := 0
	for i, buf := range theirs.Buffers {
		assert.Equal(t, buf.ULType, got.Buffers[i].Type)
		assert.Equal(t, buf.Offset, got.Buffers[i].Offset)
		data := b[buf.Offset : buf.Offset+uint64(buf.CBBufferSize)]
		assert.Equal(t, data, got.Buffers[i].Data)
		switch buf.ULType {
		case krb5.PACLogonInfoBuffer:
			sameLogon(t, data, got.Logon)
		case krb5.PACClientInfoBuffer:
			var c pac.ClientInfo
			require.NoError(t, c.Unmarshal(data))
			assert.Equal(t, c.Name, got.Client.Name)
			assert.Equal(t, c.ClientID.Time().Unix(), got.Client.AuthTime.V)
		case krb5.PACUPNDNSInfoBuffer:
			var u pac.UPNDNSInfo
			require.NoError(t, u.Unmarshal(data))
			assert.Equal(t, u.UPN, got.UPN.UPN)
			assert.Equal(t, u.DNSDomain, got.UPN.DNSDomain)
			assert.Equal(t, u.Flags, got.UPN.Flags)
			if got.UPN.Flags&krb5.UPNExtended != 0 {
				assert.Equal(t, got.Logon.EffectiveName, got.UPN.SAMName)
				assert.True(t, strings.HasPrefix(got.UPN.SID, got.Logon.DomainSID+"-"))
			}
		case krb5.PACServerChecksum, krb5.PACKDCChecksum, krb5.PACTicketChecksum, krb5.PACExtendedKDCChecksum:
			var s pac.SignatureData
			_, err := s.Unmarshal(data)
			require.NoError(t, err)
			assert.Equal(t, int32(s.SignatureType), got.Signatures[signatures].Type)
			if s.SignatureType == 19 || s.SignatureType == 20 { // gokrb5 knows no signatures of RFC 8009
				s.Signature = data[4:]
			}
			assert.Equal(t, s.Signature, got.Signatures[signatures].Signature)
			signatures++
		}
	}
	assert.Len(t, got.Signatures, signatures)
	assert.Equal(t, part.AuthTime.V, got.Client.AuthTime.V)
	if got.Requestor != "" && got.UPN != nil && got.UPN.SID != "" {
		assert.Equal(t, got.UPN.SID, got.Requestor)
	}
}

func sameLogon(t *testing.T, data []byte, got *krb5.PACLogonInfo) {
	t.Helper()
	var k pac.KerbValidationInfo
	require.NoError(t, k.Unmarshal(data))
	require.NotNil(t, got)
	assert.Equal(t, k.EffectiveName.Value, got.EffectiveName)
	assert.Equal(t, k.FullName.Value, got.FullName)
	assert.Equal(t, k.LogonServer.Value, got.LogonServer)
	assert.Equal(t, k.LogonDomainName.Value, got.LogonDomain)
	assert.Equal(t, k.LogonDomainID.String(), got.DomainSID)
	assert.Equal(t, k.UserID, got.UserID)
	assert.Equal(t, k.PrimaryGroupID, got.PrimaryGroupID)
	assert.Equal(t, k.GroupCount, got.GroupCount)
	require.Len(t, got.Groups, len(k.GroupIDs))
	for i, g := range k.GroupIDs {
		assert.Equal(t, g.RelativeID, got.Groups[i])
	}
	assert.Equal(t, k.UserFlags, got.UserFlags)
	assert.Equal(t, k.UserAccountControl, got.UserAccountControl)
	assert.Equal(t, k.LogonCount, got.LogonCount)
	assert.Equal(t, k.SIDCount, got.ExtraSIDCount)
	require.Len(t, got.ExtraSIDs, len(k.ExtraSIDs))
	for i, s := range k.ExtraSIDs {
		assert.Equal(t, s.SID.String(), got.ExtraSIDs[i])
	}
	assert.Equal(t, k.PasswordLastSet.Time().Unix(), got.PasswordLastSet.V)
	if got.LogonTime.OK {
		assert.Equal(t, k.LogOnTime.Time().Unix(), got.LogonTime.V)
	}
	assert.False(t, got.KickOffTime.OK, "never")
}
