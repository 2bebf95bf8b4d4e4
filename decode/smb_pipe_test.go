package decode

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const ipcTree, fileTree = 11, 12

// inTree puts an SMB2 message into a tree.
func inTree(tree uint32, m []byte) []byte {
	le.PutUint32(m[36:], tree)
	return m
}

// treeConnected is the answer to a tree connect.
func treeConnected(message uint64, tree uint32, shareType byte) string {
	return nbss(inTree(tree, smb2Message(smb2TreeConnect, true, 0, message, 7, []byte{16, 0, shareType, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})))
}

func smb2WriteMessage(message uint64, tree uint32, file byte, data string) []byte {
	b := make([]byte, 48)
	b[0], b[2] = 49, 112
	le.PutUint32(b[4:], uint32(len(data)))
	b[16] = file
	return inTree(tree, smb2Message(smb2Write, false, 0, message, 7, append(b, data...)))
}

func pipeWrite(message uint64, file byte, data string) turn {
	return fromClient(nbss(smb2WriteMessage(message, ipcTree, file, data)))
}

func pipeRead(message uint64, file byte) turn {
	b := make([]byte, 49)
	b[0], b[16] = 49, file
	return fromClient(nbss(inTree(ipcTree, smb2Message(smb2Read, false, 0, message, 7, b))))
}

func pipeGave(message uint64, data string) turn {
	b := make([]byte, 16)
	b[0], b[2] = 17, 80
	le.PutUint32(b[4:], uint32(len(data)))
	return fromServer(nbss(inTree(ipcTree, smb2Message(smb2Read, true, 0, message, 7, append(b, data...)))))
}

func transceive(message uint64, file byte, data string) turn {
	b := make([]byte, 56)
	b[0], b[8] = 57, file
	le.PutUint32(b[4:], pipeTransceive)
	le.PutUint32(b[24:], 120)
	le.PutUint32(b[28:], uint32(len(data)))
	return fromClient(nbss(inTree(ipcTree, smb2Message(smb2Ioctl, false, 0, message, 7, append(b, data...)))))
}

// transceived is the answer; it is asynchronous, as Samba's and Windows' are,
// and an interim one comes before it.
func transceived(message uint64, data string) turn {
	b := make([]byte, 48)
	b[0] = 49
	le.PutUint32(b[4:], pipeTransceive)
	le.PutUint32(b[32:], 112)
	le.PutUint32(b[36:], uint32(len(data)))
	interim := smb2Message(smb2Ioctl, true, statusPending, message, 7, []byte{9, 0, 0, 0, 0, 0, 0, 0, 0})
	final := smb2Message(smb2Ioctl, true, 0, message, 7, append(b, data...))
	interim[16], final[16] = 3, 3
	return fromServer(nbss(interim), nbss(final))
}

func pipeClose(message uint64, file byte) turn {
	b := make([]byte, 24)
	b[0], b[8] = 24, file
	return fromClient(nbss(inTree(ipcTree, smb2Message(smb2Close, false, 0, message, 7, b))))
}

var (
	rpcItems     = make([]byte, 56) // of a bind: sizes, and one presentation context
	rpcAckBody   = make([]byte, 44)
	rpcAsks      = rpcPDU(rpcRequest, 3, 3, make([]byte, 200), rpcKerberos, 1, wrapToken)
	rpcAnswers   = rpcPDU(rpcResponse, 3, 3, make([]byte, 200), rpcKerberos, 1, wrapToken)
	krbBind      = rpcPDU(rpcBind, 3, 1, rpcItems, rpcKerberos, 1, rawAPReq)
	krbBindAck   = rpcPDU(rpcBindAck, 3, 1, rpcAckBody, rpcKerberos, 1, rawAPRep)
	krbAuth3     = rpcPDU(rpcAuth3, 3, 1, make([]byte, 4), rpcKerberos, 1, rawAPRep)
	refusingNak  = rpcPDU(rpcBindNak, 3, 1, []byte{9, 0, 1, 5, 0}, 0, 0, nil)
	plainBind    = rpcPDU(rpcBind, 3, 1, rpcItems, 0, 0, nil)
	plainBindAck = rpcPDU(rpcBindAck, 3, 1, rpcAckBody, 0, 0, nil)
)

