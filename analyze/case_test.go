package analyze

import (
	"encoding/hex"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

var smtp5 = tkt{smtpSPN, 18, 5, ""}

// logon is the usual begin of a story: a TGT and a ticket for SMTP.
func (s *synth) logon() (as, tgs *decode.Exchange) {
	as = s.as(kdcX{list: windowsList, hint: []int32{18, 23}, preauth: 18, ticket: tgt1})
	return as, s.tgs(kdcX{list: windowsList, ticket: smtp5})
}

func TestRecordHoldsWhatTheWireSaid(t *testing.T) {
	s := newSynth(t)
	s.logon()
	s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, code: 31})
	c := s.joined()

	recs := c.Records()
	require.Len(t, recs, 3)
	as, tgs, ap := recs[0], recs[1], recs[2]

	assert.Equal(t, "MAILBOX-1$@CONTOSO.COM", as.Client)
	assert.Equal(t, "krbtgt/CONTOSO.COM@CONTOSO.COM", as.Service)
	assert.Equal(t, windowsList, as.Req.Etypes)
	assert.Equal(t, "timestamp", as.Req.Preauth)
	assert.Equal(t, int32(18), *as.Req.PreauthEtype)
	require.NotNil(t, as.Hint)
	assert.Equal(t, []int32{18, 23}, etypesOf(as.Hint.Info2))
	assert.Equal(t, "CONTOSO.COMsalt", as.Hint.Info2[0].Salt)
	assert.Equal(t, int32(18), *as.Reply.Etype)
	require.NotNil(t, as.SessionEtype, "from the authenticator of the TGS-REQ")
	assert.Equal(t, int32(18), *as.SessionEtype)

	assert.Equal(t, "MAILBOX-1$@CONTOSO.COM", tgs.Client)
	assert.Equal(t, "smtp/hub-1.contoso.com@CONTOSO.COM", tgs.Service)
	assert.Equal(t, uint32(5), *tgs.Issued.KVNO)
	assert.Equal(t, as.Issued.Hash, tgs.Presented.Hash)
	assert.Len(t, tgs.Issued.Hash, 64)

	assert.Equal(t, "MAILBOX-1$@CONTOSO.COM", ap.Client, "whose ticket it is, the TGS-REP told")
	assert.Equal(t, tgs.Issued.Hash, ap.Presented.Hash)
	assert.Equal(t, decode.Failed, ap.Ending)
	assert.Equal(t, int32(31), ap.Error.Code)

	life := c.TicketOf(ap.Presented.Hash)
	require.NotNil(t, life)
	assert.Same(t, tgs, life.Issued)
	require.Len(t, life.Presented, 1)
	assert.Same(t, ap, life.Presented[0].First)
	assert.Equal(t, int32(18), *life.SessionEtype)

	kdc := c.KDC(dc1IP)
	require.NotNil(t, kdc)
	assert.Equal(t, map[int32]uint64{18: 2}, kdc.Tickets)
	assert.Equal(t, map[int32]uint64{18: 1}, kdc.TGTs)
	assert.Equal(t, map[int32]uint64{18: 1, 23: 1}, kdc.Offered)
	assert.Equal(t, map[int32]uint64{25: 1}, kdc.Errors)
	assert.EqualValues(t, 2, kdc.AskedAES)
	require.Len(t, c.Accounts(), 1)
	assert.True(t, c.Accounts()[0].HasAES())
	require.Len(t, c.Keys("SMTP/hub-1.contoso.com@contoso.com"), 1, "names compare without case")
	assert.Equal(t, dc1IP, c.Keys("smtp/hub-1.contoso.com@CONTOSO.COM")[0].KDC)
}

// A TGS that fails before its TGT's owner is known gets its client later.
func TestClientOfATicketIsLearntLate(t *testing.T) {
	s := newSynth(t)
	s.tgs(kdcX{list: windowsList, sname: "cifs/nowhere", code: 7})
	s.later(time.Minute).tgs(kdcX{list: windowsList, ticket: smtp5, client: "alice"})
	c := s.joined()
	require.Len(t, c.Records(), 2)
	assert.Equal(t, "alice@CONTOSO.COM", c.Records()[0].Client)
	assert.Equal(t, "alice@CONTOSO.COM", c.Rows(decode.TGS)[0].Record().Client)
}

