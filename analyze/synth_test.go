package analyze

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// Hosts of the synthetic cases.
var (
	mailboxIP = netip.MustParseAddr("10.0.0.30")
	hubIP     = netip.MustParseAddr("10.0.0.20")
	hub2IP    = netip.MustParseAddr("10.0.0.21")
	dc1IP     = netip.MustParseAddr("10.0.0.10")
	dc2IP     = netip.MustParseAddr("10.0.0.11")
)

const (
	smtpSPN = "smtp/hub-1.contoso.com"
	httpSPN = "HTTP/hub-1.contoso.com"
)

var (
	windowsList = []int32{18, 17, 23, 24, -135, 3}
	rc4List     = []int32{23}
	aesList     = []int32{18, 17}
)

// A synth feeds made-up exchanges to the fold, as decode would.
type synth struct {
	tb    testing.TB
	c     *Case
	now   int64
	frame uint64
	port  uint16
	made  int
}

func newSynth(t *testing.T) *synth {
	return &synth{tb: t, c: NewCase(0), now: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC).UnixNano(), port: 40000}
}

// later lets time pass.
func (s *synth) later(d time.Duration) *synth {
	s.now += int64(d)
	return s
}

func (s *synth) message(b []byte, src, dst netip.AddrPort, tr decode.Transport, carrier []string) *decode.Message {
	s.now += int64(time.Millisecond)
	s.frame++
	m, n := krb5.Parse(b)
	require.Equal(s.tb, len(b), n)
	require.Nil(s.tb, m.Malformed)
	id := decode.MakeFrameID(0, s.frame)
	out := &decode.Message{Frame: id, Frames: []decode.FrameID{id}, Time: s.now, Src: src, Dst: dst, Transport: tr, Carrier: carrier, Krb: &m}
	s.c.Message(out)
	return out
}

func (s *synth) exchange(x *decode.Exchange, steps ...*decode.Message) *decode.Exchange {
	for _, m := range steps {
		if m == nil {
			continue
		}
		what := m.Type().String()
		if e := m.Krb.Error; e != nil {
			what = fmt.Sprintf("%s %d", what, e.ErrorCode.V)
		}
		x.Steps = append(x.Steps, decode.Step{Frame: m.Frame, Time: m.Time, What: what, Msg: m})
	}
	x.Started, x.Ended = x.Steps[0].Time, x.Steps[len(x.Steps)-1].Time
	s.c.Exchange(x)
	return x
}

// A kdcX is an AS or TGS exchange.
type kdcX struct {
	from    netip.Addr // mailbox unless set
	kdc     netip.Addr // dc1 unless set
	client  string
	sname   string // TGS; AS: krbtgt
	list    []int32
	hint    []int32 // ETYPE-INFO2 of the PREAUTH_REQUIRED; nil: none was sent
	preauth int32   // etype of PA-ENC-TIMESTAMP, 0: none
	code    int32   // KRB-ERROR, 0: success
	info2   []int32 // of that error
	oldInfo bool    // the hint has ETYPE-INFO too
	etext   string
	status  uint32        // NTSTATUS in the e-data
	skew    time.Duration // the KDC's clock against the capture's
	ctime   time.Duration // of an error: the client's clock against the capture's; 0: absent
	reply   int32         // etype of the reply's enc-part
	ticket  tkt           // issued
	tgt     tkt           // presented
	auth    int32         // TGS: session key etype of the TGT
	options uint32
	silent  bool // nothing came
	resent  int
	udp     bool
	tooBig  bool
	took    time.Duration
	unheard time.Duration // a request over UDP before, without answer: how long the client waited
}

func (s *synth) ends(x *kdcX) (from, to netip.AddrPort, tr decode.Transport) {
	if !x.from.IsValid() {
		x.from = mailboxIP
	}
	if !x.kdc.IsValid() {
		x.kdc = dc1IP
	}
	s.port++
	tr = decode.TCP
	if x.udp {
		tr = decode.UDP
	}
	return netip.AddrPortFrom(x.from, s.port), netip.AddrPortFrom(x.kdc, 88), tr
}

