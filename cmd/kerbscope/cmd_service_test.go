package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakeServices is a service manager that only remembers.
type fakeServices struct {
	have map[string]serviceSpec
	runs map[string]bool
	err  error
}

func (m *fakeServices) install(s serviceSpec) error {
	if m.err == nil {
		m.have[s.name] = s
	}
	return m.err
}

func (m *fakeServices) uninstall(name string) error { delete(m.have, name); return m.err }
func (m *fakeServices) start(name string) error     { m.runs[name] = true; return m.err }
func (m *fakeServices) stop(name string) error      { m.runs[name] = false; return m.err }
func (m *fakeServices) status(name string) (string, error) {
	return map[bool]string{true: "running", false: "stopped"}[m.runs[name]], m.err
}

func TestServe(t *testing.T) {
	config := filepath.Join(t.TempDir(), "kerbscope.toml")
	require.NoError(t, os.WriteFile(config, []byte("interface = ['Ethernet']\nformat = 'ndjson'\n"), 0o600))
	m := &fakeServices{have: map[string]serviceSpec{}, runs: map[string]bool{}}
	exe, err := os.Executable()
	require.NoError(t, err)

	_, err = serve("install", "kerbscope", config, m)
	require.NoError(t, err)
	assert.Equal(t, serviceSpec{"kerbscope", exe, []string{"capture", "--config", config}}, m.have["kerbscope"])
	_, err = serve("start", "kerbscope", "", m)
	require.NoError(t, err)
	text, err := serve("status", "kerbscope", "", m)
	require.NoError(t, err)
	assert.Equal(t, "the service kerbscope is running\n", text)
	_, err = serve("stop", "kerbscope", "", m)
	require.NoError(t, err)
	_, err = serve("uninstall", "kerbscope", "", m)
	require.NoError(t, err)
	assert.Empty(t, m.have)

	_, err = serve("install", "kerbscope", "", m)
	assert.ErrorContains(t, err, "wants --config FILE")
	bad := filepath.Join(t.TempDir(), "bad.toml")
	require.NoError(t, os.WriteFile(bad, []byte("interfaec = 'Ethernet'\n"), 0o600))
	_, err = serve("install", "kerbscope", bad, m)
	assert.ErrorContains(t, err, `no setting "interfaec"`, "a service that could not start is not installed")
	assert.Empty(t, m.have)
	_, err = serve("start", "kerbscope", "", nil)
	assert.ErrorContains(t, err, "is for Windows")
	m.err = fmt.Errorf("access: %w", fs.ErrPermission)
	_, err = serve("stop", "kerbscope", "", m)
	var f *failure
	require.ErrorAs(t, err, &f)
	assert.Equal(t, "run it in a console opened as administrator", f.hint)
}

func TestServiceUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "service takes one word"},
		{[]string{"instal"}, "did you mean install?"},
		{[]string{"start", "stop"}, "service takes one word"},
		{[]string{"status", "--name", "a b"}, "without spaces"},
	} {
		var out, errs bytes.Buffer
		assert.Equal(t, exitUsage, run(append([]string{"service"}, c.args...), strings.NewReader(""), &out, &errs))
		assert.Contains(t, errs.String(), c.says)
		assert.Empty(t, out.String())
	}
}

func TestUnitFile(t *testing.T) {
	assert.Equal(t, unitTemplate, unitFile(unitExe, ""), "the file as it stands is for these paths")
	unit := unitFile(`/opt/100% kerb/kerbscope`, "/etc/k.toml")
	assert.Contains(t, unit, "\nExecStart=\"/opt/100%% kerb/kerbscope\" capture --config /etc/k.toml\n")
	assert.NotContains(t, unit, unitConfig)
	for path, want := range map[string]bool{"/root/go/bin/kerbscope": true, "/home/a/kerbscope": true, "/tmp/k": true, "/usr/local/bin/kerbscope": false, "/opt/home/k": false, "/homes/k": false} {
		assert.Equal(t, want, outOfReach(path), path)
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		return // what can be checked without it is checked
	}
	exe, err := os.Executable()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "kerbscope.service")
	require.NoError(t, os.WriteFile(file, []byte(unitFile(exe, "")), 0o600))
	out, err := exec.Command(analyze, "verify", "--man=no", file).CombinedOutput()
	assert.NoError(t, err, "%s", out)
	assert.NotContains(t, string(out), "kerbscope.service:", "a line that systemd does not take")
}

func TestMessageLines(t *testing.T) {
	text := "kerbscope: on eth0\nkerbscope: error: disk full\nkerbscope: hint: make room\nkerbscope: error: alone\n\nplain\r\nkerbscope: error: at the end"
	want := []string{"0 on eth0", "2 disk full\nmake room", "2 alone", "0 plain", "2 at the end"}
	for size := 1; size <= len(text); size++ {
		var got []string
		m := &messageLines{to: func(l messageLevel, s string) { got = append(got, fmt.Sprint(l, " ", s)) }}
		for rest := text; rest != ""; rest = rest[min(size, len(rest)):] {
			_, err := m.Write([]byte(rest[:min(size, len(rest))]))
			require.NoError(t, err)
		}
		m.flush()
		require.Equal(t, want, got, "in pieces of %d", size)
	}
	var got string
	m := &messageLines{to: func(_ messageLevel, s string) { got += s }}
	for range 100 {
		m.Write(bytes.Repeat([]byte("x"), 1000))
	}
	m.flush()
	assert.Len(t, got, maxMessage, "a line without end is cut")
}
