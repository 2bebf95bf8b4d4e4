package decode

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/decode/flow"
	"kerbscope/decode/krb5"
)

const second = int64(1e9)

// kdcTalk is a conversation between a client and KDCs, for tests of pairing.
type kdcTalk struct {
	d     *Decoder
	r     *recorder
	frame uint64
}

func newTalk() *kdcTalk {
	r := &recorder{}
	return &kdcTalk{d: New(Options{}, r), r: r}
}

var (
	client = netip.MustParseAddr("10.0.0.30")
	kdc1   = netip.MustParseAddrPort("10.0.0.10:88")
	kdc2   = netip.MustParseAddrPort("10.0.0.11:88")
)

func (t *kdcTalk) say(at int64, from, to netip.AddrPort, tr Transport, k krb5.Message) {
	t.frame++
	f := MakeFrameID(0, t.frame)
	t.d.lastTime = max(t.d.lastTime, at)
	t.d.views.add(flow.IPFrom(from.Addr()), flow.IPFrom(to.Addr()))
	t.d.kdcMessage(&Message{Krb: &k, Frame: f, Frames: []FrameID{f}, Time: at, Src: from, Dst: to, Transport: tr, Carrier: []string{"kdc"}})
}

func port(p uint16) netip.AddrPort { return netip.AddrPortFrom(client, p) }

func asReq(nonce uint32, padata ...int32) krb5.Message {
	q := &krb5.KDCReq{Nonce: krb5.Opt[uint32]{V: nonce, OK: true}}
	for _, p := range padata {
		q.PAData = append(q.PAData, krb5.PAData{Type: p})
	}
	return krb5.Message{Type: krb5.ASReq, KDCReq: q, Raw: []byte{byte(nonce), byte(len(padata))}}
}

// asking is asReq for one encryption type.
func asking(nonce uint32, etype int32, padata ...int32) krb5.Message {
	m := asReq(nonce, padata...)
	m.KDCReq.ETypes = []int32{etype}
	m.Raw = append(m.Raw, byte(etype))
	return m
}

func tgsReq(nonce uint32) krb5.Message {
	m := asReq(nonce)
	m.Type = krb5.TGSReq
	return m
}

func rep(t krb5.MsgType) krb5.Message { return krb5.Message{Type: t, KDCRep: &krb5.KDCRep{}} }

func krbError(code int32) krb5.Message {
	return krb5.Message{Type: krb5.KRBErrorMsg, Error: &krb5.KRBError{ErrorCode: krb5.Opt[int32]{V: code, OK: true}}}
}

func steps(x *Exchange) (s []string) {
	for _, st := range x.Steps {
		s = append(s, st.What)
	}
	return s
}

