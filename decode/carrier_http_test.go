package decode

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// kdcProxy is a KDC-PROXY-MESSAGE, [MS-KKDCP] §2.2.2.
func kdcProxy(msg []byte) string {
	framed := append(binary.BigEndian.AppendUint32(nil, uint32(len(msg))), msg...)
	return string(derTLV(0x30, derTLV(0xa0, derTLV(0x04, framed)), derTLV(0xa1, derTLV(0x1b, []byte("CONTOSO.COM")))))
}

var rawASReq = krbMessage(0x6a, 36)

func openHTTP(s wire) parser { return newHTTP(s) }

func get(headers ...string) string {
	return "GET /owa HTTP/1.1\r\nHost: hub-1.contoso.com\r\n" + strings.Join(headers, "") + "\r\n"
}

func answer(status string, headers ...string) string {
	return "HTTP/1.1 " + status + "\r\n" + strings.Join(headers, "") + "\r\n"
}

func TestHTTP(t *testing.T) {
	const host = "S name hub-1.contoso.com (http-host)"
	const empty = "Content-Length: 0\r\n"
	negotiate := "Authorization: Negotiate " + b64(spnegoReq) + "\r\n"
	sent := fmt.Sprintf(`C token kerberos key=0 verb="Authorization" len=%d`, len(spnegoReq))
	refused := `S refused code=0x191 name="Unauthorized" text="Unauthorized" key=0`
	accepted := `S accepted code=0xc8 name="OK" text="OK" key=0`
	ask := answer("401 Unauthorized", "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n", "Content-Length: 5\r\n") + "nope!"
	for _, c := range []struct {
		name  string
		turns []turn
		want  []string
	}{
		{"asked, accepted with AP-REP, used on", []turn{
			fromClient(get()), fromServer(ask),
			fromClient(get(negotiate)),
			fromServer(answer("200 OK", "WWW-Authenticate: Negotiate "+b64(spnegoRep)+"\r\nTransfer-Encoding: chunked\r\n"), "5;x=y\r\nhello\r\n0\r\nTrailer: x\r\n\r\n"),
			fromClient(get()), fromServer(answer("404 Not Found", empty)),
		}, []string{host, "offer Negotiate NTLM", sent,
			fmt.Sprintf(`S token kerberos accept-completed key=0 verb="Authorization" len=%d`, len(spnegoRep)),
			accepted, "C after auth"}},
		{"refused bare, then NTLM", []turn{
			fromClient(get(negotiate)), fromServer(ask),
			fromClient(get("Authorization: NTLM " + b64(ntlmToken(1)) + "\r\n")),
			fromServer(answer("401 Unauthorized", "WWW-Authenticate: NTLM "+b64(ntlmToken(2))+"\r\n", empty)),
			fromClient(get("Authorization: NTLM " + b64(ntlmToken(3)) + "\r\n")),
			fromServer(answer("403 Forbidden", empty)),
		}, []string{host, sent, "offer Negotiate NTLM", refused,
			`C token ntlm key=0 verb="Authorization" len=88`,
			`S token ntlm key=0 verb="Authorization" len=88`, "offer NTLM",
			`S continue code=0x191 name="Unauthorized" text="Unauthorized" key=0`,
			`C token ntlm key=0 verb="Authorization" len=90`,
			`S accepted code=0x193 name="Forbidden" text="Forbidden" key=0`}},
		{"refused with a KRB-ERROR", []turn{
			fromClient(get(negotiate)),
			fromServer(answer("401 Unauthorized", "www-authenticate: negotiate "+b64(spnegoErr)+"\r\n", empty)),
		}, []string{host, sent, fmt.Sprintf(`S token kerberos accept-incomplete key=0 verb="Authorization" len=%d`, len(spnegoErr)), "offer negotiate", refused}},
		{"SPNEGO reject", []turn{
			fromClient(get(negotiate)),
			fromServer(answer("401 Unauthorized", "WWW-Authenticate: Negotiate "+b64(spnegoNo)+"\r\n", empty)),
		}, []string{host, sent, `S token state reject key=0 verb="Authorization" len=9`, "offer Negotiate", refused}},
		{"several challenges in one header, folded", []turn{
			fromClient(get()),
			fromServer(answer("401 Unauthorized", "WWW-Authenticate: Basic realm=\"a, Digest b\",\r\n Negotiate, Digest realm=\"x\", nonce=\"y\"\r\n", empty)),
		}, []string{host, "offer Basic Negotiate Digest"}},
		{"token in a folded header", []turn{
			fromClient(get("Authorization:\r\n\tNegotiate " + b64(spnegoReq) + "\r\n")),
			fromServer(answer("200 OK", empty)),
		}, []string{host, sent, accepted}},
		{"too long for the server", []turn{
			fromClient(get(negotiate)), fromServer(answer("400 Bad Request", empty)),
		}, []string{host, sent, `S refused code=0x190 name="Bad Request" text="Bad Request" key=0`}},
		{"a server in trouble says nothing", []turn{
			fromClient(get(negotiate)), fromServer(answer("503 Service Unavailable", empty)),
		}, []string{host, sent}},
		{"proxy and server at once", []turn{
			fromClient(get("Proxy-Authorization: Negotiate "+b64(gssAPReq)+"\r\n", negotiate)),
			fromServer(answer("407 Proxy Authentication Required", "Proxy-Authenticate: Negotiate\r\n", empty)),
			fromClient(get("Proxy-Authorization: Kerberos "+b64(gssAPReq)+"\r\n", negotiate)),
			fromServer(answer("401 Unauthorized", "WWW-Authenticate: Negotiate\r\n", empty)),
		}, []string{host,
			fmt.Sprintf(`C token kerberos key=1 verb="Proxy-Authorization" len=%d`, len(gssAPReq)), sent,
			"offer Negotiate", `S refused code=0x197 name="Proxy Authentication Required" text="Proxy Authentication Required" key=1`,
			fmt.Sprintf(`C token kerberos key=1 verb="Proxy-Authorization" len=%d`, len(gssAPReq)), sent,
			"offer Negotiate", refused,
			`S accepted code=0x191 name="Unauthorized" text="Unauthorized" key=1`}},
		{"Basic is told of once, its password never", []turn{
			fromClient(get("Authorization: Basic YWxpY2U6c2VjcmV0\r\n")), fromServer(answer("200 OK", empty)),
			fromClient(get("Authorization: Basic YWxpY2U6c2VjcmV0\r\n")), fromServer(answer("200 OK", empty)),
		}, []string{host, `C other BASIC verb="Authorization" keyed=false`, accepted, "C after auth"}},
		{"Basic at the proxy, Negotiate at the server", []turn{
			fromClient(get(negotiate, "Proxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n")), fromServer(answer("401 Unauthorized", "WWW-Authenticate: Negotiate\r\n", empty)),
		}, []string{host, sent, `C other BASIC verb="Proxy-Authorization" keyed=true`, "offer Negotiate", refused,
			`S accepted code=0x191 name="Unauthorized" text="Unauthorized" key=1`}},
		{"two tokens pipelined, one of them refused", []turn{
			fromClient(get(negotiate), get(negotiate)),
			fromServer(answer("200 OK", empty), answer("401 Unauthorized", "WWW-Authenticate: Negotiate\r\n", empty)),
			fromClient(get(negotiate)), fromServer(answer("200 OK", empty)),
		}, []string{host, sent, fmt.Sprintf(`C token kerberos key=2 verb="Authorization" len=%d`, len(spnegoReq)), accepted, "offer Negotiate",
			`S refused code=0x191 name="Unauthorized" text="Unauthorized" key=2`, sent, accepted}},
		{"pipelined, HEAD and 304 without bodies, 100 in between", []turn{
			fromClient("HEAD / HTTP/1.1\r\nHost: 10.0.0.1:80\r\n\r\n", get(), "POST /a HTTP/1.1\r\nContent-Length: 10\r\nExpect: 100-continue\r\n"+negotiate+"\r\n"),
			fromServer(answer("200 OK", "Content-Length: 1000\r\n"), answer("304 Not Modified", "Content-Length: 77\r\n"), answer("100 Continue")),
			fromClient("0123456789"),
			fromServer(answer("200 OK", empty)),
			fromClient(get("Authorization: Negotiate " + b64(gssAPReq) + "\r\n")), fromServer(answer("204 No Content")),
		}, []string{host, sent, accepted, fmt.Sprintf(`C token kerberos key=0 verb="Authorization" len=%d`, len(gssAPReq)),
			`S accepted code=0xcc name="No Content" text="No Content" key=0`}},
		{"CONNECT", []turn{
			fromClient("CONNECT hub-1.contoso.com:443 HTTP/1.1\r\nProxy-Authorization: Negotiate " + b64(gssAPReq) + "\r\n\r\n"),
			fromServer(answer("200 Connection established")), fromServer("\x16\x03\x01"),
		}, []string{fmt.Sprintf(`C token kerberos key=1 verb="Proxy-Authorization" len=%d`, len(gssAPReq)),
			`S accepted code=0xc8 name="OK" text="Connection established" key=1`, "tunnel hub-1.contoso.com:443"}},
		{"CONNECT after 407, HTTP/1.0", []turn{
			fromClient("CONNECT hub-1.contoso.com:443 HTTP/1.0\r\nHost: hub-1.contoso.com\r\n\r\n"),
			fromServer(answer("407 Proxy Authentication Required", "Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM, Basic realm=\"p\"\r\n", empty)),
			fromClient("CONNECT hub-1.contoso.com:443 HTTP/1.0\r\nProxy-Authorization: Negotiate " + b64(spnegoReq) + "\r\n\r\n"),
			fromServer("HTTP/1.0 407 Denied\r\nProxy-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n"),
		}, []string{"offer Negotiate NTLM Basic", fmt.Sprintf(`C token kerberos key=1 verb="Proxy-Authorization" len=%d`, len(spnegoReq)), "offer Negotiate",
			`S refused code=0x197 name="Proxy Authentication Required" text="Denied" key=1`}},
		{"by way of a proxy", []turn{fromClient("GET http://web-1.contoso.com/ HTTP/1.1\r\nHost: web-1.contoso.com\r\n" + negotiate + "\r\n"), fromServer(answer("200 OK", empty))},
			[]string{sent, accepted}},
		{"WinRM", []turn{
			fromClient("POST /wsman HTTP/1.1\r\nHost: hub-1.contoso.com:5985\r\n" + negotiate + "Content-Length: 0\r\n\r\n"),
			fromServer(answer("200 ", "WWW-Authenticate: Negotiate "+b64(spnegoRep)+"\r\n", empty)),
			fromClient("POST /wsman HTTP/1.1\r\nContent-Type: multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"Encrypted Boundary\"\r\nContent-Length: 5\r\n\r\nabcde"),
		}, []string{host, sent, fmt.Sprintf(`S token kerberos accept-completed key=0 verb="Authorization" len=%d`, len(spnegoRep)),
			`S accepted code=0xc8 name="OK" text="" key=0`, "C after auth"}},
		{"WinRM: a fault that only who was let in can read", []turn{
			fromClient("POST /wsman HTTP/1.1\r\nAuthorization: Kerberos " + b64(gssAPReq) + "\r\nContent-Type: multipart/encrypted;protocol=\"application/HTTP-Kerberos-session-encrypted\"\r\nContent-Length: 3\r\n\r\nabc"),
			fromServer(answer("500 Internal Server Error", "Content-Type: multipart/encrypted;protocol=\"application/HTTP-Kerberos-session-encrypted\"\r\n", empty)),
		}, []string{fmt.Sprintf(`C token kerberos key=0 verb="Authorization" len=%d`, len(gssAPReq)),
			`S accepted code=0x1f4 name="Internal Server Error" text="Internal Server Error" key=0`, "S after auth"}},
		{"a KDC proxy", []turn{
			fromClient("POST /KdcProxy HTTP/1.1\r\nContent-Length: ", fmt.Sprint(len(kdcProxy(rawASReq))), "\r\n\r\n", kdcProxy(rawASReq)),
			fromServer(answer("200 OK", "Content-Type: application/kerberos\r\nContent-Length: "+fmt.Sprint(len(kdcProxy(rawKrbErr)))+"\r\n"), kdcProxy(rawKrbErr)),
			fromClient("POST /kdcproxy HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd"), fromServer(answer("502 Bad Gateway", empty)),
		}, []string{"C message 6a at=57+49", fmt.Sprintf("S message 7e at=%d+%d", 85, len(rawKrbErr))}},
		{"upgrade", []turn{fromClient(get("Upgrade: x\r\n")), fromServer(answer("101 Switching Protocols"))}, []string{host, "ignore"}},
		{"body to the end", []turn{fromClient(get()), fromServer(answer("200 OK"), strings.Repeat("x", 5000))}, []string{host}},
		{"large answer ends it", []turn{
			fromClient(get(negotiate)), fromServer(answer("200 OK", "Content-Length: 1000000\r\n"), "xxx"),
		}, []string{host, sent, accepted, "idle"}},
	} {
		t.Run(c.name, func(t *testing.T) { talk(t, openHTTP, c.want, c.turns...) })
	}
}

