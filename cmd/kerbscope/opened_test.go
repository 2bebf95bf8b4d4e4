package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// doctored writes a keytab whose entries change makes of those in path; false
// leaves one out.
func doctored(t *testing.T, path string, change func(realm string, principal *[]string, kvno *uint32, etype int32, key []byte) bool) string {
	t.Helper()
	kt, err := keytab.Load(path)
	require.NoError(t, err)
	out := keytab.New()
	for _, e := range kt.Entries {
		e.Principal.Components, e.Key.KeyValue = slices.Clone(e.Principal.Components), slices.Clone(e.Key.KeyValue)
		if change(e.Principal.Realm, &e.Principal.Components, &e.KVNO, e.Key.KeyType, e.Key.KeyValue) {
			e.KVNO8, e.Principal.NumComponents = uint8(e.KVNO), int16(len(e.Principal.Components))
			out.Entries = append(out.Entries, e)
		}
	}
	b, err := out.Marshal()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "doctored.keytab")
	require.NoError(t, os.WriteFile(file, b, 0o600))
	return file
}

// openedRows are the rows of decode with a keytab whose message presents or
// issues a service ticket.
func openedRows(t *testing.T, capture, keytab string) (list []row) {
	t.Helper()
	args := []string{"decode", "--format", "ndjson", capture}
	if keytab != "" {
		args = append(args, "-k", keytab)
	}
	for _, line := range strings.Split(strings.TrimSpace(runOK(t, args...)), "\n") {
		var r row
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		if (r.MsgType == "AP-REQ" || r.MsgType == "TGS-REP") && r.Ticket != nil && r.Ticket.Hash != "" && r.Ticket.KVNO != nil && !strings.HasPrefix(r.Ticket.SName, "krbtgt/") {
			list = append(list, r)
		}
	}
	return list
}

// TestKeytabMatrix: for every keytab of the corpus that opens a ticket beside it,
// what is said when the keytab is missing or made worse in one way.
func TestKeytabMatrix(t *testing.T) {
	flip := func(key []byte) { key[0], key[len(key)-1] = ^key[0], ^key[len(key)-1] }
	variants := []struct {
		name string
		make func(r *row, components *[]string, kvno *uint32, etype int32, key []byte) bool
		key  bool // it opens all the same
		says string
	}{
		{"stale kvno", func(r *row, _ *[]string, kvno *uint32, _ int32, key []byte) bool {
			flip(key)
			*kvno = *r.Ticket.KVNO + 3
			return true
		}, false, "no entry for %[1]s kvno %[2]d (but kvno %[3]d, newer by 3)"},
		{"right key, other label", func(r *row, _ *[]string, kvno *uint32, _ int32, _ []byte) bool {
			*kvno = *r.Ticket.KVNO + 3
			return true
		}, true, "the ticket says kvno %[2]d, the key is labelled kvno %[3]d"},
		{"wrong etype", func(r *row, _ *[]string, kvno *uint32, etype int32, _ []byte) bool {
			return etype != *r.Ticket.Etype && *kvno == *r.Ticket.KVNO
		}, false, "no %[4]s key for %[1]s kvno %[2]d (but "},
		{"wrong secret", func(_ *row, _ *[]string, _ *uint32, _ int32, key []byte) bool {
			flip(key)
			return true
		}, false, "%[1]s %[2]d %[4]s is another key than the one the ticket was made with"},
		{"wrong principal", func(_ *row, components *[]string, _ *uint32, _ int32, key []byte) bool {
			flip(key)
			*components = []string{"HTTP", "elsewhere.example.com"}
			return true
		}, false, "no entry for %[1]s (but "},
		{"another account's key", func(_ *row, components *[]string, _ *uint32, _ int32, _ []byte) bool {
			*components = []string{"svc-other"}
			return true
		}, true, "the ticket is for %[1]s, the key is that of svc-other@"},
	}
	opened := 0
	for _, path := range corpusKeytabs(t) {
		for _, capture := range capturesIn(t, filepath.Dir(path)) {
			if strings.TrimSuffix(filepath.Base(capture), filepath.Ext(capture)) != strings.TrimSuffix(filepath.Base(path), ".keytab") {
				continue
			}
			rows := openedRows(t, capture, path)
			i := slices.IndexFunc(rows, func(r row) bool {
				return r.Opened != nil && strings.HasPrefix(r.Opened.Key, fmt.Sprintf("%s@%s %d ", r.Ticket.SName, r.Ticket.Realm, *r.Ticket.KVNO))
			})
			if i < 0 {
				continue // every ticket there is one that the keytab does not fit: the case's fault
			}
			opened++
			r := rows[i]
			t.Run(caseName(capture), func(t *testing.T) {
				assert.Empty(t, r.Opened.WhyNot)
				assert.Nil(t, openedRows(t, capture, "")[i].Opened)
				for _, v := range variants {
					left := 0
					file := doctored(t, path, func(realm string, components *[]string, kvno *uint32, etype int32, key []byte) bool {
						keep := v.make(&r, components, kvno, etype, key)
						if keep && realm == r.Ticket.Realm && strings.Join(*components, "/") == r.Ticket.SName {
							left++
						}
						return keep
					})
					if v.name == "wrong etype" && left == 0 {
						continue
					}
					got := openedRows(t, capture, file)[i].Opened
					require.NotNil(t, got, v.name)
					said := got.WhyNot + strings.Join(got.Differs, "; ")
					want := fmt.Sprintf(v.says+"%[5]s", r.Ticket.SName+"@"+r.Ticket.Realm, *r.Ticket.KVNO, *r.Ticket.KVNO+3, r.Ticket.EtypeName, "")
					assert.Contains(t, said, want, v.name)
					assert.Equal(t, v.key, got.Key != "", v.name)
				}
			})
		}
	}
	assert.Greater(t, opened, 8)
}

