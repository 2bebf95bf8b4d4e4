package decode

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const testRealm = "CONTOSO.COM"

// madeKeytab writes a keytab with gokrb5: principal, password, kvno and etype of each entry.
func madeKeytab(t testing.TB, entries ...testEntry) string {
	t.Helper()
	kt := keytab.New()
	for i, e := range entries {
		salt := cmp.Or(e.keyOf, e.principal)
		require.NoError(t, kt.AddEntry(salt, testRealm, e.password, time.Unix(1, 0), e.kvno, e.etype))
		kt.Entries[i].Principal.Components = strings.Split(e.principal, "/")
		kt.Entries[i].Principal.NumComponents = int16(len(kt.Entries[i].Principal.Components))
	}
	b, err := kt.Marshal()
	require.NoError(t, err)
	return written(t, b)
}

type testEntry struct {
	principal, password string
	kvno                uint8
	etype               int32
	keyOf               string // whose key it is, by the salt; "": the principal's
}

func written(t testing.TB, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.keytab")
	require.NoError(t, os.WriteFile(path, b, 0o600))
	return path
}

// record makes one keytab record; kvno32 0 leaves the 32-bit kvno out.
func record(version byte, order binary.AppendByteOrder, name string, kvno8 byte, etype int16, key []byte, kvno32 uint32) []byte {
	text := func(b []byte, s string) []byte {
		return append(order.AppendUint16(b, uint16(len(s))), s...)
	}
	n := uint16(1)
	if version == 1 {
		n = 2
	}
	b := order.AppendUint16(nil, n)
	b = text(text(b, testRealm), name)
	if version != 1 {
		b = order.AppendUint32(b, 1)
	}
	b = append(order.AppendUint32(b, 0), kvno8)
	b = text(order.AppendUint16(b, uint16(etype)), string(key))
	if kvno32 != 0 {
		b = order.AppendUint32(b, kvno32)
	}
	return append(order.AppendUint32(nil, uint32(len(b))), b...)
}

func TestReadKeytab(t *testing.T) {
	keys, err := ReadKeytab(madeKeytab(t,
		testEntry{"smtp/hub-1.contoso.com", "one", 7, 18, ""},
		testEntry{"HUB-1$", "two", 3, 23, ""}))
	require.NoError(t, err)
	require.Equal(t, 2, keys.Len())
	assert.Equal(t, "smtp/hub-1.contoso.com@CONTOSO.COM 7 aes256-cts-hmac-sha1-96", keys.entries[0].label())
	assert.Len(t, keys.entries[0].key.Secret(), 32)
	assert.Equal(t, "HUB-1$@CONTOSO.COM 3 rc4-hmac", keys.entries[1].label())
	assert.Len(t, keys.entries[1].key.Secret(), 16)

	more, err := ReadKeytab(madeKeytab(t, testEntry{"other", "x", 1, 17, ""}))
	require.NoError(t, err)
	keys.Add(more)
	keys.Add(nil)
	assert.Equal(t, 3, keys.Len())
	assert.Equal(t, 0, (*Keys)(nil).Len())
}

