package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"kerbscope/capture"
)

func TestTimeColumn(t *testing.T) {
	const first, ns = 1795374976981353968 - 1_500_000_000, 1795374976981353968
	for _, c := range []struct {
		format string
		digits int
		want   string
	}{
		{"", 6, "19:16:16.981353"}, {"u", 9, "19:16:16.981353968"}, {"a", 0, "19:16:16"}, {"ud", 3, "2026-11-22 19:16:16.981"}, {"ad", 6, "2026-11-22 19:16:16.981353"},
		{"e", 6, "1795374976.981353"}, {"r", 6, "1.500000"}, {"dd", 6, "0.000000"},
	} {
		col := timeColumn{format: c.format}
		col.begin()
		col.saw(first)
		assert.Equal(t, c.want, string(col.text(nil, ns, c.digits)), c.format)
	}
	col := timeColumn{format: "dd"}
	col.begin()
	assert.Equal(t, "0.000", string(col.text(nil, 5e9, 3)))
	assert.Equal(t, "-", string(col.text(nil, capture.NoTime, 3)))
	assert.Equal(t, "0.250", string(col.text(nil, 5_250_000_000, 3)))
	assert.Equal(t, "-1.000", string(col.text(nil, 4_250_000_000, 3)), "a capture may step back")
	before := timeColumn{}
	assert.Equal(t, "23:59:59.999999", string(before.text(nil, -1000, 6)), "before 1970")
}

// TestLines: the columns are where they were, what matters of each type stands
// behind, and names steer nothing.
func TestLines(t *testing.T) {
	n := func(v int32) *int32 { return &v }
	k := func(v uint32) *uint32 { return &v }
	tgt := &rowTicket{Realm: "R", SName: "krbtgt/R", Etype: n(18), KVNO: k(2)}
	for _, c := range []struct {
		row  row
		want string
	}{
		{row{MsgType: "AS-REQ", CName: "alice", SName: "krbtgt/R", Realm: "R", Etypes: []int32{18, 17, 23, 3, 1, -135}}, "AS-REQ    alice@R etypes AES256,AES128,RC4,DES,-135 no preauth"},
		{row{MsgType: "AS-REQ", CName: "alice", SName: "kadmin/changepw", Realm: "R", PreauthEtype: n(23)}, "AS-REQ    alice@R for kadmin/changepw preauth RC4"},
		{row{MsgType: "AS-REQ", CName: "alice", SName: "krbtgt/R", Realm: "R", Anomalies: []rowAnomaly{{9, "truncated: 9 of 10 bytes"}}}, "AS-REQ    alice@R [truncated: 9 of 10 bytes]"},
		{row{MsgType: "AS-REQ", Realm: "R", SName: "krbtgt/R", PAData: []rowPAData{{Type: 16}}}, "AS-REQ    @R preauth PKINIT"},
		{row{MsgType: "TGS-REQ", SName: "smtp/h", Realm: "R", Etypes: []int32{18}, KDCOptions: []string{"forwardable", "constrained-delegation"}, Ticket: tgt, Tickets: []rowTicket{{SName: "web", Realm: "R"}}},
			"TGS-REQ   for smtp/h S4U2proxy etypes AES256 TGT AES256 kvno 2 and web"},
		{row{MsgType: "TGS-REP", CName: "alice", CRealm: "R", Ticket: &rowTicket{SName: "smtp/h", Realm: "S", Etype: n(23), KVNO: k(0)}, EncPart: &rowEncs{Etype: n(18)}},
			"TGS-REP   alice@R for smtp/h@S ticket RC4 kvno 0 enc-part AES256"},
		{row{MsgType: "AP-REQ", Ticket: &rowTicket{SName: "smtp/h", Realm: "R", Etype: n(23)}, AuthenticatorEtype: n(18), APOptions: []string{"use-session-key", "mutual-required"}},
			"AP-REQ    smtp/h@R RC4 authenticator AES256 mutual user-to-user"},
		{row{MsgType: "KRB-ERROR", ErrorCode: n(18), ErrorCodeName: "KDC_ERR_CLIENT_REVOKED", CName: "alice", CRealm: "R", SName: "krbtgt/R", Realm: "R", EText: "a\nb",
			EData: &rowEData{KerbErrorData: &rowKerbError{NTStatus: k(0xc0000072), NTStatusName: "STATUS_ACCOUNT_DISABLED"}}},
			`KRB-ERROR KDC_ERR_CLIENT_REVOKED (18) STATUS_ACCOUNT_DISABLED (0xc0000072) alice@R "a\nb"`},
		{row{MsgType: "KRB-ERROR", ErrorCode: n(4711), Malformed: &rowAnomaly{3, "bad"}}, "KRB-ERROR code (4711) [malformed at byte 3: bad]"},
		{row{NTLM: "negotiate"}, "NTLM negotiate"},
		{row{CarrierResult: &carrierResult{Outcome: "refused", Code: ptr[int64](0xc000006d), CodeName: "STATUS_LOGON_FAILURE"}}, "carrier refused: STATUS_LOGON_FAILURE (0xc000006d)"},
	} {
		r := c.row
		r.Frame, r.Src, r.SPort, r.Dst, r.DPort, r.Carrier = 7, "10.0.0.1", 1025, "fd77::10", 88, []string{"kdc"}
		l := newRowLines(false, screen{}, "r")
		assert.Equal(t, "     7 0.000 10.0.0.1:1025 > [fd77::10]:88    kdc  "+c.want+"\n", string(l.line(nil, &r, 5e9, 3)))
	}
}

// TestLineWidths: nearly all lines of the corpus are of at most 140 columns.
func TestLineWidths(t *testing.T) {
	if raceDetector {
		t.Skip("one goroutine, and minutes: the run without the race detector has it")
	}
	var lines, wide int
	for _, path := range corpusCaptures(t) {
		for _, line := range strings.Split(strings.TrimSpace(runOK(t, "decode", path)), "\n") {
			lines++
			if len(line) > lineWidth {
				wide++
			}
		}
	}
	assert.Less(t, wide*4, lines, "%d of %d lines", wide, lines)
}
