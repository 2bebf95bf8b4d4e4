package analyze

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"kerbscope/decode/krb5"
)

func TestEtypeRules(t *testing.T) {
	both := []int32{18, 23}
	rc4 := []int32{23}
	weak := tkt{smtpSPN, 23, 5, "r"}
	rc4TGT := tkt{tgt1.sname, 23, 2, "t23"}
	runRuleCases(t, []ruleCase{
		{"the usual list", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: both, preauth: 18, ticket: tgt1})
			issue(s, smtpTicket)
			s.ap(apX{to: hub25, ticket: smtpTicket})
		}, want{"-client-offers-no-aes", "-client-prefers-rc4", "-preauth-downgrade", "-account-lacks-aes-keys", "-kdc-offers-no-aes", "-kdcs-disagree",
			"-ticket-downgrade", "-session-key-downgrade", "-rc4-in-use", "-des-in-use", "-etype-nosupp", "-forwarded-tgt-single-etype"}},
		{"a list built from stored keys", func(s *synth) {
			s.as(kdcX{client: "alice", list: []int32{18, 23, -133, -128, 24, -135}, hint: both, preauth: 18, ticket: tgt1})
		}, want{"-client-offers-no-aes", "-client-prefers-rc4"}},
		{"RC4 alone", func(s *synth) {
			s.as(kdcX{list: rc4List, hint: rc4, preauth: 23, reply: 23, ticket: tgt1})
			s.tgs(kdcX{list: rc4List, ticket: smtpTicket, auth: 23})
			s.ap(apX{to: hub25, ticket: smtpTicket, auth: 23})
		}, want{"client-offers-no-aes warning certain", "session-key-downgrade warning certain", "rc4-in-use note certain",
			"-kdc-offers-no-aes", "-account-lacks-aes-keys", "-preauth-downgrade", "-ticket-downgrade"}},
		{"RC4 alone, refused", func(s *synth) {
			s.as(kdcX{list: rc4List, code: 14})
		}, want{"client-offers-no-aes error certain", "etype-nosupp error certain"}},
		{"Windows Server 2003 knows no AES", func(s *synth) {
			s.as(kdcX{list: []int32{23, -133, -128, 3, 1, 24, -135}, hint: rc4, preauth: 23, reply: 23})
		}, want{"client-offers-no-aes note certain"}},
		{"Camellia is not weak", func(s *synth) {
			s.as(kdcX{list: []int32{26, 25}})
		}, want{"-client-offers-no-aes"}},
		{"RC4 first", func(s *synth) {
			s.as(kdcX{list: []int32{23, 18, 17}, hint: both, preauth: 18})
		}, want{"client-prefers-rc4 warning likely", "-client-offers-no-aes"}},
		{"RC4 timestamp though AES was offered", func(s *synth) {
			s.as(kdcX{list: windowsList, hint: both, preauth: 23, reply: 23})
		}, want{"preauth-downgrade warning certain"}},
		{"RC4 timestamp, the account has nothing else", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: both, preauth: 18, ticket: tgt1})
			s.as(kdcX{client: "old", list: windowsList, hint: rc4, preauth: 23, reply: 23})
		}, want{"account-lacks-aes-keys warning certain", "-preauth-downgrade", "-kdc-offers-no-aes"}},
		{"one account without AES, the TGT has it", func(s *synth) {
			s.as(kdcX{client: "old", list: windowsList, hint: rc4, preauth: 23, reply: 23, ticket: tgt1})
		}, want{"account-lacks-aes-keys warning likely", "-kdc-offers-no-aes"}},
		{"RC4 alone to a client that likes it best", func(s *synth) { // MIT and Samba name the one key that the list has first
			s.as(kdcX{client: "alice", list: []int32{23, 18, 17}, hint: rc4, preauth: 23, reply: 23, ticket: tgt1})
		}, want{"-account-lacks-aes-keys"}},
		{"one account without AES and nothing to compare", func(s *synth) {
			s.as(kdcX{client: "old", list: windowsList, hint: rc4, preauth: 23, code: 24})
		}, want{"-account-lacks-aes-keys", "-kdc-offers-no-aes"}},
		{"a KDC without AES", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: rc4, preauth: 23, reply: 23, ticket: rc4TGT})
			s.tgs(kdcX{client: "alice", list: windowsList, ticket: weak, tgt: rc4TGT, auth: 23})
		}, want{"kdc-offers-no-aes warning likely", "ticket-downgrade warning certain", "-account-lacks-aes-keys", "-client-offers-no-aes"}},
		{"a KDC without AES beside one with it", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: both, preauth: 18, ticket: tgt1})
			s.as(kdcX{client: "alice", kdc: dc2IP, list: windowsList, hint: rc4, preauth: 23, reply: 23, ticket: rc4TGT})
		}, want{"kdc-offers-no-aes warning certain", "kdcs-disagree warning certain"}},
		{"asked for RC4, a KDC cannot show AES", func(s *synth) {
			s.as(kdcX{client: "alice", list: rc4List, hint: rc4, preauth: 23, reply: 23, ticket: rc4TGT})
		}, want{"-kdc-offers-no-aes"}},
		{"two KDCs, two kvnos, the newer one later", func(s *synth) {
			issue(s, smtpTicket)
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, ticket: tkt{smtpSPN, 18, 6, "b"}})
		}, want{"-kdcs-disagree"}},
		{"two KDCs, the second is behind", func(s *synth) {
			issue(s, tkt{smtpSPN, 18, 6, "b"})
			s.later(time.Second)
			s.tgs(kdcX{kdc: dc2IP, list: windowsList, ticket: smtpTicket})
		}, want{"kdcs-disagree warning certain"}},
		{"two lists, two etypes", func(s *synth) {
			issue(s, smtpTicket)
			s.tgs(kdcX{kdc: dc2IP, list: rc4List, ticket: weak, auth: 18})
		}, want{"-kdcs-disagree"}},
		{"a weak ticket though AES was listed", func(s *synth) {
			s.as(kdcX{list: windowsList, hint: both, preauth: 18, ticket: tgt1})
			issue(s, weak)
			s.ap(apX{to: hub25, ticket: weak, auth: 18})
		}, want{"ticket-downgrade warning certain", "rc4-ticket-aes-session note certain", "rc4-in-use note certain", "-session-key-downgrade", "-kdc-offers-no-aes"}},
		{"user-to-user tickets are under a session key", func(s *synth) {
			s.tgs(kdcX{list: windowsList, ticket: weak, options: krb5.KDCEncTktInSkey})
		}, want{"-ticket-downgrade"}},
		{"14 that stays", func(s *synth) {
			s.as(kdcX{client: "alice", list: aesList, code: 14})
		}, want{"etype-nosupp error certain", "-client-offers-no-aes", "-kdc-offers-no-aes"}},
		{"14, and the other KDC answers", func(s *synth) {
			s.as(kdcX{client: "alice", list: aesList, code: 14})
			s.as(kdcX{client: "alice", kdc: dc2IP, list: aesList})
		}, want{"etype-nosupp-recovered note certain", "-etype-nosupp"}},
		{"14, and whose it was is not in view", func(s *synth) {
			s.errorAlone(14, "")
			s.as(kdcX{client: "bob", list: windowsList, ticket: rc4TGT, reply: 23})
		}, want{"etype-nosupp-recovered note possible", "-etype-nosupp"}},
		{"14, and a longer list", func(s *synth) {
			s.as(kdcX{client: "alice", list: aesList, code: 14})
			s.as(kdcX{client: "alice", list: windowsList, ticket: rc4TGT, reply: 23})
		}, want{"etype-nosupp-recovered note certain", "-etype-nosupp"}},
		{"a forwarded TGT at an old DC", func(s *synth) {
			s.tgs(kdcX{list: []int32{18}, sname: tgt1.sname, code: 14, options: 0x60810010, tgt: rc4TGT, auth: 23})
		}, want{"forwarded-tgt-single-etype note certain", "-etype-nosupp", "-client-offers-no-aes"}},
		{"a forwarded TGT with RC4 alone is no forced list", func(s *synth) {
			s.tgs(kdcX{list: []int32{23}, sname: tgt1.sname, options: 0x60810010, ticket: tgt1})
		}, want{"forwarded-tgt-single-etype note certain", "-client-offers-no-aes"}},
		{"DES", func(s *synth) {
			s.as(kdcX{client: "old", list: []int32{3, 1}, hint: []int32{3}, preauth: 3, reply: 3})
		}, want{"des-in-use warning certain", "client-offers-no-aes warning certain"}},
		{"DES at the end of a list", func(s *synth) {
			s.as(kdcX{client: "alice", list: windowsList, hint: []int32{18, 23, 3}, preauth: 18})
		}, want{"-des-in-use", "-rc4-in-use"}},
	})
}

