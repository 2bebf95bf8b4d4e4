package decode

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func openSieve(s wire) parser { return newSieve(s) }

// literal is s as a literal of ManageSieve.
func literal(s string) string { return fmt.Sprintf("{%d+}\r\n%s", len(s), s) }

func TestSieve(t *testing.T) {
	greeting := fromServer("\"IMPLEMENTATION\" \"Dovecot Pigeonhole\"\r\n\"SIEVE\" \"fileinto reject\"\r\n\"SASL\" \"GSSAPI PLAIN\"\r\n\"STARTTLS\"\r\n\"VERSION\" \"1.0\"\r\nOK \"Dovecot ready.\"\r\n")
	const v, offer = "AUTHENTICATE GSSAPI", "offer GSSAPI PLAIN"
	const more = `S continue code=0x0 name="" text="" key=0`
	for _, c := range []struct {
		name  string
		turns []turn
		want  []string
	}{
		{"quoted legs, accepted, used", []turn{
			greeting, fromClient(`AUTHENTICATE "GSSAPI" "`, b64(gssAPReq), "\"\r\n"), fromServer(`"`, b64(gssAPRep), "\"\r\n"), fromClient("\"\"\r\n"),
			fromServer("{", fmt.Sprint(len(b64(wrapToken))), "}\r\n", b64(wrapToken), "\r\n"), fromClient(literal(b64(wrapToken)), "\r\n"),
			fromServer("OK \"Logged in.\"\r\n"), fromClient("LISTSCRIPTS\r\n"),
		}, []string{offer, told(toServer, "kerberos", v, gssAPReq), told(toClient, "kerberos", v, gssAPRep), more,
			told(toClient, "wrap", v, wrapToken), more, told(toServer, "wrap", v, wrapToken), `S accepted code=0x0 name="OK" text="Logged in." key=0`, "C after auth", "idle"}},
		{"literal, the last token in the OK", []turn{
			fromClient(`Authenticate "GSS-SPNEGO" `, literal(b64(spnegoReq)), "\r\n"), fromServer("OK (SASL \"", b64(spnegoRep), "\") \"welcome\"\r\n"),
		}, []string{told(toServer, "kerberos", "AUTHENTICATE GSS-SPNEGO", spnegoReq), told(toClient, "kerberos accept-completed", "AUTHENTICATE GSS-SPNEGO", spnegoRep),
			`S accepted code=0x0 name="OK" text="welcome" key=0`}},
		{"refused, then a password", []turn{
			greeting, fromClient(`AUTHENTICATE "GSSAPI"`, "\r\n"), fromServer("\"\"\r\n"), fromClient(literal(b64(gssAPReq)), "\r\n"), fromServer("NO (TRYLATER) \"Temporary \\\"failure\"\r\n"),
			fromClient(`AUTHENTICATE "PLAIN" "AGEAYg=="`, "\r\n"), fromServer("NO {3}\r\nbad\r\n"),
		}, []string{offer, more, told(toServer, "kerberos", v, gssAPReq), `S refused code=0x0 name="NO (TRYLATER)" text="Temporary \\\"failure" key=0`,
			`C other PLAIN verb="AUTHENTICATE PLAIN"`, `S refused code=0x0 name="NO" text="bad" key=0`}},
		{"cancelled", []turn{greeting, fromClient(`AUTHENTICATE "GSSAPI"`, "\r\n"), fromServer("\"\"\r\n"), fromClient("\"*\"\r\n"), fromServer("NO \"cancelled\"\r\n")}, []string{offer, more}},
		{"STARTTLS", []turn{greeting, fromClient("STARTTLS\r\n"), fromServer("OK \"Begin TLS\"\r\n"), fromClient("\x16\x03\x01\x00\xff\x01")}, []string{offer, "S TLS"}},
		{"STARTTLS refused", []turn{fromClient("STARTTLS\r\n"), fromServer("NO\r\n"), fromServer("OK\r\n")}, nil},
		{"in mid-stream", []turn{fromServer("ejeto\"\r\n\"SASL\" \"GSSAPI\"\r\n"), fromClient("\"", b64(gssAPReq), "\"\r\n"), fromServer("NO \"x\"\r\n")},
			[]string{"offer GSSAPI", told(toServer, "kerberos", "", gssAPReq), `S refused code=0x0 name="NO" text="x" key=0`}},
		{"the answer was lost", []turn{fromClient(`AUTHENTICATE "GSSAPI" "`, b64(gssAPReq), "\"\r\n"), fromServer("OK\r\n").lost(20)}, []string{told(toServer, "kerberos", v, gssAPReq)}},
		{"a literal that never ends", []turn{fromClient(`AUTHENTICATE "GSSAPI" {99999999}`, "\r\nabc\r\n")}, []string{told(toServer, "other", v, make([]byte, 2))}},
	} {
		t.Run(c.name, func(t *testing.T) { talk(t, openSieve, c.want, c.turns...) })
	}
}

func TestProbeSieve(t *testing.T) {
	for _, c := range []struct {
		up, down string
		port     uint16
		want     verdict
	}{
		{"", "\"IMPLEMENTATION\" \"x\"\r\n", 5190, yes},
		{"", "\"IMPL", 5190, needMore},
		{"AUTHENTICATE \"GSS", "", 5190, yes},
		{"AUTHENTICATE", "", 4190, needMore},
		{"GET / HTTP/1.1\r\n", "", 5190, no},
		{"", "* OK x\r\n", 5190, no},
		{"\x16\x03\x01", "", 4190, no},
	} {
		assert.Equal(t, c.want, probeSieve([]byte(c.up), []byte(c.down), c.port), "%.20q %.20q", c.up, c.down)
	}
}

func FuzzSieve(f *testing.F) {
	f.Add(script(fromServer("\"SASL\" \"GSSAPI\"\r\nOK\r\n"), fromClient("AUTHENTICATE \"GSSAPI\" ", literal(b64(gssAPReq)), "\r\n"), fromServer("\"", b64(gssAPRep), "\"\r\n"), fromServer("OK (SASL \"eA==\")\r\n")))
	f.Fuzz(func(t *testing.T, b []byte) {
		splitting(t, openSieve, b)
		probeSieve(b, nil, 4190)
		probeSieve(nil, b, 5190)
	})
}

func BenchmarkSieveCommand(b *testing.B) { benchmarkParser(b, openSieve, toServer, "NOOP \"x\"\r\n") }
