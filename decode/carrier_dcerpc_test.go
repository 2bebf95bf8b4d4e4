package decode

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func openDCERPC(s wire) parser { return newDCERPC(s) }

// rpcPDU builds a PDU in little endian; with a token it has a sec_trailer.
func rpcPDU(typ, flags byte, call uint32, body []byte, authType byte, ctx uint32, tok []byte) string {
	return rpcPDUIn(binary.LittleEndian, typ, flags, call, body, authType, ctx, tok)
}

func rpcPDUIn(order binary.AppendByteOrder, typ, flags byte, call uint32, body []byte, authType byte, ctx uint32, tok []byte) string {
	drep := byte(0x10)
	if order.String() == "BigEndian" {
		drep = 0
	}
	size := 16 + len(body)
	if tok != nil {
		size += 8 + len(tok)
	}
	b := []byte{5, 0, typ, flags, drep, 0, 0, 0}
	b = order.AppendUint16(b, uint16(size))
	b = order.AppendUint16(b, uint16(len(tok)))
	b = order.AppendUint32(b, call)
	b = append(b, body...)
	if tok != nil {
		b = append(b, authType, 6, 0, 0)
		b = append(order.AppendUint32(b, ctx), tok...)
	}
	return string(b)
}

func rpcFaultPDU(call, status uint32) string {
	body := make([]byte, 16)
	le.PutUint32(body[8:], status)
	return rpcPDU(rpcFault, 3, call, body, 0, 0, nil)
}