// pipeKey is the key of the authentication of context id in the nth pipe.
func pipeKey(n, id int) uint64 { return uint64(n)<<32 | uint64(id) }

func pipeToken(who, what, verb string, pipe, n int) string {
	return fmt.Sprintf("%s token %s key=%d verb=%q len=%d in dcerpc", who, what, pipeKey(pipe, 1), verb, n)
}

func pipeWord(outcome, name, text string, code, pipe int) string {
	return fmt.Sprintf("S %s code=%#x name=%q text=%q key=%d", outcome, code, name, text, pipeKey(pipe, 1))
}

func TestSMB2Pipes(t *testing.T) {
	bound := func(pipe int) []string {
		return []string{
			pipeToken("C", "kerberos", "bind", pipe, len(rawAPReq)), pipeToken("S", "kerberos", "", pipe, len(rawAPRep)),
			pipeWord("continue", "bind_ack", "", 0, pipe),
		}
	}
	third := func(pipe int) string { return pipeToken("C", "kerberos", "auth3", pipe, len(rawAPRep)) }
	served := func(pipe int) string { return pipeWord("accepted", "response", "", 0, pipe) }
	refused := func(pipe int) string { return pipeWord("refused", "invalid_checksum", "bind_nak", 9, pipe) }
	for _, c := range []struct {
		name  string
		turns []turn
		want  []string
	}{
		{"transceive, auth3 in a write", []turn{
			fromServer(treeConnected(1, ipcTree, 2)), transceive(2, 1, krbBind), transceived(2, krbBindAck), pipeWrite(3, 1, krbAuth3),
			transceive(4, 1, rpcAsks), transceived(4, rpcAnswers),
		}, append(bound(1), third(1), served(1))},
		{"write and read", []turn{
			pipeWrite(2, 1, krbBind), pipeRead(3, 1), pipeGave(3, krbBindAck), pipeWrite(4, 1, krbAuth3), pipeWrite(5, 1, rpcAsks), pipeRead(6, 1), pipeGave(6, rpcAnswers),
		}, append(bound(1), third(1), served(1))},
		{"bind_nak", []turn{transceive(2, 1, krbBind), transceived(2, refusingNak)},
			[]string{pipeToken("C", "kerberos", "bind", 1, len(rawAPReq)), refused(1)}},
		{"KRB-ERROR in the bind_ack", []turn{transceive(2, 1, krbBind), transceived(2, rpcPDU(rpcBindAck, 3, 1, rpcAckBody, rpcKerberos, 1, rawKrbErr))},
			[]string{pipeToken("C", "kerberos", "bind", 1, len(rawAPReq)), pipeToken("S", "kerberos", "", 1, len(rawKrbErr))}},
		{"fault after auth3", []turn{
			transceive(2, 1, krbBind), transceived(2, krbBindAck), pipeWrite(3, 1, krbAuth3), transceive(4, 1, rpcAsks), transceived(4, rpcFaultPDU(3, 5)),
		}, append(bound(1), third(1), pipeWord("refused", "ERROR_ACCESS_DENIED", "fault", 5, 1))},
		{"two pipes, answers out of order", []turn{
			transceive(2, 1, krbBind), transceive(3, 2, krbBind), transceived(3, refusingNak), transceived(2, krbBindAck),
			pipeWrite(4, 1, krbAuth3), transceive(5, 1, rpcAsks), transceived(5, rpcAnswers),
		}, append([]string{pipeToken("C", "kerberos", "bind", 1, len(rawAPReq)), pipeToken("C", "kerberos", "bind", 2, len(rawAPReq)), refused(2)},
			append(bound(1)[1:], third(1), served(1))...)},
		{"a PDU over two writes and two reads", []turn{
			pipeWrite(2, 1, krbBind[:500]), pipeWrite(3, 1, krbBind[500:]), pipeRead(4, 1), pipeGave(4, krbBindAck[:60]), pipeRead(5, 1), pipeGave(5, krbBindAck[60:]),
		}, bound(1)},
		{"two PDUs in one write", []turn{
			transceive(2, 1, krbBind), transceived(2, krbBindAck), pipeWrite(3, 1, krbAuth3+rpcAsks), pipeRead(4, 1), pipeGave(4, rpcAnswers),
		}, append(bound(1), third(1), served(1))},
		{"a second authentication after a rest", []turn{
			transceive(2, 1, krbBind), transceived(2, refusingNak), transceive(3, 1, rpcAsks), transceived(3, rpcAnswers),
			transceive(4, 1, krbBind), transceived(4, krbBindAck),
		}, append([]string{pipeToken("C", "kerberos", "bind", 1, len(rawAPReq)), refused(1), "C after auth"}, bound(1)...)},
		{"a number given out twice", []turn{
			transceive(2, 1, krbBind), transceived(2, refusingNak), pipeClose(3, 1), transceive(4, 1, krbBind), transceived(4, krbBindAck),
		}, append([]string{pipeToken("C", "kerberos", "bind", 1, len(rawAPReq)), refused(1)}, bound(2)...)},
		{"no authentication in it", []turn{transceive(2, 1, plainBind), transceived(2, plainBindAck), transceive(3, 1, rpcAsks), transceived(3, rpcAnswers)}, nil},
		{"a file that holds a bind", []turn{
			fromServer(treeConnected(1, fileTree, 1)), fromClient(nbss(smb2WriteMessage(2, fileTree, 1, krbBind))),
		}, nil},
		{"in chains", []turn{
			fromClient(chain(smb2WriteMessage(2, ipcTree, 1, krbBind), smb2Message(smb2Read, false, 0, 3, 7, append([]byte{49, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, 32)...)))),
			pipeGave(3, krbBindAck),
		}, bound(1)},
		{"an answer cut by a gap", []turn{
			transceive(2, 1, krbBind), pipeRead(3, 1), fromServer(string(pipeGave(3, krbBindAck).data[:120])), pipeWrite(4, 1, krbAuth3),
			transceive(5, 1, rpcAsks), fromServer(string(transceived(5, rpcAnswers).data)).lost(len(krbBindAck) - 36),
		}, []string{pipeToken("C", "kerberos", "bind", 1, len(rawAPReq)), third(1), served(1)}},
		{"a write cut by a gap", []turn{
			fromClient(string(pipeWrite(2, 1, krbBind).data[:600])), fromClient(string(pipeWrite(2, 1, krbBind).data[640:]), string(transceive(3, 1, krbBind).data)).lost(40),
			transceived(3, refusingNak),
		}, []string{pipeToken("C", "kerberos cut", "bind", 1, 404), pipeToken("C", "kerberos", "bind", 1, len(rawAPReq)), refused(1)}},
		{"a PDU that goes on in a write of which the data were not captured", []turn{
			pipeWrite(2, 1, krbBind[:500]), fromClient(string(pipeWrite(3, 1, krbBind[500:]).data[:100])),
		}, []string{pipeToken("C", "kerberos cut", "bind", 1, 420)}},
		{"a message that is shorter than its header", []turn{
			fromClient("\x00\x00\x00\x18"+smb2ID+"@"+strings.Repeat("\x00", 19), string(transceive(2, 1, krbBind).data)), transceived(2, refusingNak),
		}, []string{pipeToken("C", "kerberos", "bind", 1, len(rawAPReq)), refused(1)}},
		{"data far behind their header", []turn{
			fromClient(func() string {
				b := smb2WriteMessage(2, ipcTree, 1, strings.Repeat("\x00", 200)+krbBind)
				le.PutUint16(b[66:], 312)
				le.PutUint32(b[68:], uint32(len(krbBind)))
				return nbss(b)
			}()),
		}, []string{pipeToken("C", "kerberos", "bind", 1, len(rawAPReq))}},
		{"NTLM", []turn{
			transceive(2, 1, rpcPDU(rpcBind, 3, 1, rpcItems, rpcNTLM, 1, ntlmToken(1))), transceived(2, rpcPDU(rpcBindAck, 3, 1, rpcAckBody, rpcNTLM, 1, ntlmToken(2))),
		}, []string{pipeToken("C", "ntlm", "bind", 1, 88), pipeToken("S", "ntlm", "", 1, 88), pipeWord("continue", "bind_ack", "", 0, 1)}},
	} {
		t.Run(c.name, func(t *testing.T) { talk(t, openSMB, c.want, c.turns...) })
	}
}

