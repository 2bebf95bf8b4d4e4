package decode

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func openIMAP(s wire) parser { return newIMAP(s) }

func TestIMAP(t *testing.T) {
	greeting := fromServer("* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE STARTTLS AUTH=GSSAPI AUTH=PLAIN] Dovecot ready.\r\n")
	const offer = "offer GSSAPI PLAIN"
	const v = "AUTHENTICATE GSSAPI"
	const more = `S continue code=0x0 name="+" text="" key=0`
	for _, c := range []struct {
		name  string
		turns []turn
		want  []string
	}{
		{"three legs, accepted, used", []turn{
			greeting, fromClient("A1 AUTHENTICATE GSSAPI\r\n"), fromServer("+ \r\n"), fromClient(b64(gssAPReq), "\r\n"),
			fromServer("+ ", b64(gssAPRep), "\r\n"), fromClient("\r\n"), fromServer("+ ", b64(wrapToken), "\r\n"),
			fromClient(b64(wrapToken), "\r\n"), fromServer("A1 OK [CAPABILITY IMAP4rev1 IDLE] Logged in\r\n"), fromClient("A2 SELECT INBOX\r\n"),
		}, []string{offer, more, told(toServer, "kerberos", v, gssAPReq), told(toClient, "kerberos", v, gssAPRep), more,
			told(toClient, "wrap", v, wrapToken), more, told(toServer, "wrap", v, wrapToken),
			`S accepted code=0x0 name="OK" text="Logged in" key=0`, "C after auth", "idle"}},
		{"initial response, refused, LOGIN", []turn{
			greeting, fromClient("A1 authenticate gssapi ", b64(gssAPReq), "\r\n"),
			fromServer("A1 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n"), fromClient("A2 LOGIN alice secret\r\n"), fromServer("A2 OK Logged in\r\n"),
		}, []string{offer, told(toServer, "kerberos", v, gssAPReq), `S refused code=0x0 name="NO [AUTHENTICATIONFAILED]" text="Authentication failed." key=0`,
			`C other LOGIN verb="LOGIN"`, `S accepted code=0x0 name="OK" text="Logged in" key=0`}},
		{"Exchange: SPNEGO, NTLM in its place", []turn{
			greeting, fromClient("A1 AUTHENTICATE GSS-SPNEGO\r\n"), fromServer("+\r\n"), fromClient(b64(spnegoReq), "\r\n"), fromServer("A1 BAD no such\r\n"),
			fromClient("A2 AUTHENTICATE NTLM\r\n"), fromServer("+ \r\n"), fromClient(b64(ntlmToken(1)), "\r\n"), fromServer("+ ", b64(ntlmToken(2)), "\r\n"),
			fromClient(b64(ntlmToken(3)), "\r\n"), fromServer("A2 OK done\r\n"),
		}, []string{offer, more, told(toServer, "kerberos", "AUTHENTICATE GSS-SPNEGO", spnegoReq), `S refused code=0x0 name="BAD" text="no such" key=0`,
			more, told(toServer, "ntlm", "AUTHENTICATE NTLM", ntlmToken(1)), told(toClient, "ntlm", "AUTHENTICATE NTLM", ntlmToken(2)), more,
			told(toServer, "ntlm", "AUTHENTICATE NTLM", ntlmToken(3)), `S accepted code=0x0 name="OK" text="done" key=0`}},
		{"cancelled by a client without a ticket", []turn{
			greeting, fromClient("A1 AUTHENTICATE GSSAPI\r\n"), fromServer("+ \r\n"), fromClient("*\r\n"), fromServer("A1 BAD Authentication cancelled\r\n"),
		}, []string{offer, more}},
		{"mechanism unknown", []turn{fromClient("1 AUTHENTICATE GSSAPI\r\n"), fromServer("1 NO [CANNOT] Unsupported\r\n")},
			[]string{`S other GSSAPI verb="AUTHENTICATE GSSAPI"`, `S refused code=0x0 name="NO [CANNOT]" text="Unsupported" key=0`}},
		{"thrown out", []turn{fromClient("1 AUTHENTICATE GSSAPI ", b64(gssAPReq), "\r\n"), fromServer("* BYE internal error\r\n")},
			[]string{told(toServer, "kerberos", v, gssAPReq), `S refused code=0x0 name="BYE" text="internal error" key=0`}},
		{"a secret's literal", []turn{fromClient("1 LOGIN {5}\r\n"), fromServer("+ OK\r\n"), fromClient("alice {6}\r\n"), fromServer("+ OK\r\n"), fromClient("secret\r\n"), fromServer("1 NO x\r\n")},
			[]string{`C other LOGIN verb="LOGIN"`, more, more, `S refused code=0x0 name="NO" text="x" key=0`}},
		{"literals that look like commands", []turn{fromClient("1 LOGIN {5}\r\n"), fromServer("+ OK\r\n"),
			fromClient("alice {26+}\r\n2 AUTHENTICATE PASSWORD\r\n\r\n3 NOOP\r\n"), fromServer("1 NO x\r\n3 OK\r\n")},
			[]string{`C other LOGIN verb="LOGIN"`, more, `S refused code=0x0 name="NO" text="x" key=0`}},
		{"a literal that the server does not want", []turn{fromClient("1 ID {9}\r\n"), fromServer("1 BAD too long\r\n"), fromClient("2 AUTHENTICATE GSSAPI ", b64(gssAPReq), "\r\n"), fromServer("2 NO x\r\n")},
			[]string{told(toServer, "kerberos", v, gssAPReq), `S refused code=0x0 name="NO" text="x" key=0`}},
		{"STARTTLS with a command behind it, in clear", []turn{fromClient("A1 STARTTLS\r\nA2 AUTHENTICATE GSSAPI ", b64(gssAPReq), "\r\n"), fromServer("A1 OK Begin TLS\r\n"), fromClient("\x16\x03\x01\x02\x00\x01")},
			[]string{told(toServer, "kerberos", v, gssAPReq), "S TLS"}},
		{"STARTTLS", []turn{greeting, fromClient("A1 STARTTLS\r\n"), fromServer("A1 OK Begin TLS\r\n"), fromClient("\x16\x03\x01\x02\x00\x01")}, []string{offer, "S TLS"}},
		{"STARTTLS refused", []turn{fromClient("A1 STARTTLS\r\n"), fromServer("A1 NO not now\r\n")}, nil},
		{"in mid-stream", []turn{fromServer("ilities listed\r\n* CAPABILITY IMAP4rev1 AUTH=GSSAPI\r\n"), fromClient(b64(gssAPReq), "\r\n"), fromServer("x7 NO [UNAVAILABLE] later\r\n")},
			[]string{"offer GSSAPI", told(toServer, "kerberos", "", gssAPReq), `S refused code=0x0 name="NO [UNAVAILABLE]" text="later" key=0`}},
		{"the server alone", []turn{fromServer("+ ", b64(gssAPRep), "\r\n+ ", b64(wrapToken), "\r\nA1 OK in\r\n")},
			[]string{told(toClient, "kerberos", "", gssAPRep), more, told(toClient, "wrap", "", wrapToken), more, `S accepted code=0x0 name="OK" text="in" key=0`}},
		{"the answer was lost", []turn{fromClient("A1 AUTHENTICATE GSSAPI ", b64(gssAPReq), "\r\n"), fromServer("A2 OK NOOP done\r\n").lost(30)},
			[]string{told(toServer, "kerberos", v, gssAPReq)}},
	} {
		t.Run(c.name, func(t *testing.T) { talk(t, openIMAP, c.want, c.turns...) })
	}
}

