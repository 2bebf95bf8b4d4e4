package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestUsageFlags: every flag that a usage text names is one that its command
// takes, and every one that it takes is named.
func TestUsageFlags(t *testing.T) {
	named := regexp.MustCompile(`(?m)^ {2,8}(?:-\w, )?--([\w-]+)|, --([\w-]+)`)
	for _, c := range commands() {
		u := readUsage(c.usage)
		require.NotEmpty(t, u.synopsis, c.name)
		assert.NotEmpty(t, commandText(c.name), c.name)
		have := map[string]bool{}
		for _, f := range u.flags() {
			assert.NotEmpty(t, f.text, "%s --%s", c.name, f.long)
			if f.long != "" {
				have[f.long] = true
			}
		}
		for _, m := range named.FindAllStringSubmatch(c.usage, -1) {
			assert.True(t, have[m[1]+m[2]], "%s --%s", c.name, m[1]+m[2])
		}
		switch c.name {
		case "analyze", "decode", "convert":
			for _, n := range flagNames(c.name) {
				assert.True(t, have[n], "%s --%s is in no usage", c.name, n)
			}
		}
		for n := range have {
			_, errs, _ := execute(t, c.name, "--"+n+"=", "-h")
			assert.NotContains(t, errs, "no flag --"+n, c.name)
		}
	}
}

// TestCompletion: every command and flag is in every shell's script.
func TestCompletion(t *testing.T) {
	for shell := range shells {
		script := runOK(t, "completion", shell)
		for _, c := range completionOf().commands {
			assert.True(t, strings.Contains(script, c.name), shell)
			for _, f := range c.flags {
				for _, n := range f.names() {
					if shell == "fish" {
						n = strings.Replace(strings.Replace(" "+n, " --", " -l ", 1), " -", " -", 1)
						if f.long == "" || !strings.HasPrefix(n, " -l") {
							n = " -s " + f.short
						}
					}
					assert.True(t, strings.Contains(script, n), "%s %s %s", shell, c.name, n)
				}
			}
		}
	}
	_, errs, status := execute(t, "completion", "tcsh")
	assert.Equal(t, exitUsage, status)
	assert.Contains(t, errs, "the shells are bash, fish, powershell, zsh")
	_, _, status = execute(t, "completion")
	assert.Equal(t, exitUsage, status)
}

// TestBashCompletion: bash runs the script.
func TestBashCompletion(t *testing.T) {
	needTool(t, "bash")
	script := runOK(t, "completion", "bash")
	for _, c := range []struct {
		line string
		want []string // all of these
		not  []string
	}{
		{"kerbscope con", []string{"convert"}, []string{"decode"}},
		{"kerbscope decode --f", []string{"--format", "--filter"}, []string{"--fail-on"}},
		{"kerbscope decode --format ", []string{"text", "json", "ndjson"}, []string{"html"}},
		{"kerbscope --fail-on ", []string{"error", "warning", "note"}, nil},
		{"kerbscope analyze --rule key-m", []string{"key-mismatch"}, []string{"clock-skew"}},
		{"kerbscope explain capt", []string{"capturing"}, nil},
		{"kerbscope explain tri", []string{"triage"}, nil},
		{"kerbscope service ", []string{"install", "unit"}, []string{"cmd_completion.go"}},
		{"kerbscope capture --r", []string{"--read", "--ring-buffer"}, nil},
		{"kerbscope capture -i ", []string{"eth0", "any", "br-1"}, []string{"1.", "(up)", "cmd_completion.go"}},
		{"kerbscope capture --interface et", []string{"eth0"}, []string{"any"}},
		{"kerbscope schema ", []string{"message", "report", "finding"}, []string{"kerbscope"}},
		{"kerbscope convert --key", []string{"--keytab", "--key-file"}, nil},
		{"kerbscope redact --shi", []string{"--shift-times"}, nil},
		{"kerbscope help ", []string{"analyze", "help"}, nil},
		{"kerbscope cmd_compl", []string{"cmd_completion.go"}, nil},
		{"kerbscope convert -k cmd_compl", []string{"cmd_completion.go"}, nil},
	} {
		words := strings.Split(c.line, " ")
		quoted := make([]string, len(words))
		for i, w := range words {
			quoted[i] = shellQuoted(w)
		}
		run := fmt.Sprintf("kerbscope() { printf '1. eth0  (192.0.2.1, up)\\n2. any\\n3. br-1  (down)\\n'; }\n%s\nCOMP_WORDS=(%s)\nCOMP_CWORD=%d\nCOMPREPLY=()\n_kerbscope\nprintf '%%s\\n' \"${COMPREPLY[@]}\"", script, strings.Join(quoted, " "), len(words)-1)
		out, err := exec.Command("bash", "--norc", "-u", "-c", run).CombinedOutput()
		require.NoError(t, err, string(out))
		have := strings.Fields(string(out))
		for _, w := range c.want {
			assert.Contains(t, have, w, c.line)
		}
		for _, w := range c.not {
			assert.NotContains(t, have, w, c.line)
		}
	}
}

// TestOtherShells: scripts that a shell refuses are no use.
func TestOtherShells(t *testing.T) {
	for shell, args := range map[string][]string{"zsh": {"-n"}, "fish": {"--no-execute"}} {
		t.Run(shell, func(t *testing.T) {
			if _, err := exec.LookPath(shell); err != nil {
				t.Skip(shell + " is not installed")
			}
			cmd := exec.Command(shell, args...)
			cmd.Stdin = strings.NewReader(runOK(t, "completion", shell))
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
}

// TestMan: the page holds all commands and flags, and formats without a word.
func TestMan(t *testing.T) {
	page := runOK(t, "man")
	for _, c := range completionOf().commands {
		assert.True(t, strings.Contains(page, ".SH "+strings.ToUpper(c.name)+"\n"), c.name)
		for _, f := range c.flags {
			if f.long != "help" && f.long != "" {
				assert.True(t, strings.Contains(page, `\fB\-\-`+strings.ReplaceAll(f.long, "-", `\-`)+`\fR`), "%s --%s", c.name, f.long)
			}
		}
	}
	assert.False(t, strings.Contains(page, "\n'"))
	path := filepath.Join(t.TempDir(), "kerbscope.1")
	require.NoError(t, os.WriteFile(path, []byte(page), 0o644))
	for _, tool := range [][]string{{"groff", "-man", "-Tutf8", "-ww", "-z", path}, {"mandoc", "-Tlint", "-Wwarning", path}, {"man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", path}} {
		if _, err := exec.LookPath(tool[0]); err != nil {
			continue
		}
		cmd := exec.Command(tool[0], tool[1:]...)
		var errs strings.Builder
		cmd.Stderr = &errs
		_ = cmd.Run()
		if tool[0] == "man" && strings.Contains(errs.String(), "minimized") {
			continue
		}
		assert.Empty(t, errs.String(), tool[0])
	}
}
