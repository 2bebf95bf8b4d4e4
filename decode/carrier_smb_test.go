package decode

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func openSMB(s wire) parser { return newSMB(s) }

var le = binary.LittleEndian

// nbss puts a message behind its four bytes of length.
func nbss(b []byte) string {
	return string([]byte{0, byte(len(b) >> 16), byte(len(b) >> 8), byte(len(b))}) + string(b)
}

func smb2Message(command uint16, reply bool, status uint32, message, session uint64, body []byte) []byte {
	h := make([]byte, 64)
	copy(h, smb2ID)
	le.PutUint16(h[4:], 64)
	le.PutUint32(h[8:], status)
	le.PutUint16(h[12:], command)
	if reply {
		h[16] = 1
	}
	le.PutUint64(h[24:], message)
	le.PutUint64(h[40:], session)
	return append(h, body...)
}

// withBuffer is a body of a fixed size whose offset and length at offset at
// describe buf behind it.
func withBuffer(size, at int, buf []byte) []byte {
	b := make([]byte, size)
	le.PutUint16(b, uint16(size+1))
	le.PutUint16(b[at:], uint16(64+size))
	le.PutUint16(b[at+2:], uint16(len(buf)))
	return append(b, buf...)
}

func negotiated(blob []byte) string {
	return nbss(smb2Message(smb2Negotiate, true, 0, 0, 0, withBuffer(64, 56, blob)))
}

func setupRequest(message, session uint64, tok []byte) string {
	return nbss(smb2Message(smb2SessionSetup, false, 0, message, session, withBuffer(24, 12, tok)))
}

func setupResponse(status uint32, message, session uint64, flags uint16, tok []byte) string {
	body := withBuffer(8, 4, tok)
	le.PutUint16(body[2:], flags)
	return nbss(smb2Message(smb2SessionSetup, true, status, message, session, body))
}

func smb2Failure(status uint32, command uint16, message, session uint64) string {
	return nbss(smb2Message(command, true, status, message, session, []byte{9, 0, 0, 0, 0, 0, 0, 0, 0}))
}

func treeConnect(message, session uint64, path string) string {
	return nbss(smb2Message(smb2TreeConnect, false, 0, message, session, withBuffer(8, 4, utf16Bytes(path))))
}

