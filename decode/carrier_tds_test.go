package decode

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
)

func openTDS(s wire) parser { return newTDS(s) }

func wide(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// tdsMsg makes a message of packets with at most size bytes of contents each.
func tdsMsg(typ byte, size int, body []byte) string {
	var out []byte
	for id := byte(1); ; id++ {
		n := min(size, len(body))
		status := byte(0)
		if n == len(body) {
			status = 1
		}
		out = append(out, typ, status, byte((n+8)>>8), byte(n+8), 0, 0, id, 0)
		if typ == tdsReply {
			out[len(out)-3] = 51 // spid
		}
		out = append(out, body[:n]...)
		if body = body[n:]; len(body) == 0 {
			return string(out)
		}
	}
}

// prelogin makes a PRELOGIN with VERSION, ENCRYPTION and INSTOPT.
func prelogin(typ, encryption byte) string {
	return tdsMsg(typ, 4088, []byte("\x00\x00\x10\x00\x06"+"\x01\x00\x16\x00\x01"+"\x02\x00\x17\x00\x01"+"\xff"+
		"\x10\x00\x0f\xa0\x00\x00"+string(encryption)+"\x00"))
}

// login7 makes a LOGIN7. The names are host, user, password, program, server.
func login7(flags2 byte, sspi []byte, names ...string) []byte {
	b := make([]byte, tdsLoginSize)
	binary.LittleEndian.PutUint32(b[4:], 0x74000004)
	binary.LittleEndian.PutUint32(b[8:], 4096)
	b[25] = flags2
	for i := range 9 { // to ibDatabase
		at := 36 + 4*i
		binary.LittleEndian.PutUint16(b[at:], uint16(len(b)))
		if i < len(names) {
			binary.LittleEndian.PutUint16(b[at+2:], uint16(len(wide(names[i]))/2))
			b = append(b, wide(names[i])...)
		}
	}
	binary.LittleEndian.PutUint16(b[78:], uint16(len(b)))
	binary.LittleEndian.PutUint16(b[80:], uint16(min(len(sspi), 0xffff)))
	if len(sspi) >= 0xffff {
		binary.LittleEndian.PutUint32(b[90:], uint32(len(sspi)))
	}
	b = append(b, sspi...)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	return b
}

func tdsTok(typ byte, body []byte) string {
	return string(binary.LittleEndian.AppendUint16([]byte{typ}, uint16(len(body)))) + string(body)
}

func tdsErr(typ byte, number uint32, class byte, text, server string) string {
	b := binary.LittleEndian.AppendUint32(nil, number)
	b = append(b, 1, class)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(wide(text))/2))
	b = append(b, wide(text)...)
	b = append(b, byte(len(wide(server))/2))
	b = append(b, wide(server)...)
	return tdsTok(typ, append(b, 0, 1, 0, 0, 0))
}

var (
	tdsDone     = "\xfd\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	tdsLoginAck = tdsTok(tdsTokLoginAck, append([]byte{1, 0x74, 0, 0, 4, 20}, append(wide("Microsoft SQL Server"), 16, 0, 15, 0xa0)...))
	tdsEnv      = tdsTok(tdsTokEnvChange, append([]byte{1, 6}, append(wide("master"), 0)...))
)

func tdsAnswer(tokens ...string) string {
	return tdsMsg(tdsReply, 4088, []byte(strings.Join(tokens, "")))
}

const untrusted = "Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication."