// TestSMBPipeRest: the stream rests after much data once the pipes are past
// their authentication, and not before.
func TestSMBPipeRest(t *testing.T) {
	data := nbss(inTree(fileTree, smb2Message(smb2Read, true, 0, 90, 7, make([]byte, 100_000))))
	begin := []turn{transceive(2, 1, krbBind), transceived(2, krbBindAck), pipeWrite(3, 1, krbAuth3), fromServer(data, data, data)}
	require.NotContains(t, play(openSMB, 0, begin...), "idle")
	done := append(begin[:3:3], transceive(4, 1, rpcAsks), transceived(4, rpcAnswers), begin[3])
	require.Contains(t, play(openSMB, 0, done...), "idle")
	for range 12 {
		begin = append(begin, fromServer(data))
	}
	require.Contains(t, play(openSMB, 0, begin...), "idle", "an answer that is long overdue")
}

func TestSMBManyPipes(t *testing.T) {
	f := &fakeWire{}
	p := newSMB(f)
	for i := range 3 * maxSMBPipes {
		f.in[toServer] = append(f.in[toServer], transceive(uint64(i), byte(i), krbBind[:1000]).data...)
		f.in[toServer] = append(f.in[toServer], fromServer(treeConnected(1, uint32(i), 2)).data...)
	}
	p.feed(toServer)
	require.LessOrEqual(t, len(p.pipes.list), maxSMBPipes)
	require.LessOrEqual(t, len(p.pipes.asked), maxSMBAsked)
	for i := range 3 * maxSMBTrees {
		f.in[toClient] = append(f.in[toClient], treeConnected(1, uint32(i), 2)...)
	}
	p.feed(toClient)
	require.LessOrEqual(t, len(p.pipes.trees), maxSMBTrees)
	for range 200 { // a PDU that never ends
		f.in[toServer] = append(f.in[toServer], pipeWrite(1, 1, strings.Repeat("\x05\x00\x0b", 1000)).data...)
		p.feed(toServer)
	}
	for _, q := range p.pipes.list {
		assert.LessOrEqual(t, len(q.rpc.half[toServer].data), maxInnerHeld)
	}
}

