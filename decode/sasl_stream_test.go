package decode

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/decode/flow"
)

// saslTalks are an accepted authentication of each carrier with SASL or
// NegotiateStream: a ticket, the AP-REP, the security layer, and use.
var saslTalks = []struct {
	carrier string
	port    uint16
	path    []string
	legs    int
	turns   []turn
}{
	{"imap", 143, []string{"imap", "gss"}, 4, []turn{
		fromServer("* OK [CAPABILITY IMAP4rev1 AUTH=GSSAPI] ready\r\n"), fromClient("a AUTHENTICATE GSSAPI\r\n"), fromServer("+ \r\n"), fromClient(b64(gssAPReq), "\r\n"),
		fromServer("+ ", b64(gssAPRep), "\r\n"), fromClient("\r\n"), fromServer("+ ", b64(wrapToken), "\r\n"), fromClient(b64(wrapToken), "\r\n"), fromServer("a OK in\r\n"), fromClient("b SELECT x\r\n")}},
	{"pop", 110, []string{"pop", "gss"}, 4, []turn{
		fromServer("+OK ready\r\n"), fromClient("AUTH GSSAPI\r\n"), fromServer("+ \r\n"), fromClient(b64(gssAPReq), "\r\n"),
		fromServer("+ ", b64(gssAPRep), "\r\n"), fromClient("\r\n"), fromServer("+ ", b64(wrapToken), "\r\n"), fromClient(b64(wrapToken), "\r\n"), fromServer("+OK in\r\n"), fromClient("STAT\r\n")}},
	{"sieve", 4190, []string{"sieve", "gss"}, 4, []turn{
		fromServer("\"IMPLEMENTATION\" \"x\"\r\n\"SASL\" \"GSSAPI\"\r\nOK\r\n"), fromClient("AUTHENTICATE \"GSSAPI\" \"", b64(gssAPReq), "\"\r\n"), fromServer("\"", b64(gssAPRep), "\"\r\n"),
		fromClient("\"\"\r\n"), fromServer("\"", b64(wrapToken), "\"\r\n"), fromClient("\"", b64(wrapToken), "\"\r\n"), fromServer("OK\r\n"), fromClient("LISTSCRIPTS\r\n")}},
	{"xmpp", 5222, []string{"xmpp", "gss"}, 4, []turn{
		fromClient("<?xml version='1.0'?><stream:stream to='contoso.com'>"), fromServer("<stream:stream><mechanisms><mechanism>GSSAPI</mechanism></mechanisms>"),
		fromClient("<auth mechanism='GSSAPI'>", b64(gssAPReq), "</auth>"), fromServer("<challenge>", b64(gssAPRep), "</challenge>"), fromClient("<response/>"),
		fromServer("<challenge>", b64(wrapToken), "</challenge>"), fromClient("<response>", b64(wrapToken), "</response>"), fromServer("<success/>"), fromClient("<stream:stream>")}},
	{"amqp", 5672, []string{"amqp", "gss"}, 4, []turn{
		fromClient("AMQP\x03\x01\x00\x00"), fromServer("AMQP\x03\x01\x00\x00", amqpSASL(0x40, amqpSymbol("GSSAPI"))), fromClient(amqpSASL(0x41, amqpSymbol("GSSAPI"), amqpBinary(gssAPReq))),
		fromServer(amqpSASL(0x42, amqpBinary(gssAPRep))), fromClient(amqpSASL(0x43, []byte{0xa0, 0})), fromServer(amqpSASL(0x42, amqpBinary(wrapToken))),
		fromClient(amqpSASL(0x43, amqpBinary(wrapToken))), fromServer(amqpSASL(0x44, []byte{0x50, 0})), fromClient("AMQP\x00\x01\x00\x00")}},
	{"nmf", 9389, []string{"nmf", "nns", "spnego", "gss"}, 2, []turn{
		fromClient(nmfPreamble("net.tcp://dc-1.contoso.com:9389/x")), fromServer("\x0a"), fromClient(nnsFrames(nnsInProgress, spnegoReq)),
		fromServer(nnsFrames(nnsDone, spnegoRep)), fromClient("\x20\x00\x00\x00", string(wrapToken))}},
	{"nns", 4712, []string{"nns", "spnego", "gss"}, 2, []turn{
		fromClient(nnsFrames(nnsInProgress, spnegoReq)), fromServer(nnsFrames(nnsDone, spnegoRep)), fromClient("\x20\x00\x00\x00", string(wrapToken))}},
}

// dialogue is conversation with acknowledgements of what was sent before.
func dialogue(clientPort, serverPort uint16, mss int, turns ...turn) []capture.Packet {
	all := conversation(clientPort, serverPort, mss, turns...)
	var next [2]uint32
	var p flow.Packet
	for _, pk := range all {
		flow.Peek(pk.Link, pk.Data, pk.Wire, &p)
		d := toServer
		if p.SrcPort == serverPort {
			d = toClient
		}
		binary.BigEndian.PutUint32(pk.Data[42:], next[d.other()])
		if next[d] = p.Seq + uint32(len(p.Payload)); p.Flags&flow.SYN != 0 {
			next[d]++
		}
	}
	return all
}