func (s *synth) as(x kdcX) *decode.Exchange {
	from, to, tr := s.ends(&x)
	out := &decode.Exchange{Kind: decode.AS, Client: from, Server: to, Transport: tr, Carrier: []string{"kdc"}, BothWays: !x.silent, Resent: x.resent}
	if x.client == "" {
		x.client = "MAILBOX-1$"
	}
	if x.ticket.sname == "" {
		x.ticket = tkt{tgt1.sname, 18, 2, fmt.Sprint(x.client, s.now)}
	}
	if x.sname == "" {
		x.sname = tgt1.sname
	}
	var first, second *decode.Message
	if x.hint != nil {
		first = s.message(s.kdcReq(&x, 0), from, to, tr, out.Carrier)
		edata := tlv(0x30, info2(x.hint...))
		if x.oldInfo {
			edata = tlv(0x30, padata(11, tlv(0x30, tlv(0x30, tagged(0, integer(int64(x.hint[0])))))), info2(x.hint...))
		}
		out.Hint = s.message(wireErrorWith(25, x.sname, s.now+int64(x.skew), 0, x.etext, edata), to, from, tr, out.Carrier)
	}
	if x.unheard > 0 {
		first = s.message(s.kdcReq(&x, x.preauth), from, to, decode.UDP, out.Carrier)
		out.Unheard = first
		s.later(x.unheard)
	}
	second = s.message(s.kdcReq(&x, x.preauth), from, to, tr, out.Carrier)
	s.answer(&x, out, first, second)
	return out
}

func (s *synth) tgs(x kdcX) *decode.Exchange {
	from, to, tr := s.ends(&x)
	out := &decode.Exchange{Kind: decode.TGS, Client: from, Server: to, Transport: tr, Carrier: []string{"kdc"}, BothWays: !x.silent, Resent: x.resent}
	if x.client == "" {
		x.client = "MAILBOX-1$"
	}
	if x.sname == "" {
		x.sname = x.ticket.sname
	}
	if x.tgt.sname == "" {
		x.tgt = tgt1
	}
	if x.auth == 0 {
		x.auth = 18
	}
	q := s.message(kdcReq(0x6c, 12, "", x.sname, x.options, s.serial(), x.list, padata(krb5.PATGSReq, apReq(x.tgt, x.auth, s.serial()))), from, to, tr, out.Carrier)
	s.answer(&x, out, nil, q)
	return out
}

func (s *synth) answer(x *kdcX, out *decode.Exchange, first, second *decode.Message) {
	out.Request = second
	s.later(x.took)
	if x.reply == 0 {
		x.reply = 18
	}
	switch {
	case x.tooBig:
		out.TooBig = s.message(wireError(52, x.sname, s.now+int64(x.skew), 0, nil, x.etext, 0), out.Server, out.Client, out.Transport, out.Carrier)
		out.Ending = decode.NotCaptured
		s.exchange(out, first, out.Hint, second, out.TooBig)
		return
	case x.silent:
		out.Ending = decode.Unanswered
		out.ClientHears = true
		s.exchange(out, first, out.Hint, second)
		return
	case x.code != 0:
		ctime := int64(0)
		if x.ctime != 0 {
			ctime = s.now + int64(x.ctime)
		}
		out.Ending = decode.Failed
		out.Reply = s.message(wireError(x.code, x.sname, s.now+int64(x.skew), ctime, x.info2, x.etext, x.status), out.Server, out.Client, out.Transport, out.Carrier)
	default:
		out.Ending = decode.OK
		out.Reply = s.message(s.kdcRep(out.Kind, x), out.Server, out.Client, out.Transport, out.Carrier)
	}
	s.exchange(out, first, out.Hint, second, out.Reply)
}

// errorAlone is a KRB-ERROR to a logon whose request was not captured; cname is left out when empty.
func (s *synth) errorAlone(code int32, cname string) {
	from, to, tr := s.ends(&kdcX{})
	parts := [][]byte{tagged(0, integer(5)), tagged(1, integer(30)), tagged(4, gtime(s.now/1e9)), tagged(5, integer(0)), tagged(6, integer(int64(code)))}
	if cname != "" {
		parts = append(parts, tagged(7, text(realm)), tagged(8, name(cname)))
	}
	parts = append(parts, tagged(9, text(realm)), tagged(10, name(tgt1.sname)))
	out := &decode.Exchange{Kind: decode.AS, Client: from, Server: to, Transport: tr, Carrier: []string{"kdc"}, BothWays: true, Ending: decode.Failed}
	out.Reply = s.message(tlv(0x7e, tlv(0x30, parts...)), to, from, tr, out.Carrier)
	s.exchange(out, out.Reply)
}

// serial makes each nonce and authenticator another one.
func (s *synth) serial() int {
	s.made++
	return s.made
}

