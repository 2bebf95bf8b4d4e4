package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rowsOf are the rows that decode prints.
func rowsOf(t *testing.T, args ...string) (rows []*row) {
	t.Helper()
	out := strings.TrimSpace(runOK(t, append([]string{"decode", "--format", "ndjson"}, args...)...))
	for _, line := range strings.Split(out, "\n") {
		if line != "" {
			r := &row{}
			require.NoError(t, json.Unmarshal([]byte(line), r))
			rows = append(rows, r)
		}
	}
	return rows
}

// TestFilter: each term chooses of the rows those that the same question put
// to the rows themselves chooses, and not= the others.
func TestFilter(t *testing.T) {
	const story, kdc, u2u = "../../pcaps/seed-story", "../../pcaps/all-carriers-healthy", "../../pcaps/delegation-refused"
	has := func(r *row, etype int32) bool {
		is := func(e *int32) bool { return e != nil && *e == etype }
		offered := func(list []rowPAData) bool {
			return slices.ContainsFunc(list, func(pa rowPAData) bool {
				return slices.ContainsFunc(slices.Concat(pa.EtypeInfo, pa.EtypeInfo2), func(i rowEtypeInfo) bool { return i.Etype == etype })
			})
		}
		return slices.Contains(r.Etypes, etype) || is(r.PreauthEtype) || is(r.AuthenticatorEtype) || r.Ticket != nil && is(r.Ticket.Etype) || r.EncPart != nil && is(r.EncPart.Etype) ||
			slices.ContainsFunc(r.Tickets, func(k rowTicket) bool { return is(k.Etype) }) || offered(r.PAData) || r.EData != nil && offered(r.EData.MethodData)
	}
	failed := func(code int32) func(*row) bool {
		return func(r *row) bool { return r.ErrorCode != nil && *r.ErrorCode == code }
	}
	serves := func(name string) func(*row) bool {
		return func(r *row) bool {
			return r.SName == name || r.Ticket != nil && r.Ticket.SName == name || slices.ContainsFunc(r.Tickets, func(k rowTicket) bool { return k.SName == name })
		}
	}
	for _, c := range []struct {
		term, dir string
		is        func(*row) bool
	}{
		{"type=AS-REQ", story, func(r *row) bool { return r.MsgType == "AS-REQ" }},
		{"type=ap-req,15", story, func(r *row) bool { return r.MsgType == "AP-REQ" || r.MsgType == "AP-REP" }},
		{"type=carrier", story, func(r *row) bool { return r.CarrierResult != nil }},
		{"type=ntlm", "../../pcaps/ntlm-fallback", func(r *row) bool { return r.NTLM != "" }},
		{"error=31", story, failed(31)},
		{"error=KRB_AP_ERR_BAD_INTEGRITY", story, failed(31)},
		{"error=bad_integrity", story, failed(31)},
		{"error=PREAUTH_*", story, func(r *row) bool { return failed(24)(r) || failed(25)(r) || failed(90)(r) || failed(92)(r) }},
		{"error=*", kdc, func(r *row) bool { return r.ErrorCode != nil }},
		{"error=STATUS_MORE_*", "../../pcaps/ntlm-fallback", func(r *row) bool {
			return r.CarrierResult != nil && r.CarrierResult.CodeName == "STATUS_MORE_PROCESSING_REQUIRED"
		}},
		{"error=0xc0000016", "../../pcaps/ntlm-fallback", func(r *row) bool {
			return r.CarrierResult != nil && r.CarrierResult.Code != nil && *r.CarrierResult.Code == 0xc0000016
		}},
		{"etype=23", story, func(r *row) bool { return has(r, 23) }},
		{"etype=rc4-hmac", kdc, func(r *row) bool { return has(r, 23) }},
		{"etype=AES256", u2u, func(r *row) bool { return has(r, 18) }},
		{"etype=aes*-sha1-96", kdc, func(r *row) bool { return has(r, 17) || has(r, 18) }},
		{"host=10.77.0.20", story, func(r *row) bool { return r.Src == "10.77.0.20" || r.Dst == "10.77.0.20" }},
		{"host=10.77.0.8/29,::1", story, func(r *row) bool { return r.Src == "10.77.0.10" || r.Dst == "10.77.0.10" }},
		{"host=[fd77::20]", "../../pcaps/ipv6-healthy", func(r *row) bool { return r.Src == "fd77::20" || r.Dst == "fd77::20" }},
		{"port=88", story, func(r *row) bool { return r.SPort == 88 || r.DPort == 88 }},
		{"carrier=smtp", story, func(r *row) bool { return r.Carrier[0] == "smtp" }},
		{"carrier=SPNEGO", kdc, func(r *row) bool { return slices.Contains(r.Carrier, "spnego") }},
		{"outcome=refused", story, func(r *row) bool { return r.CarrierResult != nil && r.CarrierResult.Outcome == "refused" }},
		{"capture=hub", story, func(r *row) bool { return r.Capture == "hub.pcap" }},
		{"capture=*.pcap", story, func(r *row) bool { return strings.HasSuffix(r.Capture, ".pcap") }},
		{"frame=48,60-90", story, func(r *row) bool { return r.Frame == 48 || r.Frame >= 60 && r.Frame <= 90 }},
		{"cname=mailbox-1$", story, func(r *row) bool { return r.CName == "MAILBOX-1$" }},
		{"cname=mailbox*@contoso.com", story, func(r *row) bool { return r.CName == "MAILBOX-1$" }},
		{"sname=smtp/hub-1.contoso.com", story, serves("smtp/hub-1.contoso.com")},
		{"sname=krbtgt/*", u2u, serves("krbtgt/CONTOSO.COM")},
		{"principal=HUB-1$", u2u, func(r *row) bool { return r.CName == "HUB-1$" || serves("HUB-1$")(r) }},
		{"principal=alice", u2u, func(r *row) bool {
			return r.CName == "alice" || slices.ContainsFunc(r.PAData, func(pa rowPAData) bool { return pa.ForUser != nil && pa.ForUser.CName == "alice" })
		}},
	} {
		t.Run(c.term, func(t *testing.T) {
			t.Parallel()
			all := rowsOf(t, c.dir)
			var want, others []*row
			for _, r := range all {
				if c.is(r) {
					want = append(want, r)
				} else {
					others = append(others, r)
				}
			}
			require.NotEmpty(t, want)
			assert.Equal(t, want, rowsOf(t, "--filter", c.term, c.dir))
			assert.Equal(t, others, rowsOf(t, "--filter", strings.Replace(c.term, "=", "!=", 1), c.dir))
		})
	}
}