func TestTDS(t *testing.T) {
	names := []string{"MAILBOX-1", "sa", "secret", "app", `tcp:sql1.contoso.com\INST`}
	long := gssToken(1, krbMessage(0x6e, 6000))
	huge := gssToken(1, krbMessage(0x6e, 65600-60))
	claims := []string{"C name MAILBOX-1 (tds)", "S name sql1.contoso.com (tds)"}
	accepted := `S accepted code=0x0 name="LOGINACK" text="Microsoft SQL Server" key=0`
	offOff := []turn{fromClient(prelogin(tdsPrelogin, tdsEncryptOff)), fromServer(prelogin(tdsReply, tdsEncryptOff)),
		fromClient(tdsMsg(tdsPrelogin, 4088, clientHello("sql1.contoso.com"))), fromServer(tdsMsg(tdsPrelogin, 4088, tlsRecord(0x16, make([]byte, 90)))),
		fromClient(string(tlsRecord(0x17, make([]byte, 700))))}
	for _, c := range []struct {
		name  string
		turns []turn
		want  []string
	}{
		{"Kerberos without encryption, a login in two packets", []turn{
			fromClient(prelogin(tdsPrelogin, tdsEncryptNotSup)), fromServer(prelogin(tdsReply, tdsEncryptNotSup)),
			fromClient(tdsMsg(tdsLogin7, 4088, login7(0x80, long, names...))),
			fromServer(tdsAnswer(tdsEnv, tdsErr(tdsTokInfo, 5701, 0, "Changed database context", "SQL1"), tdsTok(tdsTokSSPI, negResp(0, gssAPRep)), tdsLoginAck, tdsDone)),
			fromClient(tdsMsg(tdsBatch, 4088, wide("select 1 as one, 2 as two"))),
			fromServer(tdsAnswer(tdsErr(tdsTokError, 18456, 14, "no login", "SQL1"))),
		}, append(append([]string{}, claims...),
			fmt.Sprintf(`C token kerberos key=0 verb="LOGIN7" len=%d`, len(long)),
			fmt.Sprintf(`S token kerberos accept-completed key=0 verb="SSPI" len=%d`, len(negResp(0, gssAPRep))),
			accepted, "C after auth", "idle")},
		{"refused, NTLM in two legs", []turn{
			fromClient(prelogin(tdsPrelogin, tdsEncryptNotSup)), fromServer(prelogin(tdsReply, tdsEncryptNotSup)),
			fromClient(tdsMsg(tdsLogin7, 4088, login7(0x80, ntlmToken(1)))),
			fromServer(tdsAnswer(tdsTok(tdsTokSSPI, ntlmToken(2)))),
			fromClient(tdsMsg(tdsSSPI, 4088, ntlmToken(3))),
			fromServer(tdsAnswer(tdsErr(tdsTokError, 18452, 14, untrusted, `SQL1\INST`), tdsDone)),
		}, []string{
			`C token ntlm key=0 verb="LOGIN7" len=88`,
			`S token ntlm key=0 verb="SSPI" len=88`,
			`S continue code=0x0 name="SSPI" text="" key=0`,
			`C token ntlm key=0 verb="SSPI" len=90`,
			"S name SQL1 (tds)",
			`S refused code=0x4814 name="" text="` + strings.ReplaceAll(untrusted, `"`, `\"`) + ` (state 1, class 14) from SQL1\\INST" key=0`,
		}},
		{"let in, but not to the database", []turn{
			fromClient(prelogin(tdsPrelogin, tdsEncryptNotSup)), fromServer(prelogin(tdsReply, tdsEncryptNotSup)),
			fromClient(tdsMsg(tdsLogin7, 512, login7(0x80, spnegoReq))),
			fromServer(tdsAnswer(tdsTok(tdsTokSSPI, spnegoRep), tdsErr(tdsTokError, 4060, 11, "Cannot open database.", ""), tdsErr(tdsTokError, 18456, 14, "Login failed.", ""), tdsDone)),
		}, []string{
			fmt.Sprintf(`C token kerberos key=0 verb="LOGIN7" len=%d`, len(spnegoReq)),
			fmt.Sprintf(`S token kerberos accept-completed key=0 verb="SSPI" len=%d`, len(spnegoRep)),
			`S accepted code=0xfdc name="" text="Cannot open database. (state 1, class 11)" key=0`,
		}},
		{"a user of SQL Server's own is not named", []turn{
			fromClient(tdsMsg(tdsLogin7, 4088, login7(0, nil, names...))),
			fromServer(tdsAnswer(tdsErr(tdsTokError, 18456, 14, "Login failed for user 'sa'.", "SQL1"), tdsDone)),
		}, append(append([]string{}, claims...), `C other SQL verb="LOGIN7"`, "S name SQL1 (tds)",
			`S refused code=0x4818 name="LOGON_FAILED" text="Login failed for user '…'. (state 1, class 14) from SQL1" key=0`)},
		{"the login is encrypted", append(offOff, fromServer(tdsAnswer(tdsErr(tdsTokError, 18456, 14, "Login failed for user 'sa'.", ""), tdsDone))), []string{
			"C hidden sql1.contoso.com",
			`C other encrypted verb="LOGIN7"`,
			`S refused code=0x4818 name="LOGON_FAILED" text="Login failed for user '…'. (state 1, class 14)" key=0`,
		}},
		{"the login is encrypted, its next legs are not", append(offOff,
			fromServer(tdsAnswer(tdsTok(tdsTokSSPI, ntlmToken(2)))), fromClient(tdsMsg(tdsSSPI, 4088, ntlmToken(3))), fromServer(tdsAnswer(tdsLoginAck, tdsDone))), []string{
			"C hidden sql1.contoso.com",
			`C other encrypted verb="LOGIN7"`,
			`S token ntlm key=0 verb="SSPI" len=88`,
			`S continue code=0x0 name="SSPI" text="" key=0`,
			`C token ntlm key=0 verb="SSPI" len=90`,
			accepted,
		}},
		{"everything is encrypted", []turn{
			fromClient(prelogin(tdsPrelogin, tdsEncryptOff)), fromServer(prelogin(tdsReply, tdsEncryptReq)),
			fromClient(tdsMsg(tdsPrelogin, 4088, clientHello("sql1.contoso.com"))),
			fromServer(tdsMsg(tdsPrelogin, 4088, tlsRecord(0x16, make([]byte, 90)))),
		}, []string{"C hidden sql1.contoso.com", "ignore"}},
		{"federated", []turn{fromClient(tdsMsg(tdsLogin7, 4088, fedAuthLogin()))}, []string{`C other FEDAUTH verb="LOGIN7"`}},
		{"a token longer than 64 KiB", []turn{fromClient(tdsMsg(tdsLogin7, 4088, login7(0x80, huge)))}, []string{
			fmt.Sprintf(`C token kerberos key=0 verb="LOGIN7" len=%d`, len(huge))}},
		{"begins in mid-stream, of the server alone", []turn{
			fromServer(tdsMsg(tdsReply, 4088, append([]byte{0x81}, make([]byte, 9000)...))),
			fromServer(tdsAnswer(tdsErr(tdsTokError, 208, 16, "Invalid object name", "SQL1"), tdsDone)),
			fromServer(tdsAnswer(tdsErr(tdsTokError, 18456, 14, "Login failed for user 'x'.", ""), tdsDone)),
			fromServer(tdsAnswer(tdsEnv, tdsLoginAck)),
		}, []string{`S refused code=0x4818 name="LOGON_FAILED" text="Login failed for user '…'. (state 1, class 14)" key=0`, accepted}},
		{"gap in a login", []turn{
			fromClient(tdsMsg(tdsLogin7, 4088, login7(0x80, long))[:3000]),
			fromClient(tdsMsg(tdsLogin7, 4088, login7(0x80, long))[3100:], tdsMsg(tdsSSPI, 4088, ntlmToken(3))).lost(100),
		}, []string{
			`C token kerberos cut key=0 verb="LOGIN7" len=2898`,
			`C token ntlm key=0 verb="SSPI" len=90`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) { talk(t, openTDS, c.want, c.turns...) })
	}
}

