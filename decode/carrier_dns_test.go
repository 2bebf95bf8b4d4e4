package decode

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode/flow"
)

func openDNS(s wire) parser { return newDNS(s) }

func dnsLabels(name string) (b []byte) {
	for len(name) > 0 {
		n := 0
		for n < len(name) && name[n] != '.' {
			n++
		}
		b = append(append(b, byte(n)), name[:n]...)
		name = name[min(n+1, len(name)):]
	}
	return append(b, 0)
}

func dnsRecord(name string, typ uint16, data []byte) []byte {
	b := binary.BigEndian.AppendUint16(dnsLabels(name), typ)
	b = append(b, 0, 255, 0, 0, 0, 0)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(data))), data...)
}

// tkeyRecord makes a TKEY record.
func tkeyRecord(name string, mode, code uint16, key []byte) []byte {
	b := append(dnsLabels("gss-tsig"), 0x60, 0, 0, 0, 0x60, 1, 0x51, 0x80)
	b = binary.BigEndian.AppendUint16(b, mode)
	b = binary.BigEndian.AppendUint16(b, code)
	b = binary.BigEndian.AppendUint16(b, uint16(len(key)))
	return dnsRecord(name, dnsTKEY, append(append(b, key...), 0, 0))
}

func tsigRecord(name, algorithm string, mac int, code uint16) []byte {
	b := append(dnsLabels(algorithm), 0, 0, 0x60, 0, 0, 0, 1, 44)
	b = binary.BigEndian.AppendUint16(b, uint16(mac))
	b = append(append(b, make([]byte, mac)...), 0x12, 0x34)
	b = binary.BigEndian.AppendUint16(b, code)
	return dnsRecord(name, dnsTSIG, append(b, 0, 0))
}

// dnsWhole makes a message with one question; an and ar are its answers and
// additional records.
func dnsWhole(id, flags uint16, question string, qtype uint16, an, ar [][]byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, id)
	b = binary.BigEndian.AppendUint16(b, flags)
	b = append(b, 0, 1, 0, byte(len(an)), 0, 0, 0, byte(len(ar)))
	b = append(b, dnsLabels(question)...)
	b = binary.BigEndian.AppendUint16(b, qtype)
	b = append(b, 0, 1)
	for _, r := range append(an, ar...) {
		b = append(b, r...)
	}
	return b
}

const tkeyName = "1234.sig-dc1.contoso.com"

func tkeyQuery(id uint16, name string, tok []byte) []byte {
	return dnsWhole(id, 0, name, dnsTKEY, nil, [][]byte{tkeyRecord(name, tkeyGSS, 0, tok)})
}

func tkeyReply(id, rcode uint16, name string, code uint16, tok []byte) []byte {
	return dnsWhole(id, 0x8400|rcode, name, dnsTKEY, [][]byte{tkeyRecord(name, tkeyGSS, code, tok)}, [][]byte{tsigRecord(name, "gss-tsig", 28, 0)})
}

func update(id, flags uint16, records ...[]byte) []byte {
	return dnsWhole(id, 0x2800|flags, "contoso.com", dnsSOA, nil, records)
}

