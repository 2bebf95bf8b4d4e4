package decode

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func openAMQP(s wire) parser { return newAMQP(s) }

// amqpMethod is a method frame of 0-9-1.
func amqpMethod(class, method uint16, args ...[]byte) string {
	var body []byte
	body = binary.BigEndian.AppendUint16(body, class)
	body = binary.BigEndian.AppendUint16(body, method)
	for _, a := range args {
		body = append(body, a...)
	}
	b := binary.BigEndian.AppendUint32([]byte{1, 0, 0}, uint32(len(body)))
	return string(append(append(b, body...), 0xce))
}

func amqpLong(s []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(s))), s...)
}
func amqpShort(s string) []byte { return append([]byte{byte(len(s))}, s...) }

// amqpSASL is a SASL frame of 1.0 whose list has the given fields.
func amqpSASL(code byte, fields ...[]byte) string {
	var list []byte
	for _, f := range fields {
		list = append(list, f...)
	}
	body := append([]byte{0, 0x53, code, 0xd0}, binary.BigEndian.AppendUint32(nil, uint32(len(list)+4))...)
	body = binary.BigEndian.AppendUint32(body, uint32(len(fields)))
	body = append(body, list...)
	return string(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+8)), append([]byte{2, 1, 0, 0}, body...)...))
}

func amqpBinary(b []byte) []byte { return append([]byte{0xb0}, amqpLong(b)...) }
func amqpSymbol(s string) []byte { return append([]byte{0xa3}, amqpShort(s)...) }

func TestAMQP(t *testing.T) {
	const v, offer = "GSSAPI", "offer GSSAPI PLAIN"
	const head10, head09 = "AMQP\x03\x01\x00\x00", "AMQP\x00\x00\x09\x01"
	mechs := fromServer(head10, amqpSASL(0x40, append([]byte{0xe0, 15, 2, 0xa3}, "\x06GSSAPI\x05PLAIN"...)))
	start := fromServer(amqpMethod(10, 10, []byte{0, 9}, amqpLong([]byte("\x07product")), amqpLong([]byte("GSSAPI PLAIN")), amqpLong([]byte("en_US"))))
	more := func(name string) string { return `S continue code=0x0 name="` + name + `" text="" key=0` }
	startOK := func(mech string, tok []byte) turn {
		return fromClient(amqpMethod(10, 11, amqpLong([]byte("props")), amqpShort(mech), amqpLong(tok), amqpShort("en_US")))
	}
	for _, c := range []struct {
		name  string
		turns []turn
		want  []string
	}{
		{"1.0, accepted, used", []turn{
			fromClient(head10), mechs, fromClient(amqpSASL(0x41, amqpSymbol("GSSAPI"), amqpBinary(gssAPReq), append([]byte{0xa1}, amqpShort("broker")...))),
			fromServer(amqpSASL(0x42, amqpBinary(gssAPRep))), fromClient(amqpSASL(0x43, []byte{0xa0, 0})), fromServer(amqpSASL(0x42, amqpBinary(wrapToken))),
			fromClient(amqpSASL(0x43, amqpBinary(wrapToken))), fromServer(amqpSASL(0x44, []byte{0x50, 0})), fromClient("AMQP\x00\x01\x00\x00"),
		}, []string{offer, told(toServer, "kerberos", v, gssAPReq), told(toClient, "kerberos", v, gssAPRep), more("challenge"),
			told(toClient, "wrap", v, wrapToken), more("challenge"), told(toServer, "wrap", v, wrapToken), `S accepted code=0x0 name="ok" text="" key=0`, "C after auth", "idle"}},
		{"1.0, refused", []turn{fromClient(head10, amqpSASL(0x41, amqpSymbol("GSSAPI"), amqpBinary(gssAPReq))), mechs, fromServer(amqpSASL(0x44, []byte{0x50, 1}))},
			[]string{told(toServer, "kerberos", v, gssAPReq), offer, `S refused code=0x1 name="auth" text="" key=0`}},
		{"1.0, a password", []turn{fromClient(amqpSASL(0x41, amqpSymbol("PLAIN"), amqpBinary([]byte("\x00a\x00b")))), fromServer(amqpSASL(0x44, []byte{0x50, 4}))},
			[]string{`C other PLAIN verb="PLAIN"`, `S refused code=0x4 name="sys-temp" text="" key=0`}},
		{"1.0, one mechanism, an empty list", []turn{fromServer(amqpSASL(0x40, amqpSymbol("GSSAPI")), "\x00\x00\x00\x0c\x02\x01\x00\x00\x00\x53\x40\x45")}, []string{"offer GSSAPI"}},
		{"TLS", []turn{fromClient("AMQP\x02\x01\x00\x00"), fromServer("AMQP\x02\x01\x00\x00"), fromClient("\x16\x03\x01\x00\xff\x01")}, []string{"C TLS"}},
		{"0-9-1, accepted, used", []turn{
			fromClient(head09), start, startOK("GSSAPI", gssAPReq), fromServer(amqpMethod(10, 20, amqpLong(gssAPRep))), fromClient(amqpMethod(10, 21, amqpLong(nil))),
			fromServer(amqpMethod(10, 20, amqpLong(wrapToken))), fromClient(amqpMethod(10, 21, amqpLong(wrapToken))), fromServer(amqpMethod(10, 30, make([]byte, 8))),
			fromClient(amqpMethod(10, 31, make([]byte, 8))), fromClient(amqpMethod(10, 40, amqpShort("/"))),
		}, []string{offer, told(toServer, "kerberos", v, gssAPReq), told(toClient, "kerberos", v, gssAPRep), more("secure"), told(toClient, "wrap", v, wrapToken), more("secure"),
			told(toServer, "wrap", v, wrapToken), `S accepted code=0x0 name="tune" text="" key=0`, "C after auth", "idle"}},
		{"0-9-1, refused", []turn{start, startOK("GSSAPI", gssAPReq), fromServer(amqpMethod(10, 50, []byte{1, 147}, amqpShort("ACCESS_REFUSED - Login was refused"), make([]byte, 4)))},
			[]string{offer, told(toServer, "kerberos", v, gssAPReq), `S refused code=0x193 name="ACCESS_REFUSED" text="Login was refused" key=0`}},
		{"begins behind the header", []turn{fromClient("\x00\xff", amqpMethod(10, 21, amqpLong(gssAPReq))), fromServer("junk", amqpMethod(10, 30, make([]byte, 8)))},
			[]string{told(toServer, "kerberos", "", gssAPReq), `S accepted code=0x0 name="tune" text="" key=0`}},
		{"the answer was lost", []turn{startOK("GSSAPI", gssAPReq), fromServer(amqpMethod(10, 30, make([]byte, 8))).lost(9)}, []string{told(toServer, "kerberos", v, gssAPReq)}},
		{"the frame is cut", []turn{startOK("GSSAPI", gssAPReq[:300]), fromClient("xx").lost(2)}, []string{told(toServer, "kerberos cut", v, gssAPReq[:300])}},
		{"nonsense", []turn{fromClient("AMQP\x09zzzz\x01\x00\x00\xff\xff\xff\xff\x00\x0a")}, nil},
	} {
		t.Run(c.name, func(t *testing.T) { talk(t, openAMQP, c.want, c.turns...) })
	}
	t.Run("the server closes", func(t *testing.T) { // the other end may close later
		f := &fakeWire{}
		p := newAMQP(f)
		f.in[toServer] = startOK("GSSAPI", gssAPReq).data
		p.feed(toServer)
		f.closed[toClient] = true
		p.feed(toClient)
		require.Equal(t, []string{told(toServer, "kerberos", v, gssAPReq), `S refused code=0x0 name="connection closed" text="" key=0`}, f.events)
	})
}

