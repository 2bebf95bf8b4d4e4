package decode

import (
	"encoding/asn1"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode/krb5"
)

func TestReadPasswords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pw")
	require.NoError(t, os.WriteFile(path, []byte("\xef\xbb\xbf# who knows what\r\n\r\nalice@CONTOSO.COM  two words # and this \r\n\tbob@CONTOSO.COM\tx\nNOREALM SECRET\nnobody@CONTOSO.COM\nHTTP/a\\@b@R y"), 0o600))
	keys, err := ReadPasswords(path)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "line 5: the principal has no realm")
	assert.NotContains(t, err.Error(), "SECRET")
	var got []string
	for _, p := range keys.passwords {
		got = append(got, p.name+"|"+p.realm+"|"+p.reveal())
	}
	assert.Equal(t, []string{"alice|CONTOSO.COM|two words # and this ", "bob|CONTOSO.COM|x", "HTTP/a@b|R|y"}, got)
	assert.Equal(t, 3, keys.Len())
	for _, format := range []string{"%v", "%+v", "%#v", "%q", "%x"} {
		assert.NotContains(t, fmt.Sprintf(format, *keys.passwordsOnly()), "two words")
	}
	assert.Error(t, keys.AddPassword("alice@R", ""))
	assert.Error(t, keys.AddPassword("alice@R", "\xff"))
	assert.Error(t, keys.AddPassword("@R", "x"))
	_, err = ReadPasswords(filepath.Join(t.TempDir(), "none"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// passwordsOnly is k without its lock, which vet forbids to copy.
func (k *Keys) passwordsOnly() *[]password { return &k.passwords }

func TestReadKeyFile(t *testing.T) {
	for _, row := range []struct{ line, want, err string }{
		{"a@R aes256-cts-hmac-sha1-96 7 " + strings.Repeat("ab", 32), "a@R 7 aes256-cts-hmac-sha1-96", ""},
		{"smtp/hub@R 17 " + strings.Repeat("ab", 16), "smtp/hub@R - aes128-cts-hmac-sha1-96", ""},
		{"a@R RC4 4294967295 " + strings.Repeat("ab", 16), "a@R 4294967295 rc4-hmac", ""},
		{"a@R aes256-sha2 0 " + strings.Repeat("ab", 32), "a@R 0 aes256-cts-hmac-sha384-192", ""},
		{"a@R 25 " + strings.Repeat("ab", 16), "a@R - camellia128-cts-cmac", ""},
		{"a@R aes256 SECRET", "", "line 1: the key is not hexadecimal"},
		{"a@R aes256 abcd", "", "line 1: a key of aes256-cts-hmac-sha1-96 has 32 bytes, this one 2"},
		{"a@R aes256 SECRET abcd", "", "line 1: the kvno is no number"},
		{"a@R SECRET 1 abcd", "", "line 1: no such etype"},
		{"a SECRET 1 abcd", "", "line 1: the principal has no realm"},
		{"SECRET", "", "line 1: it is PRINCIPAL ETYPE [KVNO] HEXKEY"},
	} {
		path := filepath.Join(t.TempDir(), "keys")
		require.NoError(t, os.WriteFile(path, []byte(row.line+"\n# x\n"), 0o600))
		keys, err := ReadKeyFile(path)
		if row.err != "" {
			if assert.Error(t, err, row.line) {
				assert.Contains(t, err.Error(), row.err)
				assert.NotContains(t, err.Error(), "SECRET")
			}
			continue
		}
		require.NoError(t, err)
		require.Len(t, keys.entries, 1)
		assert.Equal(t, row.want, keys.entries[0].label())
	}
}

func TestUsualSalts(t *testing.T) {
	for name, want := range map[string][]string{
		"alice":          {"CONTOSO.COMalice"},
		"HUB-1$":         {"CONTOSO.COMhosthub-1.contoso.com", "CONTOSO.COMHUB-1$"},
		"HTTP/web.x.com": {"CONTOSO.COMHTTPweb.x.com"},
		`a\/b`:           {"CONTOSO.COMa/b"},
	} {
		assert.Equal(t, want, usualSalts(name, "CONTOSO.COM"))
	}
	assert.Equal(t, []string{"ATHENAa", "Athenaa"}, usualSalts("a", "Athena"))
}

// etypeInfo2 is a PA-ETYPE-INFO2 of one entry.
func etypeInfo2(t testing.TB, etype int, salt string, params []byte) []krb5.PAData {
	type entry struct {
		EType  int    `asn1:"explicit,tag:0"`
		Salt   string `asn1:"explicit,optional,tag:1,utf8"`
		Params []byte `asn1:"explicit,optional,tag:2"`
	}
	b, err := asn1.Marshal([]entry{{etype, salt, params}})
	require.NoError(t, err)
	return []krb5.PAData{{Type: krb5.PAETypeInfo2, Value: b}}
}

func passwordOpener(t testing.TB, principal, secret string, limits map[string]int) *opener {
	keys := &Keys{}
	require.NoError(t, keys.AddPassword(principal, secret))
	return newOpener(keys, func(name string) { limits[name]++ })
}

// A password opens what was made with its key: by the usual salts, by those that
// the KDC tells, and says exactly what is proven when it does not.
func TestPasswordOpens(t *testing.T) {
	limits := map[string]int{}
	m := madeAPReq(t, "svc-web", "right", 7, 18)
	o := passwordOpener(t, "svc-web@CONTOSO.COM", "right", limits).openKrb(m)
	assert.Equal(t, "svc-web@CONTOSO.COM password aes256-cts-hmac-sha1-96", o.Key)
	assert.Empty(t, o.Differs)
	assert.True(t, o.ByPassword)
	require.NotNil(t, o.Authenticator)
	assert.Empty(t, o.Authenticator.WhyNot)

	// The ticket is for a service name of the account.
	o = passwordOpener(t, "svc-web@CONTOSO.COM", "right", limits).openKrb(madeTicketFor(t, "HTTP/web", "svc-web", "right"))
	assert.Equal(t, "svc-web@CONTOSO.COM", o.Owner)
	assert.Equal(t, DiffersName, o.Differ)
	assert.Equal(t, NoPrincipal, o.OwnRefusal)

	wrong := passwordOpener(t, "svc-web@CONTOSO.COM", "wrong", limits)
	o = wrong.openKrb(m)
	assert.Equal(t, SaltUnknown, o.Refusal)
	assert.Equal(t, `the password given for svc-web@CONTOSO.COM does not open the ticket with the usual salts ("CONTOSO.COMsvc-web"); the capture does not tell which salt the KDC uses`, o.WhyNot)
	wrong.learnSalts("SVC-WEB", testRealm, etypeInfo2(t, 18, "CONTOSO.COMsvc-web", nil))
	o = wrong.openKrb(m)
	assert.Equal(t, WrongSecret, o.Refusal)
	assert.Contains(t, o.WhyNot, `does not make the key that the ticket was made with (etype aes256-cts-hmac-sha1-96, the salt "CONTOSO.COMsvc-web" as the KDC tells)`)
	assert.NotContains(t, o.WhyNot, "wrong")

	// RC4 has no salt: a password that does not open is wrong.
	o = passwordOpener(t, "svc-web@CONTOSO.COM", "wrong", limits).openKrb(madeAPReq(t, "svc-web", "right", 7, 23))
	assert.Equal(t, WrongSecret, o.Refusal)
	assert.Equal(t, "the password given for svc-web@CONTOSO.COM does not make the key that the ticket was made with", o.WhyNot)

	// An account that was renamed keeps its salt until its password changes.
	renamed := passwordOpener(t, "svc-new@CONTOSO.COM", "right", limits)
	odd := madeTicketFor(t, "svc-new", "svc-old", "right")
	assert.Equal(t, SaltUnknown, renamed.openKrb(odd).Refusal)
	renamed.learnSalts("svc-new", testRealm, etypeInfo2(t, 18, "CONTOSO.COMsvc-old", nil))
	o = renamed.openKrb(odd)
	assert.Equal(t, "svc-new@CONTOSO.COM password aes256-cts-hmac-sha1-96", o.Key)
	assert.Empty(t, o.Differs)

	// The KDC tells another salt than the ticket's key was made with.
	other := passwordOpener(t, "svc-web@CONTOSO.COM", "right", limits)
	other.learnSalts("svc-web", testRealm, etypeInfo2(t, 18, "CONTOSO.COMelse", nil))
	o = other.openKrb(m)
	assert.Equal(t, DiffersSalt, o.Differ)
	assert.Equal(t, []string{`the KDC tells svc-web@CONTOSO.COM the salt "CONTOSO.COMelse", the key was made with the salt "CONTOSO.COMsvc-web"`}, o.Differs)
	assert.Empty(t, limits)
}

// madeTicketFor is a ticket for a service, made with the key of an account.
func madeTicketFor(t testing.TB, sname, account, password string) *krb5.Message {
	m := madeAPReq(t, account, password, 7, 18)
	named := madeAPReq(t, sname, "any", 7, 18)
	ticket := m.APReq.Ticket
	ticket.SName = named.APReq.Ticket.SName
	m.APReq.Ticket = ticket
	return m
}

// What a KDC asks to be computed is bounded.
func TestHostileIterations(t *testing.T) {
	for _, params := range [][]byte{{0, 0, 0, 0}, {0xff, 0xff, 0xff, 0xff}, {0, 0x20, 0, 0}} {
		limits := map[string]int{}
		o := passwordOpener(t, "svc-web@CONTOSO.COM", "wrong", limits)
		o.learnSalts("svc-web", testRealm, etypeInfo2(t, 18, "x", params))
		begin := time.Now()
		r := o.openKrb(madeAPReq(t, "svc-web", "right", 7, 18))
		assert.Less(t, time.Since(begin), 20*time.Second)
		assert.Equal(t, CannotDecrypt, r.Refusal)
		assert.Contains(t, r.WhyNot, "iterations to make the key of svc-web@CONTOSO.COM, more than are made here (1048576)")
		assert.NotZero(t, limits["iterations of a password's key"])
	}
	// Many salts: the budget of the capture bites.
	limits := map[string]int{}
	o := passwordOpener(t, "svc-web@CONTOSO.COM", "wrong", limits)
	begin := time.Now()
	for i := range 100 {
		o.learnSalts("svc-web", testRealm, etypeInfo2(t, 18, fmt.Sprint("salt ", i), []byte{0, 8, 0, 0}))
		o.openKrb(madeAPReq(t, "svc-web", "right", 7, 18))
	}
	assert.Less(t, time.Since(begin), time.Minute) // a tenth of what all hundred would take, on a slow machine
	assert.LessOrEqual(t, len(o.derived), maxSalts+2)
	assert.NotZero(t, limits["iterations of all passwords' keys"])
}

func FuzzSecrets(f *testing.F) {
	f.Add("a@R 18 7 abcd\n# x\nb@R pass word\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "s")
		if os.WriteFile(path, []byte(text), 0o600) != nil {
			t.Skip()
		}
		a, _ := ReadPasswords(path)
		b, _ := ReadKeyFile(path)
		if a.Len()+b.Len() > 2*(strings.Count(text, "\n")+1) {
			t.Fatal("more keys than lines")
		}
		for i := range b.entries {
			_ = b.entries[i].label()
		}
	})
}
