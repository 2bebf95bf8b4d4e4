package analyze

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	hubIP6  = netip.MustParseAddr("fd00::20")
	otherIP = netip.MustParseAddr("10.0.0.77")
)

// One wrong clock is one finding, whoever it meets, at whatever port and over
// whatever address family.
func TestOneWrongClockIsOneFinding(t *testing.T) {
	good := func(s *synth) {
		s.dns("hub-1.contoso.com", hubIP)
		s.dns("hub-1.contoso.com", hubIP6)
		s.dns("mailbox-1.contoso.com", mailboxIP)
		s.dns("dc1.contoso.com", dc1IP)
		s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18})
	}
	refuse := func(s *synth, from netip.Addr, to string) {
		s.ap(apX{from: from, to: to, ticket: smtpTicket, code: 37, stime: 10 * time.Minute})
	}
	short, long := newSynth(t), newSynth(t)
	good(short)
	refuse(short, mailboxIP, "10.0.0.20:25")
	good(long)
	for range 3 {
		refuse(long, mailboxIP, "10.0.0.20:25")
		refuse(long, otherIP, "10.0.0.20:2525")
		refuse(long, mailboxIP, "[fd00::20]:25")
	}
	// The DC refuses the hub: the same clock, from the other side.
	long.as(kdcX{from: hubIP6, client: "HUB-1$", list: windowsList, preauth: 18, code: 37})

	one, all := short.found()["clock-skew"], long.found()["clock-skew"]
	require.Len(t, one, 1)
	require.Len(t, all, 1)
	assert.Equal(t, one[0].ID, all[0].ID)
	assert.EqualValues(t, 10, all[0].Count)
	require.Len(t, all[0].FaultAt, 1)
	assert.Equal(t, "10.0.0.20", all[0].FaultAt[0].Endpoint.Address)
	assert.Equal(t, "The clock of hub-1 is 10 min ahead of dc1: dc1 refused it once; it refused mailbox-1 and 10.0.0.77 9 times (37).", all[0].Summary)

	// Over IPv6 alone it is the same host.
	six := newSynth(t)
	good(six)
	refuse(six, mailboxIP, "[fd00::20]:25")
	list := six.found()["clock-skew"]
	require.Len(t, list, 1)
	assert.Equal(t, one[0].ID, list[0].ID)
}

func TestWrongClocksOfSeveralHosts(t *testing.T) {
	s := newSynth(t)
	for _, from := range []netip.Addr{mailboxIP, hubIP, mailboxIP} {
		s.as(kdcX{from: from, client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, code: 37})
	}
	s.as(kdcX{from: hub2IP, client: "bob", list: windowsList, hint: []int32{18}, preauth: 18})
	list := s.found()["clock-skew"]
	require.Len(t, list, 2)
	assert.NotEqual(t, list[0].ID, list[1].ID)
	assert.EqualValues(t, 2, list[0].Count)

	// A KDC that refuses all who ask, by the clock of a capture that may be its own.
	s = newSynth(t)
	for _, from := range []netip.Addr{mailboxIP, hubIP, mailboxIP} {
		s.as(kdcX{from: from, client: "alice", list: windowsList, hint: []int32{18}, preauth: 18, code: 37})
	}
	list = s.found()["clock-skew"]
	require.Len(t, list, 1)
	assert.Equal(t, Likely, list[0].Confidence)
	require.Len(t, list[0].FaultAt, 1)
	assert.Equal(t, "10.0.0.10", list[0].FaultAt[0].Host)

	// Of two hosts that nothing else tells of, one is wrong.
	s = newSynth(t)
	s.ap(apX{to: "10.0.0.20:25", ticket: smtpTicket, code: 37, stime: time.Hour})
	s.ap(apX{to: "10.0.0.20:80", ticket: smtpTicket, code: 37, stime: time.Hour})
	list = s.found()["clock-skew"]
	require.Len(t, list, 1)
	assert.EqualValues(t, 2, list[0].Count)
	assert.Empty(t, list[0].FaultAt)
}

// What followed at one of several endpoints is explained.
func TestWrongClockExplainsWhatFollowed(t *testing.T) {
	s := newSynth(t)
	s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18})
	for _, to := range []string{"10.0.0.20:25", "10.0.0.20:80"} {
		s.ap(apX{to: to, ticket: smtpTicket, code: 37, stime: 10 * time.Minute})
	}
	s.ap(apX{from: otherIP, to: "10.0.0.20:80", ticket: smtpTicket, code: 37, stime: 10 * time.Minute})
	s.ntlm("10.0.0.20:80", "kerberos", "ntlm")
	found := s.found()
	require.Len(t, found["clock-skew"], 1)
	require.Len(t, found["ntlm-fallback"], 1)
	assert.Equal(t, found["clock-skew"][0].ID, found["ntlm-fallback"][0].BecauseOf)
}

// Clocks of captures that nothing relates are not held against each other.
func TestUnrelatedCapturesAreNoWitnesses(t *testing.T) {
	for _, related := range []bool{true, false} {
		s := newSynth(t)
		as := s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18}, preauth: 18})
		ok := s.ap(apX{to: "10.0.0.20:25", ticket: smtpTicket})
		x := s.ap(apX{to: "10.0.0.21:25", ticket: smtpTicket, code: 37, stime: 10 * time.Minute})
		a, b := newView(0, 0, 0), newView(1, 3*time.Hour, 0)
		a.see(as, nil)
		a.see(ok, nil)
		if related {
			b.see(ok, nil)
		}
		b.see(x, nil)
		c := joinViews(a, b)
		list := c.Findings([]*Rule{clockSkew})
		require.Len(t, list, 1)
		if related {
			require.Len(t, list[0].FaultAt, 1)
			assert.Contains(t, list[0].Summary, "10 min ahead")
		} else {
			assert.Empty(t, list[0].FaultAt)
			require.Nil(t, c.Clock(netip.MustParseAddr("10.0.0.21")), "its clock against the reference's is not known")
		}
	}
}
