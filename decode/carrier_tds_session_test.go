package decode

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode/flow"
)

// tcpScene sends the turns over one connection through a decoder, a second
// after each other, each in one segment.
func tcpScene(port uint16, turns ...turn) *recorder {
	r := &recorder{}
	d := New(Options{}, r)
	d.stat = d.statsOf(0)
	seq := [2]uint32{100, 500}
	send := func(from dir, flags flow.Flags, payload []byte) {
		p := &flow.Packet{Src: flow.IPFrom(netip.MustParseAddr("10.0.0.30")), Dst: flow.IPFrom(netip.MustParseAddr("10.0.0.20")),
			SrcPort: 40000, DstPort: port, Proto: 6, HasPorts: true, Flags: flags, Seq: seq[from], Ack: seq[1-from],
			Payload: payload, PayloadWire: uint32(len(payload))}
		if from == toClient {
			p.Src, p.Dst, p.SrcPort, p.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
		}
		seq[from] += uint32(len(payload))
		if flags&flow.SYN != 0 {
			seq[from]++
		}
		d.frame, d.now = d.frame+1, d.now+second
		d.lastTime = d.now
		d.tcp(p)
	}
	send(toServer, flow.SYN, nil)
	send(toClient, flow.SYN|flow.ACK, nil)
	for _, t := range turns {
		send(t.d, flow.ACK, t.data)
	}
	d.Close()
	return r
}

// A login that is encrypted leaves its trace in the session; its answer is read.
func TestTDSSessionSealed(t *testing.T) {
	r := tcpScene(50123,
		fromClient(prelogin(tdsPrelogin, tdsEncryptOff)), fromServer(prelogin(tdsReply, tdsEncryptOff)),
		fromClient(tdsMsg(tdsPrelogin, 4088, clientHello("sql1.contoso.com"))),
		fromClient(string(tlsRecord(0x17, make([]byte, 700)))),
		fromServer(tdsAnswer(tdsErr(tdsTokError, 18452, 14, untrusted, "SQL1"), tdsDone)))
	require.Len(t, r.sessions, 1)
	s := r.sessions[0]
	assert.Equal(t, "tds", s.Carrier)
	assert.EqualValues(t, 5, s.TLS)
	assert.Equal(t, "sql1.contoso.com", s.TLSName)
	require.Len(t, s.Attempts, 1)
	assert.Equal(t, "encrypted", s.Attempts[0].Mech)
	require.NotNil(t, s.Attempts[0].Result)
	assert.EqualValues(t, 18452, s.Attempts[0].Result.Code)
	assert.EqualValues(t, 7, s.Attempts[0].Result.Frame)
	assert.Empty(t, r.exchanges)
}

// The frames of a login in several packets and segments are those of its token.
func TestTDSSession(t *testing.T) {
	login := tdsMsg(tdsLogin7, 500, login7(0x80, gssToken(1, krbMessage(0x6e, 3000)), "MAILBOX-1"))
	r := tcpScene(1433,
		fromClient(prelogin(tdsPrelogin, tdsEncryptNotSup)), fromServer(prelogin(tdsReply, tdsEncryptNotSup)),
		fromClient(login[:1400]), fromClient(login[1400:2800]), fromClient(login[2800:]),
		fromServer(tdsAnswer(tdsTok(tdsTokSSPI, gssAPRep), tdsLoginAck, tdsDone)),
		fromClient(tdsMsg(tdsBatch, 4088, wide("select 1 as one, 2 as two"))))
	require.Len(t, r.exchanges, 1)
	x := r.exchanges[0]
	assert.Equal(t, OK, x.Ending)
	assert.Equal(t, []FrameID{5, 6, 7}, x.Request.Frames)
	require.Len(t, r.sessions, 1)
	assert.EqualValues(t, 9, r.sessions[0].AfterAuth)
	assert.Equal(t, "MAILBOX-1", r.sessions[0].Names[0].Name)
}

// The gate lets the beginning of a connection to a named instance through.
func TestTDSGate(t *testing.T) {
	assert.True(t, opens([]byte(prelogin(tdsPrelogin, tdsEncryptOff))))
	assert.False(t, opens([]byte("\x12\x01\x00\x34\x00\x00\x01\x00\x16\x03\x01\x00\x00\x00")))
	assert.False(t, opens([]byte("\x12\x01\x00\x08\x00\x00\x01\x00")))
}