func (s *synth) kdcReq(x *kdcX, proof int32) []byte {
	if proof == 0 {
		return kdcReq(0x6a, 10, x.client, x.sname, x.options, s.serial(), x.list)
	}
	return kdcReq(0x6a, 10, x.client, x.sname, x.options, s.serial(), x.list, padata(krb5.PAEncTimestamp, enc(proof, -1, fmt.Sprint("proof", s.serial()))))
}

func (s *synth) kdcRep(kind decode.Kind, x *kdcX) []byte {
	if kind == decode.TGS {
		return kdcRep(0x6d, 13, x.client, x.ticket, x.reply, s.serial())
	}
	return kdcRep(0x6b, 11, x.client, x.ticket, x.reply, s.serial())
}

// wireError is a KRB-ERROR; ctime, keys, etext and status are left out when zero.
func wireError(code int32, sname string, stime, ctime int64, keys []int32, etext string, status uint32) []byte {
	var edata []byte
	switch {
	case keys != nil:
		edata = tlv(0x30, info2(keys...))
	case status != 0:
		value := binary.LittleEndian.AppendUint32(nil, status)
		value = append(value, 0, 0, 0, 0, 1, 0, 0, 0)
		edata = tlv(0x30, tagged(1, integer(3)), tagged(2, octets(value)))
	}
	return wireErrorWith(code, sname, stime, ctime, etext, edata)
}

// wireErrorWith is a KRB-ERROR with that e-data.
func wireErrorWith(code int32, sname string, stime, ctime int64, etext string, edata []byte) []byte {
	parts := [][]byte{tagged(0, integer(5)), tagged(1, integer(30))}
	if ctime != 0 {
		parts = append(parts, tagged(2, gtime(ctime/1e9)), tagged(3, integer(0)))
	}
	parts = append(parts, tagged(4, gtime(stime/1e9)), tagged(5, integer(stime%1e9/1000)), tagged(6, integer(int64(code))), tagged(9, text(realm)), tagged(10, name(sname)))
	if etext != "" {
		parts = append(parts, tagged(11, text(etext)))
	}
	if edata != nil {
		parts = append(parts, tagged(12, octets(edata)))
	}
	return tlv(0x7e, tlv(0x30, parts...))
}

// An apX is an AP exchange.
type apX struct {
	from    netip.Addr // mailbox unless set
	to      string     // endpoint
	ticket  tkt
	auth    int32 // session key etype, 18 unless set
	code    int32 // KRB-ERROR
	stime   time.Duration
	word    string // carrier's refusal ("535"), no Kerberos error
	carrier string // "smtp" unless set
	silent  bool
	unknown bool
	oneWay  bool           // nothing of the server's is captured
	opened  *decode.Opened // what a keytab made of the ticket
	refuse  bool           // the carrier refuses in spite of the AP-REP
	gaveUp  time.Duration  // with silent: the client closed the connection after so long
}

func (s *synth) ap(x apX) *decode.Exchange {
	if !x.from.IsValid() {
		x.from = mailboxIP
	}
	if x.carrier == "" {
		x.carrier = "smtp"
	}
	if x.auth == 0 {
		x.auth = 18
	}
	s.port++
	from, to := netip.AddrPortFrom(x.from, s.port), netip.MustParseAddrPort(x.to)
	a := &decode.Attempt{Mech: "kerberos"}
	out := &decode.Exchange{Kind: decode.AP, Client: from, Server: to, Transport: decode.TCP, Carrier: []string{x.carrier, "gss"}, BothWays: true, Attempt: a}
	out.Request = s.message(apReq(x.ticket, x.auth, s.serial()), from, to, decode.TCP, out.Carrier)
	out.Request.Opened = x.opened
	switch {
	case x.code != 0:
		out.Ending = decode.Failed
		out.Reply = s.message(wireError(x.code, x.ticket.sname, s.now+int64(x.stime), 0, nil, "", 0), to, from, decode.TCP, out.Carrier)
	case x.word != "":
		s.now += int64(time.Millisecond)
		s.frame++
		out.Ending = decode.Denied
		a.Result = &decode.Result{Outcome: decode.Refused, Code: 535, Text: x.word, Frame: decode.MakeFrameID(0, s.frame), Time: s.now}
	case x.silent:
		out.Ending = decode.Unanswered
	case x.unknown:
		out.Ending = decode.Unknown
	case x.oneWay:
		out.Ending, out.BothWays = decode.NotCaptured, false
	default:
		out.Ending = decode.OK
		out.Reply = s.message(apRep(x.auth, s.serial()), to, from, decode.TCP, out.Carrier)
	}
	if x.refuse {
		out.Ending = decode.Denied
		a.Result = &decode.Result{Outcome: decode.Refused, Code: 401, Frame: decode.MakeFrameID(0, s.frame), Time: s.now}
	}
	s.exchange(out, out.Request, out.Reply)
	s.c.Session(&decode.Session{Client: from, Server: to, SidesKnown: true, Carrier: x.carrier, Begin: out.Request.Frame, Ended: decode.MakeFrameID(0, s.frame),
		First: out.Started, Last: s.now + int64(x.gaveUp), BothWays: true, Attempts: []*decode.Attempt{a}, End: decode.EndFIN, ServerEnded: x.gaveUp == 0})
	return out
}