func TestPairingKDC(t *testing.T) {
	type want struct {
		kind   Kind
		ending Ending
		resent int
		steps  []string
	}
	for _, c := range []struct {
		name string
		talk func(*kdcTalk)
		end  int64 // capture goes on until then
		want []want
	}{
		{"preauthentication and the way to TCP are steps", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, asReq(1))
			t.say(1, kdc1, port(1000), UDP, krbError(25))
			t.say(2, port(1001), kdc1, UDP, asReq(2, 2))
			t.say(3, kdc1, port(1001), UDP, krbError(52))
			t.say(4, port(1002), kdc1, TCP, asReq(2, 2))
			t.say(5, kdc1, port(1002), TCP, rep(krb5.ASRep))
		}, 0, []want{{AS, OK, 0, []string{"AS-REQ", "KRB-ERROR 25", "AS-REQ", "KRB-ERROR 52", "AS-REQ", "AS-REP"}}}},
		{"another attempt after 25, the first one dropped", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, asReq(1))
			t.say(1, kdc1, port(1000), UDP, krbError(25))
			t.say(second, port(1001), kdc1, UDP, asReq(2))
			t.say(second+1, kdc1, port(1001), UDP, krbError(25))
			t.say(second+2, port(1002), kdc1, UDP, asReq(3, 136))
			t.say(second+3, kdc1, port(1002), UDP, rep(krb5.ASRep))
		}, 0, []want{{AS, Failed, 0, []string{"AS-REQ", "KRB-ERROR 25"}},
			{AS, OK, 0, []string{"AS-REQ", "KRB-ERROR 25", "AS-REQ", "AS-REP"}}}},
		{"25 in answer to a timestamp is the answer", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, asReq(1, 2))
			t.say(1, kdc1, port(1000), UDP, krbError(25))
		}, 0, []want{{AS, Failed, 0, []string{"AS-REQ", "KRB-ERROR 25"}}}},
		{"a retransmission is one question", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, asReq(1))
			t.say(second, port(1000), kdc1, UDP, asReq(1))
			t.say(second+1, kdc1, port(1000), UDP, krbError(6))
		}, 0, []want{{AS, Failed, 1, []string{"AS-REQ", "AS-REQ", "KRB-ERROR 6"}}}},
		{"the KDC answered both copies", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, tgsReq(1))
			t.say(second, port(1000), kdc1, UDP, tgsReq(1))
			t.say(second+1, kdc1, port(1000), UDP, rep(krb5.TGSRep))
			t.say(second+2, kdc1, port(1000), UDP, rep(krb5.TGSRep))
		}, 0, []want{{TGS, OK, 1, []string{"TGS-REQ", "TGS-REQ", "TGS-REP"}}}},
		{"sent again from another port, and both answered", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, tgsReq(1))
			t.say(1, port(1001), kdc1, UDP, tgsReq(1))
			t.say(2, kdc1, port(1001), UDP, rep(krb5.TGSRep))
			t.say(3, kdc1, port(1000), UDP, rep(krb5.TGSRep))
			t.say(4, port(1000), kdc1, UDP, tgsReq(2))
			t.say(5, kdc1, port(1000), UDP, krbError(7))
		}, 0, []want{{TGS, OK, 1, []string{"TGS-REQ", "TGS-REQ", "TGS-REP"}}, {TGS, Failed, 0, []string{"TGS-REQ", "KRB-ERROR 7"}}}},
		{"sent again and never answered", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, asReq(1))
			t.say(second, port(1000), kdc1, UDP, asReq(1))
		}, 10 * second, []want{{AS, Unanswered, 1, []string{"AS-REQ", "AS-REQ"}}}},
		{"one direction: the step to preauthentication is no proof of silence", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, asReq(1))
			t.say(1, port(1001), kdc1, UDP, asReq(1, 2))
			t.say(2, port(1002), kdc1, TCP, asReq(1, 2))
		}, 10 * second, []want{{AS, NotCaptured, 0, []string{"AS-REQ", "AS-REQ", "AS-REQ"}}}},
		{"sent once, and nothing of the KDC is in the capture", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, asReq(1))
		}, 10 * second, []want{{AS, NotCaptured, 0, []string{"AS-REQ"}}}},
		{"the capture ended too early", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, asReq(1))
			t.say(second, port(1000), kdc1, UDP, asReq(1))
		}, 2 * second, []want{{AS, NotCaptured, 1, []string{"AS-REQ", "AS-REQ"}}}},
		{"another KDC is another exchange", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, asReq(1))
			t.say(second, port(1000), kdc1, UDP, asReq(1))
			t.say(2*second, port(1000), kdc2, UDP, asReq(1))
			t.say(2*second+1, kdc2, port(1000), UDP, rep(krb5.ASRep))
		}, 20 * second, []want{
			{AS, OK, 0, []string{"AS-REQ", "AS-REP"}},
			{AS, Unanswered, 1, []string{"AS-REQ", "AS-REQ"}}}},
		{"an answer alone", func(t *kdcTalk) {
			t.say(0, kdc1, port(1000), TCP, rep(krb5.ASRep))
		}, 0, []want{{AS, OK, 0, []string{"AS-REP"}}}},
		{"two questions in one connection", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, TCP, tgsReq(1))
			t.say(1, kdc1, port(1000), TCP, rep(krb5.TGSRep))
			t.say(2, port(1000), kdc1, TCP, tgsReq(2))
			t.say(3, kdc1, port(1000), TCP, krbError(7))
		}, 0, []want{{TGS, OK, 0, []string{"TGS-REQ", "TGS-REP"}}, {TGS, Failed, 0, []string{"TGS-REQ", "KRB-ERROR 7"}}}},
		{"a client that never took the step", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, asReq(1))
			t.say(1, kdc1, port(1000), UDP, krbError(25))
		}, 0, []want{{AS, Failed, 0, []string{"AS-REQ", "KRB-ERROR 25"}}}},
		{"SPAKE: 91 is a step", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, asReq(1))
			t.say(1, kdc1, port(1000), UDP, krbError(25))
			t.say(2, port(1001), kdc1, UDP, asReq(2, 151))
			t.say(3, kdc1, port(1001), UDP, krbError(91))
			t.say(4, port(1002), kdc1, UDP, asReq(3, 151))
			t.say(5, kdc1, port(1002), UDP, rep(krb5.ASRep))
		}, 0, []want{{AS, OK, 0, []string{"AS-REQ", "KRB-ERROR 25", "AS-REQ", "KRB-ERROR 91", "AS-REQ", "AS-REP"}}}},
		{"two sides of a host that changes the list: each its own", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, asking(1, 18))
			t.say(1, port(2000), kdc1, UDP, asking(1, 23))
			t.say(2, kdc1, port(2000), UDP, krbError(25))
			t.say(3, kdc1, port(1000), UDP, krbError(25))
			t.say(4, port(1001), kdc1, UDP, asking(1, 18, 2))
			t.say(5, port(2001), kdc1, UDP, asking(1, 23, 2))
			t.say(6, kdc1, port(2001), UDP, rep(krb5.ASRep))
			t.say(7, kdc1, port(1001), UDP, rep(krb5.ASRep))
		}, 0, []want{{AS, OK, 0, []string{"AS-REQ", "KRB-ERROR 25", "AS-REQ", "AS-REP"}}, {AS, OK, 0, []string{"AS-REQ", "KRB-ERROR 25", "AS-REQ", "AS-REP"}}}},
		{"another list with proof is the step that the KDC asked for", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, asking(1, 18))
			t.say(1, kdc1, port(1000), UDP, krbError(25))
			t.say(2, port(1001), kdc1, UDP, asking(1, 23, 2))
			t.say(3, kdc1, port(1001), UDP, rep(krb5.ASRep))
		}, 0, []want{{AS, OK, 0, []string{"AS-REQ", "KRB-ERROR 25", "AS-REQ", "AS-REP"}}}},
		{"both sides of a proxy: the same bytes between other addresses are no retransmission", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, asReq(1))
			t.say(1, netip.AddrPortFrom(kdc1.Addr(), 1000), kdc2, UDP, asReq(1))
			t.say(2, kdc2, netip.AddrPortFrom(kdc1.Addr(), 1000), UDP, krbError(6))
			t.say(3, kdc1, port(1000), UDP, krbError(6))
		}, 0, []want{{AS, Failed, 0, []string{"AS-REQ", "KRB-ERROR 6"}}, {AS, Failed, 0, []string{"AS-REQ", "KRB-ERROR 6"}}}},
		{"only the client's address is another", func(t *kdcTalk) {
			t.say(0, port(1000), kdc1, UDP, asReq(1))
			t.say(1, netip.AddrPortFrom(kdc2.Addr(), 1000), kdc1, UDP, asReq(1))
			t.say(2, kdc1, netip.AddrPortFrom(kdc2.Addr(), 1000), UDP, krbError(6))
			t.say(3, kdc1, port(1000), UDP, krbError(6))
		}, 0, []want{{AS, Failed, 0, []string{"AS-REQ", "KRB-ERROR 6"}}, {AS, Failed, 0, []string{"AS-REQ", "KRB-ERROR 6"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newTalk()
			c.talk(k)
			k.d.lastTime = max(k.d.lastTime, c.end)
			k.d.Close()
			var got []want
			for _, x := range k.r.exchanges {
				got = append(got, want{x.Kind, x.Ending, x.Resent, steps(x)})
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestOpenExchangesAreBounded(t *testing.T) {
	k := newTalk()
	for i := range 3 * maxOpenExchanges {
		m := asReq(uint32(i))
		m.Raw = []byte{byte(i), byte(i >> 8), byte(i >> 16)}
		k.say(int64(i), netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1000), kdc1, UDP, m)
	}
	require.LessOrEqual(t, k.d.kdc.n, maxOpenExchanges)
	require.LessOrEqual(t, len(k.d.kdc.flows), maxOpenExchanges)
	require.LessOrEqual(t, len(k.d.kdc.names), maxOpenExchanges)
	k.d.Close()
	require.Len(t, k.r.exchanges, 3*maxOpenExchanges)
	require.Empty(t, k.d.kdc.flows)
	require.Empty(t, k.d.kdc.names)
	require.Zero(t, k.d.kdc.n)
}

// Whether an answer would have been seen, from what else the capture holds.
func TestAnswerable(t *testing.T) {
	v := newViews()
	srv, other := kdc1.Addr(), kdc2.Addr()
	require.False(t, v.answerable(client, srv))
	saw := func(src, dst netip.Addr) { v.add(flow.IPFrom(src), flow.IPFrom(dst)) }
	saw(other, client)
	require.True(t, v.answerable(client, srv))
	v.miss(srv, client)
	require.False(t, v.answerable(client, srv))
	require.True(t, v.answerable(client, other))
	saw(srv, client)
	require.True(t, v.answerable(client, srv))
}

// TestUnheard: the request that a client gave up over UDP before it sent the
// same over TCP.
func TestUnheard(t *testing.T) {
	talk := newTalk()
	talk.say(0, port(1000), kdc1, UDP, tgsReq(1))
	talk.say(second, port(1001), kdc1, TCP, tgsReq(1))
	talk.say(second+1, kdc1, port(1001), TCP, rep(krb5.TGSRep))
	talk.say(2*second, port(1002), kdc1, UDP, tgsReq(2))
	talk.say(2*second+1, kdc1, port(1002), UDP, krbError(52))
	talk.say(3*second, port(1003), kdc1, TCP, tgsReq(2))
	talk.say(3*second+1, kdc1, port(1003), TCP, rep(krb5.TGSRep))
	talk.say(4*second, port(1004), kdc1, UDP, tgsReq(3))
	talk.say(5*second, port(1005), kdc1, TCP, tgsReq(3))
	talk.say(6*second, kdc1, port(1004), UDP, rep(krb5.TGSRep))
	talk.d.Close()
	require.Len(t, talk.r.exchanges, 3)
	require.Nil(t, talk.r.exchanges[2].Unheard, "late, but heard")
	require.NotNil(t, talk.r.exchanges[0].Unheard)
	require.Equal(t, uint64(1), talk.r.exchanges[0].Unheard.Frame.Number())
	require.Nil(t, talk.r.exchanges[1].Unheard, "52 is an answer")
}

// TestLateStep: the answer to a request that the client has gone on from, on
// another flow, is a step and no answer to what it asked since.
func TestLateStep(t *testing.T) {
	talk := newTalk()
	talk.say(0, port(1000), kdc1, UDP, tgsReq(1))
	talk.say(second, port(1001), kdc1, TCP, tgsReq(1))
	talk.say(2*second, kdc1, port(1000), UDP, krbError(52))
	talk.say(2*second+1, kdc1, port(1001), TCP, rep(krb5.TGSRep))
	talk.d.Close()
	require.Len(t, talk.r.exchanges, 1)
	x := talk.r.exchanges[0]
	require.Equal(t, OK, x.Ending)
	require.Len(t, x.Steps, 4)
	require.Nil(t, x.Unheard, "it was heard, late")
}