// TestFilterFormats: a filter works alike in every format, and terms are and'ed.
func TestFilterFormats(t *testing.T) {
	const dir = "../../pcaps/seed-story"
	args := []string{"--filter", "type=AP-REQ", "--filter", "capture=hub", "--filter", "port!=25", dir}
	rows := rowsOf(t, args...)
	require.NotEmpty(t, rows)
	ticket := rows[0].Ticket.Hash
	for _, r := range rows {
		assert.Equal(t, "AP-REQ", r.MsgType)
		assert.NotEqual(t, uint16(25), r.DPort)
	}
	assert.Len(t, strings.Split(strings.TrimSpace(runOK(t, append([]string{"decode"}, args...)...)), "\n"), len(rows))
	assert.Equal(t, len(rows), strings.Count(runOK(t, append([]string{"decode", "-V"}, args...)...), "\nKerberos AP-REQ\n"))
	var array []json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(runOK(t, append([]string{"decode", "--format", "json"}, args...)...)), &array))
	assert.Len(t, array, len(rows))
	assert.Equal(t, "[]\n", runOK(t, "decode", "--format", "json", "--filter", "frame=1099511627775", dir))
	assert.Empty(t, runOK(t, "decode", "--filter", "frame=1099511627775", dir))

	// A ticket is followed from its KDC to every service.
	var types []string
	for _, r := range rowsOf(t, "--filter", "ticket="+ticket[:12], dir) {
		assert.Equal(t, ticket, r.Ticket.Hash)
		types = append(types, r.MsgType)
	}
	assert.Contains(t, types, "TGS-REP")
	assert.Contains(t, types, "AP-REQ")
}

func TestFilterUsage(t *testing.T) {
	const keys = "the keys are type, principal, cname, sname, error, etype, host, port, carrier, outcome, ticket, capture, frame"
	for _, c := range []struct{ term, says string }{
		{"AS-REQ", `"AS-REQ" is no KEY=VALUE`}, {"", "is no KEY=VALUE"}, {"cipher=23", keys}, {"pricipal=x", "did you mean principal?"},
		{"type=AS-REX", `"AS-REX" is none`}, {"type=", "lacks a value"}, {"type=AS-REQ,", "lacks a value"}, {"error=NO_SUCH", keys}, {"error=99999999999", "is none"}, {"etype=rot13", keys},
		{"host=hub-1", "10.77.0.0/24"}, {"host=10.0.0.0/33", "is none"}, {"port=65536", "is none"}, {"outcome=maybe", "accepted, refused or continue"},
		{"ticket=abc", "6 digits or more"}, {"ticket=xyzxyz", "is none"}, {"capture=[", "is none"}, {"principal=[", "is none"}, {"frame=9-3", "is none"}, {"frame=x", "is none"},
	} {
		_, errs, status := execute(t, "decode", "--filter", c.term, goodCapture)
		assert.Equal(t, exitUsage, status, c.term)
		assert.Contains(t, errs, c.says, c.term)
		assert.Contains(t, errs, "kerbscope: hint: ", c.term)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"-V", "--format", "json"}, "-V belongs to --format text"}, {[]string{"-t", "r", "--format", "ndjson"}, "-t belongs to --format text"},
		{[]string{"-t", "x"}, "no time format"}, {[]string{"-t", "d"}, "-t dd is"}, {[]string{"-V", "-t", "r"}, "-t belongs"},
	} {
		_, errs, status := execute(t, append(append([]string{"decode"}, c.args...), goodCapture)...)
		assert.Equal(t, exitUsage, status)
		assert.Contains(t, errs, c.says)
	}
	_, errs, status := execute(t, "--filter", "type=AS-REQ", goodCapture)
	assert.Equal(t, exitUsage, status)
	assert.Contains(t, errs, "analyze has no flag --filter")
	assert.Contains(t, errs, "--filter belongs to decode")
}

// FuzzFilter: whatever is asked, nothing panics.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{"type=AS-REQ", "principal=*a[b-c]?\\*@R", "error!=PRE*", "host=10.0.0.0/8,::1", "frame=1-2", "ticket=012345"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, term string) {
		filter, err := parseFilters([]string{term})
		if err == nil {
			require.Len(t, filter, 1)
		}
	})
}