func TestKeytabForms(t *testing.T) {
	key := []byte("0123456789abcdef")
	hole := binary.BigEndian.AppendUint32(nil, uint32(0xfffffff8)) // 8 bytes
	hole = append(hole, "SECRETxx"...)
	for _, row := range []struct {
		name string
		file []byte
		want []string
		err  string
	}{
		{"version 2", append([]byte{5, 2}, record(2, binary.BigEndian, "a", 7, 17, key, 0)...), []string{"a@CONTOSO.COM 7 aes128-cts-hmac-sha1-96"}, ""},
		{"32-bit kvno", append([]byte{5, 2}, record(2, binary.BigEndian, "a", 1, 17, key, 257)...), []string{"a@CONTOSO.COM 257 aes128-cts-hmac-sha1-96"}, ""},
		{"version 1, little", append([]byte{5, 1}, record(1, binary.LittleEndian, "a", 7, 17, key, 0)...), []string{"a@CONTOSO.COM 7 aes128-cts-hmac-sha1-96"}, ""},
		{"version 1, big", append([]byte{5, 1}, record(1, binary.BigEndian, "a", 7, 17, key, 0)...), []string{"a@CONTOSO.COM 7 aes128-cts-hmac-sha1-96"}, ""},
		{"negative etype", append([]byte{5, 2}, record(2, binary.BigEndian, "a", 7, -133, key, 0)...), []string{"a@CONTOSO.COM 7 rc4-hmac-old"}, ""},
		{"unknown etype", append([]byte{5, 2}, record(2, binary.BigEndian, "a", 7, 99, key, 0)...), []string{"a@CONTOSO.COM 7 99"}, ""},
		{"hole", append(append([]byte{5, 2}, hole...), record(2, binary.BigEndian, "a", 7, 17, key, 0)...), []string{"a@CONTOSO.COM 7 aes128-cts-hmac-sha1-96"}, ""},
		{"zero ends", append(append([]byte{5, 2}, record(2, binary.BigEndian, "a", 7, 17, key, 0)...), make([]byte, 64)...), []string{"a@CONTOSO.COM 7 aes128-cts-hmac-sha1-96"}, ""},
		{"empty", []byte{5, 2}, nil, ""},
		{"slash in a component", append([]byte{5, 2}, record(2, binary.BigEndian, `a/b\c`, 7, 17, key, 0)...), []string{`a\/b\\c@CONTOSO.COM 7 aes128-cts-hmac-sha1-96`}, ""},
		{"no keytab", []byte("SECRET"), nil, "not a keytab"},
		{"nothing", nil, nil, "not a keytab"},
		{"hole past the end", []byte{5, 2, 0x80, 0, 0, 0, 1}, nil, "hole at byte 2"},
		{"length past the end", []byte{5, 2, 0x7f, 0xff, 0xff, 0xff, 1}, nil, "entry at byte 2"},
		{"entry too short", []byte{5, 2, 0, 0, 0, 3, 0, 1, 0}, nil, "not whole"},
	} {
		t.Run(row.name, func(t *testing.T) {
			keys, err := ReadKeytab(written(t, row.file))
			var got []string
			for i := range keys.entries {
				got = append(got, keys.entries[i].label())
				assert.Equal(t, key, keys.entries[i].key.Secret())
			}
			assert.Equal(t, row.want, got)
			if row.err == "" {
				assert.NoError(t, err)
			} else if assert.Error(t, err) {
				assert.Contains(t, err.Error(), row.err)
				assert.NotContains(t, err.Error(), "SECRET")
			}
		})
	}
	_, err := ReadKeytab(filepath.Join(t.TempDir(), "none"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// A keytab cut anywhere gives what was whole, and no error shows a key.
func TestCutKeytab(t *testing.T) {
	key := []byte("SECRETSECRETSECR")
	file := []byte{5, 2}
	var ends []int
	for _, name := range []string{"a", "bb", "ccc"} {
		file = append(file, record(2, binary.BigEndian, name, 7, 17, key, 300)...)
		ends = append(ends, len(file))
	}
	for cut := 2; cut <= len(file); cut++ {
		list, err := parseKeytab(file[:cut])
		whole := 0
		for _, end := range ends {
			if end <= cut {
				whole++
			}
		}
		require.Len(t, list, whole, "cut at %d", cut)
		if err != nil {
			require.NotContains(t, err.Error(), "SECRET")
		}
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	secret := "SECRETSECRETSECR"
	file := append([]byte{5, 2}, record(2, binary.BigEndian, "a", 7, 17, []byte(secret), 0)...)
	keys, err := ReadKeytab(written(t, file))
	require.NoError(t, err)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		out := fmt.Sprintf(format, keys) + fmt.Sprintf(format, keys.entries)
		assert.NotContains(t, out, "SECRET")
		assert.NotContains(t, out, hex.EncodeToString([]byte("SECRET")))
		assert.NotContains(t, out, "83 69 67 82")
	}
}

func FuzzKeytab(f *testing.F) {
	f.Add(append([]byte{5, 2}, record(2, binary.BigEndian, "a", 7, 17, []byte("0123456789abcdef"), 300)...))
	f.Add(append([]byte{5, 1}, record(1, binary.LittleEndian, "a", 7, 17, []byte("0123456789abcdef"), 0)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, _ := parseKeytab(b)
		for i := range list {
			_ = list[i].label()
		}
		if len(list) > len(b)/4 {
			t.Fatalf("%d entries in %d bytes", len(list), len(b))
		}
	})
}
