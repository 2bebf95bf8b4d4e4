package decode

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode/krb5"
)

// manyKeys is a keytab of n entries for other services, and the one for smtp.
func manyKeys(t testing.TB, n int) *Keys {
	keys := madeKeys(t, testEntry{smtp, "right", 7, 18, ""})
	for i := range n {
		secret := make([]byte, 32)
		binary.BigEndian.PutUint32(secret, uint32(i))
		keys.entries = append(keys.entries, keyEntry{name: fmt.Sprintf("HTTP/web-%d.contoso.com", i), realm: testRealm, kvno: 3, key: krb5.NewEncryptionKey(18, secret)})
	}
	return keys
}

// What many tickets and many keys cost is bounded, is said, and leaves the tries for
// keys of the ticket's own name alone.
func TestTriesAreBounded(t *testing.T) {
	limits := map[string]int{}
	o := newOpener(manyKeys(t, 1000), func(name string) { limits[name]++ })
	good := madeAPReq(t, smtp, "right", 7, 18).APReq.Ticket
	bad := good
	n := 5000
	begin := time.Now()
	for i := range n {
		bad.EncPart.Cipher = append([]byte(nil), good.EncPart.Cipher...)
		binary.BigEndian.PutUint32(bad.EncPart.Cipher, uint32(i))
		bad.Realm = []byte(fmt.Sprint("REALM-", i))
		r := o.ticket(&bad)
		require.Equal(t, NoPrincipal, r.Refusal)
		if i == n-1 {
			assert.Contains(t, r.WhyNot, "the other keys were not all tried")
		}
	}
	t.Logf("%d tickets against 1001 keys: %v", n, time.Since(begin))
	assert.NotZero(t, limits["tries of keys"])
	assert.LessOrEqual(t, o.others, 0)
	assert.Equal(t, smtpAt+" 7 aes256-cts-hmac-sha1-96", o.ticket(&good).Key)
	assert.LessOrEqual(t, len(o.tickets.byKey), maxOpened)
	assert.LessOrEqual(t, len(o.why.byKey), maxWhy)
}

func BenchmarkHostileTickets(b *testing.B) {
	good := madeAPReq(b, smtp, "right", 7, 18).APReq.Ticket
	keys := manyKeys(b, 1000)
	for b.Loop() {
		o := newOpener(keys, func(string) {})
		for i := range 100_000 {
			t := good
			t.EncPart.Cipher = append([]byte(nil), good.EncPart.Cipher...)
			binary.BigEndian.PutUint32(t.EncPart.Cipher, uint32(i))
			o.ticket(&t)
		}
	}
}

func TestLRU(t *testing.T) {
	l := newLRU[int, string](3)
	for i := range 3 {
		assert.False(t, l.put(i, fmt.Sprint(i)))
	}
	_, ok := l.get(0) // 1 is the oldest now
	assert.True(t, ok)
	assert.False(t, l.put(2, "two"))
	assert.True(t, l.put(3, "3"))
	_, ok = l.get(1)
	assert.False(t, ok)
	for _, i := range []int{0, 2, 3} {
		_, ok = l.get(i)
		assert.True(t, ok, i)
	}
	assert.True(t, l.put(4, "4"))
	_, ok = l.get(0)
	assert.False(t, ok)
	assert.Len(t, l.byKey, 3)
	one := newLRU[int, int](1)
	for i := range 5 {
		one.put(i, i)
	}
	v, _ := one.get(4)
	assert.Equal(t, 4, v)
}
