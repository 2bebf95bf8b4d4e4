package decode

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func openNMF(s wire) parser { return newNMF(s, "nns") }

// nnsFrames is a frame of a NegotiateStream's handshake.
func nnsFrames(id byte, tok []byte) string {
	return string([]byte{id, 1, 0, byte(len(tok) >> 8), byte(len(tok))}) + string(tok)
}

func nmfPreamble(via string) string {
	return "\x00\x01\x00\x01\x02\x02" + string(rune(len(via))) + via + "\x03\x08\x09\x15application/negotiate"
}

func nnsTold(d dir, what, verb string, tok []byte) string {
	return told(d, what, verb, tok) + " in nns"
}

func TestNMF(t *testing.T) {
	const name = "S name dc-1.contoso.com (nmf-via)"
	hello := []turn{fromClient(nmfPreamble("net.tcp://dc-1.contoso.com:9389/ActiveDirectoryWebServices/Windows/Enumeration")), fromServer("\x0a")}
	const accepted = `S accepted code=0x14 name="HandshakeDone" text="" key=0`
	const more = `S continue code=0x16 name="HandshakeInProgress" text="" key=0`
	refused := func(code string) turn { return fromServer(nnsFrames(nnsError, []byte(code))) }
	for _, c := range []struct {
		name   string
		before []turn
		turns  []turn
		want   []string
	}{
		{"accepted, used", hello, []turn{
			fromClient(nnsFrames(nnsInProgress, spnegoReq)), fromServer(nnsFrames(nnsDone, spnegoRep)), fromClient("\x30\x00\x00\x00", string(wrapToken)),
		}, []string{name, nnsTold(toServer, "kerberos", "", spnegoReq), nnsTold(toClient, "kerberos accept-completed", "", spnegoRep), accepted, "C after auth", "idle"}},
		{"refused by a status", hello, []turn{fromClient(nnsFrames(nnsInProgress, spnegoReq)), refused("\xff\xff\xff\xff\x80\x09\x03\x0c")},
			[]string{name, nnsTold(toServer, "kerberos", "", spnegoReq), `S refused code=0x8009030c name="SEC_E_LOGON_DENIED" text="" key=0`}},
		{"refused by a Win32 code", hello, []turn{fromClient(nnsFrames(nnsInProgress, spnegoReq)), refused("\x00\x00\x00\x00\x00\x00\x06\xfe")},
			[]string{name, nnsTold(toServer, "kerberos", "", spnegoReq), `S refused code=0x6fe name="ERROR_TRUSTED_RELATIONSHIP_FAILURE" text="" key=0`}},
		{"refused, no code known", hello, []turn{fromClient(nnsFrames(nnsInProgress, spnegoReq)), refused("\x00\x00\x00\x00\x12\x34\x56\x78")},
			[]string{name, nnsTold(toServer, "kerberos", "", spnegoReq), `S refused code=0x12345678 name="HandshakeError" text="" key=0`}},
		{"NTLM in its place", hello, []turn{
			fromClient(nnsFrames(nnsInProgress, ntlmToken(1))), fromServer(nnsFrames(nnsInProgress, ntlmToken(2))), fromClient(nnsFrames(nnsDone, ntlmToken(3))), fromServer(nnsFrames(nnsDone, nil)),
		}, []string{name, nnsTold(toServer, "ntlm", "", ntlmToken(1)), nnsTold(toClient, "ntlm", "", ntlmToken(2)), more, nnsTold(toServer, "ntlm", "", ntlmToken(3)), accepted}},
		{"a fault in place of an answer", hello, []turn{fromClient(nnsFrames(nnsInProgress, spnegoReq)), fromServer("\x08\x03bad")},
			[]string{name, nnsTold(toServer, "kerberos", "", spnegoReq), `S refused code=0x0 name="fault" text="bad" key=0`}},
		{"the upgrade is refused", nil, []turn{fromClient(nmfPreamble("net.tcp://10.0.0.1/x")), fromServer("\x08\x03bad")}, nil},
		{"upgrade to TLS", nil, []turn{fromClient("\x00\x01\x00\x01\x02\x02\x00\x03\x08\x09\x13application/ssl-tls"), fromServer("\x0a"), fromClient("\x16\x03\x03\x00\xff")}, []string{"C TLS"}},
		{"no security", nil, []turn{fromClient("\x00\x01\x00\x01\x02\x02\x00\x03\x08\x0c"), fromServer("\x0b"), fromClient("\x06\x03abc")}, []string{"idle"}},
		{"in mid-stream", nil, []turn{fromClient("ivate\x03", nnsFrames(nnsInProgress, spnegoReq)), fromServer(nnsFrames(nnsDone, spnegoRep))},
			[]string{nnsTold(toServer, "kerberos", "", spnegoReq), nnsTold(toClient, "kerberos accept-completed", "", spnegoRep), accepted}},
		{"the server alone", nil, []turn{fromServer("\x0a", nnsFrames(nnsDone, spnegoRep), "\x40\x00\x00\x00abc")}, []string{nnsTold(toClient, "kerberos accept-completed", "", spnegoRep), accepted, "idle"}},
		{"a gap in the token", hello, []turn{fromClient(nnsFrames(nnsInProgress, spnegoReq)[:400]), fromClient("\x00\x00").lost(600), refused("\xff\xff\xff\xff\x80\x09\x03\x08")},
			[]string{name, nnsTold(toServer, "kerberos cut", "", spnegoReq[:395]), `S refused code=0x80090308 name="SEC_E_INVALID_TOKEN" text="" key=0`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			talk(t, openNMF, c.want, append(c.before[:len(c.before):len(c.before)], c.turns...)...)
		})
	}
}