func TestProbeAMQP(t *testing.T) {
	for _, c := range []struct {
		up, down string
		want     verdict
	}{
		{"AMQP\x03\x01\x00\x00", "", yes},
		{"AMQP\x00\x00\x09\x01", "", yes},
		{"AMQP\x01\x01\x08\x00", "", yes},
		{"AM", "", needMore},
		{"AMQPLUS", "", needMore},
		{"AMQPLUS!", "", no},
		{"", amqpMethod(10, 10, make([]byte, 9)), yes},
		{"", amqpMethod(20, 10, make([]byte, 9)), no},
		{amqpSASL(0x41, amqpSymbol("GSSAPI")), "", yes},
		{"GET / HTTP/1.1\r\n", "", no},
		{"\x00\x00\x00\x85\xfeSMB", "", no},
	} {
		assert.Equal(t, c.want, probeAMQP([]byte(c.up), []byte(c.down), 4711), "%.20q %.20q", c.up, c.down)
	}
}

func FuzzAMQP(f *testing.F) {
	f.Add(script(fromClient("AMQP\x03\x01\x00\x00", amqpSASL(0x41, amqpSymbol("GSSAPI"), amqpBinary(gssAPReq))), fromServer(amqpSASL(0x42, amqpBinary(gssAPRep)), amqpSASL(0x44, []byte{0x50, 0}))))
	f.Add(script(fromServer(amqpMethod(10, 10, []byte{0, 9}, amqpLong(nil), amqpLong([]byte("GSSAPI")))), fromClient(amqpMethod(10, 11, amqpLong(nil), amqpShort("GSSAPI"), amqpLong(gssAPReq))), fromServer(amqpMethod(10, 50, []byte{1, 147}, amqpShort("x")))))
	f.Fuzz(func(t *testing.T, b []byte) {
		splitting(t, openAMQP, b)
		probeAMQP(b, nil, 5672)
		probeAMQP(nil, b, 5672)
	})
}

func BenchmarkAMQPFrame(b *testing.B) {
	benchmarkParser(b, openAMQP, toServer, amqpMethod(60, 40, make([]byte, 200)))
}
