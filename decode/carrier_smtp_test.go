package decode

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func openSMTP(s wire) parser { return newSMTP(s) }

func TestSMTP(t *testing.T) {
	hello := []turn{
		fromServer("220 hub-1.contoso.com ESMTP Postfix\r\n"),
		fromClient("EHLO mailbox-1.contoso.com\r\n"),
		fromServer("250-hub-1.contoso.com\r\n250-PIPELINING\r\n250-AUTH GSSAPI NTLM\r\n250-AUTH=GSSAPI NTLM\r\n250-X-EXPS GSSAPI NTLM\r\n250 8BITMIME\r\n"),
	}
	helloEvents := []string{
		"S name hub-1.contoso.com (banner)",
		"C name mailbox-1.contoso.com (ehlo)",
		"offer GSSAPI NTLM X-EXPS GSSAPI X-EXPS NTLM",
	}
	const refusal = "535 5.7.8 Error: authentication failed: authentication failure\r\n"
	cat := func(l ...[]turn) (out []turn) {
		for _, x := range l {
			out = append(out, x...)
		}
		return out
	}
	for _, c := range []struct {
		name   string
		before []turn
		turns  []turn
		want   []string
	}{
		{"initial response, AP-REP, accepted, mail", hello, []turn{
			fromClient("AUTH GSSAPI ", b64(gssAPReq), "\r\n"),
			fromServer("334 ", b64(gssAPRep), "\r\n"),
			fromClient("\r\n"),
			fromServer("334 ", b64(wrapToken), "\r\n"),
			fromClient(b64(wrapToken), "\r\n"),
			fromServer("235 2.7.0 Authentication successful\r\n"),
			fromClient("MAIL FROM:<a@contoso.com>\r\n"),
			fromServer("250 2.1.0 Ok\r\n"),
		}, []string{
			fmt.Sprintf(`C token kerberos key=0 verb="AUTH GSSAPI" len=%d`, len(gssAPReq)),
			fmt.Sprintf(`S token kerberos key=0 verb="AUTH GSSAPI" len=%d`, len(gssAPRep)),
			`S continue code=0x14e name="" text="" key=0`,
			fmt.Sprintf(`S token wrap key=0 verb="AUTH GSSAPI" len=%d`, len(wrapToken)),
			`S continue code=0x14e name="" text="" key=0`,
			fmt.Sprintf(`C token wrap key=0 verb="AUTH GSSAPI" len=%d`, len(wrapToken)),
			`S accepted code=0xeb name="" text="2.7.0 Authentication successful" key=0`,
			"C after auth",
			"idle",
		}},
		{"refused without a word of Kerberos", hello, []turn{
			fromClient("AUTH GSSAPI\r\n"),
			fromServer("334 \r\n"),
			fromClient(b64(gssAPReq), "\r\n"),
			fromServer(refusal),
			fromClient("QUIT\r\n"),
			fromServer("221 2.0.0 Bye\r\n"),
		}, []string{
			`S continue code=0x14e name="" text="" key=0`,
			fmt.Sprintf(`C token kerberos key=0 verb="AUTH GSSAPI" len=%d`, len(gssAPReq)),
			`S refused code=0x217 name="" text="5.7.8 Error: authentication failed: authentication failure" key=0`,
		}},
		{"Exchange, token in the 235", hello, []turn{
			fromClient("X-EXPS GSSAPI ", b64(spnegoReq), "\r\n"),
			fromServer("235 ", b64(spnegoRep), "\r\n"),
			fromClient("MAIL FROM:<>\r\n"),
		}, []string{
			fmt.Sprintf(`C token kerberos key=0 verb="X-EXPS GSSAPI" len=%d`, len(spnegoReq)),
			fmt.Sprintf(`S token kerberos accept-completed key=0 verb="X-EXPS GSSAPI" len=%d`, len(spnegoRep)),
			`S accepted code=0xeb name="" text="" key=0`,
			"C after auth",
			"idle",
		}},
		{"Exchange, temporary failure, then NTLM", hello, []turn{
			fromClient("x-exps gssapi\r\n"),
			fromServer("334 GSSAPI supported\r\n"),
			fromClient(b64(spnegoReq), "\r\n"),
			fromServer("334 ", b64(spnegoErr), "\r\n"),
			fromClient("*\r\n"),
			fromServer("454 4.7.0 Temporary authentication failure\r\n"),
			fromClient("X-EXPS NTLM\r\n"),
			fromServer("334 NTLM supported\r\n"),
			fromClient(b64(ntlmToken(1)), "\r\n"),
			fromServer("334 ", b64(ntlmToken(2)), "\r\n"),
			fromClient(b64(ntlmToken(3)), "\r\n"),
			fromServer("235 2.7.0 Authentication successful\r\n"),
		}, []string{
			`S continue code=0x14e name="" text="" key=0`,
			fmt.Sprintf(`C token kerberos key=0 verb="X-EXPS GSSAPI" len=%d`, len(spnegoReq)),
			fmt.Sprintf(`S token kerberos accept-incomplete key=0 verb="X-EXPS GSSAPI" len=%d`, len(spnegoErr)),
			`S continue code=0x14e name="" text="" key=0`,
			`S refused code=0x1c6 name="" text="4.7.0 Temporary authentication failure" key=0`,
			`S continue code=0x14e name="" text="" key=0`,
			`C token ntlm key=0 verb="X-EXPS NTLM" len=88`,
			`S token ntlm key=0 verb="X-EXPS NTLM" len=88`,
			`S continue code=0x14e name="" text="" key=0`,
			`C token ntlm key=0 verb="X-EXPS NTLM" len=90`,
			`S accepted code=0xeb name="" text="2.7.0 Authentication successful" key=0`,
		}},
		{"anonymous", hello, []turn{
			fromClient("MAIL FROM:<x@elsewhere.example> SIZE=100\r\nRCPT TO:<alice@contoso.com>\r\nDATA\r\n"),
			fromServer("250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n354 Start mail input\r\n"),
			fromClient("AUTH GSSAPI in a mail is no command\r\n.\r\n"),
		}, []string{"S anonymous", "idle"}},
		{"mail needs authentication", hello, []turn{
			fromClient("MAIL FROM:<x@elsewhere.example>\r\n"),
			fromServer("530 5.7.1 Client was not authenticated\r\n"),
		}, nil},
		{"passwords are not kept", hello, []turn{
			fromClient("AUTH LOGIN\r\n"),
			fromServer("334 VXNlcm5hbWU6\r\n"),
			fromClient("YWxpY2U=\r\n"),
			fromServer("334 UGFzc3dvcmQ6\r\n"),
			fromClient("U2VjcmV0MTIz\r\n"),
			fromServer("535-5.7.3 Authentication\r\n535 5.7.3 unsuccessful\r\n"),
			fromClient("AUTH PLAIN AGFsaWNlAFNlY3JldDEyMw==\r\n"),
			fromServer("504 5.7.4 Unrecognized authentication type\r\n"),
		}, []string{
			`C other LOGIN verb="AUTH LOGIN"`,
			`S continue code=0x14e name="" text="" key=0`,
			`S continue code=0x14e name="" text="" key=0`,
			`S refused code=0x217 name="" text="5.7.3 Authentication 5.7.3 unsuccessful" key=0`,
			`C other PLAIN verb="AUTH PLAIN"`,
			`S refused code=0x1f8 name="" text="5.7.4 Unrecognized authentication type" key=0`,
		}},
		{"refused before any token", hello, []turn{
			fromClient("X-EXPS GSSAPI\r\n"),
			fromServer("504 5.7.4 Unrecognized authentication type\r\n"),
		}, []string{`S other GSSAPI verb="X-EXPS GSSAPI"`, `S refused code=0x1f8 name="" text="5.7.4 Unrecognized authentication type" key=0`}},
		{"STARTTLS", hello, []turn{
			fromClient("STARTTLS\r\n"),
			fromServer("220 2.0.0 Ready to start TLS\r\n"),
		}, []string{"S TLS"}},
		{"X-ANONYMOUSTLS refused", hello, []turn{
			fromClient("X-ANONYMOUSTLS\r\n"),
			fromServer("454 4.7.0 TLS not available\r\n"),
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			talk(t, openSMTP, append(helloEvents[:3:3], c.want...), cat(c.before, c.turns)...)
		})
	}
}