func overTCP(b []byte) string {
	return string(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
}

func TestDNSCarrier(t *testing.T) {
	sig := func(name string, code uint16) []byte { return tsigRecord(name, "gss-tsig", 28, code) }
	c1, c2 := dnsContext(tkeyName), dnsContext("5678.sig-dc1.contoso.com")
	query := dnsWhole(7, 0x100, "www.contoso.com", dnsA, nil, nil)
	tok := func(side, what string, c uint64, n int) string {
		return fmt.Sprintf(`%s token %s key=%d verb="TKEY" len=%d`, side, what, c, n)
	}
	said := func(outcome string, code int, name, text string, c uint64) string {
		return fmt.Sprintf(`S %s code=%#x name=%q text=%q key=%d`, outcome, code, name, text, c)
	}
	u := func(id uint16) uint64 { return dnsUpdateKey(tkeyName, id) }
	for _, c := range []struct {
		name  string
		turns []turn
		want  []string
	}{
		{"TKEY, then an update", []turn{
			fromClient(overTCP(query), overTCP(tkeyQuery(1, tkeyName, spnegoReq))),
			fromServer(overTCP(dnsWhole(7, 0x8180, "www.contoso.com", dnsA, nil, nil)), overTCP(tkeyReply(1, 0, tkeyName, 0, spnegoRep))),
			fromClient(overTCP(update(2, 0, sig(tkeyName, 0)))),
			fromServer(overTCP(update(2, 0x8000, sig(tkeyName, 0)))),
		}, []string{
			tok("C", "kerberos", c1, len(spnegoReq)),
			tok("S", "kerberos accept-completed", c1, len(spnegoRep)),
			said("accepted", 0, "NOERROR", "", c1),
			"C after auth",
			`C other gss-tsig verb="UPDATE" keyed=true`,
			said("accepted", 0, "NOERROR", "", u(2)),
		}},
		{"two contexts at once, one refused; the case of a name does not matter", []turn{
			fromClient(overTCP(tkeyQuery(1, tkeyName, gssAPReq)), overTCP(tkeyQuery(2, "5678.sig-dc1.contoso.com", gssAPReq))),
			fromServer(overTCP(tkeyReply(2, 0, "5678.SIG-DC1.contoso.com", 17, nil)), overTCP(tkeyReply(1, 0, tkeyName, 0, gssAPRep))),
		}, []string{
			tok("C", "kerberos", c1, len(gssAPReq)),
			tok("C", "kerberos", c2, len(gssAPReq)),
			said("refused", 17, "BADKEY", "", c2),
			tok("S", "kerberos", c1, len(gssAPRep)),
			said("accepted", 0, "NOERROR", "", c1),
		}},
		{"refused without a TKEY record", []turn{
			fromClient(overTCP(tkeyQuery(1, tkeyName, gssAPReq))),
			fromServer(overTCP(dnsWhole(1, 0x8005, tkeyName, dnsTKEY, nil, nil))),
		}, []string{tok("C", "kerberos", c1, len(gssAPReq)), said("refused", 5, "REFUSED", "", c1)}},
		{"NTLM in two legs", []turn{
			fromClient(overTCP(tkeyQuery(1, tkeyName, negInit(ntlmToken(1), oidNTLM)))),
			fromServer(overTCP(tkeyReply(1, 0, tkeyName, 0, negResp(1, ntlmToken(2))))),
			fromClient(overTCP(tkeyQuery(2, tkeyName, negResp(1, ntlmToken(3))))),
			fromServer(overTCP(tkeyReply(2, 0, tkeyName, 0, negResp(0, nil)))),
		}, []string{
			tok("C", "ntlm", c1, 122),
			tok("S", "ntlm accept-incomplete", c1, 101),
			said("continue", 0, "NOERROR", "", c1),
			tok("C", "ntlm accept-incomplete", c1, 103),
			tok("S", "state accept-completed", c1, 9),
			said("accepted", 0, "NOERROR", "", c1),
		}},
		{"words on updates", []turn{
			fromClient(overTCP(update(1, 0)), overTCP(update(2, 0, sig(tkeyName, 0))), overTCP(update(3, 0, sig(tkeyName, 0))),
				overTCP(update(4, 0, sig(tkeyName, 0))), overTCP(update(5, 0, sig(tkeyName, 0))), overTCP(update(6, 0, tsigRecord("k", "hmac-sha256", 32, 0)))),
			fromServer(overTCP(update(1, 0x8000)), overTCP(update(2, 0x8005, sig(tkeyName, 0))), overTCP(update(3, 0x8009, tsigRecord(tkeyName, "gss-tsig", 0, 16))),
				overTCP(update(4, 0x8009, sig(tkeyName, 0))), overTCP(update(5, 0x8008, sig(tkeyName, 0))), overTCP(update(6, 0x8005))),
		}, []string{
			"C after auth", `C other gss-tsig verb="UPDATE" keyed=true`,
			"C after auth", `C other gss-tsig verb="UPDATE" keyed=true`,
			"C after auth", `C other gss-tsig verb="UPDATE" keyed=true`,
			"C after auth", `C other gss-tsig verb="UPDATE" keyed=true`,
			"S anonymous",
			said("refused", 5, "REFUSED", "", u(2)),
			said("refused", 16, "BADSIG", "NOTAUTH", u(3)),
			said("accepted", 8, "NXRRSET", "", u(5)),
		}},
		{"the server alone, in mid-stream", []turn{
			fromServer(overTCP(tkeyReply(1, 0, tkeyName, 0, gssAPRep))),
		}, []string{tok("S", "kerberos", c1, len(gssAPRep)), said("accepted", 0, "NOERROR", "", c1)}},
		{"gap in a token, and found again behind it", []turn{
			fromClient(overTCP(tkeyQuery(1, tkeyName, gssAPReq))[:300]),
			fromClient(overTCP(tkeyQuery(1, tkeyName, gssAPReq))[350:], overTCP(tkeyQuery(2, tkeyName, gssAPReq))).lost(50),
		}, []string{tok("C", "kerberos cut", c1, 300-2-12-30-36-24), tok("C", "kerberos", c1, len(gssAPReq))}},
	} {
		t.Run(c.name, func(t *testing.T) { talk(t, openDNS, c.want, c.turns...) })
	}
	quiet := []turn{fromServer(overTCP(dnsWhole(7, 0x8180, "www.contoso.com", dnsA, nil, nil)))}
	for range quietDNS {
		quiet = append(quiet, quiet[0])
	}
	talk(t, openDNS, []string{"idle"}, quiet...)
}

func TestDNSKeyed(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []byte
		want bool
	}{
		{"query for TKEY", tkeyQuery(1, tkeyName, gssAPReq), true},
		{"answer with an error only", dnsWhole(1, 0x8005, tkeyName, dnsTKEY, nil, nil), true},
		{"update", update(1, 0), true},
		{"query for an address", dnsWhole(1, 0x100, "www.contoso.com", dnsA, nil, [][]byte{dnsRecord("", 41, make([]byte, 100))}), false},
		{"answer with an address", dnsMsg(0x8180, "\x03hub\x00", dnsA, [3]string{"\xc0\x0c", "\x01", "\x0a\x4d\x00\x14"}), false},
		{"a pointer in the question", append(dnsWhole(1, 0, "", 0, nil, nil)[:12], "\xc0\x0c\x00\xf9\x00\xff"+string(make([]byte, 100))...), false},
		{"nothing", nil, false},
	} {
		assert.Equal(t, c.want, dnsKeyed(c.in, len(c.in)), c.name)
	}
}

