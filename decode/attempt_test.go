package decode

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode/flow"
)

// A service that resets the connection instead of answering gave no answer;
// one that says something first, whatever it is, did.
func TestResetIsNoAnswer(t *testing.T) {
	token := b64(gssToken(1, krbMessage(0x6e, 40)))
	for said, want := range map[string]Ending{"": Unanswered, "250 2.0.0 Ok\r\n": Unknown} {
		r := &recorder{}
		d := New(Options{}, r)
		src, dst := flow.IPFrom(netip.MustParseAddr("10.0.0.30")), flow.IPFrom(netip.MustParseAddr("10.0.0.20"))
		seq := [2]uint32{100, 500}
		send := func(fromClient bool, flags flow.Flags, payload string) {
			p := &flow.Packet{Src: src, Dst: dst, SrcPort: 40000, DstPort: 25, Proto: 6, HasPorts: true, Flags: flags,
				Seq: seq[0], Ack: seq[1], Payload: []byte(payload), PayloadWire: uint32(len(payload))}
			me := &seq[0]
			if !fromClient {
				p.Src, p.Dst, p.SrcPort, p.DstPort, p.Seq, p.Ack, me = dst, src, 25, 40000, seq[1], seq[0], &seq[1]
			}
			*me += uint32(len(payload))
			if flags&flow.SYN != 0 {
				*me++
			}
			d.frame, d.now = d.frame+1, d.now+second
			d.lastTime = d.now
			d.tcp(p)
		}
		send(true, flow.SYN, "")
		send(false, flow.SYN|flow.ACK, "")
		send(true, flow.ACK, "")
		send(false, flow.ACK, "220 hub ESMTP\r\n")
		send(true, flow.ACK, "EHLO mailbox\r\n")
		send(false, flow.ACK, "250-hub\r\n250 X-EXPS GSSAPI\r\n")
		send(true, flow.ACK, "X-EXPS GSSAPI "+token+"\r\n")
		if said != "" {
			send(false, flow.ACK, said)
		}
		send(false, flow.RST|flow.ACK, "")
		d.tracker.Flush()
		require.Len(t, r.exchanges, 1)
		assert.Equal(t, want, r.exchanges[0].Ending, "%q", said)
	}
}