func TestProbeNMF(t *testing.T) {
	for _, c := range []struct {
		up, down string
		port     uint16
		nmf, nns verdict
	}{
		{nmfPreamble("net.tcp://a/"), "", 4711, yes, no},
		{nmfPreamble("net.tcp://a/"), "\x0a", 4711, yes, no},
		{"\x00\x01", "", 9389, needMore, no},
		{nnsFrames(nnsInProgress, spnegoReq), "", 9389, yes, yes},
		{nnsFrames(nnsInProgress, spnegoReq), "", 4711, no, yes},
		{"\x16\x03\x01\x02\x00\x01", "", 9389, no, no},
		{"\x16\x01\x00\x02\x00\x01", "", 4711, no, no},
		{"GET / HTTP/1.1\r\n", "", 9389, no, no},
		{"", "\x14\x01\x00\x00\x00", 4711, no, needMore},
	} {
		assert.Equal(t, c.nmf, probeNMF([]byte(c.up), []byte(c.down), c.port), "nmf %.20q %.20q", c.up, c.down)
		assert.Equal(t, c.nns, probeNNS([]byte(c.up), []byte(c.down), c.port), "nns %.20q %.20q", c.up, c.down)
	}
}

func FuzzNMF(f *testing.F) {
	f.Add(script(fromClient(nmfPreamble("net.tcp://a.b/")), fromServer("\x0a"), fromClient(nnsFrames(nnsInProgress, spnegoReq)), fromServer(nnsFrames(nnsDone, spnegoRep)), fromClient("\x30\x00\x00\x00ab")))
	f.Add(script(fromClient(nnsFrames(nnsInProgress, ntlmToken(1))), fromServer(nnsFrames(nnsError, make([]byte, 8)))))
	f.Fuzz(func(t *testing.T, b []byte) {
		splitting(t, openNMF, b)
		probeNMF(b, nil, 9389)
		probeNNS(nil, b, 1)
	})
}

func BenchmarkNMFHandshake(b *testing.B) {
	benchmarkParser(b, openNMF, toServer, nnsFrames(nnsInProgress, spnegoReq))
}