// smb1File is a block of words that names a FID at offset at.
func smb1Words(n, at int, fid uint16, set func(w []byte)) []byte {
	w := make([]byte, n)
	w[0] = 0xff
	le.PutUint16(w[at:], fid)
	if set != nil {
		set(w)
	}
	return w
}

func smb1WritePipe(mid, fid, mode uint16, data string) turn {
	if mode&0x0c == 0x0c {
		data = string([]byte{byte(len(data)), byte(len(data) >> 8)}) + data
	}
	return fromClient(smb1Bytes(smb1WriteAndX, false, 0, 2048, mid, smb1Words(28, 4, fid, func(w []byte) {
		le.PutUint16(w[14:], mode)
		le.PutUint16(w[20:], uint16(len(data)))
		le.PutUint16(w[22:], 63+1)
	}), append([]byte{0}, data...)))
}

func smb1ReadPipe(mid, fid uint16) turn {
	return fromClient(smb1Bytes(smb1ReadAndX, false, 0, 2048, mid, smb1Words(24, 4, fid, nil), nil))
}

func smb1Gave(mid uint16, data string) turn {
	return fromServer(smb1Bytes(smb1ReadAndX, true, 0, 2048, mid, smb1Words(24, 4, 0, func(w []byte) {
		le.PutUint16(w[10:], uint16(len(data)))
		le.PutUint16(w[12:], 59)
	}), []byte(data)))
}

func smb1Transact(mid, fid uint16, data string) turn {
	name := "\x00\\\x00P\x00I\x00P\x00E\x00\\\x00\x00\x00\x00"
	return fromClient(smb1Bytes(smb1Trans, false, 0, 2048, mid, smb1Words(32, 30, fid, func(w []byte) {
		w[0], w[26] = 0, 2
		le.PutUint16(w[28:], transactNmPipe)
		le.PutUint16(w[22:], uint16(len(data)))
		le.PutUint16(w[24:], uint16(67+len(name)))
	}), []byte(name+data)))
}

