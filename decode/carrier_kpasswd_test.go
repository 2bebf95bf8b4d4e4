package decode

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode/krb5"
)

// kpasswdFake also takes password legs.
type kpasswdFake struct{ *fakeWire }

func (kpasswdFake) passwordLeg(dir, *Message) {}

func openKpasswd(s wire) parser { return newKpasswd(kpasswdFake{s.(*fakeWire)}) }

func kpasswd(version uint16, ap, rest []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(6+len(ap)+len(rest)))
	b = binary.BigEndian.AppendUint16(b, version)
	b = binary.BigEndian.AppendUint16(b, uint16(len(ap)))
	return append(append(b, ap...), rest...)
}

func marked(b []byte) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(b)))) + string(b)
}

var rawKrbPriv = krbMessage(0x75, 100)

func TestParseKpasswd(t *testing.T) {
	req := kpasswd(kpasswdSet, rawAPReq, rawKrbPriv)
	p := parseKpasswd(req)
	require.True(t, p.ok)
	assert.False(t, p.reply)
	assert.Equal(t, uint16(0xff80), p.version)
	assert.Equal(t, [][]byte{rawAPReq, rawKrbPriv}, p.messages())
	assert.Equal(t, rawKrbPriv, req[p.restAt:])
	assert.Equal(t, 6, p.apAt)

	p = parseKpasswd(kpasswd(1, rawAPRep, rawKrbPriv))
	assert.True(t, p.ok && p.reply)
	p = parseKpasswd(kpasswd(1, nil, rawKrbErr))
	assert.True(t, p.ok && p.reply)
	assert.Equal(t, [][]byte{rawKrbErr}, p.messages())
	p = parseKpasswd(rawKrbErr)
	assert.True(t, p.ok && p.reply)

	for n := range req {
		p = parseKpasswd(req[:n])
		assert.Equal(t, n > 6, p.ok, "cut at %d", n)
	}
	assert.False(t, parseKpasswd(kpasswd(2, rawAPReq, nil)).ok)
	assert.False(t, parseKpasswd(kpasswd(1, []byte("hello"), nil)).ok)
}

func TestKpasswdResult(t *testing.T) {
	r, ok := kpasswdResult(&krb5.KRBError{EData: []byte("\x00\x03no such user")})
	require.True(t, ok)
	assert.Equal(t, Result{Outcome: Refused, Code: 3, CodeName: "KRB5_KPASSWD_AUTHERROR", Text: "no such user"}, r)
	_, ok = kpasswdResult(&krb5.KRBError{EData: []byte("\x30\x05")})
	assert.False(t, ok)
	_, ok = kpasswdResult(nil)
	assert.False(t, ok)
}

func TestKpasswd(t *testing.T) {
	talk(t, openKpasswd, []string{"C message 6e at=10+921", "C message 75 at=931+113", "S message 6f at=10+73", "S message 75 at=83+113"},
		fromClient(marked(kpasswd(1, rawAPReq, rawKrbPriv))), fromServer(marked(kpasswd(1, rawAPRep, rawKrbPriv))))
	talk(t, openKpasswd, []string{"C message 6e at=10+921", "C message 75 at=931+113", "S message 7e at=10+73"},
		fromClient(marked(kpasswd(1, rawAPReq, rawKrbPriv))), fromServer(marked(kpasswd(1, nil, rawKrbErr))))
}

func TestProbeKpasswd(t *testing.T) {
	req, rep := []byte(marked(kpasswd(1, rawAPReq, rawKrbPriv))), []byte(marked(kpasswd(1, rawAPRep, rawKrbPriv)))
	assert.Equal(t, yes, probeKpasswd(req, nil, 464))
	assert.Equal(t, yes, probeKpasswd(nil, rep, 464))
	assert.Equal(t, no, probeKpasswd(rep, req, 464))
	assert.Equal(t, needMore, probeKpasswd(req[:9], nil, 464))
	assert.Equal(t, no, probeKpasswd([]byte("\x00\x00\x00\x40\xfeSMB@\x00\x00\x00"), nil, 445))
	assert.Equal(t, no, probeKpasswd([]byte(marked(rawAPReq)), nil, 88))
}

func FuzzKpasswd(f *testing.F) {
	f.Add(script(fromClient(marked(kpasswd(1, rawAPReq, rawKrbPriv))), fromServer(marked(kpasswd(1, rawAPRep, rawKrbPriv)))))
	f.Fuzz(func(t *testing.T, b []byte) {
		hostile(t, openKpasswd, b)
		probeKpasswd(b, nil, 464)
		for _, m := range parseKpasswd(b).messages() {
			require.NotEmpty(t, m)
		}
	})
}