func TestHTTPGaps(t *testing.T) {
	negotiate := "Authorization: Negotiate " + b64(spnegoReq) + "\r\n"
	sent := fmt.Sprintf(`C token kerberos key=0 verb="Authorization" len=%d`, len(spnegoReq))
	whole := get(negotiate)
	for _, c := range []struct {
		name  string
		turns []turn
		want  []string
	}{
		{"begins in a body", []turn{
			fromClient(`{"a":1}POST /x HTTP/1.1` + "\r\n" + negotiate + "\r\n"), fromServer("</html>", answer("401 Unauthorized", "Content-Length: 0\r\n")),
		}, []string{sent, `S refused code=0x191 name="Unauthorized" text="Unauthorized" key=0`}},
		{"gap in a body of known length", []turn{
			fromClient(get(negotiate)), fromServer(answer("200 OK", "Content-Length: 3000\r\n"), strings.Repeat("a", 1000)),
			fromServer(strings.Repeat("HTTP/1.1 ", 111), "b", answer("401 Unauthorized", "WWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n")).lost(1000),
		}, []string{"S name hub-1.contoso.com (http-host)", sent, `S accepted code=0xc8 name="OK" text="OK" key=0`, "offer Negotiate"}},
		{"gap in a token", []turn{
			fromClient(whole[:500]), fromClient(whole[600:], get(negotiate)).lost(100),
		}, []string{"S name hub-1.contoso.com (http-host)", `C token kerberos cut key=0 verb="Authorization" len=323`,
			fmt.Sprintf(`C token kerberos key=2 verb="Authorization" len=%d`, len(spnegoReq))}},
		{"the answer alone", []turn{
			fromServer(answer("401 Unauthorized", "WWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n"), answer("200 OK", "WWW-Authenticate: Negotiate "+b64(spnegoRep)+"\r\n")),
		}, []string{"offer Negotiate", fmt.Sprintf(`S token kerberos accept-completed key=0 verb="Authorization" len=%d`, len(spnegoRep)),
			`S accepted code=0xc8 name="OK" text="OK" key=0`}},
	} {
		t.Run(c.name, func(t *testing.T) { talk(t, openHTTP, c.want, c.turns...) })
	}
	t.Run("begins within a head", func(t *testing.T) { // what a resync sees depends on the segments here
		require.Equal(t, []string{sent, `S accepted code=0xc8 name="OK" text="OK" key=0`},
			play(openHTTP, 0, fromClient("cept: x\r\n"+negotiate+"\r\n"), fromServer(answer("200 OK", "Content-Length: 0\r\n"))))
	})
}