func TestSMB2(t *testing.T) {
	tok := func(who string, what string, key, n int) string {
		return fmt.Sprintf(`%s token %s key=%d verb="" len=%d`, who, what, key, n)
	}
	const more = `S continue code=0xc0000016 name="STATUS_MORE_PROCESSING_REQUIRED" text="" key=%d`
	const ok = `S accepted code=0x0 name="STATUS_SUCCESS" text="" key=%d`
	const failed = `S refused code=0xc000006d name="STATUS_LOGON_FAILURE" text="" key=%d`
	offer := "offer MS-Kerberos Kerberos NTLM"
	data := nbss(smb2Message(8, false, 0, 9, 7, make([]byte, 60000)))
	for _, c := range []struct {
		name  string
		turns []turn
		want  []string
	}{
		{"accepted with AP-REP, share", []turn{
			fromServer(negotiated(spnegoHint)),
			fromClient(setupRequest(1, 0, spnegoReq)),
			fromServer(setupResponse(0, 1, 7, 0, spnegoRep)),
			fromClient(treeConnect(2, 7, `\\hub-1.contoso.com\data`), nbss(smb2Message(5, false, 0, 3, 7, make([]byte, 57)))),
		}, []string{offer, tok("C", "kerberos", 1, len(spnegoReq)), tok("S", "kerberos accept-completed", 1, len(spnegoRep)), fmt.Sprintf(ok, 1),
			"C after auth", "S name hub-1.contoso.com (smb)"}},
		{"refused without a token, then NTLM", []turn{
			fromClient(setupRequest(1, 0, spnegoReq)),
			fromServer(smb2Failure(0xc000006d, 1, 1, 7)),
			fromClient(setupRequest(2, 0, negInit(ntlmToken(1), oidNTLM))),
			fromServer(setupResponse(0xc0000016, 2, 9, 0, negResp(1, ntlmToken(2)))),
			fromClient(setupRequest(3, 9, negResp(1, ntlmToken(3)))),
			fromServer(setupResponse(0, 3, 9, 0, negResp(0, nil))),
		}, []string{tok("C", "kerberos", 1, len(spnegoReq)), fmt.Sprintf(failed, 1),
			tok("C", "ntlm", 2, 122), tok("S", "ntlm accept-incomplete", 2, 101), fmt.Sprintf(more, 2),
			tok("C", "ntlm accept-incomplete", 2, 103), tok("S", "state accept-completed", 2, 9), fmt.Sprintf(ok, 2)}},
		{"a KRB-ERROR that wants a second try", []turn{
			fromClient(setupRequest(1, 0, spnegoReq)),
			fromServer(setupResponse(0xc0000016, 1, 7, 0, spnegoErr)),
			fromClient(setupRequest(2, 7, spnegoReq)),
			fromServer(setupResponse(0, 2, 7, 0, spnegoRep)),
		}, []string{tok("C", "kerberos", 1, len(spnegoReq)), tok("S", "kerberos accept-incomplete", 1, len(spnegoErr)), fmt.Sprintf(more, 1),
			tok("C", "kerberos", 1, len(spnegoReq)), tok("S", "kerberos accept-completed", 1, len(spnegoRep)), fmt.Sprintf(ok, 1)}},
		{"two in flight", []turn{
			fromClient(setupRequest(1, 0, spnegoReq), setupRequest(2, 0, negInit(gssAPReq, oidKerberos))),
			fromServer(nbss(smb2Message(smb2SessionSetup, true, 0x103, 2, 8, make([]byte, 9))), smb2Failure(0xc000006d, 1, 2, 8), setupResponse(0, 1, 7, 0, spnegoRep)),
		}, []string{tok("C", "kerberos", 1, len(spnegoReq)), tok("C", "kerberos", 2, len(negInit(gssAPReq, oidKerberos))),
			fmt.Sprintf(failed, 2), tok("S", "kerberos accept-completed", 1, len(spnegoRep)), fmt.Sprintf(ok, 1)}},
		{"a session renewed while another waits", []turn{
			fromClient(setupRequest(1, 0, spnegoReq)), fromServer(setupResponse(0, 1, 7, 0, spnegoRep)),
			fromClient(setupRequest(2, 0, spnegoReq), setupRequest(3, 7, spnegoReq)),
			fromServer(smb2Failure(0xc000006d, 1, 2, 0), setupResponse(0, 3, 7, 0, spnegoRep)),
		}, []string{tok("C", "kerberos", 1, len(spnegoReq)), tok("S", "kerberos accept-completed", 1, len(spnegoRep)), `S accepted code=0x0 name="STATUS_SUCCESS" text="" key=1`,
			tok("C", "kerberos", 2, len(spnegoReq)), tok("C", "kerberos", 3, len(spnegoReq)), `S refused code=0xc000006d name="STATUS_LOGON_FAILURE" text="" key=2`,
			tok("S", "kerberos accept-completed", 3, len(spnegoRep)), `S accepted code=0x0 name="STATUS_SUCCESS" text="" key=3`}},
		{"null session", []turn{
			fromClient(setupRequest(1, 0, negResp(1, ntlmToken(3)))),
			fromServer(setupResponse(0, 1, 7, smb2Null, nil)),
		}, []string{tok("C", "ntlm accept-incomplete", 1, 103), "S anonymous", fmt.Sprintf(ok, 1)}},
		{"encrypted from then on, data, and rest", []turn{
			fromClient(setupRequest(1, 0, spnegoReq)), fromServer(setupResponse(0, 1, 7, 4, spnegoRep)),
			fromClient(nbss(append([]byte(smbEncrypted), make([]byte, 100)...))),
			fromServer(nbss(append([]byte(smbPacked), make([]byte, 100)...))),
			fromClient(data, data, data, data, data),
		}, []string{tok("C", "kerberos", 1, len(spnegoReq)), tok("S", "kerberos accept-completed", 1, len(spnegoRep)), fmt.Sprintf(ok, 1), "C sealed", "C after auth", "idle"}},
		{"setup within a chain", []turn{
			fromClient(chain(smb2Message(5, false, 0, 1, 0, make([]byte, 56)), smb2Message(smb2SessionSetup, false, 0, 2, 0, withBuffer(24, 12, spnegoReq)))),
		}, []string{tok("C", "kerberos", 1, len(spnegoReq))}},
		{"NetBIOS session", []turn{
			fromClient("\x81\x00\x00\x44"+strings.Repeat("C", 68), setupRequest(1, 0, spnegoReq)),
			fromServer("\x82\x00\x00\x00", smb2Failure(0xc000006d, 1, 1, 7)),
		}, []string{tok("C", "kerberos", 1, len(spnegoReq)), fmt.Sprintf(failed, 1)}},
		{"the answer alone", []turn{fromServer(setupResponse(0xc0000016, 1, 7, 0, spnegoErr), smb2Failure(0xc000006d, 1, 2, 7))},
			[]string{tok("S", "kerberos accept-incomplete", 1, len(spnegoErr)), fmt.Sprintf(more, 1), fmt.Sprintf(failed, 1)}},
		{"the questions alone", []turn{fromClient(setupRequest(1, 0, negInit(ntlmToken(1), oidNTLM)), setupRequest(2, 7, negResp(1, ntlmToken(3))))},
			[]string{tok("C", "ntlm", 1, 122), tok("C", "ntlm accept-incomplete", 1, 103)}},
		{"gap in a token and in data", []turn{
			fromClient(setupRequest(1, 0, spnegoReq)[:500]),
			fromClient(setupRequest(1, 0, spnegoReq)[600:], data[:1000]).lost(100),
			fromClient(data[2000:], setupRequest(2, 0, spnegoReq)).lost(1000),
		}, []string{tok("C", "kerberos cut", 1, 408), tok("C", "kerberos", 2, len(spnegoReq))}},
	} {
		t.Run(c.name, func(t *testing.T) { talk(t, openSMB, c.want, c.turns...) })
	}
}

