package decode

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// rtsConn is CONN/A1 and, of the same cookie, CONN/B1: Version, cookie of the
// virtual connection, cookie of the channel, and the rest.
func rtsConn(cookie byte, more string) string {
	commands := "\x06\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00" + strings.Repeat(string(rune(cookie)), 16) + "\x03\x00\x00\x00" + strings.Repeat("z", 16) + more
	return rpcPDU(rpcRTS, 3, 0, []byte("\x00\x00\x04\x00"+commands), 0, 0, nil)
}

const (
	windowCommand = "\x00\x00\x00\x00\x00\x00\x01\x00"
	groupCommand  = "\x0c\x00\x00\x00gggggggggggggggg"
)

func rpcHTTPRequest(method string, length int, header string) string {
	return fmt.Sprintf("%s /rpc/rpcproxy.dll?hub-1.contoso.com:6001 HTTP/1.1\r\nHost: hub-1.contoso.com\r\n%sContent-Length: %d\r\n\r\n", method, header, length)
}

func TestRPCOverHTTPChannels(t *testing.T) {
	token := func(who, what, verb string, n int) string { return pipeToken(who, what, verb, 1, n) }
	talk(t, openHTTP, []string{
		"S name hub-1.contoso.com (http-host)",
		fmt.Sprintf(`C token kerberos key=0 verb="Authorization" len=%d`, len(spnegoReq)),
		"in channel 61 true",
		token("C", "kerberos", "bind", len(rawAPReq)),
		token("C", "kerberos", "auth3", len(rawAPRep)),
	},
		fromClient(rpcHTTPRequest(rpcInData, 0, "")),
		fromServer("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"),
		fromClient(rpcHTTPRequest(rpcInData, 1<<30, "Authorization: Negotiate "+b64(spnegoReq)+"\r\n"), rtsConn('a', groupCommand), krbBind, krbAuth3, rpcAsks))
	talk(t, openHTTP, []string{
		"S name hub-1.contoso.com (http-host)",
		token("S", "kerberos", "", len(rawAPRep)), pipeWord("continue", "bind_ack", "", 0, 1), pipeWord("accepted", "response", "", 0, 1), "idle",
	},
		fromClient(rpcHTTPRequest(rpcOutData, len(rtsConn('a', windowCommand)), ""), rtsConn('a', windowCommand)),
		fromServer("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", rtsConn('z', windowCommand), krbBindAck, rpcAnswers, rpcAnswers))
	t.Run("a body that ends, and one with something else in it", func(t *testing.T) {
		talk(t, openHTTP, []string{"S name hub-1.contoso.com (http-host)", "in channel 0 false", token("C", "kerberos", "bind", len(rawAPReq)),
			fmt.Sprintf(`C token kerberos key=0 verb="Authorization" len=%d`, len(spnegoReq))},
			fromClient(rpcHTTPRequest(rpcInData, len(krbBind), ""), krbBind, rpcHTTPRequest(rpcInData, 20, ""), strings.Repeat("x", 20),
				rpcHTTPRequest("GET", 0, "Authorization: Negotiate "+b64(spnegoReq)+"\r\n")))
	})
	t.Run("begins within a channel", func(t *testing.T) {
		want := []string{"in channel 0 false", token("C", "kerberos", "bind", len(rawAPReq)),
			token("S", "kerberos", "", len(rawAPRep)), pipeWord("continue", "bind_ack", "", 0, 1)}
		for _, size := range []int{0, 100} { // a packet at least: less cannot be known for one
			require.Equal(t, want, play(openHTTP, size, fromClient(krbBind), fromServer(krbBindAck)))
		}
	})
}