func smb1Transacted(mid uint16, data string) turn {
	return fromServer(smb1Bytes(smb1Trans, true, 0, 2048, mid, smb1Words(20, 4, 0, func(w []byte) {
		w[0] = 0
		le.PutUint16(w[12:], uint16(len(data)))
		le.PutUint16(w[14:], 55+1)
	}), append([]byte{0}, data...)))
}

func TestSMB1Pipes(t *testing.T) {
	bound := []string{
		pipeToken("C", "kerberos", "bind", 1, len(rawAPReq)), pipeToken("S", "kerberos", "", 1, len(rawAPRep)),
		pipeWord("continue", "bind_ack", "", 0, 1), pipeToken("C", "kerberos", "auth3", 1, len(rawAPRep)), pipeWord("accepted", "response", "", 0, 1),
	}
	talk(t, openSMB, bound, smb1Transact(2, 5, krbBind), smb1Transacted(2, krbBindAck), smb1WritePipe(3, 5, 8, krbAuth3),
		smb1Transact(4, 5, rpcAsks), smb1Transacted(4, rpcAnswers))
	talk(t, openSMB, bound, smb1WritePipe(2, 5, 0x0c, krbBind), smb1ReadPipe(3, 5), smb1Gave(3, krbBindAck), smb1WritePipe(4, 5, 8, krbAuth3),
		smb1WritePipe(5, 5, 8, rpcAsks), smb1ReadPipe(6, 5), smb1Gave(6, rpcAnswers))
	talk(t, openSMB, []string{bound[0], pipeWord("refused", "invalid_checksum", "bind_nak", 9, 1), pipeToken("C", "kerberos", "bind", 2, len(rawAPReq))},
		smb1Transact(2, 5, krbBind), smb1Transacted(2, refusingNak),
		fromClient(smb1Bytes(smb1Close, false, 0, 2048, 3, smb1Words(6, 0, 5, nil), nil)), smb1Transact(4, 5, krbBind))
}

// smb1Chain joins blocks (words that begin with AndX, bytes) to one message.
func smb1Chain(command byte, reply bool, status uint32, blocks ...smb1Block) string {
	b := make([]byte, 32)
	copy(b, smb1ID)
	b[4] = command
	le.PutUint32(b[5:], status)
	if reply {
		b[9] = 0x80
	}
	le.PutUint16(b[10:], 0xc801)
	le.PutUint16(b[24:], 3)
	le.PutUint16(b[28:], 2048)
	for i, k := range blocks {
		at := len(b)
		b = append(b, byte(len(k.words)/2))
		b = append(b, k.words...)
		if k.command == smb1TreeConnect && !reply && len(b)%2 == 0 { // the path is aligned
			k.data = append([]byte{0}, k.data...)
		}
		b = le.AppendUint16(b, uint16(len(k.data)))
		b = append(b, k.data...)
		b[at+1] = 0xff
		if i < len(blocks)-1 {
			b[at+1] = blocks[i+1].command
			le.PutUint16(b[at+3:], uint16(len(b)))
		}
	}
	return nbss(b)
}

type smb1Block struct {
	command     byte
	words, data []byte
}

