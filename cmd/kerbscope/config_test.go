package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadConfig(t *testing.T) {
	type values struct {
		interfaces []string
		format     string
		count      int
		quiet      bool
		interval   time.Duration
	}
	flags := func() (*pflag.FlagSet, *values) {
		f, v := newFlags("decode"), &values{}
		f.StringArrayVarP(&v.interfaces, "interface", "i", nil, "")
		f.StringVar(&v.format, "format", "text", "")
		f.IntVarP(&v.count, "count", "c", 0, "")
		f.BoolVar(&v.quiet, "quiet", false, "")
		f.DurationVar(&v.interval, "interval", time.Minute, "")
		return f, v
	}
	read := func(t *testing.T, text string, args ...string) (*values, error) {
		path := filepath.Join(t.TempDir(), "kerbscope.toml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		f, v := flags()
		require.NoError(t, f.Parse(args))
		err := readConfig(f, "decode", path)
		if err != nil {
			assert.Contains(t, err.Error(), path)
		}
		return v, err
	}

	v, err := read(t, "interface = [\"eth0\", \"eth1\"] # two\nformat = 'ndjson'\ncount = 12\nquiet = true\ninterval = \"30s\"\n")
	require.NoError(t, err)
	assert.Equal(t, &values{[]string{"eth0", "eth1"}, "ndjson", 12, true, 30 * time.Second}, v)

	v, err = read(t, "interface = [\"eth0\"]\nformat = 'ndjson'\n", "-i", "eth7", "--quiet")
	require.NoError(t, err)
	assert.Equal(t, &values{[]string{"eth7"}, "ndjson", 0, true, time.Minute}, v, "the command line wins")

	v, err = read(t, "interface = 'eth0'\n")
	require.NoError(t, err)
	assert.Equal(t, []string{"eth0"}, v.interfaces, "one value needs no list")

	for name, c := range map[string]struct{ text, says string }{
		"no TOML":            {"interface eth0\n", "line 1"},
		"a typing error":     {"fromat = 'json'\n", `no setting "fromat"`},
		"the file itself":    {"config = 'other'\n", `no setting "config"`},
		"a table":            {"[format]\na = 1\n", `"format" wants text`},
		"nested lists":       {"interface = [['a', 'b']]\n", `"interface" wants a list`},
		"two where one is":   {"format = ['text', 'json']\n", `"format" takes one value`},
		"no number":          {"count = 'many'\n", `"count" does not take "many"`},
		"no duration":        {"interval = 30\n", `"interval" does not take "30"`},
		"control characters": {"\"a\\u001b[31m\" = 1\n", `no setting "a\x1b[31m"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, c.text)
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.says)
		})
	}
	f, _ := flags()
	err = readConfig(f, "decode", filepath.Join(t.TempDir(), "none.toml"))
	require.Error(t, err)
	assert.Contains(t, err.Error(), "none.toml: no such file")
}