func fedAuthLogin() []byte {
	b := login7(0, nil)
	b[27] |= 0x10
	binary.LittleEndian.PutUint16(b[56:], uint16(len(b)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(b)+4))
	b = append(b, 0x01, 0, 0, 0, 0, 0x02, 1, 0, 0, 0, 0x02, 0xff)
	return b
}

func tlsRecord(typ byte, body []byte) []byte {
	return append([]byte{typ, 3, 3, byte(len(body) >> 8), byte(len(body))}, body...)
}

// clientHello makes a ClientHello with a server name.
func clientHello(name string) []byte {
	ext := append([]byte{0, 0, 0, byte(len(name) + 5), 0, byte(len(name) + 3), 0, 0, byte(len(name))}, name...)
	body := append([]byte{3, 3}, make([]byte, 32)...)
	body = append(body, 0, 0, 2, 0x13, 1, 1, 0, 0, byte(len(ext)))
	body = append(body, ext...)
	return tlsRecord(0x16, append([]byte{1, 0, 0, byte(len(body))}, body...))
}

// Neither name nor password of a user stands in what is told.
func TestTDSSecrets(t *testing.T) {
	for _, size := range []int{40, 4088} {
		events := play(openTDS, 0, fromClient(tdsMsg(tdsLogin7, size, login7(0, nil, "host", "Sibyl", "hunter2", "app", "sql1"))),
			fromServer(tdsAnswer(tdsErr(tdsTokError, 18456, 14, "Login failed for user 'Sibyl'.", ""))))
		assert.Len(t, events, 4)
		assert.NotContains(t, strings.Join(events, "\n"), "Sibyl")
		assert.NotContains(t, strings.Join(events, "\n"), "hunter2")
	}
}

