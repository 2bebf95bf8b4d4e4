package decode

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A connection that only carries data is not followed for ever.
func TestParsersRest(t *testing.T) {
	data := nbss(smb2Message(8, false, 0, 9, 7, make([]byte, 60000)))
	request := rpcPDU(rpcRequest, 3, 3, make([]byte, 100), 0, 0, nil)
	for name, c := range map[string]struct {
		open  func(wire) parser
		turns []turn
	}{
		"smb2":     {openSMB, []turn{fromClient(strings.Repeat(data, 6))}},
		"ldap":     {openLDAP, []turn{fromClient(strings.Repeat(searchRequest(1), quietLDAP+2))}},
		"dcerpc":   {openDCERPC, []turn{fromClient(strings.Repeat(request, quietRPC+1))}},
		"http":     {openHTTP, []turn{fromServer(answer("200 OK", "Content-Length: 9000000\r\n"))}},
		"smtp":     {openSMTP, []turn{fromServer("354 go\r\n")}},
		"imap":     {openIMAP, []turn{fromClient(strings.Repeat("a NOOP\r\n", quietSASL+2))}},
		"pop":      {openPOP, []turn{fromClient(strings.Repeat("NOOP\r\n", quietSASL+2))}},
		"sieve":    {openSieve, []turn{fromClient(strings.Repeat("NOOP\r\n", quietSASL+2))}},
		"xmpp":     {openXMPP, []turn{fromClient(strings.Repeat("<iq/>", quietSASL+2))}},
		"amqp":     {openAMQP, []turn{fromClient(strings.Repeat(amqpMethod(60, 40, make([]byte, 9)), quietSASL+2))}},
		"smtpBDAT": {openSMTP, []turn{fromClient("EHLO \r\nBDAT 100000 LAST\r\n")}},
	} {
		events := play(c.open, 0, c.turns...)
		assert.Equal(t, []string{"idle"}, events, name)
	}
	assert.Empty(t, play(openSMB, 0, fromClient(data, data)))
}

func benchmarkParser(b *testing.B, open func(wire) parser, d dir, data string) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	in := []byte(data)
	f := &fakeWire{}
	p := open(f)
	for b.Loop() {
		if f.stopped {
			f.stopped, f.events = false, f.events[:0]
			p = open(f)
		}
		f.in[d] = in
		p.feed(d)
	}
}

func BenchmarkSMB2Data(b *testing.B) {
	benchmarkParser(b, openSMB, toServer, nbss(smb2Message(8, false, 0, 9, 7, make([]byte, 1000))))
}

func BenchmarkDCERPCRequest(b *testing.B) {
	benchmarkParser(b, openDCERPC, toServer, rpcPDU(rpcRequest, 3, 3, make([]byte, 1000), 0, 0, nil))
}

func BenchmarkLDAPSearch(b *testing.B) { benchmarkParser(b, openLDAP, toServer, searchRequest(1)) }

func BenchmarkHTTPRequest(b *testing.B) {
	benchmarkParser(b, openHTTP, toServer, get("Accept: */*\r\nUser-Agent: curl/7.88\r\nAccept-Encoding: gzip\r\n"))
}

func BenchmarkSMTPCommand(b *testing.B) {
	benchmarkParser(b, openSMTP, toServer, "NOOP this is a line of text\r\nEHLO \r\n")
}