// TestRPCOverHTTPJoined: what the server says in the OUT channel is the answer
// to what the client said in the IN channel.
func TestRPCOverHTTPJoined(t *testing.T) {
	conn := rtsConn('a', windowCommand)
	in := conversation(40001, 80, 1448, fromClient(rpcHTTPRequest(rpcInData, 1<<30, "")), fromClient(rtsConn('a', groupCommand)),
		fromClient(rpcPDU(rpcBind, 3, 1, rpcItems, rpcSPNEGO, 1, negInit(rawAPReq, oidMSKrb, oidKerberos))),
		fromClient(rpcPDU(rpcAlter, 3, 2, rpcItems, rpcSPNEGO, 1, negResp(1, rawAPRep))), fromClient(rpcAsks))
	out := conversation(40002, 80, 1448, fromClient(rpcHTTPRequest(rpcOutData, len(conn), ""), conn),
		fromServer("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"),
		fromServer(rpcPDU(rpcBindAck, 3, 1, rpcAckBody, rpcSPNEGO, 1, negResp(1, rawAPRep))),
		fromServer(rpcPDU(rpcAlterResp, 3, 2, rpcAckBody, rpcSPNEGO, 1, negResp(0, nil))))
	together := func(parts ...[]capture.Packet) []capture.Packet {
		all := slices.Concat(parts...)
		for i := range all {
			all[i].Frame, all[i].Time = uint64(i+1), 1e9+int64(i)*1e6
		}
		return all
	}
	n := len(in)
	r := decodePackets(together(out[:len(out)-2], in[:n-2], out[len(out)-2:len(out)-1], in[n-2:n-1], out[len(out)-1:], in[n-1:]), 64)
	require.Len(t, r.exchanges, 1)
	x := r.exchanges[0]
	assert.Equal(t, OK, x.Ending)
	assert.Equal(t, []string{"http", "dcerpc", "spnego"}, x.Carrier)
	assert.Equal(t, uint16(40001), x.Client.Port())
	var what []string
	for _, s := range x.Steps {
		what = append(what, s.What)
	}
	assert.Equal(t, []string{"AP-REQ", "AP-REP", "AP-REP", "alter_context_resp"}, what)
	require.NotNil(t, x.Reply)
	assert.Equal(t, uint16(40002), x.Reply.Dst.Port(), "the row stands where its bytes do")
	assert.True(t, slices.IsSortedFunc(r.messages, func(a, b *Message) int { return int(a.Frame) - int(b.Frame) }))

	t.Run("refused", func(t *testing.T) {
		nak := conversation(40002, 80, 1448, fromClient(rpcHTTPRequest(rpcOutData, len(conn), ""), conn),
			fromServer("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"), fromServer(refusingNak))
		r := decodePackets(together(nak[:len(nak)-1], in[:n-2], nak[len(nak)-1:]), 64)
		require.Len(t, r.exchanges, 1)
		assert.Equal(t, Denied, r.exchanges[0].Ending)
		assert.Equal(t, "invalid_checksum", r.exchanges[0].Attempt.Result.CodeName)
	})
	t.Run("the IN channel alone", func(t *testing.T) {
		r := decodePackets(together(in), 64)
		require.Len(t, r.exchanges, 1)
		assert.Equal(t, NotCaptured, r.exchanges[0].Ending, "nothing is concluded from answers in another connection")
	})
	t.Run("the OUT channel alone", func(t *testing.T) {
		r := decodePackets(together(out), 64)
		require.Len(t, r.exchanges, 1)
		assert.Nil(t, r.exchanges[0].Request)
	})
}

// TestRPCAnyPort: SMB1, SMB2 and DCE/RPC are known by their contents.
func TestRPCAnyPort(t *testing.T) {
	for name, c := range map[string]struct {
		turns []turn
		path  []string
	}{
		"SMB2 pipe": {[]turn{transceive(2, 1, krbBind), transceived(2, refusingNak)}, []string{"smb2", "dcerpc"}},
		"SMB1 pipe": {[]turn{smb1Transact(2, 5, krbBind), smb1Transacted(2, refusingNak)}, []string{"smb", "dcerpc"}},
		"SMB1":      {[]turn{fromClient(smb1Setup(0, 2, spnegoReq)), fromServer(smb1Answer(0xc000006d, 0, 2, nil))}, []string{"smb", "spnego", "gss"}},
		"SMB2":      {[]turn{fromClient(setupRequest(1, 0, spnegoReq)), fromServer(smb2Failure(0xc000006d, 1, 1, 7))}, []string{"smb2", "spnego", "gss"}},
		"DCE/RPC":   {[]turn{fromClient(krbBind), fromServer(refusingNak)}, []string{"dcerpc"}},
		"ncacn_http": {[]turn{fromServer(rpcHTTPBanner), fromClient(krbBind), fromServer(refusingNak)},
			[]string{"dcerpc"}},
	} {
		for _, port := range []uint16{593, 5445, 49999} {
			r := decodePackets(conversation(40000, port, 500, c.turns...), 64)
			require.Len(t, r.exchanges, 1, "%s, port %d", name, port)
			assert.Equal(t, Denied, r.exchanges[0].Ending, name)
			assert.Equal(t, c.path, r.exchanges[0].Carrier, name)
		}
	}
}

func FuzzRPCOverHTTP(f *testing.F) {
	f.Add(script(fromClient(rpcHTTPRequest(rpcInData, 1<<30, ""), rtsConn('a', groupCommand), krbBind, krbAuth3, rpcAsks), fromServer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")))
	f.Add(script(fromClient(rpcHTTPRequest(rpcOutData, 76, ""), rtsConn('a', windowCommand)), fromServer("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", krbBindAck).lost(1), fromServer(rpcAnswers)))
	f.Fuzz(func(t *testing.T, b []byte) { hostile(t, openHTTP, b) })
}