// ntlm is a connection on which the client authenticated with NTLM.
func (s *synth) ntlm(to string, offered ...string) {
	s.ntlmSaid(to, &decode.Result{Outcome: decode.Accepted, Code: 235}, offered...)
}

// ntlmSaid is one to which the server said so; nil: nothing in view.
func (s *synth) ntlmSaid(to string, said *decode.Result, offered ...string) {
	s.port++
	s.now += int64(time.Millisecond)
	s.frame++
	id := decode.MakeFrameID(0, s.frame)
	a := &decode.Attempt{Mech: "ntlm", Tokens: []decode.Token{{Frame: id, Time: s.now, FromClient: true, Kind: "NTLM negotiate"}},
		Result: said}
	if said != nil {
		said.Frame, said.Time = id, s.now
	}
	s.c.Session(&decode.Session{Client: netip.AddrPortFrom(mailboxIP, s.port), Server: netip.MustParseAddrPort(to), SidesKnown: true, Carrier: "http",
		Begin: id, Ended: id, First: s.now, Last: s.now, BothWays: true, Offered: offered, Attempts: []*decode.Attempt{a}, End: decode.EndFIN})
}

// sighting is a fact of a connection from the mailbox to port 88 of a KDC.
func (s *synth) sighting(kind decode.SightingKind, kdc netip.Addr, count int) {
	s.port++
	s.now += int64(time.Millisecond)
	var frames []decode.FrameID
	for range count {
		s.frame++
		frames = append(frames, decode.MakeFrameID(0, s.frame))
	}
	s.c.Sighting(&decode.Sighting{Kind: kind, Frame: frames[0], Frames: frames, Time: s.now, Src: netip.AddrPortFrom(mailboxIP, s.port),
		Dst: netip.AddrPortFrom(kdc, 88), Transport: decode.TCP, Count: count})
}

// icmp is an ICMP error about a datagram to a KDC.
func (s *synth) icmp(kdc netip.Addr, kind, code int) {
	s.port++
	s.now += int64(time.Millisecond)
	s.frame++
	id := decode.MakeFrameID(0, s.frame)
	s.c.Sighting(&decode.Sighting{Kind: decode.ICMPError, Frame: id, Frames: []decode.FrameID{id}, Time: s.now, Src: netip.AddrPortFrom(mailboxIP, s.port),
		Dst: netip.AddrPortFrom(kdc, 88), Transport: decode.UDP, Count: 1, BothWays: true, Code: kind<<8 | code})
}

// dns ties a name to an address.
func (s *synth) dns(name string, addr netip.Addr) {
	s.frame++
	id := decode.MakeFrameID(0, s.frame)
	s.c.Sighting(&decode.Sighting{Kind: decode.DNSAnswer, Frame: id, Frames: []decode.FrameID{id}, Time: s.now, Name: name, Addrs: []netip.Addr{addr}})
}

// joined is the case after everything was seen.
func (s *synth) joined() *Case {
	return Join([]*Case{s.c}, JoinOptions{
		Captures: []CaptureFacts{{Name: "synth.pcap", First: s.now - int64(time.Hour), Last: s.now + int64(time.Minute), Complete: true}},
		Part:     []int{0},
	})
}

// found runs all rules and gives the findings by rule.
func (s *synth) found() map[string][]Finding {
	out := map[string][]Finding{}
	for _, f := range s.joined().Findings(Rules()) {
		require.NotEmpty(s.tb, f.Evidence, f.Rule)
		require.NotEmpty(s.tb, f.Summary, f.Rule)
		require.NotEmpty(s.tb, f.Cause, f.Rule)
		require.NotEmpty(s.tb, f.Confidence, f.Rule)
		out[f.Rule] = append(out[f.Rule], f)
	}
	return out
}