func TestListShapes(t *testing.T) {
	assert.Equal(t, shapeWindows2003, listShape([]int32{23, -133, -128, 3, 1, 24, -135}))
	assert.Equal(t, shapeTool, listShape([]int32{23}))
	assert.Equal(t, shapeTool, listShape([]int32{23, 16, 3, 23}))
	assert.Equal(t, shapeWindows, listShape([]int32{23, 24, -135}))
	assert.Equal(t, shapeOther, listShape([]int32{23, 3, 1}))
	assert.True(t, weakFirst([]int32{23, 18}))
	assert.False(t, weakFirst([]int32{18, 23}))
	assert.False(t, weakFirst([]int32{26, 18, 23}))
}

func TestWords(t *testing.T) {
	assert.Equal(t, "AES256, AES128, RC4, DES", shortEtypes(windowsList))
	assert.Equal(t, "once", nTimes(1))
	assert.Equal(t, "a, b and 2 more", join([]string{"a", "b", "c", "d"}, 2))
	assert.Equal(t, "10 min", durationText(int64(10*time.Minute)))
	k := uint32(0x00010002)
	assert.True(t, rodc(&k))
	assert.Equal(t, "3DES", shortEtype(16))
	assert.Equal(t, "AES256-SHA384", shortEtype(20))
	assert.Equal(t, "STATUS_LOGON_FAILURE", wordText(&Word{Code: 0xC000006D, CodeName: "STATUS_LOGON_FAILURE"}))
	assert.Equal(t, "5 min ahead of dc1", aheadOf(int64(5*time.Minute), "dc1"))
	assert.Equal(t, "5 min behind dc1", aheadOf(-int64(5*time.Minute), "dc1"))
	assert.Equal(t, "2 hours (a time zone mistake?) behind", aheadText(-int64(2*time.Hour)))
	assert.True(t, sameSet([]int32{18, 23}, []int32{23, 18}))
	assert.False(t, sameSet([]int32{18, 23}, []int32{18}))
	assert.False(t, sameSet([]int32{18}, []int32{18, 23}))
	assert.Contains(t, ticketText(&TicketRef{Etype: 18, KVNO: &k}), "AES256")
}