func TestProbeTDS(t *testing.T) {
	login := tdsMsg(tdsLogin7, 4088, login7(0x80, gssAPReq))
	batch := tdsMsg(tdsBatch, 4088, wide("select 1"))
	for _, c := range []struct {
		up, down string
		port     uint16
		want     verdict
	}{
		{prelogin(tdsPrelogin, 0), "", 50123, yes},
		{"", prelogin(tdsReply, 0), 50123, yes},
		{login, "", 50123, yes},
		{login[:10], "", 50123, needMore},
		{"", tdsAnswer(tdsTok(tdsTokSSPI, ntlmToken(2))), 50123, yes},
		{tdsMsg(tdsSSPI, 4088, ntlmToken(3)), "", 50123, yes},
		{batch, "", 50123, no},
		{batch, "", 1433, yes},
		{string(clientHello("sql1")), "", 1433, no},
		{"\x04\x01\x00\x20", "", 1433, no},
		{"GET / HTTP/1.1\r\n\r\n", "", 50123, no},
		{string(make([]byte, 64)), "", 1433, no},
	} {
		assert.Equal(t, c.want, probeTDS([]byte(c.up), []byte(c.down), c.port), "%.20q %.20q", c.up, c.down)
	}
}

func FuzzTDS(f *testing.F) {
	f.Add(script(fromClient(prelogin(tdsPrelogin, 0), tdsMsg(tdsLogin7, 300, login7(0x80, gssAPReq, "a", "b", "c", "d", "e"))), fromServer(prelogin(tdsReply, 0),
		tdsAnswer(tdsEnv, tdsTok(tdsTokSSPI, gssAPRep), tdsLoginAck))))
	f.Add(script(fromClient(tdsMsg(tdsPrelogin, 4088, clientHello("x")), string(tlsRecord(0x17, make([]byte, 30)))), fromServer(tdsAnswer(tdsErr(tdsTokError, 18456, 14, "'x'", "y")))))
	f.Add(script(fromClient(tdsMsg(tdsLogin7, 4088, fedAuthLogin()))))
	f.Fuzz(func(t *testing.T, b []byte) {
		whole(t, openTDS, b)
		probeTDS(b, nil, 1433)
		probeTDS(nil, b, 2)
	})
}

func BenchmarkProbeTDS(b *testing.B) {
	in := []byte(prelogin(tdsPrelogin, 0))
	b.ReportAllocs()
	for b.Loop() {
		if probeTDS(in, nil, 50123) != yes {
			b.Fatal("not known")
		}
	}
}