func TestSMTPMidstream(t *testing.T) {
	for _, c := range []struct {
		name  string
		turns []turn
		want  []string
	}{
		{"begins at AUTH", []turn{
			fromClient("AUTH GSSAPI ", b64(gssAPReq), "\r\n"),
			fromServer("535 5.7.3 Authentication unsuccessful\r\n"),
		}, []string{
			fmt.Sprintf(`C token kerberos key=0 verb="AUTH GSSAPI" len=%d`, len(gssAPReq)),
			`S refused code=0x217 name="" text="5.7.3 Authentication unsuccessful" key=0`,
		}},
		{"begins at a leg", []turn{
			fromClient(b64(gssAPReq), "\r\n"),
			fromServer("535 5.7.3 Authentication unsuccessful\r\n"),
		}, []string{
			fmt.Sprintf(`C token kerberos key=0 verb="" len=%d`, len(gssAPReq)),
			`S refused code=0x217 name="" text="5.7.3 Authentication unsuccessful" key=0`,
		}},
		{"begins within a line", []turn{
			fromServer("ation unsuccessful\r\n334 \r\n"),
			fromClient("something\r\n", b64(gssAPReq), "\r\n"),
			fromServer("235 2.7.0 Ok\r\n"),
		}, []string{
			`S continue code=0x14e name="" text="" key=0`,
			fmt.Sprintf(`C token kerberos key=0 verb="" len=%d`, len(gssAPReq)),
			`S accepted code=0xeb name="" text="2.7.0 Ok" key=0`,
		}},
		{"one direction", []turn{fromServer("334 \r\n235 2.7.0 Ok\r\n")}, []string{
			`S continue code=0x14e name="" text="" key=0`,
			`S accepted code=0xeb name="" text="2.7.0 Ok" key=0`,
		}},
		{"a password's leg is not told", []turn{fromServer("334 VXNlcm5hbWU6\r\n"), fromClient("QWxpY2VBbGljZUFsaWNlQWxpY2VBbGljZQ==\r\n")}, []string{
			`S continue code=0x14e name="" text="" key=0`,
		}},
		{"TLS after all", []turn{fromClient("EHLO a\r\n"), fromClient("\x16\x03\x01\x02\x00\x01")}, []string{
			"C name a (ehlo)", "C TLS",
		}},
	} {
		t.Run(c.name, func(t *testing.T) { talk(t, openSMTP, c.want, c.turns...) })
	}
}