func TestProbeDNS(t *testing.T) {
	query := overTCP(dnsWhole(7, 0x100, "www.contoso.com", dnsA, nil, nil))
	for _, c := range []struct {
		up, down string
		port     uint16
		want     verdict
	}{
		{query, "", 53, yes},
		{query, "", 5300, no},
		{"", query, 53, no},
		{query[:6], "", 53, needMore},
		{overTCP(tkeyQuery(1, tkeyName, gssAPReq)), "", 5300, yes},
		{overTCP(tkeyQuery(1, tkeyName, gssAPReq))[:20], "", 5300, needMore},
		{"", overTCP(tkeyReply(1, 0, tkeyName, 0, gssAPRep)), 5300, yes},
		{"GET / HTTP/1.1\r\n\r\n", "", 53, no},
	} {
		assert.Equal(t, c.want, probeDNS([]byte(c.up), []byte(c.down), c.port), "%.20q %.20q", c.up, c.down)
	}
}

// udpScene sends datagrams through a decoder, a second after each other.
type udpScene struct {
	t  *testing.T
	r  *recorder
	d  *Decoder
	id uint32
}

func newUDPScene(t *testing.T) *udpScene {
	r := &recorder{}
	d := New(Options{}, r)
	d.stat = d.statsOf(0)
	return &udpScene{t: t, r: r, d: d}
}

func (u *udpScene) send(port uint16, fromClient bool, b []byte) {
	p := &flow.Packet{Src: flow.IPFrom(netip.MustParseAddr("10.0.0.30")), Dst: flow.IPFrom(netip.MustParseAddr("10.0.0.20")),
		SrcPort: 40000, DstPort: port, Proto: 17, HasPorts: true, Payload: b, PayloadWire: uint32(len(b))}
	if !fromClient {
		p.Src, p.Dst, p.SrcPort, p.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
	}
	u.id++
	p.IPID = u.id
	u.d.frame, u.d.now = u.d.frame+1, u.d.now+second
	u.d.lastTime = u.d.now
	if gateUDP(p) {
		u.d.datagram(p, []FrameID{u.d.frame})
	}
}