// chain joins messages by NextCommand.
func chain(msgs ...[]byte) string {
	var b []byte
	for i, m := range msgs {
		if i < len(msgs)-1 {
			le.PutUint32(m[20:], uint32(len(m)))
		}
		b = append(b, m...)
	}
	return nbss(b)
}

func smb1Bytes(command byte, reply bool, status uint32, uid, mid uint16, words, data []byte) string {
	b := make([]byte, 33)
	copy(b, smb1ID)
	b[4] = command
	le.PutUint32(b[5:], status)
	if reply {
		b[9] = 0x80
	}
	le.PutUint16(b[10:], 0xc801)
	le.PutUint16(b[28:], uid)
	le.PutUint16(b[30:], mid)
	b[32] = byte(len(words) / 2)
	b = append(b, words...)
	b = le.AppendUint16(b, uint16(len(data)))
	return nbss(append(b, data...))
}

func smb1Setup(uid, mid uint16, tok []byte) string {
	w := make([]byte, 24)
	le.PutUint16(w[14:], uint16(len(tok)))
	return smb1Bytes(smb1SessionSetup, false, 0, uid, mid, w, append(tok[:len(tok):len(tok)], "\x00U\x00n\x00"...))
}

func smb1Answer(status uint32, uid, mid uint16, tok []byte) string {
	w := make([]byte, 8)
	le.PutUint16(w[6:], uint16(len(tok)))
	return smb1Bytes(smb1SessionSetup, true, status, uid, mid, w, tok)
}

func smb1Hello(dialects string) string {
	return smb1Bytes(smb1Negotiate, false, 0, 0, 1, nil, []byte(dialects))
}

func TestSMB1(t *testing.T) {
	w := make([]byte, 34)
	w[22] = 0x80
	plain := func(lm, nt int) string {
		words := make([]byte, 26)
		le.PutUint16(words[14:], uint16(lm))
		le.PutUint16(words[16:], uint16(nt))
		return smb1Bytes(smb1SessionSetup, false, 0, 0, 5, words, make([]byte, lm+nt+1))
	}
	tree := make([]byte, 8)
	le.PutUint16(tree[6:], 1)
	talk(t, openSMB, []string{
		"offer MS-Kerberos Kerberos NTLM",
		fmt.Sprintf(`C token kerberos key=1 verb="" len=%d`, len(spnegoReq)),
		fmt.Sprintf(`S token kerberos accept-incomplete key=1 verb="" len=%d`, len(spnegoErr)),
		`S continue code=0xc0000016 name="STATUS_MORE_PROCESSING_REQUIRED" text="" key=1`,
		fmt.Sprintf(`C token kerberos key=1 verb="" len=%d`, len(spnegoReq)),
		fmt.Sprintf(`S token kerberos accept-completed key=1 verb="" len=%d`, len(spnegoRep)),
		`S accepted code=0x0 name="STATUS_SUCCESS" text="" key=1`,
		"S name hub-1 (smb)",
	},
		fromClient(smb1Hello("\x02NT LM 0.12\x00")),
		fromServer(smb1Bytes(smb1Negotiate, true, 0, 0, 1, w, append(make([]byte, 16), spnegoHint...))),
		fromClient(smb1Setup(0, 2, spnegoReq)), fromServer(smb1Answer(0xc0000016, 2048, 2, spnegoErr)),
		fromClient(smb1Setup(2048, 3, spnegoReq)), fromServer(smb1Answer(0, 2048, 3, spnegoRep)),
		fromClient(smb1Bytes(smb1TreeConnect, false, 0, 2048, 4, tree, append([]byte{0}, utf16Bytes("\\\\hub-1\\data\x00")...))),
	)
	talk(t, openSMB, []string{
		`C other LM/NTLM verb="SESSION_SETUP_ANDX"`,
		`S refused code=0xc000006d name="STATUS_LOGON_FAILURE" text="" key=0`,
		"S anonymous",
		`S accepted code=0x0 name="STATUS_SUCCESS" text="" key=0`,
	},
		fromClient(plain(24, 24)), fromServer(smb1Bytes(smb1SessionSetup, true, 0xc000006d, 0, 5, nil, nil)),
		fromClient(plain(1, 0)), fromServer(smb1Bytes(smb1SessionSetup, true, 0, 0, 5, make([]byte, 6), nil)))
}