func TestSMTPGaps(t *testing.T) {
	enc := b64(gssAPReq)
	t.Run("within a token", func(t *testing.T) {
		talk(t, openSMTP, []string{
			"S name go (banner)",
			"C name m.example (ehlo)",
			`C token kerberos cut key=0 verb="AUTH GSSAPI" len=450`,
			`C other LOGIN verb="AUTH LOGIN"`,
			`S refused code=0x217 name="" text="5.7.3 No" key=0`,
		},
			fromServer("220 go\r\n"), fromClient("EHLO m.example\r\n"), fromServer("250 hub\r\n"), fromClient("AUTH GSSAPI ", enc[:600]),
			fromClient(enc[800:], "\r\nAUTH LOGIN\r\n").lost(200),
			fromServer("535 5.7.3 No\r\n"))
	})
	t.Run("the reply was lost", func(t *testing.T) {
		talk(t, openSMTP, []string{
			fmt.Sprintf(`C token kerberos key=0 verb="AUTH GSSAPI" len=%d`, len(gssAPReq)),
			"idle",
		},
			fromClient("AUTH GSSAPI ", enc, "\r\n"),
			fromServer("250 2.1.0 Sender OK\r\n354 go\r\n").lost(40))
	})
}

func TestSMTPLongLines(t *testing.T) {
	big := gssToken(1, krbMessage(0x6e, 60000))
	got := play(openSMTP, 1460, fromClient("AUTH GSSAPI ", b64(big), "\r\n"), fromServer("235 2.7.0 Ok\r\n"))
	require.Equal(t, []string{
		fmt.Sprintf(`C token kerberos key=0 verb="AUTH GSSAPI" len=%d`, len(big)),
		`S accepted code=0xeb name="" text="2.7.0 Ok" key=0`,
	}, got)

	endless := make([]byte, 4*maxSASLLine)
	for i := range endless {
		endless[i] = 'A'
	}
	got = play(openSMTP, 9000, fromClient("EHLO m\r\n"), turn{d: toServer, data: endless}, fromClient("\r\nEHLO n\r\n"))
	require.Equal(t, []string{"C name m (ehlo)", "C name n (ehlo)"}, got)
}

