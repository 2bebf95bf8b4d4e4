package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestKeyWords: what is said of a key tells where it came from, and claims no
// more than is known.
func TestKeyWords(t *testing.T) {
	file := func(line string) string {
		path := filepath.Join(t.TempDir(), "keys.txt")
		require.NoError(t, os.WriteFile(path, []byte(line+"\n"), 0o600))
		return path
	}
	decoded := func(status int, args ...string) string {
		out, _, got := execute(t, append([]string{"decode", "--format", "ndjson"}, args...)...)
		require.Equal(t, status, got)
		return out
	}
	t.Run("a key of a key file is no keytab's", func(t *testing.T) {
		path := file("smtp/hub-1.contoso.com@CONTOSO.COM aes256 7 " + strings.Repeat("5a", 32))
		out := decoded(exitOK, "--key-file", path, "../../pcaps/all-carriers-healthy")
		assert.Contains(t, out, "the key given as smtp/hub-1.contoso.com@CONTOSO.COM 7 aes256-cts-hmac-sha1-96 is another one than the one the ticket was made with")
		assert.NotContains(t, strings.ReplaceAll(out, "keytab_kvnos", ""), "keytab")
	})
	t.Run("of a file that could not be read nothing is known", func(t *testing.T) {
		path := file("smtp/hub-1.contoso.com@CONTOSO.COM aes256 7 " + strings.Repeat("5a", 31))
		assert.NotContains(t, decoded(exitPartial, "--key-file", path, "../../pcaps/all-carriers-healthy"), `"opened"`)
	})
	t.Run("a reply in FAST armor says nothing about a password", func(t *testing.T) {
		out := decoded(exitOK, "--password-file", file("alice@CONTOSO.COM not this one"), "../../pcaps/fast-healthy/mailbox.pcapng")
		assert.Contains(t, out, "the reply is armored with FAST")
		assert.NotContains(t, out, "does not open the enc-part")
		assert.NotContains(t, out, "does not make the key that the enc-part")
	})
}