func TestProbeHTTP(t *testing.T) {
	for _, c := range []struct {
		up, down string
		want     verdict
	}{
		{"GET / HTTP/1.1\r\n", "", yes},
		{"RPC_IN_DATA /rpc/rpcproxy.dll HTTP/1.1\r\n", "", yes},
		{"GET / HT", "", needMore},
		{"", "HTTP/1.1 200 OK\r\n", yes},
		{"", "HTTP/1.", needMore},
		{"HTTP/1.1 200 OK\r\n", "", no},
		{"HTTP/1.1 200 OK\r\n", "GET / HTTP/1.1\r\n", no},
		{"x\r\nAuthorization: Negotiate YII", "", yes},
		{"EHLO mailbox\r\n", "220 x\r\n", no},
		{"INVITE sip:x SIP/2.0\r\n", "", no},
		{"PRI * HTTP/2.0\r\n\r\n", "", no},
		{"\x16\x03\x01", "", no},
	} {
		assert.Equal(t, c.want, probeHTTP([]byte(c.up), []byte(c.down), 4711), "%q %q", c.up, c.down)
	}
}

func FuzzHTTP(f *testing.F) {
	f.Add(script(fromClient(get("Authorization: Negotiate "+b64(spnegoReq)+"\r\n")), fromServer(answer("401 Unauthorized", "WWW-Authenticate: Negotiate, NTLM\r\nContent-Length: 3\r\n"), "abc")))
	f.Add(script(fromServer(answer("200 OK", "Transfer-Encoding: chunked\r\n"), "5\r\nhello\r\n0\r\n\r\n").lost(1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		hostile(t, openHTTP, b)
		probeHTTP(b, nil, 80)
		probeHTTP(nil, b, 80)
	})
}

func BenchmarkHTTP(b *testing.B) {
	req := []byte(get("Accept: */*\r\nUser-Agent: curl/7.88\r\n", "Authorization: Negotiate "+b64(spnegoReq)+"\r\n"))
	f := &fakeWire{}
	p := newHTTP(f)
	b.SetBytes(int64(len(req)))
	b.ReportAllocs()
	for b.Loop() {
		f.in[toServer], f.events = req, f.events[:0]
		p.feed(toServer)
		p.pending = p.pending[:0]
	}
}