func TestDCERPC(t *testing.T) {
	items := make([]byte, 56) // of a bind: sizes, and one presentation context
	ack := make([]byte, 44)
	bind := func(authType byte, ctx uint32, tok []byte) turn {
		return fromClient(rpcPDU(rpcBind, 3, 1, items, authType, ctx, tok))
	}
	bindAck := func(authType byte, ctx uint32, tok []byte) turn {
		return fromServer(rpcPDU(rpcBindAck, 3, 1, ack, authType, ctx, tok))
	}
	alter := func(authType byte, ctx uint32, tok []byte) turn {
		return fromClient(rpcPDU(rpcAlter, 3, 2, items, authType, ctx, tok))
	}
	request := fromClient(rpcPDU(rpcRequest, 3, 3, make([]byte, 3000), rpcKerberos, 1, wrapToken))
	response := fromServer(rpcPDU(rpcResponse, 3, 3, make([]byte, 3000), rpcKerberos, 1, wrapToken))
	dce := negInit(rawAPReq, oidMSKrb, oidKerberos, oidNTLM)
	tok := func(who, what, verb string, key, n int) string {
		return fmt.Sprintf(`%s token %s key=%d verb=%q len=%d`, who, what, key, verb, n)
	}
	auth3 := func(ctx uint32, t []byte) turn {
		typ := byte(rpcKerberos)
		if t[0] == 'N' {
			typ = rpcNTLM
		}
		return fromClient(rpcPDU(rpcAuth3, 3, 2, make([]byte, 4), typ, ctx, t))
	}
	under := func(call, ctx uint32) turn {
		return fromClient(rpcPDU(rpcRequest, 3, call, make([]byte, 100), rpcKerberos, ctx, wrapToken))
	}
	legs := []string{tok("C", "kerberos", "bind", 1, len(rawAPReq)), tok("S", "kerberos", "", 1, len(rawAPRep)), `S continue code=0x0 name="bind_ack" text="" key=1`}
	legs = legs[:3:3]
	for _, c := range []struct {
		name  string
		turns []turn
		want  []string
	}{
		{"Kerberos in SPNEGO, three legs", []turn{
			bind(rpcSPNEGO, 5, dce), bindAck(rpcSPNEGO, 5, negResp(1, rawAPRep)),
			alter(rpcSPNEGO, 5, negResp(1, rawAPRep)), fromServer(rpcPDU(rpcAlterResp, 3, 2, ack, rpcSPNEGO, 5, negResp(0, nil))),
			request, response,
		}, []string{tok("C", "kerberos", "bind", 5, len(dce)), tok("S", "kerberos accept-incomplete", "", 5, 86), `S continue code=0x0 name="bind_ack" text="" key=5`,
			tok("C", "kerberos accept-incomplete", "alter_context", 5, 86), tok("S", "state accept-completed", "", 5, 9),
			`S accepted code=0x0 name="alter_context_resp" text="" key=5`, "C after auth", "idle"}},
		{"Kerberos alone, three legs", []turn{
			bind(rpcKerberos, 1, rawAPReq), bindAck(rpcKerberos, 1, rawAPRep),
			alter(rpcKerberos, 1, rawAPRep), fromServer(rpcPDU(rpcAlterResp, 3, 2, ack, 0, 0, nil)),
		}, []string{tok("C", "kerberos", "bind", 1, len(rawAPReq)), tok("S", "kerberos", "", 1, len(rawAPRep)), `S continue code=0x0 name="bind_ack" text="" key=1`,
			tok("C", "kerberos", "alter_context", 1, len(rawAPRep)), `S accepted code=0x0 name="alter_context_resp" text="" key=1`}},
		{"bind_nak", []turn{
			bind(rpcSPNEGO, 1, dce), fromServer(rpcPDU(rpcBindNak, 3, 1, []byte{9, 0, 1, 5, 0}, 0, 0, nil)),
		}, []string{tok("C", "kerberos", "bind", 1, len(dce)), `S refused code=0x9 name="invalid_checksum" text="bind_nak" key=1`}},
		{"KRB-ERROR in the bind_ack", []turn{
			bind(rpcKerberos, 1, gssAPReq), bindAck(rpcKerberos, 1, gssKrbErr),
		}, []string{tok("C", "kerberos", "bind", 1, len(gssAPReq)), tok("S", "kerberos", "", 1, len(gssKrbErr))}},
		{"SPNEGO reject in the bind_ack", []turn{
			bind(rpcSPNEGO, 1, dce), bindAck(rpcSPNEGO, 1, spnegoNo),
		}, []string{tok("C", "kerberos", "bind", 1, len(dce)), tok("S", "state reject", "", 1, 9), `S refused code=0x2 name="reject" text="bind_ack" key=1`}},
		{"fault in answer to alter_context", []turn{
			bind(rpcKerberos, 1, rawAPReq), bindAck(rpcKerberos, 1, rawAPRep), alter(rpcKerberos, 1, rawAPRep), fromServer(rpcFaultPDU(2, 5)),
		}, []string{tok("C", "kerberos", "bind", 1, len(rawAPReq)), tok("S", "kerberos", "", 1, len(rawAPRep)), `S continue code=0x0 name="bind_ack" text="" key=1`,
			tok("C", "kerberos", "alter_context", 1, len(rawAPRep)), `S refused code=0x5 name="ERROR_ACCESS_DENIED" text="fault" key=1`}},
		{"NTLM with auth3, served", []turn{
			bind(rpcNTLM, 2, ntlmToken(1)), bindAck(rpcNTLM, 2, ntlmToken(2)),
			fromClient(rpcPDU(rpcAuth3, 3, 1, make([]byte, 4), rpcNTLM, 2, ntlmToken(3))), request, response,
		}, []string{tok("C", "ntlm", "bind", 2, 88), tok("S", "ntlm", "", 2, 88), `S continue code=0x0 name="bind_ack" text="" key=2`,
			tok("C", "ntlm", "auth3", 2, 90), `S accepted code=0x0 name="response" text="" key=2`, "idle"}},
		{"NTLM with auth3, not served", []turn{
			bind(rpcNTLM, 2, ntlmToken(1)), bindAck(rpcNTLM, 2, ntlmToken(2)),
			fromClient(rpcPDU(rpcAuth3, 3, 1, make([]byte, 4), rpcNTLM, 2, ntlmToken(3))), request,
			fromServer(rpcFaultPDU(3, 0x1c010002)), fromServer(rpcFaultPDU(4, 0x721)),
		}, []string{tok("C", "ntlm", "bind", 2, 88), tok("S", "ntlm", "", 2, 88), `S continue code=0x0 name="bind_ack" text="" key=2`,
			tok("C", "ntlm", "auth3", 2, 90), `S refused code=0x721 name="RPC_S_SEC_PKG_ERROR" text="fault" key=2`}},
		{"server ignores the token", []turn{
			bind(rpcKerberos, 1, rawAPReq), fromServer(rpcPDU(rpcBindAck, 3, 1, ack, 0, 0, nil)), request, response,
		}, []string{tok("C", "kerberos", "bind", 1, len(rawAPReq)), `S accepted code=0x0 name="response" text="" key=1`, "idle"}},
		{"Netlogon secure channel", []turn{
			bind(rpcNetlogon, 1, []byte("\x00\x00\x00\x00\x03\x00\x00\x00CONTOSO\x00HUB-1\x00")), bindAck(rpcNetlogon, 1, make([]byte, 12)), request, response,
		}, []string{`C other Netlogon verb="bind" keyed=true`, `S accepted code=0x0 name="bind_ack" text="" key=1`, "C after auth", "idle"}},
		{"big endian", []turn{
			fromClient(rpcPDUIn(binary.BigEndian, rpcBind, 3, 1, items, rpcKerberos, 1, rawAPReq)),
			fromServer(rpcPDUIn(binary.BigEndian, rpcBindNak, 3, 1, []byte{0, 8, 1, 5, 0}, 0, 0, nil)),
		}, []string{tok("C", "kerberos", "bind", 1, len(rawAPReq)), `S refused code=0x8 name="authentication_type_not_recognized" text="bind_nak" key=1`}},
		{"token in fragments", []turn{
			fromClient(rpcPDU(rpcBind, 1, 1, items, rpcKerberos, 1, rawAPReq[:400]), rpcPDU(rpcBind, 2, 1, items, rpcKerberos, 1, rawAPReq[400:])),
		}, []string{tok("C", "kerberos", "bind", 1, len(rawAPReq))}},
		{"no authentication", []turn{
			fromClient(rpcPDU(rpcBind, 3, 1, items, 0, 0, nil)), fromServer(rpcPDU(rpcBindAck, 3, 1, ack, 0, 0, nil)), request, fromServer(rpcFaultPDU(3, 5)),
		}, nil},
		{"two contexts on one connection", []turn{
			bind(rpcKerberos, 1, rawAPReq), bindAck(rpcKerberos, 1, rawAPRep), alter(rpcKerberos, 2, rawAPReq), fromServer(rpcFaultPDU(2, 5)),
		}, []string{tok("C", "kerberos", "bind", 1, len(rawAPReq)), tok("S", "kerberos", "", 1, len(rawAPRep)), `S continue code=0x0 name="bind_ack" text="" key=1`,
			tok("C", "kerberos", "alter_context", 2, len(rawAPReq)), `S refused code=0x5 name="ERROR_ACCESS_DENIED" text="fault" key=2`}},
		{"the answers alone", []turn{
			bindAck(rpcKerberos, 1, rawAPRep), fromServer(rpcPDU(rpcAlterResp, 3, 2, ack, 0, 0, nil)), response,
		}, []string{tok("S", "kerberos", "", 1, len(rawAPRep)), `S continue code=0x0 name="bind_ack" text="" key=1`,
			`S accepted code=0x0 name="response" text="" key=1`, "idle"}},
		{"begins within a PDU", []turn{
			fromClient("\x05\x05\x00\x05stub data", rpcPDU(rpcAlter, 3, 2, items, rpcKerberos, 1, rawAPReq)),
			fromServer("\x05 more", rpcPDU(rpcBindNak, 3, 1, []byte{9, 0, 1, 5, 0}, 0, 0, nil)),
		}, []string{tok("C", "kerberos", "alter_context", 1, len(rawAPReq)), `S refused code=0x9 name="invalid_checksum" text="bind_nak" key=0`}},
		{"gap in a token and in a request", []turn{
			fromClient(rpcPDU(rpcBind, 3, 1, items, rpcKerberos, 1, rawAPReq)[:500]),
			fromClient(rpcPDU(rpcBind, 3, 1, items, rpcKerberos, 1, rawAPReq)[520:], string(request.data[:100])).lost(20),
			fromClient(string(request.data[200:]), rpcPDU(rpcBind, 3, 1, items, rpcKerberos, 1, rawAPReq)).lost(100),
		}, []string{tok("C", "kerberos cut", "bind", 1, 420), tok("C", "kerberos", "bind", 1, len(rawAPReq))}},
		{"Kerberos with auth3, as Samba's client", []turn{
			bind(rpcKerberos, 1, rawAPReq), bindAck(rpcKerberos, 1, rawAPRep),
			fromClient(rpcPDU(rpcAuth3, 3, 1, make([]byte, 4), rpcKerberos, 1, rawAPRep)), request, response,
		}, append(legs, tok("C", "kerberos", "auth3", 1, len(rawAPRep)), `S accepted code=0x0 name="response" text="" key=1`, "idle")},
		{"two contexts, the first served is the first", []turn{
			bind(rpcKerberos, 1, rawAPReq), bindAck(rpcKerberos, 1, rawAPRep), auth3(1, rawAPRep),
			alter(rpcKerberos, 2, rawAPReq), fromServer(rpcPDU(rpcAlterResp, 3, 2, ack, rpcKerberos, 2, rawAPRep)), auth3(2, rawAPRep),
			under(7, 1), under(8, 2), fromServer(rpcFaultPDU(8, 0x721)), fromServer(rpcPDU(rpcResponse, 3, 7, make([]byte, 30), rpcKerberos, 1, wrapToken)),
		}, append(legs, tok("C", "kerberos", "auth3", 1, len(rawAPRep)),
			tok("C", "kerberos", "alter_context", 2, len(rawAPReq)), tok("S", "kerberos", "", 2, len(rawAPRep)), `S continue code=0x0 name="alter_context_resp" text="" key=2`,
			tok("C", "kerberos", "auth3", 2, len(rawAPRep)),
			`S refused code=0x721 name="RPC_S_SEC_PKG_ERROR" text="fault" key=2`, `S accepted code=0x0 name="response" text="" key=1`, "idle")},
		{"alter_context to another mechanism under the same id", []turn{
			bind(rpcKerberos, 1, rawAPReq), bindAck(rpcKerberos, 1, rawAPRep), alter(rpcNTLM, 1, ntlmToken(1)),
			fromServer(rpcPDU(rpcAlterResp, 3, 2, ack, rpcNTLM, 1, ntlmToken(2))), auth3(1, ntlmToken(3)), request, response,
		}, append(legs, tok("C", "ntlm", "alter_context", 1, 88), tok("S", "ntlm", "", 1, 88), `S continue code=0x0 name="alter_context_resp" text="" key=1`,
			tok("C", "ntlm", "auth3", 1, 90), `S accepted code=0x0 name="response" text="" key=1`, "idle")},
		{"padded, with many presentation contexts", []turn{
			fromClient(rpcPDU(rpcBind, 3, 1, append(make([]byte, 12+3*44), 0, 0, 0), rpcKerberos, 1, rawAPReq)),
		}, legs[:1]},
		{"an object in the request", []turn{
			bind(rpcKerberos, 1, rawAPReq), bindAck(rpcKerberos, 1, rawAPRep), auth3(1, rawAPRep),
			fromClient(rpcPDU(rpcRequest, 0x83, 3, make([]byte, 24+16+100), rpcKerberos, 1, wrapToken)), response,
		}, append(legs, tok("C", "kerberos", "auth3", 1, len(rawAPRep)), `S accepted code=0x0 name="response" text="" key=1`, "idle")},
		{"big endian fault", []turn{
			fromClient(rpcPDUIn(binary.BigEndian, rpcBind, 3, 1, items, rpcKerberos, 1, rawAPReq)),
			fromServer(rpcPDUIn(binary.BigEndian, rpcFault, 3, 1, []byte{0, 0, 0, 0, 0, 0, 0, 0, 0x1c, 1, 0, 11, 0, 0, 0, 0}, 0, 0, nil)),
		}, append(legs[:1:1], `S refused code=0x1c01000b name="nca_s_proto_error" text="fault" key=1`)},
		{"a token longer than a segment", []turn{
			fromClient(rpcPDU(rpcBind, 3, 1, items, rpcKerberos, 1, krbMessage(0x6e, 40_000))),
		}, []string{tok("C", "kerberos", "bind", 1, len(krbMessage(0x6e, 40_000)))}},
		{"RPC over HTTP", []turn{
			fromServer("ncacn_http/1.0"), bind(rpcKerberos, 1, rawAPReq), bindAck(rpcKerberos, 1, gssKrbErr),
		}, []string{tok("C", "kerberos", "bind", 1, len(rawAPReq)), tok("S", "kerberos", "", 1, len(gssKrbErr))}},
	} {
		t.Run(c.name, func(t *testing.T) { talk(t, openDCERPC, c.want, c.turns...) })
	}
}

