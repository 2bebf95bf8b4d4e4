package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWiresharkProfile: tshark reads the profile without a word, its columns
// show what they should, and its rules colour frames.
func TestWiresharkProfile(t *testing.T) {
	home := t.TempDir()
	folder := filepath.Join(home, ".config", "wireshark", "profiles", "Kerberos")
	runOK(t, "wireshark-profile", folder)
	_, errs, status := execute(t, "wireshark-profile", folder)
	assert.Equal(t, exitUsage, status)
	assert.Contains(t, errs, "is there already")

	needTool(t, "tshark")
	file := filepath.Join(home, "x.pcapng")
	runConvert(t, "--evidence", "../../pcaps/key-mismatch-41", file)
	tshark := func(args ...string) string {
		var errs bytes.Buffer
		cmd := exec.Command("tshark", append([]string{"-C", "Kerberos", "-r", file}, args...)...)
		cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+filepath.Join(home, ".config"))
		cmd.Stderr = &errs
		out, err := cmd.Output()
		require.NoError(t, err, errs.String())
		require.Empty(t, strings.TrimSpace(regexp.MustCompile(`(?m)^Running as user .*$`).ReplaceAllString(errs.String(), "")))
		return string(out)
	}
	columns := tshark("-Y", "kerberos.error_code == 41")
	assert.Contains(t, columns, "krb-error")
	assert.Contains(t, columns, "eRR-MODIFIED")
	colours := tshark("--color", "-T", "fields", "-e", "frame.coloring_rule.name")
	for _, rule := range []string{"kerbscope: cited by a finding", "Kerberos: ticket shown"} {
		assert.Contains(t, colours, rule)
	}
	// The filters of the buttons are ones that tshark takes.
	text, err := os.ReadFile(filepath.Join(folder, "dfilter_buttons"))
	require.NoError(t, err)
	buttons := regexp.MustCompile(`(?m)^"TRUE","[^"]+","([^"]+)"`).FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, buttons)
	var all []string
	for _, b := range buttons {
		all = append(all, "("+strings.ReplaceAll(b[1], `\x22`, `"`)+")")
	}
	assert.NotEmpty(t, tshark("-Y", strings.Join(all, " || ")))
}
