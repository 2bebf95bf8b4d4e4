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