func TestDNSOverUDP(t *testing.T) {
	u := newUDPScene(t)
	ask := tkeyQuery(1, tkeyName, gssAPReq)
	u.send(53, true, dnsWhole(9, 0x100, "hub.contoso.com", dnsA, nil, nil))
	u.send(53, false, dnsMsg(0x8180, "\x03hub\x00", dnsA, [3]string{"\xc0\x0c", "\x01", "\x0a\x4d\x00\x14"}))
	u.send(53, true, ask)
	u.send(53, true, ask) // again
	u.send(53, false, tkeyReply(1, 0, tkeyName, 0, gssAPRep))
	u.send(53, true, tkeyQuery(2, "other", gssAPReq))
	u.send(53, false, tkeyReply(2, 0, "other", 17, nil))
	u.send(53, true, update(3, 0, tsigRecord(tkeyName, "gss-tsig", 28, 0)))
	u.send(53, false, update(3, 0x8005, tsigRecord(tkeyName, "gss-tsig", 28, 0)))
	u.d.Close()

	require.Len(t, u.r.sightings, 1)
	assert.Equal(t, "hub", u.r.sightings[0].Name)
	require.Len(t, u.r.sessions, 1)
	s := u.r.sessions[0]
	assert.Equal(t, "dns", s.Carrier)
	require.Len(t, s.Attempts, 3)
	for i, want := range []string{"kerberos TKEY accepted NOERROR", "kerberos TKEY refused BADKEY", "gss-tsig UPDATE refused REFUSED"} {
		a := s.Attempts[i]
		require.NotNil(t, a.Result)
		assert.Equal(t, want, fmt.Sprint(a.Mech, " ", a.Verb, " ", a.Result.Outcome, " ", a.Result.CodeName))
	}
	require.Len(t, u.r.exchanges, 2)
	ok, denied := u.r.exchanges[0], u.r.exchanges[1]
	assert.Equal(t, OK, ok.Ending)
	assert.Equal(t, 1, ok.Resent)
	assert.Equal(t, UDP, ok.Transport)
	assert.Equal(t, Denied, denied.Ending)
	requests := 0
	for _, m := range u.r.messages {
		assert.Equal(t, UDP, m.Transport)
		if m.Krb != nil && m.Type().String() == "AP-REQ" {
			requests++
		}
	}
	assert.Equal(t, 3, requests, "a row for each that was sent")
}

// A question that nothing answers, and one whose answers are not in the
// capture.
func TestDNSOverUDPUnanswered(t *testing.T) {
	for _, heard := range []bool{false, true} {
		u := newUDPScene(t)
		if heard {
			u.send(88, false, nil)
		}
		u.send(53, true, tkeyQuery(1, tkeyName, gssAPReq))
		for range 60 {
			u.send(9999, true, nil)
		}
		u.d.Close()
		require.Len(t, u.r.exchanges, 1)
		want := NotCaptured
		if heard {
			want = Unanswered
		}
		assert.Equal(t, want, u.r.exchanges[0].Ending)
	}
}

func TestTalksAreBounded(t *testing.T) {
	u := newUDPScene(t)
	p := &flow.Packet{Src: flow.IPFrom(netip.MustParseAddr("10.0.0.30")), Dst: flow.IPFrom(netip.MustParseAddr("10.0.0.20")),
		DstPort: 53, Proto: 17, HasPorts: true, Payload: tkeyQuery(1, tkeyName, gssAPReq)}
	for i := range maxTalks + 10 {
		p.SrcPort = uint16(1024 + i)
		u.d.frame++
		u.d.datagram(p, []FrameID{u.d.frame})
		require.LessOrEqual(t, len(u.d.talks.of), maxTalks)
	}
	assert.NotEmpty(t, u.d.stat.Limits)
	u.d.Close()
	assert.Len(t, u.r.sessions, maxTalks+10)
}

func FuzzDNSCarrier(f *testing.F) {
	f.Add(script(fromClient(overTCP(tkeyQuery(1, tkeyName, gssAPReq)), overTCP(update(2, 0, tsigRecord(tkeyName, "gss-tsig", 28, 0)))),
		fromServer(overTCP(tkeyReply(1, 0, tkeyName, 0, gssAPRep)), overTCP(update(2, 0x8005)))))
	f.Add(script(fromServer(overTCP(tkeyReply(1, 0, tkeyName, 17, nil)), "\x01\x00garbage")))
	f.Fuzz(func(t *testing.T, b []byte) {
		whole(t, openDNS, b)
		probeDNS(b, nil, 53)
		probeDNS(nil, b, 2)
		dnsKeyed(b, len(b))
		readDNSKeys(b)
	})
}

func BenchmarkDNSGate(b *testing.B) {
	p := &flow.Packet{SrcPort: 40000, DstPort: 53, Payload: dnsWhole(1, 0x100, "a.rather.long.name.of.a.host.contoso.com", dnsA, nil, [][]byte{dnsRecord("", 41, nil)})}
	b.ReportAllocs()
	for b.Loop() {
		if gateUDP(p) {
			b.Fatal("passed")
		}
	}
}

func BenchmarkProbeDNS(b *testing.B) {
	in := []byte(overTCP(tkeyQuery(1, tkeyName, gssAPReq)))
	b.ReportAllocs()
	for b.Loop() {
		if probeDNS(in, nil, 5300) != yes {
			b.Fatal("not known")
		}
	}
}