// A carrier is known on its port and by its content on any other, however the
// stream is cut.
func TestSASLStreams(t *testing.T) {
	for _, c := range saslTalks {
		for _, port := range []uint16{c.port, 4711} {
			for _, mss := range []int{1448, 300} {
				t.Run(c.carrier, func(t *testing.T) {
					r := decodePackets(dialogue(40000, port, mss, c.turns...), 1000)
					require.Len(t, r.sessions, 1)
					s := r.sessions[0]
					assert.Equal(t, c.carrier, s.Carrier)
					require.Len(t, s.Attempts, 1)
					a := s.Attempts[0]
					assert.Equal(t, "kerberos", a.Mech)
					assert.Len(t, a.Tokens, c.legs)
					require.NotNil(t, a.Result)
					assert.Equal(t, Accepted, a.Result.Outcome)
					assert.NotZero(t, s.AfterAuth)
					require.Len(t, r.exchanges, 1)
					x := r.exchanges[0]
					assert.Equal(t, OK, x.Ending)
					assert.Equal(t, c.path, x.Carrier)
					require.Len(t, x.Steps, 3)
					assert.Equal(t, []string{"AP-REQ", "AP-REP"}, []string{x.Steps[0].What, x.Steps[1].What})
				})
			}
		}
	}
}

// Without its first packets a conversation is read from where it goes on.
func TestSASLStreamsPickedUp(t *testing.T) {
	for _, c := range saslTalks {
		all := dialogue(40000, c.port, 1448, c.turns...)
		for skip := 2; skip < len(all); skip++ {
			r := decodePackets(all[skip:], 1000)
			for _, x := range r.exchanges {
				assert.Contains(t, []Ending{OK}, x.Ending, "%s without %d packets", c.carrier, skip)
			}
		}
	}
}

func TestTunnel(t *testing.T) {
	connect := []turn{
		fromClient("CONNECT web-1.contoso.com:443 HTTP/1.1\r\nHost: web-1.contoso.com:443\r\nProxy-Authorization: Negotiate ", b64(spnegoReq), "\r\n\r\n"),
		fromServer("HTTP/1.1 200 Connection established\r\n\r\n"),
	}
	t.Run("TLS", func(t *testing.T) {
		r := decodePackets(dialogue(40000, 3128, 1448, append(connect[:2:2], fromClient(string(clientHello("web-1.contoso.com"))), fromServer("\x16\x03\x03\x00\x02\x02\x00"))...), 1000)
		require.Len(t, r.sessions, 1)
		s := r.sessions[0]
		assert.Equal(t, "http", s.Carrier)
		assert.Equal(t, "web-1.contoso.com:443", s.Tunnel)
		assert.Equal(t, "web-1.contoso.com", s.TLSName)
		assert.Equal(t, uint64(5), s.TLS.Number())
		assert.Empty(t, s.Names, "nothing of the tunnel names the proxy")
		require.Len(t, s.Attempts, 1)
		assert.Equal(t, Accepted, s.Attempts[0].Result.Outcome)
	})
	t.Run("HTTP", func(t *testing.T) {
		r := decodePackets(dialogue(40000, 3128, 1448, append(connect[:2:2], fromClient(get("Authorization: Kerberos "+b64(gssAPReq)+"\r\n")), fromServer(answer("401 Unauthorized")))...), 1000)
		require.Len(t, r.sessions, 1)
		require.Len(t, r.sessions[0].Attempts, 2)
		assert.Equal(t, Refused, r.sessions[0].Attempts[1].Result.Outcome)
		assert.Empty(t, r.sessions[0].Names)
	})
	t.Run("mail", func(t *testing.T) {
		turns := append(connect[:2:2], fromServer("220 hub-1 ESMTP\r\n"), fromClient("EHLO a\r\n"), fromServer("250 hub-1\r\n"), fromClient("AUTH GSSAPI ", b64(gssAPReq), "\r\n"), fromServer("235 in\r\n"))
		r := decodePackets(dialogue(40000, 3128, 1448, turns...), 1000)
		require.Len(t, r.exchanges, 2)
		assert.Equal(t, []string{"smtp", "gss"}, r.exchanges[1].Carrier)
		assert.Equal(t, OK, r.exchanges[1].Ending)
	})
	t.Run("nothing known", func(t *testing.T) {
		r := decodePackets(dialogue(40000, 3128, 1448, append(connect[:2:2], fromClient("\x00\x01\x02\x03 whatever this is"), fromServer("\xff\xfe"))...), 1000)
		require.Len(t, r.sessions, 1)
		assert.Zero(t, r.sessions[0].TLS)
	})
}