// TestNoSecretIsPrinted: no key and no password stands in any output, not the
// ones given nor those learnt (as tshark shows them), in no form.
func TestNoSecretIsPrinted(t *testing.T) {
	if raceDetector {
		t.Skip("one goroutine, and minutes: the run without the race detector has it")
	}
	const secret = "Correct-Horse-7"
	for _, dir := range []string{corpusRoot + "/fast-healthy", corpusRoot + "/kpasswd-healthy", corpusRoot + "/spn-on-wrong-account", corpusRoot + "/key-mismatch-healthy"} {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			keytabs, err := filepath.Glob(dir + "/*.keytab")
			require.NoError(t, err)
			require.NotEmpty(t, keytabs)
			passwords := filepath.Join(t.TempDir(), "passwords")
			require.NoError(t, os.WriteFile(passwords, []byte("alice@CONTOSO.COM "+secret+"\n"+secret+"\n"), 0o600))
			var secrets [][]byte
			keyFile := strings.Builder{}
			for _, path := range keytabs {
				kt, err := keytab.Load(path)
				require.NoError(t, err)
				for _, e := range kt.Entries {
					secrets = append(secrets, e.Key.KeyValue)
					fmt.Fprintf(&keyFile, "%s@%s %d %d %x\n", strings.Join(e.Principal.Components, "/"), e.Principal.Realm, e.Key.KeyType, e.KVNO, e.Key.KeyValue)
				}
				if _, err := exec.LookPath("tshark"); err == nil {
					for _, capture := range capturesIn(t, dir) {
						out, err := exec.Command("tshark", "-o", "kerberos.decrypt:TRUE", "-K", path, "-r", forTshark(t, capture), "-T", "fields", "-e", "kerberos.keyvalue").Output()
						require.NoError(t, err)
						for _, k := range strings.FieldsFunc(string(out), func(c rune) bool { return c == ',' || c == '\n' }) {
							b, err := hex.DecodeString(strings.ReplaceAll(k, ":", ""))
							require.NoError(t, err)
							secrets = append(secrets, b)
						}
					}
				}
			}
			keys := filepath.Join(t.TempDir(), "keys")
			require.NoError(t, os.WriteFile(keys, []byte(keyFile.String()+"x@R 18 "+hex.EncodeToString(secrets[0])+"00\n"), 0o600))
			var all strings.Builder
			for _, args := range [][]string{{"decode"}, {"decode", "-V"}, {"decode", "--format", "ndjson"}, {"decode", "--format", "json"}, {}, {"--brief"}, {"--format", "json"}, {"--format", "ndjson"}, {"--format", "html"}} {
				for _, given := range [][]string{{"-k", keytabs[0]}, {"--key-file", keys, "--password-file", passwords}} {
					out, errs, _ := execute(t, slices.Concat(args, given, []string{dir})...)
					require.NotEmpty(t, out)
					all.WriteString(out + errs)
				}
			}
			text := all.String()
			lower := strings.ToLower(text)
			for form, s := range formsOf([]byte(secret)) {
				assert.NotContains(t, text, s, form)
			}
			for _, s := range secrets {
				for form, f := range formsOf(s[:9]) {
					assert.False(t, strings.Contains(text, f), "a key, %s", form)
				}
				assert.False(t, strings.Contains(lower, hex.EncodeToString(s[:8])), "a key in hex")
				assert.False(t, strings.Contains(lower, strings.TrimSpace(fmt.Sprintf("% x", s[:8]))), "a key in spaced hex")
				assert.False(t, strings.Contains(text, strings.Trim(fmt.Sprint(s[:8]), "[]")), "a key in decimal")
			}
			assert.Contains(t, text, `"session_key_etype"`, "and yet something was opened")
			assert.Contains(t, text, "line 2: ", "and a wrong line was told")
		})
	}
}

// formsOf are the ways in which a secret could stand in a text.
func formsOf(secret []byte) map[string]string {
	wide := []byte{}
	for _, c := range secret {
		wide = append(wide, c, 0)
	}
	quoted := fmt.Sprintf("%q", secret)
	return map[string]string{
		"raw": string(secret), "UTF-16": string(wide), "escaped": escape(string(secret)), "quoted": quoted[1 : len(quoted)-1], "hex": hex.EncodeToString(secret), "upper hex": fmt.Sprintf("%X", secret),
		"UTF-16 in hex": hex.EncodeToString(wide), "base64": base64.RawStdEncoding.EncodeToString(secret[:len(secret)/3*3]), "base64url": base64.RawURLEncoding.EncodeToString(secret[:len(secret)/3*3]),
		"decimal": strings.Trim(fmt.Sprint(secret), "[]"),
	}
}

// TestKeyFlags: passwords and keys from files, none from a pipe.
func TestKeyFlags(t *testing.T) {
	_, errs, status := execute(t, "decode", "--ask", "alice@CONTOSO.COM", goodCapture)
	assert.Equal(t, exitUsage, status)
	assert.Contains(t, errs, "standard input is no terminal")
	assert.Contains(t, errs, "--password-file")
	for _, flag := range []string{"--password-file", "--key-file"} {
		missing := filepath.Join(t.TempDir(), "none")
		out, errs, status := execute(t, "decode", flag, missing, goodCapture)
		assert.Equal(t, exitPartial, status)
		assert.Contains(t, errs, "no such file")
		assert.NotEmpty(t, out)
		file := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(file, []byte("# nothing\n"), 0o600))
		_, errs, status = execute(t, "decode", "-o", file, flag, file, goodCapture)
		assert.Equal(t, exitUsage, status)
		assert.Contains(t, errs, "is also an input")
	}
}
