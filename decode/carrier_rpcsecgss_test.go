package decode

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func openONC(s wire) parser { return newONC(s) }

func xdrWords(words ...uint32) (b []byte) {
	for _, w := range words {
		b = binary.BigEndian.AppendUint32(b, w)
	}
	return b
}

func xdrOpaque(data []byte) []byte {
	b := append(xdrWords(uint32(len(data))), data...)
	return append(b, make([]byte, -len(data)&3)...)
}

func joined(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// gssCall makes a call to NFS 4 with a credential of RPCSEC_GSS.
func gssCall(xid, proc uint32, handle string, args []byte) []byte {
	rpcProc := uint32(0)
	if proc == gssProcData {
		rpcProc = 1
	}
	return joined(xdrWords(xid, 0, 2, 100003, 4, rpcProc, oncGSS), xdrOpaque(joined(xdrWords(1, proc, 7, 1), xdrOpaque([]byte(handle)))), xdrWords(oncNone, 0), args)
}

func gssInit(xid uint32, tok []byte) []byte { return gssCall(xid, gssProcInit, "", xdrOpaque(tok)) }

func oncAnswer(xid, flavor, stat uint32, body []byte) []byte {
	verf := []byte(nil)
	if flavor == oncGSS {
		verf = make([]byte, 28)
	}
	return joined(xdrWords(xid, 1, 0, flavor), xdrOpaque(verf), xdrWords(stat), body)
}

func gssInitRes(xid uint32, handle string, major, minor uint32, tok []byte) []byte {
	flavor := uint32(oncNone)
	if major == 0 {
		flavor = oncGSS
	}
	return oncAnswer(xid, flavor, 0, joined(xdrOpaque([]byte(handle)), xdrWords(major, minor, 128), xdrOpaque(tok)))
}

func oncDenied(xid, stat uint32) []byte { return xdrWords(xid, 1, 1, rejectAuth, stat) }

// oncRecord makes a record of fragments of at most size bytes.
func oncRecord(size int, b []byte) string {
	var out []byte
	for {
		n := min(size, len(b))
		mark := uint32(n)
		if n == len(b) {
			mark |= 1 << 31
		}
		out = append(append(out, xdrWords(mark)...), b[:n]...)
		if b = b[n:]; len(b) == 0 {
			return string(out)
		}
	}
}

func oneRecord(b []byte) string { return oncRecord(len(b), b) }

func TestRPCSECGSS(t *testing.T) {
	tok := func(side, what, verb string, key, n int) string {
		return fmt.Sprintf(`%s token %s key=%d verb=%q len=%d`, side, what, key, verb, n)
	}
	asked := tok("C", "kerberos", "NFS RPCSEC_GSS", 1, len(gssAPReq))
	answered := tok("S", "kerberos", "NFS RPCSEC_GSS", 1, len(gssAPRep))
	complete := `S accepted code=0x0 name="GSS_S_COMPLETE" text="" key=1`
	null := oneRecord(joined(xdrWords(1, 0, 2, 100003, 4, 0, oncNone, 0, oncNone, 0)))
	write := oneRecord(gssCall(50, gssProcData, "ctx1", make([]byte, 9000)))
	var bulk []turn
	for range quietONCBytes / 9000 {
		bulk = append(bulk, fromClient(write))
	}
	gssapi := func(xid, proc, message uint32, body []byte) []byte {
		return joined(xdrWords(xid, 0, 2, 2112, 2, proc, oncGSSAPI), xdrOpaque(joined(xdrWords(4, message), xdrOpaque(nil))), xdrWords(oncNone, 0), body)
	}
	for _, c := range []struct {
		name  string
		turns []turn
		want  []string
	}{
		{"a context, then data", []turn{
			fromClient(null, oneRecord(gssInit(2, gssAPReq))),
			fromServer(oneRecord(oncAnswer(1, oncNone, 0, nil)), oneRecord(gssInitRes(2, "ctx1", 0, 0, gssAPRep))),
			fromClient(oneRecord(gssCall(3, gssProcData, "ctx1", make([]byte, 60)))),
			fromServer(oneRecord(oncAnswer(3, oncGSS, 0, make([]byte, 60)))),
		}, []string{asked, answered, complete, "C after auth"}},
		{"much data ends in rest", append(append([]turn{
			fromClient(oneRecord(gssInit(2, gssAPReq))),
			fromServer(oneRecord(gssInitRes(2, "ctx1", 0, 0, gssAPRep)))}, bulk...), fromClient(write, write)), []string{asked, answered, complete, "C after auth", "idle"}},
		{"in fragments", []turn{
			fromClient(oncRecord(300, gssInit(2, gssAPReq))), fromServer(oncRecord(50, gssInitRes(2, "ctx1", 0, 0, gssAPRep))),
		}, []string{asked, answered, complete}},
		{"refused by major and minor status", []turn{
			fromClient(oneRecord(gssInit(2, gssAPReq))),
			fromServer(oneRecord(gssInitRes(2, "", 13<<16, krb5Minor+41, nil))),
		}, []string{asked, `S refused code=0xd0000 name="GSS_S_FAILURE" text="minor status KRB_AP_ERR_MODIFIED (41)" key=1`}},
		{"denied, and a call that is not implemented", []turn{
			fromClient(oneRecord(gssInit(2, gssAPReq)), oneRecord(gssInit(3, gssAPReq))),
			fromServer(oneRecord(oncDenied(2, 13)), oneRecord(oncAnswer(3, oncNone, 3, nil))),
		}, []string{asked, tok("C", "kerberos", "NFS RPCSEC_GSS", 2, len(gssAPReq)),
			`S refused code=0xd name="RPCSEC_GSS_CREDPROBLEM" text="" key=1`,
			`S refused code=0x3 name="PROC_UNAVAIL" text="" key=2`}},
		{"two contexts at once, one in two legs", []turn{
			fromClient(oneRecord(gssInit(2, negInit(ntlmToken(1), oidNTLM))), oneRecord(gssInit(3, gssAPReq))),
			fromServer(oneRecord(gssInitRes(3, "b", 0, 0, gssAPRep)), oneRecord(gssInitRes(2, "a", 1, 0, negResp(1, ntlmToken(2))))),
			fromClient(oneRecord(gssCall(4, gssProcContinue, "a", xdrOpaque(negResp(1, ntlmToken(3)))))),
			fromServer(oneRecord(gssInitRes(4, "a", 0, 0, negResp(0, nil)))),
		}, []string{
			tok("C", "ntlm", "NFS RPCSEC_GSS", 1, 122), tok("C", "kerberos", "NFS RPCSEC_GSS", 2, len(gssAPReq)),
			tok("S", "kerberos", "NFS RPCSEC_GSS", 2, len(gssAPRep)),
			`S accepted code=0x0 name="GSS_S_COMPLETE" text="" key=2`,
			tok("S", "ntlm accept-incomplete", "NFS RPCSEC_GSS", 1, 101),
			`S continue code=0x1 name="GSS_S_CONTINUE_NEEDED" text="" key=1`,
			tok("C", "ntlm accept-incomplete", "NFS RPCSEC_GSS", 1, 103),
			tok("S", "state accept-completed", "NFS RPCSEC_GSS", 1, 9),
			complete,
		}},
		{"a context that the server has no more", []turn{
			fromClient(oneRecord(gssInit(2, gssAPReq))), fromServer(oneRecord(gssInitRes(2, "ctx1", 0, 0, gssAPRep))),
			fromClient(oneRecord(gssCall(3, gssProcData, "ctx1", make([]byte, 60)))), fromServer(oneRecord(oncDenied(3, 14))),
			fromClient(oneRecord(gssCall(4, 3, "ctx1", nil))),
		}, []string{asked, answered, complete, "C after auth", `S refused code=0xe name="RPCSEC_GSS_CTXPROBLEM" text="" key=0`}},
		{"AUTH_GSSAPI of kadmin", []turn{
			fromClient(oneRecord(gssapi(2, 1, 1, joined(xdrWords(4), xdrOpaque(gssAPReq))))),
			fromServer(oneRecord(oncAnswer(2, oncNone, 0, joined(xdrWords(4), xdrOpaque([]byte("h1")), xdrWords(0, 0), xdrOpaque(gssAPRep), xdrOpaque(wrapToken))))),
			fromClient(oneRecord(gssapi(3, 5, 0, make([]byte, 40)))),
		}, []string{tok("C", "kerberos", "kadmin AUTH_GSSAPI", 1, len(gssAPReq)), tok("S", "kerberos", "kadmin AUTH_GSSAPI", 1, len(gssAPRep)), complete, "C after auth"}},
		{"the server alone, in mid-stream", []turn{
			fromServer(oneRecord(oncAnswer(1, oncNone, 0, make([]byte, 100))), oneRecord(gssInitRes(2, "ctx1", 0, 0, gssAPRep))),
		}, []string{tok("S", "kerberos", "RPCSEC_GSS", 1, len(gssAPRep)), complete}},
		{"a record broken off", []turn{
			fromClient(oncRecord(len(gssInit(2, gssAPReq)), append(gssInit(2, gssAPReq), 0))[:4+len(gssInit(2, gssAPReq))], "\x7f\xff\x00\x00", oneRecord(gssInit(3, gssAPReq))),
		}, []string{asked, tok("C", "kerberos", "NFS RPCSEC_GSS", 2, len(gssAPReq))}},
		{"gap in a token, and found again behind it", []turn{
			fromClient(oneRecord(gssInit(2, gssAPReq))[:400]),
			fromClient(oneRecord(gssInit(2, gssAPReq))[450:], oneRecord(gssInit(3, gssAPReq))).lost(50),
		}, []string{tok("C", "kerberos cut", "NFS RPCSEC_GSS", 1, 400-4-24-8-20-8-4), tok("C", "kerberos", "NFS RPCSEC_GSS", 2, len(gssAPReq))}},
	} {
		t.Run(c.name, func(t *testing.T) { talk(t, openONC, c.want, c.turns...) })
	}
}

func TestGSSStatus(t *testing.T) {
	for major, want := range map[uint32]string{0: "GSS_S_COMPLETE", 1: "GSS_S_CONTINUE_NEEDED", 1 << 16: "GSS_S_BAD_MECH", 18 << 16: "GSS_S_NAME_NOT_MN",
		13<<16 | 1: "GSS_S_FAILURE", 2 << 24: "GSS_S_CALL_INACCESSIBLE_WRITE", 99 << 16: ""} {
		assert.Equal(t, want, gssMajorName(major), "%#x", major)
	}
	assert.Equal(t, "minor status KRB_AP_ERR_SKEW (37)", gssMinorText(krb5Minor+37))
	assert.Equal(t, "minor status 0x000186a3", gssMinorText(100003))
	assert.Empty(t, gssMinorText(0))
}

func TestProbeONC(t *testing.T) {
	init := oneRecord(gssInit(2, gssAPReq))
	for _, c := range []struct {
		up, down string
		want     verdict
	}{
		{init, "", yes},
		{init[:12], "", needMore},
		{"", init, no},
		{oncRecord(300, gssInit(2, gssAPReq)), "", yes},
		{"", oneRecord(gssInitRes(2, "ctx1", 0, 0, gssAPRep)), yes},
		{"", oneRecord(oncDenied(2, 13)), yes},
		{oneRecord(xdrWords(1, 0, 2, 100000, 2, 0, oncNone, 0, oncNone, 0)), "", yes},
		{"GET / HTTP/1.1\r\n\r\n", "", no},
		{"\x00\x00\x01\x00\x6c\x81\xfd\x30\x81\xfa", "", no},
		{string(make([]byte, 64)), "", no},
	} {
		assert.Equal(t, c.want, probeONC([]byte(c.up), []byte(c.down), 4711), "%.20q %.20q", c.up, c.down)
	}
}

func TestRPCSECGSSOverUDP(t *testing.T) {
	u := newUDPScene(t)
	u.send(2049, true, xdrWords(1, 0, 2, 100003, 3, 0, oncNone, 0, oncNone, 0))
	u.send(2049, false, oncAnswer(1, oncNone, 0, nil))
	u.send(2049, true, gssInit(2, gssAPReq))
	u.send(2049, true, gssInit(2, gssAPReq))
	u.send(2049, false, gssInitRes(2, "ctx1", 0, 0, gssAPRep))
	u.send(2049, true, gssCall(3, gssProcData, "ctx1", make([]byte, 60)))
	u.send(2049, false, oncDenied(3, 14))
	u.send(2049, true, gssInit(4, gssAPReq))
	u.send(2049, false, oncDenied(4, 13))
	u.d.Close()
	require.Len(t, u.r.sessions, 1)
	s := u.r.sessions[0]
	assert.Equal(t, "rpcsec_gss", s.Carrier)
	require.Len(t, s.Attempts, 2)
	assert.Equal(t, Accepted, s.Attempts[0].Result.Outcome)
	assert.Equal(t, "RPCSEC_GSS_CREDPROBLEM", s.Attempts[1].Result.CodeName)
	assert.EqualValues(t, 6, s.AfterAuth)
	require.Len(t, u.r.exchanges, 2)
	assert.Equal(t, OK, u.r.exchanges[0].Ending)
	assert.Equal(t, 1, u.r.exchanges[0].Resent)
	assert.Equal(t, Denied, u.r.exchanges[1].Ending)
}

func FuzzRPCSECGSS(f *testing.F) {
	f.Add(script(fromClient(oneRecord(gssInit(2, gssAPReq)), oncRecord(300, gssInit(3, gssAPReq)), oneRecord(gssCall(3, gssProcData, "ctx1", make([]byte, 60)))),
		fromServer(oneRecord(gssInitRes(2, "ctx1", 0, 0, gssAPRep)), oneRecord(oncDenied(3, 14)))))
	f.Add(script(fromServer(oneRecord(gssInitRes(2, "ctx1", 1, 0, gssAPRep)))))
	f.Fuzz(func(t *testing.T, b []byte) {
		whole(t, openONC, b)
		probeONC(b, nil, 2049)
		probeONC(nil, b, 2)
		if oncDatagram(b) {
			newONC(&fakeWire{in: [2][]byte{b, b}}).datagram(dir(b[7]&1), b)
		}
	})
}

func BenchmarkProbeONC(b *testing.B) {
	in := []byte(oneRecord(gssInit(2, gssAPReq)))
	b.ReportAllocs()
	for b.Loop() {
		if probeONC(in, nil, 2049) != yes {
			b.Fatal("not known")
		}
	}
}

// A datagram of another protocol costs one comparison more.
func BenchmarkONCDatagram(b *testing.B) {
	in := make([]byte, 1200)
	b.ReportAllocs()
	for b.Loop() {
		if oncDatagram(in) {
			b.Fatal("passed")
		}
	}
}