func TestHealing(t *testing.T) {
	tests := map[string]struct {
		play   func(s *synth)
		healed []bool // by record in time order
	}{
		"same endpoint within ten seconds": {func(s *synth) {
			s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, code: 31})
			s.later(5 * time.Second).ap(apX{to: "10.0.0.20:25", ticket: tkt{smtpSPN, 18, 6, ""}})
		}, []bool{true, false}},
		"too late": {func(s *synth) {
			s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, code: 31})
			s.later(11 * time.Second).ap(apX{to: "10.0.0.20:25", ticket: smtp5})
		}, []bool{false, false}},
		"another endpoint is the control experiment": {func(s *synth) {
			s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, word: "no"})
			s.ap(apX{to: "10.0.0.20:2525", ticket: smtp5})
		}, []bool{false, false}},
		"another client's success": {func(s *synth) {
			s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, code: 31})
			s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, from: hub2IP})
		}, []bool{false, false}},
		"success before failure": {func(s *synth) {
			s.ap(apX{to: "10.0.0.20:25", ticket: smtp5})
			s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, code: 31})
		}, []bool{false, false}},
		"success unknown": {func(s *synth) {
			s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, code: 31})
			s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, unknown: true})
		}, []bool{false, false}},
		"the same logon at another KDC": {func(s *synth) {
			s.as(kdcX{client: "alice", list: aesList, preauth: 18, code: 24})
			s.as(kdcX{client: "ALICE", list: aesList, preauth: 18, kdc: dc2IP})
		}, []bool{true, false}},
		"another account's logon": {func(s *synth) {
			s.as(kdcX{client: "alice", list: aesList, preauth: 18, code: 24})
			s.as(kdcX{client: "bob", list: aesList, preauth: 18})
		}, []bool{false, false}},
		"a logon for the password service is no recovery": {func(s *synth) {
			s.as(kdcX{client: "alice", list: aesList, preauth: 18, code: 23})
			s.as(kdcX{client: "alice", sname: "kadmin/changepw", list: aesList, preauth: 18, ticket: tkt{"kadmin/changepw", 18, 1, ""}})
		}, []bool{false, false}},
		"14, then a longer list": {func(s *synth) {
			s.tgs(kdcX{list: []int32{18}, sname: smtpSPN, code: 14})
			s.tgs(kdcX{list: windowsList, ticket: smtp5})
		}, []bool{true, false}},
		"a forwarded TGT is another question": {func(s *synth) {
			s.tgs(kdcX{list: []int32{18}, sname: tgt1.sname, options: krb5.KDCForwarded, code: 14})
			s.tgs(kdcX{list: windowsList, ticket: tgt1})
		}, []bool{false, false}},
		"a referral is no answer": {func(s *synth) {
			s.tgs(kdcX{list: windowsList, sname: smtpSPN, code: 7})
			s.tgs(kdcX{list: windowsList, sname: smtpSPN, ticket: tkt{"krbtgt/OTHER.COM", 18, 1, ""}})
		}, []bool{false, false}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSynth(t)
			tt.play(s)
			var got []bool
			want := 0
			for _, r := range s.joined().Records() {
				got = append(got, r.Healed)
			}
			assert.Equal(t, tt.healed, got)
			// The fold itself knows it too, without the second look of Join.
			rows := 0
			for _, w := range s.c.rows.rows {
				if w.exemplars[0].healed != nil {
					rows++
				}
			}
			for _, h := range tt.healed {
				if h {
					want++
				}
			}
			assert.Equal(t, want, rows)
		})
	}
}

// Silence is known only long after the next KDC has answered.
func TestHealedBeforeItWasKnown(t *testing.T) {
	s := newSynth(t)
	probe := newSynth(t)
	silent := probe.tgs(kdcX{list: windowsList, sname: smtpSPN, silent: true})
	s.now = probe.now + 3e9
	s.tgs(kdcX{list: windowsList, ticket: smtp5, kdc: dc2IP})
	s.later(40*time.Second).dns("x", hubIP)
	s.c.Exchange(silent)
	healed := 0
	for _, w := range s.c.rows.rows {
		if h := w.exemplars[0].healed; h != nil {
			healed++
			assert.Equal(t, dc2IP, h.at.Addr())
			assert.Equal(t, "TGS-REP", h.what)
		}
	}
	assert.Equal(t, 1, healed)
}