func TestProbeIMAP(t *testing.T) {
	for _, c := range []struct {
		up, down string
		port     uint16
		want     verdict
	}{
		{"", "* OK [CAPABILITY IMAP4rev1] ready\r\n", 4143, yes},
		{"", "* OK Microsoft Exchange IMAP4 ready\r\n", 4143, yes},
		{"", "* OK hello\r\n", 4143, needMore},
		{"a AUTHENTICATE GSSAPI ", "", 4143, yes},
		{"a1 CAPABILITY\r\n", "* OK hello\r\n", 4143, yes},
		{"x", "", 143, needMore},
		{b64(gssAPReq) + "\r\n", "", 143, yes},
		{b64(gssAPReq) + "\r\n", "", 4143, no},
		{"", "+OK POP3\r\n", 4143, no},
		{"GET / HTTP/1.1\r\n", "", 8000, no},
		{"\x16\x03\x01", "", 143, no},
		{"EHLO x\r\n", "220 hub ESMTP\r\n", 587, no},
	} {
		assert.Equal(t, c.want, probeIMAP([]byte(c.up), []byte(c.down), c.port), "%.20q %.20q", c.up, c.down)
	}
}

func FuzzIMAP(f *testing.F) {
	f.Add(script(fromServer("* OK [CAPABILITY IMAP4rev1 AUTH=GSSAPI] x\r\n"), fromClient("a AUTHENTICATE GSSAPI\r\n"), fromServer("+ \r\n"), fromClient(b64(gssAPReq), "\r\n"), fromServer("a NO [X] y\r\n")))
	f.Add(script(fromClient("a LOGIN {3}\r\n"), fromServer("+ \r\n"), fromClient("*\r\n").lost(1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		splitting(t, openIMAP, b)
		probeIMAP(b, nil, 143)
		probeIMAP(nil, b, 4143)
	})
}

func BenchmarkIMAPCommand(b *testing.B) { benchmarkParser(b, openIMAP, toServer, "a1 NOOP\r\n") }

func BenchmarkProbeText(b *testing.B) {
	up, down := []byte("USER anonymous\r\n"), []byte("220 files ready\r\n")
	b.ReportAllocs()
	for b.Loop() {
		for i := range carriers {
			carriers[i].probe(up, down, 2121)
		}
	}
}

func BenchmarkProbeBinary(b *testing.B) {
	up, down := make([]byte, 1400), make([]byte, 1400)
	for i := range up {
		up[i], down[i] = byte(i*7+0x80), byte(i*11+0x91)
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range carriers {
			carriers[i].probe(up, down, 2121)
		}
	}
}