func TestProbeDCERPC(t *testing.T) {
	bind := rpcPDU(rpcBind, 3, 1, make([]byte, 56), rpcKerberos, 1, rawAPReq)
	nak := rpcPDU(rpcBindNak, 3, 1, []byte{9, 0, 1, 5, 0}, 0, 0, nil)
	for _, c := range []struct {
		up, down string
		want     verdict
	}{
		{bind, "", yes}, {bind[:16], "", yes}, {bind[:9], "", needMore}, {"", nak, yes}, {nak, "", no}, {nak, bind, no},
		{"\x05\x01\x00", "", needMore}, {"\x05\x01\x00\x03\x0bexample.com\x00\x50", "", no}, // SOCKS
		{"", "ncacn_http/1.0", yes}, {"", "ncacn", needMore}, {"GET / HTTP/1.1\r\n", "", no},
		{rpcPDUIn(binary.BigEndian, rpcBind, 3, 1, make([]byte, 56), 0, 0, nil), "", yes},
		{string(make([]byte, 64)), "", no},
	} {
		assert.Equal(t, c.want, probeDCERPC([]byte(c.up), []byte(c.down), 49152), "%.16q %.16q", c.up, c.down)
	}
}

// TestDCERPCWords: what a server says against an authentication has the name of
// its standard.
func TestDCERPCWords(t *testing.T) {
	for reason, name := range map[uint16]string{
		0: "reason_not_specified", 1: "temporary_congestion", 2: "local_limit_exceeded", 3: "called_paddr_unknown", 4: "protocol_version_not_supported",
		5: "default_context_not_supported", 6: "user_data_not_readable", 7: "no_psap_available", 8: "authentication_type_not_recognized", 9: "invalid_checksum", 10: "",
	} {
		nak := rpcPDU(rpcBindNak, 3, 1, []byte{byte(reason), 0, 1, 5, 0}, 0, 0, nil)
		got := play(openDCERPC, 0, fromClient(rpcPDU(rpcBind, 3, 1, make([]byte, 56), rpcKerberos, 1, rawAPReq)), fromServer(nak))
		assert.Equal(t, fmt.Sprintf(`S refused code=%#x name=%q text="bind_nak" key=1`, reason, name), got[1])
	}
	third := []turn{fromClient(rpcPDU(rpcBind, 3, 1, make([]byte, 56), rpcKerberos, 1, rawAPReq)), fromServer(rpcPDU(rpcBindAck, 3, 1, make([]byte, 44), rpcKerberos, 1, rawAPRep)),
		fromClient(rpcPDU(rpcAuth3, 3, 1, make([]byte, 4), rpcKerberos, 1, rawAPRep))}
	for status, c := range map[uint32]struct {
		name     string
		security bool
	}{
		5: {"ERROR_ACCESS_DENIED", true}, 0x52e: {"ERROR_LOGON_FAILURE", true}, 0x6d3: {"RPC_S_UNKNOWN_AUTHN_SERVICE", true}, 0x6d4: {"RPC_S_UNKNOWN_AUTHN_LEVEL", true},
		0x6d5: {"RPC_S_INVALID_AUTH_IDENTITY", true}, 0x721: {"RPC_S_SEC_PKG_ERROR", true}, 0x6d1: {"RPC_S_PROCNUM_OUT_OF_RANGE", false}, 0x6f7: {"RPC_X_BAD_STUB_DATA", false},
		0x1c00001d: {"nca_s_unsupported_authn_level", true}, 0x1c00001f: {"nca_s_invalid_checksum", true}, 0x1c010002: {"nca_s_op_rng_error", false},
		0x1c010003: {"nca_s_unk_if", false}, 0x1c000009: {"nca_s_unspec_reject", false}, 0x1c000012: {"nca_s_fault_unspec", false}, 0x1234: {"", false},
	} {
		assert.Equal(t, c.name, rpcFaultName(status))
		got := play(openDCERPC, 0, append(third[:3:3], fromServer(rpcFaultPDU(3, status)))...)
		word := fmt.Sprintf(`S refused code=%#x name=%q text="fault" key=1`, status, c.name)
		if c.security {
			assert.Contains(t, got, word)
		} else {
			assert.NotContains(t, got, word, "said of the call, not of the authentication")
		}
		assert.Contains(t, play(openDCERPC, 0, third[0], third[1], fromClient(rpcPDU(rpcAlter, 3, 2, make([]byte, 56), rpcKerberos, 1, rawAPRep)), fromServer(rpcFaultPDU(2, status))), word,
			"in answer to alter_context it is about the authentication")
	}
}

func FuzzDCERPC(f *testing.F) {
	f.Add(script(fromClient(rpcPDU(rpcBind, 3, 1, make([]byte, 56), rpcSPNEGO, 1, spnegoReq)), fromServer(rpcPDU(rpcBindAck, 3, 1, make([]byte, 44), rpcSPNEGO, 1, spnegoRep)),
		fromClient(rpcPDU(rpcRequest, 3, 2, make([]byte, 64), 0, 0, nil)).lost(1), fromServer(rpcFaultPDU(2, 5))))
	f.Add(script(fromClient(rpcPDU(rpcBind, 1, 1, make([]byte, 56), rpcKerberos, 1, rawAPReq[:400]), rpcPDU(rpcBind, 2, 1, make([]byte, 56), rpcKerberos, 1, rawAPReq[400:]))))
	f.Fuzz(func(t *testing.T, b []byte) {
		hostile(t, openDCERPC, b)
		probeDCERPC(b, nil, 135)
		probeDCERPC(nil, b, 135)
	})
}
