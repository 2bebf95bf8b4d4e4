package main

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// TestCommunityID: vectors of the specification and both directions alike.
func TestCommunityID(t *testing.T) {
	for _, c := range []struct {
		src, dst string
		proto    decode.Transport
		want     string
	}{
		{"128.232.110.120:34855", "66.35.250.204:80", decode.TCP, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{"192.168.1.52:54585", "8.8.8.8:53", decode.UDP, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
		{"[::ffff:128.232.110.120]:34855", "66.35.250.204:80", decode.TCP, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
	} {
		a, b := netip.MustParseAddrPort(c.src), netip.MustParseAddrPort(c.dst)
		assert.Equal(t, c.want, communityID(a, b, c.proto))
		assert.Equal(t, c.want, communityID(b, a, c.proto))
	}
}

func TestFormatTime(t *testing.T) {
	const ns = 1795374976981353968
	for digits, want := range map[int]string{
		0: "2026-11-22T19:16:16Z", 3: "2026-11-22T19:16:16.981Z", 6: "2026-11-22T19:16:16.981353Z", 9: "2026-11-22T19:16:16.981353968Z", 12: "2026-11-22T19:16:16.981353968Z",
	} {
		assert.Equal(t, want, formatTime(ns, digits))
	}
	assert.Equal(t, "1969-12-31T23:59:59.999999Z", formatTime(-1000, 6))
	assert.Empty(t, formatTime(capture.NoTime, 6))
}

func TestWireText(t *testing.T) {
	assert.Equal(t, "José", wireText([]byte("Jos\xe9")), "Latin-1")
	assert.Equal(t, "José", wireText([]byte("José")))
	assert.Empty(t, wireText(nil))
}

// TestKvnoOfRODC: the upper half of a kvno is the number of a read-only DC.
func TestKvnoOfRODC(t *testing.T) {
	e := makeEncs(krb5.EncryptedData{OK: true, KVNO: krb5.Opt[uint32]{V: 0xcafe0002, OK: true}})
	assert.Equal(t, uint32(0xcafe), e.KVNORodc)
	assert.Equal(t, uint32(0xcafe0002), *e.KVNO)
	assert.Zero(t, makeEncs(krb5.EncryptedData{OK: true, KVNO: krb5.Opt[uint32]{V: 2, OK: true}}).KVNORodc)
}

// TestAbsent: what the wire does not carry is absent, never null, zero or empty.
func TestAbsent(t *testing.T) {
	m := &decode.Message{Frame: decode.MakeFrameID(0, 7), Time: capture.NoTime, Carrier: []string{"kdc"}, Transport: decode.UDP,
		Src: netip.MustParseAddrPort("10.0.0.1:1025"), Dst: netip.MustParseAddrPort("10.0.0.2:88"), Krb: &krb5.Message{Type: krb5.ASReq, KDCReq: &krb5.KDCReq{}}}
	b, err := encodeJSON(makeRow(m, "x.pcap", 6), "")
	require.NoError(t, err)
	assertSchema(t, "message", b)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(b, &fields))
	for name := range fields {
		assert.Contains(t, []string{"schema", "capture", "frame", "frames", "src", "sport", "dst", "dport", "transport", "community_id", "carrier", "msg_type"}, name)
	}
	assert.Equal(t, []any{7.0}, fields["frames"])
}

// TestHostileRow: names from the wire steer no terminal, in any format.
func TestHostileRow(t *testing.T) {
	r := &row{Capture: "a\x1b[2J", Carrier: []string{"smtp"}, MsgType: "KRB-ERROR", SName: "http/\u202egpj", Realm: "A\nB", EText: "\x1b]0;x\x07",
		CarrierResult: &carrierResult{Outcome: "refused", Code: ptr[int64](535), Text: "no\r\nkerbscope: all is well"}}
	l := newRowLines(true, screen{width: maxWidth}, "")
	line, ok := strings.CutSuffix(string(l.line(nil, r, 0, 6)), "\n")
	assert.True(t, ok)
	assert.True(t, plainASCII(line), line)
	assert.NotContains(t, line, "\n")
	assert.True(t, plainASCII(strings.ReplaceAll(rowTree(r, screen{}), "\n", "")))
	b, err := encodeJSON(r, "")
	require.NoError(t, err)
	assert.True(t, plainASCII(strings.TrimSuffix(string(b), "\n")), string(b))
}

func ptr[T any](v T) *T { return &v }
