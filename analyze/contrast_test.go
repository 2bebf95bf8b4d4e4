package analyze

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode"
)

func TestListMaker(t *testing.T) {
	of := func(kind decode.Kind, options uint32, list ...int32) maker {
		return listMaker(&Record{Kind: kind, Req: Request{Etypes: list, KDCOptions: options}})
	}
	assert.Equal(t, maker{"Windows 7 to Server 2022, defaults", Likely}, of(decode.AS, 0, 18, 17, 23, 24, -135, 3))
	assert.Equal(t, maker{"MIT krb5, defaults", Likely}, of(decode.AS, 0, 18, 17, 20, 19, 16, 23, 25, 26))
	assert.Contains(t, of(decode.AS, 0, 23, 18, 17, 20, 19, 16, 25, 26).Name, "another order")
	assert.Equal(t, "impacket", of(decode.TGS, impacketTGS, 23, 16, 3, 18).Name)
	assert.Equal(t, Possible, of(decode.AS, 0, 23).Confidence)
	assert.Contains(t, of(decode.AS, 0, 23, 24, -135).Name, "AES left out")
	assert.Contains(t, of(decode.AS, 0, 23, 18, 17, 24, -135).Name, "RC4 put first")
	assert.Equal(t, unknownMaker, of(decode.AS, 0, 18, 17, 23), "anybody's krb5.conf, and kerbrute's")
	assert.Equal(t, unknownMaker, of(decode.TGS, 0, 23, 16, 3, 18))
	assert.Equal(t, maker{}, of(decode.AS, 0))
}

func TestContrastOnlyWhatDiffers(t *testing.T) {
	aes, rc4 := int32(18), int32(23)
	k5, k6, code := uint32(5), uint32(6), int32(44)
	x := func(outcome, client string, kvno *uint32, etype *int32, frame uint64) Exchange {
		e := Exchange{Kind: "AP", Client: client, Service: "smtp/hub@R", Server: &Endpoint{Address: "10.0.0.2", Port: 25}, Outcome: outcome, TicketKVNO: kvno,
			TicketEtype: etype, Started: "2026-01-01T00:00:00Z", Frames: []StepFrame{{Capture: "a", Frame: frame}}}
		if outcome == "error" {
			e.ErrorCode = &code
		}
		return e
	}
	r := &Report{
		Exchanges: []Exchange{x("ok", "c@R", &k5, &aes, 1), x("error", "c@R", &k6, &aes, 2), x("ok", "other@R", &k6, &rc4, 3)},
		Findings:  []Finding{{Severity: Error, Evidence: []Evidence{{Capture: "a", Frame: 2}}}, {Severity: Note, Evidence: []Evidence{{Capture: "a", Frame: 2}}}},
	}
	r.contrasts()
	c := r.Findings[0].Contrast
	require.NotNil(t, c)
	assert.Equal(t, FramePlace{"a", 1}, c.Worked, "the same client's before another's")
	assert.Equal(t, []Difference{{"kvno", "6", "5"}, {"answer", "KRB_AP_ERR_BADKEYVER (44)", "ok"}}, c.Differs)
	assert.Nil(t, r.Findings[1].Contrast)

	r.Exchanges = r.Exchanges[1:2]
	r.Findings[0].Contrast = nil
	r.contrasts()
	assert.Nil(t, r.Findings[0].Contrast, "nothing worked")
}

func TestContrastOfTwoIssuers(t *testing.T) {
	aes, rc4 := int32(18), int32(23)
	k5, k6, ro := uint32(5), uint32(6), uint32(9<<16|1)
	x := func(kdc string, etype *int32, kvno *uint32, frame uint64) Exchange {
		return Exchange{Kind: "TGS", Client: "c@R", Service: "smtp/hub@R", KDC: &Endpoint{Address: kdc, Port: 88}, Outcome: "ok", TicketEtype: etype, TicketKVNO: kvno,
			Started: "2026-01-01T00:00:00Z", Frames: []StepFrame{{Capture: "a", Frame: frame}}}
	}
	failed := x("10.0.0.12", &aes, &k6, 4)
	failed.Outcome = "error"
	for name, tc := range map[string]struct {
		list     []Exchange
		severity Severity
		field    string
		want     []IssuerDifference
	}{
		"another etype": {[]Exchange{x("10.0.0.10", &rc4, &k5, 1), x("10.0.0.11", &aes, &k5, 2)}, Warning, "ticket.etype",
			[]IssuerDifference{{"kdc", "10.0.0.10", "10.0.0.11"}, {"ticket_etype", "RC4", "AES256"}}},
		"another kvno": {[]Exchange{x("10.0.0.10", &aes, &k5, 1), x("10.0.0.11", &aes, &k6, 2)}, Error, "ticket.kvno",
			[]IssuerDifference{{"kdc", "10.0.0.10", "10.0.0.11"}, {"kvno", "5", "6"}}},
		"no other KDC":                       {[]Exchange{x("10.0.0.10", &rc4, &k5, 1), x("10.0.0.10", &aes, &k6, 2)}, Warning, "ticket.etype", nil},
		"the same from both":                 {[]Exchange{x("10.0.0.10", &aes, &k5, 1), x("10.0.0.11", &aes, &k5, 2)}, Warning, "ticket.etype", nil},
		"the finding rests on another fact":  {[]Exchange{x("10.0.0.10", &rc4, &k5, 1), x("10.0.0.11", &aes, &k5, 2)}, Warning, "etypes", nil},
		"what differs is not what is cited":  {[]Exchange{x("10.0.0.10", &aes, &k5, 1), x("10.0.0.11", &aes, &k6, 2)}, Warning, "ticket.etype", nil},
		"a note":                             {[]Exchange{x("10.0.0.10", &rc4, &k5, 1), x("10.0.0.11", &aes, &k5, 2)}, Note, "ticket.etype", nil},
		"a read-only DC's kvno counts apart": {[]Exchange{x("10.0.0.10", &aes, &k5, 1), x("10.0.0.11", &aes, &ro, 2)}, Warning, "ticket.kvno", nil},
		"the other KDC refused":              {[]Exchange{x("10.0.0.10", &rc4, &k5, 1), failed}, Warning, "ticket.etype", nil},
	} {
		r := &Report{Exchanges: tc.list, Findings: []Finding{{Severity: tc.severity, Evidence: []Evidence{{Capture: "a", Frame: 1, Field: tc.field}}}}}
		r.contrasts()
		if got := r.Findings[0].Issuers; tc.want == nil {
			assert.Nil(t, got, name)
		} else if assert.NotNil(t, got, name) {
			assert.Equal(t, FramePlace{"a", 1}, got.One, name)
			assert.Equal(t, FramePlace{"a", 2}, got.Other, name)
			assert.Equal(t, tc.want, got.Differs, name)
		}
	}
}