func TestProbeSMTP(t *testing.T) {
	tok := b64(gssAPReq)
	for _, c := range []struct {
		up, down string
		port     uint16
		want     verdict
	}{
		{"", "220 hub-1 ESMTP\r\n", 4025, yes},
		{"", "220 hub-1 ready\r\n", 25, yes},
		{"", "220 hub-1 FTP ready\r\n", 4021, needMore},
		{"EHLO x\r\n", "220 hub-1 ready\r\n", 4025, yes},
		{"USER anonymous                      \r\n", "220 ftp\r\n", 21, no},
		{"EHL", "", 25, needMore},
		{"AUTH GSSAPI " + tok, "", 4025, yes},
		{"X-EXPS GSSAPI\r\n", "", 4025, yes},
		{tok + "\r\n", "", 25, yes},
		{tok + "\r\n", "", 4025, needMore},
		{tok + "\r\n", "235 2.7.0 Ok\r\n", 4025, yes},
		{tok + "\r\n", "+OK\r\n", 110, no},
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", 8025, no},
		{"", "HTTP/1.1 200 OK\r\n", 80, no},
		{"SSH-2.0-OpenSSH_9.2 Debian\r\n", "SSH-2.0-OpenSSH_9.2\r\n", 22, no},
		{"a1 AUTHENTICATE GSSAPI\r\nxxxxxxxxxx", "* OK IMAP\r\n", 143, no},
		{"\x00\x00\x00\x10abcdefg", "", 25, no},
		{"220 hub-1 ESMTP\r\n", "", 25, no},
		{"220 hub-1 ESMTP\r\n", "EHLO x\r\n", 25, no},
	} {
		require.Equal(t, c.want, probeSMTP([]byte(c.up), []byte(c.down), c.port), "%.30q %.30q %d", c.up, c.down, c.port)
	}
}

func FuzzSMTP(f *testing.F) {
	f.Add(script(fromServer("220 a ESMTP\r\n"), fromClient("EHLO b\r\n"), fromServer("250-a\r\n250 AUTH GSSAPI\r\n"),
		fromClient("AUTH GSSAPI ", b64(gssAPReq), "\r\n"), fromServer("334 ", b64(gssAPRep), "\r\n"), fromClient("\r\n").lost(2), fromServer("235 ok\r\n")))
	f.Add(script(fromClient("X-EXPS NTLM\r\n"), fromServer("334 NTLM\r\n"), fromClient(b64(ntlmToken(1)), "\r\n")))
	f.Fuzz(func(t *testing.T, b []byte) {
		hostile(t, openSMTP, b)
		probeSMTP(b, nil, 25)
		probeSMTP(nil, b, 4025)
	})
}