func TestRowsKeepFirstAndLast(t *testing.T) {
	s := newSynth(t)
	s.c = NewCase(3)
	for range 100 {
		s.later(20 * time.Second).ap(apX{to: "10.0.0.20:25", ticket: smtp5, code: 31})
	}
	c := s.joined()
	require.Len(t, c.Rows(decode.AP), 1)
	w := c.Rows(decode.AP)[0]
	assert.EqualValues(t, 100, w.Count)
	require.Len(t, w.Exemplars, 8)
	assert.Equal(t, w.First, w.Exemplars[0].Start)
	assert.Equal(t, w.Last, w.Exemplars[7].Start)
	assert.Less(t, w.Exemplars[3].Start, w.Exemplars[4].Start-80*20e9)
	r := c.Report(Options{MaxExchanges: 3, Rules: []*Rule{}})
	assert.EqualValues(t, 100, r.Totals.Exchanges)
	assert.Len(t, r.Exchanges, 3)
	assert.EqualValues(t, 97, r.Totals.Omitted)

	// What findings cite is listed beyond the limit.
	r = c.Report(Options{MaxExchanges: 3, Rules: []*Rule{RuleByID("key-mismatch")}})
	require.Len(t, r.Findings, 1)
	assert.Len(t, r.Exchanges, 4)
	assert.Equal(t, stamp(w.Last), r.Exchanges[3].Started)
}

func TestTicketsGoOutLeastRecentlyUsedFirst(t *testing.T) {
	s := newSynth(t)
	s.ap(apX{to: "10.0.0.20:25", ticket: smtp5})
	for i := range maxTickets + 10 {
		if i%1000 == 0 {
			s.ap(apX{to: "10.0.0.20:25", ticket: smtp5})
		}
		s.c.tickets.get(&[32]byte{byte(i >> 16), byte(i >> 8), byte(i)}, &TicketRef{})
	}
	assert.Len(t, s.c.tickets.bySum, maxTickets)
	used, err := hex.DecodeString(s.c.list[0].record(&slabs{}, s.c.dict, nil).Presented.Hash)
	require.NoError(t, err)
	assert.NotNil(t, s.c.tickets.bySum[[32]byte(used)], "used all the time")
	assert.EqualValues(t, 11, s.c.tickets.lost)
}

// made is a Record of an AP exchange, as read makes it, without its bytes.
func made(i int, many int) *decode.Exchange {
	at := int64(1_700_000_000e9) + int64(i)*1e6
	from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i % many >> 8), byte(i % many)}), uint16(i))
	id := decode.MakeFrameID(0, uint64(i+1))
	return &decode.Exchange{
		Kind: decode.AP, Client: from, Server: netip.AddrPortFrom(hubIP, uint16(i%7+1)), Transport: decode.TCP, Carrier: []string{"smtp", "gss"},
		Ending: decode.Denied, BothWays: true, Started: at, Ended: at + 1e6,
		Request: &decode.Message{Frame: id, Time: at},
		Steps:   []decode.Step{{Frame: id, Time: at, What: "AP-REQ"}},
		Attempt: &decode.Attempt{Mech: "kerberos", Result: &decode.Result{Outcome: decode.Refused, Code: 535, Frame: id, Time: at + 1e6}},
	}
}

// A service that asks in a user's name is the client of the request; the
// ticket that it gets is the user's.
func TestDelegatedTickets(t *testing.T) {
	s := newSynth(t)
	s.as(kdcX{client: "HUB-1$", list: windowsList, ticket: tgt1})
	s.tgs(kdcX{client: "alice", list: windowsList, ticket: smtp5, options: krb5.KDCConstrainedDeleg})
	s.tgs(kdcX{list: windowsList, sname: smtpSPN, options: krb5.KDCConstrainedDeleg, code: 13})
	s.ap(apX{to: "10.0.0.21:25", ticket: smtp5})
	c := s.joined()
	var got []string
	for _, r := range c.Records() {
		got = append(got, r.Client)
	}
	assert.Equal(t, []string{"HUB-1$@CONTOSO.COM", "HUB-1$@CONTOSO.COM", "HUB-1$@CONTOSO.COM", "alice@CONTOSO.COM"}, got)
	assert.Equal(t, "HUB-1$@CONTOSO.COM", c.Tickets()[0].Client)
	assert.Equal(t, "alice@CONTOSO.COM", c.Tickets()[1].Client)
}