func TestProbeSMB(t *testing.T) {
	both := smb1Hello("\x02NT LM 0.12\x00\x02SMB 2.002\x00\x02SMB 2.???\x00")
	old := smb1Hello("\x02NT LM 0.12\x00")
	oldReply := smb1Bytes(smb1Negotiate, true, 0, 0, 1, make([]byte, 34), make([]byte, 20))
	for _, c := range []struct {
		name       string
		up, down   string
		smb2, smb1 verdict
	}{
		{"SMB2", setupRequest(1, 0, spnegoReq), "", yes, no},
		{"SMB2 from the server", "", negotiated(spnegoHint), yes, no},
		{"the wrong way round", negotiated(spnegoHint), "", no, no},
		{"both offered, silent server", both, "", needMore, needMore},
		{"both offered, SMB2 chosen", both, negotiated(spnegoHint), yes, no},
		{"both offered, SMB1 chosen", both, oldReply, no, yes},
		{"both offered, one direction, SMB2 goes on", both + setupRequest(1, 0, spnegoReq), "", yes, no},
		{"both offered, one direction, SMB1 goes on", both + smb1Setup(0, 2, spnegoReq), "", no, yes},
		{"SMB1", old, "", no, yes},
		{"SMB1 reply the wrong way", oldReply, old, no, no},
		{"a few bytes", "\x00\x00\x01", "", needMore, needMore},
		{"Kerberos", marked(rawAPReq), "", no, no},
		{"NetBIOS first", "\x81\x00\x00\x44" + strings.Repeat("C", 68) + setupRequest(1, 0, spnegoReq), "\x82\x00\x00\x00", yes, no},
	} {
		assert.Equal(t, c.smb2, probeSMB2([]byte(c.up), []byte(c.down), 445), c.name)
		assert.Equal(t, c.smb1, probeSMB1([]byte(c.up), []byte(c.down), 445), c.name)
	}
}

func FuzzSMB(f *testing.F) {
	f.Add(script(fromServer(negotiated(spnegoHint)), fromClient(setupRequest(1, 0, spnegoReq)), fromServer(setupResponse(0, 1, 7, 0, spnegoRep)), fromClient(treeConnect(2, 7, `\\a\b`))))
	f.Add(script(fromClient(smb1Hello("\x02NT LM 0.12\x00"), smb1Setup(0, 2, spnegoReq)), fromServer(smb1Answer(0xc0000016, 2048, 2, spnegoErr)).lost(1)))
	f.Add(script(fromClient(chain(smb2Message(5, false, 0, 1, 0, make([]byte, 56)), smb2Message(1, false, 0, 2, 0, withBuffer(24, 12, spnegoReq))))))
	f.Fuzz(func(t *testing.T, b []byte) {
		hostile(t, openSMB, b)
		for _, port := range []uint16{139, 445} {
			probeSMB2(b, nil, port)
			probeSMB1(b, nil, port)
			probeSMB2(nil, b, port)
		}
	})
}

func TestSMBManySetups(t *testing.T) {
	var b strings.Builder
	for i := range 5 * maxSMBAuths {
		b.WriteString(setupRequest(uint64(i), 0, []byte{0x60, 0}))
	}
	f := &fakeWire{}
	p := newSMB(f)
	f.in[toServer] = []byte(b.String())
	p.feed(toServer)
	require.LessOrEqual(t, len(p.auths), maxSMBAuths)
	require.Len(t, f.events, 5*maxSMBAuths)
}
