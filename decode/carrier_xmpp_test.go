package decode

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func openXMPP(s wire) parser { return newXMPP(s) }

const xmppNS = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"

func TestXMPP(t *testing.T) {
	hello := []turn{
		fromClient("<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='contoso.com' version='1.0'>"),
		fromServer("<?xml version='1.0'?><stream:stream from='contoso.com' id='x>y' version='1.0'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
			"<mechanisms "+xmppNS+">\n <mechanism>GSSAPI</mechanism>\n <mechanism>PLAIN</mechanism></mechanisms></stream:features>"),
	}
	const v, offer = "GSSAPI", "offer GSSAPI PLAIN"
	const more = `S continue code=0x0 name="challenge" text="" key=0`
	for _, c := range []struct {
		name   string
		before []turn
		turns  []turn
		want   []string
	}{
		{"accepted, used", hello, []turn{
			fromClient("<auth " + xmppNS + " mechanism='GSSAPI'>" + b64(gssAPReq) + "</auth>"),
			fromServer("<challenge "+xmppNS+">", b64(gssAPRep), "</challenge>"), fromClient("<response " + xmppNS + "/>"),
			fromServer("<challenge "+xmppNS+">\n", b64(wrapToken), "\n</challenge>"), fromClient("<response "+xmppNS+">", b64(wrapToken), "</response>"),
			fromServer("<success " + xmppNS + "/>"), fromClient("<stream:stream to='contoso.com'>"),
		}, []string{offer, told(toServer, "kerberos", v, gssAPReq), told(toClient, "kerberos", v, gssAPRep), more,
			told(toClient, "wrap", v, wrapToken), more, told(toServer, "wrap", v, wrapToken), `S accepted code=0x0 name="success" text="" key=0`, "C after auth", "idle"}},
		{"refused, then a password", hello, []turn{
			fromClient("<auth mechanism=\"GSSAPI\" " + xmppNS + ">" + b64(gssAPReq) + "</auth>"),
			fromServer("<failure " + xmppNS + "><not-authorized/><text xml:lang='en'>No key > here</text></failure>"),
			fromClient("<auth mechanism='PLAIN' " + xmppNS + ">AGEAYg==</auth>"), fromServer("<success " + xmppNS + "></success>"),
		}, []string{offer, told(toServer, "kerberos", v, gssAPReq), `S refused code=0x0 name="not-authorized" text="No key > here" key=0`,
			`C other PLAIN verb="PLAIN"`, `S accepted code=0x0 name="success" text="" key=0`}},
		{"given up", hello, []turn{
			fromClient("<auth mechanism='GSSAPI' " + xmppNS + ">=</auth>"), fromServer("<challenge " + xmppNS + "></challenge>"), fromClient("<abort " + xmppNS + "/>"),
			fromServer("<failure " + xmppNS + "><aborted/></failure>"),
		}, []string{offer, more}},
		{"STARTTLS", hello, []turn{fromClient("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), fromServer("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), fromClient("\x16\x03\x01\x00\xff\x01")},
			[]string{offer, "S TLS"}},
		{"STARTTLS refused is no word on an authentication", hello, []turn{fromClient("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
			fromServer("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'></failure></stream:stream>")}, []string{offer}},
		{"refused without a condition", nil, []turn{fromClient("<auth mechanism='GSSAPI'>" + b64(gssAPReq) + "</auth>"), fromServer("<failure " + xmppNS + "/>"),
			fromClient("<auth mechanism='PLAIN'>AGEAYg==</auth>"), fromServer("<success " + xmppNS + "/>")},
			[]string{told(toServer, "kerberos", v, gssAPReq), `S refused code=0x0 name="failure" text="" key=0`,
				`C other PLAIN verb="PLAIN"`, `S accepted code=0x0 name="success" text="" key=0`}},
		{"in mid-stream", nil, []turn{fromClient("YQ==</response><response " + xmppNS + ">" + b64(gssAPReq) + "</response>"), fromServer("ics'/><failure><temporary-auth-failure></temporary-auth-failure></failure>")},
			[]string{told(toServer, "kerberos", "", gssAPReq), `S refused code=0x0 name="temporary-auth-failure" text="" key=0`}},
		{"prefixed names", nil, []turn{fromClient("<s:auth mechanism='GSSAPI'>" + b64(gssAPReq) + "</s:auth>"), fromServer("<s:failure><s:account-disabled/></s:failure>")},
			[]string{told(toServer, "kerberos", v, gssAPReq), `S refused code=0x0 name="account-disabled" text="" key=0`}},
		{"the answer was lost", nil, []turn{fromClient("<auth mechanism='GSSAPI'>" + b64(gssAPReq) + "</auth>"), fromServer("<iq/>").lost(20)}, []string{told(toServer, "kerberos", v, gssAPReq)}},
		{"a cut token", nil, []turn{fromClient("<auth mechanism='GSSAPI'>" + b64(gssAPReq)[:400]), fromClient(b64(gssAPReq)[500:] + "</auth>").lost(100)},
			[]string{told(toServer, "kerberos cut", v, gssAPReq[:300])}},
	} {
		t.Run(c.name, func(t *testing.T) {
			talk(t, openXMPP, c.want, append(c.before[:len(c.before):len(c.before)], c.turns...)...)
		})
	}
}

func TestXMLAttr(t *testing.T) {
	name, attrs := xmlTag([]byte(`<x:auth a = "1" mechanism='GSSAPI' b="/">`))
	assert.Equal(t, "auth", string(name))
	assert.Equal(t, "GSSAPI", string(xmlAttr(attrs, "mechanism")))
	assert.Equal(t, "1", string(xmlAttr(attrs, "a")))
	assert.Nil(t, xmlAttr(attrs, "c"))
	assert.Nil(t, xmlAttr([]byte(` a='`), "a"))
}

func TestProbeXMPP(t *testing.T) {
	for _, c := range []struct {
		up, down string
		port     uint16
		want     verdict
	}{
		{"<?xml version='1.0'?><stream:stream to='x'>", "", 7222, yes},
		{"<?xml version='1.0'?>", "", 7222, needMore},
		{"<html>", "", 5222, yes},
		{"{", "", 7222, no},
		{"\x16\x03\x01", "", 5222, no},
		{"", "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>", 7222, yes},
	} {
		assert.Equal(t, c.want, probeXMPP([]byte(c.up), []byte(c.down), c.port), "%.20q %.20q", c.up, c.down)
	}
}

func FuzzXMPP(f *testing.F) {
	f.Add(script(fromServer("<mechanisms><mechanism>GSSAPI</mechanism></mechanisms>"), fromClient("<auth mechanism='GSSAPI'>", b64(gssAPReq), "</auth>"), fromServer("<failure><a/><text>b</text></failure>")))
	f.Add(script(fromClient("<starttls/>"), fromServer("<proceed/>\x16\x03\x01")))
	f.Add(script(fromClient("<a>\x15\x03\x01")))
	f.Fuzz(func(t *testing.T, b []byte) {
		splitting(t, openXMPP, b)
		probeXMPP(b, nil, 5222)
		probeXMPP(nil, b, 7222)
	})
}

func BenchmarkXMPPStanza(b *testing.B) {
	benchmarkParser(b, openXMPP, toServer, "<message to='a@contoso.com'><body>hello</body></message>")
}
