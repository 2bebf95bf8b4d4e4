package decode

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func openPOP(s wire) parser { return newPOP(s) }

func TestPOP(t *testing.T) {
	hello := []turn{fromServer("+OK Dovecot ready.\r\n"), fromClient("CAPA\r\n"), fromServer("+OK\r\nCAPA\r\nTOP\r\nSASL GSSAPI PLAIN\r\nSTLS\r\n.\r\n")}
	const v, offer = "AUTH GSSAPI", "offer GSSAPI PLAIN"
	const more = `S continue code=0x0 name="+" text="" key=0`
	for _, c := range []struct {
		name   string
		before []turn
		turns  []turn
		want   []string
	}{
		{"accepted, used", hello, []turn{
			fromClient("AUTH GSSAPI\r\n"), fromServer("+ \r\n"), fromClient(b64(gssAPReq), "\r\n"), fromServer("+ ", b64(gssAPRep), "\r\n"), fromClient("\r\n"),
			fromServer("+ ", b64(wrapToken), "\r\n"), fromClient(b64(wrapToken), "\r\n"), fromServer("+OK Logged in.\r\n"), fromClient("STAT\r\n"),
		}, []string{offer, more, told(toServer, "kerberos", v, gssAPReq), told(toClient, "kerberos", v, gssAPRep), more,
			told(toClient, "wrap", v, wrapToken), more, told(toServer, "wrap", v, wrapToken),
			`S accepted code=0x0 name="+OK" text="Logged in." key=0`, "C after auth", "idle"}},
		{"refused with a code, then a password", hello, []turn{
			fromClient("AUTH GSSAPI ", b64(gssAPReq), "\r\n"), fromServer("-ERR [AUTH] Authentication failed.\r\n"),
			fromClient("USER alice\r\n"), fromServer("+OK\r\n"), fromClient("PASS secret\r\n"), fromServer("+OK Logged in.\r\n"),
		}, []string{offer, told(toServer, "kerberos", v, gssAPReq), `S refused code=0x0 name="-ERR [AUTH]" text="Authentication failed." key=0`,
			`C other USER verb="USER"`, `S accepted code=0x0 name="+OK" text="Logged in." key=0`}},
		{"cancelled", hello, []turn{fromClient("AUTH GSSAPI\r\n"), fromServer("+ \r\n"), fromClient("*\r\n"), fromServer("-ERR cancelled\r\n"), fromClient("QUIT\r\n"), fromServer("+OK\r\n")},
			[]string{offer, more}},
		{"AUTH lists", nil, []turn{fromClient("AUTH\r\n"), fromServer("+OK\r\nGSSAPI\r\nNTLM\r\n.\r\n")}, []string{"offer GSSAPI NTLM"}},
		{"pipelined", hello, []turn{fromClient("NOOP\r\nAUTH GSSAPI =\r\n"), fromServer("-ERR no\r\n+ \r\n"), fromClient(b64(gssAPReq), "\r\n"), fromServer("-ERR bad\r\n")},
			[]string{offer, more, told(toServer, "kerberos", v, gssAPReq), `S refused code=0x0 name="-ERR" text="bad" key=0`}},
		{"STLS", hello, []turn{fromClient("STLS\r\n"), fromServer("+OK Begin TLS\r\n"), fromClient("\x16\x03\x01\x00\xff\x01")}, []string{offer, "S TLS"}},
		{"in mid-stream", nil, []turn{fromServer("gibberish\r\n"), fromClient(b64(gssAPReq), "\r\n"), fromServer("-ERR no\r\n")},
			[]string{told(toServer, "kerberos", "", gssAPReq), `S refused code=0x0 name="-ERR" text="no" key=0`}},
		{"the client alone", nil, []turn{fromClient("AUTH GSSAPI\r\n", b64(gssAPReq), "\r\n\r\n", b64(wrapToken), "\r\n")},
			[]string{told(toServer, "kerberos", v, gssAPReq), told(toServer, "wrap", v, wrapToken)}},
		{"the answer was lost", hello, []turn{fromClient("AUTH GSSAPI ", b64(gssAPReq), "\r\n"), fromServer("+OK 2 messages\r\n").lost(20)},
			[]string{offer, told(toServer, "kerberos", v, gssAPReq)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			talk(t, openPOP, c.want, append(c.before[:len(c.before):len(c.before)], c.turns...)...)
		})
	}
}

func TestProbePOP(t *testing.T) {
	for _, c := range []struct {
		up, down string
		port     uint16
		want     verdict
	}{
		{"", "+OK ready\r\n", 4110, yes},
		{"AUTH GSSAPI\r\n", "", 4110, needMore},
		{"AUTH GSSAPI\r\n", "", 110, yes},
		{"AUTH GSSAPI\r\n", "+ \r\n", 4110, needMore},
		{"CAPA\r\n", "", 4110, yes},
		{"AUTH GSSAPI\r\n", "334 \r\n", 4110, no},
		{"GET / HTTP/1.1\r\n", "", 4110, no},
		{"\x16\x03\x01", "", 110, no},
	} {
		assert.Equal(t, c.want, probePOP([]byte(c.up), []byte(c.down), c.port), "%.20q %.20q", c.up, c.down)
	}
}

func FuzzPOP(f *testing.F) {
	f.Add(script(fromServer("+OK x\r\n"), fromClient("CAPA\r\n"), fromServer("+OK\r\nSASL GSSAPI\r\n.\r\n"), fromClient("AUTH GSSAPI =\r\n"), fromServer("+ \r\n"), fromClient(b64(gssAPReq), "\r\n"), fromServer("-ERR [AUTH] y\r\n")))
	f.Fuzz(func(t *testing.T, b []byte) {
		splitting(t, openPOP, b)
		probePOP(b, nil, 110)
		probePOP(nil, b, 4110)
	})
}

func BenchmarkPOPCommand(b *testing.B) { benchmarkParser(b, openPOP, toServer, "NOOP\r\n") }
