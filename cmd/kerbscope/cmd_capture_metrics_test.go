package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
	"kerbscope/decode"
)

func TestMetrics(t *testing.T) {
	m, err := serveMetrics("127.0.0.1:0")
	require.NoError(t, err)
	defer m.close()
	get := func(path string) (int, string) {
		resp, err := http.Get("http://" + m.listener.Addr().String() + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(b)
	}
	code, body := get("/healthz")
	assert.Equal(t, http.StatusServiceUnavailable, code)
	assert.Equal(t, "starting\n", body)

	f := hostileFinding()
	status := &captureStatus{
		Counts: analyze.Counts{Frames: 300000, Messages: 41, Exchanges: 12, Tickets: 7, Rows: 5, Kept: 12, Held: 7, Outcomes: map[analyze.Outcome]uint64{
			{Kind: decode.TGS, Ending: decode.OK, Etype: 18}: 9, {Kind: decode.AP, Ending: decode.Failed}: 3,
		}},
		Bytes: 1 << 20, Newest: time.Now().Add(-2 * time.Second).UnixNano(), Running: time.Minute,
		Lost:     map[string]uint64{"kernel_dropped": 4, "limit: flows\"\n{}": 1},
		Findings: []*analyze.Finding{f, f},
	}
	m.publish(status)
	m.finding(stateNew, f)
	m.finding(stateNew, f)
	code, body = get("/healthz")
	assert.Equal(t, http.StatusOK, code, body)
	_, body = get("/metrics")
	for _, line := range []string{
		`kerbscope_packets_total 300000`,
		`kerbscope_messages_total 41`,
		`kerbscope_exchanges_total{etype="aes256-cts-hmac-sha1-96",kind="TGS",outcome="ok"} 9`,
		`kerbscope_exchanges_total{etype="none",kind="AP",outcome="error"} 3`,
		`kerbscope_lost_total{cause="kernel_dropped"} 4`,
		`kerbscope_lost_total{cause="limit: flows\"\n{}"} 1`,
		`kerbscope_findings{confidence="certain",rule="key-mismatch",severity="error"} 2`,
		`kerbscope_finding_changes_total{rule="key-mismatch",state="new"} 2`,
		`kerbscope_kept{what="tickets"} 7`,
		`kerbscope_running_seconds 60`,
	} {
		assert.Contains(t, body, "\n"+line+"\n")
	}
	assert.Contains(t, body, "\nprocess_cpu_seconds_total ")
	assert.Regexp(t, `\nkerbscope_lag_seconds [2-9]`, body)
	assert.NotContains(t, body, "hub", "no name from the wire is a label")

	down := *status
	down.Down = []string{"eth0"}
	m.publish(&down)
	code, body = get("/healthz")
	assert.Equal(t, http.StatusServiceUnavailable, code)
	assert.Contains(t, body, "eth0")
	m.mu.Lock()
	m.status, m.at = status, time.Now().Add(-2*staleAfter)
	m.mu.Unlock()
	code, _ = get("/healthz")
	assert.Equal(t, http.StatusServiceUnavailable, code, "a capture that hangs")

	code, _ = get("/elsewhere")
	assert.Equal(t, http.StatusNotFound, code)
	resp, err := http.Post("http://"+m.listener.Addr().String()+"/metrics", "text/plain", strings.NewReader("x"))
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)

	for _, addr := range []string{"", "9464", "127.0.0.1:99999", m.listener.Addr().String()} {
		_, err := serveMetrics(addr)
		assert.ErrorContains(t, err, "--metrics", addr)
	}
}
