package analyze

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode"
)

func TestEvidence(t *testing.T) {
	s := newSynth(t)
	s.logon()
	s.ap(apX{to: "10.0.0.20:445", carrier: "smb2", ticket: smtp5, code: 31})
	s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, word: "no"})
	c := s.joined()
	as, tgs, smb, smtp := c.Records()[0], c.Records()[1], c.Records()[2], c.Records()[3]

	var f Finding
	c.cite(&f, as, "hint.error_code", "hint.etype_info2", "preauth_etype", "error_code")
	c.cite(&f, tgs, "etypes", "issued.kvno", "issued.kvno", "authenticator_etype")
	c.cite(&f, smb, "error_code", "ticket.sname")
	c.cite(&f, smtp, "ticket.kvno", "carrier_result.code")
	assert.Equal(t, []Evidence{
		{"synth.pcap", 2, "error_code", int32(25), "KDC_ERR_PREAUTH_REQUIRED", "kerberos.error_code == 25"},
		{"synth.pcap", 2, "e_data.method_data.etype_info2", []int32{18, 23}, "aes256-cts-hmac-sha1-96 rc4-hmac", "kerberos.etype == 18 && kerberos.etype == 23"},
		{"synth.pcap", 3, "preauth_etype", int32(18), "aes256-cts-hmac-sha1-96", "kerberos.etype == 18"},
		{"synth.pcap", 5, "etypes", windowsList, "aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96 rc4-hmac " + etypeName(24) + " " + etypeName(-135) + " " + etypeName(3),
			"kerberos.msg_type == 12 && kerberos.ENCTYPE == 18 && kerberos.ENCTYPE == 17 && kerberos.ENCTYPE == 23 && kerberos.ENCTYPE == 24 && kerberos.ENCTYPE == -135 && kerberos.ENCTYPE == 3"},
		{"synth.pcap", 6, "ticket.kvno", uint32(5), "", "kerberos.kvno == 5"},
		{"synth.pcap", 5, "authenticator_etype", int32(18), "aes256-cts-hmac-sha1-96", "kerberos.etype == 18"},
		{"synth.pcap", 8, "error_code", int32(31), "KRB_AP_ERR_BAD_INTEGRITY", "kerberos.error_code == 31"},
		{"synth.pcap", 7, "ticket.sname", "smtp/hub-1.contoso.com", "", `kerberos.SNameString == "hub-1.contoso.com"`},
		{"synth.pcap", 9, "ticket.kvno", uint32(5), "", ""}, // Wireshark does not dissect GSSAPI in SMTP
		{"synth.pcap", 10, "carrier_result.code", int64(535), "", "smtp.response.code == 535"},
	}, f.Evidence)
}

func TestEveryCitedFieldHasOneName(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range facts {
		// Two rows of one name are two places that the same may stand in.
		assert.False(t, seen[f.name+" "+f.path], f.name)
		seen[f.name+" "+f.path] = true
	}
	// No fact may fail on a record that lacks everything.
	for _, f := range facts {
		at, value, _, _ := f.read(&Record{})
		assert.True(t, at.Frame == 0 || value == nil, f.name)
	}
}

func TestNamesInFiltersAreQuoted(t *testing.T) {
	assert.Equal(t, `kerberos.e_text == "a \"b\" \\ c"`, quoted("kerberos.e_text", `a "b" \ c`))
	assert.Empty(t, quoted("kerberos.e_text", "bell \a"))
}

func TestFilter(t *testing.T) {
	c := newSynth(t).joined()
	tests := map[string]struct {
		f    Finding
		want string
	}{
		"acceptor": {Finding{Service: "smtp/hub-1.contoso.com@R", Subject: Subject{ClientIP: "10.0.0.30", Server: "10.0.0.20:25"}},
			`(ip.addr == 10.0.0.30 && ip.addr == 10.0.0.20 && tcp.port == 25) || kerberos.SNameString == "hub-1.contoso.com"`},
		"IPv6":   {Finding{Subject: Subject{Server: "[fd77::20]:88"}}, `(ipv6.addr == fd77::20 && tcp.port == 88)`},
		"KDC":    {Finding{Subject: Subject{ClientIP: "10.0.0.30", KDC: "10.0.0.10"}}, `(kerberos || tcp.port == 88 || udp.port == 88) && ip.addr == 10.0.0.30 && ip.addr == 10.0.0.10`},
		"client": {Finding{Subject: Subject{Client: "alice@R", ClientIP: "10.0.0.30"}}, `ip.addr == 10.0.0.30 && kerberos.CNameString == "alice"`},
		"none":   {Finding{}, "kerberos"},
		"evidence elsewhere": {Finding{Service: "smtp/hub-1.contoso.com@R", Subject: Subject{ClientIP: "10.0.0.30", Server: "10.0.0.20:25"}, cited: []citedFlow{
			{netip.MustParseAddr("10.0.0.30"), netip.MustParseAddrPort("10.0.0.20:25"), decode.AP, ""},
			{netip.MustParseAddr("10.0.0.30"), netip.MustParseAddrPort("10.0.0.10:88"), decode.TGS, "smtp/hub-1.contoso.com@R"},
			{netip.MustParseAddr("10.0.0.30"), netip.MustParseAddrPort("10.0.0.20:2525"), decode.AP, ""},
		}}, `(ip.addr == 10.0.0.30 && ip.addr == 10.0.0.20 && tcp.port == 25) || kerberos.SNameString == "hub-1.contoso.com" || (ip.addr == 10.0.0.30 && ip.addr == 10.0.0.20 && tcp.port == 2525)`},
		"evidence at a KDC": {Finding{Subject: Subject{Client: "alice@R", ClientIP: "10.0.0.30"}, cited: []citedFlow{
			{netip.MustParseAddr("10.0.0.30"), netip.MustParseAddrPort("10.0.0.10:88"), decode.TGS, ""},
		}}, `(ip.addr == 10.0.0.30 && kerberos.CNameString == "alice") || (ip.addr == 10.0.0.30 && ip.addr == 10.0.0.10 && (tcp.port == 88 || udp.port == 88))`},
	}
	var filters []string
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tt.want, c.filter(&tt.f)) })
		filters = append(filters, tt.want)
	}
	t.Run("tshark takes them", func(t *testing.T) {
		tool := needTool(t, "tshark")
		// A pcap without packets: only the filter is read.
		empty := filepath.Join(t.TempDir(), "empty.pcap")
		header := append([]byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0}, make([]byte, 8)...)
		require.NoError(t, os.WriteFile(empty, append(header, 0, 0, 4, 0, 1, 0, 0, 0), 0o600))
		all := "(" + strings.Join(filters, ") || (") + ")"
		out, err := exec.Command(tool, "-r", empty, "-Y", all).CombinedOutput()
		require.NoError(t, err, "%s: %s", all, out)
	})
}

// needTool skips a test without the tool, but not where all tools must be.
func needTool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("KERBSCOPE_CI") != "" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed", name)
	}
	return path
}