func TestSMB1Chains(t *testing.T) {
	setup := make([]byte, 24)
	le.PutUint16(setup[14:], uint16(len(spnegoReq)))
	tree := make([]byte, 8)
	le.PutUint16(tree[6:], 1)
	path := append([]byte{0}, utf16Bytes("\\\\hub-1\\IPC$\x00")...)
	done := make([]byte, 8)
	le.PutUint16(done[6:], uint16(len(spnegoRep)))
	asked := fmt.Sprintf(`C token kerberos key=1 verb="" len=%d`, len(spnegoReq))
	answered := fmt.Sprintf(`S token kerberos accept-completed key=1 verb="" len=%d`, len(spnegoRep))
	want := []string{asked, "S name hub-1 (smb)", answered, `S accepted code=0x0 name="STATUS_SUCCESS" text="" key=1`}

	setupBlock, treeBlock := smb1Block{smb1SessionSetup, setup, spnegoReq}, smb1Block{smb1TreeConnect, tree, path}
	logoff := smb1Block{0x74, make([]byte, 4), nil}
	doneBlock, share := smb1Block{smb1SessionSetup, done, spnegoRep}, smb1Block{smb1TreeConnect, make([]byte, 6), []byte("IPC\x00")}
	talk(t, openSMB, want,
		fromClient(smb1Chain(smb1SessionSetup, false, 0, setupBlock, treeBlock)),
		fromServer(smb1Chain(smb1SessionSetup, true, 0, doneBlock, share)))
	talk(t, openSMB, want,
		fromClient(smb1Chain(0x74, false, 0, logoff, setupBlock, treeBlock)),
		fromServer(smb1Chain(0x74, true, 0, logoff, doneBlock, share)))
	talk(t, openSMB, []string{asked, "S name hub-1 (smb)", `S refused code=0xc000006d name="STATUS_LOGON_FAILURE" text="" key=1`},
		fromClient(smb1Chain(smb1SessionSetup, false, 0, setupBlock, treeBlock)),
		fromServer(smb1Chain(smb1SessionSetup, true, 0xc000006d, smb1Block{smb1SessionSetup, nil, nil})))

	t.Run("what a share is", func(t *testing.T) {
		f := &fakeWire{}
		p := newSMB(f)
		f.in[toClient] = []byte(smb1Chain(smb1SessionSetup, true, 0, doneBlock, share))
		p.feed(toClient)
		require.Equal(t, []smbTree{{session: 2048, id: 3, pipes: true}}, p.pipes.trees)
		f.in[toClient] = []byte(smb1Chain(smb1TreeConnect, true, 0, smb1Block{smb1TreeConnect, make([]byte, 6), []byte("A:\x00")}))
		p.feed(toClient)
		require.Equal(t, []smbTree{{session: 2048, id: 3}}, p.pipes.trees)
	})
	t.Run("a chain that leads back", func(t *testing.T) {
		b := []byte(smb1Chain(smb1SessionSetup, false, 0, setupBlock, treeBlock))
		for _, next := range []uint16{0, 32, 33, 0xffff} {
			le.PutUint16(b[4+35:], next)
			talk(t, openSMB, []string{asked}, fromClient(string(b)))
		}
	})
	t.Run("more words or bytes than there are", func(t *testing.T) {
		b := []byte(smb1Chain(smb1SessionSetup, false, 0, smb1Block{smb1SessionSetup, setup, spnegoReq}))
		le.PutUint16(b[4+32+1+24:], 0xffff)
		talk(t, openSMB, []string{asked}, fromClient(string(b)))
		b[4+32] = 0xff
		talk(t, openSMB, nil, fromClient(string(b[:200+4-4-4])))
	})
}

// anyCut wants the same events of fuzz input without gaps, however its turns
// are cut.
func anyCut(t *testing.T, open func(wire) parser, b []byte) {
	var turns []turn
	for len(b) > 3 && len(turns) < 16 {
		n := min(int(b[1])<<4|int(b[2])>>4, len(b)-3)
		turns = append(turns, turn{d: dir(b[0] & 1), data: b[3 : 3+n]})
		b = b[3+n:]
	}
	whole := play(open, 0, turns...)
	for _, size := range []int{1, 5, 64} {
		require.Equal(t, whole, play(open, size, turns...), "in pieces of %d", size)
	}
}

func FuzzSMBPipe(f *testing.F) {
	f.Add(script(fromServer(treeConnected(1, ipcTree, 2)), transceive(2, 1, krbBind), transceived(2, krbBindAck), pipeWrite(3, 1, krbAuth3), transceive(4, 1, rpcAsks), transceived(4, rpcAnswers)))
	f.Add(script(pipeWrite(2, 1, krbBind[:500]), pipeWrite(3, 1, krbBind[500:]).lost(1), pipeRead(4, 1), pipeGave(4, krbBindAck), pipeClose(5, 1)))
	f.Add(script(smb1Transact(2, 5, krbBind), smb1Transacted(2, refusingNak), smb1WritePipe(3, 5, 12, krbAuth3), smb1ReadPipe(4, 5), smb1Gave(4, rpcAnswers)))
	f.Fuzz(func(t *testing.T, b []byte) {
		hostile(t, openSMB, b)
		anyCut(t, openSMB, b)
	})
}
